//! Argo CD: one environment's controller, which compares with main, works on operations and deletes what is to go.
//!
//! Deliberately absent: pruning, and comparing anything but the version and the values of an app.

mod deletion;
mod leaf;
mod parent;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Simulation;
use super::application::{self, State};
use super::clock::stamp;
use super::cluster::{Cluster, ClusterError, Watched, name};
use crate::back_off::BackOff;
use crate::fleet::{self, PARENT, seeded};

/// Asks for a comparison at once; removed when it was made.
const REFRESH: &str = "argocd.argoproj.io/refresh";

/// One environment's controller.
struct ArgoCd {
    simulation: Arc<Simulation>,
    cluster: Cluster,
    /// The parent is to be compared with main now.
    compare_now: Notify,
    /// The parent is being synced.
    parent: tokio::sync::Mutex<()>,
    apps: Mutex<HashMap<String, Arc<AppWork>>>,
    leaves: Mutex<Leaves>,
}

/// What the watch said of Applications last, so that no comparison has to list them all.
#[derive(Default)]
struct Leaves {
    gone: HashSet<String>,
    failed: HashSet<String>,
}

/// What is being done for one Application.
#[derive(Default)]
struct AppWork {
    /// Its operation is worked on: there is one at a time.
    is_operating: AtomicBool,
    /// What it deployed is being deleted.
    is_deleting: AtomicBool,
    /// Ends the rollout that still goes on when the next one begins.
    rollout: Mutex<CancellationToken>,
}

/// Plays it for as long as the yard is open.
pub async fn run(simulation: Arc<Simulation>, cluster: Cluster) {
    let argo_cd = Arc::new(ArgoCd {
        simulation: simulation.clone(),
        cluster,
        compare_now: Notify::new(),
        parent: tokio::sync::Mutex::default(),
        apps: Mutex::default(),
        leaves: Mutex::default(),
    });
    let comparing = argo_cd.clone();
    simulation.spawn(async move { comparing.compare_for_ever().await });
    let mut changes = argo_cd.cluster.watch("applications");
    while let Some(change) = changes.recv().await {
        argo_cd.note_change(&change);
        if let Watched::Present(app) = change {
            argo_cd.look_at(&app);
        }
    }
}

fn log_error(result: Result<(), ClusterError>, what: &str) {
    if let Err(error) = result {
        tracing::debug!(%error, what, "the simulator's Argo CD met an error");
    }
}

fn git_error(error: std::io::Error) -> ClusterError {
    kube::Error::Service(Box::new(error))
}

impl ArgoCd {
    fn work_of(&self, app: &str) -> Arc<AppWork> {
        self.apps
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(app.to_owned())
            .or_default()
            .clone()
    }

    fn note_change(&self, change: &Watched) {
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        let (app, is_gone, has_failed) = match change {
            Watched::Present(app) => {
                let phase = &app["status"]["operationState"]["phase"];
                (app, false, phase == "Failed")
            }
            Watched::Gone(app) => (app, true, false),
        };
        let Leaves { gone, failed } = &mut *leaves;
        for (is_in, names) in [(is_gone, gone), (has_failed, failed)] {
            if is_in {
                names.insert(name(app).to_owned());
            } else {
                names.remove(name(app));
            }
        }
    }

    /// Begins what an Application asks for, unless it is being done already.
    fn look_at(self: &Arc<Self>, app: &Value) {
        let own = name(app).to_owned();
        let (argo_cd, work) = (self.clone(), self.work_of(&own));
        if app["metadata"]["deletionTimestamp"].is_string() {
            if !work.is_deleting.swap(true, Ordering::AcqRel) {
                self.simulation.spawn(async move {
                    log_error(argo_cd.delete(&own, &work).await, "a deletion");
                    work.is_deleting.store(false, Ordering::Release);
                });
            }
            return;
        }
        if app["metadata"]["annotations"].get(REFRESH).is_some() {
            if own == PARENT {
                self.compare_now.notify_one();
            } else {
                let (argo_cd, own) = (self.clone(), own.clone());
                self.simulation.spawn(async move {
                    log_error(argo_cd.refreshed(&own).await, "a refresh");
                });
            }
        }
        if app["operation"].is_object() && !work.is_operating.swap(true, Ordering::AcqRel) {
            self.simulation
                .spawn(async move { argo_cd.work_on(&own, &work).await });
        }
    }

