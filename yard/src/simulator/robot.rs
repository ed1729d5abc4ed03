//! Robot: who commits versions to main, and the reviewer who merges what people push, as clients of git like any other.
//!
//! Commits are made in a workshop of their own, a bare repository that borrows main's objects, and pushed by the git
//! program, so that the protection of main is met every time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use git2::{Oid, Signature, Tree};
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::history::{PEOPLE, ROBOT, path};
use crate::repository::{ROBOT_VARIABLE, Repository, git};

/// The robot, with one push at a time.
pub struct Robot {
    repository: Repository,
    workshop: PathBuf,
    busy: Mutex<()>,
}

/// A version file as Helm reads it: absent keys are empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VersionFile {
    /// `image_tag`.
    pub tag: String,
    /// `promote_deployment`.
    pub promote: bool,
    /// `automatic_deploys_enabled`.
    pub gate: bool,
}

impl VersionFile {
    /// Reads a file line by line; what it does not know it leaves.
    pub fn parse(text: &str) -> VersionFile {
        let value = |key: &str| {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
            line.unwrap_or("")
                .trim()
                .trim_matches(['"', '\''])
                .to_owned()
        };
        VersionFile {
            tag: value("image_tag"),
            promote: value("promote_deployment").eq_ignore_ascii_case("true"),
            gate: value("automatic_deploys_enabled").eq_ignore_ascii_case("true"),
        }
    }
}

/// Main at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// 40 hexadecimal digits.
    pub revision: String,
    /// Version files of one environment, by repository.
    pub files: std::collections::BTreeMap<String, VersionFile>,
}

impl Robot {
    /// A robot for this repository, its workshop under `folder`.
    pub fn new(repository: Repository, folder: &Path) -> io::Result<Robot> {
        let workshop = folder.join("robot.git");
        git2::Repository::init_bare(&workshop).map_err(io::Error::other)?;
        let borrowed = repository.path().join("objects");
        fs::write(
            workshop.join("objects/info/alternates"),
            format!("{}\n", borrowed.display()),
        )?;
        Ok(Robot {
            repository,
            workshop,
            busy: Mutex::new(()),
        })
    }

    /// Main's head and the version files of an environment at it.
    pub async fn head(&self, environment: &'static str) -> io::Result<Head> {
        self.at(environment, None).await
    }

    /// The version files of an environment at a revision (none: main's head).
    pub async fn at(
        &self,
        environment: &'static str,
        revision: Option<String>,
    ) -> io::Result<Head> {
        let place = self.repository.path().to_owned();
        work(move || {
            let repository = git2::Repository::open_bare(place)?;
            let id = match revision {
                Some(revision) => Oid::from_str(&revision)?,
                None => repository.refname_to_id("refs/heads/main")?,
            };
            let tree = repository.find_commit(id)?.tree()?;
            let folder = tree.get_path(Path::new(&path(environment, "")))?;
            let mut files = std::collections::BTreeMap::new();
            for entry in &repository.find_tree(folder.id())? {
                if let (Ok(name), Ok(blob)) = (entry.name(), repository.find_blob(entry.id())) {
                    files.insert(
                        name.to_owned(),
                        VersionFile::parse(&String::from_utf8_lossy(blob.content())),
                    );
                }
            }
            Ok(Head {
                revision: id.to_string(),
                files,
            })
        })
        .await
    }

    /// Writes a version, as update-image-tag does: nothing where it stands already (not even the promotion key).
    pub async fn set_version(
        &self,
        environment: &str,
        repository: &str,
        tag: &str,
        promote: bool,
    ) -> io::Result<()> {
        let file = path(environment, repository);
        let message = format!("Update {repository} image tag to {tag} for {environment}\n");
        let (tag, busy) = (tag.to_owned(), self.busy.lock().await);
        for _ in 0..20 {
            let (place, origin) = (self.workshop.clone(), self.repository.path().to_owned());
            let (file, message, tag) = (file.clone(), message.clone(), tag.clone());
            let made =
                work(move || commit_version(&place, &origin, &file, &message, &tag, promote))
                    .await?;
            let Some(commit) = made else { return Ok(()) };
            if self.push(&format!("{commit}:refs/heads/main")).await? {
                return Ok(());
            }
            // Somebody was faster: again, on the new head.
        }
        drop(busy);
        Err(io::Error::other(
            "main moved twenty times between reading and pushing",
        ))
    }

    /// Branches that people pushed for review, with their heads.
    pub async fn branches(&self) -> io::Result<Vec<(String, String)>> {
        let place = self.repository.path().to_owned();
        work(move || {
            let repository = git2::Repository::open_bare(place)?;
            let mut found = Vec::new();
            for reference in repository.references_glob("refs/heads/leverframe/*")? {
                let reference = reference?;
                if let (Ok(name), Some(id)) = (reference.name(), reference.target()) {
                    found.push((name.to_owned(), id.to_string()));
                }
            }
            Ok(found)
        })
        .await
    }

    /// Merges a reviewed branch into main and deletes it; false where it does not merge cleanly.
    pub async fn merge(&self, branch: &str, number: u64) -> io::Result<bool> {
        let _busy = self.busy.lock().await;
        for _ in 0..20 {
            let (place, origin, name) = (
                self.workshop.clone(),
                self.repository.path().to_owned(),
                branch.to_owned(),
            );
            let Some(commit) = work(move || merge_branch(&place, &origin, &name, number)).await?
            else {
                return Ok(false);
            };
            if self.push(&format!("{commit}:refs/heads/main")).await? {
                return self.push(&format!(":{branch}")).await;
            }
        }
        Ok(false)
    }

