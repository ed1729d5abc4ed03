//! Held: what refuses whatever the facts are: who pulls, what is under way, what is not there.

use crate::changes::*;
use crate::scene::*;
use crate::world::World;
use leverframe::journal::{Entry, Journal, What};
use leverframe::model::*;
use leverframe::plan::*;

#[test]
fn every_lever_refuses_in_a_read_only_console() {
    let console = Console {
        read_only: true,
        ..Console::default()
    };
    for lever in Lever::ALL {
        let refusal = console
            .decide(&publisher(), &request(lever, "production", "publisher"))
            .unwrap_err();
        assert!(refusal.because.contains("read-only"), "{refusal}");
    }
}

#[test]
fn a_shared_login_moves_nothing_in_production() {
    let console = Console {
        who: Actor {
            login: "root".into(),
            from: None,
            shared: true,
        },
        ..Console::default()
    };
    let mut world = publisher();
    running(&mut world);
    deploy_run(&mut world, "production", "v1363", "true", "Running");
    for (lever, environment) in [
        (Lever::Promote, "production"),
        (Lever::RollBack, "production"),
        (Lever::Hold, "production"),
        (Lever::Sync, "production"),
        (Lever::Refresh, "production"),
        (Lever::Stop, "production"),
    ] {
        let refusal = console
            .decide(&world, &request(lever, environment, "publisher"))
            .unwrap_err();
        let failed: Vec<&str> = refusal
            .checks
            .iter()
            .filter(|c| c.refuses())
            .map(|c| c.name.word())
            .collect();
        assert_eq!(failed, ["shared_login"], "{}", lever.title());
    }
    // What reaches production from below counts as production.
    let refusal = console
        .decide(
            &publisher(),
            &request(Lever::Resubmit, "staging", "publisher"),
        )
        .unwrap_err();
    assert!(
        refusal
            .checks
            .iter()
            .any(|c| c.name.word() == "shared_login" && c.refuses())
    );
    console
        .decide(
            &publisher(),
            &request(Lever::TestsOnly, "staging", "publisher"),
        )
        .unwrap();
}

#[test]
fn a_connection_that_is_not_safe_wants_a_reason_of_every_lever_on_its_cluster() {
    let console = Console::default();
    let certificate = |environment: &str, exposed: &str, lever: Lever| {
        let mut world = publisher();
        if environment == "production" {
            running(&mut world);
            deploy_run(&mut world, "production", "v1363", "true", "Running");
        }
        world.exposed = vec![(exposed.into(), Exposure::UncheckedCertificate)];
        let checks = match console.decide(&world, &request(lever, environment, "publisher")) {
            Ok(plan) => plan.checks,
            Err(refusal) => refusal.checks,
        };
        let row = checks
            .into_iter()
            .find(|c| c.name == CheckName::Certificate);
        row.map(|c| (c.wants_reason(), c.evidence))
    };
    for lever in Lever::ALL {
        let environment = match lever {
            Lever::Resubmit | Lever::TestsOnly => "staging",
            _ => "production",
        };
        let Some((wants_reason, evidence)) = certificate(environment, environment, lever) else {
            panic!("{}: no row", lever.title());
        };
        assert!(
            wants_reason && evidence.contains("certificate not checked"),
            "{evidence}"
        );
        assert_eq!(
            certificate(environment, "integration", lever).is_some(),
            environment == "staging"
        );
    }
}

#[test]
fn a_remote_that_is_not_safe_wants_a_reason_of_what_is_decided_on_git_or_pushed_there() {
    let row = |lever: Lever, environment: &str, is_pushed: bool| {
        let mut world = publisher();
        if is_pushed {
            by_commits(&mut world);
        }
        world.remote_exposed = Some(Exposure::UncheckedRemote);
        let request = request(lever, environment, "publisher");
        let (Ok(Plan { checks, .. }) | Err(Refusal { checks, .. })) =
            Console::default().decide(&world, &request);
        let row = checks
            .into_iter()
            .find(|c| c.name == CheckName::Certificate);
        row.map(|c| (c.wants_reason(), c.evidence))
    };
    for (lever, environment, is_pushed) in [
        (Lever::Promote, "production", false),
        (Lever::Promote, "production", true),
        (Lever::RollBack, "production", true),
        (Lever::Hold, "production", true),
    ] {
        let wanted = Some((true, "git: certificate not checked".to_owned()));
        assert_eq!(
            row(lever, environment, is_pushed),
            wanted,
            "{}",
            lever.title()
        );
    }
    assert_eq!(row(Lever::Sync, "staging", false), None);
}

