//! Tail: reading the journal from where it was read last, whichever console wrote on.
//!
//! Deliberately absent: holding the file. It is read line by line, so that its length costs no memory.

use super::Entry;
use super::line::{self, Unreadable};
use super::paths::JournalPaths;
use crate::private_file::{identity, open_to_read};
use jiff::Timestamp;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;

/// No entry is longer; what is cannot be read.
pub(super) const LONGEST: u64 = 4 << 20;
/// Unreadable lines that are remembered by their place for each file.
const REMEMBERED: usize = 1000;

/// What was read since the last look.
#[derive(Debug, Default, PartialEq)]
pub struct News {
    /// A file was replaced, so that the entries are all that there are and what was known before is void.
    pub afresh: bool,
    pub entries: Vec<Entry>,
    /// All unreadable lines, where they are others than at the last look.
    pub unreadable: Option<Vec<Unreadable>>,
}

/// Reads what was appended since the last look.
#[derive(Clone, Debug)]
pub struct Tail {
    files: Vec<Followed>,
    reported: Vec<Unreadable>,
}

impl Tail {
    /// A reader that begins at the beginning.
    pub fn new(paths: &JournalPaths) -> Self {
        let files = paths.files().iter();
        Self {
            files: files.map(|path| Followed::new(path.clone())).collect(),
            reported: Vec::new(),
        }
    }

    /// New entries, as [`Tail::read_each`] orders them.
    pub fn read(&mut self) -> News {
        let mut entries = Vec::new();
        let afresh = self.read_each(|entry| entries.push(entry));
        let unreadable = self.unreadable(false);
        let changed = unreadable != self.reported;
        if changed {
            self.reported.clone_from(&unreadable);
        }
        News {
            afresh,
            entries,
            unreadable: changed.then_some(unreadable),
        }
    }

    /// Passes new entries on: those of one file in the order in which they were written, whatever their clocks say, and
    /// files among each other by time. A line without its end is left for the next look; files that cannot be read are
    /// passed over. True: a file was replaced, and all were read from their beginning.
    pub fn read_each(&mut self, mut each: impl FnMut(Entry)) -> bool {
        let afresh = self.files.iter().any(Followed::was_replaced);
        if afresh {
            for file in &mut self.files {
                *file = Followed::new(std::mem::take(&mut file.path));
            }
        }
        let mut reading: Vec<Reading<'_>> =
            self.files.iter_mut().filter_map(Reading::begin).collect();
        loop {
            let earliest = reading
                .iter_mut()
                .filter(|file| file.next.is_some())
                .min_by_key(|file| file.followed.latest);
            let Some(file) = earliest else {
                return afresh;
            };
            if let Some(entry) = file.next.take() {
                each(entry);
            }
            file.advance();
        }
    }

    /// The lines that could not be read so far. A last line without its end counts if it has not changed since the look
    /// before, or if this is the only look.
    pub fn unreadable(&self, for_good: bool) -> Vec<Unreadable> {
        let files = self.files.iter();
        files.flat_map(|file| file.unreadable(for_good)).collect()
    }
}

/// One file, and how far it was read.
#[derive(Clone, Debug)]
struct Followed {
    path: PathBuf,
    identity: Option<(u64, u64)>,
    /// What is read next: the byte, and the line counted from 1.
    byte: u64,
    line: u64,
    /// The time of the entries read so far: it never goes back.
    latest: Timestamp,
    modified: Timestamp,
    /// Lines that could not be read; no time: nothing readable came after them yet.
    unreadable: Vec<(Unreadable, Option<Timestamp>)>,
    /// The bytes after the last end of a line, now and at the look before.
    unfinished: u64,
    unfinished_before: u64,
}

