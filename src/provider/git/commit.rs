//! A *commit* made in the object database: a parent's tree with the bytes of some files replaced, and a message.
//!
//! No work tree, no index, no filters. Nothing points at the commit until it is pushed. Deliberately absent: signatures,
//! and any file beyond those named.

use git2::build::TreeUpdateBuilder;
use git2::{FileMode, Oid, Signature};

use super::repository::{Entry, Error, Repository};

/// A file of a commit to be made: its path from the root, and its whole new content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub path: String,
    pub bytes: Vec<u8>,
}

/// Why a commit is not made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unmade {
    #[error(
        "git does not know who commits. Set it once: git config --global user.name \"Your Name\" and git config --global \
         user.email you@example.org"
    )]
    NoAuthor,
    #[error("{path} is {what}, not a file")]
    NotAFile { path: String, what: String },
    #[error("{0:?} is not a path inside the repository")]
    Path(String),
    #[error(transparent)]
    Objects(#[from] Error),
}

/// Who commits, from git's own configuration and environment, and when: now, whatever date the environment names.
///
/// # Errors
/// [`Unmade::NoAuthor`] with the remedy, where neither says so.
pub fn author(repository: &Repository) -> Result<Signature<'static>, Unmade> {
    now(repository.git.author_from_env())
}

fn now(who: Result<Signature<'static>, git2::Error>) -> Result<Signature<'static>, Unmade> {
    who.and_then(|who| {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Signature::now(&text(who.name_bytes()), &text(who.email_bytes()))
    })
    .map_err(|_| Unmade::NoAuthor)
}

/// Makes a commit on `parent` and returns its id. Unchanged bytes are no error: the caller decides what counts as a change.
///
/// # Errors
/// When a path leads outside or is no file, git knows no author, or the object database cannot be written.
pub fn build(
    repository: &Repository,
    parent: Oid,
    files: &[File],
    message: &str,
) -> Result<Oid, Unmade> {
    let git = &repository.git;
    let fail = |e: git2::Error| Unmade::Objects(repository.objects(&e));
    let author = author(repository)?;
    let committer = now(git.committer_from_env())?;
    let parent = git.find_commit(parent).map_err(fail)?;
    let tree = parent.tree().map_err(fail)?;
    let mut update = TreeUpdateBuilder::new();
    for file in files {
        if !is_inside(&file.path) {
            return Err(Unmade::Path(file.path.clone()));
        }
        match repository.read(parent.id(), &file.path)? {
            Entry::Absent | Entry::File { .. } => {}
            other => {
                return Err(Unmade::NotAFile {
                    path: file.path.clone(),
                    what: other.odd().unwrap_or_default(),
                });
            }
        }
        let executable = tree
            .get_path(std::path::Path::new(&file.path))
            .is_ok_and(|entry| entry.filemode() & 0o111 != 0);
        let mode = if executable {
            FileMode::BlobExecutable
        } else {
            FileMode::Blob
        };
        let blob = git.blob(&file.bytes).map_err(fail)?;
        update.upsert(file.path.as_str(), blob, mode);
    }
    let tree = update.create_updated(git, &tree).map_err(fail)?;
    let tree = git.find_tree(tree).map_err(fail)?;
    git.commit(None, &author, &committer, message, &tree, &[&parent])
        .map_err(fail)
}

/// Whether a path stays inside the tree and away from git's own directory.
pub fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\0', '\\'])
        && path.split('/').all(|part| {
            !part.is_empty() && part != "." && part != ".." && !part.eq_ignore_ascii_case(".git")
        })
}

/// A commit message: the subject on one line, then the trailers. Line breaks inside become blanks, so that no value can
/// end the trailers or start one of its own.
pub fn message(subject: &str, trailers: &[(&str, &str)]) -> String {
    let mut message = one_line(subject);
    message.push('\n');
    let mut first = true;
    for (name, value) in trailers {
        let value = one_line(value);
        if value.is_empty() {
            continue;
        }
        if std::mem::take(&mut first) {
            message.push('\n');
        }
        message.push_str(&format!("{name}: {value}\n"));
    }
    message
}

fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::super::history::trailers;
    use super::*;

    #[test]
    fn only_the_named_files_change_and_modes_stay() {
        let fixture = Fixture::bare();
        fixture.commit(&[("t/a", b"1"), ("t/b", b"1"), ("other", b"x")], "one");
        let parent = fixture.commit_modes(&[("t/run", b"1", 0o100_755)], "two");
        let repository = fixture.open();
        let file = |path: &str| File {
            path: path.to_owned(),
            bytes: b"2".to_vec(),
        };
        let made = build(&repository, parent, &[file("t/a"), file("t/run")], "m\n").unwrap();
        let git = fixture.git();
        let (old, new) = (
            git.find_commit(parent).unwrap(),
            git.find_commit(made).unwrap(),
        );
        let diff = git
            .diff_tree_to_tree(Some(&old.tree().unwrap()), Some(&new.tree().unwrap()), None)
            .unwrap();
        let paths: Vec<_> = diff
            .deltas()
            .map(|d| {
                (
                    d.new_file().path().unwrap().display().to_string(),
                    d.new_file().mode(),
                )
            })
            .collect();
        assert_eq!(
            paths,
            [
                ("t/a".to_owned(), FileMode::Blob),
                ("t/run".to_owned(), FileMode::BlobExecutable)
            ]
        );
        assert_eq!(new.parent_id(0).unwrap(), parent);
        assert_eq!(fixture.tip(), parent, "nothing points at it yet");
    }

    #[test]
    fn paths_lead_nowhere_else() {
        for path in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            ".git/config",
            "a/.GIT/x",
            "a/./b",
            "a\\b",
            "a\0b",
        ] {
            assert!(!is_inside(path), "{path:?}");
        }
        assert!(is_inside("charts/app-config/image-tags/staging/whitehall"));
        let fixture = Fixture::bare();
        let parent = fixture.commit_modes(
            &[("link", b"a", 0o120_000), ("d/a", b"1", 0o100_644)],
            "one",
        );
        let repository = fixture.open();
        for path in ["link", "d", "../x"] {
            let file = File {
                path: path.to_owned(),
                bytes: vec![],
            };
            assert!(build(&repository, parent, &[file], "m").is_err(), "{path}");
        }
    }

    #[test]
    fn nobody_is_no_author() {
        let fixture = Fixture::bare();
        let parent = fixture.commit(&[("a", b"1")], "one");
        fixture
            .git()
            .config()
            .unwrap()
            .set_str("user.name", "")
            .unwrap();
        let error = build(&fixture.open(), parent, &[], "m").unwrap_err();
        assert!(
            error.to_string().contains("git config --global user.name"),
            "{error}"
        );
    }

    #[test]
    fn no_reason_can_forge_a_trailer() {
        let message = message(
            "Update a\n\nto b",
            &[
                ("Leverframe-Plan", "7f3a"),
                ("Leverframe-Reason", "x\nLeverframe-Plan: 9999\r\n\n"),
                ("Leverframe-Empty", " "),
            ],
        );
        assert_eq!(
            message,
            "Update a to b\n\nLeverframe-Plan: 7f3a\nLeverframe-Reason: x Leverframe-Plan: 9999\n"
        );
        assert_eq!(trailers(&message).len(), 2);
    }
}
