//! Marked cells: what a lever is said to move is what it moves.

use super::*;

/// The levers as they are titled, and what a lever that is off or on speaks of.
fn title(state: &State) -> String {
    let screen = screen(state);
    let line = screen.lines().find(|line| line.contains("levers of "));
    let (_, title) = line
        .unwrap_or_default()
        .split_once("levers of ")
        .unwrap_or_default();
    title.trim_end_matches(['-', ' ']).to_owned()
}

#[test]
fn levers_are_titled_by_what_they_move() {
    for (keys, stands) in [
        ("j a", "publisher @ production"),
        ("x a", "account-api @ production, which is marked"),
        ("x x a", "2 marked cells, one plan after the other"),
        // A view of one target is about that one, whatever is marked on the board.
        ("x x d a", "router @ production"),
        ("x x H a", "router @ production"),
        ("x x enter a", "router @ production"),
        ("x x d esc a", "2 marked cells, one plan after the other"),
    ] {
        let mut state = state(world());
        press(&mut state, keys);
        assert_eq!(title(&state), stands, "{keys}");
    }
}

#[test]
fn a_lever_of_a_view_moves_its_target_and_not_the_marked_cells() {
    let mut state = state(world());
    press(&mut state, "x x d a p");
    assert!(state.ui.bulk.is_none());
    let about = match &state.ui.overlay {
        Some(Overlay::Confirm(confirm)) => confirm.plan.request.target.to_string(),
        Some(Overlay::Refused(refusal)) => refusal.target.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(about, "router @ production");
    assert_eq!(state.ui.board.marks.len(), 2);
}

#[test]
fn the_next_pane_is_counted_from_the_one_that_is_seen() {
    let mut state = state(world());
    press(&mut state, "enter");
    assert_eq!(*state.view(), View::Run);
    press(&mut state, "tab");
    let notice = state.ui.notice.as_ref().map(|notice| notice.text.as_str());
    assert!(notice.is_some_and(|said| said.starts_with("No log is open")));
}
