//! The git program as commands use it: what it is asked, what it is told, and that nothing of it outlives them.

use crate::charts::{Charts, git};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a loaded machine, and much shorter than a hung ssh.
const LIMIT: Duration = Duration::from_secs(60);

/// Charts, with an ssh that notes that it was started and then hangs as long as nobody ends it.
struct Scene {
    charts: Charts,
}

impl Scene {
    /// The repository is a URL behind that ssh.
    fn behind_ssh() -> Self {
        let scene = Self::of_clone();
        let text = std::fs::read_to_string(scene.charts.config()).unwrap();
        let clone = format!("{:?}", scene.charts.at("clone"));
        let url = format!(
            "\"ssh://nowhere.invalid{}\"",
            scene.charts.at("far.git").display()
        );
        std::fs::write(scene.charts.config(), text.replace(&clone, &url)).unwrap();
        scene
    }

    /// The repository is a clone, which is pushed to through that ssh.
    fn of_clone() -> Self {
        let charts = Charts::open(true);
        let ssh = charts.at("hanging-ssh");
        let script = format!(
            "#!/bin/sh\necho $$ >> {0}/started\ntail -f {0}/started\n",
            charts.folder.path().display()
        );
        std::fs::write(&ssh, script).unwrap();
        std::fs::set_permissions(&ssh, PermissionsExt::from_mode(0o755)).unwrap();
        let url = "ssh://nowhere.invalid/far.git";
        let clone = charts.at("clone");
        git(&clone, &["remote", "set-url", "--push", "origin", url]);
        Self { charts }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.charts.leverframe(arguments);
        command
            .env("GIT_SSH_COMMAND", self.charts.at("hanging-ssh"))
            .env("XDG_CACHE_HOME", self.charts.at("cache"));
        command
    }

    fn started(&self) -> PathBuf {
        self.charts.at("started")
    }

    /// The processes that were started for this scene and are still there.
    fn left(&self) -> Vec<String> {
        let mark = self.charts.folder.path().display().to_string();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = processes.filter_map(|p| std::fs::read(p.path().join("cmdline")).ok());
        lines
            .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
            .filter(|line| line.contains(&mark))
            .collect()
    }

    fn none_is_left(&self) {
        let until = Instant::now() + LIMIT;
        while !self.left().is_empty() {
            assert!(Instant::now() < until, "still there: {:?}", self.left());
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_command_takes_a_hung_fetch_along_when_its_limit_is_over() {
    let scene = Scene::behind_ssh();
    let ended = scene.command(&["status", "--limit", "2"]).output().unwrap();
    assert_eq!(ended.status.code(), Some(5), "{ended:?}");
    assert!(scene.started().exists(), "the ssh was started");
    scene.none_is_left();
}

#[test]
fn a_command_takes_a_hung_push_probe_along() {
    let scene = Scene::of_clone();
    let ended = scene
        .command(&["config", "check", "--limit", "2"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(said.contains("no answer within the limit"), "{said}");
    assert!(scene.started().exists(), "the ssh was started");
    scene.none_is_left();
}

fn is_hang_up_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

#[test]
fn a_command_that_is_ended_by_a_signal_takes_its_programs_along() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        if signal == Signal::HUP && is_hang_up_ignored() {
            println!("SKIPPED: these tests run under nohup, which a command obeys");
            continue;
        }
        let scene = Scene::behind_ssh();
        let mut child = scene
            .command(&["status", "--limit", "600"])
            .spawn()
            .unwrap();
        let until = Instant::now() + LIMIT;
        while !scene.started().exists() {
            assert!(Instant::now() < until, "the ssh was never started");
            std::thread::yield_now();
        }
        kill_process(Pid::from_child(&child), signal).unwrap();
        let ended = child.wait().unwrap();
        assert_eq!(ended.signal(), None, "it ended by itself");
        assert_eq!(ended.code(), Some(128 + signal.as_raw()));
        scene.none_is_left();
    }
}

#[test]
fn whether_it_can_be_pushed_to_is_asked_only_where_something_may_be_written() {
    let scene = Scene::of_clone();
    let ended = scene
        .command(&["config", "check", "--read-only", "--limit", "60"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(said.contains("not asked: read-only"), "{said}");
    assert!(!scene.started().exists(), "no ssh was started");
}

#[test]
fn a_users_tracing_of_git_is_no_part_of_a_fault() {
    let scene = Scene::behind_ssh();
    let ended = scene
        .command(&["status", "--limit", "60"])
        .env("GIT_SSH_COMMAND", "/bin/false")
        .envs(
            [
                "GIT_TRACE",
                "GIT_TRACE_SETUP",
                "GIT_TRACE2_PERF",
                "GIT_TRACE_CURL",
                "GIT_TRACE_PACK_ACCESS",
            ]
            .map(|name| (name, "1")),
        )
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("Could not read from remote"), "{said}");
    for noise in ["trace:", "setup:", "run_command", "| d0 |"] {
        assert!(!said.contains(noise), "{noise}: {said}");
    }
}
