//! Workload: Deployments, Pods and Jobs, as far as a rollout, a crash or a hook is judged by them.
//!
//! Deliberately absent: specs beyond images and counts.

use super::{Meta, Wire, maybe, text, time};
use crate::model::{self, Environment, live};
use crate::store::{Fact, Kind};
use jiff::Timestamp;
use serde::Deserialize;
use std::sync::Arc;

/// The annotation by which a pod names its node of a run.
pub const NODE_ID: &str = "workflows.argoproj.io/node-id";
const HOOK: &str = "argocd.argoproj.io/hook";

#[derive(Deserialize)]
pub struct Deployment {
    metadata: Meta,
    #[serde(default, deserialize_with = "maybe")]
    spec: DeploymentSpec,
    #[serde(default, deserialize_with = "maybe")]
    status: DeploymentStatus,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct DeploymentSpec {
    replicas: Option<i64>,
    paused: bool,
    template: Template,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Template {
    spec: TemplateSpec,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TemplateSpec {
    #[serde(deserialize_with = "maybe")]
    containers: Vec<Named>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Named {
    #[serde(deserialize_with = "maybe")]
    name: Arc<str>,
    #[serde(deserialize_with = "maybe")]
    image: Arc<str>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct DeploymentStatus {
    observed_generation: i64,
    replicas: i64,
    updated_replicas: i64,
    available_replicas: i64,
    ready_replicas: i64,
    #[serde(deserialize_with = "maybe")]
    conditions: Vec<Condition>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Condition {
    #[serde(rename = "type", deserialize_with = "maybe")]
    kind: Arc<str>,
    #[serde(deserialize_with = "maybe")]
    status: Arc<str>,
    #[serde(deserialize_with = "maybe")]
    reason: Arc<str>,
    #[serde(deserialize_with = "maybe")]
    message: Arc<str>,
    #[serde(deserialize_with = "time")]
    last_transition_time: Option<Timestamp>,
}

impl Condition {
    fn model(self) -> live::Condition {
        live::Condition {
            kind: self.kind,
            status: self.status,
            reason: self.reason,
            message: self.message,
            at: self.last_transition_time,
        }
    }
}

impl Wire for Deployment {
    const KIND: Kind = Kind::Deployments;

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn fact(self, environment: &Environment) -> Fact {
        let containers = self.spec.template.spec.containers.into_iter();
        Fact::Deployment(model::Deployment {
            id: self.metadata.id(environment),
            labels: self.metadata.labels,
            generation: self.metadata.generation,
            observed_generation: self.status.observed_generation,
            replicas_wanted: self.spec.replicas,
            replicas: self.status.replicas,
            updated: self.status.updated_replicas,
            available: self.status.available_replicas,
            ready: self.status.ready_replicas,
            paused: self.spec.paused,
            conditions: self
                .status
                .conditions
                .into_iter()
                .map(Condition::model)
                .collect(),
            images: containers.map(|c| (c.name, c.image)).collect(),
        })
    }
}

#[derive(Deserialize)]
pub struct Pod {
    metadata: Meta,
    #[serde(default, deserialize_with = "maybe")]
    spec: PodSpec,
    #[serde(default, deserialize_with = "maybe")]
    status: PodStatus,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct PodSpec {
    #[serde(deserialize_with = "maybe")]
    containers: Vec<Named>,
    #[serde(deserialize_with = "maybe")]
    init_containers: Vec<Named>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct PodStatus {
    #[serde(deserialize_with = "maybe")]
    phase: Arc<str>,
    #[serde(deserialize_with = "text")]
    reason: Option<Arc<str>>,
    #[serde(deserialize_with = "maybe")]
    conditions: Vec<Condition>,
    #[serde(deserialize_with = "maybe")]
    container_statuses: Vec<ContainerStatus>,
    #[serde(deserialize_with = "maybe")]
    init_container_statuses: Vec<ContainerStatus>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ContainerStatus {
    #[serde(deserialize_with = "maybe")]
    name: Arc<str>,
    #[serde(deserialize_with = "maybe")]
    image: Arc<str>,
    #[serde(rename = "imageID", deserialize_with = "maybe")]
    image_id: Arc<str>,
    #[serde(rename = "containerID", deserialize_with = "maybe")]
    container_id: Arc<str>,
    ready: bool,
    restart_count: i64,
    #[serde(deserialize_with = "maybe")]
    state: State,
    #[serde(deserialize_with = "maybe")]
    last_state: State,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct State {
    waiting: Option<Waiting>,
    running: Option<serde::de::IgnoredAny>,
    terminated: Option<Terminated>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Waiting {
    #[serde(deserialize_with = "text")]
    reason: Option<Arc<str>>,
    #[serde(deserialize_with = "text")]
    message: Option<Arc<str>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Terminated {
    #[serde(deserialize_with = "text")]
    reason: Option<Arc<str>>,
    exit_code: i32,
    #[serde(deserialize_with = "time")]
    started_at: Option<Timestamp>,
    #[serde(deserialize_with = "time")]
    finished_at: Option<Timestamp>,
}

impl Terminated {
    fn lasted_s(&self) -> Option<i64> {
        Some(self.finished_at?.duration_since(self.started_at?).as_secs())
    }
}

impl Wire for Pod {
    const KIND: Kind = Kind::Pods;

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn fact(self, environment: &Environment) -> Fact {
        let PodStatus {
            phase,
            reason,
            conditions,
            container_statuses,
            init_container_statuses,
        } = self.status;
        Fact::Pod(model::Pod {
            id: self.metadata.id(environment),
            node_id: self.metadata.annotation(NODE_ID).cloned(),
            job: self.metadata.owner("Job"),
            deleting: self.metadata.deletion_timestamp.is_some(),
            created: self.metadata.creation_timestamp,
            labels: self.metadata.labels,
            phase,
            ready: conditions
                .iter()
                .any(|c| &*c.kind == "Ready" && &*c.status == "True"),
            reason,
            unschedulable: conditions
                .into_iter()
                .find(|c| &*c.kind == "PodScheduled" && &*c.reason == "Unschedulable")
                .filter(|c| &*c.status == "False")
                .map(Condition::model),
            containers: containers(self.spec.containers, container_statuses),
            init_containers: containers(self.spec.init_containers, init_container_statuses),
        })
    }
}

/// Every container of the spec, in its order, with its status where it has one yet.
fn containers(named: Vec<Named>, mut statuses: Vec<ContainerStatus>) -> Vec<live::Container> {
    let with_status = named.into_iter().map(|named| {
        let found = statuses.iter().position(|s| s.name == named.name);
        let status = found.map(|at| statuses.swap_remove(at)).unwrap_or_default();
        let waiting = status.state.waiting.unwrap_or_default();
        let ended = status.state.terminated.or(status.last_state.terminated);
        live::Container {
            name: named.name,
            // what the spec asks for has the tag; the status may tell a digest or another name of the same image
            image: if named.image.is_empty() {
                status.image
            } else {
                named.image
            },
            image_id: status.image_id,
            container_id: status.container_id,
            ready: status.ready,
            restarts: status.restart_count,
            waiting: waiting.reason,
            waiting_message: waiting.message,
            running: status.state.running.is_some(),
            ended: ended.as_ref().and_then(|t| t.finished_at),
            lasted_s: ended.as_ref().and_then(Terminated::lasted_s),
            terminated: ended.map(|t| (t.reason.unwrap_or_default(), t.exit_code)),
        }
    });
    with_status.collect()
}

#[derive(Deserialize)]
pub struct Job {
    metadata: Meta,
    #[serde(default, deserialize_with = "maybe")]
    status: JobStatus,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct JobStatus {
    active: i64,
    succeeded: i64,
    failed: i64,
    #[serde(deserialize_with = "time")]
    start_time: Option<Timestamp>,
    #[serde(deserialize_with = "time")]
    completion_time: Option<Timestamp>,
    #[serde(deserialize_with = "maybe")]
    conditions: Vec<Condition>,
}

impl Wire for Job {
    const KIND: Kind = Kind::Jobs;

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn fact(self, environment: &Environment) -> Fact {
        let status = self.status;
        // a failed Job has no completion time: its condition tells when
        let failed_at = status.conditions.iter().find(|c| &*c.kind == "Failed");
        let finished = status
            .completion_time
            .or_else(|| failed_at.and_then(|c| c.last_transition_time));
        Fact::Job(model::Job {
            id: self.metadata.id(environment),
            hook: self.metadata.annotation(HOOK).cloned(),
            labels: self.metadata.labels,
            active: status.active,
            succeeded: status.succeeded,
            failed: status.failed,
            started: status.start_time,
            finished,
            conditions: status
                .conditions
                .into_iter()
                .map(Condition::model)
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests;
