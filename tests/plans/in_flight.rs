//! In flight: a roll back beside the plans of the journal that move the same version. It may supersede any but itself.

use crate::scene::*;
use crate::world::{World, ago};
use leverframe::delivery::Mechanism;
use leverframe::journal::{Entry, Journal, What};
use leverframe::model::{ObjectId, Run, RunPhase};
use leverframe::plan::*;

/// publisher in production, whose version is changed by branches that people merge.
fn by_branches() -> World {
    let mut world = publisher();
    let kind = leverframe::model::ActorKind::Robot;
    world.moved("production", "publisher", "v1357", "v1358", "90h", kind);
    change_delivery(&mut world, |delivery| {
        for stage in &mut delivery.environments {
            stage.version_by = Mechanism::Branch;
        }
    });
    world
}

fn back_to(version: &str) -> Request {
    Request {
        version: Some(version.into()),
        ..request(Lever::RollBack, "production", "publisher")
    }
}

fn applied() -> What {
    let evidence = String::new();
    What::Outcome {
        outcome: Outcome::Applied { evidence },
    }
}

fn add(journal: &mut Journal, plan: &Plan, whats: &[What]) {
    let intent = What::Intent {
        plan: Box::new(plan.clone()),
    };
    for what in std::iter::once(&intent).chain(whats) {
        journal.add_entry(Entry {
            at: plan.made_at,
            plan: plan.id.clone(),
            what: what.clone(),
        });
    }
}

/// The row of a decision, whether it is a plan or a refusal.
fn row(console: &Console, world: &World, request: &Request) -> Check {
    let decided = console.decide(world, request);
    let (Ok(Plan { checks, .. }) | Err(Refusal { checks, .. })) = decided;
    let row = checks.into_iter().find(|c| c.name == CheckName::InFlight);
    row.unwrap()
}

#[test]
fn a_roll_back_does_not_supersede_itself_wherever_it_stands_among_others() {
    let world = by_branches();
    let mut console = Console::default();
    for (id, version) in [("aaaa", "v1360"), ("bbbb", "v1358")] {
        let asked = back_to(version);
        let plan = console.decide(&world, &asked).unwrap();
        let plan = Plan {
            id: PlanId::new(id),
            ..plan
        };
        add(&mut console.journal, &plan, &[applied()]);
        for (known, version) in [("aaaa", "v1360"), ("bbbb", "v1358")] {
            let is_sent = console.journal.get(&PlanId::new(known)).is_some();
            let row = row(&console, &world, &back_to(version));
            assert_eq!(row.refuses(), is_sent, "{version}: {}", row.evidence);
            assert_eq!(row.verdict, Verdict::Failed);
            if is_sent {
                assert!(row.evidence.contains(known), "{}", row.evidence);
            }
        }
    }
}

#[test]
fn the_same_roll_back_waits_for_the_first_until_that_is_over_or_late() {
    let world = by_branches();
    let plan = decide(&world, &back_to("v1360")).unwrap();
    let id = PlanId::new("ffff");
    let plan = Plan { id, ..plan };
    let (nth, _) = plan
        .declares(&"production".into(), &"publisher".into())
        .unwrap();
    let because = String::new;
    let unknown = What::Outcome {
        outcome: Outcome::Unknown { because: because() },
    };
    let refused = What::Outcome {
        outcome: Outcome::Refused { because: because() },
    };
    let pushed = || vec![applied(), What::Seen { hop: 0 }];
    let mut late = pushed();
    late.push(What::Late { hop: nth });
    let whose = "plan ffff (roll back publisher @ production, by ops-1)";
    for (whats, refuses, evidence) in [
        (
            vec![],
            true,
            format!("{whose} is being sent, or its console died"),
        ),
        (
            vec![unknown],
            true,
            format!("{whose} has an unknown outcome"),
        ),
        (vec![applied()], true, format!("{whose} is under way")),
        (pushed(), true, format!("{whose} is under way")),
        // It may never come: the next one is told of it, and held up no longer.
        (
            late,
            false,
            format!("{whose} is late in bringing v1360 into production"),
        ),
        (
            vec![refused],
            false,
            "no plan of the same kind is under way".to_owned(),
        ),
    ] {
        let mut console = Console::default();
        add(&mut console.journal, &plan, &whats);
        let same = row(&console, &world, &back_to("v1360"));
        assert_eq!((same.refuses(), same.evidence), (refuses, evidence));
        // From the twin it would be the same commit.
        let mut twin = back_to("v1360");
        twin.target.app = "draft-publisher".into();
        assert_eq!(row(&console, &world, &twin).refuses(), refuses);
        // Another one supersedes it.
        let other = row(&console, &world, &back_to("v1358"));
        assert!(!other.refuses(), "{}", other.evidence);
    }
}

