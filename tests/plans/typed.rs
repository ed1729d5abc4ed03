//! Typed: what must be typed before a plan that reaches production is sent, whatever it moves.

use crate::scene::*;
use crate::world::World;
use leverframe::plan::*;

/// An app of several images, everywhere on the same ones.
fn several() -> World {
    let mut world = publisher();
    world.app("licensify", &["licensify-backend", "licensify-feed"]);
    for environment in ["integration", "staging", "production"] {
        for repository in ["licensify-backend", "licensify-feed"] {
            world.stands(environment, repository, "v1", "v2", "3d");
        }
        world.application(environment, "licensify", |_| {});
    }
    world
}

#[test]
fn where_no_single_version_moves_the_name_of_the_app_is_typed() {
    for lever in [Lever::Sync, Lever::Refresh] {
        let plan = pull(&several(), lever, "production", "licensify").unwrap();
        assert!(plan.reach.production && plan.to.is_none(), "{plan:?}");
        assert_eq!(plan.typed(), Some("licensify"));
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
    assert_eq!(plan.typed(), Some("publisher"));
    // A version that moves is typed itself, and what stays below production is not typed at all.
    let plan = pull(&publisher(), Lever::Sync, "production", "publisher").unwrap();
    assert_eq!(
        (plan.typed(), plan.typed_is()),
        (Some("v1361"), "the version that will run")
    );
    let plan = pull(&publisher(), Lever::TestsOnly, "staging", "publisher").unwrap();
    assert_eq!(plan.typed(), None);
}
