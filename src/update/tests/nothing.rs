//! An action that a place has no meaning for says so, however it came there.

use super::*;
use crate::action::{Action, Place};

fn said(state: &State) -> String {
    let notice = state.ui.notice.as_ref();
    notice.map_or_else(String::new, |notice| notice.text.clone())
}

/// Asks for an action by its name.
fn palette(state: &mut State, name: &str) {
    let letters: Vec<String> = name.chars().map(String::from).collect();
    press(state, &format!(": {} enter", letters.join(" ")));
}

#[test]
fn an_action_of_another_place_says_that_it_does_nothing() {
    for (keys, name, title) in [
        ("j", "wrap", "Wrap"),
        ("j", "error-next", "Next error"),
        ("j", "newer", "Newer"),
        ("H", "wrap", "Wrap"),
        ("S", "fold", "Unfold"),
        ("J", "follow", "Follow"),
        ("?", "save", "Save"),
        ("@", "previous", "Previous container"),
        ("d", "filter-lines", "Filter lines"),
    ] {
        let mut state = state(world());
        press(&mut state, keys);
        palette(&mut state, name);
        let expected = format!("{title} does nothing here (?).");
        assert_eq!(said(&state), expected, "{name} after {keys}");
    }
}

/// What an operator sees of a state, but for the message line.
fn seen(state: &State) -> String {
    let screen = screen(state);
    let rows: Vec<&str> = screen.lines().collect();
    let ui = &state.ui;
    let log = ui
        .log
        .as_ref()
        .map(|log| (log.following, log.wrap, log.top));
    format!(
        "{:?} {log:?} {} {:?}",
        &rows[..rows.len() - 1],
        ui.is_quiet,
        ui.views
    )
}

/// In every place that has no text field every action changes what is seen, has an effect, or says something.
#[test]
fn no_action_is_swallowed() {
    // Moving at the end of a list is seen to change nothing.
    let moves = [
        Action::Left,
        Action::Right,
        Action::Up,
        Action::Down,
        Action::Top,
        Action::Bottom,
        Action::PageUp,
        Action::PageDown,
        Action::Pane1,
    ];
    let mut swallowed: Vec<String> = Vec::new();
    for (keys, own) in [
        ("j", Action::Journal),
        ("H", Action::History),
        ("S", Action::Sources),
        ("J", Action::Journal),
        ("@", Action::Calls),
        ("?", Action::Help),
        ("d", Action::Describe),
        ("enter", Action::Pane2),
    ] {
        let listed = Action::all().filter(|action| !moves.contains(action) && *action != own);
        for action in listed {
            let mut state = state(world());
            press(&mut state, keys);
            state.ui.notice = None;
            let place = crate::screen::place::place(&state);
            assert_ne!(place, Place::Text);
            let before = seen(&state);
            let press = Press {
                chord: Chord::parse("0").unwrap(),
                at: ago(-1),
                queued: false,
                id: PlanId::new("0123456789abcdef"),
            };
            let mut effects = Vec::new();
            crate::update::press::do_action(&mut state, &press, action, &mut effects);
            derive_state(&mut state);
            let is_answered =
                !effects.is_empty() || !said(&state).is_empty() || seen(&state) != before;
            if !is_answered {
                swallowed.push(format!("{} in {}", action.name(), place.name()));
            }
        }
    }
    assert_eq!(swallowed, [""; 0]);
}
