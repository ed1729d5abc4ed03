//! Stays: why a version that waits below does not come by itself when the gate is opened.
//!
//! A promotion is the last step of a smoke run, which keeps the gate as it was when the run began: what was tested while the gate
//! was closed is not brought later. Deliberately absent: what has no smoke run yet. Its run finds the gate open.

use super::runs::{into, unread};
use super::subject::Subject;
use crate::belongs::application;
use crate::belongs::runs::{smoke, speaks_for};
use crate::board::direction::compare_versions;
use crate::delivery::Stage;
use crate::model::span::span;
use crate::model::{App, Health, Order, Repository, Run, RunPhase, Target, Version};

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
    let tests = tests(subject, lower, repository, below)?;
    let tests: Vec<&Run> = tests
        .into_iter()
        .map(|(_, run)| run)
        .collect::<Option<_>>()?;
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

/// That `below` may stay in `lower`, because it has stood there for so long that its smoke run must have been, and no run that
/// is known says so: runs are kept for some days only, and a gate may be held for longer.
pub(super) fn may_stay(
    subject: &Subject<'_>,
    lower: &Stage,
    repository: &Repository,
    below: &Version,
) -> Option<String> {
    let tests = tests(subject, lower, repository, below)?;
    let history = &subject.store().history;
    let usual = &subject.delivery().usual;
    let is_tested_within = usual.parent_sync.1 + usual.rollout.1 + usual.smoke.1;
    let stood = match history.last_move(&lower.name, repository) {
        Some(moved) if moved.to.as_ref() != Some(below) => return None,
        Some(moved) => {
            let stood = subject.context.now.duration_since(moved.at).as_secs();
            (stood > is_tested_within).then(|| format!("for {}", span(stood)))?
        }
        None if history.is_complete() => "for longer than history was read".to_owned(),
        None => return None,
    };
    // What is not healthy there has not been tested yet: its run is still to begin.
    let is_healthy = |app: &App| {
        let application = application(
            subject.store(),
            subject.delivery(),
            &lower.name,
            app.as_str(),
        );
        application.is_none_or(|application| application.health == Health::Healthy)
    };
    let missing = tests.iter().filter(|(_, run)| run.is_none());
    let missing = missing.map(|(app, _)| *app).filter(|app| is_healthy(app));
    let missing: Vec<&str> = missing.map(App::as_str).collect();
    if missing.is_empty() {
        return None;
    }
    let (version, lower) = (below.short(), &lower.name);
    let of = match tests.len() {
        1 => String::new(),
        _ => format!(" of {}", missing.join(", ")),
    };
    Some(match unread(subject, [lower]).first() {
        Some(why) => format!(
            "whether {version} has passed its smoke run{of} in {lower} is not known ({why}): if it has, nothing brings it by itself"
        ),
        None => format!(
            "no smoke run{of} of {version} is kept in {lower}, where it has stood {stood}: if it has passed one, nothing brings it by itself"
        ),
    })
}

/// The apps that are tested in `lower`, each with the run that speaks for `below`; none where that is not to come, or comes
/// already.
fn tests<'a>(
    subject: &Subject<'a>,
    lower: &Stage,
    repository: &Repository,
    below: &Version,
) -> Option<Vec<(&'a App, Option<&'a Run>)>> {
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
    let siblings = subject.siblings(&lower.name, repository).into_iter();
    let tested = siblings.filter(|app| app.smoke && !delivery.is_twin(app.app.as_str()));
    let runs = tested.map(|app| {
        let target = Target {
            environment: lower.name.clone(),
            app: app.app.clone(),
        };
        (
            &app.app,
            speaks_for(names, &smoke(store, delivery, &target), below),
        )
    });
    Some(runs.collect())
}
