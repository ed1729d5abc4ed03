//! Mover: who moved a version, as far as the journal, the run that brought it and git can say.
//!
//! Deliberately absent: how it is worded. The console and the command line word it each in its way.

use crate::belongs::runs::brought;
use crate::delivery::Delivery;
use crate::journal::Journal;
use crate::model::{ActorKind, Change, Run};
use crate::store::Store;
use std::sync::Arc;

/// Who it was, how it was done, and why where somebody gave a reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mover<'a> {
    pub actor: &'a str,
    pub kind: ActorKind,
    pub reason: Option<&'a str>,
}

/// Who moved a version: the plan of the journal that brought it, else the run that did (the commit of a run names its
/// robot), else its commit.
pub fn mover<'a>(
    store: &'a Store,
    delivery: &Delivery,
    journal: &'a Journal,
    change: &'a Change,
) -> Mover<'a> {
    let history = &store.history;
    let changes = history.changes_of(&change.environment, &change.repository);
    let written = change.reason.as_deref();
    if let Some(record) = journal.brought(change, changes) {
        return Mover {
            actor: &record.plan.who.login,
            kind: ActorKind::Leverframe,
            reason: record.plan.request.reason.as_deref().or(written),
        };
    }
    let run = match change.kind {
        ActorKind::Manual => brought(store, delivery, change),
        ActorKind::Robot | ActorKind::Person | ActorKind::Leverframe => None,
    };
    let reason = written.or_else(|| run.and_then(Run::reason).map(Arc::as_ref));
    let (actor, kind) = match run.and_then(Run::ordered_by) {
        Some(who) => (who.as_ref(), ActorKind::Leverframe),
        None => (change.actor.as_ref(), change.kind),
    };
    Mover {
        actor,
        kind,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RunPhase;
    use crate::plan::mark;
    use crate::store::Fact;
    use crate::store::fixture::{Fixture, ago, smoke};

    fn delivering(by: Option<&str>) -> Fact {
        let run = smoke(
            "production",
            "router",
            "deploy-1",
            "v7",
            RunPhase::Succeeded,
        );
        let Fact::Run(mut run) = run else {
            unreachable!("it is a run")
        };
        run.template = Some("deploy-image".into());
        run.started = Some(ago(130));
        run.parameters = [
            ("environment".into(), "production".into()),
            ("repoName".into(), "router".into()),
            ("imageTag".into(), "v7".into()),
        ]
        .into();
        if let Some(by) = by {
            run.annotations = [
                (mark::ACTOR.into(), by.into()),
                (mark::REASON.into(), "incident 4711".into()),
            ]
            .into();
        }
        Fact::Run(run)
    }

    fn world(kind: ActorKind, run: Option<Fact>) -> Fixture {
        let mut world = Fixture::new();
        world
            .app("router", &["router"])
            .file("production", "router", "v7", true)
            .moved("production", "router", "v9", "v7", 120, kind);
        if let Some(run) = run {
            world.fact("production", run);
        }
        world
    }

    /// The commit names the robot that somebody's run committed with.
    #[test]
    fn the_run_says_who_ordered_what_the_robot_committed() {
        let ordered = ("alice", ActorKind::Leverframe, Some("incident 4711"));
        let plain = |kind: ActorKind| ("govuk-ci", kind, None);
        for (kind, run, said) in [
            (ActorKind::Manual, Some(delivering(Some("alice"))), ordered),
            (
                ActorKind::Manual,
                Some(delivering(None)),
                plain(ActorKind::Manual),
            ),
            (ActorKind::Manual, None, plain(ActorKind::Manual)),
            (
                ActorKind::Robot,
                Some(delivering(Some("alice"))),
                plain(ActorKind::Robot),
            ),
        ] {
            let world = world(kind, run);
            let file = (&"production".into(), &"router".into());
            let change = &world.store.history.changes_of(file.0, file.1)[0];
            let journal = Journal::default();
            let found = mover(&world.store, &world.delivery, &journal, change);
            assert_eq!((found.actor, found.kind, found.reason), said, "{kind:?}");
        }
    }
}