#[test]
fn the_version_that_was_brought_and_followed_by_another_is_brought_again() {
    let mut world = publisher();
    by_commits(&mut world);
    let plan = Plan {
        id: PlanId::new("ffff"),
        made_at: ago("5m"),
        ..decide(&world, &back_to("v1360")).unwrap()
    };
    let mut console = Console::default();
    add(
        &mut console.journal,
        &plan,
        &[applied(), What::Seen { hop: 0 }],
    );
    // Another console has seen it in git. This one has not read it yet and would send it again.
    let same = row(&console, &world, &back_to("v1360"));
    assert!(same.refuses(), "{}", same.evidence);
    world.stands("production", "publisher", "v1361", "v1360", "4m");
    world.stands("production", "publisher", "v1360", "v1362", "2m");
    let again = row(&console, &world, &back_to("v1360"));
    assert!(!again.refuses(), "{}", again.evidence);
    assert!(again.evidence.contains("has arrived"), "{}", again.evidence);
}

#[test]
fn a_plan_in_flight_is_named_by_as_many_letters_as_tell_it_apart() {
    let world = by_branches();
    let plan = decide(&world, &back_to("v1360")).unwrap();
    let mut console = Console::default();
    for (id, named) in [
        ("03e77b2c5f3f6e72", "plan 03e7 ("),
        ("03e7912c5f3f6e72", "plan 03e77 ("),
    ] {
        let id = PlanId::new(id);
        let plan = Plan { id, ..plan.clone() };
        add(&mut console.journal, &plan, &[applied()]);
        let row = row(&console, &world, &back_to("v1360"));
        assert!(row.evidence.starts_with(named), "{}", row.evidence);
    }
}

/// Two people, two journals: the run is what the second one sees of what the first one sent.
#[test]
fn what_a_run_in_flight_writes_by_itself_is_not_sent_again() {
    let run = "deploy-image-production-v1360 @ production";
    let mut world = publisher();
    deploy_run(&mut world, "production", "v1360", "false", "Running");
    let same = row(&Console::default(), &world, &back_to("v1360"));
    assert!(same.refuses(), "{}", same.evidence);
    assert_eq!(
        same.evidence,
        format!("{run} is bringing v1360 into production")
    );
    let other = row(&Console::default(), &world, &back_to("v1358"));
    assert!(!other.refuses(), "{}", other.evidence);
    // So it is with a promotion.
    let promote = request(Lever::Promote, "production", "publisher");
    deploy_run(&mut world, "production", "v1362", "false", "Running");
    assert!(row(&Console::default(), &world, &promote).refuses());
    // What is late may never come, what is asked to stop will not, and what is over has come or not.
    for change in [
        (|run| run.started = Some(ago("1h"))) as fn(&mut Run),
        |run| run.shutdown = Some("Stop".into()),
        |run| run.phase = RunPhase::Failed,
    ] {
        let mut world = publisher();
        let id = deploy_run(&mut world, "production", "v1360", "false", "Running");
        change_run(&mut world, &id, change);
        let same = row(&Console::default(), &world, &back_to("v1360"));
        assert!(!same.refuses(), "{}", same.evidence);
    }
    // The version has come and gone since: the run brings it no more.
    let mut world = publisher();
    deploy_run(&mut world, "production", "v1360", "false", "Running");
    let robot = leverframe::model::ActorKind::Robot;
    world.moved("production", "publisher", "v1361", "v1360", "40s", robot);
    world.stands("production", "publisher", "v1360", "v1361", "20s");
    let same = row(&Console::default(), &world, &back_to("v1360"));
    assert!(!same.refuses(), "{}", same.evidence);
}

