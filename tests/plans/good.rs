//! Good: what a roll back proposes, what stands beside it, and what speaks against a version.

use crate::scene::*;
use crate::world::{World, ago, now};
use leverframe::journal::{Entry, Journal, What};
use leverframe::model::*;
use leverframe::plan::*;
use leverframe::state::State;
use leverframe::store::{Delta, Kind, News, Source};

const HERE: &str = "production";
const APP: &str = "publisher";

/// publisher in production: v1361 now, before it v1360 (34 hours), v1358 (two days), v1350, v1349, v1340.
fn past() -> World {
    let mut world = publisher();
    for (from, to, age) in [
        ("", "v1340", "9d"),
        ("v1340", "v1349", "8d"),
        ("v1349", "v1350", "7d"),
        ("v1350", "v1358", "5d"),
    ] {
        world.moved(HERE, APP, from, to, age, ActorKind::Robot);
    }
    world
}

fn proposed(world: &World) -> Option<String> {
    let plan = pull(world, Lever::RollBack, HERE, APP).ok()?;
    plan.to.map(|to| to.to_string())
}

fn offered(world: &World) -> Vec<String> {
    let plan = pull(world, Lever::RollBack, HERE, APP).unwrap();
    plan.choices.iter().map(|c| c.version.to_string()).collect()
}

fn stop(run: &mut Run) {
    run.shutdown = Some("Stop".into());
}

fn wait(pod: &mut Pod) {
    pod.ready = false;
    pod.containers[0].ready = false;
    pod.containers[0].waiting = Some("CrashLoopBackOff".into());
}

#[test]
fn the_newest_version_that_was_good_here_is_proposed_and_the_next_three_stand_beside_it() {
    let world = past();
    let plan = pull(&world, Lever::RollBack, HERE, APP).unwrap();
    assert_eq!(plan.to, Some("v1360".into()));
    assert!(
        plan.evidence.starts_with("stood 34h; until 26h ago"),
        "{}",
        plan.evidence
    );
    assert_eq!(offered(&world), ["v1360", "v1358", "v1350", "v1349"]);
    let text = show::text(&plan);
    assert!(
        text.contains("or v1358 (stood 2d12h); v1350 (stood 2d); v1349 (stood 24h)")
            || text.contains("or v1358 (stood "),
        "{text}"
    );
}

#[test]
fn each_rule_takes_its_version_out_and_nothing_else() {
    type Change = fn(&mut World);
    let table: [(&str, Change, &str); 10] = [
        ("as it is", |_| {}, "v1360"),
        (
            "rolled back from on somebody's order",
            |world| {
                // v1360 was brought and taken back: v1358 stood again, then came v1361.
                world
                    .changes
                    .retain(|c| c.to != Some("v1361".into()) || c.environment.as_str() != HERE);
                world.moved(HERE, APP, "v1360", "v1358", "50h", ActorKind::Manual);
                world.stands(HERE, APP, "v1358", "v1361", "26h");
            },
            "v1358",
        ),
        (
            "its pods crash",
            |world| {
                world.pod(HERE, APP, APP, "v1360", wait);
            },
            "v1358",
        ),
        (
            "its smoke run failed",
            |world| {
                world.smoke(HERE, APP, APP, "v1360", "Failed", "30h", |_| {});
            },
            "v1358",
        ),
        (
            "its smoke run failed and passed when it was run again",
            |world| {
                world.smoke(HERE, APP, APP, "v1360", "Failed", "30h", |_| {});
                world.smoke(HERE, APP, APP, "v1360", "Succeeded", "29h", |_| {});
            },
            "v1360",
        ),
        (
            "its smoke run was stopped by somebody",
            |world| {
                world.smoke(HERE, APP, APP, "v1360", "Failed", "30h", stop);
            },
            "v1360",
        ),
        (
            "its smoke run failed, and the one after that was stopped",
            |world| {
                world.smoke(HERE, APP, APP, "v1360", "Failed", "30h", |_| {});
                world.smoke(HERE, APP, APP, "v1360", "Failed", "29h", stop);
            },
            "v1358",
        ),
        ("it stood ten minutes only", short, "v1358"),
        (
            "it stood ten minutes, and its pods still serve",
            |world| {
                short(world);
                world.pod(HERE, APP, APP, "v1360", |_| {});
            },
            "v1360",
        ),
        (
            "it stood ten minutes, and its smoke run passed",
            |world| {
                short(world);
                world.smoke(HERE, APP, APP, "v1360", "Succeeded", "25h", |_| {});
            },
            "v1360",
        ),
    ];
    for (what, change, version) in table {
        let mut world = past();
        change(&mut world);
        assert_eq!(proposed(&world).as_deref(), Some(version), "{what}");
    }
}