    /// Works on an Application's operation, on one that was set meanwhile, and on what main asks for then.
    async fn work_on(self: &Arc<Self>, app: &str, work: &AppWork) {
        let mut back_off = BackOff::new("an operation");
        loop {
            // What failed is asked for still: main cannot be read, or an API server does not answer.
            match self.operate(app).await {
                Ok(()) => back_off.end(),
                Err(error) => tokio::time::sleep(back_off.pause_after(&error)).await,
            }
            work.is_operating.store(false, Ordering::Release);
            let found = self.cluster.get("applications", app).await;
            let is_set = found.is_ok_and(|app| app.is_some_and(|app| app["operation"].is_object()));
            if !is_set || work.is_operating.swap(true, Ordering::AcqRel) {
                break;
            }
        }
        if let Some(app) = fleet::apps().into_iter().find(|known| known.name == app) {
            log_error(self.auto_sync(&app).await, "an auto-sync");
        }
    }

    async fn operate(self: &Arc<Self>, app: &str) -> Result<(), ClusterError> {
        let Some(object) = self.cluster.get("applications", app).await? else {
            return Ok(());
        };
        let operation = object["operation"].clone();
        if !operation.is_object() {
            return Ok(());
        }
        if app == PARENT {
            return self.sync_parent(Some(operation)).await;
        }
        match fleet::apps().into_iter().find(|known| known.name == app) {
            Some(known) => self.sync_leaf(&known, &object, operation).await,
            None => self.finish(app).await,
        }
    }

    async fn compare_for_ever(self: Arc<Self>) {
        for turn in 0_u64.. {
            let chance = seeded(
                self.simulation.seed,
                &["poll", self.cluster.environment, &turn.to_string()],
            );
            tokio::select! {
                () = self.simulation.pace.pause(45.0 + (chance % 60) as f64) => {}
                () = self.compare_now.notified() => {}
            }
            log_error(self.sync_parent(None).await, "the parent");
            log_error(self.sync_failed_leaves().await, "the failed apps");
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

    /// Writes an operation's state as it stands; `more` joins the status. Without a word for `sync` the last comparison
    /// stands, which an operation that has applied nothing does not change.
    async fn write_state(
        &self,
        app: &str,
        state: &State,
        sync: Option<&str>,
        more: Value,
    ) -> Result<(), ClusterError> {
        let Some(now) = self.cluster.get("applications", app).await? else {
            return Ok(());
        };
        let spec = &now["spec"];
        let mut status = json!({
            "reconciledAt": stamp(Timestamp::now()),
            "operationState": replacing(&now["status"]["operationState"], &state.json(spec)),
        });
        if let (Some(map), Some(word)) = (status.as_object_mut(), sync) {
            let sync = application::sync(word, &state.revision, spec);
            map.insert("sync".to_owned(), sync);
        }
        if let (Some(map), Some(more)) = (status.as_object_mut(), more.as_object()) {
            map.extend(more.clone());
        }
        self.cluster
            .patch("applications", app, &json!({ "status": status }))
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
}

/// The last ten syncs, the newest of them this one.
fn history(before: &Value, state: &State) -> Value {
    let mut all = before["status"]["history"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let next = all
        .last()
        .and_then(|one| one["id"].as_u64())
        .map_or(0, |id| id + 1);
    all.push(application::history_entry(
        usize::try_from(next).unwrap_or(0),
        &state.revision,
        &before["spec"],
        &state.started,
        state.finished.as_ref().unwrap_or(&state.started),
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