#[test]
fn what_cannot_be_journalled_is_not_decided() {
    let console = Console {
        journal_fault: Some(Fault::new(FaultKind::Broken, "disk full", "Make room.")),
        ..Console::default()
    };
    for (lever, environment) in [
        (Lever::RollBack, "production"),
        (Lever::Resubmit, "staging"),
        (Lever::Refresh, "staging"),
    ] {
        let refusal = console
            .decide(&publisher(), &request(lever, environment, "publisher"))
            .unwrap_err();
        assert!(refusal.because.contains("disk full"), "{refusal}");
        assert_eq!(refusal.remedy.to_string(), "Make room.");
    }
}

#[test]
fn a_plan_in_flight_holds_its_like_and_nothing_else() {
    let mut world = publisher();
    smoked_staging(&mut world);
    let earlier = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    let earlier = Plan {
        id: PlanId::new("ffff"),
        ..earlier
    };
    let console_after = |outcome: Option<Outcome>| {
        let mut journal = Journal::default();
        let mut take = |what| {
            journal.add_entry(Entry {
                at: crate::world::now(),
                plan: earlier.id.clone(),
                what,
            });
        };
        take(What::Intent {
            plan: Box::new(earlier.clone()),
        });
        if let Some(outcome) = outcome {
            take(What::Outcome { outcome });
        }
        Console {
            journal,
            ..Console::default()
        }
    };
    let applied = || Outcome::Applied {
        evidence: String::new(),
    };
    let unknown = || Outcome::Unknown {
        because: String::new(),
    };
    let failed = || Outcome::Failed {
        because: String::new(),
        remedy: String::new(),
        lost: false,
    };
    let promote = request(Lever::Promote, "production", "publisher");
    let twin = request(Lever::Promote, "production", "draft-publisher");
    let back = request(Lever::RollBack, "production", "publisher");
    let hold = request(Lever::Hold, "production", "publisher");
    for (outcome, request, refused) in [
        (None, &promote, true),
        (Some(unknown()), &promote, true),
        (Some(applied()), &promote, true),
        (Some(failed()), &promote, false),
        // The twin ships from the same file.
        (Some(applied()), &twin, true),
        // A roll back supersedes; a gate is another thing.
        (Some(unknown()), &back, false),
        (Some(applied()), &hold, false),
    ] {
        let decided = console_after(outcome.clone()).decide(&world, request);
        let found = decided.as_ref().err().is_some_and(|refusal| {
            refusal
                .checks
                .iter()
                .any(|c| c.name.word() == "in_flight" && c.refuses())
        });
        assert_eq!(found, refused, "{outcome:?} {}", request.lever.title());
        assert_eq!(decided.is_err(), refused, "{decided:?}");
    }
}

