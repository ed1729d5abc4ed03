//! Run: one Workflow's whole timeline, planned before it is played: which node does what when, which pods exist, what they say.
//!
//! The engine's own forms: node ids, names, pod names, retries, step groups, skipped and omitted nodes. A planned run can
//! be played against a cluster as time passes, or folded at once into what a finished Workflow looks like.

pub mod deploy_image;
pub mod post_sync;
pub mod templates;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::clock::{Pace, stamp};
use super::logs::{Kind, Script};
use super::workload::owner_reference;
use crate::fleet::APPS;

/// What happens at one moment of a run.
#[derive(Debug, Clone)]
pub enum RunEvent {
    /// A node is as this says.
    Node(Value),
    /// A pod runs; its containers say what the scripts say.
    Pod {
        /// The pod, running.
        pod: Value,
        /// By container.
        scripts: Vec<(&'static str, Script)>,
    },
    /// A pod's main container has ended with this code.
    Ended {
        /// The pod.
        pod: String,
        /// When, as Kubernetes writes it.
        at: String,
        /// Exit code.
        code: i64,
    },
    /// A version is committed to main.
    Commit {
        /// Which environment's file.
        environment: String,
        /// Which file.
        repository: String,
        /// The version.
        tag: String,
        /// `promote_deployment`.
        promote: bool,
    },
    /// The webhook of the production cluster is called: a deploy-image run begins there.
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
    /// Simulated seconds after the start, in order.
    pub events: Vec<(f64, RunEvent)>,
}

/// A timeline that is over.
#[derive(Debug, Clone)]
pub struct FinishedRun {
    /// `status` of the Workflow.
    pub status: Value,
    /// Its pods as they ended.
    pub pods: Vec<Value>,
    /// What they said, by pod and container.
    pub scripts: Vec<(String, &'static str, Script)>,
}

/// Plans a run: keeps the nodes as they are so far.
pub struct TimelineBuilder<'a> {
    workflow: &'a str,
    node_name: &'a str,
    started: Timestamp,
    pace: Pace,
    nodes: BTreeMap<String, Value>,
    events: Vec<(f64, RunEvent)>,
}

/// What a node is, before it has done anything.
#[derive(Debug, Clone, Default)]
pub struct NodeSpec<'a> {
    /// Full name, as `run.task(0)`.
    pub name: String,
    /// As `task(0)`; empty: the part after the boundary.
    pub display: String,
    /// Pod, Retry, DAG, Steps, StepGroup or Skipped.
    pub kind: &'a str,
    /// The template's name.
    pub template: &'a str,
    /// The template that holds it, where it is another's.
    pub template_ref: Option<&'a str>,
    /// Name of the boundary node.
    pub boundary: Option<String>,
    /// Name of the node that it hangs on.
    pub parent: Option<String>,
    /// It belongs to a hook, such as the exit handler.
    pub hooked: bool,
    /// It is an attempt of a Retry node.
    pub retried: bool,
    /// Input parameters.
    pub inputs: Vec<(&'a str, String)>,
}

impl<'a> TimelineBuilder<'a> {
    /// A run of this name that starts then; its pods are on that node.
    pub fn new(
        workflow: &'a str,
        node_name: &'a str,
        started: Timestamp,
        pace: Pace,
    ) -> TimelineBuilder<'a> {
        TimelineBuilder {
            workflow,
            node_name,
            started,
            pace,
            nodes: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    fn at(&self, seconds: f64) -> String {
        stamp(self.pace.after(self.started, seconds))
    }

    /// A node begins; it has ended at once where it was skipped or omitted (then `phase` says so).
    pub fn begin(&mut self, at: f64, spec: NodeSpec<'_>, phase: &str, message: &str) -> String {
        let id = node_id(self.workflow, &spec.name);
        let mut node = json!({
            "id": id, "name": spec.name, "type": spec.kind, "phase": phase, "templateName": spec.template,
            "templateScope": format!("local/{}", self.workflow), "startedAt": self.at(at), "finishedAt": null,
            "progress": "0/1",
        });
        let display = if spec.display.is_empty() {
            spec.name.clone()
        } else {
            spec.display
        };
        set(&mut node, "displayName", json!(display));
        if let Some(from) = spec.template_ref {
            set(
                &mut node,
                "templateRef",
                json!({ "name": from, "template": spec.template }),
            );
            set(
                &mut node,
                "templateScope",
                json!(format!("namespaced/{from}")),
            );
        }
        if spec.kind == "StepGroup" {
            node.as_object_mut().map(|map| map.remove("templateName"));
        }
        if let Some(boundary) = &spec.boundary {
            set(
                &mut node,
                "boundaryID",
                json!(node_id(self.workflow, boundary)),
            );
        }
        if spec.hooked || spec.retried {
            let mut flag = Map::new();
            if spec.hooked {
                flag.insert("hooked".to_owned(), json!(true));
            }
            if spec.retried {
                flag.insert("retried".to_owned(), json!(true));
            }
            set(&mut node, "nodeFlag", Value::Object(flag));
        }
        if !spec.inputs.is_empty() {
            let parameters: Vec<Value> = spec
                .inputs
                .iter()
                .map(|(name, value)| json!({ "name": name, "value": value }))
                .collect();
            set(&mut node, "inputs", json!({ "parameters": parameters }));
        }
        if !message.is_empty() {
            set(&mut node, "message", json!(message));
        }
        if phase == "Skipped" || phase == "Omitted" {
            set(&mut node, "finishedAt", json!(self.at(at)));
        }
        self.keep(at, id.clone(), node);
        if let Some(parent) = spec.parent {
            let parent = node_id(self.workflow, &parent);
            if let Some(mut node) = self.nodes.get(&parent).cloned() {
                let mut children = node["children"].as_array().cloned().unwrap_or_default();
                children.push(json!(id));
                set(&mut node, "children", Value::Array(children));
                self.keep(at, parent, node);
            }
        }
        id
    }

    /// A node ends.
    pub fn end(&mut self, at: f64, name: &str, phase: &str, message: &str, code: Option<i64>) {
        let id = node_id(self.workflow, name);
        let Some(mut node) = self.nodes.get(&id).cloned() else {
            return;
        };
        set(&mut node, "phase", json!(phase));
        set(&mut node, "finishedAt", json!(self.at(at)));
        set(&mut node, "progress", json!("1/1"));
        if !message.is_empty() {
            set(&mut node, "message", json!(message));
        }
        if let Some(code) = code {
            set(
                &mut node,
                "outputs",
                json!({ "exitCode": code.to_string() }),
            );
            set(
                &mut node,
                "resourcesDuration",
                json!({ "cpu": 30, "memory": 60 }),
            );
        }
        self.keep(at, id, node);
    }

    /// A Pod node and its pod, from `from` to `to` seconds: Pending while it is pulled, then Running, then its end.
    pub fn pod(&mut self, from: f64, to: f64, spec: NodeSpec<'_>, kind: Kind, code: i64) {
        let (name, template) = (spec.name.clone(), spec.template.to_owned());
        let running = (from + 4.0).min(to);
        let id = self.begin(from, spec, "Pending", "");
        let pod_name = pod_name(self.workflow, &name, &template);
        let (began, ended) = (
            self.pace.after(self.started, running),
            self.pace.after(self.started, to),
        );
        let script = |kind| Script::new(kind, began, Some(ended));
        let wait = Kind::Wait {
            pod: pod_name.clone(),
        };
        let pod = self.pod_object(&pod_name, &id, &name, &stamp(began));
        let scripts = vec![
            ("main", script(kind)),
            ("wait", script(wait.clone())),
            ("init", script(wait)),
        ];
        self.events.push((running, RunEvent::Pod { pod, scripts }));
        if let Some(mut node) = self.nodes.get(&id).cloned() {
            set(&mut node, "phase", json!("Running"));
            set(&mut node, "hostNodeName", json!(self.node_name));
            self.keep(running, id, node);
        }
        self.events.push((
            to,
            RunEvent::Ended {
                pod: pod_name,
                at: stamp(ended),
                code,
            },
        ));
        let message = if code == 0 {
            String::new()
        } else {
            format!("Error (exit code {code})")
        };
        self.end(
            to,
            &name,
            if code == 0 { "Succeeded" } else { "Failed" },
            &message,
            Some(code),
        );
    }

    fn pod_object(&self, pod: &str, id: &str, node: &str, started: &str) -> Value {
        let ready = |name: &str| json!({ "name": name, "ready": true, "started": true, "restartCount": 0, "image": "registry.yard.example/argoexec:v4.1.2", "imageID": "", "state": { "running": { "startedAt": started } } });
        let mut hooked = json!({ "workflows.argoproj.io/workflow": self.workflow, "workflows.argoproj.io/completed": "false" });
        if node.contains(".onExit") {
            set(&mut hooked, "workflows.argoproj.io/on-exit", json!("true"));
        }
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": pod, "namespace": APPS, "labels": hooked,
                "annotations": {
                    "workflows.argoproj.io/node-id": id, "workflows.argoproj.io/node-name": node,
                    "workflows.argoproj.io/pod-gc-strategy": "OnWorkflowSuccess/delay=",
                    "kubectl.kubernetes.io/default-container": "main",
                },
                "ownerReferences": [owner_reference("argoproj.io/v1alpha1", "Workflow", self.workflow)],
            },
            "spec": {
                "nodeName": self.node_name, "restartPolicy": "Never",
                "initContainers": [{ "name": "init", "image": "registry.yard.example/argoexec:v4.1.2" }],
                "containers": [
                    { "name": "wait", "image": "registry.yard.example/argoexec:v4.1.2" },
                    { "name": "main", "image": "registry.yard.example/govuk/toolbox:v29" },
                ],
            },
            "status": {
                "phase": "Running", "startTime": started, "hostIP": "127.0.0.1",
                "containerStatuses": [ready("wait"), ready("main")],
            },
        })
    }

    /// Something happens outside the cluster.
    pub fn add(&mut self, at: f64, event: RunEvent) {
        self.events.push((at, event));
    }

    /// The run is over; the timeline in order of time.
    pub fn build(mut self, at: f64, phase: &'static str, message: &str) -> Timeline {
        self.events.push((
            at,
            RunEvent::Finished {
                phase,
                message: message.to_owned(),
            },
        ));
        self.events.sort_by(|a, b| a.0.total_cmp(&b.0));
        Timeline {
            events: self.events,
        }
    }

    fn keep(&mut self, at: f64, id: String, node: Value) {
        self.nodes.insert(id, node.clone());
        self.events.push((at, RunEvent::Node(node)));
    }
}

