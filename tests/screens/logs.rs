//! Screens of runs and logs: see `main.rs` for how they are compared and kept.

use super::golden::{drawn, golden};
use super::{hostile, smoke, world};
use leverframe::model::log::{Filter, Log, Pattern, Stretch};
use leverframe::model::{Fault, FaultKind, Nodes, RunPhase, Target};
use leverframe::plan::mark::{STOP, STOP_ACTOR, STOP_REASON};
use leverframe::plan::{Lever, Plan};
use leverframe::state::{LogUi, Pane, RunUi, State, View};
use leverframe::store::Kind;
use std::collections::BTreeMap;
use std::sync::Arc;

fn log(state: &mut State) -> &mut LogUi {
    state.ui.log.as_mut().unwrap()
}

#[test]
fn a_failed_run_opens_on_its_failed_leaf() {
    golden("run", |columns, rows| {
        smoke::opened(columns, rows, Pane::Run)
    });
}

/// The run in some phase, asked to stop or not, with what a plan left on it.
fn run_in(size: (u16, u16), phase: RunPhase, is_asked: bool, marks: &[(&str, &str)]) -> State {
    smoke::opened_as(size.0, size.1, Pane::Run, |run| {
        run.finished = run.finished.filter(|_| phase.is_over());
        run.phase = phase;
        run.shutdown = is_asked.then(|| "Stop".into());
        for (key, value) in marks {
            run.annotations.insert((*key).into(), (*value).into());
        }
    })
}

const BY_BOB: [(&str, &str); 3] = [
    (STOP, "3032303230323032"),
    (STOP_ACTOR, "bob"),
    (STOP_REASON, "DB is down in prod, wait for 4711"),
];

/// What the pane says of a run in each of its states: none that is over sends anything, and none that was stopped may do so.
#[test]
fn a_run_says_what_comes_of_it_and_who_stopped_it() {
    let size = (80, 24);
    let (sends, resubmit) = (
        "passing sends v1362 to PRODUCTION, ~4m",
        "a resubmit that passes would send v1362 to PRODUCTION",
    );
    let by_bob = "stopped by bob: DB is down in prod, wait for 4711";
    let stopping = "stopping, by bob: DB is down in prod, wait for 4711";
    let (unknown, ends) = ("by whom is not known", "stopped 41m ago");
    let all = [sends, resubmit, by_bob, stopping, unknown, ends];
    for (phase, is_asked, marks, said) in [
        (RunPhase::Running, false, &[][..], &[sends][..]),
        // Whether it may be resubmitted is not known here.
        (RunPhase::Failed, false, &[], &[]),
        (RunPhase::Error, false, &[], &[]),
        (RunPhase::Succeeded, false, &[], &[]),
        (RunPhase::Running, true, &BY_BOB, &[stopping]),
        (RunPhase::Pending, true, &[], &[unknown]),
        (RunPhase::Failed, true, &BY_BOB, &[by_bob, ends]),
        (RunPhase::Error, true, &BY_BOB, &[by_bob, ends]),
        (RunPhase::Failed, true, &[], &[unknown, ends]),
        // It was asked to, and passed all the same.
        (RunPhase::Succeeded, true, &BY_BOB, &[]),
    ] {
        let screen = drawn(&run_in(size, phase.clone(), is_asked, marks));
        for text in all {
            assert_eq!(
                screen.contains(text),
                said.contains(&text),
                "{phase:?} {text}: {screen}"
            );
        }
        assert_eq!(
            screen.contains("passing"),
            said.contains(&sends),
            "{screen}"
        );
    }
    for (is_asked, says) in [(false, true), (true, false)] {
        let mut world = smoke::world(|run| {
            run.shutdown = is_asked.then(|| "Stop".into());
            run.spec = "{\"workflowTemplateRef\":{\"name\":\"post-sync\"},\"arguments\":{}}".into();
        });
        world.may_all();
        let screen = drawn(&smoke::opened_in(&world, 80, 24, Pane::Run));
        assert_eq!(screen.contains(resubmit), says, "{screen}");
        assert!(!screen.contains(sends), "{screen}");
    }
    // The own journal has the plan.
    let mut state = run_in((120, 40), RunPhase::Failed, true, &BY_BOB);
    let mut permitted = smoke::world(|_| {});
    permitted.may_all();
    let permitted = smoke::opened_in(&permitted, 80, 24, Pane::Run);
    let of_bob = super::request(Lever::Refresh, "staging", "publisher");
    let mut stop = Plan {
        id: super::plan_id(BY_BOB[0].1),
        ..super::decide(&permitted, &of_bob).unwrap()
    };
    stop.who.login = "bob".into();
    stop.request.reason = Some("DB is down in prod".into());
    world::intend(&mut state, stop, "42m");
    let screen = drawn(&state);
    for line in ["stopped by bob (plan 3032): DB is down in", "|prod"] {
        assert!(screen.contains(line), "{line}: {screen}");
    }
    // A run whose steps cannot be read was stopped by somebody, too.
    let unread = smoke::opened_as(80, 24, Pane::Run, |run| {
        run.shutdown = Some("Stop".into());
        run.nodes = Nodes::Unread("The steps are offloaded.".into());
        for (key, value) in BY_BOB {
            run.annotations.insert(key.into(), value.into());
        }
    });
    let screen = drawn(&unread);
    for text in [by_bob, "The steps are offloaded."] {
        assert!(screen.contains(text), "{text}: {screen}");
    }
}

