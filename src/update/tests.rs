//! Keys pressed, and what they make of the state: `(world, keys, what stands then)`.

use super::{derive_state, update};
use crate::board::FoldKind;
use crate::effect::Effect;
use crate::keymap::Chord;
use crate::message::{Message, Press};
use crate::model::*;
use crate::plan::PlanId;
use crate::state::{BoardLine, Overlay, Pane, Settings, State, View};
use crate::store::fixture::{Fixture, ago, usual_list};
use std::sync::Arc;

mod back;
mod copy;
mod marks;
mod nothing;
mod order;
mod steady;

pub(super) fn state(world: Fixture) -> State {
    let keys = crate::keymap::Keymap::built_in().unwrap();
    let mut state = State::new(
        Arc::new(world.delivery),
        Arc::new(keys),
        Settings::for_tests(),
        ago(0),
    );
    state.store = world.store;
    derive_state(&mut state);
    state
}

pub(super) fn world() -> Fixture {
    let mut world = Fixture::new();
    for app in ["account-api", "publisher", "router"] {
        world.app(app, &[app]);
        for (environment, version) in [
            ("integration", "v3"),
            ("staging", "v2"),
            ("production", "v1"),
        ] {
            world.file(environment, app, version, false);
        }
    }
    world
}

pub(super) fn press(state: &mut State, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys.split(' ') {
        effects.extend(pressed(state, key, false));
    }
    effects
}

pub(super) fn pressed(state: &mut State, key: &str, queued: bool) -> Vec<Effect> {
    let chord = Chord::parse(key).unwrap();
    let press = Press {
        chord,
        at: ago(-1),
        queued,
        id: PlanId::new("0123456789abcdef"),
    };
    let effects = update(state, Message::Pressed(press));
    derive_state(state);
    effects
}

/// The rows of the screen.
pub(super) fn screen(state: &State) -> String {
    let (columns, rows) = state.size;
    let mut buffer =
        ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, columns, rows));
    crate::view::view(state, &mut buffer);
    let rows = buffer.content.chunks(usize::from(columns));
    rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>() + "\n")
        .collect()
}

pub(super) fn selected(state: &State) -> String {
    state
        .ui
        .board
        .selected
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default()
}

#[test]
fn keys_move_between_rows_and_cells_and_stop_at_the_ends() {
    for (keys, stands) in [
        ("j", "publisher @ production"),
        ("j j j j", "router @ production"),
        ("j k k", "account-api @ production"),
        ("h", "account-api @ staging"),
        ("h h h", "account-api @ integration"),
        ("h h l", "account-api @ staging"),
        ("G", "router @ production"),
        ("G g", "account-api @ production"),
    ] {
        let mut state = state(world());
        press(&mut state, keys);
        assert_eq!(selected(&state), stands, "{keys}");
    }
}

#[test]
fn the_selection_survives_a_new_order_and_the_order_waits_to_be_asked() {
    let mut state = state(world());
    press(&mut state, "j");
    let mut changed = world();
    changed.moved("production", "router", "v9", "v1", 60, ActorKind::Robot);
    changed.moved("production", "router", "v1", "v9", 90, ActorKind::Robot);
    state.store = changed.store;
    state.board_of = None;
    derive_state(&mut state);
    assert_eq!(selected(&state), "publisher @ production");
    assert!(state.ui.board.would_move > 0);
    press(&mut state, ".");
    assert_eq!(state.ui.board.would_move, 0);
    assert_eq!(state.ui.board.order[0].app.as_str(), "router");
    assert_eq!(selected(&state), "publisher @ production");
}

#[test]
fn a_filter_narrows_and_esc_takes_it_back() {
    let mut state = state(world());
    press(&mut state, "/ r o u");
    assert_eq!(state.lines().len(), 1);
    assert_eq!(selected(&state), "router @ production");
    press(&mut state, "enter j");
    assert_eq!(selected(&state), "router @ production");
    press(&mut state, "esc");
    assert_eq!(state.lines().len(), 3);
}

