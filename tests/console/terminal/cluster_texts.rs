//! Hostile texts in every place of a cluster: none of them reaches the terminal as anything but letters.
//!
//! Each text follows a word that names its place, so that the test knows which places were on the screen. Deliberately
//! absent: what a repository says (`texts`) and names that no API server would take.

use std::collections::BTreeSet;
use std::path::PathBuf;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use leverframe_yard::kubernetes::Server;
use leverframe_yard::kubernetes::rights::{Person, Rights, Rule};
use leverframe_yard::loopback::{Certificate, LoopbackServer};
use serde_json::{Value, json};

use super::console::{Console, Requests, Start};
use super::hostile;
use super::repository::Repository;
use super::texts::OURS;

/// All of the world is older than any word that depends on time.
const THEN: &str = "2026-03-02T10:00:00Z";
/// The app that has every text in every list of its target, its run and its log.
const APP: &str = "publisher";
/// The places that have to be seen; each word stands before the texts of its place. Messages of whole runs and of rollouts
/// are fed too, but other news come before them on these screens.
const PLACES: &[&str] = &[
    "tag-",
    "image-",
    "condition-",
    "operation-",
    "hook-",
    "health-",
    "step-",
    "failed-",
    "reason-",
    "waits-",
    "job-",
    "event-",
    "because-",
    "line-",
    "person-",
];

fn object(api: &str, kind: &str, namespace: &str, name: &str, more: Value) -> Value {
    let mut object = json!({"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace,
        "creationTimestamp": THEN, "labels": {"app.kubernetes.io/instance": name}}});
    merge(&mut object, more);
    object
}

fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (key, value) in more {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more,
    }
}

/// An Application whose single texts are the text of this number, and whose lists have the given texts.
fn application(name: &str, number: usize, text: &str, listed: &[(usize, &String)]) -> Value {
    let conditions: Vec<Value> = listed
        .iter()
        .map(|(n, text)| json!({"type": "SyncError", "message": format!("condition-{n} {text}"), "lastTransitionTime": THEN}))
        .collect();
    let hooks: Vec<Value> = listed
        .iter()
        .map(|(n, text)| {
            json!({"group": "batch", "version": "v1", "kind": "Job", "namespace": "apps", "name": format!("migrate-{n}"),
            "status": "SyncFailed", "hookType": "PreSync", "hookPhase": "Failed", "message": format!("hook-{n} {text}")})
        })
        .collect();
    let more = json!({
        "metadata": {"labels": null, "annotations": {"imageTag": format!("tag-{number}{text}"), "repoName": name,
            format!("odd-{text}"): text, "slackChannel": text}},
        "spec": {"project": text, "source": {"repoURL": text, "path": text, "targetRevision": text},
            "syncPolicy": {"automated": {"prune": true}, "syncOptions": [text]}},
        "status": {
            "sync": {"status": "OutOfSync", "revision": text},
            "health": {"status": "Degraded", "message": format!("health-{number} {text}")},
            "conditions": conditions,
            "summary": {"images": [text]},
            "resources": [{"kind": "Deployment", "name": text, "status": "OutOfSync", "requiresPruning": true}],
            "operationState": {"phase": "Failed", "message": format!("operation-{number} {text}"), "startedAt": THEN,
                "finishedAt": THEN, "operation": {"sync": {"revision": text}}, "syncResult": {"revision": text, "resources": hooks}},
        },
    });
    object(
        "argoproj.io/v1alpha1",
        "Application",
        "cluster-services",
        name,
        more,
    )
}

fn deployment(name: &str, number: usize, text: &str) -> Value {
    let image = format!("registry.test/{name}:image-{number}{text}");
    let condition = |kind: &str| {
        json!({"type": kind, "status": "False", "reason": "ProgressDeadlineExceeded",
        "message": format!("rollout-{number} {text}"), "lastTransitionTime": THEN})
    };
    let more = json!({
        "metadata": {"generation": 1, "labels": {"app.govuk/repository-name": name, "app.kubernetes.io/component": "app", "odd": text}},
        "spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "app", "image": image}]}}},
        "status": {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 1,
            "conditions": [condition("Progressing"), condition("Available"), condition("ReplicaFailure")]},
    });
    object("apps/v1", "Deployment", "apps", name, more)
}

