//! Smoke: a failed smoke run with its nodes and its log, open on a console.
//!
//! Include beside `world.rs`, under the name `smoke`.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(
    clippy::unwrap_used,
    reason = "a scene that cannot be built must end the test"
)]

use super::world::{World, ago};
use leverframe::belongs::logs::LogChoice;
use leverframe::model::log::LogSource;
use leverframe::model::log::{ErrorLines, Log, Stretch};
use leverframe::model::tree::Tree;
use leverframe::model::*;
use leverframe::state::{LogUi, Pane, RunUi, State, View};
use std::sync::Arc;

/// `name kind phase began ended boundary -> children`; ages before now, `-` for never.
fn node(row: &str) -> Node {
    let words: Vec<&str> = row.split_whitespace().collect();
    let age = |word: &str| (word != "-").then(|| ago(word));
    Node {
        id: words[0].into(),
        name: words[0].into(),
        display_name: words[0]
            .rsplit_once('.')
            .map_or(words[0], |(_, last)| last)
            .into(),
        kind: NodeKind::parse(words[1]),
        phase: NodePhase::parse(words[2]),
        template: if words[0].ends_with("onExit") {
            "exit-handler".into()
        } else {
            "".into()
        },
        boundary: (words[5] != "-").then(|| words[5].into()),
        children: words[6..].iter().map(|child| Arc::from(*child)).collect(),
        message: None,
        started: age(words[3]),
        finished: age(words[4]),
        exit_code: (words[2] == "Failed" && words[1] == "Pod").then(|| "1".into()),
        hooked: words[0].ends_with("onExit"),
        retried: words[0].ends_with(')'),
    }
}

pub fn nodes() -> Vec<Node> {
    [
        "post-sync-7xk2p DAG Failed 2642s 2481s - post-sync-7xk2p.govuk-e2e-tests",
        "post-sync-7xk2p.govuk-e2e-tests Retry Failed 2640s 2482s post-sync-7xk2p post-sync-7xk2p.govuk-e2e-tests(0) post-sync-7xk2p.govuk-e2e-tests(1) post-sync-7xk2p.govuk-e2e-tests(2)",
        "post-sync-7xk2p.govuk-e2e-tests(0) Pod Failed 2640s 2590s post-sync-7xk2p",
        "post-sync-7xk2p.govuk-e2e-tests(1) Pod Failed 2590s 2540s post-sync-7xk2p",
        "post-sync-7xk2p.govuk-e2e-tests(2) Pod Failed 2540s 2482s post-sync-7xk2p post-sync-7xk2p.promote-release",
        "post-sync-7xk2p.promote-release Skipped Omitted 2482s 2482s post-sync-7xk2p",
        "post-sync-7xk2p.onExit Pod Succeeded 2481s 2478s -",
    ]
    .map(node)
    .to_vec()
}

/// What Playwright prints, and what somebody else might.
pub fn log() -> Log {
    let mut text = String::from(
        "Running 240 tests using 4 workers\n+ curl -H 'Authorization: Bearer abcdefghijklmnop' https://signon\n",
    );
    for test in 1..40 {
        if test == 12 {
            text.push_str("\x1b[31m  x  12 publisher.spec.js:41 > publish a draft @app-publisher (30.1s)\x1b[39m\n");
        } else {
            text.push_str(&format!("\x1b[32m  ok\x1b[39m {test} router.spec.js:{test} > \u{4e16}\u{754c} serves page {test} (0.{test}s)\n"));
        }
    }
    text.push_str("\n  1) publisher.spec.js:41:5 > publish a draft @app-publisher\n\n");
    text.push_str("    Error: expect(locator).toBeVisible() failed: getByText('Published') not found within 30000 ms, after the page had been loaded three times\n");
    text.push_str("    \x1b[2J\x1b]0;owned\x07 attempt to clear the screen \u{202e}lortnoc fo tuo\n  1 failed\n  239 passed\n");
    let mut stretch = Stretch::default();
    for (nth, line) in text.lines().enumerate() {
        let at = ago("2540s").as_nanosecond() as i64 + nth as i64 * 1_300_000_000;
        stretch.starts.push((stretch.bytes.len() as u32, at));
        stretch.bytes.extend_from_slice(line.as_bytes());
        stretch.bytes.push(b'\n');
    }
    let mut log = Log::default();
    log.append(&stretch);
    log
}

/// The run open on its first failed leaf, the log on its first error; on the pane that is given.
pub fn opened(columns: u16, rows: u16, pane: Pane) -> State {
    opened_as(columns, rows, pane, |_| {})
}

/// The same of a run that is changed.
pub fn opened_as(columns: u16, rows: u16, pane: Pane, change: impl FnOnce(&mut Run)) -> State {
    opened_in(&world(change), columns, rows, pane)
}

/// The world in which it failed, with the run changed.
pub fn world(change: impl FnOnce(&mut Run)) -> World {
    let mut world = World::new();
    world.calm("publisher", "v1362", "9h");
    world.stands("production", "publisher", "v1360", "v1361", "26h");
    world.healthy("production", "publisher", "publisher", "v1361");
    world.smoke(
        "staging",
        "publisher",
        "publisher",
        "v1362",
        "Failed",
        "44m",
        |run| {
            run.id.name = "post-sync-7xk2p".into();
            run.nodes = Nodes::Read(Arc::new(nodes()));
            change(run);
        },
    );
    for environment in world.environments() {
        world.application(environment.as_str(), "app-config", |a| a.parent = None);
    }
    world
}

/// The run of a world open.
pub fn opened_in(world: &World, columns: u16, rows: u16, pane: Pane) -> State {
    let id = world.facts[&Environment::new("staging")]
        .iter()
        .find(|fact| &*fact.id().name == "post-sync-7xk2p")
        .unwrap()
        .id()
        .clone();
    let mut state = world.state(columns, rows);
    let target = Target::new("staging", "publisher");
    let tree = Tree::grow("post-sync-7xk2p", &nodes());
    state.ui.board.selected = Some(target.clone());
    state.ui.run = Some(RunUi {
        target: target.clone(),
        run: Some(id.clone()),
        node: tree.opens_on(),
        awaits_log: false,
        top: 0,
    });
    let log = log();
    let mut errors = ErrorLines::default();
    errors.refresh(&log);
    let first = errors.next(20, true).unwrap();
    state.ui.log = Some(LogUi {
        follow: 1,
        target,
        sources: ["main", "wait", "init"]
            .map(|container| LogChoice {
                title: "post-sync-7xk2p govuk-e2e-tests(2)".into(),
                source: LogSource {
                    pod: id.clone(),
                    container: container.into(),
                    previous: false,
                    follow: false,
                },
            })
            .to_vec(),
        source: 0,
        top: first - 6,
        selected: first,
        log,
        errors,
        following: false,
        wrap: false,
        search_text: String::new(),
        search: None,
        filter_text: String::new(),
        filter: None,
        ended: true,
        fault: None,
        seek_error: false,
    });
    state.ui.pane = pane;
    let beside = match pane {
        Pane::Board => true,
        Pane::Run => leverframe::screen::layout::panes(&state).run.is_some(),
        Pane::Log => leverframe::screen::layout::panes(&state).log.is_some(),
    };
    if !beside {
        state.ui.views.push(if pane == Pane::Log {
            View::Log
        } else {
            View::Run
        });
    }
    state
}
