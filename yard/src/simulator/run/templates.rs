//! Templates: the WorkflowTemplates of a cluster, reduced to what a console reads of them.
//!
//! Deliberately absent: the steps' scripts. The simulator plays the steps, and nothing would run a script.

use serde_json::{Value, json};

use crate::fleet::APPS;

/// Every WorkflowTemplate of one environment's cluster.
pub fn templates(next: Option<&str>) -> Vec<Value> {
    let smoke = [
        "application",
        "repoName",
        "imageTag",
        "promoteDeployment",
        "automaticDeploysEnabled",
    ];
    let deploy = ["environment", "repoName", "imageTag", "promoteDeployment"];
    let retry = json!({ "expression": "asInt(lastRetry.exitCode) > 1", "limit": 3, "backoff": { "duration": "2m", "factor": 2, "maxDuration": "16m" } });
    let mut tasks = vec![
        json!({ "name": "govuk-e2e-tests", "templateRef": { "name": "govuk-e2e-tests", "template": "govuk-e2e-tests" } }),
    ];
    if let Some(next) = next {
        tasks.push(json!({
            "name": "promote-release", "depends": "govuk-e2e-tests.Succeeded", "template": "send-webhook",
            "when": "'{{workflow.parameters.application}}' !~ '^draft-' && '{{workflow.parameters.promoteDeployment}}' == 'true' && '{{workflow.parameters.automaticDeploysEnabled}}' == 'true'",
            "arguments": { "parameters": [{ "name": "environment", "value": next }] },
        }));
    }
    vec![
        template(
            "post-sync",
            "handle-sync-event",
            &smoke,
            json!([{ "name": "handle-sync-event", "dag": { "tasks": tasks } }]),
            Some(retry),
        ),
        template(
            "deploy-image",
            "deploy-image",
            &deploy,
            json!([{ "name": "deploy-image", "steps": [[
            { "name": "update-image-tag", "templateRef": { "name": "update-image-tag", "template": "update-image-tag" } },
            { "name": "record-deployment-in-release", "templateRef": { "name": "notify-release", "template": "notify-release" } },
        ]] }]),
            None,
        ),
        template(
            "govuk-e2e-tests",
            "govuk-e2e-tests",
            &["grep"],
            json!([{ "name": "govuk-e2e-tests" }]),
            None,
        ),
    ]
}

fn template(
    name: &str,
    entrypoint: &str,
    parameters: &[&str],
    templates: Value,
    retry: Option<Value>,
) -> Value {
    let parameters: Vec<Value> = parameters
        .iter()
        .map(|name| json!({ "name": name }))
        .collect();
    let labels: serde_json::Map<String, Value> = parameters
        .iter()
        .filter_map(|one| one["name"].as_str())
        .map(|name| {
            (
                name.to_owned(),
                json!(format!("{{{{workflow.parameters.{name}}}}}")),
            )
        })
        .collect();
    let mut spec = json!({
        "entrypoint": entrypoint, "arguments": { "parameters": parameters }, "templates": templates,
        "workflowMetadata": { "labels": labels },
    });
    if name != "govuk-e2e-tests"
        && let Some(map) = spec.as_object_mut()
    {
        map.insert("onExit".to_owned(), json!("exit-handler"));
        retry.map(|retry| map.insert("retryStrategy".to_owned(), retry));
    }
    json!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "metadata": { "name": name, "namespace": APPS }, "spec": spec })
}
