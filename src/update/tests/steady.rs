//! Nothing moves under the hand: whatever comes in, what a key would mean is what it was when the key was aimed.

use super::*;
use crate::cases::cases;
use crate::model::{Fault, FaultKind};
use crate::store::{Kind, News, Source};
use proptest::prelude::*;

const APPS: [&str; 4] = ["account-api", "publisher", "router", "whitehall"];
const ENVIRONMENTS: [&str; 3] = ["integration", "staging", "production"];
const KEYS: [&str; 34] = [
    "j", "k", "h", "l", "G", "g", "n", "N", "enter", "esc", "q", "d", "H", "J", "S", "@", "a", "y",
    "x", "+", ".", "/", "p", "b", "m", "tab", "1", "2", "-", ":", "?", "0", "z", "ctrl-f",
];

/// Something that comes in from outside, by numbers.
#[derive(Clone, Debug)]
enum News_ {
    Moved(usize, usize, u8, i64),
    Gone(usize, usize),
    Pod(usize, usize, bool),
    Smoke(usize, usize, bool),
    Lost(usize),
    Later,
}

#[derive(Clone, Debug)]
enum Step {
    Key(usize),
    Comes(News_),
}

fn step() -> impl Strategy<Value = Step> {
    let cell = || (0..APPS.len(), 0..ENVIRONMENTS.len());
    let comes = prop_oneof![
        4 => (cell(), 1u8..9, 0i64..200_000)
            .prop_map(|((app, place), version, ago)| News_::Moved(app, place, version, ago)),
        1 => cell().prop_map(|(app, place)| News_::Gone(app, place)),
        2 => (cell(), any::<bool>()).prop_map(|((app, place), well)| News_::Pod(app, place, well)),
        2 => (cell(), any::<bool>()).prop_map(|((app, place), well)| News_::Smoke(app, place, well)),
        1 => (0..ENVIRONMENTS.len()).prop_map(News_::Lost),
        1 => Just(News_::Later),
    ];
    prop_oneof![
        (0..KEYS.len()).prop_map(Step::Key),
        comes.prop_map(Step::Comes)
    ]
}

/// Lets it come in, as its feed would bring it.
fn comes(world: &mut Fixture, state: &mut State, news: &News_) {
    match news {
        News_::Moved(app, place, version, ago) => {
            let (app, environment) = (APPS[*app], ENVIRONMENTS[*place]);
            let version = format!("v{version}");
            world.file(environment, app, &version, true);
            world.moved(environment, app, "v3", &version, *ago, ActorKind::Robot);
        }
        News_::Gone(app, place) => {
            let of = &mut world.tree;
            of.files
                .remove(&(ENVIRONMENTS[*place].into(), APPS[*app].into()));
            for apps in of.apps.values_mut() {
                apps.retain(|declared| declared.app.as_str() != APPS[*app]);
            }
            let tree = Arc::new(of.clone());
            world.news(Source::Git, News::Declared(tree));
        }
        News_::Pod(app, place, well) => {
            let (app, environment) = (APPS[*app], ENVIRONMENTS[*place]);
            let waits = (!well).then_some("CrashLoopBackOff");
            let name = format!("{app}-1");
            world.fact(
                environment,
                crate::store::fixture::pod(environment, app, &name, "v3", *well, waits),
            );
        }
        News_::Smoke(app, place, well) => {
            let (app, environment) = (APPS[*app], ENVIRONMENTS[*place]);
            let phase = if *well {
                RunPhase::Succeeded
            } else {
                RunPhase::Failed
            };
            let name = format!("post-sync-{app}");
            world.fact(
                environment,
                crate::store::fixture::smoke(environment, app, &name, "v3", phase),
            );
        }
        News_::Lost(place) => {
            let fault = Fault::new(FaultKind::Unreachable, "connection refused", "");
            let source = Source::Cluster(ENVIRONMENTS[*place].into());
            let list = Some(crate::store::fixture::usual_list(Kind::Pods));
            world.news(
                source,
                News::Fault {
                    list,
                    fault,
                    retry_at: None,
                },
            );
        }
        News_::Later => {
            let now = state.now.max(ago(0)) + jiff::SignedDuration::from_secs(61);
            update(state, Message::Ticked(now));
        }
    }
    std::mem::swap(&mut state.store, &mut world.store);
    // What the world holds was read anew.
    state.board_of = None;
    derive_state(state);
    std::mem::swap(&mut state.store, &mut world.store);
}

