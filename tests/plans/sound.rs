//! Sound: what holds of every plan whatever the world looks like.

use crate::cases::cases;
use crate::scene::*;
use crate::world::World;
use leverframe::delivery::Mechanism;
use leverframe::model::*;
use leverframe::plan::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Shape {
    versions: [u8; 3],
    gates: [bool; 3],
    promotes: [bool; 3],
    mechanisms: [(u8, u8); 3],
    phase: u8,
    frozen: (bool, bool),
    stale: Option<u8>,
}

fn shape() -> impl Strategy<Value = Shape> {
    let three = |max: u8| prop::array::uniform3(0..max);
    (
        three(4),
        any::<[bool; 3]>(),
        any::<[bool; 3]>(),
        prop::array::uniform3((0u8..4, 0u8..4)),
        0u8..3,
        any::<(bool, bool)>(),
        prop::option::of(0u8..4),
    )
        .prop_map(
            |(versions, gates, promotes, mechanisms, phase, frozen, stale)| Shape {
                versions,
                gates,
                promotes,
                mechanisms,
                phase,
                frozen,
                stale,
            },
        )
}

const NAMES: [&str; 3] = ["integration", "staging", "production"];

fn built(shape: &Shape) -> World {
    let mut world = publisher();
    let mechanism = |n: u8| match n {
        0 => Mechanism::Commit,
        1 => Mechanism::Branch,
        2 => Mechanism::Workflow,
        _ => Mechanism::None,
    };
    for (n, environment) in NAMES.iter().enumerate() {
        let version = match shape.versions[n] {
            0 => "v1361".to_owned(),
            1 => "v1362".to_owned(),
            2 => "9f83e630aa83e630aa83e630aa83e630aa83e630".to_owned(),
            _ => "v1363".to_owned(),
        };
        world.stands(environment, "publisher", "v1360", &version, "1m");
        world.file(environment, "publisher", |file| {
            file.gate = shape.gates[n];
            file.promote = shape.promotes[n];
        });
    }
    change_delivery(&mut world, |delivery| {
        for (n, stage) in delivery.environments.iter_mut().enumerate() {
            stage.version_by = mechanism(shape.mechanisms[n].0);
            stage.gate_by = mechanism(shape.mechanisms[n].1);
        }
    });
    let phase = ["Failed", "Running", "Succeeded"][usize::from(shape.phase)];
    let (gate, promote) = shape.frozen;
    world.smoke(
        "staging",
        "publisher",
        "publisher",
        "v1362",
        phase,
        "1m",
        |run| {
            run.parameters
                .insert("automaticDeploysEnabled".into(), gate.to_string().into());
            run.parameters
                .insert("promoteDeployment".into(), promote.to_string().into());
        },
    );
    if let Some(n) = shape.stale.filter(|n| *n < 3) {
        world.silent(
            NAMES[usize::from(n)],
            "9m",
            FaultKind::Unreachable,
            "timeout",
        );
    }
    world
}

/// Every path of a JSON value down to its leaves.
fn leaves(value: &serde_json::Value, path: String, into: &mut Vec<String>) {
    match value.as_object() {
        Some(map) => map
            .iter()
            .for_each(|(key, value)| leaves(value, format!("{path}/{key}"), into)),
        None => into.push(path),
    }
}

fn sound(world: &World, plan: &Plan) {
    let delivery = &world.delivery;
    assert!(
        plan.checks.iter().all(|c| !c.refuses()),
        "a plan never holds a refusing row: {plan:?}"
    );
    match &plan.write {
        Write::Commit { edits, branch, .. } => {
            assert!(!edits.is_empty() && edits.len() <= 3);
            for edit in edits {
                let file = &world.tree.files[&(edit.environment.clone(), edit.repository.clone())];
                assert_eq!(
                    edit.path,
                    delivery.path(&edit.environment, &edit.repository)
                );
                assert_eq!(Some(&edit.repository), plan.request.repository.as_ref());
                let stands = match edit.key.as_str() {
                    "image_tag" => file.version.as_ref().map(|v| v.to_string()),
                    "promote_deployment" => Some(file.promote.to_string()),
                    "automatic_deploys_enabled" => Some(file.gate.to_string()),
                    other => panic!("{other} is not one of the keys"),
                };
                assert_eq!(edit.from, stands);
                assert_ne!(edit.from.as_deref(), Some(edit.to.as_str()));
                if edit.key == "promote_deployment" {
                    assert_eq!(edit.to, "false", "what people write never promotes");
                }
                let mechanism = delivery.stage(&edit.environment).unwrap();
                let by = if edit.key == "automatic_deploys_enabled" {
                    mechanism.gate_by
                } else {
                    mechanism.version_by
                };
                let expected = if branch.is_some() {
                    Mechanism::Branch
                } else {
                    Mechanism::Commit
                };
                assert_eq!(by, expected);
            }
        }
        Write::Create {
            environment,
            object,
            name,
            ..
        } => {
            assert!(name.len() <= 63);
            assert_eq!(object["metadata"]["annotations"]["leverframe/plan"], PLAN);
            assert!(object.get("status").is_none());
            assert!(delivery.stage(environment).is_some());
        }
        Write::Patch { patch, .. } => {
            // A run's own mark stays: by it the plan that made the run is found.
            let mark = match plan.request.lever {
                Lever::Stop => "stop",
                _ => "plan",
            };
            let annotations = &patch["metadata"]["annotations"];
            assert_eq!(annotations[format!("leverframe/{mark}")], PLAN);
            let mut paths = Vec::new();
            leaves(patch, String::new(), &mut paths);
            for path in paths {
                assert!(
                    path.starts_with("/operation/")
                        || path == "/status/operationState"
                        || path == "/spec/shutdown"
                        || path == format!("/metadata/annotations/leverframe/{mark}")
                        || (mark == "stop"
                            && path.starts_with("/metadata/annotations/leverframe/stop-"))
                        || path == "/metadata/annotations/argocd.argoproj.io/refresh",
                    "{path}"
                );
            }
        }
    }
    let production = plan
        .reach
        .environments
        .iter()
        .any(|e| e.as_str() == "production");
    assert_eq!(plan.reach.production, production);
    if production {
        assert!(
            plan.typed().is_some_and(|typed| !typed.is_empty()),
            "{plan:?}"
        );
    }
    if plan.request.lever == Lever::TestsOnly {
        assert!(plan.reach.environments.is_empty());
    }
    let text = serde_json::to_string(plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), *plan);
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn every_plan_touches_only_what_it_names(shape in shape()) {
        let world = built(&shape);
        let state = world.state(80, 24);
        let id = PlanId::new(PLAN);
        for lever in Lever::ALL {
            for environment in NAMES {
                for app in ["publisher", "draft-publisher"] {
                    match plan(&request(lever, environment, app), &state.context(&id)) {
                        Ok(plan) => sound(&world, &plan),
                        Err(refusal) => assert!(!refusal.because.is_empty()),
                    }
                }
            }
        }
    }
}
