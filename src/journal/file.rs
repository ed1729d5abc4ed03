//! File: the journal on the disk: JSON lines, appended, one lock among all consoles of a user.
//!
//! An entry counts once it is on the disk, its folder included. The first of the journal's paths that takes it gets it;
//! where none does, nothing may be sent. Deliberately absent: changing a line that was written.

pub use super::paths::JournalPaths;
pub use super::tail::{News, Tail};

use super::{Entry, Journal, archive, line, tail};
use crate::model::{Fault, FaultKind};
use crate::private_file::{could_open, is_still, open};
use jiff::Timestamp;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long to wait between two looks at a lock that another console holds.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How long to wait for another console that notes something, too.
const NOTING: Duration = Duration::from_millis(500);
/// Bytes at the end of the file among which the same may have been noted: consoles see it within seconds of each other.
const NOTED: u64 = 256 * 1024;
/// How often an entry is written again because the file was replaced meanwhile.
const REPLACED: usize = 5;

/// An entry is on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub place: PathBuf,
    /// Names the place and why, where it is not the usual one.
    pub note: Option<String>,
}

/// The one lock that covers deciding, journalling and sending; let go when dropped, or when the process dies.
#[derive(Debug)]
pub struct Lock {
    /// The lock is on the file itself, so whoever replaces the file holds the locks of both.
    #[allow(dead_code, reason = "held until it is dropped")]
    pub(super) files: Vec<File>,
}

/// The journal of one user.
#[derive(Clone, Debug)]
pub struct JournalFile {
    paths: JournalPaths,
}

impl JournalFile {
    pub fn new(paths: JournalPaths) -> Self {
        Self { paths }
    }

    pub fn paths(&self) -> &JournalPaths {
        &self.paths
    }

    /// What is on the disk, folded: all that is not over, and the newest of what is.
    pub fn load(&self) -> Journal {
        let (mut journal, tail) = self.follow();
        journal.unreadable = tail.unreadable(true);
        journal
    }

    /// Everything that is on the disk, folded, nothing left out.
    pub fn load_all(&self) -> Journal {
        let mut journal = Journal::default();
        let mut tail = self.tail();
        tail.read_each(|entry| journal.add_entry(entry));
        journal.unreadable = tail.unreadable(true);
        journal
    }

    /// What [`JournalFile::load`] gives, with the reader of what will be appended.
    pub fn follow(&self) -> (Journal, Tail) {
        let mut journal = Journal::default();
        let mut tail = self.tail();
        tail.read_each(|entry| journal.add_entry_and_shed(entry));
        journal.shed(Timestamp::now());
        journal.unreadable = tail.unreadable(false);
        (journal, tail)
    }

    /// A reader that begins at the beginning.
    pub fn tail(&self) -> Tail {
        Tail::new(&self.paths)
    }

    /// The dated files that plans were moved to when they were over, newest first.
    pub fn archived(&self) -> Vec<JournalFile> {
        let main = self.paths.files().first();
        let mut found = main.map(|main| archive::files(main)).unwrap_or_default();
        found.reverse();
        found
            .into_iter()
            .map(|file| JournalFile::new(JournalPaths::new([file])))
            .collect()
    }

