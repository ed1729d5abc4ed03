//! Gates: the checks of what may stop a version on its way: the parent app, held hops, deploy hours.

use super::checks::Checks;
use super::fresh::freshness;
use super::subject::Subject;
use super::{CheckName, Reach, Verdict};
use crate::belongs::application;
use crate::board::status::status;
use crate::model::span::span;
use crate::model::{Environment, Repository, Target};
use crate::store::{Kind, Source};
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
    let remedy = "Mend the parent first: until then the write does nothing.";
    if let Some(evidence) = broken(subject, environment, parent) {
        checks.add(CheckName::Parent, Verdict::Failed, evidence, remedy);
        return;
    }
    if application(subject.store(), subject.delivery(), environment, parent).is_none() {
        checks.add(
            CheckName::Parent,
            Verdict::Unknown,
            format!("whether {parent} in {environment} would deliver it is not known"),
            remedy,
        );
        return;
    }
    let source = Source::Cluster(environment.clone());
    let (read, age) = freshness(subject, &source, Some(Kind::Applications));
    if read == Verdict::Passed {
        let evidence = format!("{parent} in {environment} syncs by itself");
        checks.pass(CheckName::Parent, evidence);
    } else {
        checks.add(
            CheckName::Parent,
            Verdict::Unknown,
            format!("whether {parent} would deliver it is not known: {age}"),
            remedy,
        );
    }
}

/// Why a parent does not deliver now, in the board's words; none where it does or where that is not known.
fn broken(subject: &Subject<'_>, environment: &Environment, parent: &str) -> Option<String> {
    let (store, delivery) = (subject.store(), subject.delivery());
    let target = Target::new(environment.as_str(), parent);
    let status = status(store, delivery, &target, subject.context.now)?;
    let why = status.because.join(" ");
    status
        .is_broken_parent()
        .then(|| format!("{parent} in {environment}: {why}"))
}

/// The row `parent` where it is only shown: a sync or a refresh of a broken parent is how it is mended.
pub(super) fn parent_row_shown(subject: &Subject<'_>, parent: &str, checks: &mut Checks) {
    match broken(subject, subject.environment(), parent) {
        Some(evidence) => checks.add(CheckName::Parent, Verdict::Failed, evidence, ""),
        None => checks.pass(CheckName::Parent, format!("{parent} syncs by itself")),
    }
}

/// What is known of a hop beside its gate.
enum Held {
    No,
    /// Who closed it lately; an old closed gate is how the app is delivered.
    Lately(String),
    /// It is closed, and the walk through history has not reached the commit that closed it.
    Unknown,
}

fn held(subject: &Subject<'_>, lower: &Environment, repository: &Repository) -> Held {
    let history = &subject.store().history;
    if subject
        .declared(lower, repository)
        .is_none_or(|file| file.gate)
    {
        return Held::No;
    }
    let Some(moved) = history.last_gate_move(lower, repository) else {
        return match history.is_complete() {
            true => Held::No,
            false => Held::Unknown,
        };
    };
    let age = subject.context.now.duration_since(moved.at).as_secs();
    if moved.gate_to || age > subject.delivery().closed_lately_days * 86_400 {
        return Held::No;
    }
    Held::Lately(format!(
        "closed by {} {} ago ({})",
        moved.actor,
        span(age),
        moved.subject
    ))
}

/// Says of some hops whether they are held; the worst counts.
fn hop_row(
    subject: &Subject<'_>,
    hops: &[(Environment, Environment)],
    repository: &Repository,
    none: String,
    checks: &mut Checks,
) {
    let (mut held_by, mut unknown) = (Vec::new(), Vec::new());
    for (from, to) in hops {
        match held(subject, from, repository) {
            Held::No => {}
            Held::Lately(who) => held_by.push(format!("{from} -> {to} is held: {who}")),
            Held::Unknown => unknown.push(format!(
                "{from} -> {to} is closed, and since when is not known: history is still being read"
            )),
        }
    }
    let remedy = "Ask who holds it.";
    if !held_by.is_empty() {
        let evidence = held_by.join("; ");
        checks.add(CheckName::Hop, Verdict::Failed, evidence, remedy);
    } else if !unknown.is_empty() {
        let evidence = unknown.join("; ");
        checks.add(CheckName::Hop, Verdict::Unknown, evidence, remedy);
    } else {
        checks.pass(CheckName::Hop, none);
    }
}

/// The row `hop` for a version that is brought past the gate into the subject's environment.
pub(super) fn held_into(subject: &Subject<'_>, repository: &Repository, checks: &mut Checks) {
    let Some(lower) = subject.delivery().lower(subject.environment()) else {
        return;
    };
    if subject.delivery().declared.gate.is_none() {
        return;
    }
    let hop = (lower.name.clone(), subject.environment().clone());
    let none = format!("{} -> {} is not held", hop.0, hop.1);
    hop_row(subject, &[hop], repository, none, checks);
}

/// The hops of a path, including the one into its first environment, each with the environment whose file holds its
/// gate.
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
    let hops: Vec<_> = hops(subject, path).into_iter().chain(behind).collect();
    let none = "no hop on the way is held".to_owned();
    hop_row(subject, &hops, repository, none, checks);
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
    let Ok(zone) = TimeZone::get(&hours.zone) else {
        checks.add(
            CheckName::Hours,
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
            CheckName::Hours,
            format!("{clock} {} is within deploy hours", hours.zone),
        ),
        Some(open) => checks.add(
            CheckName::Hours,
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
            CheckName::Hours,
            Verdict::Failed,
            format!("{clock} {}: there are no deploy hours today", hours.zone),
            "",
        ),
    }
}
