//! Stop: what the engine does to a run that somebody stops or terminates, and what it leaves undone.
//!
//! Where a whole template is retried (post-sync), the engine looks at the retry above and no more at the try below: a try
//! with steps of its own stays Running for ever, and the exit handler, which is retried too, is cut short.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Parameters, RunPlayer};
use crate::simulator::clock::stamp;
use crate::simulator::cluster::ClusterError;
use crate::simulator::opening::node_name;
use crate::simulator::run::words::{child_failed, pod_failed, stopped};
use crate::simulator::run::{RunEvent, deploy_image, exit_handler};

impl RunPlayer<'_> {
    /// Stops what runs. After Stop the exit handler follows, after Terminate nothing.
    pub(super) async fn shut_down(
        &mut self,
        parameters: &Parameters,
        strategy: &str,
    ) -> Result<(), ClusterError> {
        let now = Timestamp::now();
        let at = stamp(now);
        // By signal: asked to end, or killed.
        let code = if strategy == "Stop" { 143 } else { 137 };
        stop_nodes(&mut self.nodes, strategy, code, &at);
        for pod in self.pods.clone() {
            self.cluster.logs.end_pod(&pod, now);
            let found = self.cluster.get("pods", &pod).await?;
            if found.is_some_and(|pod| pod["status"]["phase"] == "Running") {
                self.end_pod(&pod, &at, code).await?;
            }
        }
        if strategy != "Stop" {
            return self.write_end("Failed", &stopped(strategy), &at).await;
        }
        let nodes = json!({ "status": { "nodes": self.nodes } });
        self.cluster.patch("workflows", &self.name, &nodes).await?;
        let (environment, pace) = (self.cluster.environment, self.simulation.pace);
        let node = node_name(environment);
        let exit = match parameters {
            Parameters::PostSync(parameters) => exit_handler::stopped_exit_handler(
                &self.name,
                parameters,
                environment,
                &node,
                (now, pace),
            ),
            Parameters::DeployImage(parameters) => {
                deploy_image::stopped_exit_handler(&self.name, parameters, &node, (now, pace))
            }
        };
        for (seconds, event) in exit.events {
            let due = pace.after(now, seconds).duration_since(Timestamp::now());
            tokio::time::sleep(std::time::Duration::try_from(due).unwrap_or_default()).await;
            let is_end = matches!(event, RunEvent::Finished { .. });
            self.apply_events(vec![event]).await?;
            if is_end {
                break;
            }
        }
        Ok(())
    }
}

/// Ends the nodes of a run, all but those that the engine does not look at any more.
fn stop_nodes(nodes: &mut Map<String, Value>, strategy: &str, code: i64, at: &str) {
    let is_active = |node: &Value| node["phase"] == "Running" || node["phase"] == "Pending";
    // From the leaves up: a step says which of its children failed.
    for kinds in [&["Pod"][..], &["Retry"], &["StepGroup"], &["Steps", "DAG"]] {
        let active: Vec<String> = nodes
            .iter()
            .filter(|(_, node)| is_active(node))
            .filter(|(_, node)| kinds.iter().any(|kind| node["type"] == *kind))
            .filter(|(_, node)| kinds == ["Pod"] || node["nodeFlag"]["retried"] != true)
            .map(|(id, _)| id.clone())
            .collect();
        for id in active {
            let failed = nodes.get(&id).and_then(|node| failed_child(nodes, node));
            let Some(node) = nodes.get_mut(&id).and_then(Value::as_object_mut) else {
                continue;
            };
            let is_pending = node.get("phase").is_some_and(|phase| phase == "Pending");
            let message = match kinds {
                ["Pod"] if is_pending => format!("workflow shutdown with strategy:  {strategy}"),
                ["Pod"] => {
                    node.insert(
                        "outputs".to_owned(),
                        json!({ "exitCode": code.to_string() }),
                    );
                    pod_failed(code)
                }
                ["Retry"] => stopped(strategy),
                _ => failed.map_or_else(String::new, |child| child_failed(&child)),
            };
            node.insert("phase".to_owned(), json!("Failed"));
            node.insert("message".to_owned(), json!(message));
            node.insert("finishedAt".to_owned(), json!(at));
        }
    }
}

