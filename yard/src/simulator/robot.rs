//! Robot: commits versions to main, and merges the branches that people push, as a client of git like any other.
//!
//! Commits are made in a repository of the robot's own, the workshop, which borrows the objects of the yard's repository.
//! The git program pushes them, so that the hooks that protect main see every change.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use git2::{Oid, Signature, Tree};
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

use crate::fleet::{values_of, values_path};
use crate::history::{PEOPLE, ROBOT, Setting, path};
use crate::repository::{ROBOT_VARIABLE, Repository, git};

/// How long a push may take; on this machine it takes a fraction of a second.
const LONGEST_PUSH: Duration = Duration::from_secs(5);

/// The robot; it makes one push at a time.
pub struct Robot {
    repository: Repository,
    workshop: PathBuf,
    busy: Mutex<()>,
    /// The tasks that read and write repositories. They run to their end even if nobody waits for them any more, so the
    /// folder may be deleted only when all of them have ended.
    tasks: TaskTracker,
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
    /// Reads a file line by line and ignores unknown lines.
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

/// The main branch at one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The commit's id, in 40 hexadecimal digits.
    pub revision: String,
    /// Version files of one environment, by repository.
    pub files: BTreeMap<String, VersionFile>,
    /// The environment's values file.
    pub values: String,
}

impl Head {
    /// The version file of a repository; an absent one is empty.
    pub fn file(&self, repository: &str) -> VersionFile {
        self.files.get(repository).cloned().unwrap_or_default()
    }
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
            tasks: TaskTracker::new(),
        })
    }

    /// The tasks that must have ended before the folder may be deleted.
    pub fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// The newest commit of main, with the version files of an environment.
    pub async fn head(&self, environment: &'static str) -> io::Result<Head> {
        self.files_at(environment, None).await
    }

    /// The files of an environment at a revision; without one, at the newest commit of main.
    pub async fn files_at(
        &self,
        environment: &'static str,
        revision: Option<String>,
    ) -> io::Result<Head> {
        let place = self.repository.path().to_owned();
        self.work(move || {
            let repository = git2::Repository::open_bare(place)?;
            let id = match revision {
                Some(revision) => Oid::from_str(&revision)?,
                None => repository.refname_to_id("refs/heads/main")?,
            };
            let tree = repository.find_commit(id)?.tree()?;
            let folder = tree.get_path(Path::new(&path(environment, "")))?;
            let mut files = BTreeMap::new();
            for entry in &repository.find_tree(folder.id())? {
                if let (Ok(name), Ok(blob)) = (entry.name(), repository.find_blob(entry.id())) {
                    files.insert(
                        name.to_owned(),
                        VersionFile::parse(&String::from_utf8_lossy(blob.content())),
                    );
                }
            }
            let values = text_of(&repository, &tree, &values_path(environment));
            Ok(Head {
                revision: id.to_string(),
                files,
                values,
            })
        })
        .await
    }

    /// Writes a version as update-image-tag does: where the version stands already nothing is written, not even another
    /// value of the promotion key.
    pub async fn set_version(
        &self,
        environment: &str,
        repository: &str,
        tag: &str,
        promote: bool,
    ) -> io::Result<()> {
        let tag = tag.to_owned();
        let edit = Edit {
            file: path(environment, repository),
            message: format!("Update {repository} image tag to {tag} for {environment}\n"),
            author: ROBOT,
        };
        self.commit(edit, move |old| {
            (VersionFile::parse(old).tag != tag).then(|| with_version(old, &tag, promote))
        })
        .await
    }

    /// Writes the memory limit of an app, as the merged change of a person.
    pub async fn set_memory(&self, setting: &Setting, author: &'static str) -> io::Result<()> {
        let (app, memory) = (setting.app, setting.memory);
        let edit = Edit {
            file: values_path(setting.environment),
            message: setting.message(),
            author,
        };
        self.commit(edit, move |old| with_memory(old, app, memory))
            .await
    }

    /// Commits a change of a file on the newest commit of main; makes no commit where `change` has nothing to change.
    async fn commit(
        &self,
        edit: Edit,
        change: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> io::Result<()> {
        let (edit, change) = (Arc::new(edit), Arc::new(change));
        let _busy = self.busy.lock().await;
        for _ in 0..20 {
            let (workshop, origin) = (self.workshop.clone(), self.repository.path().to_owned());
            let (edit, change) = (edit.clone(), change.clone());
            let made = self
                .work(move || commit_edit(&workshop, &origin, &edit, &*change))
                .await?;
            let Some(commit) = made else { return Ok(()) };
            if self.push(&format!("{commit}:refs/heads/main")).await? {
                return Ok(());
            }
            // Somebody else has pushed in between, so the change is made anew on their commit.
        }
        Err(io::Error::other(
            "main moved twenty times between reading and pushing",
        ))
    }

    /// The branches that people pushed for review, each with its newest commit.
    pub async fn branches(&self) -> io::Result<Vec<(String, String)>> {
        let place = self.repository.path().to_owned();
        self.work(move || {
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
            let Some(commit) = self
                .work(move || merge_branch(&place, &origin, &name, number))
                .await?
            else {
                return Ok(false);
            };
            if self.push(&format!("{commit}:refs/heads/main")).await? {
                return self.push(&format!(":{branch}")).await;
            }
        }
        Ok(false)
    }

    async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, git2::Error> + Send + 'static,
    ) -> io::Result<T> {
        let done = self.tasks.spawn_blocking(job).await;
        done.map_err(io::Error::other)?.map_err(io::Error::other)
    }

    /// Pushes; false where the push was rejected.
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
        let pushed = async move { tokio::time::timeout(LONGEST_PUSH, command.output()).await };
        let late = |_| io::Error::other("git push did not end in time");
        let output = self.tasks.spawn(pushed).await?.map_err(late)??;
        if !output.status.success() {
            tracing::debug!(what, said = %String::from_utf8_lossy(&output.stderr), "a push was not taken");
        }
        Ok(output.status.success())
    }
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

