//! Who: the person at the keyboard, as the journal and the far side name them; and ids for what they do.
//!
//! Deliberately absent: trusting it. A login is what the machine says; the credential decides what may be done.

use crate::config::Config;
use crate::plan::{Actor, PlanId};
use std::fs::{File, TryLockError};
use std::hash::{BuildHasher, Hasher};
use std::path::Path;

/// The name of the account that runs this process, which no variable can change.
pub fn login() -> String {
    let uid = nix::unistd::Uid::current();
    match nix::unistd::User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        _ => format!("uid {uid}"),
    }
}

/// Login name, client address and whether several people share the login.
pub(super) fn actor(config: &Config) -> Actor {
    let uid = rustix::process::getuid();
    let login = login();
    let from = std::env::var("SSH_CONNECTION")
        .ok()
        .and_then(|text| text.split(' ').next().map(str::to_owned))
        .filter(|address| !address.is_empty());
    let root_is_shared = uid.is_root() && !is_practice(config);
    let shared = root_is_shared || config.shared_logins.contains(&login);
    Actor {
        login,
        from,
        shared,
    }
}

/// Whether it is the practice yard: what `demo` shows, or the configuration in the folder of a yard that is open. The word
/// alone, copied into another file, does not make root one person.
fn is_practice(config: &Config) -> bool {
    let folder = config.file.as_deref().map(Path::parent);
    config.practice && folder.is_none_or(|folder| folder.is_some_and(is_yard_open))
}

/// A yard holds this lock as long as it is open.
fn is_yard_open(folder: &Path) -> bool {
    let lock = folder.join("yard.lock");
    // Anything else that bears the name might keep who opens it waiting.
    if !std::fs::symlink_metadata(&lock).is_ok_and(|about| about.is_file()) {
        return false;
    }
    File::open(lock).is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
}

/// A plan's id that no other has: the standard library's hash keys come from the system's random source.
pub(super) fn fresh_id() -> PlanId {
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_i128(jiff::Timestamp::now().as_nanosecond());
    PlanId::new(&format!("{:016x}", hasher.finish()))
}

/// This machine's name, for the header; empty where it is not known.
pub(super) fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .map(|name| name.trim().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn practice_is_only_where_a_yard_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("leverframe.toml");
        let text = "delivery = \"govuk\"\nrepository = \"/x\"\npractice = true\n";
        let config = crate::config::parse(&file, text, folder.path(), &|_| None).unwrap();
        assert!(config.practice);
        assert!(!is_practice(&config), "there is no yard");
        let lock = File::create(folder.path().join("yard.lock")).unwrap();
        assert!(!is_practice(&config), "its yard was killed");
        lock.lock().unwrap();
        assert!(is_practice(&config));
        let (read, not_practice) = (
            &config,
            Config {
                practice: false,
                ..config.clone()
            },
        );
        assert!(read.practice && !is_practice(&not_practice));
    }
}
