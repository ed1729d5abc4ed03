//! Runs: the finished runs that a cluster has not deleted yet when the yard opens.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{InitialObjects, Opening, next, node_name};
use crate::fleet::{App, seeded};
use crate::simulator::application::Declared;
use crate::simulator::clock::{Pace, stamp};
use crate::simulator::run::{FinishedRun, Timeline, deploy_image, post_sync};
use crate::simulator::workload;

/// How long runs are kept.
const KEPT_RUNS: i64 = 72 * 3600;
/// Seconds from the commit of a version to its smoke run.
const SMOKE_AFTER: i64 = 120;

impl Opening<'_> {
    /// The smoke run of the version that stands.
    pub(super) fn smoke(
        &self,
        initial: &mut InitialObjects,
        environment: &'static str,
        app: &App,
        declared: &Declared,
        since: i64,
    ) {
        let tag = &declared.tag;
        let chance = seeded(self.seed, &["smoke", environment, app.name, tag]);
        let failing = if self.scenario.fails_smoke(environment, app.name, tag) {
            3
        } else {
            usize::from(chance.is_multiple_of(17))
        };
        let started = since + SMOKE_AFTER;
        self.keep_smoke_run(
            initial,
            environment,
            app,
            declared,
            (chance, failing, started),
        );
    }

    /// Smoke runs of the version that stands, after changes of settings: each revision that is synced has one.
    pub(super) fn smoke_after_settings(
        &self,
        initial: &mut InitialObjects,
        environment: &'static str,
        app: &App,
        declared: &Declared,
        since: i64,
    ) {
        let settings = self.history.settings.iter();
        let own = settings.filter(|one| (one.environment, one.app) == (environment, app.name));
        for setting in own.filter(|setting| setting.at > since + 2 * SMOKE_AFTER) {
            let words = ["setting", environment, app.name, setting.memory];
            let run = (seeded(self.seed, &words), 0, setting.at + SMOKE_AFTER);
            self.keep_smoke_run(initial, environment, app, declared, run);
        }
    }

    /// A smoke run that is over and not deleted yet; none where it would be deleted by now.
    fn keep_smoke_run(
        &self,
        initial: &mut InitialObjects,
        environment: &'static str,
        app: &App,
        declared: &Declared,
        (chance, failing, started): (u64, usize, i64),
    ) {
        let name = format!("post-sync-{}", workload::random_letters(chance, 5));
        let parameters = post_sync::Parameters {
            application: app.name.to_owned(),
            repository: app.repository.to_owned(),
            tag: declared.tag.clone(),
            promote: declared.promote,
            gate: declared.gate,
        };
        let (age, began) = (self.now.as_second() - started, self.second(started));
        let timeline = post_sync::timeline(
            &name,
            &parameters,
            environment,
            next(environment),
            &node_name(environment),
            (began, Pace::new(1.0)),
            failing,
        );
        if age <= KEPT_RUNS && age as f64 > timeline.lasts() {
            keep_run(initial, parameters.workflow(&name), &timeline, began);
        }
    }

    /// The deploy-image runs of the last days, for every environment.
    pub(super) fn deployed(&self, initial: &mut InitialObjects) {
        for ((environment, repository), standing) in &self.history.standing {
            if self.now.as_second() - standing.since > KEPT_RUNS {
                continue;
            }
            let parameters = deploy_image::Parameters {
                environment: (*environment).to_owned(),
                repository: (*repository).to_owned(),
                tag: standing.file.tag.clone(),
                promote: standing.file.promote,
            };
            let chance = seeded(
                self.seed,
                &["deploy", environment, repository, &standing.file.tag],
            );
            let name = format!("deploy-image-{}", workload::random_letters(chance, 5));
            let started = self.second(standing.since - 13);
            let timeline = deploy_image::timeline(
                &name,
                &parameters,
                &node_name("production"),
                (started, Pace::new(1.0)),
            );
            keep_run(initial, parameters.workflow(&name), &timeline, started);
        }
    }
}

/// A finished run; its pods stay only if it failed.
fn keep_run(
    initial: &mut InitialObjects,
    mut workflow: Value,
    timeline: &Timeline,
    started: Timestamp,
) {
    let FinishedRun {
        status,
        pods,
        scripts,
    } = timeline.finished_run(started, Pace::new(1.0));
    let phase = status["phase"].as_str().unwrap_or("").to_owned();
    if let Some(meta) = workflow["metadata"].as_object_mut() {
        meta.insert("creationTimestamp".to_owned(), json!(stamp(started)));
        if let Some(labels) = meta.get_mut("labels").and_then(Value::as_object_mut) {
            labels.insert("workflows.argoproj.io/completed".to_owned(), json!("true"));
            labels.insert("workflows.argoproj.io/phase".to_owned(), json!(phase));
        }
    }
    if let Some(map) = workflow.as_object_mut() {
        map.insert("status".to_owned(), status);
    }
    initial.objects.push(workflow);
    if phase != "Succeeded" {
        initial.objects.extend(pods);
        initial.scripts.extend(
            scripts
                .into_iter()
                .map(|(pod, container, script)| (pod, container.to_owned(), false, script)),
        );
    }
}
