use std::path::Path;
use std::process::Command;

use super::*;
use crate::provider::git::fixture::Fixture;
use crate::provider::git::repository::{Location, Source};

fn open(path: &Path) -> Repository {
    Repository::open(&Source {
        location: Location::Path(path.to_owned()),
        branch: "main".to_owned(),
    })
    .unwrap()
}

fn query(prefix: &str, from: Oid) -> Query {
    Query {
        prefix: prefix.to_owned(),
        wanted: Arc::new(|_| true),
        only: Arc::from([]),
        keys: vec![Key::version("image_tag")],
        closed: false,
        from,
        until: None,
        limit: usize::MAX,
    }
}

fn all(repository: &Repository, query: &Query) -> (Vec<Change>, Reached) {
    let mut changes = Vec::new();
    let mut reached = None;
    walk(repository, query, &mut |batch| {
        changes.extend(batch.changes);
        reached = Some(batch.reached);
        true
    })
    .unwrap();
    (changes, reached.unwrap())
}

fn describe(changes: &[Change]) -> Vec<String> {
    let side = |side: &Option<Side>| {
        side.as_ref()
            .map_or("-", |s| s.scalars.text("image_tag").unwrap_or("odd"))
            .to_owned()
    };
    changes
        .iter()
        .map(|c| {
            format!(
                "{}: {} {} -> {}",
                c.step.subject,
                c.path,
                side(&c.before),
                side(&c.after)
            )
        })
        .collect()
}

#[test]
fn changes_are_dated_by_what_brought_them_to_the_branch() {
    let fixture = Fixture::bare();
    let base = fixture.commit(
        &[("t/staging/a", b"image_tag: v1\n"), ("other", b"x")],
        "one",
    );
    fixture.commit(&[("other", b"y")], "elsewhere");
    let merged = fixture.merge(
        base,
        &[
            ("t/staging/a", b"image_tag: v2\n"),
            ("t/production/a", b"image_tag: v1\n"),
        ],
        "merge it",
    );
    fixture.delete(&["t/staging/a"], "gone");
    fixture.commit(
        &[("t/staging/b", b"")],
        "odd\n\nLeverframe-Plan: 7f3a\nOther: x\nLeverframe-Actor: ops-1\n",
    );
    let repository = open(fixture.path());
    let (changes, reached) = all(&repository, &query("t", fixture.tip()));
    assert_eq!(
        describe(&changes),
        [
            "odd: t/staging/b - -> odd",
            "gone: t/staging/a v2 -> -",
            "merge it: t/production/a - -> v1",
            "merge it: t/staging/a v1 -> v2",
            "one: t/staging/a - -> v1",
        ]
    );
    assert_eq!(reached, Reached::Start);
    assert_eq!(changes[2].step.commit, merged);
    assert_eq!(
        changes[0].step.trailers,
        [
            ("Leverframe-Plan".to_owned(), "7f3a".to_owned()),
            ("Leverframe-Actor".to_owned(), "ops-1".to_owned())
        ]
    );
}

#[test]
fn a_walk_is_resumed_and_continued() {
    let fixture = Fixture::bare();
    let mut tips = Vec::new();
    for n in 0..20 {
        tips.push(fixture.commit(
            &[("t/e/a", format!("image_tag: v{n}\n").as_bytes())],
            &format!("c{n}"),
        ));
    }
    let repository = open(fixture.path());
    let whole = all(&repository, &query("t", tips[19])).0;
    assert_eq!(whole.len(), 20);
    let mut first = query("t", tips[19]);
    first.limit = 7;
    let (mut changes, reached) = all(&repository, &first);
    assert_eq!(reached, Reached::More(tips[12]));
    changes.extend(all(&repository, &query("t", tips[12])).0);
    assert_eq!(changes, whole);
    // What came since.
    let mut news = query("t", tips[19]);
    news.until = Some(tips[15]);
    let (changes, reached) = all(&repository, &news);
    assert_eq!((changes.as_slice(), reached), (&whole[..4], Reached::Until));
    // A rewritten branch does not meet what was known.
    let other = fixture.rewind(tips[3], &[("t/e/a", b"image_tag: v99\n")], "rewritten");
    let mut news = query("t", other);
    news.until = Some(tips[19]);
    let (changes, reached) = all(&repository, &news);
    assert_eq!((changes.len(), reached), (5, Reached::Start));
}

