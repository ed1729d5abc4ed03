//! Labels that lie, copies that Argo makes, two apps of one name: what belongs to whom.

mod logs;

use super::{happenings, pods, runs};
use crate::model::*;
use crate::store::fixture::{Fixture, ago, deploy_run, id, pod, smoke, usual_list};
use crate::store::{Fact, News, Source};
use std::sync::Arc;

fn publisher() -> Target {
    Target::new("staging", "publisher")
}

fn world() -> Fixture {
    let mut world = Fixture::new();
    world.app("publisher", &["publisher"]);
    world.file("staging", "publisher", "v2", true);
    world
}

/// A run of publisher v2 in staging, changed as given.
fn run(name: &str, change: impl FnOnce(&mut Run)) -> Fact {
    let Fact::Run(mut run) = smoke("staging", "publisher", name, "v2", RunPhase::Failed) else {
        unreachable!()
    };
    change(&mut run);
    Fact::Run(run)
}

fn names(runs: Vec<&Run>) -> Vec<&str> {
    runs.into_iter().map(|run| &*run.id.name).collect()
}

#[test]
fn a_run_is_of_what_its_parameters_say_and_not_of_what_its_labels_say() {
    let mut world = world();
    world
        .fact(
            "staging",
            run("relabelled", |run| {
                run.labels.insert("application".into(), "router".into());
                run.parameters
                    .insert("application".into(), "publisher".into());
            }),
        )
        .fact(
            "staging",
            run("another-apps", |run| {
                run.parameters.insert("application".into(), "router".into());
            }),
        );
    let found = runs::smoke(&world.store, &world.delivery, &publisher());
    assert_eq!(names(found.clone()), ["relabelled"]);
    let keys = world.delivery.runs.as_ref().unwrap();
    assert_eq!(
        runs::contradictions(keys, found[0]),
        ["the run relabelled is labelled application router and runs with publisher, which counts"]
    );
}

#[test]
fn a_label_that_the_limit_of_labels_cut_contradicts_nothing() {
    let long = "x".repeat(80);
    let world = world();
    let Fact::Run(run) = run("long", |run| {
        run.labels.insert("imageTag".into(), long[..63].into());
        run.parameters
            .insert("imageTag".into(), long.as_str().into());
    }) else {
        unreachable!()
    };
    let keys = world.delivery.runs.as_ref().unwrap();
    assert!(runs::contradictions(keys, &run).is_empty());
}

#[test]
fn a_run_of_another_namespace_or_template_is_not_the_targets() {
    let mut world = world();
    for fact in [
        run("elsewhere", |run| run.id.namespace = "other".into()),
        run("nightly", |run| run.template = Some("nightly".into())),
        run("of-no-template", |run| run.template = None),
    ] {
        world.fact("staging", fact);
    }
    let found = runs::of_target(&world.store, &world.delivery, &publisher());
    assert!(found.is_empty(), "{:?}", names(found));
}

#[test]
fn the_newest_run_began_last_and_of_one_moment_the_answer_is_always_the_same() {
    let mut world = world();
    for (name, started, created) in [
        ("restored", Some(500), 10),
        ("b", Some(60), 900),
        ("a", Some(60), 900),
        ("waits", None, 30),
    ] {
        let fact = run(name, |run| {
            run.started = started.map(ago);
            run.created = Some(ago(created));
        });
        world.fact("staging", fact);
    }
    let found = runs::of_target(&world.store, &world.delivery, &publisher());
    assert_eq!(names(found), ["waits", "b", "a", "restored"]);
}

#[test]
fn a_delivery_is_a_run_of_the_target_that_it_writes() {
    let mut world = world();
    for (name, environment, into, repository) in [
        ("ours", "production", "staging", "publisher"),
        ("into-production", "production", "production", "publisher"),
        ("of-another-file", "production", "staging", "router"),
        ("in-the-wrong-cluster", "staging", "staging", "publisher"),
    ] {
        let fact = run(name, |run| {
            run.id = id(environment, "apps", name);
            run.template = Some("deploy-image".into());
            run.parameters = [
                ("environment".into(), into.into()),
                ("repoName".into(), repository.into()),
            ]
            .into();
        });
        world.fact(environment, fact);
    }
    let found = runs::of_target(&world.store, &world.delivery, &publisher());
    assert_eq!(names(found), ["ours"]);
}

