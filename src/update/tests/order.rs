//! What comes into sight on a frozen board comes last; and the first key is about the frame that was seen.

use super::*;
use crate::cases::cases;
use proptest::prelude::*;

/// Three rows of different versions, and three calm ones under their fold.
fn calm_world() -> Fixture {
    let mut world = world();
    for app in ["frontend", "signon", "whitehall"] {
        world.app(app, &[app]);
        for environment in ["integration", "staging", "production"] {
            world.file(environment, app, "v5", false);
        }
    }
    world
}

/// The names on the board, a fold as `+`.
fn names(state: &State) -> Vec<String> {
    let lines = state.lines();
    let name = |line: &BoardLine| match line {
        BoardLine::Row(key) => key.app.to_string(),
        BoardLine::Fold(..) => "+".to_owned(),
    };
    lines.iter().map(name).collect()
}

/// The same facts, changed, are all that is known.
fn learn(state: &mut State, world: Fixture) {
    state.store = world.store;
    state.board_of = None;
    derive_state(state);
}

/// The app differs between its environments from now on.
fn moves(world: &mut Fixture, app: &str) {
    world.file("production", app, "v4", false);
}

const BEFORE: [&str; 4] = ["account-api", "publisher", "router", "+"];

#[test]
fn a_row_that_leaves_its_fold_goes_last_as_a_new_one_does() {
    let mut state = state(calm_world());
    press(&mut state, "j");
    assert_eq!(names(&state), BEFORE);
    let mut world = calm_world();
    world.app("asset-manager", &["asset-manager"]);
    moves(&mut world, "asset-manager");
    learn(&mut state, world);
    let with_new = ["account-api", "publisher", "router", "asset-manager", "+"];
    assert_eq!(names(&state), with_new);
    let mut world = calm_world();
    world.app("asset-manager", &["asset-manager"]);
    for app in ["asset-manager", "whitehall"] {
        moves(&mut world, app);
    }
    learn(&mut state, world);
    let last = [
        "account-api",
        "publisher",
        "router",
        "asset-manager",
        "whitehall",
        "+",
    ];
    assert_eq!(names(&state), last);
    assert!(state.ui.board.would_move > 0);
    press(&mut state, ".");
    let sorted = [
        "account-api",
        "asset-manager",
        "publisher",
        "router",
        "whitehall",
        "+",
    ];
    assert_eq!(names(&state), sorted);
}

#[test]
fn the_selected_row_stays_where_it_is_when_it_leaves_its_fold() {
    let mut state = state(calm_world());
    press(&mut state, "/ f r o n t enter esc");
    let mut world = calm_world();
    world.app("asset-manager", &["asset-manager"]);
    moves(&mut world, "asset-manager");
    learn(&mut state, world);
    let before = [
        "account-api",
        "publisher",
        "router",
        "frontend",
        "asset-manager",
        "+",
    ];
    assert_eq!(names(&state), before);
    let mut world = calm_world();
    world.app("asset-manager", &["asset-manager"]);
    for app in ["asset-manager", "frontend"] {
        moves(&mut world, app);
    }
    learn(&mut state, world);
    assert_eq!(names(&state), before);
}

#[test]
fn a_row_in_an_unfolded_fold_stays_there_until_it_is_folded() {
    let mut state = state(calm_world());
    press(&mut state, "+");
    let unfolded = [
        "account-api",
        "publisher",
        "router",
        "+",
        "frontend",
        "signon",
        "whitehall",
    ];
    assert_eq!(names(&state), unfolded);
    let mut world = calm_world();
    moves(&mut world, "signon");
    learn(&mut state, world);
    assert_eq!(names(&state), unfolded);
    assert_eq!(state.ui.board.would_move, 1);
    press(&mut state, "+");
    assert_eq!(
        names(&state),
        ["account-api", "publisher", "router", "signon", "+"]
    );
}

#[test]
fn a_row_that_a_filter_finds_later_goes_last_until_the_rows_are_sorted_again() {
    let mut state = state(calm_world());
    press(&mut state, "/ p r o d : v 1 enter");
    assert_eq!(names(&state), ["account-api", "publisher", "router"]);
    let mut world = calm_world();
    world.file("production", "publisher", "v2", false);
    world.file("production", "frontend", "v1", false);
    learn(&mut state, world);
    assert_eq!(names(&state), ["account-api", "router", "frontend"]);
    let mut world = calm_world();
    world.file("production", "frontend", "v1", false);
    learn(&mut state, world);
    assert_eq!(
        names(&state),
        ["account-api", "router", "frontend", "publisher"]
    );
    assert!(screen(&state).contains("would move"), "{}", screen(&state));
    press(&mut state, ".");
    assert_eq!(
        names(&state),
        ["account-api", "frontend", "publisher", "router"]
    );
    assert_eq!(state.ui.board.would_move, 0);
}

