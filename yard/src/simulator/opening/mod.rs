//! Opening: the objects of one environment when the yard opens, as if the simulator had run for weeks before.

mod broken;
mod finished;
mod runs;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::application::{self, Declared, State};
use super::clock::{Pace, stamp};
use super::logs::{Kind, Script};
use super::run::templates;
use super::workload::{self, Counts, PodState, Workload, jobs};
use crate::Scenario;
use crate::fleet::{self, ARGO_CD, App, ENVIRONMENTS, NAMESPACES};
use crate::history::{History, OpeningVersion, USUAL_MEMORY};

/// How long finished Jobs stay: after a day the node that ran them has been replaced.
const KEPT_JOBS: i64 = 24 * 3600;

/// What an environment's cluster holds, in the order in which it can be created: owners come before the objects they own.
#[derive(Debug, Default)]
pub struct InitialObjects {
    /// Objects with their status.
    pub objects: Vec<Value>,
    /// What their containers print: pod, container, whether it is the log from before the last restart, and the script.
    pub scripts: Vec<(String, String, bool, Script)>,
}

/// What the objects of an opening depend on.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// The scenario, which says what is broken.
    pub scenario: Scenario,
    /// The seed of every random choice.
    pub seed: u64,
    /// The moment of the opening.
    pub now: Timestamp,
    /// Which version stands in which environment, and since when.
    pub history: &'a History,
    /// The newest commit of the main branch.
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

/// The Node whose address is that of the kubelet stand-in.
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

/// What the parent reads from an app's version file.
pub fn declared(standing: Option<&OpeningVersion>) -> Declared {
    standing.map_or_else(Declared::default, |standing| Declared {
        tag: standing.file.tag.clone(),
        promote: standing.file.promote,
        gate: standing.file.gate == Some(true),
    })
}

