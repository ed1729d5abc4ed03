//! Levers: the exact write of each, its reach, its debts, and whom it leaves alone.

use crate::scene::*;
use crate::world::{World, ago};
use leverframe::model::*;
use leverframe::plan::*;
use leverframe::store::Kind;
use serde_json::json;
use std::sync::Arc;

#[test]
fn promoting_by_workflow_submits_the_template_once_and_stops_there() {
    let plan = pull(&publisher(), Lever::Promote, "production", "publisher").unwrap();
    assert_eq!(
        (plan.from.clone(), plan.to.clone()),
        (Some("v1361".into()), Some("v1362".into()))
    );
    let Write::Create {
        environment,
        namespace,
        plural,
        name,
        object,
        origin,
    } = &plan.write
    else {
        panic!("{:?}", plan.write)
    };
    assert_eq!(environment.as_str(), "production");
    assert_eq!((&**namespace, &**plural), ("apps", "workflows"));
    assert_eq!(&**name, "deploy-image-00112233445566aa");
    assert_eq!(*origin, None);
    assert_eq!(
        *object,
        json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {
                "name": "deploy-image-00112233445566aa",
                "generateName": "deploy-image-",
                "namespace": "apps",
                "labels": {
                    "workflows.argoproj.io/workflow-template": "deploy-image",
                    "environment": "production",
                    "repoName": "publisher",
                    "imageTag": "v1362",
                    "promoteDeployment": "false",
                },
                "annotations": {"leverframe/plan": PLAN, "leverframe/actor": "ops-1"},
            },
            "spec": {
                "workflowTemplateRef": {"name": "deploy-image"},
                "arguments": {"parameters": [
                    {"name": "environment", "value": "production"},
                    {"name": "repoName", "value": "publisher"},
                    {"name": "imageTag", "value": "v1362"},
                    {"name": "promoteDeployment", "value": "false"},
                ]},
            },
        })
    );
    assert_eq!(plan.reach.environments, [Environment::new("production")]);
    assert_eq!(plan.typed().as_deref(), Some("v1362"));
    assert!(
        plan.evidence.contains("draft-publisher"),
        "{}",
        plan.evidence
    );
    assert_eq!(plan.request.repository, Some("publisher".into()));
    let effects: Vec<String> = plan.hops.iter().map(|h| show::effect(&h.effect)).collect();
    assert_eq!(
        effects,
        [
            "deploy-image-00112233445566aa seen in production",
            "v1362 declared in production",
            "parent synced in production",
            "publisher runs v1362 in production",
            "draft-publisher runs v1362 in production",
            "smoke run of publisher v1362 passed in production",
        ]
    );
}

#[test]
fn what_a_person_promotes_into_staging_does_not_reach_production() {
    let mut world = publisher();
    world.stands("staging", "publisher", "v1362", "v1361", "1m");
    // It had v1362 before: going there again is no step down.
    let plan = pull(&world, Lever::Promote, "staging", "publisher").unwrap();
    assert_eq!(plan.reach.environments, [Environment::new("staging")]);
    assert_eq!(plan.typed(), None);
    // The write goes to production's cluster all the same, and only says so.
    assert!(
        matches!(&plan.write, Write::Create { environment, .. } if environment.as_str() == "production")
    );
    assert!(plan.read.contains("production cluster"), "{}", plan.read);
}

#[test]
fn promoting_by_commit_sets_the_version_and_takes_the_flag_back() {
    let mut world = publisher();
    by_commits(&mut world);
    let plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    let Write::Commit {
        edits,
        subject,
        branch,
    } = &plan.write
    else {
        panic!("{:?}", plan.write)
    };
    let path = "charts/app-config/image-tags/production/publisher";
    let written: Vec<(&str, &str, Option<&str>, &str)> = edits
        .iter()
        .map(|e| {
            (
                e.path.as_str(),
                e.key.as_str(),
                e.from.as_deref(),
                e.to.as_str(),
            )
        })
        .collect();
    assert_eq!(
        written,
        [
            (path, "image_tag", Some("v1361"), "v1362"),
            (path, "promote_deployment", Some("true"), "false"),
        ]
    );
    assert_eq!(
        subject,
        "Update publisher image tag to v1362 for production"
    );
    assert_eq!(*branch, None);
    assert_eq!(plan.debt, None);
}

