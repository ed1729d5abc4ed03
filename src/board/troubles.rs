//! Troubles: what a roll back looks like on the board, which version a crash or a failing hook is shown on, and which lever
//! comes first.

use crate::lever::Lever;
use crate::model::*;
use crate::store::fixture::{self, Fixture, ago, pod};
use crate::store::{Fact, News, Source, Walked};

mod back;
mod late;

const IMAGE: &str = "ecr.example/github/whitehall";

/// whitehall: v3084 in staging and, for `ago` seconds, in production, where v3083 was before.
fn released(ago: i64) -> Fixture {
    let mut world = Fixture::new();
    world.app("whitehall", &["whitehall"]);
    world.file("staging", "whitehall", "v3084", true);
    world.file("production", "whitehall", "v3084", true);
    world.moves(
        "whitehall",
        &[
            ("production", "v3083", "v3084", ago),
            ("production", "v3080", "v3083", 200_000),
            ("staging", "v3083", "v3084", ago + 600),
        ],
    );
    world
}

/// The same, rolled back to v3083 a minute ago, on somebody's order.
fn rolled_back(kind: ActorKind) -> Fixture {
    let mut world = Fixture::new();
    world.app("whitehall", &["whitehall"]);
    world.file("staging", "whitehall", "v3084", true);
    world.file("production", "whitehall", "v3083", true);
    world.moved("production", "whitehall", "v3084", "v3083", 1_200, kind);
    world.moves(
        "whitehall",
        &[
            ("production", "v3083", "v3084", 3_600),
            ("staging", "v3083", "v3084", 4_200),
        ],
    );
    world
}

fn pods(world: &mut Fixture, version: &str, ready: bool) {
    let image = format!("{IMAGE}:{version}");
    let waiting = (!ready).then_some("CrashLoopBackOff");
    for nth in 0..2 {
        let name = format!("whitehall-{version}-{nth}");
        world.fact(
            "production",
            pod("production", "whitehall", &name, &image, ready, waiting),
        );
    }
}

fn taken_back(is_left: bool) -> TakenBack {
    TakenBack {
        from: "v3084".into(),
        to: "v3083".into(),
        at: ago(1_260),
        by: "alice".into(),
        reason: Some("incident 4711".into()),
        is_left,
    }
}

fn know(world: &mut Fixture, back: TakenBack) {
    let file = ("production".into(), "whitehall".into());
    world.store.know_taken_back([(file, vec![back])].into());
}

#[test]
fn a_crash_is_shown_on_the_version_that_crashes() {
    let mut world = released(1_320);
    pods(&mut world, "v3083", true);
    pods(&mut world, "v3084", false);
    let status = world.status("production", "whitehall");
    assert_eq!(status.attention, [Word::Crash], "{:?}", status.because);
    assert_eq!(status.levers(), [Lever::RollBack, Lever::Hold]);
    // Rolled back: the pods of v3084 are on their way out and accuse no other version.
    let mut world = rolled_back(ActorKind::Manual);
    pods(&mut world, "v3083", true);
    pods(&mut world, "v3084", false);
    let status = world.status("production", "whitehall");
    assert_eq!(status.attention, [Word::Back], "{:?}", status.because);
    // Nor does the health that they have brought about.
    let mut sick = fixture::application("production", "whitehall", "v3083");
    sick.health = Health::Degraded;
    world.fact("production", Fact::Application(sick));
    let status = world.status("production", "whitehall");
    assert_eq!(status.attention, [Word::Back], "{:?}", status.because);
    // A crash of the version that it was rolled back to is one.
    let mut world = rolled_back(ActorKind::Manual);
    pods(&mut world, "v3083", false);
    let status = world.status("production", "whitehall");
    assert_eq!(status.attention, [Word::Crash, Word::Back]);
}

#[test]
fn an_old_roll_back_is_no_excuse_for_an_accident() {
    let mut world = rolled_back(ActorKind::Robot);
    know(&mut world, taken_back(false));
    let status = world.status("production", "whitehall");
    assert_eq!(status.attention, [Word::Back], "{:?}", status.because);
    // Released again since, and lowered by the robot: to the same version, but nobody meant it.
    for (from, to, age) in [("v3083", "v3084", 900), ("v3084", "v3083", 300)] {
        world.moved_since("production", "whitehall", from, to, age);
    }
    let status = world.status("production", "whitehall");
    assert_eq!(status.attention, [Word::Lower], "{:?}", status.because);
}

