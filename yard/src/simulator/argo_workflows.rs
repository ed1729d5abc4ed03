//! Argo Workflows: plays every new Workflow of one cluster, whoever created it.
//!
//! post-sync and deploy-image are known; any other template ends in Error, as it does where the template is missing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::Play;
use super::clock::stamp;
use super::cluster::{Cluster, Seen, Trouble, name};
use super::opening::{next, node_name};
use super::run::{self, Beat, Course, deploy_image, post_sync};
use super::workload::letters;
use crate::Scenario;
use crate::fleet::stir;

/// Simulated seconds for which a played run is kept. In life it is three days; the yard may play all night at great speed.
const KEPT: f64 = 6.0 * 3600.0;

/// Plays the cluster's runs for as long as the yard is open.
pub async fn control(play: Arc<Play>, cluster: Cluster) {
    let mut seen = cluster.watch("workflows");
    let mut begun: HashSet<String> = HashSet::new();
    let mut stops: HashMap<String, watch::Sender<String>> = HashMap::new();
    while let Some(change) = seen.recv().await {
        let workflow = match change {
            Seen::Is(workflow) => workflow,
            Seen::Gone(workflow) => {
                stops.remove(name(&workflow));
                continue;
            }
        };
        let uid = workflow["metadata"]["uid"]
            .as_str()
            .unwrap_or("")
            .to_owned();
        let shutdown = workflow["spec"]["shutdown"]
            .as_str()
            .unwrap_or("")
            .to_owned();
        if let Some(stop) = stops.get(name(&workflow)) {
            stop.send_if_modified(|now| std::mem::replace(now, shutdown.clone()) != shutdown);
        }
        let fresh = workflow["status"]["phase"]
            .as_str()
            .unwrap_or("")
            .is_empty();
        if !fresh || !begun.insert(uid) {
            continue;
        }
        let (stop, stopped) = watch::channel(shutdown);
        stops.insert(name(&workflow).to_owned(), stop);
        let (playing, cluster) = (play.clone(), cluster.clone());
        play.spawn(async move {
            let own = name(&workflow).to_owned();
            if let Err(error) = Playing::begin(&playing, &cluster, workflow, stopped).await {
                tracing::debug!(environment = cluster.environment, run = own, %error, "a run was not played to its end");
            }
            playing.pace.pause(KEPT).await;
            if let Err(error) = expire(&cluster, &own).await {
                tracing::debug!(environment = cluster.environment, run = own, %error, "a run was not deleted");
            }
        });
    }
}

/// Deletes a run and what is left of its pods.
async fn expire(cluster: &Cluster, run: &str) -> Result<(), Trouble> {
    for pod in cluster
        .list("pods", &format!("workflows.argoproj.io/workflow={run}"))
        .await?
    {
        cluster.delete("pods", name(&pod)).await?;
        cluster.shelf.forget(name(&pod));
    }
    cluster.delete("workflows", run).await
}

struct Playing<'a> {
    play: &'a Play,
    cluster: &'a Cluster,
    name: String,
    uid: String,
    started: Timestamp,
    nodes: Map<String, Value>,
    pods: Vec<String>,
    stopped: watch::Receiver<String>,
}

impl<'a> Playing<'a> {
    async fn begin(
        play: &'a Play,
        cluster: &'a Cluster,
        workflow: Value,
        stopped: watch::Receiver<String>,
    ) -> Result<(), Trouble> {
        let started = Timestamp::now();
        let name = name(&workflow).to_owned();
        let uid = workflow["metadata"]["uid"]
            .as_str()
            .unwrap_or("")
            .to_owned();
        let mut playing = Playing {
            play,
            cluster,
            name,
            uid,
            started,
            nodes: Map::new(),
            pods: Vec::new(),
            stopped,
        };
        let template = workflow["spec"]["workflowTemplateRef"]["name"]
            .as_str()
            .unwrap_or("");
        let (course, labels) = match template {
            "post-sync" => match post_sync::Parameters::read(&workflow) {
                Some(parameters) => (
                    playing.smoke(&workflow, &parameters),
                    parameters.workflow(""),
                ),
                None => {
                    return playing
                        .invalid("invalid spec: spec.arguments.application was not supplied")
                        .await;
                }
            },
            "deploy-image" => match deploy_image::Parameters::read(&workflow) {
                Some(parameters) => (playing.deploy(&parameters), parameters.workflow("")),
                None => {
                    return playing
                        .invalid("invalid spec: spec.arguments.imageTag was not supplied")
                        .await;
                }
            },
            other => {
                let message = format!("workflowtemplates.argoproj.io \"{other}\" not found");
                return playing.invalid(&message).await;
            }
        };
        // The template's own metadata, as the engine adds it to whatever was submitted.
        let mut own = labels["metadata"]["labels"].clone();
        if let Some(map) = own.as_object_mut() {
            map.retain(|key, _| !key.starts_with("workflows.argoproj.io/"));
            map.insert(
                "workflows.argoproj.io/workflow-template".to_owned(),
                json!(template),
            );
            map.insert("workflows.argoproj.io/phase".to_owned(), json!("Running"));
            map.insert("workflows.argoproj.io/completed".to_owned(), json!("false"));
        }
        let patch = json!({
            "metadata": { "labels": own, "annotations": labels["metadata"]["annotations"] },
            "status": {
                "phase": "Running", "startedAt": stamp(started), "finishedAt": null, "progress": "0/1",
                "storedWorkflowTemplateSpec": { "entrypoint": template, "arguments": workflow["spec"]["arguments"] },
            },
        });
        cluster.patch("workflows", &playing.name, &patch).await?;
        playing.course(course).await
    }

