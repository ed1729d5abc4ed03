//! Reach: the environments that a write can change by itself, by the gates and flags as they are now. Before git was
//! read no gate is known, and each counts as open.
//!
//! Deliberately absent: what is shown of it; tint and confirmation follow from [`Reach`].

use super::subject::Subject;
use super::{Reach, runs};
use crate::belongs::runs::{is_deploy, is_smoke};
use crate::delivery::Delivery;
use crate::model::{Environment, Repository, Run, Version};
use crate::store::Store;

/// The path of a version that arrives in `first`: `first` itself, then each next environment while gate and flag let it
/// go on. `promotes`: whether it arrives in `first` with the flag set.
pub(super) fn along(
    subject: &Subject<'_>,
    first: &Environment,
    repository: &Repository,
    promotes: bool,
) -> Vec<Environment> {
    onwards(
        subject.store(),
        subject.delivery(),
        first,
        repository,
        promotes,
    )
}

fn onwards(
    store: &Store,
    delivery: &Delivery,
    first: &Environment,
    repository: &Repository,
    promotes: bool,
) -> Vec<Environment> {
    let mut path = vec![first.clone()];
    if !promotes {
        return path;
    }
    let mut here = first.clone();
    while let Some(next) = delivery.next(&here) {
        let arrives = store.tree.is_none() || store.declared(&next.name, repository).is_some();
        if delivery.declared.gate.is_none()
            || is_open(store, &here, repository) == Some(false)
            || !arrives
        {
            break;
        }
        here = next.name.clone();
        path.push(here.clone());
    }
    path
}

/// Whether the gate in a file is open; none before git was read. A gate without a file is closed.
fn is_open(store: &Store, environment: &Environment, repository: &Repository) -> Option<bool> {
    store.tree.as_ref()?;
    let file = store.declared(environment, repository);
    Some(file.is_some_and(|file| file.gate))
}

/// The reach of a path. Environments that have the version already are passed without a change. `seconds` counts from
/// the version's arrival in the first environment to its rollout in the last.
pub(super) fn find_reach(
    subject: &Subject<'_>,
    path: &[Environment],
    because: Vec<String>,
) -> Reach {
    reach_of_path(subject.delivery(), path, because)
}

fn reach_of_path(delivery: &Delivery, path: &[Environment], because: Vec<String>) -> Reach {
    let usual = &delivery.usual;
    let hops = i64::try_from(path.len().saturating_sub(1)).unwrap_or(0);
    let arrival = usual.commit.0 + usual.parent_sync.0 + usual.rollout.0;
    Reach {
        production: path
            .iter()
            .any(|e| delivery.stage(e).is_some_and(|s| s.production)),
        seconds: if path.is_empty() {
            0
        } else {
            arrival + hops * usual.hop.0
        },
        environments: path.to_vec(),
        because,
        arrivals: Vec::new(),
    }
}

/// The version that a run promotes if it passes, and its path, by the run's frozen parameters first and then by the
/// gates as they are now; a sentence says where those are not known. The run is in flight, or failed and is to be run
/// again. None for a run that never promotes, and for one in flight that cannot pass any more.
pub fn passing(run: &Run, store: &Store, delivery: &Delivery) -> Option<(Version, Reach)> {
    let names = delivery.runs.as_ref()?;
    if !run.phase.is_over() && !run.may_pass() {
        return None;
    }
    if !is_smoke(names, run) && !is_deploy(names, run) {
        return None;
    }
    let version = run.version(&names.version_label)?;
    let repository = run.repository(&names.repository_label)?;
    let path = from_run(run, &repository, &version, store, delivery);
    let because = match store.tree {
        None if !path.is_empty() => vec!["git was not read: every gate counts as open".to_owned()],
        _ => Vec::new(),
    };
    Some((version, reach_of_path(delivery, &path, because)))
}

/// Where a run that passes promotes its version to; empty where its parameters forbid it or the version is there
/// already.
pub(super) fn from_run(
    run: &Run,
    repository: &Repository,
    version: &Version,
    store: &Store,
    delivery: &Delivery,
) -> Vec<Environment> {
    let Some((first, promotes)) = runs::leads_to(delivery, run) else {
        return Vec::new();
    };
    match store.declared(&first, repository) {
        Some(there) if there.version.as_ref() == Some(version) => Vec::new(),
        None if store.tree.is_some() => Vec::new(),
        _ => onwards(store, delivery, &first, repository, promotes),
    }
}

/// Sentences on how a version gets along a path.
pub(super) fn sentences(
    subject: &Subject<'_>,
    path: &[Environment],
    version: &Version,
) -> Vec<String> {
    onward_sentences(subject, path, version.short())
}

/// The same sentences for something that has no single version.
pub(super) fn onward_sentences(
    subject: &Subject<'_>,
    path: &[Environment],
    what: &str,
) -> Vec<String> {
    let goes = format!("{what} goes on there once its smoke run passes");
    let may_go = format!("{what} may go on there once its smoke run passes");
    gate_sentences(subject, path, &goes, &may_go)
}

/// The same sentences where what waits below stays there: the gates let through only what is tested from now on.
pub(super) fn later_sentences(subject: &Subject<'_>, path: &[Environment]) -> Vec<String> {
    let goes = "later versions go on there by themselves";
    let may_go = "later versions may go on there by themselves";
    gate_sentences(subject, path, goes, may_go)
}

/// What goes through each gate of a path that is open, or may where that is not known, and where the path ends.
fn gate_sentences(
    subject: &Subject<'_>,
    path: &[Environment],
    goes: &str,
    may_go: &str,
) -> Vec<String> {
    let is_read = subject.store().tree.is_some();
    let mut sentences: Vec<String> = path
        .windows(2)
        .map(|pair| {
            let gate = format!("the gate {} -> {}", pair[0], pair[1]);
            if is_read {
                format!("{gate} is open: {goes}")
            } else {
                format!("{gate} is not known, so it counts as open: {may_go}")
            }
        })
        .collect();
    if let Some(last) = path.last()
        && let Some(next) = subject.delivery().next(last)
    {
        sentences.push(format!("it stops before {}", next.name));
    }
    sentences
}
