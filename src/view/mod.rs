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
