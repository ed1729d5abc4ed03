//! Unread: the word of a target of which something is not known, because a list of its cluster could not be read.
//!
//! Deliberately absent: lists that were read once. What they said is kept, and ages with its source.

use super::here::Here;
use super::status::{FactsAt, Status, TargetKind};
use crate::belongs::lists;
use crate::model::*;
use crate::store::{Kind, Source};

impl<'a> FactsAt<'a> {
    /// A configured cluster of which nothing could be read, or not one of the lists that tell how the target is.
    pub(super) fn unread(&self, status: &Status, here: &Here<'a>) -> Option<(Word, String)> {
        here.cluster?;
        let environment = &status.target.environment;
        let state = self.store.source(&Source::Cluster(environment.clone()))?;
        if !state.lists.values().any(|list| list.listed) {
            // The reason is shown once, with the source.
            let fault = state.worst_fault()?;
            return Some((Word::Unread, format!("{environment} {}", may_or_can(fault))));
        }
        let kinds: &[(Kind, &str)] = match status.kind {
            TargetKind::App | TargetKind::NoFile => &[
                (Kind::Applications, "the Applications"),
                (Kind::Runs, "the runs"),
                (Kind::Pods, "the pods"),
            ],
            TargetKind::Parent | TargetKind::Orphan => &[(Kind::Applications, "the Applications")],
        };
        let unread = kinds.iter().filter_map(|(kind, words)| {
            let list = lists::list_of(self.store, self.delivery, &status.target, *kind)?;
            let state = state.lists.get(&list).filter(|list| !list.listed)?;
            Some((*words, state.fault.as_ref()?))
        });
        let unread: Vec<(&str, &Fault)> = unread.collect();
        let (_, fault) = unread.first()?;
        let words: Vec<&str> = unread.iter().map(|(words, _)| *words).collect();
        let words = words.join(" and ");
        let because = format!(
            "{words} of {environment} {}: {}",
            may_or_can(fault),
            fault.detail
        );
        Some((Word::Unread, because))
    }
}

fn may_or_can(fault: &Fault) -> &'static str {
    match fault.kind {
        FaultKind::Forbidden | FaultKind::Unauthorized => "may not be read",
        _ => "cannot be read",
    }
}
