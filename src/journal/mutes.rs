//! Mutes: the file `mutes.jsonl` beside the journal: who muted which cell until when and why, and who lifted it.
//!
//! The last line of a target counts. Deliberately absent: whether a mute still covers its cell ([`Mute::covers`]).

use super::file::append_to;
use super::{FORMAT, JournalPaths};
use crate::model::{Fault, FaultKind, Mute, Target};
use crate::private_file::{identity, open_to_read};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::SystemTime;

/// The file's name in the journal's folder.
const NAME: &str = "mutes.jsonl";
/// More than a person mutes in years.
const LARGEST: u64 = 4 * 1024 * 1024;

/// One line.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MuteEntry {
    Muted(Mute),
    Lifted {
        target: Target,
        by: String,
        at: Timestamp,
    },
}

#[derive(Serialize, Deserialize)]
struct Line {
    v: u32,
    #[serde(flatten)]
    entry: MuteEntry,
}

/// What the file says, and how many of its lines cannot be read.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Mutes {
    pub mutes: BTreeMap<Target, Mute>,
    pub unreadable: usize,
}

/// What tells one state of the file from another.
type Stamp = Option<((u64, u64), u64, Option<SystemTime>)>;

/// The file, and what it was when it was read last.
#[derive(Clone, Debug)]
pub struct MuteFile {
    path: Option<PathBuf>,
    read: Option<Stamp>,
}

impl MuteFile {
    /// Beside the journal in its usual place.
    pub fn beside(journal: &JournalPaths) -> Self {
        let folder = journal.files().first().and_then(|file| file.parent());
        Self {
            path: folder.map(|folder| folder.join(NAME)),
            read: None,
        }
    }

    /// What it says, where it has changed since it was read last.
    pub fn news(&mut self) -> Option<Mutes> {
        let path = self.path.as_ref()?;
        let stamp: Stamp = fs::metadata(path)
            .ok()
            .map(|about| (identity(&about), about.len(), about.modified().ok()));
        if self.read == Some(stamp) {
            return None;
        }
        self.read = Some(stamp);
        Some(self.load())
    }

    fn load(&self) -> Mutes {
        let mut text = Vec::new();
        let read = self
            .path
            .as_ref()
            .map(|path| open_to_read(path)?.take(LARGEST).read_to_end(&mut text));
        match read {
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "the mutes cannot be read");
                Mutes {
                    unreadable: 1,
                    ..Mutes::default()
                }
            }
            _ => Mutes::of_lines(&text),
        }
    }

    /// Appends a line, and has it on the disk when it returns.
    ///
    /// # Errors
    /// The file cannot be written; nothing was muted or lifted.
    pub fn append(&self, entry: &MuteEntry) -> Result<(), Fault> {
        let line = Line {
            v: FORMAT,
            entry: entry.clone(),
        };
        let written = serde_json::to_vec(&line)
            .map_err(io::Error::from)
            .and_then(|mut line| {
                line.push(b'\n');
                let path = self.path.as_ref().ok_or(io::ErrorKind::NotFound)?;
                append_to(path, &line)
            });
        written.map_err(|error| {
            Fault::new(
                FaultKind::Broken,
                format!(
                    "The file of mutes cannot be written: {error}. Nothing was muted or lifted."
                ),
                "Make room, or name a place by `journal` in the configuration.",
            )
        })
    }
}

impl Mutes {
    fn of_lines(text: &[u8]) -> Self {
        let mut all = Mutes::default();
        for line in text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            match serde_json::from_slice::<Line>(line) {
                Ok(Line { v, entry }) if v <= FORMAT => match entry {
                    MuteEntry::Muted(mute) => drop(all.mutes.insert(mute.target.clone(), mute)),
                    MuteEntry::Lifted { target, .. } => drop(all.mutes.remove(&target)),
                },
                _ => all.unreadable += 1,
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Until;

    fn mute(app: &str, reason: &str) -> Mute {
        Mute {
            target: Target::new("staging", app),
            until: Until::Moment(Timestamp::UNIX_EPOCH),
            reason: reason.into(),
            by: "alice".into(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_last_line_of_a_target_counts_and_a_torn_one_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let journal = JournalPaths::usual(folder.path());
        let mut file = MuteFile::beside(&journal);
        assert_eq!(file.news(), Some(Mutes::default()));
        assert_eq!(file.news(), None);
        for entry in [
            MuteEntry::Muted(mute("publisher", "first")),
            MuteEntry::Muted(mute("publisher", "second")),
            MuteEntry::Muted(mute("frontend", "lifted again")),
            MuteEntry::Lifted {
                target: Target::new("staging", "frontend"),
                by: "bob".into(),
                at: Timestamp::UNIX_EPOCH,
            },
        ] {
            file.append(&entry).unwrap();
        }
        let path = folder.path().join(NAME);
        append_to(&path, b"{\"v\":1,\"muted\":{\"tar\n").unwrap();
        append_to(&path, b"{\"v\":9,\"hidden\":{}}\n").unwrap();
        let mutes = file.news().unwrap();
        assert_eq!(mutes.mutes.len(), 1);
        assert_eq!(
            mutes.mutes[&Target::new("staging", "publisher")].reason,
            "second"
        );
        assert_eq!(mutes.unreadable, 2);
        assert_eq!(file.news(), None);
    }
}
