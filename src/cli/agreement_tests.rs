//! Whatever runs, pods and labels there are: what the console opens under its keys and what the command line names for the
//! same target are the same run, pod, container and first line.

use super::arguments::{LogsArgs, TargetArgs};
use super::logs::{Chosen, chosen, printer};

use super::{pull, runs};
use crate::belongs::logs::of_app;
use crate::cases::cases;
use crate::effect::Effect;
use crate::keymap::{Chord, Keymap};
use crate::message::{Message, Press};
use crate::model::log::{LogSource, Stretch};
use crate::model::*;
use crate::plan::{Lever, PlanId, Request};
use crate::provider::LogPiece;
use crate::state::{Settings, State, View};
use crate::store::fixture::{Fixture, ago, id};
use crate::store::{Fact, Kind};
use crate::update::{derive_state, update};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

mod inputs;

use inputs::{Case, case};

const CASES: u32 = 10_000;

const ENVIRONMENTS: [&str; 3] = ["staging", "integration", "production"];
/// One name begins with the other.
const APPS: [&str; 2] = ["publisher", "publisher-worker"];
const NAMESPACES: [&str; 2] = ["apps", "elsewhere"];
const REPOSITORIES: [&str; 2] = ["publisher", "shared"];
const TEMPLATES: [&str; 3] = ["post-sync", "deploy-image", "nightly"];
const PHASES: [&str; 4] = ["Running", "Succeeded", "Failed", "Error"];
const STEPS: [&str; 3] = ["smoke", "notify", "smoke"];
const CONTAINERS: [&str; 4] = ["sidecar", "app", "wait", "main"];

static KEYS: LazyLock<Arc<Keymap>> = LazyLock::new(|| Arc::new(Keymap::built_in().unwrap()));

fn console(case: &Case) -> State {
    let mut world = Fixture::new();
    for (app, repository) in APPS.into_iter().zip(REPOSITORIES) {
        world.app(app, &[repository]);
        for environment in ENVIRONMENTS {
            world.file(environment, repository, "v1", true);
        }
    }
    for apps in world.tree.apps.values_mut() {
        apps[0].namespace = case.namespace.map(Arc::from);
    }
    world.file("staging", REPOSITORIES[0], "v1", true);
    for environment in ENVIRONMENTS {
        for kind in [Kind::Applications, Kind::Runs, Kind::Pods] {
            if kind != Kind::Pods || case.unlisted != Some(environment) {
                world.listed(environment, kind);
            }
        }
    }
    for (environment, fact) in &case.facts {
        world.store.apply(crate::store::Delta {
            source: crate::store::Source::Cluster((*environment).into()),
            subscription: 1,
            seen_at: ago(0),
            news: crate::store::News::Put(fact.clone()),
        });
    }
    let delivery = Arc::new(world.delivery);
    let mut state = State::new(delivery, KEYS.clone(), Settings::for_tests(), ago(0));
    state.store = world.store;
    state.size = if case.wide { (160, 50) } else { (80, 24) };
    derive_state(&mut state);
    state.ui.board.touched = true;
    state.ui.board.fold = None;
    state.ui.board.selected = Some(case.target.clone());
    state
}

fn press(state: &mut State, key: &str) -> Vec<Effect> {
    let press = Press {
        chord: Chord::parse(key).unwrap(),
        at: state.now,
        queued: false,
        id: PlanId::new("0123456789abcdef"),
    };
    let mut effects = update(state, Message::Pressed(press));
    effects.extend(derive_state(state));
    effects
}

/// The log that stands open; whether it is followed is the reader's affair.
fn opened(state: &State) -> Option<LogSource> {
    let log = state.ui.log.as_ref()?;
    let source = log.sources.get(log.source)?.source.clone();
    Some(LogSource {
        follow: false,
        ..source
    })
}

fn asked(state: &State, target: &Target, run: Option<&str>) -> Result<Chosen, String> {
    let args = LogsArgs {
        target: TargetArgs {
            app: target.app.to_string(),
            environment: target.environment.to_string(),
        },
        run: run.map(str::to_owned),
        step: None,
        pod: None,
        container: None,
        previous: false,
        follow: false,
    };
    chosen(
        &state.store,
        &state.delivery,
        &target.environment,
        &args,
        state.now,
    )
    .map_err(|failure| failure.said)
}

/// What a container has printed: another one prints something else.
fn printed(source: &LogSource) -> Stretch {
    let first = format!(
        "{} {} {}",
        source.pod.uid, source.container, source.previous
    );
    Stretch {
        bytes: format!("{first}\nsecond\n").into_bytes(),
        starts: Vec::new(),
    }
}

fn first_line_of_console(state: &mut State, effects: &[Effect]) -> Option<String> {
    let followed = effects.iter().rev().find_map(|effect| match effect {
        Effect::Follow { follow, source } => Some((*follow, source.clone())),
        _ => None,
    });
    let (follow, source) = followed?;
    let piece = LogPiece::Bytes(printed(&source));
    update(state, Message::Logged { follow, piece });
    derive_state(state);
    let log = &state.ui.log.as_ref()?.log;
    let line = log.line(log.first())?;
    Some(String::from_utf8_lossy(line.bytes).into_owned())
}