/// A frame is drawn, and the terminal has it at this moment.
fn draw(state: &mut State, shown_at: i64) {
    update(state, Message::Drawn);
    update(state, Message::Shown(ago(-shown_at)));
}

/// A key that was read at this moment, after the facts of `learned` came in.
fn first_key(state: &mut State, key: &str, read_at: i64) {
    let press = Press {
        chord: Chord::parse(key).unwrap(),
        at: ago(-read_at),
        queued: false,
        id: PlanId::new("0123456789abcdef"),
    };
    update(state, Message::Pressed(press));
    derive_state(state);
}

/// The router is in trouble, so it stands first.
fn troubled() -> Fixture {
    let mut world = calm_world();
    world.moved("production", "router", "v9", "v1", 60, ActorKind::Robot);
    world.moved("production", "router", "v1", "v9", 90, ActorKind::Robot);
    world
}

#[test]
fn the_first_key_acts_on_the_board_that_was_seen_when_it_was_pressed() {
    // What was shown by the time of the key; the facts come in between the frames at 10 and at 20.
    for (shown, read_at, stands) in [
        (&[10][..], 15, "account-api @ production"),
        (&[10, 20], 15, "account-api @ production"),
        (&[10, 20], 25, "router @ production"),
    ] {
        let mut state = state(calm_world());
        draw(&mut state, shown[0]);
        learn(&mut state, troubled());
        assert_eq!(selected(&state), "router @ production");
        if let Some(later) = shown.get(1) {
            draw(&mut state, *later);
        }
        first_key(&mut state, "a", read_at);
        let Some(Overlay::Levers { target, .. }) = &state.ui.overlay else {
            panic!("no levers are open");
        };
        assert_eq!(target.to_string(), stands, "{shown:?} {read_at}");
        assert_eq!(state.ui.board.would_move > 0, stands.starts_with("account"));
        let first = stands.split(' ').next().unwrap();
        assert_eq!(names(&state)[0], first);
    }
}

#[test]
fn a_frame_that_is_on_its_way_was_not_seen() {
    let mut state = state(calm_world());
    draw(&mut state, 10);
    learn(&mut state, troubled());
    update(&mut state, Message::Drawn);
    first_key(&mut state, "j", 15);
    assert_eq!(selected(&state), "publisher @ production");
}

#[test]
fn a_key_that_was_pressed_on_an_empty_board_is_about_no_row() {
    let mut state = state(Fixture::new());
    draw(&mut state, 10);
    learn(&mut state, calm_world());
    first_key(&mut state, "a", 15);
    assert!(state.ui.overlay.is_none());
    let notice = state.ui.notice.as_ref().map(|notice| notice.text.as_str());
    assert!(notice.is_some_and(|said| said.starts_with("Nothing is selected")));
    // Nothing was held by it: the worst row stands first, and is selected.
    assert_eq!(selected(&state), "account-api @ production");
}

proptest! {
    #![proptest_config(cases(2_000))]

    /// Whatever apps come, differ and agree again: the rows in sight stay, and the others come after them.
    #[test]
    fn what_is_in_sight_keeps_its_order(steps in proptest::collection::vec(proptest::collection::vec(any::<bool>(), 6), 1..6)) {
        const APPS: [&str; 6] = ["alpha", "frontend", "m", "signon", "whitehall", "zulu"];
        let mut state = state(calm_world());
        press(&mut state, "j");
        for differs in &steps {
            let before = names(&state);
            let mut world = calm_world();
            for (app, _) in APPS.iter().zip(differs).filter(|(_, differs)| **differs) {
                if !["frontend", "signon", "whitehall"].contains(app) {
                    world.app(app, &[app]);
                }
                moves(&mut world, app);
            }
            learn(&mut state, world);
            let after = names(&state);
            let fold = |names: &[String]| names.iter().position(|name| name == "+").unwrap_or(names.len());
            let (before, after) = (&before[..fold(&before)], &after[..fold(&after)]);
            let stayed: Vec<&String> = before.iter().filter(|name| after.contains(name)).collect();
            let first: Vec<&String> = after.iter().take(stayed.len()).collect();
            prop_assert_eq!(stayed, first);
        }
    }
}