/// v1360 came ten minutes before v1361.
fn short(world: &mut World) {
    for change in &mut world.changes {
        if change.environment.as_str() == HERE && change.to == Some("v1360".into()) {
            change.at = ago("26h") - jiff::SignedDuration::from_mins(10);
        }
    }
}

#[test]
fn a_version_is_proposed_by_how_the_delivery_counts_and_none_where_none_was_good() {
    let mut world = past();
    short(&mut world);
    change_delivery(&mut world, |delivery| delivery.good_after_s = 300);
    assert_eq!(proposed(&world).as_deref(), Some("v1360"));
    change_delivery(&mut world, |delivery| delivery.good_after_s = 400 * 86_400);
    let refusal = pull(&world, Lever::RollBack, HERE, APP).unwrap_err();
    assert!(!refusal.is_asking, "{}", refusal.because);
    assert!(
        refusal
            .because
            .starts_with("No earlier version is known to have been good here"),
        "{}",
        refusal.because
    );
    assert!(
        refusal
            .remedy
            .with_command()
            .contains("`leverframe history`"),
        "{:?}",
        refusal.remedy
    );
    // One that is named is still planned, and what is known of it is said.
    let mut named = request(Lever::RollBack, HERE, APP);
    named.version = Some("v1358".into());
    assert_eq!(decide(&world, &named).unwrap().to, Some("v1358".into()));
}

/// Going back further is possible, and never unknowingly.
#[test]
fn a_roll_back_after_a_roll_back_says_that_one_was_just_made() {
    let mut world = past();
    assert!(
        !pull(&world, Lever::RollBack, HERE, APP)
            .unwrap()
            .evidence
            .contains("rolled back")
    );
    world.stands(HERE, APP, "v1361", "v1360", "2h");
    let last = world.changes.last_mut().unwrap();
    (last.kind, last.actor) = (ActorKind::Manual, "alice".into());
    let plan = pull(&world, Lever::RollBack, HERE, APP).unwrap();
    assert_eq!(plan.to, Some("v1358".into()));
    assert!(
        plan.evidence
            .starts_with("rolled back to v1360 2h ago by alice; stood "),
        "{}",
        plan.evidence
    );
    // The row of the lever says it, too.
    let state = world.state(80, 24);
    let (to, why) = leverframe::screen::levers::gist(&state, &[plan]);
    assert_eq!(
        to + &why,
        " to v1358 (rolled back to v1360 2h ago by alice)"
    );
}

/// An open plan is decided again each second, when another version may be the one that is proposed.
#[test]
fn a_roll_back_that_is_decided_again_is_about_the_same_version() {
    let mut world = past();
    let plan = pull(&world, Lever::RollBack, HERE, APP).unwrap();
    assert_eq!(plan.to, Some("v1360".into()));
    // A colleague has brought it meanwhile.
    world.stands(HERE, APP, "v1361", "v1360", "20s");
    let state = world.state(80, 24);
    let refusal = leverframe::plan::plan(&plan.request, &state.context(&plan.id)).unwrap_err();
    assert!(
        refusal.because.contains("production has v1360"),
        "{}",
        refusal.because
    );
}

#[test]
fn nothing_is_proposed_while_history_is_not_read_back_to_all_that_are_offered() {
    let whole = past();
    let mut walked = past();
    walked.is_walked_whole = false;
    // Four good ones are met: more history changes nothing of them.
    assert_eq!(offered(&walked), offered(&whole));
    walked
        .changes
        .retain(|c| c.environment.as_str() != HERE || c.at > ago("4d"));
    let refusal = pull(&walked, Lever::RollBack, HERE, APP).unwrap_err();
    assert!(refusal.is_asking, "{}", refusal.because);
    assert!(
        refusal.because.contains("History is still being read"),
        "{}",
        refusal.because
    );
    let mut named = request(Lever::RollBack, HERE, APP);
    named.version = Some("v1360".into());
    assert_eq!(decide(&walked, &named).unwrap().to, Some("v1360".into()));
}

