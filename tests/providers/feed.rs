//! The git feed: what is declared, what moved, who moved it, and what it says when the repository is away.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use leverframe::model::{ActorKind, App, Environment, Repository};
use leverframe::provider::git::feed::{Depth, OneApp, Options, Pace, read_once};
use leverframe::provider::git::repository::{Location, Source as At};
use leverframe::store::{Source, source};
use tokio::sync::mpsc;

use crate::yard::{FedStore, TAGS, Yard, delivery, git, quick, version};

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
        Some("1.10")
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
        let mut fed = FedStore::by(
            if remote { yard.url() } else { yard.path() },
            Options::default(),
        );
        fed.until("complete", |store| store.history.is_complete());
        assert_eq!(
            version(&fed.store, "integration", "frontend").as_deref(),
            Some("v1")
        );
        let (integration, frontend) =
            (Environment::new("integration"), Repository::new("frontend"));
        assert_eq!(
            fed.store.history.changes_of(&integration, &frontend).len(),
            1
        );
        // The robot, by its release.
        yard.tag(
            "integration",
            "frontend",
            "image_tag: v2\nautomatic_deploys_enabled: true\npromote_deployment: true\n",
        );
        let second = yard.robot("Update frontend image tag to v2 for integration");
        fed.until("v2", |store| {
            store.history.changes_of(&integration, &frontend).len() == 2
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
        fed.until("frozen", |store| {
            store.history.changes_of(&integration, &frontend).len() == 4
        });
        let changes = fed.store.history.changes_of(&integration, &frontend);
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
            version(&fed.store, "integration", "frontend").as_deref(),
            Some("v1")
        );
        let tree = fed.store.tree.clone().unwrap();
        assert_eq!(fed.store.contains(&tree.tip, &second), Some(true));
        assert_eq!(fed.store.contains(&second, &tree.tip), Some(false));
        // Nothing moves: signs of life alone.
        let generation = fed.store.generation();
        let alive = fed.store.source(&Source::Git).unwrap().alive_at;
        fed.until("alive", |store| {
            store.source(&Source::Git).unwrap().alive_at > alive
        });
        assert_eq!(fed.store.generation(), generation);
    }
}

#[test]
fn a_rewritten_branch_voids_the_history_sent_before() {
    let yard = Yard::new();
    let base = git(&yard.work, &["rev-parse", "HEAD"]);
    yard.tag("staging", "frontend", "image_tag: v2\n");
    yard.robot("two");
    let mut fed = FedStore::by(yard.url(), Options::default());
    fed.until("complete", |store| store.history.is_complete());
    let (staging, frontend) = (Environment::new("staging"), Repository::new("frontend"));
    assert_eq!(fed.store.history.changes_of(&staging, &frontend).len(), 2);
    git(&yard.work, &["reset", "--quiet", "--hard", &base]);
    yard.tag("staging", "frontend", "image_tag: v3\n");
    git(&yard.work, &["commit", "--quiet", "-am", "instead of two"]);
    git(
        &yard.work,
        &["push", "--quiet", "--force", "origin", "main"],
    );
    fed.watch.refresh();
    fed.until("rewritten", |store| {
        let moves: Vec<_> = store
            .history
            .changes_of(&staging, &frontend)
            .iter()
            .filter_map(|c| c.to.as_ref())
            .collect();
        store.history.is_complete() && moves.len() == 2 && moves[0].as_str() == "v3"
    });
}

#[test]
fn a_fault_ages_facts_and_passes() {
    let yard = Yard::new();
    let mut fed = FedStore::by(yard.url(), Options::default());
    fed.until("complete", |store| store.history.is_complete());
    let away = yard.dir.path().join("away.git");
    std::fs::rename(&yard.bare, &away).unwrap();
    fed.until("a fault", |store| {
        store.source(&Source::Git).unwrap().fault.is_some()
    });
    let state = fed.store.source(&Source::Git).unwrap();
    let fault = state.fault.as_ref().unwrap();
    assert!(
        fault.detail.contains("git fetch failed") && state.retry_at.is_some(),
        "{fault:?}"
    );
    assert_eq!(
        version(&fed.store, "staging", "frontend").as_deref(),
        Some("v1"),
        "facts stay"
    );
    std::fs::rename(&away, &yard.bare).unwrap();
    fed.until("well again", |store| {
        store.source(&Source::Git).unwrap().fault.is_none()
    });
    let state = fed.store.source(&Source::Git).unwrap();
    assert_eq!(state.reach(Timestamp::now()), source::Reach::Ok);
}

