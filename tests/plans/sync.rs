//! Sync: what Argo CD says of an Application that makes its sync useless, and what does not concern it.

use crate::scene::*;
use crate::world::{World, ago};
use leverframe::model::live::Condition;
use leverframe::model::*;
use leverframe::plan::*;

/// The row `conditions` of a sync of publisher so changed.
fn row(change: impl Fn(&mut Application)) -> (Verdict, String) {
    let mut world = publisher();
    change_app(&mut world, "staging", "publisher", change);
    // Whatever it says, it is only shown: the next comparison may say something else.
    let plan = pull(&world, Lever::Sync, "staging", "publisher").unwrap();
    let check = check(&plan, "conditions");
    assert_eq!(check.weight, Weight::Shown);
    (check.verdict, check.evidence.clone())
}

fn with(kind: &str) -> (Verdict, String) {
    row(|app| {
        app.conditions = vec![Condition {
            kind: kind.into(),
            status: "".into(),
            reason: "".into(),
            message: "helm template failed".into(),
            at: None,
        }];
    })
}

#[test]
fn what_makes_a_sync_useless_is_said_before_it_is_sent() {
    for kind in ["ComparisonError", "InvalidSpecError"] {
        let said = format!(
            "while this stands, Argo CD ends a sync in Error at once: {kind}: helm template failed"
        );
        assert_eq!(with(kind), (Verdict::Failed, said));
    }
    let (verdict, said) = row(|app| {
        let key = live::SKIP_RECONCILE.into();
        app.annotations.insert(key, "true".into());
    });
    assert_eq!(verdict, Verdict::Failed);
    assert!(
        said.contains("the sync waits until that is taken off"),
        "{said}"
    );
    assert_eq!(with("UnknownError").0, Verdict::Unknown);
}

#[test]
fn what_does_not_concern_a_sync_says_nothing_against_it() {
    let said = "Argo CD says nothing that makes the sync useless".to_owned();
    assert_eq!(row(|_| {}), (Verdict::Passed, said.clone()));
    // The sync before this one failed; this one is how that is mended.
    for kind in [
        "SyncError",
        "OrphanedResourceWarning",
        "ExcludedResourceWarning",
    ] {
        assert_eq!(with(kind), (Verdict::Passed, said.clone()));
    }
}

/// No annotation says the versions of an app of several images; what the parent has synced does.
#[test]
fn what_the_parent_has_not_rendered_yet_is_not_synced() {
    let mut world = publisher();
    let files = ["licensify-backend", "licensify-feed"];
    world.app("licensify", &files);
    for file in files {
        world.stands("production", file, "v1", "v2", "3d");
    }
    world.application("production", "licensify", |_| {});
    world.stands("production", "licensify-backend", "v2", "v1", "9s");
    let mut sync = |synced: &str| {
        change_app(&mut world, "production", "app-config", |parent| {
            parent.synced_revision = Some(crate::world::commit(synced));
        });
        pull(&world, Lever::Sync, "production", "licensify")
    };
    let refusal = sync("productionlicensify-feedv2").unwrap_err();
    assert_eq!(
        refusal.because,
        "the parent has not rendered the last commit of licensify-backend yet, and the sync would apply again what stood \
         before."
    );
    sync("tip").unwrap();
}

/// Each file of the app is asked for the runs that would take its version away.
#[test]
fn a_sync_of_several_images_shows_what_would_overtake_it() {
    let mut world = licensify();
    let sync = |world: &World| pull(world, Lever::Sync, "production", "licensify").unwrap();
    assert_eq!(check(&sync(&world), "overtaken").verdict, Verdict::Passed);
    for (file, version) in [("licensify-feed", "v1"), ("licensify-backend", "v2")] {
        deploy_run_of(&mut world, file, "production", version, "false", "Running");
    }
    let plan = sync(&world);
    let row = check(&plan, "overtaken");
    assert_eq!(row.verdict, Verdict::Failed);
    assert_eq!(
        row.evidence,
        "deploy-image-production-v1 @ production would bring licensify-feed v1 into production: stop it first"
    );
}

/// Argo CD does not give up what it has begun because the file was moved.
#[test]
fn a_roll_back_says_that_it_comes_after_the_sync_that_runs() {
    let mut world = publisher();
    let evidence = |world: &World| {
        let plan = pull(world, Lever::RollBack, "production", "publisher").unwrap();
        plan.evidence
    };
    let said = "; a sync runs, and v1360 comes only when it is over";
    assert!(!evidence(&world).contains(said));
    change_app(&mut world, "production", "publisher", |a| {
        a.operation = Some(Operation {
            started: Some(ago("1m")),
            ..operation_in(Phase::Running)
        });
    });
    assert!(evidence(&world).contains(said), "{}", evidence(&world));
}
