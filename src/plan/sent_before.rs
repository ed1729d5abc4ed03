//! Sent before: the same that was sent a short while ago and was stopped, or ended otherwise, before it brought anything.
//!
//! Deliberately absent: what is still under way, which collides ([`super::in_flight`]).

use super::in_flight::is_the_same;
use super::subject::{Draft, Subject};
use super::{Lever, Moves, Plan, PlanId, Request, mark};
use crate::belongs::runs::{by_id, newest_first, writes};
use crate::journal::{Journal, Record};
use crate::model::span::span;
use crate::model::{Run, Version};
use jiff::{SignedDuration, Timestamp};

/// So long the next one is reminded of it.
const REMINDS: SignedDuration = SignedDuration::from_hours(1);

/// `the same was sent 40s ago by root and cut short: stopped by anna (plan 3032)`: by the journal, else by the run that did
/// it; none where the newest that was sent came to something else.
pub(super) fn cut_short(subject: &Subject<'_>, draft: &Draft) -> Option<String> {
    let (request, to) = (&draft.request, draft.to.as_ref());
    let mut records = subject.context.journal.records.iter().rev();
    let sent = match records.find(|record| is_the_same(record, request, to)) {
        Some(record) => by_journal(subject, record),
        None => to.and_then(|to| by_run(subject, draft, to)),
    };
    sent.or_else(|| repeats_stopped(subject, request))
}

/// The run that is to be run again was stopped lately: whoever did that may not want it to run.
fn repeats_stopped(subject: &Subject<'_>, request: &Request) -> Option<String> {
    let run = request
        .run
        .as_ref()
        .filter(|_| request.lever.moves() == Moves::RunAgain)?;
    let run = by_id(subject.store(), run)?;
    let ended = ended_by_a_stop(subject, run)?;
    let ago = span(subject.context.now.duration_since(ended).as_secs());
    let why = why_stopped(subject.context.journal, run, "it");
    Some(format!("{} ended {ago} ago: {why}", run.id.name))
}

/// When a run ended, where that was lately and by a stop.
fn ended_by_a_stop(subject: &Subject<'_>, run: &Run) -> Option<Timestamp> {
    let ended = run.finished.or(run.begun())?;
    (run.was_stopped() && is_recent(subject, ended)).then_some(ended)
}

fn by_journal(subject: &Subject<'_>, record: &Record) -> Option<String> {
    let journal = subject.context.journal;
    record.cut_short_at().filter(|_| record.settled.is_none())?;
    let (at, _, because) = record.cut_short.as_ref()?;
    is_recent(subject, *at).then_some(())?;
    let stop = journal
        .records
        .iter()
        .rev()
        .find(|stop| stops(stop, &record.plan));
    let why = match stop {
        Some(stop) => name_stop(journal, stop),
        None => because.trim_end_matches('.').to_owned(),
    };
    Some(sentence(
        subject,
        record.sent_at,
        Some(&record.plan.who.login),
        &why,
    ))
}

/// Whether a plan stopped the run that another one made.
fn stops(stop: &Record, plan: &Plan) -> bool {
    let Some((environment, namespace, name)) = plan.write.creates() else {
        return false;
    };
    let run = stop.plan.request.run.as_ref();
    let is_its = run.is_some_and(|run| {
        run.environment == *environment && *run.namespace == *namespace && *run.name == *name
    });
    stop.plan.request.lever == Lever::Stop && is_its && stop.happened()
}

/// The newest run that would have brought the same, where it was asked to stop: its plan may stand in another journal.
fn by_run(subject: &Subject<'_>, draft: &Draft, to: &Version) -> Option<String> {
    let runs = subject.delivery().runs.as_ref()?;
    let request = &draft.request;
    let file = request.repository.as_ref()?;
    if request.lever.moves() != Moves::Version {
        return None;
    }
    let all = subject.store().clusters.values();
    let environment = &request.target.environment;
    let same = all
        .flat_map(|cluster| cluster.runs.iter())
        .filter(|run| writes(runs, run, environment, file).as_ref() == Some(to));
    let run = same.min_by(|a, b| newest_first(a, b))?;
    ended_by_a_stop(subject, run)?;
    let begun = run.begun()?;
    let its_run = format!("its run {}", run.id.name);
    let why = why_stopped(subject.context.journal, run, &its_run);
    let who = run.ordered_by().map(|who| &**who);
    Some(sentence(subject, begun, who, &why))
}

fn why_stopped(journal: &Journal, run: &Run, its_run: &str) -> String {
    let stop = run.annotations.get(mark::STOP);
    let known = stop.and_then(|stop| journal.get(&PlanId::new(stop)));
    let message = run.message.as_deref();
    match (known, message) {
        (Some(stop), _) => name_stop(journal, stop),
        (None, Some(message)) => format!("{its_run} says {}", message.trim_end_matches('.')),
        (None, None) => format!("{its_run} was stopped"),
    }
}

fn name_stop(journal: &Journal, stop: &Record) -> String {
    let plan = &stop.plan;
    let reason = plan.request.reason.as_deref();
    let reason = reason
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    format!(
        "stopped by {} (plan {}){reason}",
        plan.who.login,
        journal.short(&plan.id)
    )
}

fn sentence(subject: &Subject<'_>, sent: Timestamp, who: Option<&str>, why: &str) -> String {
    let ago = span(subject.context.now.duration_since(sent).as_secs());
    let by = who.map(|who| format!(" by {who}")).unwrap_or_default();
    format!("the same was sent {ago} ago{by} and cut short: {why}")
}

fn is_recent(subject: &Subject<'_>, at: Timestamp) -> bool {
    subject.context.now.duration_since(at) <= REMINDS
}
