//! Guard: what has to hold of an object at the last moment, so that a patch of it is sent.
//!
//! Deliberately absent: looking. The writer reads the object, and judges it by these.

use serde::{Deserialize, Serialize};

/// What the writer looks at again just before it sends a patch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// `.operation` is absent and no operation runs.
    NoOperation,
    /// The Workflow has not completed, and nobody asked it to shut down since the plan was made: another's harder stop is not
    /// softened.
    NotOver,
}

/// How much of an object may have moved between the plan and its patch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// Nothing: it has to have the resourceVersion that the plan saw. Plans of versions that did not say mean this.
    #[default]
    AsSeen,
    /// Everything but its uid and what the guards say, because what is meant moves all the time.
    WhileGuarded,
}

impl Holds {
    pub(super) fn is_as_seen(&self) -> bool {
        *self == Holds::AsSeen
    }
}
