//! Arrange: where a row stands among the others, which fold it is in, and what is said once at the top.
//!
//! Rows of one repository are a family: they stand together, the leading app first, and are shown or folded as one.
//! Each row that changes moves its own family and no other.

use super::status::{GateState, Status, TargetKind};
use super::{Board, Cell, FoldKind, Hold, Rank, Row, RowKey, shown};
use crate::model::{Now, Repository, RunPhase, Version, Word};

/// From this many apps on a closed gate is said once at the top, not in every row.
const MANY: usize = 5;

/// Rows of one repository; files that no app names are families of their own.
pub(super) type Family = (bool, Repository);

/// The order of a row: by the worst row of its family, then by the name of the family's leader, the leader first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct RowOrder {
    rank: Rank,
    leader: RowKey,
    follows: bool,
    pub(super) key: RowKey,
}

impl Board {
    /// Replaces a row; without any cell it is removed.
    pub(super) fn put(&mut self, key: RowKey, cells: Vec<Cell>) {
        let is_gone = cells.iter().all(Option::is_none);
        let row = (!is_gone).then(|| self.row_of(key.clone(), cells));
        let is_same = match (self.rows.get(&key), &row) {
            (None, None) => true,
            // What is said may be the same and not be news any more.
            (Some(before), Some(row)) => before.cells == row.cells && before.alone == row.alone,
            _ => false,
        };
        if is_same {
            return;
        }
        self.revision += 1;
        let before = self.rows.remove(&key);
        if let Some(row) = &before {
            self.discount(row);
        }
        let families = (before.as_ref().map(family), row.as_ref().map(family));
        if let (Some(left), joined) = &families
            && joined.as_ref() != Some(left)
        {
            self.leave(left, &key);
        }
        let (Some(row), (_, Some(joined))) = (row, families) else {
            if let Some(place) = self.places.remove(&key) {
                self.order.remove(&place);
                self.arranged += 1;
            }
            return;
        };
        self.count(&row);
        let members = self.families.entry(joined.clone()).or_default();
        members.insert(key.clone());
        self.rows.insert(key, row);
        self.place_family(&joined);
    }

    fn row_of(&mut self, key: RowKey, cells: Vec<Cell>) -> Row {
        let now = Now::new(self.now);
        let row = row(key, cells, self, &now);
        self.due.note(&row.key.app, now.take_until());
        row
    }

    fn count(&mut self, row: &Row) {
        for word in words(row, &self.holds) {
            *self.counts.entry(word).or_default() += 1;
        }
        for (held, cell) in self.held.iter_mut().zip(&row.cells) {
            if cell.as_deref().is_some_and(is_held) {
                held.insert(row.key.clone());
            }
        }
        for (gates, cell) in self.gates.iter_mut().zip(&row.cells) {
            if let Some(status) = cell {
                *gates.entry(status.gate_in.state).or_default() += 1;
            }
        }
        if row.statuses().any(Status::has_failed_smoke) {
            self.smoke_failed.insert(row.key.clone());
        }
        self.calm.add(&CalmSmoke::of_row(row));
        for repository in &row.repositories {
            let rows = self.of_repository.entry(repository.clone()).or_default();
            rows.insert(row.key.clone());
        }
    }

    fn discount(&mut self, row: &Row) {
        for word in words(row, &self.holds) {
            if let Some(count) = self.counts.get_mut(&word) {
                *count -= 1;
            }
        }
        self.counts.retain(|_, count| *count > 0);
        for held in &mut self.held {
            held.remove(&row.key);
        }
        for (gates, cell) in self.gates.iter_mut().zip(&row.cells) {
            if let Some(status) = cell
                && let Some(count) = gates.get_mut(&status.gate_in.state)
            {
                *count -= 1;
            }
            gates.retain(|_, count| *count > 0);
        }
        self.smoke_failed.remove(&row.key);
        self.calm.subtract(&CalmSmoke::of_row(row));
        for repository in &row.repositories {
            if let Some(rows) = self.of_repository.get_mut(repository) {
                rows.remove(&row.key);
                if rows.is_empty() {
                    self.of_repository.remove(repository);
                }
            }
        }
    }

    fn leave(&mut self, family: &Family, key: &RowKey) {
        let Some(members) = self.families.get_mut(family) else {
            return;
        };
        members.remove(key);
        if members.is_empty() {
            self.families.remove(family);
        } else {
            self.place_family(family);
        }
    }

    /// Finds the order of a family's rows, and whether it is shown or folded.
    fn place_family(&mut self, family: &Family) {
        let Some(keys) = self.families.get(family) else {
            return;
        };
        let members: Vec<&Row> = keys.iter().filter_map(|key| self.rows.get(key)).collect();
        let Some(rank) = members.iter().map(|row| row.alone.0).min() else {
            return;
        };
        let Some(leader) = members
            .iter()
            .min_by_key(|row| (is_twin(row), &row.key))
            .map(|row| row.key.clone())
        else {
            return;
        };
        let is_shown = members.iter().any(|row| row.alone.1.is_none());
        let keys: Vec<RowKey> = members.iter().map(|row| row.key.clone()).collect();
        for key in keys {
            let Some(row) = self.rows.get_mut(&key) else {
                continue;
            };
            let under = key != leader;
            let (alone, fold) = row.alone;
            let fold = fold.filter(|fold| !(is_shown && *fold == FoldKind::Calm));
            let is_moved = row.fold != fold || row.under != under;
            self.calm.subtract(&CalmSmoke::of_row(row));
            (row.under, row.fold) = (under, fold);
            self.calm.add(&CalmSmoke::of_row(row));
            row.rank = if under { rank } else { alone };
            let place = RowOrder {
                rank,
                leader: leader.clone(),
                follows: under,
                key: key.clone(),
            };
            if is_moved || self.places.get(&key) != Some(&place) {
                if let Some(before) = self.places.insert(key, place.clone()) {
                    self.order.remove(&before);
                }
                self.order.insert(place);
                self.arranged += 1;
            }
        }
    }

