//! Watching: the first state, the changes, the bookmarks, and how a stream ends.

use serde_json::{Value, json};

use super::Scene;
use super::fixtures::*;

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().expect("a name")
}

fn version(object: &Value) -> &str {
    object["metadata"]["resourceVersion"]
        .as_str()
        .expect("a version")
}

const WATCH_LIST: &str = "watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=50";

pub async fn a_watch_list_ends_its_first_part_with_a_bookmark(scene: Scene) {
    let path = applications(scene.namespace);
    for n in 0..5 {
        scene
            .admin
            .post(&path, &application(&format!("app-{n}")))
            .await
            .done();
    }
    let mut watch = scene.admin.lines(&format!("{path}?{WATCH_LIST}")).await;
    let mut found = Vec::new();
    let bookmark = loop {
        let (kind, object) = watch.event().await.expect("the first state");
        match kind.as_str() {
            "ADDED" => found.push(name(&object).to_owned()),
            "BOOKMARK" => break object,
            other => panic!("{other}: {object}"),
        }
    };
    found.sort();
    assert_eq!(found, ["app-0", "app-1", "app-2", "app-3", "app-4"]);
    assert_eq!(
        bookmark["metadata"]["annotations"]["k8s.io/initial-events-end"], "true",
        "{bookmark}"
    );
    assert_eq!(bookmark["kind"], "Application");
    assert!(!version(&bookmark).is_empty());
    // the same stream goes on with changes
    scene.admin.post(&path, &application("later")).await.done();
    let (kind, object) = watch.change().await;
    assert_eq!((kind.as_str(), name(&object)), ("ADDED", "later"));
    // and a watch from the bookmark's version sees the same change
    let mut resumed = scene
        .admin
        .lines(&format!(
            "{path}?watch=1&resourceVersion={}&timeoutSeconds=50",
            version(&bookmark)
        ))
        .await;
    let (kind, object) = resumed.change().await;
    assert_eq!((kind.as_str(), name(&object)), ("ADDED", "later"));
}

pub async fn a_watch_follows_a_list(scene: Scene) {
    let path = applications(scene.namespace);
    scene.admin.post(&path, &application("first")).await.done();
    let list = scene.admin.get(&format!("{path}?limit=250")).await.done();
    let mut watch = scene
        .admin
        .lines(&format!(
            "{path}?watch=1&resourceVersion={}&timeoutSeconds=50",
            version(&list)
        ))
        .await;
    assert!(
        watch.headers.get("content-encoding").is_none(),
        "a watch is not compressed"
    );
    scene.admin.post(&path, &application("second")).await.done();
    let patched = scene
        .admin
        .merge(
            &format!("{path}/first"),
            &json!({"status": {"health": {"status": "Degraded"}}}),
        )
        .await
        .done();
    scene.admin.delete(&format!("{path}/second")).await.done();
    let (kind, object) = watch.change().await;
    assert_eq!((kind.as_str(), name(&object)), ("ADDED", "second"));
    assert_eq!(
        object["spec"]["project"], "govuk",
        "events carry whole objects"
    );
    assert_eq!(object["kind"], "Application");
    let (kind, object) = watch.change().await;
    assert_eq!((kind.as_str(), name(&object)), ("MODIFIED", "first"));
    assert_eq!(object["status"]["health"]["status"], "Degraded");
    assert_eq!(
        version(&object),
        version(&patched),
        "an event tells the version that the write answered"
    );
    let (kind, object) = watch.change().await;
    assert_eq!((kind.as_str(), name(&object)), ("DELETED", "second"));
}

pub async fn a_watch_ends_when_its_time_is_up_after_a_bookmark(scene: Scene) {
    let path = workflows(scene.namespace);
    scene
        .admin
        .post(&path, &workflow("run", &json!({})))
        .await
        .done();
    let list = scene.admin.get(&path).await.done();
    let from = version(&list);
    let mut watch = scene
        .admin
        .lines(&format!(
            "{path}?watch=1&allowWatchBookmarks=true&resourceVersion={from}&timeoutSeconds=6"
        ))
        .await;
    let mut bookmarks = 0;
    while let Some((kind, object)) = watch.event().await {
        assert_eq!(kind, "BOOKMARK", "nothing changed: {object}");
        assert!(!version(&object).is_empty());
        assert_eq!(
            object["metadata"]["annotations"]["k8s.io/initial-events-end"],
            Value::Null
        );
        bookmarks += 1;
    }
    assert!(bookmarks >= 1, "a sign of life before the end");
}