    /// Whether the push was taken.
    async fn push(&self, what: &str) -> io::Result<bool> {
        let mut command = tokio::process::Command::from(git());
        command
            .arg("-C")
            .arg(&self.workshop)
            .args(["push", "--quiet"])
            .arg(self.repository.path())
            .arg(what)
            .env(ROBOT_VARIABLE, self.repository.secret())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let late = |_| io::Error::other("git push did not end within 30 s");
        let output = tokio::time::timeout(Duration::from_secs(30), command.output())
            .await
            .map_err(late)??;
        if !output.status.success() {
            tracing::debug!(what, said = %String::from_utf8_lossy(&output.stderr), "a push was not taken");
        }
        Ok(output.status.success())
    }
}

async fn work<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, git2::Error> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(job)
        .await
        .map_err(io::Error::other)?
        .map_err(io::Error::other)
}

fn signature(who: &str) -> Result<Signature<'static>, git2::Error> {
    let (name, address) = who.split_once(" <").unwrap_or((who, ""));
    Signature::new(
        name,
        address.trim_end_matches('>'),
        &git2::Time::new(Timestamp::now().as_second(), 0),
    )
}

fn main_of(origin: &Path) -> Result<Oid, git2::Error> {
    git2::Repository::open_bare(origin)?.refname_to_id("refs/heads/main")
}

fn commit_version(
    workshop: &Path,
    origin: &Path,
    file: &str,
    message: &str,
    tag: &str,
    promote: bool,
) -> Result<Option<Oid>, git2::Error> {
    let repository = git2::Repository::open_bare(workshop)?;
    let head = repository.find_commit(main_of(origin)?)?;
    let tree = head.tree()?;
    let old = tree
        .get_path(Path::new(file))
        .ok()
        .and_then(|entry| repository.find_blob(entry.id()).ok());
    let old = old.map_or_else(String::new, |blob| {
        String::from_utf8_lossy(blob.content()).into_owned()
    });
    if VersionFile::parse(&old).tag == tag {
        return Ok(None);
    }
    let new = with_version(&old, tag, promote);
    let blob = repository.blob(new.as_bytes())?;
    let tree = with_file(&repository, Some(&tree), file, blob)?;
    let who = signature(ROBOT)?;
    repository
        .commit(
            None,
            &who,
            &who,
            message,
            &repository.find_tree(tree)?,
            &[&head],
        )
        .map(Some)
}

/// Exactly the two scalars change; a file that is not there begins with the gate closed.
fn with_version(old: &str, tag: &str, promote: bool) -> String {
    if old.is_empty() {
        return format!("image_tag: {tag}\npromote_deployment: {promote}\n");
    }
    let mut found = false;
    let mut new: String = old
        .lines()
        .map(|line| {
            if line.starts_with("image_tag:") {
                format!("image_tag: {tag}\n")
            } else if line.starts_with("promote_deployment:") {
                found = true;
                format!("promote_deployment: {promote}\n")
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    if !found {
        new.push_str(&format!("promote_deployment: {promote}\n"));
    }
    new
}

/// The tree with one file replaced, folder by folder.
fn with_file(
    repository: &git2::Repository,
    tree: Option<&Tree<'_>>,
    file: &str,
    blob: Oid,
) -> Result<Oid, git2::Error> {
    let mut builder = repository.treebuilder(tree)?;
    match file.split_once('/') {
        None => builder.insert(file, blob, 0o100_644)?,
        Some((folder, rest)) => {
            let inner = tree
                .and_then(|tree| tree.get_name(folder))
                .and_then(|entry| repository.find_tree(entry.id()).ok());
            let inner = with_file(repository, inner.as_ref(), rest, blob)?;
            builder.insert(folder, inner, 0o040_000)?
        }
    };
    builder.write()
}

fn merge_branch(
    workshop: &Path,
    origin: &Path,
    branch: &str,
    number: u64,
) -> Result<Option<Oid>, git2::Error> {
    let theirs = git2::Repository::open_bare(origin)?.refname_to_id(branch)?;
    let repository = git2::Repository::open_bare(workshop)?;
    let (main, theirs) = (
        repository.find_commit(main_of(origin)?)?,
        repository.find_commit(theirs)?,
    );
    let mut index = repository.merge_commits(&main, &theirs, None)?;
    if index.has_conflicts() {
        return Ok(None);
    }
    let tree = index.write_tree_to(&repository)?;
    let reviewer = PEOPLE
        .get(number as usize % PEOPLE.len())
        .copied()
        .unwrap_or(ROBOT);
    let who = signature(reviewer)?;
    let short = branch.trim_start_matches("refs/heads/");
    let subject = theirs.summary().ok().flatten().unwrap_or("").to_owned();
    let message = format!("Merge pull request #{number} from govuk/{short}\n\n{subject}\n");
    repository
        .commit(
            None,
            &who,
            &who,
            &message,
            &repository.find_tree(tree)?,
            &[&main, &theirs],
        )
        .map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_changes_two_scalars_and_nothing_else() {
        let old =
            "# kept\nimage_tag: v1\npromote_deployment: true\nautomatic_deploys_enabled: true\n";
        assert_eq!(
            with_version(old, "v2", false),
            "# kept\nimage_tag: v2\npromote_deployment: false\nautomatic_deploys_enabled: true\n"
        );
        assert_eq!(
            VersionFile::parse("image_tag: \"1.10\"\n"),
            VersionFile {
                tag: "1.10".into(),
                promote: false,
                gate: false
            }
        );
        assert_eq!(
            VersionFile::parse("image_tag: \npromote_deployment: True\n"),
            VersionFile {
                tag: String::new(),
                promote: true,
                gate: false
            }
        );
    }
}
