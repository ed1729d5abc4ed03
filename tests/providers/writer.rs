//! The git writer: one plan, one commit, whatever the branch does meanwhile.

use std::sync::Mutex;

use jiff::Timestamp;
use leverframe::model::{ActorKind, Environment, Repository, Target};
use leverframe::plan::{Actor, Edit, Lever, Outcome, Plan, PlanId, Reach, Request, Write};
use leverframe::provider::Writer;
use leverframe::provider::git::feed::Options;
use leverframe::provider::git::repository::{Location, Source as At};
use leverframe::provider::git::writer::Committer;

use crate::yard::{FedStore, TAGS, Yard, delivery, git};

pub fn plan(id: &str, from: &str, to: &str, branch: Option<&str>) -> Plan {
    let (environment, repository) = (Environment::new("staging"), Repository::new("frontend"));
    let path = format!("{TAGS}/staging/frontend");
    let edit = |key: &str, from: &str, to: &str| Edit {
        environment: environment.clone(),
        repository: repository.clone(),
        path: path.clone(),
        key: key.to_owned(),
        from: Some(from.to_owned()),
        to: to.to_owned(),
        line: None,
    };
    Plan {
        id: PlanId::new(id),
        request: Request {
            is_of_several: false,
            lever: Lever::Promote,
            target: Target::new("staging", "frontend"),
            repository: Some(repository.clone()),
            version: Some(to.into()),
            run: None,
            reason: Some("incident 4711:\nslow".to_owned()),
            undoes: None,
        },
        who: Actor {
            login: "ops-1".to_owned(),
            from: Some("192.0.2.7".to_owned()),
            shared: false,
        },
        made_at: Timestamp::now(),
        from: Some(from.into()),
        to: Some(to.into()),
        evidence: String::new(),
        read: String::new(),
        reach: Reach::default(),
        checks: Vec::new(),
        write: Write::Commit {
            edits: vec![
                edit("image_tag", from, to),
                edit("promote_deployment", "true", "false"),
            ],
            subject: format!("Update frontend image tag to {to} for staging"),
            branch: branch.map(str::to_owned),
        },
        hops: Vec::new(),
        debt: None,
        warning: None,
        next: None,
        choices: Vec::new(),
    }
}

pub fn send(writer: &Committer, plan: &Plan, tried: &(dyn Fn(&str) + Send + Sync)) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    runtime.block_on(writer.write(plan, tried))
}

pub fn look_for(writer: &Committer, plan: &Plan) -> Option<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    runtime.block_on(writer.look_for(plan, plan.made_at))
}

#[test]
fn a_plan_becomes_one_commit_that_the_feed_shows() {
    let yard = Yard::new();
    let mut fed = FedStore::by(yard.path(), Options::default());
    fed.until("complete", |store| store.history.is_complete());
    let writer = Committer::new(yard.path(), delivery());
    let before = git(&yard.bare, &["rev-parse", "main"]);
    let first = plan("00000000000000aa", "v1", "v2", None);
    let outcome = send(&writer, &first, &|_| panic!("one try was enough"));
    let after = git(&yard.bare, &["rev-parse", "main"]);
    assert_eq!(
        outcome,
        Outcome::Applied {
            evidence: format!("commit {after}")
        }
    );
    assert_eq!(git(&yard.bare, &["rev-parse", "main~1"]), before);
    assert_eq!(
        git(&yard.bare, &["log", "-1", "--format=%an%n%B", "main"]),
        "ops-1\nUpdate frontend image tag to v2 for staging\n\nLeverframe-Plan: 00000000000000aa\n\
         Leverframe-Actor: ops-1\nLeverframe-Reason: incident 4711: slow"
    );
    let diff = git(
        &yard.bare,
        &["diff", "--unified=0", "--no-color", "main~1", "main"],
    );
    let lines: Vec<_> = diff
        .lines()
        .filter(|line| {
            (line.starts_with('+') || line.starts_with('-'))
                && !line[1..].starts_with(line.get(..1).unwrap())
        })
        .collect();
    assert_eq!(
        lines,
        [
            "-image_tag: v1",
            "+image_tag: v2",
            "-promote_deployment: true",
            "+promote_deployment: false"
        ]
    );
    let (staging, frontend) = (Environment::new("staging"), Repository::new("frontend"));
    fed.until("the commit", |store| {
        store.history.changes_of(&staging, &frontend).len() == 2
    });
    let change = &fed.store.history.changes_of(&staging, &frontend)[0];
    assert_eq!(
        (change.kind, &*change.actor),
        (ActorKind::Leverframe, "ops-1")
    );
    assert_eq!(change.plan.as_deref(), Some("00000000000000aa"));
    assert_eq!(look_for(&writer, &first), Some(outcome));
    // What it was decided on holds no more.
    let stale = plan("00000000000000ab", "v1", "v3", None);
    let Outcome::Refused { because } = send(&writer, &stale, &|_| ()) else {
        panic!("not refused");
    };
    assert!(
        because.contains("image_tag") && because.contains("is v2"),
        "{because}"
    );
    // It was just made: another process might still be about to send it.
    assert_eq!(look_for(&writer, &stale), None);
}

