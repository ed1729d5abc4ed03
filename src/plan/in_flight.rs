//! In flight: plans that move the same as another one and may still do so.
//!
//! Deliberately absent: what becomes of them, which the journal and the facts say.

use super::checks::Checks;
use super::subject::{Draft, Subject};
use super::{CheckName, Lever, Moves, Outcome, Plan, Remedy, Request, Verdict, Way, Weight, Write};
use super::{runs, sent_before, show, stop};
use crate::journal::{Journal, PlanState, Record};
use crate::model::span::span;
use crate::model::{Repository, Version};
use crate::page::Page;
use crate::store::Store;
use jiff::{SignedDuration, Timestamp};

/// So long the next plan for the same names one that was called lost.
const CALLED_LOST: SignedDuration = SignedDuration::from_hours(1);

/// Whether a plan for the same is under way, was sent without an answer, or was called lost lately.
pub(super) fn check(subject: &Subject<'_>, draft: &Draft, checks: &mut Checks) {
    let journal = subject.context.journal;
    let (request, to) = (&draft.request, draft.to.as_ref());
    match find_in_flight(journal, request, to, Some(subject.store())) {
        None => check_the_rest(subject, draft, checks),
        Some(record) => {
            let (state, remedy) = match record.plan_state() {
                PlanState::Unknown => (
                    "has an unknown outcome",
                    Remedy::by("Settle it first.", Way::Settle),
                ),
                PlanState::Open => (
                    "is being sent, or its console died",
                    Remedy::by("Wait for it, or settle it.", Way::Settle),
                ),
                _ => (
                    "is under way",
                    Remedy::by(
                        "Wait for its effect, which the journal shows.",
                        Way::Open(Page::Journal),
                    ),
                ),
            };
            // What is on its way, or may be, comes no sooner by a second plan, which would be owed for and journalled
            // beside it.
            let weight = match CheckName::InFlight.weight(request.lever) {
                _ if is_the_same(record, request, to) => Weight::Refuses,
                usual => usual.unwrap_or(Weight::Shown),
            };
            checks.weigh(
                CheckName::InFlight,
                weight,
                Verdict::Failed,
                format!("{} {state}", name_plan(journal, record)),
                remedy,
            );
        }
    }
}

/// What collides with no plan of the journal and is still to be known.
fn check_the_rest(subject: &Subject<'_>, draft: &Draft, checks: &mut Checks) {
    let (journal, request) = (subject.context.journal, &draft.request);
    let bringer = brought(draft).and_then(|(repository, to)| {
        runs::bringer(subject, &request.target.environment, repository, to)
    });
    let mut speaks_against = |weight, evidence, remedy| {
        checks.weigh(
            CheckName::InFlight,
            weight,
            Verdict::Failed,
            evidence,
            remedy,
        );
    };
    let none = Remedy::default();
    // Its plan may stand in another journal, and the same twice is no more wanted from two people than from one.
    if let Some(bringer) = bringer.as_ref().filter(|bringer| !bringer.is_late) {
        let remedy = Remedy::by(
            "Wait for its effect, or stop the run.",
            Way::Pull(Lever::Stop),
        );
        speaks_against(Weight::Refuses, bringer.evidence.clone(), remedy);
    } else if let Some(evidence) = called_lost(journal, request, subject.context.now) {
        speaks_against(Weight::Reason, evidence, none);
    } else if let Some(evidence) = stop::of_another(subject, request) {
        speaks_against(Weight::Reason, evidence, none);
    } else if let Some(cut_short) = sent_before::cut_short(subject, draft) {
        // Somebody may have stopped it on purpose; and another run may bring it all the same.
        let comes = brought(draft).and_then(|(repository, to)| {
            let late = bringer.map(|bringer| bringer.evidence);
            late.or_else(|| {
                runs::name_bringer(subject, &request.target.environment, repository, to)
            })
        });
        let both: Vec<String> = comes.into_iter().chain([cut_short]).collect();
        speaks_against(Weight::Reason, both.join("; "), none);
    } else if let Some(evidence) = brought_anyway(subject, draft, bringer) {
        speaks_against(Weight::Shown, evidence, none);
    } else if let Some(evidence) = arrived(subject, request) {
        // Where it only is to be known, it is shown among what speaks against the plan.
        match CheckName::InFlight.weight(request.lever) {
            Some(Weight::Shown) => speaks_against(Weight::Shown, evidence, none),
            _ => checks.pass(CheckName::InFlight, evidence),
        }
    } else {
        checks.pass(CheckName::InFlight, "no plan of the same kind is under way");
    }
}

