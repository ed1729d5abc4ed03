//! Warned: what must be known stands until a key is pressed after the terminal had it, and hides no progress.

use crate::plans::some_plan;
use crate::scene::*;
use crate::world::{now, remember};
use jiff::{SignedDuration, Timestamp};
use leverframe::keymap::Chord;
use leverframe::message::{Message, Press};
use leverframe::plan::*;
use leverframe::state::State;
use leverframe::update::{derive_state, update};

fn after(start: Timestamp, milliseconds: i64) -> Timestamp {
    let passed = SignedDuration::from_millis(milliseconds);
    start.checked_add(passed).unwrap()
}

/// What the last lines say.
fn said(state: &State) -> String {
    let lines = leverframe::screen::message::lines(state, usize::from(state.size.0));
    let stretches = lines.iter().flat_map(|line| line.stretches());
    stretches.map(|(text, _)| format!("{text} ")).collect()
}

/// Time passes, and what follows from it is derived.
fn pass(state: &mut State, at: Timestamp) {
    update(state, Message::Ticked(at));
    derive_state(state);
}

/// The terminal has a frame of the state as it is now.
fn draw(state: &mut State, at: Timestamp) {
    update(state, Message::Drawn);
    update(state, Message::Shown(at));
}

fn press(state: &mut State, key: &str, at: Timestamp) {
    let press = Press {
        chord: Chord::parse(key).unwrap(),
        at,
        queued: false,
        id: PlanId::new("0123456789abcdef"),
    };
    update(state, Message::Pressed(press));
    derive_state(state);
}

/// A stop that is awaited for hours, and is the newest plan.
fn long_awaited() -> Plan {
    let mut plan = some_plan("bbbb");
    plan.hops[0].late_s = 100_000;
    plan
}

#[test]
fn an_overdue_plan_stands_beside_how_far_a_newer_one_has_come_until_it_was_read() {
    let mut world = publisher();
    by_commits(&mut world);
    let plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    let late = after(now(), 1_000 * (plan.hops[0].late_s + 1));
    let mut state = world.state(80, 24);
    remember(&mut state, plan, "1s");
    remember(&mut state, long_awaited(), "1s");
    pass(&mut state, late);
    draw(&mut state, after(late, 100));
    for seconds in [0, 21, 3_700] {
        pass(&mut state, after(late, 1_000 * seconds));
        let said = said(&state);
        assert!(
            said.contains("promote publisher in production: OVERDUE"),
            "{seconds}: {said}"
        );
        assert!(said.contains("waiting for"), "{seconds}: {said}");
    }
    // This one was typed before the terminal had it.
    press(&mut state, "j", after(late, 50));
    assert!(said(&state).contains("OVERDUE"));
    press(&mut state, "j", after(late, 3_800_000));
    assert!(!said(&state).contains("OVERDUE"), "{}", said(&state));
    assert!(said(&state).contains("waiting for"), "{}", said(&state));
}

#[test]
fn the_newest_plan_that_is_overdue_is_said_once_and_its_end_takes_the_place_of_that() {
    let mut world = publisher();
    by_commits(&mut world);
    let mut plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    plan.hops.truncate(1);
    let late = after(now(), 1_000 * (plan.hops[0].late_s + 1));
    let mut state = world.state(200, 24);
    remember(&mut state, plan, "1s");
    pass(&mut state, late);
    assert_eq!(
        said(&state).matches("OVERDUE").count(),
        1,
        "{}",
        said(&state)
    );
    world.stands("production", "publisher", "v1361", "v1362", "0s");
    state.store = world.state(200, 24).store;
    pass(&mut state, after(late, 60_000));
    assert!(!said(&state).contains("OVERDUE"), "{}", said(&state));
    assert!(said(&state).contains("done in"), "{}", said(&state));
}

#[test]
fn neither_an_acceptance_nor_time_nor_another_answer_hides_a_warning() {
    let mut world = publisher();
    by_commits(&mut world);
    let mut state = world.state(80, 24);
    remember(&mut state, long_awaited(), "1s");
    let warning = "The journal is written to /var/tmp/j for now.";
    update(&mut state, Message::Warned(warning.to_owned()));
    // It is noted with each entry, and said once.
    update(&mut state, Message::Warned(warning.to_owned()));
    let (plan, evidence) = (PlanId::new("bbbb"), "commit 7c1e09a pushed".to_owned());
    let outcome = Outcome::Applied { evidence };
    update(&mut state, Message::Outcome { plan, outcome });
    let both = said(&state);
    assert_eq!(both.matches(warning).count(), 1, "{both}");
    assert!(both.contains("accepted, commit 7c1e09a"), "{both}");
    pass(&mut state, after(now(), 60_000));
    let both = said(&state);
    assert!(
        both.contains(warning) && both.contains("waiting for"),
        "{both}"
    );
    // It was not drawn yet.
    press(&mut state, "0", after(now(), 61_000));
    let both = said(&state);
    assert!(
        both.contains(warning) && both.contains("0 does nothing here"),
        "{both}"
    );
}

#[test]
fn a_clock_that_a_key_finds_set_back_is_said_until_the_key_after() {
    let world = publisher();
    let mut state = world.state(80, 24);
    remember(&mut state, long_awaited(), "1s");
    press(&mut state, "0", now());
    update(&mut state, Message::Warned("It was shown before.".into()));
    draw(&mut state, now());
    let by = SignedDuration::from_hours(1);
    let back = after(now(), -3_600_000);
    update(&mut state, Message::ClockSetBack { by, now: back });
    assert_eq!(state.now, back, "whoever brings it brings the time");
    let ends = state.notice_ends_at().unwrap();
    assert!(ends <= after(back, 20_000), "{ends}");
    update(&mut state, Message::Ticked(back));
    press(&mut state, "j", back);
    let sentence = "clock was set back by 1h";
    assert!(said(&state).contains(sentence), "{}", said(&state));
    draw(&mut state, after(back, 100));
    press(&mut state, "j", after(back, 50));
    assert!(said(&state).contains(sentence), "read before it was shown");
    press(&mut state, "j", after(back, 200));
    assert!(state.ui.warnings.is_empty(), "{:?}", state.ui.warnings);
}

#[test]
fn warnings_that_find_no_room_follow_once_those_before_them_were_read() {
    let mut state = publisher().state(80, 24);
    for n in 0..20 {
        update(&mut state, Message::Warned(format!("Warning {n}.")));
    }
    let numbers = |state: &State| -> Vec<usize> {
        let said = said(state);
        (0..20)
            .filter(|n| said.contains(&format!("Warning {n}.")))
            .collect()
    };
    assert_eq!(numbers(&state), (0..3).collect::<Vec<_>>());
    draw(&mut state, now());
    press(&mut state, "j", now());
    assert_eq!(numbers(&state), (3..6).collect::<Vec<_>>());
    // What is open may stand over them.
    press(&mut state, "a", now());
    assert!(state.ui.overlay.is_some());
    draw(&mut state, now());
    press(&mut state, "esc", now());
    assert_eq!(numbers(&state), (3..6).collect::<Vec<_>>());
}
