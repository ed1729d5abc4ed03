//! Keys: no text on any screen names a key but through the keymap.

use super::any::every;
use super::golden::drawn;
use super::{night, plan_id};
use leverframe::action::Place;
use leverframe::keymap::{Chord, Keymap};
use leverframe::lever::Lever;
use leverframe::message::{Message, Press};
use leverframe::model::Target;
use leverframe::state::{Notice, Overlay, State};
use leverframe::update::update;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Every action of every place on a letter that no default and no text of ours has.
fn rebound() -> (Keymap, BTreeSet<char>) {
    let built_in = Keymap::built_in().unwrap();
    let mut text = String::new();
    let mut letters = BTreeSet::new();
    for place in Place::ALL {
        text.push_str(&format!("[{}]\n", place.name()));
        for (nth, (action, _)) in built_in.section_actions(place).into_iter().enumerate() {
            // Letters of other alphabets, a place each its own, so that none hides one of `any`.
            let first = if place == Place::Any { 'Ա' } else { 'Ა' };
            let letter = char::from_u32(first as u32 + nth as u32).unwrap();
            text.push_str(&format!("{} = [\"{letter}\"]\n", action.name()));
            letters.insert(letter);
        }
    }
    (
        Keymap::overridden(Path::new("keys.toml"), &text).unwrap(),
        letters,
    )
}

/// Default keys as they are written, but for what is a sign, a count or a word of the language as well.
fn defaults() -> BTreeSet<String> {
    const SIGNS: &str = "@ + - . / & : ? x a 1 2 3 [ ] { } Left Right Up Down End Home";
    let built_in = Keymap::built_in().unwrap();
    let mut defaults: BTreeSet<String> = BTreeSet::new();
    for place in Place::ALL {
        for (_, chords) in built_in.section_actions(place) {
            defaults.extend(chords.iter().map(ToString::to_string));
        }
    }
    for sign in SIGNS.split(' ') {
        defaults.remove(sign);
    }
    defaults
}

/// The default keys that stand in a text as words of their own.
fn hints<'t>(text: &'t str, defaults: &BTreeSet<String>) -> BTreeSet<&'t str> {
    text.split(|c: char| c.is_whitespace() || "(),;`".contains(c))
        .map(|word| word.trim_end_matches(['.', ':']))
        .filter(|word| defaults.contains(*word))
        .collect()
}

fn press(state: &mut State, letter: char) {
    let press = Press {
        chord: Chord::parse(&letter.to_string()).unwrap(),
        at: state.now,
        queued: false,
        id: plan_id("7f3b"),
    };
    update(state, Message::Pressed(press));
}

#[test]
fn no_text_names_a_key_that_was_given_away() {
    let (keys, letters) = rebound();
    let keys = Arc::new(keys);
    let defaults = defaults();
    let mut wrong: BTreeSet<String> = BTreeSet::new();
    let mut look = |what: &str, state: &State| {
        let screen = drawn(state);
        for hint in hints(&screen, &defaults) {
            let line = screen
                .lines()
                .find(|line| hints(line, &defaults).contains(hint));
            wrong.insert(format!(
                "{hint} in {what}: {}",
                line.unwrap_or_default().trim()
            ));
        }
    };
    for (nth, mut state) in every(80, 40).into_iter().enumerate() {
        state.keys = keys.clone();
        look(&format!("screen {nth}"), &state);
        // What every key answers from there on, those that do nothing too.
        for letter in &letters {
            press(&mut state, *letter);
            look(&format!("screen {nth} after {letter}"), &state);
        }
    }
    // Why each lever does not move, and the next thing to do.
    let mut state = night(80, 40);
    state.keys = keys;
    for environment in ["integration", "staging", "production"] {
        for app in ["whitehall-admin", "publisher", "gone"] {
            for selected in 0..Lever::ALL.len() {
                let target = Target::new(environment, app);
                state.ui.overlay = Some(Overlay::Levers {
                    target,
                    selected: Some(selected),
                    after: None,
                });
                look(&format!("levers of {app} in {environment}"), &state);
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{}",
        wrong.into_iter().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn a_message_of_several_lines_leaves_the_levers_in_sight() {
    let mut state = night(80, 24);
    let levers = |screen: &str| {
        let line = screen.lines().find(|line| line.contains(" levers: "));
        line.map(str::to_owned)
    };
    let before = levers(&drawn(&state));
    assert!(before.is_some());
    for lines in 1..=3 {
        state.ui.notice = Some(Notice {
            text: "word ".repeat(16 * lines),
            at: state.now,
            fault: false,
            accepts: None,
            is_back: None,
        });
        let screen = drawn(&state);
        assert_eq!(levers(&screen), before, "{lines} lines: {screen}");
        assert_eq!(screen.matches("word").count(), 16 * lines, "{screen}");
    }
}
