//! The yard in play, against what real controllers were seen to do; shapes are written by hand from the objects they left.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fleet::{APPS, LICENSIFY};
use crate::history::{PEOPLE, Setting};
use crate::simulator::cluster::{Cluster, Watched, name};
use crate::simulator::kubelet::ContainerLogs;
use crate::{Options, Scenario, Yard};

async fn open(scenario: Scenario, speed: f64) -> Yard {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let seed = 1;
    let options = Options {
        scenario,
        seed,
        speed,
    };
    Yard::start(options).await.unwrap()
}

/// Somebody who may do all in an environment.
async fn cluster(yard: &Yard, environment: &'static str) -> Cluster {
    let mut all = yard.access().iter();
    let access = all.find(|access| access.environment == environment);
    let (file, context) = (&access.unwrap().kubeconfig, format!("{environment}-admin"));
    Cluster::connect(environment, file, &context, ContainerLogs::default())
        .await
        .unwrap()
}

/// Asks again until there is an answer.
async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < end, "never seen: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// So slow that the opening stands still for as long as a test looks.
const STILL: f64 = 0.001;

const FAILED: &str = "one or more synchronization tasks completed unsuccessfully";

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_hook_opens_between_two_tries() {
    let yard = open(Scenario::HOOK_RETRYING, STILL).await;
    let production = cluster(&yard, "production").await;
    let app = production.get("applications", "asset-manager").await;
    let app = app.unwrap().unwrap();
    assert_eq!(app["operation"]["retry"]["limit"], 5);
    assert_eq!(app["operation"]["initiatedBy"]["automated"], true);
    // The third retry is waited for: the phase is Running, the hook is Failed.
    let state = &app["status"]["operationState"];
    assert_eq!(
        (&state["phase"], &state["retryCount"]),
        (&json!("Running"), &json!(3))
    );
    let message = state["message"].as_str().unwrap();
    let announced = format!("{FAILED}. Retrying attempt #3 at ");
    assert!(message.starts_with(&announced), "{message}");
    assert!(
        state["finishedAt"].is_string(),
        "a try that failed has ended"
    );
    assert_eq!(
        state["syncResult"]["resources"][0],
        json!({
            "group": "batch", "version": "v1", "kind": "Job", "namespace": "apps", "name": "asset-manager-freshclam",
            "hookType": "PreSync", "hookPhase": "Failed", "syncPhase": "PreSync", "status": "Synced",
            "message": "Job has reached the specified backoff limit",
        })
    );
}

/// Of the operations that are seen, the first may be under way already; the second is seen whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_failing_hook_is_tried_five_times_again_and_then_with_the_next_head() {
    let yard = open(Scenario::HOOK_RETRYING, 150.0).await;
    let production = cluster(&yard, "production").await;
    let mut changes = production.watch("applications");
    let mut operations: Vec<Vec<Value>> = Vec::new();
    until("a second operation that is given up", async || {
        let Some(Watched::Present(app)) = changes.recv().await else {
            return None;
        };
        let state = app["status"]["operationState"].clone();
        if name(&app) != "asset-manager" || !state.is_object() {
            return None;
        }
        let is_of_last = operations.last().is_some_and(|states| {
            states
                .iter()
                .all(|other| other["startedAt"] == state["startedAt"])
        });
        let is_over = state["phase"] != "Running";
        match operations.last_mut() {
            Some(states) if is_of_last => states.push(state),
            _ => operations.push(vec![state]),
        }
        (is_over && operations.len() > 1).then_some(())
    })
    .await;

    let [.., before, states] = operations.as_slice() else {
        panic!("{operations:?}");
    };
    let find = |message: &str| {
        let says = |state: &&Value| {
            let said = state["message"].as_str();
            said.is_some_and(|said| said.starts_with(message))
        };
        let found = states.iter().find(says);
        found.unwrap_or_else(|| panic!("{message}: {states:?}"))
    };
    assert_eq!(states[0]["phase"], "Running");
    assert!(states[0].get("retryCount").is_none(), "{}", states[0]);
    // The tries, one after the other, each announced and begun.
    for retry in 1..=5 {
        let announced = find(&format!("{FAILED}. Retrying attempt #{retry} at "));
        assert!(announced["finishedAt"].is_string(), "{announced}");
        let begun = find(&format!("Retrying operation. Attempt #{retry}"));
        assert!(begun.get("finishedAt").is_none(), "{begun}");
        for state in [announced, begun] {
            assert_eq!(
                (&state["phase"], &state["retryCount"]),
                (&json!("Running"), &json!(retry))
            );
        }
    }
    let last = find(&format!("{FAILED} (retried 5 times)."));
    assert_eq!(
        (&last["phase"], &last["retryCount"]),
        (&json!("Failed"), &json!(5))
    );
    // The next head is tried like a new one.
    let revision = |state: &Value| state["operation"]["sync"]["revision"].clone();
    assert!(revision(last).is_string());
    assert_ne!(revision(&before[0]), revision(last));
}

