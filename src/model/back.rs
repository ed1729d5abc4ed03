//! Back: a roll back of one file, as the journal knows it: from which version, by whom and why.
//!
//! Deliberately absent: the plan that did it, which the journal has.

use super::Version;
use jiff::Timestamp;

/// A version that was taken back on purpose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TakenBack {
    pub from: Version,
    pub to: Version,
    pub at: Timestamp,
    pub by: String,
    pub reason: Option<String>,
    /// An operator said that the present version may stay: nothing is owed any more, and the version that was taken
    /// back is not awaited.
    pub is_left: bool,
}