#[test]
fn what_was_rolled_back_on_purpose_is_back_and_not_stuck() {
    for kind in [ActorKind::Manual, ActorKind::Person, ActorKind::Leverframe] {
        let world = rolled_back(kind);
        let status = world.status("production", "whitehall");
        assert_eq!(
            status.attention,
            [Word::Back],
            "{kind:?}: {:?}",
            status.because
        );
        assert_eq!(
            status.because,
            ["rolled back from v3084 20m ago by govuk-ci. v3084 still waits in staging."]
        );
        // What was rolled back from comes again by itself unless it is held.
        assert_eq!(status.levers(), [Lever::Hold, Lever::Release]);
    }
    // What the robot lowered by itself nobody meant.
    let status = rolled_back(ActorKind::Robot).status("production", "whitehall");
    assert_eq!(status.attention.first(), Some(&Word::Lower));
    assert_eq!(status.levers(), [Lever::Promote]);
    // Something newer that arrives below is awaited again.
    let mut world = rolled_back(ActorKind::Manual);
    world.file("staging", "whitehall", "v3085", true);
    world.moved_since("staging", "whitehall", "v3084", "v3085", 2_400);
    let status = world.status("production", "whitehall");
    assert_eq!(
        status.attention,
        [Word::Stuck, Word::Back],
        "{:?}",
        status.because
    );
}

#[test]
fn the_journal_says_who_and_why_and_whether_it_may_stay_so() {
    // The robot commits for us: git alone would call it an accident.
    let mut world = rolled_back(ActorKind::Robot);
    let before = world.store.generation();
    know(&mut world, taken_back(false));
    assert!(world.store.generation() > before);
    assert!(
        world
            .store
            .take_changed()
            .repositories
            .contains(&"whitehall".into())
    );
    let status = world.status("production", "whitehall");
    assert_eq!(status.attention, [Word::Back], "{:?}", status.because);
    assert_eq!(
        status.because,
        ["rolled back from v3084 21m ago by alice: incident 4711. v3084 still waits in staging."]
    );
    // Somebody is content with it: no word at all.
    know(&mut world, taken_back(true));
    let status = world.status("production", "whitehall");
    assert_eq!(status.attention, [], "{:?}", status.because);
    // The same again changes nothing.
    let before = world.store.generation();
    know(&mut world, taken_back(true));
    assert_eq!(world.store.generation(), before);
    // Another version stands since.
    world.file("production", "whitehall", "v3084", true);
    know(&mut world, taken_back(false));
    let status = world.status("production", "whitehall");
    assert!(
        !status.attention.contains(&Word::Back),
        "{:?}",
        status.because
    );
}

fn application(operation: Option<Operation>) -> Fact {
    Fact::Application(Application {
        health: Health::Progressing,
        operation,
        ..fixture::application("production", "whitehall", "v3084")
    })
}

fn operation(age: i64) -> Operation {
    Operation {
        phase: Phase::Succeeded,
        message: None,
        started: Some(ago(age + 5)),
        finished: Some(ago(age)),
        retries: 0,
        retry_limit: None,
        revision: None,
        hooks: Vec::new(),
        failed: Vec::new(),
    }
}

/// The commit of a move in these tests.
fn moved_at(age: i64) -> String {
    format!("{age:040x}")
}

/// Main consists of the commits of these moves, newest first.
fn mainline(world: &mut Fixture, ages: &[i64]) {
    let commits = ages.iter().map(|age| moved_at(*age).as_str().into());
    world.tree.mainline = std::sync::Arc::new(commits.collect());
    let tree = std::sync::Arc::new(world.tree.clone());
    world.news(
        crate::store::Source::Git,
        crate::store::News::Declared(tree),
    );
}

/// The third try of an operation of some revision has failed by a hook; it began when v3084 had come.
fn retrying(revision: Option<&str>) -> Operation {
    Operation {
        phase: Phase::Running,
        started: Some(ago(3_500)),
        finished: Some(ago(60)),
        retries: 3,
        retry_limit: Some(5),
        revision: revision.map(Into::into),
        hooks: vec![live::Hook {
            kind: "Job".into(),
            namespace: "apps".into(),
            name: "dbmigrate".into(),
            stage: "PreSync".into(),
            phase: Phase::Failed,
            message: Some("Job has reached the specified backoff limit".into()),
        }],
        ..operation(0)
    }
}

/// whitehall in production, rolled back to v3083, while Argo CD does this.
fn syncing(operation: Operation, conditions: Vec<live::Condition>) -> Fixture {
    let mut world = rolled_back(ActorKind::Manual);
    mainline(&mut world, &[1_200, 3_600, 4_200]);
    world.fact(
        "production",
        Fact::Application(Application {
            operation: Some(operation),
            conditions,
            ..fixture::application("production", "whitehall", "v3083")
        }),
    );
    world
}

