//! Copy: the new object of a resubmit, field by field as Argo Workflows' FormulateResubmitWorkflow makes it.
//!
//! Deliberately absent: status and finalizers, which are not copied.

use super::resubmit::Repeated;
use super::subject::Subject;
use super::{Refusal, mark};
use crate::model::Run;
use serde_json::{Map, Value, json};

/// Labels that Argo Workflows does not copy: they say who made the old run and how it ended.
const LEFT_OUT: [&str; 7] = [
    "workflows.argoproj.io/creator",
    "workflows.argoproj.io/creator-email",
    "workflows.argoproj.io/creator-preferred-username",
    "workflows.argoproj.io/phase",
    "workflows.argoproj.io/completed",
    "workflows.argoproj.io/workflow-archiving-status",
    "workflows.argoproj.io/action",
];

/// What Argo Workflows generates a name from.
pub(super) fn generate_name(run: &Run) -> String {
    run.generate_name
        .as_deref()
        .filter(|name| !name.is_empty())
        .map_or_else(|| format!("{}-", run.id.name), str::to_owned)
}

/// The new object: FormulateResubmitWorkflow but for its name and our annotations.
pub(super) fn formulate(
    subject: &Subject<'_>,
    repeated: &Repeated<'_>,
    name: &str,
    base: &str,
    tests_only: bool,
) -> Result<Value, Refusal> {
    let Repeated { run, runs, .. } = repeated;
    let unreadable = |what: &str| {
        subject.refusal(
            format!(
                "The {what} of {} cannot be copied: it is no JSON object.",
                run.id.name
            ),
            "Resubmit it in Argo Workflows itself.",
        )
    };
    let mut spec: Map<String, Value> =
        serde_json::from_str(&run.spec).map_err(|_| unreadable("spec"))?;
    spec.remove("shutdown");
    if spec.get("activeDeadlineSeconds").and_then(Value::as_i64) == Some(0) {
        spec.remove("activeDeadlineSeconds");
    }
    let mut labels: Map<String, Value> = run
        .labels
        .iter()
        .filter(|(key, _)| !LEFT_OUT.contains(&&***key) && &***key != mark::RESUBMITTED_FROM)
        .map(|(key, value)| (key.to_string(), json!(&**value)))
        .collect();
    if let Some(from) = mark::label(&run.id.name) {
        labels.insert(mark::RESUBMITTED_FROM.into(), json!(from));
    }
    if tests_only {
        close_gate(&mut spec, &runs.gate_parameter).ok_or_else(|| unreadable("arguments"))?;
        // The label repeats the parameter for whoever selects by it.
        if let Some(label) = labels.get_mut(&*runs.gate_parameter) {
            *label = json!("false");
        }
    }
    let mut annotations: Map<String, Value> = run
        .annotations
        .iter()
        .map(|(key, value)| (key.to_string(), json!(&**value)))
        .collect();
    mark::annotate(
        &mut annotations,
        subject.context.id,
        &subject.context.who.login,
        subject.request.reason.as_deref(),
    );
    annotations.insert(mark::RUN.into(), json!(name));
    annotations.insert(mark::ORIGIN.into(), json!(&*run.id.uid));
    annotations.insert(mark::ATTEMPT.into(), json!(repeated.attempt.to_string()));
    let mut metadata = Map::new();
    metadata.insert("name".into(), json!(name));
    metadata.insert("generateName".into(), json!(base));
    metadata.insert("namespace".into(), json!(&*run.id.namespace));
    metadata.insert("labels".into(), Value::Object(labels));
    metadata.insert("annotations".into(), Value::Object(annotations));
    if let Some(owners) = &run.owners {
        let owners: Value =
            serde_json::from_str(owners).map_err(|_| unreadable("list of owners"))?;
        metadata.insert("ownerReferences".into(), owners);
    }
    Ok(json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": metadata,
        "spec": spec,
    }))
}

/// Overrides one parameter with false as Argo Workflows does: overridden ones first, then the untouched originals.
fn close_gate(spec: &mut Map<String, Value>, parameter: &str) -> Option<()> {
    let parameters = spec
        .entry("arguments")
        .or_insert_with(|| json!({}))
        .as_object_mut()?
        .entry("parameters")
        .or_insert_with(|| json!([]));
    if parameters.is_null() {
        *parameters = json!([]);
    }
    let parameters = parameters.as_array_mut()?;
    parameters.retain(|p| p["name"] != parameter);
    parameters.insert(0, json!({"name": parameter, "value": "false"}));
    Some(())
}
