//! Resubmit: the new object field by field, its name, and where it would go.

use crate::scene::*;
use crate::world::World;
use leverframe::belongs::runs::by_name;
use leverframe::model::*;
use leverframe::plan::*;
use serde_json::{Value, json};

fn object(world: &World, lever: Lever) -> (String, Value) {
    match pull(world, lever, "staging", "publisher").unwrap().write {
        Write::Create { name, object, .. } => (name.to_string(), object),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_copy_is_what_argo_workflows_makes_but_for_its_name_and_our_marks() {
    let world = publisher();
    let old = failed(&world);
    let (name, object) = object(&world, Lever::Resubmit);
    assert!(
        name.starts_with("post-sync-r2-") && name.len() == "post-sync-r2-".len() + 8,
        "{name}"
    );
    assert_eq!(
        object,
        json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {
                "name": name,
                "generateName": "post-sync-",
                "namespace": "apps",
                "labels": {
                    "application": "publisher",
                    "repoName": "publisher",
                    "imageTag": "v1362",
                    "automaticDeploysEnabled": "true",
                    "promoteDeployment": "true",
                    "workflows.argoproj.io/workflow-template": "post-sync",
                    "workflows.argoproj.io/actor": "somebody",
                    "workflows.argoproj.io/resubmitted-from-workflow": &*old.id.name,
                },
                "annotations": {
                    "workflows.argoproj.io/title": "**publisher**",
                    "leverframe/plan": PLAN,
                    "leverframe/actor": "ops-1",
                    "leverframe/run": name,
                    "leverframe/origin-uid": &*old.id.uid,
                    "leverframe/attempt": "2",
                },
                "ownerReferences": [{"kind": "CronWorkflow", "name": "x", "uid": "u"}],
            },
            "spec": {
                "workflowTemplateRef": {"name": "post-sync"},
                "arguments": {"parameters": [
                    {"name": "application", "value": "publisher"},
                    {"name": "repoName", "value": "publisher"},
                    {"name": "imageTag", "value": "v1362"},
                    {"name": "promoteDeployment", "value": "true"},
                    {"name": "automaticDeploysEnabled", "value": "true"},
                ]},
            },
        })
    );
}

#[test]
fn a_copy_of_a_stopped_run_was_not_stopped() {
    let mut world = publisher();
    change_failed(&mut world, |run| {
        run.annotations
            .insert("leverframe/stop".into(), "1111111111111111".into());
    });
    let (_, object) = object(&world, Lever::Resubmit);
    let annotations = &object["metadata"]["annotations"];
    assert_eq!(annotations.get("leverframe/stop"), None, "{annotations}");
}

