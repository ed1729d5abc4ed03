//! Argo CD: the parent that notices main, the leaves that it renders, their syncs and what follows a healthy one.
//!
//! The parent polls and is hurried by the refresh annotation; a leaf is synced when its version changed or when somebody
//! sets its `operation`. Deliberately absent: pruning, self-heal, diffs of anything but the version.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Simulation;
use super::application::{self, Declared, State};
use super::clock::stamp;
use super::cluster::{Cluster, ClusterError, Watched, name};
use super::rollout;
use super::run::post_sync;
use super::workload::random_letters;
use crate::fleet::{self, App, PARENT, seeded};

const REFRESH: &str = "argocd.argoproj.io/refresh";

/// One environment's Argo CD.
struct ArgoCd {
    simulation: Arc<Simulation>,
    cluster: Cluster,
    /// The parent is to look at main now.
    hurry: Notify,
    work: Mutex<HashMap<String, Arc<AppWork>>>,
}

/// One Application's work, one operation at a time.
#[derive(Default)]
struct AppWork {
    busy: tokio::sync::Mutex<()>,
    /// An operation that somebody set is being worked on.
    operating: AtomicBool,
    /// Ends the rollout that still goes on when the next one begins.
    rollout: Mutex<CancellationToken>,
}

/// Plays it for as long as the yard is open.
pub async fn run(simulation: Arc<Simulation>, cluster: Cluster) {
    let control = Arc::new(ArgoCd {
        simulation: simulation.clone(),
        cluster,
        hurry: Notify::new(),
        work: Mutex::default(),
    });
    let polling = control.clone();
    simulation.spawn(async move { polling.poll().await });
    let mut seen = control.cluster.watch("applications");
    while let Some(change) = seen.recv().await {
        let Watched::Present(app) = change else {
            continue;
        };
        let (own, lane) = (name(&app).to_owned(), control.work_of(name(&app)));
        let refresh = app["metadata"]["annotations"].get(REFRESH).is_some();
        if refresh && own == PARENT {
            control.hurry.notify_one();
        } else if refresh {
            let control = control.clone();
            let own = own.clone();
            simulation.spawn(async move { log_error(control.refreshed(&own).await, "a refresh") });
        }
        if app["operation"].is_object() && !lane.operating.swap(true, Ordering::AcqRel) {
            let control = control.clone();
            simulation.spawn(async move {
                log_error(
                    control.operate(&own, app["operation"].clone()).await,
                    "an operation",
                );
                lane.operating.store(false, Ordering::Release);
            });
        }
    }
}

fn log_error(result: Result<(), ClusterError>, what: &str) {
    if let Err(error) = result {
        tracing::debug!(%error, what, "the simulator's Argo CD met trouble");
    }
}

impl ArgoCd {
    fn work_of(&self, app: &str) -> Arc<AppWork> {
        self.work
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(app.to_owned())
            .or_default()
            .clone()
    }

    async fn poll(self: Arc<Self>) {
        for turn in 0_u64.. {
            let chance = seeded(
                self.simulation.seed,
                &["poll", self.cluster.environment, &turn.to_string()],
            );
            tokio::select! {
                () = self.simulation.pace.pause(45.0 + (chance % 60) as f64) => {}
                () = self.hurry.notified() => {}
            }
            log_error(self.sync_parent(None).await, "the parent");
        }
    }

    /// The annotation goes when the comparison is done.
    async fn refreshed(&self, app: &str) -> Result<(), ClusterError> {
        let patch = json!({ "metadata": { "annotations": { REFRESH: null } }, "status": { "reconciledAt": stamp(Timestamp::now()) } });
        self.cluster
            .patch("applications", app, &patch)
            .await
            .map(drop)
    }

    async fn operate(self: &Arc<Self>, name: &str, operation: Value) -> Result<(), ClusterError> {
        if name == PARENT {
            return self.sync_parent(Some(operation)).await;
        }
        let Some(app) = fleet::apps().into_iter().find(|app| app.name == name) else {
            return self
                .cluster
                .patch("applications", name, &json!({ "operation": null }))
                .await
                .map(drop);
        };
        let head = self
            .simulation
            .robot
            .head(self.cluster.environment)
            .await
            .map_err(git_error)?;
        self.sync_leaf(&app, &head.revision, Some(operation)).await
    }

