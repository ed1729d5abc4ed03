//! Rollout: what shows that a plan's version was declared, rendered and rolled out, and what only looks like it.

use crate::follow::Story;
use crate::scene::*;
use crate::world::{World, ago, commit, now};
use leverframe::journal::{PlanState, What};
use leverframe::plan::*;
use leverframe::store::Fact;

fn seen(hops: impl IntoIterator<Item = usize>) -> Vec<What> {
    hops.into_iter().map(|hop| What::Seen { hop }).collect()
}

/// The parent of production has synced main up to the commit that brought a version, and no further.
fn parent_is_at(world: &mut World, word: &str) {
    change_app(world, "production", "app-config", |parent| {
        parent.synced_revision = Some(commit(word));
    });
}

fn rendered(world: &mut World, version: &str) {
    for app in ["publisher", "draft-publisher"] {
        change_app(world, "production", app, |a| {
            a.annotations.insert("imageTag".into(), version.into());
        });
    }
}

/// A commit of its own, though the same version came here before.
fn stands_again(world: &mut World, from: &str, to: &str) {
    world.stands("production", "publisher", from, to, "0s");
    world.changes.last_mut().unwrap().commit = commit("again");
}

/// v1362 was declared and rendered in production, and never got as far as its pods: v1361 still serves.
fn never_rolled_out() -> World {
    let mut world = publisher();
    world.stands("production", "publisher", "v1361", "v1362", "20m");
    rendered(&mut world, "v1362");
    world
}

#[test]
fn pods_that_never_left_prove_nothing_until_the_parent_has_rendered_their_version_again() {
    let mut world = never_rolled_out();
    let mut named = request(Lever::RollBack, "production", "publisher");
    named.version = Some("v1361".into());
    let plan = decide(&world, &named).unwrap();
    let hops = plan.hops.len();
    let declared = |hop: &Hop| matches!(hop.effect, HopEffect::Declared { .. });
    let declared = plan.hops.iter().position(declared).unwrap();
    let mut story = Story::applied(plan);
    assert_eq!(story.look(&world, 1), []);
    stands_again(&mut world, "v1362", "v1361");
    parent_is_at(&mut world, "productionpublisherv1362");
    assert_eq!(story.look(&world, 20), seen(0..=declared));
    rendered(&mut world, "v1361");
    parent_is_at(&mut world, "tip");
    assert_eq!(story.look(&world, 90), seen(declared + 1..hops));
    assert_eq!(story.record().plan_state(), PlanState::Done);
}

#[test]
fn what_the_parent_renders_still_from_before_proves_nothing() {
    let mut world = never_rolled_out();
    // Rolled back, which the parent has not heard of, and brought again.
    world.stands("production", "publisher", "v1362", "v1361", "1s");
    world.changes.last_mut().unwrap().commit = commit("again");
    let plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    let declared = |hop: &Hop| matches!(hop.effect, HopEffect::Declared { .. });
    let declared = plan.hops.iter().position(declared).unwrap();
    let mut story = Story::applied(plan);
    assert_eq!(story.look(&world, 1), []);
    world.stands("production", "publisher", "v1361", "v1362", "0s");
    world.changes.last_mut().unwrap().commit = commit("undone");
    parent_is_at(&mut world, "productionpublisherv1362");
    assert_eq!(story.look(&world, 20), seen(0..=declared));
    parent_is_at(&mut world, "tip");
    assert_eq!(story.look(&world, 60), seen([declared + 1]));
}

/// v3 of one of licensify's images waits in staging, and pods of v2 run in production.
fn licensify_waits() -> World {
    let mut world = licensify();
    world.stands("staging", "licensify-feed", "v2", "v3", "1d");
    run(&mut world, "v2");
    world
}

/// Makes production's pods of licensify anew, those of the feed at a version.
fn run(world: &mut World, feed: &str) {
    let facts = world.facts.entry("production".into()).or_default();
    let is_licensify = |fact: &Fact| match fact {
        Fact::Pod(pod) => pod.id.name.starts_with("licensify"),
        _ => false,
    };
    facts.retain(|fact| !is_licensify(fact));
    world.pod("production", "licensify", "licensify-backend", "v2", |_| {});
    world.pod("production", "licensify", "licensify-feed", feed, |_| {});
}

fn promote_feed(world: &World) -> Plan {
    let asked = Request {
        repository: Some("licensify-feed".into()),
        ..request(Lever::Promote, "production", "licensify")
    };
    decide(world, &asked).unwrap()
}

/// Makes the run of a plan that went into production, ended a minute before the plan as it is.
fn ended_run(world: &mut World, plan: &Plan, phase: &str) {
    let Write::Create { name, .. } = &plan.write else {
        panic!("{:?}", plan.write)
    };
    let version = plan.to.clone().unwrap();
    let facts = world.facts.entry("production".into()).or_default();
    facts.retain(|fact| !matches!(fact, Fact::Run(run) if run.id.name == *name));
    let id = deploy_run(world, "production", version.as_str(), "false", phase);
    for fact in world.facts.entry("production".into()).or_default() {
        if let Fact::Run(run) = fact
            && run.id == id
        {
            run.id.name = name.clone();
            run.finished = Some(ago("1m"));
        }
    }
}

