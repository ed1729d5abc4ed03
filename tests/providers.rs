//! The providers end to end: the git feed and writer against temporary repositories, reached as any other is.
//!
//! Deliberately absent: the Kubernetes provider, which `tests/kube_api` tries against a real API server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use leverframe::config;
use leverframe::delivery::Delivery;
use leverframe::model::{ActorKind, Environment, Repository, Target};
use leverframe::plan::{Actor, Edit, Lever, Outcome, Plan, PlanId, Reach, Request, Write};
use leverframe::provider::git::feed::{Options, Pace, Watch, read_once, watch};
use leverframe::provider::git::repository::{Location, Source as At};
use leverframe::provider::git::writer::Committer;
use leverframe::provider::{Feed, Writer};
use leverframe::store::{Delta, Source, Store, source};
use tokio::sync::mpsc;

const TAGS: &str = "charts/app-config/image-tags";
const VALUES: &str = "\
shared: &shared
  postSyncWorkflowEnabled: 'false'
govukApplications:
- name: publisher
- name: frontend
  helmValues: &conf {hosts: &hosts [a.example]}
- name: draft-frontend
  repoName: frontend
  helmValues:
    !!merge <<: *conf
    hosts: &hosts [b.example]
- name: licensify
  imageValues: [licensify-admin, licensify-feed]
- name: argo-services
  <<: *shared
";

/// A bare repository with GOV.UK's layout.
struct Yard {
    dir: tempfile::TempDir,
    bare: PathBuf,
    work: PathBuf,
}

fn git(at: &Path, arguments: &[&str]) -> String {
    let done = Command::new("git")
        .arg("-C")
        .arg(at)
        .args(arguments)
        .env("GIT_AUTHOR_NAME", "govuk-ci")
        .env("GIT_AUTHOR_EMAIL", "govuk-ci@digital.cabinet-office.gov.uk")
        .env("GIT_COMMITTER_NAME", "govuk-ci")
        .env(
            "GIT_COMMITTER_EMAIL",
            "govuk-ci@digital.cabinet-office.gov.uk",
        )
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "git {arguments:?}: {said}");
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

impl Yard {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bare = dir.path().join("helm-charts.git");
        let work = dir.path().join("robot");
        git(
            dir.path(),
            &[
                "init",
                "--quiet",
                "--bare",
                "--initial-branch=main",
                "helm-charts.git",
            ],
        );
        git(
            dir.path(),
            &["clone", "--quiet", "helm-charts.git", "robot"],
        );
        git(&work, &["checkout", "--quiet", "-B", "main"]);
        for (name, value) in [("user.name", "ops-1"), ("user.email", "ops-1@example.org")] {
            git(&bare, &["config", name, value]);
        }
        let yard = Self { dir, bare, work };
        for environment in ["integration", "staging", "production"] {
            yard.put(
                &format!("charts/app-config/values-{environment}.yaml"),
                VALUES.as_bytes(),
            );
            for app in ["publisher", "frontend", "licensify-admin"] {
                yard.tag(
                    environment,
                    app,
                    "image_tag: v1\nautomatic_deploys_enabled: true\npromote_deployment: true\n",
                );
            }
        }
        yard.tag("staging", "orphan", "image_tag: 20\n");
        yard.tag(
            "production",
            "publisher",
            "image_tag: v1\npromote_deployment: True\n",
        );
        yard.tag("test", "publisher", "");
        yard.robot("Start");
        yard
    }

    fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.work.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn tag(&self, environment: &str, app: &str, text: &str) {
        self.put(&format!("{TAGS}/{environment}/{app}"), text.as_bytes());
    }

    /// Commits and pushes as the robot does.
    fn robot(&self, subject: &str) -> String {
        git(&self.work, &["add", "-A"]);
        git(&self.work, &["commit", "--quiet", "-m", subject]);
        git(&self.work, &["push", "--quiet", "origin", "main"]);
        git(&self.work, &["rev-parse", "HEAD"])
    }

    fn path(&self) -> At {
        At {
            location: Location::Path(self.bare.clone()),
            branch: "main".to_owned(),
        }
    }

    fn url(&self) -> At {
        At {
            location: Location::Url {
                url: format!("file://{}", self.bare.display()),
                cache: self.dir.path().join("cache"),
            },
            branch: "main".to_owned(),
        }
    }
}

