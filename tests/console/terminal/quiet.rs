//! What a frame costs, and that nothing is drawn while nothing changes.

use std::time::{Duration, Instant};

use super::console::{Console, LIMIT};
use super::{small, started, wait_until_read};

/// Waits until the console has been silent for two seconds, which the minute's repaint may interrupt once.
fn wait_for_silence(console: &Console) -> Duration {
    let deadline = Instant::now() + LIMIT;
    let mut mark = console.mark();
    let mut since = Instant::now();
    let mut cpu = console.cpu();
    while since.elapsed() < Duration::from_secs(2) {
        assert!(
            Instant::now() < deadline,
            "it is never silent; the screen is\n{}",
            console.screen()
        );
        std::thread::sleep(Duration::from_millis(20));
        if console.mark() != mark {
            (mark, since, cpu) = (console.mark(), Instant::now(), console.cpu());
        }
    }
    console.cpu() - cpu
}

#[test]
fn while_nothing_happens_nothing_is_sent_and_hardly_anything_is_done() {
    let (_repository, console) = started();
    // What began with the start may still be under way when nothing of it is to be seen any more.
    let deadline = Instant::now() + LIMIT;
    loop {
        let used = wait_for_silence(&console);
        if used <= Duration::from_millis(40) {
            break;
        }
        assert!(Instant::now() < deadline, "{used:?} in two silent seconds");
    }
}

#[test]
fn moving_the_selection_costs_less_than_400_bytes() {
    let (_repository, mut console) = started();
    console.press("+");
    console.wait_for("whitehall");
    for key in ["j", "j", "h", "k"] {
        let before = console.screen();
        let mark = console.mark();
        console.press(key);
        console.wait_for_fn("a moved selection", |screen| screen.rows != before.rows);
        let bytes = console.bytes_since(mark).len();
        assert!((1..400).contains(&bytes), "{key}: {bytes} bytes");
    }
}

#[test]
fn every_kind_of_terminal_shows_the_same_words() {
    let texts: Vec<Vec<String>> = [
        [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("X", "")],
        [("TERM", "screen"), ("LANG", "en_GB.UTF-8"), ("X", "")],
        [("TERM", "linux"), ("LANG", "C.UTF-8"), ("X", "")],
        [("TERM", "vt100"), ("LANG", "C"), ("X", "")],
        [("TERM", "dumb"), ("LANG", "C"), ("X", "")],
        [("TERM", "xterm"), ("LANG", "C.UTF-8"), ("NO_COLOR", "1")],
    ]
    .iter()
    .map(|environment| {
        let (_repository, mut start) = small();
        for (name, value) in environment {
            start = start.env(name, value);
        }
        let console = start.start();
        let screen = wait_until_read(&console);
        let bytes = console.bytes_since(0);
        if environment
            .iter()
            .any(|(name, value)| *name == "LANG" && *value == "C")
        {
            assert!(bytes.is_ascii(), "{environment:?}");
        }
        if environment
            .iter()
            .any(|(name, value)| *name == "NO_COLOR" || matches!(*value, "dumb" | "vt100"))
        {
            assert_eq!(coloured(&bytes), None, "{environment:?}");
        }
        assert_eq!(console.requests(), super::console::Requests::default());
        screen.rows[1..].to_vec()
    })
    .collect();
    for other in &texts[1..] {
        assert_eq!(other, &texts[0]);
    }
}

/// The first sequence that sets a colour.
fn coloured(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    text.split("\x1b[")
        .filter_map(|rest| rest.split_once('m'))
        .map(|(codes, _)| codes)
        .filter(|codes| {
            codes
                .chars()
                .all(|letter| letter.is_ascii_digit() || letter == ';')
        })
        .find(|codes| {
            codes.split(';').any(|code| {
                code.parse::<u8>()
                    .is_ok_and(|code| (30..=107).contains(&code))
            })
        })
        .map(str::to_owned)
}
