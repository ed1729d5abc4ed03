//! Board: the rows, cells and gates of the main view, derived from the facts.
//!
//! Deliberately absent: where anything stands on the screen, and the frozen order (that is the reader's, in `state`).

mod application;
mod arrange;
pub mod direction;
mod due;
mod former;
pub mod gate;
mod here;
#[cfg(test)]
mod kept;
mod late;
pub mod live;
pub mod rank;
mod reasons;
mod row_keys;
pub mod status;
#[cfg(test)]
mod tests;
mod troubled_file;
#[cfg(test)]
mod troubles;
mod unread;

use crate::delivery::{Delivery, Stage};
use crate::model::{App, Environment, Repository, Target, Word};
use crate::store::{Changed, Store};
pub use arrange::CalmSmoke;
use arrange::{Family, RowOrder};
use due::Due;
use jiff::Timestamp;
use rank::Rank;
use row_keys::RowKeys;
use status::{GateState, ParentState, Status};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// So many apps' rows are derived at once because their moment has come: some 20 ms.
const DUE_AT_ONCE: usize = 1_000;

/// The group of rows that a fold line stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FoldKind {
    Calm,
    /// Rows whose trouble is all muted.
    Muted,
    /// Files that no app names.
    Orphans,
    /// Apps without a file.
    NoFile,
    /// Apps of apps without trouble, which have no line at all.
    Parents,
}

impl FoldKind {
    /// As they stand below the rows.
    pub const BELOW: [FoldKind; 4] = [
        FoldKind::Calm,
        FoldKind::Muted,
        FoldKind::Orphans,
        FoldKind::NoFile,
    ];
}

/// The identity of a row: an app by its name, or an orphan file by its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RowKey {
    pub app: App,
    pub orphan: bool,
}

/// One app in one environment; none where it is not in that environment. Boxed, because most apps are not in all of them and
/// a status is large.
pub type Cell = Option<Box<Status>>;

/// One app across the environments.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    pub key: RowKey,
    pub repositories: Vec<Repository>,
    /// It stands under another row of the same repository (`+`).
    pub under: bool,
    /// One per environment of the delivery, in its order.
    pub cells: Vec<Cell>,
    /// The fold that it belongs to; none: it is shown.
    pub fold: Option<FoldKind>,
    /// The rank of its worst cell.
    pub rank: Rank,
    /// Rank and fold of this row alone, before those of its family count.
    alone: (Rank, Option<FoldKind>),
}

impl Row {
    /// Its cells, where there are any, in the delivery's order.
    pub fn statuses(&self) -> impl DoubleEndedIterator<Item = &Status> {
        self.cells.iter().flatten().map(Box::as_ref)
    }
}

/// All rows in their own order: worst first, then by name.
///
/// It is kept between facts: a new fact derives and moves only the rows of its app.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Board {
    pub environments: Vec<Environment>,
    /// How often each word stands on the board, worst first.
    pub counts: BTreeMap<Word, usize>,
    /// Gates that were closed for many apps at once.
    pub holds: Vec<Hold>,
    rows: HashMap<RowKey, Row>,
    order: BTreeSet<RowOrder>,
    places: HashMap<RowKey, RowOrder>,
    families: HashMap<Family, RowKeys>,
    /// Whose versions stand in which rows.
    of_repository: HashMap<Repository, RowKeys>,
    /// The rows whose gate into a column is held.
    held: Vec<BTreeSet<RowKey>>,
    /// Which columns are production's, and the moment that ages are counted to.
    production: Vec<bool>,
    now: Timestamp,
    /// Whose rows change when a moment comes.
    due: Due,
    /// How many gates into a column are open and closed by hand; a hold of many counts as said at the top.
    gates: Vec<BTreeMap<GateState, usize>>,
    /// The rows with a cell whose declared version failed its smoke run.
    smoke_failed: BTreeSet<RowKey>,
    /// The facts about parents that every row of their environments depends on.
    parents: Vec<ParentState>,
    /// The row of the parents themselves; none where the delivery names none.
    parent: Option<RowKey>,
    /// Grows when rows come, go, move, fold or unfold.
    arranged: u64,
    /// Grows with every row that changes.
    revision: u64,
    calm: CalmSmoke,
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

