//! A login command gets the terminal as any other program has it, and the console takes it back.

use rustix::process::Signal;

use super::console::{Console, Start};
use super::repository::Repository;
use super::{READ, READY};

/// A console whose git login is this program with these arguments.
fn with_login(repository: &Repository, words: &[&str]) -> Console {
    let start = Start::new(&["--read-only"]);
    let file = start.home().join("config/leverframe/leverframe.toml");
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    let path = repository.path().display();
    // A list of strings is written in TOML as Rust prints it.
    let text = format!("delivery = \"govuk\"\nrepository = \"{path}\"\n[git]\nlogin = {words:?}\n");
    std::fs::write(file, text).expect("a file");
    let console = start.start();
    console.wait_for(READ);
    console
}

#[test]
fn it_reads_lines_and_draws_where_it_likes() {
    let repository = Repository::small();
    let mut console = with_login(
        &repository,
        &[
            "sh",
            "-c",
            r#"printf "code: "; read code; echo "$code" >code; printf "thanks\n""#,
        ],
    );
    let raw = console.mode();
    console.press("S enter");
    console.wait_for_fn("the question", |screen| {
        !screen.alternate && !screen.cursor_hidden && screen.contains("code:")
    });
    assert_eq!(console.mode(), console.mode_at_start());
    console.resize(100, 30);
    // Letters that are keys of the console are the command's now.
    console.send(b"Qjj\r");
    console.wait_for_fn("the console again", |screen| {
        screen.alternate && screen.rows.len() == 30 && screen.contains("sh is done")
    });
    assert_eq!(console.mode(), raw);
    let code = std::fs::read_to_string(console.home().join("code")).expect("the command's file");
    assert_eq!(code, "Qjj\n");
    console.press("Q");
    assert_eq!(console.wait_exit(), 0);
    console.assert_restored();
}

#[test]
fn ctrl_c_ends_the_command_and_not_the_console() {
    let repository = Repository::small();
    // It dies of the signal whenever that comes: a shell that traps it may be just about to wait, and then waits for ever.
    let mut console = with_login(&repository, &["sh", "-c", "echo waiting; read never"]);
    console.press("S enter");
    console.wait_for_fn("the command", |screen| {
        !screen.alternate && screen.contains("waiting")
    });
    console.send(b"\x03");
    console.wait_for_fn("the console again", |screen| {
        screen.alternate && screen.contains("signal: 2 (SIGINT)")
    });
    console.press("q");
    console.wait_for(READ);
}

#[test]
fn a_signal_ends_the_console_meanwhile() {
    let repository = Repository::small();
    let mut console = with_login(&repository, &["sh", "-c", "echo waiting; read never"]);
    console.press("S enter");
    console.wait_for_fn("the command", |screen| {
        !screen.alternate && screen.contains("waiting")
    });
    console.signal(Signal::TERM);
    assert_eq!(console.wait_exit(), 143);
    console.assert_restored();
}

#[test]
fn a_command_that_is_not_there_is_said() {
    let repository = Repository::small();
    let mut console = with_login(&repository, &["no-such-program"]);
    console.press("S enter");
    console.wait_for_fn("the fault", |screen| {
        screen.alternate && screen.contains("no-such-program could not be started")
    });
    console.wait_for(READY);
}

#[test]
fn an_exec_plugin_has_no_terminal_to_write_on_or_ask_at() {
    let repository = Repository::small();
    let start = Start::new(&["--read-only"]);
    let folder = start.home().join("config/leverframe");
    std::fs::create_dir_all(&folder).expect("a folder");
    let asked = start.home().join("asked");
    // It asks on the terminal, and says in a file whether there was one.
    let script = format!(
        "if (printf 'Password:' >/dev/tty) 2>/dev/null; then echo yes; else echo no; fi >{0}.new; mv {0}.new {0}; exit 1",
        asked.display()
    );
    let kubeconfig = serde_json::json!({
        "apiVersion": "v1", "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
            "command": "sh", "args": ["-c", script]}}}],
    });
    std::fs::write(folder.join("kubeconfig"), kubeconfig.to_string()).expect("a file");
    let path = repository.path().display();
    let text = format!(
        "delivery = \"govuk\"\nrepository = \"{path}\"\n[environments.production]\nkubeconfig = \"kubeconfig\"\ncontext = \"c\"\n"
    );
    std::fs::write(folder.join("leverframe.toml"), text).expect("a file");
    let console = start.start();
    console.wait_for("production FAILED");
    console.wait_until("asked", || asked.exists());
    let there = std::fs::read_to_string(&asked).expect("its word");
    if std::process::Command::new("setsid")
        .arg("true")
        .status()
        .is_err()
    {
        println!("SKIPPED: a plugin without a terminal (no setsid on this machine)");
        return;
    }
    assert_eq!(there, "no\n");
    assert!(!console.screen().contains("Password"));
}
