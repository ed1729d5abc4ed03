//! Mark: what our writes carry so that they are found again: annotations of objects, an entry of an operation.
//!
//! Deliberately absent: the trailers of commits, which the git writer adds.

use super::{PlanId, Write};
pub use crate::model::run::{ACTOR, PLAN, REASON, RUN, STOP, STOP_ACTOR, STOP_REASON, STOP_RUN};
use serde_json::{Map, Value, json};

/// Annotation of a resubmitted run: the uid of the run that it repeats.
pub const ORIGIN: &str = "leverframe/origin-uid";
/// Annotation of a resubmitted run: its number among the attempts.
pub const ATTEMPT: &str = "leverframe/attempt";
/// Name in an operation's `info` of the plan's id.
pub const OPERATION_PLAN: &str = "leverframe-plan";
/// Name in an operation's `info` of the reason.
pub const OPERATION_REASON: &str = "Reason";
/// Label by which Argo Workflows names the run that was repeated.
pub const RESUBMITTED_FROM: &str = "workflows.argoproj.io/resubmitted-from-workflow";
/// Label by which Argo Workflows names the template.
pub const TEMPLATE: &str = "workflows.argoproj.io/workflow-template";

/// A label's value may have this many characters.
pub const LABEL_LIMIT: usize = 63;

/// Puts the plan, the actor and the reason on an object that will be created.
pub(super) fn annotate(
    annotations: &mut Map<String, Value>,
    plan: &PlanId,
    actor: &str,
    reason: Option<&str>,
) {
    annotations.insert(PLAN.into(), json!(plan.as_str()));
    annotations.insert(ACTOR.into(), json!(actor));
    // A copy of a stopped run was not stopped.
    for stop in [STOP, STOP_ACTOR, STOP_REASON, STOP_RUN] {
        annotations.remove(stop);
    }
    match reason {
        Some(reason) => annotations.insert(REASON.into(), json!(reason)),
        None => annotations.remove(REASON),
    };
}

/// Puts the plan's id on an object that is patched and that no plan made.
pub(super) fn patch(patch: &mut Value, plan: &PlanId) {
    patch["metadata"]["annotations"][PLAN] = json!(plan.as_str());
}

/// Puts the plan's id, the actor and the reason on a run that is stopped, beside those of the plan that made it.
pub(super) fn stop(patch: &mut Value, run: &str, plan: &PlanId, actor: &str, reason: Option<&str>) {
    let annotations = &mut patch["metadata"]["annotations"];
    annotations[STOP] = json!(plan.as_str());
    annotations[STOP_RUN] = json!(run);
    annotations[STOP_ACTOR] = json!(actor);
    if let Some(reason) = reason {
        annotations[STOP_REASON] = json!(reason);
    }
}

/// Writes a reason into a write that was made without it.
pub(super) fn reason(write: &mut Write, reason: Option<&str>) {
    match write {
        Write::Commit { .. } => {}
        Write::Create { object, .. } => {
            if let Some(annotations) = object
                .pointer_mut("/metadata/annotations")
                .and_then(Value::as_object_mut)
            {
                match reason {
                    Some(reason) => annotations.insert(REASON.into(), json!(reason)),
                    None => annotations.remove(REASON),
                };
            }
        }
        Write::Patch { patch, .. } => {
            let annotations = patch.pointer_mut("/metadata/annotations");
            let annotations = annotations.and_then(Value::as_object_mut);
            if let Some(annotations) = annotations.filter(|found| found.contains_key(STOP)) {
                match reason {
                    Some(reason) => annotations.insert(STOP_REASON.into(), json!(reason)),
                    None => annotations.remove(STOP_REASON),
                };
            }
            if let Some(info) = patch
                .pointer_mut("/operation/info")
                .and_then(Value::as_array_mut)
            {
                info.retain(|entry| entry["name"] != OPERATION_REASON);
                if let Some(reason) = reason {
                    info.push(json!({"name": OPERATION_REASON, "value": reason}));
                }
            }
        }
    }
}

/// What a text becomes as the value of a label: cut to what a label may hold, ending as a label must; none if nothing is left
/// or it holds characters that a label may not.
pub fn label(text: &str) -> Option<String> {
    if !text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    {
        return None;
    }
    let cut = text.get(..LABEL_LIMIT).unwrap_or(text);
    let ends = |c: char| !c.is_ascii_alphanumeric();
    let value = cut.trim_end_matches(ends);
    (!value.is_empty() && !value.starts_with(ends)).then(|| value.to_owned())
}

/// Eight hexadecimal digits that stand for a text (FNV-1a): the same for the same text, on every machine.
pub(super) fn digest(text: &str) -> String {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("{hash:08x}")
}

/// A name of an object from a prefix and a suffix that must stay whole: DNS-1123, 63 characters at the most.
pub(super) fn name(prefix: &str, suffix: &str) -> String {
    let clean: String = prefix
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let room = LABEL_LIMIT.saturating_sub(suffix.len() + 1);
    let cut = clean.get(..room).unwrap_or(&clean).trim_matches('-');
    let first = if cut.is_empty() { "run" } else { cut };
    format!("{first}-{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_cut_to_what_the_server_takes() {
        let long = format!("{}-{}", "a".repeat(62), "b".repeat(20));
        for (text, value) in [
            ("v1362", Some("v1362".to_owned())),
            (&long, Some("a".repeat(62))),
            ("feature/x", None),
            ("", None),
            ("---", None),
            ("-v1", None),
            ("v1-", Some("v1".to_owned())),
        ] {
            assert_eq!(label(text), value, "{text}");
        }
    }

    #[test]
    fn a_name_keeps_its_suffix_whole_and_stays_a_dns_label() {
        for prefix in ["post-sync-", "Post_Sync.", "", "---", &"x".repeat(200)] {
            let name = name(prefix, "r2-0123abcd");
            assert!(name.len() <= 63 && name.ends_with("-r2-0123abcd"), "{name}");
            assert!(
                name.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{name}"
            );
            assert!(!name.starts_with('-'), "{name}");
        }
    }
}