/// A pod of an app that waits, for a reason and with a message.
fn pod(app: &str, number: usize, text: &str) -> Value {
    let image = format!("registry.test/{app}:image-{number}{text}");
    let waiting = json!({"reason": format!("reason-{number}{text}"), "message": format!("waits-{number} {text}")});
    let more = json!({
        "metadata": {"labels": {"app.kubernetes.io/instance": app, "app.govuk/repository-name": app,
            "app.kubernetes.io/component": "app", "odd": text}},
        "spec": {"nodeName": "node", "containers": [{"name": "app", "image": image}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "app", "ready": false, "restartCount": 9,
            "image": image, "imageID": text, "containerID": "containerd://1", "state": {"waiting": waiting},
            "lastState": {"terminated": {"exitCode": 1, "reason": text}}}]},
    });
    object("v1", "Pod", "apps", &format!("{app}-{number}"), more)
}

/// A failed run of an app, with a failed step for each of the given texts.
fn run(app: &str, number: usize, text: &str, listed: &[(usize, &String)]) -> Value {
    let name = format!("post-sync-{app}-{number}");
    let steps: Vec<String> = listed.iter().map(|(n, _)| format!("{name}-{n}")).collect();
    let mut nodes = json!({name.as_str(): {"id": name, "name": name, "displayName": name, "type": "DAG", "templateName": "main",
        "phase": "Failed", "message": text, "startedAt": THEN, "finishedAt": THEN, "children": steps}});
    for ((n, text), id) in listed.iter().zip(&steps) {
        nodes[id] = json!({"id": id, "name": format!("{name}.step-{n}{text}"), "displayName": format!("step-{n}{text}"),
            "type": "Pod", "templateName": "test", "phase": "Failed", "boundaryID": name, "message": format!("failed-{n} {text}"),
            "startedAt": THEN, "finishedAt": THEN, "outputs": {"exitCode": "1"}});
    }
    let more = json!({
        "metadata": {"annotations": {"odd": text}, "labels": {"application": app, "repoName": app, "imageTag": format!("tag-{number}{text}"),
            "odd": text, "workflows.argoproj.io/workflow-template": "post-sync"}},
        "spec": {"workflowTemplateRef": {"name": "post-sync"}, "arguments": {"parameters": [
            {"name": "application", "value": app}, {"name": "imageTag", "value": text}, {"name": text, "value": text}]}},
        "status": {"phase": "Failed", "message": format!("run-{number} {text}"), "progress": text, "startedAt": THEN,
            "finishedAt": THEN, "nodes": nodes},
    });
    object("argoproj.io/v1alpha1", "Workflow", "apps", &name, more)
}

/// The pod of a run's first step, whose log the kubelet has.
fn step_pod(app: &str) -> Value {
    let run = format!("post-sync-{app}-0");
    let more = json!({
        "metadata": {"labels": {"workflows.argoproj.io/workflow": run},
            "annotations": {"workflows.argoproj.io/node-id": format!("{run}-0"), "workflows.argoproj.io/node-name": "step"}},
        "spec": {"nodeName": "node", "restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.test/main:v1"}]},
        "status": {"phase": "Failed", "containerStatuses": [{"name": "main", "containerID": "containerd://2", "image": "main",
            "state": {"terminated": {"exitCode": 1, "reason": "Error", "containerID": "containerd://2"}}}]},
    });
    object("v1", "Pod", "apps", &format!("{run}-test-1"), more)
}

fn job(number: usize, text: &str) -> Value {
    let more = json!({
        "metadata": {"labels": {"app.kubernetes.io/instance": APP}, "annotations": {"argocd.argoproj.io/hook": format!("job-{number} {text}")}},
        "status": {"failed": 1, "startTime": THEN, "conditions": [{"type": "Failed", "status": "True", "reason": text,
            "message": text, "lastTransitionTime": THEN}]},
    });
    object(
        "batch/v1",
        "Job",
        "apps",
        &format!("migrate-{number}"),
        more,
    )
}