/// It stands above the steps, and the selected one is in sight below it.
#[test]
fn who_stopped_a_run_is_said_whichever_steps_are_in_sight() {
    for rows in 9..24 {
        let mut state = run_in((80, rows), RunPhase::Failed, true, &BY_BOB);
        for (word, step) in [("G", "exit-handler"), ("g", "post-sync-7xk2p  ")] {
            super::key(&mut state, word, 0, false);
            leverframe::update::derive_for_key(&mut state);
            let screen = drawn(&state);
            for text in ["stopped by bob: DB is down in prod", step] {
                assert!(screen.contains(text), "{rows} {text}: {screen}");
            }
        }
    }
}

#[test]
fn its_log_opens_on_the_error() {
    golden("log", |columns, rows| {
        smoke::opened(columns, rows, Pane::Log)
    });
}

#[test]
fn a_wrapped_log_shows_lines_whole() {
    let mut state = smoke::opened(80, 24, Pane::Log);
    log(&mut state).wrap = true;
    let screen = drawn(&state);
    assert!(
        screen.contains("loaded three\n            times\n"),
        "{screen}"
    );
    // Followed and wrapped, the newest line is the last one in sight.
    log(&mut state).following = true;
    let screen = drawn(&state);
    let last = screen
        .lines()
        .rfind(|line| !line.trim().is_empty() && line.contains("239 passed"));
    assert!(last.is_some(), "{screen}");
}

#[test]
fn a_filtered_log_shows_what_matches_and_says_when_nothing_does() {
    let mut state = smoke::opened(80, 24, Pane::Log);
    let ui = log(&mut state);
    let mut narrow = |text: &str| {
        let mut filter = Filter::new(Pattern::parse(text).unwrap().unwrap());
        filter.refresh(&ui.log);
        (ui.filter, ui.filter_text, ui.top) = (Some(filter), text.to_owned(), 0);
    };
    narrow("passed");
    let screen = drawn(&state);
    assert!(
        screen.contains("239 passed") && !screen.contains("router.spec.js:1 "),
        "{screen}"
    );
    let ui = log(&mut state);
    let mut filter = Filter::new(Pattern::parse("nowhere").unwrap().unwrap());
    filter.refresh(&ui.log);
    (ui.filter, ui.filter_text) = (Some(filter), "nowhere".to_owned());
    assert!(
        drawn(&state).contains("No line matches nowhere; & with nothing shows all lines again.")
    );
}

#[test]
fn credentials_and_sequences_do_not_reach_the_screen() {
    let mut state = smoke::opened(200, 50, Pane::Log);
    log(&mut state).top = 0;
    let screen = drawn(&state);
    assert!(
        screen.contains("Bearer <masked>") && !screen.contains("abcdefghijklmnop"),
        "{screen}"
    );
    for text in hostile::bytes() {
        let mut held = Log::default();
        let mut bytes = text.clone();
        bytes.push(b'\n');
        held.append(&Stretch {
            bytes,
            starts: vec![(0, 1_000_000_000)],
        });
        for wrap in [false, true] {
            log(&mut state).wrap = wrap;
            let screen = {
                std::mem::swap(&mut log(&mut state).log, &mut held);
                let screen = drawn(&state);
                std::mem::swap(&mut log(&mut state).log, &mut held);
                screen
            };
            let mut seen = hostile::sequences(screen.as_bytes());
            seen.remove("C0 0a");
            assert_eq!(seen, BTreeMap::new(), "{text:?}");
        }
    }
}

