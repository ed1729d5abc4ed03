//! Arrivals: what of several apps really arrives in production is named app by app, and what is typed is one of them or their
//! number.

use crate::scene::*;
use crate::world::World;
use leverframe::model::*;
use leverframe::plan::*;

/// publisher has rendered what staging declares; asset-manager waits for v862 there, which goes on into production.
fn two() -> World {
    let mut world = publisher();
    world.app("asset-manager", &["asset-manager"]);
    for (environment, from, to) in [
        ("integration", "v861", "v862"),
        ("staging", "v861", "v862"),
        ("production", "v860", "v861"),
    ] {
        world.stands(environment, "asset-manager", from, to, "3m");
    }
    world.healthy("integration", "asset-manager", "asset-manager", "v862");
    world.healthy("staging", "asset-manager", "asset-manager", "v861");
    world.healthy("production", "asset-manager", "asset-manager", "v861");
    world
}

fn refreshed(world: &World) -> Plan {
    pull(world, Lever::Refresh, "staging", "publisher").unwrap()
}

fn arrivals(plan: &Plan) -> Vec<String> {
    plan.reach.arrivals.iter().map(Arrival::text).collect()
}

#[test]
fn a_refresh_names_what_will_run_and_not_the_app_that_it_was_asked_of() {
    let mut world = two();
    // publisher's gate is held: v1362 goes nowhere, and is rendered already.
    world.closed("staging", "publisher", "5m", "hold");
    let plan = refreshed(&world);
    assert_eq!(arrivals(&plan), ["asset-manager v862"]);
    assert_eq!(
        (plan.typed().as_deref(), plan.typed_is()),
        (Some("v862"), "the version that will run")
    );
    let because = plan.reach.because.join("; ");
    assert!(
        because.contains("asset-manager v862 goes on there"),
        "{because}"
    );
    assert!(!because.contains("v1362"), "{because}");
    assert!(
        because.contains("the parent renders 1 other app, too: asset-manager"),
        "{because}"
    );
}

#[test]
fn of_several_apps_that_move_all_are_named_and_their_number_is_typed() {
    let mut world = two();
    change_app(&mut world, "staging", "publisher", |app| {
        app.annotations.insert("imageTag".into(), "v1361".into());
    });
    let plan = refreshed(&world);
    assert_eq!(arrivals(&plan), ["asset-manager v862", "publisher v1362"]);
    assert_eq!(
        (plan.typed().as_deref(), plan.typed_is()),
        (Some("2"), "the number of apps that move")
    );
    assert!(
        plan.reach
            .because
            .iter()
            .any(|text| text == "arrives in production: asset-manager v862, publisher v1362"),
        "{:?}",
        plan.reach.because
    );
}

#[test]
fn a_refresh_that_moves_nothing_reaches_no_further_than_its_environment() {
    let plan = refreshed(&publisher());
    assert_eq!(plan.reach.environments, [Environment::new("staging")]);
    assert_eq!((arrivals(&plan), plan.typed()), (Vec::new(), None));
}

#[test]
fn twins_move_with_one_version_and_a_sync_moves_its_own_app_alone() {
    let mut world = two();
    for app in ["publisher", "draft-publisher"] {
        change_app(&mut world, "production", app, |app| {
            app.annotations.insert("imageTag".into(), "v1360".into());
        });
    }
    let plan = pull(&world, Lever::Refresh, "production", "publisher").unwrap();
    assert_eq!(
        arrivals(&plan),
        ["draft-publisher v1361", "publisher v1361"]
    );
    assert_eq!(plan.typed().as_deref(), Some("v1361"));
    // Until the parent has rendered what git declares, what another version replaced would be applied again.
    let refusal = pull(&world, Lever::Sync, "staging", "asset-manager").unwrap_err();
    let said = "git declares v862, and the sync would apply v861 again";
    assert!(refusal.because.starts_with(said), "{refusal}");
    world.file("staging", "asset-manager", |file| {
        file.version = Some("v861".into());
    });
    let plan = pull(&world, Lever::Sync, "staging", "asset-manager").unwrap();
    // What the Application has rendered is what a sync applies, and production has it already.
    assert_eq!(plan.reach.environments, [Environment::new("staging")]);
}

#[test]
fn what_an_operation_that_has_just_begun_runs_is_not_known() {
    let mut world = publisher();
    change_app(&mut world, "staging", "publisher", |app| {
        app.operation = Some(Operation {
            started: Some(crate::world::ago("1m")),
            ..operation_in(Phase::Running)
        });
    });
    let refusal = pull(&world, Lever::Sync, "staging", "publisher").unwrap_err();
    let row = refusal
        .checks
        .iter()
        .find(|c| c.name == CheckName::Prune)
        .unwrap();
    assert_eq!(row.verdict, Verdict::Unknown, "{row:?}");
    assert!(row.evidence.contains("has only begun"), "{row:?}");
}