#[test]
fn what_the_robot_lowered_by_accident_is_brought_again() {
    let mut world = past();
    // Nobody meant v1361 to be replaced by v1358; v1362 waits below meanwhile.
    world.stands(HERE, APP, "v1361", "v1358", "20m");
    let plan = pull(&world, Lever::Promote, HERE, APP).unwrap();
    assert_eq!(plan.to, Some("v1361".into()));
    assert!(!reasons(&plan).contains(&"bad_here"), "{:?}", plan.checks);
    assert_eq!(proposed(&world).as_deref(), Some("v1361"));
    // On somebody's order it is no accident: what waits below is promoted.
    let last = world.changes.last_mut().unwrap();
    last.kind = ActorKind::Manual;
    let plan = pull(&world, Lever::Promote, HERE, APP).unwrap();
    assert_eq!(plan.to, Some("v1362".into()));
    assert_eq!(proposed(&world).as_deref(), Some("v1360"));
}

/// v1362 came after v1361 was tested here, stood for 24 minutes and was lowered by the robot while it crashed; its pods are
/// gone.
fn lowered(tested: impl FnOnce(&mut World)) -> World {
    let mut world = past();
    world.smoke(HERE, APP, APP, "v1361", "Succeeded", "25h", |_| {});
    world.moved(HERE, APP, "v1361", "v1362", "26m", ActorKind::Robot);
    world.moved(HERE, APP, "v1362", "v1361", "2m", ActorKind::Robot);
    tested(&mut world);
    world
}

#[test]
fn what_stood_here_for_long_and_was_never_tested_may_never_have_become_healthy() {
    let row = |world: &World| {
        let plan = pull(world, Lever::Promote, HERE, APP).unwrap();
        assert_eq!(plan.to, Some("v1362".into()));
        let row = check(&plan, "bad_here");
        (row.wants_reason(), row.evidence.clone())
    };
    let never = "v1362 had no smoke run in the 24m that it stood here: it may never have become healthy; the cause may still stand";
    assert_eq!(row(&lowered(|_| {})), (true, never.to_owned()));
    // It was tested, or is known to serve.
    for tested in [
        (|world| {
            world.smoke(HERE, APP, APP, "v1362", "Succeeded", "10m", |_| {});
        }) as fn(&mut World),
        |world| {
            world.pod(HERE, APP, APP, "v1362", |_| {});
        },
    ] {
        assert!(!row(&lowered(tested)).0, "{}", row(&lowered(tested)).1);
    }
    // The accident that LOWER is for: it was lowered minutes after it came, and had no time to be tested.
    let mut accident = past();
    accident.smoke(HERE, APP, APP, "v1361", "Succeeded", "25h", |_| {});
    accident.moved(HERE, APP, "v1361", "v1362", "8m", ActorKind::Robot);
    accident.moved(HERE, APP, "v1362", "v1361", "2m", ActorKind::Robot);
    assert!(!row(&accident).0, "{}", row(&accident).1);
    // Nothing is known where no run is kept from before it came: its own may have been forgotten, too.
    let mut forgotten = past();
    forgotten.moved(HERE, APP, "v1361", "v1362", "26m", ActorKind::Robot);
    forgotten.moved(HERE, APP, "v1362", "v1361", "2m", ActorKind::Robot);
    forgotten.smoke(HERE, APP, APP, "v1361", "Succeeded", "1m", |_| {});
    assert!(!row(&forgotten).0, "{}", row(&forgotten).1);
    // It is no version to go back to, either.
    let mut newer = lowered(|_| {});
    newer.stands(HERE, APP, "v1361", "v1363", "1m");
    let mut back = request(Lever::RollBack, HERE, APP);
    assert_eq!(decide(&newer, &back).unwrap().to, Some("v1361".into()));
    back.version = Some("v1362".into());
    assert!(check(&decide(&newer, &back).unwrap(), "bad_here").wants_reason());
}

