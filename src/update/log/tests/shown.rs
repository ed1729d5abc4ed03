//! What goes from line to line goes to lines that are shown.

use super::*;

/// A log of which the filter shows the lines 60, 62 and 70; the lines 61 and 63 are found, too, and 64 is an error.
fn filtered() -> State {
    let last = "red\nhit\nred hit\nhit\nError: blue\n\n\n\n\n\nError: red hit\n";
    let mut state = long_lines(last);
    press(&mut state, "g & r e d enter");
    state
}

fn line(state: &State) -> u64 {
    state.ui.log.as_ref().map_or(0, |ui| ui.selected)
}

fn said(state: &State) -> &str {
    let notice = state.ui.notice.as_ref();
    notice.map_or("", |notice| &notice.text)
}

#[test]
fn a_search_finds_only_among_the_lines_that_the_filter_shows() {
    let mut state = filtered();
    for (keys, found) in [
        ("/ h i t enter", 62),
        ("n", 70),
        ("n", 62),
        ("N", 70),
        ("N", 62),
    ] {
        press(&mut state, keys);
        assert_eq!((line(&state), said(&state)), (found, ""), "{keys}");
    }
    press(&mut state, "/ b l u e enter");
    let none = "No line that the filter shows matches blue.";
    assert_eq!((line(&state), said(&state)), (62, none));
    press(&mut state, "& enter n");
    assert_eq!(
        (line(&state), said(&state)),
        (64, ""),
        "all are shown again"
    );
}

#[test]
fn errors_are_looked_for_among_the_lines_that_the_filter_shows() {
    let mut state = filtered();
    press(&mut state, "}");
    assert_eq!((line(&state), said(&state)), (70, ""));
    for key in ["}", "{"] {
        press(&mut state, key);
        assert_eq!(line(&state), 70, "{key}");
        assert!(
            said(&state).ends_with("error in what the filter shows."),
            "{}",
            said(&state)
        );
    }
    press(&mut state, "& enter {");
    assert_eq!(line(&state), 64);
}
