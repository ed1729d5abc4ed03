//! Stopped: who stopped a run or is stopping it, and why, as far as the own journal or the run itself knows.
//!
//! Deliberately absent: whether a run was stopped, which its own words say ([`Run::was_stopped`]).

use super::PlanId;
use crate::journal::{Journal, Record};
use crate::model::Run;
use crate::model::run::StoppedBy;

/// By the plan of the journal that stopped a run, else by what such a plan left on it. None of a run that nobody stopped, and of
/// one that was stopped otherwise than by a plan.
pub fn who_stopped<'a>(journal: &'a Journal, run: &'a Run) -> Option<StoppedBy<'a>> {
    // A run that passed all the same was not ended by whoever asked it to stop.
    if !run.is_stopping() && !run.was_stopped() {
        return None;
    }
    let stop = run.stop_plan();
    match stop.and_then(|stop| journal.get(&PlanId::new(stop))) {
        Some(stop) => Some(name_stop(journal, stop)),
        None => run.stopped_by(),
    }
}

/// By a plan of the journal.
pub(super) fn name_stop<'a>(journal: &'a Journal, stop: &'a Record) -> StoppedBy<'a> {
    let plan = &stop.plan;
    StoppedBy {
        who: &plan.who.login,
        reason: plan.request.reason.as_deref(),
        plan: Some(journal.short(&plan.id)),
    }
}

/// ` by root (plan 3032): wait`, to follow a word; empty where it is not known who stopped a run.
pub fn by_in_words(journal: &Journal, run: &Run) -> String {
    let by = who_stopped(journal, run);
    by.map(|by| format!(" {by}")).unwrap_or_default()
}

/// `stopped by root (plan 3032): wait`, `stopping, by root: wait`; none where it is not known who stopped a run.
pub fn in_words(journal: &Journal, run: &Run) -> Option<String> {
    let by = who_stopped(journal, run)?;
    Some(match run.is_stopping() {
        true => format!("stopping, {by}"),
        false => format!("stopped {by}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RunPhase;
    use crate::model::run::{STOP, STOP_ACTOR, STOP_REASON};
    use crate::store::{Fact, fixture::smoke};

    fn stopped(phase: RunPhase, marks: &[(&str, &str)]) -> Run {
        let Fact::Run(mut run) = smoke("staging", "publisher", "post-sync-a", "v2", phase) else {
            unreachable!()
        };
        run.shutdown = Some("Stop".into());
        for (key, value) in marks {
            run.annotations.insert((*key).into(), (*value).into());
        }
        run
    }

    #[test]
    fn what_a_plan_left_on_a_run_says_who_stopped_it_and_why() {
        let journal = Journal::default();
        let (who, why) = ((STOP_ACTOR, "bob"), (STOP_REASON, "DB is down"));
        // The plan stands in another journal.
        let plan = (STOP, "3032");
        for (phase, marks, words) in [
            (
                RunPhase::Failed,
                &[plan, who, why][..],
                Some("stopped by bob: DB is down"),
            ),
            (
                RunPhase::Error,
                &[plan, who, why],
                Some("stopped by bob: DB is down"),
            ),
            (RunPhase::Failed, &[plan, who], Some("stopped by bob")),
            (
                RunPhase::Running,
                &[plan, who, why],
                Some("stopping, by bob: DB is down"),
            ),
            (RunPhase::Failed, &[], None),
            (RunPhase::Succeeded, &[plan, who, why], None),
        ] {
            let run = stopped(phase, marks);
            assert_eq!(
                in_words(&journal, &run).as_deref(),
                words,
                "{:?}",
                run.phase
            );
        }
    }
}
