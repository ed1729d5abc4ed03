//! Application: what Argo CD writes about an app, as JSON.
//!
//! Shapes only; who writes them when is in `argo_cd` and `opening`.

use serde_json::{Value, json};

use crate::fleet::{ARGO_CD, App, CRON_JOB, Hook, PARENT, fleet_images};

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

/// What makes Argo CD delete what an Application deployed before the Application itself goes.
pub const CASCADE: &str = "resources-finalizer.argocd.argoproj.io";

/// A leaf before anything has been synced; `values` is what the values file says of it.
pub fn leaf(app: &App, declared: &Declared, values: &str) -> Value {
    let chart = if app.images.is_empty() {
        "charts/generic-govuk-app"
    } else {
        "charts/licensify"
    };
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {
            "name": app.name, "namespace": ARGO_CD, "annotations": annotations(app, declared), "finalizers": [CASCADE],
        },
        "spec": {
            "project": "govuk",
            "source": { "repoURL": CHARTS, "path": chart, "targetRevision": "HEAD", "helm": { "values": values } },
            "destination": { "server": "https://kubernetes.default.svc", "namespace": app.namespace() },
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

/// `status.sync`.
pub fn sync(status: &str, revision: &str, spec: &Value) -> Value {
    json!({
        "status": status, "revision": revision,
        "comparedTo": { "source": spec["source"], "destination": spec["destination"] },
    })
}

/// `status.operationState` of an operation.
pub struct State {
    /// `operation` as it was asked for, or as auto-sync makes it.
    pub operation: Value,
    /// Running, Succeeded or Failed.
    pub phase: &'static str,
    /// In Argo CD's words.
    pub message: String,
    /// What is synced.
    pub revision: String,
    /// `syncResult.resources`.
    pub resources: Vec<Value>,
    /// When it began.
    pub started: String,
    /// When it ended, or, while it runs, when its last try failed.
    pub finished: Option<String>,
    /// How many tries followed the first one.
    pub retries: u64,
}

impl State {
    /// The object. A try that has done nothing yet has no result.
    pub fn json(&self, spec: &Value) -> Value {
        let mut state = json!({
            "operation": self.operation, "phase": self.phase, "message": self.message, "startedAt": self.started,
        });
        let has_result = self.phase != "Running" || !self.resources.is_empty();
        let result = || json!({ "revision": self.revision, "source": spec["source"], "resources": self.resources });
        for (key, value) in [
            ("syncResult", has_result.then(result)),
            ("finishedAt", self.finished.as_ref().map(|at| json!(at))),
            (
                "retryCount",
                (self.retries > 0).then(|| json!(self.retries)),
            ),
        ] {
            if let (Some(value), Some(map)) = (value, state.as_object_mut()) {
                map.insert(key.to_owned(), value);
            }
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
pub fn applied(app: &App, group: &str, kind: &str, name: &str) -> Value {
    let qualified = if group.is_empty() {
        kind.to_lowercase()
    } else {
        format!("{}.{group}", kind.to_lowercase())
    };
    json!({
        "group": group, "version": "v1", "kind": kind, "namespace": app.namespace(), "name": name,
        "status": "Synced", "hookPhase": "Running", "syncPhase": "Sync",
        "message": format!("{qualified}/{name} serverside-applied"),
    })
}

/// A PreSync Job in a sync result.
pub fn hook_result(app: &App, hook: Hook, phase: &str, message: &str) -> Value {
    json!({
        "group": "batch", "version": "v1", "kind": "Job", "namespace": app.namespace(), "name": format!("{}-{}", app.name, hook.name),
        "status": "Synced", "hookType": "PreSync", "hookPhase": phase, "syncPhase": "PreSync", "message": message,
    })
}

/// `status.resources` of a leaf. Its hooks stand among them, without a status and as if they were to be pruned.
pub fn resources(app: &App, status: &str) -> Vec<Value> {
    let one = |group: &str, kind: &str, name: &str, status: &str| json!({ "group": group, "version": "v1", "kind": kind, "namespace": app.namespace(), "name": name, "status": status });
    let mut all: Vec<Value> = deployments(app)
        .iter()
        .map(|(name, _, _)| one("apps", "Deployment", name, status))
        .collect();
    all.push(one("", "Service", app.name, "Synced"));
    if app.has_cron_job() {
        let name = format!("{}-{CRON_JOB}", app.name);
        all.push(one("batch", "CronJob", &name, "Synced"));
    }
    all.extend(app.hooks().map(|hook| {
        json!({
            "group": "batch", "version": "v1", "kind": "Job", "namespace": app.namespace(),
            "name": format!("{}-{}", app.name, hook.name), "hook": true, "requiresPruning": true,
        })
    }));
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
    if app.has_workers() {
        all.push((format!("{}-worker", app.name), "worker", app.repository));
    }
    all
}

/// The condition of a sync that failed.
pub fn sync_error(revision: &str, message: &str, at: &str) -> Value {
    json!([{
        "type": "SyncError", "message": format!("Failed last sync attempt to [{revision}]: {message}"), "lastTransitionTime": at,
    }])
}

/// One entry of `status.history`.
pub fn history_entry(
    id: usize,
    revision: &str,
    spec: &Value,
    started: &str,
    deployed: &str,
) -> Value {
    json!({
        "id": id, "revision": revision, "source": spec["source"], "initiatedBy": { "automated": true },
        "deployStartedAt": started, "deployedAt": deployed,
    })
}