    /// Waits for the lock for at most this long. It is taken on the first path that can be opened. What is over in a
    /// file that has grown long is moved to the archive before the lock is given.
    ///
    /// # Errors
    /// Another console holds it still, or no path can be opened. Nothing was changed.
    pub fn lock(&self, wait: Duration) -> Result<Lock, Fault> {
        let until = Instant::now() + wait;
        loop {
            let (file, path, _) = self.first(open)?;
            match file.try_lock() {
                // Whoever had the lock before may have replaced the file.
                Ok(()) if !is_still(&file, &path) => {}
                Ok(()) => {
                    let mut lock = Lock { files: vec![file] };
                    // A journal that stays long costs time, not safety.
                    if let Err(error) = archive::rotate(&self.paths, &mut lock) {
                        tracing::warn!(%error, "the journal's old plans were not moved to its archive");
                    }
                    return Ok(lock);
                }
                Err(TryLockError::WouldBlock) if Instant::now() < until => {
                    std::thread::sleep(LOOK_AGAIN);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Fault::new(
                        FaultKind::Conflict,
                        "Another console of yours is sending something; nothing was sent by this one.",
                        "Wait for it, then try again.",
                    ));
                }
                Err(TryLockError::Error(error)) => {
                    return Err(Fault::new(
                        FaultKind::Broken,
                        format!("The journal cannot be locked: {error}; nothing was sent."),
                        "Put the journal on a file system that has locks: `journal` in the configuration.",
                    ));
                }
            }
        }
    }

    /// Whether an intent could be journalled now; the note says so where it is not the usual place. Asking writes nothing.
    ///
    /// # Errors
    /// No path takes it.
    pub fn probe(&self) -> Result<Option<String>, Fault> {
        self.first(could_open).map(|((), _, note)| note)
    }

    /// Appends one entry, and has it on the disk when it returns. What became of a plan always fits: its texts are cut.
    ///
    /// # Errors
    /// No path takes it: what happened to each. An intent that could not be read again is not written.
    pub fn append(&self, entry: &Entry) -> Result<Written, Fault> {
        let line = line::write(&entry.with_short_texts()).map_err(|error| {
            Fault::new(
                FaultKind::Malformed,
                format!("The journal entry cannot be written: {error}."),
                "",
            )
        })?;
        if line.len() as u64 >= tail::LONGEST {
            return Err(Fault::new(
                FaultKind::Malformed,
                format!(
                    "The journal entry has {} MB and could not be read again.",
                    line.len() >> 20
                ),
                "Give a shorter reason.",
            ));
        }
        self.first(|path| append_to(path, &line))
            .map(|((), place, note)| Written { place, note })
    }

    /// Appends what every console sees by itself, unless another one has noted the same meanwhile.
    ///
    /// # Errors
    /// As [`JournalFile::append`].
    pub fn note(&self, entry: &Entry) -> Result<Written, Fault> {
        // As it comes to stand there.
        let entry = &entry.with_short_texts();
        let until = Instant::now() + NOTING;
        let noting = loop {
            let (file, path, note) = self.first(open)?;
            match file.try_lock() {
                Ok(()) if is_still(&file, &path) => break Some((file, path, note)),
                Ok(()) => {}
                Err(_) if Instant::now() < until => std::thread::sleep(LOOK_AGAIN),
                // It is being sent for long: then the line may come to stand twice, which changes nothing.
                Err(_) => break None,
            }
        };
        match noting {
            Some((file, place, note)) if stands_at_the_end(&file, entry).unwrap_or(false) => {
                Ok(Written { place, note })
            }
            // The lock is let go when the line stands.
            _noting => self.append(entry),
        }
    }

    /// Tries the paths in their order.
    fn first<T>(
        &self,
        action: impl Fn(&Path) -> io::Result<T>,
    ) -> Result<(T, PathBuf, Option<String>), Fault> {
        let mut failed: Vec<String> = Vec::new();
        for path in self.paths.files() {
            match action(path) {
                Ok(done) => {
                    let note = (!failed.is_empty()).then(|| {
                        format!(
                            "The journal is written to {} for now, which is emptied from time to time: {}.",
                            path.display(),
                            failed.join("; ")
                        )
                    });
                    return Ok((done, path.clone(), note));
                }
                Err(error) => failed.push(format!("{}: {error}", path.display())),
            }
        }
        let detail = if failed.is_empty() {
            "There is no place for the journal.".to_owned()
        } else {
            format!(
                "The journal can be written nowhere ({}).",
                failed.join("; ")
            )
        };
        Err(Fault::new(
            FaultKind::Broken,
            detail,
            "Nothing is sent until it can: make room, or name a place by `journal` in the configuration.",
        ))
    }
}

/// Appends a line, and again where the file was replaced meanwhile: whoever replaces it reads the old one to its end
/// afterwards, so a line may come to stand twice and never nowhere.
pub(super) fn append_to(path: &Path, line: &[u8]) -> io::Result<()> {
    for _ in 0..REPLACED {
        let mut file = open(path)?;
        append_to_file(&mut file, line)?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        if is_still(&file, path) {
            return Ok(());
        }
    }
    Err(io::Error::other("it is replaced again and again"))
}

fn append_to_file(file: &mut File, line: &[u8]) -> io::Result<()> {
    let length = file.metadata()?.len();
    let mut bytes = Vec::with_capacity(line.len() + 1);
    if length > 0 {
        let mut last = [0];
        file.seek(SeekFrom::Start(length - 1))?;
        file.read_exact(&mut last)?;
        if last != [b'\n'] {
            // A line was torn by a full disk or a dying process: it ends here.
            bytes.push(b'\n');
        }
    }
    bytes.extend_from_slice(line);
    file.write_all(&bytes)?;
    file.sync_all()
}

/// Whether the same was noted of the same plan lately, whenever that was.
fn stands_at_the_end(mut file: &File, entry: &Entry) -> io::Result<bool> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(NOTED)))?;
    let mut end = Vec::new();
    file.take(NOTED).read_to_end(&mut end)?;
    Ok(end
        .split(|byte| *byte == b'\n')
        .filter_map(|text| line::read(text).ok())
        .any(|known| known.plan == entry.plan && known.what == entry.what))
}
