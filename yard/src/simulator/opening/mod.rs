//! Opening: the objects of one environment at the moment when the yard opens, as weeks of the simulator would have left them.

mod broken;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::application::{self, Declared, State};
use super::clock::{Pace, stamp};
use super::logs::{Kind, Script};
use super::run::{FinishedRun, Timeline, deploy_image, post_sync, templates};
use super::workload::{self, Counts, PodState, Workload};
use crate::Scenario;
use crate::fleet::{self, APPS, ARGO_CD, App, ENVIRONMENTS, seeded};
use crate::history::{History, Standing};

/// Runs are deleted after three days.
const KEPT_RUNS: i64 = 72 * 3600;
/// From a version's commit to its smoke run.
const SMOKE_AFTER: i64 = 120;

/// What an environment's cluster holds, in an order in which it can be created (owners before what they own).
#[derive(Debug, Default)]
pub struct InitialObjects {
    /// Objects with their status.
    pub objects: Vec<Value>,
    /// What their containers say: pod, container, whether it is the previous one.
    pub scripts: Vec<(String, String, bool, Script)>,
}

/// What decides an opening.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// What is wrong.
    pub scenario: Scenario,
    /// The yard's chance.
    pub seed: u64,
    /// The moment.
    pub now: Timestamp,
    /// Where every version stands.
    pub history: &'a History,
    /// Main's head.
    pub revision: &'a str,
}

/// The node of an environment.
pub fn node_name(environment: &str) -> String {
    format!("yard-{environment}-1")
}

/// The environment after this one.
pub fn next(environment: &str) -> Option<&'static str> {
    let at = ENVIRONMENTS.iter().position(|one| *one == environment)?;
    ENVIRONMENTS.get(at + 1).copied()
}

/// The Node that leads to the kubelet stand-in.
pub fn node(environment: &str, port: u16) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": { "name": node_name(environment) },
        "status": {
            "addresses": [{ "type": "InternalIP", "address": "127.0.0.1" }],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": port } },
            "conditions": [{ "type": "Ready", "status": "True", "reason": "KubeletReady" }],
        },
    })
}

/// What a leaf's parent reads from its version file.
pub fn declared(standing: Option<&Standing>) -> Declared {
    standing.map_or_else(Declared::default, |standing| Declared {
        tag: standing.file.tag.clone(),
        promote: standing.file.promote,
        gate: standing.file.gate == Some(true),
    })
}

