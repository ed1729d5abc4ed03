//! Live: what pods, runs and lists say of a cell.

use super::*;

#[test]
fn a_source_of_which_no_kind_may_be_read_failed_whole() {
    let mut world = Fixture::new();
    let source = Source::Cluster("staging".into());
    let forbidden = |kind| News::Fault {
        list: Some(usual_list(kind)),
        fault: Fault::new(FaultKind::Forbidden, "no", ""),
        retry_at: None,
    };
    world.news(source.clone(), forbidden(Kind::Pods));
    world.news(source.clone(), forbidden(Kind::Runs));
    let failed = |world: &Fixture| {
        let state = world.store.source(&source).unwrap();
        state.whole_fault().is_some()
    };
    assert!(failed(&world), "nothing of it is known");
    world.news(source.clone(), News::Listed(usual_list(Kind::Runs)));
    assert!(!failed(&world), "one kind is only that kind's null");
}

/// Pods of another namespace are those of another app, however they are labelled; and where an app's own namespace was not
/// read, how many pods it has is not known: never none of none.
#[test]
fn the_pods_of_an_app_are_those_of_the_namespace_that_it_names() {
    let mut world = calm_world();
    world.app("licensify", &["licensify"]);
    world.file("staging", "licensify", "v1", true);
    world.lives_in("licensify", "licensify");
    let live = |world: &Fixture| world.status("staging", "licensify").live;
    let usual = pod("staging", "licensify", "other", "licensify:v1", true, None);
    world.fact("staging", usual);
    assert_eq!(live(&world), None, "only the usual namespace was read");
    assert!(world.status("staging", "publisher").live.is_some());

    let Fact::Pod(mut own) = pod("staging", "licensify", "one", "licensify:v2", true, None) else {
        unreachable!()
    };
    own.id.namespace = "licensify".into();
    world.fact("staging", Fact::Pod(own));
    let live = live(&world).expect("its own namespace was read");
    assert_eq!((live.pods_ready, live.pods), (1, 1));
    assert_eq!(live.version, Some(Version::new("v2")));
}

#[test]
fn only_pods_that_no_job_owns_serve() {
    let mut world = calm_world();
    let pods = [
        ("a", "v1362", None),
        ("cron", "v1361", Some("mail-fetcher")),
        ("hook", "v1363", Some("freshclam")),
    ];
    for (name, version, job) in pods {
        let image = format!("registry.test/publisher:{version}");
        let Fact::Pod(mut pod) = pod("staging", "publisher", name, &image, true, None) else {
            unreachable!()
        };
        pod.job = job.map(Into::into);
        world.fact("staging", Fact::Pod(pod));
    }
    let status = world.status("staging", "publisher");
    let live = status.live.unwrap();
    assert_eq!((live.pods_ready, live.pods, live.mixed), (1, 1, false));
    assert_eq!(live.version, Some("v1362".into()));
    assert!(status.attention.is_empty(), "{:?}", status.because);
}

/// A run of publisher in staging whose only try has failed, and which backs off before it asks whether there is another.
fn backing_off(expression: Option<&str>) -> Run {
    let Fact::Run(mut run) = smoke("staging", "publisher", "r", "v1362", RunPhase::Running) else {
        unreachable!()
    };
    let node = |name: &str, kind, phase, message: Option<&str>, finished| Node {
        id: name.into(),
        name: name.into(),
        display_name: name.into(),
        kind,
        phase,
        template: "".into(),
        boundary: None,
        children: Vec::new(),
        message: message.map(Into::into),
        started: Some(ago(200)),
        finished,
        exit_code: None,
        hooked: false,
        retried: name.ends_with(')'),
    };
    let message = Some("Backoff for 2 minutes 0 seconds");
    let mut root = node("r", NodeKind::Retry, NodePhase::Running, message, None);
    root.children = vec!["r(0)".into()];
    let last = node(
        "r(0)",
        NodeKind::DAG,
        NodePhase::Failed,
        None,
        Some(ago(60)),
    );
    run.nodes = Nodes::Read([root, last].to_vec().into());
    run.retry_expression = expression.map(Into::into);
    run.finished = None;
    run
}

