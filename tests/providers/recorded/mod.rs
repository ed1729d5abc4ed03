//! Recorded: what real controllers left in a real API server, replayed through wire, store and board.
//!
//! What is expected was written by hand from the objects (`../shared/data/recorded`), never from what came out here: a
//! mismatch is a fault of the console. Deliberately absent: history, so nothing here is late; the objects are one moment.

mod runs;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use leverframe::belongs;
use leverframe::board::Board;
use leverframe::board::status::Status;
use leverframe::delivery::Delivery;
use leverframe::model::live::Rollout;
use leverframe::model::*;
use leverframe::provider::kubernetes::wire::{self, Wire};
use leverframe::store::{ClusterList, Delta, News, Source, Store, Walked};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::yard;

const STAGING: &str = "staging";
const PRODUCTION: &str = "production";

/// When the last object was written, and a little more.
const NOW: &str = "2026-11-21T17:01:10Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// One app of the values file: its images with the version that each file declared then, and its own namespace.
type App<'a> = (&'a str, &'a [(&'a str, &'a str)], Option<&'a str>);

/// The image-tags as the annotations and pods show them; for apps without either (made to be at fault) any version will do.
const APPS: &[App<'_>] = &[
    ("account-api", &[("account-api", "v737")], None),
    ("asset-manager", &[("asset-manager", "v862")], None),
    ("bouncer", &[("bouncer", "v352")], None),
    ("collections", &[("collections", "v1")], None),
    ("content-store", &[("content-store", "v505")], None),
    ("draft-content-store", &[("content-store", "v505")], None),
    ("frontend", &[("frontend", "v1797")], None),
    ("draft-frontend", &[("frontend", "v1797")], None),
    (
        "licensify",
        &[
            ("licensify-backend", "v81"),
            ("licensify-feed", "v81"),
            ("licensify-frontend", "v81"),
        ],
        Some("licensify"),
    ),
    ("publisher", &[("publisher", "v1368")], None),
    ("release", &[("release", "v1")], None),
    ("support", &[("support", "v1")], None),
];

fn declared() -> Tree {
    let mut tree = Tree::default();
    let environment: Environment = STAGING.into();
    for (app, images, namespace) in APPS {
        for (repository, version) in *images {
            let file = Declared {
                version: Some(Version::new(version)),
                promote: *app != "publisher",
                gate: *app != "publisher",
                odd: Vec::new(),
                ..Declared::default()
            };
            let key = (environment.clone(), Repository::new(repository));
            tree.files.insert(key, file);
        }
        let app = AppDeclared {
            app: (*app).into(),
            repositories: images
                .iter()
                .map(|(name, _)| Repository::new(name))
                .collect(),
            namespace: namespace.map(Arc::from),
            smoke: true,
        };
        tree.apps.entry(environment.clone()).or_default().push(app);
    }
    tree
}

struct Replayed {
    delivery: Arc<Delivery>,
    store: Store,
}

#[derive(Deserialize)]
struct List {
    items: Vec<Box<RawValue>>,
}