    /// Compares main with what was synced last and renders what differs.
    async fn sync_parent(self: &Arc<Self>, operation: Option<Value>) -> Result<(), ClusterError> {
        let lane = self.work_of(PARENT);
        let _busy = lane.busy.lock().await;
        let environment = self.cluster.environment;
        let Some(parent) = self.cluster.get("applications", PARENT).await? else {
            return Ok(());
        };
        let head = self
            .simulation
            .robot
            .head(environment)
            .await
            .map_err(git_error)?;
        let synced = parent["status"]["operationState"]["syncResult"]["revision"]
            .as_str()
            .unwrap_or("")
            .to_owned();
        if synced == head.revision && operation.is_none() {
            return self.refreshed(PARENT).await;
        }
        let before = self
            .simulation
            .robot
            .at(environment, Some(synced))
            .await
            .map_or_else(|_| head.files.clone(), |old| old.files);
        let spec = &parent["spec"];
        let started = stamp(Timestamp::now());
        let operation = operation.unwrap_or_else(|| application::automatic(&head.revision, spec));
        let mut state = State {
            operation,
            phase: "Running",
            message: "waiting for completion of resources",
            revision: &head.revision,
            resources: Vec::new(),
            started: &started,
            finished: None,
        };
        self.write(&parent, &state, "OutOfSync", json!({})).await?;
        let mut moved = Vec::new();
        for app in fleet::apps() {
            let changed = app
                .repositories()
                .iter()
                .any(|one| head.files.get(*one) != before.get(*one));
            if !changed {
                continue;
            }
            let file = head.files.get(app.repository).cloned().unwrap_or_default();
            let declared = Declared {
                tag: file.tag,
                promote: file.promote,
                gate: file.gate,
            };
            let patch =
                json!({ "metadata": { "annotations": application::annotations(&app, &declared) } });
            if self
                .cluster
                .patch("applications", app.name, &patch)
                .await
                .is_err()
            {
                continue;
            }
            let tag = |files: &BTreeMap<String, super::robot::VersionFile>, one: &str| {
                files.get(one).map(|file| file.tag.clone())
            };
            if app
                .repositories()
                .iter()
                .any(|one| tag(&head.files, one) != tag(&before, one))
            {
                moved.push(app);
            }
        }
        self.simulation.pace.pause(3.0).await;
        let finished = stamp(Timestamp::now());
        (state.phase, state.message, state.finished) = (
            "Succeeded",
            "successfully synced (all tasks run)",
            Some(finished.as_str()),
        );
        self.write(
            &parent,
            &state,
            "Synced",
            json!({ "history": history(&parent, &state) }),
        )
        .await?;
        self.finish(PARENT).await?;
        for app in moved {
            let (control, revision) = (self.clone(), head.revision.clone());
            self.simulation.spawn(async move {
                log_error(control.sync_leaf(&app, &revision, None).await, "a leaf")
            });
        }
        Ok(())
    }

    /// Writes an operation's state as it stands; `more` joins the status.
    async fn write(
        &self,
        before: &Value,
        state: &State<'_>,
        sync: &str,
        more: Value,
    ) -> Result<(), ClusterError> {
        let own = name(before);
        let Some(now) = self.cluster.get("applications", own).await? else {
            return Ok(());
        };
        let spec = &now["spec"];
        let mut status = json!({ "reconciledAt": stamp(Timestamp::now()) });
        let pairs = [
            (
                "operationState",
                replacing(&now["status"]["operationState"], &state.json(spec)),
            ),
            ("sync", application::sync(sync, state.revision, spec)),
        ];
        if let (Some(map), Some(more)) = (status.as_object_mut(), more.as_object()) {
            map.extend(pairs.map(|(key, value)| (key.to_owned(), value)));
            map.extend(more.clone());
        }
        self.cluster
            .patch("applications", own, &json!({ "status": status }))
            .await
            .map(drop)
    }

    /// The operation is over: its field goes, and with it a refresh that was asked for.
    async fn finish(&self, app: &str) -> Result<(), ClusterError> {
        let patch = json!({ "operation": null, "metadata": { "annotations": { REFRESH: null } } });
        self.cluster
            .patch("applications", app, &patch)
            .await
            .map(drop)
    }

