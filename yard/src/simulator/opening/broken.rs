//! Broken: what a scenario has broken before the opening: pods that crash, a sync whose hook fails.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{InitialObjects, Opening, add_scripts, deployment, node_name};
use crate::fleet::{ARGO_CD, App};
use crate::simulator::application::{self, State};
use crate::simulator::clock::{Pace, stamp};
use crate::simulator::logs::{Kind, Script};
use crate::simulator::retries;
use crate::simulator::workload::{self, Counts, PodState, Workload, jobs, set_field};

impl Opening<'_> {
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
                (workload.app.namespace(), "Pod", &name),
                "BackOff",
                message,
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

    /// The Application of an app whose sync fails by a hook, with the Job and the pods of the last try.
    pub(super) fn failed_sync(
        &self,
        initial: &mut InitialObjects,
        environment: &str,
        (app, mut leaf, images): (&App, Value, &[String]),
        (hook, version): (&str, &str),
        arrived: Timestamp,
    ) {
        let life = Pace::new(1.0);
        let started = life.after(arrived, 85.0);
        let elapsed = self.now.duration_since(started).as_secs_f64();
        let retry = retries::retry_state(elapsed);
        let failed = life.after(started, retry.failed_after);
        let spec = leaf["spec"].clone();
        let operation = application::automatic(self.revision, &spec);
        let mut resources = Vec::new();
        for one in app.hooks() {
            if one.name != hook {
                let passed = application::hook_result(app, one, "Succeeded", jobs::SUCCEEDED);
                resources.push(passed);
                continue;
            }
            resources.push(application::hook_result(app, one, "Failed", jobs::FAILED));
            let began = life.after(started, retry.failed_after - jobs::FAILED_HOOK_LASTS);
            self.failed_job(initial, environment, (app, one, version), began);
            break;
        }
        let (phase, message) = if retry.is_over {
            ("Failed", retries::given_up(retry.retries))
        } else {
            let next = life.after(failed, retries::pause_before(retry.retries));
            ("Running", retries::waiting(retry.retries, next))
        };
        let state = State {
            operation: operation.clone(),
            phase,
            message,
            revision: self.revision.to_owned(),
            resources,
            started: stamp(started),
            finished: Some(stamp(failed)),
            retries: retry.retries,
        };
        let before = self.ago(30 * 3600);
        let before = (stamp(before), stamp(life.after(before, 15.0)));
        let mut status = json!({
            "sync": application::sync("OutOfSync", self.revision, &spec),
            "health": { "status": "Healthy", "lastTransitionTime": before.1 },
            "operationState": state.json(&spec),
            "history": [application::history_entry(0, self.revision, &spec, &before.0, &before.1)],
            "resources": application::resources(app, "OutOfSync"), "summary": application::summary(images),
            "reconciledAt": stamp(self.ago(40)), "sourceType": "Helm", "resourceHealthSource": "appTree", "controllerNamespace": ARGO_CD,
        });
        if retry.is_over {
            let error = application::sync_error(self.revision, &state.message, &stamp(failed));
            set_field(&mut status, "conditions", error);
        } else {
            set_field(&mut leaf, "operation", operation);
        }
        set_field(&mut leaf, "status", status);
        initial.objects.push(leaf);
    }
}