#[test]
fn tests_only_puts_the_closed_gate_first_and_reaches_nothing() {
    let (_, object) = object(&publisher(), Lever::TestsOnly);
    let names: Vec<(&str, &str)> = object["spec"]["arguments"]["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["name"].as_str().unwrap(), p["value"].as_str().unwrap()))
        .collect();
    assert_eq!(
        names,
        [
            ("automaticDeploysEnabled", "false"),
            ("application", "publisher"),
            ("repoName", "publisher"),
            ("imageTag", "v1362"),
            ("promoteDeployment", "true"),
        ]
    );
    assert_eq!(
        object["metadata"]["labels"]["automaticDeploysEnabled"],
        "false"
    );
    let plan = pull(&publisher(), Lever::TestsOnly, "staging", "publisher").unwrap();
    assert_eq!((plan.reach.environments.len(), plan.typed()), (0, None));
    assert_eq!(plan.hops.len(), 2);
}

#[test]
fn the_name_is_the_same_for_the_same_attempt_and_differs_for_every_other() {
    let world = publisher();
    let (name, _) = object(&world, Lever::Resubmit);
    assert_eq!(
        name,
        object(&world, Lever::TestsOnly).0,
        "a second create must answer 409"
    );
    let mut another = publisher();
    change_failed(&mut another, |run| run.id.uid = "another-uid".into());
    assert_ne!(name, object(&another, Lever::Resubmit).0);
    let mut third = publisher();
    change_failed(&mut third, |run| {
        run.annotations
            .insert("leverframe/attempt".into(), "2".into());
    });
    assert!(
        object(&third, Lever::Resubmit)
            .0
            .starts_with("post-sync-r3-")
    );
    // Without a base the old name is one; long ones are cut, and the label of the origin with them.
    let mut long = publisher();
    let old: String = format!("post-sync-{}", "x".repeat(80));
    change_failed(&mut long, |run| {
        run.generate_name = None;
        run.id.name = old.as_str().into();
    });
    let (name, object) = object(&long, Lever::Resubmit);
    assert_eq!(name.len(), 63);
    assert_eq!(object["metadata"]["generateName"], format!("{old}-"));
    assert_eq!(
        object["metadata"]["labels"]["workflows.argoproj.io/resubmitted-from-workflow"],
        old[..63]
    );
}

#[test]
fn reach_follows_the_frozen_parameters_and_the_gates_behind_them() {
    let names = |world: &World, environment: &str| -> Vec<String> {
        let plan = pull(world, Lever::Resubmit, environment, "publisher").unwrap();
        plan.reach
            .environments
            .iter()
            .map(|e| e.to_string())
            .collect()
    };
    assert_eq!(names(&publisher(), "staging"), ["production"]);
    for key in ["promoteDeployment", "automaticDeploysEnabled"] {
        let mut frozen = publisher();
        change_failed(&mut frozen, |run| {
            run.parameters.insert(key.into(), "false".into());
        });
        assert!(names(&frozen, "staging").is_empty(), "{key}");
    }
    // From integration it goes on to production, while both gates are open.
    let mut chain = publisher();
    chain.stands("staging", "publisher", "v1360", "v1361", "1h");
    change_failed(&mut chain, |run| {
        run.created = Some(crate::world::ago("9h"))
    });
    chain.smoke(
        "integration",
        "publisher",
        "publisher",
        "v1362",
        "Failed",
        "1m",
        |_| {},
    );
    assert_eq!(names(&chain, "integration"), ["staging", "production"]);
    chain.file("staging", "publisher", |file| file.gate = false);
    assert_eq!(names(&chain, "integration"), ["staging"]);
    // A version that is there already is not promoted again, and a twin never promotes.
    let mut there = publisher();
    there.stands("production", "publisher", "v1361", "v1362", "1m");
    assert!(names(&there, "staging").is_empty());
    let mut twin = publisher();
    twin.smoke(
        "staging",
        "draft-publisher",
        "publisher",
        "v1362",
        "Failed",
        "1m",
        |_| {},
    );
    let plan = pull(&twin, Lever::Resubmit, "staging", "draft-publisher").unwrap();
    assert!(plan.reach.environments.is_empty());
}

#[test]
fn memoized_and_unreadable_runs_are_left_to_argo_workflows() {
    let mut memoized = publisher();
    change_failed(&mut memoized, |run| run.memoized = true);
    let refusal = pull(&memoized, Lever::Resubmit, "staging", "publisher").unwrap_err();
    assert!(refusal.because.contains("memoized"), "{refusal}");
    let mut odd = publisher();
    change_failed(&mut odd, |run| run.spec = "[]".into());
    let refusal = pull(&odd, Lever::Resubmit, "staging", "publisher").unwrap_err();
    assert!(refusal.because.contains("no JSON object"), "{refusal}");
    let mut unread = publisher();
    change_failed(&mut unread, |run| {
        run.nodes = Nodes::Unread("offloaded".into())
    });
    let plan = pull(&unread, Lever::Resubmit, "staging", "publisher").unwrap();
    assert_eq!(check(&plan, "steps").verdict, Verdict::Unknown);
}

#[test]
fn a_failed_deploy_run_is_repeated_where_it_is_still_a_step_up() {
    let mut world = publisher();
    let id = deploy_run(&mut world, "production", "v1362", "true", "Failed");
    let mut named = request(Lever::Resubmit, "production", "publisher");
    named.run = Some(id);
    let plan = decide(&world, &named).unwrap();
    assert_eq!(plan.reach.environments, [Environment::new("production")]);
    assert!(matches!(&plan.write, Write::Create { name, .. } if name.starts_with("deploy-image-")));
    world.stands("production", "publisher", "v1361", "v1363", "1m");
    let refusal = decide(&world, &named).unwrap_err();
    assert!(
        refusal
            .checks
            .iter()
            .any(|c| c.name.word() == "wanted" && c.refuses())
    );
}

/// Resubmits a failed deploy run of production's cluster that writes into `environment`.
fn again(
    world: &mut World,
    environment: &str,
    version: &str,
    promote: &str,
) -> Result<Plan, Refusal> {
    let id = deploy_run(world, environment, version, promote, "Failed");
    let mut named = request(Lever::Resubmit, environment, "publisher");
    named.run = Some(id);
    decide(world, &named)
}

fn refusing(refusal: &Refusal) -> Vec<&str> {
    let refusing = refusal.checks.iter().filter(|c| c.refuses());
    refusing.map(|c| c.name.word()).collect()
}

#[test]
fn a_deploy_run_says_what_it_moves_and_asks_every_gate_on_its_way() {
    // v1363 on its way into staging, with promotion asked: on to production while the gates are open.
    let mut open = publisher();
    let plan = again(&mut open, "staging", "v1363", "true").unwrap();
    assert_eq!(
        (plan.from.clone(), plan.to.clone()),
        (Some("v1362".into()), Some("v1363".into()))
    );
    assert_eq!(show::moves(&plan), Some("v1362 -> v1363".into()));
    let names: Vec<&str> = plan.reach.environments.iter().map(|e| e.as_str()).collect();
    assert_eq!(names, ["staging", "production"]);
    let gate = check(&plan, "gate");
    assert_eq!(gate.verdict, Verdict::Passed);
    for hop in ["integration -> staging", "staging -> production"] {
        assert!(gate.evidence.contains(hop), "{}", gate.evidence);
    }
    // The gate into the target was closed since, whether promotion is asked for or not.
    for promote in ["true", "false"] {
        let mut held = publisher();
        held.closed("integration", "publisher", "5m", "hold");
        let refusal = again(&mut held, "staging", "v1363", promote).unwrap_err();
        assert_eq!(refusing(&refusal), ["gate"], "{refusal}");
        assert!(
            refusal.because.contains("integration -> staging"),
            "{refusal}"
        );
        let hop = refusal
            .checks
            .iter()
            .find(|c| c.name.word() == "hop")
            .unwrap();
        assert_eq!(hop.verdict, Verdict::Failed, "{hop:?}");
    }
    // A gate without a file to stand in is not known to be open.
    let mut unknown = publisher();
    let staging = (Environment::new("staging"), Repository::new("publisher"));
    unknown.tree.files.remove(&staging);
    let refusal = again(&mut unknown, "production", "v1363", "false").unwrap_err();
    assert_eq!(refusing(&refusal), ["gate"], "{refusal}");
    // A run that ends in the first environment goes through no gate.
    let mut first = publisher();
    first.closed("integration", "publisher", "5m", "hold");
    let plan = again(&mut first, "integration", "v1363", "true").unwrap();
    assert_eq!(plan.reach.environments, [Environment::new("integration")]);
    // Held behind where it ends: nothing of it goes there, and a reason is wanted all the same.
    assert_eq!(check(&plan, "hop").verdict, Verdict::Failed);
}

#[test]
fn attempts_of_a_deploy_run_are_those_into_the_same_environment() {
    let mut world = publisher();
    deploy_run(&mut world, "integration", "v1363", "true", "Succeeded");
    let plan = again(&mut world, "staging", "v1363", "true").unwrap();
    assert_eq!(check(&plan, "attempts").verdict, Verdict::Passed);
    assert!(check(&plan, "attempts").evidence.contains("attempt 2"));
}

#[test]
fn only_failures_count_as_attempts() {
    let attempt = |phases: &[(&str, bool)]| {
        let mut world = publisher();
        for (phase, stopped) in phases {
            world.smoke(
                "staging",
                "publisher",
                "publisher",
                "v1362",
                phase,
                "43m",
                |run| {
                    run.shutdown = stopped.then(|| "Stop".into());
                },
            );
        }
        let plan = pull(&world, Lever::TestsOnly, "staging", "publisher").unwrap();
        check(&plan, "attempts").evidence.clone()
    };
    assert_eq!(attempt(&[]), "attempt 2 of v1362");
    // A sync of something else tests the same version again; and a run that somebody stopped is no flake.
    let passed = ("Succeeded", false);
    assert_eq!(
        attempt(&[passed, passed, ("Failed", true)]),
        "attempt 2 of v1362"
    );
    assert!(attempt(&[("Failed", false)]).contains("attempt 3 of v1362"));
}

/// Below, it is no test that failed, and none that passed.
#[test]
fn a_smoke_run_that_was_stopped_leaves_open_whether_a_version_is_well() {
    let mut world = publisher();
    let well = |world: &World| {
        let plan = pull(world, Lever::Promote, "production", "publisher").unwrap();
        let row = plan
            .checks
            .iter()
            .find(|c| c.evidence.contains("the smoke run"));
        let row = row.unwrap_or_else(|| panic!("{:?}", plan.checks));
        (row.verdict, row.wants_reason(), row.evidence.clone())
    };
    let (verdict, wants_reason, said) = well(&world);
    assert_eq!((verdict, wants_reason), (Verdict::Failed, true), "{said}");
    change_failed(&mut world, |run| run.shutdown = Some("Stop".into()));
    let (verdict, wants_reason, said) = well(&world);
    assert_eq!((verdict, wants_reason), (Verdict::Unknown, true), "{said}");
    let stopped = format!(
        "{} of publisher in staging was stopped",
        failed(&world).id.name
    );
    assert!(said.contains(&stopped), "{said}");
}

#[test]
fn a_run_that_has_failed_and_backs_off_says_when_it_can_be_resubmitted() {
    let mut world = publisher();
    change_failed(&mut world, |run| {
        let node = |name: &str, kind, phase, message: Option<&str>| Node {
            id: name.into(),
            name: name.into(),
            display_name: name.into(),
            kind,
            phase,
            template: "".into(),
            boundary: None,
            children: Vec::new(),
            message: message.map(Into::into),
            started: run.started,
            finished: Some(crate::world::ago("60s")),
            exit_code: None,
            hooked: false,
            retried: false,
        };
        let root = run.id.name.to_string();
        let said = Some("Backoff for 2 minutes 0 seconds");
        run.phase = RunPhase::Running;
        run.retry_expression = Some("asInt(lastRetry.exitCode) > 1".into());
        run.nodes = Nodes::Read(std::sync::Arc::new(vec![
            node(&root, NodeKind::Retry, NodePhase::Running, said),
            node(
                &format!("{root}(0)"),
                NodeKind::DAG,
                NodePhase::Failed,
                None,
            ),
        ]));
    });
    let refusal = pull(&world, Lever::Resubmit, "staging", "publisher").unwrap_err();
    assert!(
        refusal
            .because
            .contains("has failed and backs off until 03:13Z"),
        "{refusal}"
    );
}

#[test]
fn a_deploy_run_does_not_bring_back_what_was_rolled_back() {
    let mut world = publisher();
    world.moved(
        "production",
        "publisher",
        "v1361",
        "v1362",
        "20m",
        ActorKind::Robot,
    );
    world.stands("production", "publisher", "v1362", "v1361", "10m");
    let id = deploy_run(&mut world, "production", "v1362", "true", "Failed");
    for fact in world
        .facts
        .get_mut(&Environment::new("production"))
        .unwrap()
    {
        if let leverframe::store::Fact::Run(run) = fact
            && run.id == id
        {
            run.created = Some(crate::world::ago("25m"));
            run.started = run.created;
        }
    }
    let mut named = request(Lever::Resubmit, "production", "publisher");
    named.run = Some(id);
    let refusal = decide(&world, &named).unwrap_err();
    assert_eq!(refusing(&refusal), ["wanted"], "{refusal}");
    assert!(
        refusal.because.contains("v1362 stood in production"),
        "{refusal}"
    );
}

#[test]
fn a_run_that_delivers_has_no_tests_to_repeat_alone() {
    let mut world = publisher();
    let id = deploy_run(&mut world, "production", "v1362", "true", "Failed");
    let mut named = request(Lever::TestsOnly, "production", "publisher");
    named.run = Some(id);
    let refusal = decide(&world, &named).unwrap_err();
    assert!(refusal.because.contains("delivers"), "{refusal}");
}

#[test]
fn a_run_that_is_typed_is_found_where_deliveries_run_too() {
    let mut world = publisher();
    let id = deploy_run(&mut world, "staging", "v1363", "true", "Failed");
    let smoke = failed(&world).id;
    let state = world.state(80, 24);
    let named = |environment: &str, name: &str| {
        let run = by_name(&state.store, &world.delivery, &environment.into(), name);
        run.map(|run| run.id.clone())
    };
    assert_eq!(named("staging", &id.name), Some(id.clone()));
    assert_eq!(named("staging", &smoke.name), Some(smoke.clone()));
    // What leads to production runs below it.
    assert_eq!(named("production", &smoke.name), Some(smoke.clone()));
    assert_eq!(named("staging", "deploy-image-nothing"), None);
    let mut asked = request(Lever::Resubmit, "staging", "publisher");
    asked.run = named("staging", &id.name);
    assert_eq!(decide(&world, &asked).unwrap().request.run, Some(id));
    // One's own comes first where two have the name.
    let mut twice = publisher();
    let other = Run {
        id: ObjectId {
            environment: "production".into(),
            uid: "uid-of-the-other".into(),
            ..smoke.clone()
        },
        ..failed(&twice)
    };
    twice.put("production", leverframe::store::Fact::Run(other.clone()));
    let state = twice.state(80, 24);
    let named = |environment: &str| {
        let run = by_name(
            &state.store,
            &twice.delivery,
            &environment.into(),
            &smoke.name,
        );
        run.map(|run| run.id.clone())
    };
    assert_eq!(named("staging"), Some(smoke.clone()));
    assert_eq!(named("production"), Some(other.id));
}
