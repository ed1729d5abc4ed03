//! Read-only: every command and every key, by flag, configuration and variable, against servers that record what arrives.

#[path = "../common/recorder.rs"]
mod recorder;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use super::pty::{Console, Start};
use leverframe_yard::{Options, Scenario, Yard};
use recorder::{Recorded, Recorder};

/// How writes are forbidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Flag,
    Key,
    Variable,
    /// Not at all: then levers do write, and the recorder sees it.
    None,
}

const FORBIDDEN: [Way; 3] = [Way::Flag, Way::Key, Way::Variable];

impl Way {
    fn arguments(self, recorder: &Recorder) -> Vec<String> {
        let config = recorder.config(self == Way::Key);
        let mut all = vec!["-c".to_owned(), config.display().to_string()];
        if self == Way::Flag {
            all.push("--read-only".to_owned());
        }
        all
    }

    fn variable(self) -> Option<(&'static str, &'static str)> {
        (self == Way::Variable).then_some(("LEVERFRAME_READ_ONLY", "1"))
    }
}

/// The yard hardly moves, so that everything that arrives was asked by the console.
async fn recorder() -> Recorder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let yard = Yard::start(Options {
        scenario: Scenario::FLAKY_SMOKE,
        seed: 1,
        speed: 0.001,
    })
    .await
    .expect("a yard");
    Recorder::before(yard).await
}

/// A home of somebody whom git knows.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a home");
    let known = "[user]\n\tname = Tester\n\temail = tester@example.org\n";
    std::fs::write(home.path().join(".gitconfig"), known).expect("git's configuration");
    home
}

fn leverframe(recorder: &Recorder, home: &Path, way: Way, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leverframe"));
    command
        .args(words)
        .args(way.arguments(recorder))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("LOGNAME", "tester")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs(way.variable());
    command.output().expect("the command runs")
}

