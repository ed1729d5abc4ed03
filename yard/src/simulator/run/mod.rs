//! Run: the whole timeline of one Workflow, planned before it is played: its nodes, its pods and what they print.
//!
//! Nodes have the forms that the engine gives them: ids, names, pod names, retries, step groups, skipped and omitted nodes.
//! A planned run can be played on a cluster as time passes, or turned at once into a finished Workflow.

mod builder;
pub mod deploy_image;
pub mod exit_handler;
pub mod post_sync;
pub mod templates;
pub mod words;

pub use builder::{NodeSpec, TimelineBuilder};

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::clock::{Pace, stamp};
use super::logs::Script;

/// What happens at one moment of a run.
#[derive(Debug, Clone)]
pub enum RunEvent {
    /// A node begins, changes or ends.
    Node(Value),
    /// A pod runs, and its containers print their scripts.
    Pod {
        /// The running pod.
        pod: Value,
        /// The script of each container.
        scripts: Vec<(&'static str, Script)>,
    },
    /// The main container of a pod has ended.
    Ended {
        /// The pod.
        pod: String,
        /// The moment, as Kubernetes writes it.
        at: String,
        /// Its exit code.
        code: i64,
    },
    /// A version is committed to main.
    Commit {
        /// The environment whose file is changed.
        environment: String,
        /// The repository, which names the file.
        repository: String,
        /// The version.
        tag: String,
        /// `promote_deployment`.
        promote: bool,
    },
    /// The webhook of the production cluster is called, which starts a deploy-image run there.
    Promote {
        /// The environment to change.
        environment: String,
        /// The repository.
        repository: String,
        /// The version.
        tag: String,
    },
    /// The whole run has ended.
    Finished {
        /// Succeeded, Failed or Error.
        phase: &'static str,
        /// Empty when it succeeded.
        message: String,
    },
}

/// A planned run.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// What happens, in order, each at so many simulated seconds after the start.
    pub events: Vec<(f64, RunEvent)>,
}

/// What a cluster holds of a run that is over.
#[derive(Debug, Clone)]
pub struct FinishedRun {
    /// `status` of the Workflow.
    pub status: Value,
    /// Its pods as they ended.
    pub pods: Vec<Value>,
    /// What they printed, by pod and container.
    pub scripts: Vec<(String, &'static str, Script)>,
}

impl Timeline {
    /// The length of the timeline in simulated seconds.
    pub fn lasts(&self) -> f64 {
        self.events.last().map_or(0.0, |(at, _)| *at)
    }

    /// What a cluster holds once the whole timeline is over.
    pub fn finished_run(&self, started: Timestamp, pace: Pace) -> FinishedRun {
        let mut nodes = Map::new();
        let (mut pods, mut said) = (BTreeMap::new(), Vec::new());
        let mut status =
            json!({ "phase": "Running", "startedAt": stamp(started), "finishedAt": null });
        for (at, event) in &self.events {
            match event {
                RunEvent::Node(node) => {
                    drop(nodes.insert(node["id"].as_str().unwrap_or("").to_owned(), node.clone()))
                }
                RunEvent::Pod { pod, scripts } => {
                    let name = pod["metadata"]["name"].as_str().unwrap_or("").to_owned();
                    said.extend(
                        scripts
                            .iter()
                            .map(|(container, script)| (name.clone(), *container, script.clone())),
                    );
                    pods.insert(name, pod.clone());
                }
                RunEvent::Ended { pod, at, code } => {
                    if let Some(pod) = pods.get_mut(pod) {
                        set(pod, "status", ended_pod(&pod["status"], at, *code));
                        if let Some(labels) = pod["metadata"].get_mut("labels") {
                            set(labels, "workflows.argoproj.io/completed", json!("true"));
                        }
                    }
                }
                RunEvent::Finished { phase, message } => {
                    status = finished(
                        phase,
                        message,
                        &stamp(started),
                        &stamp(pace.after(started, *at)),
                    );
                }
                RunEvent::Commit { .. } | RunEvent::Promote { .. } => {}
            }
        }
        set(&mut status, "nodes", Value::Object(nodes));
        FinishedRun {
            status,
            pods: pods.into_values().collect(),
            scripts: said,
        }
    }
}

/// `status` of a finished Workflow, without its nodes.
pub fn finished(phase: &str, message: &str, started: &str, at: &str) -> Value {
    let mut status = json!({
        "phase": phase, "startedAt": started, "finishedAt": at, "progress": "1/1",
        "conditions": [{ "type": "PodRunning", "status": "False" }, { "type": "Completed", "status": "True" }],
    });
    if !message.is_empty() {
        set(&mut status, "message", json!(message));
    }
    status
}

/// The status of a run's pod whose main container has ended.
pub fn ended_pod(before: &Value, at: &str, code: i64) -> Value {
    let mut after = before.clone();
    let reason = if code == 0 { "Completed" } else { "Error" };
    set(
        &mut after,
        "phase",
        json!(if code == 0 { "Succeeded" } else { "Failed" }),
    );
    if let Some(containers) = after
        .get_mut("containerStatuses")
        .and_then(Value::as_array_mut)
    {
        for container in containers {
            let main = container["name"] == "main";
            let began = container["state"]["running"]["startedAt"].clone();
            let (code, reason) = if main {
                (code, reason)
            } else {
                (0, "Completed")
            };
            set(container, "ready", json!(false));
            set(container, "started", json!(false));
            set(
                container,
                "state",
                json!({ "terminated": { "exitCode": code, "reason": reason, "startedAt": began, "finishedAt": at } }),
            );
        }
    }
    after
}

fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(map) = object.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}
