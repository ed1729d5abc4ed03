//! A *send*: one plan's scalars brought onto a branch as exactly one commit, however busy the branch is.
//!
//! A rejected push changed nothing, so looking at the new head, building the commit on it and pushing again is still the
//! same send while the scalars are as they were shown. A lost push is never followed by another: what became of it is found by
//! looking for the plan's trailer. The commit last sent is kept under a reference of our own until its outcome is
//! certain, so that a later start can tell as well. Deliberately absent: deciding whether to send at all.

use std::time::{Duration, Instant};

use git2::Oid;

use super::commit::{self, File, Unmade};
use super::edit::{self, Set};
use super::push::{self, Pushed, To};
use super::repository::{Entry, Error, Repository};
use super::scalars::{self, Key};
use super::seek::{Sought, find, seek};
use crate::model::slot::Value;

/// How long a branch that keeps moving is pursued.
pub const PURSUIT: Duration = Duration::from_secs(60);
/// One push, with whatever hooks the far side runs.
pub const PUSH_LIMIT: Duration = Duration::from_secs(45);
/// How long a lost push is looked for before it is called unknown.
const LOOK: Duration = Duration::from_secs(8);
/// A last try younger than this may still be under way in another process.
const UNDER_WAY_S: i64 = 120;
/// A plan younger than this that left no trace may be about to be sent by another process.
const ABOUT_TO_S: i64 = 300;

/// Where the commits last sent are kept, by their plans' ids.
pub(super) const SENT: &str = "refs/leverframe/sent/";

/// The scalars of one file, as shown and as they shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEdit {
    pub path: String,
    /// Each scalar with what was shown of it: a version's text, none where it was absent or null; a gate's meaning.
    pub scalars: Vec<(Set, Option<String>)>,
}

/// What to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The plan's id, for its trailer.
    pub plan: String,
    pub files: Vec<FileEdit>,
    /// The whole message, with trailers.
    pub message: String,
    /// None: the branch that is read. Else a new branch of this name.
    pub branch: Option<String>,
    /// How long a moving branch is pursued; [`PURSUIT`] but in tests.
    pub pursuit: Duration,
}

/// One push about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Try {
    /// Counted from 1.
    pub number: usize,
    /// The head that the commit was built on.
    pub head: Oid,
    pub commit: Oid,
    /// Why the try before was rejected.
    pub after: Option<String>,
}

/// What became of a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// On the branch.
    Applied(Oid),
    /// A scalar is not as it was shown. Nothing was changed.
    Moved {
        path: String,
        key: String,
        shown: Option<String>,
        now: Option<String>,
        head: Oid,
    },
    /// Could not be made into a commit. Nothing was changed.
    Refused(String),
    /// The far side said no, or could not be reached. Nothing was changed. `protected`: another mechanism may do.
    Failed { because: String, protected: bool },
    /// Sent, and no answer.
    Unknown(String),
}

fn failed(because: impl Into<String>) -> Sent {
    Sent::Failed {
        because: because.into(),
        protected: false,
    }
}

/// Sends a proposal. `tried` is called before each try and can still stop it.
pub fn send(
    repository: &Repository,
    proposal: &Proposal,
    tried: &mut dyn FnMut(&Try) -> Result<(), String>,
) -> Sent {
    let to = match push::destination(repository) {
        Ok(to) => to,
        Err(why) => return Sent::Refused(why),
    };
    if repository.git.refname_to_id(&kept(&proposal.plan)).is_ok() {
        let now = jiff::Timestamp::now();
        return match look_for(repository, &proposal.plan, proposal.branch.as_deref(), now) {
            Search::Applied(commit) => Sent::Applied(commit),
            Search::NotThere => {
                failed("this plan was sent before and did not land. Make a new one")
            }
            Search::Unknown(why) => Sent::Unknown(why),
        };
    }
    let started = Instant::now();
    // A look at the remote before the first try: on a busy branch it spares a rejected push, and it finds a plan that
    // has landed already.
    let mut head = match push::head(repository, to, PUSH_LIMIT) {
        Ok(head) => head,
        Err(e) => return failed(e.to_string()),
    };
    let mut after = None;
    for number in 1.. {
        if let Some(commit) = find(repository, head, &proposal.plan) {
            return Sent::Applied(commit);
        }
        let commit = match build(repository, head, proposal) {
            Ok(commit) => commit,
            Err(sent) => {
                forget(repository, &proposal.plan);
                return sent;
            }
        };
        let this = Try {
            number,
            head,
            commit,
            after: after.take(),
        };
        if let Err(why) = keep(repository, &proposal.plan, commit) {
            return Sent::Refused(why);
        }
        if let Err(why) = tried(&this) {
            forget(repository, &proposal.plan);
            return Sent::Refused(why);
        }
        let target = proposal
            .branch
            .as_deref()
            .unwrap_or(&repository.source().branch);
        let pushed = push::push(repository, to, commit, target, PUSH_LIMIT);
        tracing::info!(plan = %proposal.plan, number, %head, %commit, ?pushed, "pushed");
        let sent = match pushed {
            Pushed::Done => Sent::Applied(commit),
            Pushed::NotSent(why) => failed(why),
            Pushed::Rejected(why) => Sent::Failed {
                protected: proposal.branch.is_none(),
                because: why,
            },
            Pushed::Lost(why) => return lost(repository, to, proposal, commit, &why),
            Pushed::Behind(why) if proposal.branch.is_some() => {
                failed(format!("the branch {target} is there already: {why}"))
            }
            Pushed::Behind(why) if started.elapsed() >= proposal.pursuit => failed(format!(
                "the branch moved {number} times in {} s, or is locked, the last time: {why}",
                proposal.pursuit.as_secs()
            )),
            Pushed::Behind(why) => {
                // Somebody else's lock is gone in a moment; who was faster needs no waiting.
                let wait = Duration::from_millis(20 * u64::try_from(number).unwrap_or(1).min(25));
                match renew(repository, to, head, wait) {
                    Ok(new) => {
                        head = new;
                        after = Some(why);
                        continue;
                    }
                    Err(e) => failed(format!("the branch had moved ({why}), and then: {e}")),
                }
            }
        };
        forget(repository, &proposal.plan);
        return sent;
    }
    failed("the branch was never still")
}

