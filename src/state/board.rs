//! Board: what is selected, marked and folded there, and where its rows stand.
//!
//! Deliberately absent: the rows themselves ([`crate::board`]) and the lines that they make ([`super::lines`]).

use super::lines;
use crate::board::{FoldKind, RowKey};
use crate::model::Target;
use jiff::Timestamp;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

#[derive(Debug, Default)]
pub struct BoardUi {
    /// A key was pressed, anywhere: from now on the order is frozen and the selection is the reader's.
    pub touched: bool,
    /// Selection is by identity; it survives reordering and lost connections.
    pub selected: Option<Target>,
    /// The selected line is a fold line rather than a row.
    pub fold: Option<FoldKind>,
    pub filter: String,
    /// The order that rows stand in, frozen while one reads.
    pub order: Arc<Vec<RowKey>>,
    /// The fold that each row is under since the order was taken; all others are in sight.
    pub folds: Arc<HashMap<RowKey, FoldKind>>,
    /// What the filter has found; none where there is no filter.
    pub found: Option<Found>,
    /// The last frames that were drawn before a key was pressed, oldest first.
    pub frames: VecDeque<DrawnBoard>,
    /// Rows that would move if sorted again.
    pub would_move: usize,
    /// Grows when the order is taken or grows.
    pub ordered: u64,
    /// The arrangement of the board that the order was last compared with.
    pub compared: Option<u64>,
    /// What stands on the board, as long as nothing that it depends on changes.
    pub(super) lines: lines::LineCache,
    pub unfolded: BTreeSet<FoldKind>,
    pub marks: BTreeSet<Target>,
    /// First visible line of the table.
    pub top: usize,
}

/// The rows that a filter finds, in the order that they stand in.
#[derive(Clone, Debug)]
pub struct Found {
    pub filter: String,
    /// The revision of the board in which they were found.
    pub revision: u64,
    pub rows: Vec<RowKey>,
}

/// What a frame showed of the board.
#[derive(Clone, Debug)]
pub struct DrawnBoard {
    /// When the terminal had it; none: it is on its way.
    pub shown_at: Option<Timestamp>,
    pub order: Arc<Vec<RowKey>>,
    pub folds: Arc<HashMap<RowKey, FoldKind>>,
    pub selected: Option<Target>,
}
