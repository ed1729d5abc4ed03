use super::*;
use crate::provider::kubernetes::wire::read;
use serde_json::{Value, json};

fn model(object: &Value) -> model::Application {
    let text = object.to_string();
    let read =
        read::<Application>(text.as_bytes()).unwrap_or_else(|(name, why)| panic!("{name}: {why}"));
    match read.fact(&"staging".into()) {
        Fact::Application(application) => application,
        other => panic!("{other:?}"),
    }
}

fn object() -> Value {
    json!({
        "metadata": {
            "name": "publisher", "namespace": "cluster-services", "uid": "u-1", "resourceVersion": "77",
            "annotations": {
                "imageTag": "v1362",
                "argocd.argoproj.io/tracking-id": "app-config:argoproj.io/Application:cluster-services/publisher"},
            "managedFields": [{"manager": "argocd", "fieldsV1": {"f:spec": {}}}]},
        "spec": {
            "project": "govuk", "source": {"repoURL": "https://example.test/x.git", "targetRevision": "HEAD"},
            "syncPolicy": {"automated": {"prune": true}, "syncOptions": ["ServerSideApply=true"],
                "retry": {"limit": 5, "backoff": {"duration": "5s"}}}},
        "status": {
            "sync": {"status": "OutOfSync", "revision": "compared", "comparedTo": {"source": {"repoURL": ""}}},
            "health": {"status": "Progressing", "message": "waiting"},
            "summary": {"images": ["registry.test/publisher:v1362"]},
            "reconciledAt": "2026-11-20T03:00:00Z",
            "history": [{"id": 0, "revision": "older", "source": {"helm": {"values": "x"}}}, {"id": 1, "revision": "newest"}],
            "resources": [
                {"kind": "Deployment", "name": "publisher", "status": "OutOfSync"},
                {"kind": "Job", "name": "gone", "status": "OutOfSync", "requiresPruning": true},
                {"kind": "Service", "name": "publisher", "status": "Synced"}],
            "conditions": [{"type": "SyncError", "message": "Failed last sync attempt", "lastTransitionTime": "2026-11-20T03:01:00Z"}],
            "operationState": {
                "phase": "Running", "message": "one or more tasks failed. Retrying attempt #2 at 3:00AM.", "retryCount": 1,
                "startedAt": "2026-11-20T02:58:00Z", "finishedAt": "2026-11-20T02:59:00Z",
                "operation": {"info": [{"name": "leverframe-plan", "value": "00ff"}], "sync": {"revision": "x"}},
                "syncResult": {"revision": "half", "resources": [
                    {"group": "batch", "kind": "Job", "namespace": "apps", "name": "publisher-dbmigrate", "hookType": "PreSync",
                     "hookPhase": "Failed", "syncPhase": "PreSync", "message": "Job has reached the specified backoff limit"},
                    {"group": "", "kind": "Service", "namespace": "apps", "name": "publisher", "status": "SyncFailed",
                     "message": "spec.ports: Required value"},
                    {"group": "apps", "kind": "Deployment", "namespace": "apps", "name": "publisher", "status": "Synced", "hookPhase": "Running"}]}}},
    })
}