#[test]
fn a_repository_that_is_not_there_yet_is_found_later() {
    let yard = Yard::new();
    let away = yard.dir.path().join("away.git");
    std::fs::rename(&yard.bare, &away).unwrap();
    let mut fed = FedStore::by(yard.path(), asking());
    fed.until("a fault", |store| {
        store
            .source(&Source::Git)
            .is_some_and(|git| git.fault.is_some())
    });
    std::fs::rename(&away, &yard.bare).unwrap();
    fed.until("there", |store| {
        store.tree.is_some() && store.history.is_complete()
    });
    fed.until("asked for its push", |store| store.pushable.is_some());
    assert_eq!(fed.store.pushable, Some(Ok(())));
}

#[test]
fn a_push_that_was_refused_is_asked_about_again() {
    let yard = Yard::new();
    let remote = ["remote", "set-url", "--push", "origin"];
    let nowhere = yard.dir.path().join("nowhere.git");
    let set_url = |url: &Path| {
        git(
            &yard.work,
            &[&remote[..], &[url.to_str().unwrap()]].concat(),
        )
    };
    set_url(&nowhere);
    let clone = At {
        location: Location::Path(yard.work.clone()),
        branch: "main".to_owned(),
    };
    let mut fed = FedStore::by(clone, asking());
    fed.until("a no", |store| matches!(store.pushable, Some(Err(_))));
    set_url(&yard.bare);
    fed.until("a yes by itself", |store| store.pushable == Some(Ok(())));
    // After a yes it is asked when one looks again.
    set_url(&nowhere);
    fed.watch.refresh();
    fed.until("a no again", |store| matches!(store.pushable, Some(Err(_))));
}

/// Nobody waits for the next fetch before a lever that commits is ready.
#[test]
fn a_url_is_asked_about_pushes_as_soon_as_its_history_was_read() {
    let yard = Yard::new();
    for n in 0..5 {
        yard.tag("integration", "frontend", &format!("image_tag: v{n}\n"));
        yard.robot("Move on");
    }
    let pace = Pace {
        fetch: Duration::from_secs(3_600),
        chunk: 2,
        ..quick()
    };
    let mut fed = FedStore::at_pace(yard.url(), asking(), pace);
    fed.until("asked for its push", |store| {
        store.pushable == Some(Ok(())) && store.history.is_complete()
    });
}

