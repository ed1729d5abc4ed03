//! Lacks: what a clone is without, so that it cannot be the source.
//!
//! Deliberately absent: fetching it. The clone is the user's, and git would fetch the files one by one, each by a call.

/// A sort of clone, worded to follow "is".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lacks {
    #[error("a shallow clone: what is proposed depends on the commits that it leaves out")]
    Commits,
    #[error("a partial clone: it leaves out the files of earlier commits")]
    Files,
}

impl Lacks {
    /// None for a whole clone.
    pub fn of_clone(git: &git2::Repository) -> Option<Self> {
        let config = git.config().ok();
        let is_set = |pattern: &str| {
            let config = config.as_ref();
            let entries = config.and_then(|config| config.entries(Some(pattern)).ok());
            entries.is_some_and(|mut entries| entries.next().is_some())
        };
        if git.is_shallow() {
            return Some(Self::Commits);
        }
        let is_partial = is_set(r"^extensions\.partialclone$") || is_set(r"^remote\..*\.promisor$");
        is_partial.then_some(Self::Files)
    }
}
