//! Keys: how the chords of an action are written on the screen.
//!
//! Deliberately absent: which chord means what; that is the keymap's.

use crate::action::{Action, Place};
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