#[test]
fn rolling_back_by_commit_also_closes_the_gate_behind_it() {
    let mut world = publisher();
    by_commits(&mut world);
    let plan = pull(&world, Lever::RollBack, "production", "publisher").unwrap();
    let Write::Commit { edits, .. } = &plan.write else {
        panic!("{:?}", plan.write)
    };
    let written: Vec<(&str, &str, &str)> = edits
        .iter()
        .map(|e| (e.environment.as_str(), e.key.as_str(), e.to.as_str()))
        .collect();
    assert_eq!(
        written,
        [
            ("production", "image_tag", "v1360"),
            ("production", "promote_deployment", "false"),
            ("staging", "automatic_deploys_enabled", "false"),
        ]
    );
    assert_eq!((plan.warning.clone(), plan.next), (None, None));
    assert!(
        plan.debt
            .as_ref()
            .unwrap()
            .contains("gate behind it was closed")
    );
    // The first environment has no gate behind it.
    world.moved(
        "integration",
        "publisher",
        "v1360",
        "v1361",
        "9d",
        ActorKind::Robot,
    );
    let plan = pull(&world, Lever::RollBack, "integration", "publisher").unwrap();
    assert!(matches!(&plan.write, Write::Commit { edits, .. } if edits.len() == 2));
}

#[test]
fn rolling_back_goes_to_the_version_just_before_and_says_what_would_undo_it() {
    let mut world = publisher();
    // v1358 stood five days, v1360 a day and a half: what stood longest is not meant.
    world.moved(
        "production",
        "publisher",
        "v1350",
        "v1358",
        "8d",
        ActorKind::Robot,
    );
    let plan = pull(&world, Lever::RollBack, "production", "publisher").unwrap();
    assert_eq!(plan.to, Some("v1360".into()));
    assert!(
        plan.evidence.starts_with("stood 34h; until 26h ago"),
        "{}",
        plan.evidence
    );
    assert_eq!(plan.next, Some(Lever::Hold));
    assert!(
        plan.warning
            .as_ref()
            .unwrap()
            .starts_with("NOT HELD: the gate staging -> production stays open")
    );
    assert!(plan.debt.is_some());
    assert_eq!(check(&plan, "image").verdict, Verdict::Passed);
    assert_eq!(check(&plan, "migrations").verdict, Verdict::Unknown);
    assert_eq!(plan.typed().as_deref(), Some("v1360"));
    // A version that is named must have stood there.
    let mut named = request(Lever::RollBack, "production", "publisher");
    named.version = Some("v1360".into());
    assert_eq!(decide(&world, &named).unwrap().to, Some("v1360".into()));
    named.version = Some("v9".into());
    assert!(
        decide(&world, &named)
            .unwrap_err()
            .because
            .contains("never stood")
    );
    // A closed gate needs no hold.
    world.closed("staging", "publisher", "5m", "hold");
    let plan = pull(&world, Lever::RollBack, "production", "publisher").unwrap();
    assert_eq!((plan.warning, plan.next), (None, None));
}

#[test]
fn a_commit_is_typed_by_its_first_seven() {
    let mut world = publisher();
    let branch = "9f83e630aa83e630aa83e630aa83e630aa83e630";
    world.moved(
        "production",
        "publisher",
        "v1",
        branch,
        "20d",
        ActorKind::Person,
    );
    world.moved(
        "production",
        "publisher",
        branch,
        "v1358",
        "9d",
        ActorKind::Robot,
    );
    let mut named = request(Lever::RollBack, "production", "publisher");
    named.version = Some(branch.into());
    assert_eq!(
        decide(&world, &named).unwrap().typed().as_deref(),
        Some("9f83e63")
    );
}