    fn smoke(&self, workflow: &Value, parameters: &post_sync::Parameters) -> Course {
        let resubmitted = workflow["metadata"]["labels"]
            .get("workflows.argoproj.io/resubmitted-from-workflow")
            .is_some();
        let failing = self
            .play
            .failing(self.cluster.environment, parameters, resubmitted);
        let environment = self.cluster.environment;
        let node = node_name(environment);
        post_sync::course(
            &self.name,
            parameters,
            environment,
            next(environment),
            &node,
            (self.started, self.play.pace),
            failing,
        )
    }

    fn deploy(&self, parameters: &deploy_image::Parameters) -> Course {
        deploy_image::course(
            &self.name,
            parameters,
            &node_name(self.cluster.environment),
            (self.started, self.play.pace),
        )
    }

    async fn invalid(&self, message: &str) -> Result<(), Trouble> {
        let now = stamp(self.started);
        self.finished("Error", message, &now).await
    }

    async fn finished(&self, phase: &str, message: &str, at: &str) -> Result<(), Trouble> {
        let mut status = run::finished(phase, message, &stamp(self.started), at);
        if let Some(map) = status.as_object_mut() {
            map.insert("nodes".to_owned(), Value::Object(self.nodes.clone()));
        }
        let labels = json!({ "workflows.argoproj.io/phase": phase, "workflows.argoproj.io/completed": "true" });
        self.cluster
            .patch(
                "workflows",
                &self.name,
                &json!({ "metadata": { "labels": labels }, "status": status }),
            )
            .await?;
        Ok(())
    }

