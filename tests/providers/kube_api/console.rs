//! The console's own reader and writer against the server: what it calls, as it calls it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use leverframe::model::{FaultKind, Health, ObjectId, Target};
use leverframe::plan::{Actor, Guard, Holds, Lever, Outcome, Plan, PlanId, Reach, Request, Write};
use leverframe::provider::kubernetes::feed::Workloads;
use leverframe::provider::kubernetes::{Access, Cluster, KubeContext, Scope, Writer};
use leverframe::provider::{Feed, OwnNamespaces, Writer as _};
use leverframe::store::{self, ClusterList, Delta, Kind, Source, Store};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch as signal};

use super::Scene;
use super::fixtures::*;

const ENVIRONMENT: &str = "staging";

/// The reader of one context, and the deltas that it has sent.
struct Console {
    cluster: Arc<Cluster>,
    deltas: mpsc::Receiver<Delta>,
    store: Store,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Console {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Console {
    fn open(scene: &Scene, context: &str) -> Console {
        let nobody = signal::Sender::default().subscribe();
        Console::open_with(scene, context, scene.namespace, nobody)
    }

    /// Most apps live in `workloads`; where else some do is said by `own`.
    fn open_with(
        scene: &Scene,
        context: &str,
        workloads: &str,
        own: signal::Receiver<OwnNamespaces>,
    ) -> Console {
        let namespace: Arc<str> = scene.namespace.into();
        let scope = Scope {
            applications: Some(namespace.clone()),
            runs: Some(namespace),
            workloads: Some(Workloads {
                namespace: workloads.into(),
                app_label: "app".into(),
            }),
        };
        let (tell, deltas) = mpsc::channel(256);
        let feed = Feed::new(Source::Cluster(ENVIRONMENT.into()), tell);
        let place = KubeContext {
            kubeconfig: scene.kubeconfig.clone(),
            context: context.to_owned(),
        };
        let cluster = Arc::new(Cluster::new(
            ENVIRONMENT.into(),
            place,
            scope,
            feed,
            None,
            own,
        ));
        let reading = cluster.clone();
        let task = tokio::spawn(async move { reading.read().await });
        Console {
            cluster,
            deltas,
            // Of what is read here nothing is asked by an app.
            store: Store::new(&crate::yard::delivery()),
            task,
        }
    }

    fn facts(&self) -> &store::Cluster {
        &self.store.clusters[&ENVIRONMENT.into()]
    }

    fn source(&self) -> Option<&store::SourceState> {
        self.store.source(&Source::Cluster(ENVIRONMENT.into()))
    }

    /// Takes news in until something is seen.
    async fn until(&mut self, what: &str, seen: impl Fn(&Console) -> bool) {
        let end = tokio::time::Instant::now() + Duration::from_secs(30);
        while !seen(self) {
            let next = tokio::time::timeout_at(end, self.deltas.recv()).await;
            let delta =
                next.unwrap_or_else(|_| panic!("not seen in time: {what}; {:?}", self.source()));
            self.store.apply(delta.expect("a feed"));
        }
    }

    fn listed(&self, kind: Kind) -> bool {
        self.source()
            .is_some_and(|s| s.is_listed(kind) && s.fault_of(kind).is_none())
    }

    fn fault(&self, kind: Kind) -> Option<FaultKind> {
        Some(self.source()?.fault_of(kind)?.kind)
    }

    fn may(&self, verb: &str, resource: &str) -> Option<bool> {
        let workloads = self.cluster.scope().workloads.as_ref()?;
        self.facts()
            .may(verb, resource, &workloads.namespace)
            .map(|p| p.allowed)
    }
}

async fn furnish(scene: &Scene) {
    let admin = &scene.admin;
    let label = json!({"metadata": {"labels": {"app": "publisher"}}});
    admin
        .post(&applications(scene.namespace), &application("publisher"))
        .await
        .done();
    admin
        .post(
            &workflows(scene.namespace),
            &workflow("post-sync-1", &json!({"application": "publisher"})),
        )
        .await
        .done();
    admin
        .post(&deployments(scene.namespace), &deployment("publisher"))
        .await
        .done();
    admin
        .post(&pods(scene.namespace), &pod("publisher-1", &["app"], None))
        .await
        .done();
    admin
        .post(&jobs(scene.namespace), &job("publisher-dbmigrate"))
        .await
        .done();
    admin
        .merge(
            &format!("{}/publisher-dbmigrate", jobs(scene.namespace)),
            &label,
        )
        .await
        .done();
    admin
        .post(
            &events(scene.namespace),
            &event(scene.namespace, "publisher-1.1", "publisher-1"),
        )
        .await
        .done();
    admin
        .post(
            &events(scene.namespace),
            &event(scene.namespace, "router-1.1", "router-1"),
        )
        .await
        .done();
}

pub async fn the_console_reads_a_whole_cluster(scene: Scene) {
    furnish(&scene).await;
    let mut console = Console::open(&scene, &scene.contexts.0);
    let kinds = [
        Kind::Applications,
        Kind::Runs,
        Kind::Deployments,
        Kind::Pods,
    ];
    console
        .until("every kind", |c| kinds.iter().all(|k| c.listed(*k)))
        .await;
    let facts = console.facts();
    let app = facts
        .applications
        .get(scene.namespace, "publisher")
        .expect("the application");
    assert_eq!((&app.health, app.auto_sync), (&Health::Healthy, true));
    assert_eq!(app.annotations.get("imageTag").map(|v| &**v), Some("v1362"));
    assert_eq!(
        (facts.runs.len(), facts.deployments.len(), facts.pods.len()),
        (1, 1, 1)
    );
    assert!(facts.jobs.is_empty() && facts.happenings.is_empty() && facts.odd.is_empty());
    assert!(
        console
            .source()
            .and_then(|s| s.skew_ms)
            .is_some_and(|ms| ms.abs() < 60_000)
    );

    // changes come by themselves
    let path = format!("{}/publisher", applications(scene.namespace));
    scene
        .admin
        .merge(
            &path,
            &json!({"status": {"health": {"status": "Degraded"}}}),
        )
        .await
        .done();
    scene
        .admin
        .delete(&format!(
            "{}/publisher-1?gracePeriodSeconds=0",
            pods(scene.namespace)
        ))
        .await
        .done();
    let namespace = scene.namespace;
    console
        .until("a change and a deletion", move |c| {
            let app = c.facts().applications.get(namespace, "publisher");
            app.is_some_and(|a| a.health == Health::Degraded) && c.facts().pods.is_empty()
        })
        .await;

    // rights, and what is only read while a target is open
    console
        .until("rights", |c| c.may("create", "workflows").is_some())
        .await;
    for (verb, resource) in [
        ("create", "workflows"),
        ("patch", "applications"),
        ("get", "pods/log"),
        ("list", "events"),
    ] {
        assert_eq!(console.may(verb, resource), Some(true), "{verb} {resource}");
    }
    console.cluster.open(Some("publisher".into()));
    console
        .until("Jobs and Events", |c| {
            c.listed(Kind::Jobs) && c.listed(Kind::Happenings)
        })
        .await;
    assert_eq!(console.facts().jobs.len(), 1);
    let about: Vec<&str> = console
        .facts()
        .happenings
        .iter()
        .map(|h| &*h.about)
        .collect();
    assert_eq!(about, ["Pod/publisher-1"]);
}

/// Git says where an app lives long after the cluster was asked: it is read there from then on, and where it was not read
/// until then its objects are unknown, not absent.
pub async fn an_app_is_read_in_the_namespace_that_it_names(scene: Scene) {
    furnish(&scene).await;
    let own = signal::Sender::default();
    let subscriber = own.subscribe();
    let mut console = Console::open_with(&scene, &scene.contexts.0, "default", subscriber);
    let list = |kind, namespace| ClusterList::new(kind, namespace);
    let listed = |console: &Console, list: &ClusterList| {
        let state = console.source().and_then(|source| source.lists.get(list));
        state.is_some_and(|state| state.listed && state.fault.is_none())
    };
    let usual = list(Kind::Deployments, "default");
    console
        .until("where most apps live", |c| listed(c, &usual))
        .await;
    assert!(console.facts().deployments.is_empty());
    assert!(!listed(&console, &list(Kind::Deployments, scene.namespace)));

    let publisher: (_, Arc<str>) = ("publisher".into(), scene.namespace.into());
    own.send_replace([(ENVIRONMENT.into(), [publisher].into())].into());
    console.cluster.open(Some("publisher".into()));
    let there = [Kind::Deployments, Kind::Pods, Kind::Jobs, Kind::Happenings]
        .map(|kind| list(kind, scene.namespace));
    console
        .until("where this one lives", |c| {
            there.iter().all(|list| listed(c, list))
        })
        .await;
    let counts = there.map(|list| console.facts().count(&list));
    assert_eq!(counts, [1, 1, 1, 1]);
    console
        .until("what may be done there", |c| {
            let may = c.facts().may("get", "pods/log", scene.namespace);
            may.is_some_and(|may| may.allowed)
        })
        .await;
}

pub async fn a_viewer_reads_what_they_may(scene: Scene) {
    furnish(&scene).await;
    let mut console = Console::open(&scene, &scene.contexts.1);
    console
        .until("what is granted, and what is not", |c| {
            c.listed(Kind::Pods)
                && c.listed(Kind::Deployments)
                && c.fault(Kind::Applications) == Some(FaultKind::Forbidden)
                && c.fault(Kind::Runs) == Some(FaultKind::Forbidden)
        })
        .await;
    assert_eq!(console.facts().pods.len(), 1);
    assert!(
        console.source().is_some_and(|s| s.fault.is_none()),
        "the cluster itself is well"
    );
    console
        .until("rights", |c| c.may("create", "workflows").is_some())
        .await;
    assert_eq!(console.may("list", "pods"), Some(true));
    assert_eq!(
        (
            console.may("create", "workflows"),
            console.may("get", "pods/log")
        ),
        (Some(false), Some(false))
    );
}

fn plan(id: &str, write: Write) -> Plan {
    let target = Target::new(ENVIRONMENT, "publisher");
    let request = Request {
        is_of_several: false,
        lever: Lever::Sync,
        target,
        repository: None,
        version: None,
        run: None,
        reason: None,
        undoes: None,
    };
    Plan {
        id: PlanId::new(id),
        request,
        who: Actor::default(),
        made_at: jiff::Timestamp::now(),
        from: None,
        to: None,
        evidence: String::new(),
        read: String::new(),
        reach: Reach::default(),
        checks: Vec::new(),
        write,
        hops: Vec::new(),
        debt: None,
        warning: None,
        next: None,
        choices: Vec::new(),
    }
}

fn writer(scene: &Scene, context: &str) -> Writer {
    let place = KubeContext {
        kubeconfig: scene.kubeconfig.clone(),
        context: context.to_owned(),
    };
    Writer::new(BTreeMap::from([(
        ENVIRONMENT.into(),
        Arc::new(Access::new(place)),
    )]))
}

fn create(scene: &Scene, id: &str) -> Plan {
    let mut object = workflow("post-sync-r2", &json!({"application": "publisher"}));
    object["metadata"]["annotations"] = json!({"leverframe/plan": id});
    let write = Write::Create {
        environment: ENVIRONMENT.into(),
        namespace: scene.namespace.into(),
        plural: "workflows".into(),
        name: "post-sync-r2".into(),
        object,
        origin: None,
    };
    plan(id, write)
}

fn patch(object: &Value, plural: &str, patch: Value, guards: Vec<Guard>, holds: Holds) -> Plan {
    let text = |key: &str| object["metadata"][key].as_str().expect("a text").into();
    let id = ObjectId {
        environment: ENVIRONMENT.into(),
        namespace: text("namespace"),
        name: text("name"),
        uid: text("uid"),
    };
    plan(
        "cccccccccccccccc",
        Write::Patch {
            id,
            plural: plural.into(),
            resource_version: text("resourceVersion"),
            patch,
            guards,
            holds,
        },
    )
}

pub async fn the_console_writes_once_and_refuses_what_moved(scene: Scene) {
    let writer_of = |context: &str| writer(&scene, context);
    let admin = writer_of(&scene.contexts.0);
    let write = async |writer: &Writer, plan: &Plan| writer.write(plan, &|_| {}).await;

    let first = create(&scene, "aaaaaaaaaaaaaaaa");
    assert_eq!(write(&admin, &first).await.word(), "applied");
    assert_eq!(
        admin
            .look_for(&first, first.made_at)
            .await
            .map(|o| o.word()),
        Some("applied")
    );
    // the same plan finds its own object, another one does not take it for its own
    assert_eq!(write(&admin, &first).await.word(), "applied");
    let second = create(&scene, "bbbbbbbbbbbbbbbb");
    let refused = write(&admin, &second).await;
    assert!(
        matches!(&refused, Outcome::Refused { because } if because.contains("aaaaaaaaaaaaaaaa")),
        "{refused:?}"
    );
    let runs = scene.admin.get(&workflows(scene.namespace)).await.done();
    assert_eq!(runs["items"].as_array().map(Vec::len), Some(1));

    let app = scene
        .admin
        .post(&applications(scene.namespace), &application("publisher"))
        .await
        .done();
    let operation = json!({
        "operation": {"info": [{"name": "leverframe-plan", "value": "cccccccccccccccc"}], "sync": {"syncStrategy": {"hook": {}}}},
        "status": {"operationState": null},
    });
    let sync = patch(
        &app,
        "applications",
        operation,
        vec![Guard::NoOperation],
        Holds::AsSeen,
    );
    let viewer = writer_of(&scene.contexts.1);
    assert_eq!(
        write(&viewer, &sync).await.word(),
        "failed",
        "a viewer may not even look"
    );
    assert_eq!(write(&admin, &sync).await.word(), "applied");
    assert_eq!(
        admin.look_for(&sync, sync.made_at).await.map(|o| o.word()),
        Some("applied")
    );
    let refused = write(&admin, &sync).await;
    assert!(
        matches!(&refused, Outcome::Refused { because } if because.contains("Another operation")),
        "{refused:?}"
    );
    let synced = scene
        .admin
        .get(&format!("{}/publisher", applications(scene.namespace)))
        .await
        .done();
    let stale = patch(
        &app,
        "applications",
        json!({"metadata": {"labels": {"a": "b"}}}),
        vec![],
        Holds::AsSeen,
    );
    assert_eq!(write(&admin, &stale).await.word(), "refused");
    let after = scene
        .admin
        .get(&format!("{}/publisher", applications(scene.namespace)))
        .await
        .done();
    assert_eq!(after, synced, "refused is unchanged");

    let run = &runs["items"][0];
    let stop = patch(
        run,
        "workflows",
        json!({
            "metadata": {"annotations": {"leverframe/stop": "cccccccccccccccc"}},
            "spec": {"shutdown": "Stop"},
        }),
        vec![Guard::NotOver],
        Holds::WhileGuarded,
    );
    // A step goes on between the plan and its send.
    let path = format!("{}/post-sync-r2", workflows(scene.namespace));
    let step = json!({"metadata": {"labels": {"step": "2"}}});
    scene.admin.merge(&path, &step).await.done();
    assert_eq!(write(&admin, &stop).await.word(), "applied");
    assert_eq!(
        admin.look_for(&stop, stop.made_at).await.map(|o| o.word()),
        Some("applied")
    );
}