impl Replayed {
    /// None where the objects are not here.
    fn replay() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/recorded");
        if !folder.exists() {
            println!("SKIPPED: {} is not here", folder.display());
            return None;
        }
        let delivery = yard::delivery();
        let mut replayed = Replayed {
            store: Store::new(&delivery),
            delivery,
        };
        replayed.hear(Source::Git, News::Declared(Arc::new(declared())));
        replayed.hear(Source::Git, News::Alive);
        let walked = Walked::ToTheEnd(now());
        let changes = Vec::new();
        replayed.hear(Source::Git, News::Changes { changes, walked });
        let file = |name: &str| folder.join(format!("{name}.json"));
        replayed.list::<wire::Application>(STAGING, file("staging-applications"), 13);
        replayed.list::<wire::Workflow>(STAGING, file("staging-workflows"), 46);
        replayed.list::<wire::Workflow>(PRODUCTION, file("production-workflows"), 6);
        replayed.list::<wire::Deployment>(STAGING, file("staging-deployments"), 15);
        replayed.list::<wire::Pod>(STAGING, file("staging-pods"), 110);
        replayed.list::<wire::Job>(STAGING, file("staging-jobs"), 12);
        replayed.list::<wire::Happening>(STAGING, file("staging-events"), 400);
        replayed.list::<wire::Happening>(PRODUCTION, file("production-events"), 96);
        Some(replayed)
    }

    fn hear(&mut self, source: Source, news: News) {
        self.store.apply(Delta {
            source,
            subscription: 1,
            seen_at: now(),
            news,
        });
    }

    /// Every object of a file is read, whatever a newer server wrote into it.
    fn list<T: Wire>(&mut self, environment: &str, file: PathBuf, count: usize) {
        let source = Source::Cluster(environment.into());
        let text = std::fs::read_to_string(&file).unwrap();
        let list: List = serde_json::from_str(&text).unwrap();
        assert_eq!(list.items.len(), count, "{}", file.display());
        let mut lists: Vec<ClusterList> = Vec::new();
        for item in &list.items {
            let object: T = serde_json::from_str(item.get()).unwrap();
            let list = ClusterList::new(T::KIND, &object.meta().namespace);
            if !lists.contains(&list) {
                self.hear(source.clone(), News::Listing(list.clone()));
                lists.push(list);
            }
            let fact = object.fact(&environment.into());
            self.hear(source.clone(), News::Put(fact));
        }
        for list in lists {
            self.hear(source.clone(), News::Listed(list));
        }
    }

    fn board(&self) -> Board {
        Board::new(&self.store, &self.delivery, now())
    }

    fn run(&self, environment: &str, name: &str) -> &Run {
        let cluster = self.store.cluster(&environment.into()).unwrap();
        let run = cluster.runs.get("apps", name);
        run.unwrap_or_else(|| panic!("no run {name}"))
    }

    fn application(&self, name: &str) -> &Application {
        belongs::application(&self.store, &self.delivery, &STAGING.into(), name).unwrap()
    }
}

/// A cell: its worst word and what explains it, its pods (ready of all, which version), its newest smoke run.
struct Cell {
    word: &'static str,
    because: &'static str,
    pods: (usize, usize),
    version: Option<&'static str>,
    smoke: Option<(&'static str, &'static str)>,
}

const fn calm(pods: usize, version: Option<&'static str>) -> Cell {
    Cell {
        word: "",
        because: "",
        pods: (pods, pods),
        version,
        smoke: None,
    }
}

const fn passed(cell: Cell, run: &'static str) -> Cell {
    Cell {
        smoke: Some((run, "Succeeded")),
        ..cell
    }
}

const CELLS: &[(&str, Cell)] = &[
    // Config maps alone: read, and no pod.
    ("account-api", calm(0, None)),
    // Two of app and one of worker; redis, and the finished pod of the Job freshclam, do not serve a version.
    (
        "asset-manager",
        passed(calm(3, Some("v862")), "post-sync-29d8k"),
    ),
    (
        "bouncer",
        Cell {
            word: "CRASH",
            because: "CrashLoopBackOff",
            pods: (0, 2),
            ..calm(0, None)
        },
    ),
    (
        "collections",
        Cell {
            word: "SYNC",
            because: "ComparisonError",
            ..calm(0, None)
        },
    ),
    // Twenty runs of other shapes carry its label; this is the newest. The attempt that failed was tried again.
    (
        "content-store",
        passed(calm(6, Some("v505")), "post-sync-nd557"),
    ),
    (
        "draft-content-store",
        passed(calm(6, Some("v505")), "post-sync-kz9j8"),
    ),
    (
        "frontend",
        Cell {
            word: "CRASH",
            because: "CrashLoopBackOff",
            pods: (2, 3),
            ..calm(0, Some("v1796"))
        },
    ),
    (
        "draft-frontend",
        Cell {
            word: "CRASH",
            because: "CrashLoopBackOff",
            pods: (2, 3),
            ..calm(0, Some("v1796"))
        },
    ),
    // One of backend, one of feed, two of frontend, in a namespace of their own; clamav is no image of the app's.
    (
        "licensify",
        Cell {
            word: "SYNC",
            because: "ComparisonError",
            ..calm(4, Some("v81"))
        },
    ),
    // Two of app, two of worker; six pods of Jobs and CronJobs with the same image are over and never served. The run that
    // was stopped is older than the one that tested only.
    (
        "publisher",
        passed(calm(4, Some("v1368")), "post-sync-r2-4c511b02"),
    ),
    (
        "release",
        Cell {
            word: "SYNC",
            because: "ComparisonError",
            ..calm(0, None)
        },
    ),
    (
        "support",
        Cell {
            word: "SYNC",
            because: "nosuchproject",
            ..calm(0, None)
        },
    ),
];