#[test]
fn an_empty_log_says_why() {
    let mut state = smoke::opened(80, 24, Pane::Log);
    let ui = log(&mut state);
    ui.log = Log::default();
    ui.errors = Default::default();
    assert!(drawn(&state).contains("It printed nothing."));
    log(&mut state).ended = false;
    assert!(drawn(&state).contains("Waiting for the first line."));
    log(&mut state).fault = Some(Fault::new(
        FaultKind::NotFound,
        "The pod is gone.",
        "Open the run in Argo.",
    ));
    assert!(drawn(&state).contains("The pod is gone. Open the run in Argo."));
    state.ui.log = None;
    assert!(drawn(&state).contains("No log is open; Enter on a step opens its log here."));
}

#[test]
fn a_run_that_cannot_be_shown_says_why() {
    let mut state = smoke::opened(80, 24, Pane::Run);
    let ui = state.ui.run.as_mut().unwrap();
    ui.run.as_mut().unwrap().uid = Arc::from("another");
    assert!(drawn(&state).contains("This run is gone from its cluster"));
    state.ui.run.as_mut().unwrap().run = None;
    assert!(drawn(&state).contains("has no run that is kept"));
    let mut world = world::World::new();
    world.calm("publisher", "v1362", "9h");
    world.smoke(
        "staging",
        "publisher",
        "publisher",
        "v1362",
        "Failed",
        "44m",
        |run| {
            run.nodes = Nodes::Unread(
                "The steps are offloaded to Argo's database: open the run in Argo.".into(),
            );
            run.id.name = "offloaded".into();
        },
    );
    let id = world
        .facts
        .values()
        .flatten()
        .find(|fact| &*fact.id().name == "offloaded")
        .unwrap()
        .id()
        .clone();
    let opened = |world: &world::World, run| {
        let mut state = world.state(80, 24);
        state.ui.run = Some(RunUi {
            target: Target::new("staging", "publisher"),
            run,
            node: None,
            awaits_log: false,
            top: 0,
        });
        state.ui.views.push(View::Run);
        drawn(&state)
    };
    let offloaded = opened(&world, Some(id));
    assert!(
        offloaded.contains("The steps are offloaded to Argo's database: open the run in Argo.")
    );
    world.forbidden("staging", Kind::Runs);
    let refused = opened(&world, None);
    assert!(
        refused
            .contains("The runs of publisher @ staging are not read: workflows may not be listed"),
        "{refused}"
    );
}

#[test]
fn every_size_is_drawn() {
    for (columns, rows) in [
        (0, 0),
        (1, 1),
        (2, 5),
        (13, 3),
        (40, 10),
        (79, 23),
        (120, 31),
        (121, 33),
        (500, 200),
    ] {
        for pane in [Pane::Run, Pane::Log] {
            for wrap in [false, true] {
                let mut state = smoke::opened(columns, rows, pane);
                log(&mut state).wrap = wrap;
                drawn(&state);
                log(&mut state).following = true;
                state.ui.zoom = true;
                drawn(&state);
            }
        }
    }
}

/// A run whose names and reasons are longer than its pane, at 120x40.
fn long_names() -> State {
    let mut state = smoke::opened(120, 40, Pane::Run);
    let id = state.ui.run.as_ref().unwrap().run.clone().unwrap();
    let cluster = state.store.cluster(&id.environment).unwrap();
    let mut run = cluster.runs.get(&id.namespace, &id.name).unwrap().clone();
    let mut nodes = smoke::nodes();
    for node in &mut nodes {
        if &*node.display_name == "govuk-e2e-tests" {
            node.display_name = "govuk-e2e-tests-of-every-publishing-app".into();
        }
        if &*node.display_name == "govuk-e2e-tests(2)" {
            node.message = Some("failed to upload the report: no space left on device".into());
        }
        if node.boundary.is_none() {
            node.message = Some("retryStrategy is exhausted".into());
        }
    }
    run.nodes = Nodes::Read(Arc::new(nodes));
    state.store.apply(leverframe::store::Delta {
        source: leverframe::store::Source::Cluster(id.environment.clone()),
        subscription: 1,
        seen_at: state.now,
        news: leverframe::store::News::Put(leverframe::store::Fact::Run(run)),
    });
    state
}

#[test]
fn a_name_gives_way_to_its_count_and_the_selected_row_is_told_whole() {
    let screen = drawn(&long_names());
    for text in [
        "|+-x govuk-e2e-tests~ 3/3  2m38s  exit 1:~",
        "|| [3] 2 1  tries",
        "|| govuk-e2e-tests-of-every-publishing-app",
        "|| exit 1: failed to upload the report:",
        "|| space left on device",
        "41m ago",
    ] {
        assert!(screen.contains(text), "{text}\n{screen}");
    }
}
