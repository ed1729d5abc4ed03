//! Stop: which run is stopped, and what it leaves undone.

use crate::scene::*;
use crate::world::World;
use leverframe::model::*;
use leverframe::plan::*;
use serde_json::json;

#[test]
fn a_stop_says_what_becomes_of_the_exit_handler() {
    let stop = |retries_all: bool, handler: Option<&str>| {
        let mut world = publisher();
        world.smoke(
            "staging",
            "publisher",
            "publisher",
            "v1362",
            "Running",
            "1m",
            |run| {
                run.exit_handler = handler.map(Into::into);
                run.retries_all = retries_all;
            },
        );
        let plan = pull(&world, Lever::Stop, "staging", "publisher").unwrap();
        (plan.evidence, plan.warning)
    };
    let (evidence, warning) = stop(false, Some("exit-handler"));
    assert!(
        evidence.ends_with("its exit handler exit-handler still runs"),
        "{evidence}"
    );
    assert_eq!(warning, None);
    let (evidence, warning) = stop(true, Some("exit-handler"));
    assert!(!evidence.contains("exit handler"), "{evidence}");
    assert!(
        warning
            .unwrap()
            .starts_with("LEFT UNDONE: the exit handler exit-handler")
    );
    assert_eq!(stop(true, None).1, None);
}

#[test]
fn stopping_takes_the_run_that_leads_here() {
    let mut world = publisher();
    let id = deploy_run(&mut world, "staging", "v1363", "true", "Running");
    // In staging it leads to both: it promotes on through the open gate.
    for environment in ["staging", "production"] {
        let plan = pull(&world, Lever::Stop, environment, "publisher").unwrap();
        let Write::Patch {
            id: found,
            patch,
            guards,
            ..
        } = &plan.write
        else {
            panic!("{:?}", plan.write)
        };
        assert_eq!(*found, id);
        assert_eq!(patch["spec"], json!({"shutdown": "Stop"}));
        assert_eq!(*guards, [Guard::NotOver]);
        assert_eq!(plan.reach.environments, []);
    }
    // By its uid, and no other of that name.
    let mut named = request(Lever::Stop, "staging", "publisher");
    named.run = Some(ObjectId {
        uid: "another".into(),
        ..id
    });
    assert!(
        decide(&world, &named)
            .unwrap_err()
            .because
            .contains("not there any more")
    );
}

#[test]
fn only_a_run_of_the_target_or_one_that_leads_to_it_is_stopped() {
    let mut world = publisher();
    world.app("links", &["links"]);
    for environment in ["integration", "staging", "production"] {
        world.stands(environment, "links", "v1", "v2", "3d");
    }
    world.smoke("staging", "links", "links", "v2", "Running", "2m", |_| {});
    world.smoke(
        "staging",
        "publisher",
        "publisher",
        "v1362",
        "Running",
        "1m",
        |_| {},
    );
    let running = |world: &World, app: &str| {
        world.facts[&Environment::new("staging")]
            .iter()
            .find_map(|fact| match fact {
                leverframe::store::Fact::Run(run)
                    if !run.phase.is_over() && run.labels["application"] == app.into() =>
                {
                    Some(run.id.clone())
                }
                _ => None,
            })
            .unwrap()
    };
    let stop = |world: &World, environment: &str, app: &str, run: ObjectId| {
        let mut named = request(Lever::Stop, environment, app);
        named.run = Some(run);
        decide(world, &named)
    };
    let (ours, theirs) = (running(&world, "publisher"), running(&world, "links"));
    stop(&world, "staging", "publisher", ours.clone()).unwrap();
    stop(&world, "production", "publisher", ours.clone()).unwrap();
    stop(&world, "production", "links", theirs.clone()).unwrap();
    for (environment, app, run) in [
        ("staging", "publisher", &theirs),
        ("production", "publisher", &theirs),
        ("integration", "publisher", &ours),
    ] {
        let refusal = stop(&world, environment, app, run.clone()).unwrap_err();
        assert!(refusal.because.contains("is not one of"), "{refusal}");
    }
    // With its gate frozen shut it leads nowhere, and is staging's own still.
    for fact in world.facts.get_mut(&Environment::new("staging")).unwrap() {
        if let leverframe::store::Fact::Run(run) = fact {
            run.parameters
                .insert("automaticDeploysEnabled".into(), "false".into());
        }
    }
    stop(&world, "staging", "publisher", ours.clone()).unwrap();
    let refusal = stop(&world, "production", "publisher", ours.clone()).unwrap_err();
    assert!(refusal.because.contains("is not one of"), "{refusal}");
    // A run of neither template is nobody's, whatever its labels say.
    for fact in world.facts.get_mut(&Environment::new("staging")).unwrap() {
        if let leverframe::store::Fact::Run(run) = fact {
            run.template = Some("nightly".into());
        }
    }
    let refusal = stop(&world, "staging", "publisher", ours).unwrap_err();
    assert!(refusal.because.contains("is not one of"), "{refusal}");
}
