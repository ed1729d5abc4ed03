//! Attention: the words that a troubled cell shows instead of its age, worst first.

use serde::Serialize;

/// Ordered by harm: the first is the worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// Pods of the newest rollout crash or cannot start.
    Crash,
    /// Lower than it was, and nobody meant it.
    Lower,
    /// The smoke run of the declared version failed.
    Smoke,
    /// A hop takes longer than usual.
    Stuck,
    /// The Application is out of sync, degraded or cannot be compared.
    Sync,
    /// A hook of the sync failed.
    Hook,
    /// The gate into this environment was closed lately.
    Held,
    /// A branch build stands where releases should.
    Branch,
    /// Pods of several versions serve.
    Mixed,
    /// The file says something strange.
    Odd,
    /// Not read, or too old to rely on.
    Unread,
}

impl Word {
    pub const ALL: [Word; 11] = [
        Word::Crash,
        Word::Lower,
        Word::Smoke,
        Word::Stuck,
        Word::Sync,
        Word::Hook,
        Word::Held,
        Word::Branch,
        Word::Mixed,
        Word::Odd,
        Word::Unread,
    ];

    /// The word as a cell shows it, at most six letters.
    pub fn label(self) -> &'static str {
        match self {
            Word::Crash => "CRASH",
            Word::Lower => "LOWER",
            Word::Smoke => "SMOKE",
            Word::Stuck => "STUCK",
            Word::Sync => "SYNC",
            Word::Hook => "HOOK",
            Word::Held => "HELD",
            Word::Branch => "BRANCH",
            Word::Mixed => "MIXED",
            Word::Odd => "ODD",
            Word::Unread => "?",
        }
    }
}