/// It may arrive beside the next one.
#[test]
fn a_plan_that_was_called_lost_wants_a_reason_of_the_next_for_an_hour() {
    let mut world = publisher();
    smoked_staging(&mut world);
    let earlier = Plan {
        id: PlanId::new("ffff"),
        ..pull(&world, Lever::Promote, "production", "publisher").unwrap()
    };
    let console = |called_at: &str, lost: bool, settled: bool| {
        let mut journal = Journal::default();
        let outcome = Outcome::Failed {
            because: String::new(),
            remedy: String::new(),
            lost,
        };
        let mut whats = vec![
            What::Intent {
                plan: Box::new(earlier.clone()),
            },
            What::Outcome { outcome },
        ];
        whats.extend(settled.then(|| What::Settled {
            done: false,
            by: "alice".into(),
        }));
        for what in whats {
            journal.add_entry(Entry {
                at: crate::world::ago(called_at),
                plan: earlier.id.clone(),
                what,
            });
        }
        Console {
            journal,
            ..Console::default()
        }
    };
    for (lever, called_at, lost, settled, wants) in [
        (Lever::Promote, "4m", true, false, true),
        (Lever::RollBack, "59m", true, false, true),
        (Lever::Hold, "4m", true, false, false),
        (Lever::Promote, "61m", true, false, false),
        (Lever::Promote, "4m", false, false, false),
        (Lever::Promote, "4m", true, true, false),
    ] {
        let request = request(lever, "production", "publisher");
        let plan = console(called_at, lost, settled)
            .decide(&world, &request)
            .unwrap();
        let row = plan
            .checks
            .iter()
            .find(|c| c.name == CheckName::InFlight)
            .unwrap();
        let what = format!(
            "{} {called_at} {lost} {settled}: {}",
            lever.title(),
            row.evidence
        );
        assert_eq!(row.wants_reason(), wants, "{what}");
        if wants {
            let said = format!(
                "plan ffff was called lost {called_at} ago; if it arrives late, it will promote publisher"
            );
            assert!(row.evidence.starts_with(&said), "{what}");
            assert!(row.evidence.ends_with("v1361 -> v1362"), "{what}");
        }
    }
}

/// Whoever comes second reads that the good version is on its way already.
#[test]
fn a_plan_whose_version_has_arrived_is_named_by_the_next_of_its_kind() {
    let mut world = publisher();
    world.stands("production", "publisher", "v1361", "v1358", "1m");
    let mut back = request(Lever::RollBack, "production", "publisher");
    back.version = Some("v1360".into());
    let earlier = Plan {
        id: PlanId::new("ffff"),
        ..decide(&world, &back).unwrap()
    };
    let mut journal = Journal::default();
    let applied = Outcome::Applied {
        evidence: String::new(),
    };
    let declares = earlier.declares(&"production".into(), &"publisher".into());
    let (nth, _) = declares.unwrap();
    let sent = [
        What::Intent {
            plan: Box::new(earlier.clone()),
        },
        What::Outcome { outcome: applied },
    ];
    for what in sent
        .into_iter()
        .chain((0..=nth).map(|hop| What::Seen { hop }))
    {
        journal.add_entry(Entry {
            at: crate::world::now(),
            plan: earlier.id.clone(),
            what,
        });
    }
    let console = Console {
        journal,
        ..Console::default()
    };
    back.version = None;
    let (Ok(Plan { checks, .. }) | Err(Refusal { checks, .. })) = console.decide(&world, &back);
    let row = checks.iter().find(|c| c.name == CheckName::InFlight);
    let row = row.unwrap();
    assert_eq!(row.verdict, Verdict::Failed);
    assert!(!row.refuses());
    assert_eq!(
        row.evidence,
        "plan ffff (roll back publisher @ production to v1360, by ops-1) has arrived, and its effect is awaited"
    );
}

