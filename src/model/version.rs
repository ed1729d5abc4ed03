//! Version: a tag as it was written, and the little that may be concluded from its text.
//!
//! Deliberately absent: arithmetic. Release numbers skip, so versions are compared, never subtracted.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A version exactly as its file or image spells it (`v1362`, `1.10`, a 40-hex commit).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(Arc<str>);

/// How one version stands to another, where their texts say so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    Lower,
    Same,
    Higher,
    /// Not both of the form `vN`: only history can tell.
    Unknown,
}

/// Above this a `vN` is a timestamp that somebody used as a number (`v1756914795`), not a release.
const HIGHEST_RELEASE: u64 = 9_999_999;

impl Version {
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// N of a release `vN`; none for everything else.
    pub fn number(&self) -> Option<u64> {
        let digits = self.0.strip_prefix('v')?;
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok().filter(|n| *n <= HIGHEST_RELEASE)
    }

    /// A semantic version such as `2.18.3`, with or without a leading `v`.
    fn parts(&self) -> Option<Vec<u64>> {
        let text = self.0.strip_prefix('v').unwrap_or(&self.0);
        let parts: Option<Vec<u64>> = text.split('.').map(|p| p.parse().ok()).collect();
        parts.filter(|p| p.len() == 3)
    }

    /// A build of a branch or of a bare commit: it is not on the way to anywhere.
    pub fn is_branch(&self) -> bool {
        self.number().is_none() && self.parts().is_none()
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

    /// Compares `self` with `other`; numbers of releases only.
    pub fn order(&self, other: &Version) -> Order {
        use std::cmp::Ordering::*;
        if self == other {
            return Order::Same;
        }
        let ordering = match (self.number(), other.number(), self.parts(), other.parts()) {
            (Some(a), Some(b), _, _) => a.cmp(&b),
            (_, _, Some(a), Some(b)) => a.cmp(&b),
            _ => return Order::Unknown,
        };
        match ordering {
            Less => Order::Lower,
            Equal => Order::Same,
            Greater => Order::Higher,
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
    fn numbers_are_compared_as_numbers_and_only_when_both_are_releases() {
        for (a, b, order) in [
            ("v9", "v10", Order::Lower),
            ("v10", "v10", Order::Same),
            ("v3084", "v3083", Order::Higher),
            ("2.9.0", "2.10.0", Order::Lower),
            (
                "v12",
                "9f83e630aa83e630aa83e630aa83e630aa83e630",
                Order::Unknown,
            ),
            ("v1756914795", "v12", Order::Unknown),
            ("1.10", "1.9", Order::Unknown),
            ("v12-on-pg", "v11", Order::Unknown),
        ] {
            assert_eq!(Version::new(a).order(&Version::new(b)), order, "{a} {b}");
        }
    }

    #[test]
    fn branch_builds_are_known_by_their_form() {
        for (text, branch) in [
            ("v12", false),
            ("2.18.3", false),
            ("main", true),
            ("latest", true),
            ("20", true),
            ("v792-on-pg", true),
        ] {
            assert_eq!(Version::new(text).is_branch(), branch, "{text}");
        }
    }
}
