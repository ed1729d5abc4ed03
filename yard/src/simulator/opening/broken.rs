//! ClusterError: what a scenario leaves broken at the opening: pods that crash, a migration that failed.

use jiff::Timestamp;

use super::{InitialObjects, Opening, add_scripts, deployment, node_name};
use crate::Scenario;
use crate::fleet::App;
use crate::simulator::clock::{Pace, stamp};
use crate::simulator::logs::{Kind, Script};
use crate::simulator::workload::{self, Counts, PodState, Workload};

impl Opening<'_> {
    pub(super) fn broken_migration(&self, environment: &str, app: &App) -> bool {
        self.scenario == Scenario::MigrationFailed
            && environment == "production"
            && app.name == "places-manager"
    }

    pub(super) fn crashes(&self, environment: &str, app: &App) -> bool {
        self.scenario == Scenario::CrashLoop
            && environment == "production"
            && app.name == "whitehall-admin"
    }

    pub(super) fn crashing(
        &self,
        initial: &mut InitialObjects,
        environment: &str,
        workload: &Workload<'_>,
        before: &str,
        arrived: Timestamp,
    ) {
        let (all, new) = (workload.replicas, 2);
        let old = Workload {
            version: before,
            ..workload.clone()
        };
        let ready = all - new;
        let counts = Counts {
            generation: 2,
            all,
            updated: new,
            ready,
            wanted: all,
        };
        let at = stamp(Pace::new(1.0).after(arrived, 100.0));
        let late = format!(
            "ReplicaSet \"{}\" has timed out progressing.",
            workload.replica_set_name()
        );
        initial
            .objects
            .push(deployment(workload, counts, &at, Some(&late)));
        initial.objects.push(old.replica_set(1, ready));
        initial.objects.push(workload.replica_set(2, new));
        let long_ago = self.ago(31 * 3600);
        for number in 0..ready {
            initial.objects.push(old.pod(
                number,
                &node_name(environment),
                PodState::Ready,
                &stamp(long_ago),
                None,
            ));
            add_scripts(initial, &old, number, long_ago);
        }
        for number in 0..new {
            let (began, ended) = (self.ago(130), self.ago(124));
            let last = (stamp(began), stamp(ended));
            let pod = workload.pod(
                number,
                &node_name(environment),
                PodState::Crashing { restarts: 8 },
                &at,
                Some((&last.0, &last.1)),
            );
            let name = workload.pod_name(number);
            let message = "Back-off restarting failed container app in pod";
            initial.objects.push(workload::event(
                "Pod",
                &name,
                "BackOff",
                message,
                true,
                (&at, &stamp(self.ago(60)), 94),
            ));
            initial.objects.push(pod);
            let kind = Kind::Crash {
                app: workload.app.name.to_owned(),
                version: workload.version.to_owned(),
            };
            let script = Script::new(kind, began, Some(ended));
            initial
                .scripts
                .push((name.clone(), "app".to_owned(), false, script.clone()));
            initial
                .scripts
                .push((name.clone(), "app".to_owned(), true, script));
            initial.scripts.push((
                name,
                "nginx".to_owned(),
                false,
                Script::new(Kind::Nginx, arrived, None),
            ));
        }
    }

    pub(super) fn failed_migration(
        &self,
        initial: &mut InitialObjects,
        environment: &str,
        app: &App,
        tag: &str,
        arrived: Timestamp,
    ) {
        let life = Pace::new(1.0);
        let (started, ended) = (life.after(arrived, 90.0), life.after(arrived, 150.0));
        let job = workload::migration_job(app, tag, &stamp(started), Some((&stamp(ended), false)));
        let message = "Job has reached the specified backoff limit";
        let happened = stamp(ended);
        initial.objects.push(workload::event(
            "Job",
            &format!("{}-dbmigrate", app.name),
            "BackoffLimitExceeded",
            message,
            true,
            (&happened, &happened, 1),
        ));
        initial.objects.push(job);
        for attempt in 0..2 {
            let (began, over) = (
                life.after(started, 30.0 * attempt as f64),
                life.after(started, 30.0 * attempt as f64 + 25.0),
            );
            let pod = workload::migration_pod(
                app,
                tag,
                attempt,
                &node_name(environment),
                &stamp(began),
                Some((&stamp(over), false)),
            );
            initial.objects.push(pod);
            let kind = Kind::Migration {
                app: app.name.to_owned(),
                version: tag.to_owned(),
                passes: false,
            };
            let script = Script::new(kind, began, Some(over));
            initial.scripts.push((
                workload::migration_pod_name(app, tag, attempt),
                "dbmigrate".to_owned(),
                false,
                script,
            ));
        }
    }
}
