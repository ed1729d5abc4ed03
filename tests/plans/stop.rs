//! Stop: which run is stopped, and what it leaves undone.

use crate::scene::*;
use crate::world::World;
use leverframe::model::*;
use leverframe::plan::*;
use serde_json::json;

/// A smoke run of publisher in staging that has begun so long ago and still tests v1362.
fn tests(world: &mut crate::world::World, age: &str, change: impl FnOnce(&mut Run)) {
    let (app, version) = ("publisher", "v1362");
    world.smoke("staging", app, app, version, "Running", age, change);
}

#[test]
fn a_stop_says_what_becomes_of_the_exit_handler() {
    let stop = |retries_all: bool, handler: Option<&str>| {
        let mut world = publisher();
        tests(&mut world, "1m", |run| {
            run.exit_handler = handler.map(Into::into);
            run.retries_all = retries_all;
        });
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
            holds,
            ..
        } = &plan.write
        else {
            panic!("{:?}", plan.write)
        };
        assert_eq!(*found, id);
        assert_eq!(patch["spec"], json!({"shutdown": "Stop"}));
        assert_eq!(*guards, [Guard::NotOver]);
        // A run that moves is the one to be stopped.
        assert_eq!(*holds, Holds::WhileGuarded);
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

/// Whoever stops a run undoes somebody's work.
#[test]
fn a_stop_says_which_plan_the_run_belongs_to() {
    let mut world = publisher();
    let back = pull(&world, Lever::RollBack, "production", "publisher").unwrap();
    let back = Plan {
        id: PlanId::new("70e9"),
        ..back
    };
    let id = deploy_run(&mut world, "production", "v1360", "false", "Running");
    change_run(&mut world, &id, |run| {
        run.annotations.insert(mark::PLAN.into(), "70e9".into());
    });
    let stop = request(Lever::Stop, "production", "publisher");
    let mut console = Console::default();
    let unknown = console.decide(&world, &stop).unwrap();
    assert!(
        !unknown.evidence.contains("this run is plan"),
        "{}",
        unknown.evidence
    );
    // Whoever began it, it goes back.
    let said =
        "GOES BACK: it takes production from v1361 to v1360; stopped, it leaves v1361 there.";
    assert_eq!(unknown.warning.as_deref(), Some(said));
    console.journal.add_entry(leverframe::journal::Entry {
        at: back.made_at,
        plan: back.id.clone(),
        what: leverframe::journal::What::Intent {
            plan: Box::new(back),
        },
    });
    let known = console.decide(&world, &stop).unwrap().evidence;
    let said = "; this run is plan 70e9, a roll back from v1361 by ops-1";
    assert!(known.contains(said), "{known}");
}

/// Of what another journal's plan does the run alone can tell whose it is.
#[test]
fn a_stop_of_what_somebody_else_ordered_says_who_and_why_and_wants_a_reason() {
    let ordered = |version: &str, who: &str, why: Option<&str>| {
        let mut world = publisher();
        let id = deploy_run(&mut world, "production", version, "false", "Running");
        change_run(&mut world, &id, |run| {
            run.annotations.insert(mark::PLAN.into(), "1ad1".into());
            run.annotations.insert(mark::ACTOR.into(), who.into());
            if let Some(why) = why {
                run.annotations.insert(mark::REASON.into(), why.into());
            }
        });
        world
    };
    let stop = |console: &Console, world: &World| {
        let asked = request(Lever::Stop, "production", "publisher");
        let plan = console.decide(world, &asked).unwrap();
        (plan.wants_reason(), plan.evidence)
    };
    let console = Console::default();
    let mut written = ordered("v1360", "root", Some("hook"));
    written.stands("production", "publisher", "v1361", "v1360", "30s");
    for (world, said) in [
        (
            ordered("v1360", "root", Some("hook")),
            "this run was ordered by root (hook): it takes production back from v1361 to v1360",
        ),
        (
            written,
            "this run was ordered by root (hook): it has taken production back from v1361 to v1360",
        ),
        (
            ordered("v1362", "root", None),
            "this run was ordered by root",
        ),
    ] {
        let (wants, evidence) = stop(&console, &world);
        assert!(wants && evidence.ends_with(said), "{evidence}");
        let asked = request(Lever::Stop, "production", "publisher");
        let plan = console.decide(&world, &asked).unwrap();
        let row = check(&plan, "in_flight");
        assert!(row.wants_reason());
        assert_eq!(row.evidence, said);
    }
    // The login of another journal may be another one's; what a robot began is nobody's.
    assert!(stop(&console, &ordered("v1360", "ops-1", None)).0);
    let mut robots = publisher();
    deploy_run(&mut robots, "production", "v1360", "false", "Running");
    assert!(!stop(&console, &robots).0);
    // In one journal of two people it is the plan that says whose it is.
    let world = ordered("v1360", "alice", None);
    let back = pull(&publisher(), Lever::RollBack, "production", "publisher").unwrap();
    let mut back = Plan {
        id: PlanId::new("1ad1"),
        ..back
    };
    for (who, from, wanted) in [
        ("alice", None, true),
        ("ops-1", None, false),
        ("ops-1", Some("10.0.0.7"), false),
    ] {
        back.who.login = who.into();
        back.who.from = from.map(Into::into);
        let mut console = Console::default();
        console.journal.add_entry(leverframe::journal::Entry {
            at: back.made_at,
            plan: back.id.clone(),
            what: leverframe::journal::What::Intent {
                plan: Box::new(back.clone()),
            },
        });
        let (wants, evidence) = stop(&console, &world);
        assert_eq!(wants, wanted, "{evidence}");
        let said = format!("; this run is plan 1ad1, a roll back from v1361 by {who}");
        assert!(evidence.ends_with(&said), "{evidence}");
    }
}

/// Another journal knows of the stop what the run carries.
#[test]
fn a_stop_leaves_who_and_why_on_the_run() {
    let mut world = publisher();
    tests(&mut world, "1m", |_| {});
    let plan = pull(&world, Lever::Stop, "staging", "publisher").unwrap();
    let marks = |plan: &Plan| {
        let Write::Patch { patch, .. } = &plan.write else {
            panic!("{:?}", plan.write)
        };
        patch["metadata"].clone()
    };
    let name = &*plan.request.run.as_ref().unwrap().name;
    let bare = json!({"annotations": {
        "leverframe/stop": plan.id.as_str(), "leverframe/stop-actor": "ops-1", "leverframe/stop-run": name,
    }});
    assert_eq!(marks(&plan), bare);
    let plan = plan.clone().with_reason(Some("wait".into()));
    let with = json!({"annotations": {
        "leverframe/stop": plan.id.as_str(), "leverframe/stop-actor": "ops-1", "leverframe/stop-run": name,
        "leverframe/stop-reason": "wait",
    }});
    assert_eq!(marks(&plan), with);
    assert_eq!(marks(&plan.with_reason(None)), bare);
}

/// What the run has not written needs no taking back; and whoever stops a roll back wants no further one.
#[test]
fn a_roll_back_is_next_only_where_it_undoes_what_the_run_wrote() {
    let next = |version: &str, wrote: Option<&str>, environment: &str| {
        let mut world = publisher();
        if let Some(age) = wrote {
            world.stands("production", "publisher", "v1361", version, age);
        }
        deploy_run(&mut world, environment, version, "true", "Running");
        let plan = pull(&world, Lever::Stop, "production", "publisher").unwrap();
        plan.next
    };
    assert_eq!(
        next("v1362", Some("30s"), "production"),
        Some(Lever::RollBack)
    );
    assert_eq!(next("v1362", None, "production"), None, "not written yet");
    assert_eq!(next("v1363", None, "staging"), None, "on its way below");
    assert_eq!(
        next("v1360", Some("30s"), "production"),
        None,
        "a roll back"
    );
    assert_eq!(
        next("v1360", None, "production"),
        None,
        "a roll back to come"
    );
    // Somebody else brought it before the run began.
    assert_eq!(next("v1362", Some("10m"), "production"), None);
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
                    if !run.phase.is_over()
                        && run.labels.get("application").is_some_and(|of| **of == *app) =>
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

/// What is said to follow of a run in flight by the run's pane, and by its stop.
#[test]
fn the_pane_of_a_run_and_its_stop_say_the_same_of_what_it_may_still_do() {
    let ends = |change: fn(&mut Run)| {
        let mut world = publisher();
        tests(&mut world, "1m", change);
        let state = world.state(80, 24);
        let mut runs = state.store.clusters[&Environment::new("staging")]
            .runs
            .iter();
        let run = runs.find(|run| !run.phase.is_over()).unwrap();
        let passing = passing(run, &state.store, &state.delivery);
        let reaches = passing.is_some_and(|(_, reach)| !reach.environments.is_empty());
        assert_eq!(reaches, run.may_pass());
        let stop = pull(&world, Lever::Stop, "staging", "publisher");
        (run.state_in_words(), stop.map(|plan| plan.evidence))
    };
    let (state, stop) = ends(|_| {});
    assert_eq!(state, "Running");
    let evidence = stop.unwrap();
    assert!(
        evidence.contains(" is Running; it would bring v1362 into production when it passes"),
        "{evidence}"
    );
    let (state, stop) = ends(|run| run.suspended = true);
    assert_eq!(state, "Running, suspended");
    assert!(
        stop.unwrap()
            .contains(" is Running, suspended; it would bring v1362 into production")
    );
    // Suspended and asked to shut down: it goes on with nothing.
    let (state, stop) = ends(|run| {
        run.suspended = true;
        run.shutdown = Some("Stop".into());
    });
    assert_eq!(state, "Running, stopping");
    let because = stop.unwrap_err().because;
    assert!(
        because.contains("was asked to shut down already (Stop)"),
        "{because}"
    );
}

/// A run that is stopping must not hide an older one that is not.
#[test]
fn what_is_stopped_is_a_run_that_is_not_stopping_already() {
    let mut world = publisher();
    for (age, shutdown) in [("9m", None), ("1m", Some("Stop"))] {
        tests(&mut world, age, |run| {
            run.shutdown = shutdown.map(Into::into);
            run.id.uid = age.into();
        });
    }
    let plan = pull(&world, Lever::Stop, "staging", "publisher").unwrap();
    let Write::Patch { id, .. } = &plan.write else {
        panic!("{:?}", plan.write)
    };
    assert_eq!(&*id.uid, "9m");
}

/// Two runs of an app of two images are in flight: the plan names the one that it stops, and the other one, too.
#[test]
fn a_stop_names_the_file_of_its_run_and_the_others_in_flight() {
    let mut world = licensify();
    let mut runs = Vec::new();
    for (file, version, age) in [
        ("licensify-feed", "v3", "2m"),
        ("licensify-backend", "v4", "1m"),
    ] {
        world.smoke(
            "staging",
            "licensify",
            file,
            version,
            "Running",
            age,
            |run| {
                runs.push(run.id.clone());
            },
        );
    }
    let told = |plan: &Plan, own: &str, other: &str| {
        let target = format!("{own} (licensify) @ staging");
        assert_eq!(plan.request.name_target(), target);
        let warning = plan.warning.clone().unwrap_or_default();
        assert!(
            warning.starts_with("NOT STOPPED, and in flight too: "),
            "{warning}"
        );
        assert!(
            warning.contains(other) && !warning.contains(own),
            "{warning}"
        );
    };
    let newest = pull(&world, Lever::Stop, "staging", "licensify").unwrap();
    assert_eq!(newest.request.run.as_ref(), Some(&runs[1]));
    told(&newest, "licensify-backend", "(licensify-feed v3)");
    // The run that is chosen is the one that is meant.
    let asked = request(Lever::Stop, "staging", "licensify").about_run(Some(runs[0].clone()));
    let chosen = decide(&world, &asked).unwrap();
    assert_eq!(chosen.request.run.as_ref(), Some(&runs[0]));
    told(&chosen, "licensify-feed", "(licensify-backend v4)");
}