impl Board {
    /// Derives all rows from all facts.
    pub fn new(store: &Store, delivery: &Delivery, now: Timestamp) -> Self {
        let mut board = Board::default();
        board.rebuild(store, delivery, now);
        board
    }

    /// Derives again what depends on the facts that changed, and what says something else by now though no fact did: some
    /// thousand rows of the latter at once, so that no frame is late ([`Board::is_due`] tells whether more wait).
    pub fn refresh(
        &mut self,
        changed: &Changed,
        store: &Store,
        delivery: &Delivery,
        now: Timestamp,
    ) {
        // What was concluded at a later moment holds for no earlier one.
        let is_set_back = now.duration_since(self.now).as_secs() < 0;
        if changed.everything || is_set_back || self.parents != parents(store, delivery) {
            self.rebuild(store, delivery, now);
            return;
        }
        if store.tree.is_none() {
            return;
        }
        self.now = now;
        let mut apps: BTreeSet<App> = changed.apps.iter().map(|app| App::new(app)).collect();
        let grown = changed.repositories.iter();
        let rows = grown.filter_map(|repository| self.of_repository.get(repository));
        apps.extend(rows.flat_map(RowKeys::iter).map(|key| key.app.clone()));
        apps.extend(self.due.apps(now).take(DUE_AT_ONCE).cloned());
        for app in apps {
            self.due.forget(&app);
            let (rows, until) = status::rows_called(store, delivery, &app, now);
            self.due.note(&app, until);
            for (key, cells) in rows {
                self.put(key, cells);
            }
        }
        self.hold_again();
    }

    /// Derives all rows from all facts, in the place of what stood here.
    pub fn rebuild(&mut self, store: &Store, delivery: &Delivery, now: Timestamp) {
        let (arranged, revision) = (self.arranged, self.revision);
        *self = Board {
            environments: stages(delivery, |stage| stage.name.clone()),
            held: vec![BTreeSet::new(); delivery.environments.len()],
            gates: vec![BTreeMap::new(); delivery.environments.len()],
            production: stages(delivery, |stage| stage.production),
            now,
            parents: parents(store, delivery),
            parent: delivery.argo_cd.as_ref().and_then(|argo_cd| {
                let app = App::new(argo_cd.parent.as_deref()?);
                Some(RowKey { app, orphan: false })
            }),
            arranged: arranged + 1,
            revision: revision + 1,
            ..Board::default()
        };
        let mut rows: BTreeMap<RowKey, Vec<Cell>> = BTreeMap::new();
        // Only git says which apps there are; before it was read a board of parents alone would mislead.
        if store.tree.is_some() {
            status::each(store, delivery, now, |column, status, until| {
                self.due.note(&status.target.app, until);
                let cells = rows
                    .entry(RowKey::of_status(&status))
                    .or_insert_with(|| vec![None; delivery.environments.len()]);
                cells[column] = Some(Box::new(status));
            });
        }
        for (key, cells) in rows {
            self.put(key, cells);
        }
        self.hold_again();
    }

