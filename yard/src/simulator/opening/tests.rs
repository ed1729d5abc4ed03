//! The opening has the same objects every time, and a server accepts all of them.

use super::*;
use crate::history::history;

#[test]
fn the_same_seed_opens_the_same_world() {
    let now = Timestamp::from_second(1_795_000_000).unwrap();
    let initial = |seed| {
        let history = history(Scenario::FLAKY_SMOKE, seed, now.as_second());
        let opening = Opening {
            scenario: Scenario::FLAKY_SMOKE,
            seed,
            now,
            history: &history,
            revision: "0",
        };
        opening.initial_objects("staging").objects
    };
    assert_eq!(initial(5), initial(5));
    assert_ne!(initial(5), initial(6));
}

#[test]
fn every_object_has_a_kind_that_a_server_knows_and_a_name_of_its_own() {
    let now = Timestamp::from_second(1_795_000_000).unwrap();
    for scenario in Scenario::all() {
        let history = history(scenario, 1, now.as_second());
        let opening = Opening {
            scenario,
            seed: 1,
            now,
            history: &history,
            revision: "0",
        };
        for environment in ENVIRONMENTS {
            let mut names = std::collections::BTreeSet::new();
            for object in opening.initial_objects(environment).objects {
                assert!(
                    crate::kubernetes::kinds::kind_of(&object).is_some(),
                    "{object}"
                );
                let own = (
                    object["kind"].to_string(),
                    object["metadata"]["name"].to_string(),
                );
                assert!(names.insert(own.clone()), "{own:?} twice in {environment}");
            }
        }
    }
}

fn leaf(scenario: Scenario, environment: &'static str, app: &str) -> Value {
    let now = Timestamp::from_second(1_795_000_000).unwrap();
    let history = history(scenario, 1, now.as_second());
    let opening = Opening {
        scenario,
        seed: 1,
        now,
        history: &history,
        revision: "0",
    };
    let objects = opening.initial_objects(environment).objects;
    let mut leaves = objects
        .into_iter()
        .filter(|one| one["kind"] == "Application");
    leaves.find(|one| one["metadata"]["name"] == app).unwrap()
}

/// Written by hand from what a real Argo CD left: hooks stand among the resources, without a status.
#[test]
fn hooks_stand_among_the_resources_as_if_they_were_to_be_pruned() {
    let leaf = leaf(Scenario::CALM, "staging", "frontend");
    let resources = leaf["status"]["resources"].as_array().unwrap();
    let hook = json!({
        "group": "batch", "hook": true, "kind": "Job", "name": "frontend-upload-assets", "namespace": "apps",
        "requiresPruning": true, "version": "v1",
    });
    assert!(resources.contains(&hook), "{resources:?}");
    let result = &leaf["status"]["operationState"]["syncResult"]["resources"][0];
    assert_eq!(
        *result,
        json!({
            "group": "batch", "hookPhase": "Succeeded", "hookType": "PreSync", "kind": "Job",
            "message": "Reached expected number of succeeded pods", "name": "frontend-upload-assets", "namespace": "apps",
            "status": "Synced", "syncPhase": "PreSync", "version": "v1",
        })
    );
    let finalizers = json!(["resources-finalizer.argocd.argoproj.io"]);
    assert_eq!(leaf["metadata"]["finalizers"], finalizers);
    assert!(leaf["spec"]["source"]["helm"]["values"].is_string());
}

#[test]
fn a_crash_is_named_as_the_cause_of_the_apps_health() {
    let leaf = leaf(Scenario::CRASH_LOOP, "production", "whitehall-admin");
    let health = &leaf["status"]["health"];
    assert_eq!(health["status"], "Degraded");
    assert_eq!(
        health["message"],
        "Caused by apps/Deployment:apps/whitehall-admin"
    );
}