#[test]
fn holding_writes_the_file_below_on_a_branch_and_owes() {
    let plan = pull(&publisher(), Lever::Hold, "production", "publisher").unwrap();
    let Write::Commit {
        edits,
        subject,
        branch,
    } = &plan.write
    else {
        panic!("{:?}", plan.write)
    };
    assert_eq!(edits.len(), 1);
    assert_eq!(
        edits[0].path,
        "charts/app-config/image-tags/staging/publisher"
    );
    assert_eq!(edits[0].key, "automatic_deploys_enabled");
    assert_eq!(
        (edits[0].from.as_deref(), edits[0].to.as_str()),
        (Some("true"), "false")
    );
    assert_eq!(branch.as_deref(), Some("leverframe/00112233445566aa"));
    assert_eq!(
        subject,
        "Disable automatic deploys of publisher from staging"
    );
    assert!(plan.debt.is_some());
    assert_eq!(plan.reach.environments, []);
    assert_eq!(plan.typed(), None);
    assert!(matches!(
        plan.hops[0].effect,
        HopEffect::BranchPushed { .. }
    ));
    assert!(matches!(
        plan.hops[1].effect,
        HopEffect::Gate { open: false, .. }
    ));
}

#[test]
fn releasing_reaches_what_the_gate_leads_to() {
    let mut world = publisher();
    world.closed("staging", "publisher", "5m", "hold");
    let plan = pull(&world, Lever::Release, "production", "publisher").unwrap();
    assert_eq!(plan.reach.environments, [Environment::new("production")]);
    assert_eq!(plan.typed().as_deref(), Some("v1362"));
    assert_eq!(plan.debt, None);
    world.closed("integration", "publisher", "5m", "hold");
    let plan = pull(&world, Lever::Release, "staging", "publisher").unwrap();
    assert_eq!(
        plan.reach.environments,
        [Environment::new("staging")],
        "production's gate is closed"
    );
    world.file("staging", "publisher", |file| file.gate = true);
    let plan = pull(&world, Lever::Release, "staging", "publisher").unwrap();
    let names: Vec<&str> = plan.reach.environments.iter().map(|e| e.as_str()).collect();
    assert_eq!(names, ["staging", "production"]);
    assert!(plan.reach.production);
}

/// What was tested while the gate was closed: its run keeps the gate as it was when it began.
#[test]
fn releasing_says_that_what_was_tested_already_does_not_come_by_itself() {
    let mut world = publisher();
    world.stands("integration", "publisher", "v1362", "v1363", "1h");
    world.closed("integration", "publisher", "5m", "hold");
    let until_merged = "nothing changes until the branch is reviewed and merged";
    let told = |world: &World| {
        let plan = pull(world, Lever::Release, "staging", "publisher").unwrap();
        (plan.warning.unwrap_or_default(), plan.next)
    };
    let comes = (until_merged.to_owned(), None);
    let mut young = publisher();
    young.stands("integration", "publisher", "v1362", "v1363", "6m");
    young.closed("integration", "publisher", "5m", "hold");
    assert_eq!(told(&young), comes, "its smoke run is still to begin");
    let unknown = "no smoke run of publisher v1363 is kept in integration, where it has stood for 1h: if it has passed one, nothing brings it by itself";
    let said = (format!("{until_merged}; {unknown}"), None);
    assert_eq!(told(&world), said, "its smoke run may have been deleted");
    let mut unread = world.clone();
    unread.forbidden("integration", Kind::Runs);
    let (warning, _) = told(&unread);
    let unknown = "; whether publisher v1363 has passed its smoke run in integration is not known (integration workflows cannot be read";
    assert!(warning.contains(unknown), "{warning}");
    let tested = |phase: &str, gate: &str| {
        let mut world = world.clone();
        let (app, gate) = ("publisher", gate.to_owned());
        world.smoke("integration", app, app, "v1363", phase, "50m", |run| {
            let key: Arc<str> = "automaticDeploysEnabled".into();
            run.labels.insert(key.clone(), gate.as_str().into());
            run.parameters.insert(key, gate.as_str().into());
            run.id.name = "post-sync-1".into();
        });
        told(&world)
    };
    let above = "production needs a promotion of its own; only later versions go on by themselves";
    let passed = "v1363 passed its smoke run in integration already, so nothing brings it by itself: promote it next";
    assert_eq!(
        tested("Succeeded", "false"),
        (
            format!("{until_merged}; {passed}; {above}"),
            Some(Lever::Promote)
        )
    );
    let under_way = "the smoke run post-sync-1 of v1363 began with the gate closed or without promotion, so it brings nothing when it passes: promote it then";
    assert_eq!(
        tested("Running", "false"),
        (format!("{until_merged}; {under_way}; {above}"), None)
    );
    assert_eq!(tested("Running", "true"), comes, "it brings it itself");
    assert_eq!(tested("Failed", "false"), comes);
}