impl Opening<'_> {
    /// All objects of one environment but its Node.
    pub fn initial_objects(&self, environment: &'static str) -> InitialObjects {
        let mut initial = InitialObjects::default();
        for name in NAMESPACES {
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
            has: "",
        };
        let long_ago = self.ago(40 * 86_400);
        let leaf = self.leaf(environment, &bare, &Declared::default());
        initial
            .objects
            .push(self.synced_leaf(leaf, &bare, long_ago, &[], "Healthy"));
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
        standing: Option<&OpeningVersion>,
    ) {
        let declared = declared(standing);
        let since = standing.map_or(self.now.as_second() - 9 * 86_400, |standing| standing.since);
        let arrived = self.second(since);
        let version = declared.tag.as_str();
        let crashes = self.scenario.crashes(environment, app, version);
        let failed_hook = self.scenario.failed_hook(environment, app);
        let before = standing.map_or("", |standing| standing.before.as_str());
        let mut images = Vec::new();
        for (name, component, repository) in application::deployments(app) {
            let standing = self.history.standing.get(&(environment, repository));
            let version = match standing {
                _ if failed_hook.is_some() => before.to_owned(),
                Some(standing) => standing.file.tag.clone(),
                None => continue,
            };
            let rolled = Pace::new(1.0).after(
                self.second(standing.map_or(since, |standing| standing.since)),
                100.0,
            );
            images.push(fleet::image(repository, &version));
            let workload = Workload {
                app,
                name: &name,
                component,
                repository,
                version: &version,
                replicas: app.replicas_of(component),
            };
            if crashes && component == "app" {
                self.crashing(initial, environment, &workload, before, arrived);
            } else {
                self.serving(initial, environment, &workload, rolled.min(self.now));
            }
        }
        images.sort();
        images.dedup();
        if app.has_cron_job() {
            self.cron_jobs(initial, environment, app, &declared.tag);
        }
        let leaf = self.leaf(environment, app, &declared);
        if let Some(hook) = failed_hook {
            self.failed_sync(
                initial,
                environment,
                (app, leaf, &images),
                (hook, version),
                arrived,
            );
            return;
        }
        let health = if crashes { "Degraded" } else { "Healthy" };
        let leaf = self.synced_leaf(leaf, app, arrived, &images, health);
        initial.objects.push(leaf);
        if since > self.now.as_second() - KEPT_JOBS {
            self.finished_hooks(initial, environment, app, version, arrived);
        }
        if !crashes && app.images.is_empty() && standing.is_some() {
            self.smoke(initial, environment, app, &declared, since);
            self.smoke_after_settings(initial, environment, app, &declared, since);
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

    /// The Application of an app as the parent renders it from the main branch.
    fn leaf(&self, environment: &str, app: &App, declared: &Declared) -> Value {
        let changed = self.history.settings.iter().rev();
        let mut changed = changed.filter(|setting| setting.environment == environment);
        let memory = changed.find(|setting| setting.app == app.name);
        let memory = memory.map_or(USUAL_MEMORY, |setting| setting.memory);
        let values = fleet::values(environment, |_| memory);
        let values = fleet::values_of(&values, app.name).unwrap_or_default();
        application::leaf(app, declared, values)
    }

    /// The Application of an app after a sync that succeeded.
    fn synced_leaf(
        &self,
        mut leaf: Value,
        app: &App,
        arrived: Timestamp,
        images: &[String],
        health: &str,
    ) -> Value {
        let spec = leaf["spec"].clone();
        let life = Pace::new(1.0);
        let (started, finished) = (
            stamp(life.after(arrived, 85.0)),
            stamp(life.after(arrived, 100.0)),
        );
        let hooks = app
            .hooks()
            .map(|hook| application::hook_result(app, hook, "Succeeded", jobs::SUCCEEDED));
        let mut results: Vec<Value> = hooks.collect();
        let deployments = application::deployments(app);
        results.extend(
            deployments
                .iter()
                .map(|(name, _, _)| application::applied(app, "apps", "Deployment", name)),
        );
        let state = State {
            operation: application::automatic(self.revision, &spec),
            phase: "Succeeded",
            message: "successfully synced (all tasks run)".to_owned(),
            revision: self.revision.to_owned(),
            resources: results,
            started: started.clone(),
            finished: Some(finished.clone()),
            retries: 0,
        };
        let history = application::history_entry(0, self.revision, &spec, &started, &finished);
        let mut own_health = json!({ "status": health, "lastTransitionTime": finished });
        if health == "Degraded" {
            let cause = format!("Caused by apps/Deployment:{}/{}", app.namespace(), app.name);
            workload::set_field(&mut own_health, "message", json!(cause));
        }
        let status = json!({
            "sync": application::sync("Synced", self.revision, &spec), "health": own_health,
            "operationState": state.json(&spec), "history": [history],
            "resources": application::resources(app, "Synced"), "summary": application::summary(images),
            "reconciledAt": stamp(self.ago(40)), "sourceType": "Helm", "resourceHealthSource": "appTree", "controllerNamespace": ARGO_CD,
        });
        workload::set_field(&mut leaf, "status", status);
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
            message: "successfully synced (all tasks run)".to_owned(),
            revision: self.revision.to_owned(),
            resources: Vec::new(),
            started: started.clone(),
            finished: Some(finished.clone()),
            retries: 0,
        };
        let status = json!({
            "sync": application::sync("Synced", self.revision, &spec),
            "health": { "status": "Healthy", "lastTransitionTime": finished },
            "operationState": state.json(&spec),
            "history": [application::history_entry(0, self.revision, &spec, &started, &finished)],
            "summary": { "isAppOfApps": true },
            "reconciledAt": stamp(self.ago(30)), "sourceType": "Helm", "resourceHealthSource": "appTree", "controllerNamespace": ARGO_CD,
        });
        if let Some(map) = parent.as_object_mut() {
            map.insert("status".to_owned(), status);
        }
        parent
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

/// Adds what the containers of a serving pod print.
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

/// What the containers of a serving pod print.
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