#[test]
fn unknown_migrations_want_a_reason_for_a_roll_back_and_are_never_folded() {
    let plan = pull(&past(), Lever::RollBack, HERE, APP).unwrap();
    let row = check(&plan, "migrations");
    assert_eq!(
        (row.verdict, row.weight),
        (Verdict::Unknown, Weight::Reason)
    );
    assert_eq!(row.evidence, "not read between v1360 and v1361");
    assert!(plan.wants_reason());
    // What is not checked stands beside the passes, too.
    let plan = pull(&past(), Lever::Promote, HERE, APP).unwrap();
    let row = check(&plan, "migrations");
    assert_eq!(row.verdict, Verdict::NotChecked);
    assert!(
        show::text(&plan).contains("migrations"),
        "{}",
        show::text(&plan)
    );
}

/// production was rolled back from v1362 to v1361 on somebody's order.
fn taken_back() -> World {
    let mut world = past();
    world.stands(HERE, APP, "v1361", "v1362", "2h");
    world.stands(HERE, APP, "v1362", "v1361", "22m");
    let last = world.changes.last_mut().unwrap();
    last.kind = ActorKind::Leverframe;
    last.actor = "alice".into();
    last.reason = Some("incident 4711".into());
    world
}

/// The commit of a run names the robot that made it; the run itself, as long as it is kept, who ordered it and why.
#[test]
fn a_roll_back_of_another_journal_is_said_with_what_its_run_carries() {
    let said = |run: Option<(&str, &str)>| {
        let mut world = taken_back();
        let last = world.changes.last_mut().unwrap();
        last.kind = ActorKind::Manual;
        last.actor = "deploy-robot".into();
        last.reason = None;
        if let Some((age, version)) = run {
            let id = deploy_run(&mut world, HERE, version, "false", "Succeeded");
            change_run(&mut world, &id, |run| {
                (run.created, run.started) = (Some(ago(age)), Some(ago(age)));
                for (key, value) in [
                    ("leverframe/actor", "alice"),
                    ("leverframe/reason", "incident 4711"),
                ] {
                    run.annotations.insert(key.into(), value.into());
                }
            });
        }
        let plan = pull(&world, Lever::Promote, HERE, APP).unwrap();
        let evidence = check(&plan, "bad_here").evidence.clone();
        let (_, by) = evidence.split_once("22m ago by ").unwrap();
        let by = by.split_once("; the cause").unwrap().0.to_owned();
        // The cell and the roll back's own evidence name the same.
        let (who, _) = by.split_once([':', ',']).unwrap();
        let state = world.state(80, 24);
        let status = state.board.status(&Target::new(HERE, APP)).unwrap();
        let cell = status.because.join(" ");
        let named = format!("rolled back from v1362 22m ago by {who}");
        assert!(cell.contains(&named), "{named} {cell}");
        by
    };
    assert_eq!(said(Some(("23m", "v1361"))), "alice: incident 4711");
    let unknown = "deploy-robot, no reason is on record";
    for run in [
        None,
        // Of another version, long before, and after.
        Some(("23m", "v1362")),
        Some(("50m", "v1361")),
        Some(("21m", "v1361")),
    ] {
        assert_eq!(said(run), unknown, "{run:?}");
    }
}

