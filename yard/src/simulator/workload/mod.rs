//! Workload: Deployments, ReplicaSets, Pods and Events as their controllers write them, as JSON.
//!
//! These are shapes only. Names and addresses of pods are made from the seed, so that the same seed gives the same names.

pub mod jobs;

use serde_json::{Value, json};

use crate::fleet::{App, digest, image, seeded};

/// One Deployment at one version.
#[derive(Debug, Clone)]
pub struct Workload<'a> {
    /// The app that it belongs to.
    pub app: &'a App,
    /// Its own name.
    pub name: &'a str,
    /// `app` or `worker`.
    pub component: &'a str,
    /// The repository of its image.
    pub repository: &'a str,
    /// The image's tag.
    pub version: &'a str,
    /// The wanted number of pods.
    pub replicas: usize,
}

/// Numbers of a Deployment's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// `observedGeneration`.
    pub generation: i64,
    /// All pods.
    pub all: usize,
    /// Pods of the new version.
    pub updated: usize,
    /// Ready pods.
    pub ready: usize,
    /// Wanted pods.
    pub wanted: usize,
}

/// The state of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PodState {
    /// Its containers are being created.
    Starting,
    /// It is ready and serves.
    Ready,
    /// Its app container crashes again and again.
    Crashing {
        /// How often it has been restarted.
        restarts: i64,
    },
}

