//! Runs: which runs are a target's, and which of them is the newest.
//!
//! Parameters decide what a run belongs to, because they are what it does; a label that differs makes the run odd.

use super::repositories;
use crate::delivery::{Delivery, Runs};
use crate::model::*;
use crate::store::{Cluster, Store};
use jiff::SignedDuration;
use std::cmp::Ordering;

/// So long before a change the run was made at the most that brought it: it renders the file, commits and merges.
const BRINGS_WITHIN: SignedDuration = SignedDuration::from_mins(10);
/// How far the clock of whoever commits may be behind the one that says when a run began.
pub const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(2);

/// Whether a run tests what was delivered.
pub fn is_smoke(runs: &Runs, run: &Run) -> bool {
    run.id.namespace == runs.namespace && run.template.as_deref() == Some(&*runs.smoke)
}

/// Whether a run delivers a version.
pub fn is_deploy(runs: &Runs, run: &Run) -> bool {
    let template = runs.deploy.as_ref().map(|deploy| &*deploy.template);
    run.id.namespace == runs.namespace && template.is_some() && run.template.as_deref() == template
}

/// The app that a smoke run tests; none for other runs.
pub fn smoke_app<'r>(runs: &Runs, run: &'r Run) -> Option<&'r str> {
    run.parameter_or_label(&runs.app_label)
        .filter(|_| is_smoke(runs, run))
}

/// The environment that a run writes which delivers a version; none for other runs.
pub fn deploys_into<'r>(runs: &Runs, run: &'r Run) -> Option<&'r str> {
    let deploy = runs.deploy.as_ref().filter(|_| is_deploy(runs, run))?;
    run.parameter_or_label(&deploy.environment_label)
}

/// The version that a run writes into a file of an environment by itself; none where it writes another one, or none.
pub fn writes(
    runs: &Runs,
    run: &Run,
    environment: &Environment,
    repository: &Repository,
) -> Option<Version> {
    let is_there = deploys_into(runs, run) == Some(environment.as_str());
    let is_it = is_there && run.repository(&runs.repository_label).as_ref() == Some(repository);
    run.version(&runs.version_label).filter(|_| is_it)
}

/// The environment that a smoke run promotes its version into if it passes, by its frozen parameters.
pub fn promotes_into<'d>(delivery: &'d Delivery, run: &Run) -> Option<&'d Environment> {
    let runs = delivery.runs.as_ref()?;
    let app = smoke_app(runs, run)?;
    let is_true = |key: &str| run.parameter_or_label(key) == Some("true");
    let goes_on = is_true(&runs.promote_parameter) && is_true(&runs.gate_parameter);
    let next = delivery.next(run.environment())?;
    (goes_on && !delivery.is_twin(app)).then_some(&next.name)
}

/// The smoke runs in flight of an environment that bring a version of a file into the next one if they pass, where it does
/// not stand yet.
pub fn carrying<'a>(
    store: &'a Store,
    delivery: &'a Delivery,
    environment: &Environment,
    repository: &Repository,
    version: &Version,
) -> impl Iterator<Item = (&'a Run, &'a Environment)> {
    let names = delivery.runs.as_ref();
    let is_of = move |run: &Run| {
        names.is_some_and(|names| {
            run.repository(&names.repository_label).as_ref() == Some(repository)
                && run.version(&names.version_label).as_ref() == Some(version)
        })
    };
    let here = in_cluster(store, environment).filter(|run| run.may_pass());
    // Where it stands, what is being delivered there may take it away before.
    let comes = move |next: &Environment| {
        let declared = store.declared(next, repository);
        let is_other = |other: Option<&Version>| other != Some(version);
        let mut delivered = delivering(store, delivery, next, repository).into_iter();
        declared.is_some_and(|file| {
            is_other(file.version.as_ref()) || delivered.any(|(_, other)| is_other(Some(&other)))
        })
    };
    here.filter(move |run| is_of(run))
        .filter_map(|run| Some((run, promotes_into(delivery, run)?)))
        .filter(move |(_, next)| comes(next))
}

/// The order of runs: by when they began, the newest first; those of one moment by their identity.
pub fn newest_first(a: &Run, b: &Run) -> Ordering {
    b.begun().cmp(&a.begun()).then_with(|| b.id.cmp(&a.id))
}

/// Every run of every cluster that may still pass.
pub fn in_flight(store: &Store) -> impl Iterator<Item = &Run> {
    let all = store.clusters.values().flat_map(|c| c.runs.iter());
    all.filter(|run| run.may_pass())
}

