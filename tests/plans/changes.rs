//! Changes: what goes wrong in the scene, one change each.

use crate::scene::*;
use crate::world::{World, commit};
use leverframe::model::*;
use leverframe::plan::*;

/// Pulls a lever on publisher after a change of the scene; tells the rows that refuse, else those that want a reason.
pub fn rows(
    lever: Lever,
    environment: &str,
    change: impl FnOnce(&mut World),
) -> Result<Vec<String>, Vec<String>> {
    let mut world = publisher();
    change(&mut world);
    match pull(&world, lever, environment, "publisher") {
        Ok(plan) => Ok(reasons(&plan).into_iter().map(str::to_owned).collect()),
        Err(refusal) => {
            assert!(!refusal.because.is_empty());
            let failed = refusal.checks.iter().filter(|c| c.refuses());
            Err(failed.map(|c| c.name.word().to_owned()).collect())
        }
    }
}

pub fn smoked_staging(world: &mut World) {
    change_failed(world, |run| run.phase = RunPhase::Succeeded);
    world.smoke(
        "staging",
        "draft-publisher",
        "publisher",
        "v1362",
        "Succeeded",
        "40m",
        |_| {},
    );
}

pub type Wrong = fn(&mut World);

pub fn git_silent(world: &mut World) {
    let fault = Fault::new(FaultKind::Unreachable, "no route to host", "");
    world.faults.push((
        leverframe::store::Source::Git,
        None,
        crate::world::ago("10m"),
        fault,
    ));
}

pub fn silent(world: &mut World, environment: &str) {
    world.silent(environment, "10m", FaultKind::Unreachable, "timeout");
}

pub fn deny(world: &mut World, verb: &str) {
    for permission in &mut world.permissions {
        if &*permission.verb == verb {
            permission.allowed = false;
            permission.reason = Some("no role".into());
        }
    }
}

/// A smoke run of another version in flight in staging.
pub fn running(world: &mut World) {
    world.smoke(
        "staging",
        "publisher",
        "publisher",
        "v1363",
        "Running",
        "2m",
        |_| {},
    );
}

pub fn operation(world: &mut World, phase: Phase) {
    change_app(world, "staging", "publisher", move |a| {
        a.operation = Some(Operation {
            message: Some("waiting".into()),
            revision: Some(commit("tip")),
            hooks: vec![leverframe::model::live::Hook {
                kind: "Job".into(),
                namespace: "apps".into(),
                name: "publisher-dbmigrate".into(),
                stage: "PreSync".into(),
                phase: Phase::Failed,
                message: None,
            }],
            ..operation_in(phase.clone())
        });
    });
}

pub fn change_version_of_smokes(world: &mut World, environment: &str) {
    for fact in world.facts.get_mut(&Environment::new(environment)).unwrap() {
        if let leverframe::store::Fact::Run(run) = fact {
            run.labels.insert("imageTag".into(), "v1".into());
            run.parameters.insert("imageTag".into(), "v1".into());
        }
    }
}
