//! A *fixture*: a bare repository in a temporary directory that tests commit into without a work tree.

use std::path::{Path, PathBuf};
use std::process::Command;

use git2::{Oid, Repository, Signature, Time};

/// A temporary bare repository with a `main`.
pub struct Fixture {
    dir: tempfile::TempDir,
    path: PathBuf,
}

impl Fixture {
    pub fn bare() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deliveries.git");
        let git = Repository::init_bare(&path).unwrap();
        git.set_head("refs/heads/main").unwrap();
        let mut config = git.config().unwrap();
        config.set_str("user.name", "Fixture").unwrap();
        config.set_str("user.email", "fixture@example.org").unwrap();
        Self { dir, path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path beside the repository that goes with it.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn git(&self) -> Repository {
        Repository::open(&self.path).unwrap()
    }

    /// The repository as the provider reads it.
    pub fn open(&self) -> super::repository::Repository {
        Self::open_at(&self.path)
    }

    pub fn open_at(path: &Path) -> super::repository::Repository {
        super::repository::Repository::open(&super::repository::Source {
            location: super::repository::Location::Path(path.to_owned()),
            branch: "main".to_owned(),
        })
        .unwrap()
    }

    pub fn tip(&self) -> Oid {
        self.git().refname_to_id("refs/heads/main").unwrap()
    }

    /// A clone with a work tree.
    pub fn clone_to(&self, name: &str) -> PathBuf {
        let to = self.beside(name);
        let done = Command::new("git")
            .args(["clone", "--quiet"])
            .arg(&self.path)
            .arg(&to)
            .status()
            .unwrap();
        assert!(done.success());
        let git = Repository::open(&to).unwrap();
        let mut config = git.config().unwrap();
        config.set_str("user.name", "Clone").unwrap();
        config.set_str("user.email", "clone@example.org").unwrap();
        to
    }

    /// Commits files onto main. Empty bytes of length zero are an empty file, not a deletion.
    pub fn commit(&self, files: &[(&str, &[u8])], message: &str) -> Oid {
        let files: Vec<_> = files.iter().map(|(p, b)| (*p, *b, 0o100_644)).collect();
        self.commit_modes(&files, message)
    }

    pub fn commit_modes(&self, files: &[(&str, &[u8], i32)], message: &str) -> Oid {
        let git = self.git();
        let parent = git.refname_to_id("refs/heads/main").ok();
        let commit = self.build(
            parent,
            &parent.map_or(vec![], |p| vec![p]),
            files,
            &[],
            message,
        );
        git.reference("refs/heads/main", commit, true, "fixture")
            .unwrap();
        commit
    }

    pub fn delete(&self, paths: &[&str], message: &str) -> Oid {
        let git = self.git();
        let parent = self.tip();
        let commit = self.build(Some(parent), &[parent], &[], paths, message);
        git.reference("refs/heads/main", commit, true, "fixture")
            .unwrap();
        commit
    }

    /// Commits onto a side branch from `base`, then merges it into main with both parents.
    pub fn merge(&self, base: Oid, files: &[(&str, &[u8])], message: &str) -> Oid {
        self.merge_as(base, files, "on the side", message)
    }

    pub fn merge_as(&self, base: Oid, files: &[(&str, &[u8])], side: &str, message: &str) -> Oid {
        let git = self.git();
        let main = self.tip();
        let modes: Vec<_> = files.iter().map(|(p, b)| (*p, *b, 0o100_644)).collect();
        let side = self.build(Some(base), &[base], &modes, &[], side);
        let merge = self.build(Some(main), &[main, side], &modes, &[], message);
        git.reference("refs/heads/main", merge, true, "fixture")
            .unwrap();
        merge
    }

    /// Throws away what is above `base` and commits there.
    pub fn rewind(&self, base: Oid, files: &[(&str, &[u8])], message: &str) -> Oid {
        self.git()
            .reference("refs/heads/main", base, true, "fixture")
            .unwrap();
        self.commit(files, message)
    }

    fn build(
        &self,
        tree_of: Option<Oid>,
        parents: &[Oid],
        files: &[(&str, &[u8], i32)],
        gone: &[&str],
        message: &str,
    ) -> Oid {
        let git = self.git();
        let base = match tree_of {
            Some(commit) => git.find_commit(commit).unwrap().tree().unwrap(),
            None => {
                let empty = git.treebuilder(None).unwrap().write().unwrap();
                git.find_tree(empty).unwrap()
            }
        };
        let mut update = git2::build::TreeUpdateBuilder::new();
        for (path, bytes, mode) in files {
            let blob = git.blob(bytes).unwrap();
            let mode = match mode {
                0o120_000 => git2::FileMode::Link,
                0o100_755 => git2::FileMode::BlobExecutable,
                _ => git2::FileMode::Blob,
            };
            update.upsert(*path, blob, mode);
        }
        for path in gone {
            update.remove(*path);
        }
        let tree = git
            .find_tree(update.create_updated(&git, &base).unwrap())
            .unwrap();
        // A minute apart, so that an order by time is the order made.
        let count = parents
            .first()
            .map_or(0, |p| git.find_commit(*p).unwrap().time().seconds() + 60);
        let at = Time::new(if count == 0 { 1_755_000_000 } else { count }, 0);
        let who = Signature::new("Robot", "robot@example.org", &at).unwrap();
        let parents: Vec<_> = parents
            .iter()
            .map(|p| git.find_commit(*p).unwrap())
            .collect();
        let parents: Vec<_> = parents.iter().collect();
        git.commit(None, &who, &who, message, &tree, &parents)
            .unwrap()
    }
}