fn compare(status: &Status, cell: &Cell) -> Result<(), String> {
    let word = status.attention.first().map_or("", |word| word.label());
    let because = status.because.join(" ");
    if word != cell.word || !because.contains(cell.because) {
        return Err(format!("{word:?} {because:?}"));
    }
    let live = status.live.as_ref().ok_or("pods that were read")?;
    let version = live.version.as_ref().map(Version::as_str);
    if (live.pods_ready, live.pods) != cell.pods || version != cell.version || live.mixed {
        return Err(format!("{live:?}"));
    }
    let smoke = status.smoke.as_ref();
    let smoke = smoke.map(|smoke| (&*smoke.run.name, smoke.phase.as_str()));
    if smoke != cell.smoke {
        return Err(format!("{smoke:?}"));
    }
    Ok(())
}

#[test]
fn the_board_says_what_the_objects_say() {
    let Some(replayed) = Replayed::replay() else {
        return;
    };
    let board = replayed.board();
    let mut wrong = Vec::new();
    for (app, cell) in CELLS {
        let target = Target::new(STAGING, app);
        let status = board.status(&target).expect("a cell");
        if let Err(said) = compare(status, cell) {
            wrong.push(format!("{app}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(CELLS.len(), APPS.len());
}

#[test]
fn hooks_are_known_and_are_never_left_over() {
    let Some(replayed) = Replayed::replay() else {
        return;
    };
    for (app, hooks) in [
        (
            "asset-manager",
            &[
                "PreSync ConfigMap/asset-manager-etc-clamav",
                "PreSync Job/asset-manager-freshclam",
            ][..],
        ),
        ("bouncer", &["PreSync Job/bouncer-pre"]),
        ("content-store", &["PreSync Job/content-store-dbmigrate"]),
        (
            "frontend",
            &[
                "PostSync Job/frontend-upload-error-pages",
                "PreSync Job/frontend-upload-assets",
            ],
        ),
        (
            "publisher",
            &[
                "PreSync Job/publisher-dbmigrate",
                "PreSync Job/publisher-upload-assets",
            ],
        ),
        ("account-api", &[]),
    ] {
        let application = replayed.application(app);
        let operation = application.operation.as_ref().expect("an operation");
        assert_eq!(operation.phase, Phase::Succeeded, "{app}");
        let mut found: Vec<String> = operation
            .hooks
            .iter()
            .inspect(|hook| assert_eq!(hook.phase, Phase::Succeeded, "{app} {}", hook.name))
            .map(|hook| format!("{} {}/{}", hook.stage, hook.kind, hook.name))
            .collect();
        found.sort();
        assert_eq!(found, hooks, "{app}");
        assert!(
            application.to_prune.is_empty(),
            "{app}: {:?}",
            application.to_prune
        );
    }
    // It was tried again once, and came through.
    let frontend = replayed.application("frontend").operation.as_ref().unwrap();
    assert_eq!((frontend.retries, frontend.is_retrying()), (1, false));
    let auto_sync = |app: &str| replayed.application(app).auto_sync;
    assert!(auto_sync("publisher") && auto_sync("app-config"));
    assert!(!auto_sync("bouncer"), "switched off by enabled: false");
    assert!(!auto_sync("account-api"), "it has no sync policy");
}

#[test]
fn rollouts_end_as_kubectl_would_say() {
    let Some(replayed) = Replayed::replay() else {
        return;
    };
    let cluster = replayed.store.cluster(&STAGING.into()).unwrap();
    let mut failed: Vec<&str> = Vec::new();
    for deployment in cluster.deployments.iter() {
        match deployment.rollout() {
            Rollout::Complete => {}
            Rollout::Failed(_) => failed.push(&deployment.id.name),
            other => panic!("{}: {other:?}", deployment.id.name),
        }
    }
    failed.sort_unstable();
    assert_eq!(failed, ["bouncer", "draft-frontend", "frontend"]);
    let count = |app: &str| {
        belongs::deployments(
            &replayed.store,
            &replayed.delivery,
            &Target::new(STAGING, app),
        )
        .len()
    };
    let counts = ["publisher", "asset-manager", "licensify", "account-api"].map(count);
    assert_eq!(counts, [3, 3, 4, 0]);
}
