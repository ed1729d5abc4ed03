//! Hops: what follows a write by itself, in order, each with its usual time and what to look at when it is late.
//!
//! The usual times stand in the delivery file.

use super::subject::Subject;
use super::{Hop, HopEffect, Lever};
use crate::model::{Environment, Repository, Version};
use std::sync::Arc;

/// A hop is late after this many times its 90th percentile.
const LATE: i64 = 2;
/// A hop is never late before this many seconds, because clocks and polls are no finer.
const LATE_AT_LEAST_S: i64 = 60;
/// Seconds until an object that was created is usually seen by its watch.
const CREATED: (i64, i64) = (2, 15);
/// Reviewing and merging a branch takes people: seconds.
const MERGED: (i64, i64) = (1_800, 43_200);
/// Argo CD polls every three minutes, jitter included; a refresh is answered in seconds.
const REFRESHED: (i64, i64) = (10, 60);
/// Seconds until a stopped run is over: its exit handler still runs.
const STOPPED: (i64, i64) = (30, 120);

/// Seconds after which what usually takes so long is late.
pub(super) fn late_after((_, p90_s): (i64, i64)) -> i64 {
    (p90_s * LATE).max(LATE_AT_LEAST_S)
}

pub(super) fn hop(effect: HopEffect, usual: (i64, i64), look: impl Into<String>) -> Hop {
    Hop {
        effect,
        usual_s: usual.0,
        late_s: late_after(usual),
        look: look.into(),
        helped_by: None,
    }
}

pub(super) fn created(environment: &Environment, name: &str) -> Hop {
    hop(
        HopEffect::Created {
            environment: environment.clone(),
            name: Arc::from(name),
        },
        CREATED,
        format!("the workflows of {environment}"),
    )
}

pub(super) fn run_over(
    environment: &Environment,
    name: &str,
    wanted: Option<&str>,
    usual: (i64, i64),
) -> Hop {
    hop(
        HopEffect::RunOver {
            environment: environment.clone(),
            name: Arc::from(name),
            wanted: wanted.map(str::to_owned),
        },
        usual,
        format!("the steps of {name}"),
    )
}

pub(super) fn stopped(environment: &Environment, name: &str) -> Hop {
    run_over(environment, name, None, STOPPED)
}

pub(super) fn branch(branch: &str) -> Hop {
    hop(
        HopEffect::BranchPushed {
            branch: branch.to_owned(),
        },
        (2, 30),
        "the branch on the remote",
    )
}

/// How long a commit that is pushed as a branch, or straight to the main branch, usually takes to stand there, and what
/// to look at when it does not.
pub(super) fn on_main(subject: &Subject<'_>, is_branch: bool) -> ((i64, i64), &'static str) {
    match is_branch {
        true => (MERGED, "whether the branch was reviewed and merged"),
        false => (subject.delivery().usual.commit, "the main branch"),
    }
}

/// What a plan warns of whose commit people have to merge.
pub(super) const UNTIL_MERGED: &str = "nothing changes until the branch is reviewed and merged";

/// The gate reads as wanted. `merged`: people have to merge it first.
pub(super) fn gate(
    subject: &Subject<'_>,
    environment: &Environment,
    repository: &Repository,
    open: bool,
    merged: bool,
) -> Hop {
    let (usual, look) = on_main(subject, merged);
    hop(
        HopEffect::Gate {
            environment: environment.clone(),
            repository: repository.clone(),
            open,
        },
        usual,
        look,
    )
}

pub(super) fn refreshed(environment: &Environment, app: &str) -> Hop {
    hop(
        HopEffect::Refreshed {
            environment: environment.clone(),
            app: app.into(),
        },
        REFRESHED,
        format!("the conditions of {app}"),
    )
}

pub(super) fn synced(subject: &Subject<'_>, app: &str) -> Hop {
    hop(
        HopEffect::Synced {
            environment: subject.environment().clone(),
            app: app.into(),
        },
        subject.delivery().usual.rollout,
        format!("the operation of {app}, its hooks first"),
    )
}

/// From a version's arrival in the file of an environment to its smoke run there. Hops whose cluster is not configured
/// cannot be seen and are left out.
pub(super) fn arrival(
    subject: &Subject<'_>,
    environment: &Environment,
    repository: &Repository,
    version: &Version,
    declared_in: (i64, i64),
    look: &str,
) -> Vec<Hop> {
    let usual = &subject.delivery().usual;
    let mut hops = vec![hop(
        HopEffect::Declared {
            environment: environment.clone(),
            repository: repository.clone(),
            version: version.clone(),
        },
        declared_in,
        look,
    )];
    if !subject.sees(environment) {
        return hops;
    }
    let apps = subject.siblings(environment, repository);
    let parent = subject
        .delivery()
        .argo_cd
        .as_ref()
        .and_then(|a| a.parent.clone());
    if let Some(parent) = parent.filter(|_| !apps.is_empty()) {
        hops.push(
            hop(
                HopEffect::ParentSynced {
                    environment: environment.clone(),
                    repository: repository.clone(),
                },
                usual.parent_sync,
                format!("{parent} in {environment}"),
            )
            .helped_by(Lever::Refresh),
        );
    }
    for app in &apps {
        hops.push(hop(
            HopEffect::RolledOut {
                environment: environment.clone(),
                app: app.app.clone(),
                version: version.clone(),
            },
            usual.rollout,
            format!("the pods and hooks of {} in {environment}", app.app),
        ));
    }
    let target = &subject.request.target.app;
    let smoked = apps
        .iter()
        .find(|a| a.app == *target)
        .or_else(|| apps.first())
        .filter(|a| a.smoke && a.repositories.len() == 1)
        // Where its pods run already, Argo CD has nothing to sync, and a smoke run follows a sync only.
        .filter(|a| !subject.runs_only(environment, &a.app, version));
    if let Some(app) = smoked.filter(|_| subject.delivery().runs.is_some()) {
        hops.push(hop(
            HopEffect::Smoked {
                environment: environment.clone(),
                app: app.app.clone(),
                version: version.clone(),
            },
            usual.smoke,
            format!("the smoke run of {} in {environment}", app.app),
        ));
    }
    hops
}

/// Along a path: the arrival in the first environment, then in each that follows by promotion.
pub(super) fn along(
    subject: &Subject<'_>,
    path: &[Environment],
    repository: &Repository,
    version: &Version,
    first_in: (i64, i64),
    look: &str,
) -> Vec<Hop> {
    let promotion = subject.delivery().usual.promotion;
    path.iter()
        .enumerate()
        .flat_map(|(n, environment)| {
            let (declared_in, look) = if n == 0 {
                (first_in, look)
            } else {
                (
                    promotion,
                    "the promoting step, and the deploy run behind it",
                )
            };
            arrival(subject, environment, repository, version, declared_in, look)
        })
        .collect()
}