#[test]
fn a_further_try_is_journalled_before_it_is_made() {
    let yard = Yard::new();
    let clone = yard.dir.path().join("ops");
    git(
        yard.dir.path(),
        &["clone", "--quiet", "helm-charts.git", "ops"],
    );
    for (name, value) in [("user.name", "ops-1"), ("user.email", "ops-1@example.org")] {
        git(&clone, &["config", name, value]);
    }
    // The robot is faster once, between our look and our push.
    yard.tag("production", "frontend", "image_tag: v7\n");
    git(&yard.work, &["commit", "--quiet", "-am", "in between"]);
    let hook = clone.join(".git/hooks/pre-push");
    let (flag, robot) = (yard.dir.path().join("flag"), yard.work.display());
    let script = format!(
        "#!/bin/sh\n[ -e {0} ] || {{ touch {0}; env -u GIT_DIR git -C {robot} push --quiet origin main; }}\n",
        flag.display()
    );
    std::fs::write(&hook, script).unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let writer = Committer::new(
        At {
            location: Location::Path(clone),
            branch: "main".to_owned(),
        },
        delivery(),
    );
    let notes = Mutex::new(Vec::new());
    let outcome = send(
        &writer,
        &plan("00000000000000ac", "v1", "v2", None),
        &|note| {
            let head = git(&yard.bare, &["log", "-1", "--format=%s", "main"]);
            notes.lock().unwrap().push((note.to_owned(), head));
        },
    );
    assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
    let notes = notes.into_inner().unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].0.starts_with("try 2 on "), "{notes:?}");
    assert_eq!(notes[0].1, "in between", "fed after it was made");
}

/// A hook that says megabytes is passed on cut.
#[test]
fn what_a_hook_says_is_cut_and_refuses_all_the_same() {
    let yard = Yard::new();
    let hook = yard.bare.join("hooks/update");
    let text = "#!/bin/sh\nhead -c 4400000 /dev/zero | tr '\\0' A >&2\nexit 1\n";
    std::fs::write(&hook, text).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&hook, executable).unwrap();
    let writer = Committer::new(yard.path(), delivery());
    let sent = plan("00000000000000ae", "v1", "v2", None);
    let Outcome::Failed { because, .. } = send(&writer, &sent, &|_| ()) else {
        panic!("not failed");
    };
    assert!(because.contains("AAAA"), "{} bytes", because.len());
    assert!(because.len() < 20_000, "{} bytes", because.len());
}

#[test]
fn a_protected_main_offers_the_branch() {
    let yard = Yard::new();
    let hook = yard.bare.join("hooks/update");
    std::fs::write(
        &hook,
        "#!/bin/sh\n[ \"$1\" != refs/heads/main ] || { echo protected >&2; exit 1; }\n",
    )
    .unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&hook, executable).unwrap();
    let before = git(&yard.bare, &["rev-parse", "main"]);
    let writer = Committer::new(yard.path(), delivery());
    let Outcome::Failed {
        because, remedy, ..
    } = send(
        &writer,
        &plan("00000000000000ad", "v1", "v2", None),
        &|_| (),
    )
    else {
        panic!("not failed");
    };
    assert!(
        because.contains("protected") && remedy.contains("branch mechanism"),
        "{because} {remedy}"
    );
    let branch = "leverframe/00000000000000ad";
    let branched = plan("00000000000000ad", "v1", "v2", Some(branch));
    let outcome = send(&writer, &branched, &|_| ());
    assert_eq!(
        outcome,
        Outcome::Applied {
            evidence: format!("branch {branch}")
        }
    );
    assert_eq!(git(&yard.bare, &["rev-parse", "main"]), before);
    assert_eq!(
        git(&yard.bare, &["rev-parse", &format!("{branch}~1")]),
        before
    );
    assert_eq!(look_for(&writer, &branched), Some(outcome));
}