#[test]
fn what_was_rolled_back_from_here_is_said_of_it_with_who_when_and_why() {
    let world = taken_back();
    let plan = pull(&world, Lever::Promote, HERE, APP).unwrap();
    let row = check(&plan, "bad_here");
    assert!(row.wants_reason());
    assert_eq!(
        row.evidence,
        "v1362 was rolled back from here 22m ago by alice: incident 4711; the cause may still stand"
    );
    // A roll back to it wants a reason by the same row, and so does a release while it waits below (which refuses besides).
    let mut back = request(Lever::RollBack, HERE, APP);
    back.version = Some("v1362".into());
    assert!(check(&decide(&world, &back).unwrap(), "bad_here").wants_reason());
    let mut held = taken_back();
    held.closed("staging", APP, "10m", "hold");
    let refusal = pull(&held, Lever::Release, HERE, APP).unwrap_err();
    let waiting = refusal.checks.iter().find(|c| c.name == CheckName::Waiting);
    assert!(waiting.is_some_and(Check::refuses), "{:?}", refusal.checks);
    let row = refusal.checks.iter().find(|c| c.name == CheckName::BadHere);
    assert!(row.is_some_and(Check::wants_reason), "{:?}", refusal.checks);
    // Brought again since, and left for a newer one: nothing is held against it, unless it was gone again at once.
    for (left, verdict) in [("5m", Verdict::Passed), ("19m", Verdict::Failed)] {
        let mut world = taken_back();
        world.stands(HERE, APP, "v1361", "v1362", "20m");
        world.stands(HERE, APP, "v1362", "v1363", left);
        let mut back = request(Lever::RollBack, HERE, APP);
        back.version = Some("v1362".into());
        let plan = decide(&world, &back).unwrap();
        assert_eq!(check(&plan, "bad_here").verdict, verdict, "left {left} ago");
    }
}

/// README: what is unknown never counts as passed.
#[test]
fn whether_a_version_is_bad_where_pods_or_runs_were_not_read_is_not_known() {
    for (kind, name) in [(Kind::Pods, "pods"), (Kind::Runs, "runs")] {
        let mut world = past();
        world.forbidden(HERE, kind);
        let mut back = request(Lever::RollBack, HERE, APP);
        back.version = Some("v1360".into());
        let (Ok(Plan { checks, .. }) | Err(Refusal { checks, .. })) = decide(&world, &back);
        let row = checks.iter().find(|c| c.name == CheckName::BadHere);
        let row = row.expect("the row");
        assert_eq!(row.verdict, Verdict::Unknown);
        assert_eq!(
            row.evidence,
            format!("the {name} of {HERE} were not read, so whether it was bad here is not known")
        );
    }
}

/// v1360 crashed here so long ago; the pods of another version have taken its place, and no cluster remembers.
fn crashed_and_gone(world: &World, age: &str) -> State {
    crash_of_another(world, age, APP, "apps")
}

/// The same of a pod of an app in a namespace.
fn crash_of_another(world: &World, age: &str, app: &str, namespace: &str) -> State {
    let mut crashes = world.clone();
    crashes.pod(HERE, app, APP, "v1360", |pod| {
        wait(pod);
        pod.id.namespace = namespace.into();
    });
    let crashing = crashes.facts[&HERE.into()].last().unwrap();
    let mut state = world.state(80, 24);
    let source = Source::Cluster(HERE.into());
    let subscription = state.store.source(&source).unwrap().subscription;
    for (seen_at, news) in [
        (ago(age), News::Put(crashing.clone())),
        (now(), News::Gone(Kind::Pods, crashing.id().clone())),
    ] {
        let source = source.clone();
        state.store.apply(Delta {
            source,
            subscription,
            seen_at,
            news,
        });
    }
    state
}

/// What is said of v1360 before it is brought again.
fn said_of_v1360(state: &State) -> Check {
    let back = Request {
        version: Some("v1360".into()),
        ..request(Lever::RollBack, HERE, APP)
    };
    let id = PlanId::new("0123456789abcdef");
    let plan = plan(&back, &state.context(&id)).unwrap();
    check(&plan, "bad_here").clone()
}

#[test]
fn what_crashed_here_while_the_console_looked_is_said_of_it() {
    let row = said_of_v1360(&crashed_and_gone(&past(), "2s"));
    assert!(row.wants_reason());
    let said = "v1360 crashed here 2s ago (CrashLoopBackOff); the cause may still stand";
    assert_eq!(row.evidence, said);
    // The other app of the file may run it well all the same.
    let mut world = past();
    world.pod(HERE, "draft-publisher", APP, "v1360", |_| {});
    assert_eq!(
        said_of_v1360(&crashed_and_gone(&world, "2s")).evidence,
        said
    );
    // Its own other pods would say that it runs here.
    let mut world = past();
    world.pod(HERE, APP, APP, "v1360", |_| {});
    let nothing = "nothing speaks against v1360 here";
    assert_eq!(
        said_of_v1360(&crashed_and_gone(&world, "2s")).evidence,
        nothing
    );
    // An app of another name, or in another namespace, is not this one.
    for (app, namespace) in [("publisher-preview", "apps"), (APP, "elsewhere")] {
        let state = crash_of_another(&past(), "2s", app, namespace);
        assert_eq!(said_of_v1360(&state).evidence, nothing, "{app}");
    }
    // The next day it counts no more.
    assert_eq!(
        said_of_v1360(&crashed_and_gone(&past(), "25h")).evidence,
        nothing
    );
}

