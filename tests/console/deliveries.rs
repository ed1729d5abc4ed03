//! Other organisations' deliveries: what an ordinary repository looks like to whoever writes a delivery file for it.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const DELIVERY: &str = r#"
name = "Shop"
[[environments]]
name = "dev"
version_by = "commit"
[[environments]]
name = "prod"
production = true
version_by = "branch"
[declared]
path = "apps/{environment}-{repository}/values.yaml"
version = "image.tag"
[workloads]
namespace = "shop"
app_label = "app"
"#;

/// A folder with a repository of ordinary Helm values, one version form per app, and a delivery file.
fn shop(delivery: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for (app, tag) in [
        ("cart", "sha-8f3c1a9"),
        ("search", "\"1.10\""),
        ("stock", "2024-11-03"),
        ("web", "1.17.0-next"),
    ] {
        for environment in ["dev", "prod"] {
            let dir = at.join(format!("charts/apps/{environment}-{app}"));
            std::fs::create_dir_all(&dir).unwrap();
            let values = format!(
                "replicaCount: 2\nimage:\n  repository: shop/{app}\n  tag: {tag}\nresources: {{}}\n"
            );
            std::fs::write(dir.join("values.yaml"), values).unwrap();
        }
    }
    std::fs::write(at.join("delivery.toml"), delivery).unwrap();
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "-A"],
        &["commit", "--quiet", "-m", "Start"],
    ] {
        let done = Command::new("git")
            .arg("-C")
            .arg(at.join("charts"))
            .args([
                "-c",
                "user.name=ops-1",
                "-c",
                "user.email=ops-1@example.org",
            ])
            .args(arguments)
            .status()
            .unwrap();
        assert!(done.success());
    }
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_leverframe"))
        .args(arguments)
        .arg("--delivery")
        .arg(folder.join("delivery.toml"))
        .arg("--repository")
        .arg(folder.join("charts"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("LOGNAME", "ops-1")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn ordinary_values_files_and_versions_are_calm() {
    let folder = shop(DELIVERY);
    let output = run(folder.path(), &["status", "-o", "json"]);
    assert!(output.status.success(), "{}", said(&output));
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows: Vec<String> = status["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| {
            format!(
                "{} {} {} {} {}",
                t["environment"],
                t["app"],
                t["declared"]["version"],
                t["declared"]["odd"],
                t["attention"]
            )
            .replace('"', "")
        })
        .collect();
    assert_eq!(
        rows,
        [
            "dev cart sha-8f3c1a9 null []",
            "dev search 1.10 null []",
            "dev stock 2024-11-03 null []",
            "dev web 1.17.0-next null []",
            "prod cart sha-8f3c1a9 null []",
            "prod search 1.10 null []",
            "prod stock 2024-11-03 null []",
            "prod web 1.17.0-next null []",
        ]
    );
}

#[test]
fn a_file_that_is_said_to_be_closed_is_odd_with_other_keys() {
    let folder = shop(&DELIVERY.replace("[declared]", "[declared]\nclosed = true"));
    let output = run(folder.path(), &["status", "-o", "json"]);
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    for target in status["targets"].as_array().unwrap() {
        assert_eq!(target["attention"], serde_json::json!(["odd"]), "{target}");
        let odd = target["declared"]["odd"].as_str().unwrap();
        assert!(odd.contains("unknown key replicaCount"), "{odd}");
    }
}

#[test]
fn a_path_that_fits_no_file_is_an_error_with_the_number_of_files_that_were_looked_at() {
    let folder = shop(&DELIVERY.replace("values.yaml", "value.yaml"));
    for command in ["status", "history"] {
        let mut arguments = vec![command];
        if command == "history" {
            arguments.extend(["cart", "-e", "dev"]);
        }
        let output = run(folder.path(), &arguments);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{command}: {}",
            said(&output)
        );
        let words =
            "no file fits apps/{environment}-{repository}/value.yaml; 8 files were looked at";
        assert!(
            said(&output).contains(words),
            "{command}: {}",
            said(&output)
        );
        assert!(
            said(&output).contains("`path` in [declared]"),
            "{}",
            said(&output)
        );
    }
}

#[test]
fn every_fault_of_a_delivery_file_is_told_in_one_run() {
    let wrong = DELIVERY
        .replace("name = \"Shop\"", "nmae = \"Shop\"")
        .replace("version_by = \"branch\"", "")
        .replace("version = \"image.tag\"", "version = \"{app}.tag\"");
    let folder = shop(&wrong);
    let output = run(folder.path(), &["status"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    for words in [
        "delivery.toml:2: nmae: No such key is known here.",
        "delivery.toml: name: It is missing.",
        "environments.1.version_by: It is missing.",
        "declared.version: {app} is not known here.",
    ] {
        assert!(said(&output).contains(words), "{words}: {}", said(&output));
    }
}