fn delivery() -> Arc<Delivery> {
    let checked = config::delivery_named("govuk", Path::new("."), &|_| None).unwrap();
    Arc::new(checked.delivery)
}

fn quick() -> Pace {
    Pace {
        look: Duration::from_millis(20),
        fetch: Duration::from_millis(50),
        longest: Duration::from_millis(200),
        alive: Duration::from_millis(100),
        ..Pace::default()
    }
}

/// A store that a feed keeps told.
struct Told {
    store: Store,
    deltas: mpsc::Receiver<Delta>,
    watch: Watch,
}

impl Told {
    fn by(source: At, options: Options) -> Self {
        let (to, deltas) = mpsc::channel(64);
        let watch = watch(
            source,
            delivery(),
            Feed::new(Source::Git, to),
            None,
            quick(),
            options,
        );
        Self {
            store: Store::default(),
            deltas,
            watch,
        }
    }

    /// Takes news in until the store is as wished.
    fn until(&mut self, what: &str, wished: impl Fn(&Store) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !wished(&self.store) {
            assert!(Instant::now() < deadline, "never {what}: {:?}", self.store);
            match self.deltas.try_recv() {
                Ok(delta) => {
                    self.store.apply(delta);
                }
                Err(mpsc::error::TryRecvError::Empty) => std::thread::yield_now(),
                Err(mpsc::error::TryRecvError::Disconnected) => {
                    panic!("the feed ended before {what}")
                }
            }
        }
    }
}

fn version(store: &Store, environment: &str, repository: &str) -> Option<String> {
    let declared = store.declared(&environment.into(), &repository.into())?;
    declared.version.as_ref().map(ToString::to_string)
}

#[test]
fn the_tree_tells_files_apps_and_oddities() {
    let yard = Yard::new();
    let tree = read_once(&yard.url(), &delivery()).unwrap();
    assert_eq!(tree.files.len(), 10, "{:?}", tree.files.keys());
    assert!(
        tree.files
            .keys()
            .all(|(environment, _)| environment.as_str() != "test")
    );
    let odd = &tree.files[&(Environment::new("staging"), Repository::new("orphan"))];
    assert_eq!(
        odd.version.as_ref().map(ToString::to_string).as_deref(),
        Some("20")
    );
    assert!(
        odd.odd.iter().any(|words| words.contains("number")),
        "{:?}",
        odd.odd
    );
    let production = &tree.files[&(Environment::new("production"), Repository::new("publisher"))];
    assert!(production.promote && !production.gate);
    let apps = &tree.apps[&Environment::new("integration")];
    let names: Vec<_> = apps.iter().map(|app| app.app.as_str()).collect();
    assert_eq!(
        names,
        [
            "publisher",
            "frontend",
            "draft-frontend",
            "licensify",
            "argo-services"
        ]
    );
    assert_eq!(apps[2].repositories, [Repository::new("frontend")]);
    assert_eq!(apps[3].repositories.len(), 2);
    assert!(!apps[4].smoke && apps[0].smoke);
    assert_eq!(tree.odd.len(), 0, "{:?}", tree.odd);
    assert_eq!(tree.mainline.first().map(|tip| &**tip), Some(&*tree.tip));
}

