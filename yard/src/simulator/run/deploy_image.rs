//! Deploy-image: the run that writes a version to git, in production's cluster for every environment.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::words::stopped;
use super::{NodeSpec, RunEvent, Timeline, TimelineBuilder};
use crate::fleet::APPS;
use crate::simulator::clock::Pace;
use crate::simulator::logs::Kind;

/// The parameters of one run, which do not change after its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// The environment whose file is written.
    pub environment: String,
    /// The repository, which names the file.
    pub repository: String,
    /// The version.
    pub tag: String,
    /// `promote_deployment`.
    pub promote: bool,
}

impl Parameters {
    /// Reads them from a Workflow's arguments; none where one is missing.
    pub fn from_workflow(workflow: &Value) -> Option<Parameters> {
        let all = workflow["spec"]["arguments"]["parameters"].as_array()?;
        let read = |name: &str| -> Option<String> {
            let value = &all.iter().find(|one| one["name"] == name)?["value"];
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (!text.is_empty()).then_some(text)
        };
        Some(Parameters {
            environment: read("environment")?,
            repository: read("repoName")?,
            tag: read("imageTag")?,
            promote: read("promoteDeployment").as_deref() == Some("true"),
        })
    }

    /// A new Workflow with these parameters, as the event binding forms it.
    pub fn workflow(&self, name: &str) -> Value {
        let promote = self.promote.to_string();
        json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": {
                "name": name, "generateName": "deploy-image-", "namespace": APPS,
                "labels": {
                    "environment": self.environment, "repoName": self.repository, "imageTag": self.tag, "promoteDeployment": promote,
                    "workflows.argoproj.io/workflow-template": "deploy-image",
                    "workflows.argoproj.io/workflow-event-binding": "deploy-image",
                    "workflows.argoproj.io/creator": "system-serviceaccount-apps-argo-workflows-events",
                },
                "annotations": {
                    "workflows.argoproj.io/title": format!("**deploy-image-{}-{}**", self.repository, self.tag),
                    "workflows.argoproj.io/description": format!("`env: {} promote: {promote}`", self.environment),
                    "workflows.argoproj.io/pod-name-format": "v2",
                },
            },
            "spec": {
                "workflowTemplateRef": { "name": "deploy-image" },
                "arguments": { "parameters": [
                    { "name": "environment", "value": self.environment }, { "name": "repoName", "value": self.repository },
                    { "name": "imageTag", "value": self.tag }, { "name": "promoteDeployment", "value": promote },
                ] },
            },
        })
    }
}

/// Plans a run: both steps begin together, and the first commits shortly before its end.
pub fn timeline(
    workflow: &str,
    parameters: &Parameters,
    node: &str,
    (started, pace): (Timestamp, Pace),
) -> Timeline {
    let mut plan = TimelineBuilder::new(workflow, node, started, pace);
    let root = workflow.to_owned();
    let (template, update) = ("deploy-image", "update-image-tag");
    plan.begin(
        0.0,
        NodeSpec {
            name: root.clone(),
            kind: "Steps",
            template,
            ..NodeSpec::default()
        },
        "Running",
        "",
    );
    let group = format!("{root}[0]");
    let spec = NodeSpec {
        name: group.clone(),
        display: "[0]".into(),
        kind: "StepGroup",
        boundary: Some(root.clone()),
        parent: Some(root.clone()),
        ..NodeSpec::default()
    };
    plan.begin(0.0, spec, "Running", "");
    let inputs = vec![
        ("environment", parameters.environment.clone()),
        ("repoName", parameters.repository.clone()),
        ("imageTag", parameters.tag.clone()),
        ("promoteDeployment", parameters.promote.to_string()),
    ];
    let step = |name: String, display: &str, kind, template, from, parent: &str| NodeSpec {
        name,
        display: display.to_owned(),
        kind,
        template,
        template_ref: Some(from),
        boundary: Some(root.clone()),
        parent: Some(parent.to_owned()),
        inputs: inputs.clone(),
        ..NodeSpec::default()
    };
    let name = format!("{group}.{update}");
    plan.begin(
        0.0,
        step(name.clone(), update, "Retry", update, update, &group),
        "Running",
        "",
    );
    let script = Kind::UpdateTag {
        parameters: parameters.clone(),
    };
    let attempt = NodeSpec {
        retried: true,
        ..step(
            format!("{name}(0)"),
            "update-image-tag(0)",
            "Pod",
            update,
            update,
            &name,
        )
    };
    plan.pod(0.0, 16.0, attempt, script, 0);
    plan.add(
        13.0,
        RunEvent::Commit {
            environment: parameters.environment.clone(),
            repository: parameters.repository.clone(),
            tag: parameters.tag.clone(),
            promote: parameters.promote,
        },
    );
    plan.end(16.0, &name, "Succeeded", "", None);
    let record = "record-deployment-in-release";
    let recorded = step(
        format!("{group}.{record}"),
        record,
        "Pod",
        "notify-release",
        "notify-release",
        &group,
    );
    plan.pod(
        0.0,
        9.0,
        recorded,
        Kind::Recorded {
            parameters: parameters.clone(),
        },
        0,
    );
    plan.end(16.0, &group, "Succeeded", "", None);
    plan.end(16.0, &root, "Succeeded", "", None);
    let at = exit_handler(&mut plan, 17.0, &root, parameters, true);
    plan.build(at, "Succeeded", "")
}

