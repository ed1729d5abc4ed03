//! Observed: what the cluster shows of the versions of one file: which serve, crash, crashed or were tested.
//!
//! Deliberately absent: what of it speaks against a version ([`super::good`]).

use super::fresh::is_fresh;
use super::subject::Subject;
use super::untested::untested;
use crate::belongs::{self, runs};
use crate::model::live::image_name;
use crate::model::{Environment, Now, ObjectId, Repository, RunPhase, Target, Version};
use crate::store::{AppImage, Crash, Kind};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the cluster shows now of the versions of one file.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Observed {
    /// Ready pods, where they were read just now.
    pub serving: BTreeMap<Version, usize>,
    /// Why pods of a version cannot run.
    pub crashing: BTreeMap<Version, String>,
    /// Those whose pods crashed while this console looked.
    pub crashed: BTreeMap<Version, Crash>,
    /// The newest smoke run that came to its end: one that was stopped says nothing.
    pub smoke: BTreeMap<Version, Smoked>,
    /// For how many seconds a version stood of which no smoke run was made, though its pods had the time to become healthy.
    pub untested: BTreeMap<Version, i64>,
}

/// How a smoke run ended.
#[derive(Clone, PartialEq, Debug)]
pub struct Smoked {
    pub run: ObjectId,
    pub passed: bool,
    pub at: Option<Timestamp>,
}

impl Observed {
    /// Collects what the cluster shows of the apps that ship from a repository in an environment.
    pub(super) fn observe(
        subject: &Subject<'_>,
        environment: &Environment,
        repository: &Repository,
    ) -> Self {
        let mut observed = Observed::default();
        let store = subject.store();
        let now = Now::new(subject.context.now);
        for app in subject.siblings(environment, repository) {
            let target = Target {
                environment: environment.clone(),
                app: app.app.clone(),
            };
            let name = Arc::from(app.app.as_str());
            let mut stays_up = BTreeSet::new();
            // The list is fresh, so pods that serve in the facts serve now.
            let is_fresh = is_fresh(subject, &target, Kind::Pods);
            for pod in belongs::pods(store, subject.delivery(), &target) {
                if pod.ends_by_itself() {
                    continue;
                }
                if is_fresh && !pod.deleting {
                    stays_up.extend(AppImage::that_stay_up(pod, &name, &now));
                }
                let containers = pod.containers.iter();
                let tags = containers
                    .filter(|container| image_name(&container.image) == repository.as_str())
                    .filter_map(|container| container.tag());
                for version in tags.map(Version::new) {
                    if pod.ready && !pod.deleting && is_fresh {
                        *observed.serving.entry(version.clone()).or_default() += 1;
                    }
                    // Whichever of its containers crashes, a pod of this version does not run now: the board says so too.
                    let again = pod.restarting(&now);
                    let again = again.and_then(|container| Some(&container.terminated.as_ref()?.0));
                    if let Some(reason) = pod.crash_reason().or(again) {
                        observed.crashing.insert(version, reason.to_string());
                    }
                }
            }
            let crashes = belongs::crashes(
                store,
                subject.delivery(),
                &target,
                repository.as_str(),
                &now,
            );
            for (image, crash) in crashes.filter(|(image, _)| !stays_up.contains(image)) {
                let newest = observed.crashed.entry(image.version.clone());
                let newest = newest.or_insert_with(|| crash.clone());
                if newest.at < crash.at {
                    *newest = crash.clone();
                }
            }
            for (version, smoked) in smoked(subject, &target) {
                let known = observed.smoke.entry(version).or_insert(smoked.clone());
                // If one of several apps failed, the version failed.
                if known.passed && !smoked.passed {
                    *known = smoked;
                }
            }
        }
        observed.untested = untested(subject, environment, repository);
        let serves = |version: &Version| observed.serving.contains_key(version);
        observed.untested.retain(|version, _| !serves(version));
        observed
    }
}

/// How the newest smoke run of each version of a target ended.
fn smoked(subject: &Subject<'_>, target: &Target) -> BTreeMap<Version, Smoked> {
    let mut smoked = BTreeMap::new();
    let Some(runs) = &subject.delivery().runs else {
        return smoked;
    };
    let newest_first = runs::smoke(subject.store(), subject.delivery(), target);
    let tested = newest_first.into_iter();
    let tested = tested.filter(|run| run.phase.is_over() && !run.was_stopped());
    for run in tested {
        if let Some(version) = run.version(&runs.version_label) {
            smoked.entry(version).or_insert(Smoked {
                run: run.id.clone(),
                passed: run.phase == RunPhase::Succeeded,
                at: run.finished,
            });
        }
    }
    smoked
}
