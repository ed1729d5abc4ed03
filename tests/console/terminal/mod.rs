//! The real binary in a pseudoterminal, watched by a terminal emulator that is not ours.
//!
//! What is promised here is what an operator's terminal lives through: lost connections, stalls, signals, panics.

mod cluster_texts;
mod held;
mod login;
mod look_again;
mod quiet;
mod repository;
mod resize;
mod restore;
mod stall;
mod stop;
mod texts;
mod vanish;

use crate::hostile;
use crate::pty as console;
use console::{Console, Start};

/// A console on a small repository, not started yet.
fn small() -> (repository::Repository, Start) {
    let repository = repository::Repository::small();
    let path = repository
        .path()
        .to_str()
        .expect("a path in UTF-8")
        .to_owned();
    let start = Start::new(&["--delivery", "govuk", "--repository", &path]);
    (repository, start)
}

/// A console on a small repository, what that declares on the screen.
fn started() -> (repository::Repository, Console) {
    let (repository, start) = small();
    let console = start.start();
    wait_until_read(&console);
    (repository, console)
}

/// Waits until all of the small repository was read: its files, and its history, by which a version is late and selected first.
fn wait_until_read(console: &Console) -> console::Screen {
    console.wait_for_fn("all that there is to read", |screen| {
        [READY, READ, "git ok", "STUCK"]
            .iter()
            .all(|text| screen.contains(text))
    })
}

/// What stands on every whole frame of the board.
const READY: &str = "? keys";
/// What stands on the board once the files of the small repository were read.
const READ: &str = "5 calm: one version everywhere";
