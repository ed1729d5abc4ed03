//! Settling: what is said of a plan that was sent long ago, and what is not.

use super::*;
use crate::provider::git::seek::LOOK_BACK;

/// Moves main on by many commits of a robot; much faster one by one than through the fixture.
fn robots(fixture: &Fixture, count: usize, first_at: i64) {
    let git = fixture.git();
    let mut tip = git.find_commit(fixture.tip()).unwrap();
    for n in 0..count {
        let at = git2::Time::new(first_at + i64::try_from(n).unwrap(), 0);
        let who = git2::Signature::new("Robot", "robot@example.org", &at).unwrap();
        let id = git
            .commit(None, &who, &who, "robot", &tip.tree().unwrap(), &[&tip])
            .unwrap();
        tip = git.find_commit(id).unwrap();
    }
    git.reference("refs/heads/main", tip.id(), true, "robots")
        .unwrap();
}

#[test]
fn what_landed_long_ago_is_found_below_all_that_came_since() {
    let fixture = fixture();
    let repository = fixture.open();
    let ours = tried_long_ago(&repository, "7f3a", fixture.tip());
    let landed = |tip: Oid| {
        fixture
            .git()
            .reference("refs/heads/main", tip, true, "landed")
            .unwrap();
    };
    landed(ours);
    robots(&fixture, LOOK_BACK + 1, 1_755_100_000);
    assert_eq!(
        look_for(&repository, "7f3a", None, now()),
        Search::Applied(ours)
    );
    assert!(!is_kept(fixture.path(), "7f3a"));
    // Without what was kept it is out of sight: neither done nor not done, unless the plan is from after what was seen.
    let (old, new) = (1_755_000_000, 1_755_100_000 + 3 * 24 * 3600);
    let at = |second| jiff::Timestamp::from_second(second).unwrap();
    assert!(matches!(
        look_for(&repository, "7f3a", None, at(old)),
        Search::Unknown(_)
    ));
    assert_eq!(
        look_for(&repository, "7f3b", None, at(new)),
        Search::NotThere
    );
    // And what did not land is not done however much came since.
    tried_long_ago(&repository, "7f3c", ours);
    assert_eq!(look_for(&repository, "7f3c", None, now()), Search::NotThere);
}

#[test]
fn a_plan_that_nothing_proves_stays_unknown() {
    let fixture = fixture();
    let repository = fixture.open();
    // Another process may be just before its push.
    assert!(matches!(
        look_for(&repository, "7f3a", None, now()),
        Search::Unknown(_)
    ));
    // A branch that is not there (any more) may have been merged and removed.
    let old = jiff::Timestamp::from_second(1_756_000_000).unwrap();
    assert!(matches!(
        look_for(&repository, "7f3a", Some("leverframe/7f3a"), old),
        Search::Unknown(_)
    ));
    // A history that was made anew, without what ours was built on.
    let first = fixture
        .git()
        .find_commit(fixture.tip())
        .unwrap()
        .parent_id(0)
        .unwrap();
    tried_long_ago(&repository, "7f3a", fixture.tip());
    fixture.rewind(first, &[("other", b"2\n")], "anew");
    assert!(matches!(
        look_for(&repository, "7f3a", None, now()),
        Search::Unknown(_)
    ));
    assert!(is_kept(fixture.path(), "7f3a"));
    // Ours made anew by the far side, trailer and all.
    let message = commit::message("sent", &[(PLAN_TRAILER, "7f3a")]);
    let anew = fixture.commit(&[("other", b"3\n")], &message);
    assert_eq!(
        look_for(&repository, "7f3a", None, now()),
        Search::Applied(anew)
    );
}