#[test]
fn a_run_that_will_not_be_tried_again_has_failed_before_it_says_so() {
    for (expression, words) in [
        (Some("asInt(lastRetry.exitCode) > 1"), &[Word::Smoke][..]),
        (Some("asInt(lastRetry.exitCode) < 1"), &[]),
        (Some("lastRetry.message contains 'x'"), &[]),
        (None, &[]),
    ] {
        let mut world = calm_world();
        world.fact("staging", Fact::Run(backing_off(expression)));
        let status = world.status("staging", "publisher");
        assert_eq!(status.attention, words, "{expression:?}");
        assert_eq!(status.has_failed_smoke(), !words.is_empty());
        let smoke = status.smoke.unwrap();
        assert_eq!(smoke.phase, RunPhase::Running, "as the engine says");
        if smoke.decided.is_some() {
            let until = crate::model::retry::clock(ago(-60));
            assert!(
                status.because[0].contains(&format!("backs off until {until}, decided")),
                "{:?}",
                status.because
            );
        }
    }
    let mut stopped = backing_off(Some("asInt(lastRetry.exitCode) > 1"));
    stopped.phase = RunPhase::Failed;
    assert_eq!(
        stopped.back_off(),
        None,
        "a run that is over waits for nothing"
    );
}

#[test]
fn pods_are_mixed_when_one_image_runs_in_two_versions_not_when_two_images_have_one_each() {
    let mut world = Fixture::new();
    world.app("licensify", &["licensify-backend", "licensify-feed"]);
    world.file("staging", "licensify-backend", "v5", true).file(
        "staging",
        "licensify-feed",
        "v6",
        true,
    );
    world.fact(
        "staging",
        pod(
            "staging",
            "licensify",
            "one",
            "x/licensify-backend:v5",
            true,
            None,
        ),
    );
    world.fact(
        "staging",
        pod(
            "staging",
            "licensify",
            "two",
            "x/licensify-feed:v6",
            true,
            None,
        ),
    );
    let status = world.status("staging", "licensify");
    assert!(status.attention.is_empty(), "{:?}", status.because);
    assert_eq!(status.live.unwrap().newest_ready, 2);
    world.fact(
        "staging",
        pod(
            "staging",
            "licensify",
            "three",
            "x/licensify-feed:v4",
            true,
            None,
        ),
    );
    assert_eq!(
        world.status("staging", "licensify").attention,
        [Word::Mixed]
    );
}

#[test]
fn two_apps_of_one_name_in_two_namespaces_are_not_mixed_up() {
    let mut world = calm_world();
    let Fact::Pod(mut stranger) = pod(
        "production",
        "publisher",
        "a",
        "x/publisher:v1",
        false,
        Some("CrashLoopBackOff"),
    ) else {
        unreachable!()
    };
    stranger.id.namespace = "elsewhere".into();
    world.fact("production", Fact::Pod(stranger));
    assert!(world.status("production", "publisher").attention.is_empty());
}

#[test]
fn what_a_list_does_not_name_any_more_is_gone_at_its_end_and_not_before() {
    let mut world = calm_world();
    let source = Source::Cluster("staging".into());
    world.fact(
        "staging",
        smoke("staging", "publisher", "one", "v1362", RunPhase::Failed),
    );
    world.news(source.clone(), News::Listing(usual_list(Kind::Runs)));
    assert_eq!(
        world.store.cluster(&"staging".into()).unwrap().runs.len(),
        1
    );
    world.news(source, News::Listed(usual_list(Kind::Runs)));
    assert_eq!(
        world.store.cluster(&"staging".into()).unwrap().runs.len(),
        0
    );
}

#[test]
fn news_of_an_older_subscription_does_not_count() {
    let mut world = calm_world();
    let source = Source::Cluster("staging".into());
    let late = |subscription| crate::store::Delta {
        source: source.clone(),
        subscription,
        seen_at: ago(0),
        news: News::Put(smoke(
            "staging",
            "publisher",
            "one",
            "v1362",
            RunPhase::Failed,
        )),
    };
    assert!(world.store.apply(crate::store::Delta {
        news: News::Alive,
        ..late(7)
    }));
    assert!(!world.store.apply(late(6)));
    assert!(world.store.apply(late(8)));
}

