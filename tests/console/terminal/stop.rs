//! Stopped and continued, by signals and by a shell's job control.

use rustix::process::Signal;

use super::console::Start;
use super::{READY, small, started};

#[test]
fn a_stopped_console_gives_the_terminal_back_and_repaints_everything_when_it_goes_on() {
    let (_repository, console) = started();
    let raw = console.mode();
    console.signal(Signal::TSTP);
    console.wait_until("it is stopped", || console.process_state() == 'T');
    console.assert_restored();

    let mark = console.mark();
    console.resize(100, 30);
    console.signal(Signal::CONT);
    console.wait_for_fn("a frame of the new size", |screen| {
        screen.alternate && screen.rows.len() == 30 && screen.rows[29].contains(READY)
    });
    assert_eq!(console.mode(), raw);
    let repaint = console.bytes_since(mark);
    assert!(
        repaint.windows(4).any(|window| window == b"\x1b[2J"),
        "not a whole frame"
    );
}

#[test]
fn a_stop_that_nobody_announced_is_repaired_too() {
    let (_repository, console) = started();
    console.signal(Signal::STOP);
    console.wait_until("it is stopped", || console.process_state() == 'T');
    let mark = console.mark();
    console.signal(Signal::CONT);
    console.wait_until("it repaints", || {
        console
            .bytes_since(mark)
            .windows(4)
            .any(|window| window == b"\x1b[2J")
    });
    console.wait_for(READY);
}

#[test]
fn without_a_shell_ctrl_z_says_why_it_does_nothing() {
    let (_repository, mut console) = started();
    console.press("ctrl-z");
    console.wait_for("No shell waits here");
    assert_ne!(console.process_state(), 'T');
}

#[test]
fn a_shell_gets_its_terminal_and_gives_it_back() {
    let repository = super::repository::Repository::small();
    let mut console = Start::command(&["bash", "--noprofile", "--norc", "--noediting", "-i"])
        .env("PS1", "prompt> ")
        .env("CONSOLE", env!("CARGO_BIN_EXE_leverframe"))
        .env(
            "REPOSITORY",
            repository.path().to_str().expect("a path in UTF-8"),
        )
        .start();
    console.wait_for("prompt>");
    console.send(b"\"$CONSOLE\" --delivery govuk --repository \"$REPOSITORY\"\r");
    console.wait_for(READY);
    for _ in 0..2 {
        console.press("ctrl-z");
        console.wait_for_fn("the shell", |screen| {
            !screen.alternate && screen.contains("Stopped")
        });
        console.send(b"stty -a | grep -o -w -e '-\\?icanon' -e '-\\?echo' | tr '\\n' ,\r");
        console.wait_for("icanon,echo");
        console.resize(90, 28);
        console.send(b"clear; fg\r");
        console.wait_for_fn("the console again", |screen| {
            screen.alternate && screen.contains(READY)
        });
    }
    console.press("Q");
    console.wait_for_fn("the prompt", |screen| {
        !screen.alternate && screen.contains("prompt>")
    });
    console.send(b"exit\r");
    assert_eq!(console.wait_exit(), 0);
}

#[test]
fn a_stopped_console_that_is_killed_ends() {
    let (_repository, start) = small();
    let mut console = start.start();
    console.wait_for(READY);
    console.signal(Signal::TSTP);
    console.wait_until("it is stopped", || console.process_state() == 'T');
    console.signal(Signal::TERM);
    console.signal(Signal::CONT);
    assert_eq!(console.wait_exit(), 143);
    console.assert_restored();
}
