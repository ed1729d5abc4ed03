//! Shown: a plan as text, as data and as commands.

use crate::scene::*;
use crate::world::World;
use leverframe::plan::*;

/// One plan of each kind.
pub fn all() -> Vec<Plan> {
    let mut world = publisher();
    let mut plans = Vec::new();
    deploy_run(&mut world, "staging", "v1363", "true", "Running");
    for (lever, environment) in [
        (Lever::Promote, "production"),
        (Lever::RollBack, "production"),
        (Lever::Resubmit, "staging"),
        (Lever::TestsOnly, "staging"),
        (Lever::Sync, "staging"),
        (Lever::Refresh, "staging"),
        (Lever::Stop, "staging"),
        (Lever::Hold, "production"),
    ] {
        plans.push(pull(&world, lever, environment, "publisher").unwrap());
    }
    by_commits(&mut world);
    plans.push(pull(&world, Lever::Promote, "production", "publisher").unwrap());
    world.closed("staging", "publisher", "5m", "hold");
    plans.push(pull(&world, Lever::Release, "production", "publisher").unwrap());
    plans
}

#[test]
fn a_plan_comes_back_from_json_as_it_was() {
    for plan in all() {
        for check in &plan.checks {
            let weight = check.name.weight(plan.request.lever);
            assert!(
                weight.is_some(),
                "{:?} has no {}",
                plan.request.lever,
                check.name.title()
            );
        }
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan, "{text}");
        let refusal = Refusal {
            lever: plan.request.lever,
            target: plan.request.target.clone(),
            because: "x".into(),
            remedy: Remedy::by("y.", Way::Pull(Lever::Stop)),
            checks: plan.checks.clone(),
            is_asking: false,
        };
        let text = serde_json::to_value(&refusal).unwrap();
        assert_eq!(text["remedy"], "y.");
        let shown = show::refusal(&refusal);
        assert!(
            shown.contains("x y (`leverframe stop`). Nothing was sent."),
            "{shown}"
        );
    }
}

#[test]
fn a_reason_that_is_typed_later_reaches_the_object_and_changes_nothing_else() {
    let (world, console) = (publisher(), Console::default());
    let changes = |now: &Plan, shown: &Plan| console.changes(&world, now, shown);
    for plan in all() {
        let reasoned = plan.clone().with_reason(Some("incident \"4711\"".into()));
        let written = serde_json::to_string(&reasoned.write).unwrap();
        let carried = matches!(plan.write, Write::Create { .. })
            || matches!(plan.request.lever, Lever::Sync | Lever::Stop);
        assert_eq!(written.contains("4711"), carried, "{written}");
        assert_eq!(changes(&reasoned, &plan), []);
        assert_eq!(changes(&plan, &reasoned), []);
        assert_eq!(reasoned.with_reason(None), plan);
    }
    let plans = all();
    for (n, one) in plans.iter().enumerate() {
        for other in &plans[n + 1..] {
            assert_ne!(changes(one, other), []);
        }
    }
}

#[test]
fn the_text_says_the_move_first_and_failures_before_passes() {
    let plan = pull(&publisher(), Lever::Promote, "production", "publisher").unwrap();
    let text = show::text(&plan);
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("PROMOTE  publisher @ production  REACHES PRODUCTION ~"),
        "{text}"
    );
    assert!(lines[1].starts_with("v1361 -> v1362     "), "{text}");
    assert!(text.contains("2 need one reason ("), "{text}");
    assert!(text.contains(", 2 not checked)"), "{text}");
    assert!(text.contains("x smoke"), "{text}");
    assert!(!text.contains("+ "), "passes are folded: {text}");
    assert!(text.contains(
        "environment=production repoName=publisher imageTag=v1362 promoteDeployment=false"
    ));
    for plan in all() {
        let text = show::text(&plan);
        assert!(
            text.contains(&format!("plan {PLAN}")) && text.contains("\nthen\n"),
            "{text}"
        );
    }
}

