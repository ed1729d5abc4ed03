//! Logs opened by keys: whose they are, and where they open.

use super::super::tests::{press, screen, state, world};
use super::super::{derive_state, update};
use crate::effect::Effect;
use crate::message::Message;
use crate::model::log::LogSource;
use crate::model::log::Stretch;
use crate::model::*;
use crate::provider::LogPiece;
use crate::state::{ListKey, State};
use crate::store::fixture::{Fixture, ago, id, pod};
use crate::store::{Fact, Kind};
use std::sync::Arc;

mod shown;

fn followed(effects: &[Effect]) -> Vec<(&str, &str, bool, bool)> {
    let mut all = Vec::new();
    for effect in effects {
        if let Effect::Follow { source, .. } = effect {
            let LogSource {
                pod,
                container,
                previous,
                follow,
            } = source;
            all.push((&*pod.name, &**container, *previous, *follow));
        }
    }
    all
}

fn title(state: &State) -> &str {
    state.ui.log.as_ref().map_or("", |ui| ui.title())
}

/// A pod of publisher @ production; the version is its image's tag.
fn put(world: &mut Fixture, name: &str, version: &str, change: impl FnOnce(&mut Pod)) {
    let image = format!("registry/publisher:{version}");
    let mut fact = pod("production", "publisher", name, &image, true, None);
    if let Fact::Pod(pod) = &mut fact {
        change(pod);
    }
    world.fact("production", fact);
}

fn crashes(pod: &mut Pod) {
    pod.ready = false;
    let app = &mut pod.containers[0];
    (app.ready, app.running, app.restarts) = (false, false, 4);
    app.waiting = Some("CrashLoopBackOff".into());
    app.terminated = Some(("Error".into(), 1));
}

#[test]
fn enter_on_a_pod_opens_that_pods_log_and_the_title_says_whose_it_is() {
    let mut world = world();
    put(&mut world, "publisher-5d8f-aaaaa", "v2", crashes);
    put(&mut world, "publisher-7c9b-bbbbb", "v1", |_| {});
    put(&mut world, "publisher-7c9b-ccccc", "v1", |_| {});
    let mut state = state(world);
    press(&mut state, "/ p u b l i s h e r enter d");
    let row_of = |state: &State, name: &str| {
        let rows = crate::screen::list::opened(state).unwrap().rows;
        let is_here = |key| matches!(key, Some(ListKey::Pod(pod, _)) if &*pod.name == name);
        (0..200).find(|row| is_here(rows.key(*row))).unwrap()
    };
    let row = row_of(&state, "publisher-7c9b-ccccc");
    press(&mut state, &vec!["j"; row].join(" "));
    let effects = press(&mut state, "enter");
    assert_eq!(
        followed(&effects),
        [("publisher-7c9b-ccccc", "app", false, true)]
    );
    assert_eq!(title(&state), "publisher 7c9b-ccccc v1");
    // Elsewhere the most troubled pod speaks first, and its neighbours say who they are.
    let effects = press(&mut state, "esc g enter");
    assert_eq!(
        followed(&effects),
        [("publisher-5d8f-aaaaa", "app", true, false)]
    );
    assert_eq!(title(&state), "publisher 5d8f-aaaaa v2");
    press(&mut state, "]");
    assert_eq!(title(&state), "publisher 7c9b-bbbbb v1");
}

/// `kind phase`, below the run itself; a `Pod` has run, or runs, as the phase says.
fn node(name: &str, kind: NodeKind, phase: NodePhase, children: &[&str]) -> Node {
    let is_over = !matches!(phase, NodePhase::Pending | NodePhase::Running);
    Node {
        id: name.into(),
        name: name.into(),
        display_name: name.rsplit_once('.').map_or(name, |(_, last)| last).into(),
        kind,
        template: "".into(),
        boundary: (name != "run-1").then(|| "run-1".into()),
        children: children.iter().map(|child| Arc::from(*child)).collect(),
        message: None,
        started: Some(ago(500)),
        finished: is_over.then(|| ago(400)),
        exit_code: None,
        hooked: false,
        retried: name.ends_with(')'),
        phase,
    }
}

fn run(world: &mut Fixture, phase: RunPhase, nodes: Vec<Node>) {
    let mut fact = crate::store::fixture::smoke("production", "publisher", "run-1", "v1", phase);
    if let Fact::Run(run) = &mut fact {
        run.nodes = Nodes::Read(Arc::new(nodes));
    }
    world.fact("production", fact);
}

/// The pod of a step, created so many seconds ago.
fn step_pod(world: &mut Fixture, node: &str, seconds_ago: i64) {
    let mut fact = pod("production", "run", "", "registry/tests:v1", true, None);
    if let Fact::Pod(pod) = &mut fact {
        pod.id = id("production", "apps", &format!("pod-of-{node}"));
        pod.labels = [("workflows.argoproj.io/workflow".into(), "run-1".into())].into();
        pod.node_id = Some(node.into());
        pod.created = Some(ago(seconds_ago));
        pod.containers[0].name = "main".into();
    }
    world.fact("production", fact);
}

