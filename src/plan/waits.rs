//! Waits: what a plan that was sent waits for, in words, and how long it took. What is awaited is never worded as if it
//! had happened.

use super::{Hop, HopEffect, Outcome, Remedy};
use crate::journal::{PlanState, Record};
use crate::model::span::{exactly, span};
use crate::model::{App, Environment, Target};
use jiff::Timestamp;

/// What is waited for: `v3083 on main in production`. Where that is about `own`, the target is not named again: `v3083
/// on main`.
pub fn awaited(effect: &HopEffect, own: Option<&Target>) -> String {
    let there = |environment: &Environment| match own {
        Some(own) if own.environment == *environment => String::new(),
        _ => format!(" in {environment}"),
    };
    let whose = |app: &App| match own {
        Some(own) if own.app == *app => String::new(),
        _ => format!(" of {app}"),
    };
    match effect {
        HopEffect::Declared {
            environment,
            version,
            ..
        } => format!("{} on main{}", version.short(), there(environment)),
        HopEffect::Gate {
            environment, open, ..
        } => {
            let state = if *open { "an open" } else { "a closed" };
            format!("{state} gate of {environment} on main")
        }
        HopEffect::BranchPushed { branch } => format!("branch {branch} on the remote"),
        HopEffect::Created { environment, name } => match own {
            Some(_) => format!("its run{}", there(environment)),
            None => format!("run {name} in {environment}"),
        },
        HopEffect::RunOver { name, wanted, .. } => match wanted {
            Some(wanted) => format!("{name} to be {wanted}"),
            None => format!("{name} to be over"),
        },
        HopEffect::ParentSynced { environment, .. } => format!("parent sync{}", there(environment)),
        HopEffect::Refreshed { environment, app } => {
            format!("comparison of {app} with git{}", there(environment))
        }
        HopEffect::Synced { environment, app } => format!("sync of {app}{}", there(environment)),
        HopEffect::RolledOut {
            environment, app, ..
        } => format!("rollout{}{}", whose(app), there(environment)),
        HopEffect::Smoked {
            environment, app, ..
        } => format!("smoke{}{}", whose(app), there(environment)),
    }
}

/// The state of a plan, to end a sentence that names it: `waiting for rollout, 40s of ~3m`. `say` words the remedy of
/// an overdue hop for screen or command line.
pub fn state_in_words(record: &Record, now: Timestamp, say: impl Fn(&Remedy) -> String) -> String {
    let own = &record.plan.request.target;
    let ended = |(_, outcome): &(Timestamp, Outcome)| match outcome {
        Outcome::Applied { .. } => "applied".to_owned(),
        Outcome::Refused { because } => format!("refused, nothing was changed: {because}"),
        Outcome::Failed {
            because,
            lost: true,
            ..
        } => format!("called lost: {because}"),
        Outcome::Failed { because, .. } => format!("failed, nothing was changed: {because}"),
        Outcome::Unknown { because } => format!("outcome UNKNOWN: {because}"),
    };
    let outcome = || record.outcome.as_ref().map(ended).unwrap_or_default();
    if let Some((_, done, by)) = &record.settled {
        let word = if *done { "done" } else { "not done" };
        return format!("{word}, says {by}");
    }
    match record.plan_state() {
        PlanState::Open => "no outcome is known yet".to_owned(),
        // The end is seen by who looks, which may be later.
        PlanState::Done => format!("done within {}", exactly(took_s(record))),
        PlanState::NotDone | PlanState::Unknown => outcome(),
        PlanState::CutShort => {
            let because = record.cut_short_at().map_or("", |(_, because)| because);
            format!("cut short: {because}")
        }
        PlanState::Underway | PlanState::Late => match awaited_hop(record) {
            Some((hop, since)) => {
                let what = awaited(&hop.effect, Some(own));
                let age = span(now.duration_since(since).as_secs());
                let usual = span(hop.usual_s);
                if record.plan_state() == PlanState::Late {
                    let remedy = begin_small(say(&hop.remedy()).trim_end_matches('.'));
                    format!("OVERDUE: {what}, {age} of ~{usual}: {remedy}")
                } else {
                    format!("waiting for {what}, {age} of ~{usual}")
                }
            }
            None => outcome(),
        },
    }
}

/// What to do about a plan that was cut short; none of others.
pub fn next_step(record: &Record) -> Option<&'static str> {
    if record.plan_state() != PlanState::CutShort {
        return None;
    }
    Some(if !record.happened() {
        "Nothing was changed by it. If it is still wanted, find out first why it ended, then make the plan again."
    } else if record.was_followed() {
        "What stands now came after it. Look at that before anything is sent again."
    } else {
        "Its change was made and stands in git. Look at what ended before anything is sent again."
    })
}

/// The hop that is awaited, and since when.
pub fn awaited_hop(record: &Record) -> Option<(&Hop, Timestamp)> {
    let place = record.awaited()?;
    let before = record.seen[..place].iter().flatten().max().copied();
    let sent = record.outcome.as_ref().map(|(at, _)| *at);
    Some((record.plan.hops.get(place)?, before.or(sent)?))
}

/// A sentence as the end of another.
fn begin_small(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}

/// From the plan to the last effect, in seconds.
fn took_s(record: &Record) -> i64 {
    let seen = record.seen.iter().flatten().max();
    let last = seen.or(record.outcome.as_ref().map(|(at, _)| at));
    last.map_or(0, |last| last.duration_since(record.plan.made_at).as_secs())
}