/// A promotion by hand writes the file so: no smoke run that reads it promotes, whether its gate is open or not.
#[test]
fn releasing_brings_nothing_that_stands_below_without_promotion() {
    let mut world = publisher();
    world.stands("integration", "publisher", "v1362", "v1363", "10s");
    world.closed("integration", "publisher", "5m", "hold");
    world.file("integration", "publisher", |file| file.promote = false);
    let told = |world: &World| pull(world, Lever::Release, "staging", "publisher").unwrap();
    let plan = told(&world);
    assert_eq!(
        (&plan.from, &plan.to, plan.typed().as_deref(), plan.next),
        (&None, &None, Some("publisher"), None)
    );
    let warning = plan.warning.unwrap_or_default();
    let stays = "v1363 stands in integration without promotion, so nothing brings it by itself, only later versions: promote it";
    let tested = |phase: &str| {
        let mut world = world.clone();
        let app = "publisher";
        world.smoke("integration", app, app, "v1363", phase, "5s", |run| {
            let key: Arc<str> = "promoteDeployment".into();
            run.labels.insert(key.clone(), "false".into());
            run.parameters.insert(key, "false".into());
        });
        told(&world).warning.unwrap_or_default()
    };
    let running = tested("Running");
    assert!(
        running.contains(&format!("{stays} when its smoke run has passed")),
        "{running}"
    );
    let failed = tested("Failed");
    assert!(!failed.contains("promote it"), "{failed}");
    assert!(warning.contains(&format!("{stays} by hand")), "{warning}");
    let because = plan.reach.because.join("; ");
    assert!(
        !because.contains("arrives") && !because.contains("v1363"),
        "{because}"
    );
    passed_before_the_gate_opened(&mut world);
    let plan = told(&world);
    let warning = plan.warning.unwrap_or_default();
    assert!(warning.contains(&format!("{stays} next")), "{warning}");
    assert_eq!(plan.next, Some(Lever::Promote));
    // What was rolled back from comes no more than anything else, and nobody is led to promote it.
    world.moved(
        "staging",
        "publisher",
        "v1362",
        "v1363",
        "30m",
        ActorKind::Manual,
    );
    world.moved(
        "staging",
        "publisher",
        "v1363",
        "v1362",
        "20m",
        ActorKind::Manual,
    );
    let plan = told(&world);
    let row = plan
        .checks
        .iter()
        .find(|c| c.name == CheckName::Waiting)
        .unwrap();
    assert_eq!(row.verdict, Verdict::Passed);
    let rolled_back = "staging went back from v1363, which stands in integration without promotion: no gate brings it again";
    assert_eq!(row.evidence, rolled_back);
    let warning = plan.warning.unwrap_or_default();
    assert!(!warning.contains("promote it"), "{warning}");
    assert_eq!(plan.next, None);
}

/// What stays below does not go on above either, though later versions do: the plan contradicts itself nowhere.
#[test]
fn releasing_promises_of_what_stays_below_that_only_later_versions_go_on() {
    let mut world = publisher();
    world.stands("integration", "publisher", "v1362", "v1363", "1h");
    world.closed("integration", "publisher", "5m", "hold");
    let told = |world: &World| pull(world, Lever::Release, "staging", "publisher").unwrap();
    let goes =
        "the gate staging -> production is open: v1363 goes on there once its smoke run passes";
    let plan = told(&world);
    assert!(plan.reach.because.iter().any(|b| b == goes), "{plan:?}");
    let names = "arrives in production: draft-publisher v1363, publisher v1363";
    assert!(plan.reach.because.iter().any(|b| b == names), "{plan:?}");
    passed_before_the_gate_opened(&mut world);
    let plan = told(&world);
    let because = plan.reach.because.join("; ");
    let later = "the gate staging -> production is open: later versions go on there by themselves";
    assert!(because.contains(later), "{because}");
    assert!(!because.contains("v1363"), "{because}");
    assert!(plan.reach.production, "later versions reach it");
    // It is not what will run.
    assert_eq!(
        (&plan.to, plan.typed().as_deref()),
        (&None, Some("publisher"))
    );
    let above =
        "; production needs a promotion of its own; only later versions go on by themselves";
    let warning = plan.warning.unwrap_or_default();
    assert!(warning.ends_with(above), "{warning}");
    // With its gate closed nothing goes on there, so nothing is said of it.
    world.closed("staging", "publisher", "5m", "hold");
    let warning = told(&world).warning.unwrap_or_default();
    assert!(warning.ends_with("promote it next"), "{warning}");
}