#[test]
fn the_title_says_which_try_of_a_retried_step_it_is() {
    let mut world = world();
    let tries = ["run-1.tests(0)", "run-1.tests(1)"];
    let mut pods = tries.map(|name| node(name, NodeKind::Pod, NodePhase::Failed, &[]));
    pods[1].started = Some(ago(450));
    let mut nodes = vec![
        node("run-1", NodeKind::DAG, NodePhase::Failed, &["run-1.tests"]),
        node("run-1.tests", NodeKind::Retry, NodePhase::Failed, &tries),
    ];
    nodes.extend(pods);
    run(&mut world, RunPhase::Failed, nodes);
    // Pods that were made in the same second, as far as their server says.
    step_pod(&mut world, tries[0], 450);
    step_pod(&mut world, tries[1], 450);
    let mut state = state(world);
    press(&mut state, "/ p u b l i s h e r enter enter enter");
    assert_eq!(title(&state), "run-1 tests(1)");
    press(&mut state, "]");
    assert_eq!(title(&state), "run-1 tests(0)");
}

#[test]
fn a_step_without_a_log_does_not_show_the_one_of_another() {
    let mut world = world();
    let steps = ["run-1.tests", "run-1.lint"];
    let nodes = vec![
        node("run-1", NodeKind::DAG, NodePhase::Failed, &steps),
        node(steps[0], NodeKind::Pod, NodePhase::Failed, &[]),
        node(steps[1], NodeKind::Pod, NodePhase::Succeeded, &[]),
    ];
    run(&mut world, RunPhase::Failed, nodes);
    step_pod(&mut world, steps[0], 450);
    let mut state = state(world);
    press(&mut state, "/ p u b l i s h e r enter enter enter");
    assert_eq!(*state.view(), crate::state::View::Log);
    press(&mut state, "q k enter");
    assert_eq!(*state.view(), crate::state::View::Run);
    let notice = state.ui.notice.as_ref().unwrap();
    assert!(notice.text.contains("gone"), "{}", notice.text);
}

/// What the open log printed, to its end.
fn printed(state: &mut State, text: &str) {
    let follow = state.ui.log.as_ref().unwrap().follow;
    let stretch = Stretch {
        bytes: text.as_bytes().to_vec(),
        starts: Vec::new(),
    };
    for piece in [LogPiece::Bytes(stretch), LogPiece::Ended] {
        update(state, Message::Logged { follow, piece });
    }
    derive_state(state);
}

/// The open log of a crashed pod at 80x24, whose lines take 1, 2, 3 rows in turn where they are wrapped.
fn long_lines(last: &str) -> State {
    let mut world = world();
    world.file("production", "publisher", "v2", true);
    put(&mut world, "publisher-5d8f-aaaaa", "v2", crashes);
    let mut state = state(world);
    press(&mut state, "/ p u b l i s h e r enter enter");
    let line = |n: usize| {
        let cells = [60, 150, 220][n % 3];
        format!("<{n:03}{}{n:03}>\n", "x".repeat(cells - 8))
    };
    let text: String = (0..60).map(line).collect();
    printed(&mut state, &(text + last));
    state
}

/// Numbers of the lines that are wholly in sight.
fn whole(state: &State) -> Vec<usize> {
    let screen = screen(state);
    (0..60)
        .filter(|n| screen.contains(&format!("<{n:03}")) && screen.contains(&format!("{n:03}>")))
        .collect()
}

#[test]
fn a_search_that_cannot_be_read_moves_nothing_and_says_why() {
    let mut state = long_lines("");
    let selected = |state: &State| state.ui.log.as_ref().unwrap().selected;
    press(&mut state, "g / 0 0 5 enter");
    assert_eq!(selected(&state), 5);
    press(&mut state, "/ ctrl-u ~ [ enter");
    assert_eq!(selected(&state), 5);
    let notice = &state.ui.notice.as_ref().unwrap().text;
    assert!(notice.contains("cannot be read"), "{notice}");
    // What is found on the first line is not found again above it.
    press(&mut state, "g / ctrl-u 0 0 0 enter g N");
    let notice = &state.ui.notice.as_ref().unwrap().text;
    assert!(notice.contains("No line matches 000"), "{notice}");
}

#[test]
fn pages_of_a_wrapped_log_pass_no_line_unseen() {
    let mut state = long_lines("");
    press(&mut state, "w g");
    let mut seen = whole(&state);
    for _ in 0..20 {
        press(&mut state, "space");
        seen.extend(whole(&state));
    }
    seen.dedup();
    let mut all = seen.clone();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all, (0..60).collect::<Vec<_>>(), "{seen:?}");
    // Up again from the end, and the newest line was the last one in sight.
    assert_eq!(whole(&state).last(), Some(&59));
    let mut seen = whole(&state);
    for _ in 0..20 {
        press(&mut state, "ctrl-b");
        seen.extend(whole(&state));
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, (0..60).collect::<Vec<_>>());
}

#[test]
fn a_jump_in_a_wrapped_log_lands_in_sight() {
    let mut state = long_lines("Error: it broke\nand so it ended\n");
    press(&mut state, "w g }");
    assert!(
        screen(&state).contains(" > Error: it broke"),
        "{}",
        screen(&state)
    );
    assert!(screen(&state).contains("and so it ended"));
}

