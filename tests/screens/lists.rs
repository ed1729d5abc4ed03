//! Lists: what stays selected, in sight and true in the plain views while facts come in.

#![allow(
    clippy::unwrap_used,
    reason = "a world that cannot be built must end the test"
)]

use super::golden::drawn;
use super::{decide, night, plan_id, request, world};
use leverframe::effect::Effect;
use leverframe::keymap::Chord;
use leverframe::message::{Message, Press};
use leverframe::model::ActorKind;
use leverframe::plan::Lever;
use leverframe::state::{Overlay, State};
use leverframe::store::{Delta, News, Source, Walked};

fn press(state: &mut State, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for word in keys.split(' ') {
        let press = Press {
            chord: Chord::parse(word).unwrap(),
            at: world::now(),
            queued: false,
            id: plan_id("7f3f"),
        };
        effects.extend(leverframe::update::update(state, Message::Pressed(press)));
    }
    leverframe::update::derive_state(state);
    effects
}

/// The line with the cursor.
fn cursor(state: &State) -> String {
    let screen = drawn(state);
    let mut lines = screen.lines().filter(|line| line.starts_with("> "));
    let line = lines.next().unwrap_or_default().to_owned();
    assert_eq!(lines.next(), None, "{screen}");
    line
}

/// The robot brings a version.
fn released(state: &mut State, from: &str, to: &str) {
    let mut later = world::World::new();
    later.moved("production", "whitehall", from, to, "10s", ActorKind::Robot);
    let news = News::Changes {
        changes: later.changes,
        walked: Walked::Newer,
    };
    let delta = Delta {
        source: Source::Git,
        subscription: 1,
        seen_at: world::now(),
        news,
    };
    leverframe::update::update(state, Message::Delta(delta));
    leverframe::update::derive_state(state);
}

#[test]
fn a_release_moves_no_selection_of_the_history() {
    for keys in ["H", "H j"] {
        let mut state = night(80, 24);
        press(&mut state, keys);
        let before = cursor(&state);
        assert!(before.contains(" -> "), "{before}");
        released(&mut state, "v3084", "v3085");
        let now = cursor(&state);
        let version = |line: &str| line[2..40].to_owned();
        assert_eq!(version(&now), version(&before), "{}", drawn(&state));
        assert!(
            drawn(&state).contains("v3084 -> v3085"),
            "{}",
            drawn(&state)
        );
        // The keys go on from there, by one.
        press(&mut state, "k");
        press(&mut state, "j");
        assert_eq!(cursor(&state), now);
    }
}

#[test]
fn a_new_plan_moves_no_selection_of_the_journal() {
    for keys in ["J", "J j"] {
        let mut state = night(80, 24);
        let mut refresh = decide(&state, &request(Lever::Refresh, "staging", "publisher")).unwrap();
        for (id, age) in [("1a", "9m"), ("2b", "5m")] {
            refresh.id = plan_id(id);
            world::intend(&mut state, refresh.clone(), age);
        }
        press(&mut state, keys);
        let before = cursor(&state);
        let id = if keys == "J" { "2b" } else { "1a" };
        assert!(before.contains(id), "{before}");
        refresh.id = plan_id("3c");
        world::intend(&mut state, refresh, "1m");
        leverframe::update::derive_state(&mut state);
        assert_eq!(cursor(&state), before);
        press(&mut state, "enter");
        let Some(Overlay::Settle { plan, .. }) = &state.ui.overlay else {
            unreachable!("{}", drawn(&state));
        };
        assert_eq!(*plan, plan_id(id));
    }
}

#[test]
fn e_shows_the_kubernetes_events_first_and_d_the_truths() {
    let titled = |keys: &str| {
        let mut state = night(80, 24);
        press(&mut state, keys);
        cursor(&state)
    };
    assert!(titled("d").contains("CRASH"), "{}", titled("d"));
    for keys in ["e", "d e", "d j j e"] {
        let line = titled(keys);
        assert!(line.starts_with("> Kubernetes Events"), "{keys}: {line}");
    }
    let mut state = night(80, 24);
    press(&mut state, "e");
    let screen = drawn(&state);
    let title = screen
        .lines()
        .position(|line| line.starts_with("-- whitehall"));
    let events = screen.lines().position(|line| line.starts_with("> Kube"));
    assert_eq!(events, title.map(|line| line + 1), "{screen}");
}

