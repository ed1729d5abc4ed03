//! Of journal: what to note of all plans: hops of those under way, debts that were paid, and what arrived after all.

use super::follow;
use crate::belongs::application;
use crate::delivery::Delivery;
use crate::journal::{Entry, HORIZON, Journal, PlanState, Record, What};
use crate::plan::mark::PLAN;
use crate::plan::{Lever, Outcome, Plan, PlanId, Write};
use crate::store::Store;
use jiff::Timestamp;

/// What to note of all plans now: what [`follow`] finds for each, and debts that were paid, by whomever.
pub fn noted(
    journal: &Journal,
    store: &Store,
    delivery: &Delivery,
    now: Timestamp,
) -> Vec<(PlanId, What)> {
    let mut noted = Vec::new();
    for (nth, record) in journal.records.iter().enumerate() {
        let id = || record.plan.id.clone();
        if matches!(
            record.plan_state(),
            PlanState::Underway | PlanState::Late | PlanState::CutShort
        ) {
            let whats = follow(record, journal, store, delivery, now);
            noted.extend(whats.into_iter().map(|what| (id(), what)));
        }
        if let Some(evidence) = arrived_after_all(record, store, delivery, now) {
            let outcome = Outcome::Applied { evidence };
            noted.push((id(), What::Outcome { outcome }));
        }
        if record.debt().is_some() && is_undone(record, store) {
            let payer = journal.records.iter().skip(nth + 1).rev().find(|later| {
                Journal::undo(record).map(|undo| undo.lever) == Some(later.plan.request.lever)
                    && later.plan.request.target == record.plan.request.target
                    && matches!(later.outcome, Some((_, Outcome::Applied { .. })))
            });
            let by = payer.map(|payer| payer.plan.id.clone());
            noted.push((id(), What::Paid { by, who: None }));
        }
    }
    noted
}

/// Notes in memory what the facts show by now: a console may not have been open to note it.
pub fn note_in_memory(
    journal: &mut Journal,
    store: &Store,
    delivery: &Delivery,
    now: Timestamp,
) -> Vec<Entry> {
    let noted = noted(journal, store, delivery, now).into_iter();
    let entries = noted.map(|(plan, what)| Entry {
        at: now,
        plan,
        what,
    });
    let entries: Vec<Entry> = entries.collect();
    for entry in &entries {
        journal.add_entry(entry.clone());
    }
    entries
}

/// Where the mark of a plan is seen that was called not done, by a look that found nothing or by somebody who looked: what was
/// held up on its way has arrived.
fn arrived_after_all(
    record: &Record,
    store: &Store,
    delivery: &Delivery,
    now: Timestamp,
) -> Option<String> {
    if record.plan_state() != PlanState::NotDone || now.duration_since(record.sent_at) > HORIZON {
        return None;
    }
    let plan = &record.plan;
    let ours = Some(plan.id.as_str());
    let place = match &plan.write {
        Write::Create {
            environment,
            namespace,
            name,
            ..
        } => {
            let run = store.cluster(environment)?.runs.get(namespace, name)?;
            let mark = run.annotations.get(PLAN).map(|id| &**id);
            (mark == ours).then(|| format!("run {name} in {environment}"))
        }
        Write::Patch { id, .. } => {
            let app = application(store, delivery, &id.environment, &id.name)?;
            (app.id == *id && app.operation_plan.as_deref() == ours)
                .then(|| format!("the operation of {id}"))
        }
        Write::Commit { edits, .. } => edits.iter().find_map(|edit| {
            let mut changes = store
                .history
                .changes_of(&edit.environment, &edit.repository)
                .iter();
            changes
                .find(|change| change.plan.as_deref() == ours)
                .map(|change| format!("commit {}", change.commit))
        }),
    }?;
    Some(format!(
        "{place} is there after all, though the plan was called not done"
    ))
}

/// Whether the facts show that the debt is paid: the gate is open again, or another version stands where one was rolled
/// back.
fn is_undone(record: &Record, store: &Store) -> bool {
    let plan = &record.plan;
    if plan.request.lever == Lever::RollBack && !has_arrived(plan, store) {
        return false;
    }
    if let Some(edit) = plan.closes() {
        let file = store.declared(&edit.environment, &edit.repository);
        return file.is_some_and(|file| file.gate);
    }
    let (Some(repository), Some(to)) = (&plan.request.repository, &plan.to) else {
        return false;
    };
    store
        .declared(&plan.request.target.environment, repository)
        .and_then(|file| file.version.as_ref())
        .is_some_and(|version| version != to)
}

/// Whether git itself shows that the version came: a rollout may be seen before the commit behind it is.
fn has_arrived(plan: &Plan, store: &Store) -> bool {
    let Some(repository) = &plan.request.repository else {
        return false;
    };
    let changes = store
        .history
        .changes_of(&plan.request.target.environment, repository);
    changes
        .iter()
        .filter(|change| change.at.duration_since(plan.made_at).as_secs() >= -1)
        .any(|change| change.moves_version() && change.to == plan.to)
}
