//! Back: which roll back brought what stands, and which versions it has left below.

use super::*;
use crate::board::direction::taken_away;
use crate::store::fixture::{Fixture, ago};

fn back(from: &str, to: &str, age: i64) -> TakenBack {
    TakenBack {
        from: from.into(),
        to: to.into(),
        at: ago(age),
        by: "alice".into(),
        reason: Some(format!("incident {age}")),
        is_left: false,
    }
}

/// whitehall: v3084 in staging since 4,200 s, and in production what the moves bring, newest last; the journal knows roll
/// backs, oldest first.
fn production(moves: &[(&str, &str, i64)], backs: &[TakenBack]) -> Fixture {
    let mut world = Fixture::new();
    world.app("whitehall", &["whitehall"]);
    world.file("staging", "whitehall", "v3084", true);
    let (_, stands, _) = moves.last().unwrap();
    world.file("production", "whitehall", stands, true);
    world.moves("whitehall", &[("staging", "v3083", "v3084", 4_200)]);
    for (from, to, age) in moves {
        world.moved_since("production", "whitehall", from, to, *age);
    }
    let file = ("production".into(), "whitehall".into());
    world.store.know_taken_back([(file, backs.to_vec())].into());
    world
}

fn words(world: &Fixture) -> (Vec<Word>, Vec<String>) {
    let status = world.status("production", "whitehall");
    (status.attention, status.because)
}

#[test]
fn a_roll_back_that_was_corrected_is_known_by_what_it_brought() {
    // The second was made while v3084 stood, and came after the first.
    let world = production(
        &[
            ("v3080", "v3084", 3_600),
            ("v3084", "v3079", 880),
            ("v3079", "v3083", 870),
        ],
        &[back("v3084", "v3079", 900), back("v3084", "v3083", 890)],
    );
    let because =
        "rolled back from v3084 14m ago by alice: incident 890. v3084 still waits in staging.";
    assert_eq!(words(&world), (vec![Word::Back], vec![because.to_owned()]));
    // What brings the same version again later was ordered by nobody.
    let mut world = world;
    for (from, to, age) in [("v3083", "v3084", 600), ("v3084", "v3083", 300)] {
        world.moved_since("production", "whitehall", from, to, age);
    }
    assert_eq!(words(&world).0, [Word::Lower], "{:?}", words(&world).1);
}

#[test]
fn going_back_twice_leaves_both_below() {
    let world = production(
        &[
            ("v3080", "v3083", 90_000),
            ("v3083", "v3084", 3_600),
            ("v3084", "v3083", 880),
            ("v3083", "v3080", 280),
        ],
        &[back("v3084", "v3083", 900), back("v3083", "v3080", 300)],
    );
    let because = "rolled back from v3083 5m ago by alice: incident 300. v3084, rolled back 15m ago, still waits in staging.";
    assert_eq!(words(&world), (vec![Word::Back], vec![because.to_owned()]));
    let away = |version: &str| {
        let (environment, repository) = ("production".into(), "whitehall".into());
        let version = Version::new(version);
        taken_away(
            &world.store,
            &world.delivery,
            &environment,
            &repository,
            &version,
        )
        .map(|back| back.at)
    };
    assert_eq!(away("v3084"), Some(ago(900)));
    assert_eq!(away("v3083"), Some(ago(300)));
    assert_eq!(away("v3080"), None, "it stands");
    assert_eq!(away("v3085"), None, "it never stood here");
}

/// Whoever commits may have a clock that is behind: in history stands what came later, whatever it shows.
#[test]
fn what_came_after_a_roll_back_by_a_slow_clock_came_after_it() {
    let world = production(
        &[
            ("v3080", "v3083", 90_000),
            ("v3083", "v3080", 300),
            ("v3080", "v3084", 500),
            ("v3084", "v3080", 450),
        ],
        &[back("v3083", "v3080", 310)],
    );
    assert_eq!(words(&world).0, [Word::Lower], "{:?}", words(&world).1);
}

/// One that is on its way, or was stopped, brought nothing yet and hides nothing of the one before.
#[test]
fn a_newer_roll_back_that_has_not_come_does_not_hide_the_one_that_has() {
    let world = production(
        &[
            ("v3080", "v3083", 90_000),
            ("v3083", "v3084", 3_600),
            ("v3084", "v3083", 880),
        ],
        &[back("v3084", "v3083", 900), back("v3083", "v3080", 100)],
    );
    let because =
        "rolled back from v3084 15m ago by alice: incident 900. v3084 still waits in staging.";
    assert_eq!(words(&world), (vec![Word::Back], vec![because.to_owned()]));
}