const BACK: &str = "rolled back from v3084 20m ago by govuk-ci. v3084 still waits in staging.";

#[test]
fn a_failing_hook_is_shown_on_the_version_that_its_operation_syncs() {
    let hook = "PreSync Job/dbmigrate failed: Job has reached the specified backoff limit.";
    // By its revision, which main has from before the roll back; by its time where main does not know it.
    for revision in [Some(moved_at(3_600)), None, Some("elsewhere".to_owned())] {
        let world = syncing(retrying(revision.as_deref()), Vec::new());
        let status = world.status("production", "whitehall");
        assert_eq!(status.attention, [Word::Back], "{:?}", status.because);
        let still = "Argo CD still syncs v3084: retry 3 of 5,";
        assert_eq!(
            status.because,
            [format!("{BACK} {still} {hook} Only then comes v3083.")],
            "{revision:?}"
        );
        assert_eq!(status.former_sync, Some("v3084".into()));
    }
    // Its pods were replaced, though the operation goes on.
    let mut world = syncing(retrying(None), Vec::new());
    let pod = fixture::pod(
        "production",
        "whitehall",
        "whitehall-1",
        "whitehall:v3083",
        true,
        None,
    );
    world.fact("production", pod);
    let status = world.status("production", "whitehall");
    let still = "Argo CD still syncs v3084: retry 3 of 5,";
    assert_eq!(
        status.because,
        [format!(
            "{BACK} {still} {hook} Meanwhile all pods run v3083, which comes again after that."
        )]
    );
    // The next try has begun and says nothing yet.
    let mut world = syncing(retrying(None), Vec::new());
    let begun = Operation {
        retries: 4,
        finished: None,
        hooks: Vec::new(),
        ..retrying(None)
    };
    world.fact(
        "production",
        Fact::Application(Application {
            operation: Some(begun),
            ..fixture::application("production", "whitehall", "v3083")
        }),
    );
    let status = world.status("production", "whitehall");
    let still = "Argo CD still syncs v3084: retry 4 of 5 runs, the try before it:";
    assert_eq!(
        status.because,
        [format!("{BACK} {still} {hook} Only then comes v3083.")]
    );
    // An operation that began with the roll back accuses the version that came by it.
    let own = Operation {
        started: Some(ago(900)),
        ..retrying(Some(&moved_at(1_200)))
    };
    let status = syncing(own, Vec::new()).status("production", "whitehall");
    assert_eq!(status.attention, [Word::Hook, Word::Back]);
    assert_eq!(
        status.because,
        [format!("retry 3 of 5, {hook}"), BACK.to_owned()],
        "two sentences, each with one end"
    );
}

#[test]
fn a_sync_that_failed_before_the_roll_back_is_over_and_accuses_nobody() {
    let failed = Operation {
        phase: Phase::Failed,
        ..retrying(Some(&moved_at(3_600)))
    };
    let condition = |age: i64| live::Condition {
        kind: "SyncError".into(),
        status: "".into(),
        reason: "".into(),
        message: "Failed last sync attempt".into(),
        at: Some(ago(age)),
    };
    let world = syncing(failed.clone(), vec![condition(1_300)]);
    let status = world.status("production", "whitehall");
    assert_eq!(status.attention, [Word::Back]);
    assert_eq!(status.because, [BACK]);
    // What Argo CD says since then it says of the version that stands here.
    let world = syncing(failed, vec![condition(60)]);
    let status = world.status("production", "whitehall");
    assert_eq!(status.attention, [Word::Sync, Word::Back]);
}

