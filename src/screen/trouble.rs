//! Trouble: the cells in sight that show a word, and how bad a cell is.

use crate::board::shown;
use crate::board::status::Status;
use crate::model::Target;
use crate::state::{BoardLine, State};

/// A cell by the line that it stands in and its column.
pub struct Troubled {
    pub place: (usize, usize),
    pub target: Target,
}

/// The cells that show a word, from top to bottom and from left to right.
pub fn cells(state: &State) -> Vec<Troubled> {
    let mut found = Vec::new();
    for (line, key) in state.lines().iter().enumerate() {
        let BoardLine::Row(key) = key else { continue };
        let cells = state.board.row(key).map_or(&[][..], |row| &row.cells);
        for (column, status) in cells.iter().enumerate() {
            if let Some(status) = status
                .as_ref()
                .filter(|status| badness(state, status) < CALM)
            {
                found.push(Troubled {
                    place: (line, column),
                    target: status.target.clone(),
                });
            }
        }
    }
    found
}

/// The badness of a cell that shows no word.
pub const CALM: usize = usize::MAX;

/// How bad a cell is by its word; smaller is worse.
pub fn badness(state: &State, status: &Status) -> usize {
    let mut words = shown(&state.board.holds, status);
    words.next().map_or(CALM, |word| word as usize)
}

/// The trouble after the selected cell (before it, where not forward), and whether that went round the end.
pub fn next(state: &State, forward: bool) -> Option<(Target, bool)> {
    let lines = state.lines();
    let column = state.ui.board.selected.as_ref().and_then(|target| {
        let environments = &state.board.environments;
        environments.iter().position(|e| *e == target.environment)
    });
    let line = state.selected_line(&lines);
    let here = line.map(|line| {
        (
            line,
            column
                .filter(|_| state.ui.board.fold.is_none())
                .unwrap_or(0),
        )
    });
    let cells = cells(state);
    let beyond = |cell: &&Troubled| match (here, forward) {
        (None, _) => true,
        (Some(here), true) => cell.place > here,
        (Some(here), false) => cell.place < here,
    };
    let (found, end) = if forward {
        (cells.iter().find(beyond), cells.first())
    } else {
        (cells.iter().rfind(beyond), cells.last())
    };
    let went_round = found.is_none();
    let cell = found.or(end)?;
    Some((cell.target.clone(), went_round))
}
