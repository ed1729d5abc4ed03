//! The objects that the cases create, and the paths of the kinds that the console knows.

use serde_json::{Value, json};

pub fn applications(namespace: &str) -> String {
    format!("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications")
}

pub fn workflows(namespace: &str) -> String {
    format!("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/workflows")
}

pub fn deployments(namespace: &str) -> String {
    format!("/apis/apps/v1/namespaces/{namespace}/deployments")
}

pub fn jobs(namespace: &str) -> String {
    format!("/apis/batch/v1/namespaces/{namespace}/jobs")
}

pub fn pods(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/pods")
}

pub fn events(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/events")
}

pub fn application(name: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {
            "name": name,
            "labels": {"team": "publishing"},
            "annotations": {"repoName": name, "imageTag": "v1362", "promoteDeployment": "true"},
        },
        "spec": {
            "project": "govuk",
            "source": {"repoURL": "https://example.test/charts.git", "path": "charts/app", "targetRevision": "HEAD"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "apps"},
            "syncPolicy": {
                "automated": {"prune": true, "selfHeal": true},
                "syncOptions": ["CreateNamespace=true", "ServerSideApply=true"],
            },
            "ignoreDifferences": [{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}],
        },
        "status": {
            "sync": {"status": "Synced", "revision": "0123456789abcdef0123456789abcdef01234567",
                "comparedTo": {"destination": {}, "source": {"repoURL": "https://example.test/charts.git"}}},
            "health": {"status": "Healthy"},
        },
    })
}

pub fn workflow(name: &str, labels: &Value) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "workflowTemplateRef": {"name": "post-sync"},
            "arguments": {"parameters": [{"name": "imageTag", "value": "v1362"}, {"name": "attempts", "value": 3}]},
            "somethingOfALaterVersion": {"kept": true},
        },
        "status": {"phase": "Running", "startedAt": "2026-11-20T02:28:00Z", "finishedAt": null},
    })
}

pub fn deployment(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "app", "image": "registry.test/publisher:v1362"}]},
            },
        },
    })
}

/// A pod of the named containers, on a node if one is given.
pub fn pod(name: &str, containers: &[&str], node: Option<&str>) -> Value {
    let containers: Vec<Value> = containers
        .iter()
        .map(|name| json!({"name": name, "image": "registry.test/publisher:v1362"}))
        .collect();
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "publisher"}},
        "spec": {"containers": containers, "restartPolicy": "Never"},
    });
    if let Some(node) = node {
        pod["spec"]["nodeName"] = json!(node);
    }
    pod
}

pub fn job(name: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": name, "labels": {"app": "publisher"}},
        "spec": {"backoffLimit": 1, "template": {
            "spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "registry.test/publisher:v1362"}]}}},
    })
}

pub fn event(namespace: &str, name: &str, about: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": name},
        "involvedObject": {"kind": "Pod", "namespace": namespace, "name": about, "apiVersion": "v1"},
        "reason": "BackOff", "message": "Back-off restarting failed container app", "type": "Warning", "count": 7,
        "firstTimestamp": "2026-11-20T02:50:00Z", "lastTimestamp": "2026-11-20T03:11:00Z",
        "source": {"component": "kubelet"},
    })
}
