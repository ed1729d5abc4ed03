use super::*;
use crate::board::{Board, FoldKind};
use crate::lever::Lever;
use crate::store::fixture::{self, Fixture, ago, id};
use crate::store::{Fact, News, Source};

fn application(name: &str, change: impl FnOnce(&mut Application)) -> Fact {
    let mut application = fixture::application("staging", name, "v862");
    change(&mut application);
    Fact::Application(application)
}

fn operation(phase: Phase) -> Operation {
    Operation {
        phase,
        message: Some("waiting for completion of hook".into()),
        started: Some(ago(90)),
        finished: None,
        retries: 0,
        retry_limit: Some(5),
        revision: None,
        hooks: Vec::new(),
        failed: Vec::new(),
    }
}

fn hook(phase: Phase) -> live::Hook {
    live::Hook {
        kind: "Job".into(),
        namespace: "apps".into(),
        name: "freshclam".into(),
        stage: "PreSync".into(),
        phase,
        message: Some("Job has reached the specified backoff limit".into()),
    }
}

/// The third try has failed, and the fourth is waited for: Argo CD calls that Running.
fn retrying() -> Operation {
    Operation {
        message: Some(
            "one or more synchronization tasks completed unsuccessfully. Retrying attempt #3"
                .into(),
        ),
        finished: Some(ago(60)),
        retries: 3,
        hooks: vec![hook(Phase::Failed)],
        ..operation(Phase::Running)
    }
}

/// asset-manager and its parent in staging, both well.
fn world() -> Fixture {
    let mut world = Fixture::new();
    world.app("asset-manager", &["asset-manager"]);
    world.file("staging", "asset-manager", "v862", true);
    world.fact("staging", application("app-config", |_| {}));
    world.fact("staging", application("asset-manager", |_| {}));
    world
}

fn runs(world: &mut Fixture, operation: Operation) -> Status {
    let of = application("asset-manager", |app| app.operation = Some(operation));
    world.fact("staging", of);
    world.status("staging", "asset-manager")
}

const HOOK: &str = "PreSync Job/freshclam failed: Job has reached the specified backoff limit";

#[test]
fn a_hook_that_failed_counts_while_the_sync_is_tried_again() {
    let status = runs(&mut world(), retrying());
    assert_eq!(status.attention, [Word::Hook], "{:?}", status.because);
    assert_eq!(status.because, [format!("retry 3 of 5, {HOOK}.")]);
    assert_eq!(status.retry.as_deref(), Some("retry 3 of 5"));
    assert_eq!(status.levers(), [Lever::Sync, Lever::RollBack, Lever::Hold]);
    // One that failed while others of its stage still run.
    let mut first = operation(Phase::Running);
    first.hooks = vec![hook(Phase::Failed)];
    assert_eq!(runs(&mut world(), first).because, [format!("{HOOK}.")]);
    // Nothing has failed yet.
    let mut well = operation(Phase::Running);
    well.hooks = vec![hook(Phase::Running)];
    assert_eq!(runs(&mut world(), well).attention, []);
}

#[test]
fn what_failed_is_said_until_a_sync_succeeds_whatever_begins_in_between() {
    let mut world = world();
    runs(&mut world, retrying());
    let fourth = Operation {
        retries: 4,
        ..operation(Phase::Running)
    };
    let status = runs(&mut world, fourth);
    assert_eq!(
        status.because,
        [format!("retry 4 of 5 runs, the try before it: {HOOK}.")]
    );
    // Between two operations an Application has none for a moment.
    let between = application("asset-manager", |app| app.sync = Sync::OutOfSync);
    world.fact("staging", between);
    let status = world.status("staging", "asset-manager");
    assert_eq!(status.attention, [Word::Hook], "{:?}", status.because);
    // A new commit begins the next sync in the second in which the tries are used up.
    let status = runs(&mut world, operation(Phase::Running));
    assert_eq!(
        status.because,
        [format!(
            "a new sync has begun, the one before it failed 1m ago: {HOOK}."
        )]
    );
    assert_eq!(status.operated, Some(ago(60)), "when it failed");
    // Of another version it is not known yet.
    let other = application("asset-manager", |app| {
        app.annotations.insert("imageTag".into(), "v863".into());
        app.operation = Some(operation(Phase::Running));
    });
    world.fact("staging", other);
    assert_eq!(world.status("staging", "asset-manager").attention, []);
    // Done is done, and what begins then has no failure before it.
    assert_eq!(runs(&mut world, operation(Phase::Succeeded)).attention, []);
    assert_eq!(runs(&mut world, operation(Phase::Running)).attention, []);
}

