//! Leaf: one app's Application: when it is synced by itself, how a sync goes, and what follows a healthy one.

use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{ArgoCd, git_error, history, log_error};
use crate::fleet::{self, App, seeded};
use crate::simulator::application::{self, State};
use crate::simulator::clock::stamp;
use crate::simulator::cluster::ClusterError;
use crate::simulator::hooks;
use crate::simulator::retries;
use crate::simulator::robot::Head;
use crate::simulator::rollout::{self, Change};
use crate::simulator::run::post_sync;
use crate::simulator::workload::jobs;
use crate::simulator::workload::random_letters;

/// What a try applied, and what ends the rollout of it.
struct Applied {
    changes: Vec<Change>,
    cancel: CancellationToken,
}

impl ArgoCd {
    /// Apps whose last sync failed are tried again as soon as main has another head.
    pub(super) async fn sync_failed_leaves(self: &Arc<Self>) -> Result<(), ClusterError> {
        let failed = {
            let leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
            leaves.failed.clone()
        };
        for app in fleet::apps() {
            if failed.contains(app.name) {
                self.auto_sync(&app).await?;
            }
        }
        Ok(())
    }

    /// Compares an app with main, and asks for an operation where they differ, unless this very revision was tried
    /// already. While an operation is tried again, main may have gone back to what runs: then nothing differs.
    pub(super) async fn auto_sync(&self, app: &App) -> Result<(), ClusterError> {
        let Some(leaf) = self.cluster.get("applications", app.name).await? else {
            return Ok(());
        };
        if leaf["metadata"]["deletionTimestamp"].is_string() {
            return Ok(());
        }
        let robot = &self.simulation.robot;
        let head = robot.head(self.cluster.environment);
        let head = head.await.map_err(git_error)?;
        let changes = rollout::changes(&self.cluster, app, &head.files).await?;
        if changes.is_empty() && !has_new_values(&leaf) {
            return self.note_synced(app, &leaf, &head).await;
        }
        let state = &leaf["status"]["operationState"];
        if leaf["operation"].is_object() || state["phase"] == "Running" {
            return Ok(());
        }
        if state["syncResult"]["revision"] == head.revision {
            return self.note_attempt(app, &leaf, &head).await;
        }
        let patch = json!({
            "operation": application::automatic(&head.revision, &leaf["spec"]),
            "status": {
                "operationState": null,
                "sync": application::sync("OutOfSync", &head.revision, &leaf["spec"]),
            },
        });
        self.patch_leaf(app, &patch).await
    }

    /// The comparison found no difference, whatever became of the last operation.
    async fn note_synced(&self, app: &App, leaf: &Value, head: &Head) -> Result<(), ClusterError> {
        let status = &leaf["status"];
        if status["sync"]["status"] == "Synced" && !status["conditions"].is_array() {
            return Ok(());
        }
        let sync = application::sync("Synced", &head.revision, &leaf["spec"]);
        let patch = json!({ "status": { "sync": sync, "conditions": null } });
        self.patch_leaf(app, &patch).await
    }

    /// A revision that was tried in vain is not tried again, which a condition says.
    async fn note_attempt(&self, app: &App, leaf: &Value, head: &Head) -> Result<(), ClusterError> {
        let status = &leaf["status"];
        let state = &status["operationState"];
        if state["phase"] != "Failed" || status["conditions"].is_array() {
            return Ok(());
        }
        let said = |key: &str| state[key].as_str().unwrap_or_default();
        let error = application::sync_error(&head.revision, said("message"), said("finishedAt"));
        let patch = json!({ "status": { "conditions": error } });
        self.patch_leaf(app, &patch).await
    }

    async fn patch_leaf(&self, app: &App, patch: &Value) -> Result<(), ClusterError> {
        let patched = self.cluster.patch("applications", app.name, patch);
        patched.await.map(drop)
    }

    /// Works on an operation, with as many tries as it allows; one that a controller before this one left is gone on with.
    pub(super) async fn sync_leaf(
        self: &Arc<Self>,
        app: &App,
        leaf: &Value,
        operation: Value,
    ) -> Result<(), ClusterError> {
        let robot = &self.simulation.robot;
        let environment = self.cluster.environment;
        let revision = operation["sync"]["revision"].as_str().map(str::to_owned);
        let head = robot
            .files_at(environment, revision)
            .await
            .map_err(git_error)?;
        let limit = retries::limit(&operation);
        let left = &leaf["status"]["operationState"];
        let is_retrying = left["phase"] == "Running" && left["finishedAt"].is_string();
        let mut state = State {
            operation,
            phase: "Running",
            message: "waiting for completion of resources".to_owned(),
            revision: head.revision.clone(),
            resources: Vec::new(),
            started: stamp(Timestamp::now()),
            finished: None,
            retries: 0,
        };
        if is_retrying {
            state.retries = left["retryCount"].as_u64().unwrap_or(1);
            state.started = left["startedAt"].as_str().unwrap_or("").to_owned();
            self.wait_for_retry(app, &mut state).await?;
        }
        loop {
            if let Some(applied) = self.try_once(app, &head, &mut state).await? {
                return self.synced(app, &head, state, applied).await;
            }
            let failed = Timestamp::now();
            state.finished = Some(stamp(failed));
            if state.retries >= limit {
                break;
            }
            state.retries += 1;
            let pause = retries::pause_before(state.retries);
            let next = self.simulation.pace.after(failed, pause);
            state.message = retries::waiting(state.retries, next);
            self.write_state(app.name, &state, None, json!({})).await?;
            self.wait_for_retry(app, &mut state).await?;
        }
        state.phase = "Failed";
        state.message = retries::given_up(state.retries);
        self.write_state(app.name, &state, None, json!({})).await?;
        self.finish(app.name).await
    }

