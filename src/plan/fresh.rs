//! Fresh: whether the facts that a decision rests on were read just now, and which sources are old.
//!
//! Deliberately absent: which facts a lever rests on; that is the lever's.

use super::checks::Checks;
use super::subject::Subject;
use super::{CheckName, Remedy, Verdict, Way};
use crate::belongs::lists;
use crate::model::Target;
use crate::model::span::span;
use crate::page::Page;
use crate::store::source::Reach;
use crate::store::{Kind, Source};

/// Whether the facts about a target's objects of a kind may be relied on.
pub(super) fn is_fresh(subject: &Subject<'_>, target: &Target, kind: Kind) -> bool {
    let list = lists::list_of(subject.store(), subject.delivery(), target, kind);
    let source = Source::Cluster(target.environment.clone());
    let state = subject.store().source(&source);
    list.zip(state)
        .is_some_and(|(list, state)| state.is_fresh(Some(&list), subject.context.now))
}

/// How fresh a source is, for a decision that rests on it.
pub(super) fn freshness(
    subject: &Subject<'_>,
    source: &Source,
    kind: Option<Kind>,
) -> (Verdict, String) {
    let now = subject.context.now;
    let what = match kind {
        Some(kind) => format!("{source} {}", kind.word()),
        None => source.to_string(),
    };
    let Some(state) = subject.store().source(source) else {
        return (
            Verdict::Unknown,
            format!("{what} is not configured or was never asked"),
        );
    };
    let list = match (kind, source) {
        (Some(kind), Source::Cluster(environment)) => {
            let target = Target::new(environment.as_str(), subject.request.target.app.as_str());
            let Some(list) = lists::list_of(subject.store(), subject.delivery(), &target, kind)
            else {
                return (
                    Verdict::Unknown,
                    format!("the delivery has no {}", kind.word()),
                );
            };
            Some(list)
        }
        _ => None,
    };
    if state.is_fresh(list.as_ref(), now) {
        let age = state.age_s(now).unwrap_or_default();
        return (
            Verdict::Passed,
            format!("{what} heard of {} ago", span(age)),
        );
    }
    let fault = match &list {
        Some(list) => state.fault_of_list(list),
        None => state.worst_fault(),
    };
    let why = fault
        .map(|fault| format!(": {}", fault.detail))
        .unwrap_or_default();
    match (state.age_s(now), state.reach(now)) {
        (None, _) => (Verdict::Unknown, format!("{what} was not read yet{why}")),
        (Some(_), Reach::Ok) if fault.is_none() => {
            (Verdict::Unknown, format!("{what} are still being read"))
        }
        (Some(age), Reach::Ok) => (
            Verdict::Unknown,
            format!(
                "{what} cannot be read, last sign of life {} ago{why}",
                span(age)
            ),
        ),
        (Some(age), _) => (
            Verdict::Failed,
            format!("{what} is stale, last sign of life {} ago{why}", span(age)),
        ),
    }
}

/// The rows `fresh` and `others`.
pub(super) fn check(
    subject: &Subject<'_>,
    rests_on: &[(Source, Option<Kind>)],
    checks: &mut Checks,
) {
    for (source, kind) in rests_on {
        let (verdict, evidence) = freshness(subject, source, *kind);
        checks.add(
            CheckName::Fresh,
            verdict,
            evidence,
            Remedy::by(
                "Nothing is decided on old facts: look at the sources, then try again.",
                Way::Open(Page::Sources),
            ),
        );
    }
    let now = subject.context.now;
    let stale: Vec<String> = subject
        .store()
        .sources()
        .filter(|(source, state)| {
            !rests_on.iter().any(|(s, _)| s == *source) && state.reach(now) != Reach::Ok
        })
        .map(|(source, _)| freshness(subject, source, None).1)
        .collect();
    if stale.is_empty() {
        checks.pass(CheckName::Others, "every other source is fresh");
    } else {
        checks.add(CheckName::Others, Verdict::Failed, stale.join("; "), "");
    }
}
