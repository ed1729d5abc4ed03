//! Who: the person at the keyboard, as the journal and the far side name them; and ids for what they do.
//!
//! Deliberately absent: trusting it. A login is what the machine says; the credential decides what may be done.

use crate::config::Config;
use crate::plan::{Actor, PlanId};
use std::hash::{BuildHasher, Hasher};

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
    let root_is_shared = uid.is_root() && !config.practice;
    let shared = root_is_shared || config.shared_logins.contains(&login);
    Actor {
        login,
        from,
        shared,
    }
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
