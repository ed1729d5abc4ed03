//! Refusals: each row of the table of checks that refuses, made to fail by one change of the scene.

use crate::changes::*;
use crate::scene::*;
use crate::world::World;
use leverframe::model::*;
use leverframe::plan::*;
use leverframe::store::Kind;

#[test]
fn rows_that_refuse() {
    use Lever::*;
    let table: &[(&str, Lever, &str, Wrong, &[&str])] = &[
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
            "what was rolled back from waits below, and production went back further since",
            Release,
            "production",
            |w| {
                w.closed("staging", "publisher", "5m", "hold");
                for (from, to, age) in [("v1361", "v1362", "20m"), ("v1362", "v1361", "15m")] {
                    w.moved("production", "publisher", from, to, age, ActorKind::Manual);
                }
                w.stands("production", "publisher", "v1361", "v1360", "10m");
            },
            &["waiting"],
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
                        run.started = run.created;
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
            "what the next has cannot be read",
            Resubmit,
            "staging",
            |w| {
                w.file("production", "publisher", |file| file.version = None);
            },
            &["next"],
        ),
        (
            "git is silent",
            Resubmit,
            "staging",
            |w| git_silent(w),
            &["wanted", "next", "gate"],
        ),
        (
            "git is silent",
            TestsOnly,
            "staging",
            |w| git_silent(w),
            &["wanted"],
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

/// Decides while the walk through history has met only the given changes.
fn while_history_is_read(
    world: &World,
    changes: Vec<Change>,
    asked: &Request,
) -> Result<Plan, Refusal> {
    let mut state = world.state(80, 24);
    state.store.apply(leverframe::store::Delta {
        source: leverframe::store::Source::Git,
        subscription: 1,
        seen_at: crate::world::ago("1s"),
        news: leverframe::store::News::Changes {
            changes,
            walked: leverframe::store::Walked::Restarted,
        },
    });
    plan(asked, &state.context(&PlanId::new(PLAN)))
}

#[test]
fn what_history_does_not_show_yet_does_not_pass() {
    let mut world = publisher();
    world.closed("staging", "publisher", "5m", "hold");
    let release = request(Lever::Release, "production", "publisher");
    let refusal = while_history_is_read(&world, Vec::new(), &release).unwrap_err();
    let row = |checks: &[Check], name: &str| {
        let row = checks.iter().find(|c| c.name.word() == name);
        row.unwrap().verdict
    };
    assert_eq!(row(&refusal.checks, "waiting"), Verdict::Unknown);
    // The last move of production's file was met: what it was moved from is known.
    let met: Vec<Change> = world
        .changes
        .iter()
        .filter(|c| c.environment.as_str() == "production" && c.to == Some("v1361".into()))
        .cloned()
        .collect();
    let plan = while_history_is_read(&world, met.clone(), &release).unwrap();
    assert_eq!(check(&plan, "waiting").verdict, Verdict::Passed);
    // Who closed the gate, and when, was not met: a reason is wanted.
    let promote = request(Lever::Promote, "production", "publisher");
    let plan = while_history_is_read(&world, met, &promote).unwrap();
    assert_eq!(check(&plan, "hop").verdict, Verdict::Unknown);
    assert!(check(&plan, "hop").wants_reason());
}

/// Two contexts that lead to one cluster: what is done in one environment would be done in the other, whatever lever it is.
#[test]
fn every_lever_refuses_where_two_environments_are_one_cluster() {
    let mut world = publisher();
    deploy_run(&mut world, "staging", "v1363", "true", "Running");
    for (lever, environment) in [
        (Lever::Promote, "production"),
        (Lever::RollBack, "production"),
        (Lever::Resubmit, "staging"),
        (Lever::TestsOnly, "staging"),
        (Lever::Sync, "staging"),
        (Lever::Refresh, "staging"),
        (Lever::Stop, "staging"),
        (Lever::Hold, "production"),
    ] {
        pull(&world, lever, environment, "publisher").unwrap();
        for other in ["integration", "staging", "production"] {
            let address = format!("https://{environment}.example");
            world.addresses = [(other.into(), address)].into();
            if other == environment {
                continue;
            }
            let refusal = pull(&world, lever, environment, "publisher").unwrap_err();
            assert!(
                refusal.because.contains("is the same cluster as"),
                "{lever:?} {other}: {}",
                refusal.because
            );
        }
        world.addresses.clear();
    }
    // An environment that is not touched may be read twice.
    world.addresses = [("integration".into(), "https://staging.example".to_owned())].into();
    pull(&world, Lever::RollBack, "production", "publisher").unwrap();
}

fn verdict(refusal: &Refusal, name: &str) -> Option<Verdict> {
    let row = refusal
        .checks
        .iter()
        .find(|check| check.name.word() == name);
    row.map(|row| row.verdict)
}

#[test]
fn a_repository_that_was_not_reached_is_not_known_to_refuse() {
    for (kind, expected) in [
        (FaultKind::Unreachable, Verdict::Unknown),
        (FaultKind::Broken, Verdict::Unknown),
        (FaultKind::Unauthorized, Verdict::Failed),
        (FaultKind::Forbidden, Verdict::Failed),
    ] {
        let mut world = publisher();
        by_commits(&mut world);
        world.unpushable = Some(Fault::new(kind, "This came of a push.", ""));
        let refusal = pull(&world, Lever::Promote, "production", "publisher").unwrap_err();
        assert_eq!(verdict(&refusal, "credential"), Some(expected), "{kind:?}");
        assert!(
            refusal.because.contains("This came of a push."),
            "{}",
            refusal.because
        );
    }
}

/// A file in which one key cannot be changed.
fn lock(world: &mut World, environment: &str, key: &str) {
    world.file(environment, "publisher", |file| {
        let keys = [
            "image_tag",
            "promote_deployment",
            "automatic_deploys_enabled",
        ];
        let slot = |name: &str| match name == key {
            true => Err(format!("{name} carries an anchor").into()),
            false => Ok(Slot::plain(1, name, Some("x"))),
        };
        file.slots = keys
            .iter()
            .map(|name| ((*name).into(), slot(name)))
            .collect();
    });
}

#[test]
fn a_value_that_cannot_be_changed_turns_the_levers_off_that_would_change_it() {
    let mut world = publisher();
    lock(&mut world, "production", "image_tag");
    pull(&world, Lever::Promote, "production", "publisher").expect("a workflow edits no file");
    by_commits(&mut world);
    for lever in [Lever::Promote, Lever::RollBack] {
        let refusal = pull(&world, lever, "production", "publisher").unwrap_err();
        let because = "image_tag in charts/app-config/image-tags/production/publisher cannot be changed safely: image_tag carries an anchor.";
        assert_eq!(refusal.because, because);
        assert_eq!(
            refusal.remedy.to_string(),
            "Mend the file, or change it, by a pull request."
        );
    }
    pull(&world, Lever::Hold, "production", "publisher").expect("the gate stands in another file");
    lock(&mut world, "staging", "automatic_deploys_enabled");
    let refusal = pull(&world, Lever::Hold, "production", "publisher").unwrap_err();
    assert!(
        refusal.because.contains("carries an anchor"),
        "{}",
        refusal.because
    );
}

#[test]
fn a_roll_back_is_not_kept_from_by_a_gate_that_cannot_be_closed() {
    let mut world = publisher();
    by_commits(&mut world);
    let whole = pull(&world, Lever::RollBack, "production", "publisher").unwrap();
    assert!(whole.closes().is_some());
    lock(&mut world, "staging", "automatic_deploys_enabled");
    let plan = pull(&world, Lever::RollBack, "production", "publisher").unwrap();
    assert!(plan.closes().is_none());
    assert_eq!((plan.to, plan.next), (whole.to, Some(Lever::Hold)));
}

/// The Applications of a cluster may not be read either, which is not why its runs are old.
#[test]
fn why_a_list_is_not_read_is_what_was_said_of_that_list() {
    let mut world = publisher();
    running(&mut world);
    let mut state = world.state(80, 24);
    let mut refuse = |kind: Kind, namespace: &str| {
        let detail = format!("{} may not be listed any more.", kind.word());
        state.store.apply(leverframe::store::Delta {
            source: leverframe::store::Source::Cluster("staging".into()),
            subscription: 1,
            seen_at: crate::world::ago("1s"),
            news: leverframe::store::News::Fault {
                list: Some(leverframe::store::ClusterList::new(kind, namespace)),
                fault: Fault::new(FaultKind::Forbidden, detail, ""),
                retry_at: None,
            },
        });
        let asked = request(Lever::Stop, "staging", "publisher");
        let checks = match plan(&asked, &state.context(&PlanId::new(PLAN))) {
            Ok(plan) => plan.checks,
            Err(refusal) => refusal.checks,
        };
        let fresh = checks.into_iter().find(|c| c.name == CheckName::Fresh);
        fresh.unwrap().evidence
    };
    let heard = "staging workflows heard of 1s ago";
    assert_eq!(refuse(Kind::Applications, "cluster-services"), heard);
    assert_eq!(
        refuse(Kind::Runs, "apps"),
        "staging workflows cannot be read, last sign of life 1s ago: workflows may not be listed any more."
    );
}