fn event(number: usize, text: &str) -> Value {
    let more = json!({
        "involvedObject": {"kind": "Pod", "name": format!("{APP}-0"), "namespace": "apps"}, "type": "Warning", "count": 3,
        "reason": format!("because-{number}{text}"), "message": format!("event-{number} {text}"), "lastTimestamp": THEN,
    });
    object("v1", "Event", "apps", &format!("{APP}-0.{number}"), more)
}

/// Three servers, a kubelet, a repository and the operator's file; all end with it.
struct World {
    servers: Vec<Server>,
    config: PathBuf,
    _kubelet: LoopbackServer,
    _repository: Repository,
    _folder: tempfile::TempDir,
}

impl World {
    async fn open() -> World {
        let texts = hostile::texts();
        let listed: Vec<(usize, &String)> = texts.iter().enumerate().collect();
        let certificate = Certificate::generate().expect("a certificate");
        let mut log = Vec::new();
        for (number, text) in hostile::bytes().iter().enumerate() {
            log.extend(
                format!("{} line-{number} Error: ", THEN.replace('Z', ".000000000Z")).bytes(),
            );
            log.extend(text);
            log.push(b'\n');
        }
        let router = Router::new()
            .fallback(|State(log): State<Vec<u8>>| async move { (StatusCode::OK, log) })
            .with_state(log);
        let kubelet = LoopbackServer::start(&certificate, router)
            .await
            .expect("a kubelet");
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node"}, "status": {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet.address().port()}}}});
        let repository = Repository::small();
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = format!(
            "delivery = \"govuk\"\nrepository = {:?}\njournal = {:?}\n",
            repository.path(),
            folder.path().join("journal")
        );
        let mut servers = Vec::new();
        for environment in ["integration", "staging", "production"] {
            // Nobody may look into integration's pods, and the refusal tells the name that the server knows.
            let (name, rights) = if environment == "integration" {
                let all = |resource| Rule {
                    group: "*",
                    resource,
                    verbs: &["get", "list", "watch"],
                };
                (
                    format!("person-{}", texts[..8].join(" ")),
                    Rights::Only(vec![all("applications")]),
                )
            } else {
                ("admin".to_owned(), Rights::All)
            };
            let people = vec![Person::new(&name, rights).expect("randomness")];
            let server = Server::start(&certificate, people, 1)
                .await
                .expect("a server");
            let seed = |object: Value| server.objects().insert(object).expect("an object");
            seed(node.clone());
            for (number, text) in &listed {
                let app = format!("app-{number}");
                seed(application(&app, *number, text, &[]));
                seed(deployment(&app, *number, text));
                seed(run(&app, *number, text, &[(*number, text)]));
                seed(pod(&app, *number, text));
                seed(pod(APP, *number, text));
                seed(job(*number, text));
                seed(event(*number, text));
                for environment in ["integration", "staging", "production"] {
                    repository.declare(environment, &app, "v1");
                }
            }
            seed(application(APP, 0, &texts[0], &listed));
            seed(deployment(APP, 0, &texts[0]));
            seed(run(APP, 0, &texts[0], &listed));
            seed(step_pod(APP));
            let path = folder.path().join(environment);
            std::fs::write(&path, server.kubeconfig(environment)).expect("a kubeconfig");
            config.push_str(&format!(
                "[environments.{environment}]\nkubeconfig = {path:?}\ncontext = {environment:?}\n"
            ));
            servers.push(server);
        }
        repository.commit("Declare one app for each text");
        let path = folder.path().join("leverframe.toml");
        std::fs::write(&path, config).expect("a configuration");
        World {
            servers,
            config: path,
            _kubelet: kubelet,
            _repository: repository,
            _folder: folder,
        }
    }
}