#[test]
fn what_has_ended_opens_on_its_first_error_and_what_runs_at_its_end() {
    let log = |change: fn(&mut Pod)| {
        let mut world = world();
        put(&mut world, "publisher-db-migrate-aaaaa", "v2", change);
        let mut state = state(world);
        press(&mut state, "/ p u b l i s h e r enter d enter");
        let lines = "migrating\n".repeat(30);
        printed(
            &mut state,
            &format!("{lines}Error: no such column\n{lines}Error: rolled back\n{lines}"),
        );
        screen(&state)
    };
    let over = |pod: &mut Pod| {
        pod.phase = "Failed".into();
        pod.ready = false;
        let app = &mut pod.containers[0];
        (app.ready, app.running) = (false, false);
        app.terminated = Some(("Error".into(), 1));
    };
    let ended = log(over);
    assert!(ended.contains("error 1 of 2, line 31"), "{ended}");
    assert!(ended.contains(" > Error: no such column"), "{ended}");
    let running = log(|_| {});
    assert!(running.contains(", 2 errors"), "{running}");
}

#[test]
fn why_no_log_opens_is_said_of_this_step_and_it_opens_when_it_can() {
    let steps = |phase: RunPhase, step: NodePhase| {
        let mut world = world();
        let nodes = vec![
            node(
                "run-1",
                NodeKind::DAG,
                NodePhase::Running,
                &["run-1.tests", "run-1.then"],
            ),
            node("run-1.tests", NodeKind::Pod, step, &[]),
            node("run-1.then", NodeKind::TaskGroup, NodePhase::Skipped, &[]),
        ];
        run(&mut world, phase, nodes);
        world.listed("production", Kind::Pods);
        world
    };
    let said = |world: Fixture, keys: &str| {
        let mut state = state(world);
        press(&mut state, "/ p u b l i s h e r enter enter g j");
        press(&mut state, keys);
        state.ui.notice.map(|n| n.text).unwrap_or_default()
    };
    let begun = || steps(RunPhase::Running, NodePhase::Pending);
    let over = || steps(RunPhase::Failed, NodePhase::Failed);
    assert_eq!(
        said(begun(), "enter"),
        "tests has no pod yet; press Enter again when it runs."
    );
    assert_eq!(
        said(over(), "enter"),
        "The pods of tests are gone; their logs went with them."
    );
    assert_eq!(
        said(over(), "j enter"),
        "then ran no pod, so it has no log."
    );
    // Where the log stands beside the run, it opens by itself and follows.
    let mut state = state(begun());
    update(&mut state, Message::Resized(120, 40));
    press(&mut state, "/ p u b l i s h e r enter enter");
    assert!(state.ui.log.is_none());
    let mut later = begun();
    step_pod(&mut later, "run-1.tests", 1);
    state.store = later.store;
    state.board_of = None;
    let effects = derive_state(&mut state);
    assert_eq!(
        followed(&effects),
        [("pod-of-run-1.tests", "main", false, true)]
    );
}

#[test]
fn the_log_of_one_run_does_not_stay_beside_another() {
    let mut world = world();
    let nodes = |run: &str| vec![node(run, NodeKind::Pod, NodePhase::Running, &[])];
    run(&mut world, RunPhase::Running, nodes("run-1"));
    step_pod(&mut world, "run-1", 1);
    let mut older =
        crate::store::fixture::smoke("production", "publisher", "run-0", "v1", RunPhase::Failed);
    if let Fact::Run(run) = &mut older {
        run.started = Some(ago(9_000));
        run.nodes = Nodes::Read(Arc::new(vec![node(
            "run-0",
            NodeKind::Pod,
            NodePhase::Failed,
            &[],
        )]));
    }
    world.fact("production", older);
    let mut state = state(world);
    update(&mut state, Message::Resized(120, 40));
    press(&mut state, "/ p u b l i s h e r enter enter");
    assert_eq!(title(&state), "run-1 run-1");
    press(&mut state, "[");
    assert_eq!(title(&state), "");
}

#[test]
fn a_filter_fills_the_pane_and_esc_takes_it_back_where_the_log_stands_beside() {
    let mut state = long_lines(&"Error: it broke\n".repeat(30));
    press(&mut state, "G k & x x enter");
    let shown = screen(&state)
        .lines()
        .filter(|row| row.contains("xxx"))
        .count();
    assert_eq!(
        shown,
        crate::screen::layout::log_rows(&state, &crate::screen::layout::panes(&state)),
        "{}",
        screen(&state)
    );
    update(&mut state, Message::Resized(120, 40));
    press(&mut state, "q 3");
    assert_eq!(*state.view(), crate::state::View::Board);
    press(&mut state, "& x x enter");
    press(&mut state, "esc");
    assert!(state.ui.log.as_ref().unwrap().filter.is_none());
    assert_eq!(state.ui.pane, crate::state::Pane::Log);
    press(&mut state, "esc");
    assert_eq!(state.ui.pane, crate::state::Pane::Board);
}