/// The head after a rejected push; waits a little where it has not moved.
fn renew(repository: &Repository, to: To, head: Oid, wait: Duration) -> Result<Oid, Error> {
    let new = push::head(repository, to, PUSH_LIMIT)?;
    if new == head {
        std::thread::sleep(wait);
        return push::head(repository, to, PUSH_LIMIT);
    }
    Ok(new)
}

/// Builds the commit on a head, if every scalar is as it was shown.
fn build(repository: &Repository, head: Oid, proposal: &Proposal) -> Result<Oid, Sent> {
    let mut files = Vec::new();
    let mut changed = false;
    for file in &proposal.files {
        let bytes = match repository.read(head, &file.path) {
            Ok(Entry::File { bytes, .. }) => bytes,
            Ok(Entry::Absent) => {
                return Err(Sent::Refused(format!("{} does not exist", file.path)));
            }
            Ok(other) => {
                let what = other.odd().unwrap_or_default();
                return Err(Sent::Refused(format!("{} is {what}", file.path)));
            }
            Err(e) => return Err(failed(e.to_string())),
        };
        if let Some(what) = edit::template(&file.path) {
            return Err(Sent::Refused(format!("{} is {what}", file.path)));
        }
        let keys: Vec<Key> = file
            .scalars
            .iter()
            .map(|(set, _)| match set.value {
                Value::Boolean(_) => Key::gate(&set.path),
                Value::Text(_) => Key::version(&set.path),
            })
            .collect();
        let now = scalars::read(&bytes, &keys, false);
        for (set, shown) in &file.scalars {
            // A version is the same only as it is written; a gate by what a chart makes of it, absent or not.
            let is_same = match set.value {
                Value::Boolean(_) => now.gate(&set.path) == (shown.as_deref() == Some("true")),
                Value::Text(_) => now.text(&set.path) == shown.as_deref(),
            };
            if !is_same {
                return Err(Sent::Moved {
                    path: file.path.clone(),
                    key: set.path.clone(),
                    shown: shown.clone(),
                    now: now.text(&set.path).map(str::to_owned),
                    head,
                });
            }
        }
        let sets: Vec<Set> = file.scalars.iter().map(|(set, _)| set.clone()).collect();
        let edited = edit::edit(&bytes, &sets)
            .map_err(|e| Sent::Refused(format!("{} cannot be edited safely: {e}", file.path)))?;
        changed |= edited != bytes;
        files.push(File {
            path: file.path.clone(),
            bytes: edited,
        });
    }
    if !changed {
        return Err(Sent::Refused(
            "the files say so already; there is nothing to commit".to_owned(),
        ));
    }
    commit::build(repository, head, &files, &proposal.message).map_err(|e| match e {
        Unmade::Objects(e) => failed(e.to_string()),
        other => Sent::Refused(other.to_string()),
    })
}