/// Everything that the next key could be about.
#[derive(PartialEq, Debug)]
struct Aim {
    board: String,
    list: Option<crate::state::ListKey>,
    run: String,
    overlay: String,
}

fn aimed_at(state: &State) -> Aim {
    let ui = &state.ui;
    let board = &ui.board;
    let run = ui.run.as_ref().map(|run| (&run.target, &run.node));
    let overlay = ui.overlay.as_ref().map(|overlay| match overlay {
        Overlay::Levers {
            target, selected, ..
        } => format!("levers {target} {selected:?}"),
        Overlay::Confirm(confirm) => format!("plan {} {:?}", confirm.plan.id, confirm.plan.request),
        Overlay::Refused(refusal) => format!("refused {}", refusal.target),
        other => format!("{other:?}"),
    });
    Aim {
        board: format!(
            "{:?} {:?} {:?} {:?} {:?}",
            board.selected,
            board.fold,
            board.marks,
            state.view(),
            ui.pane
        ),
        list: ui.list.key.clone(),
        run: format!("{run:?}"),
        overlay: format!("{overlay:?}"),
    }
}

/// The rows above the folds.
fn rows(lines: &[BoardLine]) -> Vec<BoardLine> {
    let above = lines
        .iter()
        .take_while(|line| matches!(line, BoardLine::Row(_)));
    above.cloned().collect()
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn what_is_selected_changes_only_by_a_key(steps in proptest::collection::vec(step(), 1..14)) {
        let mut world = super::world();
        world.app("whitehall", &["whitehall"]);
        let mut state = state(world);
        let empty = crate::store::Store::new(&state.delivery);
        let mut world = Fixture { store: std::mem::replace(&mut state.store, empty), tree: super::world().tree, delivery: crate::store::fixture::delivery() };
        world.app("whitehall", &["whitehall"]);
        for (app, place) in [(0, 1), (2, 2)] {
            comes(&mut world, &mut state, &News_::Moved(app, place, 1, 7_200));
        }
        let mut was_pressed = false;
        for step in &steps {
            match step {
                Step::Key(key) => {
                    std::mem::swap(&mut state.store, &mut world.store);
                    press(&mut state, KEYS[*key]);
                    std::mem::swap(&mut state.store, &mut world.store);
                    was_pressed = true;
                }
                Step::Comes(news) => {
                    let (before, lines) = (aimed_at(&state), state.lines());
                    comes(&mut world, &mut state, news);
                    if was_pressed {
                        let after = aimed_at(&state);
                        // What was not there yet could not be aimed at.
                        let is_new = before.list.is_none() && after.list.is_some();
                        let list = if is_new { None } else { after.list };
                        prop_assert_eq!(&before, &Aim { list, ..after }, "{:?}", news);
                        // Rows that come into sight come last; those that were keep their places.
                        let (before, after) = (rows(&lines), rows(&state.lines()));
                        let stayed: Vec<_> = before.iter().filter(|row| after.contains(row)).collect();
                        let first: Vec<_> = after.iter().take(stayed.len()).collect();
                        prop_assert_eq!(stayed, first);
                    }
                }
            }
        }
    }
}

#[test]
fn any_key_freezes_what_is_selected_and_the_order() {
    for key in ["H", "a", "d", "y", "J", "?", "0", "enter", "/"] {
        let mut state = state(world());
        press(&mut state, key);
        let before = (selected(&state), state.ui.board.order.clone());
        let mut changed = world();
        changed.moved("production", "router", "v9", "v1", 60, ActorKind::Robot);
        changed.moved("production", "router", "v1", "v9", 90, ActorKind::Robot);
        state.store = changed.store;
        state.board_of = None;
        derive_state(&mut state);
        assert_eq!(
            (selected(&state), state.ui.board.order.clone()),
            before,
            "{key}"
        );
        assert!(state.ui.board.would_move > 0, "{key}");
    }
}

