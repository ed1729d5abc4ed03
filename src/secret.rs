//! Secret: keeping what is in memory out of files and off the screen. A core dump of the console holds tokens and keys, and
//! a box on the way may answer with the very token that it was sent.
//!
//! Deliberately absent: wiping memory. Credentials stand in buffers of many libraries.

use rustix::process::{Resource, Rlimit, setrlimit};
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::{PoisonError, RwLock};

/// What this process logs in with: the newest, because tokens are renewed.
static KNOWN: RwLock<VecDeque<String>> = RwLock::new(VecDeque::new());
const KEPT: usize = 64;
/// A shorter one stands in ordinary words, too.
const SHORTEST: usize = 8;
const REDACTED: &str = "[redacted]";

/// Has [`redact`] know a secret.
pub fn remember(secret: &str) {
    let secret = secret.trim();
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if secret.len() < SHORTEST || known.iter().any(|known| known == secret) {
        return;
    }
    if known.len() == KEPT {
        known.pop_front();
    }
    known.push_back(secret.to_owned());
}

/// A text without the secrets of this process.
pub fn redact(text: &str) -> String {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let mut found: Vec<&String> = known.iter().filter(|known| text.contains(*known)).collect();
    // One may be a part of another.
    found.sort_by_key(|secret| Reverse(secret.len()));
    found.iter().fold(text.to_owned(), |text, secret| {
        text.replace(secret.as_str(), REDACTED)
    })
}

/// Has the system write no core dump of this process, nor pass one to a program that collects them. Children inherit the
/// limit, not the rest.
pub fn forbid_core_dumps() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // A system that refuses both is no reason not to start.
    let _ = setrlimit(Resource::Core, none);
    // Collectors of dumps are not bound by the limit, but by this. In debug builds tests look at the process as its user.
    #[cfg(all(target_os = "linux", not(debug_assertions)))]
    forbid_reading();
}

/// Makes the process one that is never dumped, and whose memory only root may read.
#[cfg(target_os = "linux")]
#[cfg_attr(debug_assertions, allow(dead_code))]
fn forbid_reading() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_secret_is_taken_out_wherever_it_stands_and_nothing_else() {
        for secret in ["part-of-a-secret", "part-of-a-secret-and-more\n", "short"] {
            remember(secret);
        }
        assert_eq!(
            redact("Bearer part-of-a-secret-and-more, part-of-a-secret; short"),
            "Bearer [redacted], [redacted]; short"
        );
    }

    /// In a process of its own, because it cannot be taken back.
    #[test]
    fn a_process_that_forbids_it_leaves_no_core() {
        const INSIDE: &str = "LEVERFRAME_INSIDE";
        if std::env::var_os(INSIDE).is_some() {
            forbid_core_dumps();
            #[cfg(target_os = "linux")]
            {
                use rustix::process::{DumpableBehavior, dumpable_behavior};
                forbid_reading();
                assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
            }
            let limit = rustix::process::getrlimit(Resource::Core);
            assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
            return;
        }
        let name = "secret::tests::a_process_that_forbids_it_leaves_no_core";
        let inside = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env(INSIDE, "")
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&inside.stdout);
        assert!(
            inside.status.success() && printed.contains("1 passed"),
            "{printed}"
        );
    }
}