/// Whoever promotes what comes by itself reads who brings it.
#[test]
fn a_promotion_names_what_brings_the_same_version_by_itself() {
    let mut world = publisher();
    let resubmit = Plan {
        id: PlanId::new("ffff"),
        ..pull(&world, Lever::Resubmit, "staging", "publisher").unwrap()
    };
    let (nth, version) = resubmit
        .declares(&"production".into(), &"publisher".into())
        .unwrap();
    assert_eq!(version.short(), "v1362");
    let run_over = What::Seen { hop: 1 };
    let late = What::Late { hop: nth };
    let arrived = What::Seen { hop: nth };
    let applied = What::Outcome {
        outcome: Outcome::Applied {
            evidence: String::new(),
        },
    };
    let console = |plan: &Plan, whats: &[&What]| {
        let intent = What::Intent {
            plan: Box::new(plan.clone()),
        };
        let mut journal = Journal::default();
        for what in std::iter::once(&intent).chain(whats.iter().copied()) {
            journal.add_entry(Entry {
                at: crate::world::now(),
                plan: plan.id.clone(),
                what: what.clone(),
            });
        }
        Console {
            journal,
            ..Console::default()
        }
    };
    let row = |console: &Console, world: &World| {
        let asked = request(Lever::Promote, "production", "publisher");
        let plan = console.decide(world, &asked).unwrap();
        let row = check(&plan, "in_flight");
        assert!(!row.wants_reason());
        (row.verdict, row.evidence.clone())
    };
    let failed = |said: &str| (Verdict::Failed, said.to_owned());
    let passed = || {
        let said = "no plan of the same kind is under way";
        (Verdict::Passed, said.to_owned())
    };
    let whose = "plan ffff (resubmit publisher @ staging, by ops-1)";
    let said = |what: &str| failed(&format!("{whose} {what} v1362 into production"));
    for (whats, expected) in [
        (&[][..], said("may be bringing")),
        (&[&applied], said("is bringing")),
        (&[&applied, &run_over], said("is bringing")),
        (&[&applied, &run_over, &late], said("is late in bringing")),
        (&[&applied, &run_over, &arrived], passed()),
    ] {
        assert_eq!(row(&console(&resubmit, whats), &world), expected);
    }
    // What only repeats the tests brings nothing.
    let tests_only = pull(&world, Lever::TestsOnly, "staging", "publisher").unwrap();
    assert_eq!(row(&console(&tests_only, &[&applied]), &world), passed());
    // A run that nobody here made brings it as well; one of another version is the row `overtaken`'s.
    deploy_run(&mut world, "production", "v1361", "false", "Running");
    assert_eq!(row(&Console::default(), &world), passed());
    let smoke = |run: &mut Run| run.id.name = "post-sync-x".into();
    world.smoke(
        "staging",
        "publisher",
        "publisher",
        "v1362",
        "Running",
        "1m",
        smoke,
    );
    assert_eq!(
        row(&Console::default(), &world),
        failed("post-sync-x @ staging brings v1362 into production when it passes")
    );
}

