//! Lines: what stands on the board from top to bottom, rows and fold lines, in the reader's order.
//!
//! Deliberately absent: how a line looks.

use super::State;
use super::filter::Filter;
use crate::model::Target;
use crate::store::board::{FoldKind, Row, RowKey};

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BoardLine {
    Row(RowKey),
    /// `+ 53 calm`: a group of rows that is folded (or the heading of an unfolded one), with their number.
    Fold(FoldKind, usize),
}

impl State {
    /// The lines of the board: troubled rows in the frozen order, then each fold. A filter unfolds what it matches.
    pub fn lines(&self) -> Vec<BoardLine> {
        let filter = Filter::parse(&self.ui.board.filter);
        let matching = |row: &&Row| filter.is_empty() || filter.matches(&self.board, row);
        let rows: Vec<&Row> = self
            .ui
            .board
            .order
            .iter()
            .filter_map(|key| self.board.row(key))
            .filter(matching)
            .collect();
        let mut lines: Vec<BoardLine> = Vec::with_capacity(rows.len());
        if !filter.is_empty() {
            let (exact, others): (Vec<&Row>, Vec<&Row>) =
                rows.iter().partition(|row| filter.is_exact(row));
            lines.extend(
                exact
                    .iter()
                    .chain(&others)
                    .map(|row| BoardLine::Row(row.key.clone())),
            );
            return lines;
        }
        lines.extend(
            rows.iter()
                .filter(|r| r.fold.is_none())
                .map(|row| BoardLine::Row(row.key.clone())),
        );
        for fold in [FoldKind::Calm, FoldKind::Orphans, FoldKind::NoFile] {
            let folded: Vec<&&Row> = rows.iter().filter(|row| row.fold == Some(fold)).collect();
            if folded.is_empty() {
                continue;
            }
            lines.push(BoardLine::Fold(fold, folded.len()));
            if self.ui.board.unfolded.contains(&fold) {
                lines.extend(folded.iter().map(|row| BoardLine::Row(row.key.clone())));
            }
        }
        lines
    }

    /// Which line is selected: the selected target's, or the selected fold's.
    pub fn selected_line(&self, lines: &[BoardLine]) -> Option<usize> {
        let ui = &self.ui.board;
        lines.iter().position(|line| match line {
            BoardLine::Fold(fold, _) => ui.fold == Some(*fold),
            BoardLine::Row(key) => {
                ui.fold.is_none() && ui.selected.as_ref().is_some_and(|t| t.app == key.app)
            }
        })
    }

    /// The target that a lever would act on: the selected cell's, whatever view is open.
    pub fn target(&self) -> Option<&Target> {
        match self.view() {
            super::View::Target(target) | super::View::History(target) => Some(target),
            super::View::Run | super::View::Log => self
                .ui
                .run
                .as_ref()
                .map(|run| &run.target)
                .or(self.ui.board.selected.as_ref()),
            _ if self.ui.board.fold.is_some() => None,
            _ => self.ui.board.selected.as_ref(),
        }
    }
}