    async fn sync_leaf(
        self: &Arc<Self>,
        app: &App,
        revision: &str,
        operation: Option<Value>,
    ) -> Result<(), ClusterError> {
        let lane = self.work_of(app.name);
        let busy = lane.busy.lock().await;
        let Some(leaf) = self.cluster.get("applications", app.name).await? else {
            return Ok(());
        };
        let files = self
            .simulation
            .robot
            .at(self.cluster.environment, Some(revision.to_owned()))
            .await
            .map_err(git_error)?
            .files;
        let failed = leaf["status"]["operationState"]["phase"] == "Failed";
        let changes = rollout::changes(&self.cluster, app, &files).await?;
        let started = stamp(Timestamp::now());
        let operation =
            operation.unwrap_or_else(|| application::automatic(revision, &leaf["spec"]));
        let mut state = State {
            operation,
            phase: "Running",
            message: "waiting for completion of resources",
            revision,
            resources: Vec::new(),
            started: &started,
            finished: None,
        };
        self.write(
            &leaf,
            &state,
            if changes.is_empty() {
                "Synced"
            } else {
                "OutOfSync"
            },
            json!({ "conditions": null }),
        )
        .await?;
        let waiting = format!(
            "waiting for completion of hook batch/Job/{}-dbmigrate",
            app.name
        );
        if app.migrations && (failed || !changes.is_empty()) {
            let tag = files
                .get(app.repository)
                .map_or("", |file| file.tag.as_str());
            state.resources = vec![application::migration(app, "Running", &waiting)];
            state.message = &waiting;
            self.write(&leaf, &state, "OutOfSync", json!({})).await?;
            rollout::migrate(&self.simulation, &self.cluster, app, tag).await?;
            state.resources = vec![application::migration(app, "Succeeded", "job completed")];
            state.message = "waiting for completion of resources";
        }
        self.simulation.pace.pause(4.0).await;
        // Whatever was still rolling out is overtaken by what is applied now.
        let cancel = CancellationToken::new();
        let overtaken = std::mem::replace(
            &mut *lane.rollout.lock().unwrap_or_else(PoisonError::into_inner),
            cancel.clone(),
        );
        if !changes.is_empty() {
            overtaken.cancel();
        }
        for change in &changes {
            rollout::apply(&self.cluster, app, change).await?;
            state.resources.push(application::applied(
                "apps",
                "Deployment",
                &change.deployment,
            ));
        }
        self.simulation.pace.pause(6.0).await;
        let finished = stamp(Timestamp::now());
        (state.phase, state.message, state.finished) = (
            "Succeeded",
            "successfully synced (all tasks run)",
            Some(finished.as_str()),
        );
        let mut more = json!({ "history": history(&leaf, &state), "resources": application::resources(app, "Synced") });
        if let (false, Some(map)) = (changes.is_empty(), more.as_object_mut()) {
            map.insert(
                "summary".to_owned(),
                application::summary(&rollout::images(app, &files)),
            );
            map.insert(
                "health".to_owned(),
                json!({ "status": "Progressing", "lastTransitionTime": finished }),
            );
        }
        self.write(&leaf, &state, "Synced", more).await?;
        self.finish(app.name).await?;
        drop(busy);
        if changes.is_empty() {
            return self.deployed(app, revision).await;
        }
        let (control, app, revision) = (self.clone(), *app, revision.to_owned());
        self.simulation.spawn(async move {
            let rolled = rollout::roll(&control.simulation, &control.cluster, &app, &changes, &cancel).await;
            match rolled {
                Ok(true) => {
                    let healthy = json!({ "status": { "health": { "status": "Healthy", "lastTransitionTime": stamp(Timestamp::now()) } } });
                    log_error(control.cluster.patch("applications", app.name, &healthy).await.map(drop), "health");
                    log_error(control.deployed(&app, &revision).await, "a smoke run");
                }
                Ok(false) => {}
                Err(error) => log_error(Err(error), "a rollout"),
            }
        });
        Ok(())
    }

    /// The notification `on-deployed`: a smoke run, once for each revision.
    async fn deployed(&self, app: &App, revision: &str) -> Result<(), ClusterError> {
        let Some(leaf) = self.cluster.get("applications", app.name).await? else {
            return Ok(());
        };
        let read = |key: &str| {
            leaf["metadata"]["annotations"][key]
                .as_str()
                .unwrap_or("")
                .to_owned()
        };
        let healthy = leaf["status"]["health"]["status"] == "Healthy";
        if !healthy || read("imageTag").is_empty() || read("postSyncWorkflowEnabled") != "true" {
            return Ok(());
        }
        let parameters = post_sync::Parameters {
            application: app.name.to_owned(),
            repository: read("repoName"),
            tag: read("imageTag"),
            promote: read("promoteDeployment") == "true",
            gate: read("automaticDeploysEnabled") == "true",
        };
        let chance = seeded(
            self.simulation.seed,
            &["post-sync", self.cluster.environment, app.name, revision],
        );
        self.cluster
            .create(&parameters.workflow(&format!("post-sync-{}", random_letters(chance, 5))))
            .await
            .map(drop)
    }
}

fn git_error(error: std::io::Error) -> ClusterError {
    kube::Error::Service(Box::new(error))
}

/// The last ten syncs.
fn history(before: &Value, state: &State<'_>) -> Value {
    let mut all = before["status"]["history"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let next = all
        .last()
        .and_then(|one| one["id"].as_u64())
        .map_or(0, |id| id + 1);
    let finished = state.finished.unwrap_or(state.started);
    all.push(application::history(
        usize::try_from(next).unwrap_or(0),
        state.revision,
        &before["spec"],
        state.started,
        finished,
    ));
    let old = all.len().saturating_sub(10);
    Value::Array(all.split_off(old))
}

/// A merge patch that leaves exactly `new` where `old` stood.
fn replacing(old: &Value, new: &Value) -> Value {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else {
        return new.clone();
    };
    let mut patch = serde_json::Map::new();
    for (key, value) in new {
        patch.insert(
            key.clone(),
            old.get(key)
                .map_or_else(|| value.clone(), |old| replacing(old, value)),
        );
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    Value::Object(patch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::patch::merge;

    #[test]
    fn a_replacing_patch_leaves_nothing_of_what_stood_there() {
        let old = json!({ "a": 1, "b": { "c": [1], "d": null }, "e": "x" });
        let new = json!({ "a": { "z": 2 }, "b": { "c": [2, 3] } });
        let mut now = old.clone();
        merge(&mut now, &replacing(&old, &new));
        assert_eq!(now, new);
    }
}
