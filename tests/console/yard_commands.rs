//! Commands on the practice yard: what a script can read there, and levers pulled, refused and recorded from it.

use leverframe_yard::{Options, Scenario, Yard};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// At life's own pace: nothing is released while a command runs.
async fn yard(scenario: Scenario) -> Yard {
    yard_at(scenario, 1.0).await
}

async fn yard_at(scenario: Scenario, speed: f64) -> Yard {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = Options {
        scenario,
        seed: 1,
        speed,
    };
    Yard::start(options).await.unwrap()
}

/// A command with the yard's own configuration, off the runtime's threads: the yard's servers need them.
async fn leverframe(yard: &Yard, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leverframe"));
    command
        .args(arguments)
        .arg("-c")
        .arg(yard.config())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", yard.folder())
        .env("LOGNAME", "tester");
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", said(output)))
}

fn target<'a>(status: &'a Value, environment: &str, app: &str) -> &'a Value {
    status["targets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|t| t["environment"] == environment && t["app"] == app)
        .unwrap_or_else(|| panic!("no {app} in {environment}"))
}

/// A root login counts as shared by several people, which production's levers refuse.
#[tokio::test(flavor = "multi_thread")]
async fn clusters_facts_stand_beside_gits() {
    let yard = yard(Scenario::FLAKY_SMOKE).await;
    let output = leverframe(&yard, &["status", "-o", "json"]).await;
    assert_eq!(code(&output), 0, "{}", said(&output));
    let status = json(&output);
    let sources: Vec<&str> = status["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["name"].as_str().unwrap())
        .collect();
    assert_eq!(sources.len(), 4, "{sources:?}");
    let publisher = target(&status, "staging", "publisher");
    assert_eq!(publisher["sync"], "Synced");
    assert_eq!(
        publisher["live"]["version"],
        publisher["declared"]["version"]
    );
    assert_eq!(publisher["live"]["pods"], publisher["live"]["pods_ready"]);
    assert_eq!(publisher["smoke"]["phase"], "Failed");
    assert_eq!(publisher["attention"][0], "smoke");
    for command in [
        &["target", "publisher", "-e", "staging"][..],
        &["runs", "publisher", "-e", "staging"],
        &["sources"],
        &["history", "publisher", "-e", "production"],
        &["journal"],
        &["config", "check"],
    ] {
        let table = leverframe(&yard, command).await;
        assert_eq!(code(&table), 0, "{command:?}: {}", said(&table));
        let mut with_json = command.to_vec();
        with_json.extend(["-o", "json"]);
        json(&leverframe(&yard, &with_json).await);
    }
    // The newest run may have begun just now and have said nothing yet; the failed one has.
    let runs =
        json(&leverframe(&yard, &["runs", "publisher", "-e", "staging", "-o", "json"]).await);
    let failed = runs["runs"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["phase"] == "Failed")
        .unwrap();
    let name = failed["name"].as_str().unwrap();
    let log = leverframe(
        &yard,
        &["logs", "publisher", "-e", "staging", "--run", name],
    )
    .await;
    assert_eq!(code(&log), 0, "{}", said(&log));
    assert!(!log.stdout.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_run_is_resubmitted_once_and_recorded() {
    let yard = yard(Scenario::FLAKY_SMOKE).await;
    let lever = ["resubmit", "publisher", "-e", "staging", "--tests-only"];
    let with = |more: &[&str]| -> Vec<String> {
        lever.iter().chain(more).map(|s| (*s).to_owned()).collect()
    };
    let pull = async |more: &[&str]| {
        let words = with(more);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        leverframe(&yard, &words).await
    };
    let dry = pull(&["--dry-run", "-o", "json"]).await;
    assert_eq!(code(&dry), 0, "{}", said(&dry));
    let plan = &json(&dry)["plan"];
    assert_eq!(plan["write"]["write"], "create");
    assert_eq!(plan["reach"]["production"], false);
    // The same by hand, in this very cluster, as text and as data.
    let access = yard
        .access()
        .iter()
        .find(|a| a.environment == "staging")
        .unwrap();
    let by_hand = format!(
        "\nkubectl --kubeconfig {} --context {} -n apps create -f -",
        access.kubeconfig.display(),
        access.context
    );
    let shown = json(&dry)["by_hand"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(shown.contains(&by_hand), "{shown}");
    let dry = pull(&["--dry-run"]).await;
    let shown = String::from_utf8_lossy(&dry.stdout).into_owned();
    assert!(shown.contains(&by_hand), "{shown}");
    // Not confirmed: refused, and nothing is on record.
    let bare = pull(&[]).await;
    assert_eq!(code(&bare), 3, "{}", said(&bare));
    assert!(said(&bare).contains("--yes"), "{}", said(&bare));
    let journal = json(&leverframe(&yard, &["journal", "-o", "json"]).await);
    assert_eq!(journal["records"].as_array().unwrap().len(), 0);
    // Sent, once.
    let sent = pull(&["--yes", "--reason", "a flake", "-o", "json"]).await;
    assert_eq!(code(&sent), 0, "{}", said(&sent));
    assert_eq!(json(&sent)["outcome"]["outcome"], "applied");
    let again = pull(&["--yes", "--reason", "a flake"]).await;
    assert_eq!(code(&again), 3, "{}", said(&again));
    let journal = json(&leverframe(&yard, &["journal", "-o", "json"]).await);
    let records = journal["records"].as_array().unwrap();
    assert_eq!(records.len(), 1, "{journal}");
    assert_eq!(records[0]["reason"], "a flake");
    // By the account that runs it, whatever the variable says.
    assert_eq!(records[0]["who"], account());
}

/// The name of the account that the tests run as.
fn account() -> String {
    let said = std::process::Command::new("id")
        .arg("-un")
        .output()
        .unwrap();
    String::from_utf8(said.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn yes_never_suffices_for_production() {
    let yard = yard(Scenario::CRASH_LOOP).await;
    let output = leverframe(
        &yard,
        &[
            "rollback",
            "whitehall-admin",
            "-e",
            "production",
            "--reason",
            "it crashes",
            "--yes",
        ],
    )
    .await;
    assert_eq!(code(&output), 3, "{}", said(&output));
    assert!(said(&output).contains("add --confirm"), "{}", said(&output));
    let journal = json(&leverframe(&yard, &["journal", "-o", "json"]).await);
    assert_eq!(journal["records"].as_array().unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_that_is_down_is_said_and_delays_no_other() {
    let yard = yard(Scenario::ENVIRONMENT_DOWN).await;
    let output = leverframe(&yard, &["status", "-o", "json"]).await;
    assert_eq!(code(&output), 5, "{}", said(&output));
    let status = json(&output);
    let integration = status["sources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["name"] == "integration")
        .unwrap();
    assert_eq!(integration["state"], "failed");
    assert!(integration["error"].is_string());
    assert_eq!(
        target(&status, "integration", "publisher")["live"],
        Value::Null
    );
    assert!(target(&status, "integration", "publisher")["declared"]["version"].is_string());
    assert!(
        target(&status, "production", "publisher")["live"]["pods_ready"]
            .as_u64()
            .unwrap()
            > 0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_ends_with_the_last_hop() {
    let yard = yard(Scenario::FLAKY_SMOKE).await;
    let output = leverframe(
        &yard,
        &[
            "refresh",
            "publisher",
            "-e",
            "integration",
            "--yes",
            "--reason",
            "look again",
            "--wait",
        ],
    )
    .await;
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(said(&output).contains("seen:"), "{}", said(&output));
    assert!(Path::new(yard.config()).exists());
}

/// A copied section of the configuration, the context of which was not changed.
#[tokio::test(flavor = "multi_thread")]
async fn two_environments_of_one_cluster_are_said_by_config_check_and_refused() {
    let yard = yard(Scenario::FLAKY_SMOKE).await;
    let ours = std::fs::read_to_string(yard.config()).unwrap();
    let mut lines: Vec<String> = ours.lines().map(str::to_owned).collect();
    let of = |lines: &[String], environment: &str| {
        let start = format!("[environments.{environment}]");
        let start = lines.iter().position(|line| *line == start).unwrap();
        let ends = lines[start + 1..]
            .iter()
            .position(|line| line.starts_with('['));
        start + 1..ends.map_or(lines.len(), |length| start + 1 + length)
    };
    let staging = lines[of(&lines, "staging")].to_vec();
    let production = of(&lines, "production");
    lines.splice(production, staging);
    std::fs::write(yard.config(), lines.join("\n")).unwrap();

    let check = leverframe(&yard, &["config", "check", "-o", "json"]).await;
    assert_eq!(code(&check), 2, "{}", said(&check));
    let checks = json(&check)["checks"].clone();
    let one: Vec<&Value> = checks
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["what"] == "one cluster")
        .collect();
    assert_eq!(one.len(), 1, "{checks}");
    let detail = one[0]["detail"].as_str().unwrap();
    assert!(detail.contains("the same cluster as staging"), "{detail}");

    let sync = ["sync", "publisher", "-e", "staging", "--dry-run"];
    let output = leverframe(&yard, &sync).await;
    assert_eq!(code(&output), 3, "{}", said(&output));
    assert!(
        said(&output).contains("staging is the same cluster as production"),
        "{}",
        said(&output)
    );
}

/// Its smoke run passed, and the pods of what has passed are deleted.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_healthy_app_is_that_of_its_own_pods() {
    let yard = yard(Scenario::CALM).await;
    let app = ["content-store", "-e", "integration"];
    let runs = json(&leverframe(&yard, &[&["runs"], &app[..], &["-o", "json"]].concat()).await);
    assert_eq!(runs["runs"][0]["phase"], "Succeeded");
    let log = leverframe(&yard, &[&["logs"], &app[..]].concat()).await;
    assert_eq!(code(&log), 0, "{}", said(&log));
    assert!(!log.stdout.is_empty(), "{}", said(&log));
    let note = String::from_utf8_lossy(&log.stderr);
    assert!(
        note.contains(
            "are gone; their logs went with them. What follows is printed by content-store-"
        ),
        "{note}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_of_several_apps_is_answered_with_their_names() {
    let yard = yard(Scenario::CALM).await;
    for command in ["target", "history", "logs"] {
        let output = leverframe(&yard, &[command, "whitehall", "-e", "production"]).await;
        assert_eq!(code(&output), 2, "{}", said(&output));
        let said = said(&output);
        assert!(
            said.contains("whitehall is a repository in production and no app. What ships from it there: whitehall-admin"),
            "{said}"
        );
        let output = leverframe(&yard, &[command, "whitehal", "-e", "production"]).await;
        assert_eq!(code(&output), 2);
    }
}

/// The robot commits for everybody; who ordered it stands on the run, whichever journal has the plan.
#[tokio::test(flavor = "multi_thread")]
async fn history_names_who_ordered_a_change_from_another_journal() {
    let yard = yard_at(Scenario::CALM, 60.0).await;
    let app = ["content-store", "-e", "staging"];
    let more = ["--yes", "--reason", "incident 4711", "--wait"];
    let back = leverframe(&yard, &[&["rollback"], &app[..], &more[..]].concat()).await;
    assert_eq!(code(&back), 0, "{}", said(&back));
    std::fs::remove_dir_all(yard.folder().join("journal")).unwrap();
    let read = async |more: &[&str]| {
        let output = leverframe(&yard, &[&["history"], &app[..], more].concat()).await;
        assert_eq!(code(&output), 0, "{}", said(&output));
        output
    };
    let page = json(&read(&["-o", "json"]).await);
    let newest = &page["changes"][0];
    assert_eq!(newest["kind"], "leverframe", "{page}");
    assert_eq!(newest["actor"], account());
    assert_eq!(newest["reason"], "incident 4711");
    assert_eq!(page["unread"], Value::Null);
    let table = said(&read(&[]).await);
    assert!(table.contains("incident 4711"), "{table}");
    // Without the cluster git's answer stands, and what it lacks is said.
    let ours = std::fs::read_to_string(yard.config()).unwrap();
    let start = ours.find("[environments.production]").unwrap();
    let end = ours[start + 1..]
        .find("\n[")
        .map_or(ours.len(), |at| start + 1 + at);
    std::fs::write(yard.config(), [&ours[..start], &ours[end..]].concat()).unwrap();
    let why = "the runs in production are not read: the cluster is not configured.";
    let page = json(&read(&["-o", "json"]).await);
    assert_eq!(page["changes"][0]["kind"], "manual", "{page}");
    assert_eq!(page["unread"], why);
    let table = said(&read(&[]).await);
    let line = format!("Whose order a manual change was is not known: {why}");
    assert!(table.contains(&line), "{table}");
}
