use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::provider::git::fixture::Fixture;
use crate::provider::git::history::trailers;
use crate::provider::git::repository::{Location, Source};
use crate::provider::git::seek::PLAN_TRAILER;

const FILE: &str = "tags/staging/whitehall";

fn proposal(plan: &str, shown: &str, to: &str) -> Proposal {
    Proposal {
        plan: plan.to_owned(),
        files: vec![FileEdit {
            path: FILE.to_owned(),
            scalars: vec![
                (Set::text("image_tag", to), Some(shown.to_owned())),
                (Set::boolean("promote_deployment", false), None),
            ],
        }],
        message: commit::message(
            &format!("Update whitehall image tag to {to} for staging"),
            &[(PLAN_TRAILER, plan), ("Leverframe-Actor", "ops-1")],
        ),
        branch: None,
        pursuit: Duration::from_secs(30),
    }
}

fn fixture() -> Fixture {
    let fixture = Fixture::bare();
    fixture.commit(&[("other", b"0\n")], "zero");
    fixture.commit(
        &[
            (FILE, b"# kept\nimage_tag: v1  # here\n"),
            ("other", b"1\n"),
        ],
        "one",
    );
    fixture
}

fn quiet(_: &Try) -> Result<(), String> {
    Ok(())
}

fn text(fixture: &Fixture, commit: Oid, path: &str) -> String {
    match fixture.open().read(commit, path).unwrap() {
        Entry::File { bytes, .. } => String::from_utf8(bytes).unwrap(),
        other => panic!("{path}: {other:?}"),
    }
}

