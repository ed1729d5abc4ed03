//! Sent before: the same that was sent a short while ago and is being stopped, was stopped, or ended otherwise, before it
//! brought anything.
//!
//! Deliberately absent: what is still under way, which collides ([`super::in_flight`]).

use super::in_flight::is_the_same;
use super::stopped::{by_in_words, name_stop, who_stopped};
use super::subject::{Draft, Subject};
use super::{Lever, Moves, Plan, Request};
use crate::belongs::runs::{by_id, in_cluster, newest_first, promotes_into, writes};
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
    if let Some(stopping) = being_stopped(subject, draft) {
        return Some(stopping);
    }
    let sent = match records.find(|record| is_the_same(record, request, to)) {
        Some(record) => by_journal(subject, record),
        None => to.and_then(|to| by_run(subject, draft, to)),
    };
    let sent = sent.or_else(|| repeats_stopped(subject, request));
    // Whoever stopped the one may know nothing of the other.
    let both: Vec<String> = sent
        .into_iter()
        .chain(stopped_below(subject, draft))
        .collect();
    (!both.is_empty()).then(|| both.join("; "))
}

/// The newest smoke run that would have promoted the same, where somebody stopped it: who did may not want it brought by hand.
fn stopped_below(subject: &Subject<'_>, draft: &Draft) -> Option<String> {
    let (request, to) = (&draft.request, draft.to.as_ref()?);
    let (delivery, here) = (subject.delivery(), &request.target.environment);
    let file = request.repository.as_ref();
    let file = file.filter(|_| request.lever == Lever::Promote)?;
    let names = delivery.runs.as_ref()?;
    let below = in_cluster(subject.store(), &delivery.lower(here)?.name);
    let run = below
        .filter(|run| promotes_into(delivery, run) == Some(here))
        .filter(|run| run.version(&names.version_label).as_ref() == Some(to))
        .filter(|run| run.repository(&names.repository_label).as_ref() == Some(file))
        .min_by(|a, b| newest_first(a, b))?;
    let (name, cluster, to) = (&run.id.name, run.environment(), to.short());
    let carries = format!("{name} @ {cluster}, which was to bring {to} into {here}");
    if run.is_stopping() {
        let by = by_in_words(subject.context.journal, run);
        return Some(format!("{carries}, is being stopped{by}"));
    }
    let ended = ended_by_a_stop(subject, run)?;
    let ago = span(subject.context.now.duration_since(ended).as_secs());
    let why = why_stopped(subject.context.journal, run, "it");
    Some(format!("{carries}, ended {ago} ago: {why}"))
}

/// The newest run that would have brought the same and is asked to stop, but is not over: it may hang so for long, which
/// must hold nobody up, and whoever stopped it may not want the same.
fn being_stopped(subject: &Subject<'_>, draft: &Draft) -> Option<String> {
    let stopping = bringing(subject, draft, draft.to.as_ref()?);
    let run = stopping
        .filter(|run| run.is_stopping())
        .min_by(|a, b| newest_first(a, b))?;
    let by = by_in_words(subject.context.journal, run);
    let sent = sent(subject, run.begun()?, run.ordered_by().map(|who| &**who));
    let name = &run.id.name;
    Some(format!("{sent}, and its run {name} is being stopped{by}"))
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
    if record.settled.is_some() {
        return None;
    }
    let stop = find_stop(journal, &record.plan);
    let cut_short = record.cut_short.as_ref();
    let cut_short = cut_short.filter(|_| record.cut_short_at().is_some());
    let (at, because) = match (cut_short, stop) {
        (Some((at, _, because)), _) => (*at, &**because),
        (None, Some(stop)) if !record.has_changed() => (stop.sent_at, "its run was stopped"),
        _ => return None,
    };
    is_recent(subject, at).then_some(())?;
    let by = match stop {
        Some(stop) => Some(name_stop(journal, stop)),
        None => made(subject, &record.plan).and_then(|run| who_stopped(journal, run)),
    };
    let why = match by {
        Some(by) => format!("stopped {by}"),
        None => because.trim_end_matches('.').to_owned(),
    };
    Some(sentence(
        subject,
        record.sent_at,
        Some(&record.plan.who.login),
        &why,
    ))
}

/// The run that a plan made, as long as it is kept.
fn made<'a>(subject: &Subject<'a>, plan: &Plan) -> Option<&'a Run> {
    let (environment, namespace, name) = plan.write.creates()?;
    let cluster = subject.store().cluster(environment)?;
    cluster.runs.get(namespace, name)
}

/// The newest plan of the journal that stopped the run which another one made.
pub(super) fn find_stop<'j>(journal: &'j Journal, plan: &Plan) -> Option<&'j Record> {
    let mut newest_first = journal.records.iter().rev();
    newest_first.find(|stop| stops(stop, plan))
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
    let run = bringing(subject, draft, to).min_by(|a, b| newest_first(a, b))?;
    ended_by_a_stop(subject, run)?;
    let begun = run.begun()?;
    let its_run = format!("its run {}", run.id.name);
    let why = why_stopped(subject.context.journal, run, &its_run);
    let who = run.ordered_by().map(|who| &**who);
    Some(sentence(subject, begun, who, &why))
}

/// The runs that are kept and bring what a plan would, over or not.
fn bringing<'a>(
    subject: &Subject<'a>,
    draft: &Draft,
    to: &Version,
) -> impl Iterator<Item = &'a Run> {
    let request = &draft.request;
    let file = request.repository.as_ref();
    let file = file.filter(|_| request.lever.moves() == Moves::Version);
    let runs = subject.delivery().runs.as_ref();
    let all = subject.store().clusters.values();
    let all = all.flat_map(|cluster| cluster.runs.iter());
    let environment = &request.target.environment;
    all.filter(move |run| {
        let written = runs.zip(file);
        let written = written.and_then(|(runs, file)| writes(runs, run, environment, file));
        written.as_ref() == Some(to)
    })
}

fn why_stopped(journal: &Journal, run: &Run, its_run: &str) -> String {
    match (who_stopped(journal, run), run.message.as_deref()) {
        (Some(by), _) => format!("stopped {by}"),
        (None, Some(message)) => format!("{its_run} says {}", message.trim_end_matches('.')),
        (None, None) => format!("{its_run} was stopped"),
    }
}

fn sentence(subject: &Subject<'_>, at: Timestamp, who: Option<&str>, why: &str) -> String {
    format!("{} and cut short: {why}", sent(subject, at, who))
}

fn sent(subject: &Subject<'_>, at: Timestamp, who: Option<&str>) -> String {
    let ago = span(subject.context.now.duration_since(at).as_secs());
    let by = who.map(|who| format!(" by {who}")).unwrap_or_default();
    format!("the same was sent {ago} ago{by}")
}

fn is_recent(subject: &Subject<'_>, at: Timestamp) -> bool {
    subject.context.now.duration_since(at) <= REMINDS
}
