//! Layout: which part of the screen belongs to what, from the size and the state alone.
//!
//! Deliberately absent: drawing. `update` asks here how many lines are visible, so that a page is a page.

use super::run::stop_lines;
use super::{banner, levers, message, question, recent, refused, sentence};
use crate::action::Action;
use crate::state::{Overlay, Pane, State, View};
use ratatui::layout::Rect;
use std::ops::Range;

/// Columns of the board beside other panes.
pub const BOARD_COLUMNS: u16 = 78;
/// Columns of the run between board and log.
pub const RUN_COLUMNS: u16 = 42;
/// From these columns on the run stands beside the board.
pub const TWO_PANES: u16 = 120;
/// From these columns on the log stands beside both.
pub const THREE_PANES: u16 = 200;
/// From these rows on texts that matter may take a line more.
const HIGH: u16 = 20;
/// From these rows on a message that needs more lines than the footer has takes them from what is above it.
const FOOTER_GROWS: u16 = 8;
/// From these rows on the log stands below board and run.
const LOG_BELOW: u16 = 32;

/// The part of the screen that a message may take at the most.
const MESSAGE_SHARE: u16 = 2;

/// Its head and the selected row: so many lines of the board the sentence leaves uncovered.
const BOARD_LEAST: u16 = 2;

/// Where everything stands. Rectangles may be empty: there is no smallest size.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Panes {
    pub header: Rect,
    pub board: Rect,
    /// None: there is no room beside the board; the run is a view of its own.
    pub run: Option<Rect>,
    /// None: there is no room beside the board; the log is a view of its own.
    pub log: Option<Rect>,
    /// The rule above the sentence and its lines.
    pub sentence: Rect,
    /// The lines that the whole sentence has.
    pub said: u16,
    /// Where a view of its own, or a zoomed pane, stands.
    pub body: Rect,
    /// Keys, and the last lines: what is being typed, or how the newest plan stands.
    pub footer: Rect,
}

/// Lines that texts need so that what matters in them is not cut, where the screen is high enough.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs {
    /// What concerns many rows at once.
    pub header: u16,
    /// What is to be said of the selected cell.
    pub sentence: u16,
    /// How the newest plan stands.
    pub newest: u16,
}

/// The panes of a state: by its size and the lines that its texts need, not by which view is open. What is said of a cell in
/// trouble wants decisions, so whoever asks for several places makes them once and hands them on.
pub fn panes(state: &State) -> Panes {
    let (columns, rows) = state.size;
    layout(columns, rows, needs(state, columns), state.ui.zoom)
}

fn needs(state: &State, columns: u16) -> Needs {
    let wide = usize::from(columns);
    let count = |lines: usize| u16::try_from(lines).unwrap_or(u16::MAX);
    Needs {
        header: count(banner::lines(state, wide).len()),
        sentence: count(sentence::lines(state, wide).len()),
        newest: count(message::newest(state, wide).len()),
    }
}

/// Where a footer is drawn now: a message that needs more lines than the footer has takes them from what is above it, and
/// nothing moves for it.
pub fn footer_area(state: &State, footer: Rect) -> Rect {
    let typing = usize::from(state.ui.prompt.is_some());
    let message = message::lines(state, usize::from(footer.width)).len();
    let message = u16::try_from((message + typing).max(1)).unwrap_or(u16::MAX);
    let lines = match footer.height {
        0 | 1 => message.min(footer.height),
        of_layout => message
            .saturating_add(1)
            .max(of_layout)
            .min(footer.bottom()),
    };
    Rect {
        y: footer.bottom() - lines,
        height: lines,
        ..footer
    }
}

/// Where the sentence is drawn now: what a message takes of it, it takes from what is above, the last hour or the lowest
/// rows, so that what is said of the selected cell stays whole as long as the board has the lines for it.
pub fn sentence_area(state: &State, panes: &Panes) -> Rect {
    let Panes {
        board, sentence, ..
    } = *panes;
    let footer = footer_area(state, panes.footer);
    let needed = panes.said.saturating_add(1).min(sentence.height);
    let y = footer
        .y
        .saturating_sub(needed)
        .max(board.y + BOARD_LEAST)
        .min(sentence.y)
        .min(footer.y);
    above_footer(Rect { y, ..sentence }, footer)
}

