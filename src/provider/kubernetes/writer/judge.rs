//! Judge: whether an object still is what a plan was decided on, and what an answer means for a write.

use super::{failed, refused};
use crate::model::ObjectId;
use crate::plan::mark::{OPERATION_PLAN, ORIGIN, PLAN, STOP};
use crate::plan::{Guard, Origin, Outcome, Plan, Write};
use crate::provider::kubernetes::call::Failure;
use serde_json::Value;

/// Why the object is not what the plan was decided on; none when it is. `seen` is the resourceVersion that it has to have.
pub(super) fn changed(
    object: &Value,
    id: &ObjectId,
    seen: Option<&str>,
    guards: &[Guard],
) -> Option<String> {
    let meta = &object["metadata"];
    if meta["uid"].as_str() != Some(&id.uid) {
        return Some(format!(
            "{id} was deleted and made anew since the plan was made."
        ));
    }
    if !meta["deletionTimestamp"].is_null() {
        return Some(format!("{id} is being deleted."));
    }
    for guard in guards {
        match guard {
            Guard::NoOperation => {
                let phase = object["status"]["operationState"]["phase"].as_str();
                if !object["operation"].is_null()
                    || matches!(phase, Some("Running" | "Terminating"))
                {
                    return Some(format!("Another operation runs on {id}."));
                }
            }
            Guard::NotOver => {
                let over = matches!(
                    object["status"]["phase"].as_str(),
                    Some("Succeeded" | "Failed" | "Error")
                );
                let labelled =
                    meta["labels"]["workflows.argoproj.io/completed"].as_str() == Some("true");
                if over || labelled {
                    return Some(format!("{id} is over already."));
                }
                if let Some(shutdown) = object["spec"]["shutdown"]
                    .as_str()
                    .filter(|s| !s.is_empty())
                {
                    return Some(format!("{id} was asked to shut down already ({shutdown})."));
                }
            }
        }
    }
    if seen.is_some_and(|seen| meta["resourceVersion"].as_str() != Some(seen)) {
        return Some(format!(
            "{id} has changed since the plan was made: look at it again."
        ));
    }
    None
}

/// Whether an answer says that the object has moved since it was read, so that this request wrote nothing.
pub(super) fn is_conflict(failure: &Failure) -> bool {
    failure.code == Some(409) && failure.reason == "Conflict"
}

/// Whether the object of this very uid carries the plan already.
pub(super) fn is_done(object: &Value, id: &ObjectId, plan: &Plan) -> bool {
    object["metadata"]["uid"].as_str() == Some(&id.uid) && carries(object, plan)
}

/// Why a run cannot be repeated as planned; none when it can.
pub(super) fn other_origin(run: &Value, origin: &Origin) -> Option<String> {
    let id = &origin.id;
    if run["metadata"]["uid"].as_str() != Some(&id.uid) {
        return Some(format!(
            "The run {id} was deleted and made anew since the plan was made."
        ));
    }
    let phase = run["status"]["phase"].as_str().unwrap_or("Pending");
    (phase != origin.phase).then(|| {
        format!(
            "The run {id} is {phase} now, and was {} when the plan was made.",
            origin.phase
        )
    })
}

/// What a success of the server means: applied only if its body is the planned object with the plan's mark on it, as a server
/// keeps it. Login pages and proxies answer 200 to everything, some with what they were sent, and it may or may not have gone on.
pub(super) fn acknowledged(body: &[u8], plan: &Plan, evidence: String) -> Outcome {
    let is_planned = serde_json::from_slice::<Value>(body).is_ok_and(|object| match &plan.write {
        Write::Commit { .. } => false,
        Write::Create {
            namespace,
            name,
            object: planned,
            ..
        } => {
            object["kind"] == planned["kind"]
                && is_kept(&object)
                && is_named(&object, namespace, name)
                && annotation(&object, PLAN) == Some(plan.id.as_str())
        }
        Write::Patch { id, plural, .. } => {
            object["kind"].as_str() == kind_of(plural)
                && is_kept(&object)
                && is_named(&object, &id.namespace, &id.name)
                && carries(&object, plan)
        }
    });
    if is_planned {
        return Outcome::Applied { evidence };
    }
    unknown(
        "The answer was a success, but not the object that was sent: a login page or a proxy may have given it.",
    )
}

/// Whether an object has what only the server gives it when it is kept.
fn is_kept(object: &Value) -> bool {
    ["uid", "resourceVersion", "creationTimestamp"]
        .iter()
        .all(|key| {
            object["metadata"][key]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        })
}

fn kind_of(plural: &str) -> Option<&'static str> {
    match plural {
        "applications" => Some("Application"),
        "workflows" => Some("Workflow"),
        _ => None,
    }
}

/// Whether an answer is an object of this name; what else answers 200 (a login page, another service) is not.
pub(super) fn is_named(object: &Value, namespace: &str, name: &str) -> bool {
    let meta = &object["metadata"];
    meta["name"] == name && meta["namespace"] == namespace
}

/// Whether a found object is what this plan makes: its id, and the same origin where there is one.
pub(super) fn is_ours(object: &Value, plan: &Plan, origin: Option<&Origin>) -> bool {
    annotation(object, PLAN) == Some(plan.id.as_str())
        && origin.is_none_or(|o| annotation(object, ORIGIN).is_none_or(|uid| uid == &*o.id.uid))
}

/// Whether an object names the plan that patched it: in an annotation, or in the information of an operation, requested or done.
pub(super) fn carries(object: &Value, plan: &Plan) -> bool {
    let in_info = |operation: &Value| {
        operation["info"].as_array().is_some_and(|info| {
            info.iter()
                .any(|entry| entry["name"] == OPERATION_PLAN && entry["value"] == plan.id.as_str())
        })
    };
    [PLAN, STOP]
        .map(|key| annotation(object, key))
        .contains(&Some(plan.id.as_str()))
        || in_info(&object["operation"])
        || in_info(&object["status"]["operationState"]["operation"])
}

pub(super) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["annotations"][key].as_str()
}

/// What an answer that is no success means: refused and failed changed nothing; unknown may have.
pub(super) fn outcome(failure: Failure) -> Outcome {
    let Failure {
        fault,
        code,
        unsent,
        ..
    } = failure;
    match code {
        Some(409 | 422) => refused(fault.detail),
        // A redirection and a 429 may come from a middle box that has passed the request on; after 408 and 5xx the server
        // itself does not say what it has done.
        Some(100..=399 | 408 | 429 | 500..) => unknown(&fault.detail),
        Some(401 | 403) => {
            let remedy = if fault.hint.is_empty() {
                "Ask for the right."
            } else {
                &fault.hint
            };
            failed(format!("{} Nothing was changed.", fault.detail), remedy)
        }
        Some(_) => failed(format!("{} Nothing was changed.", fault.detail), fault.hint),
        None if unsent => failed(format!("{} Nothing was sent.", fault.detail), fault.hint),
        None => unknown(&fault.detail),
    }
}

fn unknown(detail: &str) -> Outcome {
    Outcome::Unknown {
        because: format!("{detail} It was sent once, and will not be sent again."),
    }
}
