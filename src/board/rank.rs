//! Rank: which row stands above which: harm to users first, then what is fresh, then the older, then what only differs.

use super::status::Status;
use crate::model::{Now, Word};
use jiff::Timestamp;
use std::cmp::Reverse;

/// Seconds for which trouble counts as fresh.
const FRESH_S: i64 = 86_400;

/// Ordered: the least stands first. Among equals the name decides.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rank {
    /// Users are harmed: what crashes, or could not be migrated, where they are.
    Harm(Word),
    /// Since when it has been so, the newest first, and the word.
    Fresh(Reverse<Timestamp>, Word),
    Older(Word),
    /// No word, but not one version everywhere.
    Differs,
    Calm,
}

impl Rank {
    /// The rank of a word of a cell. `below` is the cell that versions come from.
    pub(super) fn new(
        word: Word,
        status: &Status,
        below: Option<&Status>,
        production: bool,
        now: &Now,
    ) -> Self {
        if production && matches!(word, Word::Crash | Word::Gone | Word::Deleting | Word::Hook) {
            return Rank::Harm(word);
        }
        match since(word, status, below) {
            Some(at) if !now.is_past(at, FRESH_S - 1) => Rank::Fresh(Reverse(at), word),
            _ => Rank::Older(word),
        }
    }
}

/// Since when a cell shows a word, as far as is known.
pub fn since(word: Word, status: &Status, below: Option<&Status>) -> Option<Timestamp> {
    let live = status.live.as_ref();
    match word {
        Word::Crash => live.and_then(|live| live.waiting_since),
        // No fact says since when it is gone.
        Word::Gone | Word::Deleting => None,
        Word::Smoke => status.smoke.as_ref().and_then(|smoke| smoke.at),
        Word::Held => status.gate_in.since,
        Word::Hook | Word::Sync => status.operated.or(status.since),
        // Counted from the arrival of the awaited version in the environment below.
        Word::Stuck => status.since.max(below.and_then(|below| below.since)),
        _ => status.since,
    }
}