/// A promotion that comes when tests pass may never come.
#[test]
fn what_only_a_passing_test_brings_is_shown() {
    let mut world = publisher();
    world.stands("production", "publisher", "v1361", "v1362", "3h");
    world.stands("production", "publisher", "v1362", "v1361", "1h");
    let (app, version) = ("publisher", "v1362");
    world.smoke("staging", app, app, version, "Running", "1m", |_| {});
    let row = row(&Console::default(), &world, &back_to("v1362"));
    assert_eq!((row.verdict, row.weight), (Verdict::Failed, Weight::Shown));
    assert!(row.evidence.contains("when it passes"), "{}", row.evidence);
}

/// The roll back to v1360 that root sent 40 seconds ago, and its run, which was asked to stop.
fn stopped(world: &mut World, console: &mut Console) -> Plan {
    let plan = Plan {
        id: PlanId::new("ffff"),
        who: Actor {
            login: "root".into(),
            ..Actor::default()
        },
        made_at: ago("40s"),
        ..decide(world, &back_to("v1360")).unwrap()
    };
    let Write::Create { name, .. } = &plan.write else {
        panic!("{:?}", plan.write);
    };
    let because = "its run Failed: Stopped with strategy 'Stop'.".to_owned();
    let cut_short = What::CutShort { hop: 1, because };
    add(&mut console.journal, &plan, &[applied(), cut_short]);
    let id = deploy_run(world, "production", "v1360", "false", "Failed");
    let name = name.clone();
    change_run(world, &id, move |run| {
        run.id.name = name.clone();
        run.started = Some(ago("40s"));
        run.finished = Some(ago("20s"));
        run.shutdown = Some("Stop".into());
        run.message = Some("Stopped with strategy 'Stop'".into());
        run.annotations.insert(mark::ACTOR.into(), "root".into());
        run.annotations.insert(mark::PLAN.into(), "ffff".into());
    });
    plan
}

/// A run that was stopped is done again by a resubmit, which whoever stopped it may not want.
#[test]
fn a_run_that_was_stopped_lately_is_run_again_for_a_reason() {
    let mut world = publisher();
    let asked = |lever| request(lever, "staging", "publisher");
    let flake = row(&Console::default(), &world, &asked(Lever::TestsOnly));
    assert_eq!(flake.verdict, Verdict::Passed, "{}", flake.evidence);
    change_failed(&mut world, |run| {
        run.shutdown = Some("Stop".into());
        run.message = Some("Stopped with strategy 'Stop'".into());
        run.annotations.insert(mark::STOP.into(), "3032".into());
    });
    let name = failed(&world).id.name;
    for lever in [Lever::Resubmit, Lever::TestsOnly] {
        let again = row(&Console::default(), &world, &asked(lever));
        assert!(again.wants_reason());
        let said = format!("{name} ended 41m ago: it says Stopped with strategy 'Stop'");
        assert_eq!(again.evidence, said);
    }
    // Another journal knows by the run.
    change_failed(&mut world, |run| {
        for (key, value) in [("stop-actor", "root"), ("stop-reason", "wait")] {
            let key = format!("leverframe/{key}");
            run.annotations.insert(key.as_str().into(), value.into());
        }
    });
    let again = row(&Console::default(), &world, &asked(Lever::Resubmit));
    let said = format!("{name} ended 41m ago: stopped by root: wait");
    assert_eq!(again.evidence, said);
    // What it would have brought is not brought by hand unawares either.
    let by_hand = request(Lever::Promote, "production", "publisher");
    let by_hand = row(&Console::default(), &world, &by_hand);
    assert!(by_hand.wants_reason());
    let said = format!(
        "{name} @ staging, which was to bring v1362 into production, ended 41m ago: stopped by root: wait"
    );
    assert_eq!(by_hand.evidence, said);
    let mut known = Console::default();
    let mut stop = Plan {
        id: PlanId::new("3032"),
        ..decide(&world, &back_to("v1360")).unwrap()
    };
    stop.who.login = "anna".into();
    stop.request = asked(Lever::Stop);
    add(&mut known.journal, &stop, &[applied()]);
    let again = row(&known, &world, &asked(Lever::Resubmit));
    let said = format!("{name} ended 41m ago: stopped by anna (plan 3032)");
    assert_eq!(again.evidence, said);
    let later = Console {
        now: ago("-20m"),
        ..Console::default()
    };
    let row = row(&later, &world, &asked(Lever::TestsOnly));
    assert_eq!(row.verdict, Verdict::Passed, "{}", row.evidence);
}