pub async fn an_object_that_leaves_the_selector_is_deleted(scene: Scene) {
    let path = workflows(scene.namespace);
    scene
        .admin
        .post(
            &path,
            &workflow("run", &json!({"application": "publisher"})),
        )
        .await
        .done();
    scene
        .admin
        .post(
            &path,
            &workflow("other", &json!({"application": "frontend"})),
        )
        .await
        .done();
    let mut watch = scene
        .admin
        .lines(&format!(
            "{path}?{WATCH_LIST}&labelSelector=application%3Dpublisher"
        ))
        .await;
    let (kind, object) = watch.change().await;
    assert_eq!((kind.as_str(), name(&object)), ("ADDED", "run"));
    scene
        .admin
        .merge(
            &format!("{path}/run"),
            &json!({"metadata": {"labels": {"application": "frontend"}}}),
        )
        .await
        .done();
    let (kind, object) = watch.change().await;
    assert_eq!((kind.as_str(), name(&object)), ("DELETED", "run"));
    scene
        .admin
        .merge(
            &format!("{path}/other"),
            &json!({"metadata": {"labels": {"application": "publisher"}}}),
        )
        .await
        .done();
    let (kind, object) = watch.change().await;
    assert_eq!((kind.as_str(), name(&object)), ("ADDED", "other"));
}

pub async fn an_expired_version_is_an_error_in_the_stream(scene: Scene) {
    let path = applications(scene.namespace);
    scene.admin.post(&path, &application("one")).await.done();
    let mut watch = scene
        .admin
        .lines(&format!(
            "{path}?watch=1&resourceVersion=1&timeoutSeconds=20"
        ))
        .await;
    let (kind, status) = watch.event().await.expect("an event");
    assert_eq!(kind, "ERROR");
    assert_eq!(status["kind"], "Status");
    assert_eq!(status["code"], 410);
    assert_eq!(status["reason"], "Expired");
    assert!(watch.event().await.is_none(), "the stream is over");
}

pub async fn a_rollout_is_seen(scene: Scene) {
    let path = deployments(scene.namespace);
    let created = scene
        .admin
        .post(&path, &deployment("publisher"))
        .await
        .done();
    assert_eq!(created["metadata"]["generation"], 1);
    let mut watch = scene.admin.lines(&format!("{path}?{WATCH_LIST}")).await;
    let (kind, _) = watch.change().await;
    assert_eq!(kind, "ADDED");
    // a status says nothing about the generation; a changed spec is the next generation
    let status = json!({"status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 1, "availableReplicas": 1}});
    let answered = scene
        .admin
        .merge(&format!("{path}/publisher/status"), &status)
        .await
        .done();
    assert_eq!(answered["metadata"]["generation"], 1);
    let (kind, object) = watch.change().await;
    assert_eq!(kind, "MODIFIED");
    assert_eq!(object["status"]["availableReplicas"], 1);
    let spec = json!({"spec": {"replicas": 3}, "status": {"replicas": 9}});
    let answered = scene
        .admin
        .merge(&format!("{path}/publisher"), &spec)
        .await
        .done();
    assert_eq!(answered["metadata"]["generation"], 2);
    assert_eq!(
        answered["status"]["replicas"], 2,
        "only the status's own path changes a status"
    );
    let (_, object) = watch.change().await;
    assert_eq!(object["metadata"]["generation"], 2);
    assert_eq!(object["status"]["observedGeneration"], 1);
    // a pod is changed in the same way
    let pods = pods(scene.namespace);
    scene
        .admin
        .post(&pods, &pod("publisher-1", &["app"], None))
        .await
        .done();
    let crashing = json!({"status": {"phase": "Running", "containerStatuses": [{
        "name": "app", "ready": false, "restartCount": 4, "image": "registry.test/publisher:v1362",
        "imageID": "registry.test/publisher@sha256:00", "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}}]}});
    scene
        .admin
        .merge(&format!("{pods}/publisher-1/status"), &crashing)
        .await
        .done();
    let list = scene
        .admin
        .get(&format!("{pods}?labelSelector=app%3Dpublisher"))
        .await
        .done();
    assert_eq!(
        list["items"][0]["status"]["containerStatuses"][0]["state"]["waiting"]["reason"],
        "CrashLoopBackOff"
    );
}
