use super::*;
use crate::model::{Exposure, FaultKind};
use crate::provider::kubernetes::faulty::{Asked, Faulty, Reply};
use crate::store::source::Reach;
use crate::store::{Delta, Store};
use serde_json::json;
use std::time::Duration;
use tokio::sync::mpsc;

mod faults;
mod flood;

struct Running {
    cluster: Arc<Cluster>,
    namespaces: signal::Sender<OwnNamespaces>,
    deltas: mpsc::Receiver<Delta>,
    store: Store,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

const SOURCE: &str = "staging";

fn source() -> Source {
    Source::Cluster(SOURCE.into())
}

fn scope() -> Scope {
    Scope {
        applications: Some("argo".into()),
        runs: Some("runs".into()),
        workloads: Some(Workloads {
            namespace: "apps".into(),
            app_label: "app.kubernetes.io/instance".into(),
        }),
    }
}

fn read(server: &Faulty) -> Running {
    read_at(server.place())
}

fn read_at(place: KubeContext) -> Running {
    read_within(place, Bounds::default())
}

fn read_within(place: KubeContext, bounds: Bounds) -> Running {
    let (tell, deltas) = mpsc::channel(64);
    let feed = Feed::new(source(), tell);
    let namespaces = signal::Sender::default();
    let mut cluster = Cluster::new(
        SOURCE.into(),
        place,
        scope(),
        feed,
        None,
        namespaces.subscribe(),
    );
    cluster.bounds = bounds;
    cluster.pace = Pace {
        first: Duration::from_millis(10),
        longest: Duration::from_millis(40),
        ..Pace::default()
    };
    let cluster = Arc::new(cluster);
    let reading = cluster.clone();
    let task = tokio::spawn(async move { reading.read().await });
    Running {
        cluster,
        namespaces,
        deltas,
        store: Store::new(&crate::store::fixture::delivery()),
        task,
    }
}

impl Running {
    /// Takes news in until the store shows something.
    async fn until(&mut self, what: &str, seen: impl Fn(&Store) -> bool) {
        let end = tokio::time::Instant::now() + Duration::from_secs(20);
        while !seen(&self.store) {
            let next = tokio::time::timeout_at(end, self.deltas.recv()).await;
            let delta = next.unwrap_or_else(|_| {
                panic!(
                    "not seen within 20 s: {what}; {:?}",
                    self.store.source(&source())
                )
            });
            self.store.apply(delta.expect("a feed"));
        }
    }
}

/// Answers lists and watch-lists with one object of each kind, reviews with yes, and other watches with silence.
fn calm(asked: &Asked) -> Reply {
    if asked.method == "POST" {
        return Reply::json(201, r#"{"status":{"allowed":true}}"#);
    }
    if !is_list(asked) {
        return Reply::open(&[]);
    }
    let kind = asked
        .path
        .split('?')
        .next()
        .unwrap_or_default()
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let namespace = asked
        .path
        .split('/')
        .skip_while(|p| *p != "namespaces")
        .nth(1)
        .unwrap_or_default();
    let object = |name: &str| json!({"metadata": {"name": name, "namespace": namespace, "uid": "u", "resourceVersion": "3"}});
    let about = |name: &str| {
        json!({"metadata": {"name": format!("{name}.1"), "namespace": namespace, "uid": "u"},
        "involvedObject": {"kind": "Pod", "name": name}})
    };
    let objects = match kind {
        "events" => vec![
            about("publisher-5d9"),
            about("publisher"),
            about("publishers-9"),
            about("router"),
        ],
        "jobs" => vec![object("publisher-dbmigrate")],
        other => vec![object(&format!("one-of-{other}"))],
    };
    if !asked.path.contains("watch=1") {
        let list = json!({"kind": "List", "items": objects, "metadata": {"resourceVersion": "9"}});
        return Reply::json(200, &list.to_string());
    }
    let mut lines: Vec<String> = objects
        .iter()
        .map(|o| format!("{}\n", json!({"type": "ADDED", "object": o})))
        .collect();
    lines.push(format!(
        "{}\n",
        json!({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9", "annotations": {"k8s.io/initial-events-end": "true"}}}})
    ));
    Reply::open(&lines)
}

/// Whether all objects of a kind are asked for, by pages or by a watch-list.
fn is_list(asked: &Asked) -> bool {
    asked.path.contains("sendInitialEvents") || asked.path.contains("limit=")
}

fn listed(store: &Store, kind: Kind) -> bool {
    store.source(&source()).is_some_and(|s| s.is_listed(kind))
}

#[tokio::test]
async fn every_kind_is_read_from_where_the_delivery_says() {
    let server = Faulty::start(|_, asked| calm(asked)).await;
    let mut running = read(&server);
    let kinds = [
        Kind::Applications,
        Kind::Runs,
        Kind::Deployments,
        Kind::Pods,
    ];
    running
        .until("all kinds", |store| kinds.iter().all(|k| listed(store, *k)))
        .await;
    running
        .until("permissions", |store| {
            store.clusters[&SOURCE.into()]
                .permissions
                .iter()
                .any(|p| &*p.verb == "create" && &*p.resource == "workflows" && p.allowed)
        })
        .await;
    let cluster = &running.store.clusters[&SOURCE.into()];
    assert!(
        cluster
            .applications
            .get("argo", "one-of-applications")
            .is_some()
    );
    assert!(cluster.runs.get("runs", "one-of-workflows").is_some());
    assert!(cluster.pods.get("apps", "one-of-pods").is_some());
    assert!(
        cluster.pods.get("runs", "one-of-pods").is_some(),
        "the pods of runs"
    );
    assert_eq!(
        (
            cluster.runs.len(),
            cluster.deployments.len(),
            cluster.pods.len()
        ),
        (1, 1, 2)
    );
    let first = |kind: &str| {
        let asked = server.asked();
        let mut lists = asked.iter().filter(|asked| is_list(asked));
        let list = lists.find(|asked| asked.path.contains(kind));
        list.expect("a list").path.clone()
    };
    for (kind, way) in [
        ("applications", "limit="),
        ("workflows", "limit="),
        ("pods", "watch=1"),
    ] {
        assert!(first(kind).contains(way), "{}", first(kind));
    }
    assert!(cluster.jobs.is_empty(), "nothing is open");
    assert!(
        !server
            .asked()
            .iter()
            .any(|a| a.path.contains("/jobs") || a.path.contains("/events"))
    );
}

#[tokio::test]
async fn jobs_and_events_are_those_of_the_open_target() {
    let server = Faulty::start(|_, asked| calm(asked)).await;
    let mut running = read(&server);
    running.cluster.open(Some("publisher".into()));
    running
        .until("its events", |store| {
            listed(store, Kind::Happenings) && listed(store, Kind::Jobs)
        })
        .await;
    {
        let cluster = &running.store.clusters[&SOURCE.into()];
        let mut about: Vec<&str> = cluster.happenings.iter().map(|h| &*h.about).collect();
        about.sort_unstable();
        assert_eq!(about, ["Pod/publisher", "Pod/publisher-5d9"]);
        assert_eq!(cluster.jobs.len(), 1);
    }
    let label = "labelSelector=app.kubernetes.io%2Finstance%3Dpublisher";
    assert!(
        server
            .asked()
            .iter()
            .any(|a| a.path.contains("/jobs?") && a.path.contains(label))
    );
    running.cluster.open(Some("router".into()));
    let only_router = |store: &Store| {
        let cluster = &store.clusters[&SOURCE.into()];
        cluster.happenings.iter().all(|h| &*h.about == "Pod/router")
            && cluster.happenings.len() == 1
    };
    running.until("the other one's", only_router).await;
}

/// Which apps live elsewhere is known only once git was read, long after the cluster was asked.
#[tokio::test]
async fn an_app_is_read_and_watched_in_the_namespace_that_it_names() {
    let server = Faulty::start(|_, asked| {
        if asked.path.contains("/namespaces/secret/") {
            Reply::no(403, "Forbidden", "not there")
        } else {
            calm(asked)
        }
    })
    .await;
    let mut running = read(&server);
    running
        .until("the usual ones", |store| listed(store, Kind::Pods))
        .await;
    running.cluster.open(Some("licensify".into()));
    let own: OwnNamespaces = [
        (
            SOURCE.into(),
            [
                ("licensify".into(), Arc::from("licensify")),
                ("vault".into(), Arc::from("secret")),
            ]
            .into(),
        ),
        (
            "production".into(),
            [("other".into(), Arc::from("other"))].into(),
        ),
    ]
    .into();
    running.namespaces.send_replace(own);
    let state = |store: &Store, kind: Kind, namespace: &str| {
        let source = store.source(&source());
        let list = source.and_then(|s| s.lists.get(&ClusterList::new(kind, namespace)));
        list.map(|list| (list.listed, list.fault.is_some()))
    };
    running
        .until("pods, jobs and rights there", |store| {
            let may = store.clusters[&SOURCE.into()]
                .permissions
                .iter()
                .any(|p| &*p.namespace == "licensify" && &*p.resource == "pods/log");
            state(store, Kind::Pods, "licensify") == Some((true, false))
                && state(store, Kind::Deployments, "licensify") == Some((true, false))
                && state(store, Kind::Jobs, "licensify") == Some((true, false))
                && state(store, Kind::Pods, "secret") == Some((false, true))
                && may
        })
        .await;
    let cluster = &running.store.clusters[&SOURCE.into()];
    assert!(cluster.pods.get("licensify", "one-of-pods").is_some());
    assert!(
        cluster.pods.get("apps", "one-of-pods").is_some(),
        "a list of one namespace takes nothing from another"
    );
    assert_eq!(
        state(&running.store, Kind::Pods, "apps"),
        Some((true, false))
    );
    assert!(running.store.source(&source()).unwrap().fault.is_none());
    let asked = server.asked();
    let lists = |place: &str| {
        let list = |a: &&Asked| a.path.contains(place) && is_list(a);
        asked.iter().filter(list).count()
    };
    assert_eq!(lists("/namespaces/apps/pods"), 1, "not listed again");
    assert_eq!(lists("/namespaces/other/"), 0, "another environment's");

    // The next commit moves one more app out; those that are watched already are left alone, and the cluster is heard.
    running.namespaces.send_modify(|own| {
        let here = own.get_mut(&SOURCE.into()).expect("this environment");
        here.insert("mirror".into(), Arc::from("mirror"));
    });
    running
        .until("the one that moved", |store| {
            state(store, Kind::Pods, "mirror") == Some((true, false))
        })
        .await;
    let asked = server.asked();
    let listed_once = asked
        .iter()
        .filter(|a| a.path.contains("/namespaces/licensify/pods") && is_list(a))
        .count();
    assert_eq!(listed_once, 1, "not listed again");
}

/// Git may be read only after a target was opened, and a commit may move an app.
#[tokio::test]
async fn jobs_and_events_are_read_where_the_open_app_lives_once_git_says_so() {
    let server = Faulty::start(|_, asked| calm(asked)).await;
    let mut running = read(&server);
    running.cluster.open(Some("publisher".into()));
    let is_listed = |store: &Store, kind: Kind, namespace: &str| {
        let source = store.source(&source());
        let list = source.and_then(|s| s.lists.get(&ClusterList::new(kind, namespace)));
        list.is_some_and(|list| list.listed)
    };
    for namespace in ["apps", "licensify", "moved"] {
        if namespace != "apps" {
            let own = [("publisher".into(), Arc::from(namespace))].into();
            running
                .namespaces
                .send_replace([(SOURCE.into(), own)].into());
        }
        running
            .until(namespace, |store| {
                is_listed(store, Kind::Happenings, namespace)
                    && is_listed(store, Kind::Jobs, namespace)
            })
            .await;
    }
}

/// Whoever asks again, and again at once, has found no fault of the cluster.
#[tokio::test]
async fn asking_again_at_once_is_no_fault() {
    let server = Faulty::start(|_, asked| calm(asked)).await;
    let mut running = read(&server);
    let all = [
        Kind::Applications,
        Kind::Runs,
        Kind::Deployments,
        Kind::Pods,
    ];
    running
        .until("all", |store| all.iter().all(|kind| listed(store, *kind)))
        .await;
    let watches = || {
        let asked = server.asked();
        let is_watch = |a: &&Asked| a.path.contains("watch") && !is_list(a);
        asked.iter().filter(is_watch).count()
    };
    for round in 0..4 {
        let before = watches();
        running.cluster.refresh();
        let end = tokio::time::Instant::now() + Duration::from_secs(20);
        while watches() < before + all.len() {
            let next = tokio::time::timeout_at(end, running.deltas.recv()).await;
            let delta = next.unwrap_or_else(|_| panic!("not asked again: round {round}"));
            running.store.apply(delta.expect("a feed"));
        }
        let about = running.store.source(&source()).unwrap();
        assert!(about.worst_fault().is_none(), "round {round}: {about:?}");
    }
    let asked = server.asked();
    let lists = asked.iter().filter(|a| is_list(a));
    assert_eq!(lists.count(), 5, "each kind, and the pods of runs, once");
}

#[tokio::test]
async fn a_feed_that_nobody_hears_ends() {
    let server = Faulty::start(|_, asked| calm(asked)).await;
    let mut running = read(&server);
    running
        .until("pods", |store| listed(store, Kind::Pods))
        .await;
    running.deltas.close();
    while running.deltas.recv().await.is_some() {}
    tokio::time::timeout(Duration::from_secs(20), &mut running.task)
        .await
        .expect("an end")
        .unwrap();
}

#[test]
fn an_event_belongs_by_the_name_of_its_object() {
    assert!(
        belongs("publisher", "publisher")
            && belongs("publisher-5d9-x", "publisher")
            && belongs("publisher.1", "publisher")
    );
    assert!(!belongs("publishers-1", "publisher") && !belongs("draft-publisher", "publisher"));
}