#[test]
fn an_application_is_read_as_the_console_needs_it() {
    let app = model(&object());
    assert_eq!(app.id.to_string(), "cluster-services/publisher @ staging");
    assert_eq!(&*app.resource_version, "77");
    assert_eq!(app.sync, Sync::OutOfSync);
    assert_eq!(app.health, Health::Progressing);
    assert_eq!(app.parent.as_deref(), Some("app-config"));
    assert_eq!(app.compared_revision.as_deref(), Some("compared"));
    assert_eq!(
        app.synced_revision.as_deref(),
        Some("newest"),
        "a failing attempt put nothing in place"
    );
    assert!(app.auto_sync && app.auto_prune);
    assert_eq!(
        app.retry.as_deref(),
        Some(r#"{"backoff":{"duration":"5s"},"limit":5}"#)
    );
    assert_eq!(
        app.out_of_sync,
        [Arc::from("Deployment/publisher"), Arc::from("Job/gone")]
    );
    assert_eq!(app.to_prune, [Arc::from("Job/gone")]);
    assert_eq!(app.operation_plan.as_deref(), Some("00ff"));
    assert_eq!(&*app.conditions[0].kind, "SyncError");
    let operation = app.operation.unwrap();
    assert!(operation.is_retrying());
    assert_eq!(operation.hooks.len(), 1, "a phase alone makes no hook");
    assert_eq!(operation.hooks[0].phase, Phase::Failed);
    assert_eq!(&*operation.hooks[0].stage, "PreSync");
    assert_eq!(
        operation.failed,
        [Arc::from("Service/publisher: spec.ports: Required value")]
    );
    assert!(!app.operation_requested);
}

#[test]
fn what_was_synced_is_only_a_whole_success() {
    let mut object = object();
    let state = &mut object["status"]["operationState"];
    state["phase"] = json!("Succeeded");
    assert_eq!(model(&object).synced_revision.as_deref(), Some("half"));
    object["status"]["operationState"]["operation"]["sync"]["resources"] =
        json!([{"kind": "Service", "name": "publisher"}]);
    assert_eq!(
        model(&object).synced_revision.as_deref(),
        Some("newest"),
        "part of an app is not the app"
    );
    object["status"]["operationState"]["operation"]["sync"] = json!({"dryRun": true});
    assert_eq!(model(&object).synced_revision.as_deref(), Some("newest"));
    object["status"]["history"] = json!(null);
    assert_eq!(model(&object).synced_revision, None);
}

#[test]
fn auto_sync_is_on_unless_it_says_off() {
    for (automated, on) in [
        (json!({}), true),
        (json!({"enabled": true}), true),
        (json!({"enabled": false}), false),
        (json!(null), false),
    ] {
        let mut object = object();
        object["spec"]["syncPolicy"]["automated"] = automated.clone();
        assert_eq!(model(&object).auto_sync, on, "{automated}");
    }
}

#[test]
fn several_sources_tell_their_first_revision() {
    let mut object = object();
    object["spec"]["sources"] = json!([{"targetRevision": "main"}, {"targetRevision": "other"}]);
    object["status"]["sync"] =
        json!({"status": "Synced", "revision": "", "revisions": ["aaa", "bbb"]});
    let app = model(&object);
    assert_eq!(app.compared_revision.as_deref(), Some("aaa"));
    assert_eq!(app.target_revision.as_deref(), Some("main"));
}

#[test]
fn a_requested_operation_is_seen_with_its_plan() {
    let mut object = object();
    object["operation"] = json!({"info": [{"name": "Reason", "value": "x"}, {"name": "leverframe-plan", "value": "abcd"}], "sync": {}});
    let app = model(&object);
    assert!(app.operation_requested);
    assert_eq!(app.operation_plan.as_deref(), Some("abcd"));
}

#[test]
fn a_tracking_mark_counts_only_for_its_own_object() {
    let tracking = |mark: &str| {
        let mut object = object();
        object["metadata"]["annotations"][TRACKING] = json!(mark);
        model(&object).parent
    };
    assert_eq!(
        tracking("app-config:argoproj.io/Application:cluster-services/other"),
        None,
        "a copy"
    );
    assert_eq!(
        tracking("argocd_app-config:argoproj.io/Application:cluster-services/publisher").as_deref(),
        Some("app-config")
    );
    assert_eq!(tracking("nonsense"), None);
    let mut object = object();
    object["metadata"]["annotations"] = json!(null);
    object["metadata"]["labels"] = json!({INSTANCE: "app-config"});
    assert_eq!(model(&object).parent.as_deref(), Some("app-config"));
}

#[test]
fn an_application_without_a_status_and_with_unknown_words_is_read() {
    let bare = model(&json!({"metadata": {"name": "new"}, "spec": {}}));
    assert_eq!((bare.sync, bare.health), (Sync::Unknown, Health::Unknown));
    assert_eq!(&*bare.project, "default");
    assert!(bare.operation.is_none());
    let mut odd = object();
    odd["status"]["health"]["status"] = json!("Splendid");
    odd["status"]["reconciledAt"] = json!("yesterday");
    let odd = model(&odd);
    assert_eq!(odd.health, Health::Other("Splendid".into()));
    assert_eq!(odd.reconciled_at, None);
}

/// A real object with a full status.
#[test]
fn a_real_application_is_read() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/data/applications/velero-test.single-source.full-status.yaml"
    );
    let Ok(text) = std::fs::read_to_string(file) else {
        println!("SKIPPED: ../shared/data is not here");
        return;
    };
    let object: Value = serde_saphyr::from_str(&text).unwrap();
    let app = model(&object);
    assert_eq!(app.sync.as_str(), object["status"]["sync"]["status"]);
    assert_eq!(app.health.as_str(), object["status"]["health"]["status"]);
    assert!(app.synced_revision.is_some());
    assert!(!app.images.is_empty());
}

#[test]
fn what_belongs_to_a_hook_is_not_left_unpruned() {
    let mut object = object();
    object["status"]["resources"] = json!([
        {"kind": "Job", "name": "publisher-dbmigrate", "hook": true, "requiresPruning": true},
        {"kind": "ConfigMap", "name": "old", "requiresPruning": true},
    ]);
    assert_eq!(model(&object).to_prune, ["ConfigMap/old".into()]);
}

#[test]
fn a_try_that_has_only_begun_syncs_the_revision_that_was_asked_for() {
    let revision = |object: &Value| {
        let operation = model(object).operation;
        operation.and_then(|operation| operation.revision)
    };
    assert_eq!(revision(&object()).as_deref(), Some("half"));
    let mut begun = object();
    begun["status"]["operationState"]["syncResult"] = Value::Null;
    assert_eq!(revision(&begun).as_deref(), Some("x"));
}
