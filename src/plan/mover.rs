//! Mover: who moved a version, as far as the journal, the run that brought it and git can say.
//!
//! Deliberately absent: how it is worded. The console and the command line word it each in its way.

use crate::belongs::runs::{Mover, who_ordered};
use crate::delivery::Delivery;
use crate::journal::Journal;
use crate::model::{ActorKind, Change};
use crate::store::Store;

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
    match journal.brought(change, changes) {
        Some(record) => Mover {
            actor: &record.plan.who.login,
            kind: ActorKind::Leverframe,
            reason: record
                .plan
                .request
                .reason
                .as_deref()
                .or(change.reason.as_deref()),
        },
        None => who_ordered(store, delivery, change),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RunPhase;
    use crate::store::Fact;
    use crate::store::fixture::{Fixture, ago, deploy_run};

    fn delivering(by: Option<&str>) -> Fact {
        deploy_run("production", "router", "deploy-1", "v7", by)
    }

    fn stopped() -> Fact {
        let Fact::Run(mut run) = delivering(Some("alice")) else {
            unreachable!("it is a run")
        };
        (run.phase, run.finished) = (RunPhase::Failed, Some(ago(125)));
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
            // Somebody's own commit is nobody else's, and what had been stopped by then brought nothing.
            (
                ActorKind::Person,
                Some(delivering(Some("alice"))),
                plain(ActorKind::Person),
            ),
            (ActorKind::Manual, Some(stopped()), plain(ActorKind::Manual)),
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