    /// Whether the moment of some rows has come, at which they say something else.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.due.apps(now).next().is_some()
    }

    fn column(&self, environment: &Environment) -> Option<usize> {
        self.environments.iter().position(|e| e == environment)
    }

    /// The rows in their own order.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.order
            .iter()
            .filter_map(|place| self.rows.get(&place.key))
    }

    /// How many rows there are, but for those that no line stands for.
    pub fn len(&self) -> usize {
        let parent = self.parent.as_ref().and_then(|key| self.rows.get(key));
        let is_hidden = parent.is_some_and(|row| row.fold == Some(FoldKind::Parents));
        self.rows.len() - usize::from(is_hidden)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How most gates into an environment stand.
    pub fn usual_gate(&self, column: usize) -> GateState {
        let into = self.environments.get(column);
        if self.holds.iter().any(|hold| Some(&hold.into) == into) {
            return GateState::Held;
        }
        let gates = self.gates.get(column);
        let count = |gate| {
            gates
                .and_then(|gates| gates.get(&gate))
                .copied()
                .unwrap_or(0)
        };
        match (count(GateState::Open), count(GateState::Manual)) {
            (0, 0) => GateState::None,
            (open, manual) if open >= manual => GateState::Open,
            _ => GateState::Manual,
        }
    }

    /// The app of apps of an environment.
    pub fn parent(&self, environment: &Environment) -> Option<&Status> {
        let row = self.rows.get(self.parent.as_ref()?)?;
        row.cells.get(self.column(environment)?)?.as_deref()
    }

    /// The apps of apps by which nothing new reaches their environments now.
    pub fn broken_parents(&self) -> impl Iterator<Item = &Status> {
        let row = self.parent.as_ref().and_then(|key| self.rows.get(key));
        let cells = row.into_iter().flat_map(Row::statuses);
        cells.filter(|status| status.is_broken_parent())
    }

    /// The cells whose declared version failed its smoke run.
    pub fn smoke_failed(&self) -> impl Iterator<Item = &Status> {
        let rows = self
            .smoke_failed
            .iter()
            .filter_map(|key| self.rows.get(key));
        rows.flat_map(Row::statuses)
            .filter(|status| status.has_failed_smoke())
    }

    /// The apps and files that have rows, in no order.
    pub fn apps(&self) -> impl Iterator<Item = &App> {
        self.rows.keys().map(|key| &key.app)
    }

    pub fn row(&self, key: &RowKey) -> Option<&Row> {
        self.rows.get(key)
    }

    /// A number that grows when rows come, go, move, fold or unfold.
    pub fn arranged(&self) -> u64 {
        self.arranged
    }

    /// A number that grows with every row that changes.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What is known of the smoke runs of the calm rows.
    pub fn calm_smoke(&self) -> CalmSmoke {
        self.calm
    }

    /// The row and column of a target.
    pub fn find(&self, target: &Target) -> Option<(&Row, usize)> {
        let column = self.column(&target.environment)?;
        // Where an app and an orphan file share a name, the first of them is meant.
        let place = |orphan| {
            self.places.get(&RowKey {
                app: target.app.clone(),
                orphan,
            })
        };
        let place = place(false).into_iter().chain(place(true)).min()?;
        Some((self.rows.get(&place.key)?, column))
    }

    /// The status of a target.
    pub fn status(&self, target: &Target) -> Option<&Status> {
        let (row, column) = self.find(target)?;
        row.cells.get(column)?.as_deref()
    }

    /// Whether a cell's own row says that it is held, or the line at the top says it for many.
    pub fn is_held_at_the_top(&self, status: &Status) -> bool {
        is_held_at_the_top(&self.holds, status)
    }
}

impl RowKey {
    fn of_status(status: &Status) -> Self {
        Self {
            app: status.target.app.clone(),
            orphan: status.kind == status::TargetKind::Orphan,
        }
    }
}

fn parents(store: &Store, delivery: &Delivery) -> Vec<ParentState> {
    stages(delivery, |stage| {
        status::parent_state(store, delivery, &stage.name)
    })
}

/// Something of each environment, in the delivery's order.
fn stages<T>(delivery: &Delivery, of: impl Fn(&Stage) -> T) -> Vec<T> {
    delivery.environments.iter().map(of).collect()
}

fn is_held_at_the_top(holds: &[Hold], status: &Status) -> bool {
    holds
        .iter()
        .any(|hold| hold.into == status.target.environment)
}

/// The words that a cell shows: a hold of many apps and a source that cannot be read are said once at the top, and
/// a muted cell shows none.
pub fn shown<'a>(holds: &'a [Hold], status: &'a Status) -> impl Iterator<Item = Word> + 'a {
    let held_at_top = is_held_at_the_top(holds, status);
    status
        .attention
        .iter()
        .copied()
        .filter(move |_| status.muted.is_none())
        .filter(move |word| *word != Word::Unread && !(*word == Word::Held && held_at_top))
}
