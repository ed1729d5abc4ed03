//! Fixture: a small store made by hand, for tests of what is derived from it.

use super::{ClusterList, Delta, Fact, Kind, News, Source, Store, Walked};
use crate::delivery::Delivery;
use crate::model::*;
use jiff::Timestamp;
use std::sync::{Arc, LazyLock};

pub const NOW: i64 = 1_787_000_000;

pub fn ago(seconds_ago: i64) -> Timestamp {
    Timestamp::from_second(NOW - seconds_ago).unwrap()
}

/// The built-in delivery, read once: properties ask for it thousands of times, and its patterns are costly to compile.
pub fn delivery() -> Delivery {
    static DELIVERY: LazyLock<Delivery> = LazyLock::new(|| {
        let text = crate::config::built_in::delivery("govuk").unwrap();
        crate::config::delivery::parse(std::path::Path::new("govuk.toml"), text)
            .unwrap()
            .delivery
    });
    DELIVERY.clone()
}

/// Slots of a file that has a line for each key of the delivery, which asks for promotion.
fn plain_slots(delivery: &Delivery, version: &str, gate: bool) -> Slots {
    let keys = &delivery.declared;
    let gate = gate.to_string();
    let lines = [
        (Some(&keys.version), version),
        (keys.promote.as_ref(), "true"),
        (keys.gate.as_ref(), &gate),
    ];
    let lines = lines.into_iter().enumerate();
    lines
        .filter_map(|(index, (key, value))| {
            let slot = Slot::plain(index + 1, key?, Some(value));
            Some((key?.clone(), Ok(slot)))
        })
        .collect()
}

pub struct Fixture {
    pub store: Store,
    pub tree: Tree,
    pub delivery: Delivery,
}

impl Fixture {
    pub fn new() -> Self {
        let delivery = delivery();
        Self {
            store: Store::new(&delivery),
            tree: Tree::default(),
            delivery,
        }
    }

    pub fn news(&mut self, source: Source, news: News) {
        self.store.apply(Delta {
            source,
            subscription: 1,
            seen_at: ago(0),
            news,
        });
    }

    /// Declares a file; the newest change of it came `seconds_ago`, from `from`.
    pub fn file(
        &mut self,
        environment: &str,
        repository: &str,
        version: &str,
        gate: bool,
    ) -> &mut Self {
        let declared = Declared {
            version: Some(Version::new(version)),
            promote: true,
            gate,
            odd: Vec::new(),
            slots: plain_slots(&self.delivery, version, gate),
        };
        self.tree
            .files
            .insert((environment.into(), repository.into()), declared);
        self.declared()
    }

    /// Git was read, and says what the tree says.
    fn declared(&mut self) -> &mut Self {
        let mut tree = self.tree.clone();
        tree.name_apps_after_files();
        self.news(Source::Git, News::Declared(Arc::new(tree)));
        self.news(Source::Git, News::Alive);
        self
    }

    pub fn app(&mut self, app: &str, repositories: &[&str]) -> &mut Self {
        for environment in ["integration", "staging", "production"] {
            self.tree
                .apps
                .entry(environment.into())
                .or_default()
                .push(AppDeclared {
                    app: app.into(),
                    repositories: repositories.iter().map(|r| Repository::new(r)).collect(),
                    namespace: None,
                    smoke: true,
                });
        }
        self.declared()
    }

    /// The app lives in a namespace of its own, in every environment.
    pub fn lives_in(&mut self, app: &str, namespace: &str) -> &mut Self {
        for known in self.tree.apps.values_mut().flatten() {
            if known.app.as_str() == app {
                known.namespace = Some(namespace.into());
            }
        }
        self.declared()
    }

    /// One change of a version, newest first within a call order; `kind` as given.
    pub fn moved(
        &mut self,
        environment: &str,
        repository: &str,
        from: &str,
        to: &str,
        age: i64,
        kind: ActorKind,
    ) -> &mut Self {
        let moved = Change {
            kind,
            ..moved(environment, repository, from, to, age)
        };
        self.changed(moved, Walked::Older(ago(0)))
    }

    /// The robot's change of a version after all that is known, as a fetch brings it.
    pub fn moved_since(
        &mut self,
        environment: &str,
        repository: &str,
        from: &str,
        to: &str,
        age: i64,
    ) -> &mut Self {
        self.changed(moved(environment, repository, from, to, age), Walked::Newer)
    }

    /// The robot's moves of one file, by environment, from, to and age; newest first.
    pub fn moves(&mut self, repository: &str, moves: &[(&str, &str, &str, i64)]) -> &mut Self {
        for (environment, from, to, age) in moves {
            self.moved(environment, repository, from, to, *age, ActorKind::Robot);
        }
        self
    }

    pub fn gate_moved(
        &mut self,
        environment: &str,
        repository: &str,
        open: bool,
        age: i64,
    ) -> &mut Self {
        let file = (environment.into(), repository.into());
        let version = self.tree.files.get(&file).and_then(|d| d.version.clone());
        let moved = Change {
            from: version.clone(),
            to: version,
            gate_from: !open,
            gate_to: open,
            actor: "ops-2".into(),
            kind: ActorKind::Person,
            ..change(environment, repository, age)
        };
        self.changed(moved, Walked::Older(ago(0)))
    }

    fn changed(&mut self, change: Change, walked: Walked) -> &mut Self {
        let changes = vec![change];
        self.news(Source::Git, News::Changes { changes, walked });
        self
    }

    pub fn walked(&mut self) -> &mut Self {
        self.news(
            Source::Git,
            News::Changes {
                changes: Vec::new(),
                walked: Walked::ToTheEnd(ago(0)),
            },
        );
        self
    }