#[test]
fn tries_that_failed_before_anybody_looked_count_too() {
    let mut tried = operation(Phase::Running);
    tried.retries = 2;
    let status = runs(&mut world(), tried);
    assert_eq!(status.attention, [Word::Sync]);
    assert!(
        status.because[0].starts_with("retry 2 of 5, "),
        "{:?}",
        status.because
    );
}

#[test]
fn an_application_of_another_uid_does_not_inherit_a_failure() {
    let mut world = world();
    runs(&mut world, retrying());
    world.news(
        Source::Cluster("staging".into()),
        News::Gone(
            crate::store::Kind::Applications,
            id("staging", "cluster-services", "asset-manager"),
        ),
    );
    assert_eq!(runs(&mut world, operation(Phase::Running)).attention, []);
}

#[test]
fn what_should_be_there_and_is_not_is_gone() {
    let mut world = world();
    world.app("content-store", &["content-store"]);
    for environment in ["staging", "production"] {
        world.file(environment, "content-store", "v505", true);
    }
    let status = world.status("staging", "content-store");
    assert_eq!(status.attention, [Word::Gone], "{:?}", status.because);
    assert_eq!(
        status.because,
        [
            "there is no Application content-store in staging: nothing is delivered there. app-config has not made it, or took it away."
        ]
    );
    // What was not read is no absence.
    assert_eq!(world.status("production", "content-store").attention, []);
    // A file that has only come, and an object that could not be understood.
    world.moved(
        "staging",
        "content-store",
        "v504",
        "v505",
        20,
        ActorKind::Robot,
    );
    assert_eq!(world.status("staging", "content-store").attention, []);
}

#[test]
fn an_application_that_could_not_be_understood_is_not_gone() {
    let mut world = world();
    world.app("content-store", &["content-store"]);
    world.file("staging", "content-store", "v505", true);
    world.news(
        Source::Cluster("staging".into()),
        News::Odd {
            list: crate::store::fixture::usual_list(crate::store::Kind::Applications),
            name: "content-store".into(),
            why: "no status".into(),
        },
    );
    assert_eq!(world.status("staging", "content-store").attention, []);
}

#[test]
fn an_application_that_is_being_deleted_is_trouble_though_it_runs() {
    let mut world = world();
    let going = application("asset-manager", |app| {
        app.deleting = true;
        app.sync = Sync::OutOfSync;
        app.health = Health::Progressing;
    });
    world.fact("staging", going);
    let status = world.status("staging", "asset-manager");
    assert_eq!(status.attention.first(), Some(&Word::Deleting));
    assert!(status.because[0].contains("is being deleted"));
}

fn parent(change: impl FnOnce(&mut Application)) -> (Fixture, Board) {
    let mut world = world();
    world.fact("staging", application("app-config", change));
    let board = Board::new(&world.store, &world.delivery, ago(0));
    (world, board)
}

#[test]
fn a_parent_that_cannot_render_or_sync_is_said_once_at_the_top() {
    let breaks: [fn(&mut Application); 4] = [
        |app| {
            app.sync = Sync::Unknown;
            app.conditions = vec![live::Condition {
                kind: "ComparisonError".into(),
                status: "".into(),
                reason: "".into(),
                message: "helm template failed".into(),
                at: None,
            }];
        },
        |app| app.operation = Some(retrying()),
        |app| app.auto_sync = false,
        |app| app.deleting = true,
    ];
    for (change, word) in
        breaks
            .into_iter()
            .zip([Word::Sync, Word::Hook, Word::Sync, Word::Deleting])
    {
        let (_, board) = parent(change);
        let broken: Vec<&Status> = board.broken_parents().collect();
        assert_eq!(broken.len(), 1, "{word:?}");
        assert_eq!(broken[0].attention, [word]);
        assert_eq!(
            board.counts.get(&word),
            Some(&1),
            "it has a word of its own"
        );
        let row = board.find(&broken[0].target).unwrap().0;
        assert_eq!(row.fold, None, "and a row");
    }
    // The health of a parent is that of its children, who speak for themselves.
    let (world, board) = parent(|app| app.health = Health::Degraded);
    assert_eq!(board.broken_parents().count(), 0);
    assert_eq!(board.len(), 1);
    let row = board.find(&Target::new("staging", "app-config")).unwrap().0;
    assert_eq!(row.fold, Some(FoldKind::Parents));
    // It is a target that answers.
    let status = world.status("staging", "app-config");
    assert_eq!(status.kind, TargetKind::Parent);
    assert_eq!((status.live, status.smoke), (None, None));
}

#[test]
fn a_parent_that_is_not_there_is_gone_where_applications_were_read() {
    let mut world = Fixture::new();
    world.app("asset-manager", &["asset-manager"]);
    world.file("staging", "asset-manager", "v862", true);
    world.fact("staging", application("asset-manager", |_| {}));
    let status = world.status("staging", "app-config");
    assert_eq!(status.attention, [Word::Gone]);
    assert!(status.is_broken_parent());
}