#[test]
fn a_pod_that_comes_moves_no_selection_of_the_target_view() {
    use leverframe::store::Fact;
    let mut state = night(80, 24);
    press(&mut state, "d");
    for _ in 0..40 {
        if cursor(&state).contains("whitehall-admin-") {
            break;
        }
        press(&mut state, "j");
    }
    press(&mut state, "j");
    let before = cursor(&state);
    let world = world::night();
    let pods = &world.facts[&"production".into()];
    let mut pod = pods
        .iter()
        .find_map(|fact| match fact {
            Fact::Pod(pod) if pod.id.name.starts_with("whitehall-admin") => Some(pod.clone()),
            _ => None,
        })
        .unwrap();
    pod.id.name = "whitehall-admin-0".into();
    pod.id.uid = "new".into();
    leverframe::update::update(
        &mut state,
        Message::Delta(Delta {
            source: Source::Cluster("production".into()),
            subscription: 1,
            seen_at: world::now(),
            news: News::Put(Fact::Pod(pod)),
        }),
    );
    leverframe::update::derive_state(&mut state);
    assert!(drawn(&state).contains("whitehall-admin-0"));
    assert_eq!(cursor(&state), before);
}

/// The line of the footer with the keys.
fn footer(state: &State) -> String {
    let screen = drawn(state);
    let lines: Vec<&str> = screen.lines().collect();
    lines[lines.len() - 2].to_owned()
}

#[test]
fn a_key_that_does_nothing_is_off_in_footer_and_help_and_says_why() {
    // Keys that lead there, the word of the footer, the key, and why it is off.
    for (keys, word, key, why) in [
        ("J", "settle or undo", "enter", "No plan is selected."),
        (
            "S",
            "log in",
            "enter",
            "No login command is configured for git; log in by hand, then read it again.",
        ),
        (
            "/ z z z enter",
            "run",
            "enter",
            "No row matches the filter, so nothing is selected; go back to clear it (Esc).",
        ),
    ] {
        let mut state = night(120, 40);
        press(&mut state, keys);
        assert!(!footer(&state).contains(word), "{}", footer(&state));
        let effects = press(&mut state, key);
        let said = state.ui.notice.as_ref().map(|notice| notice.text.clone());
        assert_eq!(said.as_deref(), Some(why), "{keys}");
        assert!(effects.is_empty(), "{keys}");
    }
    let mut state = night(120, 40);
    press(&mut state, "J ?");
    let screen = drawn(&state);
    let off = "off: No plan's outcome is unknown, and no debt is open.";
    assert!(screen.contains(off), "{screen}");
}

#[test]
fn a_key_that_does_something_is_on_and_named_by_what_it_does() {
    let mut state = night(80, 24);
    press(&mut state, "S j");
    assert!(
        footer(&state).contains("Enter log in"),
        "{}",
        footer(&state)
    );
    let effects = press(&mut state, "enter");
    assert!(matches!(effects[..], [Effect::Login(_)]));
    press(&mut state, "esc G");
    assert!(
        footer(&state).contains("Enter unfold"),
        "{}",
        footer(&state)
    );
    press(&mut state, "enter");
    assert!(footer(&state).contains("Enter fold"), "{}", footer(&state));
}

#[test]
fn a_filter_that_cannot_be_read_is_not_called_one_without_a_match() {
    let mut state = night(80, 24);
    press(&mut state, "/ ~ [ enter");
    let screen = drawn(&state);
    let why = "The expression cannot be read, so no row is shown: ~[";
    assert!(screen.contains(why), "{screen}");
    assert!(!screen.contains("No row matches ~["), "{screen}");
}

#[test]
fn the_line_at_leaving_names_no_command_for_a_journal_that_is_gone() {
    let mut state = night(80, 24);
    let mut plan = decide(&state, &request(Lever::Refresh, "staging", "publisher")).unwrap();
    plan.id = plan_id("1a");
    world::intend(&mut state, plan, "1m");
    for (demo, line) in [
        (None, "1 plan open: leverframe journal 1a00"),
        (
            Some("calm"),
            "1 plan was open; the practice yard and its journal are gone.",
        ),
    ] {
        state.settings.demo = demo.map(str::to_owned);
        let effects = press(&mut state, "Q");
        let left = effects.iter().find_map(|effect| match effect {
            Effect::Quit { parting } => parting.clone(),
            _ => None,
        });
        assert_eq!(left.as_deref(), Some(line));
    }
}
