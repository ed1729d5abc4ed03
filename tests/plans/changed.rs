//! Changed: which facts make an open plan another one, so that it must be looked at again, and that ages do not.

use crate::changes::smoked_staging;
use crate::scene::*;
use crate::world::{World, ago, now};
use jiff::SignedDuration;
use leverframe::journal::{Entry, What};
use leverframe::model::*;
use leverframe::plan::*;
use leverframe::store::Fact;

/// What is different in the promotion to production after the facts have become others.
fn promotion(before: fn(&mut World), after: fn(&mut World)) -> Vec<Changed> {
    let worlds = [before, after].map(|change| {
        let mut world = publisher();
        change(&mut world);
        world
    });
    let plans = worlds
        .each_ref()
        .map(|world| pull(world, Lever::Promote, "production", "publisher").unwrap());
    Console::default().changes(&worlds[1], &plans[1], &plans[0])
}

fn without_runs(world: &mut World) {
    for facts in world.facts.values_mut() {
        facts.retain(|fact| !matches!(fact, Fact::Run(_)));
    }
}

fn nothing(_: &mut World) {}

#[test]
fn a_check_that_was_not_known_and_fails_is_a_change_and_so_is_the_other_way_round() {
    let smoke = [Changed::Check(CheckName::Smoke)];
    assert_eq!(promotion(without_runs, nothing), smoke);
    assert_eq!(promotion(nothing, without_runs), smoke);
    assert_eq!(promotion(smoked_staging, nothing), smoke);
    // What speaks against it no longer needs no second look.
    assert_eq!(promotion(nothing, smoked_staging), []);
    assert_eq!(promotion(nothing, nothing), []);
}

#[test]
fn a_check_that_fails_for_another_reason_is_a_change() {
    let smoke = [Changed::Check(CheckName::Smoke)];
    let runs_again = |world: &mut World| {
        change_failed(world, |run| run.phase = RunPhase::Running);
    };
    // When it passes, it brings the same version.
    let in_flight_too = [Changed::Check(CheckName::InFlight), smoke[0].clone()];
    assert_eq!(promotion(nothing, runs_again), in_flight_too);
    let degraded = |world: &mut World| {
        change_app(world, "staging", "publisher", |app| {
            app.health = Health::Degraded;
        });
    };
    assert_eq!(promotion(nothing, degraded), smoke);
    let hop = [Changed::Check(CheckName::Hop)];
    let held = |world: &mut World| {
        world.closed("staging", "publisher", "5m", "hold");
    };
    let held_by_another = |world: &mut World| {
        world.closed("staging", "publisher", "5m", "hold");
        if let Some(change) = world.changes.last_mut() {
            change.actor = "ops-3".into();
        }
    };
    let held_later = |world: &mut World| {
        world.closed("staging", "publisher", "3m", "hold");
    };
    assert_eq!(promotion(nothing, held), hop);
    assert_eq!(promotion(held, held), []);
    assert_eq!(promotion(held, held_by_another), hop);
    assert_eq!(promotion(held, held_later), hop);
}

#[test]
fn what_is_only_shown_counts_by_its_verdict() {
    // Another cluster than those that a promotion to production is decided on.
    let silent = |since: &'static str| {
        move |world: &mut World| {
            let fault = Fault::new(
                FaultKind::Unreachable,
                format!("no route since {since}"),
                "",
            );
            let cluster = leverframe::store::Source::Cluster("integration".into());
            world.faults.push((cluster, None, ago(since), fault));
        }
    };
    let plan = |change: &dyn Fn(&mut World)| {
        let mut world = publisher();
        change(&mut world);
        let plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
        (world, plan)
    };
    let ((_, well), (ill, ill_plan)) = (plan(&nothing), plan(&silent("10m")));
    let (worse, worse_plan) = plan(&silent("20m"));
    let changes = |world: &World, now: &Plan, shown: &Plan| {
        let changes = Console::default().changes(world, now, shown);
        changes.contains(&Changed::Check(CheckName::Others))
    };
    assert!(changes(&ill, &ill_plan, &well));
    assert!(!changes(&worse, &worse_plan, &ill_plan));
}

/// Another plan that is under way is shown beside a roll back, which does not wait for it.
#[test]
fn somebody_who_acts_meanwhile_is_a_change_of_a_roll_back() {
    let mut world = publisher();
    by_commits(&mut world);
    let mut console = Console::default();
    let request = request(Lever::RollBack, "production", "publisher");
    let shown = console.decide(&world, &request).unwrap();
    let mut other = shown.clone();
    other.id = PlanId::new("ff112233445566aa");
    other.to = Some("v1358".into());
    console.journal.add_entry(Entry {
        at: now(),
        plan: other.id.clone(),
        what: What::Intent {
            plan: Box::new(other),
        },
    });
    let now = console.decide(&world, &request).unwrap();
    assert_eq!(
        console.changes(&world, &now, &shown),
        [Changed::Check(CheckName::InFlight)]
    );
}

/// The words of checks hold ages and the time of day, which run on; every lever is decided again for a minute.
#[test]
fn ages_and_clocks_that_run_on_are_no_change() {
    let mut world = publisher();
    world.closed("staging", "publisher", "58s", "hold");
    world.application("production", "app-config", |app| {
        app.health = Health::Degraded;
        app.sync = Sync::OutOfSync;
    });
    let mut reworded = 0;
    for lever in Lever::ALL {
        for environment in ["staging", "production"] {
            let mut console = Console::default();
            let request = request(lever, environment, "publisher");
            let Ok(mut shown) = console.decide(&world, &request) else {
                continue;
            };
            for _ in 0..14 {
                console.now = console
                    .now
                    .checked_add(SignedDuration::from_secs(5))
                    .unwrap();
                let plan = console.decide(&world, &request).unwrap();
                assert_eq!(
                    console.changes(&world, &plan, &shown),
                    [],
                    "{lever:?} {environment}"
                );
                let against = |plan: &Plan| {
                    let mut checks = plan.checks.clone();
                    checks.retain(Check::wants_reason);
                    checks
                };
                reworded += usize::from(against(&plan) != against(&shown));
                shown = plan;
            }
        }
    }
    assert!(reworded > 2, "{reworded} times words ran on");
}
