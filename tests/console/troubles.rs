//! Troubles that only clusters tell of, as they stand on the screen: a hook that is tried again and again, an app that is gone,
//! a parent that delivers nothing.

use super::desk::Desk;
use super::pty::{Console, LIMIT, Screen, Start};
use super::yard::call::Caller;
use leverframe_yard::{Options, Scenario, Yard};
use serde_json::json;

const APPLICATIONS: &str = "/apis/argoproj.io/v1alpha1/namespaces/cluster-services/applications";

/// The screen as one text, wherever its lines were broken.
fn text(screen: &Screen) -> String {
    let rows: Vec<&str> = screen.rows.iter().map(|row| row.trim()).collect();
    rows.join(" ")
}

/// Whether the row of an app has the word.
fn has_word(screen: &Screen, app: &str, word: &str) -> bool {
    screen.row(app).is_some_and(|row| row.contains(word))
}

#[test]
fn a_hook_that_is_tried_again_and_again_is_trouble_while_it_is_tried() {
    // At life's own pace a retry is waited for, or runs, for as long as one looks.
    let mut desk = Desk::open_at("1", "hook-retrying", &[]);
    desk.look(LIMIT, "the word of a failed hook", |screen| {
        has_word(screen, "asset-manager", "HOOK")
    });
    desk.select("asset-manager", "production");
    let board = desk.look(LIMIT, "which retry of how many", |screen| {
        let said = text(screen);
        (3..=5).any(|retry| said.contains(&format!("retry {retry} of 5")))
    });
    let said = text(&board);
    assert!(
        said.contains("PreSync Job/asset-manager-freshclam failed: Job has reached the specified backoff limit"),
        "{board}"
    );
    desk.leave();
}

/// So slow that a yard stands still: what a test changes in it stays.
const STILL: f64 = 0.001;

async fn yard(speed: f64) -> Yard {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = Options {
        scenario: Scenario::CALM,
        seed: 1,
        speed,
    };
    Yard::start(options).await.expect("a yard")
}

/// A console on the yard, once every source was read.
fn console(yard: &Yard) -> Console {
    let config = yard.config().display().to_string();
    let console = Start::new(&["-c", &config]).start();
    console.wait_for_fn("every source", |screen| {
        let sources = ["git", "integration", "staging", "production"];
        let is_ok = |source: &&str| screen.contains(&format!("{source} ok"));
        sources.iter().all(is_ok)
    });
    console
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_is_being_deleted_is_trouble() {
    let yard = yard(STILL).await;
    let console = console(&yard);
    yard.withhold_application("staging", "places-manager")
        .await
        .expect("it is deleted");
    // Its finalizer waits, as nothing moves here.
    console.wait_for_fn("an app that is being deleted", |screen| {
        has_word(screen, "places-manager", "DELETING") && screen.contains("1 deleting")
    });
    drop(console);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_without_its_application_is_gone_and_not_calm() {
    let yard = yard(60.0).await;
    let console = console(&yard);
    let calm = console.screen();
    assert!(!calm.contains("GONE"), "{calm}");
    yard.withhold_application("staging", "places-manager")
        .await
        .expect("it is deleted");
    console.wait_at_most(super::desk::PLAYED, "an app that is gone", |screen| {
        has_word(screen, "places-manager", "GONE") && screen.contains("1 gone")
    });
    drop(console);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_that_does_not_sync_is_said_over_the_board() {
    let yard = yard(STILL).await;
    let console = console(&yard);
    let off = json!({"spec": {"syncPolicy": {"automated": null}}});
    let mut clusters = yard.access().iter();
    let staging = clusters.find(|access| access.environment == "staging");
    let staging = staging.expect("an environment");
    let caller = Caller::connect(&staging.kubeconfig, &staging.context, None).await;
    let path = format!("{APPLICATIONS}/app-config");
    caller.merge(&path, &off).await.done();
    let board = console.wait_for_fn("the banner of the parent", |screen| {
        screen.contains("SYNC app-config in staging, nothing new reaches it: ")
    });
    // It has a row of its own beside its banner.
    assert!(has_word(&board, "  app-config", "SYNC"), "{board}");
    drop(console);
}