#[test]
fn an_app_of_several_images_is_followed_file_by_file_to_the_pods_of_each() {
    let mut world = licensify_waits();
    let plan = promote_feed(&world);
    let hops = plan.hops.len();
    let rollout = |hop: &Hop| matches!(hop.effect, HopEffect::RolledOut { .. });
    assert_eq!(plan.hops.iter().position(rollout), Some(hops - 1));
    let mut story = Story::applied(plan);
    assert_eq!(
        story.look(&world, 1),
        [],
        "its parent has synced all that there is, without v3"
    );
    world.stands("production", "licensify-feed", "v2", "v3", "0s");
    parent_is_at(&mut world, "productionlicensify-feedv2");
    assert_eq!(story.look(&world, 20), seen(0..hops - 2));
    parent_is_at(&mut world, "tip");
    assert_eq!(story.look(&world, 60), seen([hops - 2]));
    assert_eq!(story.record().plan_state(), PlanState::Underway);
    run(&mut world, "v3");
    assert_eq!(story.look(&world, 120), seen([hops - 1]));
    assert_eq!(story.record().plan_state(), PlanState::Done);
}

/// A plan that was applied, and whose run has failed before it brought anything.
fn cut_short_by_its_run(world: &mut World, plan: &Plan) -> Story {
    let mut story = Story::applied(plan.clone());
    ended_run(world, plan, "Failed");
    let noted = story.look(world, 20);
    let [What::Seen { hop: 0 }, What::CutShort { hop: 1, .. }] = &noted[..] else {
        panic!("{noted:?}")
    };
    story
}

#[test]
fn a_run_that_fails_ends_a_plan_of_one_of_several_images() {
    let mut world = licensify_waits();
    let plan = promote_feed(&world);
    cut_short_by_its_run(&mut world, &plan);
}

#[test]
fn what_somebody_brings_later_is_no_work_of_a_plan_whose_run_failed() {
    let mut world = publisher();
    let plan = pull(&world, Lever::RollBack, "production", "publisher").unwrap();
    let mut story = cut_short_by_its_run(&mut world, &plan);
    world.stands("production", "publisher", "v1361", "v1360", "0s");
    assert_eq!(story.look(&world, 30), []);
    // Nor where no console has noted yet that the run has failed.
    let mut unnoted = Story::applied(plan.clone()).journal;
    assert_eq!(unnoted.taken_back().len(), 1, "as far as it knows");
    let store = world.state(80, 24).store;
    let entries = follow::note_in_memory(&mut unnoted, &store, &world.delivery, now());
    assert_eq!(entries.len(), 2, "{entries:?}");
    assert!(unnoted.taken_back().is_empty());
    assert_eq!(story.record().plan_state(), PlanState::CutShort);
    assert!(!story.record().happened());
    // Not even once the run is deleted; but a run that is tried again may bring it yet.
    let facts = world.facts.entry("production".into()).or_default();
    facts.retain(|fact| !matches!(fact, Fact::Run(_)));
    assert_eq!(story.look(&world, 40), []);
    ended_run(&mut world, &plan, "Succeeded");
    assert_eq!(story.look(&world, 50).first(), Some(&What::Seen { hop: 1 }));
    assert!(story.record().happened());
}

#[test]
fn a_version_that_another_followed_before_the_parent_had_it_is_awaited_no_longer() {
    let mut world = publisher();
    let plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    let mut story = Story::applied(plan.clone());
    world.stands("production", "publisher", "v1361", "v1362", "0s");
    parent_is_at(&mut world, "productionpublisherv1361");
    assert_eq!(story.look(&world, 20), seen(0..=1));
    world.stands("production", "publisher", "v1362", "v1363", "0s");
    let because = "v1363 followed it in production before it was seen to run".to_owned();
    assert_eq!(story.look(&world, 30), [What::CutShort { hop: 2, because }]);
    assert_eq!(story.look(&world, 9_999), []);
    // The same version, brought once more by the robot, is not this plan's work.
    world.stands("production", "publisher", "v1363", "v1362", "0s");
    world.changes.last_mut().unwrap().commit = commit("again");
    parent_is_at(&mut world, "tip");
    for app in ["publisher", "draft-publisher"] {
        change_app(&mut world, "production", app, |a| {
            a.annotations.insert("imageTag".into(), "v1362".into());
        });
        world.pod("production", app, "publisher", "v1362", |_| {});
    }
    assert_eq!(story.look(&world, 9_999), []);
    assert_eq!(story.record().plan_state(), PlanState::CutShort);
    assert!(!story.record().can_be_settled());
    // The same where nobody looked meanwhile: history knows what came between.
    let mut unnoted = Story::applied(plan);
    let noted = unnoted.look(&world, 9_999);
    assert!(
        matches!(noted.last(), Some(What::CutShort { hop: 2, .. })),
        "{noted:?}"
    );
    assert_eq!(
        waits::next_step(story.record()),
        Some("What stands now came after it. Look at that before anything is sent again.")
    );
}

#[test]
fn the_same_version_of_another_file_is_not_what_a_plan_brought() {
    let mut world = licensify_waits();
    let mut story = Story::applied(promote_feed(&world));
    world.stands("production", "licensify-feed", "v2", "v3", "0s");
    world.stands("production", "licensify-feed", "v3", "v4", "0s");
    world.changes.last_mut().unwrap().commit = commit("followed");
    world.stands("production", "licensify-backend", "v2", "v3", "0s");
    parent_is_at(&mut world, "tip");
    let facts = world.facts.entry("production".into()).or_default();
    facts.retain(|fact| !matches!(fact, Fact::Pod(pod) if pod.id.name.starts_with("licensify")));
    world.pod("production", "licensify", "licensify-backend", "v3", |_| {});
    world.pod("production", "licensify", "licensify-feed", "v4", |_| {});
    let noted = story.look(&world, 60);
    assert!(
        matches!(noted.last(), Some(What::CutShort { .. })),
        "{noted:?}"
    );
    assert_eq!(story.record().plan_state(), PlanState::CutShort);
}
