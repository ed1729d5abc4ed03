//! Parent: the app of apps, which notices main, renders the leaves and brings back those that are gone.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ArgoCd, git_error, history, log_error};
use crate::fleet::{self, App, PARENT, values_of};
use crate::simulator::application::{self, Declared, State};
use crate::simulator::clock::stamp;
use crate::simulator::cluster::ClusterError;
use crate::simulator::robot::Head;

impl ArgoCd {
    /// Compares main with what was synced last, and renders what differs or is missing.
    pub(super) async fn sync_parent(
        self: &Arc<Self>,
        operation: Option<Value>,
    ) -> Result<(), ClusterError> {
        let _syncing = self.parent.lock().await;
        let environment = self.cluster.environment;
        let robot = &self.simulation.robot;
        let Some(parent) = self.cluster.get("applications", PARENT).await? else {
            return Ok(());
        };
        let head = robot.head(environment).await.map_err(git_error)?;
        let synced = parent["status"]["operationState"]["syncResult"]["revision"]
            .as_str()
            .unwrap_or("")
            .to_owned();
        let missing = self.missing_leaves();
        if synced == head.revision && operation.is_none() && missing.is_empty() {
            return self.refreshed(PARENT).await;
        }
        let before = robot.files_at(environment, Some(synced)).await;
        let before = before.unwrap_or_else(|_| head.clone());
        let operation =
            operation.unwrap_or_else(|| application::automatic(&head.revision, &parent["spec"]));
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
        self.write_state(PARENT, &state, Some("OutOfSync"), json!({}))
            .await?;
        let mut rendered = Vec::new();
        for app in fleet::apps() {
            if missing.contains(app.name) {
                let leaf = application::leaf(&app, &declared(&app, &head), values(&app, &head));
                self.cluster.create(&leaf).await?;
                rendered.push(app);
            } else if self.render(&app, &before, &head).await? {
                rendered.push(app);
            }
        }
        self.simulation.pace.pause(3.0).await;
        state.phase = "Succeeded";
        state.message = "successfully synced (all tasks run)".to_owned();
        state.finished = Some(stamp(Timestamp::now()));
        let more = json!({ "history": history(&parent, &state) });
        self.write_state(PARENT, &state, Some("Synced"), more)
            .await?;
        self.finish(PARENT).await?;
        for app in rendered {
            let argo_cd = self.clone();
            self.simulation.spawn(async move {
                log_error(argo_cd.auto_sync(&app).await, "an auto-sync");
            });
        }
        Ok(())
    }

    /// Apps of the fleet whose Application is gone, but those that a test wants to be without one.
    fn missing_leaves(&self) -> HashSet<&'static str> {
        let leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        let apps = fleet::apps().into_iter().map(|app| app.name);
        apps.filter(|app| leaves.gone.contains(*app))
            .filter(|app| !self.simulation.is_withheld(self.cluster.environment, app))
            .collect()
    }

    /// Writes into a leaf what changed of it; whether anything did that its own sync has to bring about.
    async fn render(&self, app: &App, before: &Head, head: &Head) -> Result<bool, ClusterError> {
        let has_new_values = values(app, before) != values(app, head);
        let files = |head: &Head| -> Vec<_> {
            let repositories = app.repositories().into_iter();
            repositories.map(|one| head.file(one)).collect()
        };
        let (old, new) = (files(before), files(head));
        if old == new && !has_new_values {
            return Ok(false);
        }
        let mut patch = json!({ "metadata": { "annotations": application::annotations(app, &declared(app, head)) } });
        if has_new_values && let Some(map) = patch.as_object_mut() {
            let source = json!({ "source": { "helm": { "values": values(app, head) } } });
            map.insert("spec".to_owned(), source);
        }
        match self.cluster.patch("applications", app.name, &patch).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(false),
            Err(error) => return Err(error),
        }
        let tags = old.iter().map(|file| &file.tag);
        Ok(has_new_values || !tags.eq(new.iter().map(|file| &file.tag)))
    }
}

fn declared(app: &App, head: &Head) -> Declared {
    let file = head.file(app.repository);
    Declared {
        tag: file.tag,
        promote: file.promote,
        gate: file.gate,
    }
}

fn values<'a>(app: &App, head: &'a Head) -> &'a str {
    values_of(&head.values, app.name).unwrap_or_default()
}
