use super::*;
use crate::lever::Lever;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

fn chord(text: &str) -> Chord {
    Chord::parse(text).unwrap()
}

#[test]
fn every_action_has_a_key_somewhere_and_every_key_does_what_its_place_says() {
    let keys = Keymap::built_in().unwrap();
    for action in Action::all() {
        let reached = Place::ALL.into_iter().any(|place| {
            keys.actions(place)
                .iter()
                .any(|(known, _)| *known == action)
        });
        assert!(reached, "{} has no key in config/keys.toml", action.name());
    }
    for place in Place::ALL {
        for (action, chords) in keys.actions(place) {
            for chord in chords {
                assert_eq!(keys.lookup(place, chord), Some(action), "{place:?} {chord}");
            }
        }
    }
}

#[test]
fn a_places_own_section_comes_before_any_and_fields_have_only_their_own() {
    let keys = Keymap::built_in().unwrap();
    assert_eq!(keys.lookup(Place::Board, chord("/")), Some(Action::Filter));
    assert_eq!(keys.lookup(Place::Log, chord("/")), Some(Action::Search));
    assert!(keys.chords(Place::Log, Action::Filter).is_empty());
    assert_eq!(
        keys.lookup(Place::Levers, chord("p")),
        Some(Action::Pull(Lever::Promote))
    );
    assert_eq!(keys.lookup(Place::Levers, chord("z")), None);
    assert_eq!(keys.lookup(Place::Text, chord("q")), None);
    assert_eq!(keys.lookup(Place::Confirm, chord("q")), None);
    assert_eq!(
        keys.chords(Place::Run, Action::Down),
        [chord("j"), chord("down")]
    );
}

#[test]
fn no_letter_writes_by_itself() {
    let keys = Keymap::built_in().unwrap();
    for place in Place::ALL.into_iter().filter(|p| *p != Place::Levers) {
        for (action, _) in keys.actions(place) {
            assert_eq!(
                action.lever(),
                None,
                "{place:?} pulls a lever without showing the levers"
            );
        }
    }
}

#[test]
fn an_operators_file_replaces_the_chords_of_the_actions_that_it_names() {
    let keys = Keymap::overridden(
        Path::new("k"),
        "[any]\nquit = [\"ctrl-q\", \"f10\"]\nzoom = []\n[run]\nzoom = [\"Z\"]\n",
    )
    .unwrap();
    assert_eq!(keys.lookup(Place::Board, chord("Q")), None);
    assert_eq!(keys.lookup(Place::Board, chord("f10")), Some(Action::Quit));
    assert_eq!(keys.lookup(Place::Board, chord("z")), None);
    assert_eq!(keys.lookup(Place::Run, chord("Z")), Some(Action::Zoom));
    assert_eq!(keys.lookup(Place::Board, chord("j")), Some(Action::Down));
}

#[test]
fn one_chord_for_two_actions_names_both_lines() {
    let text = "# mine\n[log]\nwrap = [\"W\"]\nfollow = [\"W\"]\n";
    let complaints = Keymap::overridden(Path::new("mine.toml"), text).unwrap_err();
    let said = complaints.to_string();
    assert!(
        said.starts_with("mine.toml:3: log.wrap: W means follow in mine.toml:4 already."),
        "{said}"
    );

    let complaints =
        Keymap::overridden(Path::new("mine.toml"), "[any]\nzoom = [\"x\"]\n").unwrap_err();
    let said = complaints.to_string();
    let line = BUILT_IN_KEYS
        .lines()
        .position(|l| l.starts_with("mark ="))
        .unwrap()
        + 1;
    assert!(
        said.contains("mine.toml:2") && said.contains(&format!("keys.toml (built in):{line}")),
        "{said}"
    );
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_line() {
    for (text, line, word) in [
        ("[nowhere]\nleft = [\"h\"]\n", 1, "place"),
        ("[any]\nfly = [\"f\"]\n", 2, "action"),
        ("[any]\n\nleft = \"h\"\n", 3, "list"),
        ("[any]\nleft = [\"h\",\n  \"hyper-h\"]\n", 3, "hyper-h"),
        ("[any]\nleft = [\"ctrl-H\"]\n", 2, "ctrl-H"),
        ("[any]\nleft = [\"h\"]\nleft = [\"i\"]\n", 3, "duplicate"),
        ("any = 1\n", 1, "section"),
    ] {
        let Complaints(list) = Keymap::overridden(Path::new("k"), text).unwrap_err();
        assert_eq!(list[0].line, Some(line), "{text}");
        assert!(list[0].to_string().contains(word), "{}", list[0]);
        assert!(!list[0].remedy.is_empty());
    }
}

#[test]
fn chords_are_read_and_shown() {
    for (text, shown) in [
        ("j", "j"),
        ("G", "G"),
        ("-", "-"),
        ("ctrl-f", "Ctrl-f"),
        ("ctrl--", "Ctrl--"),
        ("ctrl-alt-x", "Ctrl-Alt-x"),
        ("pagedown", "PgDn"),
        ("backtab", "Shift-Tab"),
        ("space", "Space"),
        ("f12", "F12"),
    ] {
        assert_eq!(chord(text).to_string(), shown);
    }
    for text in ["", "ctrl-", "f13", "f0", "jj", " ", "ctrl-ctrl-x", "Enter"] {
        assert_eq!(Chord::parse(text), None, "{text}");
    }
}

#[test]
fn keys_are_taken_as_terminals_report_them() {
    let of = |code, modifiers| Chord::from_key(KeyEvent::new(code, modifiers));
    assert_eq!(of(KeyCode::Char('G'), KeyModifiers::SHIFT), chord("G"));
    assert_eq!(of(KeyCode::Char('?'), KeyModifiers::SHIFT), chord("?"));
    assert_eq!(of(KeyCode::BackTab, KeyModifiers::SHIFT), chord("backtab"));
    assert_eq!(of(KeyCode::Tab, KeyModifiers::SHIFT), chord("backtab"));
    assert_eq!(
        of(
            KeyCode::Char('C'),
            KeyModifiers::CONTROL | KeyModifiers::SHIFT
        ),
        chord("ctrl-c")
    );
}
