//! Folder: the private folder that everything of a yard is in, held for as long as the yard is open.
//!
//! A lock in it tells whether its yard is open: it goes with the process, however that ends, so the next yard removes what a
//! killed one has left. Deliberately absent: folders without a lock, which may be somebody's.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use tempfile::TempDir;

/// The lock, which whoever uses the yard from another process may look at.
pub const LOCK: &str = "yard.lock";
/// How the names begin.
const PREFIX: &str = "leverframe-yard-";

/// A folder that is held. Dropping it removes it.
#[derive(Debug)]
pub struct Folder {
    dir: TempDir,
    _lock: File,
}

impl Folder {
    /// Makes one under the system's temporary directory, and removes those there whose yards are no more.
    pub fn create() -> io::Result<Folder> {
        let parent = std::env::temp_dir();
        let own = Folder::create_in(&parent)?;
        // What cannot be removed is in nobody's way.
        let _ = remove_abandoned(&parent, fs::metadata(own.path())?.uid());
        Ok(own)
    }

    fn create_in(parent: &Path) -> io::Result<Folder> {
        let dir = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(parent)?;
        // It is locked before it has its name, so that nobody finds it unlocked.
        let unnamed = dir.path().join("yard.lock.new");
        let lock = File::create_new(&unnamed)?;
        lock.lock()?;
        fs::rename(unnamed, dir.path().join(LOCK))?;
        Ok(Folder { dir, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// Removes the folders of a user's yards that were killed.
fn remove_abandoned(parent: &Path, user: u32) -> io::Result<()> {
    for entry in fs::read_dir(parent)?.flatten() {
        let path = entry.path();
        let is_own =
            |path: &Path| fs::symlink_metadata(path).is_ok_and(|about| about.uid() == user);
        let is_file = |path: &Path| fs::symlink_metadata(path).is_ok_and(|about| about.is_file());
        let is_yard = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let lock = path.join(LOCK);
        // Anybody may put anything under these names; opening a pipe would wait for ever.
        if !is_yard || !is_own(&path) || !is_file(&lock) {
            continue;
        }
        let Ok(lock) = File::open(lock) else {
            continue;
        };
        match lock.try_lock() {
            // Another user's stays.
            Ok(()) => drop(fs::remove_dir_all(entry.path())),
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_yard_left_goes_and_open_ones_stay() {
        let parent = tempfile::tempdir().unwrap();
        let open = Folder::create_in(parent.path()).unwrap();
        let killed = Folder::create_in(parent.path()).unwrap();
        fs::write(killed.path().join("production.kubeconfig"), "").unwrap();
        // As a kill does: the lock goes with the process, the folder stays.
        let Folder { dir, _lock } = killed;
        let left = dir.keep();
        drop(_lock);
        let foreign = parent.path().join(format!("{PREFIX}of-somebody"));
        fs::create_dir(&foreign).unwrap();
        fs::create_dir(parent.path().join("else")).unwrap();
        // What somebody laid there to make a yard wait.
        let trap = parent.path().join(format!("{PREFIX}trap"));
        fs::create_dir(&trap).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(trap.join(LOCK))
            .status();
        assert!(made.unwrap().success());
        let user = fs::metadata(open.path()).unwrap().uid();
        remove_abandoned(parent.path(), user + 1).unwrap();
        assert!(left.exists(), "another user's");
        remove_abandoned(parent.path(), user).unwrap();
        assert!(trap.exists());
        assert!(!left.exists());
        assert!(open.path().join(LOCK).exists() && foreign.exists());
        assert!(parent.path().join("else").exists());
        let path = open.path().to_owned();
        drop(open);
        assert!(!path.exists());
    }
}