/// A version that was rolled back from waits below: its old run brings nothing any more, but a new one would.
#[test]
fn a_release_is_refused_by_what_would_deploy_again_what_was_rolled_back_from() {
    let mut world = publisher();
    world.moved(
        "staging",
        "publisher",
        "v1362",
        "v1363",
        "30m",
        ActorKind::Robot,
    );
    world.stands("staging", "publisher", "v1363", "v1362", "20m");
    world.stands("integration", "publisher", "v1362", "v1363", "1h");
    world.closed("integration", "publisher", "5m", "hold");
    let evidence = |world: &World| {
        let refusal = pull(world, Lever::Release, "staging", "publisher").unwrap_err();
        let row = refusal.checks.iter().find(|c| c.name == CheckName::Waiting);
        row.unwrap().evidence.clone()
    };
    let waits = "staging was rolled back from v1363, and v1363 still stands in integration";
    assert_eq!(
        evidence(&world),
        format!("{waits}: releasing would deploy it again")
    );
    passed_before_the_gate_opened(&mut world);
    assert_eq!(
        evidence(&world),
        format!("{waits}: its next smoke run there would deploy it again")
    );
}

#[test]
fn syncing_copies_what_argo_cd_would_not_inherit_and_never_prunes() {
    let plan = pull(&publisher(), Lever::Sync, "staging", "publisher").unwrap();
    let Write::Patch {
        id,
        plural,
        resource_version,
        patch,
        guards,
        holds,
    } = &plan.write
    else {
        panic!("{:?}", plan.write)
    };
    assert_eq!(
        (&*id.namespace, &*id.name, &**plural),
        ("cluster-services", "publisher", "applications")
    );
    assert_eq!(id.environment.as_str(), "staging");
    assert_eq!(&**resource_version, "1");
    assert_eq!(*guards, [Guard::NoOperation]);
    assert_eq!(*holds, Holds::AsSeen);
    assert_eq!(
        *patch,
        json!({
            "metadata": {"annotations": {"leverframe/plan": PLAN}},
            "operation": {
                "initiatedBy": {"username": "ops-1"},
                "info": [{"name": "leverframe-plan", "value": PLAN}],
                "retry": {"limit": 5, "backoff": {"duration": "5s", "factor": 2}},
                "sync": {
                    "prune": false,
                    "syncOptions": ["CreateNamespace=true", "ServerSideApply=true"],
                    "syncStrategy": {"hook": {}},
                },
            },
            "status": {"operationState": null},
        })
    );
    // v1362 is synced, its smoke run may pass, and the gate is open.
    let names: Vec<&str> = plan.reach.environments.iter().map(|e| e.as_str()).collect();
    assert_eq!(names, ["staging", "production"]);
}

#[test]
fn refreshing_asks_the_parent() {
    let plan = pull(&publisher(), Lever::Refresh, "staging", "publisher").unwrap();
    let Write::Patch { id, patch, .. } = &plan.write else {
        panic!("{:?}", plan.write)
    };
    assert_eq!(&*id.name, "app-config");
    assert_eq!(
        *patch,
        json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal", "leverframe/plan": PLAN}}})
    );
    let mut world = publisher();
    change_delivery(&mut world, |d| d.argo_cd.as_mut().unwrap().parent = None);
    let plan = pull(&world, Lever::Refresh, "staging", "publisher").unwrap();
    assert!(matches!(&plan.write, Write::Patch { id, .. } if &*id.name == "publisher"));
}