impl Opening<'_> {
    /// Everything of one environment but its Node.
    pub fn initial_objects(&self, environment: &'static str) -> InitialObjects {
        let mut initial = InitialObjects::default();
        for name in [APPS, ARGO_CD] {
            initial.objects.push(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name }, "status": { "phase": "Active" } }));
        }
        initial
            .objects
            .extend(templates::templates(next(environment)));
        let newest = self.history.commits.last().map_or(0, |commit| commit.at);
        initial
            .objects
            .push(self.parent(environment, self.second(newest)));
        for app in fleet::apps() {
            let standing = self.history.standing.get(&(environment, app.repository));
            self.app(&mut initial, environment, &app, standing);
        }
        let bare = App {
            name: fleet::WITHOUT_FILE,
            repository: fleet::WITHOUT_FILE,
            images: &[],
            migrations: false,
            workers: false,
        };
        initial.objects.push(self.finished_leaf(
            &bare,
            &Declared::default(),
            self.ago(40 * 86_400),
            &[],
            "Healthy",
            None,
        ));
        if environment == "production" {
            self.deployed(&mut initial);
        }
        initial
    }

    fn second(&self, at: i64) -> Timestamp {
        Timestamp::from_second(at).unwrap_or(self.now)
    }

    fn ago(&self, seconds: i64) -> Timestamp {
        self.now
            .checked_sub(SignedDuration::from_secs(seconds))
            .unwrap_or(self.now)
    }

    fn app(
        &self,
        initial: &mut InitialObjects,
        environment: &'static str,
        app: &App,
        standing: Option<&Standing>,
    ) {
        let declared = declared(standing);
        let since = standing.map_or(self.now.as_second() - 9 * 86_400, |standing| standing.since);
        let arrived = self.second(since);
        let (crashes, broken) = (
            self.crashes(environment, app),
            self.broken_migration(environment, app),
        );
        let before = standing.map_or("", |standing| standing.before.as_str());
        let mut images = Vec::new();
        for (name, component, repository) in application::deployments(app) {
            let standing = self.history.standing.get(&(environment, repository));
            let version = match standing {
                _ if broken => before.to_owned(),
                Some(standing) => standing.file.tag.clone(),
                None => continue,
            };
            let rolled = Pace::new(1.0).after(
                self.second(standing.map_or(since, |standing| standing.since)),
                100.0,
            );
            images.push(fleet::image(repository, &version));
            let replicas = if component == "worker" {
                1
            } else {
                app.replicas()
            };
            let workload = Workload {
                app,
                name: &name,
                component,
                repository,
                version: &version,
                replicas,
            };
            if crashes && component == "app" {
                self.crashing(initial, environment, &workload, before, arrived);
            } else {
                self.serving(initial, environment, &workload, rolled.min(self.now));
            }
        }
        images.sort();
        let trouble = if broken { Some(arrived) } else { None };
        let health = if crashes { "Degraded" } else { "Healthy" };
        initial
            .objects
            .push(self.finished_leaf(app, &declared, arrived, &images, health, trouble));
        if broken {
            self.failed_migration(initial, environment, app, &declared.tag, arrived);
        }
        if !crashes && !broken && app.images.is_empty() && standing.is_some() {
            self.smoke(initial, environment, app, &declared, since);
        }
    }

    fn serving(
        &self,
        initial: &mut InitialObjects,
        environment: &str,
        workload: &Workload<'_>,
        started: Timestamp,
    ) {
        let at = stamp(started);
        let count = workload.replicas;
        initial.objects.push(deployment(
            workload,
            Counts {
                generation: 1,
                all: count,
                updated: count,
                ready: count,
                wanted: count,
            },
            &at,
            None,
        ));
        initial.objects.push(workload.replica_set(1, count));
        for number in 0..count {
            initial.objects.push(workload.pod(
                number,
                &node_name(environment),
                PodState::Ready,
                &at,
                None,
            ));
            add_scripts(initial, workload, number, started);
        }
    }

    /// A leaf as its last sync left it; `trouble` is when its migration failed.
    fn finished_leaf(
        &self,
        app: &App,
        declared: &Declared,
        arrived: Timestamp,
        images: &[String],
        health: &str,
        trouble: Option<Timestamp>,
    ) -> Value {
        let mut leaf = application::leaf(app, declared);
        let spec = leaf["spec"].clone();
        let life = Pace::new(1.0);
        let (started, finished) = (
            stamp(life.after(arrived, 85.0)),
            stamp(life.after(arrived, if trouble.is_some() { 150.0 } else { 100.0 })),
        );
        let mut results: Vec<Value> = Vec::new();
        let failed = "Job has reached the specified backoff limit";
        if app.migrations {
            results.push(if trouble.is_some() {
                application::migration(app, "Failed", failed)
            } else {
                application::migration(app, "Succeeded", "job completed")
            });
        }
        let (phase, message, synced) = match trouble {
            Some(_) => (
                "Failed",
                "one or more synchronization tasks completed unsuccessfully",
                "OutOfSync",
            ),
            None => {
                results.extend(
                    application::deployments(app)
                        .iter()
                        .map(|(name, _, _)| application::applied("apps", "Deployment", name)),
                );
                ("Succeeded", "successfully synced (all tasks run)", "Synced")
            }
        };
        let state = State {
            operation: application::automatic(self.revision, &spec),
            phase,
            message,
            revision: self.revision,
            resources: results,
            started: &started,
            finished: Some(&finished),
        };
        let mut status = json!({
            "sync": application::sync(synced, self.revision, &spec),
            "health": { "status": health, "lastTransitionTime": finished },
            "operationState": state.json(&spec),
            "history": [application::history(0, self.revision, &spec, &started, &finished)],
            "resources": application::resources(app, synced),
            "summary": application::summary(images),
            "reconciledAt": stamp(self.ago(40)), "sourceType": "Helm", "resourceHealthSource": "appTree", "controllerNamespace": ARGO_CD,
        });
        if trouble.is_some()
            && let Some(map) = status.as_object_mut()
        {
            let message = format!("Failed last sync attempt to [{}]: {message}", self.revision);
            map.insert("conditions".to_owned(), json!([{ "type": "SyncError", "message": message, "lastTransitionTime": finished }]));
        }
        if let Some(map) = leaf.as_object_mut() {
            map.insert("status".to_owned(), status);
        }
        leaf
    }

    fn parent(&self, environment: &str, synced: Timestamp) -> Value {
        let mut parent = application::parent(environment);
        let spec = parent["spec"].clone();
        let (started, finished) = (
            stamp(Pace::new(1.0).after(synced, 60.0).min(self.now)),
            stamp(Pace::new(1.0).after(synced, 64.0).min(self.now)),
        );
        let state = State {
            operation: application::automatic(self.revision, &spec),
            phase: "Succeeded",
            message: "successfully synced (all tasks run)",
            revision: self.revision,
            resources: Vec::new(),
            started: &started,
            finished: Some(&finished),
        };
        let status = json!({
            "sync": application::sync("Synced", self.revision, &spec),
            "health": { "status": "Healthy", "lastTransitionTime": finished },
            "operationState": state.json(&spec),
            "history": [application::history(0, self.revision, &spec, &started, &finished)],
            "summary": { "isAppOfApps": true },
            "reconciledAt": stamp(self.ago(30)), "sourceType": "Helm", "resourceHealthSource": "appTree", "controllerNamespace": ARGO_CD,
        });
        if let Some(map) = parent.as_object_mut() {
            map.insert("status".to_owned(), status);
        }
        parent
    }

    /// The smoke run of the version that stands, where it is not too old to be kept.
    fn smoke(
        &self,
        initial: &mut InitialObjects,
        environment: &'static str,
        app: &App,
        declared: &Declared,
        since: i64,
    ) {
        if self.now.as_second() - since > KEPT_RUNS
            || self.now.as_second() - since < SMOKE_AFTER + 250
        {
            return;
        }
        let flaky = self.scenario == Scenario::FlakySmoke
            && environment == "staging"
            && app.name == "publisher";
        let chance = seeded(self.seed, &["smoke", environment, app.name, &declared.tag]);
        let failing = if flaky {
            3
        } else {
            usize::from(chance.is_multiple_of(17))
        };
        let name = format!("post-sync-{}", workload::random_letters(chance, 5));
        let parameters = post_sync::Parameters {
            application: app.name.to_owned(),
            repository: app.repository.to_owned(),
            tag: declared.tag.clone(),
            promote: declared.promote,
            gate: declared.gate,
        };
        let started = self.second(since + SMOKE_AFTER);
        let node = node_name(environment);
        let timeline = post_sync::timeline(
            &name,
            &parameters,
            environment,
            next(environment),
            &node,
            (started, Pace::new(1.0)),
            failing,
        );
        keep_run(initial, parameters.workflow(&name), &timeline, started);
    }

    /// The deploy-image runs of the last days, for every environment.
    fn deployed(&self, initial: &mut InitialObjects) {
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

fn deployment(workload: &Workload<'_>, counts: Counts, at: &str, late: Option<&str>) -> Value {
    let revision = usize::try_from(counts.generation).unwrap_or(1);
    let mut object = workload.deployment(revision);
    if let Some(map) = object.as_object_mut() {
        map.insert(
            "status".to_owned(),
            workload::deployment_status(counts, at, late),
        );
    }
    if let Some(meta) = object["metadata"].as_object_mut() {
        meta.insert("generation".to_owned(), json!(counts.generation));
    }
    object
}

/// A serving pod's containers begin to add_scripts.
fn add_scripts(
    initial: &mut InitialObjects,
    workload: &Workload<'_>,
    number: usize,
    started: Timestamp,
) {
    for (container, script) in container_scripts(workload, started) {
        initial.scripts.push((
            workload.pod_name(number),
            container.to_owned(),
            false,
            script,
        ));
    }
}

/// What the containers of a serving pod say.
pub fn container_scripts(
    workload: &Workload<'_>,
    started: Timestamp,
) -> Vec<(&'static str, Script)> {
    let app = workload.app.name.to_owned();
    let kind = if workload.component == "worker" {
        Kind::Worker { app }
    } else {
        Kind::Web {
            app,
            version: workload.version.to_owned(),
        }
    };
    let mut container_scripts = vec![("app", Script::new(kind, started, None))];
    if workload.component != "worker" {
        container_scripts.push(("nginx", Script::new(Kind::Nginx, started, None)));
    }
    container_scripts
}

#[cfg(test)]
mod tests;