/// Between the moment in which a version is declared below and the one in which its smoke run begins no run leads here.
#[test]
fn a_roll_back_says_what_comes_though_its_smoke_run_has_not_begun() {
    let row = |world: &World| {
        let mut asked = request(Lever::RollBack, "production", "publisher");
        asked.version = (!world.is_walked_whole).then(|| "v1360".into());
        let plan = decide(world, &asked).unwrap();
        let mut checks = plan.checks.into_iter();
        let row = checks.find(|c| c.name == CheckName::Overtaken).unwrap();
        (row.verdict, row.evidence)
    };
    let none = (Verdict::Passed, "no run in flight leads here".to_owned());
    assert_eq!(
        row(&publisher()),
        none,
        "v1362 waits there with a failed smoke run"
    );
    let mut world = publisher();
    world.stands("staging", "publisher", "v1362", "v1364", "15s");
    let comes = "v1364 has stood in staging for 15s: it comes into production by itself when its smoke run, which is still to begin, passes";
    assert_eq!(row(&world), (Verdict::Failed, comes.to_owned()));
    // That it is what one rolls back from makes no difference, nor that it still has a hop to go.
    let mut urgent = world.clone();
    urgent.stands("production", "publisher", "v1361", "v1364", "10s");
    assert_eq!(row(&urgent), (Verdict::Failed, comes.to_owned()));
    urgent.stands("integration", "publisher", "v1362", "v1365", "5s");
    let (_, both) = row(&urgent);
    let next = "v1365 has stood in integration for 5s: it comes into staging by itself when its smoke run, which is still to begin, passes, and from there on into production";
    assert!(both.starts_with(comes) && both.ends_with(next), "{both}");
    let mut held = world.clone();
    held.closed("staging", "publisher", "5s", "hold");
    assert_eq!(row(&held), none);
    // So it is with what a run brings to the environment below; and the plan promises nothing else of the open gate.
    let mut flies = publisher();
    let app = "publisher";
    flies.smoke("integration", app, app, "v1365", "Running", "10s", |run| {
        run.id.name = "post-sync-i".into();
    });
    let (verdict, far) = row(&flies);
    let said = "post-sync-i @ integration would bring v1365 into staging, and from there on into production: stop it first";
    assert_eq!((verdict, &*far), (Verdict::Failed, said));
    let plan = pull(&flies, Lever::RollBack, "production", app).unwrap();
    let warning = plan.warning.unwrap_or_default();
    let hold = pull(&flies, Lever::Hold, "production", app).unwrap();
    let closes = hold.checks.iter().find(|c| c.name == CheckName::Overtaken);
    let only = "post-sync-i @ integration would bring v1365 into staging: stop it first";
    assert_eq!(closes.unwrap().evidence, only, "it closes the gate beyond");
    let open = "stays open: what overtakes it may still come, and the next release arrives";
    assert!(warning.contains(open), "{warning}");
    // It has run already, or must have.
    let mut tested = world;
    tested.smoke(
        "staging",
        "publisher",
        "publisher",
        "v1364",
        "Failed",
        "10s",
        |_| {},
    );
    assert_eq!(row(&tested), none);
    let mut long = publisher();
    long.stands("staging", "publisher", "v1362", "v1364", "40m");
    assert_eq!(row(&long), none);
    // Its app cannot be tested now, which says nothing of a run that is not kept any more.
    change_app(&mut long, "staging", "publisher", |app| {
        app.health = Health::Progressing
    });
    let perhaps = "v1364 has stood in staging for 40m, where its app is not Healthy and no smoke run of it is kept: if it has passed none, it comes into production by itself when one passes";
    assert_eq!(row(&long), (Verdict::Unknown, perhaps.to_owned()));
    // Since when it stands is told by history, of which the rest may be needed.
    let mut reading = publisher();
    reading.file("staging", "publisher", |file| {
        file.version = Some("v1364".into())
    });
    reading.is_walked_whole = false;
    reading
        .changes
        .retain(|c| c.environment.as_str() != "staging");
    let still = "v1364 stands in staging, since when is still being read, and no smoke run of it is kept: if it has passed none, it comes into production by itself when one passes";
    assert_eq!(row(&reading), (Verdict::Unknown, still.to_owned()));
}