#[test]
fn a_walk_ends_when_nobody_wants_more() {
    let fixture = Fixture::bare();
    for n in 0..(CHANGES_PER_BATCH + 10) {
        fixture.commit(&[("t/a", format!("image_tag: v{n}\n").as_bytes())], "c");
    }
    let mut batches = 0;
    walk(&fixture.open(), &query("t", fixture.tip()), &mut |_| {
        batches += 1;
        false
    })
    .unwrap();
    assert_eq!(batches, 1);
}

#[test]
fn only_wanted_files_count() {
    let fixture = Fixture::bare();
    fixture.commit(
        &[
            ("e/qa/versions.yaml", b"image_tag: v1\n"),
            ("e/qa/charts.yaml", b"x: 1\n"),
        ],
        "one",
    );
    let repository = open(fixture.path());
    let mut wanted = query("", fixture.tip());
    wanted.wanted = Arc::new(|path| path.ends_with("versions.yaml"));
    assert_eq!(
        describe(&all(&repository, &wanted).0),
        ["one: e/qa/versions.yaml - -> v1"]
    );
}

/// The real history, against what git itself says.
#[test]
fn agrees_with_git_log() {
    let bundle = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/data/govuk/image-tags-5000.bundle"
    ));
    if !bundle.exists() {
        println!("SKIPPED: no {}", bundle.display());
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let clone = dir.path().join("clone.git");
    let git = |args: &[&str]| {
        let done = Command::new("git").args(args).output().unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap()
    };
    let at = clone.to_str().unwrap();
    git(&["clone", "--quiet", "--bare", bundle.to_str().unwrap(), at]);
    let repository = open(&clone);
    let prefix = "charts/app-config/image-tags";
    let (changes, reached) = all(&repository, &query(prefix, repository.tip().unwrap()));
    assert_eq!(reached, Reached::Start);
    let log = git(&[
        "--git-dir",
        at,
        "log",
        "main",
        "--first-parent",
        "-m",
        "--raw",
        "--no-renames",
        "--no-abbrev",
        "--root",
        "--format=@%H %ct",
        "--",
        prefix,
    ]);
    let mut expected = Vec::new();
    let mut head = String::new();
    for line in log.lines() {
        if let Some(commit) = line.strip_prefix('@') {
            head = commit.to_owned();
        } else if let Some(raw) = line.strip_prefix(':') {
            let (fields, path) = raw.split_once('\t').unwrap();
            let fields: Vec<_> = fields.split(' ').collect();
            expected.push(format!("{head} {} {} {path}", fields[2], fields[3]));
        }
    }
    let zero = "0".repeat(40);
    let side = |side: &Option<Side>| side.as_ref().map_or(zero.clone(), |s| s.blob.to_string());
    let mut ours: Vec<_> = changes
        .iter()
        .map(|c| {
            format!(
                "{} {} {} {} {}",
                c.step.commit,
                c.step.at,
                side(&c.before),
                side(&c.after),
                c.path
            )
        })
        .collect();
    assert!(expected.len() >= 5_000, "{}", expected.len());
    // Newest first is the same; within a commit only the set of files counts.
    let commits = |all: &[String]| {
        let mut all: Vec<_> = all.iter().map(|l| l[..40].to_owned()).collect();
        all.dedup();
        all
    };
    assert_eq!(commits(&ours), commits(&expected));
    ours.sort();
    expected.sort();
    assert_eq!(ours, expected);
}
