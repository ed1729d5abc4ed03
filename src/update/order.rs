//! Order: where the rows of the board stand. Until the first key the worst stands first; from then on nothing moves.
//!
//! A row that comes into sight later goes last, whether it is new or was folded away or filtered out. Deliberately
//! absent: the board's own order ([`crate::board`]), and moving the selection ([`super::board`]).

use crate::board::{Board, FoldKind, RowKey};
use crate::screen::trouble::badness;
use crate::state::{BoardLine, DrawnBoard, Found, State};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Frames that are remembered until the first key: a key waits for no more of them.
const FRAMES: usize = 8;

/// A frame of the state as it is now is on its way to the terminal.
pub fn note_drawn(state: &mut State) {
    let ui = &mut state.ui.board;
    if ui.touched {
        return;
    }
    if ui.frames.len() == FRAMES {
        ui.frames.pop_front();
    }
    ui.frames.push_back(DrawnBoard {
        shown_at: None,
        order: Arc::clone(&ui.order),
        folds: Arc::clone(&ui.folds),
        selected: ui.selected.clone(),
    });
}

/// The terminal has the frame that was drawn last.
pub fn note_shown(state: &mut State, at: Timestamp) {
    let newest = state.ui.board.frames.back_mut();
    if let Some(frame) = newest.filter(|frame| frame.shown_at.is_none()) {
        frame.shown_at = Some(at);
    }
}

/// The first key of any kind freezes the board as its reader saw it when the key was pressed; facts that came in since
/// may have sorted it anew. On an empty board there is nothing to hold.
pub fn freeze(state: &mut State, pressed_at: Timestamp) {
    let ui = &mut state.ui.board;
    if ui.touched {
        return;
    }
    if ui.frames.is_empty() {
        // Nothing draws here.
        ui.touched = !state.board.is_empty();
        return;
    }
    let mut frames = ui.frames.iter().rev();
    let seen = frames.find(|frame| frame.shown_at.is_some_and(|at| at <= pressed_at));
    let Some(seen) = seen.filter(|frame| !frame.order.is_empty()) else {
        ui.selected = None;
        return;
    };
    let seen = seen.clone();
    ui.frames.clear();
    ui.touched = true;
    (ui.order, ui.folds, ui.selected) = (seen.order, seen.folds, seen.selected);
    hold_order(state);
}

/// Takes the board's own order.
pub fn sort(state: &mut State) {
    let board = &state.board;
    let ui = &mut state.ui.board;
    ui.order = Arc::new(board.rows().map(|row| row.key.clone()).collect());
    let folded = board
        .rows()
        .filter_map(|row| Some((row.key.clone(), row.fold?)));
    ui.folds = Arc::new(folded.collect());
    ui.found = None;
    ui.would_move = 0;
    ui.ordered += 1;
    ui.compared = Some(board.arranged());
    hold_found(state);
}

/// Runs when the board was derived: before a key was pressed its own order is taken, from then on the frozen one is kept.
pub fn keep_order(state: &mut State) {
    let is_compared = state.ui.board.compared == Some(state.board.arranged());
    if !state.ui.board.touched {
        // Nobody reads yet: facts still arrive, and the worst row shall stand first.
        if !is_compared {
            sort(state);
        }
        state.ui.board.selected = None;
        select_worst(state);
        return;
    }
    if !is_compared {
        hold_order(state);
    }
    hold_found(state);
}

