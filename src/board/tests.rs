//! What the facts are made to say: words, gates, what waits, folds and order.

use super::status::{GateState, TargetKind};
use super::{Board, FoldKind};
use crate::model::*;
use crate::store::fixture::{Fixture, ago, pod, smoke, usual_list};
use crate::store::{Fact, Kind, News, Source};

fn calm_world() -> Fixture {
    let mut world = Fixture::new();
    world.app("publisher", &["publisher"]);
    for environment in ["integration", "staging", "production"] {
        world.file(environment, "publisher", "v1362", true);
        world.moved(
            environment,
            "publisher",
            "v1361",
            "v1362",
            7_200,
            ActorKind::Robot,
        );
    }
    world
}

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
fn a_calm_app_folds_and_says_nothing() {
    let world = calm_world();
    let board = Board::new(&world.store, &world.delivery, ago(0));
    assert_eq!(board.len(), 1);
    assert_eq!(board.rows().next().unwrap().fold, Some(FoldKind::Calm));
    assert!(world.status("production", "publisher").attention.is_empty());
}

#[test]
fn the_gate_into_production_is_the_staging_files_key_and_productions_own_means_nothing() {
    let mut world = calm_world();
    world.file("production", "publisher", "v1362", false);
    assert_eq!(
        world.status("production", "publisher").gate_in.state,
        GateState::Open
    );
    world
        .file("staging", "publisher", "v1362", false)
        .gate_moved("staging", "publisher", false, 3_600);
    let gate = world.status("production", "publisher").gate_in;
    assert_eq!(gate.state, GateState::Held);
    assert_eq!(gate.environment, Some("staging".into()));
    assert_eq!(gate.key.as_deref(), Some("automatic_deploys_enabled"));
    assert_eq!(
        world.status("integration", "publisher").gate_in.state,
        GateState::None
    );
}

#[test]
fn a_gate_closed_long_ago_is_manual() {
    let mut world = calm_world();
    world
        .file("staging", "publisher", "v1362", false)
        .gate_moved("staging", "publisher", false, 15 * 86_400);
    assert_eq!(
        world.status("production", "publisher").gate_in.state,
        GateState::Manual
    );
}

#[test]
fn lower_than_it_was_is_said_only_when_nobody_meant_it() {
    for (kind, is_lower) in [
        (ActorKind::Robot, true),
        (ActorKind::Manual, false),
        (ActorKind::Leverframe, false),
    ] {
        let mut world = Fixture::new();
        world
            .app("frontend", &["frontend"])
            .file("production", "frontend", "v1600", true);
        world.moved("production", "frontend", "v1601", "v1600", 60, kind);
        world.moved(
            "production",
            "frontend",
            "v1599",
            "v1601",
            3_600,
            ActorKind::Robot,
        );
        let status = world.status("production", "frontend");
        assert_eq!(
            status.attention.contains(&Word::Lower),
            is_lower,
            "{kind:?}: {:?}",
            status.because
        );
    }
}

#[test]
fn what_waits_is_counted_and_never_subtracted() {
    let mut world = Fixture::new();
    world
        .app("router", &["router"])
        .file("staging", "router", "v280", false)
        .file("production", "router", "v247", true);
    assert_eq!(
        world.status("production", "router").waiting,
        None,
        "unknown without history"
    );
    // Newest first: two releases and a branch build came below since ours did; one of them was here once already.
    world.moved("staging", "router", "v260", "v280", 100, ActorKind::Robot);
    world.moved(
        "staging",
        "router",
        "my-branch",
        "v260",
        200,
        ActorKind::Robot,
    );
    world.moved(
        "staging",
        "router",
        "v250",
        "my-branch",
        300,
        ActorKind::Manual,
    );
    world.moved("staging", "router", "v247", "v250", 400, ActorKind::Robot);
    world.moved("staging", "router", "v240", "v247", 500, ActorKind::Robot);
    world.moved(
        "production",
        "router",
        "v250",
        "v247",
        350,
        ActorKind::Manual,
    );
    world.moved(
        "production",
        "router",
        "v247",
        "v250",
        360,
        ActorKind::Robot,
    );
    world.walked();
    assert_eq!(world.status("production", "router").waiting, Some(2));
}

#[test]
fn a_crash_says_how_many_old_pods_serve() {
    let mut world = calm_world();
    let image = |version: &str| format!("ghcr.io/x/publisher:{version}");
    for n in 0..4 {
        world.fact(
            "production",
            pod(
                "production",
                "publisher",
                &format!("old-{n}"),
                &image("v1361"),
                true,
                None,
            ),
        );
    }
    for n in 0..2 {
        let new = pod(
            "production",
            "publisher",
            &format!("new-{n}"),
            &image("v1362"),
            false,
            Some("CrashLoopBackOff"),
        );
        world.fact("production", new);
    }
    let status = world.status("production", "publisher");
    assert_eq!(status.attention, [Word::Crash]);
    assert!(
        status.because[0].contains("CrashLoopBackOff, 22m"),
        "{:?}",
        status.because
    );
    assert!(
        status.because[0].contains("4 old pods still serve"),
        "{:?}",
        status.because
    );
    let live = status.live.unwrap();
    assert_eq!((live.pods_ready, live.pods), (4, 6));
    assert_eq!(live.version, Some(Version::new("v1361")));
}