#[test]
fn news_of_a_branch_arrive_with_who_brought_them() {
    for remote in [false, true] {
        let yard = Yard::new();
        let mut told = Told::by(
            if remote { yard.url() } else { yard.path() },
            Options::default(),
        );
        told.until("complete", |store| store.history.is_complete());
        assert_eq!(
            version(&told.store, "integration", "frontend").as_deref(),
            Some("v1")
        );
        let (integration, frontend) =
            (Environment::new("integration"), Repository::new("frontend"));
        assert_eq!(told.store.history.of(&integration, &frontend).len(), 1);
        // The robot, by its release.
        yard.tag(
            "integration",
            "frontend",
            "image_tag: v2\nautomatic_deploys_enabled: true\npromote_deployment: true\n",
        );
        let second = yard.robot("Update frontend image tag to v2 for integration");
        told.until("v2", |store| {
            store.history.of(&integration, &frontend).len() == 2
        });
        // The robot, on somebody's order; in the same second perhaps.
        yard.tag(
            "integration",
            "frontend",
            "image_tag: v1\nautomatic_deploys_enabled: true\npromote_deployment: false\n",
        );
        yard.robot("Update frontend image tag to v1 for integration");
        // A person closes the gate.
        git(&yard.work, &["pull", "--quiet", "--rebase"]);
        yard.tag(
            "integration",
            "frontend",
            "image_tag: v1\nautomatic_deploys_enabled: false\npromote_deployment: false\n",
        );
        git(&yard.work, &["add", "-A"]);
        git(
            &yard.work,
            &[
                "-c",
                "user.name=x",
                "commit",
                "--quiet",
                "-m",
                "Freeze frontend",
                "--author",
                "Some Body <some@example.org>",
            ],
        );
        git(&yard.work, &["push", "--quiet", "origin", "main"]);
        told.until("frozen", |store| {
            store.history.of(&integration, &frontend).len() == 4
        });
        let changes = told.store.history.of(&integration, &frontend);
        let kinds: Vec<_> = changes
            .iter()
            .map(|c| (c.to.as_ref().unwrap().as_str(), c.kind, c.gate_to))
            .collect();
        assert_eq!(
            kinds,
            [
                // The committer is still the robot's login here, as on a merge by its web interface.
                ("v1", ActorKind::Robot, false),
                ("v1", ActorKind::Manual, true),
                ("v2", ActorKind::Robot, true),
                ("v1", ActorKind::Robot, true),
            ],
            "remote {remote}"
        );
        assert_eq!(&*changes[2].commit, second);
        assert_eq!(
            version(&told.store, "integration", "frontend").as_deref(),
            Some("v1")
        );
        let tree = told.store.tree.clone().unwrap();
        assert_eq!(tree.contains(&tree.tip, &second), Some(true));
        assert_eq!(tree.contains(&second, &tree.tip), Some(false));
        // Nothing moves: signs of life alone.
        let generation = told.store.generation();
        let alive = told.store.source(&Source::Git).unwrap().alive_at;
        told.until("alive", |store| {
            store.source(&Source::Git).unwrap().alive_at > alive
        });
        assert_eq!(told.store.generation(), generation);
    }
}

#[test]
fn a_rewritten_branch_voids_what_was_told() {
    let yard = Yard::new();
    let base = git(&yard.work, &["rev-parse", "HEAD"]);
    yard.tag("staging", "frontend", "image_tag: v2\n");
    yard.robot("two");
    let mut told = Told::by(yard.url(), Options::default());
    told.until("complete", |store| store.history.is_complete());
    let (staging, frontend) = (Environment::new("staging"), Repository::new("frontend"));
    assert_eq!(told.store.history.of(&staging, &frontend).len(), 2);
    git(&yard.work, &["reset", "--quiet", "--hard", &base]);
    yard.tag("staging", "frontend", "image_tag: v3\n");
    git(&yard.work, &["commit", "--quiet", "-am", "instead of two"]);
    git(
        &yard.work,
        &["push", "--quiet", "--force", "origin", "main"],
    );
    told.watch.refresh();
    told.until("rewritten", |store| {
        let moves: Vec<_> = store
            .history
            .of(&staging, &frontend)
            .iter()
            .filter_map(|c| c.to.as_ref())
            .collect();
        store.history.is_complete() && moves.len() == 2 && moves[0].as_str() == "v3"
    });
}