#[test]
fn two_apps_of_one_name_in_two_namespaces_are_two_apps() {
    let mut world = world();
    let ours = |name: &str, namespace: &str| {
        let Fact::Pod(mut pod) = pod("staging", "publisher", name, "publisher:v2", true, None)
        else {
            unreachable!()
        };
        pod.id.namespace = namespace.into();
        Fact::Pod(pod)
    };
    world.fact("staging", ours("here", "apps"));
    world.fact("staging", ours("there", "own"));
    let found = |world: &Fixture| -> Vec<String> {
        let pods = pods(&world.store, &world.delivery, &publisher());
        pods.iter().map(|pod| pod.id.name.to_string()).collect()
    };
    assert_eq!(found(&world), ["here"]);
    assert_eq!(world.status("staging", "publisher").live.unwrap().pods, 1);
    // The values file says where the app lives.
    for apps in world.tree.apps.values_mut() {
        apps[0].namespace = Some("own".into());
    }
    world.file("staging", "publisher", "v2", true);
    assert_eq!(found(&world), ["there"]);
    assert_eq!(world.status("staging", "publisher").live.unwrap().pods, 1);
}

#[test]
fn an_event_is_about_the_app_with_the_longest_name_that_it_begins_with() {
    let mut world = world();
    world.app("publisher-worker", &["publisher"]);
    for about in [
        "Pod/publisher-5d8f",
        "Application/publisher",
        "Pod/publisher-worker-77",
        "Pod/publishers-1",
    ] {
        let name = about.replace('/', "-");
        world.fact(
            "staging",
            Fact::Happening(Happening {
                id: id("staging", "apps", &name),
                about: about.into(),
                warning: true,
                reason: "".into(),
                message: "".into(),
                count: 1,
                at: Some(ago(5)),
            }),
        );
    }
    let about: Vec<&str> = happenings(&world.store, &world.delivery, &publisher())
        .into_iter()
        .map(|happening| &*happening.about)
        .collect();
    assert_eq!(about, ["Application/publisher", "Pod/publisher-5d8f"]);
}

/// Events of the namespace where another app of that name lives, or where this one lived before, are not its own.
#[test]
fn an_event_is_of_the_namespace_in_which_the_app_lives() {
    let mut world = world();
    world.lives_in("publisher", "press");
    for namespace in ["apps", "press"] {
        world.fact(
            "staging",
            Fact::Happening(Happening {
                id: id("staging", namespace, "publisher.1"),
                about: "Pod/publisher-5d8f".into(),
                warning: true,
                reason: "".into(),
                message: namespace.into(),
                count: 1,
                at: Some(ago(5)),
            }),
        );
    }
    let found = happenings(&world.store, &world.delivery, &publisher());
    let from: Vec<&str> = found.iter().map(|found| &*found.message).collect();
    assert_eq!(from, ["press"]);
}

// --- logs ---------------------------------------------------------------------------------------------------------------

/// Argo Workflows copies all annotations of the run that it repeats.
#[test]
fn what_a_plan_left_on_a_run_is_not_said_of_the_copy_that_argo_makes() {
    let ordered = |name: &str, from: Option<&str>, about: &[(&str, &str)]| {
        let run = deploy_run("production", "router", name, "v7", Some("alice"));
        let Fact::Run(mut run) = run else {
            unreachable!("it is a run")
        };
        let about = about
            .iter()
            .map(|(mark, name)| (Arc::from(*mark), Arc::from(*name)));
        let marks = run.annotations.iter();
        let marks = marks.map(|(mark, text)| (mark.clone(), text.clone()));
        let stop = ("leverframe/stop-actor".into(), "bob".into());
        run.annotations = marks.chain([stop]).chain(about).collect();
        let label = "workflows.argoproj.io/resubmitted-from-workflow";
        let labels = from.map(|from| (label.into(), from.into()));
        run.labels = labels.into_iter().collect();
        assert!(run.was_ordered(), "it, or what it repeats");
        let stopper = run.stopped_by().map(|by| by.who);
        [
            run.ordered_by().map(|who| &**who),
            run.reason().map(|why| &**why),
            stopper,
        ]
        .map(|mark| mark.unwrap_or("-").to_owned())
    };
    let (first, second, copy) = ("deploy-7f3a", "deploy-r2-0123abcd", "deploy-x7k2p");
    let (run, stop) = ("leverframe/run", "leverframe/stop-run");
    let both = ["alice", "incident 4711", "bob"];
    assert_eq!(ordered(first, None, &[]), both);
    assert_eq!(
        ordered(second, Some(first), &[(run, second), (stop, second)]),
        both
    );
    let nobody = ["-", "-", "-"];
    assert_eq!(ordered(copy, Some(first), &[]), nobody);
    assert_eq!(
        ordered(copy, Some(second), &[(run, second), (stop, second)]),
        nobody
    );
    // The copy may be stopped by a plan itself.
    assert_eq!(
        ordered(copy, Some(second), &[(run, second), (stop, copy)]),
        ["-", "-", "bob"]
    );
}