#[test]
fn a_damaged_mirror_is_made_anew_by_itself() {
    let yard = Yard::new();
    let mut fed = FedStore::by(yard.url(), Options::default());
    fed.until("complete", |store| store.history.is_complete());
    drop(fed);
    let cache = yard.dir.path().join("cache");
    let objects: Vec<_> = walkdir(&cache)
        .into_iter()
        .filter(|path| path.to_str().unwrap().contains("/objects/"))
        .collect();
    assert!(!objects.is_empty());
    for object in objects {
        // As a full disk leaves them.
        std::fs::set_permissions(&object, PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::write(&object, b"half of").unwrap();
    }
    let mut fed = FedStore::by(yard.url(), Options::default());
    fed.until("read and walked all the same", |store| {
        store.tree.is_some() && store.history.is_complete()
    });
    let git = fed.store.source(&Source::Git).unwrap();
    assert!(git.fault.is_none(), "{:?}", git.fault);
}

#[test]
fn a_mirror_of_a_remote_that_is_gone_is_as_old_as_its_last_fetch() {
    let now = std::time::SystemTime::now();
    let git = mirror_of_a_remote_that_is_gone(now - Duration::from_secs(86_400));
    let now = Timestamp::now();
    assert_eq!(git.reach(now), source::Reach::Stale);
    assert!(git.age_s(now).is_some_and(|age| age >= 86_400), "{git:?}");
}

/// The clock was an hour ahead when it was fetched.
#[test]
fn a_mirror_that_was_fetched_in_the_future_is_of_an_unknown_age() {
    let now = std::time::SystemTime::now();
    let git = mirror_of_a_remote_that_is_gone(now + Duration::from_secs(3_600));
    let now = Timestamp::now();
    assert_eq!(git.age_s(now), None, "{git:?}");
    assert_eq!(git.reach(now), source::Reach::Failed);
    assert!(!git.is_fresh(None, now));
}

/// How git is read from a mirror that was fetched at this time, after its remote is gone.
fn mirror_of_a_remote_that_is_gone(fetched: std::time::SystemTime) -> source::SourceState {
    let yard = Yard::new();
    let mut fed = FedStore::by(yard.url(), Options::default());
    fed.until("complete", |store| store.history.is_complete());
    drop(fed);
    let marks: Vec<_> = walkdir(&yard.dir.path().join("cache"))
        .into_iter()
        .filter(|path| path.ends_with("leverframe-fetched"))
        .collect();
    let file = std::fs::File::options()
        .write(true)
        .open(&marks[0])
        .unwrap();
    file.set_modified(fetched).unwrap();
    std::fs::rename(&yard.bare, yard.dir.path().join("away.git")).unwrap();
    let mut fed = FedStore::by(yard.url(), Options::default());
    fed.until("a fault, and the history all the same", |store| {
        let git = store.source(&Source::Git);
        git.is_some_and(|git| git.fault.is_some()) && store.history.is_complete()
    });
    fed.store.source(&Source::Git).unwrap().clone()
}

/// All files below a folder.
fn walkdir(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walkdir(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn a_feed_ends_with_its_watch() {
    let yard = Yard::new();
    let FedStore {
        mut deltas, watch, ..
    } = FedStore::by(yard.path(), Options::default());
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

/// Whatever the real repository says, every file and every app is in the tree, as it is on the disk.
#[test]
fn the_real_tree_is_read_whole() {
    let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/govuk"));
    if !data.exists() {
        println!("SKIPPED: no ../shared/data/govuk");
        return;
    }
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

#[test]
fn no_app_vanishes_with_a_list_that_cannot_be_read() {
    let staging = Environment::new("staging");
    let names = |tree: &leverframe::model::Tree| -> Vec<String> {
        let apps = &tree.apps[&staging];
        apps.iter().map(|app| app.app.to_string()).collect()
    };
    let yard = Yard::new();
    let all = names(&read_once(&yard.path(), &delivery()).unwrap());
    let mut fed = FedStore::by(yard.path(), Options::default());
    fed.until("the tree", |store| store.tree.is_some());
    yard.put("charts/app-config/values-staging.yaml", b"{{{ no YAML");
    yard.robot("Break it");
    fed.until("the oddity", |store| {
        store.tree.as_ref().is_some_and(|tree| !tree.odd.is_empty())
    });
    let tree = fed.store.tree.as_ref().unwrap();
    assert_eq!(names(tree), all);
    assert!(tree.odd[0].contains("the list before"), "{:?}", tree.odd);
    // A start that never saw a better one.
    let tree = read_once(&yard.path(), &delivery()).unwrap();
    assert_eq!(names(&tree), all);
    assert!(
        tree.odd[0].contains("another environment"),
        "{:?}",
        tree.odd
    );
}

#[test]
fn cluster_feeds_get_the_namespaces_that_apps_name_for_themselves() {
    let yard = Yard::new();
    let namespaces = tokio::sync::watch::Sender::default();
    let fed = namespaces.subscribe();
    let options = Options {
        namespaces: Some(namespaces),
        ..Options::default()
    };
    let mut feed = FedStore::by(yard.path(), options);
    feed.until("a tree", |store| store.tree.is_some());
    let fed = fed.borrow();
    assert_eq!(fed.len(), 3);
    for own in fed.values() {
        let own: Vec<_> = own.iter().map(|(app, at)| (app.as_str(), &**at)).collect();
        assert_eq!(own, [("licensify", "licensify")]);
    }
}

fn asking() -> Options {
    Options {
        probe: true,
        ..Options::default()
    }
}

/// One app's question costs one app's walk, and says how far back it went.
#[test]
fn the_history_of_one_app_ends_where_enough_is_known() {
    let yard = Yard::new();
    for n in 0..6 {
        yard.tag("integration", "frontend", &format!("image_tag: v{n}\n"));
        yard.robot("Move frontend on");
        yard.tag("integration", "publisher", &format!("image_tag: v{n}\n"));
        yard.robot("Move publisher on");
    }
    let read = |app: &str, depth: Depth, pace: Pace| {
        let only = OneApp {
            app: App::new(app),
            depth,
        };
        let options = Options {
            only: Some(only),
            ..Options::default()
        };
        let mut fed = FedStore::at_pace(yard.path(), options, pace);
        fed.until("read", |store| store.history.is_complete());
        fed.store
    };
    let moves = |store: &leverframe::store::Store, repository: &str| {
        let changes = store
            .history
            .changes_of(&"integration".into(), &repository.into());
        changes.iter().filter(|c| c.moves_version()).count()
    };
    let frontend = ("integration".into(), "frontend".into());
    let small = || Pace {
        chunk: 2,
        ..quick()
    };
    let store = read("frontend", Depth::Start, small());
    assert_eq!(
        (moves(&store, "frontend"), moves(&store, "publisher")),
        (7, 0)
    );
    assert!(store.history.is_whole(&frontend.0, &frontend.1));
    // A draft twin ships from the same file.
    let store = read("draft-frontend", Depth::Start, small());
    assert_eq!(moves(&store, "frontend"), 7);
    // The bound counts commits, and is said.
    let bounded = Pace {
        bound: 4,
        ..small()
    };
    let store = read("frontend", Depth::Bound, bounded);
    assert_eq!(moves(&store, "frontend"), 2);
    assert!(!store.history.is_whole(&frontend.0, &frontend.1));
    assert!(store.history.known_since().is_some());
}

/// For one turn a version would stand there and come from nowhere: what it replaces would be asked of history in vain.
#[test]
fn a_version_comes_with_the_change_that_brought_it() {
    let yard = Yard::new();
    let mut fed = FedStore::by(yard.path(), Options::default());
    fed.until("complete", |store| store.history.is_complete());
    let text = "image_tag: v2\npromote_deployment: true\n";
    yard.tag("integration", "frontend", text);
    yard.robot("v2");
    fed.until("v2", |store| {
        version(store, "integration", "frontend").as_deref() == Some("v2")
    });
    let (integration, frontend) = (Environment::new("integration"), Repository::new("frontend"));
    let moved = fed.store.history.last_move(&integration, &frontend);
    assert_eq!(
        moved.and_then(|change| change.to.clone()),
        Some("v2".into())
    );
}

/// What cannot be read for a moment (a lock, a disk, a fetch that is half done) is read later, and no change is left out.
#[test]
fn what_came_while_history_could_not_be_read_is_read_later() {
    let yard = Yard::new();
    let mut fed = FedStore::by(yard.path(), Options::default());
    fed.until("complete", |store| store.history.is_complete());
    for version in ["v2", "v3"] {
        let text = format!("image_tag: {version}\npromote_deployment: true\n");
        yard.tag("integration", "frontend", &text);
        git(&yard.work, &["commit", "--quiet", "--all", "-m", version]);
    }
    git(&yard.work, &["push", "--quiet", "origin", "HEAD:side"]);
    let blob = git(
        &yard.work,
        &[
            "rev-parse",
            "HEAD~:charts/app-config/image-tags/integration/frontend",
        ],
    );
    let (folder, name) = blob.trim().split_at(2);
    let object = yard.bare.join("objects").join(folder).join(name);
    let away = yard.dir.path().join("away");
    std::fs::rename(&object, &away).unwrap();
    let bare = yard.bare.to_str().unwrap();
    git(
        &yard.work,
        &["--git-dir", bare, "update-ref", "refs/heads/main", "side"],
    );
    fed.until("a fault", |store| {
        store.source(&Source::Git).unwrap().fault.is_some()
    });
    std::fs::rename(&away, &object).unwrap();
    let (integration, frontend) = (Environment::new("integration"), Repository::new("frontend"));
    fed.until("both", |store| {
        store.history.changes_of(&integration, &frontend).len() == 3
    });
    fed.until("a sign of life", |store| {
        store.source(&Source::Git).unwrap().fault.is_none()
    });
}

#[test]
fn without_a_list_of_apps_the_files_are_the_apps() {
    let yard = Yard::new();
    let mut unlisted = leverframe::delivery::Delivery::clone(&delivery());
    unlisted.apps = None;
    let tree = read_once(&yard.path(), &std::sync::Arc::new(unlisted)).unwrap();
    let files = tree.files.keys().cloned();
    let files: Vec<(Environment, String)> = files.map(|(e, r)| (e, r.to_string())).collect();
    let apps = tree.apps.iter().flat_map(|(environment, apps)| {
        let named = apps.iter().map(|app| app.app.to_string());
        named.map(|app| (environment.clone(), app))
    });
    assert!(!files.is_empty());
    assert_eq!(apps.collect::<Vec<_>>(), files);
}
