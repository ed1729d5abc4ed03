//! Builder: plans a run node by node, as the engine would write each node at each moment.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::words::{node_id, pod_failed, pod_name};
use super::{RunEvent, Timeline, set};
use crate::fleet::APPS;
use crate::simulator::clock::{Pace, stamp};
use crate::simulator::logs::{Kind, Script};
use crate::simulator::workload::owner_reference;

/// A run that is being planned, with its nodes as they are so far.
pub struct TimelineBuilder<'a> {
    workflow: &'a str,
    node_name: &'a str,
    started: Timestamp,
    pace: Pace,
    nodes: BTreeMap<String, Value>,
    events: Vec<(f64, RunEvent)>,
}

/// A node before it has begun.
#[derive(Debug, Clone, Default)]
pub struct NodeSpec<'a> {
    /// The full name, such as `run.task(0)`.
    pub name: String,
    /// The name that is shown, such as `task(0)`; if empty, the part of the full name after the boundary's.
    pub display: String,
    /// Pod, Retry, DAG, Steps, StepGroup or Skipped.
    pub kind: &'a str,
    /// The template's name.
    pub template: &'a str,
    /// The other template that contains this one, if it is not the run's own.
    pub template_ref: Option<&'a str>,
    /// Name of the boundary node.
    pub boundary: Option<String>,
    /// The name of its parent node.
    pub parent: Option<String>,
    /// It belongs to a hook, such as the exit handler.
    pub hooked: bool,
    /// It is an attempt of a Retry node.
    pub retried: bool,
    /// Input parameters.
    pub inputs: Vec<(&'a str, String)>,
}

impl<'a> TimelineBuilder<'a> {
    /// Begins the plan of a run; all its pods run on one node of the cluster.
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

    fn stamp_at(&self, seconds: f64) -> String {
        stamp(self.pace.after(self.started, seconds))
    }

    /// Begins a node. Where `phase` says that it is skipped or omitted it ends in the same moment.
    pub fn begin(&mut self, at: f64, spec: NodeSpec<'_>, phase: &str, message: &str) -> String {
        let id = node_id(self.workflow, &spec.name);
        let mut node = json!({
            "id": id, "name": spec.name, "type": spec.kind, "phase": phase, "templateName": spec.template,
            "templateScope": format!("local/{}", self.workflow), "startedAt": self.stamp_at(at), "finishedAt": null,
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
            set(&mut node, "finishedAt", json!(self.stamp_at(at)));
        }
        self.set_node(at, id.clone(), node);
        if let Some(parent) = spec.parent {
            let parent = node_id(self.workflow, &parent);
            if let Some(mut node) = self.nodes.get(&parent).cloned() {
                let mut children = node["children"].as_array().cloned().unwrap_or_default();
                children.push(json!(id));
                set(&mut node, "children", Value::Array(children));
                self.set_node(at, parent, node);
            }
        }
        id
    }

    /// Ends a node.
    pub fn end(&mut self, at: f64, name: &str, phase: &str, message: &str, code: Option<i64>) {
        let id = node_id(self.workflow, name);
        let Some(mut node) = self.nodes.get(&id).cloned() else {
            return;
        };
        set(&mut node, "phase", json!(phase));
        set(&mut node, "finishedAt", json!(self.stamp_at(at)));
        set(&mut node, "progress", json!("1/1"));
        // The message says what a node waits for, and this one waits no more.
        node.as_object_mut().map(|map| map.remove("message"));
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
        self.set_node(at, id, node);
    }

    /// Makes a node wait, with a message that says for what.
    pub fn wait(&mut self, at: f64, name: &str, message: &str) {
        let id = node_id(self.workflow, name);
        if let Some(mut node) = self.nodes.get(&id).cloned() {
            set(&mut node, "message", json!(message));
            self.set_node(at, id, node);
        }
    }

    /// Plans a Pod node and its pod from second `from` to second `to`: Pending while the image is pulled, then Running, then
    /// over.
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
            self.set_node(running, id, node);
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
            pod_failed(code)
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

    /// Plans something that happens outside the cluster.
    pub fn add(&mut self, at: f64, event: RunEvent) {
        self.events.push((at, event));
    }

    /// Ends the run and returns its timeline, in order of time.
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

    fn set_node(&mut self, at: f64, id: String, node: Value) {
        self.nodes.insert(id, node.clone());
        self.events.push((at, RunEvent::Node(node)));
    }
}
