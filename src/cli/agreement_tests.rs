//! Whatever runs, pods and labels there are: what the console opens under its keys and what the command line names for the
//! same target are the same run, pod, container and first line.

use super::arguments::{LogsArgs, TargetArgs};
use super::logs::{chosen, printer};
use super::{pull, runs};
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

fn pick(from: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(from)
}

/// Mostly the first, so that what is made meets.
fn mostly(from: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just(from[0]), 1 => pick(from)]
}

/// What a run says of itself by labels or by parameters; each may be missing.
fn said() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let word = |key: &'static str, from: &'static [&'static str]| {
        let value = prop::option::weighted(0.9, mostly(from));
        value.prop_map(move |value| value.map(|value| (key, value)))
    };
    (
        word("application", &APPS),
        word("repoName", &REPOSITORIES),
        word("imageTag", &["v1", "v2"]),
        word("environment", &ENVIRONMENTS),
    )
        .prop_map(|(a, b, c, d)| [a, b, c, d].into_iter().flatten().collect())
}

fn words(
    said: Vec<(&'static str, &'static str)>,
) -> std::collections::BTreeMap<Arc<str>, Arc<str>> {
    let words = said.into_iter();
    words.map(|(k, v)| (k.into(), v.into())).collect()
}

/// A step with its tries: one is a pod of its own, several stand below a retry.
fn nodes(run: &str, steps: &[(usize, &'static str, i64)]) -> Vec<Node> {
    let mut nodes = Vec::new();
    let node =
        |id: String, name: String, shown: &str, kind, phase: &str, started: Option<i64>| Node {
            id: id.as_str().into(),
            name: name.as_str().into(),
            display_name: shown.into(),
            kind,
            phase: NodePhase::parse(phase),
            template: "".into(),
            boundary: Some(run.into()),
            children: Vec::new(),
            message: None,
            started: started.map(ago),
            finished: (phase != "Running").then(|| ago(1)),
            exit_code: None,
            hooked: false,
            retried: false,
        };
    nodes.push(node(
        run.into(),
        run.into(),
        run,
        NodeKind::Steps,
        "Failed",
        Some(90),
    ));
    for (nth, (tries, phase, started)) in steps.iter().enumerate() {
        let shown = STEPS[nth % STEPS.len()];
        let (step, name) = (format!("{run}-{nth}"), format!("{run}[{nth}].{shown}"));
        if *tries < 2 {
            nodes.push(node(
                step,
                name,
                shown,
                NodeKind::Pod,
                phase,
                Some(*started),
            ));
            continue;
        }
        let tried: Vec<Arc<str>> = (0..*tries).map(|n| format!("{step}-{n}").into()).collect();
        let mut retry = node(
            step.clone(),
            name.clone(),
            shown,
            NodeKind::Retry,
            phase,
            Some(*started),
        );
        retry.children = tried.clone();
        nodes.push(retry);
        for (n, id) in tried.iter().enumerate() {
            // The engine may stamp two tries with one second, or none yet.
            let started = (*started % 3 != 0).then_some(*started);
            nodes.push(Node {
                retried: true,
                boundary: Some(step.as_str().into()),
                ..node(
                    id.to_string(),
                    format!("{name}({n})"),
                    &format!("{shown}({n})"),
                    NodeKind::Pod,
                    phase,
                    started,
                )
            });
        }
    }
    nodes
}

fn run() -> impl Strategy<Value = (&'static str, Fact)> {
    let steps = prop::collection::vec((1usize..4, pick(&PHASES), 0i64..4), 0..4);
    let when = (prop::option::of(0i64..4), 0i64..4);
    let kind = (
        mostly(&ENVIRONMENTS),
        mostly(&NAMESPACES),
        0usize..3,
        mostly(&TEMPLATES),
        pick(&PHASES),
    );
    // Where a run's parameters are its labels it is well; else either may be anything.
    (
        kind,
        when,
        said(),
        prop::option::of(said()),
        steps,
        any::<u8>(),
    )
        .prop_map(
            |(
                (environment, namespace, name, template, phase),
                (started, created),
                labels,
                parameters,
                steps,
                uid,
            )| {
                let name = format!("run-{name}");
                let parameters = parameters.unwrap_or_else(|| labels.clone());
                let run = Run {
                    id: ObjectId {
                        uid: format!("uid-{uid}").as_str().into(),
                        ..id(environment, namespace, &name)
                    },
                    resource_version: "1".into(),
                    template: Some(template.into()),
                    labels: words(labels),
                    annotations: Default::default(),
                    generate_name: None,
                    owners: None,
                    spec: "{}".into(),
                    parameters: words(parameters),
                    phase: RunPhase::parse(phase),
                    message: None,
                    shutdown: None,
                    suspended: false,
                    created: Some(ago(created)),
                    started: started.map(ago),
                    finished: (phase != "Running").then(|| ago(0)),
                    progress: None,
                    nodes: Nodes::Read(Arc::new(nodes(&name, &steps))),
                    memoized: false,
                    exit_handler: None,
                    retries_all: false,
                    retry_expression: None,
                };
                (environment, Fact::Run(run))
            },
        )
}

fn container() -> impl Strategy<Value = Container> {
    let state = (
        prop::option::weighted(
            0.5,
            pick(&["CrashLoopBackOff", "ImagePullBackOff", "ContainerCreating"]),
        ),
        prop::option::weighted(0.4, 0i32..2),
        0i64..2,
    );
    (pick(&CONTAINERS), any::<bool>(), state).prop_map(
        |(name, running, (waiting, code, restarts))| Container {
            name: name.into(),
            image: "registry.example/publisher:v1".into(),
            image_id: "".into(),
            container_id: "".into(),
            ready: running,
            restarts,
            waiting: waiting.filter(|_| !running).map(Arc::from),
            waiting_message: None,
            running,
            terminated: code.map(|code| ("Ended".into(), code)),
        },
    )
}

fn pod() -> impl Strategy<Value = (&'static str, Fact)> {
    let place = (mostly(&ENVIRONMENTS), mostly(&NAMESPACES), 0usize..8);
    // A run's pod names its step; an app's names its app; a label may be there without meaning it.
    let whose = (
        prop::option::weighted(0.6, mostly(&APPS)),
        prop::option::weighted(0.5, (0usize..3, 0usize..2, prop::option::of(0usize..2))),
    );
    let containers = (
        prop::collection::vec(container(), 1..4),
        prop::collection::vec(container(), 0..2),
    );
    let state = (
        pick(&["Pending", "Running", "Succeeded", "Failed"]),
        any::<bool>(),
        prop::option::of(0i64..3),
    );
    (place, whose, containers, state, any::<u8>()).prop_map(
        |(
            (environment, namespace, name),
            (app, step),
            (mut containers, init_containers),
            (phase, ready, created),
            uid,
        )| {
            containers.dedup_by(|a, b| a.name == b.name);
            let mut labels = std::collections::BTreeMap::new();
            if let Some(app) = app {
                labels.insert("app.kubernetes.io/instance".into(), app.into());
            }
            if let Some((run, ..)) = step {
                labels.insert(
                    "workflows.argoproj.io/workflow".into(),
                    format!("run-{run}").as_str().into(),
                );
            }
            let node = step.map(|(run, step, attempt)| match attempt {
                Some(attempt) => format!("run-{run}-{step}-{attempt}"),
                None => format!("run-{run}-{step}"),
            });
            let pod = Pod {
                id: ObjectId {
                    uid: format!("uid-{uid}").as_str().into(),
                    ..id(environment, namespace, &format!("pod-{name}"))
                },
                labels,
                node_id: node.as_deref().map(Arc::from),
                job: None,
                phase: phase.into(),
                ready,
                deleting: false,
                created: created.map(ago),
                reason: None,
                containers,
                init_containers,
            };
            (environment, Fact::Pod(pod))
        },
    )
}

#[derive(Clone, Debug)]
struct Case {
    facts: Vec<(&'static str, Fact)>,
    /// The namespace that the values file names for the first app.
    namespace: Option<&'static str>,
    /// Clusters whose pods were not listed.
    unlisted: Option<&'static str>,
    target: Target,
    /// With room for a log beside the run, or without.
    wide: bool,
    older: usize,
}

fn case() -> impl Strategy<Value = Case> {
    (
        prop_oneof![
            1 => Just(Vec::new()),
            3 => prop::collection::vec(run(), 1..9),
        ],
        prop::collection::vec(pod(), 0..10),
        prop::option::weighted(0.3, pick(&NAMESPACES)),
        prop::option::weighted(0.1, pick(&ENVIRONMENTS)),
        (mostly(&ENVIRONMENTS), mostly(&APPS)),
        any::<bool>(),
        // Mostly an older one: few cases have several runs of their target.
        prop_oneof![1 => Just(0usize), 4 => Just(1), 1 => Just(2)],
    )
        .prop_map(
            |(mut facts, pods, namespace, unlisted, (environment, app), wide, older)| {
                facts.extend(pods);
                Case {
                    facts,
                    namespace,
                    unlisted,
                    target: Target::new(environment, app),
                    wide,
                    older,
                }
            },
        )
}

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

fn asked(state: &State, target: &Target, run: Option<&str>) -> Result<LogSource, String> {
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
    prop_assert_eq!(opened(&state), command.clone().ok(), "{:?}", command);
    match &command {
        Ok(source) => {
            count(match state.store.cluster(&source.pod.environment) {
                Some(cluster) if is_step(cluster, source) => &compared.steps,
                _ => &compared.pods,
            });
            let line = first_line_of_console(&mut state, &effects);
            prop_assert_eq!(line, Some(first_line_of_command(source)));
        }
        Err(_) => {
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
            prop_assert_eq!(opened(&state), command.clone().ok(), "{:?}", command);
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
        ("older runs", compared.older),
        ("no log", compared.nothing),
    ] {
        let times = counter.into_inner();
        println!("{what}: {times}");
        assert!(times >= least, "only {times} cases compared {what}");
    }
}
