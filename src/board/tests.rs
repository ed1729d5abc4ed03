//! What the facts are made to say: words, gates, what waits, folds and order.

use super::status::{GateState, TargetKind};
use super::{Board, FoldKind};
use crate::model::*;
use crate::store::fixture::{Fixture, ago, pod, smoke, usual_list};
use crate::store::{Fact, Kind, News, Source};

mod due;

mod live;

mod order;

mod unread;

mod unwell;

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

/// What replaced the version that was lost may itself have been replaced, by another lower one.
#[test]
fn a_lower_version_is_said_to_have_replaced_only_what_stood_just_before_it() {
    let says = |moves: &[(&str, &str, &str, i64)], stands: &str| {
        let mut world = Fixture::new();
        world.app("whitehall", &["whitehall"]);
        world.file("production", "whitehall", stands, true);
        world.moves("whitehall", moves);
        world.status("production", "whitehall").because
    };
    let direct = ("production", "v3085", "v3083", 60);
    let came = ("production", "v3082", "v3085", 3_600);
    let said = says(&[direct, came], "v3083");
    let wanted =
        "v3085 stood here before, v3083 replaced it 1m ago (govuk-ci), and nobody meant it.";
    assert_eq!(said.first().map(String::as_str), Some(wanted));
    let next = ("production", "v3083", "v3084", 5);
    let said = says(&[next, direct, came], "v3084");
    let wanted = "v3085 stood here before; v3084 came 5s ago (govuk-ci), and nobody meant it.";
    assert_eq!(said.first().map(String::as_str), Some(wanted));
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

/// Who stopped a smoke run said nothing about its version: the run before it counts still.
#[test]
fn a_smoke_run_that_was_stopped_is_no_verdict() {
    let run = |name: &str, phase, begun, is_stopped: bool| {
        let mut fact = smoke("staging", "publisher", name, "v1362", phase);
        if let Fact::Run(run) = &mut fact {
            run.started = Some(ago(begun));
            run.shutdown = is_stopped.then(|| "Stop".into());
        }
        fact
    };
    let mut world = calm_world();
    world.fact("staging", run("b", RunPhase::Failed, 100, true));
    let status = world.status("staging", "publisher");
    assert!(status.attention.is_empty(), "{:?}", status.because);
    assert!(!status.has_failed_smoke());
    assert_eq!(status.smoke.unwrap().words, "Failed, stopped");
    for (phase, words) in [
        (RunPhase::Failed, &[Word::Smoke][..]),
        (RunPhase::Succeeded, &[]),
    ] {
        world.fact("staging", run("a", phase, 300, false));
        let status = world.status("staging", "publisher");
        assert_eq!(status.attention, words);
        assert_eq!(&*status.smoke.unwrap().run.name, "a");
    }
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
