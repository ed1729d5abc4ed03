//! View: a frame from a state.
//!
//! Deliberately absent: clocks, IO and fields. Only the visible rows are built.

use crate::state::State;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;

/// Draws the whole screen; returns where the text cursor stands, if a text is being typed.
pub fn view(_state: &State, _screen: &mut Buffer) -> Option<Position> {
    None
}
pub mod layout;
pub fn list_length(_s: &State) -> usize {
    0
}
pub fn list_rows(_s: &State) -> usize {
    0
}
pub fn history_version(_s: &State, _n: usize) -> Option<crate::model::Version> {
    None
}
pub fn journal_record(s: &State, n: usize) -> Option<&crate::journal::Record> {
    s.journal.records.get(n)
}
