//! Archive: dated files beside the journal, where plans go that are over once the journal has grown long.
//!
//! What was intended and has no certain outcome stays, and so does every open debt. Deliberately absent: throwing anything
//! away; lines are moved byte by byte.

use super::file::{Lock, append_to};
use super::paths::JournalPaths;
use super::tail::Tail;
use super::{HORIZON, Journal, KEPT, What};
use crate::plan::PlanId;
use crate::private_file::{open, open_to_read};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A journal of so many bytes has what is over moved to its archive.
const LONG: u64 = 8 << 20;
/// A file of the archive takes no further plan when it has so many bytes.
const FULL: u64 = 8 << 20;
/// Fewer plans are not worth replacing the file.
const WORTH_MOVING: usize = KEPT / 4;

/// The files of a journal's archive, oldest first.
pub(super) fn files(journal: &Path) -> Vec<PathBuf> {
    let Some((folder, stem)) = named(journal) else {
        return Vec::new();
    };
    let prefix = format!("{stem}-");
    let is_archive = |name: &str| {
        name.strip_prefix(&prefix)
            .and_then(|rest| rest.strip_suffix(".jsonl"))
            .is_some_and(|date| date.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
    };
    let found = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = found
        .filter(|entry| entry.file_name().to_str().is_some_and(is_archive))
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

fn named(journal: &Path) -> Option<(&Path, &str)> {
    Some((journal.parent()?, journal.file_stem()?.to_str()?))
}

/// Moves what is over to the archive where the journal has grown long, and holds the new file's lock too.
///
/// First the archive is on the disk, then the new journal, then it takes its place: a crash in between leaves plans in both
/// and none in neither.
///
/// # Errors
/// A file could not be read or written. The journal is as it was.
pub(super) fn rotate(paths: &JournalPaths, lock: &mut Lock) -> io::Result<()> {
    let Some(path) = paths.files().first() else {
        return Ok(());
    };
    if fs::metadata(path).map_or(0, |about| about.len()) < LONG {
        return Ok(());
    }
    let now = Timestamp::now();
    let moving = Moving::find(paths, now);
    if moving.over.len() < WORTH_MOVING {
        return Ok(());
    }
    let mut archive = Archive::begin(path, now)?;
    let fresh_path = path.with_extension("new");
    let _ = fs::remove_file(&fresh_path);
    let fresh_file = open(&fresh_path)?;
    fresh_file.lock()?;
    let mut fresh = BufWriter::new(&fresh_file);
    let mut old = BufReader::new(open_to_read(path)?);
    each_line(&mut old, |number, line| {
        if moving.goes(number, line, now) {
            archive.add(&Head::read(line), line)
        } else {
            fresh.write_all(line)
        }
    })?;
    // What was noted elsewhere of these plans, while this file could not be written, goes with them.
    for other in paths.files().iter().skip(1) {
        let Ok(file) = open_to_read(other) else {
            continue;
        };
        each_line(&mut BufReader::new(file), |_, line| {
            let head = Head::read(line);
            match head
                .plan
                .as_ref()
                .is_some_and(|plan| moving.over.contains(plan))
            {
                true => archive.add(&head, line),
                false => Ok(()),
            }
        })?;
    }
    archive.finish()?;
    fresh.flush()?;
    drop(fresh);
    fresh_file.sync_all()?;
    fs::rename(&fresh_path, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    lock.files.push(fresh_file);
    // Notes are appended without the lock; what came until the file was replaced is carried over.
    each_line(&mut old, |_, line| append_to(path, line))?;
    tracing::info!(
        plans = moving.over.len(),
        "plans that are over were moved to the journal's archive"
    );
    Ok(())
}

/// What is moved.
struct Moving {
    over: HashSet<PlanId>,
    kept: Journal,
    /// Unreadable lines that are older than the horizon: the first, and how many.
    unreadable: Vec<(u64, u64)>,
}

impl Moving {
    fn find(paths: &JournalPaths, now: Timestamp) -> Self {
        let mut kept = Journal::default();
        let mut over = HashSet::new();
        let mut tail = Tail::new(paths);
        tail.read_each(|entry| {
            if let What::Intent { plan } = &entry.what {
                over.insert(plan.id.clone());
            }
            kept.add_entry_and_shed(entry);
        });
        kept.shed(now);
        over.retain(|plan| kept.get(plan).is_none());
        let unreadable = tail.unreadable(false).into_iter();
        let unreadable = unreadable
            .filter(|lines| Some(&lines.file) == paths.files().first() && !lines.may_be_recent(now))
            .map(|lines| (lines.line, lines.lines))
            .collect();
        Self {
            over,
            kept,
            unreadable,
        }
    }

    /// Whether a line of the journal goes: those of plans that are over, and what is about no known plan any more.
    fn goes(&self, number: u64, line: &[u8], now: Timestamp) -> bool {
        let head = Head::read(line);
        match (&head.plan, head.at) {
            (Some(plan), _) if self.over.contains(plan) => true,
            (Some(plan), _) if self.kept.get(plan).is_some() => false,
            (Some(_), Some(at)) => now.duration_since(at) > HORIZON,
            _ => self
                .unreadable
                .iter()
                .any(|(first, lines)| (*first..first + lines).contains(&number)),
        }
    }
}

/// What a line says of itself before what it is about.
#[derive(Deserialize, Default)]
struct Head {
    plan: Option<PlanId>,
    at: Option<Timestamp>,
}

impl Head {
    fn read(line: &[u8]) -> Self {
        serde_json::from_slice(line).unwrap_or_default()
    }
}

/// Passes on whole lines with their ends, numbered from 1; what has no end yet is left for the next call.
fn each_line(
    reader: &mut BufReader<File>,
    mut each: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        if line.last() != Some(&b'\n') {
            // A torn line is ended by whoever appends next.
            line.push(b'\n');
        }
        number += 1;
        each(number, &line)?;
    }
}

/// The files that are being written.
struct Archive {
    folder: PathBuf,
    /// `journal-2026-11-21`.
    dated: String,
    /// The number of the newest file.
    number: u32,
    open: Vec<(BufWriter<File>, u64)>,
    /// In which of them each plan is: its entries stay together.
    plans: HashMap<PlanId, usize>,
}

impl Archive {
    fn begin(journal: &Path, now: Timestamp) -> io::Result<Self> {
        let (folder, stem) = named(journal)
            .ok_or_else(|| io::Error::other("the journal's path does not name a file"))?;
        let date = now.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string();
        let mut archive = Self {
            folder: folder.to_owned(),
            dated: format!("{stem}-{date}"),
            number: 1,
            open: Vec::new(),
            plans: HashMap::new(),
        };
        while archive.path().exists() {
            archive.number += 1;
        }
        archive.open_next()?;
        Ok(archive)
    }

    fn path(&self) -> PathBuf {
        self.folder
            .join(format!("{}-{:03}.jsonl", self.dated, self.number))
    }

    fn open_next(&mut self) -> io::Result<()> {
        self.open.push((BufWriter::new(open(&self.path())?), 0));
        Ok(())
    }

    fn add(&mut self, head: &Head, line: &[u8]) -> io::Result<()> {
        if self.open.last().is_some_and(|(_, length)| *length >= FULL) {
            self.number += 1;
            self.open_next()?;
        }
        let newest = self.open.len() - 1;
        let file = match &head.plan {
            Some(plan) => *self.plans.entry(plan.clone()).or_insert(newest),
            None => newest,
        };
        if let Some((writer, length)) = self.open.get_mut(file) {
            writer.write_all(line)?;
            *length += line.len() as u64;
        }
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        for (writer, _) in self.open {
            writer.into_inner()?.sync_all()?;
        }
        File::open(self.folder)?.sync_all()
    }
}
