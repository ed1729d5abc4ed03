use super::*;
use crate::provider::kubernetes::wire::read;
use serde_json::{Value, json};

fn fact<T: Wire>(object: &Value) -> Fact {
    read::<T>(object.to_string().as_bytes())
        .unwrap_or_else(|(name, why)| panic!("{name}: {why}"))
        .fact(&"staging".into())
}

#[test]
fn a_deployment_brings_the_counters_of_the_rollout_rules() {
    let object = json!({"metadata": {"name": "publisher", "namespace": "apps", "generation": 3},
        "spec": {"replicas": 4, "template": {"spec": {"containers": [{"name": "app", "image": "registry.test/publisher:v1362"}]}}},
        "status": {"observedGeneration": 3, "replicas": 5, "updatedReplicas": 4, "availableReplicas": 3, "readyReplicas": 3,
            "conditions": [{"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated", "message": "m"}]}});
    let Fact::Deployment(read) = fact::<Deployment>(&object) else {
        unreachable!()
    };
    assert_eq!(
        read.rollout(),
        live::Rollout::Waiting("1 old pending termination".into())
    );
    assert_eq!(read.images[0].1.as_ref(), "registry.test/publisher:v1362");
    let Fact::Deployment(bare) =
        fact::<Deployment>(&json!({"metadata": {"name": "a", "generation": 1}}))
    else {
        unreachable!()
    };
    assert_eq!(
        (bare.replicas_wanted, bare.observed_generation),
        (None, 0),
        "absent counters are none"
    );
}

#[test]
fn a_crashing_pod_says_why_and_how_it_ended_last() {
    let object = json!({"metadata": {"name": "p-1", "namespace": "apps", "annotations": {NODE_ID: "run-1"}},
        "spec": {"initContainers": [{"name": "init", "image": "i:1"}],
            "containers": [{"name": "nginx", "image": "n:1"}, {"name": "app", "image": "registry.test/publisher:v1362"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}],
            "initContainerStatuses": [{"name": "init", "state": {"terminated": {"reason": "Completed", "exitCode": 0}}}],
            "containerStatuses": [{"name": "app", "image": "sha256:abc", "imageID": "registry.test/publisher@sha256:00ff", "ready": false,
                "restartCount": 9, "containerID": "containerd://1",
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}},
                "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}]}});
    let Fact::Pod(pod) = fact::<Pod>(&object) else {
        unreachable!()
    };
    assert_eq!(pod.node_id.as_deref(), Some("run-1"));
    assert!(!pod.ready);
    let [nginx, app] = pod.containers.as_slice() else {
        panic!("{pod:?}")
    };
    assert_eq!(
        (&*nginx.name, nginx.running, nginx.terminated.is_none()),
        ("nginx", false, true),
        "no status yet"
    );
    assert_eq!(app.waiting.as_deref(), Some("CrashLoopBackOff"));
    assert_eq!(app.terminated, Some(("OOMKilled".into(), 137)));
    assert_eq!(
        (app.tag(), app.digest()),
        (Some("v1362"), Some("sha256:00ff"))
    );
    assert_eq!(
        pod.init_containers[0].terminated,
        Some(("Completed".into(), 0))
    );
}

#[test]
fn a_failed_hook_job_ends_when_its_condition_says() {
    let object = json!({"metadata": {"name": "publisher-dbmigrate", "annotations": {HOOK: "PreSync"}},
        "status": {"failed": 2, "startTime": "2026-11-20T02:50:00Z", "conditions": [
            {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "m", "lastTransitionTime": "2026-11-20T02:52:00Z"}]}});
    let Fact::Job(job) = fact::<Job>(&object) else {
        unreachable!()
    };
    assert_eq!((job.failed, job.hook.as_deref()), (2, Some("PreSync")));
    assert_eq!(job.finished, "2026-11-20T02:52:00Z".parse().ok());
}

#[test]
fn a_pod_names_the_job_that_owns_it_and_no_other_owner() {
    let job = |owners: Value| {
        let object =
            json!({"metadata": {"name": "p-1", "namespace": "apps", "ownerReferences": owners}});
        match fact::<Pod>(&object) {
            Fact::Pod(pod) => pod.job,
            other => panic!("{other:?}"),
        }
    };
    let owner = |kind: &str| json!({"apiVersion": "x/v1", "kind": kind, "name": "publisher-freshclam", "uid": "u"});
    assert_eq!(
        job(json!([owner("Job")])).as_deref(),
        Some("publisher-freshclam")
    );
    assert_eq!(job(json!([owner("ReplicaSet")])), None);
    assert_eq!(job(json!([owner("Workflow")])), None);
    assert_eq!(job(json!([])), None);
    assert_eq!(job(json!(null)), None);
    assert_eq!(job(json!("odd")), None);
}

#[test]
fn a_pod_says_that_no_node_can_have_it_and_how_long_a_container_had_run() {
    let object = |status: &str| {
        json!({"metadata": {"name": "p-1", "namespace": "apps"},
        "spec": {"containers": [{"name": "app", "image": "registry.test/publisher:v1362"}]},
        "status": {"phase": "Running", "conditions": [{"type": "PodScheduled", "status": status, "reason": "Unschedulable",
                "message": "0/12 nodes are available.", "lastTransitionTime": "2026-11-20T03:00:00Z"}],
            "containerStatuses": [{"name": "app", "restartCount": 4, "state": {"running": {"startedAt": "2026-11-20T03:11:00Z"}},
                "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137,
                    "startedAt": "2026-11-20T03:00:00Z", "finishedAt": "2026-11-20T03:10:00Z"}}}]}})
    };
    let Fact::Pod(pod) = fact::<Pod>(&object("False")) else {
        unreachable!()
    };
    let refused = pod.unschedulable.expect("a condition");
    assert_eq!(&*refused.message, "0/12 nodes are available.");
    assert_eq!(refused.at, "2026-11-20T03:00:00Z".parse().ok());
    let app = &pod.containers[0];
    assert_eq!((app.restarts, app.lasted_s), (4, Some(600)));
    assert_eq!(app.ended, "2026-11-20T03:10:00Z".parse().ok());
    let Fact::Pod(scheduled) = fact::<Pod>(&object("True")) else {
        unreachable!()
    };
    assert_eq!(scheduled.unschedulable, None);
}