#[test]
fn two_apps_of_one_name_are_told_apart() {
    let mut world = publisher();
    // The same run name in another environment, and the same Application name in another namespace.
    let run = failed(&world);
    let other = Run {
        id: ObjectId {
            environment: "integration".into(),
            uid: "uid-of-the-other".into(),
            ..run.id.clone()
        },
        created: Some(ago("1m")),
        started: Some(ago("1m")),
        ..run.clone()
    };
    world.put("integration", leverframe::store::Fact::Run(other.clone()));
    let elsewhere = Run {
        id: ObjectId {
            namespace: "sandbox".into(),
            uid: "uid-of-the-third".into(),
            ..run.id.clone()
        },
        created: Some(ago("1m")),
        started: Some(ago("1m")),
        ..run.clone()
    };
    world.put("staging", leverframe::store::Fact::Run(elsewhere));
    world.application("staging", "publisher", |a| {
        a.id.namespace = "sandbox".into();
        a.id.uid = "uid-of-the-sandbox".into();
        a.operation_requested = true;
    });
    let origin = |environment: &str| match pull(&world, Lever::TestsOnly, environment, "publisher")
        .unwrap()
        .write
    {
        Write::Create {
            environment,
            origin: Some(origin),
            ..
        } => (environment, origin.id),
        other => panic!("{other:?}"),
    };
    assert_eq!(origin("staging"), ("staging".into(), run.id.clone()));
    assert_eq!(
        origin("integration"),
        ("integration".into(), other.id.clone())
    );
    let synced = pull(&world, Lever::Sync, "staging", "publisher").unwrap();
    assert!(
        matches!(&synced.write, Write::Patch { id, .. } if &*id.namespace == "cluster-services")
    );
    // A run of integration is none of staging, whatever its name.
    let mut named = request(Lever::Resubmit, "staging", "publisher");
    named.run = Some(other.id);
    assert!(
        decide(&world, &named)
            .unwrap_err()
            .because
            .contains("is not one of")
    );
}

/// A branch is merged by people, who take their time: nothing is late after two minutes.
#[test]
fn a_version_that_goes_by_a_branch_waits_for_its_review() {
    let mut world = publisher();
    change_delivery(&mut world, |delivery| {
        for stage in &mut delivery.environments {
            stage.version_by = leverframe::delivery::Mechanism::Branch;
        }
    });
    for lever in [Lever::Promote, Lever::RollBack] {
        let plan = pull(&world, lever, "production", "publisher").unwrap();
        let mut hops = plan.hops.iter();
        let declared = hops.find(|hop| matches!(hop.effect, HopEffect::Declared { .. }));
        let declared = declared.unwrap();
        assert_eq!(declared.look, "whether the branch was reviewed and merged");
        assert!(declared.late_s >= 43_200, "{}", declared.late_s);
        let warning = plan.warning.unwrap_or_default();
        assert!(
            warning.starts_with("nothing changes until the branch is reviewed and merged"),
            "{lever:?}: {warning}"
        );
    }
}

#[test]
fn a_promotion_says_since_when_its_version_stands_below_or_until_when_it_did() {
    let mut asked = request(Lever::Promote, "production", "publisher");
    asked.version = Some("v1362".into());
    let evidence = |world: &World| decide(world, &asked).unwrap().evidence;
    let mut world = publisher();
    let stands = evidence(&world);
    assert!(stands.starts_with("stands in staging, for 44m"), "{stands}");
    world.stands("staging", "publisher", "v1362", "v1363", "3m");
    let stood = evidence(&world);
    assert!(
        stood.starts_with("stood in staging until 3m ago"),
        "{stood}"
    );
    // Git has the file before its history.
    let mut world = publisher();
    world.file("staging", "publisher", |file| {
        file.version = Some("v1363".into())
    });
    let unknown = evidence(&world);
    assert!(
        unknown.starts_with("does not stand in staging now"),
        "{unknown}"
    );
}

/// publisher's v1363 passed its smoke run in integration while the gate to staging was closed.
fn passed_before_the_gate_opened(world: &mut World) {
    let (app, key) = ("publisher", "automaticDeploysEnabled");
    let (here, version) = ("integration", "v1363");
    world.smoke(here, app, app, version, "Succeeded", "50m", |run| {
        run.labels.insert(key.into(), "false".into());
        run.parameters.insert(key.into(), "false".into());
    });
}