#[test]
fn a_fault_ages_facts_and_passes() {
    let yard = Yard::new();
    let mut told = Told::by(yard.url(), Options::default());
    told.until("complete", |store| store.history.is_complete());
    let away = yard.dir.path().join("away.git");
    std::fs::rename(&yard.bare, &away).unwrap();
    told.until("a fault", |store| {
        store.source(&Source::Git).unwrap().fault.is_some()
    });
    let state = told.store.source(&Source::Git).unwrap();
    let fault = state.fault.as_ref().unwrap();
    assert!(
        fault.detail.contains("git fetch failed") && state.retry_at.is_some(),
        "{fault:?}"
    );
    assert_eq!(
        version(&told.store, "staging", "frontend").as_deref(),
        Some("v1"),
        "facts stay"
    );
    std::fs::rename(&away, &yard.bare).unwrap();
    told.until("well again", |store| {
        store.source(&Source::Git).unwrap().fault.is_none()
    });
    let state = told.store.source(&Source::Git).unwrap();
    assert_eq!(state.reach(Timestamp::now()), source::Reach::Ok);
}

#[test]
fn a_repository_that_is_not_there_yet_is_found_later() {
    let yard = Yard::new();
    let away = yard.dir.path().join("away.git");
    std::fs::rename(&yard.bare, &away).unwrap();
    let mut told = Told::by(yard.path(), Options { probe: true });
    told.until("a fault", |store| {
        store
            .source(&Source::Git)
            .is_some_and(|git| git.fault.is_some())
    });
    std::fs::rename(&away, &yard.bare).unwrap();
    told.until("there", |store| {
        store.tree.is_some() && store.history.is_complete()
    });
    told.until("asked for its push", |store| store.pushable.is_some());
    assert_eq!(told.store.pushable, Some(Ok(())));
}

#[test]
fn a_feed_ends_with_its_watch() {
    let yard = Yard::new();
    let Told {
        mut deltas, watch, ..
    } = Told::by(yard.path(), Options::default());
    drop(watch);
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match deltas.try_recv() {
            Err(mpsc::error::TryRecvError::Disconnected) => break,
            _ => assert!(Instant::now() < deadline, "the feed goes on"),
        }
        std::thread::yield_now();
    }
}

fn plan(id: &str, from: &str, to: &str, branch: Option<&str>) -> Plan {
    let (environment, repository) = (Environment::new("staging"), Repository::new("frontend"));
    let path = format!("{TAGS}/staging/frontend");
    let edit = |key: &str, from: &str, to: &str| Edit {
        environment: environment.clone(),
        repository: repository.clone(),
        path: path.clone(),
        key: key.to_owned(),
        from: Some(from.to_owned()),
        to: to.to_owned(),
    };
    Plan {
        id: PlanId::new(id),
        request: Request {
            lever: Lever::Promote,
            target: Target::new("staging", "frontend"),
            repository: Some(repository.clone()),
            version: Some(to.into()),
            run: None,
            reason: Some("incident 4711:\nslow".to_owned()),
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
    }
}

fn send(writer: &Committer, plan: &Plan, tried: &(dyn Fn(&str) + Send + Sync)) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    runtime.block_on(writer.write(plan, tried))
}

fn settle(writer: &Committer, plan: &Plan) -> Option<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    runtime.block_on(writer.settle(plan))
}

