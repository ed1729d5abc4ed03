//! The console is killed while it pushes a commit: alone, or with the git program that pushes for it.
//!
//! A git program that outlives its console goes on, so the commit may still arrive; that is seen, not sent again.

use crate::charts::{Charts, git};
use crate::pty::Start;
use leverframe::config;
use leverframe::journal::{Journal, PlanState};
use leverframe::plan::{Outcome, Plan};
use leverframe::provider::Writer as _;
use leverframe::provider::git::repository::{Location, Source};
use leverframe::provider::git::writer::Committer;
use rustix::process::{Pid, Signal, kill_process_group};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a loaded machine.
const LIMIT: Duration = Duration::from_secs(120);

/// Where the push stands when the console is killed, by the hook that runs there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    /// `pre-push` of the clone: nothing was sent.
    BeforeReceipt,
    /// `pre-receive` of the far side: it has the commit, and its branch has not moved.
    AfterReceipt,
    /// `post-receive` of the far side: its branch has moved.
    AfterEffect,
    /// `reference-transaction` of the clone, which notes what the far side has reported.
    AfterReply,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Killed {
    /// The git program goes on without it.
    Alone,
    WithGit,
}

/// A far repository and a clone of it, whose hooks hold a push at one point.
struct Scene {
    charts: Charts,
}

fn wait_for(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !is() {
        assert!(Instant::now() < deadline, "never {what}");
        std::thread::yield_now();
    }
}

impl Scene {
    fn open(point: Point) -> Self {
        let scene = Self {
            charts: Charts::open(false),
        };
        scene.hooks(point);
        scene
    }

    fn at(&self, name: &str) -> PathBuf {
        self.charts.at(name)
    }

    fn journal(&self) -> Journal {
        self.charts.journal()
    }

    /// Every push that the far side takes in is counted; the hook of the point notes its process group and waits.
    fn hooks(&self, point: Point) {
        let hold = format!(
            "ps -o pgid= -p $$ > {0}/group.new && mv {0}/group.new {0}/group\n\
             while [ ! -e {0}/go ]; do sleep 0.02; done\n",
            self.charts.folder.path().display()
        );
        let count = format!(
            "echo push >> {}/received\n",
            self.charts.folder.path().display()
        );
        let held = |here: Point| if here == point { hold.as_str() } else { "" };
        let noted = format!(
            "[ \"$1\" = committed ] && grep -q refs/remotes/origin/main || exit 0\n{}",
            held(Point::AfterReply)
        );
        for (place, name, script) in [
            (
                "clone/.git",
                "pre-push",
                held(Point::BeforeReceipt).to_owned(),
            ),
            ("far.git", "pre-receive", count + held(Point::AfterReceipt)),
            (
                "far.git",
                "post-receive",
                held(Point::AfterEffect).to_owned(),
            ),
            ("clone/.git", "reference-transaction", noted),
        ] {
            let file = self.at(place).join("hooks").join(name);
            std::fs::write(&file, format!("#!/bin/sh\n{script}exit 0\n")).unwrap();
            std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
        }
    }

    const LEVER: [&str; 7] = [
        "promote",
        "publisher",
        "--environment",
        "staging",
        "--yes",
        "--reason",
        "practice",
    ];

    /// Starts it and waits until its push is at the point.
    fn start(&self) -> Child {
        let mut child = self.charts.leverframe(&Self::LEVER).spawn().unwrap();
        wait_for("held at its point", || {
            if let Some(ended) = child.try_wait().unwrap() {
                let mut said = String::new();
                std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said)
                    .unwrap();
                panic!("{ended}: {said}");
            }
            self.at("group").exists()
        });
        child
    }

    fn kill(&self, mut child: Child, killed: Killed) {
        child.kill().unwrap();
        child.wait().unwrap();
        if killed == Killed::WithGit {
            let group = std::fs::read_to_string(self.at("group")).unwrap();
            let group = Pid::from_raw(group.trim().parse().unwrap()).unwrap();
            kill_process_group(group, Signal::KILL).unwrap();
        }
        std::fs::write(self.at("go"), "").unwrap();
    }

    /// How many pushes the far side has taken in.
    fn received(&self) -> usize {
        std::fs::read_to_string(self.at("received")).map_or(0, |text| text.lines().count())
    }

    /// How many commits of the far side's main carry the plan.
    fn landed(&self, plan: &Plan) -> usize {
        let wanted = format!("Leverframe-Plan: {}", plan.id);
        let messages = git(&self.at("far.git"), &["log", "--format=%B", "main"]);
        messages.lines().filter(|line| *line == wanted).count()
    }

    /// Looks for the plan as a console does after a restart.
    fn look_for(&self, plan: &Plan) -> Option<Outcome> {
        let at = Source {
            location: Location::Path(self.at("clone")),
            branch: "main".to_owned(),
        };
        let path = self.charts.delivery();
        let path = path.to_str().unwrap();
        let checked = config::delivery_named(path, Path::new("."), &|_| None).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime
            .block_on(Committer::new(at, Arc::new(checked.delivery)).look_for(plan, plan.made_at))
    }
}

