//! Cron jobs: starts the Jobs of the apps' CronJobs every five minutes, and keeps the last of them.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::Simulation;
use super::clock::stamp;
use super::cluster::{Cluster, ClusterError, name};
use super::hooks::script;
use super::logs::Script;
use super::opening::node_name;
use super::rollout::owned;
use super::workload::jobs::{Job, KEPT_JOBS};
use crate::fleet::{self, App, CRON_JOB};

/// Simulated seconds between two Jobs of one CronJob.
const INTERVAL: f64 = 300.0;
/// Simulated seconds that a Job of a CronJob takes.
const LASTS: f64 = 5.0;

/// Plays the CronJobs of one cluster for as long as the yard is open.
pub async fn run(simulation: Arc<Simulation>, cluster: Cluster) {
    loop {
        simulation.pace.pause(INTERVAL).await;
        for app in fleet::apps().into_iter().filter(App::has_cron_job) {
            if let Err(error) = run_once(&simulation, &cluster, &app).await {
                tracing::debug!(environment = cluster.environment, app = app.name, %error, "a CronJob's Job was not run to its end");
            }
        }
    }
}

async fn run_once(
    simulation: &Simulation,
    cluster: &Cluster,
    app: &App,
) -> Result<(), ClusterError> {
    let cluster = cluster.in_namespace(app.namespace());
    let cron_job = format!("{}-{CRON_JOB}", app.name);
    let (Some(owner), Some(deployment)) = (
        cluster.get("cronjobs", &cron_job).await?,
        cluster.get("deployments", app.name).await?,
    ) else {
        return Ok(());
    };
    let version = version(&deployment);
    let began = Timestamp::now();
    // The second stands for a real CronJob's minute: at a high speed several Jobs begin within one.
    let job = Job::scheduled(app, began.as_second(), version);
    let started = stamp(began);
    let object = owned(job.object(&started, None), Some(&owner));
    let created = cluster.create(&object).await?;
    let pod = job.pod_name(0, &started);
    let ends = simulation.pace.after(began, LASTS);
    let script = Script::new(script(&job, true), began, Some(ends));
    cluster.logs.set(&pod, job.container, false, script);
    let object = job.pod(&pod, &node_name(cluster.environment), &started, None);
    cluster.create(&owned(object, created.as_ref())).await?;
    simulation.pace.pause(LASTS).await;
    let ended = stamp(Timestamp::now());
    let status = job.pod_status(&started, Some((&ended, true)));
    cluster.patch_status("pods", &pod, &status).await?;
    let status = Job::status(&started, Some((&ended, true)));
    cluster.patch_status("jobs", &job.name, &status).await?;
    clear_old(&cluster, app).await
}

/// The tag of a Deployment's first container.
fn version(deployment: &Value) -> &str {
    let image = deployment.pointer("/spec/template/spec/containers/0/image");
    let image = image.and_then(Value::as_str).unwrap_or_default();
    image.rsplit_once(':').map_or("", |(_, tag)| tag)
}

async fn clear_old(cluster: &Cluster, app: &App) -> Result<(), ClusterError> {
    let own = format!(
        "app.kubernetes.io/instance={},app.kubernetes.io/component={CRON_JOB}",
        app.name
    );
    let mut jobs = cluster.list("jobs", &own).await?;
    jobs.sort_by_key(|job| job["metadata"]["creationTimestamp"].to_string());
    for old in jobs.iter().rev().skip(KEPT_JOBS) {
        let own = format!("batch.kubernetes.io/job-name={}", name(old));
        for pod in cluster.list("pods", &own).await? {
            cluster.delete("pods", name(&pod)).await?;
            cluster.logs.forget_pod(name(&pod));
        }
        cluster.delete("jobs", name(old)).await?;
    }
    Ok(())
}
