//! Warned: what must be known stands until a key is pressed after the terminal had it, and hides no progress.

use crate::plans::some_plan;
use crate::scene::*;
use crate::world::{now, remember};
use jiff::{SignedDuration, Timestamp};
use leverframe::effect::Effect;
use leverframe::journal::{Entry, What};
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
    assert!(said(&state).contains("done within"), "{}", said(&state));
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
fn warnings_that_find_no_room_are_counted_and_follow_once_those_before_them_were_read() {
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
    assert_eq!(numbers(&state), [0, 1, 19]);
    assert!(said(&state).contains("+17 more: J"), "{}", said(&state));
    draw(&mut state, now());
    press(&mut state, "j", now());
    assert_eq!(numbers(&state), [2, 3, 18]);
    assert!(said(&state).contains("+14 more: J"), "{}", said(&state));
    // Keys in what is open are not about them.
    press(&mut state, "a", now());
    assert!(state.ui.overlay.is_some());
    draw(&mut state, now());
    press(&mut state, "esc", now());
    assert_eq!(numbers(&state), [2, 3, 18]);
}

/// Four of two lines each: the oldest is whole, the newest begins, and the others are counted; no key ends what was not
/// whole in sight.
#[test]
fn no_warning_is_hidden_by_an_older_one_and_each_is_whole_before_a_key_ends_it() {
    for (columns, rows) in [(80, 24), (40, 24), (40, 12)] {
        let mut state = publisher().state(columns, rows);
        let long =
            "and what came of it has to be looked at before anything else is sent there ".repeat(2);
        let text = |n: usize| format!("roll back app-{n} in production: cut short, {long}end-{n}.");
        for n in 0..4 {
            update(&mut state, Message::Warned(text(n)));
        }
        for left in (2..=4).rev() {
            let oldest = 4 - left;
            let says = said(&state);
            assert!(
                says.contains(&format!("end-{oldest}.")),
                "{columns}x{rows}: {says}"
            );
            assert!(says.contains("app-3"), "{columns}x{rows}: {says}");
            let more = format!("+{} more: J", left - 2);
            assert_eq!(says.contains(&more), left > 2, "{columns}x{rows}: {says}");
            draw(&mut state, now());
            press(&mut state, "j", now());
            assert_eq!(state.ui.warnings.len(), left - 1);
        }
        assert!(said(&state).contains("end-3."), "{}", said(&state));
    }
}

/// One that was whole in sight, and that a newer one covers, is not read; neither is the newest, which is cut for the sake of
/// how many more there are.
#[test]
fn no_key_ends_a_warning_that_is_covered_again_or_cut() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut state = publisher().state(columns, rows);
        // Each needs one line, whole.
        let text = |n: usize| {
            let text = format!("promote app-{n} in production: cut short: run-{n} ");
            format!("{text:-<wide$}", wide = usize::from(columns))
        };
        let warned = |state: &State| -> Vec<usize> {
            let warnings = &state.ui.warnings;
            let stands = |n: &usize| warnings.iter().any(|warning| warning.text == text(*n));
            (0..4).filter(stands).collect()
        };
        for n in 0..3 {
            update(&mut state, Message::Warned(text(n)));
            draw(&mut state, now());
        }
        update(&mut state, Message::Warned(text(3)));
        draw(&mut state, now());
        assert!(!said(&state).contains("app-2"), "{}", said(&state));
        press(&mut state, "j", after(now(), 1_000));
        assert_eq!(warned(&state), [2, 3], "{columns}x{rows}");
        // Both are whole in sight from now on, and were not when this key was typed.
        draw(&mut state, after(now(), 2_000));
        press(&mut state, "j", after(now(), 1_500));
        assert_eq!(warned(&state), [2, 3], "{columns}x{rows}");
        press(&mut state, "j", after(now(), 3_000));
        assert!(warned(&state).is_empty(), "{columns}x{rows}");
    }
}

/// The bells, and the titles, that what was derived asks for.
fn announced(state: &mut State) -> Vec<String> {
    let effects = derive_state(state);
    let title = |effect: &Effect| match effect {
        Effect::Title(text) => Some(text.clone()),
        _ => None,
    };
    let titles: Vec<String> = effects.iter().filter_map(title).collect();
    let bells = effects.iter().filter(|effect| **effect == Effect::Bell);
    assert_eq!(bells.count(), titles.len());
    titles
}

/// The entries that a derivation has written into the journal's file.
fn written(state: &mut State) -> Vec<Entry> {
    let effects = derive_state(state).into_iter();
    effects
        .filter_map(|effect| match effect {
            Effect::Record(entry) => Some(*entry),
            _ => None,
        })
        .collect()
}

fn read_entry(state: &mut State, plan: &PlanId, what: What) {
    let (at, plan) = (state.now, plan.clone());
    let entry = Entry { at, plan, what };
    update(state, Message::Recorded(Box::new(entry)));
}

