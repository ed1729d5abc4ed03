//! View: a frame from a state.
//!
//! Deliberately absent: clocks, IO and fields. Only the visible rows are built, and only [`crate::text::Safe`] is drawn.

pub mod board;
pub mod footer;
pub mod header;
pub mod keys;
pub mod layout;
pub mod levers;
pub mod pen;
pub mod recent;
pub mod sentence;
pub mod theme;

use crate::journal::Record;
use crate::model::Version;
use crate::state::{State, View};
pub use crate::update::place;
use layout::panes;
use pen::Pen;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use theme::Theme;

/// Draws the whole screen; returns where the text cursor stands, if a text is being typed.
pub fn view(state: &State, screen: &mut Buffer) -> Option<Position> {
    screen.reset();
    let whole = screen.area;
    let mut pen = Pen::new(screen, whole, Theme::new(state.settings.theme));
    let panes = panes(state);
    if !state.ui.zoom || *state.view() != View::Board {
        header::draw(state, &mut pen.within(panes.header));
    }
    if let Some(area) = layout::board_area(state) {
        board::draw(state, &mut pen, area);
        if !state.ui.zoom {
            sentence::draw(state, &mut pen.within(panes.sentence));
        }
    }
    footer::draw(state, &mut pen.within(panes.footer))
}

pub fn list_length(_s: &State) -> usize {
    0
}
pub fn list_rows(_s: &State) -> usize {
    0
}
pub fn history_version(_s: &State, _n: usize) -> Option<Version> {
    None
}
pub fn journal_record(s: &State, n: usize) -> Option<&Record> {
    s.journal.records.get(n)
}