impl Workload<'_> {
    fn labels(&self) -> Value {
        json!({
            "app": self.name, "app.kubernetes.io/name": self.app.name, "app.kubernetes.io/instance": self.app.name,
            "app.kubernetes.io/component": self.component, "app.govuk/repository-name": self.repository,
        })
    }

    /// The hash of the pod template, which is the same for the same version.
    pub fn hash(&self) -> String {
        random_letters(seeded(0, &[self.name, self.version]), 10)
    }

    /// The name of the ReplicaSet of this version.
    pub fn replica_set_name(&self) -> String {
        format!("{}-{}", self.name, self.hash())
    }

    fn template(&self, labels: Value) -> Value {
        json!({ "metadata": { "labels": labels }, "spec": { "containers": self.containers() } })
    }

    fn containers(&self) -> Value {
        let port = json!([{ "name": "http", "containerPort": 3000 }]);
        let app =
            json!({ "name": "app", "image": image(self.repository, self.version), "ports": port });
        if self.component == "worker" {
            return json!([app]);
        }
        json!([app, { "name": "nginx", "image": image("toolbox-nginx", "v31") }])
    }

    /// The Deployment; `revision` is its annotation.
    pub fn deployment(&self, revision: usize) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {
                "name": self.name, "namespace": self.app.namespace(), "labels": self.labels(),
                "annotations": { "deployment.kubernetes.io/revision": revision.to_string() },
            },
            "spec": {
                "replicas": self.replicas, "revisionHistoryLimit": 2, "progressDeadlineSeconds": 600,
                "selector": { "matchLabels": { "app": self.name, "app.kubernetes.io/component": self.component } },
                "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 0, "maxUnavailable": "34%" } },
                "template": self.template(self.labels()),
            },
        })
    }

    /// The ReplicaSet of this version. Its owner is the Deployment, whose uid is filled in when that has been created.
    pub fn replica_set(&self, revision: usize, replicas: usize) -> Value {
        let labels = with_label(self.labels(), "pod-template-hash", &self.hash());
        json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {
                "name": self.replica_set_name(), "namespace": self.app.namespace(), "labels": labels,
                "annotations": { "deployment.kubernetes.io/revision": revision.to_string() },
                "ownerReferences": [owner_reference("apps/v1", "Deployment", self.name)],
            },
            "spec": {
                "replicas": replicas,
                "selector": { "matchLabels": { "app": self.name, "app.kubernetes.io/component": self.component, "pod-template-hash": self.hash() } },
                "template": self.template(labels),
            },
            "status": { "replicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas, "observedGeneration": 1 },
        })
    }

    /// The name of the pod with this number.
    pub fn pod_name(&self, number: usize) -> String {
        format!(
            "{}-{}",
            self.replica_set_name(),
            random_letters(
                seeded(1, &[self.name, self.version, &number.to_string()]),
                5
            )
        )
    }

    /// A pod on a node, owned by the ReplicaSet.
    pub fn pod(
        &self,
        number: usize,
        node: &str,
        doing: PodState,
        started: &str,
        last: Option<(&str, &str)>,
    ) -> Value {
        let labels = with_label(self.labels(), "pod-template-hash", &self.hash());
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": self.pod_name(number), "namespace": self.app.namespace(), "labels": labels,
                "ownerReferences": [owner_reference("apps/v1", "ReplicaSet", &self.replica_set_name())],
            },
            "spec": { "nodeName": node, "restartPolicy": "Always", "containers": self.containers() },
            "status": self.pod_status(number, doing, started, last),
        })
    }

    /// The status of a pod; `last` is when its crashed container began and ended.
    pub fn pod_status(
        &self,
        number: usize,
        doing: PodState,
        started: &str,
        last: Option<(&str, &str)>,
    ) -> Value {
        let ready = doing == PodState::Ready;
        let word = if ready { "True" } else { "False" };
        let since = started;
        let mut containers = vec![self.app_container(number, doing, started, last)];
        if self.component != "worker" {
            let up = doing != PodState::Starting;
            let mut nginx = container("nginx", "toolbox-nginx", "v31", up, 0);
            let state = if up {
                json!({ "running": { "startedAt": started } })
            } else {
                json!({ "waiting": { "reason": "ContainerCreating" } })
            };
            set_field(&mut nginx, "state", state);
            containers.push(nginx);
        }
        let address = seeded(2, &[self.name, self.version, &number.to_string()]);
        let mut status = json!({
            "phase": if doing == PodState::Starting { "Pending" } else { "Running" }, "qosClass": "Burstable",
            "hostIP": "127.0.0.1", "podIP": format!("10.{}.{}.{}", address % 250, (address >> 8) % 250, (address >> 16) % 250 + 1),
            "startTime": started, "containerStatuses": containers,
            "conditions": [
                { "type": "PodScheduled", "status": "True", "lastTransitionTime": since },
                { "type": "Initialized", "status": "True", "lastTransitionTime": since },
                { "type": "ContainersReady", "status": word, "lastTransitionTime": since },
                { "type": "Ready", "status": word, "lastTransitionTime": since },
            ],
        });
        if !ready && let Some(conditions) = status["conditions"].as_array_mut() {
            for condition in conditions.iter_mut().skip(2) {
                set_field(condition, "reason", json!("ContainersNotReady"));
                set_field(
                    condition,
                    "message",
                    json!("containers with unready status: [app]"),
                );
            }
        }
        status
    }

    fn app_container(
        &self,
        number: usize,
        doing: PodState,
        started: &str,
        last: Option<(&str, &str)>,
    ) -> Value {
        let restarts = if let PodState::Crashing { restarts } = doing {
            restarts
        } else {
            0
        };
        let mut app = container(
            "app",
            self.repository,
            self.version,
            doing == PodState::Ready,
            restarts,
        );
        let state = match doing {
            PodState::Starting => json!({ "waiting": { "reason": "ContainerCreating" } }),
            PodState::Ready => json!({ "running": { "startedAt": started } }),
            PodState::Crashing { .. } => {
                let pod = self.pod_name(number);
                let message = format!(
                    "back-off 5m0s restarting failed container=app pod={pod}_{}",
                    self.app.namespace()
                );
                json!({ "waiting": { "reason": "CrashLoopBackOff", "message": message } })
            }
        };
        set_field(&mut app, "state", state);
        if let (PodState::Crashing { .. }, Some((began, ended))) = (doing, last) {
            let ended = json!({ "terminated": { "exitCode": 1, "reason": "Error", "startedAt": began, "finishedAt": ended } });
            set_field(&mut app, "lastState", ended);
        }
        app
    }
}