#[test]
fn a_lever_acts_on_no_cell_that_is_not_shown() {
    let mut state = state(world());
    press(&mut state, "j / z z z enter");
    assert_eq!(state.target(), None);
    press(&mut state, "a");
    assert!(state.ui.overlay.is_none() && state.ui.notice.is_some());
    let effects = press(&mut state, "enter");
    assert!(effects.is_empty() && state.ui.run.is_none());
    press(&mut state, "esc");
    assert_eq!(
        state.target().map(ToString::to_string).as_deref(),
        Some("publisher @ production")
    );
}

#[test]
fn typing_a_filter_keeps_the_selection_where_it_matches_and_esc_restores_it() {
    let mut state = state(world());
    press(&mut state, "j");
    for (keys, stands) in [
        ("/ u", Some("publisher @ production")),
        ("t", Some("router @ production")),
        // No row matches any more: what was selected before typing is kept, and not shown.
        ("=", None),
        ("backspace backspace", Some("publisher @ production")),
        ("t esc", Some("publisher @ production")),
        ("/ r o u enter esc", Some("router @ production")),
    ] {
        press(&mut state, keys);
        assert_eq!(
            state.target().map(ToString::to_string).as_deref(),
            stands,
            "{keys}"
        );
    }
}

#[test]
fn a_calm_row_that_is_selected_is_shown_beside_its_fold() {
    let mut world = world();
    for app in ["frontend", "whitehall"] {
        world.app(app, &[app]);
        for environment in ["integration", "staging", "production"] {
            world.file(environment, app, "v5", false);
        }
    }
    let fold = |n| BoardLine::Fold(FoldKind::Calm, n);
    let mut state = state(world);
    assert_eq!(state.lines().last(), Some(&fold(2)));
    press(&mut state, "/ w h i t e enter esc");
    let lines = state.lines();
    assert_eq!(lines.last(), Some(&fold(1)));
    assert_eq!(state.selected_line(&lines), Some(lines.len() - 2));
    assert_eq!(
        state.target().map(ToString::to_string).as_deref(),
        Some("whitehall @ production")
    );
    // It goes back under the fold with the cursor.
    press(&mut state, "j");
    assert_eq!(state.lines().last(), Some(&fold(2)));
    assert_eq!(state.target(), None);
    press(&mut state, "k");
    assert_eq!(
        state.target().map(ToString::to_string).as_deref(),
        Some("router @ production")
    );
}

#[test]
fn letters_are_text_in_a_field_and_commands_elsewhere() {
    let mut state = state(world());
    press(&mut state, "/ q Q");
    assert_eq!(state.ui.prompt.as_ref().unwrap().text, "qQ");
    let effects = press(&mut state, "esc Q");
    assert!(matches!(effects.as_slice(), [Effect::Quit { .. }]));
}

#[test]
fn ctrl_c_cancels_and_never_quits() {
    let mut state = state(world());
    for keys in ["ctrl-c", "/ a ctrl-c", "a ctrl-c", "? ctrl-c"] {
        let effects = press(&mut state, keys);
        assert!(
            !effects.iter().any(|e| matches!(e, Effect::Quit { .. })),
            "{keys}"
        );
    }
    assert!(state.ui.overlay.is_none() && state.ui.prompt.is_none());
}

#[test]
fn views_are_gone_into_and_left_again() {
    let mut state = state(world());
    press(&mut state, "S");
    assert_eq!(*state.view(), View::Sources);
    press(&mut state, "J q");
    assert_eq!(*state.view(), View::Sources);
    press(&mut state, "q -");
    assert_eq!(*state.view(), View::Sources);
    press(&mut state, "q q q");
    assert_eq!(*state.view(), View::Board);
    press(&mut state, "H");
    assert!(
        matches!(state.view(), View::History(target) if target.to_string() == "account-api @ production")
    );
    assert_eq!(state.ui.pane, Pane::Board);
}

