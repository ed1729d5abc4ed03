//! Board: the rows, cells and gates of the main view, derived from the facts.
//!
//! Deliberately absent: where anything stands on the screen, and the frozen order (that is the reader's, in `state`).

pub mod direction;
pub mod index;
pub mod rank;
mod reasons;
pub mod status;
#[cfg(test)]
mod tests;

use crate::delivery::Delivery;
use crate::model::{App, Environment, Repository, Target, Version, Word};
use crate::store::Store;
use jiff::Timestamp;
use rank::Rank;
use status::{GateState, Status, TargetKind};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Which group of rows a fold line stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FoldKind {
    Calm,
    /// Files that no app names.
    Orphans,
    /// Apps without a file.
    NoFile,
}

/// The identity of a row: an app by its name, or an orphan file by its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RowKey {
    pub app: App,
    pub orphan: bool,
}

/// One app across the environments.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    pub key: RowKey,
    pub repositories: Vec<Repository>,
    /// It stands under another row of the same repository (`+`).
    pub under: bool,
    /// One per environment of the delivery, in its order; none where the app is not in that environment.
    pub cells: Vec<Option<Status>>,
    /// The fold that it belongs to; none: it is shown.
    pub fold: Option<FoldKind>,
    /// Of its worst cell.
    pub rank: Rank,
}

/// All rows in their own order: worst first, then by name.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Board {
    pub environments: Vec<Environment>,
    pub rows: Vec<Row>,
    /// How often each word stands on the board, worst first.
    pub counts: BTreeMap<Word, usize>,
    /// Gates that were closed for many apps at once.
    pub holds: Vec<Hold>,
    /// Where each row stands: every line of every frame asks for its own.
    places: HashMap<RowKey, usize>,
}

/// One sentence at the top: who closed the gate between two environments, for how many apps.
#[derive(Clone, PartialEq, Debug)]
pub struct Hold {
    pub from: Environment,
    pub into: Environment,
    pub apps: usize,
    pub by: String,
    pub since: Option<jiff::Timestamp>,
    pub reason: Option<String>,
}

/// From this many apps on a closed gate is said once at the top, not in every row.
const MANY: usize = 5;

impl Board {
    pub fn new(store: &Store, delivery: &Delivery, now: Timestamp) -> Self {
        let environments: Vec<Environment> = delivery
            .environments
            .iter()
            .map(|s| s.name.clone())
            .collect();
        let mut statuses: BTreeMap<RowKey, Vec<Option<Status>>> = BTreeMap::new();
        for status in status::all(store, delivery, now) {
            let Some(place) = environments
                .iter()
                .position(|e| *e == status.target.environment)
            else {
                continue;
            };
            let key = RowKey {
                app: status.target.app.clone(),
                orphan: status.kind == TargetKind::Orphan,
            };
            let cells = statuses
                .entry(key)
                .or_insert_with(|| vec![None; environments.len()]);
            cells[place] = Some(status);
        }
        let holds = holds(&environments, &statuses);
        let mut counts = BTreeMap::new();
        for word in statuses
            .values()
            .flatten()
            .flatten()
            .flat_map(|status| shown(&holds, status))
        {
            *counts.entry(word).or_default() += 1;
        }
        let mut rows: Vec<Row> = statuses
            .into_iter()
            .map(|(key, cells)| row(key, cells, &holds, delivery, now))
            .collect();
        group(&mut rows);
        let places = rows.iter().enumerate();
        Board {
            environments,
            places: places.map(|(at, row)| (row.key.clone(), at)).collect(),
            rows,
            counts,
            holds,
        }
    }

    pub fn row(&self, key: &RowKey) -> Option<&Row> {
        self.rows.get(*self.places.get(key)?)
    }

    /// The row and column of a target.
    pub fn find(&self, target: &Target) -> Option<(&Row, usize)> {
        let column = self
            .environments
            .iter()
            .position(|e| *e == target.environment)?;
        // Where an app and an orphan file have one name, the one that stands first is meant.
        let of = |orphan| {
            self.places.get(&RowKey {
                app: target.app.clone(),
                orphan,
            })
        };
        let place = of(false).into_iter().chain(of(true)).min()?;
        Some((self.rows.get(*place)?, column))
    }

    /// The status of a target.
    pub fn status(&self, target: &Target) -> Option<&Status> {
        let (row, column) = self.find(target)?;
        row.cells.get(column)?.as_ref()
    }

