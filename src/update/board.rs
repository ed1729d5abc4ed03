//! Board: moving the selection, by identity.
//!
//! Deliberately absent: where the rows stand ([`super::order`]).

use super::{open, order, press};
use crate::action::Action;
use crate::board::{Row, RowKey};
use crate::effect::Effect;
use crate::model::Target;
use crate::screen::layout;
use crate::screen::trouble::{self, badness};
use crate::state::filter::Filter;
use crate::state::{BoardLine, PromptKind, State};

pub fn press_in_board(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::Down => step(state, 1),
        Action::Up => step(state, -1),
        Action::PageDown => step(state, page(state)),
        Action::PageUp => step(state, -page(state)),
        Action::Top => step(state, isize::MIN / 2),
        Action::Bottom => step(state, isize::MAX / 2),
        Action::Left => sideways(state, -1),
        Action::Right => sideways(state, 1),
        Action::Enter if state.ui.board.fold.is_some() => fold(state),
        Action::Enter => open::newest_run(state, effects),
        Action::Fold => fold(state),
        Action::Filter => super::prompt::open(state, PromptKind::Filter),
        Action::Sort => order::sort(state),
        Action::Mark => mark(state),
        Action::TroubleNext => trouble(state, true),
        Action::TroubleBack => trouble(state, false),
        other => press::does_nothing(state, other),
    }
    keep_visible(state);
}

fn page(state: &State) -> isize {
    isize::try_from(layout::board_rows(state, &layout::panes(state)))
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
    order::hold_order(state);
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

fn trouble(state: &mut State, forward: bool) {
    let Some((target, went_round)) = trouble::next(state, forward) else {
        return;
    };
    state.ui.board.fold = None;
    state.ui.board.selected = Some(target);
    match (went_round, forward) {
        (false, _) => {}
        (true, true) => state.tell("That was the last trouble; this is the first one."),
        (true, false) => state.tell("That was the first trouble; this is the last one."),
    }
}

/// Scrolls the selection into sight.
pub fn keep_visible(state: &mut State) {
    let lines = state.lines();
    let rows = layout::board_rows(state, &layout::panes(state)).max(1);
    if let Some(line) = state.selected_line(&lines) {
        let top = state.ui.board.top;
        state.ui.board.top = top.clamp((line + 1).saturating_sub(rows), line);
    }
    let most = lines.len().saturating_sub(rows);
    state.ui.board.top = state.ui.board.top.min(most);
}

/// After a filter was typed: the worst cell that matches, unless the selected one is as bad.
pub fn select_worst_matching(state: &mut State) {
    let filter = Filter::parse(&state.ui.board.filter);
    let lines = state.lines();
    let rows = lines.iter().filter_map(|line| match line {
        BoardLine::Row(key) => state.board.row(key),
        BoardLine::Fold(..) => None,
    });
    let mut best: Option<((bool, usize, bool), &Target)> = None;
    for row in rows {
        let is_meant = |column: &usize| filter.points_at(&state.board, row, *column);
        let columns = 0..row.cells.len();
        let points = columns.clone().any(|column| is_meant(&column));
        // What stands nearest to users comes first among equals.
        for column in columns.rev().filter(|column| !points || is_meant(column)) {
            let Some(status) = &row.cells[column] else {
                continue;
            };
            let is_selected = state.ui.board.selected.as_ref() == Some(&status.target);
            let rank = (!filter.is_exact(row), badness(state, status), !is_selected);
            if best.as_ref().is_none_or(|(known, _)| rank < *known) {
                best = Some((rank, &status.target));
            }
        }
    }
    if let Some(target) = best.map(|(_, target)| target.clone()) {
        state.ui.board.fold = None;
        state.ui.board.selected = Some(target);
    }
}
