//! Order: which row stands before which, what folds, and what is said once for many.

use super::*;

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