#[test]
fn before_any_key_the_worst_cell_is_selected_as_facts_come_in() {
    let mut state = state(world());
    assert_eq!(selected(&state), "account-api @ production");
    let mut changed = world();
    changed.moved("production", "router", "v9", "v1", 60, ActorKind::Robot);
    changed.moved("production", "router", "v1", "v9", 90, ActorKind::Robot);
    state.store = changed.store;
    state.board_of = None;
    derive_state(&mut state);
    assert_eq!(selected(&state), "router @ production");
}

#[test]
fn a_row_that_turns_calm_stays_in_sight_until_the_rows_are_sorted_again() {
    let mut state = state(world());
    press(&mut state, "j");
    let mut changed = world();
    for environment in ENVIRONMENTS {
        changed.file(environment, "account-api", "v3", false);
    }
    state.store = changed.store;
    state.board_of = None;
    derive_state(&mut state);
    let lines = state.lines();
    assert!(matches!(&lines[0], BoardLine::Row(key) if key.app.as_str() == "account-api"));
    assert_eq!(
        (state.selected_line(&lines), state.ui.board.would_move),
        (Some(1), 1)
    );
    assert!(screen(&state).contains("1 row would move"));
    press(&mut state, ".");
    let lines = state.lines();
    assert_eq!(lines.last(), Some(&BoardLine::Fold(FoldKind::Calm, 1)));
    assert_eq!(
        (state.selected_line(&lines), state.ui.board.would_move),
        (Some(0), 0)
    );
}

#[test]
fn n_goes_from_trouble_to_trouble_and_says_when_it_went_round() {
    let mut troubled = world();
    for (environment, app) in [
        ("staging", "publisher"),
        ("production", "publisher"),
        ("integration", "router"),
    ] {
        let run = crate::store::fixture::smoke(
            environment,
            app,
            "post-sync-1",
            if environment == "staging" {
                "v2"
            } else if environment == "production" {
                "v1"
            } else {
                "v3"
            },
            RunPhase::Failed,
        );
        troubled.fact(environment, run);
    }
    let mut state = state(troubled);
    assert_eq!(selected(&state), "publisher @ production");
    for (key, stands, went_round) in [
        ("n", "router @ integration", false),
        ("n", "publisher @ staging", true),
        ("n", "publisher @ production", false),
        ("N", "publisher @ staging", false),
        ("N", "router @ integration", true),
    ] {
        press(&mut state, key);
        assert_eq!(selected(&state), stands);
        assert_eq!(state.ui.notice.is_some(), went_round, "{stands}");
    }
    let mut state = super::state(world());
    press(&mut state, "n");
    assert_eq!(
        state.ui.notice.unwrap().text,
        "No cell in sight shows a word."
    );
}

#[test]
fn a_filter_lands_on_the_worst_cell_that_matches() {
    let mut troubled = world();
    troubled.fact(
        "staging",
        crate::store::fixture::smoke(
            "staging",
            "publisher",
            "post-sync-1",
            "v2",
            RunPhase::Failed,
        ),
    );
    let mut state = state(troubled);
    for (keys, stands) in [
        ("g / p u b", "publisher @ staging"),
        ("esc j / s m o k e", "publisher @ staging"),
        ("esc g / s t a : v 2", "publisher @ staging"),
        ("esc g / p r o d : v 1", "publisher @ production"),
    ] {
        press(&mut state, keys);
        assert_eq!(selected(&state), stands, "{keys}");
    }
}

#[test]
fn a_column_that_there_is_not_is_said() {
    let mut state = state(world());
    press(&mut state, "/ p r o d u t i o n : x");
    let why = "There is no column prodution; there are integration, staging, production, app.";
    assert!(screen(&state).contains(why), "{}", screen(&state));
    press(&mut state, "enter");
    assert_eq!(state.ui.notice.as_ref().unwrap().text, why);
    press(&mut state, "esc / l a b e l = x enter");
    assert!(
        state
            .ui
            .notice
            .as_ref()
            .unwrap()
            .text
            .starts_with("Nothing is called label")
    );
}

#[test]
fn suspending_works_while_text_is_typed_and_while_a_plan_is_open() {
    for keys in ["/ a", "a", "y", ":", "?"] {
        let mut state = state(world());
        press(&mut state, keys);
        assert_eq!(press(&mut state, "ctrl-z"), [Effect::Suspend], "{keys}");
        assert!(
            !state
                .ui
                .prompt
                .is_some_and(|prompt| prompt.text.contains('z'))
        );
    }
}