impl Followed {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            identity: None,
            byte: 0,
            line: 1,
            latest: Timestamp::MIN,
            modified: Timestamp::MIN,
            unreadable: Vec::new(),
            unfinished: 0,
            unfinished_before: 0,
        }
    }

    /// Whether another file stands at the path than the one that was read, or the same with less in it.
    fn was_replaced(&self) -> bool {
        let Ok(about) = std::fs::metadata(&self.path) else {
            return false;
        };
        self.identity.is_some_and(|known| known != identity(&about)) || about.len() < self.byte
    }

    fn add_unreadable(&mut self, because: String) {
        if let Some((last, None)) = self.unreadable.last_mut() {
            last.lines += 1;
            return;
        }
        if self.unreadable.len() < REMEMBERED {
            self.unreadable.push((self.lines_here(because), None));
        }
    }

    fn lines_here(&self, because: String) -> Unreadable {
        Unreadable {
            file: self.path.clone(),
            line: self.line,
            lines: 1,
            byte: self.byte,
            before: self.modified,
            because,
        }
    }

    fn unreadable(&self, for_good: bool) -> impl Iterator<Item = Unreadable> {
        let stays = for_good || self.unfinished == self.unfinished_before;
        let torn = (self.unfinished > 0 && stays)
            .then(|| self.lines_here("it has no end: writing it was interrupted".to_owned()));
        let known = self.unreadable.iter().map(|(lines, before)| Unreadable {
            before: before.unwrap_or(self.modified),
            ..lines.clone()
        });
        known.chain(torn)
    }
}

/// A file while it is read, with the entry that comes next.
struct Reading<'a> {
    followed: &'a mut Followed,
    reader: BufReader<File>,
    next: Option<Entry>,
    bytes: Vec<u8>,
}

impl<'a> Reading<'a> {
    /// None: there is nothing to read.
    fn begin(followed: &'a mut Followed) -> Option<Self> {
        let mut file = open_to_read(&followed.path).ok()?;
        let about = file.metadata().ok()?;
        followed.identity = Some(identity(&about));
        followed.modified = about
            .modified()
            .ok()
            .and_then(|time| Timestamp::try_from(time).ok())
            .unwrap_or(Timestamp::MAX);
        followed.unfinished_before = std::mem::take(&mut followed.unfinished);
        if about.len() <= followed.byte {
            return None;
        }
        file.seek(SeekFrom::Start(followed.byte)).ok()?;
        let mut reading = Self {
            followed,
            reader: BufReader::with_capacity(1 << 16, file),
            next: None,
            bytes: Vec::new(),
        };
        reading.advance();
        Some(reading)
    }

    /// Goes on to the next entry, noting the lines before it that cannot be read.
    fn advance(&mut self) {
        // A disk that cannot be read ends the file here; the next look tries again.
        while let Ok(Some(length)) = self.next_line() {
            if length > 1 {
                match line::read(&self.bytes) {
                    Ok(entry) => {
                        let latest = self.followed.latest.max(entry.at);
                        self.followed.latest = latest;
                        if let Some((_, before @ None)) = self.followed.unreadable.last_mut() {
                            *before = Some(latest);
                        }
                        self.next = Some(entry);
                    }
                    Err(because) => self.followed.add_unreadable(because),
                }
            }
            self.followed.byte += length;
            self.followed.line += 1;
            if self.next.is_some() {
                return;
            }
        }
    }

    /// Reads one whole line into `bytes`, without its end, and says how long it is with it. None: there is no whole one.
    fn next_line(&mut self) -> io::Result<Option<u64>> {
        self.bytes.clear();
        let mut length = 0;
        loop {
            let limited = &mut (&mut self.reader).take(LONGEST);
            let read = limited.read_until(b'\n', &mut self.bytes)? as u64;
            length += read;
            if self.bytes.last() == Some(&b'\n') {
                self.bytes.pop();
                return Ok(Some(length));
            }
            if read < LONGEST {
                self.followed.unfinished = length;
                return Ok(None);
            }
            // Far too long for an entry: only its end is looked for.
            self.bytes.clear();
            self.bytes.push(b' ');
        }
    }
}
