//! Roll back: brings back a version that stood here before, by default the newest that was good here.
//!
//! Deliberately absent: Argo CD's own rollback, which auto-sync undoes at once, and undoing migrations.

use super::checks::Checks;
use super::good::Past;
use super::subject::{Draft, Subject};
use super::{
    CheckName, Choice, Lever, Plan, Refusal, Remedy, Request, Verdict, Way, arrivals, gates, runs,
    version,
};
use crate::delivery::Mechanism;
use crate::model::span::span;
use crate::model::{Repository, Version};
use crate::page::Page;
use crate::store::Source;

pub(super) fn plan(subject: &Subject<'_>) -> Result<Plan, Refusal> {
    let environment = subject.environment();
    let repository = subject.repository()?;
    let from = subject
        .declared(environment, &repository)
        .and_then(|file| file.version.clone());
    let past = Past::new(subject, environment, &repository);
    let choices = past.choices();
    let to = wanted(subject, choices.as_deref())?;
    let mut checks = Checks::new(subject.request.lever);
    identity(subject, &repository, from.as_ref(), &to, &mut checks);
    let known = past.evidence(&to);
    match &known {
        Some(_) => checks.pass(CheckName::Image, "it ran here before"),
        None => checks.add(
            CheckName::Image,
            Verdict::Unknown,
            format!("{to} never stood in {environment}, as far as history was read"),
            Remedy::by(
                "Choose a version from the history.",
                Way::Open(Page::History),
            ),
        ),
    }
    past.check(&to, &mut checks);
    runs::overtaken(subject, environment, &repository, Some(&to), &mut checks);
    gates::parent(subject, environment, &mut checks);
    gates::held_into(subject, &repository, &mut checks);
    let from_word = from.as_ref().map_or("what stands now", Version::short);
    checks.add(
        CheckName::Migrations,
        Verdict::Unknown,
        format!("not read between {} and {from_word}", to.short()),
        "",
    );
    let written = version::write(subject, &repository, &to, true)?;
    let undone = undone_by(subject, &repository, written.holds);
    let because = undone.iter().cloned().collect();
    let reach = arrivals::of_version(subject, &repository, Some(&to), &written.path, because);
    gates::hours(subject, &reach, &mut checks);
    let debt = format!(
        "{repository} in {environment} was rolled back from {} to {}{}",
        from.as_ref().map_or("?", Version::short),
        to.short(),
        if written.holds {
            ", and the gate behind it was closed"
        } else {
            ""
        }
    );
    let evidence = format!(
        "{}{}",
        known.unwrap_or_else(|| "it is not known whether it stood here".to_owned()),
        subject.moves_with(environment, &repository)
    );
    let next = undone
        .is_some()
        .then(|| subject.delivery().lower(environment))
        .flatten()
        .filter(|lower| matches!(lower.gate_by, Mechanism::Commit | Mechanism::Branch))
        .map(|_| Lever::Hold);
    subject.conclude(Draft {
        request: Request {
            repository: Some(repository),
            ..subject.request.clone()
        },
        from,
        to: Some(to),
        evidence,
        reach,
        checks,
        write: written.write,
        hops: written.hops,
        debt: Some(debt),
        warning: undone.map(|sentence| format!("NOT HELD: {sentence}")),
        next,
        choices: choices.unwrap_or_default(),
        rests_on: vec![(Source::Git, None)],
    })
}

/// The version to go back to: the one in the request, else the newest that was good here.
fn wanted(subject: &Subject<'_>, choices: Option<&[Choice]>) -> Result<Version, Refusal> {
    if let Some(version) = &subject.request.version {
        return Ok(version.clone());
    }
    match choices {
        Some([first, ..]) => Ok(first.version.clone()),
        Some([]) => Err(subject.refusal(
            "No earlier version is known to have been good here: none stood long enough without complaint, passed its smoke run or still serves.",
            Remedy::by(
                "Choose one from the history.",
                Way::Open(Page::History),
            ),
        )),
        None => Err(subject.asking(
            "History is still being read: which version was good here is not known yet.",
            "Wait for it, or name the version.",
        )),
    }
}

fn identity(
    subject: &Subject<'_>,
    repository: &Repository,
    from: Option<&Version>,
    to: &Version,
    checks: &mut Checks,
) {
    let environment = subject.environment();
    match from {
        Some(from) if from == to => checks.add(
            CheckName::Identity,
            Verdict::Failed,
            format!("{environment} has {to} already"),
            Remedy::by(
                "Choose another version from the history.",
                Way::Open(Page::History),
            ),
        ),
        Some(_) => checks.pass(
            CheckName::Identity,
            format!("{repository} in {environment}"),
        ),
        None => checks.add(
            CheckName::Identity,
            Verdict::Unknown,
            format!("the file of {repository} in {environment} names no version that can be read"),
            Remedy::by(
                "Mend the file by a pull request; look at the target first.",
                Way::Open(Page::Target),
            ),
        ),
    }
}

/// The open gate into the target, through which the next version comes; none where it is closed or this write closes
/// it.
fn undone_by(subject: &Subject<'_>, repository: &Repository, holds: bool) -> Option<String> {
    let delivery = subject.delivery();
    delivery.declared.gate.as_ref()?;
    let lower = delivery.lower(subject.environment())?;
    let open = subject.declared(&lower.name, repository)?.gate;
    (open && !holds).then(|| {
        format!(
            "the gate {} -> {} stays open; the next release arrives about {} after it reaches {}",
            lower.name,
            subject.environment(),
            span(delivery.usual.hop.0),
            lower.name
        )
    })
}
