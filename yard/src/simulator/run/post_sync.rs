//! Post-sync: the smoke run that follows a healthy sync, and promotes the version if it passes.
//!
//! The retry strategy stands on the whole Workflow, so the engine wraps every template in a Retry node.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::exit_handler::exit_handler;
use super::words::backing_off;
use super::{NodeSpec, RunEvent, Timeline, TimelineBuilder};
use crate::fleet::APPS;
use crate::simulator::clock::Pace;
use crate::simulator::logs::Kind;

/// The parameters of one run, which do not change after its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// The app.
    pub application: String,
    /// Its repository.
    pub repository: String,
    /// The version.
    pub tag: String,
    /// `promoteDeployment`.
    pub promote: bool,
    /// `automaticDeploysEnabled`.
    pub gate: bool,
}

impl Parameters {
    /// Reads them from a Workflow's arguments; none where it names no app.
    pub fn from_workflow(workflow: &Value) -> Option<Parameters> {
        let read = |name: &str| -> String {
            let all = workflow["spec"]["arguments"]["parameters"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            match all
                .iter()
                .find(|one| one["name"] == name)
                .map(|one| &one["value"])
            {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Null) | None => String::new(),
                Some(other) => other.to_string(),
            }
        };
        let application = read("application");
        (!application.is_empty()).then(|| Parameters {
            application,
            repository: read("repoName"),
            tag: read("imageTag"),
            promote: read("promoteDeployment") == "true",
            gate: read("automaticDeploysEnabled") == "true",
        })
    }

    /// A new Workflow with these parameters, as the event binding forms it.
    pub fn workflow(&self, name: &str) -> Value {
        let value = |name: &str, value: &str| json!({ "name": name, "value": value });
        let (promote, gate) = (self.promote.to_string(), self.gate.to_string());
        json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": {
                "name": name, "generateName": "post-sync-", "namespace": APPS,
                "labels": {
                    "application": self.application, "repoName": self.repository, "imageTag": self.tag,
                    "promoteDeployment": promote, "automaticDeploysEnabled": gate,
                    "workflows.argoproj.io/workflow-template": "post-sync",
                    "workflows.argoproj.io/workflow-event-binding": "post-sync",
                    "workflows.argoproj.io/creator": "system-serviceaccount-apps-argo-workflows-events",
                },
                "annotations": {
                    "workflows.argoproj.io/title": format!("**post-sync-{}-{}**", self.application, self.tag),
                    "workflows.argoproj.io/description": format!("`promote: {promote} auto_deploy: {gate}`"),
                    "workflows.argoproj.io/pod-name-format": "v2",
                },
            },
            "spec": {
                "workflowTemplateRef": { "name": "post-sync" },
                "arguments": { "parameters": [
                    value("application", &self.application), value("repoName", &self.repository),
                    value("imageTag", &self.tag), value("promoteDeployment", &promote),
                    value("automaticDeploysEnabled", &gate),
                ] },
            },
        })
    }
}

/// Seconds that the retry strategy of the whole Workflow waits; `templates` has the same number in words.
const ROOT_BACKOFF: u64 = 120;
/// Seconds until the engine looks at a run again.
pub const LOOKED_AGAIN: f64 = 10.0;