/// The version before serves until the parent has rendered what is declared, whatever operation began, and when.
#[test]
fn a_roll_back_says_what_is_still_here() {
    let story = "rolled back from v3084 20m ago by govuk-ci.";
    let waits = "v3084 still waits in staging.";
    let world = |rendered: &str, operation: Option<Operation>| {
        let mut world = rolled_back(ActorKind::Manual);
        mainline(&mut world, &[1_200, 3_600, 4_200]);
        world.fact(
            "production",
            Fact::Application(Application {
                operation,
                ..fixture::application("production", "whitehall", rendered)
            }),
        );
        world
    };
    let because = |world: &Fixture| {
        let because = world.status("production", "whitehall").because;
        because.last().cloned().unwrap()
    };
    let unrendered = "The parent has not rendered v3083 yet.";
    // The sync of the version before is over, and its rollout goes on.
    let mut before = world("v3084", Some(operation(60)));
    let wanted = format!("{story} {unrendered} {waits}");
    assert_eq!(because(&before), wanted);
    pods(&mut before, "v3084", true);
    let still = "v3084 is still here: 2/2 pods ready.";
    let wanted = format!("{story} {still} {unrendered} {waits}");
    assert_eq!(because(&before), wanted);
    // It goes on, and main had the roll back when it began: it applies what was rendered all the same.
    let begun = Operation {
        phase: Phase::Running,
        revision: Some(moved_at(1_200).as_str().into()),
        ..operation(1_000)
    };
    let status = world("v3084", Some(begun)).status("production", "whitehall");
    assert_eq!(status.former_sync, Some("v3084".into()));
    assert!(status.is_syncing_former());
    // It is rendered, and one pod is not replaced yet.
    let mut after = world("v3083", Some(operation(1)));
    pods(&mut after, "v3083", true);
    assert_eq!(because(&after), BACK);
    let image = format!("{IMAGE}:v3084");
    let old = pod("production", "whitehall", "old", &image, false, None);
    after.fact("production", old);
    let still = "v3084 is still here: 0/1 pod ready.";
    assert_eq!(because(&after), format!("{story} {still} {waits}"));
    // A newer commit than was read has brought another one.
    let mut newer = world("v3085", None);
    pods(&mut newer, "v3085", true);
    let here = "v3085 is here: 2/2 pods ready.";
    let said = format!("{story} {here} {waits}");
    assert_eq!(because(&newer), said, "it may be older than what was read");
    let whole = News::Changes {
        changes: Vec::new(),
        walked: Walked::ToTheStart(ago(4_200)),
    };
    newer.news(Source::Git, whole);
    let here = "v3085 is here, which git did not have when it was read: 2/2 pods ready.";
    assert_eq!(because(&newer), format!("{story} {here} {waits}"));
    // What serves is always named, the others as far as there is room.
    for (name, version) in [("a", "v3079"), ("b", "v3080"), ("c", "v3081")] {
        let image = format!("{IMAGE}:{version}");
        let failing = pod("production", "whitehall", name, &image, false, None);
        newer.fact("production", failing);
    }
    let said = because(&newer);
    assert!(
        said.contains(here) && said.contains(" 1 more version is here."),
        "{said}"
    );
}

/// Nobody meant it, and nothing of it has reached a pod yet.
#[test]
fn an_accident_says_what_is_still_here() {
    let mut world = Fixture::new();
    world.app("whitehall", &["whitehall"]);
    world.file("staging", "whitehall", "v3084", true);
    world.file("production", "whitehall", "v3083", true);
    world.moves(
        "whitehall",
        &[
            ("production", "v3084", "v3083", 20),
            ("production", "v3083", "v3084", 3_600),
            ("staging", "v3083", "v3084", 4_200),
        ],
    );
    let application = fixture::application("production", "whitehall", "v3084");
    world.fact("production", Fact::Application(application));
    pods(&mut world, "v3084", true);
    let status = world.status("production", "whitehall");
    assert_eq!(status.attention.first(), Some(&Word::Lower));
    let still = " nobody meant it. v3084 is still here: 2/2 pods ready. The parent has not";
    assert!(status.because[0].contains(still), "{:?}", status.because);
}

/// What was rolled back from goes on all the same, by a run that began before.
#[test]
fn a_roll_back_says_what_carries_the_version_on() {
    let testing = |phase: RunPhase, gate: &str| {
        let mut world = Fixture::new();
        world.app("whitehall", &["whitehall"]);
        world.file("staging", "whitehall", "v3083", true);
        world.file("production", "whitehall", "v3083", true);
        let by = ActorKind::Manual;
        world.moved("staging", "whitehall", "v3084", "v3083", 20, by);
        world.moves("whitehall", &[("staging", "v3083", "v3084", 3_600)]);
        let run = fixture::smoke("staging", "whitehall", "post-sync-z", "v3084", phase);
        let Fact::Run(mut run) = run else {
            unreachable!("it is a run")
        };
        run.parameters = [
            ("application".into(), "whitehall".into()),
            ("repoName".into(), "whitehall".into()),
            ("imageTag".into(), "v3084".into()),
            ("promoteDeployment".into(), "true".into()),
            ("automaticDeploysEnabled".into(), gate.into()),
        ]
        .into();
        world.fact("staging", Fact::Run(run));
        world.status("staging", "whitehall").because
    };
    let carried = "ago by govuk-ci. post-sync-z brings v3084 into production when it passes.";
    let says = |because: Vec<String>| because.iter().any(|text| text.contains(carried));
    assert!(says(testing(RunPhase::Running, "true")));
    assert!(!says(testing(RunPhase::Running, "false")));
    assert!(!says(testing(RunPhase::Succeeded, "true")));
}
