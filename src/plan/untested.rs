//! Untested: which versions stood here for long enough to be tested, and no smoke run of them was ever made.
//!
//! A smoke run begins once a version is healthy. A controller forgets the runs that passed first, and the oldest before the
//! others: where it still keeps one that passed before a version came, it would have kept that version's own.

use super::subject::Subject;
use crate::belongs::runs;
use crate::model::{Environment, Repository, Run, RunPhase, Target, Version};
use std::collections::{BTreeMap, BTreeSet};

/// The versions that have left here untested, each with the seconds that it stood at last.
pub(super) fn untested(
    subject: &Subject<'_>,
    environment: &Environment,
    repository: &Repository,
) -> BTreeMap<Version, i64> {
    let (store, delivery) = (subject.store(), subject.delivery());
    let mut untested = BTreeMap::new();
    let Some(label) = delivery.runs.as_ref().map(|runs| &runs.version_label) else {
        return untested;
    };
    let apps = subject.siblings(environment, repository);
    let kept: Vec<(&Run, Version)> = apps
        .into_iter()
        .filter(|app| app.smoke)
        .flat_map(|app| {
            let target = Target {
                environment: environment.clone(),
                app: app.app.clone(),
            };
            runs::smoke(store, delivery, &target)
        })
        .filter_map(|run| Some((run, run.version(label)?)))
        .collect();
    let passed = kept.iter().map(|(run, _)| run);
    let passed = passed.filter(|run| run.phase == RunPhase::Succeeded);
    let Some(first_passed) = passed.filter_map(|run| run.begun()).min() else {
        return untested;
    };
    let tested: BTreeSet<&Version> = kept.iter().map(|(_, version)| version).collect();
    let long_enough_s = delivery.usual.rollout.1 + delivery.usual.smoke.1;
    let stands = store.history.stands(environment, repository);
    for stand in &stands {
        let (Some(came), Some(stood_s)) = (stand.came, stand.seconds()) else {
            continue;
        };
        let is_long = stood_s > long_enough_s && first_passed < came.at;
        if is_long && !tested.contains(stand.version) {
            untested.entry(stand.version.clone()).or_insert(stood_s);
        }
    }
    // Of what stands now the status speaks.
    if let Some(now) = stands.first().filter(|stand| stand.left.is_none()) {
        untested.remove(now.version);
    }
    untested
}
