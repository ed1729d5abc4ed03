//! Changed: which facts changed since the board was derived, so that only what depends on them is derived again.
//!
//! Deliberately absent: what depends on a fact. Apps and repositories are named; the board knows which rows are theirs.

use crate::model::Repository;
use std::collections::HashSet;
use std::sync::Arc;

/// Facts that came in since somebody took this.
#[derive(Clone, Debug, Default)]
pub struct Changed {
    /// Something that any row may depend on: what is declared, how a source is doing, a whole list.
    pub everything: bool,
    /// Apps that an object names, or named before.
    pub apps: HashSet<Arc<str>>,
    /// Repositories whose history grew.
    pub repositories: HashSet<Repository>,
}

impl Changed {
    pub fn is_nothing(&self) -> bool {
        !self.everything && self.apps.is_empty() && self.repositories.is_empty()
    }
}