#[test]
fn the_smoke_run_of_another_version_condemns_nothing() {
    let mut world = calm_world();
    world.fact(
        "staging",
        smoke(
            "staging",
            "publisher",
            "post-sync-old",
            "v1361",
            RunPhase::Failed,
        ),
    );
    assert!(world.status("staging", "publisher").attention.is_empty());
    world.fact(
        "staging",
        smoke(
            "staging",
            "publisher",
            "post-sync-new",
            "v1362",
            RunPhase::Failed,
        ),
    );
    let status = world.status("staging", "publisher");
    assert_eq!(status.attention, [Word::Smoke]);
    assert_eq!(&*status.smoke.unwrap().run.name, "post-sync-new");
}

#[test]
fn a_version_that_should_have_come_is_stuck_unless_the_smoke_below_says_why() {
    let mut world = Fixture::new();
    world
        .app("publisher", &["publisher"])
        .file("staging", "publisher", "v1362", true);
    world.file("production", "publisher", "v1361", true);
    world.moved(
        "staging",
        "publisher",
        "v1361",
        "v1362",
        3_600,
        ActorKind::Robot,
    );
    world.moved(
        "production",
        "publisher",
        "v1360",
        "v1361",
        90_000,
        ActorKind::Robot,
    );
    assert_eq!(
        world.status("production", "publisher").attention,
        [Word::Stuck]
    );
    world.fact(
        "staging",
        smoke(
            "staging",
            "publisher",
            "post-sync-1",
            "v1362",
            RunPhase::Failed,
        ),
    );
    assert!(world.status("production", "publisher").attention.is_empty());
}

