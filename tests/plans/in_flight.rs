//! In flight: a roll back beside the plans of the journal that move the same version. It may supersede any but itself.

use crate::scene::*;
use crate::world::{World, ago};
use leverframe::delivery::Mechanism;
use leverframe::journal::{Entry, Journal, What};
use leverframe::plan::*;

/// publisher in production, whose version is changed by branches that people merge.
fn by_branches() -> World {
    let mut world = publisher();
    let kind = leverframe::model::ActorKind::Robot;
    world.moved("production", "publisher", "v1357", "v1358", "90h", kind);
    change_delivery(&mut world, |delivery| {
        for stage in &mut delivery.environments {
            stage.version_by = Mechanism::Branch;
        }
    });
    world
}

fn back_to(version: &str) -> Request {
    Request {
        version: Some(version.into()),
        ..request(Lever::RollBack, "production", "publisher")
    }
}

fn applied() -> What {
    let evidence = String::new();
    What::Outcome {
        outcome: Outcome::Applied { evidence },
    }
}

fn add(journal: &mut Journal, plan: &Plan, whats: &[What]) {
    let intent = What::Intent {
        plan: Box::new(plan.clone()),
    };
    for what in std::iter::once(&intent).chain(whats) {
        journal.add_entry(Entry {
            at: plan.made_at,
            plan: plan.id.clone(),
            what: what.clone(),
        });
    }
}

/// The row of a decision, whether it is a plan or a refusal.
fn row(console: &Console, world: &World, request: &Request) -> Check {
    let decided = console.decide(world, request);
    let (Ok(Plan { checks, .. }) | Err(Refusal { checks, .. })) = decided;
    let row = checks.into_iter().find(|c| c.name == CheckName::InFlight);
    row.unwrap()
}

#[test]
fn a_roll_back_does_not_supersede_itself_wherever_it_stands_among_others() {
    let world = by_branches();
    let mut console = Console::default();
    for (id, version) in [("aaaa", "v1360"), ("bbbb", "v1358")] {
        let asked = back_to(version);
        let plan = console.decide(&world, &asked).unwrap();
        let plan = Plan {
            id: PlanId::new(id),
            ..plan
        };
        add(&mut console.journal, &plan, &[applied()]);
        for (known, version) in [("aaaa", "v1360"), ("bbbb", "v1358")] {
            let is_sent = console.journal.get(&PlanId::new(known)).is_some();
            let row = row(&console, &world, &back_to(version));
            assert_eq!(row.refuses(), is_sent, "{version}: {}", row.evidence);
            assert_eq!(row.verdict, Verdict::Failed);
            if is_sent {
                assert!(row.evidence.contains(known), "{}", row.evidence);
            }
        }
    }
}

#[test]
fn the_same_roll_back_waits_for_the_first_until_that_is_over_or_late() {
    let world = by_branches();
    let plan = decide(&world, &back_to("v1360")).unwrap();
    let id = PlanId::new("ffff");
    let plan = Plan { id, ..plan };
    let (nth, _) = plan
        .declares(&"production".into(), &"publisher".into())
        .unwrap();
    let because = String::new;
    let unknown = What::Outcome {
        outcome: Outcome::Unknown { because: because() },
    };
    let refused = What::Outcome {
        outcome: Outcome::Refused { because: because() },
    };
    let pushed = || vec![applied(), What::Seen { hop: 0 }];
    let mut late = pushed();
    late.push(What::Late { hop: nth });
    let whose = "plan ffff (roll back publisher @ production, by ops-1)";
    for (whats, refuses, evidence) in [
        (
            vec![],
            true,
            format!("{whose} is being sent, or its console died"),
        ),
        (
            vec![unknown],
            true,
            format!("{whose} has an unknown outcome"),
        ),
        (vec![applied()], true, format!("{whose} is under way")),
        (pushed(), true, format!("{whose} is under way")),
        // It may never come: the next one is told of it, and held up no longer.
        (
            late,
            false,
            format!("{whose} is late in bringing v1360 into production"),
        ),
        (
            vec![refused],
            false,
            "no plan of the same kind is under way".to_owned(),
        ),
    ] {
        let mut console = Console::default();
        add(&mut console.journal, &plan, &whats);
        let same = row(&console, &world, &back_to("v1360"));
        assert_eq!((same.refuses(), same.evidence), (refuses, evidence));
        // From the twin it would be the same commit.
        let mut twin = back_to("v1360");
        twin.target.app = "draft-publisher".into();
        assert_eq!(row(&console, &world, &twin).refuses(), refuses);
        // Another one supersedes it.
        let other = row(&console, &world, &back_to("v1358"));
        assert!(!other.refuses(), "{}", other.evidence);
    }
}

#[test]
fn the_version_that_was_brought_and_followed_by_another_is_brought_again() {
    let mut world = publisher();
    by_commits(&mut world);
    let plan = Plan {
        id: PlanId::new("ffff"),
        made_at: ago("5m"),
        ..decide(&world, &back_to("v1360")).unwrap()
    };
    let mut console = Console::default();
    add(
        &mut console.journal,
        &plan,
        &[applied(), What::Seen { hop: 0 }],
    );
    // Another console has seen it in git. This one has not read it yet and would send it again.
    let same = row(&console, &world, &back_to("v1360"));
    assert!(same.refuses(), "{}", same.evidence);
    world.stands("production", "publisher", "v1361", "v1360", "4m");
    world.stands("production", "publisher", "v1360", "v1362", "2m");
    let again = row(&console, &world, &back_to("v1360"));
    assert!(!again.refuses(), "{}", again.evidence);
    assert!(again.evidence.contains("has arrived"), "{}", again.evidence);
}

#[test]
fn a_plan_in_flight_is_named_by_as_many_letters_as_tell_it_apart() {
    let world = by_branches();
    let plan = decide(&world, &back_to("v1360")).unwrap();
    let mut console = Console::default();
    for (id, named) in [
        ("03e77b2c5f3f6e72", "plan 03e7 ("),
        ("03e7912c5f3f6e72", "plan 03e77 ("),
    ] {
        let id = PlanId::new(id);
        let plan = Plan { id, ..plan.clone() };
        add(&mut console.journal, &plan, &[applied()]);
        let row = row(&console, &world, &back_to("v1360"));
        assert!(row.evidence.starts_with(named), "{}", row.evidence);
    }
}