/// Each console of a journal says what another console or command noted first.
#[test]
fn what_became_of_a_plan_is_announced_once_whoever_noted_it() {
    let mut world = publisher();
    by_commits(&mut world);
    let mut plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    plan.hops.truncate(1);
    let because = "v1363 followed before".to_owned();
    for (what, word, is_warned) in [
        (What::CutShort { hop: 0, because }, "cut short: v1363", true),
        (What::Late { hop: 0 }, "OVERDUE", true),
        (What::Seen { hop: 0 }, "done within", false),
    ] {
        let mut state = world.state(80, 24);
        remember(&mut state, plan.clone(), "1s");
        assert_eq!(announced(&mut state), Vec::<String>::new());
        read_entry(&mut state, &plan.id, what.clone());
        let titles = announced(&mut state);
        assert_eq!(titles.len(), 1, "{titles:?}");
        assert!(titles[0].contains(word), "{titles:?}");
        assert_eq!(state.ui.warnings.len(), usize::from(is_warned));
        assert!(said(&state).contains(word), "{}", said(&state));
        // Its own line comes back from the file, and so does another console's.
        read_entry(&mut state, &plan.id, what);
        assert_eq!(announced(&mut state), Vec::<String>::new());
        // What stood in the journal already is no news.
        let mut opened_later = world.state(80, 24);
        opened_later.journal = state.journal.clone();
        assert_eq!(announced(&mut opened_later), Vec::<String>::new());
        assert!(opened_later.ui.warnings.is_empty());
    }
}

#[test]
fn two_consoles_of_one_journal_both_warn_of_each_of_several_plans() {
    let mut world = publisher();
    by_commits(&mut world);
    let plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    let late = after(now(), 1_000 * (plan.hops[0].late_s + 1));
    let mut consoles = [world.state(80, 24), world.state(80, 24)];
    let ids = ["aaaa", "bbbb", "cccc", "dddd"].map(PlanId::new);
    for state in &mut consoles {
        for id in &ids {
            let plan = Plan {
                id: id.clone(),
                ..plan.clone()
            };
            remember(state, plan, "1s");
        }
    }
    let [first, second] = &mut consoles;
    update(first, Message::Ticked(late));
    let entries = written(first);
    assert_eq!(entries.len(), ids.len());
    // The second has read the file before its own clock ticks.
    for entry in entries {
        update(second, Message::Recorded(Box::new(entry)));
    }
    update(second, Message::Ticked(late));
    assert_eq!(announced(second).len(), ids.len());
    for state in &consoles {
        let about: Vec<_> = state
            .ui
            .warnings
            .iter()
            .filter_map(|w| w.about.clone())
            .collect();
        assert_eq!(about, ids);
    }
}

#[test]
fn a_journal_that_was_replaced_brings_the_news_that_are_new() {
    let mut world = publisher();
    by_commits(&mut world);
    let plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    let named = |id: &str| Plan {
        id: PlanId::new(id),
        ..plan.clone()
    };
    let mut state = world.state(80, 24);
    remember(&mut state, named("aaaa"), "5m");
    announced(&mut state);
    let mut replaced = world.state(80, 24);
    // One that stood in a file that came back, the known one, and one that was sent meanwhile.
    for (id, age) in [("eeee", "9h"), ("aaaa", "5m"), ("bbbb", "1s")] {
        remember(&mut replaced, named(id), age);
        let because = "another followed".to_owned();
        read_entry(
            &mut replaced,
            &PlanId::new(id),
            What::CutShort { hop: 0, because },
        );
    }
    update(&mut state, Message::JournalRead(Box::new(replaced.journal)));
    assert_eq!(announced(&mut state).len(), 2);
    let about: Vec<_> = state
        .ui
        .warnings
        .iter()
        .filter_map(|w| w.about.clone())
        .collect();
    assert_eq!(about, ["aaaa", "bbbb"].map(PlanId::new));
}

#[test]
fn what_arrived_after_all_is_said_by_each_console() {
    let mut world = publisher();
    by_commits(&mut world);
    let plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    let mut state = world.state(80, 24);
    remember(&mut state, plan.clone(), "1s");
    let because = "it is not there".to_owned();
    let lost = Outcome::Failed {
        because,
        remedy: String::new(),
        lost: true,
    };
    read_entry(&mut state, &plan.id, What::Outcome { outcome: lost });
    assert_eq!(announced(&mut state), Vec::<String>::new());
    let evidence = "commit 7c1e09a is there after all".to_owned();
    let outcome = Outcome::Applied { evidence };
    read_entry(&mut state, &plan.id, What::Outcome { outcome });
    let titles = announced(&mut state);
    assert_eq!(titles.len(), 1, "{titles:?}");
    assert!(
        titles[0].contains("has arrived: commit 7c1e09a"),
        "{titles:?}"
    );
}
