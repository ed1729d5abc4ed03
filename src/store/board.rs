//! Board: the rows, cells and gates of the main view, derived from the facts.
//!
//! Deliberately absent: where anything stands on the screen, and the frozen order (that is the reader's, in `state`).

use super::status::Status;
use crate::model::{App, Environment, Repository, Word};
use std::collections::BTreeMap;

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
    /// The worst word and the weight of where it stands; smaller is worse.
    pub rank: (usize, usize),
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
