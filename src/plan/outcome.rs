//! Outcome: how the one write of a plan ended.
//!
//! Deliberately absent: the effects that follow, which feeds show.

use serde::{Deserialize, Serialize};

/// How a write ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// The far side acknowledged; `evidence` is a commit, an object, a link.
    Applied { evidence: String },
    /// A precondition did not hold any more, or the server said conflict. Nothing was changed.
    Refused { because: String },
    /// The server said no. Nothing was changed. `remedy` may offer another mechanism.
    Failed {
        because: String,
        remedy: String,
        /// Nobody said no: it was looked for and was not there, long after it was sent. What was held up on its way can
        /// still arrive.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        lost: bool,
    },
    /// Sent, and no answer came: what became of it is found by looking, never by sending again.
    Unknown { because: String },
}

impl Outcome {
    /// What it says.
    pub(crate) fn texts(&mut self) -> Vec<&mut String> {
        match self {
            Outcome::Applied { evidence: text }
            | Outcome::Refused { because: text }
            | Outcome::Unknown { because: text } => vec![text],
            Outcome::Failed {
                because, remedy, ..
            } => vec![because, remedy],
        }
    }

    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Applied { .. } => "applied",
            Outcome::Refused { .. } => "refused",
            Outcome::Failed { .. } => "failed",
            Outcome::Unknown { .. } => "unknown",
        }
    }
}