/// A hook that does not end, or a sync window, keeps a sync running for as long as it likes.
#[test]
fn a_sync_that_runs_for_longer_than_any_rollout_is_trouble() {
    let mut world = world();
    let runs_for = |world: &mut Fixture, seconds: i64| {
        world.fact(
            "staging",
            application("asset-manager", |app| {
                app.sync = Sync::OutOfSync;
                app.operation = Some(Operation {
                    started: Some(ago(seconds)),
                    ..operation(Phase::Running)
                });
            }),
        );
        let status = world.status("staging", "asset-manager");
        (status.attention, status.because)
    };
    assert_eq!(runs_for(&mut world, 90).0, []);
    let (words, because) = runs_for(&mut world, 3 * 3_600);
    assert_eq!(words, [Word::Sync]);
    assert_eq!(
        because,
        ["its sync runs for 3h: waiting for completion of hook."]
    );
}

#[test]
fn health_that_is_not_known_is_not_calm() {
    let mut world = world();
    let unknown = application("asset-manager", |app| app.health = Health::Unknown);
    world.fact("staging", unknown);
    let status = world.status("staging", "asset-manager");
    assert_eq!(status.attention, [Word::Sync]);
    assert_eq!(status.because, ["health Unknown."]);
}

/// What the board says of asset-manager so changed.
fn says(change: impl FnOnce(&mut Application)) -> (Vec<Word>, Vec<String>) {
    let mut world = world();
    world.fact("staging", application("asset-manager", change));
    let status = world.status("staging", "asset-manager");
    assert_eq!(status.levers(), [], "no lever of ours helps");
    (status.attention, status.because)
}

#[test]
fn what_was_paused_is_not_calm() {
    let (words, because) = says(|app| {
        app.health = Health::Suspended;
        app.health_message = Some("Deployment is paused".into());
    });
    assert_eq!(words, [Word::Stuck]);
    assert_eq!(
        because,
        [
            "health Suspended: Deployment is paused. Something in it was paused, and goes on when somebody resumes it."
        ]
    );
}

#[test]
fn an_application_that_argo_cd_is_told_to_leave_alone_is_not_calm() {
    let left = |said: &str| {
        says(|app| {
            let key = "argocd.argoproj.io/skip-reconcile".into();
            app.annotations.insert(key, said.into());
            app.reconciled_at = Some(ago(7_200));
        })
    };
    let (words, because) = left("true");
    assert_eq!(words, [Word::Stuck]);
    assert_eq!(
        because,
        [
            "Argo CD leaves asset-manager alone, because its annotation argocd.argoproj.io/skip-reconcile says so: it is neither compared nor synced until that is taken off. It looked last 2h ago."
        ]
    );
    assert_eq!(left("false").0, []);
    assert_eq!(left("yes").0, [], "Argo CD does not take that for true");
    let (_, board) = parent(|app| {
        let key = "argocd.argoproj.io/skip-reconcile".into();
        app.annotations.insert(key, "true".into());
    });
    let broken: Vec<&Status> = board.broken_parents().collect();
    assert_eq!(broken[0].attention, [Word::Stuck]);
}

#[test]
fn what_argo_cd_calls_progressing_for_hours_is_not_calm() {
    let since = |seconds: i64| {
        says(|app| {
            app.health = Health::Progressing;
            app.health_since = Some(ago(seconds));
            app.health_message = Some("Waiting for a load balancer".into());
        })
    };
    let (words, because) = since(3 * 3_600);
    assert_eq!(words, [Word::Stuck]);
    assert_eq!(
        because,
        ["Argo CD calls it Progressing for 3h: Waiting for a load balancer."]
    );
    assert_eq!(since(60).0, []);
}

/// An app without a version file has an Application as well, and the line that folds such apps must not hide its loss.
#[test]
fn an_app_without_a_file_whose_application_is_not_there_is_gone() {
    let mut world = world();
    world.app("mirror", &["mirror"]);
    let fold = |world: &Fixture| {
        let board = Board::new(&world.store, &world.delivery, ago(0));
        let row = board.find(&Target::new("staging", "mirror")).unwrap().0;
        row.fold
    };
    let status = world.status("staging", "mirror");
    assert_eq!(status.kind, TargetKind::NoFile);
    assert_eq!(status.attention, [Word::Gone], "{:?}", status.because);
    assert_eq!(fold(&world), None);
    world.fact("staging", application("mirror", |_| {}));
    assert_eq!(world.status("staging", "mirror").attention, []);
    assert_eq!(fold(&world), Some(FoldKind::NoFile));
}