    /// Waits for the next try, and begins it.
    async fn wait_for_retry(&self, app: &App, state: &mut State) -> Result<(), ClusterError> {
        let pause = retries::pause_before(state.retries);
        self.simulation.pace.pause(pause).await;
        state.message = retries::beginning(state.retries);
        state.finished = None;
        state.resources.clear();
        self.write_state(app.name, state, None, json!({})).await
    }

    /// One try: the PreSync Jobs, then what changed. None where a Job failed.
    async fn try_once(
        &self,
        app: &App,
        head: &Head,
        state: &mut State,
    ) -> Result<Option<Applied>, ClusterError> {
        let changes = rollout::changes(&self.cluster, app, &head.files).await?;
        let more = json!({ "conditions": null });
        self.write_state(app.name, state, None, more).await?;
        let tag = head.file(app.repository).tag;
        for hook in app.hooks() {
            let own = state.resources.len();
            let waiting = format!(
                "waiting for completion of hook batch/Job/{}-{}",
                app.name, hook.name
            );
            state.message.clone_from(&waiting);
            state
                .resources
                .push(application::hook_result(app, hook, "Running", &waiting));
            self.write_state(app.name, state, None, json!({})).await?;
            let passed = hooks::run(&self.simulation, &self.cluster, app, hook, &tag).await?;
            let (phase, message) = if passed {
                ("Succeeded", jobs::SUCCEEDED)
            } else {
                ("Failed", jobs::FAILED)
            };
            state.resources.truncate(own);
            state
                .resources
                .push(application::hook_result(app, hook, phase, message));
            if !passed {
                return Ok(None);
            }
        }
        state.message = "waiting for completion of resources".to_owned();
        self.simulation.pace.pause(4.0).await;
        let cancel = CancellationToken::new();
        if !changes.is_empty() {
            // Whatever still rolls out is overtaken by what is applied now.
            let work = self.work_of(app.name);
            let mut rollout = work.rollout.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *rollout, cancel.clone()).cancel();
        }
        let cluster = self.cluster.in_namespace(app.namespace());
        for change in &changes {
            rollout::apply_change(&cluster, app, change).await?;
            let result = application::applied(app, "apps", "Deployment", &change.deployment);
            state.resources.push(result);
        }
        self.simulation.pace.pause(6.0).await;
        Ok(Some(Applied { changes, cancel }))
    }

    /// Writes a sync that went through, and lets its rollout and its smoke run follow.
    async fn synced(
        self: &Arc<Self>,
        app: &App,
        head: &Head,
        mut state: State,
        applied: Applied,
    ) -> Result<(), ClusterError> {
        let Applied { changes, cancel } = applied;
        let Some(leaf) = self.cluster.get("applications", app.name).await? else {
            return Ok(());
        };
        if has_new_values(&leaf) {
            let result = application::applied(app, "", "ConfigMap", app.name);
            state.resources.push(result);
        }
        let did_more = state.resources.len() > app.hooks().count();
        let finished = stamp(Timestamp::now());
        state.phase = "Succeeded";
        state.message = if did_more {
            "successfully synced (all tasks run)".to_owned()
        } else {
            "successfully synced (no more tasks)".to_owned()
        };
        state.finished = Some(finished.clone());
        let mut more = json!({ "history": history(&leaf, &state), "resources": application::resources(app, "Synced") });
        if let (false, Some(map)) = (changes.is_empty(), more.as_object_mut()) {
            let images = rollout::images(app, &head.files);
            map.insert("summary".to_owned(), application::summary(&images));
            map.insert(
                "health".to_owned(),
                json!({ "status": "Progressing", "message": null, "lastTransitionTime": finished }),
            );
        }
        self.write_state(app.name, &state, Some("Synced"), more)
            .await?;
        self.finish(app.name).await?;
        if changes.is_empty() {
            return self.notify_deployed(app, &head.revision).await;
        }
        let (argo_cd, app, revision) = (self.clone(), *app, head.revision.clone());
        self.simulation.spawn(async move {
            let rolled = argo_cd.roll_out(&app, &changes, &cancel, &revision);
            log_error(rolled.await, "a rollout");
        });
        Ok(())
    }

    async fn roll_out(
        &self,
        app: &App,
        changes: &[Change],
        cancel: &CancellationToken,
        revision: &str,
    ) -> Result<(), ClusterError> {
        let cluster = self.cluster.in_namespace(app.namespace());
        if !rollout::roll_out_all(&self.simulation, &cluster, app, changes, cancel).await? {
            return Ok(());
        }
        let healthy = json!({ "status": { "health": { "status": "Healthy", "message": null, "lastTransitionTime": stamp(Timestamp::now()) } } });
        self.cluster
            .patch("applications", app.name, &healthy)
            .await?;
        self.notify_deployed(app, revision).await
    }

    /// The notification `on-deployed`: a smoke run, once for each revision, whatever changed at it.
    async fn notify_deployed(&self, app: &App, revision: &str) -> Result<(), ClusterError> {
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

/// Whether the values that the parent rendered are others than those of the last sync.
fn has_new_values(leaf: &Value) -> bool {
    let last = leaf["status"]["history"]
        .as_array()
        .and_then(|all| all.last());
    last.is_some_and(|last| last["source"] != leaf["spec"]["source"])
}