/// Keeps each row where it stands. Rows that are new, and those that leave a fold, come last; but in a fold that is
/// unfolded they stay until it is folded.
pub fn hold_order(state: &mut State) {
    let own = state.own_row().cloned();
    let (board, ui) = (&state.board, &mut state.ui.board);
    (ui.compared, ui.ordered) = (Some(board.arranged()), ui.ordered + 1);
    let folds = Arc::make_mut(&mut ui.folds);
    let known: HashSet<&RowKey> = ui.order.iter().collect();
    let is_unfolded = |fold: FoldKind| ui.unfolded.contains(&fold);
    let mut last: Vec<RowKey> = Vec::new();
    for row in board.rows() {
        let key = &row.key;
        if !known.contains(key) {
            folds.extend(row.fold.map(|fold| (key.clone(), fold)));
            last.push(key.clone());
            continue;
        }
        match (folds.get(key).copied(), row.fold) {
            // What turned calm in sight stays in sight.
            (None, _) => {}
            (Some(before), _) if is_unfolded(before) => {}
            (Some(_), Some(now)) if is_unfolded(now) => {}
            (Some(_), Some(now)) => {
                folds.insert(key.clone(), now);
            }
            (Some(_), None) => {
                folds.remove(key);
                // The selected row is in sight already, beside its fold.
                if own.as_ref() != Some(key) {
                    last.push(key.clone());
                }
            }
        }
    }
    let moved: HashSet<&RowKey> = last.iter().collect();
    let order = Arc::make_mut(&mut ui.order);
    order.retain(|key| board.row(key).is_some() && !moved.contains(key));
    folds.retain(|key, _| board.row(key).is_some());
    order.extend(last.iter().cloned());
    let (under, above): (Vec<&RowKey>, Vec<&RowKey>) =
        order.iter().partition(|key| folds.contains_key(*key));
    let left = under.into_iter().filter(|key| {
        let row = board.row(key);
        row.is_some_and(|row| row.fold.is_none())
    });
    ui.would_move = left.count() + would_move(above.into_iter(), shown_rows(board));
}

/// Keeps each row that a filter found where it stands; those that it finds since then come last.
pub fn hold_found(state: &mut State) {
    if state.ui.board.filter.is_empty() {
        if state.ui.board.found.take().is_some() {
            hold_order(state);
        }
        return;
    }
    let revision = state.board.revision();
    let filter = &state.ui.board.filter;
    let before = state.ui.board.found.as_ref();
    let before = before.filter(|found| found.filter == *filter);
    if before.is_some_and(|found| found.revision == revision) {
        return;
    }
    let now = state.find_rows(state.board.rows());
    let mut rows = match before {
        Some(found) => found.rows.clone(),
        None => {
            let order = state.ui.board.order.iter();
            state.find_rows(order.filter_map(|key| state.board.row(key)))
        }
    };
    let (is_found, stands): (HashSet<_>, HashSet<_>) =
        (now.iter().collect(), rows.iter().cloned().collect());
    rows.retain(|key| is_found.contains(key));
    rows.extend(now.iter().filter(|key| !stands.contains(key)).cloned());
    let filter = filter.clone();
    let ui = &mut state.ui.board;
    ui.would_move = would_move(rows.iter(), now.iter());
    ui.ordered += 1;
    ui.found = Some(Found {
        filter,
        revision,
        rows,
    });
}

/// The rows that no fold hides.
fn shown_rows(board: &Board) -> impl Iterator<Item = &RowKey> {
    board.rows().filter(|r| r.fold.is_none()).map(|r| &r.key)
}

/// How many of the rows that stand in sight would stand elsewhere, or under a fold, in the board's own order.
fn would_move<'a>(
    stands: impl Iterator<Item = &'a RowKey>,
    sorted: impl Iterator<Item = &'a RowKey>,
) -> usize {
    let sorted: BTreeMap<&RowKey, usize> = sorted.enumerate().map(|(at, key)| (key, at)).collect();
    let stands: Vec<&RowKey> = stands.collect();
    // The rows that stay are the longest run that is in order; `ends` holds the least end of a run of each length.
    let mut ends: Vec<usize> = Vec::new();
    for place in stands.iter().filter_map(|key| sorted.get(*key)) {
        let longer = ends.partition_point(|end| end < place);
        match ends.get_mut(longer) {
            Some(end) => *end = *place,
            None => ends.push(*place),
        }
    }
    stands.len() - ends.len()
}

/// The cell that the eye should land on: the worst word of the first row.
fn select_worst(state: &mut State) {
    let lines = state.lines();
    let Some(BoardLine::Row(key)) = lines.first() else {
        return;
    };
    let Some(row) = state.board.row(key) else {
        return;
    };
    let cells = row.cells.iter().rev().flatten();
    let worst = cells.min_by_key(|status| badness(state, status));
    state.ui.board.selected = worst.map(|status| status.target.clone());
}
