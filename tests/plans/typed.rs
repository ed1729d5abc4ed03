//! Typed: what must be typed before a plan that reaches production is sent, whatever it moves.

use crate::scene::*;
use leverframe::plan::*;

#[test]
fn where_no_single_version_moves_the_name_of_the_app_is_typed() {
    for lever in [Lever::Sync, Lever::Refresh] {
        let plan = pull(&licensify(), lever, "production", "licensify").unwrap();
        assert!(plan.reach.production && plan.to.is_none(), "{plan:?}");
        assert_eq!(plan.typed().as_deref(), Some("licensify"));
        assert_eq!(plan.typed_is(), "the name of the app");
    }
    // The file below names no version that could be read.
    let mut odd = publisher();
    odd.closed("staging", "publisher", "5m", "hold");
    odd.file("staging", "publisher", |file| file.version = None);
    change_app(&mut odd, "production", "publisher", |app| {
        app.annotations.clear();
    });
    odd.file("production", "publisher", |file| file.version = None);
    let plan = pull(&odd, Lever::Sync, "production", "publisher").unwrap();
    assert_eq!(plan.typed().as_deref(), Some("publisher"));
    // A version that moves is typed itself, and what stays below production is not typed at all.
    let plan = pull(&publisher(), Lever::Sync, "production", "publisher").unwrap();
    assert_eq!(
        (plan.typed().as_deref(), plan.typed_is()),
        (Some("v1361"), "the version that will run")
    );
    let plan = pull(&publisher(), Lever::TestsOnly, "staging", "publisher").unwrap();
    assert_eq!(plan.typed(), None);
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.reach.environments.iter().map(|e| e.as_str()).collect()
}

#[test]
fn while_git_was_not_read_every_gate_counts_as_open() {
    let world = publisher();
    let mut state = world.state(80, 24);
    state.store.tree = None;
    let id = PlanId::new(PLAN);
    for (lever, environment, reached) in [
        (
            Lever::Sync,
            "integration",
            &["integration", "staging", "production"][..],
        ),
        (Lever::Sync, "staging", &["staging", "production"]),
        (Lever::Refresh, "staging", &["staging", "production"]),
        (Lever::Sync, "production", &["production"]),
    ] {
        let plan = plan(
            &request(lever, environment, "publisher"),
            &state.context(&id),
        )
        .unwrap();
        assert_eq!(names(&plan), reached, "{} {environment}", lever.title());
        assert!(plan.typed().is_some());
        if reached.len() > 1 {
            let because = plan.reach.because.join("; ");
            assert!(
                because.contains("staging -> production is not known"),
                "{because}"
            );
        }
    }
    // A twin never promotes, whatever its gates are; the parent that is refreshed renders more than the twin.
    let twin = |lever| {
        let asked = request(lever, "staging", "draft-publisher");
        plan(&asked, &state.context(&id)).unwrap()
    };
    assert_eq!(names(&twin(Lever::Sync)), ["staging"]);
    assert_eq!(names(&twin(Lever::Refresh)), ["staging", "production"]);
}

#[test]
fn each_image_of_an_app_is_followed_through_its_gates() {
    let mut world = licensify();
    world.stands("staging", "licensify-feed", "v2", "v3", "1d");
    let plan = pull(&world, Lever::Sync, "staging", "licensify").unwrap();
    assert_eq!(names(&plan), ["staging", "production"]);
    // Of its images one goes on.
    assert_eq!(plan.typed().as_deref(), Some("v3"));
    world.file("staging", "licensify-feed", |file| file.gate = false);
    let plan = pull(&world, Lever::Sync, "staging", "licensify").unwrap();
    assert_eq!(names(&plan), ["staging"]);
}

#[test]
fn refreshing_reaches_where_any_app_goes_that_the_parent_would_render_anew() {
    let mut world = licensify();
    // All of publisher is everywhere; of licensify something is on its way, which the parent has rendered.
    world.stands("production", "publisher", "v1361", "v1362", "1m");
    for environment in ["integration", "staging"] {
        world.stands(environment, "whitehall", "v2", "v3", "1d");
        world.app_in(environment, "whitehall-admin", &["whitehall"]);
        world.application(environment, "whitehall-admin", |app| {
            app.annotations.insert("imageTag".into(), "v3".into());
        });
    }
    world.stands("production", "whitehall", "v1", "v2", "3d");
    for app in ["publisher", "draft-publisher"] {
        let plan = pull(&world, Lever::Refresh, "staging", app).unwrap();
        assert_eq!(names(&plan), ["staging"], "{app}");
    }
    change_app(&mut world, "staging", "whitehall-admin", |app| {
        app.annotations.insert("imageTag".into(), "v2".into());
    });
    for app in ["publisher", "draft-publisher"] {
        let plan = pull(&world, Lever::Refresh, "staging", app).unwrap();
        assert_eq!(names(&plan), ["staging", "production"], "{app}");
        let because = plan.reach.because.join("; ");
        assert!(because.contains("whitehall-admin"), "{because}");
    }
    // A sync is of its own app alone.
    let plan = pull(&world, Lever::Sync, "staging", "publisher").unwrap();
    assert_eq!(names(&plan), ["staging"]);
}
