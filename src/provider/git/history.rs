//! The *history* of declared files: what changed on the branch, when it got there and who brought it, newest first.
//!
//! A walk along first parents at committer time, so that a change is dated when it reached the branch and a merged
//! branch is one step. One subtree's object ids are compared and only what differs is descended into. Deliberately
//! absent: what a change means (a promotion, a roll back), and renames.

use std::collections::HashMap;
use std::sync::Arc;

use git2::{DiffFile, DiffOptions, FileMode, ObjectType, Oid};

use super::repository::{Entry, Error, LARGEST_FILE, Repository};
use super::scalars::{self, Key, Scalars};

/// Commits between two batches where nothing changes, so that a walk nobody wants any more ends soon.
const STEPS_PER_BATCH: usize = 1_000;
/// Changes that fill a batch.
const CHANGES_PER_BATCH: usize = 500;

/// A person or robot as a commit names it. Outside text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Person {
    pub name: String,
    pub email: String,
}

/// The commit that brought a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub commit: Oid,
    /// Committer time in seconds since 1970.
    pub at: i64,
    pub author: Person,
    pub committer: Person,
    /// The first line of the message. Outside text.
    pub subject: String,
    /// Our own trailers (`Leverframe-...`), in order.
    pub trailers: Vec<(String, String)>,
}

/// One side of a change: the blob and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    pub blob: Oid,
    pub scalars: Arc<Scalars>,
}

/// One file that one commit changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub step: Arc<Step>,
    /// From the repository's root.
    pub path: String,
    /// None: the file came into being.
    pub before: Option<Side>,
    /// None: the file went away.
    pub after: Option<Side>,
}

/// How far a walk has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// There is more; a later walk may start from this commit.
    More(Oid),
    /// The commit that the walk was to stop at.
    Until,
    /// The first commit of the branch.
    Start,
}

/// A part of a walk's result, newest first within it and among the batches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub changes: Vec<Change>,
    /// Commits looked at since the walk began.
    pub walked: usize,
    /// Committer time, in seconds since 1970, of the oldest commit looked at: later changes are all known.
    pub since: i64,
    pub reached: Reached,
}

/// Which files a walk looks at.
pub type Wanted = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// What to walk.
#[derive(Clone)]
pub struct Query {
    /// The directory that all wanted files are below, without a slash at the end; empty for the root.
    pub prefix: String,
    /// Whether a path from the root is wanted.
    pub wanted: Wanted,
    /// The only files to look at, from the prefix on; empty: all.
    pub only: Arc<[String]>,
    pub keys: Vec<Key>,
    /// Whether other keys at the top of a file are odd.
    pub closed: bool,
    /// The newest commit to look at.
    pub from: Oid,
    /// Stops before this one, whose changes are known.
    pub until: Option<Oid>,
    /// Commits to look at, at the most.
    pub limit: usize,
}

/// Walks and gives out batches until the end, the limit, or until `to` answers false. The last batch says how far the walk
/// came; a walk that did not meet `until` looked at a history that was rewritten, or longer than the limit.
///
/// # Errors
/// When objects are missing or damaged; what was given out until then holds.
pub fn walk(
    repository: &Repository,
    query: &Query,
    to: &mut dyn FnMut(Batch) -> bool,
) -> Result<(), Error> {
    let mut walk = Walk {
        repository,
        query,
        chain: Vec::new(),
        memo: HashMap::new(),
        changes: Vec::new(),
    };
    let git = &repository.git;
    let fail = |e: git2::Error| repository.objects(&e);
    let mut at = query.from;
    let mut commit = git.find_commit(at).map_err(fail)?;
    let mut subtree = walk.subtree(commit.tree_id())?;
    let mut walked = 0;
    let mut quiet = 0;
    let reached = loop {
        if query.until == Some(at) {
            break Reached::Until;
        }
        if walked >= query.limit {
            break Reached::More(at);
        }
        walked += 1;
        quiet += 1;
        let parent = match commit.parent_id(0) {
            Ok(id) => Some(git.find_commit(id).map_err(fail)?),
            Err(_) => None,
        };
        let before = match &parent {
            Some(parent) => walk.subtree(parent.tree_id())?,
            None => None,
        };
        if before != subtree {
            let found = walk.compare(before, subtree)?;
            if !found.is_empty() {
                let step = Arc::new(step(git, &commit));
                for (path, before, after) in found {
                    let change = Change {
                        step: Arc::clone(&step),
                        before: walk.side(before)?,
                        after: walk.side(after)?,
                        path,
                    };
                    walk.changes.push(change);
                }
            }
        }
        let Some(parent) = parent else {
            break Reached::Start;
        };
        at = parent.id();
        commit = parent;
        subtree = before;
        if walk.changes.len() >= CHANGES_PER_BATCH || quiet >= STEPS_PER_BATCH {
            quiet = 0;
            let batch = Batch {
                changes: std::mem::take(&mut walk.changes),
                walked,
                since: commit.time().seconds(),
                reached: Reached::More(at),
            };
            if !to(batch) {
                return Ok(());
            }
        }
    };
    to(Batch {
        changes: walk.changes,
        walked,
        since: commit.time().seconds(),
        reached,
    });
    Ok(())
}

/// A file that differs: its path, and the blobs before and after.
type Differs = (String, Option<Oid>, Option<Oid>);

struct Walk<'a> {
    repository: &'a Repository,
    query: &'a Query,
    /// Per segment of the prefix the last (tree, entry) pair seen: most commits leave the upper trees alone.
    chain: Vec<(Oid, Option<Oid>)>,
    memo: HashMap<Oid, Arc<Scalars>>,
    changes: Vec<Change>,
}

