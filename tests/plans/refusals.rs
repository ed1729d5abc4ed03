//! Refusals and reasons: each row of the table of checks, made to fail by one change of the scene.

use crate::scene::*;
use crate::world::{World, commit};
use leverframe::journal::{Entry, Journal, What};
use leverframe::model::live::Condition;
use leverframe::model::*;
use leverframe::plan::*;
use leverframe::store::Kind;

/// Pulls a lever on publisher after a change of the scene; tells the rows that refuse, else those that want a reason.
fn rows(
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
            Err(failed.map(|c| c.name.clone()).collect())
        }
    }
}

fn smoked_staging(world: &mut World) {
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

type Change = fn(&mut World);

#[test]
fn rows_that_refuse() {
    use Lever::*;
    let table: &[(&str, Lever, &str, Change, &[&str])] = &[
        (
            "git is silent",
            Promote,
            "production",
            |w| git_silent(w),
            &["fresh"],
        ),
        (
            "git is silent",
            RollBack,
            "production",
            |w| git_silent(w),
            &["fresh"],
        ),
        (
            "git is silent",
            Hold,
            "production",
            |w| git_silent(w),
            &["fresh"],
        ),
        (
            "the runs' cluster is silent",
            Resubmit,
            "staging",
            |w| silent(w, "staging"),
            &["fresh"],
        ),
        (
            "runs may not be listed",
            Stop,
            "staging",
            |w| {
                running(w);
                w.forbidden("production", Kind::Runs);
                w.silent("staging", "10m", FaultKind::Unreachable, "timeout");
            },
            &["fresh"],
        ),
        (
            "the app's cluster is silent",
            Sync,
            "staging",
            |w| silent(w, "staging"),
            &["fresh"],
        ),
        (
            "the app's cluster is silent",
            Refresh,
            "staging",
            |w| silent(w, "staging"),
            &["fresh"],
        ),
        (
            "may not create",
            Promote,
            "production",
            |w| deny(w, "create"),
            &["credential"],
        ),
        (
            "may not create",
            Resubmit,
            "staging",
            |w| deny(w, "create"),
            &["credential"],
        ),
        (
            "may not patch",
            Sync,
            "staging",
            |w| deny(w, "patch"),
            &["credential"],
        ),
        (
            "rights are not known",
            Promote,
            "production",
            |w| w.permissions.clear(),
            &["credential"],
        ),
        (
            "rights are not known",
            Refresh,
            "staging",
            |w| w.permissions.clear(),
            &["credential"],
        ),
        ("from is to", Promote, "staging", |_| {}, &["identity"]),
        (
            "lower than what stands",
            Promote,
            "production",
            |w| {
                w.stands("production", "publisher", "v1361", "v1363", "1h");
            },
            &["direction"],
        ),
        (
            "lower than what once stood",
            Promote,
            "production",
            |w| {
                w.moved(
                    "production",
                    "publisher",
                    "v1361",
                    "v1370",
                    "3h",
                    ActorKind::Robot,
                );
                w.stands("production", "publisher", "v1370", "v1361", "2h");
            },
            &["direction"],
        ),
        (
            "already resubmitted",
            Resubmit,
            "staging",
            |w| {
                let old = failed(w).id.name;
                w.smoke(
                    "staging",
                    "publisher",
                    "publisher",
                    "v1362",
                    "Running",
                    "1m",
                    move |run| {
                        run.labels.insert(
                            "workflows.argoproj.io/resubmitted-from-workflow".into(),
                            old.clone(),
                        );
                        // Older than the failed one, so that that is still the newest.
                        run.created = Some(crate::world::ago("50m"));
                    },
                );
            },
            &["repeated"],
        ),
        (
            "not wanted any more",
            Resubmit,
            "staging",
            |w| {
                w.stands("staging", "publisher", "v1362", "v1363", "1m");
            },
            &["wanted"],
        ),
        (
            "not wanted any more",
            TestsOnly,
            "staging",
            |w| {
                w.stands("staging", "publisher", "v1362", "v1363", "1m");
            },
            &["wanted"],
        ),
        (
            "a newer one is in the next",
            Resubmit,
            "staging",
            |w| {
                w.stands("production", "publisher", "v1361", "v1364", "1m");
            },
            &["next"],
        ),
        (
            "the gate was closed since",
            Resubmit,
            "staging",
            |w| {
                w.closed("staging", "publisher", "5m", "hold");
            },
            &["gate"],
        ),
        (
            "another operation runs",
            Sync,
            "staging",
            |w| operation(w, Phase::Running),
            &["operation"],
        ),
        (
            "another operation is asked for",
            Sync,
            "staging",
            |w| {
                change_app(w, "staging", "publisher", |a| a.operation_requested = true);
            },
            &["operation"],
        ),
        (
            "closed already",
            Hold,
            "production",
            |w| {
                w.closed("staging", "publisher", "5m", "hold");
            },
            &["identity"],
        ),
        ("open already", Release, "production", |_| {}, &["identity"]),
        (
            "the version rolled back from waits",
            Release,
            "production",
            |w| {
                w.closed("staging", "publisher", "5m", "hold");
                w.moved(
                    "production",
                    "publisher",
                    "v1361",
                    "v1362",
                    "20m",
                    ActorKind::Robot,
                );
                w.stands("production", "publisher", "v1362", "v1361", "10m");
            },
            &["waiting"],
        ),
    ];
    for (situation, lever, environment, change, expected) in table {
        let found = rows(*lever, environment, change);
        let expected: Vec<String> = expected.iter().map(|e| (*e).to_owned()).collect();
        assert_eq!(
            found,
            Err(expected),
            "{} {environment}: {situation}",
            lever.title()
        );
    }
}

#[test]
fn rows_that_want_a_reason() {
    use Lever::*;
    // By night every write that reaches production is outside deploy hours, the roll back's column apart.
    let table: &[(&str, Lever, &str, Change, &[&str])] = &[
        (
            "all is well below",
            Promote,
            "production",
            smoked_staging,
            &["hours"],
        ),
        (
            "the smoke run below failed",
            Promote,
            "production",
            |_| {},
            &["smoke", "hours"],
        ),
        (
            "no verdict is left below",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                change_version_of_smokes(w, "staging");
            },
            &["smoke", "hours"],
        ),
        (
            "not healthy below",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                change_app(w, "staging", "publisher", |a| a.health = Health::Degraded);
            },
            &["smoke", "hours"],
        ),
        (
            "not rendered below",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                change_app(w, "staging", "publisher", |a| {
                    a.annotations.insert("imageTag".into(), "v1361".into());
                });
            },
            &["smoke", "hours"],
        ),
        (
            "order unknown",
            Promote,
            "production",
            |w| {
                let branch = "9f83e630aa83e630aa83e630aa83e630aa83e630";
                smoked_staging(w);
                w.stands("production", "publisher", "v1361", branch, "1h");
            },
            &["direction", "hours"],
        ),
        (
            "parent does not sync",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                change_app(w, "production", "app-config", |a| a.auto_sync = false);
            },
            &["parent", "hours"],
        ),
        (
            "parent cannot be compared",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                change_app(w, "production", "app-config", |a| {
                    a.conditions = vec![Condition {
                        kind: "ComparisonError".into(),
                        status: "".into(),
                        reason: "".into(),
                        message: "bad YAML".into(),
                        at: None,
                    }];
                });
            },
            &["parent", "hours"],
        ),
        (
            "held on the way",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                w.closed("staging", "publisher", "5m", "hold");
            },
            &["hop", "hours"],
        ),
        (
            "a deploy run would overtake it",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                deploy_run(w, "production", "v1363", "true", "Running");
            },
            &["overtaken", "hours"],
        ),
        (
            "a run that brings the same does not",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                deploy_run(w, "production", "v1362", "true", "Running");
            },
            &["hours"],
        ),
        (
            "runs below are not known",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                w.forbidden("integration", Kind::Runs);
            },
            &["overtaken", "hours"],
        ),
        ("nothing against it", RollBack, "production", |_| {}, &[]),
        (
            "a smoke run in flight would undo it",
            RollBack,
            "production",
            running,
            &["overtaken"],
        ),
        (
            "a run in flight with its gate frozen shut does not",
            RollBack,
            "production",
            |w| {
                running(w);
                for fact in w.facts.get_mut(&Environment::new("staging")).unwrap() {
                    if let leverframe::store::Fact::Run(run) = fact {
                        run.parameters
                            .insert("automaticDeploysEnabled".into(), "false".into());
                    }
                }
            },
            &[],
        ),
        (
            "nothing against it",
            Resubmit,
            "staging",
            |_| {},
            &["hours"],
        ),
        (
            "third attempt",
            Resubmit,
            "staging",
            |w| {
                w.smoke(
                    "staging",
                    "publisher",
                    "publisher",
                    "v1362",
                    "Failed",
                    "43m",
                    |_| {},
                );
            },
            &["attempts", "hours"],
        ),
        ("nothing against it", TestsOnly, "staging", |_| {}, &[]),
        (
            "a gate that was closed",
            TestsOnly,
            "staging",
            |w| {
                w.closed("staging", "publisher", "5m", "hold");
            },
            &[],
        ),
        ("nothing against it", Hold, "production", |_| {}, &[]),
        (
            "a run in flight still promotes",
            Hold,
            "production",
            running,
            &["overtaken"],
        ),
        (
            "hooks run again",
            Sync,
            "staging",
            |w| operation(w, Phase::Failed),
            &["prune"],
        ),
        (
            "something waits to be pruned",
            Sync,
            "staging",
            |w| {
                change_app(w, "staging", "publisher", |a| {
                    a.to_prune = vec!["Job/old".into()]
                });
            },
            &["prune"],
        ),
    ];
    for (situation, lever, environment, change, expected) in table {
        let found = rows(*lever, environment, change);
        let expected: Vec<String> = expected.iter().map(|e| (*e).to_owned()).collect();
        assert_eq!(
            found,
            Ok(expected),
            "{} {environment}: {situation}",
            lever.title()
        );
    }
}

