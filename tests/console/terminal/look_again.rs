//! What must be looked at again before it is confirmed: a plan whose facts have changed, and one that the terminal has no
//! room for.

use leverframe_yard::{Options, Scenario, Yard};
use std::process::Command;

use super::console::{Console, Start};

/// A yard in which publisher's smoke run has failed in staging, at life's own pace.
async fn yard() -> Yard {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Yard::start(Options {
        scenario: Scenario::FLAKY_SMOKE,
        seed: 1,
        speed: 1.0,
    })
    .await
    .expect("a yard")
}

/// A console on it, at the levers of publisher in production.
fn at_levers(yard: &Yard) -> Console {
    let config = yard.config().to_str().expect("a path in UTF-8").to_owned();
    let mut console = Start::new(&["-c", &config])
        .env("LOGNAME", "tester")
        .start();
    console.wait_for("production ok");
    console.press("/");
    console.type_text("publisher");
    console.press("enter g l l");
    console.wait_for("publisher @ production");
    console.press("a");
    console
}

/// Pulls a lever as soon as it is ready, and gives a reason, wanted or not.
fn pull(console: &mut Console, letter: &str, title: &str) {
    console.wait_for_fn("the lever to be ready", |screen| {
        let row = screen.row(title);
        row.is_some_and(|row| row.contains(" ready "))
    });
    console.press(letter);
    console.wait_for(&title.to_uppercase());
    console.wait_for("Esc cancel");
    if !console.screen().contains("Enter goes on") {
        console.press("backtab");
        console.wait_for("Enter goes on");
    }
    console.type_into("reason  [", "practice");
    console.press("enter");
    console.wait_for("acts when it matches");
}

/// The plans in the yard's journal.
fn plans(yard: &Yard) -> usize {
    let file = yard.folder().join("journal/journal.jsonl");
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.matches(r#""what":"intent""#).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_check_that_fails_otherwise_clears_what_was_typed_and_nothing_is_sent() {
    let yard = yard().await;
    let mut console = tokio::task::block_in_place(|| at_levers(&yard));
    tokio::task::block_in_place(|| {
        pull(&mut console, "p", "promote");
        console.wait_for("x smoke");
        console.type_into("will run  [", "v1362");
        // Somebody else runs the tests again.
        let done = Command::new(env!("CARGO_BIN_EXE_leverframe"))
            .args(["resubmit", "publisher", "-e", "staging", "--tests-only"])
            .args(["--yes", "--reason", "a flake", "-c"])
            .arg(yard.config())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", yard.folder())
            .env("LOGNAME", "tester")
            .output()
            .expect("a command");
        assert!(done.status.success(), "{done:?}");
        let screen = console.wait_for("changed: the smoke run");
        assert!(screen.row("x smoke").is_some(), "{screen}");
        console.wait_for("will run  [_____]");
        assert_eq!(plans(&yard), 1);
        console.press("enter");
        console.wait_for("then confirm (Enter)");
        assert_eq!(plans(&yard), 1);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_in_a_pane_too_small_for_its_target_and_versions_cannot_be_confirmed() {
    let yard = yard().await;
    tokio::task::block_in_place(|| {
        let mut console = at_levers(&yard);
        pull(&mut console, "b", "roll back");
        for (columns, rows) in [(20, 5), (40, 10)] {
            console.resize(columns, rows);
            console.wait_for_fn("no room", |screen| {
                screen.rows.len() == usize::from(rows) && screen.contains("Too small to")
            });
            console.type_text("v1359");
            console.press("enter");
        }
        console.resize(80, 24);
        let screen = console.wait_for("will run  [_____]");
        assert!(screen.contains("v1361 -> v1359"), "{screen}");
        assert_eq!(plans(&yard), 0);
        // With room it is sent.
        console.type_into("will run  [", "v1359");
        console.press("enter");
        console.wait_until("the intent is journalled", || plans(&yard) == 1);
    });
}
