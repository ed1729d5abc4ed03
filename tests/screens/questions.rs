//! Questions: which keys count where a plan's outcome is settled, a debt is closed or a cell is muted.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a world that cannot be built must end the test"
)]

use super::golden::drawn;
use super::{after, decide, key, night, request, world};
use leverframe::effect::Effect;
use leverframe::journal::{MuteEntry, What};
use leverframe::message::Message;
use leverframe::model::{ActorKind, Target};
use leverframe::plan::Lever;
use leverframe::state::{Overlay, State, View};
use leverframe::update::update;

const UNSEEN: &str = "Pressed before the terminal had this question, so it does not count.";
const TOGETHER: &str = "That key came together with others; press it by itself (Enter).";

/// The terminal had what stands there now at this time.
fn seen(state: &mut State, at_ms: i64) {
    let (overlay, at) = (state.ui.overlay_number, after(at_ms));
    update(state, Message::Painted { overlay, at });
}

fn selected(state: &State) -> Option<usize> {
    match state.ui.overlay {
        Some(
            Overlay::Settle { selected, .. }
            | Overlay::Undo { selected, .. }
            | Overlay::Mute { selected, .. },
        ) => Some(selected),
        _ => None,
    }
}

/// A plan whose outcome is not known, in the journal view.
fn to_settle(columns: u16, rows: u16) -> State {
    let mut state = night(columns, rows);
    let plan = decide(&state, &request(Lever::Refresh, "staging", "publisher")).unwrap();
    let id = plan.id.clone();
    world::intend(&mut state, plan, "2m");
    state.ui.views.push(View::Journal);
    open(
        &mut state,
        Overlay::Settle {
            plan: id,
            selected: 0,
        },
    );
    state
}

/// A roll back that left a debt, in the journal view.
fn to_undo(columns: u16, rows: u16) -> State {
    let mut state = night(columns, rows);
    let roll_back = request(Lever::RollBack, "production", "whitehall-admin");
    let mut plan = decide(&state, &roll_back).unwrap();
    plan.hops.clear();
    let id = plan.id.clone();
    world::remember(&mut state, plan, "2h");
    state.ui.views.push(View::Journal);
    open(
        &mut state,
        Overlay::Undo {
            plan: id,
            selected: 0,
        },
    );
    state
}

fn to_mute(columns: u16, rows: u16) -> State {
    let mut state = night(columns, rows);
    let target = Target::new("production", "whitehall-admin");
    open(
        &mut state,
        Overlay::Mute {
            target,
            selected: 0,
        },
    );
    state
}

/// As a key would: nobody has seen it yet.
fn open(state: &mut State, overlay: Overlay) {
    state.ui.overlay = Some(overlay);
    state.ui.overlay_number += 1;
    state.ui.overlay_painted = None;
}

type Question = fn(u16, u16) -> State;

const QUESTIONS: [Question; 3] = [to_settle, to_undo, to_mute];

#[test]
fn keys_that_were_pressed_before_the_terminal_had_the_question_do_nothing_and_it_says_so() {
    for question in QUESTIONS {
        let mut state = question(80, 24);
        // In one piece, and with pauses.
        for queued in [true, false] {
            for word in ["j", "j", "enter"] {
                assert_eq!(key(&mut state, word, 0, queued), []);
                assert_eq!(selected(&state), Some(0));
                assert!(drawn(&state).contains(UNSEEN), "{}", drawn(&state));
            }
        }
        // Read before the terminal's answer, and taken in after it.
        seen(&mut state, 1_000);
        assert_eq!(key(&mut state, "enter", 999, false), []);
        assert_eq!(selected(&state), Some(0));
        key(&mut state, "j", 1_000, false);
        assert_eq!(selected(&state), Some(1));
        key(&mut state, "enter", 2_000, false);
        assert_eq!(selected(&state), None, "{}", drawn(&state));
        // Leaving always counts.
        let mut state = question(80, 24);
        key(&mut state, "esc", 0, true);
        assert_eq!(selected(&state), None);
    }
}