    /// Finds again which gates are closed for many apps. Where that begins or ends, the rows change their own words.
    pub(super) fn hold_again(&mut self) {
        let columns = 1..self.environments.len();
        let holds: Vec<Hold> = columns.filter_map(|column| self.hold(column)).collect();
        let into =
            |holds: &[Hold]| -> Vec<_> { holds.iter().map(|hold| hold.into.clone()).collect() };
        let is_same = into(&holds) == into(&self.holds);
        if is_same {
            self.holds = holds;
            return;
        }
        self.revision += 1;
        let rows: Vec<Row> = self.rows.values().cloned().collect();
        rows.iter().for_each(|row| self.discount(row));
        self.holds = holds;
        for old in rows {
            let row = self.row_of(old.key.clone(), old.cells);
            self.count(&row);
            self.rows.insert(old.key, row);
        }
        let families: Vec<Family> = self.families.keys().cloned().collect();
        families.iter().for_each(|family| self.place_family(family));
    }

    fn hold(&self, column: usize) -> Option<Hold> {
        let keys = self.held.get(column)?;
        if keys.len() < MANY {
            return None;
        }
        let cell = |key: &RowKey| self.rows.get(key)?.cells.get(column)?.as_deref();
        let newest = keys
            .iter()
            .filter_map(cell)
            .max_by_key(|status| status.gate_in.since)?;
        Some(Hold {
            from: self.environments.get(column - 1)?.clone(),
            into: self.environments.get(column)?.clone(),
            apps: keys.len(),
            by: newest
                .gate_in
                .by
                .as_deref()
                .unwrap_or("somebody")
                .to_owned(),
            since: newest.gate_in.since,
            reason: None,
        })
    }
}

fn is_held(status: &Status) -> bool {
    status.gate_in.state == GateState::Held && status.kind == TargetKind::App
}

/// What is known of the smoke runs of calm cells, in cells. Engines keep a run for some days only.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CalmSmoke {
    /// The smoke run of the declared version passed.
    pub passed: usize,
    /// It is there, and has not passed (yet).
    pub others: usize,
    /// None of the declared version is kept.
    pub not_kept: usize,
}

impl CalmSmoke {
    fn of_row(row: &Row) -> Self {
        let mut known = Self::default();
        if row.fold != Some(FoldKind::Calm) {
            return known;
        }
        for status in row.statuses() {
            let smoke = status.smoke.as_ref().filter(|smoke| smoke.current);
            let count = match smoke.map(|smoke| &smoke.phase) {
                Some(RunPhase::Succeeded) => &mut known.passed,
                Some(_) => &mut known.others,
                None => &mut known.not_kept,
            };
            *count += 1;
        }
        known
    }

    fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.others += other.others;
        self.not_kept += other.not_kept;
    }

    fn subtract(&mut self, other: &Self) {
        self.passed -= other.passed;
        self.others -= other.others;
        self.not_kept -= other.not_kept;
    }
}

fn is_twin(row: &Row) -> bool {
    row.statuses().any(|status| status.twin)
}

fn family(row: &Row) -> Family {
    let own = || Repository::new(row.key.app.as_str());
    let first = row.repositories.first().cloned();
    (row.key.orphan, first.unwrap_or_else(own))
}

/// The words that a row shows.
fn words<'a>(row: &'a Row, holds: &'a [Hold]) -> impl Iterator<Item = Word> + 'a {
    row.statuses().flat_map(|status| shown(holds, status))
}

/// The order of a row alone, before its family is looked at.
fn row(key: RowKey, cells: Vec<Cell>, board: &Board, now: &Now) -> Row {
    let repositories = cells
        .iter()
        .flatten()
        .next()
        .map(|s| s.images.iter().map(|i| i.repository.clone()).collect())
        .unwrap_or_default();
    let kind = cells.iter().flatten().map(|s| s.kind).min();
    let mut versions: Vec<Option<&Version>> =
        cells.iter().flatten().map(|s| s.version.as_ref()).collect();
    versions.dedup();
    let differs = versions.len() > 1;
    let ranks = cells.iter().enumerate().flat_map(|(column, cell)| {
        let below = column
            .checked_sub(1)
            .and_then(|below| cells[below].as_deref());
        let production = board.production.get(column).copied().unwrap_or(false);
        let words = cell
            .iter()
            .flat_map(|status| shown(&board.holds, status).map(move |word| (status, word)));
        words.map(move |(status, word)| Rank::new(word, status, below, production, now))
    });
    let worst = ranks.min();
    let is_muted = cells.iter().flatten().any(|status| status.muted.is_some());
    let fold = match kind {
        Some(TargetKind::Orphan) => Some(FoldKind::Orphans),
        Some(TargetKind::NoFile) if worst.is_none() => Some(FoldKind::NoFile),
        Some(TargetKind::Parent) if worst.is_none() => Some(FoldKind::Parents),
        _ if worst.is_none() && is_muted => Some(FoldKind::Muted),
        _ if worst.is_none() && !differs => Some(FoldKind::Calm),
        _ => None,
    };
    let rank = worst.unwrap_or(if differs { Rank::Differs } else { Rank::Calm });
    Row {
        key,
        repositories,
        under: false,
        cells,
        fold,
        rank,
        alone: (rank, fold),
    }
}
