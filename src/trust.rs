//! Trust: whether a file that names programs to be run, or that is one, can only have been written by the user who runs
//! this, or by root.
//!
//! One rule for the configuration, delivery and keys files, for kubeconfigs and for the plugins that they name.
//! Deliberately absent: who may read a file.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Why a file is not to be trusted, and what to do about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Distrust {
    pub why: String,
    pub remedy: String,
}

/// Looks at a file that is about to be read, and at the folder that it really is in.
///
/// # Errors
/// Somebody else owns it, or may write or replace it.
pub fn check_trust(path: &Path, about: &Metadata) -> Result<(), Distrust> {
    check(path, about, "it names programs that are run")
}

/// The same of a program that is about to be run.
///
/// # Errors
/// Somebody else owns it, or may write or replace it.
pub fn check_program(path: &Path, about: &Metadata) -> Result<(), Distrust> {
    check(path, about, "it is run with your rights")
}

fn check(path: &Path, about: &Metadata, why: &str) -> Result<(), Distrust> {
    let me = rustix::process::geteuid().as_raw();
    check_file(path, about.uid(), about.mode(), me).map_err(|distrust| Distrust {
        why: format!("{}, and {why}.", distrust.why),
        ..distrust
    })?;
    let real = path.canonicalize().ok();
    let Some(folder) = real.as_deref().and_then(Path::parent) else {
        return Ok(());
    };
    match std::fs::metadata(folder) {
        Ok(about) => check_folder(folder, about.uid(), about.mode(), me),
        Err(_) => Ok(()),
    }
}

/// Its reason is the beginning of a sentence.
fn check_file(path: &Path, owner: u32, mode: u32, me: u32) -> Result<(), Distrust> {
    let file = path.display();
    if owner != me && owner != 0 {
        return Err(Distrust {
            why: format!("It belongs to another user (uid {owner})"),
            remedy: format!(
                "Look through it, then make a copy of your own and use that: cp {file} ..."
            ),
        });
    }
    let (who, letter) = match (mode & 0o002 != 0, mode & 0o020 != 0) {
        (true, _) => ("Everybody", "go"),
        (false, true) => ("Its group", "g"),
        (false, false) => return Ok(()),
    };
    Err(Distrust {
        why: format!("{who} may write it"),
        remedy: format!("chmod {letter}-w {file}, after having looked who changed it."),
    })
}

/// Whoever may write the folder may replace the file. A group may, because users who are alone in their group have such
/// folders by default.
fn check_folder(folder: &Path, owner: u32, mode: u32, me: u32) -> Result<(), Distrust> {
    let shown = folder.display();
    if owner != me && owner != 0 {
        return Err(Distrust {
            why: format!("Another user (uid {owner}) may replace it: {shown} is theirs."),
            remedy: "Keep it in a folder of your own.".into(),
        });
    }
    // With the sticky bit, as on /tmp, nobody may replace what is another's.
    let is_sticky = mode & 0o1000 != 0;
    if mode & 0o002 != 0 && !is_sticky {
        return Err(Distrust {
            why: format!("Everybody may replace it: {shown} can be written by all."),
            remedy: format!("chmod o-w {shown}, after having looked who changed the file."),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_else_may_write_is_trusted() {
        let me = 1000;
        for (owner, mode, told) in [
            (me, 0o100_644, None),
            (me, 0o100_600, None),
            (0, 0o100_644, None),
            (me, 0o100_664, Some("Its group may write it")),
            (0, 0o100_620, Some("Its group may write it")),
            (me, 0o100_646, Some("Everybody may write it")),
            (me, 0o100_666, Some("Everybody may write it")),
            (1001, 0o100_644, Some("another user (uid 1001)")),
            (1001, 0o100_600, Some("another user (uid 1001)")),
        ] {
            let found = check_file(Path::new("/x"), owner, mode, me).err();
            assert_eq!(found.is_some(), told.is_some(), "{owner} {mode:o}");
            if let (Some(found), Some(told)) = (found, told) {
                assert!(found.why.contains(told), "{found:?}");
            }
        }
        for (owner, mode, told) in [
            (me, 0o040_755, None),
            (me, 0o040_775, None),
            (0, 0o041_777, None),
            (me, 0o040_777, Some("Everybody may replace it")),
            (1001, 0o040_755, Some("may replace it")),
        ] {
            let found = check_folder(Path::new("/x"), owner, mode, me).err();
            assert_eq!(found.is_some(), told.is_some(), "{owner} {mode:o}");
            if let (Some(found), Some(told)) = (found, told) {
                assert!(found.why.contains(told), "{found:?}");
            }
        }
    }
}
