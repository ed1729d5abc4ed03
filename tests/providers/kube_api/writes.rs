//! Writing: what each of the console's writes needs to be refused cleanly or done exactly.

use serde_json::{Value, json};

use super::Scene;
use super::fixtures::*;

pub async fn a_second_create_of_one_name_is_409(scene: Scene) {
    let path = workflows(scene.namespace);
    let labels = json!({"workflows.argoproj.io/resubmitted-from-workflow": "post-sync-7xk2p"});
    let answer = scene
        .admin
        .post(&path, &workflow("run-again", &labels))
        .await;
    assert_eq!(answer.status, 201);
    let created = answer.done();
    for field in ["uid", "resourceVersion", "creationTimestamp"] {
        assert!(
            created["metadata"][field]
                .as_str()
                .is_some_and(|v| !v.is_empty()),
            "{field}: {created}"
        );
    }
    assert_eq!(created["metadata"]["namespace"], scene.namespace);
    let answer = scene
        .admin
        .post(&path, &workflow("run-again", &json!({"other": "labels"})))
        .await;
    answer.says_no(409, "AlreadyExists");
    assert_eq!(
        scene.admin.get(&format!("{path}/run-again")).await.done(),
        created,
        "the first is untouched"
    );
    scene
        .admin
        .post(&path, &workflow("Not_A_Name", &json!({})))
        .await
        .says_no(422, "Invalid");
    scene
        .admin
        .post(
            &path,
            &workflow("long-label", &json!({"l": "x".repeat(64)})),
        )
        .await
        .says_no(422, "Invalid");
}

pub async fn a_stale_version_is_409_and_changes_nothing(scene: Scene) {
    let path = format!("{}/app", applications(scene.namespace));
    let first = scene
        .admin
        .post(&applications(scene.namespace), &application("app"))
        .await
        .done();
    let second = scene
        .admin
        .merge(&path, &json!({"metadata": {"labels": {"touched": "yes"}}}))
        .await
        .done();
    let patch = |object: &Value| {
        json!({"metadata": {"resourceVersion": object["metadata"]["resourceVersion"], "uid": object["metadata"]["uid"]},
            "operation": {"sync": {"syncStrategy": {"hook": {}}}}})
    };
    scene
        .admin
        .merge(&path, &patch(&first))
        .await
        .says_no(409, "Conflict");
    assert_eq!(scene.admin.get(&path).await.done(), second);
    let third = scene.admin.merge(&path, &patch(&second)).await.done();
    assert!(third["operation"]["sync"].is_object());
    assert_ne!(
        third["metadata"]["resourceVersion"],
        second["metadata"]["resourceVersion"]
    );
}

pub async fn a_wrong_uid_is_refused_and_changes_nothing(scene: Scene) {
    let path = format!("{}/app", applications(scene.namespace));
    let created = scene
        .admin
        .post(&applications(scene.namespace), &application("app"))
        .await
        .done();
    let uid = "00000000-0000-0000-0000-000000000000";
    let patch = json!({"metadata": {"uid": uid, "labels": {"touched": "yes"}}});
    scene
        .admin
        .merge(&path, &patch)
        .await
        .says_no(422, "Invalid");
    assert_eq!(scene.admin.get(&path).await.done(), created);
}

