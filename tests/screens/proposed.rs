//! Proposed: which levers the footer offers for a cell that a plan moves already.

use crate::{decide, night, request, world};
use leverframe::journal::{Entry, What};
use leverframe::model::{ActorKind, Target};
use leverframe::plan::{HopEffect, Lever, Plan};
use leverframe::state::State;

fn proposed(state: &State, target: &Target) -> Vec<Lever> {
    let (ready, _) = leverframe::screen::levers::in_order_of_use(state, target);
    ready.iter().map(|(lever, _)| *lever).collect()
}

/// What else is ready would undo what is on its way.
#[test]
fn no_other_lever_is_proposed_while_a_plan_moves_the_cell() {
    let mut state = night(120, 40);
    let target = Target::new("production", "whitehall-admin");
    let before = proposed(&state, &target);
    assert_eq!(before[..2], [Lever::RollBack, Lever::Hold]);
    assert!(before.len() > 2, "{before:?}");
    let back = request(Lever::RollBack, "production", "whitehall-admin");
    let sent = decide(&state, &back).unwrap();
    world::remember(&mut state, sent, "2s");
    assert_eq!(proposed(&state, &target), [Lever::Hold]);
    // Whatever the trouble is whose own lever comes first.
    let state = night(120, 40);
    let statuses = state.board.rows().flat_map(|row| row.statuses());
    let troubled = statuses.filter(|status| !status.attention.is_empty());
    let troubled: Vec<Target> = troubled.map(|status| status.target.clone()).collect();
    let mut rolled_back = 0;
    for target in &troubled {
        let back = request(
            Lever::RollBack,
            target.environment.as_str(),
            target.app.as_str(),
        );
        let Ok(sent) = decide(&state, &back) else {
            continue;
        };
        let mut state = night(120, 40);
        world::remember(&mut state, sent, "2s");
        let ready = proposed(&state, target);
        assert!(
            ready.iter().all(|lever| *lever == Lever::Hold),
            "{target}: {ready:?}"
        );
        rolled_back += 1;
    }
    assert!(rolled_back > 2, "{rolled_back}");
}

/// A version that a plan brings from the environment below needs no promotion, until it is late.
#[test]
fn no_lever_is_proposed_where_a_plan_from_below_brings_the_version() {
    let mut state = night(120, 40);
    let target = Target::new("production", "publisher");
    let before = proposed(&state, &target);
    assert!(before.contains(&Lever::Promote), "{before:?}");
    let resubmit = request(Lever::Resubmit, "staging", "publisher");
    let sent = decide(&state, &resubmit).unwrap();
    let declares = sent.declares(&target.environment, &"publisher".into());
    let (hop, _) = declares.unwrap();
    let plan = sent.id.clone();
    world::remember(&mut state, sent, "2s");
    assert_eq!(proposed(&state, &target), []);
    let mut note = |what: What| {
        state.journal.add_entry(Entry {
            at: world::now(),
            plan: plan.clone(),
            what,
        });
    };
    for nth in 0..hop {
        note(What::Seen { hop: nth });
    }
    note(What::Late { hop });
    assert_eq!(proposed(&state, &target), before);
}

fn note(state: &mut State, plan: &Plan, what: What) {
    state.journal.add_entry(Entry {
        at: world::now(),
        plan: plan.id.clone(),
        what,
    });
}

fn whitehall() -> Target {
    Target::new("production", "whitehall-admin")
}

/// A promotion of whitehall in production to v3084, which crashes there, from before it came.
fn promotion() -> Plan {
    let mut world = world::night();
    world.may_all();
    world.file("production", "whitehall", |file| {
        file.version = Some("v3083".into())
    });
    let state = world.state(120, 40);
    let target = whitehall();
    let request = request(Lever::Promote, "production", target.app.as_str());
    let sent = decide(&state, &request).unwrap();
    assert_eq!(sent.to, Some("v3084".into()));
    sent
}

fn hop_into_production(plan: &Plan, file: &str) -> usize {
    let declares = plan.declares(&"production".into(), &file.into());
    declares.unwrap().0
}