#[test]
fn what_crashes_or_failed_its_smoke_run_here_is_said_of_it() {
    for (change, words) in [
        (
            (|world: &mut World| {
                world.pod(HERE, APP, APP, "v1362", wait);
            }) as fn(&mut World),
            "v1362 crashes here now: CrashLoopBackOff; the cause may still stand",
        ),
        (
            |world: &mut World| {
                world.smoke(HERE, APP, APP, "v1362", "Failed", "3h", |run| {
                    run.id.name = "post-sync-x".into();
                });
            },
            "v1362 failed its smoke run here 3h ago (post-sync-x); the cause may still stand",
        ),
    ] {
        let mut world = past();
        change(&mut world);
        let plan = pull(&world, Lever::Promote, HERE, APP).unwrap();
        let row = check(&plan, "bad_here");
        assert_eq!(row.evidence, words);
        assert!(row.wants_reason());
    }
}

/// A journal with a roll back of production from v1362 to v1361 that is applied and seen.
fn rolled_back(world: &World, console: &mut Console, seen: bool) -> PlanId {
    let mut back = request(Lever::RollBack, HERE, APP);
    back.version = Some("v1361".into());
    back.reason = Some("incident 4711".into());
    let plan = console.decide(world, &back).unwrap();
    let id = plan.id.clone();
    let hops = plan.hops.len();
    let entry = |what| Entry {
        at: ago("3m"),
        plan: id.clone(),
        what,
    };
    console.journal.add_entry(entry(What::Intent {
        plan: Box::new(plan),
    }));
    let evidence = "created".to_owned();
    console.journal.add_entry(entry(What::Outcome {
        outcome: Outcome::Applied { evidence },
    }));
    for hop in (0..hops).filter(|_| seen) {
        console.journal.add_entry(entry(What::Seen { hop }));
    }
    id
}

#[test]
fn undoing_a_roll_back_is_called_so_and_says_why_it_was_made() {
    let mut world = past();
    world.stands(HERE, APP, "v1361", "v1362", "2h");
    let mut console = Console {
        now: ago("4m"),
        ..Console::default()
    };
    let id = rolled_back(&world, &mut console, true);
    world.stands(HERE, APP, "v1362", "v1361", "2m");
    let record = console.journal.get(&id).unwrap();
    assert!(record.debt().is_some());
    let undo = Journal::undo(record).unwrap();
    assert_eq!(undo.lever, Lever::Promote);
    console.now = crate::world::now();
    let plan = console.decide(&world, &undo).unwrap();
    assert_eq!(plan.to, Some("v1362".into()));
    let text = show::text(&plan);
    assert!(
        text.starts_with("UNDO ROLL BACK  publisher @ production"),
        "{text}"
    );
    assert!(
        text.contains("was rolled back from v1362 to v1361, by ops-1, because: incident 4711."),
        "{text}"
    );
    assert!(reasons(&plan).contains(&"bad_here"), "{:?}", plan.checks);
    // Content with what stands: the debt is closed, and no plan is made.
    console.journal.add_entry(Entry {
        at: ago("1m"),
        plan: id.clone(),
        what: What::Paid {
            by: None,
            who: Some("ops-1".into()),
        },
    });
    let record = console.journal.get(&id).unwrap();
    assert_eq!(
        (record.debt(), record.left_by.as_deref()),
        (None, Some("ops-1"))
    );
}

