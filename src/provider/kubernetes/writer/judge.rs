//! Judge: whether an object still is what a plan was decided on, and what an answer means for a write.

use super::{failed, refused};
use crate::model::ObjectId;
use crate::plan::{Guard, Origin, Outcome};
use crate::provider::kubernetes::call::Failure;
use serde_json::Value;

/// Why the object is not what the plan was decided on; none when it is.
pub(super) fn changed(
    object: &Value,
    id: &ObjectId,
    resource_version: &str,
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
            }
        }
    }
    if meta["resourceVersion"].as_str() != Some(resource_version) {
        return Some(format!(
            "{id} has changed since the plan was made: look at it again."
        ));
    }
    None
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
        // the server gave up waiting, which says nothing about what it has done
        Some(408) | Some(500..) => unknown(&fault.detail),
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