/// Whoever stopped the smoke run that was to bring it may know nothing of the promotion that was stopped before.
#[test]
fn of_two_that_were_stopped_both_are_said() {
    let mut world = publisher();
    let mut console = Console::default();
    let asked = request(Lever::Promote, "production", "publisher");
    let plan = Plan {
        id: PlanId::new("ffff"),
        ..decide(&world, &asked).unwrap()
    };
    let because = "its run was stopped.".to_owned();
    let cut_short = What::CutShort { hop: 1, because };
    add(&mut console.journal, &plan, &[applied(), cut_short]);
    change_failed(&mut world, |run| run.shutdown = Some("Stop".into()));
    let said = row(&console, &world, &asked).evidence;
    let name = failed(&world).id.name;
    let both = [
        "the same was sent ",
        "; ",
        &name,
        ", which was to bring v1362 into production",
    ];
    for part in both {
        assert!(said.contains(part), "{said}");
    }
    // A run that brings it now is no less to be known.
    let (app, name) = ("publisher", "post-sync-x");
    world.smoke("staging", app, app, "v1362", "Running", "10s", |run| {
        run.id.name = name.into();
    });
    let said = row(&console, &world, &asked).evidence;
    let comes =
        "post-sync-x @ staging brings v1362 into production when it passes; the same was sent ";
    assert!(said.starts_with(comes), "{said}");
}

#[test]
fn what_somebody_stopped_is_sent_again_for_a_reason_that_knows_of_it() {
    let mut world = publisher();
    let mut console = Console::default();
    let sent = stopped(&mut world, &mut console);
    let asked = back_to("v1360");
    let again = row(&console, &world, &asked);
    assert!(again.wants_reason());
    assert_eq!(
        again.evidence,
        "the same was sent 40s ago by root and cut short: its run Failed: Stopped with strategy 'Stop'"
    );
    // The journal knows who stopped it.
    let Write::Create {
        environment,
        namespace,
        name,
        ..
    } = &sent.write
    else {
        panic!("{:?}", sent.write);
    };
    let run = ObjectId {
        environment: environment.clone(),
        namespace: namespace.clone(),
        name: name.clone(),
        uid: "uid".into(),
    };
    let mut stop = Plan {
        id: PlanId::new("3032"),
        ..sent.clone()
    };
    stop.who.login = "anna".into();
    stop.request = Request {
        run: Some(run),
        ..request(Lever::Stop, "production", "publisher")
    };
    let mut known = Console {
        journal: console.journal.clone(),
        ..Console::default()
    };
    add(&mut known.journal, &stop, &[applied()]);
    assert_eq!(
        row(&known, &world, &asked).evidence,
        "the same was sent 40s ago by root and cut short: stopped by anna (plan 3032)"
    );
    // Another journal knows by the run.
    let other = row(&Console::default(), &world, &asked);
    assert!(other.wants_reason());
    assert_eq!(
        other.evidence,
        format!(
            "the same was sent 40s ago by root and cut short: its run {name} says Stopped with strategy 'Stop'"
        )
    );
    // With who and why, where the stop left that; so does the journal that sent what another one stopped.
    for fact in world.facts.values_mut().flatten() {
        if let leverframe::store::Fact::Run(run) = fact
            && run.id.name == *name
        {
            run.annotations
                .insert("leverframe/stop-actor".into(), "root".into());
        }
    }
    for console in [&Console::default(), &console] {
        assert_eq!(
            row(console, &world, &asked).evidence,
            "the same was sent 40s ago by root and cut short: stopped by root"
        );
    }
    // Of another version, or an hour later, nobody is reminded.
    let apart = row(&console, &world, &back_to("v1358"));
    assert_eq!(apart.verdict, Verdict::Passed, "{}", apart.evidence);
    for journal in [console.journal, Default::default()] {
        let later = Console {
            now: ago("-70m"),
            journal,
            ..Console::default()
        };
        let row = row(&later, &world, &asked);
        assert!(
            !row.evidence.contains("the same was sent"),
            "{}",
            row.evidence
        );
    }
}