impl Timeline {
    /// How many simulated seconds it takes.
    pub fn lasts(&self) -> f64 {
        self.events.last().map_or(0.0, |(at, _)| *at)
    }

    /// What a cluster holds when the whole timeline is over.
    pub fn finished_run(&self, started: Timestamp, pace: Pace) -> FinishedRun {
        let mut nodes = Map::new();
        let (mut pods, mut told) = (BTreeMap::new(), Vec::new());
        let mut status =
            json!({ "phase": "Running", "startedAt": stamp(started), "finishedAt": null });
        for (at, event) in &self.events {
            match event {
                RunEvent::Node(node) => {
                    drop(nodes.insert(node["id"].as_str().unwrap_or("").to_owned(), node.clone()))
                }
                RunEvent::Pod { pod, scripts } => {
                    let name = pod["metadata"]["name"].as_str().unwrap_or("").to_owned();
                    told.extend(
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
            scripts: told,
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

/// The engine's node id: the run's own name, or it and the FNV-1a hash of the node's name.
pub fn node_id(workflow: &str, node: &str) -> String {
    if node == workflow {
        workflow.to_owned()
    } else {
        format!("{workflow}-{}", fnv(node))
    }
}

/// The engine's pod name (its second version).
pub fn pod_name(workflow: &str, node: &str, template: &str) -> String {
    if node == workflow {
        return workflow.to_owned();
    }
    let mut prefix = format!("{workflow}-{template}");
    prefix.truncate(242);
    format!("{prefix}-{}", fnv(node))
}

fn fnv(text: &str) -> u32 {
    text.bytes().fold(2_166_136_261, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(16_777_619)
    })
}

fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(map) = object.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_pod_names_are_the_engines_own() {
        // Computed by the engine's rule; the hash of the empty text and of "a" are FNV-1a's published ones.
        assert_eq!(fnv(""), 2_166_136_261);
        assert_eq!(fnv("a"), 0xe40c_292c);
        assert_eq!(node_id("run", "run"), "run");
        assert_eq!(
            pod_name("retry-with-dags", "retry-with-dags.success1(0)", "success"),
            "retry-with-dags-success-731586981"
        );
    }
}
