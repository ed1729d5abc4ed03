//! Fault: why a fact could not be had or a write did not happen, and what to do next.
//!
//! Deliberately absent: retrying. A fault is a value on the screen; its reader decides.

use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The credential is missing, expired or unknown (401, an exec plugin that failed).
    Unauthorized,
    /// The credential may not (403).
    Forbidden,
    NotFound,
    /// Something moved meanwhile (409, 422, a moved scalar).
    Conflict,
    /// Asked to slow down (429).
    Throttled,
    /// No answer: refused, cut, timed out.
    Unreachable,
    /// An answer that cannot be read.
    Malformed,
    /// The server answered that it failed (5xx).
    Broken,
}

impl FaultKind {
    /// Whether the far side is there and said no to what was asked, so that nothing else is to be concluded from it.
    pub fn is_answer_no(self) -> bool {
        matches!(self, FaultKind::Forbidden | FaultKind::NotFound)
    }

    /// Whether what was asked for is refused as long as nobody changes something, so that it is known and not merely
    /// unanswered.
    pub fn is_refusal(self) -> bool {
        self.is_answer_no() || self == FaultKind::Unauthorized
    }
}

/// What went wrong, in which words, and what to do next. Texts are raw; the maker of a fault takes credentials out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fault {
    pub kind: FaultKind,
    /// One sentence: what happened, to what.
    pub detail: String,
    /// What to do next; empty when there is nothing to do but wait.
    pub hint: String,
    /// The errors below it, outermost first, as their libraries word them: for the log file, not for the screen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
}

impl Fault {
    pub fn new(kind: FaultKind, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            hint: hint.into(),
            causes: Vec::new(),
        }
    }

    /// What happened, without the call that met it: for a line that has no room for the sentence.
    pub fn cause(&self) -> &str {
        let cause = self.detail.rsplit_once(": ").map(|(_, cause)| cause);
        cause.unwrap_or(&self.detail)
    }

    /// Keeps an error and what caused it.
    #[must_use]
    pub fn caused_by(mut self, error: &(dyn std::error::Error + 'static)) -> Self {
        let chain = std::iter::successors(Some(error), |error| error.source());
        self.causes = chain.map(ToString::to_string).collect();
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)?;
        if !self.hint.is_empty() {
            write!(f, " {}", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// Whether a credential may do something, asked of the server (`SelfSubjectAccessReview`).
#[derive(Clone, PartialEq, Debug)]
pub struct Permission {
    /// `get`, `list`, `watch`, `create`, `patch`.
    pub verb: std::sync::Arc<str>,
    /// Plural, with its subresource: `workflows`, `pods/log`.
    pub resource: std::sync::Arc<str>,
    pub namespace: std::sync::Arc<str>,
    pub allowed: bool,
    pub reason: Option<std::sync::Arc<str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_what_happened_without_the_call_that_met_it() {
        let fault = |detail| Fault::new(FaultKind::Malformed, detail, "");
        let called = fault("GET /apis/apps/v1/namespaces/apps/deployments: not a list.");
        assert_eq!(called.cause(), "not a list.");
        assert_eq!(fault("no sign of life").cause(), "no sign of life");
    }
}