fn hook(fixture: &Fixture, name: &str, script: &str) {
    let path = fixture.path().join("hooks").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn is_kept(at: &Path, plan: &str) -> bool {
    git2::Repository::open(at)
        .unwrap()
        .refname_to_id(&kept(plan))
        .is_ok()
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Keeps a commit as if a process had tried to push it in 2025 and was no more.
fn tried_long_ago(repository: &Repository, plan: &str, built_on: Oid) -> Oid {
    let git = &repository.git;
    let at = git2::Time::new(1_755_000_030, 0);
    let who = git2::Signature::new("Clone", "clone@example.org", &at).unwrap();
    let parent = git.find_commit(built_on).unwrap();
    let message = commit::message("sent", &[(PLAN_TRAILER, plan)]);
    let commit = git
        .commit(
            None,
            &who,
            &who,
            &message,
            &parent.tree().unwrap(),
            &[&parent],
        )
        .unwrap();
    git.reference(&kept(plan), commit, true, "test").unwrap();
    commit
}

fn mirror(fixture: &Fixture) -> Repository {
    let repository = Repository::open(&Source {
        location: Location::Url {
            url: format!("file://{}", fixture.path().display()),
            cache: fixture.beside("cache"),
        },
        branch: "main".to_owned(),
    })
    .unwrap();
    let mut config = repository.git.config().unwrap();
    config.set_str("user.name", "Mirror").unwrap();
    config.set_str("user.email", "mirror@example.org").unwrap();
    repository
}

#[test]
fn one_commit_with_the_scalars_and_nothing_else() {
    let fixture = fixture();
    let before = fixture.tip();
    let mut tries = Vec::new();
    let sent = send(
        &fixture.open(),
        &proposal("7f3a", "v1", "v2"),
        &mut |this| {
            tries.push(this.clone());
            Ok(())
        },
    );
    let Sent::Applied(commit) = sent else {
        panic!("{sent:?}")
    };
    assert_eq!(fixture.tip(), commit);
    assert_eq!(
        text(&fixture, commit, FILE),
        "# kept\nimage_tag: v2  # here\npromote_deployment: false\n"
    );
    let git = fixture.git();
    let made = git.find_commit(commit).unwrap();
    assert_eq!(made.parent_id(0).unwrap(), before);
    assert_eq!(made.author().name().unwrap(), "Fixture");
    assert_eq!(
        trailers(made.message().unwrap())[0],
        (PLAN_TRAILER.to_owned(), "7f3a".to_owned())
    );
    assert_eq!(
        (tries.len(), tries[0].number, tries[0].head),
        (1, 1, before)
    );
    assert!(!is_kept(fixture.path(), "7f3a"));
    assert_eq!(find(&fixture.open(), commit, "7f3a"), Some(commit));
    assert_eq!(find(&fixture.open(), commit, "7f3"), None);
    // The same plan again finds itself and sends nothing.
    assert_eq!(
        send(&fixture.open(), &proposal("7f3a", "v1", "v2"), &mut quiet),
        Sent::Applied(commit)
    );
    assert_eq!(fixture.tip(), commit);
}

#[test]
fn a_clone_and_a_mirror_write_through_their_remote() {
    let fixture = fixture();
    let clone = fixture.clone_to("work");
    // The clone is behind, and its own tracking branch moves only with its push.
    let ahead = fixture.commit(&[("other", b"2\n")], "two");
    let cloned = Fixture::open_at(&clone);
    let mut heads = Vec::new();
    let sent = send(&cloned, &proposal("aa01", "v1", "v2"), &mut |this| {
        heads.push(this.head);
        Ok(())
    });
    let Sent::Applied(commit) = sent else {
        panic!("{sent:?}")
    };
    assert_eq!(heads, [ahead]);
    assert_eq!(fixture.tip(), commit);
    assert_eq!(text(&fixture, commit, "other"), "2\n");
    assert!(
        git2::Repository::open(&clone)
            .unwrap()
            .find_branch("main", git2::BranchType::Local)
            .unwrap()
            .get()
            .target()
            != Some(commit)
    );
    let mirror = mirror(&fixture);
    mirror.fetch().unwrap();
    let mut second = proposal("aa02", "v2", "v3");
    second.files[0].scalars[1].1 = Some("false".to_owned());
    let sent = send(&mirror, &second, &mut quiet);
    let Sent::Applied(commit) = sent else {
        panic!("{sent:?}")
    };
    assert_eq!(fixture.tip(), commit);
}

#[test]
fn a_moved_scalar_is_refused_and_shown() {
    let fixture = fixture();
    let sent = send(&fixture.open(), &proposal("7f3a", "v0", "v2"), &mut quiet);
    assert!(
        matches!(&sent, Sent::Moved { key, shown, now, .. }
            if key == "image_tag" && shown.as_deref() == Some("v0") && now.as_deref() == Some("v1")),
        "{sent:?}"
    );
    // Somebody is faster between the look and the push, on this very scalar.
    let clone = fixture.clone_to("work");
    let sent = send(
        &Fixture::open_at(&clone),
        &proposal("7f3b", "v1", "v2"),
        &mut |this| {
            assert_eq!(this.number, 1);
            fixture.commit(&[(FILE, b"image_tag: v9\n")], "faster");
            Ok(())
        },
    );
    assert!(
        matches!(&sent, Sent::Moved { now, .. } if now.as_deref() == Some("v9")),
        "{sent:?}"
    );
    assert_eq!(text(&fixture, fixture.tip(), FILE), "image_tag: v9\n");
    assert!(!is_kept(&clone, "7f3b"));
}

#[test]
fn a_protected_branch_fails_and_another_branch_is_taken() {
    let fixture = fixture();
    let before = fixture.tip();
    hook(
        &fixture,
        "update",
        "[ \"$1\" = refs/heads/main ] && { echo 'only the robot may push to main' >&2; exit 1; }; exit 0",
    );
    let sent = send(&fixture.open(), &proposal("7f3a", "v1", "v2"), &mut quiet);
    let Sent::Failed { because, protected } = &sent else {
        panic!("{sent:?}")
    };
    assert!(
        *protected && because.contains("only the robot may push to main"),
        "{because}"
    );
    assert_eq!(fixture.tip(), before);
    let mut branched = proposal("7f3a", "v1", "v2");
    branched.branch = Some("leverframe/7f3a".to_owned());
    let sent = send(&fixture.open(), &branched, &mut quiet);
    let Sent::Applied(commit) = sent else {
        panic!("{sent:?}")
    };
    assert_eq!(fixture.tip(), before);
    assert_eq!(
        fixture
            .git()
            .refname_to_id("refs/heads/leverframe/7f3a")
            .unwrap(),
        commit
    );
    assert_eq!(
        look_for(&fixture.open(), "7f3a", Some("leverframe/7f3a"), now()),
        Search::Applied(commit)
    );
}

#[test]
fn nothing_is_sent_when_it_can_not_be_journalled_or_made() {
    let fixture = fixture();
    let before = fixture.tip();
    let sent = send(&fixture.open(), &proposal("7f3a", "v1", "v2"), &mut |_| {
        Err("the journal is full".to_owned())
    });
    assert_eq!(sent, Sent::Refused("the journal is full".to_owned()));
    let mut same = proposal("7f3b", "v1", "v1");
    same.files[0].scalars.pop();
    assert!(
        matches!(send(&fixture.open(), &same, &mut quiet), Sent::Refused(why) if why.contains("nothing to commit"))
    );
    let mut gone = proposal("7f3c", "v1", "v2");
    gone.files[0].path = "tags/staging/none".to_owned();
    assert!(
        matches!(send(&fixture.open(), &gone, &mut quiet), Sent::Refused(why) if why.contains("does not exist"))
    );
    assert_eq!(fixture.tip(), before);
    assert!(!is_kept(fixture.path(), "7f3a"));
    // A work tree whose branch has no remote.
    let alone = fixture.beside("alone");
    let git = git2::Repository::init(&alone).unwrap();
    let tree = git
        .find_tree(git.treebuilder(None).unwrap().write().unwrap())
        .unwrap();
    let who = git2::Signature::now("A", "a@example.org").unwrap();
    git.commit(Some("refs/heads/main"), &who, &who, "one", &tree, &[])
        .unwrap();
    let sent = send(
        &Fixture::open_at(&alone),
        &proposal("7f3d", "v1", "v2"),
        &mut quiet,
    );
    assert!(
        matches!(&sent, Sent::Refused(why) if why.contains("nowhere to push to")),
        "{sent:?}"
    );
}

#[test]
fn a_remote_that_is_away_fails_without_a_trace() {
    let fixture = fixture();
    let clone = fixture.clone_to("work");
    std::fs::rename(fixture.path(), fixture.beside("elsewhere")).unwrap();
    let sent = send(
        &Fixture::open_at(&clone),
        &proposal("7f3a", "v1", "v2"),
        &mut quiet,
    );
    assert!(
        matches!(
            sent,
            Sent::Failed {
                protected: false,
                ..
            }
        ),
        "{sent:?}"
    );
    assert!(!is_kept(&clone, "7f3a"));
}

#[test]
fn a_connection_lost_after_the_effect_is_found() {
    let fixture = fixture();
    let clone = fixture.clone_to("work");
    hook(
        &fixture,
        "reference-transaction",
        "[ \"$1\" = committed ] && kill -9 $PPID; exit 0",
    );
    let sent = send(
        &Fixture::open_at(&clone),
        &proposal("7f3a", "v1", "v2"),
        &mut quiet,
    );
    assert_eq!(sent, Sent::Applied(fixture.tip()));
    assert!(text(&fixture, fixture.tip(), FILE).contains("v2"));
    assert!(!is_kept(&clone, "7f3a"));
}

#[test]
fn a_connection_lost_before_the_effect_is_unknown_and_never_sent_twice() {
    let fixture = fixture();
    let before = fixture.tip();
    let clone = fixture.clone_to("work");
    let count = fixture.beside("count");
    hook(
        &fixture,
        "pre-receive",
        &format!("echo x >> {}; kill -9 $PPID; exit 1", count.display()),
    );
    let mut lost = proposal("7f3a", "v1", "v2");
    lost.pursuit = Duration::from_millis(10);
    let cloned = Fixture::open_at(&clone);
    let sent = send(&cloned, &lost, &mut quiet);
    assert!(matches!(sent, Sent::Unknown(_)), "{sent:?}");
    assert!(is_kept(&clone, "7f3a"));
    // Started again, by another process: it looks, and does not send.
    let sent = send(&cloned, &lost, &mut |_| panic!("sent twice"));
    assert!(matches!(sent, Sent::Unknown(_)), "{sent:?}");
    assert_eq!(std::fs::read_to_string(&count).unwrap(), "x\n");
    assert_eq!(fixture.tip(), before);
    // The branch moved on: this try is young, and so may belong to a process that is still at it.
    std::fs::remove_file(fixture.path().join("hooks/pre-receive")).unwrap();
    fixture.commit(&[("other", b"2\n")], "two");
    assert!(matches!(
        look_for(&cloned, "7f3a", None, now()),
        Search::Unknown(_)
    ));
    // An old one can not come any more.
    tried_long_ago(&cloned, "7f3a", before);
    assert_eq!(look_for(&cloned, "7f3a", None, now()), Search::NotThere);
    assert!(!is_kept(&clone, "7f3a"));
}

#[test]
fn every_promote_lands_while_a_robot_pushes() {
    let fixture = fixture();
    let clone = fixture.clone_to("work");
    let cloned = Fixture::open_at(&clone);
    let promotes = 8;
    let mut robot_commits = 0;
    for n in 0..promotes {
        let (shown, to) = (format!("v{}", n + 1), format!("v{}", n + 2));
        let mut next = proposal(&format!("plan{n}"), &shown, &to);
        next.files[0].scalars.truncate(1);
        next.pursuit = Duration::from_secs(120);
        let mut tries = 0;
        // The robot is faster between look and push, up to three times in a row.
        let sent = send(&cloned, &next, &mut |this| {
            tries = this.number;
            if this.number <= n % 4 {
                fixture.commit(
                    &[(&format!("robot/{}", robot_commits % 3), shown.as_bytes())],
                    &format!("robot {robot_commits}"),
                );
                robot_commits += 1;
            }
            Ok(())
        });
        assert!(matches!(sent, Sent::Applied(_)), "{n}: {sent:?}");
        assert_eq!(tries, n % 4 + 1);
    }
    // Every commit of both is on the branch once, and ours differ from their parents by the scalar alone.
    let git = fixture.git();
    let mut walk = git.revwalk().unwrap();
    walk.push(fixture.tip()).unwrap();
    let (mut ours, mut robots) = (0, 0);
    for id in walk {
        let commit = git.find_commit(id.unwrap()).unwrap();
        let subject = commit.summary().unwrap().unwrap_or_default().to_owned();
        robots += usize::from(subject.starts_with("robot "));
        if subject.starts_with("Update whitehall") {
            ours += 1;
            let parent = commit.parent(0).unwrap();
            let diff = git
                .diff_tree_to_tree(
                    Some(&parent.tree().unwrap()),
                    Some(&commit.tree().unwrap()),
                    None,
                )
                .unwrap();
            let stats = diff.stats().unwrap();
            assert_eq!(
                (stats.files_changed(), stats.insertions(), stats.deletions()),
                (1, 1, 1)
            );
        }
    }
    assert_eq!(ours, promotes);
    assert_eq!(robots, robot_commits);
    assert_eq!(
        text(&fixture, fixture.tip(), FILE),
        format!("# kept\nimage_tag: v{}  # here\n", promotes + 1)
    );
}

#[test]
fn a_trailer_is_found_on_a_merged_branch() {
    let fixture = fixture();
    let base = fixture.tip();
    fixture.commit(&[("other", b"2\n")], "two");
    let message = commit::message("on the side", &[(PLAN_TRAILER, "7f3a")]);
    let merge = fixture.merge_as(base, &[(FILE, b"image_tag: v2\n")], &message, "merge it");
    let found = find(&fixture.open(), merge, "7f3a").unwrap();
    assert_eq!(
        fixture
            .git()
            .find_commit(merge)
            .unwrap()
            .parent_id(1)
            .unwrap(),
        found
    );
}

mod look_for;
mod meaning;
