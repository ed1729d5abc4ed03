//! Below: whether the version that stands in the environment below comes by itself, and why not.
//!
//! A promotion is the last step of a smoke run, which keeps the gate as it was when the run began: what was tested while the gate
//! was closed is not brought later, and what has no smoke run yet comes where its run finds the gate open. Deliberately absent:
//! what a run in flight brings, which [`super::runs`] tells.

use super::runs::{into, unread};
use super::subject::Subject;
use crate::belongs::application;
use crate::belongs::runs::{smoke, speaks_for};
use crate::board::direction::compare_versions;
use crate::delivery::Stage;
use crate::model::span::span;
use crate::model::{
    App, Declared, Environment, Health, Order, Repository, Run, RunPhase, Target, Version,
};

/// Why a version stays below, as a sentence.
pub(super) struct Stays {
    pub because: String,
    /// How it is brought all the same; none where its tests failed.
    pub advice: Option<&'static str>,
    /// Else its file keeps it here: no later smoke run of it brings it either.
    pub is_promoted: bool,
}

/// What was tested may be promoted now.
pub(super) const PROMOTE_NEXT: &str = "promote it next";

/// Why `below`, which stands in `lower`, does not come through a gate that is opened; none where it comes, is not to come, or
/// nobody knows.
pub(super) fn stays(
    subject: &Subject<'_>,
    lower: &Stage,
    repository: &Repository,
    below: &Version,
) -> Option<Stays> {
    let tests = tests(subject, lower, repository, below)?;
    let version = below.short();
    let runs: Vec<&Run> = tests.iter().filter_map(|(_, run)| *run).collect();
    let is_known = runs.len() == tests.len();
    let has_passed = runs.iter().any(|run| run.phase == RunPhase::Succeeded);
    let has_failed = runs.iter().any(|run| run.has_failed());
    let may_pass = runs.iter().find(|run| run.may_pass());
    let file = subject.declared(&lower.name, repository)?;
    if !file.promote && subject.delivery().declared.promote.is_some() {
        let advice = match may_pass {
            _ if has_failed => None,
            Some(_) => Some("promote it when its smoke run has passed"),
            None if is_known && has_passed => Some(PROMOTE_NEXT),
            None => Some("promote it by hand"),
        };
        return Some(Stays {
            because: format!(
                "{version} stands in {} without promotion, so nothing brings it by itself, only later versions",
                lower.name
            ),
            advice,
            is_promoted: false,
        });
    }
    if !is_known {
        return None;
    }
    if let Some(run) = may_pass {
        return Some(Stays {
            because: format!(
                "the smoke run {} of {version} began with the gate closed or without promotion, so it brings nothing when it passes",
                run.id.name
            ),
            advice: Some("promote it then"),
            is_promoted: true,
        });
    }
    has_passed.then(|| Stays {
        because: format!(
            "{version} passed its smoke run in {} already, so nothing brings it by itself",
            lower.name
        ),
        advice: (!has_failed).then_some(PROMOTE_NEXT),
        is_promoted: true,
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
    let stands = match stood(subject, lower, repository, below)? {
        Stood::Seconds(stood) if stood <= tested_within(subject) => return None,
        Stood::Seconds(stood) => format!("has stood for {}", span(stood)),
        Stood::SinceBeforeHistory => "has stood for longer than history was read".to_owned(),
        Stood::StillRead => "stands, since when is still being read".to_owned(),
    };
    let missing = tests.iter().filter(|(_, run)| run.is_none());
    let missing = missing.map(|(app, _)| *app);
    let missing = missing.filter(|app| is_healthy(subject, lower, app));
    let missing: Vec<&str> = missing.map(App::as_str).collect();
    if missing.is_empty() {
        return None;
    }
    let lower = &lower.name;
    // A run of another app of that file, a twin's too, says nothing of these.
    let version = match subject.siblings(lower, repository).len() {
        0 | 1 => below.short().to_owned(),
        _ => format!("{} {}", missing.join(" and "), below.short()),
    };
    Some(match unread(subject, [lower]).first() {
        Some(why) => format!(
            "whether {version} has passed its smoke run in {lower} is not known ({why}): if it has, nothing brings it by itself"
        ),
        None => format!(
            "no smoke run of {version} is kept in {lower}, where it {stands}: if it has passed one, nothing brings it by itself"
        ),
    })
}

/// That a version comes by itself.
pub(super) struct Comes {
    pub text: String,
    /// Else it may have been tested long ago, and then it does not come.
    pub is_certain: bool,
}

/// What stands below and comes by itself, though no run carries it yet: its smoke run is still to begin, and finds the gate open.
/// Of each environment below from which open gates lead here, the nearest first; whatever version is to stand here, another one
/// comes, higher or not.
pub(super) fn comes_untested(
    subject: &Subject<'_>,
    repository: &Repository,
    wanted: Option<&Version>,
) -> Vec<Comes> {
    let delivery = subject.delivery();
    let mut found = Vec::new();
    let mut here = subject.environment();
    let flights = into(subject, here, repository);
    while let Some(lower) = delivery.lower(here) {
        let file = subject.declared(&lower.name, repository);
        let goes_on =
            |file: &&Declared| delivery.declared.gate.is_some() && file.gate && file.promote;
        let Some(file) = file.filter(goes_on) else {
            break;
        };
        let next = match here == subject.environment() {
            true => wanted,
            false => {
                let file = subject.declared(here, repository);
                file.and_then(|file| file.version.as_ref())
            }
        };
        let below = file.version.as_ref().filter(|below| {
            ![wanted, next].contains(&Some(*below))
                && !delivery.versions.is_branch(below)
                && !flights.iter().any(|flight| flight.version == **below)
        });
        let comes = below.and_then(|below| untested(subject, lower, here, repository, below));
        found.extend(comes.map(|comes| match here == subject.environment() {
            true => comes,
            // Each gate between is open, or the way would have ended there.
            false => Comes {
                text: format!(
                    "{}, and from there on into {}",
                    comes.text,
                    subject.environment()
                ),
                ..comes
            },
        }));
        here = &lower.name;
    }
    found
}

/// That a version which has no smoke run in `lower` yet goes on from there into `next`; none where it has one, or must have had.
/// What has stood for long may have passed one that is not kept: so it is said where the app is not healthy.
fn untested(
    subject: &Subject<'_>,
    lower: &Stage,
    next: &Environment,
    repository: &Repository,
    below: &Version,
) -> Option<Comes> {
    let tests = tests_in(subject, lower, repository, below)?;
    let stood = stood(subject, lower, repository, below)?;
    let is_young = matches!(stood, Stood::Seconds(stood) if stood <= tested_within(subject));
    let may_be_young = is_young || matches!(stood, Stood::StillRead);
    let mut untested = tests.iter().filter(|(_, run)| run.is_none());
    let is_to_begin = untested.any(|(app, _)| may_be_young || !is_healthy(subject, lower, app));
    is_to_begin.then(|| {
        let lower = &lower.name;
        let version = subject.name_version(repository, below);
        let comes = format!("comes into {next} by itself when");
        let perhaps =
            format!("no smoke run of it is kept: if it has passed none, it {comes} one passes");
        let stands = match stood {
            Stood::Seconds(stood) => format!("has stood in {lower} for {}", span(stood)),
            Stood::SinceBeforeHistory | Stood::StillRead => format!("stands in {lower}"),
        };
        let text = match stood {
            _ if is_young => {
                format!("{stands}: it {comes} its smoke run, which is still to begin, passes")
            }
            Stood::StillRead => format!("{stands}, since when is still being read, and {perhaps}"),
            _ => format!("{stands}, where its app is not Healthy and {perhaps}"),
        };
        Comes {
            text: format!("{version} {text}"),
            is_certain: is_young,
        }
    })
}

/// How long a version has stood.
enum Stood {
    Seconds(i64),
    /// It stood already where history was read back to.
    SinceBeforeHistory,
    /// History is still being read.
    StillRead,
}

/// None where it does not stand there by history.
fn stood(
    subject: &Subject<'_>,
    lower: &Stage,
    repository: &Repository,
    below: &Version,
) -> Option<Stood> {
    let history = &subject.store().history;
    match history.last_move(&lower.name, repository) {
        Some(moved) if moved.to.as_ref() != Some(below) => None,
        Some(moved) => {
            let stood = subject.context.now.duration_since(moved.at);
            Some(Stood::Seconds(stood.as_secs()))
        }
        None if history.is_complete() => Some(Stood::SinceBeforeHistory),
        None => Some(Stood::StillRead),
    }
}

/// So many seconds after it was declared the smoke run of a version has ended, where nothing keeps it from beginning.
fn tested_within(subject: &Subject<'_>) -> i64 {
    let usual = &subject.delivery().usual;
    usual.parent_sync.1 + usual.rollout.1 + usual.smoke.1
}

/// Whether nothing that is known keeps an app's smoke run from beginning: it waits until the app is healthy.
fn is_healthy(subject: &Subject<'_>, lower: &Stage, app: &App) -> bool {
    let (store, delivery) = (subject.store(), subject.delivery());
    let application = application(store, delivery, &lower.name, app.as_str());
    application.is_none_or(|application| application.health == Health::Healthy)
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
    tests_in(subject, lower, repository, below)
}

/// The apps that are tested in `lower`, each with the run that speaks for `below`; none where the delivery has no runs.
fn tests_in<'a>(
    subject: &Subject<'a>,
    lower: &Stage,
    repository: &Repository,
    below: &Version,
) -> Option<Vec<(&'a App, Option<&'a Run>)>> {
    let (store, delivery) = (subject.store(), subject.delivery());
    let names = delivery.runs.as_ref()?;
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
