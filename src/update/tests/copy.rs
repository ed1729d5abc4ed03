//! Copy: what is copied, of what, and what is said of it.

use super::*;

#[test]
fn what_is_copied_acts_on_nothing_that_it_is_pasted_into() {
    let mut world = Fixture::new();
    let hostile = "v1\u{1b}[201~\u{15}touch OWN\r";
    world
        .app("pub\u{15}lisher", &["publisher"])
        .file("production", "publisher", hostile, true);
    let mut state = state(world);
    for keys in ["y v", "y m", "y c", "o"] {
        let effects = press(&mut state, keys);
        let [Effect::Copy(text)] = effects.as_slice() else {
            panic!("{keys}: {effects:?}");
        };
        let acts = |letter: char| crate::text::is_hidden(letter) && letter != '\n';
        assert!(!text.contains(acts), "{keys}: {text:?}");
        press(&mut state, "esc");
    }
}

/// To kubectl a name that begins with a dash would be an option.
#[test]
fn a_name_that_no_object_can_have_is_given_to_no_program() {
    let mut world = Fixture::new();
    world
        .app("--kubeconfig=evil", &["publisher"])
        .file("production", "publisher", "v1", true);
    let mut state = state(world);
    let effects = press(&mut state, "y c");
    let [Effect::Copy(text)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert!(
        !text.contains("kubectl") && text.contains("git log"),
        "{text}"
    );
    let why = "\n: '--kubeconfig=evil is no name that an object can have, so there is no command for it.'\n";
    assert!(text.contains(why), "{text}");
}

#[test]
fn what_is_copied_is_shown_beside_its_count_and_goes_with_the_next_key_which_counts() {
    let mut state = state(world());
    for (keys, stands) in [
        ("o", "publisher @ production"),
        ("y c", "router @ production"),
        ("k y v", "router @ production"),
    ] {
        let effects = press(&mut state, keys);
        let [Effect::Copy(text)] = effects.as_slice() else {
            panic!("{keys}: {effects:?}");
        };
        let screen = screen(&state);
        let count = format!("{} bytes for the terminal's clipboard (OSC 52)", text.len());
        assert!(screen.contains(&count), "{keys}\n{screen}");
        let drawn: String = screen.split_whitespace().collect();
        let copied: String = text.split_whitespace().collect();
        assert!(drawn.contains(&copied), "{keys}: {text}\n{screen}");
        press(&mut state, "j");
        assert_eq!(selected(&state), stands);
        assert!(state.ui.notice.is_none());
    }
}

#[test]
fn copy_and_link_are_about_what_is_selected_in_the_view_that_one_looks_at() {
    let mut world = world();
    world.moved(
        "production",
        "publisher",
        "v0",
        "v1",
        3_600,
        ActorKind::Robot,
    );
    world.moved(
        "production",
        "publisher",
        "v7",
        "v0",
        7_200,
        ActorKind::Robot,
    );
    world.fact(
        "staging",
        crate::store::fixture::smoke("staging", "router", "post-sync-1", "v2", RunPhase::Failed),
    );
    let mut state = state(world);
    let copied = |state: &mut State, keys: &str| match press(state, keys).as_slice() {
        [.., Effect::Copy(text)] => text.clone(),
        _ => String::new(),
    };
    // A run is open, and another row's history is looked at.
    press(&mut state, "/ r o u t e r enter enter");
    assert!(copied(&mut state, "o").ends_with("/workflows/apps/post-sync-1"));
    assert_eq!(copied(&mut state, "y v"), "post-sync-1");
    press(&mut state, "esc / ctrl-u p u b l i s h e r enter l H");
    assert_eq!(copied(&mut state, "y v"), "v1");
    assert_eq!(copied(&mut state, "j y v"), "v0");
    let commit = format!("{:040x}", 7_200);
    assert!(copied(&mut state, "o").ends_with(&format!("/commit/{commit}")));
    assert!(copied(&mut state, "y c").starts_with(&format!("git show {commit} -- ")));
    press(&mut state, "esc S");
    assert_eq!(copied(&mut state, "y v"), "git");
    assert_eq!(
        copied(&mut state, "j y v"),
        state.store.sources().nth(1).unwrap().0.to_string()
    );
    press(&mut state, "esc");
    assert!(copied(&mut state, "o").ends_with("/cluster-services/publisher"));
}
