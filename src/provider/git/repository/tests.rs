use super::*;
use crate::provider::git::fixture::Fixture;
use std::os::unix::fs::PermissionsExt;

fn path(dir: &Path) -> Source {
    Source {
        location: Location::Path(dir.to_owned()),
        branch: "main".to_owned(),
    }
}

#[test]
fn every_sort_of_entry_is_told_apart() {
    let fixture = Fixture::bare();
    fixture.commit(
        &[
            ("tags/a", b"image_tag: v1\n"),
            ("tags/big", &vec![b'x'; LARGEST_FILE + 1]),
        ],
        "one",
    );
    fixture.commit_modes(
        &[
            ("tags/link", b"a", 0o120_000),
            ("tags/run", b"x", 0o100_755),
        ],
        "two",
    );
    let repository = Repository::open(&path(fixture.path())).unwrap();
    let tip = repository.tip().unwrap();
    let entry = |at: &str| repository.read(tip, at).unwrap();
    assert!(matches!(entry("tags/a"), Entry::File { bytes, .. } if bytes == b"image_tag: v1\n"));
    assert!(matches!(entry("tags/big"), Entry::Large { size, .. } if size == LARGEST_FILE + 1));
    assert_eq!(entry("tags/link"), Entry::Symlink);
    assert_eq!(entry("tags"), Entry::Directory);
    assert_eq!(entry("tags/none"), Entry::Absent);
    assert_eq!(entry("tags/a/below"), Entry::Absent);
    assert_eq!(
        repository.list(tip, "tags").unwrap(),
        ["a", "big", "link", "run"]
    );
    assert_eq!(
        repository.read_dir(tip, "tags", &|_| true).unwrap().len(),
        4
    );
    assert!(
        repository
            .read_dir(tip, "none", &|_| true)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_clone_reads_what_its_remote_had_and_is_never_fetched() {
    let fixture = Fixture::bare();
    let first = fixture.commit(&[("a", b"1")], "one");
    let clone = fixture.clone_to("work");
    fixture.commit(&[("a", b"2")], "two");
    let repository = Repository::open(&path(&clone)).unwrap();
    assert_eq!(repository.reference().unwrap(), "refs/remotes/origin/main");
    assert_eq!(repository.fetch().unwrap(), first);
}

#[test]
fn a_url_is_mirrored_privately_and_incrementally() {
    let fixture = Fixture::bare();
    let first = fixture.commit(&[("a", b"1")], "one");
    let cache = fixture.beside("cache");
    let source = Source {
        location: Location::Url {
            url: format!("file://{}", fixture.path().display()),
            cache: cache.clone(),
        },
        branch: "main".to_owned(),
    };
    let repository = Repository::open(&source).unwrap();
    assert!(
        repository
            .tip()
            .unwrap_err()
            .to_string()
            .contains("not been fetched")
    );
    assert_eq!(repository.fetch().unwrap(), first);
    let second = fixture.commit(&[("a", b"2")], "two");
    assert_eq!(repository.tip().unwrap(), first);
    assert_eq!(repository.fetch().unwrap(), second);
    let mode = fs::metadata(repository.git_dir())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    // A force-push is followed as well.
    let third = fixture.rewind(first, &[("a", b"3")], "three");
    assert_eq!(Repository::open(&source).unwrap().fetch().unwrap(), third);
}

#[test]
fn errors_name_the_place_without_its_credentials() {
    let fixture = Fixture::bare();
    let source = Source {
        location: Location::Url {
            url: "file://user:secret@/nowhere/at/all".to_owned(),
            cache: fixture.beside("cache"),
        },
        branch: "main".to_owned(),
    };
    let error = Repository::open(&source)
        .unwrap()
        .fetch()
        .unwrap_err()
        .to_string();
    assert!(!error.contains("secret"), "{error}");
    assert!(error.contains("git fetch failed"), "{error}");
    let error = Repository::open(&path(Path::new("/nowhere"))).unwrap_err();
    assert!(
        error.to_string().starts_with("/nowhere cannot be opened"),
        "{error}"
    );
    fixture.commit(&[("a", b"1")], "one");
    let mut other = path(fixture.path());
    other.branch = "trunk".to_owned();
    assert!(
        Repository::open(&other)
            .unwrap()
            .tip()
            .unwrap_err()
            .to_string()
            .contains("no branch trunk")
    );
    other.branch = "--upload-pack=x".to_owned();
    assert!(Repository::open(&other).is_err());
}

#[test]
fn a_clone_that_lacks_objects_is_refused_with_what_to_do() {
    let fixture = Fixture::bare();
    let upstream = fixture.git();
    upstream
        .config()
        .unwrap()
        .set_bool("uploadpack.allowFilter", true)
        .unwrap();
    for n in 1..4 {
        fixture.commit(
            &[("tags/a", format!("image_tag: v{n}\n").as_bytes())],
            "move",
        );
    }
    for (option, kind, remedy) in [
        ("--depth=1", "is a shallow clone", "git fetch --unshallow"),
        (
            "--filter=blob:none",
            "is a partial clone",
            "without --filter",
        ),
    ] {
        for bare in [true, false] {
            let to = fixture.beside(&format!("{bare}{option}"));
            let mut clone = std::process::Command::new("git");
            clone.args(["clone", "--quiet", option]);
            clone.args(bare.then_some("--bare"));
            let url = format!("file://{}", fixture.path().display());
            assert!(clone.arg(url).arg(&to).status().unwrap().success());
            let packs = || {
                fs::read_dir(to.join(if bare {
                    "objects/pack"
                } else {
                    ".git/objects/pack"
                }))
                .unwrap()
                .count()
            };
            let before = packs();
            let fault =
                super::super::fault::fault_of_error(&Repository::open(&path(&to)).unwrap_err());
            assert!(fault.detail.contains(kind), "{fault}");
            assert!(fault.hint.contains(remedy), "{fault}");
            assert_eq!(packs(), before, "nothing was fetched");
        }
    }
    // What makes a clone whole makes it a source.
    let to = fixture.beside("true--depth=1");
    let fetch = std::process::Command::new("git")
        .args(["fetch", "--quiet", "--unshallow"])
        .current_dir(&to)
        .status();
    assert!(fetch.unwrap().success());
    assert!(Fixture::open_at(&to).tip().is_ok());
}