fn first_line_of_command(source: &LogSource) -> String {
    let mut printer = printer::Printer::new(super::arguments::Form::Json);
    let lines = printer.print(printed(source));
    let first = lines
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line: serde_json::Value = serde_json::from_slice(first).unwrap();
    line["text"].as_str().unwrap_or_default().to_owned()
}

/// How often what is compared was there to be compared.
#[derive(Default)]
struct Compared {
    runs: AtomicUsize,
    steps: AtomicUsize,
    pods: AtomicUsize,
    instead: AtomicUsize,
    older: AtomicUsize,
    nothing: AtomicUsize,
}

fn agree(case: &Case, compared: &Compared) -> Result<(), TestCaseError> {
    let count = |counter: &AtomicUsize| counter.fetch_add(1, Ordering::Relaxed);
    let mut state = console(case);
    let target = &case.target;
    let listed: Vec<ObjectId> = runs::listed(
        &state.store,
        &state.delivery,
        std::slice::from_ref(&target.environment),
        Some(&target.app),
    )
    .into_iter()
    .map(|run| run.id.clone())
    .collect();
    let command = asked(&state, target, None);

    let mut effects = press(&mut state, "enter");
    if state.ui.log.is_none() {
        effects = press(&mut state, "enter");
    }
    let run = state.ui.run.as_ref().and_then(|ui| ui.run.clone());
    prop_assert_eq!(run.as_ref(), listed.first(), "the newest run");
    match &command {
        // The run in sight has no log, and says why; the command reads the target's own pods then, and says why.
        Ok(chosen) if chosen.instead.is_some() => {
            prop_assert_eq!(opened(&state), None);
            prop_assert!(state.ui.notice.is_some());
            let own = of_app(&state.store, &state.delivery, target).unwrap_or_default();
            let first = own.first().map(|log| LogSource {
                follow: false,
                ..log.source.clone()
            });
            prop_assert_eq!(first, Some(chosen.source.clone()));
            count(&compared.instead);
        }
        Ok(Chosen { source, .. }) => {
            prop_assert_eq!(opened(&state), Some(source.clone()));
            count(match state.store.cluster(&source.pod.environment) {
                Some(cluster) if is_step(cluster, source) => &compared.steps,
                _ => &compared.pods,
            });
            let line = first_line_of_console(&mut state, &effects);
            prop_assert_eq!(line, Some(first_line_of_command(source)));
        }
        Err(_) => {
            prop_assert_eq!(opened(&state), None, "{:?}", command);
            count(&compared.nothing);
        }
    }

    // A lever that is about a run means the one in sight; on the command line it is named.
    if let Some(run) = &run {
        count(&compared.runs);
        let in_sight = state.request(Lever::Resubmit, target);
        let typed = pull::run_typed(&state.store, &state.delivery, target, &run.name);
        if typed.as_ref().is_ok_and(|id| id == run) {
            let named = Request::new(Lever::Resubmit, target.clone()).about_run(typed.ok());
            prop_assert_eq!(in_sight, named);
        }
    }

    // An older run, by its key here and by its name there.
    if case.older > 0 && case.older < listed.len() {
        let mut state = console(case);
        press(&mut state, "enter");
        state.ui.views = vec![View::Run];
        for _ in 0..case.older {
            press(&mut state, "[");
        }
        let run = state.ui.run.as_ref().and_then(|ui| ui.run.clone());
        prop_assert_eq!(run.as_ref(), listed.get(case.older));
        state.ui.log = None;
        press(&mut state, "enter");
        let id = &listed[case.older];
        let typed = pull::run_typed(&state.store, &state.delivery, target, &id.name);
        if typed.is_ok_and(|typed| typed == *id) {
            count(&compared.older);
            let command = asked(&state, target, Some(&id.name));
            let source = command.as_ref().ok().map(|chosen| chosen.source.clone());
            prop_assert_eq!(opened(&state), source, "{:?}", command);
        }
    }
    Ok(())
}

fn is_step(cluster: &crate::store::Cluster, source: &LogSource) -> bool {
    let pod = cluster.pods.get(&source.pod.namespace, &source.pod.name);
    pod.is_some_and(|pod| pod.node_id.is_some())
}

#[test]
fn console_and_command_line_name_the_same_run_pod_container_and_first_line() {
    let config = cases(CASES);
    let tried = config.cases as usize;
    let compared = Compared::default();
    let result = TestRunner::new(config).run(&case(), |case| agree(&case, &compared));
    if let Err(error) = result {
        panic!("{error}");
    }
    // Agreeing about nothing proves nothing.
    let least = tried / 20;
    for (what, counter) in [
        ("runs", compared.runs),
        ("logs of steps", compared.steps),
        ("logs of pods", compared.pods),
        ("logs of pods instead of a run's", compared.instead),
        ("older runs", compared.older),
        ("no log", compared.nothing),
    ] {
        let times = counter.into_inner();
        println!("{what}: {times}");
        assert!(times >= least, "only {times} cases compared {what}");
    }
}