#[test]
fn a_target_that_is_gone_back_to_is_watched_again() {
    let mut state = state(world());
    let opened = |effects: &[Effect]| {
        let opened = effects.iter().filter_map(|effect| match effect {
            Effect::Open(target) => Some(target.is_some()),
            _ => None,
        });
        opened.collect::<Vec<bool>>()
    };
    let effects = press(&mut state, "d esc -");
    assert!(matches!(state.view(), View::Target(_)));
    assert_eq!(opened(&effects), [true, false, true]);
}

#[test]
fn the_palette_knows_actions_by_name_and_q_leaves() {
    let mut state = state(world());
    press(&mut state, ": s o u r c e s enter");
    assert_eq!(*state.view(), View::Sources);
    let effects = press(&mut state, ": q enter");
    assert!(matches!(effects.as_slice(), [Effect::Quit { .. }]));
}

#[test]
fn no_letter_writes_by_itself() {
    let bindings = crate::keymap::Keymap::built_in().unwrap();
    for place in crate::action::Place::ALL {
        for (_, chords) in bindings.actions(place) {
            for chord in chords {
                let mut state = state(world());
                let press = Press {
                    chord,
                    at: ago(-1),
                    queued: false,
                    id: PlanId::new("00"),
                };
                let effects = update(&mut state, Message::Pressed(press));
                assert!(
                    !effects.iter().any(|e| matches!(e, Effect::Apply(_))),
                    "{chord:?}"
                );
            }
        }
    }
}

#[test]
fn a_paste_is_text_where_text_is_typed_and_nothing_elsewhere() {
    let mut state = state(world());
    let effects = update(&mut state, Message::Pasted("aQ\r".into()));
    assert!(effects.is_empty() && state.ui.overlay.is_none());
    press(&mut state, "/");
    update(&mut state, Message::Pasted("rou\r".into()));
    assert_eq!(state.ui.prompt.as_ref().unwrap().text, "rou ");
}

#[test]
fn the_levers_open_on_the_selected_cell_and_close_again() {
    let mut state = state(world());
    press(&mut state, "j h a");
    assert!(
        matches!(&state.ui.overlay, Some(Overlay::Levers { target, .. }) if target.to_string() == "publisher @ staging")
    );
    press(&mut state, "esc");
    assert!(state.ui.overlay.is_none());
}

#[test]
fn pods_that_were_not_listed_yet_are_not_called_gone() {
    use crate::model::{Fault, FaultKind};
    use crate::store::{Kind, News, Source};
    let said = |world: Fixture| {
        let mut state = state(world);
        press(&mut state, "/ p u b l i s h e r enter enter enter");
        state.ui.notice.map(|n| n.text).unwrap_or_default()
    };
    let mut read = world();
    read.listed("production", Kind::Runs);
    let mut forbidden = world();
    forbidden.listed("production", Kind::Runs);
    forbidden.news(
        Source::Cluster(Environment::new("production")),
        News::Fault {
            list: Some(usual_list(Kind::Pods)),
            fault: Fault::new(FaultKind::Forbidden, "pods is forbidden", ""),
            retry_at: None,
        },
    );
    let mut empty = world();
    empty.listed("production", Kind::Pods);
    assert_eq!(said(read), "The pods of production are still being read.");
    assert_eq!(
        said(forbidden),
        "The pods of production cannot be read: pods is forbidden"
    );
    assert_eq!(said(empty), "publisher @ production has no pods.");
}

#[test]
fn a_run_that_is_read_after_its_view_was_opened_appears_there() {
    let mut state = state(world());
    press(&mut state, "/ p u b l i s h e r enter enter");
    assert!(crate::screen::run::opened(&state).is_none());
    let failed = crate::store::fixture::smoke(
        "production",
        "publisher",
        "post-sync-1",
        "v1",
        RunPhase::Failed,
    );
    let mut world = world();
    world.fact("production", failed);
    state.store = world.store;
    // The world was read again, as the same delta would have been.
    state.board_of = None;
    derive_state(&mut state);
    assert_eq!(
        crate::screen::run::opened(&state).map(|run| &*run.id.name),
        Some("post-sync-1")
    );
}