#[test]
fn the_key_that_answers_counts_only_by_itself() {
    for question in QUESTIONS {
        let mut state = question(80, 24);
        seen(&mut state, 0);
        key(&mut state, "j", 1_000, true);
        assert_eq!(key(&mut state, "enter", 1_000, true), []);
        assert!(drawn(&state).contains(TOGETHER), "{}", drawn(&state));
        assert_eq!(key(&mut state, "enter", 1_199, false), []);
        assert_eq!(selected(&state), Some(1));
        key(&mut state, "enter", 1_200, false);
        assert_eq!(selected(&state), None);
    }
}

#[test]
fn what_was_seen_and_answered_is_journalled() {
    let mut state = to_settle(80, 24);
    seen(&mut state, 0);
    key(&mut state, "j", 1_000, false);
    key(&mut state, "j", 2_000, false);
    let effects = key(&mut state, "enter", 3_000, false);
    let [Effect::Record(entry)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert!(matches!(entry.what, What::Settled { done: false, .. }));
    let mut state = to_undo(80, 24);
    seen(&mut state, 0);
    key(&mut state, "j", 1_000, false);
    let effects = key(&mut state, "enter", 3_000, false);
    let [Effect::Record(entry)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert!(matches!(entry.what, What::Paid { .. }));
}

/// What has to be in sight of a question, besides its answers.
const ABOUT: [(Question, &[&str]); 2] = [
    (
        to_settle,
        &[
            "publisher @ staging",
            "made",
            "it was done",
            "it was not done",
        ],
    ),
    (
        to_undo,
        &[
            "whitehall-admin @ production to",
            "closes the debt",
            "writes nothing",
        ],
    ),
];

#[test]
fn a_question_that_there_is_no_room_for_is_not_asked_and_names_the_size_that_it_needs() {
    for (question, about) in ABOUT {
        for size in [(20, 5), (39, 24), (40, 5), (80, 6)] {
            let mut state = question(size.0, size.1);
            seen(&mut state, 0);
            for word in ["j", "enter"] {
                assert_eq!(key(&mut state, word, 1_000, false), []);
            }
            assert_eq!(selected(&state), Some(0), "{size:?}");
            let (columns, rows) = super::size_named(&drawn(&state));
            // That size suffices, as soon as the terminal has it.
            update(&mut state, Message::Resized(columns, rows));
            assert_eq!(key(&mut state, "enter", 2_000, false), []);
            assert_eq!(selected(&state), Some(0), "{size:?}");
            seen(&mut state, 3_000);
            let screen = drawn(&state);
            let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
            for part in about {
                assert!(
                    words.contains(part),
                    "{part:?} at {columns}x{rows}\n{screen}"
                );
            }
            key(&mut state, "enter", 4_000, false);
            assert_eq!(selected(&state), None, "{screen}");
            // One row less does not.
            let state = question(columns, rows - 1);
            assert!(drawn(&state).contains("Too small to"), "{}", drawn(&state));
        }
    }
}

#[test]
fn what_was_typed_before_the_terminal_had_the_field_is_no_reason_of_a_mute() {
    const UNSEEN: &str = "Pressed before the terminal had this field, so it does not count.";
    let mut state = to_mute(80, 24);
    seen(&mut state, 0);
    key(&mut state, "enter", 500, false);
    assert!(
        drawn(&state).contains("why is it muted?"),
        "{}",
        drawn(&state)
    );
    for queued in [true, false] {
        for word in ["x", "enter"] {
            assert_eq!(key(&mut state, word, 600, queued), []);
            assert!(drawn(&state).contains(UNSEEN), "{}", drawn(&state));
            assert!(
                drawn(&state).contains("why is it muted?"),
                "{}",
                drawn(&state)
            );
        }
    }
    seen(&mut state, 1_000);
    for word in ["o", "k"] {
        key(&mut state, word, 1_100, true);
    }
    assert!(
        drawn(&state).contains("why is it muted? ok"),
        "{}",
        drawn(&state)
    );
    assert!(!drawn(&state).contains(UNSEEN));
    assert_eq!(key(&mut state, "enter", 1_200, true), []);
    assert!(drawn(&state).contains(TOGETHER), "{}", drawn(&state));
    let effects = key(&mut state, "enter", 2_000, false);
    assert!(
        matches!(&effects[..], [Effect::Mute(entry)] if matches!(&**entry, MuteEntry::Muted(mute) if mute.reason == "ok")),
        "{effects:?}"
    );
    // Leaving always counts.
    let mut state = to_mute(80, 24);
    seen(&mut state, 0);
    key(&mut state, "enter", 500, false);
    key(&mut state, "esc", 600, true);
    assert!(state.ui.prompt.is_none());
}

#[test]
fn what_was_accepted_is_not_settled_as_if_no_answer_had_come() {
    let says = |outcome: bool| {
        let mut state = to_settle(120, 40);
        let Some(Overlay::Settle { plan, .. }) = &state.ui.overlay else {
            panic!("no question")
        };
        let accepted = leverframe::plan::Outcome::Applied {
            evidence: "annotated".into(),
        };
        let entry = leverframe::journal::Entry {
            at: after(0),
            plan: plan.clone(),
            what: What::Outcome { outcome: accepted },
        };
        if outcome {
            state.journal.add_entry(entry);
        }
        drawn(&state)
    };
    let (sent, accepted) = (
        "sent, and no answer came.",
        "accepted, and its effect is awaited.",
    );
    assert!(says(false).contains(sent), "{}", says(false));
    assert!(says(true).contains(accepted), "{}", says(true));
    assert!(!says(true).contains(sent), "{}", says(true));
}

/// licensify: in staging v3 of the feed, in production v2 of both its images, after v1 and v0.
fn licensify() -> world::World {
    let mut world = world::World::new();
    world.may_all();
    world.app("licensify", &["licensify-backend", "licensify-feed"]);
    for environment in ["integration", "staging", "production"] {
        for file in ["licensify-backend", "licensify-feed"] {
            world.moved(environment, file, "v0", "v1", "90h", ActorKind::Robot);
            world.stands(environment, file, "v1", "v2", "20m");
        }
        world.application(environment, "licensify", |_| {});
    }
    world.stands("staging", "licensify-feed", "v2", "v3", "1m");
    world
}

/// Enter moves the file that the list of levers named: what waits, and of a target in trouble the file that is in trouble.
#[test]
fn which_file_opens_on_the_one_that_the_lever_named() {
    let target = Target::new("production", "licensify");
    let mut crashes = licensify();
    crashes.pod("production", "licensify", "licensify-backend", "v2", |_| {});
    crashes.crashing("production", "licensify", "licensify-feed", "v2");
    let cases = [
        (licensify(), Lever::Promote, "p", "to v3"),
        (crashes, Lever::RollBack, "b", "to v1"),
    ];
    for (world, lever, pulls, to) in cases {
        let mut state = world.state(120, 40);
        leverframe::update::derive_state(&mut state);
        state.ui.overlay = Some(Overlay::Levers {
            target: target.clone(),
            selected: None,
            after: None,
        });
        let listed = drawn(&state);
        let named = format!("ready  licensify-feed {to} (");
        assert!(listed.contains(&named), "{lever:?}: {listed}");
        key(&mut state, pulls, 1, false);
        let question = drawn(&state);
        assert!(question.contains("[licensify-feed v2]"), "{question}");
        key(&mut state, "enter", 2, false);
        let Some(Overlay::Confirm(ui)) = &state.ui.overlay else {
            unreachable!("{}", drawn(&state));
        };
        let file = ui.plan.request.repository.as_ref();
        assert_eq!(file.map(|file| file.as_str()), Some("licensify-feed"));
    }
}

/// A change in the history of an app of several images is of one of its files.
#[test]
fn a_roll_back_to_a_change_of_the_history_means_its_file() {
    let mut state = licensify().state(120, 40);
    leverframe::update::derive_state(&mut state);
    let target = Target::new("production", "licensify");
    state.ui.views.push(View::History(target));
    let rows = drawn(&state);
    let of_feed = |line: &str| line.contains("licensify-feed") && line.contains("-> v1");
    let rows: Vec<&str> = rows.lines().filter(|line| line.contains(" -> ")).collect();
    let at = rows.iter().position(|line| of_feed(line)).unwrap();
    for _ in 0..at {
        key(&mut state, "j", 1, false);
    }
    key(&mut state, "b", 2, false);
    let Some(Overlay::Confirm(ui)) = &state.ui.overlay else {
        unreachable!("{}", drawn(&state));
    };
    let request = &ui.plan.request;
    assert_eq!(request.name_app(), "licensify-feed (licensify)");
    assert_eq!(request.version, Some("v1".into()));
}