/// One commit to be made.
struct Edit {
    file: String,
    message: String,
    author: &'static str,
}

fn text_of(repository: &git2::Repository, tree: &Tree<'_>, file: &str) -> String {
    let entry = tree.get_path(Path::new(file)).ok();
    let blob = entry.and_then(|entry| repository.find_blob(entry.id()).ok());
    blob.map_or_else(String::new, |blob| {
        String::from_utf8_lossy(blob.content()).into_owned()
    })
}

fn commit_edit(
    workshop: &Path,
    origin: &Path,
    edit: &Edit,
    change: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Oid>, git2::Error> {
    let repository = git2::Repository::open_bare(workshop)?;
    let head = repository.find_commit(main_of(origin)?)?;
    let tree = head.tree()?;
    let old = text_of(&repository, &tree, &edit.file);
    let Some(new) = change(&old).filter(|new| *new != old) else {
        return Ok(None);
    };
    let blob = repository.blob(new.as_bytes())?;
    let tree = with_file(&repository, Some(&tree), &edit.file, blob)?;
    let who = signature(edit.author)?;
    repository
        .commit(
            None,
            &who,
            &who,
            &edit.message,
            &repository.find_tree(tree)?,
            &[&head],
        )
        .map(Some)
}

/// The values file with another memory limit for one app; none where it has no such app.
fn with_memory(old: &str, app: &str, memory: &str) -> Option<String> {
    let own = values_of(old, app)?;
    let line = own
        .lines()
        .find(|line| line.trim_start().starts_with("memory: "))?;
    let new = own.replace(line, &format!("    memory: {memory}"));
    let head = format!("- name: {app}\n");
    Some(old.replace(&format!("{head}{own}"), &format!("{head}{new}")))
}

/// The file with another version and promotion key, all else unchanged. A new file has no gate key, which closes the gate.
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
        let values = "- name: a\n  memory: 1\n- name: b\n  helmValues:\n    memory: 1\n";
        assert_eq!(
            with_memory(values, "b", "2").as_deref(),
            Some("- name: a\n  memory: 1\n- name: b\n  helmValues:\n    memory: 2\n")
        );
        assert_eq!(with_memory(values, "c", "2"), None);
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
