//! Paths: the files that the journal may be in, and how one is opened: as ours, for nobody else to read.
//!
//! Deliberately absent: what stands in them.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The journal's name in its folder.
const NAME: &str = "journal.jsonl";

/// The files that the journal may be in, best first. All of them are read; the first that takes an entry gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalPaths(Vec<PathBuf>);

impl JournalPaths {
    /// `journal.jsonl` in the journal's own folder (usually `$XDG_STATE_HOME/leverframe`).
    pub fn usual(folder: &Path) -> Self {
        Self(vec![folder.join(NAME)])
    }

    /// Falls back to a folder that every session of the user finds, whatever its variables say: `leverframe-UID` in
    /// `/var/tmp`, which outlives logging out. Each journal has a file of its own there, named after its folder.
    #[must_use]
    pub fn or_in_common(mut self, common: &Path) -> Self {
        if let Some(folder) = self.0.first().and_then(|file| file.parent()) {
            let uid = rustix::process::geteuid().as_raw();
            let name = folder.to_string_lossy().replace('/', "%");
            // A file's name may have 255 bytes.
            let start = name.ceil_char_boundary(name.len().saturating_sub(200));
            let name = format!("{}.jsonl", &name[start..]);
            self.0
                .push(common.join(format!("leverframe-{uid}")).join(name));
        }
        self
    }

    /// Falls back further to the user's runtime directory.
    #[must_use]
    pub fn or_in_runtime(mut self, runtime: Option<&Path>) -> Self {
        let runtime = runtime.filter(|path| path.is_absolute());
        self.0
            .extend(runtime.map(|path| path.join("leverframe").join(NAME)));
        self
    }

    /// Exactly these, best first.
    pub fn new(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(files.into_iter().collect())
    }

    pub fn files(&self) -> &[PathBuf] {
        &self.0
    }
}

/// Opens a file at a path, made with its folder where it is not there. Nobody else can read it.
pub(super) fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        trust(folder)?;
    }
    let file = open_ours(path, true)?;
    if file.metadata()?.mode() & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// Whether [`open`] would do, found out without making anything.
pub(super) fn could_open(path: &Path) -> io::Result<()> {
    match open_ours(path, false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        opened => return opened.map(|_| ()),
    }
    let there = path.ancestors().skip(1).find(|folder| folder.exists());
    let folder = there.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    if !folder.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    trust(folder)?;
    use rustix::fs::Access;
    Ok(rustix::fs::access(
        folder,
        Access::WRITE_OK | Access::EXEC_OK,
    )?)
}

/// Opens a file to read it, if it is one and ours.
pub(super) fn open_to_read(path: &Path) -> io::Result<File> {
    checked(
        OpenOptions::new()
            .read(true)
            .custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32)
            .open(path)?,
    )
}

/// What tells a file from one that took its path.
pub(super) fn identity(about: &fs::Metadata) -> (u64, u64) {
    (about.dev(), about.ino())
}

fn open_ours(path: &Path, create: bool) -> io::Result<File> {
    checked(
        OpenOptions::new()
            .read(true)
            .append(true)
            .create(create)
            .mode(0o600)
            // A pipe in its place must not make us wait.
            .custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32)
            .open(path)?,
    )
}

fn checked(file: File) -> io::Result<File> {
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it belongs to somebody else"));
    }
    Ok(file)
}

/// A folder that another user made may be exchanged by that user at any time.
fn trust(folder: &Path) -> io::Result<()> {
    let owner = fs::metadata(folder)?.uid();
    if owner == 0 || owner == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    Err(io::Error::other("its folder belongs to somebody else"))
}
