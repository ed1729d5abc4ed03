//! Argo Workflows: plays every new Workflow of one cluster, whoever created it.
//!
//! post-sync and deploy-image are known; any other template ends in Error, as it does where the template is missing.

mod stop;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::Simulation;
use super::clock::stamp;
use super::cluster::{Cluster, ClusterError, Watched, name};
use super::opening::{next, node_name};
use super::run::{self, RunEvent, Timeline, deploy_image, post_sync};
use super::workload::random_letters;
use crate::fleet::{self, seeded};

/// Simulated seconds for which a played run is kept. In life it is three days; the yard may play all night at great speed.
const KEPT: f64 = 6.0 * 3600.0;

/// Plays the cluster's runs for as long as the yard is open.
pub async fn run(simulation: Arc<Simulation>, cluster: Cluster) {
    let mut seen = cluster.watch("workflows");
    let mut begun: HashSet<String> = HashSet::new();
    let mut stops: HashMap<String, watch::Sender<String>> = HashMap::new();
    while let Some(change) = seen.recv().await {
        let workflow = match change {
            Watched::Present(workflow) => workflow,
            Watched::Gone(workflow) => {
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
        let (playing, cluster) = (simulation.clone(), cluster.clone());
        simulation.spawn(async move {
            let own = name(&workflow).to_owned();
            if let Err(error) = RunPlayer::begin(&playing, &cluster, workflow, stopped).await {
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
async fn expire(cluster: &Cluster, run: &str) -> Result<(), ClusterError> {
    for pod in cluster
        .list("pods", &format!("workflows.argoproj.io/workflow={run}"))
        .await?
    {
        cluster.delete("pods", name(&pod)).await?;
        cluster.logs.forget_pod(name(&pod));
    }
    cluster.delete("workflows", run).await
}

/// The frozen parameters of a run of a known template.
enum Parameters {
    PostSync(post_sync::Parameters),
    DeployImage(deploy_image::Parameters),
}

struct RunPlayer<'a> {
    simulation: &'a Simulation,
    cluster: &'a Cluster,
    name: String,
    uid: String,
    started: Timestamp,
    nodes: Map<String, Value>,
    pods: Vec<String>,
    stopped: watch::Receiver<String>,
}

impl<'a> RunPlayer<'a> {
    async fn begin(
        simulation: &'a Simulation,
        cluster: &'a Cluster,
        workflow: Value,
        stopped: watch::Receiver<String>,
    ) -> Result<(), ClusterError> {
        let started = Timestamp::now();
        let name = name(&workflow).to_owned();
        let uid = workflow["metadata"]["uid"]
            .as_str()
            .unwrap_or("")
            .to_owned();
        let mut playing = RunPlayer {
            simulation,
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
        let known = match template {
            "post-sync" => post_sync::Parameters::from_workflow(&workflow)
                .map(Parameters::PostSync)
                .ok_or("invalid spec: spec.arguments.application was not supplied".to_owned()),
            "deploy-image" => deploy_image::Parameters::from_workflow(&workflow)
                .map(Parameters::DeployImage)
                .ok_or("invalid spec: spec.arguments.imageTag was not supplied".to_owned()),
            other => Err(format!(
                "workflowtemplates.argoproj.io \"{other}\" not found"
            )),
        };
        let parameters = match known {
            Ok(parameters) => parameters,
            Err(message) => return playing.invalid(&message).await,
        };
        let (timeline, labels) = match &parameters {
            Parameters::PostSync(parameters) => (
                playing.smoke(&workflow, parameters),
                parameters.workflow(""),
            ),
            Parameters::DeployImage(parameters) => {
                (playing.deploy(parameters), parameters.workflow(""))
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
        playing.play(&parameters, timeline).await
    }

    fn smoke(&self, workflow: &Value, parameters: &post_sync::Parameters) -> Timeline {
        let resubmitted = workflow["metadata"]["labels"]
            .get("workflows.argoproj.io/resubmitted-from-workflow")
            .is_some();
        let failing = self
            .simulation
            .failing(self.cluster.environment, parameters, resubmitted);
        let environment = self.cluster.environment;
        let node = node_name(environment);
        post_sync::timeline(
            &self.name,
            parameters,
            environment,
            next(environment),
            &node,
            (self.started, self.simulation.pace),
            failing,
        )
    }

    fn deploy(&self, parameters: &deploy_image::Parameters) -> Timeline {
        deploy_image::timeline(
            &self.name,
            parameters,
            &node_name(self.cluster.environment),
            (self.started, self.simulation.pace),
        )
    }

    async fn invalid(&self, message: &str) -> Result<(), ClusterError> {
        let now = stamp(self.started);
        self.write_end("Error", message, &now).await
    }

    async fn write_end(&self, phase: &str, message: &str, at: &str) -> Result<(), ClusterError> {
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

    async fn play(
        &mut self,
        parameters: &Parameters,
        timeline: Timeline,
    ) -> Result<(), ClusterError> {
        let mut events = timeline.events.into_iter().peekable();
        while let Some((at, first)) = events.next() {
            let mut now = vec![first];
            while let Some((_, event)) = events.next_if(|(next, _)| *next <= at) {
                now.push(event);
            }
            let due = self
                .simulation
                .pace
                .after(self.started, at)
                .duration_since(Timestamp::now());
            let wait = std::time::Duration::try_from(due).unwrap_or_default();
            let stopped = tokio::select! {
                () = tokio::time::sleep(wait) => None,
                shutdown = wait_for_stop(&mut self.stopped) => Some(shutdown),
            };
            if let Some(shutdown) = stopped {
                return self.shut_down(parameters, &shutdown).await;
            }
            if !self.apply_events(now).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// False when the run is over.
    async fn apply_events(&mut self, events: Vec<RunEvent>) -> Result<bool, ClusterError> {
        let mut changed = Map::new();
        let mut end = None;
        for event in events {
            match event {
                RunEvent::Node(node) => {
                    drop(changed.insert(node["id"].as_str().unwrap_or("").to_owned(), node))
                }
                RunEvent::Pod { pod, scripts } => self.start_pod(pod, scripts).await?,
                RunEvent::Ended { pod, at, code } => self.end_pod(&pod, &at, code).await?,
                RunEvent::Commit {
                    environment,
                    repository,
                    tag,
                    promote,
                } => {
                    if let Err(error) = self
                        .simulation
                        .robot
                        .set_version(&environment, &repository, &tag, promote)
                        .await
                    {
                        end = Some(("Error", error.to_string()));
                    }
                }
                RunEvent::Promote {
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
                    let _ = self.simulation.deploy(&parameters, &self.name).await;
                }
                RunEvent::Finished { phase, message } => end = Some((phase, message)),
            }
        }
        self.nodes.extend(changed.clone());
        if let Some((phase, message)) = end {
            self.write_end(phase, &message, &stamp(Timestamp::now()))
                .await?;
            if phase == "Succeeded" {
                for pod in &self.pods {
                    self.cluster.delete("pods", pod).await?;
                    self.cluster.logs.forget_pod(pod);
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

    async fn start_pod(
        &mut self,
        mut pod: Value,
        scripts: Vec<(&'static str, super::logs::Script)>,
    ) -> Result<(), ClusterError> {
        let own = name(&pod).to_owned();
        for (container, script) in scripts {
            self.cluster.logs.set(&own, container, false, script);
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

    async fn end_pod(&self, pod: &str, at: &str, code: i64) -> Result<(), ClusterError> {
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
}

/// Waits until the run is asked to stop, and says how.
async fn wait_for_stop(stopped: &mut watch::Receiver<String>) -> String {
    let asked = stopped
        .wait_for(|shutdown| !shutdown.is_empty())
        .await
        .map(|shutdown| shutdown.clone());
    match asked {
        Ok(shutdown) => shutdown,
        Err(_) => std::future::pending().await,
    }
}

impl Simulation {
    /// How many attempts of a smoke run fail: chance, but for what the scenario wants.
    fn failing(
        &self,
        environment: &str,
        parameters: &post_sync::Parameters,
        resubmitted: bool,
    ) -> usize {
        let (application, tag) = (&parameters.application, &parameters.tag);
        if resubmitted {
            return 0;
        }
        if self.scenario.fails_smoke(environment, application, tag) {
            return 3;
        }
        let apps = fleet::apps();
        if apps
            .iter()
            .any(|app| app.name == application && app.is_starring())
        {
            return 0;
        }
        match seeded(self.seed, &["fails", environment, application, tag]) % 100 {
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
    ) -> Result<bool, ClusterError> {
        let Some(production) = self.cluster("production") else {
            return Ok(false);
        };
        let chance = seeded(
            self.seed,
            &[
                "deploy",
                cause,
                &parameters.environment,
                &parameters.repository,
                &parameters.tag,
            ],
        );
        let workflow = parameters.workflow(&format!("deploy-image-{}", random_letters(chance, 5)));
        Ok(production.create(&workflow).await?.is_some())
    }
}
