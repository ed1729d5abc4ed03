//! Charts: a far repository laid out as GOV.UK's and a clone of it, for people who may push to main.
//!
//! Include with `#[path]`. No cluster is configured.
#![allow(dead_code, reason = "each test file uses its part")]

use leverframe::journal::Journal;
use leverframe::journal::file::{JournalFile, JournalPaths};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub const TAGS: &str = "charts/app-config/image-tags";

/// `far.git`, `clone`, `delivery.toml` and `leverframe.toml` in a folder of their own.
pub struct Charts {
    pub folder: tempfile::TempDir,
}

pub fn git(at: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(at)
        .args(arguments)
        .output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Charts {
    /// The app publisher stands as v2 in integration and as v1 above it; the gate behind integration is open, or closed; nothing goes on
    /// to production by itself.
    pub fn open(gate: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        git(
            at,
            &[
                "init",
                "--quiet",
                "--bare",
                "--initial-branch=main",
                "far.git",
            ],
        );
        git(at, &["clone", "--quiet", "far.git", "clone"]);
        let charts = Self { folder };
        let clone = charts.at("clone");
        git(&clone, &["checkout", "--quiet", "-B", "main"]);
        for (key, value) in [("user.name", "ops-1"), ("user.email", "ops-1@example.org")] {
            git(&clone, &["config", key, value]);
        }
        for (environment, version) in [
            ("integration", "v2"),
            ("staging", "v1"),
            ("production", "v1"),
        ] {
            let file = clone.join(TAGS).join(environment).join("publisher");
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            let gate = gate && environment == "integration";
            let text = format!(
                "image_tag: {version}\nautomatic_deploys_enabled: {gate}\npromote_deployment: true\n"
            );
            std::fs::write(file, text).unwrap();
        }
        git(&clone, &["add", "-A"]);
        git(&clone, &["commit", "--quiet", "-m", "Start"]);
        git(&clone, &["push", "--quiet", "origin", "main"]);
        let govuk = include_str!("../../config/govuk.toml");
        let ours = govuk
            .replace("version_by = \"workflow\"", "version_by = \"commit\"")
            .replace("gate_by = \"branch\"", "gate_by = \"commit\"");
        std::fs::write(charts.delivery(), ours).unwrap();
        let text = format!(
            "delivery = {:?}\nrepository = {clone:?}\njournal = {:?}\n",
            charts.delivery(),
            charts.at("journal")
        );
        std::fs::write(charts.config(), text).unwrap();
        charts
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn delivery(&self) -> PathBuf {
        self.at("delivery.toml")
    }

    pub fn config(&self) -> PathBuf {
        self.at("leverframe.toml")
    }

    /// A command of the program on this configuration.
    pub fn leverframe(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leverframe"));
        command
            .args(arguments)
            .arg("-c")
            .arg(self.config())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("LOGNAME", "tester")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it; its exit code, and all that it said.
    pub fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.leverframe(arguments).output().unwrap();
        let out = String::from_utf8_lossy(&output.stdout);
        let said = format!("{out}{}", String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap_or(-1), said)
    }

    pub fn journal(&self) -> Journal {
        JournalFile::new(JournalPaths::usual(&self.at("journal"))).load()
    }

    /// What stands in the far side's file of an environment.
    pub fn far(&self, environment: &str) -> String {
        let path = format!("main:{TAGS}/{environment}/publisher");
        git(&self.at("far.git"), &["show", &path])
    }
}