/// What the footer leaves of a part.
fn above_footer(part: Rect, footer: Rect) -> Rect {
    let height = footer.y.saturating_sub(part.y);
    Rect {
        height: part.height.min(height),
        ..part
    }
}

/// Where what stands over a view is drawn: the keys and the message stay in sight.
pub fn overlay_area(state: &State, panes: &Panes) -> Rect {
    above_footer(panes.body, footer_area(state, panes.footer))
}

/// So many lines a message may take: beside an overlay those that this does not need, and one in any case where there is a
/// footer.
pub fn message_room(state: &State) -> usize {
    if state.size.1 < FOOTER_GROWS {
        return usize::from(lowest_footer(state.size.1));
    }
    let most = state.size.1 / MESSAGE_SHARE;
    let room = match overlay_lines(state) {
        None => most,
        Some(needed) => {
            let panes = panes(state);
            let needed = u16::try_from(needed).unwrap_or(u16::MAX);
            let spare = panes.body.height.saturating_sub(needed);
            let of_layout = panes.footer.height.saturating_sub(1);
            most.min(of_layout.saturating_add(spare))
        }
    };
    usize::from(room.max(1))
}

/// The lines that the open overlay needs; none where there is none, or one over the whole screen.
fn overlay_lines(state: &State) -> Option<usize> {
    let columns = usize::from(state.size.0);
    match state.ui.overlay.as_ref()? {
        Overlay::Confirm(_) => None,
        Overlay::Levers { after, .. } => {
            Some(levers::lines_at_most(state, after.as_ref(), columns))
        }
        Overlay::Copy { .. } => Some(1 + Action::COPIES.len()),
        Overlay::Refused(refusal) => Some(1 + refused::lines(state, refusal, columns).len()),
        Overlay::Which { .. }
        | Overlay::Mute { .. }
        | Overlay::Undo { .. }
        | Overlay::Settle { .. } => Some(question::question(state)?.lines(columns).count()),
    }
}

/// The rows of the lowest screen of these columns whose body has so many lines.
pub fn rows_for_body(state: &State, columns: u16, lines: usize) -> u16 {
    let needs = needs(state, columns);
    let body = |rows| usize::from(layout(columns, rows, needs, state.ui.zoom).body.height);
    (1..u16::MAX)
        .find(|rows| body(*rows) >= lines)
        .unwrap_or(u16::MAX)
}

/// The lines of the footer of a low screen, with no room for the keys.
fn lowest_footer(rows: u16) -> u16 {
    u16::from(rows >= 2)
}

/// The panes of a size.
pub fn layout(columns: u16, rows: u16, needs: Needs, zoom: bool) -> Panes {
    let slice = |from: u16, lines: u16| {
        let from = from.min(rows);
        Rect::new(0, from, columns, lines.min(rows - from))
    };
    let header_lines = match rows {
        0..4 => 0,
        4..8 => 1,
        8..16 => 2,
        _ => 2 + needs.header,
    };
    let footer_lines = match rows {
        0..FOOTER_GROWS => lowest_footer(rows),
        FOOTER_GROWS..HIGH => 2,
        _ => 1 + needs.newest.clamp(1, 2),
    };
    let sentence_lines = match rows {
        0..14 => 0,
        14..HIGH => 3,
        _ => 1 + needs.sentence.clamp(2, 4),
    };
    let footer = slice(rows - footer_lines, footer_lines);
    let header = slice(0, header_lines);
    let sentence = slice(rows - footer_lines - sentence_lines, sentence_lines);
    let main = slice(
        header_lines,
        (rows - footer_lines - sentence_lines).saturating_sub(header_lines),
    );
    let body = if zoom {
        // Nothing but the pane and the keys, so that the terminal's own selection copies clean text.
        slice(0, rows - footer_lines)
    } else {
        slice(
            header_lines,
            (rows - footer_lines).saturating_sub(header_lines),
        )
    };
    let mut panes = Panes {
        header,
        board: main,
        run: None,
        log: None,
        sentence,
        said: needs.sentence,
        body,
        footer,
    };
    let right = BOARD_COLUMNS + 1;
    if columns >= THREE_PANES {
        let log = right + RUN_COLUMNS + 1;
        panes.board.width = BOARD_COLUMNS;
        panes.run = Some(Rect::new(right, main.y, RUN_COLUMNS, main.height));
        panes.log = Some(Rect::new(log, main.y, columns - log, main.height));
    } else if columns >= TWO_PANES {
        let below = if rows >= LOG_BELOW {
            main.height / 2
        } else {
            0
        };
        let above = main.height - below;
        panes.board = Rect::new(0, main.y, BOARD_COLUMNS, above);
        panes.run = Some(Rect::new(right, main.y, columns - right, above));
        panes.log = (below > 0).then(|| Rect::new(0, main.y + above, columns, below));
    }
    panes
}

