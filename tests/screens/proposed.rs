//! Proposed: which levers the footer offers for a cell that a plan moves already.

use crate::golden::drawn;
use crate::world::{World, ago};
use crate::{decide, key, night, request, world};
use leverframe::journal::{Entry, What};
use leverframe::model::live::Hook;
use leverframe::model::{ActorKind, Operation, Phase, Target, Word};
use leverframe::plan::{HopEffect, Lever, Outcome, Plan, PlanId, Write};
use leverframe::state::{Overlay, State, View};
use std::sync::Arc;

fn proposed(state: &State, target: &Target) -> Vec<Lever> {
    let ready = leverframe::screen::proposed::in_order_of_use(state, target).ready;
    ready.iter().map(|(lever, _)| *lever).collect()
}

/// What else is ready would undo what is on its way.
#[test]
fn no_other_lever_is_proposed_while_a_plan_moves_the_cell() {
    let mut state = night(120, 40);
    let target = Target::new("production", "whitehall-admin");
    let before = proposed(&state, &target);
    assert_eq!(before[..2], [Lever::RollBack, Lever::Hold]);
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
    assert!(!before.is_empty());
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

/// A run in production's cluster that writes this version of a repository there.
fn deploys(world: &mut World, repository: &str, version: &str, name: &str) {
    let words = [
        ("environment", "production"),
        ("repoName", repository),
        ("imageTag", version),
        ("promoteDeployment", "false"),
    ];
    let name = name.to_owned();
    world.smoke(
        "production",
        "",
        repository,
        version,
        "Running",
        "20s",
        |run| {
            run.id.name = name.as_str().into();
            run.template = Some("deploy-image".into());
            run.labels = words
                .iter()
                .map(|(key, value)| (Arc::from(*key), Arc::from(*value)))
                .collect();
            run.parameters = run.labels.clone();
        },
    );
}

fn may_all(mut world: World) -> World {
    world.may_all();
    world
}

/// The footer's line of levers, with a cell selected.
fn footer(state: &mut State, target: &Target) -> String {
    state.ui.board.selected = Some(target.clone());
    let screen = drawn(state);
    let line = screen.lines().find(|line| line.contains("a levers: "));
    line.unwrap_or_else(|| panic!("{screen}")).to_owned()
}

/// A colleague's roll back stands in a journal of its own; its run is what this console sees.
#[test]
fn what_a_run_in_flight_brings_is_not_proposed_again() {
    let mut world = may_all(world::night());
    deploys(&mut world, "whitehall", "v3083", "deploy-image-x");
    let mut state = world.state(120, 40);
    assert_eq!(proposed(&state, &whitehall()), [Lever::Hold]);
    let levers = footer(&mut state, &whitehall());
    assert!(levers.contains("a levers: h hold"), "{levers}");
    // frontend was lowered by accident, and somebody brings it again.
    deploys(&mut world, "frontend", "v1601", "deploy-image-y");
    let mut state = world.state(120, 40);
    let frontend = Target::new("production", "frontend");
    assert_eq!(proposed(&state, &frontend), []);
    let levers = footer(&mut state, &frontend);
    assert!(levers.contains("a change is under way"), "{levers}");
    let line = opens_on(&mut state, &frontend);
    assert!(line.starts_with("[h]hold "), "{line}");
    // The gate is closed already, and a sync is ready, which would roll out what crashes.
    world.closed("staging", "whitehall", "400d", "by hand");
    world.application("production", "whitehall-admin", |_| {});
    let mut state = world.state(120, 40);
    assert!(is_ready(&state, &whitehall(), Lever::Sync));
    let line = opens_on(&mut state, &whitehall());
    assert!(line.starts_with("[h]hold                 off "), "{line}");
}

#[test]
fn a_version_that_was_bad_here_is_not_proposed_for_a_lower_one() {
    let target = Target::new("production", "frontend");
    let state = night(120, 40);
    assert_eq!(proposed(&state, &target)[0], Lever::Promote);
    let mut world = may_all(world::night());
    world.crashing("production", "frontend", "frontend", "v1601");
    let mut state = world.state(120, 40);
    let status = state.board.status(&target).unwrap();
    assert_eq!(status.attention.first(), Some(&Word::Lower));
    let levers = proposed(&state, &target);
    assert_eq!(levers[0], Lever::Hold);
    assert!(!levers.contains(&Lever::Promote), "{levers:?}");
    let levers = footer(&mut state, &target);
    assert!(levers.contains("a levers: h hold"), "{levers}");
    let screen = drawn(&state);
    let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = "promote is not proposed: v1601 crashes here now: CrashLoopBackOff";
    assert!(words.contains(said), "{screen}");
}

/// licensify has two images. v2 of the backend was rolled back from and its gate closed behind it; the gate of the feed was
/// closed by somebody else.
fn licensify() -> World {
    let mut world = may_all(world::night());
    world.app("licensify", &["licensify-backend", "licensify-feed"]);
    for environment in ["integration", "staging", "production"] {
        for repository in ["licensify-backend", "licensify-feed"] {
            world.moved(environment, repository, "v0", "v1", "5d", ActorKind::Robot);
            world.stands(environment, repository, "v1", "v2", "3d");
        }
        world.application(environment, "licensify", |_| {});
    }
    world.stands("production", "licensify-backend", "v2", "v1", "20m");
    let last = world.changes.last_mut().unwrap();
    last.kind = ActorKind::Leverframe;
    last.actor = "alice".into();
    for repository in ["licensify-backend", "licensify-feed"] {
        world.closed("staging", repository, "10m", "hold");
    }
    world
}

#[test]
fn a_lever_against_trouble_moves_the_file_that_is_in_trouble() {
    let target = Target::new("production", "licensify");
    let state = licensify().state(120, 40);
    let status = state.board.status(&target).unwrap();
    assert_eq!(status.attention.first(), Some(&Word::Back));
    let file = status.troubled_file.as_ref().unwrap();
    assert_eq!(file.as_str(), "licensify-backend");
    // The feed could be released, which is no answer to the roll back of the backend.
    let decided = leverframe::screen::levers::decided(&state, &target);
    let release = decided.iter().find(|(lever, _)| *lever == Lever::Release);
    assert!(release.unwrap().1.is_ok());
    let levers = proposed(&state, &target);
    assert!(!levers.contains(&Lever::Release), "{levers:?}");
    assert!(!levers.contains(&Lever::RollBack), "{levers:?}");
}

#[test]
fn where_nothing_is_wrong_a_roll_back_is_named_last_and_by_its_title() {
    let mut world = may_all(world::night());
    let robot = ActorKind::Robot;
    world.moved("production", "publisher", "v1359", "v1360", "9d", robot);
    let target = Target::new("production", "publisher");
    // It failed its smoke run in staging, so it could be promoted for a reason only.
    let state = world.state(200, 50);
    assert!(is_ready(&state, &target, Lever::Promote));
    let levers = proposed(&state, &target);
    assert!(!levers.contains(&Lever::Promote), "{levers:?}");
    let (app, version) = ("publisher", "v1362");
    world.smoke("staging", app, app, version, "Succeeded", "1m", |_| {});
    world.application("staging", app, |app| {
        app.annotations.insert("imageTag".into(), version.into());
    });
    let mut state = world.state(200, 50);
    let status = state.board.status(&target).unwrap();
    assert_eq!(status.attention, []);
    let levers = proposed(&state, &target);
    assert_eq!(levers.first(), Some(&Lever::Promote), "{levers:?}");
    assert_eq!(levers.last(), Some(&Lever::RollBack), "{levers:?}");
    let line = footer(&mut state, &target);
    assert!(!line.contains("roll back to"), "{line}");
    assert!(line.contains("b roll back"), "{line}");
}

/// The line of the list of levers on which the cursor stands.
fn cursor(state: &State) -> String {
    let screen = drawn(state);
    let lines = screen
        .lines()
        .skip_while(|line| !line.starts_with("-- levers of"));
    let line = lines.into_iter().find(|line| line.starts_with('['));
    line.unwrap_or_else(|| panic!("{screen}")).to_owned()
}

#[test]
fn the_list_of_levers_opens_on_what_the_footer_proposes_first() {
    let worlds = [may_all(world::night()), licensify()];
    for world in worlds {
        let mut state = world.state(120, 40);
        let rows = state.board.rows().flat_map(|row| row.statuses());
        let targets: Vec<Target> = rows.map(|status| status.target.clone()).collect();
        for target in targets {
            state.ui.board.selected = Some(target.clone());
            state.ui.overlay = Some(Overlay::Levers {
                target: target.clone(),
                selected: None,
                after: None,
            });
            let line = cursor(&state);
            match proposed(&state, &target).first() {
                Some(first) => assert!(
                    line.contains(&format!("]{} ", first.title())),
                    "{target}: {line}"
                ),
                None => assert!(line.contains("]hold "), "{target}: {line}"),
            }
        }
    }
}

/// A roll back of whitehall in production that was sent just now, and its list of levers.
fn after_roll_back(world: &World) -> (State, Plan) {
    let mut state = world.state(80, 40);
    let back = request(Lever::RollBack, "production", "whitehall-admin");
    let sent = decide(&state, &back).unwrap();
    world::remember(&mut state, sent.clone(), "40s");
    state.ui.board.selected = Some(whitehall());
    state.ui.overlay = Some(Overlay::Levers {
        target: whitehall(),
        selected: None,
        after: Some(sent.id.clone()),
    });
    state.ui.overlay_painted = Some(world::now());
    (state, sent)
}

const NOTE: &str = "After this roll back comes hold";

#[test]
fn what_a_plan_leaves_open_is_said_while_it_is_so() {
    let world = may_all(world::night());
    let (mut state, sent) = after_roll_back(&world);
    assert!(drawn(&state).contains(NOTE));
    assert!(cursor(&state).starts_with("[h]hold "));
    // It was stopped: the crash is still there, and so is its cure.
    let because = "its run Failed: Stopped with strategy 'Stop'.".to_owned();
    note(&mut state, &sent, What::CutShort { hop: 0, because });
    assert!(!drawn(&state).contains(NOTE));
    assert!(
        cursor(&state).starts_with("[b]roll back "),
        "{}",
        cursor(&state)
    );
    // A hand that has moved the cursor keeps it.
    let (mut state, sent) = after_roll_back(&world);
    key(&mut state, "down", 500, false);
    assert!(cursor(&state).starts_with("[u]release "));
    let outcome = Outcome::Failed {
        because: String::new(),
        remedy: String::new(),
        lost: false,
    };
    note(&mut state, &sent, What::Outcome { outcome });
    assert!(cursor(&state).starts_with("[u]release "));
}

/// Git and clusters say it before the journal does.
#[test]
fn what_a_plan_leaves_open_is_over_with_its_run_or_its_version() {
    let world = may_all(world::night());
    let (_, sent) = after_roll_back(&world);
    let Write::Create { name, .. } = &sent.write else {
        panic!("{:?}", sent.write);
    };
    let mut stopping = may_all(world::night());
    deploys(&mut stopping, "whitehall", "v3083", name);
    for fact in stopping.facts.get_mut(&"production".into()).unwrap() {
        if let leverframe::store::Fact::Run(run) = fact {
            run.shutdown = Some("Stop".into());
            run.started = Some(ago("40s"));
        }
    }
    let mut followed = may_all(world::night());
    followed.stands("production", "whitehall", "v3084", "v3085", "10s");
    for world in [stopping, followed] {
        let (mut state, _) = after_roll_back(&may_all(world::night()));
        let facts = world.state(80, 40);
        assert!(drawn(&state).contains(NOTE));
        state.store = facts.store;
        state.board = facts.board;
        assert!(!drawn(&state).contains(NOTE), "{}", drawn(&state));
    }
}

/// Whether a lever is ready in the list of levers.
fn is_ready(state: &State, target: &Target, lever: Lever) -> bool {
    let decided = leverframe::screen::levers::decided(state, target);
    let mut decided = decided.iter();
    decided.any(|(known, decision)| *known == lever && decision.is_ok())
}

/// The words of the whole screen, however it breaks its lines.
fn words(state: &State) -> String {
    let screen = drawn(state);
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The line that the list of levers opens on.
fn opens_on(state: &mut State, target: &Target) -> String {
    state.ui.overlay = Some(Overlay::Levers {
        target: target.clone(),
        selected: None,
        after: None,
    });
    let line = cursor(state);
    state.ui.overlay = None;
    line
}

/// An accident in one of two files: a sync would roll it out, and a roll back would move the other file.
#[test]
fn what_would_deliver_an_accident_is_not_proposed() {
    let mut world = may_all(world::night());
    world.licensify("3d");
    for environment in ["integration", "staging", "production"] {
        let backend = "licensify-backend";
        world.moved(environment, backend, "v0", "v1", "5d", ActorKind::Robot);
    }
    world.stands("production", "licensify-feed", "v2", "v4", "9m");
    world.stands("production", "licensify-feed", "v4", "v2", "4m");
    let mut state = world.state(120, 40);
    let target = Target::new("production", "licensify");
    let status = state.board.status(&target).unwrap();
    assert_eq!(status.attention.first(), Some(&Word::Lower));
    for lever in [Lever::Sync, Lever::Refresh, Lever::RollBack] {
        assert!(is_ready(&state, &target, lever), "{}", lever.title());
    }
    assert_eq!(proposed(&state, &target), [Lever::Hold]);
    let levers = footer(&mut state, &target);
    assert!(levers.contains("a levers: h hold"), "{levers}");
    assert!(opens_on(&mut state, &target).starts_with("[h]hold "));
    let said = words(&state);
    let wanted = "promote is not proposed: production has v2 already.";
    assert!(said.contains(wanted), "{said}");
    // Nor can it be held: what is ready all the same is not denied.
    for repository in ["licensify-backend", "licensify-feed"] {
        world.closed("staging", repository, "400d", "by hand");
    }
    let mut state = world.state(120, 40);
    assert_eq!(proposed(&state, &target), []);
    let levers = footer(&mut state, &target);
    assert!(levers.contains("a levers: none is proposed"), "{levers}");
}

/// Nothing is below integration, so what was lost there comes back by a roll back.
#[test]
fn a_lost_version_that_cannot_be_promoted_is_rolled_back_to() {
    let mut world = may_all(world::night());
    world.stands("integration", "publisher", "v1362", "v1361", "2m");
    let mut state = world.state(120, 40);
    let target = Target::new("integration", "publisher");
    let status = state.board.status(&target).unwrap();
    assert_eq!(status.attention.first(), Some(&Word::Lower));
    let levers = proposed(&state, &target);
    assert_eq!(levers.first(), Some(&Lever::RollBack), "{levers:?}");
    assert!(!levers.contains(&Lever::Sync), "{levers:?}");
    let levers = footer(&mut state, &target);
    assert!(
        levers.contains("a levers: b roll back to v1362"),
        "{levers}"
    );
    assert!(opens_on(&mut state, &target).starts_with("[b]roll back "));
    let said = words(&state);
    let wanted = "promote is not proposed: integration is the first environment";
    assert!(said.contains(wanted), "{said}");
}

/// What waits below is lower than what was lost, which was never below.
#[test]
fn why_a_lost_version_is_not_promoted_is_said() {
    let mut world = may_all(world::night());
    world.stands("production", "whitehall", "v3084", "v3085", "9m");
    world.stands("production", "whitehall", "v3085", "v3083", "4m");
    let mut state = world.state(120, 40);
    let target = whitehall();
    let status = state.board.status(&target).unwrap();
    assert_eq!(status.attention.first(), Some(&Word::Lower));
    assert_eq!(proposed(&state, &target)[0], Lever::Hold);
    footer(&mut state, &target);
    let said = words(&state);
    let wanted = "promote is not proposed: v3084 is lower than v3085";
    assert!(said.contains(wanted), "{said}");
}

/// The backend was rolled back; nothing that was bad waits below, so its closed gate could be opened.
fn behind_closed_gate() -> World {
    let mut world = licensify();
    world.changes.retain(|change| !change.moves_gate());
    world.stands("staging", "licensify-backend", "v2", "v3", "10m");
    world
}

#[test]
fn a_gate_that_nobody_closed_lately_is_not_proposed_to_be_opened() {
    let target = Target::new("production", "licensify");
    let mut state = behind_closed_gate().state(120, 40);
    let status = state.board.status(&target).unwrap();
    assert_eq!(status.attention.first(), Some(&Word::Back));
    assert!(is_ready(&state, &target, Lever::Release));
    assert!(!proposed(&state, &target).contains(&Lever::Release));
    let levers = footer(&mut state, &target);
    assert!(!levers.contains("release"), "{levers}");
    assert!(!opens_on(&mut state, &target).starts_with("[u]release "));
    // Somebody closed it lately.
    let mut world = behind_closed_gate();
    world.closed("staging", "licensify-backend", "10m", "hold");
    assert!(proposed(&world.state(120, 40), &target).contains(&Lever::Release));
    // It was closed long ago, by a hold that this journal has open.
    let mut open = behind_closed_gate();
    open.file("staging", "licensify-backend", |file| file.gate = true);
    let mut hold = request(Lever::Hold, "production", "licensify");
    hold.repository = Some("licensify-backend".into());
    let held = decide(&open.state(120, 40), &hold).unwrap();
    world::remember(&mut state, held.clone(), "40d");
    for hop in 0..held.hops.len() {
        note(&mut state, &held, What::Seen { hop });
    }
    assert!(proposed(&state, &target).contains(&Lever::Release));
}

/// staging lost v1363 by accident, and the smoke run of what stands there since failed.
fn lost_below() -> World {
    let mut world = may_all(world::night());
    world.stands("staging", "publisher", "v1362", "v1363", "40m");
    world.stands("staging", "publisher", "v1363", "v1362", "9m");
    world.smoke(
        "staging",
        "publisher",
        "publisher",
        "v1362",
        "Failed",
        "2m",
        |_| {},
    );
    world
}

#[test]
fn what_would_carry_an_accident_further_is_not_proposed() {
    let mut world = lost_below();
    let state = world.state(120, 40);
    let staging = Target::new("staging", "publisher");
    let status = state.board.status(&staging).unwrap();
    assert_eq!(status.attention.first(), Some(&Word::Lower));
    assert!(is_ready(&state, &staging, Lever::Resubmit));
    let levers = proposed(&state, &staging);
    assert!(!levers.contains(&Lever::Resubmit), "{levers:?}");
    assert!(levers.contains(&Lever::TestsOnly), "{levers:?}");
    world.closed("staging", "publisher", "7m", "hold");
    let mut state = world.state(120, 40);
    let production = Target::new("production", "publisher");
    assert!(is_ready(&state, &production, Lever::Release));
    assert!(is_ready(&state, &production, Lever::Promote));
    let levers = proposed(&state, &production);
    assert!(!levers.contains(&Lever::Release), "{levers:?}");
    assert!(!levers.contains(&Lever::Promote), "{levers:?}");
    assert!(!opens_on(&mut state, &production).starts_with("[u]release "));
}

/// What stands below is older than what stands here, so the open gate would let it come.
#[test]
fn a_gate_is_not_proposed_to_be_opened_for_a_lower_version() {
    let target = Target::new("production", "publisher");
    let released = |below: &str| {
        let mut world = may_all(world::night());
        world.stands("staging", "publisher", "v1361", below, "9m");
        let last = world.changes.last_mut().unwrap();
        last.kind = ActorKind::Person;
        world.closed("staging", "publisher", "5m", "hold");
        let state = world.state(120, 40);
        assert!(is_ready(&state, &target, Lever::Release), "{below}");
        proposed(&state, &target).contains(&Lever::Release)
    };
    assert!(released("v1362"));
    assert!(!released("v1360"));
}

/// A sync cures the first marked cell; the second lost its version by accident.
#[test]
fn every_marked_cell_speaks_for_itself() {
    let mut world = may_all(world::night());
    world.application("production", "frontend", |_| {});
    world.application("production", "publisher", |app| {
        app.operation = Some(given_up())
    });
    let mut state = world.state(120, 40);
    let calm = Target::new("production", "publisher");
    let lower = Target::new("production", "frontend");
    for marked in [vec![&calm], vec![&lower], vec![&calm, &lower]] {
        state.ui.board.marks = marked.iter().copied().cloned().collect();
        let ready = is_ready(&state, &calm, Lever::Sync);
        assert!(ready, "{marked:?}");
        let is_proposed = proposed(&state, &calm).contains(&Lever::Sync);
        assert_eq!(is_proposed, !marked.contains(&&lower), "{marked:?}");
    }
}

/// What moves a marked cell, or does not, counts, and not what moves the cell under the cursor.
#[test]
fn what_is_under_way_is_asked_of_what_would_be_moved() {
    let world = may_all(world::night());
    let crashing = Target::new("production", "whitehall-admin");
    let calm = Target::new("production", "publisher");
    let back = request(Lever::RollBack, "production", "whitehall-admin");
    let mut state = world.state(120, 40);
    let sent = decide(&state, &back).unwrap();
    state.ui.board.marks = [crashing.clone()].into();
    // The cure of the marked cell leads, wherever the cursor stands.
    assert_eq!(proposed(&state, &calm)[0], Lever::RollBack);
    let levers = footer(&mut state, &calm);
    let wanted = "a levers: b roll back 1 marked cell (1 REACH PRODUCTION)";
    assert!(levers.contains(wanted), "{levers}");
    world::remember(&mut state, sent.clone(), "2s");
    assert_eq!(proposed(&state, &calm), [Lever::Hold]);
    // And what moves the cell under the cursor hides no cure of another.
    let lower = Target::new("production", "frontend");
    state.ui.board.marks = [lower].into();
    assert_eq!(proposed(&state, &crashing)[0], Lever::Promote);
}

/// What was lost below is another file of the app; and what stands below by accident is no cure of what has not come.
#[test]
fn an_accident_below_is_asked_of_the_file_that_would_come() {
    let mut world = may_all(world::night());
    world.licensify("3d");
    for (from, to, age) in [("v2", "v3", "40m"), ("v3", "v2", "9m")] {
        world.stands("staging", "licensify-backend", from, to, age);
    }
    world.closed("staging", "licensify-feed", "10m", "hold");
    let mut state = world.state(120, 40);
    let target = Target::new("production", "licensify");
    let levers = footer(&mut state, &target);
    let wanted = "a levers: u release licensify-feed";
    assert!(levers.contains(wanted), "{levers}");
    // publisher has waited for long, and what it would get now came to staging by accident.
    let mut world = may_all(world::night());
    for (from, to, age) in [("v1362", "v1363", "40m"), ("v1363", "v1362", "39m")] {
        world.stands("staging", "publisher", from, to, age);
    }
    let (app, version) = ("publisher", "v1362");
    world.smoke("staging", app, app, version, "Succeeded", "30m", |_| {});
    let mut state = world.state(120, 40);
    let target = Target::new("production", "publisher");
    let status = state.board.status(&target).unwrap();
    assert_eq!(status.attention.first(), Some(&Word::Stuck));
    assert!(is_ready(&state, &target, Lever::Promote));
    let levers = proposed(&state, &target);
    assert!(!levers.contains(&Lever::Promote), "{levers:?}");
    footer(&mut state, &target);
    let said = words(&state);
    let wanted = "promote is not proposed: v1362 came to staging by accident.";
    assert!(said.contains(wanted), "{said}");
}

/// A refresh brings nothing back. What waits below is lower than what was lost.
#[test]
fn a_refresh_that_is_under_way_hides_no_cure() {
    let mut world = may_all(world::night());
    world.stands("staging", "publisher", "v1361", "v1365", "90m");
    world.stands("staging", "publisher", "v1365", "v1361", "2m");
    let target = Target::new("staging", "publisher");
    let mut state = world.state(120, 40);
    assert_eq!(proposed(&state, &target)[0], Lever::RollBack);
    let refresh = request(Lever::Refresh, "staging", "publisher");
    let sent = decide(&state, &refresh).unwrap_or_else(|refusal| panic!("{refusal}"));
    world::remember(&mut state, sent, "2s");
    assert_eq!(proposed(&state, &target)[0], Lever::RollBack);
    footer(&mut state, &target);
    let said = words(&state);
    assert!(said.contains("promote is not proposed: "), "{said}");
}

/// The backend's gate has been closed for months; the feed's was closed lately, and that is what HELD says.
#[test]
fn of_several_closed_gates_the_one_that_was_closed_lately_is_released() {
    let mut world = may_all(world::night());
    world.licensify("900d");
    world.closed("staging", "licensify-backend", "400d", "by hand");
    world.closed("staging", "licensify-feed", "10m", "hold");
    let mut state = world.state(120, 40);
    let target = Target::new("production", "licensify");
    let status = state.board.status(&target).unwrap();
    assert_eq!(status.attention.first(), Some(&Word::Held));
    let levers = footer(&mut state, &target);
    assert!(
        levers.contains("a levers: u release licensify-feed"),
        "{levers}"
    );
}

/// A roll back was sent and the gate's branch waits: what was rolled back from stands below, and could be promoted.
#[test]
fn nothing_leads_to_what_was_just_rolled_back_from() {
    let mut world = may_all(world::night());
    world.stands("production", "whitehall", "v3084", "v3083", "40s");
    let last = world.changes.last_mut().unwrap();
    last.kind = ActorKind::Person;
    let mut state = world.state(120, 40);
    let target = whitehall();
    let hold = request(Lever::Hold, "production", "whitehall-admin");
    let sent = decide(&state, &hold).unwrap();
    world::remember(&mut state, sent, "20s");
    assert!(is_ready(&state, &target, Lever::Promote));
    assert_eq!(proposed(&state, &target), []);
    let levers = footer(&mut state, &target);
    assert!(levers.contains("a change is under way"), "{levers}");
    let line = opens_on(&mut state, &target);
    assert!(line.starts_with("[h]hold "), "{line}");
}

/// A sync whose hook has failed, and which is tried again.
fn retried() -> Operation {
    Operation {
        phase: Phase::Running,
        message: Some("Retrying attempt #3".into()),
        started: Some(ago("15m")),
        finished: Some(ago("1m")),
        retries: 3,
        retry_limit: Some(5),
        revision: None,
        hooks: vec![Hook {
            kind: "Job".into(),
            namespace: "apps".into(),
            name: "publisher-dbmigrate".into(),
            stage: "PreSync".into(),
            phase: Phase::Failed,
            message: None,
        }],
        failed: Vec::new(),
    }
}

/// The hold that a roll back leads to stands on the last line; how far the roll back has come is what one waits for.
#[test]
fn a_roll_back_is_told_of_though_a_newer_plan_is_on_the_last_line() {
    let mut state = may_all(world::night()).state(120, 40);
    let target = whitehall();
    for (lever, age) in [(Lever::RollBack, "40s"), (Lever::Hold, "20s")] {
        let mut sent = decide(&state, &request(lever, "production", "whitehall-admin")).unwrap();
        sent.id = PlanId::new(&format!("{lever:?}"));
        world::remember(&mut state, sent, age);
    }
    footer(&mut state, &target);
    let said = words(&state);
    assert!(said.contains("roll back: waiting for "), "{said}");
    assert!(
        said.contains("hold whitehall-admin in production: waiting for "),
        "{said}"
    );
}

/// The same when it is tried no more.
fn given_up() -> Operation {
    Operation {
        phase: Phase::Failed,
        retries: 5,
        ..retried()
    }
}

/// A hook is tried again and again, so that a sync would be lost: what leads out is the version before, while its pods serve.
#[test]
fn a_hook_that_cannot_be_synced_now_is_left_by_a_roll_back() {
    let mut world = may_all(world::night());
    let robot = ActorKind::Robot;
    world.moved("production", "publisher", "v1359", "v1360", "9d", robot);
    world.application("production", "publisher", |app| {
        app.operation = Some(retried());
    });
    let mut state = world.state(80, 24);
    let target = Target::new("production", "publisher");
    let status = state.board.status(&target).unwrap();
    assert_eq!(status.attention.first(), Some(&Word::Hook));
    assert!(!is_ready(&state, &target, Lever::Sync));
    let levers = proposed(&state, &target);
    assert_eq!(levers[..2], [Lever::RollBack, Lever::Hold], "{levers:?}");
    let levers = footer(&mut state, &target);
    let wanted = "a levers: b roll back to v1360";
    assert!(levers.contains(wanted), "{levers}");
    // Once it has given up a sync cures it, and while that goes on nothing else is led to.
    world.application("production", "publisher", |app| {
        app.operation = Some(given_up())
    });
    let mut state = world.state(80, 24);
    assert_eq!(proposed(&state, &target)[0], Lever::Sync);
    let sync = request(Lever::Sync, "production", "publisher");
    let sent = decide(&state, &sync).unwrap_or_else(|refusal| panic!("{refusal}"));
    world::remember(&mut state, sent, "2s");
    assert_eq!(proposed(&state, &target), [Lever::Hold]);
}

/// A sync that cures nothing would only run its hooks once more.
#[test]
fn no_sync_is_proposed_that_cures_nothing() {
    let mut world = may_all(world::night());
    world.application("production", "publisher", |_| {});
    let target = Target::new("production", "publisher");
    // Nor where something else is wrong.
    for is_held in [false, true] {
        let mut world = world.clone();
        if is_held {
            world.closed("staging", "publisher", "10m", "hold");
        }
        let state = world.state(80, 24);
        assert!(is_ready(&state, &target, Lever::Sync));
        assert!(is_ready(&state, &target, Lever::Refresh));
        let levers = proposed(&state, &target);
        let cure = if is_held { Lever::Release } else { Lever::Hold };
        assert_eq!(levers, [cure]);
    }
}

/// Its version was rolled back from below, and the parent has not rendered it here yet.
#[test]
fn what_was_rolled_back_below_is_not_proposed_to_be_brought_on() {
    let mut world = may_all(world::night());
    for (from, to, age) in [("v1362", "v1363", "3m"), ("v1363", "v1362", "1m")] {
        world.stands("staging", "publisher", from, to, age);
    }
    let last = world.changes.last_mut().unwrap();
    (last.kind, last.reason) = (ActorKind::Leverframe, Some("bad".into()));
    world.stands("production", "publisher", "v1361", "v1363", "30s");
    world.application("production", "app-config", |parent| {
        parent.synced_revision = Some(world::commit("stagingpublisherv1362"));
    });
    let state = world.state(120, 40);
    let target = Target::new("production", "publisher");
    let status = state.board.status(&target).unwrap();
    assert_eq!(status.parent_has_it, Some(false));
    assert!(is_ready(&state, &target, Lever::Refresh));
    let levers = proposed(&state, &target);
    assert!(!levers.contains(&Lever::Refresh), "{levers:?}");
}

/// The tests of what stands would end, and nothing would be kept from coming.
#[test]
fn a_run_that_brings_nothing_is_not_proposed_to_be_stopped() {
    for (promote, is_proposed) in [("true", true), ("false", false)] {
        let mut world = may_all(world::night());
        let (app, version) = ("account-api", "v738");
        world.smoke("staging", app, app, version, "Running", "1m", |run| {
            let promote: (Arc<str>, Arc<str>) = ("promoteDeployment".into(), promote.into());
            run.parameters.extend([promote]);
        });
        let state = world.state(120, 40);
        let target = Target::new("staging", app);
        assert!(is_ready(&state, &target, Lever::Stop));
        let levers = proposed(&state, &target);
        assert_eq!(levers.contains(&Lever::Stop), is_proposed, "{levers:?}");
    }
}

/// What is done may have been replaced since, and by then it is seen.
#[test]
fn what_is_done_says_what_stands_there_now() {
    let (sent, target) = (promotion(), whitehall());
    let mut world = may_all(world::night());
    world.stands("production", "whitehall", "v3084", "v3085", "10s");
    let mut state = world.state(120, 40);
    world::remember(&mut state, sent.clone(), "4m");
    for nth in 0..sent.hops.len() {
        note(&mut state, &sent, What::Seen { hop: nth });
    }
    footer(&mut state, &target);
    let said = drawn(&state);
    assert!(said.contains(": done within "), "{said}");
    assert!(said.contains("; v3085 stands there now"), "{said}");
}

/// The gate of one image was opened; of the other it is closed. What was promoted below by hand comes through no gate.
#[test]
fn the_page_of_a_target_says_which_gate_is_open_and_what_stays_below_all_the_same() {
    let mut world = licensify();
    let target = Target::new("production", "licensify");
    world.file("staging", "licensify-feed", |file| file.gate = true);
    let page = |world: &World| {
        let mut state = world.state(120, 40);
        state.ui.views.push(View::Target(target.clone()));
        drawn(&state)
    };
    let open = ", open for licensify-feed";
    let stays = "stands below without promotion: its file keeps it there";
    let screen = page(&world);
    assert!(screen.contains(open) && !screen.contains(stays), "{screen}");
    for file in ["licensify-backend", "licensify-feed"] {
        world.file("staging", file, |file| file.gate = true);
        world.stands("production", file, "v2", "v1", "30d");
    }
    world.stands("staging", "licensify-feed", "v2", "v3", "2h");
    world.file("staging", "licensify-feed", |file| file.promote = false);
    let screen = page(&world);
    assert!(!screen.contains(open), "{screen}");
    assert!(
        screen.contains(&format!("licensify-feed v3 {stays}")),
        "{screen}"
    );
    // Below the board, too, where nothing else is to be said.
    world.stands("production", "licensify-backend", "v0", "v2", "30d");
    world.stands("production", "licensify-feed", "v0", "v2", "30d");
    let mut state = world.state(200, 50);
    state.ui.board.selected = Some(target.clone());
    let screen = drawn(&state);
    let said = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(&format!("v3 {stays}")), "{screen}");
}