/// What was brought needs a cure of its own, whoever brought it and whatever is still awaited of it.
#[test]
fn the_cure_of_a_crash_is_proposed_while_the_plan_that_brought_it_goes_on() {
    let target = whitehall();
    let fresh = proposed(&night(120, 40), &target);
    assert_eq!(fresh[..2], [Lever::RollBack, Lever::Hold]);
    let sent = promotion();
    let hop = hop_into_production(&sent, "whitehall");
    let mut state = night(120, 40);
    world::remember(&mut state, sent.clone(), "2m");
    // Git shows it before the journal does.
    assert_eq!(proposed(&state, &target), fresh);
    for nth in 0..=hop {
        note(&mut state, &sent, What::Seen { hop: nth });
    }
    assert_eq!(proposed(&state, &target), fresh);
    note(&mut state, &sent, What::Late { hop: hop + 1 });
    assert_eq!(proposed(&state, &target), fresh);
}

/// The robot brought v3085 behind it, which crashes.
#[test]
fn a_plan_whose_version_another_followed_hides_no_cure() {
    let target = whitehall();
    let sent = promotion();
    let hop = hop_into_production(&sent, "whitehall");
    let mut world = world::night();
    world.may_all();
    let robot = ActorKind::Robot;
    world.file("production", "whitehall", |file| {
        file.version = Some("v3085".into())
    });
    world.moved("production", "whitehall", "v3084", "v3085", "1m", robot);
    world.crashing("production", "whitehall-admin", "whitehall", "v3085");
    let mut state = world.state(120, 40);
    world::remember(&mut state, sent.clone(), "2m");
    // Not seen to have come, it would still bring another version.
    assert_eq!(proposed(&state, &target), [Lever::Hold]);
    for nth in 0..=hop {
        note(&mut state, &sent, What::Seen { hop: nth });
    }
    assert_eq!(
        proposed(&state, &target)[..2],
        [Lever::RollBack, Lever::Hold]
    );
}

#[test]
fn an_overdue_roll_back_hides_nothing() {
    let target = whitehall();
    let mut state = night(120, 40);
    let back = request(Lever::RollBack, "production", "whitehall-admin");
    let sent = decide(&state, &back).unwrap();
    world::remember(&mut state, sent.clone(), "2h");
    assert_eq!(proposed(&state, &target), [Lever::Hold]);
    note(&mut state, &sent, What::Late { hop: 0 });
    assert_eq!(
        proposed(&state, &target)[..2],
        [Lever::RollBack, Lever::Hold]
    );
}

/// A roll back has brought its version, and the pods of the version before still crash.
#[test]
fn while_the_version_of_a_roll_back_starts_nothing_is_proposed_that_undoes_it() {
    let target = whitehall();
    let mut state = night(120, 40);
    let back = request(Lever::RollBack, "production", "whitehall-admin");
    let sent = decide(&state, &back).unwrap();
    let hop = hop_into_production(&sent, "whitehall");
    let mut world = world::night();
    world.may_all();
    world.file("production", "whitehall", |file| {
        file.version = Some("v3083".into())
    });
    let who = ActorKind::Leverframe;
    world.moved("production", "whitehall", "v3084", "v3083", "1m", who);
    let arrived = world.state(120, 40);
    state.store = arrived.store;
    state.board = arrived.board;
    world::remember(&mut state, sent.clone(), "2m");
    for nth in 0..=hop {
        note(&mut state, &sent, What::Seen { hop: nth });
    }
    let ready = proposed(&state, &target);
    assert!(ready.iter().all(|lever| *lever == Lever::Hold), "{ready:?}");
}

/// The run of staging's resubmit has brought its version into production, where it crashes.
#[test]
fn a_plan_from_below_whose_version_has_come_hides_no_cure() {
    let target = whitehall();
    let fresh = proposed(&night(120, 40), &target);
    let mut sent = promotion();
    sent.request.lever = Lever::Resubmit;
    sent.request.target = Target::new("staging", "whitehall-admin");
    sent.hops.retain(|hop| {
        matches!(
            hop.effect,
            HopEffect::Declared { .. } | HopEffect::RolledOut { .. }
        )
    });
    let mut state = night(120, 40);
    world::remember(&mut state, sent.clone(), "2m");
    note(&mut state, &sent, What::Seen { hop: 0 });
    assert_eq!(proposed(&state, &target), fresh);
}