#[test]
fn a_plan_becomes_one_commit_that_the_feed_shows() {
    let yard = Yard::new();
    let mut told = Told::by(yard.path(), Options::default());
    told.until("complete", |store| store.history.is_complete());
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
    told.until("the commit", |store| {
        store.history.of(&staging, &frontend).len() == 2
    });
    let change = &told.store.history.of(&staging, &frontend)[0];
    assert_eq!(
        (change.kind, &*change.actor),
        (ActorKind::Leverframe, "ops-1")
    );
    assert_eq!(change.plan.as_deref(), Some("00000000000000aa"));
    assert_eq!(settle(&writer, &first), Some(outcome));
    // What it was decided on holds no more.
    let stale = plan("00000000000000ab", "v1", "v3", None);
    let Outcome::Refused { because } = send(&writer, &stale, &|_| ()) else {
        panic!("not refused");
    };
    assert!(
        because.contains("image_tag") && because.contains("is v2"),
        "{because}"
    );
    assert!(matches!(
        settle(&writer, &stale),
        Some(Outcome::Failed { .. })
    ));
}

#[test]
fn a_further_try_is_told_before_it_is_made() {
    let yard = Yard::new();
    // A mirror that was fetched before the robot pushed again: written through, the first try comes too late.
    let clone = yard.dir.path().join("ops");
    git(
        yard.dir.path(),
        &["clone", "--quiet", "helm-charts.git", "ops"],
    );
    for (name, value) in [("user.name", "ops-1"), ("user.email", "ops-1@example.org")] {
        git(&clone, &["config", name, value]);
    }
    yard.tag("production", "frontend", "image_tag: v7\n");
    yard.robot("in between");
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
    assert_eq!(notes[0].1, "in between", "told after it was made");
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
    let Outcome::Failed { because, remedy } = send(
        &writer,
        &plan("00000000000000ad", "v1", "v2", None),
        &|_| (),
    ) else {
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
    assert_eq!(settle(&writer, &branched), Some(outcome));
}

/// Whatever the real repository says, every file and every app is in the tree, as it is on the disk.
#[test]
fn the_real_tree_is_read_whole() {
    let data = ["../shared/data/govuk", "../../shared/data/govuk"].map(Path::new);
    let Some(data) = data.into_iter().find(|path| path.exists()) else {
        println!("SKIPPED: no ../shared/data/govuk");
        return;
    };
    let yard = Yard::new();
    std::fs::remove_dir_all(yard.work.join("charts")).unwrap();
    let mut files = BTreeMap::new();
    for environment in ["integration", "staging", "production", "test"] {
        for file in std::fs::read_dir(data.join("image-tags").join(environment)).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            let bytes = std::fs::read(file.path()).unwrap();
            yard.put(&format!("{TAGS}/{environment}/{name}"), &bytes);
            files.insert((environment, name), String::from_utf8(bytes).unwrap());
        }
    }
    for environment in ["integration", "staging", "production"] {
        let name = format!("values-{environment}.yaml");
        let bytes = std::fs::read(data.join("values").join(&name)).unwrap();
        yard.put(&format!("charts/app-config/{name}"), &bytes);
    }
    yard.robot("real");
    let began = Instant::now();
    let tree = read_once(&yard.path(), &delivery()).unwrap();
    println!("the whole tree in {:?}", began.elapsed());
    files.retain(|(environment, _), _| *environment != "test");
    assert_eq!(tree.files.len(), files.len());
    for ((environment, name), text) in &files {
        let declared = &tree.files[&(Environment::new(environment), Repository::new(name))];
        let line = |key: &str| {
            text.lines()
                .find_map(|line| {
                    line.strip_prefix(key)?
                        .strip_prefix(':')
                        .map(|value| value.trim().to_owned())
                })
                .filter(|value| !value.is_empty())
        };
        assert_eq!(
            declared.version.as_ref().map(ToString::to_string),
            line("image_tag"),
            "{environment}/{name}"
        );
        assert_eq!(
            declared.gate,
            line("automatic_deploys_enabled").as_deref() == Some("true"),
            "{environment}/{name}"
        );
    }
    assert_eq!(tree.apps.len(), 3);
    assert_eq!(tree.odd.len(), 0, "{:?}", tree.odd);
}
