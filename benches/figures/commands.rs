//! Commands: what one that prints and ends costs beside a long history and a long journal, and the git program beside it.
//!
//! Each runs in a process of its own; its processor time is what the shell around it says (`times`).

use super::{figure, fleet, ms};
use leverframe::journal::{Entry, What};
use leverframe::plan::{Outcome, PlanId};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[path = "../../tests/common/plans.rs"]
mod plans;

const COMMITS: usize = 250_000;
const APPS: usize = 57;
const ENVIRONMENTS: [&str; 3] = ["integration", "staging", "production"];
const TAGS: &str = "charts/app-config/image-tags";
const PLANS: usize = 100_000;

/// What a command cost.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    processor: Duration,
    /// The most memory that was resident, in KB, as far as it was seen.
    resident: u64,
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} cpu)", ms(self.wall), ms(self.processor))
    }
}

/// Runs a program under a shell that says what it used; the best of so many times.
fn cost(program: &str, arguments: &[&str], home: &Path, times: usize) -> Cost {
    let once = || {
        let began = Instant::now();
        let mut shell = Command::new("sh")
            .args(["-c", "\"$@\" >/dev/null; echo; times", "sh", program])
            .args(arguments)
            .env("HOME", home)
            .env_remove("XDG_STATE_HOME")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let mut resident = 0;
        while shell.try_wait().expect("it is ours").is_none() {
            resident = resident.max(most_of_child(shell.id()));
            std::thread::sleep(Duration::from_millis(1));
        }
        let wall = began.elapsed();
        let said = shell.wait_with_output().expect("it has ended").stdout;
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().next_back().unwrap_or_default();
        Cost {
            wall,
            processor: last.split(' ').map(seconds).sum(),
            resident,
        }
    };
    let best = (0..times).map(|_| once()).min_by_key(|cost| cost.wall);
    best.expect("it ran")
}

/// `0m1.234s`.
fn seconds(text: &str) -> Duration {
    let parsed = text
        .trim_end_matches('s')
        .split_once('m')
        .and_then(|(minutes, seconds)| {
            let minutes: f64 = minutes.parse().ok()?;
            let seconds: f64 = seconds.parse().ok()?;
            Some(Duration::from_secs_f64(minutes * 60.0 + seconds))
        });
    parsed.unwrap_or_default()
}

/// The most memory of a shell's child.
fn most_of_child(shell: u32) -> u64 {
    let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children"));
    let children = children.unwrap_or_default();
    let peak = |pid: &str| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    children
        .split_whitespace()
        .filter_map(peak)
        .max()
        .unwrap_or(0)
}

pub fn run() {
    long_history();
    long_journal();
}

/// A repository as old and as busy as the real one: apps of three environments, moved one after the other by a robot.
fn repository(folder: &Path) -> PathBuf {
    let path = folder.join("charts.git");
    let mut importing = fleet::import_into(&path);
    let mut input = BufWriter::new(importing.stdin.take().expect("a pipe"));
    let mut commit = |number: usize, subject: &str, files: &[(String, String)]| {
        let at = 1_500_000_000 + number * 1_200;
        write!(
            input,
            "commit refs/heads/main\ncommitter govuk-ci <ci@example.org> {at} +0000\ndata {}\n{subject}\n",
            subject.len()
        )?;
        for (path, text) in files {
            write!(
                input,
                "M 100644 inline {path}\ndata {}\n{text}\n",
                text.len()
            )?;
        }
        Ok::<(), std::io::Error>(())
    };
    let file = |environment: &str, app: usize, version: usize| {
        (
            format!("{TAGS}/{environment}/app-{app}"),
            format!(
                "image_tag: v{version}\nautomatic_deploys_enabled: true\npromote_deployment: true\n"
            ),
        )
    };
    let names: String = (0..APPS)
        .map(|app| format!("  - name: app-{app}\n    repoName: app-{app}\n"))
        .collect();
    let mut first = Vec::new();
    for environment in ENVIRONMENTS {
        first.push((
            format!("charts/app-config/values-{environment}.yaml"),
            format!("govukApplications:\n{names}"),
        ));
        first.extend((0..APPS).map(|app| file(environment, app, 0)));
    }
    // What else stands in such a repository.
    first.extend((0..60).map(|n| (format!("charts/other-{n}/values.yaml"), format!("n: {n}\n"))));
    commit(0, "Begin", &first).expect("it is read");
    for number in 1..COMMITS {
        // Some apps are moved a hundred times as often as others.
        let pick = number.wrapping_mul(2_654_435_761) >> 7;
        let app = (pick % APPS) * (pick / APPS % APPS) / APPS;
        let environment = ENVIRONMENTS[number % 3];
        let moved = [file(environment, app, number)];
        let subject = format!("Update app-{app} image tag to v{number} in {environment}");
        commit(number, &subject, &moved).expect("it is read");
    }
    drop(input);
    assert!(importing.wait().expect("git ends").success());
    path
}