/// What a roll back brings is what the hold after it keeps.
#[test]
fn a_hold_does_not_ask_to_stop_the_roll_back_that_it_follows() {
    let mut world = publisher();
    let back = Plan {
        id: PlanId::new("ffff"),
        ..pull(&world, Lever::RollBack, "production", "publisher").unwrap()
    };
    let run = deploy_run(&mut world, "production", "v1360", "false", "Running");
    for fact in world.facts.get_mut(&run.environment).unwrap() {
        if let leverframe::store::Fact::Run(found) = fact
            && found.id == run
        {
            found.annotations.insert(mark::PLAN.into(), "ffff".into());
        }
    }
    let console = |who: &str| {
        let mut journal = Journal::default();
        let mut plan = back.clone();
        plan.who.login = who.into();
        journal.add_entry(Entry {
            at: crate::world::now(),
            plan: plan.id.clone(),
            what: What::Intent {
                plan: Box::new(plan),
            },
        });
        Console {
            journal,
            ..Console::default()
        }
    };
    let row = |console: &Console, lever: Lever| {
        let asked = request(lever, "production", "publisher");
        let plan = console.decide(&world, &asked);
        let checks = plan.map_or_else(|refusal| refusal.checks, |plan| plan.checks);
        let found = checks.into_iter().find(|c| c.name == CheckName::Overtaken);
        let row = found.unwrap();
        (row.verdict, row.evidence)
    };
    let name = "(deploy-image-production-v1360 @ production)";
    let kept = |whose: &str| {
        format!(
            "no other run in flight leads here; {whose} {name} still brings v1360, which the hold keeps"
        )
    };
    for (who, whose) in [
        ("ops-1", "your own roll back"),
        ("alice", "the roll back by alice"),
    ] {
        let console = console(who);
        assert_eq!(row(&console, Lever::Hold), (Verdict::Passed, kept(whose)));
        let said = format!(
            "{whose} {name} still brings v1360 into production: wait for it, or stop it first"
        );
        assert_eq!(row(&console, Lever::Promote), (Verdict::Failed, said));
    }
    // Of a run that no plan of the journal made nobody knows what it is for.
    let said = "deploy-image-production-v1360 @ production would bring v1360 into production: stop it first";
    let unknown = row(&Console::default(), Lever::Hold);
    assert_eq!(unknown, (Verdict::Failed, said.to_owned()));
    // One that another journal's plan made says who ordered it, and why; it brings a lower version, so it is a roll back.
    let order = |world: &mut World| {
        change_run(world, &run, |run| {
            for (key, value) in [(mark::ACTOR, "alice"), (mark::REASON, "incident 4711")] {
                run.annotations.insert(key.into(), value.into());
            }
        });
    };
    order(&mut world);
    let overtaken = |world: &World, lever: Lever| {
        let decided = pull(world, lever, "production", "publisher");
        let (Ok(Plan { checks, .. }) | Err(Refusal { checks, .. })) = decided;
        let mut checks = checks.into_iter();
        let found = checks.find(|c| c.name == CheckName::Overtaken).unwrap();
        (found.verdict, found.evidence)
    };
    let whose = "deploy-image-production-v1360 @ production, ordered by alice (incident 4711),";
    let kept = format!(
        "no other run in flight leads here; {whose} still brings v1360, which the hold keeps"
    );
    let against =
        format!("{whose} still brings v1360 into production: wait for it, or stop it first");
    assert_eq!(
        overtaken(&world, Lever::Hold),
        (Verdict::Passed, kept.clone())
    );
    assert_eq!(
        overtaken(&world, Lever::Promote),
        (Verdict::Failed, against.clone())
    );
    // Argo's own resubmit copies what the plan left: of the copy nobody knows who ordered it, but what it is for.
    let mut copied = world.clone();
    change_run(&mut copied, &run, |run| {
        let label = "workflows.argoproj.io/resubmitted-from-workflow";
        run.labels.insert(label.into(), "deploy-image-1".into());
    });
    let name = "deploy-image-production-v1360 @ production";
    let said = format!(
        "no other run in flight leads here; {name} still brings v1360, which the hold keeps"
    );
    assert_eq!(overtaken(&copied, Lever::Hold), (Verdict::Passed, said));
    // It has written, and is not over yet.
    let mut written = world;
    written.stands("production", "publisher", "v1361", "v1360", "30s");
    assert_eq!(overtaken(&written, Lever::Hold), (Verdict::Passed, kept));
    // What is not lower than what stands is none; nor what stood there long before the run began.
    let mut long = publisher();
    long.stands("production", "publisher", "v1361", "v1360", "10m");
    deploy_run(&mut long, "production", "v1360", "false", "Running");
    order(&mut long);
    assert_eq!(overtaken(&long, Lever::Hold), (Verdict::Failed, against));
    // Nor is a smoke run that somebody had run again, nor a promotion that came too late: they were to lead up.
    let overtaken_by = |version: &str, is_smoke: bool| {
        let mut later = publisher();
        let run = match is_smoke {
            true => {
                let (app, change) = ("publisher", |run: &mut Run| run.id.name = "again".into());
                later.smoke("staging", app, app, version, "Running", "1m", change);
                let mut id = failed(&later).id;
                id.name = "again".into();
                id
            }
            false => deploy_run(&mut later, "production", version, "false", "Running"),
        };
        let facts = later.facts.values_mut().flatten();
        for fact in facts {
            if let leverframe::store::Fact::Run(found) = fact
                && found.id.name == run.name
            {
                found.annotations.insert(mark::ACTOR.into(), "alice".into());
            }
        }
        later.stands("production", "publisher", "v1361", "v1364", "10s");
        overtaken(&later, Lever::Hold).0
    };
    assert_eq!(overtaken_by("v1362", true), Verdict::Failed);
    assert_eq!(overtaken_by("v1363", false), Verdict::Failed);
}

