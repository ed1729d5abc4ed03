//! Logs of pods: asked of the API server, which asks the kubelet of the pod's node.

use serde_json::json;

use super::Scene;
use super::fixtures::*;
use super::kubelet::Kubelet;

/// A node of the case's own that leads to the stand-in, and a pod on it.
async fn pod_on_a_node(scene: &Scene, kubelet: &Kubelet, containers: &[&str]) -> String {
    let node = format!("node-{}", scene.namespace);
    scene
        .admin
        .post(
            "/api/v1/nodes",
            &json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}}),
        )
        .await
        .done();
    let status = json!({"status": {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet.port}},
    }});
    scene
        .admin
        .merge(&format!("/api/v1/nodes/{node}/status"), &status)
        .await
        .done();
    scene
        .admin
        .post(
            &pods(scene.namespace),
            &pod("publisher-1", containers, Some(&node)),
        )
        .await
        .done();
    format!("{}/publisher-1/log", pods(scene.namespace))
}

pub async fn a_finished_container_is_read_whole_and_in_part(scene: Scene) {
    let kubelet = Kubelet::start().await;
    let log = kubelet.container(scene.namespace, "publisher-1", "app");
    for (stamp, text) in [
        ("2026-11-20T02:30:41.000000001Z", "starting"),
        (
            "2026-11-20T02:30:42.100000000Z",
            "\u{1b}[31merror\u{1b}[0m: one",
        ),
        ("2026-11-20T02:30:42.100000000Z", "same moment"),
        ("2026-11-20T02:30:45.000000000Z", "end, and no newline"),
    ] {
        log.line(stamp, text);
    }
    log.end();
    let before = kubelet.previous(scene.namespace, "publisher-1", "app");
    before.line("2026-11-20T02:10:00.000000000Z", "panicked");
    before.end();
    let path = pod_on_a_node(&scene, &kubelet, &["app"]).await;
    let text = async |query: &str| {
        let answer = scene.admin.get(&format!("{path}?{query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(
            answer
                .headers
                .get("content-type")
                .is_some_and(|t| t.as_bytes().starts_with(b"text/plain"))
        );
        answer.text()
    };
    assert_eq!(
        text("").await,
        "starting\n\u{1b}[31merror\u{1b}[0m: one\nsame moment\nend, and no newline\n"
    );
    assert_eq!(text("tailLines=1").await, "end, and no newline\n");
    assert_eq!(
        text("timestamps=true&tailLines=2").await,
        "2026-11-20T02:30:42.100000000Z same moment\n2026-11-20T02:30:45.000000000Z end, and no newline\n"
    );
    // whole seconds only: what else happened in that second comes again
    assert_eq!(
        text("sinceTime=2026-11-20T02%3A30%3A42Z").await,
        "\u{1b}[31merror\u{1b}[0m: one\nsame moment\nend, and no newline\n"
    );
    assert_eq!(text("previous=true").await, "panicked\n");
    assert_eq!(
        text("container=app&tailLines=1").await,
        "end, and no newline\n"
    );
    // following what has ended ends
    assert_eq!(
        text("follow=true&tailLines=1").await,
        "end, and no newline\n"
    );
}

pub async fn a_log_is_followed_until_it_ends(scene: Scene) {
    let kubelet = Kubelet::start().await;
    let log = kubelet.container(scene.namespace, "publisher-1", "app");
    log.line("2026-11-20T02:30:41.000000000Z", "before");
    let path = pod_on_a_node(&scene, &kubelet, &["app"]).await;
    let mut lines = scene
        .admin
        .lines(&format!("{path}?follow=true&timestamps=true&container=app"))
        .await;
    assert_eq!(
        lines.next().await.as_deref(),
        Some("2026-11-20T02:30:41.000000000Z before")
    );
    for n in 0..3 {
        // each line is seen while the stream stays open
        log.line(
            &format!("2026-11-20T02:30:5{n}.000000000Z"),
            &format!("during {n}"),
        );
        assert_eq!(
            lines.next().await,
            Some(format!("2026-11-20T02:30:5{n}.000000000Z during {n}"))
        );
    }
    log.end();
    assert_eq!(lines.next().await, None);
}

pub async fn a_container_is_named_when_there_are_several(scene: Scene) {
    let kubelet = Kubelet::start().await;
    for container in ["main", "wait"] {
        let log = kubelet.container(scene.namespace, "publisher-1", container);
        log.line("2026-11-20T02:30:41.000000000Z", container);
        log.end();
    }
    let path = pod_on_a_node(&scene, &kubelet, &["main", "wait"]).await;
    assert_eq!(
        scene
            .admin
            .get(&format!("{path}?container=main"))
            .await
            .text(),
        "main\n"
    );
    assert_eq!(
        scene
            .admin
            .get(&format!("{path}?container=wait"))
            .await
            .text(),
        "wait\n"
    );
    scene.admin.get(&path).await.says_no(400, "BadRequest");
    scene
        .admin
        .get(&format!("{path}?container=nobody"))
        .await
        .says_no(400, "BadRequest");
}

pub async fn logs_without_a_pod_or_a_right_are_refused(scene: Scene) {
    let path = pods(scene.namespace);
    scene
        .admin
        .get(&format!("{path}/nobody/log"))
        .await
        .says_no(404, "NotFound");
    scene
        .admin
        .post(&path, &pod("unscheduled", &["app"], None))
        .await
        .done();
    // no node yet: no error, and no log
    let answer = scene.admin.get(&format!("{path}/unscheduled/log")).await;
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (204, ""));
    scene
        .viewer
        .get(&format!("{path}/unscheduled/log"))
        .await
        .says_no(403, "Forbidden");
}
