//! Rollout: what the Deployment controller and the kubelets do after a sync.
//!
//! A third of the pods is replaced at a time, and there are never more than wanted, as the apps' rollout strategy says.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Simulation;
use super::application::deployments;
use super::clock::stamp;
use super::cluster::{Cluster, ClusterError, name};
use super::logs::{Kind, Script};
use super::opening::{container_scripts, node_name};
use super::robot::VersionFile;
use super::workload::{self, Counts, PodState, Workload};
use crate::fleet::{self, App};

/// Seconds without progress after which Kubernetes says that a rollout has failed.
const DEADLINE: f64 = 600.0;

/// A Deployment whose version is to change.
#[derive(Debug, Clone)]
pub struct Change {
    /// Its name.
    pub deployment: String,
    component: &'static str,
    repository: &'static str,
    version: String,
    replicas: usize,
}

impl Change {
    fn workload<'a>(&'a self, app: &'a App) -> Workload<'a> {
        Workload {
            app,
            name: &self.deployment,
            component: self.component,
            repository: self.repository,
            version: &self.version,
            replicas: self.replicas,
        }
    }
}

/// The Deployments of an app that are missing or have another version than the files declare.
pub async fn changes(
    cluster: &Cluster,
    app: &App,
    files: &BTreeMap<String, VersionFile>,
) -> Result<Vec<Change>, ClusterError> {
    let cluster = cluster.in_namespace(app.namespace());
    let mut changes = Vec::new();
    for (deployment, component, repository) in deployments(app) {
        let Some(file) = files.get(repository).filter(|file| !file.tag.is_empty()) else {
            continue;
        };
        let found = cluster.get("deployments", &deployment).await?;
        let running = found.as_ref().and_then(|found| {
            found
                .pointer("/spec/template/spec/containers/0/image")?
                .as_str()
        });
        if running == Some(fleet::image(repository, &file.tag).as_str()) {
            continue;
        }
        let replicas = found
            .as_ref()
            .and_then(|found| found["spec"]["replicas"].as_u64());
        changes.push(Change {
            replicas: replicas.map_or_else(|| app.replicas_of(component), |count| count as usize),
            deployment,
            component,
            repository,
            version: file.tag.clone(),
        });
    }
    Ok(changes)
}

/// The images of the versions that the files declare for an app, sorted.
pub fn images(app: &App, files: &BTreeMap<String, VersionFile>) -> Vec<String> {
    let all = deployments(app);
    let mut images: Vec<String> = all
        .iter()
        .filter_map(|(_, _, repository)| {
            Some(fleet::image(repository, &files.get(*repository)?.tag))
        })
        .collect();
    images.sort();
    images.dedup();
    images
}

/// Writes the new version into a Deployment, or creates the Deployment.
pub async fn apply_change(
    cluster: &Cluster,
    app: &App,
    change: &Change,
) -> Result<(), ClusterError> {
    let Some(old) = cluster.get("deployments", &change.deployment).await? else {
        let new = change.workload(app).deployment(1);
        return cluster.create(&new).await.map(drop);
    };
    let revision = old["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
        .as_str()
        .and_then(|text| text.parse::<usize>().ok());
    let new = change.workload(app).deployment(revision.unwrap_or(0) + 1);
    let patch = json!({
        "metadata": { "annotations": new["metadata"]["annotations"] },
        "spec": { "template": new["spec"]["template"] },
    });
    cluster
        .patch("deployments", &change.deployment, &patch)
        .await
        .map(drop)
}

/// Rolls out all changed Deployments; false where a newer rollout took over or the pods never became healthy.
pub async fn roll_out_all(
    simulation: &Simulation,
    cluster: &Cluster,
    app: &App,
    changes: &[Change],
    cancel: &CancellationToken,
) -> Result<bool, ClusterError> {
    let rolls: Vec<Roll<'_>> = changes
        .iter()
        .map(|change| Roll {
            simulation,
            cluster,
            app,
            change,
            cancel,
        })
        .collect();
    let rolled = futures::future::try_join_all(rolls.iter().map(Roll::roll_out)).await?;
    Ok(rolled.into_iter().all(|done| done))
}

struct Roll<'a> {
    simulation: &'a Simulation,
    cluster: &'a Cluster,
    app: &'a App,
    change: &'a Change,
    cancel: &'a CancellationToken,
}