/// What holds after every one of these: one intent without an outcome, at most one push and one commit, and none more by
/// asking again.
fn killed(point: Point, killed: Killed, lands: bool) {
    let scene = Scene::open(point);
    scene.kill(scene.start(), killed);
    let journal = scene.journal();
    assert_eq!(journal.records.len(), 1);
    assert_eq!(journal.records[0].plan_state(), PlanState::Open);
    let plan = &journal.records[0].plan;
    if lands {
        wait_for("on the far side's main", || scene.landed(plan) == 1);
    }
    let received = usize::from(lands || point != Point::BeforeReceipt);
    assert_eq!(scene.received(), received);
    let looked = scene
        .charts
        .leverframe(&["journal", "--look", "-o", "json"])
        .output();
    let looked: serde_json::Value = serde_json::from_slice(&looked.unwrap().stdout).unwrap();
    let outcome = if lands { "applied" } else { "unknown" };
    assert_eq!(looked["records"][0]["outcome"], outcome, "{looked}");
    let (code, said) = scene.charts.run(&Scene::LEVER);
    assert_eq!(code, 3, "refused, not sent again: {said}");
    assert_eq!(scene.received(), received, "{said}");
    assert_eq!(scene.landed(plan), usize::from(lands));
    match scene.look_for(plan) {
        Some(Outcome::Applied { .. }) => assert!(lands),
        // The push could still be under way for all that anybody knows.
        None => assert!(!lands),
        other => panic!("{other:?}"),
    }
}

#[test]
fn killed_before_receipt() {
    killed(Point::BeforeReceipt, Killed::WithGit, false);
}

#[test]
fn killed_before_receipt_while_git_goes_on() {
    killed(Point::BeforeReceipt, Killed::Alone, true);
}

#[test]
fn killed_after_receipt() {
    killed(Point::AfterReceipt, Killed::WithGit, false);
}

#[test]
fn killed_after_receipt_while_git_goes_on() {
    killed(Point::AfterReceipt, Killed::Alone, true);
}

#[test]
fn killed_after_effect() {
    killed(Point::AfterEffect, Killed::WithGit, true);
}

#[test]
fn killed_after_effect_while_git_goes_on() {
    killed(Point::AfterEffect, Killed::Alone, true);
}

#[test]
fn killed_after_reply() {
    killed(Point::AfterReply, Killed::WithGit, true);
}

#[test]
fn killed_after_reply_while_git_goes_on() {
    killed(Point::AfterReply, Killed::Alone, true);
}

/// Keys and screen: what its killed console left is found by the next one, without being asked for.
#[test]
fn the_next_console_finds_what_its_killed_one_sent() {
    let scene = Scene::open(Point::AfterEffect);
    scene.kill(scene.start(), Killed::WithGit);
    let config = scene.at("leverframe.toml");
    let mut console = Start::new(&["-c", config.to_str().unwrap()]).start();
    console.wait_for("accepted, commit");
    console.press("J");
    console.wait_for_fn("the plan under way", |screen| {
        screen
            .row("promote")
            .is_some_and(|row| row.contains("publisher @ staging") && !row.contains("open"))
    });
    assert_eq!(scene.received(), 1);
    assert_eq!(scene.journal().records[0].plan_state(), PlanState::Underway);
}

#[test]
fn and_says_what_it_cannot_find() {
    let scene = Scene::open(Point::AfterReceipt);
    scene.kill(scene.start(), Killed::WithGit);
    let config = scene.at("leverframe.toml");
    let mut console = Start::new(&["-c", config.to_str().unwrap()]).start();
    console.wait_for("outcome unknown, it is not sent again");
    // Somebody looked, and says so.
    console.press("J");
    console.wait_for("publisher @ staging");
    console.press("enter");
    console.wait_for("I looked");
    console.press("j j enter");
    console.wait_until("settled", || {
        scene.journal().records[0].plan_state() == PlanState::NotDone
    });
    assert_eq!(scene.received(), 1);
    assert_eq!(scene.landed(&scene.journal().records[0].plan), 0);
}
