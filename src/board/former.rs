//! Former: a version that stood in a target before, and is still synced or still serves after its file was moved.
//!
//! Argo CD does not give up an operation because main has moved: it tries again what it began with, and compares with main
//! when that is over. What fails there accuses the version that it tries, as pods do. Until the parent has rendered what
//! is declared, nothing replaces the pods of the version before. Deliberately absent: a word of its own.

use super::here::Here;
use super::live::Live;
use super::status::{FactsAt, Status};
use crate::model::{Application, Change, Operation, Version};
use crate::text::end_sentence;
use std::cmp::Reverse;

/// So many other versions are named: a rollout has one or two.
const OTHERS: usize = 3;

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
            let mut moves = changes.filter(|change| change.moves_version());
            // Whatever main was when it began, it applies what the parent had rendered by then.
            if let Some(rendered) = status.rendered_before() {
                let brought = moves.find(|change| change.to.as_ref() == Some(rendered));
                return brought?.to.as_ref();
            }
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
        let is_here = status.live.as_ref().is_some_and(Live::is_as_declared);
        // They may never have left, and be replaced by what is synced: then they come a second time.
        let then = match is_here {
            true => format!("Meanwhile all pods run {next}, which comes again after that."),
            false => format!("Only then comes {next}."),
        };
        format!(" {} {then}", end_sentence(&sentence))
    }

    /// Which other versions have pods here, and that the parent has not rendered what is declared, to follow a sentence; empty
    /// where neither is so. ` v412 is still here: 2/2 pods ready. The parent has not rendered v409 yet.`
    pub(super) fn still_here(&self, status: &Status) -> String {
        let others = status.live.iter().flat_map(|live| &live.others);
        let mut others: Vec<_> = others.collect();
        // What serves stands first, and is never among those that are not named.
        others.sort_by_key(|(_, (ready, _))| Reverse(*ready));
        let named = others.iter().take(OTHERS);
        let mut sentences: Vec<String> = named
            .map(|(version, (ready, all))| {
                let pods = if *all == 1 { "pod" } else { "pods" };
                let how = match self.stood_here(status, version) {
                    Some(true) => "is still here",
                    // It came with a newer commit than was read.
                    Some(false) => "is here, which git did not have when it was read",
                    None => "is here",
                };
                format!(" {} {how}: {ready}/{all} {pods} ready.", version.short())
            })
            .collect();
        sentences.extend(match others.len().saturating_sub(OTHERS) {
            0 => None,
            1 => Some(" 1 more version is here.".to_owned()),
            more => Some(format!(" {more} more versions are here.")),
        });
        let rendered = status.rendered_before();
        let unrendered = match (rendered, &status.version) {
            (Some(rendered), Some(declared)) if self.stood_here(status, rendered) == Some(true) => {
                Some(declared.short())
            }
            (Some(_), _) => None,
            (None, _) => (status.rendered().is_none() && status.parent_has_it == Some(false))
                .then_some("the last commit"),
        };
        sentences.extend(
            unrendered.map(|declared| format!(" The parent has not rendered {declared} yet.")),
        );
        sentences.concat()
    }
}

impl Status {
    /// The version that the parent has rendered; of several images no annotation says it.
    pub fn rendered(&self) -> Option<&Version> {
        self.annotated.as_ref().filter(|_| self.images.len() == 1)
    }

    /// The same where another one is declared by now.
    fn rendered_before(&self) -> Option<&Version> {
        let rendered = self.rendered();
        rendered.filter(|rendered| Some(*rendered) != self.version.as_ref())
    }

    /// Another version is declared by now, and the parent has not rendered it: what an app gets is still this one.
    pub fn renders_still(&self, version: &Version) -> bool {
        match self.rendered() {
            Some(_) => self.rendered_before() == Some(version),
            None => self.parent_has_it == Some(false),
        }
    }

    /// An operation is under way that syncs a former version: what is declared comes after it.
    pub fn is_syncing_former(&self) -> bool {
        let is_under_way = self.phase.as_ref().is_some_and(|phase| !phase.is_over());
        is_under_way && self.former_sync.is_some()
    }
}
