//! File: a text saved for its reader, under a name that was free.
//!
//! Deliberately absent: overwriting, and any name that outside text could choose.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Saves into the working directory, readable by its owner only; returns a sentence for the footer.
pub(super) fn save(stem: &str, bytes: &[u8]) -> String {
    match save_in(Path::new("."), stem, bytes) {
        Ok(path) => format!("{} bytes saved to {}", bytes.len(), path.display()),
        Err(error) => format!(
            "Nothing was saved: {error}. Start leverframe in a directory that you may write to."
        ),
    }
}

fn save_in(directory: &Path, stem: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let stem = plain(stem);
    for number in 0..1000 {
        let name = if number == 0 {
            format!("{stem}.log")
        } else {
            format!("{stem}-{number}.log")
        };
        let path = directory.join(name);
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
        {
            Ok(mut file) => {
                file.write_all(bytes)?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other(format!(
        "every name from {stem}.log to {stem}-999.log is taken"
    )))
}

/// The letters of a stem that mean nothing to a file system, at most a hundred.
fn plain(stem: &str) -> String {
    let letters = stem.chars().map(|letter| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => letter,
        _ => '_',
    });
    let plain: String = letters.take(100).collect();
    if plain.trim_matches(['_', '-']).is_empty() {
        "leverframe".to_owned()
    } else {
        plain.trim_start_matches('-').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_name_that_is_taken_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let first = save_in(directory.path(), "run", b"one").unwrap();
        let second = save_in(directory.path(), "run", b"two").unwrap();
        assert_eq!(std::fs::read(&first).unwrap(), b"one");
        assert_eq!(std::fs::read(&second).unwrap(), b"two");
        assert_eq!(second.file_name().unwrap(), "run-1.log");
        assert_eq!(
            std::fs::metadata(first).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn a_stem_cannot_leave_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        for stem in [
            "../../etc/passwd",
            "/etc/passwd",
            "..",
            "",
            "-rf",
            "a\0b\n",
            "\u{202e}x",
            &"n".repeat(5000),
        ] {
            let path = save_in(directory.path(), stem, b"text").unwrap();
            assert_eq!(path.parent().unwrap(), directory.path(), "{stem:?}");
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(
                !name.starts_with(['.', '-']) && name.len() < 120 && name.is_ascii(),
                "{stem:?} gives {name:?}"
            );
        }
    }
}