/// The operation keeps the revision that it began with, whatever main says meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn an_app_whose_version_goes_back_while_its_hook_fails_ends_synced() {
    let yard = open(Scenario::HOOK_RETRYING, 150.0).await;
    let production = cluster(&yard, "production").await;
    let app = async || {
        let app = production.get("applications", "asset-manager").await;
        app.unwrap().unwrap()
    };
    let began = app().await["operation"]["sync"]["revision"].clone();
    let robot = yard.simulator.robot();
    robot
        .set_version("production", "asset-manager", "v861", false)
        .await
        .unwrap();
    // Nothing of v862 was applied, so that nothing differs any more, while its operation goes on.
    let after = until("a comparison with v861", async || {
        let app = app().await;
        (app["status"]["sync"]["status"] == "Synced").then_some(app)
    })
    .await;
    assert_eq!(after["metadata"]["annotations"]["imageTag"], "v861");
    let over = until("the end of the operation", async || {
        let app = app().await;
        (app["status"]["operationState"]["phase"] == "Failed").then_some(app)
    })
    .await;
    let state = &over["status"]["operationState"];
    assert_eq!(state["operation"]["sync"]["revision"], began);
    assert_eq!(state["retryCount"], 5);
    assert_eq!(over["status"]["sync"]["status"], "Synced");
    assert!(over["status"]["conditions"].is_null(), "{over}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_argo_cd_gave_up_is_left_alone_until_somebody_syncs() {
    let yard = open(Scenario::MIGRATION_FAILED, 100.0).await;
    let production = cluster(&yard, "production").await;
    let app = || async {
        production
            .get("applications", "places-manager")
            .await
            .unwrap()
            .unwrap()
    };
    let before = app().await;
    let state = &before["status"]["operationState"];
    assert_eq!(
        (&state["phase"], &state["retryCount"]),
        (&json!("Failed"), &json!(5))
    );
    assert!(before.get("operation").is_none());
    assert_eq!(before["status"]["conditions"][0]["type"], "SyncError");
    let condition = before["status"]["conditions"][0]["message"]
        .as_str()
        .unwrap();
    assert!(condition.contains("(retried 5 times)."), "{condition}");
    // The parent has looked at main several times.
    let parent = || async {
        production
            .get("applications", "app-config")
            .await
            .unwrap()
            .unwrap()
    };
    let mut looks = Vec::new();
    until("three looks of the parent", async || {
        let look = parent().await["status"]["reconciledAt"].clone();
        if !looks.contains(&look) {
            looks.push(look);
        }
        (looks.len() > 3).then_some(())
    })
    .await;
    assert_eq!(app().await["status"]["operationState"], *state);
    let sync = json!({
        "operation": { "initiatedBy": { "username": "ops-2" }, "sync": { "syncStrategy": { "hook": {} } } },
        "status": { "operationState": null },
    });
    production
        .patch("applications", "places-manager", &sync)
        .await
        .unwrap();
    let after = until("a sync that went through", async || {
        let app = app().await;
        (app["status"]["operationState"]["phase"] == "Succeeded").then_some(app)
    })
    .await;
    assert!(after["status"].get("conditions").is_none());
    assert!(
        after["status"]["operationState"]
            .get("retryCount")
            .is_none()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_settings_is_synced_and_tested_again_at_the_same_version() {
    let yard = open(Scenario::CALM, 100.0).await;
    let staging = cluster(&yard, "staging").await;
    let before = staging
        .get("applications", "router")
        .await
        .unwrap()
        .unwrap();
    let tag = before["metadata"]["annotations"]["imageTag"]
        .as_str()
        .unwrap()
        .to_owned();
    let own = format!("application=router,imageTag={tag}");
    let runs = || async { staging.list("workflows", &own).await.unwrap() };
    let known = runs().await.len();
    let setting = Setting {
        at: 0,
        environment: "staging",
        app: "router",
        memory: "2Gi",
    };
    let robot = yard.simulator.robot();
    robot.set_memory(&setting, PEOPLE[0]).await.unwrap();
    until("one more smoke run of the same version", async || {
        (runs().await.len() > known).then_some(())
    })
    .await;
    let after = staging
        .get("applications", "router")
        .await
        .unwrap()
        .unwrap();
    let state = &after["status"]["operationState"];
    assert_ne!(
        state["syncResult"]["revision"],
        before["status"]["operationState"]["syncResult"]["revision"]
    );
    assert_eq!(state["syncResult"]["resources"][0]["kind"], "ConfigMap");
    assert!(
        after["spec"]["source"]["helm"]["values"]
            .as_str()
            .unwrap()
            .contains("2Gi")
    );
    assert_eq!(after["metadata"]["annotations"]["imageTag"], tag);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_application_takes_its_pods_with_it_and_comes_back_unless_it_is_withheld() {
    let yard = open(Scenario::CALM, 20.0).await;
    let staging = cluster(&yard, "staging").await;
    let pods = |app: &'static str| {
        let staging = &staging;
        let own = format!("app.kubernetes.io/instance={app}");
        async move { staging.list("pods", &own).await.unwrap() }
    };
    let router = pods("router").await;
    assert!(!router.is_empty());
    let feedback = staging.get("applications", "feedback").await;
    let uid = feedback.unwrap().unwrap()["metadata"]["uid"].clone();
    let mut changes = staging.watch("applications");
    yard.withhold_application("staging", "router")
        .await
        .unwrap();
    staging.delete("applications", "feedback").await.unwrap();
    let mut deleted = BTreeSet::new();
    until("both being deleted", async || {
        if let Some(Watched::Present(app)) = changes.recv().await
            && app["metadata"]["deletionTimestamp"].is_string()
        {
            deleted.insert(name(&app).to_owned());
        }
        let both = ["feedback", "router"];
        deleted.iter().eq(both).then_some(())
    })
    .await;
    until("another Application, healthy", async || {
        let found = staging.get("applications", "feedback").await.unwrap()?;
        let is_healthy = found["status"]["health"]["status"] == "Healthy";
        (found["metadata"]["uid"] != uid && is_healthy).then_some(())
    })
    .await;
    assert!(!pods("feedback").await.is_empty());
    until("neither Application nor pods", async || {
        let found = staging.get("applications", "router").await.unwrap();
        (found.is_none() && pods("router").await.is_empty()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn licensify_lives_in_its_own_namespace() {
    let yard = open(Scenario::CALM, STILL).await;
    let staging = cluster(&yard, "staging").await;
    let own = "app.kubernetes.io/instance=licensify";
    for (namespace, pods) in [(LICENSIFY, 6), (APPS, 0)] {
        let found = staging.in_namespace(namespace).list("pods", own).await;
        assert_eq!(found.unwrap().len(), pods, "{namespace}");
    }
    let leaf = staging.get("applications", "licensify").await;
    let leaf = leaf.unwrap().unwrap();
    assert_eq!(leaf["spec"]["destination"]["namespace"], LICENSIFY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cron_jobs_jobs_own_their_pods_and_two_are_kept() {
    let yard = open(Scenario::CALM, 100.0).await;
    let staging = cluster(&yard, "staging").await;
    let own = "app.kubernetes.io/component=mail-fetcher";
    let opened = staging.list("jobs", own).await.unwrap();
    until(
        "a Job of the CronJob's in place of the oldest",
        async || {
            let jobs = staging.list("jobs", own).await.unwrap();
            let is_new = |job: &&Value| !opened.iter().any(|old| name(old) == name(job));
            let new = jobs.iter().find(is_new)?;
            (jobs.len() == 2 && new["status"]["succeeded"] == 1).then_some(())
        },
    )
    .await;
    for pod in staging.list("pods", own).await.unwrap() {
        let owner = &pod["metadata"]["ownerReferences"][0];
        assert_eq!(owner["kind"], "Job");
        let job = staging
            .get("jobs", owner["name"].as_str().unwrap())
            .await
            .unwrap();
        // Its Job may have been cleared away meanwhile.
        if let Some(job) = job {
            assert_eq!(owner["uid"], job["metadata"]["uid"]);
            assert_eq!(job["metadata"]["ownerReferences"][0]["kind"], "CronJob");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_goes_even_while_the_robot_pushes() {
    for _ in 0..3 {
        // Several releases a second.
        let yard = open(Scenario::CALM, 2000.0).await;
        let folder = yard.folder().to_owned();
        let head = || std::fs::read_to_string(folder.join("charts.git/refs/heads/main")).ok();
        let before = head();
        until("a push", async || (head() != before).then_some(())).await;
        drop(yard);
        assert!(!folder.exists(), "{}", folder.display());
    }
}

/// Counts what the yard logs of failures: warnings, and all.
#[derive(Clone, Default)]
struct Failures(Arc<[AtomicUsize; 2]>);

impl tracing::Subscriber for Failures {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        let target = metadata.target();
        target.ends_with("::back_off") || target.ends_with("::argo_cd")
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let is_warning = *event.metadata().level() == tracing::Level::WARN;
        let Failures(counts) = self;
        counts[0].fetch_add(usize::from(is_warning), Ordering::Relaxed);
        counts[1].fetch_add(1, Ordering::Relaxed);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// On one thread, whose log is counted. Main has no such revision.
#[tokio::test]
async fn an_operation_that_cannot_read_its_files_warns_once_and_waits_before_it_tries_again() {
    let failures = Failures::default();
    let _counting = tracing::subscriber::set_default(failures.clone());
    let yard = open(Scenario::CALM, STILL).await;
    let production = cluster(&yard, "production").await;
    let sync = json!({ "operation": { "sync": { "revision": "0".repeat(40) } } });
    let count = |nth: usize| failures.0[nth].load(Ordering::Relaxed);
    assert_eq!(count(0), 0);
    production
        .patch("applications", "publisher", &sync)
        .await
        .unwrap();
    until("a second try", async || (count(1) > 1).then_some(())).await;
    // The next tries come after 100, 200 and 400 milliseconds; without a wait there would be hundreds.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(count(0), 1);
    assert!(count(1) <= 8, "{} tries", count(1));
}
