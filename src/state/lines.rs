//! Lines: what stands on the board from top to bottom, rows and fold lines, in the reader's order.

use super::State;
use super::filter::Filter;
use crate::action::{Action, Place};
use crate::board::{FoldKind, Row, RowKey};
use crate::model::Target;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BoardLine {
    Row(RowKey),
    /// `+ 53 calm`: a group of rows that is folded (or the heading of an unfolded one), with their number.
    Fold(FoldKind, usize),
}

/// Everything that the lines depend on.
#[derive(PartialEq, Debug)]
struct Depends {
    board: (u64, u64),
    ordered: u64,
    filter: String,
    unfolded: BTreeSet<FoldKind>,
    own: Option<RowKey>,
}

/// The lines that were found last, and what they depend on, so that a board of ten thousand rows is not searched for
/// every key.
#[derive(Debug, Default)]
pub struct LineCache(RefCell<Option<(Depends, Arc<Vec<BoardLine>>)>>);

impl State {
    /// The lines of the board: the rows in sight in the frozen order, then each fold. A filter unfolds what it matches.
    ///
    /// The selected row is in sight, whatever fold it is under.
    pub fn lines(&self) -> Arc<Vec<BoardLine>> {
        let ui = &self.ui.board;
        let depends = Depends {
            // What a filter matches depends on what the rows say, too.
            board: match ui.filter.is_empty() {
                true => (self.board.arranged(), 0),
                false => (self.board.arranged(), self.board.revision()),
            },
            ordered: ui.ordered,
            filter: ui.filter.clone(),
            unfolded: ui.unfolded.clone(),
            own: self.own_row().cloned(),
        };
        if let Some((known, lines)) = &*ui.lines.0.borrow()
            && *known == depends
        {
            return Arc::clone(lines);
        }
        let lines = Arc::new(self.find_lines());
        *ui.lines.0.borrow_mut() = Some((depends, Arc::clone(&lines)));
        lines
    }

    fn find_lines(&self) -> Vec<BoardLine> {
        let ui = &self.ui.board;
        let line = |key: &RowKey| BoardLine::Row(key.clone());
        let rows = || ui.order.iter().filter_map(|key| self.board.row(key));
        if !ui.filter.is_empty() {
            let found = ui.found.as_ref();
            return match found.filter(|found| found.filter == ui.filter) {
                Some(found) => found.rows.iter().map(line).collect(),
                None => self.find_rows(rows()).iter().map(line).collect(),
            };
        }
        let own = self.own_row();
        let mut lines: Vec<BoardLine> = Vec::new();
        let mut folded: BTreeMap<FoldKind, Vec<BoardLine>> = BTreeMap::new();
        for row in rows() {
            match ui.folds.get(&row.key).filter(|_| own != Some(&row.key)) {
                None => lines.push(line(&row.key)),
                Some(fold) => folded.entry(*fold).or_default().push(line(&row.key)),
            }
        }
        for fold in FoldKind::BELOW {
            let Some(rows) = folded.remove(&fold) else {
                continue;
            };
            lines.push(BoardLine::Fold(fold, rows.len()));
            if ui.unfolded.contains(&fold) {
                lines.extend(rows);
            }
        }
        lines
    }

    /// The rows among these that the filter finds, those of exactly its name first.
    pub(crate) fn find_rows<'a>(&'a self, rows: impl Iterator<Item = &'a Row>) -> Vec<RowKey> {
        let filter = Filter::parse(&self.ui.board.filter);
        // Apps of apps that are well are found by their names alone.
        let is_hidden = |row: &Row| row.fold == Some(FoldKind::Parents) && !filter.is_exact(row);
        let found = rows.filter(|row| !is_hidden(row) && filter.matches(&self.board, row));
        let (exact, others): (Vec<&Row>, Vec<&Row>) = found.partition(|row| filter.is_exact(row));
        let found = exact.into_iter().chain(others);
        found.map(|row| row.key.clone()).collect()
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

    /// The selected row, where its own fold would hide it.
    pub(crate) fn own_row(&self) -> Option<&RowKey> {
        let ui = &self.ui.board;
        let target = ui.selected.as_ref().filter(|_| ui.fold.is_none())?;
        let (row, _) = self.board.find(target)?;
        let fold = ui.folds.get(&row.key)?;
        (!ui.unfolded.contains(fold)).then_some(&row.key)
    }

    /// The target of the cell in brackets; none where a fold line is selected, or where the cell is not among the lines:
    /// a filter leaves it out, or it is gone.
    fn bracketed(&self) -> Option<&Target> {
        let ui = &self.ui.board;
        let target = ui.selected.as_ref().filter(|_| ui.fold.is_none())?;
        let (row, column) = self.board.find(target)?;
        row.cells.get(column)?.as_ref()?;
        let filter = Filter::parse(&ui.filter);
        (filter.is_empty() || filter.matches(&self.board, row)).then_some(target)
    }

    /// Why there is no target, and what to press.
    pub fn untargeted(&self) -> String {
        let ui = &self.ui.board;
        let (sentence, action) = if ui.fold.is_some() {
            (
                "A line of folded rows is selected, not a cell; unfold them first.",
                Action::Enter,
            )
        } else if ui.filter.is_empty() || !self.lines().is_empty() {
            ("Nothing is selected; move to a row first.", Action::Down)
        } else {
            (
                "No row matches the filter, so nothing is selected; go back to clear it.",
                Action::Back,
            )
        };
        self.keys.with_key(Place::Board, sentence, action)
    }

    /// The marked cells, where a lever moves those: on the board, but not in a view that is about one target.
    pub fn moved_marks(&self) -> Option<&BTreeSet<Target>> {
        use super::View::{History, Log, Run, Target};
        let is_of_one = matches!(self.view(), Target(_) | History(_) | Run | Log);
        let marks = &self.ui.board.marks;
        (!is_of_one && !marks.is_empty()).then_some(marks)
    }

    /// The target that a lever would act on: the cell in brackets, or what the view that is open is about.
    pub fn target(&self) -> Option<&Target> {
        match self.view() {
            super::View::Target(target) | super::View::History(target) => Some(target),
            super::View::Run | super::View::Log => self
                .ui
                .run
                .as_ref()
                .map(|run| &run.target)
                .or_else(|| self.bracketed()),
            _ => self.bracketed(),
        }
    }
}
