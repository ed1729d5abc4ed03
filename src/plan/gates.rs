//! Gates: the rows about what lies on the way: the parent app, held hops, deploy hours.
//!
//! Deliberately absent: closing and opening a gate, which is `hold`.

use super::checks::Checks;
use super::subject::{Subject, application};
use super::{Reach, Verdict, Weight};
use crate::model::span::span;
use crate::model::{Application, Environment, Phase, Repository, Sync};
use jiff::tz::TimeZone;

/// The row `parent`: the app of apps is broken or does not sync by itself, so that a write will do nothing yet.
pub(super) fn parent(subject: &Subject<'_>, environment: &Environment, checks: &mut Checks) {
    let Some(parent) = subject
        .delivery()
        .argo_cd
        .as_ref()
        .and_then(|a| a.parent.as_deref())
    else {
        return;
    };
    let weight = Weight::Reason;
    let remedy = "Mend the parent first: until then the write does nothing.";
    let Some(app) = application(subject.store(), subject.delivery(), environment, parent) else {
        checks.add(
            "parent",
            weight,
            Verdict::Unknown,
            format!("whether {parent} in {environment} would deliver it is not known"),
            remedy,
        );
        return;
    };
    let evidence = broken(app);
    match evidence {
        Some(evidence) => checks.add("parent", weight, Verdict::Failed, evidence, remedy),
        None => checks.pass(
            "parent",
            weight,
            format!("{parent} in {environment} syncs by itself"),
        ),
    }
}

/// Why a parent does not deliver now; none where it does.
fn broken(app: &Application) -> Option<String> {
    let (parent, environment) = (&app.id.name, &app.id.environment);
    let failed = app
        .operation
        .as_ref()
        .filter(|o| matches!(o.phase, Phase::Failed | Phase::Error));
    let condition = app.conditions.iter().find(|c| c.kind.ends_with("Error"));
    if !app.auto_sync {
        Some(format!("auto-sync of {parent} in {environment} is off"))
    } else if let Some(condition) = condition {
        Some(format!(
            "{parent} in {environment}: {}: {}",
            condition.kind, condition.message
        ))
    } else if app.sync == Sync::Unknown {
        Some(format!(
            "{parent} in {environment} cannot be compared to git"
        ))
    } else {
        failed.map(|o| {
            format!(
                "the last sync of {parent} in {environment} {}: {}",
                o.phase.as_str(),
                o.message.as_deref().unwrap_or("no message")
            )
        })
    }
}

/// The row `parent` where it is only told: a refresh of a broken parent is how one looks again.
pub(super) fn parent_row_shown(app: &Application, checks: &mut Checks) {
    match broken(app) {
        Some(evidence) => checks.add("parent", Weight::Shown, Verdict::Failed, evidence, ""),
        None => checks.pass(
            "parent",
            Weight::Shown,
            format!("{} syncs by itself", app.id.name),
        ),
    }
}

/// Who closed the gate from `lower` lately, if it is closed so; an old closed gate is how the app is delivered.
fn closed_lately(
    subject: &Subject<'_>,
    lower: &Environment,
    repository: &Repository,
) -> Option<String> {
    let file = subject.declared(lower, repository)?;
    if file.gate {
        return None;
    }
    let moved = subject.store().history.last_gate_move(lower, repository)?;
    let age = subject.context.now.duration_since(moved.at).as_secs();
    (!moved.gate_to && age <= subject.delivery().closed_lately_days * 86_400).then(|| {
        format!(
            "closed by {} {} ago ({})",
            moved.actor,
            span(age),
            moved.subject
        )
    })
}

/// The row `hop` for a version that is brought past the gate into the subject's environment.
pub(super) fn held_into(subject: &Subject<'_>, repository: &Repository, checks: &mut Checks) {
    let Some(lower) = subject.delivery().lower(subject.environment()) else {
        return;
    };
    if subject.delivery().declared.gate.is_none() {
        return;
    }
    let hop = format!("{} -> {}", lower.name, subject.environment());
    match closed_lately(subject, &lower.name, repository) {
        Some(who) => checks.add(
            "hop",
            Weight::Reason,
            Verdict::Failed,
            format!("{hop} is held: {who}"),
            "Ask who holds it.",
        ),
        None => checks.pass("hop", Weight::Reason, format!("{hop} is not held")),
    }
}

/// The hops that a version takes along a path, each with the environment whose file holds its gate: the one into the first
/// environment too.
pub(super) fn hops(subject: &Subject<'_>, path: &[Environment]) -> Vec<(Environment, Environment)> {
    let into = path.first().and_then(|first| {
        let lower = subject.delivery().lower(first)?;
        Some((lower.name.clone(), first.clone()))
    });
    let onwards = path
        .windows(2)
        .map(|pair| (pair[0].clone(), pair[1].clone()));
    into.into_iter().chain(onwards).collect()
}

/// The row `hop` for a version that goes on by itself: held hops on its way, and the one behind its end.
pub(super) fn held_on_the_way(
    subject: &Subject<'_>,
    path: &[Environment],
    repository: &Repository,
    checks: &mut Checks,
) {
    let Some(last) = path.last() else { return };
    let behind = subject
        .delivery()
        .next(last)
        .map(|next| (last.clone(), next.name.clone()));
    let held: Vec<String> = hops(subject, path)
        .into_iter()
        .chain(behind)
        .filter_map(|(from, to)| {
            let who = closed_lately(subject, &from, repository)?;
            Some(format!("{from} -> {to} is held: {who}"))
        })
        .collect();
    if held.is_empty() {
        checks.pass("hop", Weight::Reason, "no hop on the way is held");
    } else {
        let evidence = held.join("; ");
        checks.add("hop", Weight::Reason, Verdict::Failed, evidence, "");
    }
}

/// The row `hours`: what reaches production outside the delivery's hours wants a reason.
pub(super) fn hours(subject: &Subject<'_>, reach: &Reach, checks: &mut Checks) {
    let Some(hours) = subject
        .delivery()
        .hours
        .as_ref()
        .filter(|_| reach.production)
    else {
        return;
    };
    let weight = Weight::Reason;
    let Ok(zone) = TimeZone::get(&hours.zone) else {
        checks.add(
            "hours",
            weight,
            Verdict::Unknown,
            format!(
                "the time zone {} of the deploy hours is not known here",
                hours.zone
            ),
            "Install the time zone database, or correct the delivery file.",
        );
        return;
    };
    let local = subject.context.now.to_zoned(zone);
    let today = hours.days.iter().find(|open| open.day == local.weekday());
    let clock = local.strftime("%A %H:%M");
    match today {
        Some(open) if open.from <= local.time() && local.time() < open.to => checks.pass(
            "hours",
            weight,
            format!("{clock} {} is within deploy hours", hours.zone),
        ),
        Some(open) => checks.add(
            "hours",
            weight,
            Verdict::Failed,
            format!(
                "{clock} {} is outside deploy hours ({} to {})",
                hours.zone,
                open.from.strftime("%H:%M"),
                open.to.strftime("%H:%M")
            ),
            "",
        ),
        None => checks.add(
            "hours",
            weight,
            Verdict::Failed,
            format!("{clock} {}: there are no deploy hours today", hours.zone),
            "",
        ),
    }
}