/// Plans the exit handler of a run that was stopped. This template has no retry strategy as a whole, so the stop does not
/// reach the handler and all of it runs.
pub fn stopped_exit_handler(
    workflow: &str,
    parameters: &Parameters,
    node: &str,
    (started, pace): (Timestamp, Pace),
) -> Timeline {
    let mut plan = TimelineBuilder::new(workflow, node, started, pace);
    let at = exit_handler(&mut plan, 0.0, workflow, parameters, false);
    plan.build(at, "Failed", &stopped("Stop"))
}

fn exit_handler(
    plan: &mut TimelineBuilder<'_>,
    mut at: f64,
    root: &str,
    parameters: &Parameters,
    passed: bool,
) -> f64 {
    let handler = format!("{root}.onExit");
    plan.begin(
        at,
        NodeSpec {
            name: handler.clone(),
            kind: "Steps",
            template: "exit-handler",
            hooked: true,
            ..NodeSpec::default()
        },
        "Running",
        "",
    );
    let group = format!("{handler}[0]");
    let spec = NodeSpec {
        name: group.clone(),
        display: "[0]".into(),
        kind: "StepGroup",
        boundary: Some(handler.clone()),
        parent: Some(handler.clone()),
        ..NodeSpec::default()
    };
    plan.begin(at, spec, "Running", "");
    let spec = |kind| NodeSpec {
        name: format!("{group}.notify-slack"),
        display: "notify-slack".into(),
        kind,
        template: "notify-slack",
        template_ref: Some("notify-slack"),
        boundary: Some(handler.clone()),
        parent: Some(group.clone()),
        ..NodeSpec::default()
    };
    if passed {
        let message = "when 'Succeeded != Succeeded' evaluated false";
        plan.begin(at, spec("Skipped"), "Skipped", message);
    } else {
        let script = Kind::Failures {
            application: parameters.repository.clone(),
            environment: parameters.environment.clone(),
            tag: parameters.tag.clone(),
        };
        plan.pod(at, at + 5.0, spec("Pod"), script, 0);
        at += 5.0;
    }
    plan.end(at, &group, "Succeeded", "", None);
    plan.end(at, &handler, "Succeeded", "", None);
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_commits_what_its_parameters_say() {
        let given = Parameters {
            environment: "staging".into(),
            repository: "router".into(),
            tag: "v9".into(),
            promote: false,
        };
        let read = Parameters::from_workflow(&given.workflow("deploy-image-x")).unwrap();
        assert_eq!(read, given);
        let timeline = timeline(
            "deploy-image-x",
            &read,
            "n",
            (Timestamp::UNIX_EPOCH, Pace::new(1.0)),
        );
        let committed = timeline.events.iter().find_map(|(_, event)| match event {
            RunEvent::Commit {
                environment,
                repository,
                tag,
                promote,
            } => Some((
                environment.as_str(),
                repository.as_str(),
                tag.as_str(),
                *promote,
            )),
            _ => None,
        });
        assert_eq!(committed, Some(("staging", "router", "v9", false)));
    }
}