    /// Whether a cell's own row says that it is held, or the line at the top says it for many.
    pub fn is_held_at_the_top(&self, status: &Status) -> bool {
        is_held_at_the_top(&self.holds, status)
    }
}

fn is_held_at_the_top(holds: &[Hold], status: &Status) -> bool {
    holds
        .iter()
        .any(|hold| hold.into == status.target.environment)
}

/// The words that a cell shows: a hold of many apps and a source that cannot be read are said once at the top.
pub fn shown<'a>(holds: &'a [Hold], status: &'a Status) -> impl Iterator<Item = Word> + 'a {
    let held_at_top = is_held_at_the_top(holds, status);
    status
        .attention
        .iter()
        .copied()
        .filter(move |word| *word != Word::Unread && !(*word == Word::Held && held_at_top))
}

fn row(
    key: RowKey,
    cells: Vec<Option<Status>>,
    holds: &[Hold],
    delivery: &Delivery,
    now: Timestamp,
) -> Row {
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
            .and_then(|below| cells[below].as_ref());
        let production = delivery
            .environments
            .get(column)
            .is_some_and(|e| e.production);
        let words = cell
            .iter()
            .flat_map(|status| shown(holds, status).map(move |word| (status, word)));
        words.map(move |(status, word)| Rank::new(word, status, below, production, now))
    });
    let worst = ranks.min();
    let fold = match kind {
        Some(TargetKind::Orphan) => Some(FoldKind::Orphans),
        Some(TargetKind::NoFile) => Some(FoldKind::NoFile),
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
    }
}

/// Rows of one repository stand together, the leading app first; then groups by rank, then by name.
fn group(rows: &mut [Row]) {
    let family = |row: &Row| -> (bool, Repository) {
        (
            row.key.orphan,
            row.repositories
                .first()
                .cloned()
                .unwrap_or_else(|| Repository::new(row.key.app.as_str())),
        )
    };
    let twin = |row: &Row| row.cells.iter().flatten().any(|s| s.twin);
    let mut ranks: BTreeMap<(bool, Repository), Rank> = BTreeMap::new();
    let mut leaders: BTreeMap<(bool, Repository), (bool, RowKey)> = BTreeMap::new();
    for row in rows.iter() {
        let rank = ranks.entry(family(row)).or_insert(row.rank);
        *rank = (*rank).min(row.rank);
        let leader = leaders
            .entry(family(row))
            .or_insert_with(|| (twin(row), row.key.clone()));
        if (twin(row), &row.key) < (leader.0, &leader.1) {
            *leader = (twin(row), row.key.clone());
        }
    }
    rows.sort_by_cached_key(|row| {
        let family = family(row);
        let leader = leaders.get(&family).map(|(_, key)| key.clone());
        let leads = leader.as_ref() == Some(&row.key);
        (ranks.get(&family).copied(), leader, !leads, row.key.clone())
    });
    for row in rows.iter_mut() {
        row.under = leaders
            .get(&family(row))
            .is_some_and(|(_, key)| *key != row.key);
        if row.under {
            // A family is shown or folded as one.
            row.rank = ranks.get(&family(row)).copied().unwrap_or(row.rank);
        }
    }
    let shown: BTreeSet<(bool, Repository)> = rows
        .iter()
        .filter(|r| r.fold.is_none())
        .map(family)
        .collect();
    for row in rows
        .iter_mut()
        .filter(|row| row.fold == Some(FoldKind::Calm))
    {
        if shown.contains(&family(row)) {
            row.fold = None;
        }
    }
}

fn holds(
    environments: &[Environment],
    statuses: &BTreeMap<RowKey, Vec<Option<Status>>>,
) -> Vec<Hold> {
    let mut holds = Vec::new();
    for (column, into) in environments.iter().enumerate().skip(1) {
        let held: Vec<&Status> = statuses
            .values()
            .filter_map(|cells| cells[column].as_ref())
            .filter(|s| s.gate_in.state == GateState::Held && s.kind == TargetKind::App)
            .collect();
        if held.len() < MANY {
            continue;
        }
        let newest = held.iter().max_by_key(|s| s.gate_in.since);
        holds.push(Hold {
            from: environments[column - 1].clone(),
            into: into.clone(),
            apps: held.len(),
            by: newest
                .and_then(|s| s.gate_in.by.as_deref())
                .unwrap_or("somebody")
                .to_owned(),
            since: newest.and_then(|s| s.gate_in.since),
            reason: None,
        });
    }
    holds
}