    pub fn fact(&mut self, environment: &str, fact: Fact) -> &mut Self {
        let list = ClusterList::new(fact.kind(), &fact.id().namespace);
        let source = Source::Cluster(environment.into());
        self.news(source.clone(), News::Put(fact));
        if !self
            .store
            .source(&source)
            .is_some_and(|s| s.lists.get(&list).is_some_and(|list| list.listed))
        {
            self.news(source, News::Listed(list));
        }
        self
    }

    /// The kind was listed once in its usual namespace, with what is in it now.
    pub fn listed(&mut self, environment: &str, kind: Kind) -> &mut Self {
        let list = usual_list(kind);
        self.news(Source::Cluster(environment.into()), News::Listed(list));
        self
    }

    pub fn status(&self, environment: &str, app: &str) -> crate::board::status::Status {
        crate::board::status::status(
            &self.store,
            &self.delivery,
            &Target::new(environment, app),
            ago(0),
        )
        .unwrap()
    }
}

/// The robot's commit so many seconds ago, which moves a version.
fn moved(environment: &str, repository: &str, from: &str, to: &str, age: i64) -> Change {
    Change {
        from: Some(Version::new(from)),
        to: Some(Version::new(to)),
        ..change(environment, repository, age)
    }
}

/// The robot's commit so many seconds ago, which moves nothing.
fn change(environment: &str, repository: &str, age: i64) -> Change {
    Change {
        at: ago(age),
        commit: format!("{age:040x}").as_str().into(),
        environment: environment.into(),
        repository: repository.into(),
        from: None,
        to: None,
        creates_file: false,
        gate_from: true,
        gate_to: true,
        promote_to: true,
        actor: "govuk-ci".into(),
        kind: ActorKind::Robot,
        subject: "".into(),
        plan: None,
        reason: None,
    }
}

/// Where objects of a kind are listed in these tests.
pub fn usual_list(kind: Kind) -> ClusterList {
    match kind {
        Kind::Applications => ClusterList::new(kind, "cluster-services"),
        _ => ClusterList::new(kind, "apps"),
    }
}

pub fn id(environment: &str, namespace: &str, name: &str) -> ObjectId {
    ObjectId {
        environment: environment.into(),
        namespace: namespace.into(),
        name: name.into(),
        uid: format!("{environment}-{name}").as_str().into(),
    }
}

/// A healthy Application that has synced the version which its annotation names.
pub fn application(environment: &str, name: &str, version: &str) -> Application {
    Application {
        id: id(environment, "cluster-services", name),
        resource_version: "1".into(),
        annotations: [("imageTag".into(), version.into())].into(),
        project: "govuk".into(),
        sync: Sync::Synced,
        compared_revision: None,
        synced_revision: None,
        health: Health::Healthy,
        health_message: None,
        health_since: None,
        operation: None,
        operation_requested: false,
        operation_plan: None,
        conditions: Vec::new(),
        auto_sync: true,
        auto_prune: false,
        sync_options: Vec::new(),
        retry: None,
        parent: None,
        target_revision: None,
        deleting: false,
        reconciled_at: None,
        images: Vec::new(),
        out_of_sync: Vec::new(),
        to_prune: Vec::new(),
    }
}

pub fn pod(
    environment: &str,
    app: &str,
    name: &str,
    image: &str,
    ready: bool,
    waiting: Option<&str>,
) -> Fact {
    Fact::Pod(Pod {
        id: id(environment, "apps", name),
        labels: [("app.kubernetes.io/instance".into(), app.into())].into(),
        node_id: None,
        job: None,
        phase: "Running".into(),
        ready,
        deleting: false,
        created: Some(ago(1_320)),
        reason: None,
        unschedulable: None,
        containers: vec![Container {
            name: "app".into(),
            image: image.into(),
            image_id: format!("{image}@sha256:{image}").as_str().into(),
            container_id: "".into(),
            ready,
            restarts: 0,
            waiting: waiting.map(Arc::from),
            waiting_message: None,
            running: ready,
            terminated: None,
            ended: None,
            lasted_s: None,
        }],
        init_containers: Vec::new(),
    })
}

pub fn smoke(environment: &str, app: &str, name: &str, version: &str, phase: RunPhase) -> Fact {
    Fact::Run(Run {
        id: id(environment, "apps", name),
        resource_version: "1".into(),
        template: Some("post-sync".into()),
        labels: [
            ("application".into(), app.into()),
            ("imageTag".into(), version.into()),
        ]
        .into(),
        annotations: Default::default(),
        generate_name: None,
        owners: None,
        spec: "{}".into(),
        parameters: Default::default(),
        phase,
        message: None,
        shutdown: None,
        suspended: false,
        created: Some(ago(600)),
        started: Some(ago(600)),
        finished: Some(ago(300)),
        progress: None,
        nodes: Nodes::Read(Arc::new(Vec::new())),
        memoized: false,
        exit_handler: None,
        retries_all: false,
        retry_expression: None,
    })
}

/// A run that began a little more than two minutes ago and delivers a version, which somebody ordered with a plan.
pub fn deploy_run(
    environment: &str,
    repository: &str,
    name: &str,
    version: &str,
    by: Option<&str>,
) -> Fact {
    let Fact::Run(mut run) = smoke(environment, repository, name, version, RunPhase::Succeeded)
    else {
        unreachable!("it is a run")
    };
    run.template = Some("deploy-image".into());
    run.labels = Default::default();
    run.started = Some(ago(130));
    run.parameters = [
        ("environment".into(), environment.into()),
        ("repoName".into(), repository.into()),
        ("imageTag".into(), version.into()),
    ]
    .into();
    if let Some(by) = by {
        run.annotations = [
            ("leverframe/actor".into(), by.into()),
            ("leverframe/reason".into(), "incident 4711".into()),
        ]
        .into();
    }
    Fact::Run(run)
}