#[test]
fn what_a_cell_says_of_its_age_is_said_anew_by_a_tick() {
    let mut changed = world();
    changed.moved("production", "router", "v9", "v1", 60, ActorKind::Robot);
    changed.moved("production", "router", "v1", "v9", 90, ActorKind::Robot);
    let mut state = state(changed);
    let because = |state: &State| {
        let status = state.board.status(&Target::new("production", "router"));
        status.unwrap().because.join(" ")
    };
    assert!(because(&state).contains(" 1m ago "), "{}", because(&state));
    update(&mut state, Message::Ticked(ago(-59)));
    derive_state(&mut state);
    assert!(because(&state).contains(" 1m ago "), "{}", because(&state));
    update(&mut state, Message::Ticked(ago(-60)));
    derive_state(&mut state);
    assert!(because(&state).contains(" 2m ago "), "{}", because(&state));
}

#[test]
fn a_key_that_does_nothing_says_so_once() {
    let mut state = state(world());
    let said = |state: &State| state.ui.notice.as_ref().map(|notice| notice.text.clone());
    press(&mut state, "0");
    assert_eq!(said(&state).as_deref(), Some("0 does nothing here (?)."));
    press(&mut state, "0");
    assert_eq!(said(&state), None);
    press(&mut state, "c");
    assert!(said(&state).unwrap().starts_with("c does nothing here"));
    press(&mut state, "j c");
    assert!(said(&state).unwrap().starts_with("c does nothing here"));
    for (keys, says) in [
        ("esc", "There is nothing to go back to; quit to leave (Q)."),
        ("ctrl-c", "There is nothing to cancel; quit to leave (Q)."),
        ("H enter", "There is nothing to open on this line."),
        ("l", "There is nothing on the left or on the right here."),
        ("esc @ enter", "There is nothing to open on this line."),
        ("o", "There is nothing to copy here."),
        ("/", "Only the rows of the board are filtered."),
        ("esc ? enter", "There is nothing to open on this line."),
    ] {
        press(&mut state, keys);
        assert_eq!(said(&state).as_deref(), Some(says), "{keys}");
    }
}

#[test]
fn a_long_run_is_opened_where_it_failed() {
    use crate::store::Fact;
    use crate::store::fixture::smoke;
    let Fact::Run(mut run) = smoke("production", "account-api", "r", "v1", RunPhase::Failed) else {
        unreachable!()
    };
    let node = |name: String, phase, kind, started: i64| Node {
        id: name.as_str().into(),
        name: name.as_str().into(),
        display_name: name.as_str().into(),
        kind,
        phase,
        template: "".into(),
        boundary: (name != "r").then(|| "r".into()),
        children: Vec::new(),
        message: None,
        started: Some(ago(started)),
        finished: Some(ago(1)),
        exit_code: None,
        hooked: false,
        retried: false,
    };
    let mut nodes = vec![node("r".into(), NodePhase::Failed, NodeKind::Steps, 900)];
    nodes.extend((0..200).map(|n| {
        node(
            format!("step-{n:03}"),
            NodePhase::Succeeded,
            NodeKind::Pod,
            800 - n,
        )
    }));
    nodes.push(node(
        "the-bad-one".into(),
        NodePhase::Failed,
        NodeKind::Pod,
        5,
    ));
    run.nodes = Nodes::Read(Arc::new(nodes));
    for size in [(80, 24), (200, 50)] {
        let mut world = world();
        world.fact("production", Fact::Run(run.clone()));
        let mut state = state(world);
        state.size = size;
        press(&mut state, "enter");
        let shown = screen(&state);
        assert!(shown.contains("the-bad-one"), "{shown}");
    }
}
