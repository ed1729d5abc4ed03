//! Hooks: runs the Job that Argo CD puts before a sync, as the Job controller and the kubelet do.

use jiff::Timestamp;

use super::Simulation;
use super::clock::stamp;
use super::cluster::{Cluster, ClusterError, name};
use super::logs::{Kind, Script};
use super::opening::node_name;
use super::rollout::owned;
use super::workload;
use super::workload::jobs::{FAILED, FAILED_HOOK_LASTS, HOOK_LASTS, HOOK_PODS, Job};
use crate::fleet::{App, Hook};

/// Seconds from the start of one pod of a failing Job to its end.
pub const FAILED_POD_LASTS: f64 = 25.0;

/// Runs the Job of a hook to its end; says whether it succeeded.
pub async fn run(
    simulation: &Simulation,
    cluster: &Cluster,
    app: &App,
    hook: Hook,
    version: &str,
) -> Result<bool, ClusterError> {
    let cluster = cluster.in_namespace(app.namespace());
    let job = Job::hook(app, hook, version);
    let passes = !simulation
        .scenario
        .fails_hook(cluster.environment, app, hook.name, version);
    clear(&cluster, &job).await?;
    let started = stamp(Timestamp::now());
    let created = cluster.create(&job.object(&started, None)).await?;
    let (pods, pod_lasts, pause) = if passes {
        (1, HOOK_LASTS, 0.0)
    } else {
        let rest = FAILED_HOOK_LASTS - HOOK_PODS as f64 * FAILED_POD_LASTS;
        (HOOK_PODS, FAILED_POD_LASTS, rest / HOOK_PODS as f64)
    };
    for attempt in 0..pods {
        let began = Timestamp::now();
        let (from, ends) = (stamp(began), simulation.pace.after(began, pod_lasts));
        let pod = job.pod_name(attempt, &started);
        let script = Script::new(script(&job, passes), began, Some(ends));
        cluster.logs.set(&pod, job.container, false, script);
        let object = job.pod(&pod, &node_name(cluster.environment), &from, None);
        cluster.create(&owned(object, created.as_ref())).await?;
        simulation.pace.pause(pod_lasts).await;
        let status = job.pod_status(&from, Some((&stamp(Timestamp::now()), passes)));
        cluster.patch_status("pods", &pod, &status).await?;
        simulation.pace.pause(pause).await;
    }
    let ended = stamp(Timestamp::now());
    cluster
        .patch_status(
            "jobs",
            &job.name,
            &Job::status(&started, Some((&ended, passes))),
        )
        .await?;
    if !passes {
        let of = (app.namespace(), "Job", job.name.as_str());
        let event = workload::event(of, "BackoffLimitExceeded", FAILED, (&ended, &ended, 1));
        cluster.create(&event).await?;
    }
    Ok(passes)
}

/// Deletes the Job of the sync before, and its pods.
async fn clear(cluster: &Cluster, job: &Job<'_>) -> Result<(), ClusterError> {
    let own = format!("batch.kubernetes.io/job-name={}", job.name);
    for old in cluster.list("pods", &own).await? {
        cluster.delete("pods", name(&old)).await?;
        cluster.logs.forget_pod(name(&old));
    }
    cluster.delete("jobs", &job.name).await
}

/// What a Job's container prints.
pub fn script(job: &Job<'_>, passes: bool) -> Kind {
    let (app, version) = (job.app.name.to_owned(), job.image.1.to_owned());
    match job.component {
        "dbmigrate" => Kind::Migration {
            app,
            version,
            passes,
        },
        "freshclam" => Kind::Freshclam { passes },
        component => Kind::Task {
            app,
            task: component.to_owned(),
        },
    }
}