/// Plans a run whose tests fail at the first `failing` attempts; there are three attempts in all.
pub fn timeline(
    workflow: &str,
    parameters: &Parameters,
    environment: &str,
    next: Option<&str>,
    node: &str,
    (started, pace): (Timestamp, Pace),
    failing: usize,
) -> Timeline {
    let mut plan = TimelineBuilder::new(workflow, node, started, pace);
    let application = parameters.application.as_str();
    let root = workflow.to_owned();
    let dag = format!("{root}(0)");
    let template = "handle-sync-event";
    plan.begin(
        0.0,
        NodeSpec {
            name: root.clone(),
            kind: "Retry",
            template,
            ..NodeSpec::default()
        },
        "Running",
        "",
    );
    plan.begin(
        0.0,
        NodeSpec {
            name: dag.clone(),
            kind: "DAG",
            template,
            parent: Some(root.clone()),
            retried: true,
            ..NodeSpec::default()
        },
        "Running",
        "",
    );
    let tests = format!("{dag}.govuk-e2e-tests");
    let e2e = "govuk-e2e-tests";
    let inputs = vec![("grep", format!("@app-{application}"))];
    let task = |name: String, display: &str, kind| NodeSpec {
        name,
        display: display.to_owned(),
        kind,
        template: e2e,
        template_ref: Some(e2e),
        boundary: Some(dag.clone()),
        inputs: inputs.clone(),
        ..NodeSpec::default()
    };
    plan.begin(
        1.0,
        NodeSpec {
            parent: Some(dag.clone()),
            ..task(tests.clone(), e2e, "Retry")
        },
        "Running",
        "",
    );
    let (mut at, mut last) = (1.0, tests.clone());
    let mut passed = false;
    for attempt in 0..3 {
        let fails = attempt < failing;
        // A failing attempt takes longer, because it waits until its timeout.
        let lasts = if fails { 62.0 } else { 96.0 };
        last = format!("{tests}({attempt})");
        let script = Kind::Playwright {
            application: application.to_owned(),
            environment: environment.to_owned(),
            run: workflow.to_owned(),
            attempt,
            fails,
        };
        let spec = NodeSpec {
            parent: Some(tests.clone()),
            retried: true,
            ..task(last.clone(), &format!("{e2e}({attempt})"), "Pod")
        };
        plan.pod(at, at + lasts, spec, script, i64::from(fails));
        at += lasts;
        passed = !fails;
        if passed || attempt == 2 {
            break;
        }
        // The backoff of the test template's own retry strategy.
        let pause = 15_u32 << attempt;
        plan.wait(at, &tests, &backing_off(pause.into()));
        at += f64::from(pause);
    }
    let message = if passed { "" } else { "No more retries left" };
    let phase = if passed { "Succeeded" } else { "Failed" };
    plan.end(at, &tests, phase, message, None);
    if let Some(next) = next {
        at = promotion(&mut plan, at, (&dag, &last), parameters, next, passed);
    }
    plan.end(at, &dag, phase, "", None);
    let message = if passed {
        ""
    } else {
        // The engine waits first and only then asks the expression whether to try again.
        plan.wait(at, &root, &backing_off(ROOT_BACKOFF));
        at += ROOT_BACKOFF as f64 + LOOKED_AGAIN;
        "retryStrategy.expression evaluated to false"
    };
    plan.end(at, &root, phase, message, None);
    at = exit_handler(&mut plan, at, &root, parameters, environment, passed);
    plan.build(at, phase, message)
}