/// A stop takes as long as its exit handler does, and may hang: it holds nobody up, but is known.
#[test]
fn what_is_being_stopped_is_sent_again_for_a_reason() {
    let stopping = |marks: &[(&str, &str)]| {
        let mut world = publisher();
        let id = deploy_run(&mut world, "production", "v1360", "false", "Running");
        change_run(&mut world, &id, |run| {
            run.shutdown = Some("Stop".into());
            for (key, value) in marks {
                run.annotations.insert((*key).into(), (*value).into());
            }
        });
        world
    };
    let its_run = "its run deploy-image-production-v1360 is being stopped";
    let by_root = [
        ("leverframe/actor", "alice"),
        ("leverframe/stop", "c772"),
        ("leverframe/stop-actor", "root"),
        ("leverframe/stop-reason", "wait"),
    ];
    for (marks, said) in [
        (
            &by_root[..],
            format!("the same was sent 1m ago by alice, and {its_run} by root: wait"),
        ),
        (
            &by_root[1..3],
            format!("the same was sent 1m ago, and {its_run} by root"),
        ),
        (&[], format!("the same was sent 1m ago, and {its_run}")),
    ] {
        let again = row(&Console::default(), &stopping(marks), &back_to("v1360"));
        assert!(again.wants_reason());
        assert_eq!(again.evidence, said);
    }
    let world = stopping(&by_root);
    let other = row(&Console::default(), &world, &back_to("v1358"));
    assert_eq!(other.verdict, Verdict::Passed, "{}", other.evidence);
    // The journal that has the stop says its plan; what it sent itself long before hides nothing.
    let plan = decide(&world, &back_to("v1360")).unwrap();
    let mut known = Console::default();
    let old = Plan {
        id: PlanId::new("aaaa"),
        made_at: ago("30h"),
        ..plan.clone()
    };
    let settled = What::Settled {
        done: true,
        by: "ops-1".into(),
    };
    add(&mut known.journal, &old, &[applied(), settled]);
    let mut stop = Plan {
        id: PlanId::new("c772"),
        ..plan
    };
    stop.who.login = "anna".into();
    stop.request = Request {
        reason: Some("wait".into()),
        ..request(Lever::Stop, "production", "publisher")
    };
    add(&mut known.journal, &stop, &[applied()]);
    let again = row(&known, &world, &back_to("v1360"));
    assert!(again.wants_reason());
    assert_eq!(
        again.evidence,
        format!("the same was sent 1m ago by alice, and {its_run} by anna (plan c772): wait")
    );
    // So it is with a promotion.
    let promote = request(Lever::Promote, "production", "publisher");
    let mut up = publisher();
    let id = deploy_run(&mut up, "production", "v1362", "false", "Running");
    change_run(&mut up, &id, |run| run.shutdown = Some("Stop".into()));
    assert!(row(&Console::default(), &up, &promote).wants_reason());
}

/// One's own plan whose run one has stopped is no longer under way, though its run takes its time to end.
#[test]
fn what_the_journal_stopped_is_not_waited_for() {
    let mut world = publisher();
    let mut console = Console::default();
    let sent = Plan {
        id: PlanId::new("ffff"),
        made_at: ago("40s"),
        ..decide(&world, &back_to("v1360")).unwrap()
    };
    add(&mut console.journal, &sent, &[applied()]);
    assert!(row(&console, &world, &back_to("v1360")).refuses());
    let (environment, namespace, name) = sent.write.creates().unwrap();
    let run = ObjectId {
        environment: environment.clone(),
        namespace: namespace.into(),
        name: name.into(),
        uid: "uid".into(),
    };
    let id = deploy_run(&mut world, "production", "v1360", "false", "Running");
    let name = run.name.clone();
    change_run(&mut world, &id, move |run| {
        run.id.name = name.clone();
        run.shutdown = Some("Stop".into());
        run.annotations.insert(mark::STOP.into(), "3032".into());
    });
    let mut stop = Plan {
        id: PlanId::new("3032"),
        ..sent.clone()
    };
    stop.request = Request {
        run: Some(run),
        ..request(Lever::Stop, "production", "publisher")
    };
    add(&mut console.journal, &stop, &[applied()]);
    let again = row(&console, &world, &back_to("v1360"));
    assert!(again.wants_reason(), "{}", again.evidence);
    assert!(
        again.evidence.contains(" is being stopped by "),
        "{}",
        again.evidence
    );
    // Nor is it under the lock.
    let next = console.decide(&world, &back_to("v1360")).unwrap();
    let next = Plan {
        id: PlanId::new("5555"),
        ..next
    };
    assert_eq!(
        leverframe::plan::in_flight::collision(&console.journal, &next),
        None
    );
}
