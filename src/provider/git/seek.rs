//! A *seek*: a plan looked for in the history by its trailer.
//!
//! Not finding it proves only as much as was looked through, so the result says how far that was. Deliberately absent:
//! the remote (`push.rs`), and what not finding it means (`send.rs`).

use std::collections::VecDeque;

use git2::Oid;

use super::history::trailers;
use super::repository::Repository;

/// Commits that are looked through for a trailer, newest first, where it is not known what it was built on.
pub const LOOK_BACK: usize = 5_000;
/// The oldest of them that have to be older than a plan, all by a day, before it is surely not further down: one alone may
/// have come from a machine with a wrong clock.
const DEEPEST: usize = 100;
/// The trailer that names a plan.
pub const PLAN_TRAILER: &str = "Leverframe-Plan";

/// The commit that carries a plan's trailer, among the newest that a commit leads to (merged branches too).
pub fn find(repository: &Repository, from: Oid, plan: &str) -> Option<Oid> {
    match seek(repository, from, plan, None) {
        Sought::Found(commit) => Some(commit),
        Sought::Absent { .. } | Sought::Failed => None,
    }
}

/// What a walk for a plan's trailer found.
pub enum Sought {
    Found(Oid),
    /// Not among what was made at or after this second since 1970, the lowest number where the walk came to the end.
    Absent {
        down_to: i64,
    },
    /// The commits cannot all be read.
    Failed,
}

/// Walks for a plan's trailer: all that came after `since`, else as far as [`LOOK_BACK`].
pub fn seek(repository: &Repository, from: Oid, plan: &str, since: Option<Oid>) -> Sought {
    seek_down(repository, from, plan, since).unwrap_or(Sought::Failed)
}

fn seek_down(
    repository: &Repository,
    from: Oid,
    plan: &str,
    since: Option<Oid>,
) -> Result<Sought, git2::Error> {
    let mut walk = repository.git.revwalk()?;
    walk.set_sorting(git2::Sort::TIME)?;
    walk.push(from)?;
    if let Some(since) = since {
        walk.hide(since)?;
    }
    let bound = since.map_or(LOOK_BACK, |_| usize::MAX);
    let wanted = format!("{PLAN_TRAILER}: {plan}");
    let mut deepest = VecDeque::with_capacity(DEEPEST);
    for (seen, id) in walk.enumerate() {
        if seen == bound {
            let down_to = deepest.into_iter().max().unwrap_or(i64::MAX);
            return Ok(Sought::Absent { down_to });
        }
        let id = id?;
        let commit = repository.git.find_commit(id)?;
        let message = String::from_utf8_lossy(commit.message_bytes());
        if message.contains(&wanted)
            && trailers(&message)
                .iter()
                .any(|(name, value)| name == PLAN_TRAILER && value == plan)
        {
            return Ok(Sought::Found(id));
        }
        if deepest.len() == DEEPEST {
            deepest.pop_front();
        }
        deepest.push_back(commit.time().seconds());
    }
    Ok(Sought::Absent { down_to: i64::MIN })
}
