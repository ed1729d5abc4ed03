//! A cluster breaks off, or the console is killed, while it resubmits.

use super::relay::{self, How, Point, Relay, Wrong};
use leverframe::journal::PlanState;
use leverframe::journal::file::{JournalFile, JournalPaths};
use leverframe::plan::{Outcome, Plan};
use leverframe::provider::Writer as _;
use leverframe::provider::kubernetes::connect::{Access, KubeContext};
use leverframe::provider::kubernetes::writer::Writer;
use leverframe_yard::{Options, Scenario, Yard};
use std::collections::BTreeMap;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::{Child, Command};

/// Longer than anything here takes on a loaded machine.
const LIMIT: Duration = Duration::from_secs(180);

/// The yard, its staging cluster behind a relay that breaks off.
struct Scene {
    yard: Yard,
    relay: Relay,
    folder: tempfile::TempDir,
    config: PathBuf,
}

fn private(path: &Path, text: &str) {
    use std::io::Write;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Opens a relay before the server of a kubeconfig, and writes the one that leads through it.
async fn lay_relay(direct: &Path, relayed: &Path, point: Point, how: How) -> Relay {
    let direct = std::fs::read_to_string(direct).unwrap();
    let relay = Relay::open(&direct, point, how).await;
    private(relayed, &relay.kubeconfig(&direct));
    relay
}

impl Scene {
    async fn open(point: Point, how: How) -> Self {
        let options = Options {
            scenario: Scenario::FLAKY_SMOKE,
            // Slow enough that nothing but the console moves.
            speed: 0.01,
            ..Options::default()
        };
        let yard = Yard::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let access = yard
            .access()
            .iter()
            .find(|a| a.environment == "staging")
            .unwrap();
        let relayed = folder.path().join("staging.kubeconfig");
        let relay = lay_relay(&access.kubeconfig, &relayed, point, how).await;
        let config = folder.path().join("leverframe.toml");
        let text = std::fs::read_to_string(yard.config()).unwrap().replace(
            access.kubeconfig.to_str().unwrap(),
            relayed.to_str().unwrap(),
        );
        private(&config, &text);
        Self {
            yard,
            relay,
            folder,
            config,
        }
    }

    /// Another relay in the place of the one before.
    async fn lay_relay(&self, point: Point, how: How) -> Relay {
        let staging = |a: &&leverframe_yard::Access| a.environment == "staging";
        let access = self.yard.access().iter().find(staging).unwrap();
        let relayed = self.folder.path().join("staging.kubeconfig");
        std::fs::remove_file(&relayed).unwrap();
        lay_relay(&access.kubeconfig, &relayed, point, how).await
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leverframe"));
        command
            .args(arguments)
            .arg("-c")
            .arg(&self.config)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("LOGNAME", "tester")
            .env("GIT_AUTHOR_NAME", "Tester")
            .env("GIT_AUTHOR_EMAIL", "tester@example.org")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Its exit code, and all that it said.
    async fn run(&self, arguments: &[&str]) -> (i32, String) {
        let running = self.command(arguments).output();
        let output = tokio::time::timeout(LIMIT, running).await.unwrap().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        (output.status.code().unwrap_or(-1), said.into_owned())
    }

    /// Without reach into production, so that the tests may run as root, a login that counts as shared.
    const LEVER: [&str; 8] = [
        "resubmit",
        "publisher",
        "--environment",
        "staging",
        "--tests-only",
        "--yes",
        "--reason",
        "a flake",
    ];

    fn journal(&self) -> leverframe::journal::Journal {
        JournalFile::new(JournalPaths::new([self.journal_file()])).load()
    }

    fn journal_file(&self) -> PathBuf {
        self.yard.folder().join("journal").join("journal.jsonl")
    }

    /// Makes everything in the journal older.
    fn age_the_journal(&self, by: jiff::SignedDuration) {
        let text = std::fs::read_to_string(self.journal_file()).unwrap();
        let aged: String = text
            .lines()
            .map(|line| {
                let mut entry: serde_json::Value = serde_json::from_str(line).unwrap();
                let at: jiff::Timestamp = entry["at"].as_str().unwrap().parse().unwrap();
                // As a version wrote it that knew no checksum.
                entry["v"] = 1.into();
                entry.as_object_mut().unwrap().remove("sum");
                entry["at"] = (at - by).to_string().into();
                format!("{entry}\n")
            })
            .collect();
        std::fs::write(self.journal_file(), aged).unwrap();
    }

    /// How many runs of staging carry the plan.
    fn made(&self, plan: &Plan) -> usize {
        let objects = self.yard.server("staging").unwrap().objects();
        relay::carrying(objects, plan.id.as_str())
    }

    /// Looks for the plan as a console does after a restart, without the relay.
    async fn look_for(&self, plan: &Plan) -> Option<Outcome> {
        let access = self
            .yard
            .access()
            .iter()
            .find(|a| a.environment == "staging")
            .unwrap();
        let place = KubeContext {
            kubeconfig: access.kubeconfig.clone(),
            context: access.context.clone(),
        };
        let clusters = BTreeMap::from([("staging".into(), Arc::new(Access::new(place)))]);
        Writer::new(clusters).look_for(plan, plan.made_at).await
    }
}

async fn dead(mut child: Child) {
    child.start_kill().unwrap();
    let ended = tokio::time::timeout(LIMIT, child.wait())
        .await
        .unwrap()
        .unwrap();
    assert!(!ended.success());
}

/// What holds after every one of these: one intent, one request, at most one run, and no second one by asking again.
async fn nothing_twice(scene: &Scene, there: bool) {
    let journal = scene.journal();
    assert_eq!(journal.records.len(), 1);
    let plan = &journal.records[0].plan;
    assert_eq!(scene.relay.posts(), 1);
    assert_eq!(scene.made(plan), usize::from(there));
    let (_, said) = scene.run(&["journal", "--look", "-o", "json"]).await;
    let looked: serde_json::Value = serde_json::from_str(&said).unwrap();
    let outcome = if there { "applied" } else { "unknown" };
    assert_eq!(looked["records"][0]["outcome"], outcome, "{looked}");
    let (code, said) = scene.run(&Scene::LEVER).await;
    assert_eq!(code, 3, "refused, not sent again: {said}");
    assert_eq!(scene.relay.posts(), 1, "{said}");
    assert_eq!(scene.made(plan), usize::from(there));
    match scene.look_for(plan).await {
        Some(Outcome::Applied { .. }) => assert!(there),
        // Until a request can surely not arrive any more it is not known.
        None | Some(Outcome::Failed { .. }) => assert!(!there),
        other => panic!("{other:?}"),
    }
}

async fn cut(point: Point, code: i32, there: bool, standing: &[PlanState]) {
    let scene = Scene::open(point, How::Cut).await;
    let (found, said) = scene.run(&Scene::LEVER).await;
    assert_eq!(found, code, "{said}");
    let journal = scene.journal();
    assert!(
        standing.contains(&journal.records[0].plan_state()),
        "{:?}",
        journal.records[0].outcome
    );
    nothing_twice(&scene, there).await;
}

async fn killed(point: Point, there: bool, standing: &[PlanState]) {
    let scene = Scene::open(point, How::Hold).await;
    let child = scene.command(&Scene::LEVER).spawn().unwrap();
    tokio::time::timeout(LIMIT, scene.relay.reached())
        .await
        .unwrap();
    dead(child).await;
    scene.relay.let_go();
    let journal = scene.journal();
    assert!(
        standing.contains(&journal.records[0].plan_state()),
        "{:?}",
        journal.records[0].outcome
    );
    nothing_twice(&scene, there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_before_receipt() {
    cut(Point::BeforeReceipt, 7, false, &[PlanState::Unknown]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_after_receipt() {
    cut(Point::AfterReceipt, 7, false, &[PlanState::Unknown]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_after_effect() {
    // It is looked for at once, and found.
    cut(Point::AfterEffect, 0, true, &[PlanState::Underway]).await;
}

/// What answers instead of the server is no acknowledgement: whether the run is there, the cluster alone can say.
async fn answered(scene: &Scene, wrong: Wrong, there: bool) {
    let (code, said) = scene.run(&Scene::LEVER).await;
    assert_eq!(code, if there { 0 } else { 7 }, "{wrong:?}: {said}");
    assert_eq!(scene.relay.posts(), 1, "{wrong:?}: {said}");
    let journal = scene.journal();
    assert_eq!(journal.records.len(), 1, "{wrong:?}: {said}");
    let record = &journal.records[0];
    let standing = if there {
        PlanState::Underway
    } else {
        PlanState::Unknown
    };
    assert_eq!(record.plan_state(), standing, "{wrong:?}: {said}");
    assert_eq!(scene.made(&record.plan), usize::from(there), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_something_else_before_receipt() {
    let mut scene = Scene::open(Point::BeforeReceipt, How::Say(Wrong::ALL[0])).await;
    for wrong in Wrong::ALL {
        scene.relay = scene.lay_relay(Point::BeforeReceipt, How::Say(wrong)).await;
        answered(&scene, wrong, false).await;
        std::fs::remove_file(scene.journal_file()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_something_else_after_effect() {
    for wrong in [Wrong::LoginPage, Wrong::HalfAnObject, Wrong::Redirect] {
        let scene = Scene::open(Point::AfterEffect, How::Say(wrong)).await;
        answered(&scene, wrong, true).await;
    }
}

/// The way to staging is plain http here, and there is a token.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_over_plain_http_is_said_and_wants_a_reason() {
    let scene = Scene::open(Point::AfterReply, How::Cut).await;
    let words = "token sent over plain http";
    let (_, said) = scene.run(&["config", "check"]).await;
    let line = said.lines().find(|line| line.contains(words));
    assert!(
        line.is_some_and(|line| line.starts_with("staging") && line.contains(" no ")),
        "{said}"
    );
    let (_, said) = scene.run(&["sources"]).await;
    assert!(said.contains(&format!("NOT SAFE: {words}")), "{said}");
    let unreasoned = &Scene::LEVER[..Scene::LEVER.len() - 2];
    let (code, said) = scene.run(unreasoned).await;
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("reason"), "{said}");
    assert_eq!(scene.relay.posts(), 0);
}

/// The quiet time is the plan's, not that of the process that looks.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_create_is_not_done_for_a_command_that_looks_later() {
    let scene = Scene::open(Point::BeforeReceipt, How::Cut).await;
    let (code, said) = scene.run(&Scene::LEVER).await;
    assert_eq!(code, 7, "{said}");
    let looked = async || {
        let (_, said) = scene.run(&["journal", "--look", "-o", "json"]).await;
        let looked: serde_json::Value = serde_json::from_str(&said).unwrap();
        looked["records"][0]["outcome"].as_str().map(str::to_owned)
    };
    assert_eq!(looked().await.as_deref(), Some("unknown"));
    scene.age_the_journal(jiff::SignedDuration::from_secs(125));
    assert_eq!(looked().await.as_deref(), Some("failed"));
    assert_eq!(scene.relay.posts(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_after_reply() {
    cut(Point::AfterReply, 0, true, &[PlanState::Underway]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_receipt() {
    killed(Point::BeforeReceipt, false, &[PlanState::Open]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_receipt() {
    killed(Point::AfterReceipt, false, &[PlanState::Open]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_effect() {
    killed(Point::AfterEffect, true, &[PlanState::Open]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_reply() {
    // The outcome may have reached the disk before the signal did.
    killed(
        Point::AfterReply,
        true,
        &[PlanState::Open, PlanState::Underway],
    )
    .await;
}
