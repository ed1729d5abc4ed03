//! Reach: the environments that a write can change by itself, by the gates and flags as they are now.
//!
//! Deliberately absent: what is shown of it; tint and confirmation follow from [`Reach`].

use super::Reach;
use super::subject::Subject;
use crate::model::{Environment, Repository, Version};

/// Where a version goes on to, that arrives in `first`: `first` itself, then on while the gate is open and promotion is asked.
/// `promotes`: whether it arrives there with promotion asked.
pub(super) fn along(
    subject: &Subject<'_>,
    first: &Environment,
    repository: &Repository,
    promotes: bool,
) -> Vec<Environment> {
    let delivery = subject.delivery();
    let mut path = vec![first.clone()];
    if !promotes {
        return path;
    }
    let mut here = first.clone();
    while let Some(next) = delivery.next(&here) {
        let open = subject
            .declared(&here, repository)
            .is_some_and(|file| file.gate);
        if !open
            || delivery.declared.gate.is_none()
            || subject.declared(&next.name, repository).is_none()
        {
            break;
        }
        here = next.name.clone();
        path.push(here.clone());
    }
    path
}

/// The reach of a path. Environments that have the version already are passed, not changed; `seconds` are to the last one's
/// rollout, from the arrival of the version in the first.
pub(super) fn of(subject: &Subject<'_>, path: &[Environment], because: Vec<String>) -> Reach {
    let delivery = subject.delivery();
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
    }
}

/// Sentences on how a version gets along a path.
pub(super) fn sentences(
    subject: &Subject<'_>,
    path: &[Environment],
    version: &Version,
) -> Vec<String> {
    let mut sentences: Vec<String> = path
        .windows(2)
        .map(|pair| {
            format!(
                "the gate {} -> {} is open: {} goes on there once its smoke run passes",
                pair[0],
                pair[1],
                version.short()
            )
        })
        .collect();
    if let Some(last) = path.last()
        && let Some(next) = subject.delivery().next(last)
    {
        sentences.push(format!("it stops before {}", next.name));
    }
    sentences
}
