//! Trouble: what a scenario leaves broken at the opening: pods that crash, a migration that failed.

use jiff::Timestamp;

use super::{Opening, World, deployment, node_name, speak};
use crate::Scenario;
use crate::fleet::App;
use crate::simulator::clock::{Pace, stamp};
use crate::simulator::logs::{Kind, Script};
use crate::simulator::workload::{self, Counts, Doing, Workload};

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
        world: &mut World,
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
        world
            .objects
            .push(deployment(workload, counts, &at, Some(&late)));
        world.objects.push(old.replica_set(1, ready));
        world.objects.push(workload.replica_set(2, new));
        let long_ago = self.ago(31 * 3600);
        for number in 0..ready {
            world.objects.push(old.pod(
                number,
                &node_name(environment),
                Doing::Ready,
                &stamp(long_ago),
                None,
            ));
            speak(world, &old, number, long_ago);
        }
        for number in 0..new {
            let (began, ended) = (self.ago(130), self.ago(124));
            let last = (stamp(began), stamp(ended));
            let pod = workload.pod(
                number,
                &node_name(environment),
                Doing::Crashing { restarts: 8 },
                &at,
                Some((&last.0, &last.1)),
            );
            let name = workload.pod_name(number);
            let message = "Back-off restarting failed container app in pod";
            world.objects.push(workload::happening(
                "Pod",
                &name,
                "BackOff",
                message,
                true,
                (&at, &stamp(self.ago(60)), 94),
            ));
            world.objects.push(pod);
            let kind = Kind::Crash {
                app: workload.app.name.to_owned(),
                version: workload.version.to_owned(),
            };
            let script = Script::new(kind, began, Some(ended));
            world
                .scripts
                .push((name.clone(), "app".to_owned(), false, script.clone()));
            world
                .scripts
                .push((name.clone(), "app".to_owned(), true, script));
            world.scripts.push((
                name,
                "nginx".to_owned(),
                false,
                Script::new(Kind::Nginx, arrived, None),
            ));
        }
    }

    pub(super) fn failed_migration(
        &self,
        world: &mut World,
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
        world.objects.push(workload::happening(
            "Job",
            &format!("{}-dbmigrate", app.name),
            "BackoffLimitExceeded",
            message,
            true,
            (&happened, &happened, 1),
        ));
        world.objects.push(job);
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
            world.objects.push(pod);
            let kind = Kind::Migration {
                app: app.name.to_owned(),
                version: tag.to_owned(),
                passes: false,
            };
            let script = Script::new(kind, began, Some(over));
            world.scripts.push((
                workload::migration_pod_name(app, tag, attempt),
                "dbmigrate".to_owned(),
                false,
                script,
            ));
        }
    }
}