/// The places that were on a screen, and how many screens there were.
#[derive(Default)]
struct Found {
    places: BTreeSet<&'static str>,
    pages: BTreeSet<Vec<String>>,
}

impl Found {
    fn look(&mut self, console: &mut Console) -> Vec<String> {
        let screen = console.repainted();
        self.places
            .extend(PLACES.iter().filter(|place| screen.contains(place)));
        self.pages.insert(screen.rows.clone());
        screen.rows
    }

    /// Goes through a view from its top to its bottom.
    fn page(&mut self, console: &mut Console) {
        console.press("g");
        let mut page = self.look(console);
        for _ in 0..300 {
            console.press("ctrl-f");
            let next = self.look(console);
            // What was seen in an earlier pass may have something new below it.
            if next == page {
                break;
            }
            page = next;
        }
    }
}

fn goes_through(columns: u16, rows: u16) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let world = runtime.block_on(World::open());
    let file = world.config.to_str().expect("a path in UTF-8");
    let mut console = Start::new(&["-c", file]).size(columns, rows).start();
    console.wait_for_fn("every source that may be read", |screen| {
        ["git ok", "staging ok", "production ok"]
            .iter()
            .all(|source| screen.contains(source))
    });
    let mut seen = Found::default();
    seen.page(&mut console);
    // The sentence below the rows and the target, of an app for each text.
    console.press("g l");
    for _ in 0..rows {
        console.press("d");
        seen.look(&mut console);
        console.press("q j");
        seen.look(&mut console);
    }
    // The app that has them all: its target, its history, its levers, its run and the run's log.
    console.press("/");
    console.type_text(APP);
    console.press("enter g h h l");
    console.wait_for(&format!("{APP} @ staging"));
    console.press("d");
    console.wait_for("rolled out");
    // Jobs and Events are read only once the target is looked at: it is gone through again until they are there.
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(90);
    while !["job-", "event-", "because-"]
        .iter()
        .all(|place| seen.places.contains(place))
        && std::time::Instant::now() < limit
    {
        seen.page(&mut console);
    }
    console.press("q H");
    seen.page(&mut console);
    console.press("q a");
    console.wait_for("-- levers of ");
    console.press("esc");
    console.wait_for_fn("no levers", |screen| !screen.contains("-- levers of "));
    // A crash opens its pods first; the run stands beside it.
    console.press("enter 2");
    console.wait_for("step-0");
    seen.page(&mut console);
    console.press("g j enter");
    console.wait_for("line-");
    seen.page(&mut console);
    console.press("w");
    seen.page(&mut console);
    console.press("1");
    for view in ["S", "J", "@", "?"] {
        console.press(view);
        seen.page(&mut console);
        console.press("q");
    }
    console.press("S j");
    console.wait_for("forbidden");
    seen.look(&mut console);
    console.press("q :");
    console.type_text("app");
    console.wait_for(":app");
    console.press("ctrl-c");
    console.wait_for_fn("no palette", |screen| !screen.contains(":app"));
    seen.look(&mut console);

    let bytes = console.bytes_since(0);
    let strange: Vec<_> = hostile::sequences(&bytes)
        .into_iter()
        .filter(|(kind, _)| !OURS.contains(&kind.as_str()))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
    assert_eq!(console.requests(), Requests::default());
    let unseen: Vec<_> = PLACES
        .iter()
        .filter(|place| !seen.places.contains(*place))
        .collect();
    assert!(
        unseen.is_empty(),
        "never on the screen: {unseen:?}; {} pages",
        seen.pages.len()
    );
    for server in &world.servers {
        for verb in ["create", "update", "patch", "delete"] {
            for resource in ["workflows", "applications"] {
                assert_eq!(server.calls(verb, resource), 0, "{verb} {resource}");
            }
        }
    }
    console.press("Q");
    assert_eq!(console.wait_exit(), 0);
    console.assert_restored();
}

#[test]
fn no_view_lets_a_sequence_of_a_cluster_through() {
    goes_through(80, 24);
}

#[test]
fn no_view_of_a_wide_terminal_does() {
    goes_through(200, 50);
}