impl<'a> Walk<'a> {
    /// The object id of the prefix's tree below a root tree.
    fn subtree(&mut self, root: Oid) -> Result<Option<Oid>, Error> {
        let mut tree = root;
        let segments = self.query.prefix.split('/').filter(|s| !s.is_empty());
        for (depth, segment) in segments.enumerate() {
            let known = self.chain.get(depth).filter(|(of, _)| *of == tree);
            let entry = match known {
                Some((_, entry)) => *entry,
                None => {
                    let found = self.find_tree(tree)?;
                    let entry = found
                        .get_name(segment)
                        .filter(|entry| entry.kind() == Some(ObjectType::Tree))
                        .map(|entry| entry.id());
                    self.chain.truncate(depth);
                    self.chain.push((tree, entry));
                    entry
                }
            };
            match entry {
                Some(entry) => tree = entry,
                None => return Ok(None),
            }
        }
        Ok(Some(tree))
    }

    fn find_tree(&self, id: Oid) -> Result<git2::Tree<'a>, Error> {
        self.repository
            .git
            .find_tree(id)
            .map_err(|e| self.repository.objects(&e))
    }

    /// The wanted files that differ below two trees, by path.
    fn compare(&self, before: Option<Oid>, after: Option<Oid>) -> Result<Vec<Differs>, Error> {
        let tree = |id: Option<Oid>| id.map(|id| self.find_tree(id)).transpose();
        let (before, after) = (tree(before)?, tree(after)?);
        let mut options = DiffOptions::new();
        // One entry for a file that became a link, as for any other change of one path.
        options.include_typechange(true).skip_binary_check(true);
        options.disable_pathspec_match(true);
        for file in self.query.only.iter() {
            options.pathspec(file);
        }
        let git = &self.repository.git;
        let diff = git
            .diff_tree_to_tree(before.as_ref(), after.as_ref(), Some(&mut options))
            .map_err(|e| self.repository.objects(&e))?;
        let mut found: Vec<Differs> = Vec::new();
        for delta in diff.deltas() {
            let (old, new) = (blob(&delta.old_file()), blob(&delta.new_file()));
            let file = delta
                .new_file()
                .path_bytes()
                .or(delta.old_file().path_bytes());
            let (Some(file), true) = (file, old != new) else {
                continue;
            };
            let file = String::from_utf8_lossy(file);
            let path = match self.query.prefix.as_str() {
                "" => file.into_owned(),
                prefix => format!("{prefix}/{file}"),
            };
            if (self.query.wanted)(&path) {
                found.push((path, old, new));
            }
        }
        Ok(found)
    }

    fn side(&mut self, blob: Option<Oid>) -> Result<Option<Side>, Error> {
        let Some(blob) = blob else {
            return Ok(None);
        };
        let scalars = match self.memo.get(&blob) {
            Some(known) => Arc::clone(known),
            None => {
                let read = match self.repository.blob(blob)? {
                    Some(bytes) => scalars::read(&bytes, &self.query.keys, self.query.closed),
                    None => Scalars {
                        odd: vec![format!("more than {LARGEST_FILE} bytes long, not read")],
                        ..Scalars::default()
                    },
                };
                let read = Arc::new(read);
                self.memo.insert(blob, Arc::clone(&read));
                read
            }
        };
        Ok(Some(Side { blob, scalars }))
    }
}

/// The object of one side, where that is a file or a link.
fn blob(side: &DiffFile<'_>) -> Option<Oid> {
    let is_blob = matches!(
        side.mode(),
        FileMode::Blob | FileMode::BlobExecutable | FileMode::BlobGroupWritable | FileMode::Link
    );
    (is_blob && !side.id().is_zero()).then(|| side.id())
}

/// What a commit says about itself. A merge without trailers of its own has those of the branch it brings.
fn step(git: &git2::Repository, commit: &git2::Commit<'_>) -> Step {
    let person = |who: git2::Signature<'_>| Person {
        name: String::from_utf8_lossy(who.name_bytes()).into_owned(),
        email: String::from_utf8_lossy(who.email_bytes()).into_owned(),
    };
    let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
    let mut trailers = trailers(&message);
    if trailers.is_empty()
        && let Ok(merged) = commit.parent_id(1)
        && let Ok(merged) = git.find_commit(merged)
    {
        trailers = self::trailers(&String::from_utf8_lossy(merged.message_bytes()));
    }
    Step {
        commit: commit.id(),
        at: commit.time().seconds(),
        author: person(commit.author()),
        committer: person(commit.committer()),
        subject: message
            .lines()
            .find(|l| !l.trim().is_empty())
            .unwrap_or_default()
            .to_owned(),
        trailers,
    }
}

/// Our trailers: lines of the last paragraph that start with `Leverframe-`.
pub(super) fn trailers(message: &str) -> Vec<(String, String)> {
    let last = message.trim_end().rsplit("\n\n").next().unwrap_or_default();
    last.lines()
        .filter(|line| line.starts_with("Leverframe-"))
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect()
}

/// Reads what stands at a path as scalars; what is no readable file comes back as its oddity, an absent one as none.
pub fn read_entry(entry: &Entry, keys: &[Key], closed: bool) -> Option<Scalars> {
    match entry {
        Entry::Absent => None,
        Entry::File { bytes, .. } => Some(scalars::read(bytes, keys, closed)),
        other => Some(Scalars {
            odd: other.odd().into_iter().collect(),
            ..Scalars::default()
        }),
    }
}

#[cfg(test)]
mod tests;