    async fn course(&mut self, course: Course) -> Result<(), Trouble> {
        let mut beats = course.beats.into_iter().peekable();
        while let Some((at, first)) = beats.next() {
            let mut now = vec![first];
            while let Some((_, beat)) = beats.next_if(|(next, _)| *next <= at) {
                now.push(beat);
            }
            let due = self
                .play
                .pace
                .after(self.started, at)
                .duration_since(Timestamp::now());
            let wait = std::time::Duration::try_from(due).unwrap_or_default();
            let stopped = tokio::select! {
                () = tokio::time::sleep(wait) => None,
                shutdown = stop(&mut self.stopped) => Some(shutdown),
            };
            if let Some(shutdown) = stopped {
                return self.shut_down(&shutdown).await;
            }
            if !self.beats(now).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// False when the run is over.
    async fn beats(&mut self, beats: Vec<Beat>) -> Result<bool, Trouble> {
        let mut changed = Map::new();
        let mut end = None;
        for beat in beats {
            match beat {
                Beat::Node(node) => {
                    drop(changed.insert(node["id"].as_str().unwrap_or("").to_owned(), node))
                }
                Beat::Pod { pod, scripts } => self.pod(pod, scripts).await?,
                Beat::Ended { pod, at, code } => self.ended(&pod, &at, code).await?,
                Beat::Commit {
                    environment,
                    repository,
                    tag,
                    promote,
                } => {
                    if let Err(error) = self
                        .play
                        .robot
                        .set_version(&environment, &repository, &tag, promote)
                        .await
                    {
                        end = Some(("Error", error.to_string()));
                    }
                }
                Beat::Promote {
                    environment,
                    repository,
                    tag,
                } => {
                    let parameters = deploy_image::Parameters {
                        environment,
                        repository,
                        tag,
                        promote: true,
                    };
                    // As in life, the webhook's caller does not look at the answer.
                    let _ = self.play.deploy(&parameters, &self.name).await;
                }
                Beat::Finished { phase, message } => end = Some((phase, message)),
            }
        }
        self.nodes.extend(changed.clone());
        if let Some((phase, message)) = end {
            self.finished(phase, &message, &stamp(Timestamp::now()))
                .await?;
            if phase == "Succeeded" {
                for pod in &self.pods {
                    self.cluster.delete("pods", pod).await?;
                    self.cluster.shelf.forget(pod);
                }
            }
            return Ok(false);
        }
        if !changed.is_empty() {
            self.cluster
                .patch(
                    "workflows",
                    &self.name,
                    &json!({ "status": { "nodes": changed } }),
                )
                .await?;
        }
        Ok(true)
    }

    async fn pod(
        &mut self,
        mut pod: Value,
        scripts: Vec<(&'static str, super::logs::Script)>,
    ) -> Result<(), Trouble> {
        let own = name(&pod).to_owned();
        for (container, script) in scripts {
            self.cluster.shelf.put(&own, container, false, script);
        }
        if let Some(owner) = pod
            .pointer_mut("/metadata/ownerReferences/0")
            .and_then(Value::as_object_mut)
        {
            owner.insert("uid".to_owned(), json!(self.uid));
        }
        self.pods.push(own);
        self.cluster.create(&pod).await.map(drop)
    }

    async fn ended(&self, pod: &str, at: &str, code: i64) -> Result<(), Trouble> {
        let Some(found) = self.cluster.get("pods", pod).await? else {
            return Ok(());
        };
        self.cluster
            .patch_status("pods", pod, &run::ended_pod(&found["status"], at, code))
            .await?;
        let done =
            json!({ "metadata": { "labels": { "workflows.argoproj.io/completed": "true" } } });
        self.cluster.patch("pods", pod, &done).await.map(drop)
    }

    /// Stops what runs; after a polite Stop the exit handler is still run, after Terminate it is not.
    async fn shut_down(&mut self, shutdown: &str) -> Result<(), Trouble> {
        let (now, message) = (
            Timestamp::now(),
            format!("workflow shutdown with strategy:  {shutdown}"),
        );
        let at = stamp(now);
        for node in self.nodes.values_mut() {
            let active = node["phase"] == "Running" || node["phase"] == "Pending";
            if let (true, Some(map)) = (active, node.as_object_mut()) {
                map.insert("phase".to_owned(), json!("Failed"));
                map.insert("message".to_owned(), json!(message));
                map.insert("finishedAt".to_owned(), json!(at));
            }
        }
        for pod in self.pods.clone() {
            self.cluster.shelf.cut(&pod, now);
            let running = self
                .cluster
                .get("pods", &pod)
                .await?
                .is_some_and(|pod| pod["status"]["phase"] == "Running");
            if running {
                self.ended(&pod, &at, 143).await?;
            }
        }
        let (nodes, started) = (self.nodes.clone(), self.started);
        if shutdown == "Stop" {
            let node = node_name(self.cluster.environment);
            self.started = now;
            let exit = post_sync::exit_only(
                &self.name,
                self.cluster.environment,
                &node,
                (now, self.play.pace),
                &message,
            );
            self.cluster
                .patch(
                    "workflows",
                    &self.name,
                    &json!({ "status": { "nodes": nodes } }),
                )
                .await?;
            for (at, beat) in exit.beats {
                let due = self
                    .play
                    .pace
                    .after(now, at)
                    .duration_since(Timestamp::now());
                tokio::time::sleep(std::time::Duration::try_from(due).unwrap_or_default()).await;
                if matches!(beat, Beat::Finished { .. }) {
                    self.started = started;
                }
                self.beats(vec![beat]).await?;
            }
            return Ok(());
        }
        self.finished("Failed", &message, &at).await
    }
}

/// Waits until the run is asked to stop, and says how.
async fn stop(stopped: &mut watch::Receiver<String>) -> String {
    let asked = stopped
        .wait_for(|shutdown| !shutdown.is_empty())
        .await
        .map(|shutdown| shutdown.clone());
    match asked {
        Ok(shutdown) => shutdown,
        Err(_) => std::future::pending().await,
    }
}

impl Play {
    /// How many attempts of a smoke run fail: chance, but for what the scenario wants.
    fn failing(
        &self,
        environment: &str,
        parameters: &post_sync::Parameters,
        resubmitted: bool,
    ) -> usize {
        let starring = match self.scenario {
            Scenario::FlakySmoke => "publisher",
            Scenario::CrashLoop => "whitehall-admin",
            Scenario::MigrationFailed => "places-manager",
            Scenario::Calm | Scenario::EnvironmentDown => "",
        };
        let flaky = self.scenario == Scenario::FlakySmoke
            && environment == "staging"
            && parameters.tag == "v1362";
        if parameters.application == starring {
            return if flaky && !resubmitted { 3 } else { 0 };
        }
        if resubmitted {
            return 0;
        }
        match stir(
            self.seed,
            &[
                "fails",
                environment,
                &parameters.application,
                &parameters.tag,
            ],
        ) % 100
        {
            0 => 3,
            1..=6 => 1,
            _ => 0,
        }
    }

    /// Creates a deploy-image run in production's cluster, once for its cause; false where it exists already.
    pub async fn deploy(
        &self,
        parameters: &deploy_image::Parameters,
        cause: &str,
    ) -> Result<bool, Trouble> {
        let Some(production) = self.cluster("production") else {
            return Ok(false);
        };
        let chance = stir(
            self.seed,
            &[
                "deploy",
                cause,
                &parameters.environment,
                &parameters.repository,
                &parameters.tag,
            ],
        );
        let workflow = parameters.workflow(&format!("deploy-image-{}", letters(chance, 5)));
        Ok(production.create(&workflow).await?.is_some())
    }
}