#[test]
fn several_images_agree_or_have_no_version_together() {
    let mut world = Fixture::new();
    world.app(
        "licensify",
        &["licensify-admin", "licensify-backend", "licensify-feed"],
    );
    world.file("staging", "licensify-backend", "v5", true).file(
        "staging",
        "licensify-feed",
        "v5",
        true,
    );
    let status = world.status("staging", "licensify");
    assert_eq!(status.version, Some(Version::new("v5")));
    assert_eq!(status.images.len(), 3);
    assert!(status.images[0].declared.is_none());
    world.file("staging", "licensify-feed", "v6", true);
    assert_eq!(world.status("staging", "licensify").version, None);
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
fn orphans_and_apps_without_a_file_fold_separately() {
    let mut world = calm_world();
    world
        .app("no-such-file", &["no-such-file"])
        .file("staging", "left-behind", "v1", true);
    let board = Board::new(&world.store, &world.delivery, ago(0));
    let fold = |name: &str| {
        board
            .rows()
            .find(|r| r.key.app.as_str() == name)
            .unwrap()
            .fold
    };
    assert_eq!(fold("no-such-file"), Some(FoldKind::NoFile));
    assert_eq!(fold("left-behind"), Some(FoldKind::Orphans));
    assert_eq!(
        world.status("staging", "left-behind").kind,
        TargetKind::Orphan
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
fn rows_of_one_repository_stand_together_with_the_twin_below() {
    let mut world = Fixture::new();
    world
        .app("draft-frontend", &["frontend"])
        .app("frontend", &["frontend"])
        .app("account-api", &["account-api"]);
    for (environment, version) in [
        ("integration", "v2"),
        ("staging", "v2"),
        ("production", "v1"),
    ] {
        world.file(environment, "frontend", version, true).file(
            environment,
            "account-api",
            version,
            true,
        );
    }
    let board = Board::new(&world.store, &world.delivery, ago(0));
    let names: Vec<(&str, bool)> = board
        .rows()
        .map(|r| (r.key.app.as_str(), r.under))
        .collect();
    assert_eq!(
        names,
        [
            ("account-api", false),
            ("frontend", false),
            ("draft-frontend", true)
        ]
    );
}

#[test]
fn a_hold_of_many_is_said_once_at_the_top() {
    let mut world = Fixture::new();
    for app in ["a", "b", "c", "d", "e", "f"] {
        world.app(app, &[app]);
        for environment in ["integration", "staging", "production"] {
            world.file(environment, app, "v1", environment != "integration");
        }
        world.gate_moved("integration", app, false, 600);
    }
    let board = Board::new(&world.store, &world.delivery, ago(0));
    assert_eq!(board.holds.len(), 1);
    assert_eq!(
        (board.holds[0].apps, board.holds[0].by.as_str()),
        (6, "ops-2")
    );
    assert!(
        board.rows().all(|r| r.fold == Some(FoldKind::Calm)),
        "a hold alone unfolds no row"
    );
}

#[test]
fn an_environment_that_cannot_be_read_unfolds_no_row() {
    let mut world = calm_world();
    world.store.expect(Source::Cluster("staging".into()));
    let fault = Fault::new(FaultKind::Unreachable, "GET /api: Connection refused.", "");
    world.news(
        Source::Cluster("staging".into()),
        News::Fault {
            list: None,
            fault,
            retry_at: None,
        },
    );
    assert_eq!(
        world.status("staging", "publisher").attention,
        [Word::Unread]
    );
    let board = Board::new(&world.store, &world.delivery, ago(0));
    let folds: Vec<_> = board.rows().map(|row| row.fold).collect();
    assert_eq!(folds, [Some(FoldKind::Parents), Some(FoldKind::Calm)]);
    assert!(board.counts.is_empty());
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
fn rows_are_ranked_by_harm_then_freshness_then_word_and_name() {
    const DAY: i64 = 86_400;
    let mut world = Fixture::new();
    for app in [
        "crashes",
        "failed-lately",
        "failed-before",
        "failed-long-ago",
        "lower-long-ago",
        "differs",
    ] {
        world.app(app, &[app]);
        for environment in ["integration", "staging", "production"] {
            world.file(environment, app, "v2", false);
            world.moved(environment, app, "v1", "v2", 30 * DAY, ActorKind::Robot);
        }
    }
    world.file("integration", "differs", "v3", false);
    world.fact(
        "production",
        pod(
            "production",
            "crashes",
            "crashes-1",
            "registry.test/crashes:v2",
            false,
            Some("CrashLoopBackOff"),
        ),
    );
    for (app, age) in [
        ("failed-lately", 600),
        ("failed-before", DAY - 60),
        ("failed-long-ago", 2 * DAY),
    ] {
        let mut fact = smoke(
            "staging",
            app,
            &format!("post-sync-{app}"),
            "v2",
            RunPhase::Failed,
        );
        if let Fact::Run(run) = &mut fact {
            run.finished = Some(ago(age));
        }
        world.fact("staging", fact);
    }
    world.moved(
        "production",
        "lower-long-ago",
        "v3",
        "v2",
        3 * DAY,
        ActorKind::Robot,
    );
    world.moved(
        "production",
        "lower-long-ago",
        "v2",
        "v3",
        4 * DAY,
        ActorKind::Robot,
    );
    let board = Board::new(&world.store, &world.delivery, ago(0));
    let apps = board
        .rows()
        .filter(|row| row.key.app != "app-config".into());
    let names: Vec<&str> = apps.map(|row| row.key.app.as_str()).collect();
    assert_eq!(
        names,
        [
            "crashes",
            "failed-lately",
            "failed-before",
            "lower-long-ago",
            "failed-long-ago",
            "differs"
        ]
    );
}

#[test]
fn a_crash_far_from_users_stands_by_its_age_like_the_rest() {
    let mut world = Fixture::new();
    for app in ["a-crash", "b-smoke"] {
        world.app(app, &[app]);
        for environment in ["integration", "staging", "production"] {
            world.file(environment, app, "v2", false);
        }
    }
    world.fact(
        "integration",
        pod(
            "integration",
            "a-crash",
            "a-1",
            "v2",
            false,
            Some("CrashLoopBackOff"),
        ),
    );
    world.fact(
        "staging",
        smoke("staging", "b-smoke", "post-sync-b", "v2", RunPhase::Failed),
    );
    let board = Board::new(&world.store, &world.delivery, ago(0));
    // The pod is 22 minutes old, the run ended five minutes ago.
    assert_eq!(board.rows().next().unwrap().key.app.as_str(), "b-smoke");
}

#[test]
fn what_people_bring_about_once_a_month_is_not_stuck() {
    const DAY: i64 = 86_400;
    let moved_by = |kind: ActorKind, gap: i64| {
        let mut world = Fixture::new();
        world.app("mirror", &["mirror"]);
        world.file("staging", "mirror", "v9", true);
        world.file("production", "mirror", "v4", true);
        world.moved("staging", "mirror", "v8", "v9", DAY, ActorKind::Robot);
        for (nth, (from, to)) in [("v3", "v4"), ("v2", "v3"), ("v1", "v2")]
            .iter()
            .enumerate()
        {
            world.moved(
                "production",
                "mirror",
                from,
                to,
                (nth as i64 + 1) * gap,
                kind,
            );
        }
        world.status("production", "mirror").attention
    };
    assert_eq!(moved_by(ActorKind::Manual, 32 * DAY), []);
    assert_eq!(moved_by(ActorKind::Robot, 32 * DAY), [Word::Stuck]);
    assert_eq!(moved_by(ActorKind::Manual, 2 * DAY), [Word::Stuck]);
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