#[test]
fn an_app_of_several_images_asks_which() {
    let mut world = publisher();
    world.app(
        "licensify",
        &["licensify-admin", "licensify-backend", "licensify-feed"],
    );
    for environment in ["integration", "staging", "production"] {
        for repository in ["licensify-backend", "licensify-feed"] {
            world.stands(environment, repository, "v1", "v2", "3d");
        }
    }
    world.stands("staging", "licensify-feed", "v2", "v3", "1d");
    let asked = request(Lever::Promote, "production", "licensify");
    let refusal = decide(&world, &asked).unwrap_err();
    assert!(
        refusal
            .remedy
            .to_string()
            .contains("licensify-backend, licensify-feed"),
        "{refusal}"
    );
    let state = world.state(80, 24);
    let id = PlanId::new(PLAN);
    let which = choices(&asked, &state.context(&id));
    assert_eq!(
        which,
        ["licensify-backend", "licensify-feed"].map(Repository::new)
    );
    // The file whose version waits stands first, and the lever names it.
    for environment in ["staging", "production"] {
        world.application(environment, "licensify", |_| {});
    }
    let state = world.state(80, 24);
    let status = state.board.status(&asked.target).unwrap();
    assert_eq!(
        status.because,
        ["licensify-feed v3 stands in staging since 24h and has not come."]
    );
    assert_eq!(
        choices(&asked, &state.context(&id)),
        ["licensify-feed", "licensify-backend"].map(Repository::new)
    );
    let ready = leverframe::screen::proposed::in_order_of_use(&state, &asked.target).ready;
    let (lever, plans) = ready.first().unwrap();
    let (gist, _) = leverframe::screen::levers::gist(&state, plans);
    assert_eq!((*lever, &*gist), (Lever::Promote, " licensify-feed to v3"));
    let chosen = Request {
        repository: Some("licensify-feed".into()),
        ..asked.clone()
    };
    assert_eq!(choices(&chosen, &state.context(&id)), []);
    let plan = decide(&world, &chosen).unwrap();
    assert_eq!(plan.to, Some("v3".into()));
    let none = Request {
        repository: Some("licensify-admin".into()),
        ..asked
    };
    assert!(
        decide(&world, &none)
            .unwrap_err()
            .because
            .contains("has no file")
    );
}

#[test]
fn what_is_not_there_is_refused_in_words() {
    let world = publisher();
    for (lever, environment, app, words) in [
        (
            Lever::Promote,
            "integration",
            "publisher",
            "first environment",
        ),
        (Lever::Hold, "integration", "publisher", "first environment"),
        (
            Lever::Release,
            "integration",
            "publisher",
            "first environment",
        ),
        (Lever::Promote, "test", "publisher", "no environment"),
        (Lever::Promote, "production", "nothing", "No app"),
        (Lever::Resubmit, "production", "nothing", "No run"),
        (Lever::Resubmit, "production", "publisher", "Succeeded"),
        (Lever::Sync, "production", "nothing", "No Application"),
        (Lever::Stop, "staging", "publisher", "No run in flight"),
    ] {
        let refusal = pull(&world, lever, environment, app).unwrap_err();
        assert!(refusal.because.contains(words), "{refusal}");
    }
    let mut odd = publisher();
    odd.file("production", "publisher", |file| file.version = None);
    let refusal = pull(&odd, Lever::RollBack, "production", "publisher").unwrap_err();
    assert!(refusal.because.contains("names no version"), "{refusal}");
    let mut closed = publisher();
    change_delivery(&mut closed, |d| {
        d.environments[2].version_by = leverframe::delivery::Mechanism::None;
        d.environments[1].gate_by = leverframe::delivery::Mechanism::None;
    });
    for lever in [Lever::Promote, Lever::Hold] {
        let refusal = pull(&closed, lever, "production", "publisher").unwrap_err();
        assert!(refusal.because.contains("Nobody may"), "{refusal}");
    }
}