/// The file and the version that a plan brings; none where it moves something else.
fn brought(draft: &Draft) -> Option<(&Repository, &Version)> {
    let is_version = draft.request.lever.moves() == Moves::Version;
    let brought = draft.request.repository.as_ref().zip(draft.to.as_ref());
    brought.filter(|_| is_version)
}

/// What brings the same version to the same file by itself, later or perhaps: a plan of another environment, a run that is
/// late, or one that promotes when it passes.
fn brought_anyway(
    subject: &Subject<'_>,
    draft: &Draft,
    bringer: Option<runs::Bringer>,
) -> Option<String> {
    let (repository, to) = brought(draft)?;
    let environment = &draft.request.target.environment;
    let awaits = |record: &&Record| {
        let declares = record.plan.declares(environment, repository);
        declares.is_some_and(|(nth, version)| {
            version == to && record.seen.get(nth).is_none_or(Option::is_none)
        })
    };
    let Some(record) = subject.context.journal.open().find(awaits) else {
        return bringer
            .map(|bringer| bringer.evidence)
            .or_else(|| runs::name_bringer(subject, environment, repository, to));
    };
    let brings = match record.plan_state() {
        PlanState::Open | PlanState::Unknown => "may be bringing",
        PlanState::Late => "is late in bringing",
        _ => "is bringing",
    };
    let plan = name_plan(subject.context.journal, record);
    let version = to.short();
    Some(format!("{plan} {brings} {version} into {environment}"))
}

/// `plan 7f3a (roll back publisher @ production, by ops-1)`.
fn name_plan(journal: &Journal, record: &Record) -> String {
    let (id, plan) = (journal.short(&record.plan.id), &record.plan);
    let (lever, target) = (plan.request.lever.title(), plan.request.name_target());
    format!("plan {id} ({lever} {target}, by {})", plan.who.login)
}

/// What a plan would do that moves the same and was called lost lately, should it arrive after all.
fn called_lost(journal: &Journal, request: &Request, now: Timestamp) -> Option<String> {
    journal.records.iter().rev().find_map(|record| {
        let Some((at, Outcome::Failed { lost: true, .. })) = &record.outcome else {
            return None;
        };
        let age = now.duration_since(*at);
        if record.settled.is_some()
            || age > CALLED_LOST
            || !same_movement(&record.plan.request, request)
        {
            return None;
        }
        let plan = &record.plan;
        let moves = show::moves(plan).map(|moves| format!(" {moves}"));
        Some(format!(
            "plan {} was called lost {} ago; if it arrives late, it will {} {}{}",
            journal.short(&plan.id),
            span(age.as_secs()),
            plan.request.lever.title(),
            plan.request.name_target(),
            moves.unwrap_or_default()
        ))
    })
}

/// What is under way and collides with nothing, because its version has arrived and its effect is awaited.
fn arrived(subject: &Subject<'_>, request: &Request) -> Option<String> {
    let journal = subject.context.journal;
    let record = journal.open().find(|record| {
        same_movement(&record.plan.request, request) && record.plan_state() == PlanState::Underway
    });
    let plan = &record?.plan;
    Some(format!(
        "plan {} ({} {} to {}, by {}) has arrived, and its effect is awaited",
        journal.short(&plan.id),
        plan.request.lever.title(),
        plan.request.name_target(),
        plan.to.as_ref().map_or("", Version::short),
        plan.who.login
    ))
}

