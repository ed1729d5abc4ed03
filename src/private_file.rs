//! Private file: a file that only this user's consoles write, that nobody else can read and that nobody else has put
//! there.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Opens a file to append to it, made with its folder where it is not there.
///
/// # Errors
/// When it cannot be opened, is no file, or belongs to somebody else, as its folder may.
pub fn open(path: &Path) -> io::Result<File> {
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

/// Whether [`open`] would succeed, without making anything.
///
/// # Errors
/// Why it would not.
pub fn could_open(path: &Path) -> io::Result<()> {
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

/// Opens a file to read it.
///
/// # Errors
/// When it cannot be opened, is no file, or belongs to somebody else.
pub fn open_to_read(path: &Path) -> io::Result<File> {
    checked(
        OpenOptions::new()
            .read(true)
            .custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32)
            .open(path)?,
    )
}

/// What tells a file from one that took its path.
pub fn identity(about: &fs::Metadata) -> (u64, u64) {
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

/// Whether a file is the one at its path, rather than one that was replaced there.
pub fn is_still(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(there)) => identity(&ours) == identity(&there),
        _ => false,
    }
}
