//! Flood: a server that brings objects without end fills no memory, and the other lists go on.

use super::*;
use crate::provider::kubernetes::wire::read as read_wire;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};

/// A pod as clusters have them, with a sidecar.
fn pod(nth: usize) -> Value {
    let name = format!("publisher-5d9f7c8b6d-{nth:08}");
    let container = |name: &str| {
        json!({"name": name, "image": format!("registry.example/delivery/{name}:v1362"), "imageID":
            format!("registry.example/delivery/{name}@sha256:{}", "0f".repeat(32)), "containerID": format!("containerd://{}", "ab".repeat(32)),
            "ready": true, "restartCount": 0, "state": {"running": {"startedAt": "2026-11-20T03:00:00Z"}}})
    };
    let specs = |name: &str| json!({"name": name, "image": format!("registry.example/delivery/{name}:v1362")});
    json!({"metadata": {"name": name, "namespace": "apps", "uid": "01234567-89ab-cdef-0123-456789abcdef", "resourceVersion": "123456789",
            "labels": {"app": "publisher", "app.kubernetes.io/instance": "publisher", "app.kubernetes.io/component": "app",
                "app.kubernetes.io/name": "publisher", "app.kubernetes.io/managed-by": "Helm", "pod-template-hash": "5d9f7c8b6d"},
            "creationTimestamp": "2026-11-20T03:00:00Z"},
        "spec": {"containers": [specs("publisher"), specs("nginx")]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [container("publisher"), container("nginx")]}})
}

/// An Application as a parent renders them, with a dozen resources.
fn application(nth: usize) -> Value {
    let name = format!("app-{nth:06}");
    let resource = |n: usize| json!({"kind": "Deployment", "name": format!("{name}-{n}"), "status": "OutOfSync"});
    let resources: Vec<Value> = (0..12).map(resource).collect();
    let images: Vec<String> = (0..4)
        .map(|n| format!("registry.example/delivery/{name}-{n}:v1362"))
        .collect();
    json!({"metadata": {"name": name, "namespace": "argo", "uid": "01234567-89ab-cdef-0123-456789abcdef", "resourceVersion": "123456789",
            "annotations": {"repoName": name, "imageTag": "v1362", "promoteDeployment": "true", "automaticDeploysEnabled": "true",
                "slackChannel": "#deploys", "postSyncWorkflowEnabled": "true",
                "argocd.argoproj.io/tracking-id": format!("app-config:argoproj.io/Application:argo/{name}")}},
        "spec": {"project": "delivery", "source": {"targetRevision": "HEAD"}, "syncPolicy": {"automated": {"prune": true},
            "syncOptions": ["CreateNamespace=true", "PruneLast=true", "ApplyOutOfSyncOnly=true", "ServerSideApply=true"]}},
        "status": {"sync": {"status": "OutOfSync", "revision": "0f".repeat(20)}, "health": {"status": "Healthy"}, "resources": resources,
            "operationState": {"phase": "Succeeded", "message": "successfully synced (all tasks run)", "startedAt": "2026-11-20T03:00:00Z",
                "finishedAt": "2026-11-20T03:01:00Z", "operation": {"sync": {}},
                "syncResult": {"revision": "0f".repeat(20), "resources": []}},
            "summary": {"images": images}}})
}

fn added(object: &Value) -> String {
    format!("{}\n", json!({"type": "ADDED", "object": object}))
}

fn is_pods(asked: &Asked) -> bool {
    asked.path.contains("/namespaces/apps/pods?")
}

fn fault_of_pods(store: &Store) -> Option<String> {
    let fault = store.source(&source())?.fault_of(Kind::Pods)?;
    Some(fault.to_string())
}

#[tokio::test]
async fn a_list_without_end_fails_is_not_kept_and_heals() {
    let floods = Arc::new(AtomicBool::new(true));
    let flooding = floods.clone();
    let server = Faulty::start(move |_, asked| {
        if is_pods(asked) && flooding.load(Ordering::Relaxed) {
            let lines: Vec<String> = (0..150).map(|nth| added(&pod(nth))).collect();
            return Reply::open(&lines);
        }
        calm(asked)
    })
    .await;
    let bounds = Bounds {
        objects: 100,
        ..Bounds::default()
    };
    let mut running = read_within(server.place(), bounds);
    running
        .until("a fault of the pods", |store| {
            fault_of_pods(store).is_some()
        })
        .await;
    let fault = fault_of_pods(&running.store).unwrap();
    assert!(
        fault.starts_with(
            "The pods of apps brought more than 100 objects or 384 MB, and are not kept"
        ),
        "{fault}"
    );
    running
        .until("the others", |store| {
            [Kind::Applications, Kind::Runs, Kind::Deployments]
                .iter()
                .all(|kind| listed(store, *kind))
        })
        .await;
    let about = running.store.source(&source()).unwrap();
    assert!(about.fault.is_none(), "the others are read");
    assert!(
        !about.is_listed(Kind::Pods),
        "it is not known what there is"
    );
    let pods = &running.store.clusters[&SOURCE.into()].pods;
    assert_eq!(
        pods.iter()
            .filter(|pod| &*pod.id.namespace == "apps")
            .count(),
        0
    );
    let asked = || server.asked().iter().filter(|asked| is_pods(asked)).count();
    assert_eq!(asked(), 1, "it is not read again at once");
    floods.store(false, Ordering::Relaxed);
    running.cluster.refresh();
    running
        .until("pods again", |store| {
            let about = store.source(&source()).unwrap();
            about.is_listed(Kind::Pods) && fault_of_pods(store).is_none()
        })
        .await;
}