/// The plan in the journal that this one would collide with: one like it, wherever it stands among others. Both requests
/// name their file or run.
///
/// A late plan holds nobody up: what it waits for may never come, so the same may be sent again, and is told that the
/// first may still arrive. Nor does one whose run another plan of the journal stopped hold up the same: that may take its time
/// to end.
fn find_in_flight<'j>(
    journal: &'j Journal,
    request: &Request,
    to: Option<&Version>,
    store: Option<&Store>,
) -> Option<&'j Record> {
    let collides = |record: &&Record| {
        same_movement(&record.plan.request, request)
            && match record.plan_state() {
                PlanState::Open | PlanState::Unknown => true,
                // A branch that waits for review changes nothing, so the opposite change does not collide with it.
                PlanState::Underway
                    if is_branch(record) && record.plan.request.lever != request.lever =>
                {
                    false
                }
                PlanState::Underway
                    if is_the_same(record, request, to)
                        && !record.has_changed()
                        && sent_before::find_stop(journal, &record.plan).is_some() =>
                {
                    false
                }
                PlanState::Underway => is_awaited(journal, record, to, store),
                _ => false,
            }
    };
    let mut in_flight = journal.open().filter(collides);
    let first = in_flight.next()?;
    if is_the_same(first, request, to) {
        return Some(first);
    }
    in_flight
        .find(|record| is_the_same(record, request, to))
        .or(Some(first))
}

/// Whether what a plan moves has not moved yet. The version that has arrived collides with none, not even with itself
/// once another has followed it; but whoever has not read it in git yet would bring it twice.
fn is_awaited(
    journal: &Journal,
    record: &Record,
    to: Option<&Version>,
    store: Option<&Store>,
) -> bool {
    let plan = &record.plan;
    let environment = &plan.request.target.environment;
    let hop_and_file = match (plan.request.lever.moves(), &plan.request.repository) {
        (Moves::Version, Some(file)) => plan.declares(environment, file).zip(Some(file)),
        _ => None,
    };
    let Some(((nth, _), file)) = hop_and_file else {
        return plan.to.as_ref() == to || record.seen.first().is_none_or(Option::is_none);
    };
    let is_read = |store: &Store| {
        let changes = store.history.changes_of(environment, file);
        changes.iter().any(|change| {
            let brought = journal.brought(change, changes);
            brought.is_some_and(|brought| brought.plan.id == plan.id)
        })
    };
    let is_seen = record.seen.get(nth).is_some_and(Option::is_some);
    let is_repeated = plan.to.as_ref() == to;
    !is_seen || (is_repeated && store.is_some_and(|store| !is_read(store)))
}

/// Whether a plan of the journal moves the same in the same way.
pub(super) fn is_the_same(record: &Record, request: &Request, to: Option<&Version>) -> bool {
    let plan = &record.plan;
    same_movement(&plan.request, request)
        && plan.request.lever == request.lever
        && plan.to.as_ref() == to
}

fn is_branch(record: &Record) -> bool {
    matches!(
        record.plan.write,
        Write::Commit {
            branch: Some(_),
            ..
        }
    )
}

/// Whether two requests move the same thing.
fn same_movement(a: &Request, b: &Request) -> bool {
    if a.lever.moves() != b.lever.moves() || a.target.environment != b.target.environment {
        return false;
    }
    match a.lever.moves() {
        Moves::Version | Moves::Gate => a.repository == b.repository,
        Moves::RunAgain | Moves::RunInFlight => {
            a.run.as_ref().map(|r| &r.uid) == b.run.as_ref().map(|r| &r.uid)
        }
        Moves::Application => a.target.app == b.target.app,
        Moves::Comparison => true,
    }
}

/// Looks again, under the lock, for a plan of another console that this one would collide with. A roll back may supersede
/// any other, but not be sent twice.
pub fn collision<'j>(journal: &'j Journal, plan: &Plan) -> Option<&'j Record> {
    if let Some(record) = journal.get(&plan.id) {
        return Some(record);
    }
    let (request, to) = (&plan.request, plan.to.as_ref());
    let record = find_in_flight(journal, request, to, None)?;
    let supersedes = request.lever == Lever::RollBack && !is_the_same(record, request, to);
    (!supersedes).then_some(record)
}
