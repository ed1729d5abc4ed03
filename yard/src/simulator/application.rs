//! Application: what Argo CD writes about an app, as JSON.
//!
//! Shapes only; who writes them when is in `argo_cd` and `opening`.

use serde_json::{Value, json};

use crate::fleet::{APPS, ARGO_CD, App, PARENT, fleet_images};

/// The repository as Applications name it: what matters here is only that all say the same.
const CHARTS: &str = "https://git.yard.example/govuk/helm-charts.git";

/// What the parent renders into a leaf from its version file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Declared {
    /// Empty where the app has no file, or several.
    pub tag: String,
    /// `promote_deployment`.
    pub promote: bool,
    /// `automatic_deploys_enabled`; a missing key is false, as Helm has it.
    pub gate: bool,
}

/// The annotations that the parent renders.
pub fn annotations(app: &App, declared: &Declared) -> Value {
    json!({
        "argocd.argoproj.io/tracking-id": format!("{PARENT}:argoproj.io/Application:{ARGO_CD}/{}", app.name),
        "repoName": app.repository,
        "imageTag": declared.tag,
        "promoteDeployment": declared.promote.to_string(),
        "automaticDeploysEnabled": declared.gate.to_string(),
        "postSyncWorkflowEnabled": "true",
        "slackChannel": "govuk-deploy-alerts",
        "notifications.argoproj.io/subscribe.on-deployed.argo_events": "",
    })
}

/// A leaf before anything has been synced.
pub fn leaf(app: &App, declared: &Declared) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": { "name": app.name, "namespace": ARGO_CD, "annotations": annotations(app, declared) },
        "spec": {
            "project": "govuk",
            "source": source("charts/generic-govuk-app"),
            "destination": { "server": "https://kubernetes.default.svc", "namespace": APPS },
            "syncPolicy": {
                "automated": { "prune": true, "selfHeal": true },
                "syncOptions": ["CreateNamespace=true", "PrunePropagationPolicy=foreground", "PruneLast=true", "ApplyOutOfSyncOnly=true", "ServerSideApply=true"],
            },
        },
    })
}

/// The parent.
pub fn parent(environment: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": { "name": PARENT, "namespace": ARGO_CD, "annotations": {} },
        "spec": {
            "project": "govuk",
            "source": {
                "repoURL": CHARTS, "path": "charts/app-config", "targetRevision": "HEAD",
                "helm": { "valueFiles": ["values.yaml", format!("values-{environment}.yaml")] },
            },
            "destination": { "server": "https://kubernetes.default.svc", "namespace": ARGO_CD },
            "syncPolicy": { "automated": { "prune": true, "selfHeal": true }, "syncOptions": ["ApplyOutOfSyncOnly=true"] },
        },
    })
}

fn source(path: &str) -> Value {
    json!({ "repoURL": CHARTS, "path": path, "targetRevision": "HEAD" })
}

/// `status.sync`.
pub fn sync(status: &str, revision: &str, spec: &Value) -> Value {
    json!({
        "status": status, "revision": revision,
        "comparedTo": { "source": spec["source"], "destination": spec["destination"] },
    })
}

/// `status.operationState` of an operation, running while `finished` is none.
pub struct State<'a> {
    /// `operation` as it was asked for, or as auto-sync makes it.
    pub operation: Value,
    /// Running, Succeeded or Failed.
    pub phase: &'a str,
    /// In Argo CD's words.
    pub message: &'a str,
    /// What is synced.
    pub revision: &'a str,
    /// `syncResult.resources`.
    pub resources: Vec<Value>,
    /// When it began.
    pub started: &'a str,
    /// When it ended.
    pub finished: Option<&'a str>,
}

impl State<'_> {
    /// The object.
    pub fn json(&self, spec: &Value) -> Value {
        let result = json!({ "revision": self.revision, "source": spec["source"], "resources": self.resources });
        let mut state = json!({
            "operation": self.operation, "phase": self.phase, "message": self.message,
            "syncResult": result, "startedAt": self.started,
        });
        if let (Some(finished), Some(map)) = (self.finished, state.as_object_mut()) {
            map.insert("finishedAt".to_owned(), json!(finished));
        }
        state
    }
}

/// The operation that auto-sync asks for.
pub fn automatic(revision: &str, spec: &Value) -> Value {
    json!({
        "initiatedBy": { "automated": true }, "retry": { "limit": 5 },
        "sync": { "prune": true, "revision": revision, "syncOptions": spec["syncPolicy"]["syncOptions"] },
    })
}

/// One ordinary resource of a sync result.
pub fn applied(group: &str, kind: &str, name: &str) -> Value {
    let of = if group.is_empty() {
        String::new()
    } else {
        format!(".{group}")
    };
    json!({
        "group": group, "version": "v1", "kind": kind, "namespace": APPS, "name": name,
        "status": "Synced", "hookPhase": "Running", "syncPhase": "Sync",
        "message": format!("{}{of}/{name} serverside-applied", kind.to_lowercase()),
    })
}

/// The migration hook of a sync result.
pub fn migration(app: &App, phase: &str, message: &str) -> Value {
    json!({
        "group": "batch", "version": "v1", "kind": "Job", "namespace": APPS, "name": format!("{}-dbmigrate", app.name),
        "hookType": "PreSync", "hookPhase": phase, "syncPhase": "PreSync", "message": message,
    })
}

/// `status.resources` of a leaf.
pub fn resources(app: &App, status: &str) -> Vec<Value> {
    let one = |group: &str, kind: &str, name: &str, status: &str| json!({ "group": group, "version": "v1", "kind": kind, "namespace": APPS, "name": name, "status": status });
    let mut all: Vec<Value> = deployments(app)
        .iter()
        .map(|(name, _, _)| one("apps", "Deployment", name, status))
        .collect();
    all.push(one("", "Service", app.name, "Synced"));
    all
}

/// `status.summary` for the versions that run.
pub fn summary(images: &[String]) -> Value {
    json!({ "images": images })
}

/// Deployments of an app: name, component, and the repository of its image.
pub fn deployments(app: &App) -> Vec<(String, &'static str, &'static str)> {
    let mut all: Vec<_> = fleet_images(app)
        .into_iter()
        .map(|(name, repository)| (name, "app", repository))
        .collect();
    if app.workers {
        all.push((format!("{}-worker", app.name), "worker", app.repository));
    }
    all
}

/// One entry of `status.history`.
pub fn history(id: usize, revision: &str, spec: &Value, started: &str, deployed: &str) -> Value {
    json!({
        "id": id, "revision": revision, "source": spec["source"], "initiatedBy": { "automated": true },
        "deployStartedAt": started, "deployedAt": deployed,
    })
}