pub async fn operation_and_status_change_in_one_patch(scene: Scene) {
    let path = format!("{}/app", applications(scene.namespace));
    let mut object = application("app");
    object["status"]["operationState"] = json!({"phase": "Succeeded", "startedAt": "2026-11-20T02:28:00Z",
        "finishedAt": "2026-11-20T02:29:00Z", "operation": {"sync": {"revision": "abc"}}});
    let created = scene
        .admin
        .post(&applications(scene.namespace), &object)
        .await
        .done();
    assert_eq!(
        created["status"]["operationState"]["phase"], "Succeeded",
        "there is no status subresource: {created}"
    );
    let patch = json!({
        "metadata": {"resourceVersion": created["metadata"]["resourceVersion"], "uid": created["metadata"]["uid"]},
        "operation": {
            "initiatedBy": {"username": "ops-2"},
            "info": [{"name": "Reason", "value": "incident 4711"}],
            "retry": {"limit": 5, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m0s"}},
            "sync": {"prune": false, "syncOptions": ["ServerSideApply=true"], "syncStrategy": {"hook": {}}},
        },
        "status": {"operationState": null},
    });
    let patched = scene.admin.merge(&path, &patch).await.done();
    assert_eq!(patched["operation"], patch["operation"]);
    assert_eq!(patched["status"]["operationState"], Value::Null);
    assert_eq!(patched["status"]["sync"], created["status"]["sync"]);
    assert_eq!(patched["spec"], created["spec"]);
    // the controller's own way to finish: the field goes
    let patched = scene
        .admin
        .merge(&path, &json!({"operation": null}))
        .await
        .done();
    assert_eq!(patched["operation"], Value::Null);
    assert_eq!(
        scene
            .admin
            .merge(&format!("{path}/status"), &json!({"status": {}}))
            .await
            .status,
        404
    );
}

pub async fn annotations_are_set_and_removed(scene: Scene) {
    let path = format!("{}/app", applications(scene.namespace));
    let created = scene
        .admin
        .post(&applications(scene.namespace), &application("app"))
        .await
        .done();
    let refresh = json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}});
    let patched = scene.admin.merge(&path, &refresh).await.done();
    assert_eq!(
        patched["metadata"]["annotations"]["argocd.argoproj.io/refresh"],
        "normal"
    );
    assert_eq!(
        patched["metadata"]["annotations"]["imageTag"], "v1362",
        "the others stay"
    );
    assert_eq!(patched["metadata"]["uid"], created["metadata"]["uid"]);
    let removed = json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": null}}});
    let patched = scene.admin.merge(&path, &removed).await.done();
    assert_eq!(
        patched["metadata"]["annotations"],
        created["metadata"]["annotations"]
    );
}

pub async fn a_patch_keeps_what_it_does_not_name(scene: Scene) {
    let path = workflows(scene.namespace);
    let created = scene
        .admin
        .post(
            &path,
            &workflow("run", &json!({"application": "publisher"})),
        )
        .await
        .done();
    let patch = json!({"spec": {"suspend": true}});
    let patched = scene
        .admin
        .merge(&format!("{path}/run"), &patch)
        .await
        .done();
    let mut expected = created["spec"].clone();
    expected["suspend"] = json!(true);
    assert_eq!(
        patched["spec"], expected,
        "fields that this console does not know stay as they were"
    );
    assert_eq!(patched["spec"]["somethingOfALaterVersion"]["kept"], true);
    assert_eq!(patched["status"], created["status"]);
    assert!(
        patched["status"]
            .as_object()
            .is_some_and(|s| s.contains_key("finishedAt")),
        "a null inside is kept: {patched}"
    );
    let app = scene
        .admin
        .post(&applications(scene.namespace), &application("app"))
        .await
        .done();
    let patch = json!({"metadata": {"labels": {"a": "b"}}});
    let patched = scene
        .admin
        .merge(&format!("{}/app", applications(scene.namespace)), &patch)
        .await
        .done();
    assert_eq!(
        patched["spec"]["ignoreDifferences"],
        app["spec"]["ignoreDifferences"]
    );
}

pub async fn a_run_is_stopped_by_a_patch(scene: Scene) {
    let path = workflows(scene.namespace);
    let created = scene
        .admin
        .post(&path, &workflow("run", &json!({})))
        .await
        .done();
    let patch = json!({
        "metadata": {"resourceVersion": created["metadata"]["resourceVersion"], "uid": created["metadata"]["uid"]},
        "spec": {"shutdown": "Stop"},
    });
    let patched = scene
        .admin
        .merge(&format!("{path}/run"), &patch)
        .await
        .done();
    assert_eq!(patched["spec"]["shutdown"], "Stop");
    assert_eq!(patched["spec"]["arguments"], created["spec"]["arguments"]);
    // the same bytes again: the version has moved on
    scene
        .admin
        .merge(&format!("{path}/run"), &patch)
        .await
        .says_no(409, "Conflict");
}

pub async fn a_patch_of_a_missing_object_is_404(scene: Scene) {
    let path = format!("{}/nobody", applications(scene.namespace));
    scene
        .admin
        .merge(&path, &json!({"metadata": {"labels": {"a": "b"}}}))
        .await
        .says_no(404, "NotFound");
    scene.admin.get(&path).await.says_no(404, "NotFound");
}
