//! Keymap: which chord means which action in which place, read from `config/keys.toml`.
//!
//! Deliberately absent: what the actions do.

use crate::action::{Action, Place};
use ratatui::crossterm::event::{KeyCode, KeyModifiers};
use std::collections::BTreeMap;
use std::fmt;

/// One key with its modifiers. A capital letter is its own character and carries no shift.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Debug)]
pub struct Chord {
    pub code: KeyCode,
    pub modifiers: KeyModifiers,
}

/// The keys of every place.
#[derive(Clone, Debug, Default)]
pub struct Keymap {
    /// In the order of the file, so that help and footer show the first chord first.
    bindings: BTreeMap<Place, Vec<(Chord, Action)>>,
}