/// Where the board is drawn now; none where another view or a zoomed pane hides it.
pub fn board_area(state: &State, panes: &Panes) -> Option<Rect> {
    match (state.view(), state.ui.zoom, state.ui.pane) {
        (View::Board, false, _) => Some(panes.board),
        (View::Board, true, Pane::Board) => Some(panes.body),
        _ => None,
    }
}

/// Where the run is drawn now.
pub fn run_area(state: &State, panes: &Panes) -> Option<Rect> {
    match (state.view(), state.ui.zoom, state.ui.pane) {
        (View::Run, ..) | (View::Board, true, Pane::Run) => Some(panes.body),
        (View::Board, false, _) => panes.run,
        _ => None,
    }
}

/// Where the log is drawn now.
pub fn log_area(state: &State, panes: &Panes) -> Option<Rect> {
    match (state.view(), state.ui.zoom, state.ui.pane) {
        (View::Log, ..) | (View::Board, true, Pane::Log) => Some(panes.body),
        (View::Board, false, _) => panes.log,
        _ => None,
    }
}

/// Rows of the table that there is room for; where the board is hidden, as many as it would have.
pub fn board_rows(state: &State, panes: &Panes) -> usize {
    let area = board_area(state, panes).unwrap_or(panes.board);
    usize::from(area.height.saturating_sub(1)).saturating_sub(recent::lines(state, area))
}

/// Rows of the table that neither the sentence nor a message stands over.
fn uncovered_rows(state: &State, panes: &Panes) -> usize {
    let board = board_area(state, panes).unwrap_or(panes.board);
    let covered_from = match state.ui.zoom {
        true => footer_area(state, panes.footer).y,
        false => sentence_area(state, panes).y,
    };
    let above = covered_from.saturating_sub(board.y.saturating_add(1));
    usize::from(above).min(board_rows(state, panes))
}

/// The lines of the board that are in sight. Where something stands over the selected one, those before it give way only
/// as long as that stands there: nothing is scrolled for it.
pub fn lines_in_sight(state: &State, panes: &Panes) -> Range<usize> {
    let rows = uncovered_rows(state, panes);
    let selected = state.selected_line(&state.lines());
    let least = selected.map_or(0, |line| (line + 1).saturating_sub(rows.max(1)));
    let top = state.ui.board.top.max(least);
    top..top + rows
}

/// Lines of the run's tree that are visible, without its title and what is said below that of who stopped it.
pub fn run_rows(state: &State, panes: &Panes) -> usize {
    run_area(state, panes).map_or(0, |area| {
        let above = 1 + stop_lines(state, usize::from(area.width)).len();
        usize::from(area.height).saturating_sub(above)
    })
}

/// Lines of the log that are visible, without its title.
pub fn log_rows(state: &State, panes: &Panes) -> usize {
    log_area(state, panes).map_or(0, |area| usize::from(area.height.saturating_sub(1)))
}

/// Columns of the log.
pub fn log_columns(state: &State, panes: &Panes) -> usize {
    log_area(state, panes).map_or(0, |area| usize::from(area.width))
}
