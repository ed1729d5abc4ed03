//! Board: moving the selection, by identity, and the frozen order of rows.
//!
//! Deliberately absent: what a row looks like and what it deserves.

use super::open;
use crate::action::Action;
use crate::board::{Row, RowKey, shown};
use crate::effect::Effect;
use crate::model::Target;
use crate::state::{BoardLine, PromptKind, State};

pub fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let page = page(state);
    state.ui.board.touched = true;
    match action {
        Action::Down => step(state, 1),
        Action::Up => step(state, -1),
        Action::PageDown => step(state, page),
        Action::PageUp => step(state, -page),
        Action::Top => step(state, isize::MIN / 2),
        Action::Bottom => step(state, isize::MAX / 2),
        Action::Left => sideways(state, -1),
        Action::Right => sideways(state, 1),
        Action::Enter if state.ui.board.fold.is_some() => fold(state),
        Action::Enter => open::newest_run(state, effects),
        Action::Fold => fold(state),
        Action::Filter => super::prompt::open(state, PromptKind::Filter),
        Action::Sort => sort(state),
        Action::Mark => mark(state),
        _ => {}
    }
    keep_visible(state);
}

fn page(state: &State) -> isize {
    isize::try_from(crate::screen::layout::board_rows(state))
        .unwrap_or(1)
        .max(1)
}

/// Moves the selection by lines, staying in its column where the row has a cell there.
fn step(state: &mut State, by: isize) {
    let lines = state.lines();
    if lines.is_empty() {
        return;
    }
    let last = lines.len() - 1;
    let line = match state.selected_line(&lines) {
        Some(line) => line.saturating_add_signed(by).min(last),
        None => 0,
    };
    select(state, &lines[line]);
}

fn select(state: &mut State, line: &BoardLine) {
    match line {
        BoardLine::Fold(fold, _) => state.ui.board.fold = Some(*fold),
        BoardLine::Row(key) => {
            let column = state
                .ui
                .board
                .selected
                .as_ref()
                .and_then(|target| {
                    state
                        .board
                        .environments
                        .iter()
                        .position(|e| *e == target.environment)
                })
                .unwrap_or(state.board.environments.len().saturating_sub(1));
            if let Some(target) = cell(state, key, column) {
                state.ui.board.fold = None;
                state.ui.board.selected = Some(target);
            }
        }
    }
}

/// The target in a column of a row, or in the nearest column that has one.
fn cell(state: &State, key: &RowKey, column: usize) -> Option<Target> {
    let row: &Row = state.board.row(key)?;
    let nearest = (0..row.cells.len())
        .filter(|c| row.cells[*c].is_some())
        .min_by_key(|c| c.abs_diff(column))?;
    row.cells[nearest]
        .as_ref()
        .map(|status| status.target.clone())
}

fn sideways(state: &mut State, by: isize) {
    let Some(target) = state
        .ui
        .board
        .selected
        .clone()
        .filter(|_| state.ui.board.fold.is_none())
    else {
        return;
    };
    let Some((row, column)) = state.board.find(&target) else {
        return;
    };
    let mut next = column.checked_add_signed(by);
    while let Some(place) = next.filter(|place| *place < row.cells.len()) {
        if let Some(status) = &row.cells[place] {
            state.ui.board.selected = Some(status.target.clone());
            return;
        }
        next = place.checked_add_signed(by);
    }
}

/// Unfolds or folds the selected fold line, or the calm rows where a row is selected.
fn fold(state: &mut State) {
    let lines = state.lines();
    let first = lines.iter().find_map(|line| match line {
        BoardLine::Fold(fold, _) => Some(*fold),
        BoardLine::Row(_) => None,
    });
    let Some(fold) = state.ui.board.fold.or(first) else {
        return;
    };
    if !state.ui.board.unfolded.remove(&fold) {
        state.ui.board.unfolded.insert(fold);
    }
}

fn mark(state: &mut State) {
    let Some(target) = state.target().cloned() else {
        return;
    };
    if !state.ui.board.marks.remove(&target) {
        state.ui.board.marks.insert(target);
    }
    step(state, 1);
}

/// Takes the board's own order.
pub fn sort(state: &mut State) {
    state.ui.board.order = state.board.rows.iter().map(|row| row.key.clone()).collect();
    state.ui.board.would_move = 0;
}

/// Keeps the frozen order: vanished rows leave, new ones come last; before anything was read the board's own is taken.
pub fn keep_order(state: &mut State) {
    if !state.ui.board.touched {
        // Nobody reads yet: facts still arrive, and the worst row shall stand first.
        sort(state);
        state.ui.board.selected = None;
        select_worst(state);
    } else {
        let board = &state.board;
        let order = &mut state.ui.board.order;
        order.retain(|key| board.row(key).is_some());
        let known: std::collections::BTreeSet<&RowKey> = order.iter().collect();
        let new: Vec<RowKey> = board
            .rows
            .iter()
            .map(|row| &row.key)
            .filter(|key| !known.contains(key))
            .cloned()
            .collect();
        order.extend(new);
        state.ui.board.would_move = would_move(
            order,
            board
                .rows
                .iter()
                .filter(|r| r.fold.is_none())
                .map(|r| &r.key),
        );
    }
}

/// How many of the troubled rows stand elsewhere than the board's own order has them.
fn would_move<'a>(order: &[RowKey], sorted: impl Iterator<Item = &'a RowKey>) -> usize {
    let sorted: Vec<&RowKey> = sorted.collect();
    let wanted: std::collections::BTreeSet<&RowKey> = sorted.iter().copied().collect();
    let shown = order.iter().filter(|key| wanted.contains(key));
    shown
        .zip(sorted.iter())
        .filter(|(shown, sorted)| shown != *sorted)
        .count()
}

/// Selects the worst cell when nothing is selected, and scrolls the selection into sight.
pub fn keep_visible(state: &mut State) {
    let lines = state.lines();
    let rows = crate::screen::layout::board_rows(state).max(1);
    if let Some(line) = state.selected_line(&lines) {
        let top = state.ui.board.top;
        state.ui.board.top = top.clamp((line + 1).saturating_sub(rows), line);
    }
    let most = lines.len().saturating_sub(rows);
    state.ui.board.top = state.ui.board.top.min(most);
}

/// The cell that the eye should land on: the worst word of the first row.
fn select_worst(state: &mut State) {
    let Some(BoardLine::Row(key)) = state.lines().into_iter().next() else {
        return;
    };
    let Some(row) = state.board.row(&key) else {
        return;
    };
    let worst = row
        .cells
        .iter()
        .enumerate()
        .rev()
        .filter_map(|(_, cell)| cell.as_ref())
        .min_by_key(|status| {
            shown(&state.board.holds, status)
                .next()
                .map_or(usize::MAX, |word| word as usize)
        });
    state.ui.board.selected = worst.map(|status| status.target.clone());
}

/// After a filter the selection stays if it is still shown, else it is the first row's.
pub fn select_shown(state: &mut State) {
    let lines = state.lines();
    if state.selected_line(&lines).is_none()
        && let Some(first) = lines.first().cloned()
    {
        select(state, &first);
    }
}
