//! Keys: how the chords of an action are written on the screen.

use crate::action::{Action, Place};
use crate::page::Page;
use crate::plan::{Remedy, Way};
use crate::state::State;

/// The first chord of an action in a place, as people write it; empty where it has none.
pub fn first(state: &State, place: Place, action: Action) -> String {
    state
        .keys
        .chords(place, action)
        .first()
        .map(|chord| written(&chord.to_string()))
        .unwrap_or_default()
}

/// All chords of an action in a place.
pub fn all(state: &State, place: Place, action: Action) -> String {
    let chords: Vec<String> = state
        .keys
        .chords(place, action)
        .iter()
        .map(|chord| written(&chord.to_string()))
        .collect();
    chords.join(" ")
}

/// Names of keys with a capital, as they stand on the key.
pub fn written(chord: &str) -> String {
    if chord.chars().count() < 2 {
        return chord.to_owned();
    }
    let mut letters = chord.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// A remedy with the keys of the way to it: `Stop the run first (a, then x).`
pub fn remedy(state: &State, remedy: &Remedy) -> String {
    remedy.with(|way| keys_to(state, way))
}

/// The keys that go a way, wherever one is; none where one of them is not bound.
fn keys_to(state: &State, way: Way) -> Option<String> {
    let after = |first: Action, place, then| {
        let first = state.keys.first(Place::Board, first)?;
        let then = state.keys.first(place, then)?;
        Some(format!("{first}, then {then}"))
    };
    match way {
        Way::Pull(lever) => after(Action::Levers, Place::Levers, Action::Pull(lever)),
        Way::Open(page) => state.keys.first(Place::Board, Action::of_page(page)),
        Way::Settle => after(
            Action::of_page(Page::Journal),
            Place::Journal,
            Action::Settle,
        ),
    }
}