/// The runs in flight that will write a version into a file by themselves, each with that version, the one that began first
/// before the others. What only promotes it when its tests pass is none of them, nor what has written it already.
pub fn delivering<'a>(
    store: &'a Store,
    delivery: &Delivery,
    environment: &Environment,
    repository: &Repository,
) -> Vec<(&'a Run, Version)> {
    let Some(runs) = &delivery.runs else {
        return Vec::new();
    };
    let declared = store.declared(environment, repository);
    let stands = declared.and_then(|file| file.version.as_ref());
    let changes = store.history.changes_of(environment, repository);
    let mut found: Vec<(&Run, Version)> = in_flight(store)
        .filter_map(|run| Some((run, writes(runs, run, environment, repository)?)))
        .filter(|(run, version)| {
            let has_written = changes.iter().any(|change| {
                let since = run.begun().is_some_and(|begun| change.at >= begun);
                since && change.moves_version() && change.to.as_ref() == Some(version)
            });
            stands != Some(version) && !has_written
        })
        .collect();
    found.sort_by(|(a, _), (b, _)| newest_first(b, a));
    found
}

/// The run that brought the version of a change, where it is still kept: the newest that delivers it there and that began a
/// short while before.
pub fn brought<'a>(store: &'a Store, delivery: &Delivery, change: &Change) -> Option<&'a Run> {
    let runs = delivery.runs.as_ref()?;
    let version = change.to.as_ref().filter(|_| change.moves_version())?;
    let all = store.clusters.values().flat_map(|c| c.runs.iter());
    // The time is asked first: hardly any run began then.
    all.filter(|run| {
        run.begun().is_some_and(|begun| {
            let passed = change.at.duration_since(begun);
            passed >= -CLOCKS_DIFFER && passed <= BRINGS_WITHIN
        })
    })
    .filter(|run| {
        writes(runs, run, &change.environment, &change.repository).as_ref() == Some(version)
    })
    // What had failed or was stopped by then brought nothing.
    .filter(|run| {
        let ended = run.finished.filter(|_| run.phase.has_failed());
        ended.is_none_or(|ended| ended >= change.at)
    })
    .min_by(|a, b| newest_first(a, b))
}

/// Who moved a version, how, and why where somebody gave a reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mover<'a> {
    pub actor: &'a str,
    pub kind: ActorKind,
    pub reason: Option<&'a str>,
}

/// Who moved a version: as the run says that brought it, where a robot committed that on somebody's order, else its commit.
pub fn who_ordered<'a>(store: &'a Store, delivery: &Delivery, change: &'a Change) -> Mover<'a> {
    // The commit of a run says neither who ordered it nor why, but the run does where a plan made it.
    let run = match change.kind {
        ActorKind::Manual => brought(store, delivery, change),
        ActorKind::Robot | ActorKind::Person | ActorKind::Leverframe => None,
    };
    let (actor, kind) = match run.and_then(Run::ordered_by) {
        Some(who) => (who, ActorKind::Leverframe),
        None => (&change.actor, change.kind),
    };
    let reason = change.reason.as_ref();
    let reason = reason.or_else(|| run.and_then(Run::reason));
    Mover {
        actor,
        kind,
        reason: reason.map(|reason| &**reason),
    }
}

/// The smoke runs of a target, newest first.
pub fn smoke<'a>(store: &'a Store, delivery: &Delivery, target: &Target) -> Vec<&'a Run> {
    let Some(runs) = &delivery.runs else {
        return Vec::new();
    };
    let app = target.app.as_str();
    let mut found: Vec<&Run> = store
        .cluster(&target.environment)
        .into_iter()
        .flat_map(|cluster| cluster.runs.of_app(app))
        .filter(|run| smoke_app(runs, run) == Some(app))
        .collect();
    found.sort_by(|a, b| newest_first(a, b));
    found
}

/// The run that speaks for a version, of those that are given newest first: the newest that was not stopped, else the newest.
pub fn speaks_for<'r>(runs: &Runs, newest_first: &[&'r Run], version: &Version) -> Option<&'r Run> {
    let of_version = newest_first.iter().copied();
    let mut of_version =
        of_version.filter(|run| run.version(&runs.version_label).as_ref() == Some(version));
    let newest = of_version.clone().next();
    of_version.find(|run| !run.was_stopped()).or(newest)
}