fn promotion(
    plan: &mut TimelineBuilder<'_>,
    at: f64,
    (dag, last): (&str, &str),
    parameters: &Parameters,
    next: &str,
    passed: bool,
) -> f64 {
    let name = format!("{dag}.promote-release");
    let spec = |name: String, display: &str, kind| NodeSpec {
        name,
        display: display.to_owned(),
        kind,
        template: "send-webhook",
        boundary: Some(dag.to_owned()),
        inputs: vec![
            ("environment", next.to_owned()),
            ("repoName", parameters.repository.clone()),
            ("imageTag", parameters.tag.clone()),
            ("promoteDeployment", "true".to_owned()),
            ("application", parameters.application.clone()),
        ],
        ..NodeSpec::default()
    };
    let skipped = |display: &str| NodeSpec {
        parent: Some(last.to_owned()),
        ..spec(name.clone(), display, "Skipped")
    };
    if !passed {
        plan.begin(
            at,
            skipped("promote-release"),
            "Omitted",
            "omitted: depends condition not met",
        );
        return at;
    }
    let (application, promote, gate) =
        (&parameters.application, parameters.promote, parameters.gate);
    if application.starts_with("draft-") || !promote || !gate {
        let condition = format!(
            "''{application}' !~ '^draft-' && '{promote}' == 'true' && '{gate}' == 'true''"
        );
        plan.begin(
            at,
            skipped("promote-release"),
            "Skipped",
            &format!("when {condition} evaluated false"),
        );
        return at;
    }
    let retry = NodeSpec {
        parent: Some(last.to_owned()),
        ..spec(name.clone(), "promote-release", "Retry")
    };
    plan.begin(at, retry, "Running", "");
    let attempt = NodeSpec {
        parent: Some(name.clone()),
        retried: true,
        ..spec(format!("{name}(0)"), "promote-release(0)", "Pod")
    };
    let script = Kind::Webhook {
        environment: next.to_owned(),
        repository: parameters.repository.clone(),
        tag: parameters.tag.clone(),
    };
    plan.pod(at, at + 7.0, attempt, script, 0);
    let promote = RunEvent::Promote {
        environment: next.to_owned(),
        repository: parameters.repository.clone(),
        tag: parameters.tag.clone(),
    };
    plan.add(at + 6.0, promote);
    plan.end(at + 7.0, &name, "Succeeded", "", None);
    at + 7.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(gate: bool) -> Parameters {
        Parameters {
            application: "publisher".into(),
            repository: "publisher".into(),
            tag: "v1362".into(),
            promote: true,
            gate,
        }
    }

    fn status(gate: bool, failing: usize) -> (Value, usize) {
        let pace = Pace::new(1.0);
        let timeline = timeline(
            "post-sync-7xk2p",
            &parameters(gate),
            "staging",
            Some("production"),
            "n",
            (Timestamp::UNIX_EPOCH, pace),
            failing,
        );
        let folded = timeline.finished_run(Timestamp::UNIX_EPOCH, pace);
        (folded.status, folded.pods.len())
    }

    fn node<'a>(status: &'a Value, display: &str) -> &'a Value {
        status["nodes"]
            .as_object()
            .unwrap()
            .values()
            .find(|node| node["displayName"] == display)
            .unwrap()
    }

    #[test]
    fn three_failed_attempts_fail_the_run_and_omit_the_promotion() {
        let (status, pods) = status(true, 3);
        assert_eq!(status["phase"], "Failed");
        assert_eq!(
            node(&status, "govuk-e2e-tests")["children"]
                .as_array()
                .unwrap()
                .len(),
            3
        );
        assert_eq!(
            node(&status, "govuk-e2e-tests(2)")["outputs"]["exitCode"],
            "1"
        );
        assert_eq!(node(&status, "promote-release")["phase"], "Omitted");
        assert_eq!(pods, 5);
        for node in status["nodes"].as_object().unwrap().values() {
            assert!(node["finishedAt"].is_string(), "{node}");
            for child in node["children"].as_array().into_iter().flatten() {
                assert!(
                    status["nodes"].get(child.as_str().unwrap()).is_some(),
                    "{child} of {node}"
                );
            }
        }
    }

    /// As a real engine does it: for two minutes after the last try failed the run stays Running, and only then the
    /// engine asks the expression, which says no.
    #[test]
    fn a_failed_run_backs_off_before_it_asks_whether_to_try_again() {
        let start = (Timestamp::UNIX_EPOCH, Pace::new(1.0));
        let given = parameters(true);
        let timeline = timeline("w", &given, "staging", Some("production"), "n", start, 3);
        let at = |name: &str, seconds: f64| {
            let events = timeline.events.iter().rev();
            let mut past = events.filter(|(at, _)| *at <= seconds);
            let node = past.find_map(|(_, event)| match event {
                RunEvent::Node(node) if node["name"] == name => Some(node),
                _ => None,
            });
            let node = node.unwrap();
            let said = |key: &str| node[key].as_str().unwrap_or("").to_owned();
            (said("phase"), said("message"))
        };
        let word = |phase: &str, message: &str| (phase.to_owned(), message.to_owned());
        let tests = "w(0).govuk-e2e-tests";
        // Three tries of 62 s, with 15 and 30 s between them.
        let last = 1.0 + 3.0 * 62.0 + 45.0;
        assert_eq!(at(tests, 70.0), word("Running", "Backoff for 15 seconds"));
        assert_eq!(at(tests, last), word("Failed", "No more retries left"));
        assert_eq!(at("w(0)", last), word("Failed", ""));
        for waited in [0.0, 60.0, 129.0] {
            assert_eq!(
                at("w", last + waited),
                word("Running", "Backoff for 2 minutes 0 seconds")
            );
        }
        let over = word("Failed", "retryStrategy.expression evaluated to false");
        assert_eq!(at("w", last + 130.0), over);
        assert_eq!(
            at(&format!("{tests}(2)"), last),
            word("Failed", "main: Error (exit code 1)")
        );
    }

    #[test]
    fn a_closed_gate_skips_the_promotion_and_says_why() {
        let (status, _) = status(false, 1);
        assert_eq!(status["phase"], "Succeeded");
        let message = node(&status, "promote-release")["message"]
            .as_str()
            .unwrap();
        assert!(
            message.ends_with("'false' == 'true'' evaluated false"),
            "{message}"
        );
        assert_eq!(node(&status, "promote-release")["phase"], "Skipped");
    }

    #[test]
    fn a_passed_run_with_an_open_gate_promotes() {
        let timeline = timeline(
            "w",
            &parameters(true),
            "staging",
            Some("production"),
            "n",
            (Timestamp::UNIX_EPOCH, Pace::new(1.0)),
            0,
        );
        let promoted = timeline.events.iter().any(|(_, event)| matches!(event, RunEvent::Promote { environment, .. } if environment == "production"));
        assert!(promoted);
    }

    #[test]
    fn parameters_survive_a_workflow() {
        let given = parameters(true);
        assert_eq!(
            Parameters::from_workflow(&given.workflow("post-sync-x")),
            Some(given)
        );
    }
}