impl Roll<'_> {
    async fn roll_out(&self) -> Result<bool, ClusterError> {
        let workload = self.change.workload(self.app);
        let scenario = self.simulation.scenario;
        let crashes = workload.component == "app"
            && scenario.crashes(self.cluster.environment, self.app, workload.version);
        let batch = (workload.replicas / 3).max(1);
        let set = self.replica_set(&workload).await?;
        loop {
            if self.cancel.is_cancelled() {
                return Ok(false);
            }
            let (new, old) = self.new_and_old_pods(&workload).await?;
            if new.len() >= workload.replicas && old.is_empty() {
                break;
            }
            // Pods that do not serve are deleted first, because nobody misses them.
            let (ready, broken): (Vec<_>, Vec<_>) = old.into_iter().partition(is_ready);
            let leaving: Vec<&Value> = broken
                .iter()
                .chain(ready.iter().take(batch.saturating_sub(broken.len())))
                .collect();
            let remaining = ready.len() + broken.len() - leaving.len();
            for pod in leaving {
                self.cluster.delete("pods", name(pod)).await?;
                self.cluster.logs.forget_pod(name(pod));
            }
            let coming = workload.replicas.saturating_sub(new.len() + remaining);
            let began = self
                .start_pods(&workload, coming, &new, set.as_ref())
                .await?;
            self.write_counts(&workload, None).await?;
            if !self.wait(14.0).await {
                return Ok(false);
            }
            if crashes {
                return self.crash_for_ever(&workload, &began).await;
            }
            for number in began {
                self.start_serving(&workload, number).await?;
            }
            self.write_counts(&workload, None).await?;
            if !self.wait(8.0).await {
                return Ok(false);
            }
        }
        self.scale_down_old_sets(&workload).await?;
        self.write_counts(&workload, None).await?;
        Ok(true)
    }

    /// Waits; false where a newer rollout has taken over meanwhile.
    async fn wait(&self, seconds: f64) -> bool {
        tokio::select! {
            () = self.simulation.pace.pause(seconds) => true,
            () = self.cancel.cancelled() => false,
        }
    }

    /// The ReplicaSet of the new version; it is created where there is none yet.
    async fn replica_set(&self, workload: &Workload<'_>) -> Result<Option<Value>, ClusterError> {
        let own = workload.replica_set_name();
        let deployment = self.cluster.get("deployments", workload.name).await?;
        let revision = deployment.as_ref().and_then(|found| {
            found["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
                .as_str()?
                .parse()
                .ok()
        });
        let object = owned(
            workload.replica_set(revision.unwrap_or(1), workload.replicas),
            deployment.as_ref(),
        );
        if let Some(created) = self.cluster.create(&object).await? {
            return Ok(Some(created));
        }
        let patch = json!({ "metadata": { "annotations": object["metadata"]["annotations"] }, "spec": { "replicas": workload.replicas } });
        self.cluster
            .patch("replicasets", &own, &patch)
            .await
            .map(Some)
    }

    /// The pods of the new version, and those of all others.
    async fn new_and_old_pods(
        &self,
        workload: &Workload<'_>,
    ) -> Result<(Vec<Value>, Vec<Value>), ClusterError> {
        let selector = format!(
            "app={},app.kubernetes.io/component={}",
            workload.name, workload.component
        );
        let hash = workload.hash();
        let pods = self.cluster.list("pods", &selector).await?;
        Ok(pods
            .into_iter()
            .partition(|pod| pod["metadata"]["labels"]["pod-template-hash"] == hash))
    }

    async fn start_pods(
        &self,
        workload: &Workload<'_>,
        count: usize,
        there: &[Value],
        set: Option<&Value>,
    ) -> Result<Vec<usize>, ClusterError> {
        let taken = |number: &usize| {
            !there
                .iter()
                .any(|pod| name(pod) == workload.pod_name(*number))
        };
        let numbers: Vec<usize> = (0..).filter(taken).take(count).collect();
        let (node, now) = (node_name(self.cluster.environment), stamp(Timestamp::now()));
        for number in &numbers {
            let pod = owned(
                workload.pod(*number, &node, PodState::Starting, &now, None),
                set,
            );
            self.cluster.create(&pod).await?;
        }
        Ok(numbers)
    }

    async fn start_serving(
        &self,
        workload: &Workload<'_>,
        number: usize,
    ) -> Result<(), ClusterError> {
        let now = Timestamp::now();
        let pod = workload.pod_name(number);
        for (container, script) in container_scripts(workload, now) {
            self.cluster.logs.set(&pod, container, false, script);
        }
        self.cluster
            .patch_status(
                "pods",
                &pod,
                &workload.pod_status(number, PodState::Ready, &stamp(now), None),
            )
            .await
            .map(drop)
    }

    /// Restarts crashing pods, after a longer pause each time, until another version is rolled out.
    async fn crash_for_ever(
        &self,
        workload: &Workload<'_>,
        numbers: &[usize],
    ) -> Result<bool, ClusterError> {
        let first = stamp(Timestamp::now());
        let (mut passed, mut late) = (0.0, false);
        for restarts in 1_i64.. {
            let (began, ended) = (
                Timestamp::now(),
                self.simulation.pace.after(Timestamp::now(), 3.0),
            );
            let last = (stamp(began), stamp(ended));
            for number in numbers {
                let pod = workload.pod_name(*number);
                let kind = Kind::Crash {
                    app: self.app.name.to_owned(),
                    version: workload.version.to_owned(),
                };
                let script = Script::new(kind, began, Some(ended));
                self.cluster.logs.set(&pod, "app", false, script.clone());
                self.cluster.logs.set(&pod, "app", true, script);
                let status = workload.pod_status(
                    *number,
                    PodState::Crashing { restarts },
                    &first,
                    Some((&last.0, &last.1)),
                );
                self.cluster.patch_status("pods", &pod, &status).await?;
                if restarts == 1 {
                    let message = "Back-off restarting failed container app in pod";
                    let event = workload::event(
                        (self.app.namespace(), "Pod", &pod),
                        "BackOff",
                        message,
                        (&first, &last.1, 5),
                    );
                    self.cluster.create(&event).await?;
                }
            }
            let pause = (10.0 * f64::from(1 << restarts.min(5))).min(300.0);
            if !self.wait(pause).await {
                return Ok(false);
            }
            passed += pause;
            if passed >= DEADLINE && !late {
                late = true;
                let message = format!(
                    "ReplicaSet \"{}\" has timed out progressing.",
                    workload.replica_set_name()
                );
                self.write_counts(workload, Some(&message)).await?;
                let degraded = json!({ "status": { "health": {
                    "status": "Degraded", "lastTransitionTime": stamp(Timestamp::now()),
                    "message": format!("Caused by apps/Deployment:{}/{}", self.app.namespace(), workload.name),
                } } });
                self.cluster
                    .patch("applications", self.app.name, &degraded)
                    .await?;
            }
        }
        Ok(false)
    }

    /// Writes the numbers of pods into the status of the Deployment and of its ReplicaSets.
    async fn write_counts(
        &self,
        workload: &Workload<'_>,
        late: Option<&str>,
    ) -> Result<(), ClusterError> {
        let (new, old) = self.new_and_old_pods(workload).await?;
        let Some(found) = self.cluster.get("deployments", workload.name).await? else {
            return Ok(());
        };
        let ready = |pods: &[Value]| pods.iter().filter(|pod| is_ready(pod)).count();
        let counts = Counts {
            generation: found["metadata"]["generation"].as_i64().unwrap_or(1),
            all: new.len() + old.len(),
            updated: new.len(),
            ready: ready(&new) + ready(&old),
            wanted: workload.replicas,
        };
        let status = workload::deployment_status(counts, &stamp(Timestamp::now()), late);
        self.cluster
            .patch_status("deployments", workload.name, &status)
            .await?;
        let status = json!({ "replicas": new.len(), "readyReplicas": ready(&new), "availableReplicas": ready(&new) });
        self.cluster
            .patch_status("replicasets", &workload.replica_set_name(), &status)
            .await
            .map(drop)
    }

    /// Scales the old ReplicaSets to no pods, and deletes all but the newest two of them.
    async fn scale_down_old_sets(&self, workload: &Workload<'_>) -> Result<(), ClusterError> {
        let selector = format!(
            "app={},app.kubernetes.io/component={}",
            workload.name, workload.component
        );
        let mut sets = self.cluster.list("replicasets", &selector).await?;
        sets.retain(|set| name(set) != workload.replica_set_name());
        let revision = |set: &Value| -> u64 {
            set["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
                .as_str()
                .and_then(|text| text.parse().ok())
                .unwrap_or(0)
        };
        sets.sort_by_key(|set| std::cmp::Reverse(revision(set)));
        for (place, set) in sets.iter().enumerate() {
            if place >= 2 {
                self.cluster.delete("replicasets", name(set)).await?;
            } else if set["spec"]["replicas"] != 0 {
                self.cluster
                    .patch(
                        "replicasets",
                        name(set),
                        &json!({ "spec": { "replicas": 0 } }),
                    )
                    .await?;
                let none = json!({ "replicas": 0, "readyReplicas": 0, "availableReplicas": 0 });
                self.cluster
                    .patch_status("replicasets", name(set), &none)
                    .await?;
            }
        }
        Ok(())
    }
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    conditions
        .iter()
        .any(|one| one["type"] == "Ready" && one["status"] == "True")
}

/// Adds the owner's uid, which is known only once the owner has been created.
pub fn owned(mut object: Value, owner: Option<&Value>) -> Value {
    let uid = owner
        .map_or("", |owner| owner["metadata"]["uid"].as_str().unwrap_or(""))
        .to_owned();
    if let Some(reference) = object
        .pointer_mut("/metadata/ownerReferences/0")
        .and_then(Value::as_object_mut)
    {
        reference.insert("uid".to_owned(), json!(uid));
    }
    object
}
