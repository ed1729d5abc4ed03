//! Stays: why a version that waits below does not come by itself when the gate is opened.
//!
//! A promotion is the last step of a smoke run, which keeps the gate as it was when the run began: what was tested while the gate
//! was closed is not brought later. Deliberately absent: what has no smoke run yet. Its run finds the gate open.

use super::runs::into;
use super::subject::Subject;
use crate::belongs::runs::{smoke, speaks_for};
use crate::board::direction::compare_versions;
use crate::delivery::Stage;
use crate::model::{Order, Repository, Run, RunPhase, Target, Version};

/// Why a version stays below, as a sentence.
pub(super) struct Stays {
    pub because: String,
    /// It was tested, so that it may be promoted now.
    pub is_tested: bool,
}

/// Why `below`, which stands in `lower`, does not come through a gate that is opened; none where it comes, is not to come, or
/// nobody knows.
pub(super) fn stays(
    subject: &Subject<'_>,
    lower: &Stage,
    repository: &Repository,
    below: &Version,
) -> Option<Stays> {
    let (store, delivery) = (subject.store(), subject.delivery());
    let environment = subject.environment();
    let names = delivery.runs.as_ref()?;
    let here = subject.declared(environment, repository)?;
    let here = here.version.as_ref();
    let is_wanted = !delivery.versions.is_branch(below)
        && here.is_none_or(|here| {
            here != below
                && compare_versions(store, delivery, repository, below, here) != Order::Lower
        });
    let mut flights = into(subject, environment, repository).into_iter();
    if !is_wanted || flights.any(|flight| flight.version == *below) {
        return None;
    }
    let tests: Option<Vec<&Run>> = subject
        .siblings(&lower.name, repository)
        .into_iter()
        .filter(|app| app.smoke && !delivery.is_twin(app.app.as_str()))
        .map(|app| {
            let target = Target {
                environment: lower.name.clone(),
                app: app.app.clone(),
            };
            speaks_for(names, &smoke(store, delivery, &target), below)
        })
        .collect();
    let tests = tests?;
    let version = below.short();
    if let Some(run) = tests.iter().find(|run| run.may_pass()) {
        return Some(Stays {
            because: format!(
                "the smoke run {} of {version} began with the gate closed or without promotion, so it brings nothing when it passes: promote it then",
                run.id.name
            ),
            is_tested: false,
        });
    }
    let has_passed = |run: &&Run| run.phase == RunPhase::Succeeded;
    tests.iter().any(has_passed).then(|| Stays {
        because: format!(
            "{version} passed its smoke run in {} already, so nothing brings it by itself: promote it next",
            lower.name
        ),
        is_tested: true,
    })
}