fn failed_child(nodes: &Map<String, Value>, node: &Value) -> Option<String> {
    let children = node["children"].as_array()?.iter();
    let mut ids = children.filter_map(Value::as_str);
    let failed = ids.find(|id| {
        nodes
            .get(*id)
            .is_some_and(|child| child["phase"] == "Failed")
    });
    failed.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::clock::Pace;
    use crate::simulator::run::{Timeline, post_sync};

    fn parameters() -> post_sync::Parameters {
        post_sync::Parameters {
            application: "publisher".into(),
            repository: "publisher".into(),
            tag: "v1362".into(),
            promote: true,
            gate: true,
        }
    }

    /// The nodes as they are that many seconds after the start.
    fn nodes_at(timeline: Timeline, seconds: f64) -> Map<String, Value> {
        let mut nodes = Map::new();
        for (_, event) in timeline.events.into_iter().filter(|(at, _)| *at <= seconds) {
            if let RunEvent::Node(node) = event {
                nodes.insert(node["id"].as_str().unwrap().to_owned(), node);
            }
        }
        nodes
    }

    fn node<'a>(nodes: &'a Map<String, Value>, name: &str) -> &'a Value {
        let found = nodes.values().find(|node| node["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}"))
    }

    /// Phase, message and whether it says when it ended, of each node; written by hand from a run that a real engine stopped
    /// while its tests ran.
    #[test]
    fn a_stopped_smoke_run_leaves_its_try_running_and_its_exit_handler_cut_short() {
        let start = (Timestamp::UNIX_EPOCH, Pace::new(1.0));
        let (run, given) = ("post-sync-ijm7u", parameters());
        let timeline =
            post_sync::timeline(run, &given, "staging", Some("production"), "n", start, 0);
        let mut nodes = nodes_at(timeline, 20.0);
        stop_nodes(&mut nodes, "Stop", 143, "1970-01-01T00:00:20Z");
        let exit = exit_handler::stopped_exit_handler(run, &given, "staging", "n", start);
        nodes.extend(nodes_at(exit, 60.0));
        let tests = format!("{run}(0).govuk-e2e-tests");
        let stopped = "Stopped with strategy 'Stop'";
        let handler = format!("{run}.onExit");
        let first = format!("{handler}(0)[0].parse-failures");
        let child = format!(
            "child '{}' failed",
            node(&nodes, &first)["id"].as_str().unwrap()
        );
        for (name, kind, phase, message) in [
            (run.to_owned(), "Retry", "Failed", Some(stopped)),
            (format!("{run}(0)"), "DAG", "Running", None),
            (tests.clone(), "Retry", "Failed", Some(stopped)),
            (
                format!("{tests}(0)"),
                "Pod",
                "Failed",
                Some("main: Error (exit code 143)"),
            ),
            (handler.clone(), "Retry", "Failed", Some(stopped)),
            (
                format!("{handler}(0)"),
                "Steps",
                "Failed",
                Some(child.as_str()),
            ),
            (
                format!("{handler}(0)[0]"),
                "StepGroup",
                "Failed",
                Some(child.as_str()),
            ),
            (first.clone(), "Retry", "Failed", Some(stopped)),
            (format!("{first}(0)"), "Pod", "Succeeded", None),
        ] {
            let node = node(&nodes, &name);
            assert_eq!(
                (&node["type"], &node["phase"]),
                (&json!(kind), &json!(phase)),
                "{name}"
            );
            assert_eq!(node["message"].as_str(), message, "{name}");
            assert_eq!(node["finishedAt"].is_string(), phase != "Running", "{name}");
        }
        assert_eq!(nodes.len(), 9, "nothing else was begun: {:?}", nodes.keys());
        assert_eq!(
            node(&nodes, &handler)["nodeFlag"],
            json!({ "hooked": true, "retried": true })
        );
    }

    #[test]
    fn a_stopped_deploy_image_run_fails_step_by_step_and_its_exit_handler_runs_whole() {
        let start = (Timestamp::UNIX_EPOCH, Pace::new(1.0));
        let given = deploy_image::Parameters {
            environment: "production".into(),
            repository: "router".into(),
            tag: "v9".into(),
            promote: false,
        };
        let run = "deploy-image-x";
        let mut nodes = nodes_at(deploy_image::timeline(run, &given, "n", start), 8.0);
        stop_nodes(&mut nodes, "Stop", 143, "1970-01-01T00:00:08Z");
        let exit = deploy_image::stopped_exit_handler(run, &given, "n", start);
        nodes.extend(nodes_at(exit, 60.0));
        assert!(
            nodes.values().all(|node| node["phase"] != "Running"),
            "{nodes:?}"
        );
        let group = node(&nodes, &format!("{run}[0]"));
        assert!(
            group["message"]
                .as_str()
                .is_some_and(|said| said.starts_with("child '")),
            "{group}"
        );
        let handler = node(&nodes, &format!("{run}.onExit"));
        assert_eq!(handler["phase"], "Succeeded");
        let slack = node(&nodes, &format!("{run}.onExit[0].notify-slack"));
        assert_eq!(
            (&slack["type"], &slack["phase"]),
            (&json!("Pod"), &json!("Succeeded"))
        );
    }
}
