//! Inputs: the rows, runs and pods that console and command line are asked about.

use super::*;

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

fn words(said: Vec<(&'static str, &'static str)>) -> Texts {
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
            ended: None,
            lasted_s: None,
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
            let mut labels = Texts::default();
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
                unschedulable: None,
                containers,
                init_containers,
            };
            (environment, Fact::Pod(pod))
        },
    )
}

#[derive(Clone, Debug)]
pub(super) struct Case {
    pub facts: Vec<(&'static str, Fact)>,
    /// The namespace that the values file names for the first app.
    pub namespace: Option<&'static str>,
    /// Clusters whose pods were not listed.
    pub unlisted: Option<&'static str>,
    pub target: Target,
    /// With room for a log beside the run, or without.
    pub wide: bool,
    pub older: usize,
}

pub(super) fn case() -> impl Strategy<Value = Case> {
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
