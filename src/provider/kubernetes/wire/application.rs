//! Application: what Argo CD says of one app.
//!
//! Deliberately absent: health of single resources (since Argo CD 3 it is not in the object) and the sources of the history.

use super::{Meta, Wire, intern::intern, maybe, text, time};
use crate::model::{self, Environment, Health, Phase, Sync, live};
use crate::plan::mark::OPERATION_PLAN;
use crate::store::{Fact, Kind};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;

const TRACKING: &str = "argocd.argoproj.io/tracking-id";
const INSTANCE: &str = "app.kubernetes.io/instance";

#[derive(Deserialize)]
pub struct Application {
    metadata: Meta,
    #[serde(default, deserialize_with = "maybe")]
    spec: Spec,
    #[serde(default)]
    operation: Option<Requested>,
    #[serde(default, deserialize_with = "maybe")]
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    #[serde(deserialize_with = "text")]
    project: Option<Arc<str>>,
    source: Option<Source>,
    #[serde(deserialize_with = "maybe")]
    sources: Vec<Source>,
    source_hydrator: Option<Hydrator>,
    #[serde(deserialize_with = "maybe")]
    sync_policy: Policy,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Source {
    #[serde(deserialize_with = "text")]
    target_revision: Option<Arc<str>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Hydrator {
    sync_source: SyncSource,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct SyncSource {
    #[serde(deserialize_with = "text")]
    target_branch: Option<Arc<str>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Policy {
    automated: Option<Automated>,
    #[serde(deserialize_with = "maybe")]
    sync_options: Vec<Arc<str>>,
    retry: Option<Box<RawValue>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Automated {
    prune: Option<bool>,
    enabled: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Requested {
    #[serde(deserialize_with = "maybe")]
    info: Vec<Info>,
    #[serde(deserialize_with = "maybe")]
    sync: RequestedSync,
    #[serde(deserialize_with = "maybe")]
    retry: RetryPolicy,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RetryPolicy {
    /// Below 0: no end of them.
    limit: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RequestedSync {
    #[serde(deserialize_with = "text")]
    revision: Option<Arc<str>>,
    #[serde(deserialize_with = "maybe")]
    revisions: Vec<Arc<str>>,
    #[serde(deserialize_with = "maybe")]
    resources: Vec<serde::de::IgnoredAny>,
    dry_run: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Info {
    name: String,
    #[serde(deserialize_with = "text")]
    value: Option<Arc<str>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(deserialize_with = "maybe")]
    sync: SyncStatus,
    #[serde(deserialize_with = "maybe")]
    health: HealthStatus,
    operation_state: Option<OperationState>,
    #[serde(deserialize_with = "maybe")]
    conditions: Vec<Condition>,
    #[serde(deserialize_with = "maybe")]
    summary: Summary,
    #[serde(deserialize_with = "maybe")]
    history: Vec<Revisions>,
    #[serde(deserialize_with = "maybe")]
    resources: Vec<Resource>,
    #[serde(deserialize_with = "time")]
    reconciled_at: Option<Timestamp>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SyncStatus {
    #[serde(deserialize_with = "text")]
    status: Option<Arc<str>>,
    #[serde(deserialize_with = "text")]
    revision: Option<Arc<str>>,
    #[serde(deserialize_with = "maybe")]
    revisions: Vec<Arc<str>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Revisions {
    #[serde(deserialize_with = "text")]
    revision: Option<Arc<str>>,
    #[serde(deserialize_with = "maybe")]
    revisions: Vec<Arc<str>>,
}

/// The one revision; of several sources the first that has one.
fn first(one: Option<Arc<str>>, several: Vec<Arc<str>>) -> Option<Arc<str>> {
    one.or_else(|| several.into_iter().find(|r| !r.is_empty()))
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct HealthStatus {
    #[serde(deserialize_with = "text")]
    status: Option<Arc<str>>,
    #[serde(deserialize_with = "text")]
    message: Option<Arc<str>>,
    #[serde(deserialize_with = "time")]
    last_transition_time: Option<Timestamp>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct OperationState {
    operation: Requested,
    #[serde(deserialize_with = "text")]
    phase: Option<Arc<str>>,
    #[serde(deserialize_with = "text")]
    message: Option<Arc<str>>,
    #[serde(deserialize_with = "time")]
    started_at: Option<Timestamp>,
    #[serde(deserialize_with = "time")]
    finished_at: Option<Timestamp>,
    retry_count: Option<u32>,
    sync_result: Option<SyncResult>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SyncResult {
    #[serde(deserialize_with = "text")]
    revision: Option<Arc<str>>,
    #[serde(deserialize_with = "maybe")]
    revisions: Vec<Arc<str>>,
    #[serde(deserialize_with = "maybe")]
    resources: Vec<Done>,
}

/// What a sync did with one resource.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Done {
    #[serde(deserialize_with = "maybe")]
    kind: String,
    #[serde(deserialize_with = "text")]
    namespace: Option<Arc<str>>,
    #[serde(deserialize_with = "maybe")]
    name: String,
    #[serde(deserialize_with = "maybe")]
    status: String,
    #[serde(deserialize_with = "text")]
    hook_type: Option<Arc<str>>,
    #[serde(deserialize_with = "text")]
    hook_phase: Option<Arc<str>>,
    #[serde(deserialize_with = "text")]
    message: Option<Arc<str>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Condition {
    #[serde(rename = "type", deserialize_with = "text")]
    kind: Option<Arc<str>>,
    #[serde(deserialize_with = "text")]
    message: Option<Arc<str>>,
    #[serde(deserialize_with = "time")]
    last_transition_time: Option<Timestamp>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Summary {
    #[serde(deserialize_with = "maybe")]
    images: Vec<Arc<str>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Resource {
    #[serde(deserialize_with = "maybe")]
    kind: String,
    #[serde(deserialize_with = "maybe")]
    name: String,
    #[serde(deserialize_with = "maybe")]
    status: String,
    #[serde(deserialize_with = "maybe")]
    requires_pruning: bool,
    /// It belongs to a hook, which is made anew and never pruned.
    #[serde(deserialize_with = "maybe")]
    hook: bool,
}

impl Wire for Application {
    const KIND: Kind = Kind::Applications;
    const IS_LARGE: bool = true;

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn fact(self, environment: &Environment) -> Fact {
        Fact::Application(self.model(environment))
    }
}

impl Application {
    fn model(self, environment: &Environment) -> model::Application {
        let Application {
            metadata,
            spec,
            operation: requested,
            status,
        } = self;
        let parent = parent(&metadata);
        let named = |resource: &Resource| Arc::from(format!("{}/{}", resource.kind, resource.name));
        let out_of_sync = status.resources.iter().filter(|r| r.status == "OutOfSync");
        let to_prune = status
            .resources
            .iter()
            .filter(|r| r.requires_pruning && !r.hook);
        let operation_plan = requested.as_ref().and_then(plan).or_else(|| {
            status
                .operation_state
                .as_ref()
                .and_then(|s| plan(&s.operation))
        });
        let (operation, synced) = match status.operation_state {
            Some(state) => operation(state),
            None => (None, None),
        };
        let synced_revision = synced.or_else(|| {
            status
                .history
                .into_iter()
                .next_back()
                .and_then(|h| first(h.revision, h.revisions))
        });
        let automated = spec.sync_policy.automated;
        let target_revision = match (spec.source_hydrator, spec.sources.into_iter().next()) {
            (Some(hydrator), _) => hydrator.sync_source.target_branch,
            (None, Some(first)) => first.target_revision,
            (None, None) => spec.source.and_then(|s| s.target_revision),
        };
        model::Application {
            id: metadata.id(environment),
            deleting: metadata.deletion_timestamp.is_some(),
            resource_version: metadata.resource_version,
            annotations: metadata.annotations,
            project: spec.project.unwrap_or_else(|| intern("default")),
            sync: Sync::parse(status.sync.status.as_deref().unwrap_or("Unknown")),
            compared_revision: first(status.sync.revision, status.sync.revisions),
            synced_revision,
            health: Health::parse(status.health.status.as_deref().unwrap_or("Unknown")),
            health_message: status.health.message,
            health_since: status.health.last_transition_time,
            operation,
            operation_requested: requested.is_some(),
            operation_plan,
            conditions: status.conditions.into_iter().map(condition).collect(),
            auto_sync: automated.as_ref().is_some_and(|a| a.enabled != Some(false)),
            auto_prune: automated.is_some_and(|a| a.prune == Some(true)),
            sync_options: spec
                .sync_policy
                .sync_options
                .iter()
                .map(|option| intern(option))
                .collect(),
            retry: spec
                .sync_policy
                .retry
                .map(|raw| Arc::from(raw.get()))
                .filter(|raw: &Arc<str>| &**raw != "null"),
            parent,
            target_revision,
            reconciled_at: status.reconciled_at,
            images: status.summary.images,
            out_of_sync: out_of_sync.map(named).collect(),
            to_prune: to_prune.map(named).collect(),
        }
    }
}

fn plan(operation: &Requested) -> Option<Arc<str>> {
    let info = operation
        .info
        .iter()
        .find(|info| info.name == OPERATION_PLAN)?;
    info.value.clone()
}

/// The operation, and the revision that it surely put in place: of a whole sync that succeeded, not of a part or a dry run.
fn operation(state: OperationState) -> (Option<live::Operation>, Option<Arc<str>>) {
    let result = state.sync_result.unwrap_or_default();
    let revision = first(result.revision, result.revisions);
    // A try that has only begun has no result, and syncs what was asked for.
    let asked = state.operation.sync;
    let phase = Phase::parse(state.phase.as_deref().unwrap_or("Running"));
    let whole = asked.resources.is_empty() && !asked.dry_run;
    let synced = revision
        .clone()
        .filter(|_| phase == Phase::Succeeded && whole);
    let retry_limit = state.operation.retry.limit.filter(|limit| *limit > 0);
    let mut hooks = Vec::new();
    let mut failed = Vec::new();
    for done in result.resources {
        if done.status == "SyncFailed" {
            let why = done.message.as_deref().unwrap_or("no reason given");
            failed.push(Arc::from(format!("{}/{}: {why}", done.kind, done.name)));
        }
        if let Some(stage) = done.hook_type {
            hooks.push(live::Hook {
                kind: Arc::from(done.kind),
                namespace: done.namespace.unwrap_or_default(),
                name: Arc::from(done.name),
                stage,
                phase: Phase::parse(done.hook_phase.as_deref().unwrap_or("")),
                message: done.message,
            });
        }
    }
    let operation = live::Operation {
        phase,
        message: state.message,
        started: state.started_at,
        finished: state.finished_at,
        retries: state.retry_count.unwrap_or(0),
        retry_limit: retry_limit.and_then(|limit| u32::try_from(limit).ok()),
        revision: revision.or_else(|| first(asked.revision, asked.revisions)),
        hooks,
        failed,
    };
    (Some(operation), synced)
}

fn condition(condition: Condition) -> live::Condition {
    live::Condition {
        kind: condition.kind.unwrap_or_default(),
        status: Arc::default(),
        reason: Arc::default(),
        message: condition.message.unwrap_or_default(),
        at: condition.last_transition_time,
    }
}

/// The Application that manages this one. A tracking annotation counts only if it describes this very object: copies are
/// left over from elsewhere. Where there is none, Argo CD may track by label.
fn parent(meta: &Meta) -> Option<Arc<str>> {
    let Some(tracking) = meta.annotation(TRACKING) else {
        let instance = meta.labels.get(INSTANCE)?;
        return (**instance != *meta.name).then(|| instance.clone());
    };
    let (parent, object) = tracking.split_once(':')?;
    let of_this = format!("argoproj.io/Application:{}/{}", meta.namespace, meta.name);
    // an app of another namespace is named NAMESPACE_APP; a name itself has no underscore
    let parent = parent.rsplit('_').next().unwrap_or(parent);
    (object == of_this && parent != &*meta.name).then(|| Arc::from(parent))
}

#[cfg(test)]
mod tests;
