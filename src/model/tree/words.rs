//! Words: why a node is as it is, where its phase alone does not say it.
//!
//! Deliberately absent: the phase's own name, durations, and cleaning: what comes from the engine's messages is raw.

use super::Growth;
use crate::model::retry::{backs_off_until, clock};
use crate::model::{Node, NodeKind, NodePhase};
use jiff::Timestamp;

/// What the engine says of a retry that its expression ended, whatever its limit.
const EXPRESSION_SAID_NO: &str = "retryStrategy.expression evaluated to false";
const LIMIT_REACHED: &str = "No more retries left";
const NO_FURTHER_TRY: &str = "its expression allowed no further try";

/// The reason, in a few words; empty where there is nothing to add.
pub(super) fn reason(growth: &Growth<'_>, at: usize, attempts: &[usize]) -> String {
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
            let end = end_of_retry(node, message);
            // The retry says why no further try follows; its last attempt says what happened.
            let why = match (attempts.last(), end) {
                (Some(last), _) => failure(&growth.nodes[*last]),
                (None, Some(_)) => None,
                (None, None) => failure(node),
            };
            match (why, end) {
                (Some(why), Some(end)) => format!("{why}; {end}"),
                (why, end) => why.unwrap_or_else(|| end.unwrap_or(message).to_owned()),
            }
        }
        NodePhase::Running if node.kind == NodeKind::Suspend => {
            prefixed("waits to be resumed", message)
        }
        NodePhase::Running if back_off(growth, at).is_some() => {
            let last = attempts
                .last()
                .and_then(|last| failure(&growth.nodes[*last]));
            let until = back_off(growth, at).map(clock).unwrap_or_default();
            match last {
                Some(why) => format!("{why}; backs off until {until}"),
                None => format!("backs off until {until}"),
            }
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

/// Why a retry tried no more: nothing where its limit was reached, which its attempts show.
fn end_of_retry<'m>(node: &Node, message: &'m str) -> Option<&'m str> {
    match message {
        _ if node.kind != NodeKind::Retry => None,
        "" | LIMIT_REACHED => None,
        EXPRESSION_SAID_NO => Some(NO_FURTHER_TRY),
        other => Some(other),
    }
}

/// Until when a retry waits before its next try.
fn back_off(growth: &Growth<'_>, at: usize) -> Option<Timestamp> {
    let last = growth.tries(at).last().copied()?;
    backs_off_until(&growth.nodes[at], &growth.nodes[last])
}

fn failure(node: &Node) -> Option<String> {
    let message = node.message.as_deref().unwrap_or_default();
    // A member of a container set says its own name first, and leaves a colon.
    let message = message.trim().trim_end_matches(':');
    let own = node.kind == NodeKind::Container;
    let message = match message.split_once(": ") {
        Some((name, rest)) if own && *name == *node.display_name => rest,
        _ => message,
    };
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