#[test]
fn what_was_rolled_back_and_came_again_says_so() {
    let moves = [
        ("v3083", "v3084", 3_600),
        ("v3084", "v3083", 880),
        ("v3083", "v3084", 40),
    ];
    let mut world = production(&moves, &[back("v3084", "v3083", 900)]);
    let again =
        "alice rolled v3084 back 15m ago: incident 900, and it came again 40s ago (govuk-ci).";
    assert_eq!(words(&world), (vec![Word::Back], vec![again.to_owned()]));
    let long = [
        ("v3083", "v3084", 9_600),
        ("v3084", "v3083", 6_880),
        ("v3083", "v3084", 3_700),
    ];
    let long = production(&long, &[back("v3084", "v3083", 6_900)]);
    assert_eq!(
        words(&long).0,
        [],
        "calm after an hour, as long as it harms nobody"
    );
    let status = world.status("production", "whitehall");
    assert_eq!(status.levers(), [Lever::RollBack, Lever::Hold]);
    pods(&mut world, "v3083", true);
    pods(&mut world, "v3084", false);
    let (attention, because) = words(&world);
    assert_eq!(attention, [Word::Crash]);
    assert!(because[0].ends_with(again), "{because:?}");
    // Of a change that the robot made nobody says that it was a roll back, unless the journal does.
    world.store.know_taken_back(Default::default());
    let (_, because) = words(&world);
    assert!(!because[0].contains("came again"), "{because:?}");
}

/// That it came again does not say why it is late.
#[test]
fn what_came_again_and_is_late_says_both() {
    let moves = [
        ("v3083", "v3084", 5_600),
        ("v3084", "v3083", 2_880),
        ("v3083", "v3084", 1_200),
    ];
    let mut world = production(&moves, &[back("v3084", "v3083", 2_900)]);
    pods(&mut world, "v3083", true);
    let (attention, because) = words(&world);
    assert_eq!(attention, [Word::Stuck, Word::Back], "{because:?}");
    let again = "alice rolled v3084 back 48m ago: incident 2900, and it came again 20m ago (govuk-ci). v3083 is still here: 2/2 pods ready.";
    assert_eq!(because[1], again);
}

/// Of an app of two images one was rolled back, and the other came again: one word tells both.
#[test]
fn a_file_that_came_again_is_told_beside_one_that_stays_rolled_back() {
    let mut world = Fixture::new();
    let files = ["licensify-backend", "licensify-feed"];
    world.app("licensify", &files);
    for file in files {
        world.file("staging", file, "v374", true);
        world.moved_since("production", file, "v370", "v374", 3_600);
        world.moved_since("production", file, "v374", "v370", 880);
    }
    world.file("production", "licensify-backend", "v370", true);
    world.file("production", "licensify-feed", "v374", true);
    world.moved_since("production", "licensify-feed", "v370", "v374", 60);
    let known = files.map(|file| {
        let file = ("production".into(), file.into());
        (file, vec![back("v374", "v370", 900)])
    });
    world.store.know_taken_back(known.into());
    let status = world.status("production", "licensify");
    assert_eq!(status.attention, [Word::Back], "{:?}", status.because);
    assert_eq!(status.because.len(), 1);
    // The one that came again is led back, and not the other further back.
    assert_eq!(status.troubled_file, Some("licensify-feed".into()));
    for told in [
        "rolled back from licensify-backend v374",
        "it came again 1m ago",
    ] {
        assert!(status.because[0].contains(told), "{:?}", status.because);
    }
}

/// Of an app of two images both were rolled back, each by a plan of its own.
#[test]
fn each_file_that_was_rolled_back_is_named_with_what_waits_below() {
    let mut world = Fixture::new();
    let files = ["licensify-backend", "licensify-feed"];
    world.app("licensify", &files);
    for file in files {
        world.file("staging", file, "v374", true);
        world.file("production", file, "v370", true);
        world.moves(file, &[("staging", "v372", "v374", 4_200)]);
        for (from, to, age) in [("v370", "v374", 3_600), ("v374", "v370", 880)] {
            world.moved_since("production", file, from, to, age);
        }
    }
    let known = files.map(|file| {
        let file = ("production".into(), file.into());
        (file, vec![back("v374", "v370", 900)])
    });
    world.store.know_taken_back(known.into());
    let status = world.status("production", "licensify");
    assert_eq!(status.attention, [Word::Back]);
    let because = &status.because[0];
    for file in files {
        let back = format!("rolled back from {file} v374 15m ago by alice: incident 900.");
        let waits = format!("{file} v374 still waits in staging.");
        assert!(
            because.contains(&back) && because.contains(&waits),
            "{because}"
        );
    }
}
