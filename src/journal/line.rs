//! Line: an entry as it stands in the file, with the version of its form; and what is said of a line that cannot be read.
//!
//! Deliberately absent: mending. A line that cannot be read stays as it is, counted and named by its place.

use super::{Entry, HORIZON};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// The version of the form that is written. Lines that name none are of version 0 and mean the same. A form that older
/// versions of leverframe would misread gets the next number.
pub const FORMAT: u32 = 1;

/// Neighbouring lines of one file that cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Unreadable {
    pub file: PathBuf,
    /// The first of them, counted from 1, and how many they are.
    pub line: u64,
    pub lines: u64,
    /// Where the first begins, counted from 0.
    pub byte: u64,
    /// The latest moment at which they can have been written, by the time in the line after them.
    pub before: Timestamp,
    /// What is wrong with the first.
    pub because: String,
}

impl Unreadable {
    /// Whether what they intended may still be under way.
    pub fn may_be_recent(&self, now: Timestamp) -> bool {
        now.duration_since(self.before) < HORIZON
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lines {
            1 => write!(f, "line {}", self.line)?,
            lines => write!(f, "lines {} to {}", self.line, self.line + lines - 1)?,
        }
        write!(
            f,
            " of {} (from byte {}): {}",
            self.file.display(),
            self.byte,
            self.because
        )
    }
}

#[derive(Serialize)]
struct Written<'a> {
    v: u32,
    #[serde(flatten)]
    entry: &'a Entry,
}

#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    v: u32,
}

/// The line of an entry, its end included.
pub(super) fn write(entry: &Entry) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(&Written { v: FORMAT, entry })?;
    line.push(b'\n');
    Ok(line)
}

/// The entry of a line without its end; else why there is none.
pub(super) fn read(line: &[u8]) -> Result<Entry, String> {
    let said = |error: serde_json::Error| format!("it is damaged: {error}");
    let Version { v } = serde_json::from_slice(line).map_err(said)?;
    if v > FORMAT {
        return Err(format!(
            "it is of format {v}, which a newer leverframe wrote; this one reads up to {FORMAT}"
        ));
    }
    serde_json::from_slice(line).map_err(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::What;
    use crate::plan::PlanId;

    fn entry() -> Entry {
        Entry {
            at: Timestamp::UNIX_EPOCH,
            plan: PlanId::new("aaaa"),
            what: What::Tried {
                note: "try 2".into(),
            },
        }
    }

    #[test]
    fn a_line_says_its_version_and_one_without_is_the_first() {
        let line = write(&entry()).unwrap();
        assert!(line.starts_with(b"{\"v\":1,\"at\":"), "{line:?}");
        assert!(line.ends_with(b"}\n"));
        assert_eq!(read(&line), Ok(entry()));
        assert_eq!(read(&serde_json::to_vec(&entry()).unwrap()), Ok(entry()));
    }

    #[test]
    fn a_newer_version_is_named_and_never_guessed_at() {
        let line = String::from_utf8(write(&entry()).unwrap()).unwrap();
        let newer = line.replace("\"v\":1", "\"v\":2");
        let because = read(newer.as_bytes()).unwrap_err();
        assert!(
            because.contains("format 2") && because.contains("newer"),
            "{because}"
        );
    }
}