/// Looks for a push whose answer was lost.
fn lost(repository: &Repository, to: To, proposal: &Proposal, commit: Oid, why: &str) -> Sent {
    let until = Instant::now() + LOOK.min(proposal.pursuit.max(Duration::from_secs(1)));
    let mut said = why.to_owned();
    loop {
        match look(
            repository,
            to,
            &proposal.plan,
            proposal.branch.as_deref(),
            commit,
        ) {
            Ok(Looked::Found(found)) => {
                forget(repository, &proposal.plan);
                return Sent::Applied(found);
            }
            Ok(Looked::Overtaken) => {
                forget(repository, &proposal.plan);
                return failed(format!(
                    "the connection was lost ({why}), and the branch moved on without the commit, which so can not land any more"
                ));
            }
            Ok(Looked::Open) => {}
            Err(e) => said = format!("{why}; looking for it: {e}"),
        }
        if Instant::now() >= until {
            return Sent::Unknown(said);
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

enum Looked {
    Found(Oid),
    /// The branch has another commit where ours could have been.
    Overtaken,
    /// It may still land.
    Open,
}

/// One look at the remote for the commit that was sent.
fn look(
    repository: &Repository,
    to: To,
    plan: &str,
    branch: Option<&str>,
    commit: Oid,
) -> Result<Looked, Error> {
    if let Some(branch) = branch
        && let Some(found) = push::branch(repository, to, branch, PUSH_LIMIT)?
    {
        return Ok(Looked::Found(found));
    }
    let head = push::head(repository, to, PUSH_LIMIT)?;
    let leads_to = |from: Oid, commit: Oid| {
        let is_below = repository.git.graph_descendant_of(from, commit);
        is_below
            .map(|is_below| is_below || from == commit)
            .map_err(|e| repository.objects(&e))
    };
    if leads_to(head, commit)? {
        return Ok(Looked::Found(commit));
    }
    let built_on = repository
        .git
        .find_commit(commit)
        .and_then(|commit| commit.parent_id(0))
        .map_err(|e| repository.objects(&e))?;
    // The far side may have made the commit again, which gives it another id.
    if let Sought::Found(found) = seek(repository, head, plan, Some(built_on)) {
        return Ok(Looked::Found(found));
    }
    // A push names the head that it replaces, so once that has moved the far side cannot accept it any more. That
    // proves nothing for a branch of its own, which may have been accepted and removed, nor after history was
    // rewritten.
    Ok(
        if branch.is_some() || head == built_on || !leads_to(head, built_on)? {
            Looked::Open
        } else {
            Looked::Overtaken
        },
    )
}

/// What became of a plan that was sent earlier, perhaps by a process that has died.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    Applied(Oid),
    /// Surely not there, and it can not come any more.
    NotThere,
    Unknown(String),
}

/// Looks for a plan on the remote and in the repository. Nothing is sent. `sent_at`: when its intent was journalled.
pub fn look_for(
    repository: &Repository,
    plan: &str,
    branch: Option<&str>,
    sent_at: jiff::Timestamp,
) -> Search {
    let to = match push::destination(repository) {
        Ok(to) => to,
        // The remote may have been there when it was sent.
        Err(why) => return Search::Unknown(why),
    };
    let kept = repository.git.refname_to_id(&kept(plan)).ok();
    let found = match kept {
        Some(commit) => look(repository, to, plan, branch, commit),
        None => absent(repository, to, plan, branch, sent_at),
    };
    match found {
        Ok(Looked::Found(commit)) => {
            forget(repository, plan);
            Search::Applied(commit)
        }
        Ok(Looked::Overtaken) if kept.is_none_or(|commit| is_over(repository, commit)) => {
            forget(repository, plan);
            Search::NotThere
        }
        Ok(Looked::Overtaken | Looked::Open) => Search::Unknown(
            "the commit is not there, but the push may still be under way, or what became of it can not be seen any more"
                .to_owned(),
        ),
        Err(e) => Search::Unknown(e.to_string()),
    }
}

/// A plan that left no reference was not pushed from here, or its outcome was certain, or is about to be sent.
fn absent(
    repository: &Repository,
    to: To,
    plan: &str,
    branch: Option<&str>,
    sent_at: jiff::Timestamp,
) -> Result<Looked, Error> {
    if let Some(branch) = branch
        && let Some(found) = push::branch(repository, to, branch, PUSH_LIMIT)?
    {
        return Ok(Looked::Found(found));
    }
    let head = push::head(repository, to, PUSH_LIMIT)?;
    let sent_at = sent_at.as_second();
    let is_past = jiff::Timestamp::now().as_second() - sent_at > ABOUT_TO_S;
    Ok(match seek(repository, head, plan, None) {
        Sought::Found(found) => Looked::Found(found),
        Sought::Absent { down_to }
            if branch.is_none() && is_past && down_to < sent_at - 24 * 3600 =>
        {
            Looked::Overtaken
        }
        Sought::Absent { .. } | Sought::Failed => Looked::Open,
    })
}

fn is_over(repository: &Repository, commit: Oid) -> bool {
    repository.git.find_commit(commit).is_ok_and(|commit| {
        let now = jiff::Timestamp::now().as_second();
        now - commit.time().seconds() > UNDER_WAY_S
    })
}

/// The reference that keeps the commit last sent for a plan.
fn kept(plan: &str) -> String {
    format!("{SENT}{plan}")
}

fn keep(repository: &Repository, plan: &str, commit: Oid) -> Result<(), String> {
    repository
        .git
        .reference(&kept(plan), commit, true, "leverframe: about to push")
        .map(|_| ())
        .map_err(|e| {
            format!(
                "what is about to be sent cannot be noted down: {}",
                e.message()
            )
        })
}

/// The outcome is certain: nothing has to be looked for any more.
fn forget(repository: &Repository, plan: &str) {
    if let Ok(mut reference) = repository.git.find_reference(&kept(plan)) {
        let _ = reference.delete();
    }
}

#[cfg(test)]
mod tests;
