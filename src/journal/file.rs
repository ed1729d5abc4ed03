//! File: the journal on the disk: JSON lines, appended, one lock among all consoles of a user.
//!
//! An entry counts once it is on the disk, its folder included. The first place that takes it gets it: the state directory,
//! else the user's runtime directory; where none does, nothing may be sent. Deliberately absent: rewriting and rotating.

use super::{Entry, Journal};
use crate::model::{Fault, FaultKind};
use jiff::Timestamp;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long to wait between two looks at a lock that another console holds.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Where the journal may be written, best first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places(Vec<PathBuf>);

impl Places {
    /// `journal.jsonl` in the journal's own folder (usually `$XDG_STATE_HOME/leverframe`), then in the folder of that name in
    /// `$XDG_RUNTIME_DIR`, where there is one.
    pub fn usual(folder: &Path, runtime: Option<&Path>) -> Self {
        const NAME: &str = "journal.jsonl";
        let runtime = runtime
            .filter(|path| path.is_absolute())
            .map(|path| path.join("leverframe").join(NAME));
        Self(std::iter::once(folder.join(NAME)).chain(runtime).collect())
    }

    /// Exactly these, best first.
    pub fn new(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(files.into_iter().collect())
    }

    pub fn files(&self) -> &[PathBuf] {
        &self.0
    }
}

/// An entry is on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub place: PathBuf,
    /// Said where it is not the usual place, and why.
    pub note: Option<String>,
}

/// The one lock that covers deciding, journalling and sending; let go when dropped, or when the process dies.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code)] File);

/// The journal of one user.
#[derive(Clone, Debug)]
pub struct JournalFile {
    places: Places,
}

impl JournalFile {
    pub fn new(places: Places) -> Self {
        Self { places }
    }

    /// All that is on the disk, folded; unreadable lines are left out.
    pub fn load(&self) -> Journal {
        let mut journal = Journal::default();
        for entry in self.tail().read() {
            journal.take(entry);
        }
        journal
    }

    /// A reader that begins at the beginning.
    pub fn tail(&self) -> Tail {
        Tail {
            places: self.places.0.iter().map(|path| (path.clone(), 0)).collect(),
            unreadable: 0,
        }
    }

    /// Waits for the lock at most so long. It is taken on the first place that can be opened.
    ///
    /// # Errors
    /// Another console holds it still, or no place can be opened. Nothing was changed.
    pub fn lock(&self, wait: Duration) -> Result<Lock, Fault> {
        let until = Instant::now() + wait;
        let (file, _) = self.first_open()?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock(file)),
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
    /// No place takes it.
    pub fn probe(&self) -> Result<Option<String>, Fault> {
        self.first(could_open).map(|((), _, note)| note)
    }

    /// Appends one entry, and has it on the disk when it returns.
    ///
    /// # Errors
    /// No place takes it: what happened to each.
    pub fn append(&self, entry: &Entry) -> Result<Written, Fault> {
        let mut line = serde_json::to_vec(entry).map_err(|error| {
            Fault::new(
                FaultKind::Malformed,
                format!("The journal entry cannot be written: {error}."),
                "",
            )
        })?;
        line.push(b'\n');
        self.first(|path| append_to(path, &line))
            .map(|((), place, note)| Written { place, note })
    }

    fn first_open(&self) -> Result<(File, Option<String>), Fault> {
        self.first(open).map(|(file, _, note)| (file, note))
    }

    /// Tries the places in their order.
    fn first<T>(
        &self,
        action: impl Fn(&Path) -> io::Result<T>,
    ) -> Result<(T, PathBuf, Option<String>), Fault> {
        let mut failed: Vec<String> = Vec::new();
        for path in &self.places.0 {
            match action(path) {
                Ok(done) => {
                    let note = (!failed.is_empty()).then(|| {
                        format!(
                            "The journal is written to {}, which a restart of the machine empties: {}.",
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

/// Opens the journal at a path, made with its folder where it is not there. Nobody else can read it.
fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let file = journal(path, true)?;
    if file.metadata()?.mode() & 0o077 != 0 {
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    Ok(file)
}

/// Whether [`open`] would do, found out without making anything.
fn could_open(path: &Path) -> io::Result<()> {
    match journal(path, false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        opened => return opened.map(|_| ()),
    }
    let there = path.ancestors().skip(1).find(|folder| folder.exists());
    let folder = there.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    if !folder.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    use rustix::fs::Access;
    Ok(rustix::fs::access(
        folder,
        Access::WRITE_OK | Access::EXEC_OK,
    )?)
}

/// The file itself, if it is one and ours.
fn journal(path: &Path, create: bool) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(create)
        .mode(0o600)
        // A pipe in its place must not make us wait.
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32)
        .open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it belongs to somebody else"));
    }
    Ok(file)
}

fn append_to(path: &Path, line: &[u8]) -> io::Result<()> {
    let mut file = open(path)?;
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
    file.sync_all()?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Reads what was appended since the last look, by whichever console.
#[derive(Clone, Debug)]
pub struct Tail {
    /// Each place with the byte that is read next.
    places: Vec<(PathBuf, u64)>,
    unreadable: usize,
}

impl Tail {
    /// New entries: those of one place in the order in which they were written, whatever their clocks say, and places among
    /// each other by time. A line without its end is left for the next look; places that cannot be read are passed over.
    pub fn read(&mut self) -> Vec<Entry> {
        let mut entries: Vec<(Timestamp, Entry)> = Vec::new();
        for (path, offset) in &mut self.places {
            let mut after = Timestamp::MIN;
            let Ok(bytes) = new_bytes(path, offset) else {
                continue;
            };
            let Some(end) = memchr::memrchr(b'\n', &bytes) else {
                continue;
            };
            *offset += end as u64 + 1;
            for line in bytes[..end].split(|byte| *byte == b'\n') {
                if line.is_empty() {
                    continue;
                }
                match serde_json::from_slice::<Entry>(line) {
                    Ok(entry) => {
                        after = after.max(entry.at);
                        entries.push((after, entry));
                    }
                    Err(_) => self.unreadable += 1,
                }
            }
        }
        entries.sort_by_key(|(after, _)| *after);
        entries.into_iter().map(|(_, entry)| entry).collect()
    }

    /// Lines that were torn, or written by another version of this console.
    pub fn unreadable(&self) -> usize {
        self.unreadable
    }
}

/// The bytes from the offset on; from the beginning where the file is shorter than it was.
fn new_bytes(path: &Path, offset: &mut u64) -> io::Result<Vec<u8>> {
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32)
        .open(path)?;
    let about = file.metadata()?;
    if !about.is_file() || about.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it is no file of ours"));
    }
    if about.len() < *offset {
        *offset = 0;
    }
    let mut bytes = Vec::new();
    if about.len() > *offset {
        file.seek(SeekFrom::Start(*offset))?;
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