#[test]
fn a_run_whose_label_says_something_else_than_its_parameter_is_odd_and_counts_as_what_it_runs() {
    let mut world = calm_world();
    let Fact::Run(mut run) = smoke("staging", "publisher", "r", "v1362", RunPhase::Failed) else {
        unreachable!()
    };
    run.labels.insert("application".into(), "router".into());
    run.parameters
        .insert("application".into(), "publisher".into());
    world.fact("staging", Fact::Run(run));
    let status = world.status("staging", "publisher");
    assert_eq!(status.attention, [Word::Smoke, Word::Odd]);
    let because = status.because.join(" ");
    assert!(
        because.contains("the run r is labelled application router and runs with publisher"),
        "{because}"
    );
}

/// A ready pod of publisher in staging, changed.
fn publishers(name: &str, version: &str, change: impl FnOnce(&mut Pod)) -> Fact {
    let image = format!("registry.test/publisher:{version}");
    let Fact::Pod(mut pod) = pod("staging", "publisher", name, &image, true, None) else {
        unreachable!()
    };
    change(&mut pod);
    Fact::Pod(pod)
}

#[test]
fn what_is_being_deleted_serves_no_more() {
    let mut world = calm_world();
    world.fact("staging", publishers("a", "v1362", |_| {}));
    world.fact(
        "staging",
        publishers("old", "v1361", |pod| pod.deleting = true),
    );
    let status = world.status("staging", "publisher");
    let live = status.live.unwrap();
    assert_eq!((live.pods_ready, live.pods, live.mixed), (1, 1, false));
    assert!(status.attention.is_empty(), "{:?}", status.because);
}

/// As kubectl counts: against what the Deployment wants, not against the pods that there are.
#[test]
fn pods_are_counted_against_what_is_wanted() {
    let mut world = calm_world();
    let wanted = |replicas, updated| {
        Fact::Deployment(Deployment {
            id: crate::store::fixture::id("staging", "apps", "publisher"),
            labels: [("app.kubernetes.io/instance".into(), "publisher".into())].into(),
            generation: 1,
            observed_generation: 1,
            replicas_wanted: Some(replicas),
            replicas: updated,
            updated,
            available: updated,
            ready: updated,
            paused: false,
            conditions: Vec::new(),
            images: vec![("app".into(), "registry.test/publisher:v1362".into())],
        })
    };
    world.fact("staging", publishers("a", "v1362", |_| {}));
    world.fact("staging", wanted(6, 1));
    let live = world.status("staging", "publisher").live.unwrap();
    assert_eq!((live.pods_ready, live.pods), (1, 6));
    assert!(!live.is_rolled_out);
    world.fact("staging", wanted(1, 1));
    let live = world.status("staging", "publisher").live.unwrap();
    assert_eq!((live.pods_ready, live.pods), (1, 1));
    assert!(live.is_rolled_out);
}

/// A crash loop is not over in the moment between two restarts.
#[test]
fn a_container_that_has_just_failed_crashes_as_much_as_one_that_backs_off() {
    let crash = |change: fn(&mut Container)| {
        let mut world = calm_world();
        let failing = publishers("a", "v1362", |pod| {
            pod.ready = false;
            let container = &mut pod.containers[0];
            (container.ready, container.running) = (false, false);
            change(container);
        });
        world.fact("staging", failing);
        let status = world.status("staging", "publisher");
        status.attention.contains(&Word::Crash)
    };
    assert!(crash(|c| c.waiting = Some("CrashLoopBackOff".into())));
    assert!(crash(|c| c.terminated = Some(("OOMKilled".into(), 137))));
    assert!(crash(|c| c.terminated = Some(("Error".into(), 1))));
    assert!(crash(|c| c.waiting = Some("InvalidImageName".into())));
    assert!(!crash(|c| c.terminated = Some(("Completed".into(), 0))));
    assert!(!crash(|c| c.waiting = Some("ContainerCreating".into())));
    assert!(!crash(|c| {
        c.running = true;
        c.terminated = Some(("Error".into(), 1));
    }));
}