#[test]
fn a_roll_back_that_is_on_its_way_speaks_against_what_it_leaves() {
    let mut world = past();
    world.stands(HERE, APP, "v1361", "v1362", "2h");
    let mut console = Console::default();
    rolled_back(&world, &mut console, false);
    // History shows nothing of it yet; then another console brought v1361 without a trailer.
    let mut again = request(Lever::RollBack, HERE, APP);
    again.version = Some("v1360".into());
    world.stands(HERE, APP, "v1362", "v1361", "2m");
    world.changes.last_mut().unwrap().kind = ActorKind::Robot;
    let plan = console.decide(&world, &request(Lever::Promote, HERE, APP));
    let checks = match plan {
        Ok(plan) => plan.checks,
        Err(refusal) => refusal.checks,
    };
    let row = checks
        .iter()
        .find(|c| c.name == CheckName::BadHere)
        .unwrap();
    assert!(row.wants_reason(), "{row:?}");
    assert!(row.evidence.contains("incident 4711"), "{}", row.evidence);
}

/// production went from v1362 back to v1361 two minutes ago, by a person; a pod of v1362 serves still.
fn arriving() -> World {
    let mut world = past();
    world.pod(HERE, APP, APP, "v1362", |_| {});
    world.stands(HERE, APP, "v1361", "v1362", "2h");
    world.stands(HERE, APP, "v1362", "v1361", "2m");
    let moved = world.changes.last_mut().unwrap();
    (moved.kind, moved.actor) = (ActorKind::Person, "ops-2".into());
    world
}

/// Who still sees the trouble and pulls the lever again must not be led one version further back.
#[test]
fn nothing_is_proposed_while_a_roll_back_is_arriving() {
    let mut world = past();
    world.stands(HERE, APP, "v1361", "v1362", "2h");
    let mut console = Console {
        now: ago("3m"),
        ..Console::default()
    };
    let id = rolled_back(&world, &mut console, false);
    let serving = world.clone();
    world.pod(HERE, APP, APP, "v1362", |_| {});
    let came_back = |world: &mut World| {
        world.stands(HERE, APP, "v1362", "v1361", "2m");
        world.changes.last_mut().unwrap().kind = ActorKind::Robot;
    };
    came_back(&mut world);
    console.now = crate::world::now();
    let refused = |console: &Console, world: &World| {
        console.decide(world, &request(Lever::RollBack, HERE, APP))
    };
    let by_journal = refused(&console, &world).unwrap_err();
    assert_eq!(
        by_journal.because,
        "v1361 is still arriving: rolled back from v1362 3m ago by ops-1."
    );
    let remedy = by_journal.remedy.to_string();
    assert!(
        remedy.contains("choose a version from the history"),
        "{remedy}"
    );
    // Another's roll back, which this journal does not know.
    let by_history = refused(&Console::default(), &arriving()).unwrap_err();
    assert_eq!(
        by_history.because,
        "v1361 is still arriving: rolled back from v1362 2m ago by ops-2."
    );
    // A version that is named is meant.
    let mut further = request(Lever::RollBack, HERE, APP);
    further.version = Some("v1360".into());
    for (console, world) in [(&console, &world), (&Console::default(), &arriving())] {
        let plan = console.decide(world, &further).unwrap();
        assert_eq!(plan.to, Some("v1360".into()));
    }
    // Whoever sent it: where nothing but it serves, it has arrived.
    let mut serving = serving;
    came_back(&mut serving);
    for console in [&console, &Console::default()] {
        serving.changes.last_mut().unwrap().kind = ActorKind::Person;
        let plan = refused(console, &serving).unwrap();
        assert_eq!(plan.to, Some("v1360".into()));
    }
    // Unless the parent has not rendered it yet: what serves may be about to leave.
    let mut former = serving.clone();
    change_app(&mut former, HERE, APP, |app| {
        app.annotations.insert("imageTag".into(), "v1362".into());
    });
    refused(&Console::default(), &former).unwrap_err();
    // Once it has arrived, or is late, or does not run well itself, the next one back is proposed.
    let hops = console.journal.get(&id).unwrap().plan.hops.len();
    for hop in 0..hops {
        console.journal.add_entry(Entry {
            at: ago("1m"),
            plan: id.clone(),
            what: What::Seen { hop },
        });
    }
    let plan = refused(&console, &world).unwrap();
    assert_eq!(plan.to, Some("v1360".into()));
    let mut old = arriving();
    old.changes.last_mut().unwrap().at = ago("60m");
    assert_eq!(proposed(&old).as_deref(), Some("v1360"));
    let mut crashing = arriving();
    crashing.crashing(HERE, APP, APP, "v1361");
    assert_eq!(proposed(&crashing).as_deref(), Some("v1360"));
}

