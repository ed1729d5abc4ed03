//! Former: the sync of a version that stood in a target before, which goes on or has failed after its file was moved.
//!
//! Argo CD does not give up an operation because main has moved: it tries again what it began with, and compares with main
//! when that is over. What fails there accuses the version that it tries, as pods do. Deliberately absent: a word of its
//! own.

use super::here::Here;
use super::status::{FactsAt, Status};
use crate::model::{Application, Change, Operation, Version};
use crate::text::end_sentence;

impl<'a> FactsAt<'a> {
    /// The version that an operation syncs, where another one is declared by now.
    pub(super) fn former_version(
        &self,
        status: &Status,
        operation: &Operation,
    ) -> Option<&'a Version> {
        let environment = &status.target.environment;
        status.images.iter().find_map(|image| {
            let history = &self.store.history;
            let changes = history.changes_of(environment, &image.repository).iter();
            let moves = changes.filter(|change| change.moves_version());
            let since = moves
                .take_while(|change| !self.began_with(operation, change))
                .last()?;
            let declared = image.declared.as_ref()?.version.as_ref();
            since.from.as_ref().filter(|from| Some(*from) != declared)
        })
    }

    /// Whether an operation began with a commit: by its revision or, where that is not known of main, by its time.
    fn began_with(&self, operation: &Operation, change: &Change) -> bool {
        let revision = operation.revision.as_deref();
        let contains = revision.and_then(|revision| self.store.contains(revision, &change.commit));
        let is_after = || operation.started.is_none_or(|started| started >= change.at);
        contains.unwrap_or_else(is_after)
    }

    /// That a former version is still being synced, and how that goes, to follow a sentence; empty where none is.
    pub(super) fn still_syncs(
        &self,
        status: &Status,
        here: &Here<'a>,
        application: Option<&'a Application>,
    ) -> String {
        let former = status.former_sync.as_ref();
        let Some(former) = former.filter(|_| status.is_syncing_former()) else {
            return String::new();
        };
        let failure = self.failure(status, here, application);
        let how = failure.map(|failing| format!(": {}", self.failure_in_words(&failing)));
        let sentence = format!(
            "Argo CD still syncs {}{}",
            former.short(),
            how.unwrap_or_default()
        );
        let next = status.version.as_ref().map(Version::short);
        let next = next.unwrap_or("what is declared");
        format!(" {} Only then comes {next}.", end_sentence(&sentence))
    }
}

impl Status {
    /// An operation is under way that syncs a former version: what is declared comes after it.
    pub fn is_syncing_former(&self) -> bool {
        let is_under_way = self.phase.as_ref().is_some_and(|phase| !phase.is_over());
        is_under_way && self.former_sync.is_some()
    }
}