fn git_silent(world: &mut World) {
    let fault = Fault::new(FaultKind::Unreachable, "no route to host", "");
    world.faults.push((
        leverframe::store::Source::Git,
        None,
        crate::world::ago("10m"),
        fault,
    ));
}

fn silent(world: &mut World, environment: &str) {
    world.silent(environment, "10m", FaultKind::Unreachable, "timeout");
}

fn deny(world: &mut World, verb: &str) {
    for permission in &mut world.permissions {
        if &*permission.verb == verb {
            permission.allowed = false;
            permission.reason = Some("no role".into());
        }
    }
}

/// A smoke run of another version in flight in staging.
fn running(world: &mut World) {
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

fn operation(world: &mut World, phase: Phase) {
    change_app(world, "staging", "publisher", move |a| {
        a.operation = Some(Operation {
            phase: phase.clone(),
            message: Some("waiting".into()),
            started: None,
            finished: None,
            retries: 0,
            revision: Some(commit("tip")),
            hooks: vec![leverframe::model::live::Hook {
                kind: "Job".into(),
                namespace: "apps".into(),
                name: "publisher-dbmigrate".into(),
                stage: "PreSync".into(),
                phase: Phase::Failed,
                message: None,
            }],
            failed: Vec::new(),
        });
    });
}

fn change_version_of_smokes(world: &mut World, environment: &str) {
    for fact in world.facts.get_mut(&Environment::new(environment)).unwrap() {
        if let leverframe::store::Fact::Run(run) = fact {
            run.labels.insert("imageTag".into(), "v1".into());
            run.parameters.insert("imageTag".into(), "v1".into());
        }
    }
}

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
            .map(|c| c.name.as_str())
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
            .any(|c| c.name == "shared_login" && c.refuses())
    );
    console
        .decide(
            &publisher(),
            &request(Lever::TestsOnly, "staging", "publisher"),
        )
        .unwrap();
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
        assert_eq!(refusal.remedy, "Make room.");
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
    let told = |outcome: Option<Outcome>| {
        let mut journal = Journal::default();
        let mut take = |what| {
            journal.take(Entry {
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
        let decided = told(outcome.clone()).decide(&world, request);
        let found = decided.as_ref().err().is_some_and(|refusal| {
            refusal
                .checks
                .iter()
                .any(|c| c.name == "in_flight" && c.refuses())
        });
        assert_eq!(found, refused, "{outcome:?} {}", request.lever.title());
        assert_eq!(decided.is_err(), refused, "{decided:?}");
    }
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
        refusal.remedy.contains("licensify-backend, licensify-feed"),
        "{refusal}"
    );
    let state = world.state(80, 24);
    let id = PlanId::new(PLAN);
    let which = choices(&asked, &state.context(&id));
    assert_eq!(
        which,
        ["licensify-backend", "licensify-feed"].map(Repository::new)
    );
    let chosen = Request {
        repository: Some("licensify-feed".into()),
        ..asked.clone()
    };
    assert_eq!(choices(&chosen, &state.context(&id)), []);
    let plan = decide(&world, &chosen).unwrap();
    assert_eq!(plan.to, Some("v3".into()));
    // No single version says that such an app is rolled out.
    assert!(
        !plan
            .hops
            .iter()
            .any(|h| matches!(h.effect, Effect::RolledOut { .. }))
    );
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