fn by(world: &World, lever: Lever, environment: &str) -> Plan {
    let asked = Request {
        version: (lever == Lever::RollBack).then(|| Version::new("v1360")),
        ..request(lever, environment, "publisher")
    };
    decide(world, &asked).unwrap()
}

/// publisher and draft-publisher ship from one file. In production a third app does, too.
fn shared_file() -> World {
    let mut world = publisher();
    by_commits(&mut world);
    world.app_in("production", "publisher-on-pg", &["publisher"]);
    world
}

#[test]
fn a_commit_to_a_file_of_several_apps_names_each_that_arrives_in_production() {
    let world = shared_file();
    for (lever, version) in [(Lever::Promote, "v1362"), (Lever::RollBack, "v1360")] {
        let plan = by(&world, lever, "production");
        assert!(matches!(plan.write, Write::Commit { .. }), "{plan:?}");
        let apps = ["draft-publisher", "publisher", "publisher-on-pg"];
        let each = apps.map(|app| format!("{app} {version}"));
        assert_eq!(arrivals(&plan), each);
        let sentence = format!("arrives in production: {}", each.join(", "));
        assert!(plan.reach.because.contains(&sentence), "{:?}", plan.reach);
        // It is one version that moves, and 52 of 56 accidents were the wrong one.
        assert_eq!(
            (plan.typed().as_deref(), plan.typed_is()),
            (Some(version), "the version that will run")
        );
    }
}

#[test]
fn what_goes_on_into_production_is_named_by_the_apps_of_production() {
    let mut world = shared_file();
    world.closed("staging", "publisher", "5m", "hold");
    let plan = by(&world, Lever::Release, "production");
    assert_eq!(
        arrivals(&plan),
        [
            "draft-publisher v1362",
            "publisher v1362",
            "publisher-on-pg v1362"
        ]
    );
    let mut world = shared_file();
    let plan = by(&world, Lever::Resubmit, "staging");
    assert_eq!(arrivals(&plan).len(), 3);
    // Tests alone, a closed gate and a hold bring nothing there.
    assert_eq!(arrivals(&by(&world, Lever::TestsOnly, "staging")), [""; 0]);
    assert_eq!(arrivals(&by(&world, Lever::Hold, "production")), [""; 0]);
    world.file("staging", "publisher", |file| {
        file.version = Some(Version::new("v1361"))
    });
    let plan = by(&world, Lever::Promote, "staging");
    assert_eq!(arrivals(&plan), [""; 0], "{:?}", plan.reach);
    // Of an app alone in its file there is nothing to tell apart.
    let mut world = two();
    by_commits(&mut world);
    let plan = pull(&world, Lever::Promote, "production", "asset-manager").unwrap();
    assert_eq!(
        (arrivals(&plan), plan.typed().as_deref()),
        (Vec::new(), Some("v862"))
    );
}

#[test]
fn an_app_that_joins_the_file_under_an_open_plan_makes_it_another() {
    let mut world = shared_file();
    let before = by(&world, Lever::Promote, "production");
    let changes = |world: &World| {
        let now = by(world, Lever::Promote, "production");
        Console::default().changes(world, &now, &before)
    };
    assert_eq!(changes(&world), []);
    world.app_in("production", "publisher-new", &["publisher"]);
    assert_eq!(changes(&world), [Changed::Reach]);
}

/// Where the names of the version files are the apps, plans know as much of them as of those in a list.
#[test]
fn apps_that_are_named_by_their_files_move_like_those_of_a_list() {
    let mut world = two();
    world.tree.apps.clear();
    let promoted = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    let effects: Vec<&HopEffect> = promoted.hops.iter().map(|hop| &hop.effect).collect();
    let is_rollout = |effect: &&HopEffect| matches!(effect, HopEffect::RolledOut { .. });
    assert!(effects.iter().any(is_rollout), "{effects:?}");
    let smoke = check(&promoted, "smoke");
    assert!(smoke.evidence.contains("the smoke run "), "{smoke:?}");
    world.closed("staging", "publisher", "5m", "hold");
    for app in ["publisher", "app-config"] {
        let plan = pull(&world, Lever::Refresh, "staging", app).unwrap();
        assert_eq!(arrivals(&plan), ["asset-manager v862"], "{app}");
        assert!(plan.reach.production, "{app}");
    }
}
