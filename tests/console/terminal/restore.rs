//! However the console ends, the terminal is as it was, and the exit code says why.

use rustix::process::Signal;

use super::{READY, console::Console, small, started};

/// The alternate screen was left, not only the cursor shown: the last such sequence leaves.
fn assert_left(console: &Console) {
    console.assert_restored();
    let bytes = console.bytes_since(0);
    let last = |sequence: &[u8]| {
        bytes
            .windows(sequence.len())
            .rposition(|window| window == sequence)
    };
    assert!(last(b"\x1b[?1049h").is_some());
    assert!(
        last(b"\x1b[?1049l") > last(b"\x1b[?1049h"),
        "the alternate screen"
    );
    assert!(
        last(b"\x1b[?2026l") > last(b"\x1b[?2026h"),
        "a synchronised update is open"
    );
}

#[test]
fn after_leaving() {
    let (_repository, mut console) = started();
    assert_ne!(console.mode(), console.mode_at_start());
    assert!(
        console.screen().alternate
            && console.screen().cursor_hidden
            && console.screen().bracketed_paste
    );
    console.press("Q");
    assert_eq!(console.wait_exit(), 0);
    assert_left(&console);
}

#[test]
fn after_an_error() {
    let (_repository, start) = small();
    let mut console = start.env("LEVERFRAME_TEST_FAULT", "error").start();
    assert_eq!(console.wait_exit(), 1);
    assert_left(&console);
    console.wait_for("a test asked for this error");
}

#[test]
fn after_a_panic_in_the_loop_a_task_and_a_thread() {
    for place in ["loop", "task", "thread"] {
        let (_repository, start) = small();
        let mut console = start
            .env("LEVERFRAME_TEST_FAULT", &format!("panic-{place}"))
            .start();
        assert_eq!(console.wait_exit(), 101, "{place}");
        assert_left(&console);
        // The report stands on the normal screen, where it can be read and copied.
        console.wait_for_fn("the panic's report", |screen| screen.contains("to panic"));
    }
}

#[test]
fn after_each_signal_that_ends() {
    for (signal, code) in [
        (Signal::TERM, 143),
        (Signal::INT, 130),
        (Signal::QUIT, 131),
        (Signal::HUP, 129),
        (Signal::USR1, 138),
        (Signal::USR2, 140),
        (Signal::ALARM, 142),
        (Signal::VTALARM, 154),
        (Signal::PROF, 155),
        (Signal::XCPU, 152),
        (Signal::XFSZ, 153),
        (Signal::ABORT, 134),
    ] {
        let (_repository, mut console) = started();
        console.signal(signal);
        assert_eq!(console.wait_exit(), code, "{signal:?}");
        assert_left(&console);
    }
}

#[test]
fn ctrl_c_and_a_paste_of_commands_end_nothing() {
    let (_repository, mut console) = started();
    console.press("ctrl-c");
    console.paste("Q\rQ\r:q\r");
    console.press("j");
    assert!(!console.has_ended());
    console.wait_for(READY);
    console.press("Q");
    assert_eq!(console.wait_exit(), 0);
}
