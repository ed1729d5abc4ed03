//! Line: an entry as it stands in the file, with the version of its form and a checksum; and what is said of a line that
//! cannot be read.
//!
//! Deliberately absent: mending. A line that cannot be read stays as it is, counted and named by its place.

use super::{Entry, HORIZON};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// The version of the form that is written. Lines that name none are of version 0 and mean the same. A form that older
/// versions of leverframe would misread gets the next number. Since version 2 a line has a checksum: one flipped bit in the
/// id of a plan would make it another plan, and what guards the first would be lost in silence.
pub const FORMAT: u32 = 2;
/// How a line of [`FORMAT`] begins, up to its checksum.
const HEAD: &[u8] = br#"{"v":2,"sum":""#;
/// How many hexadecimal digits a checksum (CRC-32) has.
const DIGITS: usize = 8;

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

#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    v: u32,
    sum: Option<serde::de::IgnoredAny>,
}

/// The line of an entry, its end included.
pub(super) fn write(entry: &Entry) -> serde_json::Result<Vec<u8>> {
    let entry = serde_json::to_vec(entry)?;
    let fields = entry.strip_prefix(b"{").unwrap_or_default();
    let sum = format!("{:0DIGITS$x}\",", crc32fast::hash(fields));
    Ok([HEAD, sum.as_bytes(), fields, b"\n"].concat())
}

/// The checksum of a line of [`FORMAT`], and what it is about.
fn summed(line: &[u8]) -> Option<(u32, &[u8])> {
    let (sum, rest) = line.strip_prefix(HEAD)?.split_at_checked(DIGITS)?;
    let sum = u32::from_str_radix(std::str::from_utf8(sum).ok()?, 16).ok()?;
    Some((sum, rest.strip_prefix(b"\",")?))
}

/// The entry of a line without its end; else why there is none.
pub(super) fn read(line: &[u8]) -> Result<Entry, String> {
    let said = |error: serde_json::Error| format!("it is damaged: {error}");
    if let Some((sum, fields)) = summed(line) {
        return match crc32fast::hash(fields) == sum {
            true => serde_json::from_slice(line).map_err(said),
            false => Err("it is damaged: its checksum does not fit".to_owned()),
        };
    }
    let Version { v, sum } = serde_json::from_slice(line).map_err(said)?;
    if v == FORMAT || (v < FORMAT && sum.is_some()) {
        return Err("it is damaged: its checksum cannot be read".to_owned());
    }
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
        let said = format!("{{\"v\":{FORMAT},\"sum\":\"");
        assert!(line.starts_with(said.as_bytes()), "{line:?}");
        assert!(line.ends_with(b"}\n"));
        assert_eq!(read(line.trim_ascii_end()), Ok(entry()));
        // Versions 0 and 1 have no checksum.
        let bare = serde_json::to_string(&entry()).unwrap();
        assert_eq!(read(bare.as_bytes()), Ok(entry()));
        let first = bare.replacen('{', "{\"v\":1,", 1);
        assert_eq!(read(first.as_bytes()), Ok(entry()));
    }

    /// Whichever bit flips, the line says what it said, or it counts as unreadable.
    #[test]
    fn a_flipped_bit_makes_no_other_entry() {
        let line = write(&entry()).unwrap();
        let line = line.trim_ascii_end();
        for bit in 0..line.len() * 8 {
            let mut damaged = line.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let read = read(&damaged);
            assert!(
                read.as_ref().map_or(true, |read| *read == entry()),
                "bit {bit}: {read:?}"
            );
        }
        let flipped = line.iter().rposition(|byte| *byte == b'2').unwrap();
        let mut damaged = line.to_vec();
        damaged[flipped] ^= 1;
        assert_eq!(
            read(&damaged).unwrap_err(),
            "it is damaged: its checksum does not fit"
        );
    }

    #[test]
    fn a_newer_version_is_named_and_never_guessed_at() {
        let line = String::from_utf8(write(&entry()).unwrap()).unwrap();
        let newer = line.replace("\"v\":2", "\"v\":3");
        let because = read(newer.as_bytes()).unwrap_err();
        assert!(
            because.contains("format 3") && because.contains("newer"),
            "{because}"
        );
    }
}
