//! Finished: the Jobs that were over before the opening and have not been deleted yet, with their pods.

use jiff::Timestamp;

use super::{InitialObjects, Opening, node_name};
use crate::fleet::{App, Hook};
use crate::simulator::clock::{Pace, stamp};
use crate::simulator::hooks::{FAILED_POD_LASTS, script};
use crate::simulator::logs::Script;
use crate::simulator::workload;
use crate::simulator::workload::jobs::{
    FAILED, FAILED_HOOK_LASTS, HOOK_LASTS, HOOK_PODS, Job, KEPT_JOBS, cron_job,
};

/// Seconds between the Jobs of a CronJob.
const INTERVAL: i64 = 300;

impl Opening<'_> {
    /// The PreSync Jobs of an app's last sync, which succeeded.
    pub(super) fn finished_hooks(
        &self,
        initial: &mut InitialObjects,
        environment: &str,
        app: &App,
        version: &str,
        arrived: Timestamp,
    ) {
        let mut started = Pace::new(1.0).after(arrived, 60.0);
        for hook in app.hooks() {
            let job = Job::hook(app, hook, version);
            add_job(
                initial,
                environment,
                &job,
                (started, HOOK_LASTS),
                &[(0.0, HOOK_LASTS)],
                true,
            );
            started = Pace::new(1.0).after(started, HOOK_LASTS);
        }
    }

    /// The PreSync Job of a failed try.
    pub(super) fn failed_job(
        &self,
        initial: &mut InitialObjects,
        environment: &str,
        (app, hook, version): (&App, Hook, &str),
        started: Timestamp,
    ) {
        let job = Job::hook(app, hook, version);
        let pause = FAILED_HOOK_LASTS / HOOK_PODS as f64;
        let pods: Vec<(f64, f64)> = (0..HOOK_PODS)
            .map(|attempt| {
                let began = pause * attempt as f64;
                (began, began + FAILED_POD_LASTS)
            })
            .collect();
        let lasted = (started, FAILED_HOOK_LASTS);
        add_job(initial, environment, &job, lasted, &pods, false);
        let ended = stamp(Pace::new(1.0).after(started, FAILED_HOOK_LASTS));
        let of = (app.namespace(), "Job", job.name.as_str());
        let event = workload::event(of, "BackoffLimitExceeded", FAILED, (&ended, &ended, 1));
        initial.objects.push(event);
    }

    /// An app's CronJob and the newest of its Jobs.
    pub(super) fn cron_jobs(
        &self,
        initial: &mut InitialObjects,
        environment: &str,
        app: &App,
        version: &str,
    ) {
        initial.objects.push(cron_job(app, version));
        let last = self.now.as_second() / INTERVAL * INTERVAL;
        for age in (0..KEPT_JOBS as i64).rev() {
            let at = last - (age + 1) * INTERVAL;
            let job = Job::scheduled(app, at / 60, version);
            let began = (self.second(at), 5.0);
            add_job(initial, environment, &job, began, &[(0.0, 5.0)], true);
        }
    }
}

/// A Job that is over, with its pods: when each began and ended, in seconds after the Job's start.
fn add_job(
    initial: &mut InitialObjects,
    environment: &str,
    job: &Job<'_>,
    (started, lasted): (Timestamp, f64),
    pods: &[(f64, f64)],
    passed: bool,
) {
    let after = |seconds| Pace::new(1.0).after(started, seconds);
    let (from, ended) = (stamp(started), stamp(after(lasted)));
    initial
        .objects
        .push(job.object(&from, Some((&ended, passed))));
    for (attempt, (began, over)) in pods.iter().enumerate() {
        let name = job.pod_name(attempt, &from);
        let (began, over) = (after(*began), after(*over));
        let status = Some((stamp(over), passed));
        let status = status.as_ref().map(|(at, passed)| (at.as_str(), *passed));
        let pod = job.pod(&name, &node_name(environment), &stamp(began), status);
        initial.objects.push(pod);
        let script = Script::new(script(job, passed), began, Some(over));
        let container = job.container.to_owned();
        initial.scripts.push((name, container, false, script));
    }
}
