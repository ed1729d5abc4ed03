//! Deletion: an Application that is being deleted takes all that it deployed with it, and goes last.

use std::sync::PoisonError;

use jiff::Timestamp;
use serde_json::json;

use super::{AppWork, ArgoCd};
use crate::simulator::clock::stamp;
use crate::simulator::cluster::{ClusterError, name};

impl ArgoCd {
    pub(super) async fn delete(&self, app: &str, work: &AppWork) -> Result<(), ClusterError> {
        work.rollout
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .cancel();
        self.write_health(app, "Progressing").await?;
        let Some(leaf) = self.cluster.get("applications", app).await? else {
            return Ok(());
        };
        let own = format!("app.kubernetes.io/instance={app}");
        let namespace = leaf["spec"]["destination"]["namespace"].as_str();
        let cluster = self.cluster.in_namespace(namespace.unwrap_or_default());
        self.simulation.pace.pause(6.0).await;
        for resource in ["deployments", "replicasets", "cronjobs", "jobs", "pods"] {
            for object in cluster.list(resource, &own).await? {
                cluster.delete(resource, name(&object)).await?;
                cluster.logs.forget_pod(name(&object));
            }
            self.simulation.pace.pause(3.0).await;
        }
        self.write_health(app, "Missing").await?;
        self.simulation.pace.pause(6.0).await;
        let patch = json!({ "metadata": { "finalizers": null } });
        self.cluster
            .patch("applications", app, &patch)
            .await
            .map(drop)
    }

    async fn write_health(&self, app: &str, health: &str) -> Result<(), ClusterError> {
        let patch = json!({ "status": {
            "sync": { "status": "OutOfSync" },
            "health": { "status": health, "lastTransitionTime": stamp(Timestamp::now()) },
        } });
        self.cluster
            .patch("applications", app, &patch)
            .await
            .map(drop)
    }
}