/// The runs of a target, newest first: its smoke runs, and those in the cluster of deliveries that write its files.
pub fn of_target<'a>(store: &'a Store, delivery: &Delivery, target: &Target) -> Vec<&'a Run> {
    let mut found = smoke(store, delivery, target);
    if let Some(runs) = &delivery.runs
        && let Some(deploy) = &runs.deploy
    {
        let ours = repositories(store, target).unwrap_or_default();
        let deploys = in_cluster(store, &deploy.environment);
        found.extend(deploys.filter(|run| is_delivery_to(runs, run, target, &ours)));
    }
    found.sort_by(|a, b| newest_first(a, b));
    found
}

/// Whether a run is one of the target's.
pub fn is_of_target(store: &Store, delivery: &Delivery, target: &Target, run: &Run) -> bool {
    let Some(runs) = &delivery.runs else {
        return false;
    };
    let tests = *run.environment() == target.environment
        && smoke_app(runs, run) == Some(target.app.as_str());
    tests
        || is_delivery_to(
            runs,
            run,
            target,
            &repositories(store, target).unwrap_or_default(),
        )
}

fn is_delivery_to(runs: &Runs, run: &Run, target: &Target, ours: &[Repository]) -> bool {
    let at_home = runs
        .deploy
        .as_ref()
        .is_some_and(|deploy| *run.environment() == deploy.environment);
    at_home
        && deploys_into(runs, run) == Some(target.environment.as_str())
        && run
            .repository(&runs.repository_label)
            .is_some_and(|repository| ours.contains(&repository))
}

/// Whether two runs do the same: one template, the same app, repository, version and environment.
pub fn do_the_same(runs: &Runs, one: &Run, other: &Run) -> bool {
    let same = |key: &str| one.parameter_or_label(key) == other.parameter_or_label(key);
    one.id.environment == other.id.environment
        && one.id.namespace == other.id.namespace
        && one.template == other.template
        && same(&runs.app_label)
        && same(&runs.repository_label)
        && same(&runs.version_label)
        && deploys_into(runs, one) == deploys_into(runs, other)
}

/// The newest run that repeats a run, which it names in a label (`label` is the name as a label holds it); none where
/// it was not resubmitted.
pub fn resubmission<'a>(store: &'a Store, run: &Run, label: &str) -> Option<&'a Run> {
    in_cluster(store, run.environment())
        .filter(|other| other.id.namespace == run.id.namespace)
        .filter(|other| other.resubmitted_from() == Some(label))
        .min_by(|a, b| newest_first(a, b))
}

/// The run with this identity, if it is still the same object.
pub fn by_id<'a>(store: &'a Store, id: &ObjectId) -> Option<&'a Run> {
    store
        .cluster(&id.environment)?
        .runs
        .get(&id.namespace, &id.name)
        .filter(|run| run.id.uid == id.uid)
}

/// The run of a name that somebody typed for a target in `environment`: looked for there first, then where deliveries run,
/// then in the other clusters, since what leads to a target may run below it. Whether it is the target's is another question.
pub fn by_name<'a>(
    store: &'a Store,
    delivery: &Delivery,
    environment: &Environment,
    name: &str,
) -> Option<&'a Run> {
    let runs = delivery.runs.as_ref()?;
    let deploys = runs.deploy.as_ref().map(|deploy| &deploy.environment);
    let others = delivery.environments.iter().map(|stage| &stage.name);
    std::iter::once(environment)
        .chain(deploys)
        .chain(others)
        .filter_map(|environment| store.cluster(environment))
        .find_map(|cluster| cluster.runs.get(&runs.namespace, name))
}

/// Where a run's labels say something else than its parameters, in sentences.
pub fn contradictions(runs: &Runs, run: &Run) -> Vec<String> {
    let environment = runs.deploy.as_ref().map(|deploy| &deploy.environment_label);
    let keys = [
        &runs.app_label,
        &runs.repository_label,
        &runs.version_label,
        &runs.gate_parameter,
        &runs.promote_parameter,
    ];
    keys.into_iter()
        .chain(environment.filter(|_| is_deploy(runs, run)))
        .filter_map(|key| {
            let (label, parameter) = run.contradiction(key)?;
            Some(format!(
                "the run {} is labelled {key} {label} and runs with {parameter}, which counts",
                run.id.name
            ))
        })
        .collect()
}

pub fn in_cluster<'a>(
    store: &'a Store,
    environment: &Environment,
) -> impl Iterator<Item = &'a Run> {
    let cluster: Option<&'a Cluster> = store.cluster(environment);
    cluster.into_iter().flat_map(|cluster| cluster.runs.iter())
}
