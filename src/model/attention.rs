//! Attention: the words that a troubled cell shows instead of its age, one row each, worst first.

use crate::lever::Lever;
use serde::{Deserialize, Serialize};

/// How serious a word is; colours repeat it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Gravity {
    /// Harm that happens.
    Harm,
    /// Harm that may come.
    Risk,
    /// Somebody meant it.
    Meant,
    /// Something strange was found.
    Strange,
    /// Nothing is known.
    Unknown,
}

table! {
    /// Ordered by harm: the first is the worst.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Word: WordRow {
        /// The word as a cell shows it, at most eight letters; those beyond six take them from the version.
        label: &'static str,
        /// One sentence: what it says of the target.
        help: &'static str,
        gravity: Gravity,
        /// The levers against it, the first to pull first; none where they depend on what it is.
        levers: &'static [Lever],
    }
    Crash {
        label: "CRASH",
        help: "Pods of the newest rollout crash, now or again and again, or cannot start.",
        gravity: Gravity::Harm,
        levers: &[Lever::RollBack, Lever::Hold],
    }
    Gone {
        label: "GONE",
        help: "No Application where one should be: nothing is delivered there.",
        gravity: Gravity::Harm,
        levers: &[Lever::Refresh],
    }
    Deleting {
        label: "DELETING",
        help: "Its Application is being deleted, and what runs goes with it.",
        gravity: Gravity::Harm,
        levers: &[],
    }
    Lower {
        label: "LOWER",
        help: "Lower than it was, and nobody meant it.",
        gravity: Gravity::Harm,
        levers: &[Lever::Promote],
    }
    Smoke {
        label: "SMOKE",
        help: "The smoke run of the declared version failed.",
        gravity: Gravity::Harm,
        levers: &[Lever::Resubmit],
    }
    Hook {
        label: "HOOK",
        help: "A hook of the sync failed, be it tried again or not.",
        gravity: Gravity::Harm,
        levers: &[Lever::Sync, Lever::RollBack, Lever::Hold],
    }
    Stuck {
        label: "STUCK",
        help: "A hop takes longer than usual, or nothing moves until somebody lets it.",
        gravity: Gravity::Risk,
        levers: &[],
    }
    Sync {
        label: "SYNC",
        help: "Out of sync, failing to sync, degraded, or cannot be compared.",
        gravity: Gravity::Risk,
        levers: &[Lever::Sync],
    }
    /// Debt open: what was rolled back from may wait below, or has come again.
    Back {
        label: "BACK",
        help: "Rolled back on purpose, and something is still owed; or what was rolled back came again by itself.",
        gravity: Gravity::Meant,
        levers: &[Lever::Hold, Lever::Release],
    }
    Held {
        label: "HELD",
        help: "The gate into this environment was closed lately.",
        gravity: Gravity::Meant,
        levers: &[Lever::Release],
    }
    Branch {
        label: "BRANCH",
        help: "A branch build stands where releases should.",
        gravity: Gravity::Meant,
        levers: &[Lever::RollBack],
    }
    Mixed {
        label: "MIXED",
        help: "Pods of several versions serve.",
        gravity: Gravity::Risk,
        levers: &[],
    }
    Odd {
        label: "ODD",
        help: "The file says something strange.",
        gravity: Gravity::Strange,
        levers: &[],
    }
    /// Not read, or too old to rely on.
    Unread {
        label: "?",
        help: "Not read, or too old to rely on.",
        gravity: Gravity::Unknown,
        levers: &[],
    }
}
