//! Version: a tag as it was written.
//!
//! Deliberately absent: what its text says (a release, a branch build, higher or lower), which each delivery has its own
//! forms for ([`crate::delivery::versions`]), and arithmetic: release numbers skip.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A version exactly as its file or image spells it (`v1362`, `1.10`, a 40-hex commit).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(Arc<str>);

/// The order of two versions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    Lower,
    Same,
    Higher,
    /// Nothing puts the two in order.
    Unknown,
}

impl From<std::cmp::Ordering> for Order {
    fn from(ordering: std::cmp::Ordering) -> Self {
        match ordering {
            std::cmp::Ordering::Less => Order::Lower,
            std::cmp::Ordering::Equal => Order::Same,
            std::cmp::Ordering::Greater => Order::Higher,
        }
    }
}

impl Version {
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A full commit id.
    pub fn is_commit(&self) -> bool {
        self.0.len() == 40 && self.0.bytes().all(|b| b.is_ascii_hexdigit())
    }

    /// The version as people say it: a commit by its first seven digits, everything else whole.
    pub fn short(&self) -> &str {
        if self.is_commit() {
            &self.0[..7]
        } else {
            &self.0
        }
    }
}

impl From<&str> for Version {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_said_by_its_first_digits_and_everything_else_whole() {
        for (text, short) in [
            ("9f83e630aa83e630aa83e630aa83e630aa83e630", "9f83e63"),
            ("1.10", "1.10"),
            ("sha-8f3c1a9", "sha-8f3c1a9"),
        ] {
            assert_eq!(Version::new(text).short(), short);
        }
    }
}