/// A branch build is on the way to nowhere: who brings one says why.
#[test]
fn a_build_of_a_branch_is_called_so_and_wants_a_reason() {
    let mut world = past();
    let branch = "deployed-to-production-2";
    world.stands("staging", APP, "v1362", branch, "20m");
    let plan = pull(&world, Lever::Promote, HERE, APP).unwrap();
    assert_eq!(plan.to, Some(branch.into()));
    let row = check(&plan, "release");
    assert_eq!(
        row.evidence,
        format!("{branch} is the build of a branch, not a release")
    );
    assert!(row.wants_reason());
    assert!(show::text(&plan).contains("is the build of a branch, not a release"));
    let mut back = request(Lever::RollBack, HERE, APP);
    back.version = Some(branch.into());
    let rows = decide(&world, &back).unwrap_err().checks;
    let row = rows.iter().find(|row| row.name == CheckName::Release);
    assert_eq!(row.map(|row| row.weight), Some(Weight::Shown));
    // A release has no such row.
    let plan = pull(&past(), Lever::Promote, HERE, APP).unwrap();
    assert!(plan.checks.iter().all(|c| c.name != CheckName::Release));
}

/// Its smoke run keeps the gate as it was: it promotes what is rolled back from, though that has left.
#[test]
fn a_roll_back_wants_a_reason_where_a_run_brings_on_what_is_left() {
    let (environment, app) = ("staging", "publisher");
    let testing = |promote: &'static str, version: &'static str| {
        let mut world = publisher();
        world.smoke(environment, app, app, version, "Running", "1m", |run| {
            run.id.name = "post-sync-z".into();
            run.parameters
                .insert("promoteDeployment".into(), promote.into());
        });
        world
    };
    let back = |world: &World| {
        let mut named = request(Lever::RollBack, environment, app);
        named.version = Some("v1361".into());
        decide(world, &named).unwrap()
    };
    let onward = |plan: &Plan| {
        let mut checks = plan.checks.iter();
        let row = checks.find(|check| check.name == CheckName::Onward)?;
        assert_ne!(row.verdict, Verdict::Passed);
        assert_eq!(row.weight, Weight::Reason);
        Some(row.evidence.clone())
    };
    let said = "post-sync-z @ staging brings v1362 into production when it passes: stop it first";
    let world = testing("true", "v1362");
    assert_eq!(onward(&back(&world)).as_deref(), Some(said));
    // A stop of its twin does not find it.
    let twin = request(Lever::RollBack, environment, "draft-publisher");
    let twin = Request {
        version: Some("v1361".into()),
        ..twin
    };
    let elsewhere = format!("{said}, from publisher in staging");
    let row = onward(&decide(&world, &twin).unwrap());
    assert_eq!(row.as_deref(), Some(&*elsewhere));
    assert_eq!(onward(&back(&testing("false", "v1362"))), None);
    assert_eq!(onward(&back(&testing("true", "v1361"))), None);
    assert_eq!(onward(&back(&publisher())), None);
    // It has passed, and what it ordered writes.
    let mut world = publisher();
    deploy_run(&mut world, "production", "v1362", "false", "Running");
    let said = "deploy-image-production-v1362 @ production brings v1362 into production now: stop it first, from production";
    assert_eq!(onward(&back(&world)).as_deref(), Some(said));
    // There it stands already.
    let mut there = testing("true", "v1362");
    there.stands("production", app, "v1361", "v1362", "9m");
    assert_eq!(onward(&back(&there)), None);
    // What is not known is never read as passed.
    let mut unread = publisher();
    unread.forbidden(environment, Kind::Runs);
    let row = onward(&back(&unread)).unwrap();
    let said = "what brings v1362 on is not known: staging workflows cannot be read";
    assert!(row.starts_with(said), "{row}");
}
