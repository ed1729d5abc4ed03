//! Secret: keeping what is in memory out of files. A core dump of the console holds tokens and keys.
//!
//! Deliberately absent: wiping memory. Credentials stand in buffers of many libraries.

use rustix::process::{Resource, Rlimit, setrlimit};

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