fn said(output: &Output) -> String {
    format!(
        "{:?}\n{}{}",
        output.status.code(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The words that lead to each command that does something.
fn commands(command: &clap::Command, path: &str, found: &mut Vec<String>) {
    for inner in command.get_subcommands() {
        let path = format!("{path} {}", inner.get_name()).trim().to_owned();
        if inner.has_subcommands() {
            commands(inner, &path, found);
        } else {
            found.push(path);
        }
    }
}

/// What each command is called with. A lever has all that it may want, so that nothing but read-only mode stops it.
fn calls(command: &str) -> Vec<Vec<&str>> {
    let lever = |app, environment, version| {
        let mut words = vec![command, app, "-e", environment, "--reason", "practice"];
        words.extend(["--yes", "--confirm", version]);
        vec![words]
    };
    match command {
        "status" | "sources" | "runs" | "man" | "info" => vec![vec![command]],
        "target" => vec![vec![command, "publisher", "-e", "staging"]],
        "logs" => vec![
            vec![command, "publisher", "-e", "staging"],
            vec![command, "publisher", "-e", "production", "--pod", "app"],
        ],
        "history" => vec![vec![command, "publisher", "-e", "production"]],
        "promote" => lever("account-api", "staging", "v749"),
        "rollback" => lever("publisher", "production", "v1361"),
        "resubmit" => {
            let mut all = lever("publisher", "staging", "v1362");
            all[0].push("--tests-only");
            all
        }
        "sync" | "stop" => lever("publisher", "staging", "v1362"),
        "refresh" => lever("publisher", "integration", "v1362"),
        "hold" => lever("account-api", "production", "v737"),
        "release" => lever("account-api", "staging", "v749"),
        "journal" => vec![
            vec![command],
            vec![command, "--look"],
            vec![command, "0", "--settle", "done"],
        ],
        // It has servers of its own; without a terminal it ends at once.
        "demo" => vec![vec![command, "--scenario", "calm"]],
        "config check" | "config show" => vec![command.split(' ').collect()],
        "completions" => vec![vec![command, "bash"]],
        other => panic!("how is `{other}` called? Every command belongs into this test"),
    }
}

const LEVERS: [&str; 8] = [
    "promote", "rollback", "resubmit", "sync", "refresh", "stop", "hold", "release",
];

fn writes(requests: &[Recorded]) -> Vec<&Recorded> {
    requests.iter().filter(|one| one.is_write()).collect()
}

fn assert_all_were_asked(requests: &[Recorded]) {
    for server in ["git", "integration", "staging", "production"] {
        assert!(
            requests.iter().any(|one| one.server == server),
            "{server} was not asked at all"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_writes_where_writes_are_forbidden() {
    let recorder = recorder().await;
    let mut all = Vec::new();
    commands(&leverframe::cli::Arguments::described(), "", &mut all);
    assert!(
        LEVERS
            .iter()
            .all(|lever| all.iter().any(|one| one == lever))
    );
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            for (turn, way) in FORBIDDEN.into_iter().enumerate() {
                let (recorder, all) = (&recorder, &all);
                scope.spawn(move || {
                    let home = home();
                    for (number, command) in all.iter().enumerate() {
                        let is_lever = LEVERS.contains(&command.as_str());
                        // What only reads is called in one of the three ways, in turn.
                        if !is_lever && number % FORBIDDEN.len() != turn {
                            continue;
                        }
                        for words in calls(command) {
                            let output = leverframe(recorder, home.path(), way, &words);
                            if is_lever {
                                let said = said(&output);
                                assert_eq!(output.status.code(), Some(3), "{words:?}: {said}");
                                assert!(said.contains("read-only"), "{words:?}: {said}");
                            }
                        }
                    }
                });
            }
        });
    });
    let requests = recorder.record.take();
    assert_all_were_asked(&requests);
    assert_eq!(writes(&requests), Vec::<&Recorded>::new());

    // The same levers where writes are allowed: they do arrive, at a cluster and at git, and are taken for writes.
    let home = home();
    for (command, server) in [("resubmit", "staging"), ("hold", "git")] {
        let words = calls(command).pop().expect("a call");
        let output =
            tokio::task::block_in_place(|| leverframe(&recorder, home.path(), Way::None, &words));
        let requests = recorder.record.take();
        let writes = writes(&requests);
        let at = |one: &&Recorded| one.server == server && one.method == "POST";
        assert!(writes.iter().any(at), "{writes:?}\n{}", said(&output));
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
}

/// Keys as `keys.toml` has them: place, action, chords.
type Keys = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// The keys that lead from the board to each place; none for a place that read-only mode never shows, or that every key of
/// another place leads to.
fn way_to(place: &str) -> Option<&'static str> {
    match place {
        "board" => Some(""),
        "run" => Some("enter"),
        "log" => Some("enter enter"),
        "target" => Some("d"),
        "history" => Some("H"),
        "sources" => Some("S"),
        "journal" => Some("J"),
        "calls" => Some("@"),
        "help" => Some("?"),
        "levers" => Some("a"),
        "copy" => Some("y"),
        "any" | "confirm" | "text" => None,
        other => panic!("how does one get to {other}? Every place belongs into this test"),
    }
}

/// Presses every key but those that leave, in the levers and in every third of the other places, and comes back to the
/// board after each.
fn press_every_key(console: &mut Console, keys: &Keys, turn: usize) {
    let any = &keys["any"];
    for (number, (place, own)) in keys.iter().enumerate() {
        let Some(way) = way_to(place) else { continue };
        if place != "levers" && number % FORBIDDEN.len() != turn {
            continue;
        }
        let everywhere = any.iter().filter(|_| place == "board");
        for (action, chords) in own.iter().chain(everywhere) {
            if matches!(action.as_str(), "quit" | "suspend") {
                continue;
            }
            let chord = chords.first().expect("a chord");
            let chord = chord.replace("page", "page-");
            console.press(&format!("{way} {chord} ctrl-c q q q"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_writes_where_writes_are_forbidden() {
    let recorder = recorder().await;
    let keys: Keys = toml::from_str(include_str!("../../config/keys.toml")).expect("the keys");
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            for (turn, way) in FORBIDDEN.into_iter().enumerate() {
                let (recorder, keys) = (&recorder, &keys);
                scope.spawn(move || {
                    let arguments = way.arguments(recorder);
                    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
                    let mut start = Start::new(&words);
                    if let Some((name, value)) = way.variable() {
                        start = start.env(name, value);
                    }
                    let mut console = start.start();
                    console.wait_at_most(Duration::from_secs(60), "every source", |screen| {
                        ["git", "integration", "staging", "production"]
                            .iter()
                            .all(|source| screen.contains(&format!("{source} ok")))
                    });
                    console.wait_for("READ ONLY");
                    console.press("/");
                    console.type_text("publisher");
                    console.press("enter g h h l");
                    console.wait_for("publisher @ staging");
                    press_every_key(&mut console, keys, turn);
                    let screen = console.repainted();
                    assert!(screen.contains("publisher"), "{screen}");
                    console.press("Q");
                    assert_eq!(console.wait_exit(), 0);
                });
            }
        });
    });
    let requests = recorder.record.take();
    assert_all_were_asked(&requests);
    assert_eq!(writes(&requests), Vec::<&Recorded>::new());
}

#[test]
fn the_yard_obeys_the_variable() {
    let mut console = Start::new(&["demo", "--scenario", "calm", "--speed", "0.001"])
        .env("LEVERFRAME_READ_ONLY", "1")
        .start();
    console.wait_for("READ ONLY");
    console.press("Q");
    assert_eq!(console.wait_exit(), 0);
}
