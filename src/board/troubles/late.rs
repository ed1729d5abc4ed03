//! Late: what is stuck, and what only has not been read yet or is still being synced.

use super::*;

/// Files are read before their history is: how old the version before was says nothing of the one that stands now.
#[test]
fn what_history_does_not_know_yet_is_not_late() {
    let words = |is_known: bool| {
        let mut world = Fixture::new();
        world.app("whitehall", &["whitehall"]);
        world.file("staging", "whitehall", "v3085", true);
        world.file("production", "whitehall", "v3084", true);
        let moves = [
            ("staging", "v3084", "v3085", 7_200),
            ("staging", "v3083", "v3084", 259_800),
            ("production", "v3083", "v3084", 259_200),
        ];
        world.moves("whitehall", &moves[usize::from(!is_known)..]);
        world.status("production", "whitehall").attention
    };
    assert_eq!(words(true), [Word::Stuck]);
    assert_eq!(words(false), []);
}

/// The parent may have rendered a commit that was not read yet.
#[test]
fn a_cluster_that_is_ahead_of_what_was_read_is_not_late() {
    let mut world = released(259_200);
    let words = |world: &mut Fixture, rendered: &str| {
        let app = fixture::application("production", "whitehall", rendered);
        world.fact("production", Fact::Application(app));
        world.status("production", "whitehall").attention
    };
    assert_eq!(words(&mut world, "v3085"), []);
    assert_eq!(words(&mut world, "v3083"), [Word::Stuck]);
}

#[test]
fn nothing_is_stuck_right_after_a_sync_nor_while_its_pods_are_new() {
    let late = |world: &Fixture| world.status("production", "whitehall").attention;
    let mut world = released(7_200);
    pods(&mut world, "v3083", true);
    world.fact("production", application(Some(operation(3_600))));
    assert_eq!(late(&world), [Word::Stuck]);
    let status = world.status("production", "whitehall");
    assert_eq!(status.levers(), [Lever::Sync], "{:?}", status.because);
    // Synced a minute ago.
    world.fact("production", application(Some(operation(60))));
    assert_eq!(late(&world), []);
    // Its pods were made a minute ago, and are not ready yet.
    let mut world = released(7_200);
    pods(&mut world, "v3083", true);
    world.fact("production", application(Some(operation(3_600))));
    let image = format!("{IMAGE}:v3084");
    let Fact::Pod(mut young) = pod("production", "whitehall", "young", &image, false, None) else {
        return;
    };
    young.created = Some(ago(60));
    world.fact("production", Fact::Pod(young.clone()));
    assert_eq!(late(&world), []);
    young.created = Some(ago(3_600));
    world.fact("production", Fact::Pod(young));
    assert_eq!(late(&world), [Word::Stuck]);
}

#[test]
fn what_waits_for_the_sync_of_a_former_version_says_so_when_it_is_late() {
    let mut world = released(7_200);
    mainline(&mut world, &[7_200, 7_800, 200_000]);
    pods(&mut world, "v3083", true);
    let of_before = Operation {
        started: Some(ago(9_000)),
        finished: Some(ago(600)),
        ..retrying(Some(&moved_at(200_000)))
    };
    world.fact("production", application(Some(of_before)));
    let status = world.status("production", "whitehall");
    assert_eq!(status.attention, [Word::Stuck], "{:?}", status.because);
    let said = &status.because[0];
    assert!(
        said.contains("new pods are ready. Argo CD still syncs v3083: retry 3 of 5, PreSync Job/dbmigrate failed: "),
        "{said}"
    );
}

#[test]
fn what_has_not_come_from_an_environment_that_is_not_read_says_so() {
    use crate::store::{News, Source};
    let mut world = released(7_200);
    world.file("production", "whitehall", "v3083", true);
    let mut world = Fixture {
        store: crate::store::Store::new(&world.delivery),
        tree: world.tree,
        delivery: world.delivery,
    };
    world.moves(
        "whitehall",
        &[
            ("production", "v3080", "v3083", 200_000),
            ("staging", "v3083", "v3084", 7_800),
        ],
    );
    world.file("staging", "whitehall", "v3084", true);
    let said = |world: &Fixture| {
        let status = world.status("production", "whitehall");
        assert_eq!(status.attention, [Word::Stuck], "{:?}", status.because);
        status.because[0].clone()
    };
    let late = "v3084 stands in staging since 2h and has not come.";
    assert_eq!(said(&world), late, "its cluster is not configured");
    let staging = Source::Cluster("staging".into());
    let list = crate::store::fixture::usual_list(crate::store::Kind::Runs);
    world.news(staging.clone(), News::Connecting(vec![list.clone()]));
    let unseen = "the cause may stand there, unseen.";
    assert_eq!(
        said(&world),
        format!("{late} The cluster of staging is still being read: {unseen}")
    );
    let refused = |world: &mut Fixture| {
        world.news(
            staging.clone(),
            News::Fault {
                list: None,
                fault: Fault::new(FaultKind::Unreachable, "Connection refused", ""),
                retry_at: None,
            },
        );
    };
    refused(&mut world);
    assert_eq!(
        said(&world),
        format!("{late} The cluster of staging was not read yet: {unseen}")
    );
    // It was read a quarter of an hour ago.
    world.store.apply(crate::store::Delta {
        source: staging.clone(),
        subscription: 1,
        seen_at: ago(900),
        news: News::Listed(list),
    });
    refused(&mut world);
    assert_eq!(
        said(&world),
        format!("{late} The cluster of staging is not read since 15m: {unseen}")
    );
    world.news(staging.clone(), News::Alive);
    assert_eq!(said(&world), late);
}

/// It cannot come before its smoke run has passed, and one that was run again passes long after the version came.
#[test]
fn what_waited_for_its_smoke_run_is_late_by_when_that_passed() {
    let mut world = Fixture::new();
    world.app("whitehall", &["whitehall"]);
    world.file("production", "whitehall", "v3083", true);
    world.file("staging", "whitehall", "v3084", true);
    let moves = [
        ("production", "v3080", "v3083", 200_000),
        ("staging", "v3083", "v3084", 7_800),
    ];
    world.moves("whitehall", &moves);
    let passed = |world: &mut Fixture, version: &str, age: i64| {
        let phase = RunPhase::Succeeded;
        let mut run = fixture::smoke("staging", "whitehall", "post-sync-r2", version, phase);
        if let Fact::Run(run) = &mut run {
            run.finished = Some(ago(age));
        }
        world.fact("staging", run);
        let status = world.status("production", "whitehall");
        (status.attention, status.because)
    };
    let late = "v3084 stands in staging since 2h and has not come.";
    let stuck = (vec![Word::Stuck], vec![late.to_owned()]);
    assert_eq!(passed(&mut world, "v3084", 590), (vec![], vec![]));
    assert_eq!(passed(&mut world, "v3084", 610), stuck);
    // The run of another version says nothing of this one.
    assert_eq!(passed(&mut world, "v3083", 60), stuck);
}