/// A watch that had listed well may flood later, by objects of new names or by objects that grow.
#[tokio::test]
async fn a_watch_that_floods_after_its_list_fails_too() {
    for many_small in [true, false] {
        let server = Faulty::start(move |_, asked| {
            if !is_pods(asked) {
                return calm(asked);
            }
            let ends = json!({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "5",
                "annotations": {"k8s.io/initial-events-end": "true"}}}});
            let mut lines = vec![added(&pod(0)), format!("{ends}\n")];
            match many_small {
                true => lines.extend((1..150).map(|nth| added(&pod(nth)))),
                false => {
                    let mut grown = pod(0);
                    grown["metadata"]["labels"]["long"] = "x".repeat(300_000).into();
                    lines.push(added(&grown));
                }
            }
            Reply::open(&lines)
        })
        .await;
        let bounds = Bounds {
            objects: 100,
            bytes: 250_000,
        };
        let mut running = read_within(server.place(), bounds);
        running
            .until("a fault of the pods", |store| {
                fault_of_pods(store).is_some()
            })
            .await;
    }
}

/// Resident memory of this process, in MB; none where the system does not say.
fn resident_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(
        line.trim()
            .trim_end_matches("kB")
            .trim()
            .parse::<u64>()
            .ok()?
            / 1024,
    )
}

/// Figures only; what is bounded is asserted by number.
#[tokio::test]
async fn what_a_flood_leaves_in_memory_is_bounded() {
    const OFFERED: usize = 60_000;
    let body: Arc<Vec<String>> = Arc::new((0..OFFERED).map(|nth| added(&pod(nth))).collect());
    let offered_mb = body.iter().map(String::len).sum::<usize>() / 1_000_000;
    let server = Faulty::start(move |_, asked| match is_pods(asked) {
        true => Reply::open(&body),
        false => calm(asked),
    })
    .await;
    let bounds = Bounds {
        objects: 10_000,
        ..Bounds::default()
    };
    let before = resident_mb();
    let mut running = read_within(server.place(), bounds);
    let most = std::cell::Cell::new(0);
    running
        .until("a fault of the pods", |store| {
            let cluster = &store.clusters.get(&SOURCE.into());
            most.set(
                most.get()
                    .max(cluster.map_or(0, |cluster| cluster.pods.len())),
            );
            fault_of_pods(store).is_some()
        })
        .await;
    println!(
        "flood: {OFFERED} pods ({offered_mb} MB) offered, at most {} kept of a bound of {}; resident {before:?} -> {:?} MB",
        most.get(),
        bounds.objects,
        resident_mb()
    );
    assert!(most.get() <= bounds.objects + 1);
}

#[test]
fn fifty_thousand_applications_with_their_pods_stay_well_within_the_bounds() {
    let weight = |fact: crate::store::Fact| fact.weight();
    let pod =
        read_wire::<Pod>(pod(1).to_string().as_bytes()).map(|pod| weight(pod.fact(&SOURCE.into())));
    let app = read_wire::<Application>(application(1).to_string().as_bytes());
    let app = app.map(|app| weight(app.fact(&SOURCE.into())));
    let (pod, app) = (pod.unwrap(), app.unwrap());
    let bounds = Bounds::default();
    let mb = |bytes: usize| bytes / (1024 * 1024);
    println!(
        "an Application weighs {app} bytes, 50,000 of them {} MB; a pod of two containers {pod} bytes, 100,000 of them {} MB; a list may have {} MB and {} objects",
        mb(50_000 * app),
        mb(100_000 * pod),
        mb(bounds.bytes),
        bounds.objects
    );
    assert!(50_000 * app <= bounds.bytes / 4 * 3, "{app}");
    assert!(100_000 * pod <= bounds.bytes / 4 * 3, "{pod}");
    assert!(100_000 * 2 <= bounds.objects);
}
