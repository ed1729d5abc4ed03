//! View: a frame from a state.
//!
//! Deliberately absent: clocks, IO and fields. Only the visible rows are built, and only [`crate::text::Safe`] is drawn.

pub mod board;
pub mod calls;
pub mod confirm;
pub mod footer;
pub mod header;
pub mod help;
pub mod history;
pub mod journal;
pub mod levers;
pub mod list;
pub mod log;
pub mod overlay;
pub mod palette;
pub mod pen;
pub mod recent;
pub mod run;
pub mod sentence;
pub mod sources;
pub mod target;
pub mod theme;

use crate::screen::layout::{self, panes};
use crate::state::{State, View};
use pen::Pen;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use theme::Theme;

/// Draws the whole screen; returns where the text cursor stands, if a text is being typed.
pub fn view(state: &State, screen: &mut Buffer) -> Option<Position> {
    screen.reset();
    let whole = screen.area;
    let mut pen = Pen::new(screen, whole, Theme::new(state.settings.theme));
    let panes = panes(state);
    let footer = layout::footer_area(state, panes.footer);
    // A zoomed pane stands alone.
    if panes.body.y > 0 {
        header::draw(state, &mut pen.within(panes.header));
    }
    if let Some(area) = layout::board_area(state, &panes) {
        board::draw(state, &mut pen, &panes, area);
    }
    let bars = panes
        .run
        .into_iter()
        .chain(panes.log.filter(|log| log.x > 0));
    let has_sentence = *state.view() == View::Board && !state.ui.zoom;
    if has_sentence {
        for area in bars {
            let bar = Rect {
                x: area.x.saturating_sub(1),
                width: 1,
                ..area
            };
            let look = pen.theme.dim();
            pen.within(bar).bar(look);
        }
    }
    if let Some(area) = layout::run_area(state, &panes) {
        run::draw(state, &mut pen.within(area));
    }
    if let Some(area) = layout::log_area(state, &panes) {
        log::draw(state, &mut pen.within(area));
    }
    if layout::board_area(state, &panes).is_none() {
        list::draw(state, &mut pen.within(panes.body));
    }
    if has_sentence {
        let area = layout::sentence_area(state, &panes);
        sentence::draw(state, &mut pen.within(area), &panes);
    }
    let typed = footer::draw(state, &mut pen, footer);
    let over = layout::overlay_area(state, &panes);
    palette::draw(state, &mut pen.within(over));
    let asked = overlay::draw(state, &mut pen, over, whole);
    // Beneath an overlay nothing is typed.
    if state.ui.overlay.is_some() {
        asked
    } else {
        typed
    }
}