fn long_history() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path();
    let charts = repository(home);
    let config = fleet::config(home, &charts, &[]);
    let (charts, config) = (
        charts.to_str().expect("UTF-8"),
        config.to_str().expect("UTF-8"),
    );
    let leverframe = env!("CARGO_BIN_EXE_leverframe");
    let ours = |words: &[&str]| cost(leverframe, &[words, &["-c", config]].concat(), home, 5);
    for app in ["app-1", "app-50"] {
        let path = format!("{TAGS}/production/{app}");
        let git = cost(
            "git",
            &[
                "-C",
                charts,
                "log",
                "--first-parent",
                "-20",
                "main",
                "--",
                &path,
            ],
            home,
            5,
        );
        for words in [
            &["history", app, "-e", "production"][..],
            &["target", app, "-e", "production"],
            &["status", app],
        ] {
            figure(
                &format!("{} over {COMMITS} commits", words.join(" ")),
                &ours(words).to_string(),
                "git log x 3",
                &format!("git log -20 -- FILE {git}"),
            );
        }
    }
    figure(
        &format!("status of {APPS} apps over {COMMITS} commits"),
        &ours(&["status"]).to_string(),
        "-",
        "",
    );
}

/// A journal as many years leave it: what is over has been seen, one of a thousand was never answered, one owes something.
fn journal(folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder");
    let file = std::fs::File::create(folder.join("journal.jsonl")).expect("a file");
    let mut file = BufWriter::new(file);
    let now = jiff::Timestamp::now();
    for number in 0..PLANS {
        let id = format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let at = now - jiff::SignedDuration::from_mins((PLANS - number) as i64 * 10);
        let mut plan = plans::some_plan(&id);
        plan.made_at = at;
        // As long as the median plan.
        plan.evidence = "x".repeat(2_500);
        plan.debt = (number % 1_000 == 1).then(|| "the gate is closed".to_owned());
        let mut line = |what: What| {
            let plan = PlanId::new(&id);
            serde_json::to_writer(&mut file, &Entry { at, plan, what }).expect("it is written");
            file.write_all(b"\n").expect("it is written");
        };
        line(What::Intent {
            plan: Box::new(plan),
        });
        if number % 1_000 != 0 {
            let evidence = "stopped".to_owned();
            line(What::Outcome {
                outcome: Outcome::Applied { evidence },
            });
            line(What::Seen { hop: 0 });
        }
    }
    file.flush().expect("it is written");
}

fn long_journal() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path();
    journal(&home.join("journal"));
    let config = fleet::config(home, &home.join("nowhere"), &[]);
    let config = config.to_str().expect("UTF-8");
    let leverframe = env!("CARGO_BIN_EXE_leverframe");
    let list = |words: &[&str], times| {
        cost(
            leverframe,
            &[&["journal", "-c", config], words].concat(),
            home,
            times,
        )
    };
    let row = |what: &str, cost: Cost, budget: &str| {
        let seen = format!("{}, {} MB", ms(cost.wall), cost.resident / 1024);
        figure(
            &format!("journal of {PLANS} plans: {what}"),
            &seen,
            budget,
            "",
        );
    };
    row(
        "the first time, which moves what is over",
        list(&[], 1),
        "-",
    );
    row("listed", list(&[], 5), "300 ms, 60 MB");
    row("what is open", list(&["--open"], 5), "300 ms, 60 MB");
    row("listed with its archive", list(&["--all"], 1), "-");
}
