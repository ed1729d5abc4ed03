//! Words: why a node is as it is, where its phase alone does not say it.
//!
//! Deliberately absent: the phase's own name, durations, and cleaning: what comes from the engine's messages is raw.

use super::Growth;
use crate::model::{Node, NodeKind, NodePhase};

/// The reason, in a few words; empty where there is nothing to add.
pub(super) fn of(growth: &Growth<'_>, at: usize, attempts: &[usize]) -> String {
    let node = &growth.nodes[at];
    let message = node.message.as_deref().unwrap_or_default().trim();
    match &node.phase {
        NodePhase::Omitted => {
            let wanting: Vec<String> = growth.before[at]
                .iter()
                .filter_map(|before| unmet(growth, *before))
                .collect();
            match wanting.as_slice() {
                [] => prefixed(
                    "omitted",
                    message.strip_prefix("omitted:").unwrap_or(message),
                ),
                some => format!("omitted: {}", some.join(", ")),
            }
        }
        NodePhase::Skipped => match condition(message) {
            Some(condition) => format!("skipped: its condition was false ({condition})"),
            None => match message.strip_prefix("original pod:") {
                Some(pod) => format!("kept from the run before ({})", pod.trim()),
                None => prefixed("skipped", message),
            },
        },
        NodePhase::Failed | NodePhase::Error => {
            // The retry says "No more retries left"; its last attempt says what happened.
            let last = attempts.last().map_or(node, |last| &growth.nodes[*last]);
            failure(last).unwrap_or_else(|| message.to_owned())
        }
        NodePhase::Running if node.kind == NodeKind::Suspend => {
            prefixed("waits to be resumed", message)
        }
        NodePhase::Running if attempts.len() > 1 => {
            let failed = attempts
                .iter()
                .rev()
                .map(|attempt| &growth.nodes[*attempt])
                .find(|node| node.phase.has_failed());
            failed
                .and_then(failure)
                .map_or(String::new(), |why| format!("before: {why}"))
        }
        NodePhase::Pending | NodePhase::Running => message.to_owned(),
        _ => String::new(),
    }
}

fn failure(node: &Node) -> Option<String> {
    let message = node.message.as_deref().unwrap_or_default().trim();
    let code = node
        .exit_code
        .as_deref()
        .filter(|code| !code.is_empty() && *code != "0");
    match code {
        // Messages such as "Error (exit code 1)" and "failed with exit code 1" say no more than the code.
        Some(code) if message.is_empty() || says_only(message, code) => {
            Some(format!("exit {code}"))
        }
        Some(code) if !message.contains(code) => Some(format!("exit {code}: {message}")),
        _ => (!message.is_empty()).then(|| message.to_owned()),
    }
}

fn says_only(message: &str, code: &str) -> bool {
    let message = message.strip_prefix("main: ").unwrap_or(message);
    message == format!("Error (exit code {code})")
        || message == format!("failed with exit code {code}")
}

/// What a node lacks for those after it to run, if it is over and not well.
fn unmet(growth: &Growth<'_>, at: usize) -> Option<String> {
    let node = &growth.nodes[at];
    // An attempt stands for its retry, whose name people know.
    let name = match node.display_name.rsplit_once('(') {
        Some((task, _)) if node.retried => task,
        _ => &node.display_name,
    };
    match &node.phase {
        NodePhase::Failed | NodePhase::Error => Some(format!("{name} failed")),
        NodePhase::Omitted => Some(format!("{name} was omitted")),
        NodePhase::Skipped => Some(format!("{name} was skipped")),
        _ => None,
    }
}

/// The condition in `when 'a == b' evaluated false`.
fn condition(message: &str) -> Option<&str> {
    message
        .strip_prefix("when '")?
        .strip_suffix("' evaluated false")
}

fn prefixed(word: &str, rest: &str) -> String {
    match rest.trim() {
        "" => word.to_owned(),
        rest => format!("{word}: {rest}"),
    }
}