#[test]
fn checks_that_are_only_shown_ask_for_nothing() {
    let mut world = publisher();
    world.closed("staging", "publisher", "5m", "hold");
    crate::changes::running(&mut world);
    deploy_run(&mut world, "production", "v1370", "true", "Running");
    for environment in ["staging", "production"] {
        change_app(&mut world, environment, "app-config", |a| {
            a.auto_sync = false
        });
    }
    let verdict_of = |lever: Lever, environment: &str, name: &str| {
        let plan = pull(&world, lever, environment, "publisher").unwrap();
        let row = check(&plan, name);
        assert_eq!(row.weight, Weight::Shown, "{} {name}", lever.title());
        row.verdict
    };
    for (lever, environment, name) in [
        (Lever::RollBack, "production", "hop"),
        (Lever::RollBack, "production", "hours"),
        (Lever::Sync, "production", "overtaken"),
        (Lever::Refresh, "production", "overtaken"),
        (Lever::Sync, "staging", "parent"),
        (Lever::Refresh, "staging", "parent"),
        (Lever::Stop, "staging", "parent"),
    ] {
        let verdict = verdict_of(lever, environment, name);
        assert_eq!(verdict, Verdict::Failed, "{} {name}", lever.title());
    }
    assert_eq!(
        verdict_of(Lever::Promote, "production", "migrations"),
        Verdict::NotChecked
    );
    // After the roll back the hold: it says what comes next.
    let back = pull(&publisher(), Lever::RollBack, "production", "publisher").unwrap();
    assert_eq!(back.next, Some(Lever::Hold));
    // A resubmit shows a newer version that is on its way.
    let mut newer = publisher();
    deploy_run(&mut newer, "staging", "v1363", "true", "Running");
    let plan = pull(&newer, Lever::Resubmit, "staging", "publisher").unwrap();
    let row = check(&plan, "overtaken");
    assert_eq!((row.weight, row.verdict), (Weight::Shown, Verdict::Failed));
}

#[test]
fn promotion_is_spoken_of_only_where_the_delivery_has_a_key_for_it() {
    let mut world = publisher();
    let speaks = |world: &World| {
        let plan = pull(world, Lever::Promote, "production", "publisher").unwrap();
        plan.reach
            .because
            .iter()
            .any(|why| why.contains("promotion is not asked for"))
    };
    assert!(speaks(&world));
    change_delivery(&mut world, |delivery| delivery.declared.promote = None);
    assert!(!speaks(&world));
}

/// An app of two images: what a plan is about is its file.
#[test]
fn a_plan_names_its_file_where_the_name_of_the_app_does_not_say_it() {
    let mut world = licensify();
    world.stands("staging", "licensify-feed", "v2", "v3", "1d");
    let asked = Request {
        repository: Some("licensify-feed".into()),
        ..request(Lever::Promote, "production", "licensify")
    };
    let plan = decide(&world, &asked).unwrap();
    let target = "licensify-feed (licensify) @ production";
    let movement = "promote licensify-feed of licensify in production";
    assert_eq!(plan.request.name_target(), target);
    let text = show::text(&plan);
    assert!(text.starts_with(&format!("PROMOTE  {target}  ")), "{text}");
    let commands = show::commands(&plan, &world.delivery, &Default::default());
    assert!(
        commands.contains(&format!("promote {target}: ")),
        "{commands}"
    );
    let mut state = world.state(200, 24);
    crate::world::remember(&mut state, plan.clone(), "1s");
    let says = |state: &leverframe::state::State| -> String {
        let lines = leverframe::screen::message::lines(state, 200);
        let texts = lines.iter().flat_map(|line| line.stretches());
        texts.map(|(text, _)| text.to_string()).collect()
    };
    assert!(
        says(&state).contains(&format!("{movement}: ")),
        "{}",
        says(&state)
    );
    let outcome = Outcome::Applied {
        evidence: "pushed".into(),
    };
    let sent = leverframe::message::Message::Outcome {
        plan: plan.id.clone(),
        outcome,
    };
    leverframe::update::update(&mut state, sent);
    assert!(
        says(&state).contains(&format!("({movement}): accepted")),
        "{}",
        says(&state)
    );
    // The usual plan reads as ever.
    let usual = pull(&publisher(), Lever::Promote, "production", "publisher").unwrap();
    assert_eq!(usual.request.name_target(), "publisher @ production");
    assert_eq!(
        usual.request.name_movement(),
        "promote publisher in production"
    );
}