/// The status of a Deployment; `late` is the message about an exceeded deadline.
pub fn deployment_status(counts: Counts, moved: &str, late: Option<&str>) -> Value {
    let available = counts.ready * 3 >= counts.wanted * 2;
    let progressing = match (
        late,
        counts.updated == counts.wanted && counts.ready == counts.wanted,
    ) {
        (Some(message), _) => {
            json!({ "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": message, "lastUpdateTime": moved, "lastTransitionTime": moved })
        }
        (None, true) => {
            json!({ "type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "lastUpdateTime": moved, "lastTransitionTime": moved })
        }
        (None, false) => {
            json!({ "type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated", "lastUpdateTime": moved, "lastTransitionTime": moved })
        }
    };
    let word = if available { "True" } else { "False" };
    json!({
        "observedGeneration": counts.generation, "replicas": counts.all, "updatedReplicas": counts.updated,
        "readyReplicas": counts.ready, "availableReplicas": counts.ready, "unavailableReplicas": counts.wanted.saturating_sub(counts.ready),
        "conditions": [
            { "type": "Available", "status": word, "reason": if available { "MinimumReplicasAvailable" } else { "MinimumReplicasUnavailable" }, "lastUpdateTime": moved, "lastTransitionTime": moved },
            progressing,
        ],
    })
}

/// A Kubernetes Event about an object, as a controller or the kubelet reports it.
pub fn event(
    (namespace, kind, name): (&str, &str, &str),
    reason: &str,
    message: &str,
    (first, last, count): (&str, &str, i64),
) -> Value {
    let (api_version, component) = match kind {
        "Pod" => ("v1", "kubelet"),
        "Job" => ("batch/v1", "job-controller"),
        _ => ("apps/v1", "controller"),
    };
    let own = format!("{:016x}", seeded(4, &[kind, name, reason, last]));
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": { "name": format!("{name}.{own}"), "namespace": namespace },
        "involvedObject": { "apiVersion": api_version, "kind": kind, "namespace": namespace, "name": name },
        "reason": reason, "message": message, "type": "Warning",
        "firstTimestamp": first, "lastTimestamp": last, "count": count,
        "source": { "component": component },
    })
}

/// An owner reference without the owner's uid, which is not known before the owner has been created.
pub fn owner_reference(api_version: &str, kind: &str, name: &str) -> Value {
    json!({ "apiVersion": api_version, "kind": kind, "name": name, "uid": "", "controller": true, "blockOwnerDeletion": true })
}

fn container(name: &str, repository: &str, version: &str, ready: bool, restarts: i64) -> Value {
    json!({
        "name": name, "ready": ready, "started": ready, "restartCount": restarts,
        "image": image(repository, version), "imageID": digest(repository, version),
    })
}

fn with_label(mut labels: Value, key: &str, value: &str) -> Value {
    set_field(&mut labels, key, json!(value));
    labels
}

/// Sets one field of an object.
pub fn set_field(object: &mut Value, key: &str, value: Value) {
    if let Some(map) = object.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

/// Adds container ids to the status of a pod, as the kubelet does: each start of a container has an id of its own.
pub fn set_container_ids(pod: &str, status: &mut Value) {
    let list = status
        .get_mut("containerStatuses")
        .and_then(Value::as_array_mut);
    for container in list.into_iter().flatten() {
        let name = container["name"].as_str().unwrap_or("").to_owned();
        let starts = container["restartCount"].as_i64().unwrap_or(0);
        let id = |start: i64| {
            let words = [pod, &name, &start.to_string()];
            json!(format!(
                "containerd://{:016x}{:016x}",
                seeded(7, &words),
                seeded(8, &words)
            ))
        };
        let waits = container["state"]["waiting"].is_object();
        let before = if waits { starts } else { starts - 1 };
        if let Some(last) = container.pointer_mut("/lastState/terminated") {
            set_field(last, "containerID", id(before));
        }
        if let Some(ended) = container.pointer_mut("/state/terminated") {
            set_field(ended, "containerID", id(starts));
        }
        if !waits || container["lastState"]["terminated"].is_object() {
            // While a container waits to be started again, the kubelet gives the id of the one that has ended.
            set_field(container, "containerID", id(starts));
        }
    }
}

/// Letters and digits as Kubernetes' generated names have them.
pub fn random_letters(mut number: u64, count: usize) -> String {
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    (0..count)
        .filter_map(|_| {
            let letter = LETTERS.get((number % 27) as usize).copied();
            number /= 27;
            letter.map(char::from)
        })
        .collect()
}
