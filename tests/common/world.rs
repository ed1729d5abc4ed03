//! World: a small made-up delivery, written in a few words and turned into the deltas that a console would be fed.
//!
//! Include with `#[path = "common/world.rs"] mod world;` in a test file. Versions and names are invented. Times are given as
//! ages (`27m`, `6d`) before [`NOW`].
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a world that cannot be built must end the test"
)]

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use leverframe::config::delivery::parse;
use leverframe::delivery::Delivery;
use leverframe::journal::{Entry, Journal, What};
use leverframe::keymap::Keymap;
use leverframe::model::live::Condition;
use leverframe::model::*;
use leverframe::plan::{Actor, Outcome, Plan};
use leverframe::state::{Settings, State, ThemeSettings, Ui};
use leverframe::store::{ClusterList, Delta, Fact, Kind, News, Source, Store, Walked};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Arc;

/// The moment that every world is looked at.
pub const NOW: &str = "2026-08-20T03:12:00Z";

/// Where objects of a kind are listed at GOV.UK.
fn usual_list(kind: Kind) -> ClusterList {
    let namespace = match kind {
        Kind::Applications => "cluster-services",
        _ => "apps",
    };
    ClusterList::new(kind, namespace)
}

pub fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// A moment before [`NOW`]: `40s`, `27m`, `9h`, `6d`.
pub fn ago(age: &str) -> Timestamp {
    let (number, unit) = age.split_at(age.len() - 1);
    let seconds: i64 = number.parse::<i64>().unwrap()
        * match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => panic!("{age} has no unit"),
        };
    now()
        .checked_sub(SignedDuration::from_secs(seconds))
        .unwrap()
}

/// A commit id made of a word, so that tests can name it.
pub fn commit(word: &str) -> Arc<str> {
    let hex: String = word.bytes().map(|b| format!("{b:02x}")).collect();
    // Of a long word its end: the version, which is what tells two of them apart.
    Arc::from(format!("{:0<40}", &hex[hex.len().saturating_sub(40)..]))
}

/// The slots of a file that has a line for each key of a delivery.
fn plain_slots(delivery: &Delivery, file: &Declared) -> Slots {
    let keys = &delivery.declared;
    let (promote, gate) = (file.promote.to_string(), file.gate.to_string());
    let version = file.version.as_ref().map(Version::as_str);
    [
        (Some(&keys.version), version),
        (keys.promote.as_ref(), Some(promote.as_str())),
        (keys.gate.as_ref(), Some(gate.as_str())),
    ]
    .into_iter()
    .enumerate()
    .filter_map(|(index, (key, value))| {
        Some((key?.clone(), Ok(Slot::plain(index + 1, key?, value))))
    })
    .collect()
}

#[derive(Clone)]
pub struct World {
    pub delivery: Arc<Delivery>,
    pub tree: Tree,
    pub changes: Vec<Change>,
    pub facts: BTreeMap<Environment, Vec<Fact>>,
    /// Sources that are not well: since when they are silent, and why.
    pub faults: Vec<(Source, Option<Kind>, Timestamp, Fault)>,
    /// Why the repository cannot be pushed to, or is not known to be.
    pub unpushable: Option<Fault>,
    /// Clusters that are configured.
    pub clusters: Vec<Environment>,
    pub permissions: Vec<Permission>,
    /// Clusters to which the way is not safe.
    pub exposed: Vec<(Environment, Exposure)>,
    /// Why the way to the git remote is not safe.
    pub remote_exposed: Option<Exposure>,
    /// The walk through history has come to its end.
    pub is_walked_whole: bool,
    /// Where clusters are that are not each at an address of their own.
    pub addresses: BTreeMap<Environment, String>,
    number: usize,
}

impl World {
    /// GOV.UK's delivery without an app.
    pub fn new() -> World {
        let text = include_str!("../../config/govuk.toml");
        let delivery = parse(Path::new("govuk.toml"), text)
            .expect("the built-in delivery")
            .delivery;
        let clusters = delivery
            .environments
            .iter()
            .map(|s| s.name.clone())
            .collect();
        World {
            delivery: Arc::new(delivery),
            tree: Tree {
                tip: commit("tip"),
                tip_at: Some(ago("27m")),
                ..Tree::default()
            },
            changes: Vec::new(),
            facts: BTreeMap::new(),
            faults: Vec::new(),
            unpushable: None,
            clusters,
            permissions: Vec::new(),
            exposed: Vec::new(),
            remote_exposed: None,
            is_walked_whole: true,
            addresses: BTreeMap::new(),
            number: 0,
        }
    }

    pub fn environments(&self) -> Vec<Environment> {
        self.delivery
            .environments
            .iter()
            .map(|s| s.name.clone())
            .collect()
    }

    fn next(&mut self) -> usize {
        self.number += 1;
        self.number
    }

    /// Names an app in every environment.
    pub fn app(&mut self, app: &str, repositories: &[&str]) -> &mut Self {
        for environment in self.environments() {
            self.app_in(environment.as_str(), app, repositories);
        }
        self
    }

    /// licensify, an app of two images, everywhere at v2 of both for an age.
    pub fn licensify(&mut self, age: &str) -> &mut Self {
        self.app("licensify", &["licensify-backend", "licensify-feed"]);
        for environment in self.environments() {
            let environment = environment.as_str();
            for repository in ["licensify-backend", "licensify-feed"] {
                self.stands(environment, repository, "v1", "v2", age);
            }
            self.application(environment, "licensify", |_| {});
        }
        self
    }

    /// Names an app in one environment.
    pub fn app_in(&mut self, environment: &str, app: &str, repositories: &[&str]) -> &mut Self {
        self.tree
            .apps
            .entry(environment.into())
            .or_default()
            .push(AppDeclared {
                app: app.into(),
                repositories: repositories.iter().map(|r| Repository::new(r)).collect(),
                namespace: Some("apps".into()),
                smoke: true,
            });
        self
    }

    /// The version that a file names, since when, and what it named before. Gate open, promotion asked for.
    pub fn stands(
        &mut self,
        environment: &str,
        repository: &str,
        from: &str,
        to: &str,
        age: &str,
    ) -> &mut Self {
        self.file(environment, repository, |file| {
            file.version = Some(to.into())
        });
        self.moved(environment, repository, from, to, age, ActorKind::Robot)
    }

    /// Changes a file, which is made with an open gate where there is none.
    pub fn file(
        &mut self,
        environment: &str,
        repository: &str,
        change: impl FnOnce(&mut Declared),
    ) -> &mut Self {
        let key = (environment.into(), Repository::new(repository));
        let file = self.tree.files.entry(key).or_insert_with(|| Declared {
            version: None,
            promote: true,
            gate: true,
            ..Declared::default()
        });
        change(file);
        self
    }

    /// A move in history; an empty `from` is a file that did not exist.
    pub fn moved(
        &mut self,
        environment: &str,
        repository: &str,
        from: &str,
        to: &str,
        age: &str,
        kind: ActorKind,
    ) -> &mut Self {
        let actor = match kind {
            ActorKind::Robot | ActorKind::Manual => "govuk-ci",
            ActorKind::Person | ActorKind::Leverframe => "ops-2",
        };
        let word = format!("{environment}{repository}{to}");
        self.changes.push(Change {
            at: ago(age),
            commit: commit(&word),
            environment: environment.into(),
            repository: repository.into(),
            from: (!from.is_empty()).then(|| from.into()),
            to: Some(to.into()),
            creates_file: from.is_empty(),
            gate_from: true,
            gate_to: true,
            promote_to: true,
            actor: actor.into(),
            kind,
            subject: format!("Update {repository} image tag to {to} for {environment}").into(),
            plan: None,
            reason: None,
        });
        self
    }

    /// Closes a gate by the file of the lower environment; all closed under one word are one commit.
    pub fn closed(
        &mut self,
        environment: &str,
        repository: &str,
        age: &str,
        word: &str,
    ) -> &mut Self {
        self.file(environment, repository, |file| file.gate = false);
        let version = self.tree.files[&(environment.into(), repository.into())]
            .version
            .clone();
        self.changes.push(Change {
            at: ago(age),
            commit: commit(word),
            environment: environment.into(),
            repository: repository.into(),
            from: version.clone(),
            to: version,
            creates_file: false,
            gate_from: true,
            gate_to: false,
            promote_to: true,
            actor: "ops-2".into(),
            kind: ActorKind::Person,
            subject: "Disable automatic deploys: incident 4711".into(),
            plan: None,
            reason: None,
        });
        self
    }

    /// The same version everywhere, for so long.
    pub fn calm(&mut self, app: &str, version: &str, age: &str) -> &mut Self {
        self.app(app, &[app]);
        for environment in self.environments() {
            self.stands(environment.as_str(), app, "", version, age);
            self.healthy(environment.as_str(), app, app, version);
        }
        self
    }

    /// An Application in sync, pods that serve the version, and a smoke run that passed.
    pub fn healthy(
        &mut self,
        environment: &str,
        app: &str,
        repository: &str,
        version: &str,
    ) -> &mut Self {
        self.application(environment, app, |a| {
            a.annotations.insert("imageTag".into(), version.into());
        });
        for _ in 0..2 {
            self.pod(environment, app, repository, version, |_| {});
        }
        self.smoke(
            environment,
            app,
            repository,
            version,
            "Succeeded",
            "20m",
            |_| {},
        )
    }

    pub fn id(&self, environment: &str, namespace: &str, name: &str) -> ObjectId {
        ObjectId {
            environment: environment.into(),
            namespace: namespace.into(),
            name: name.into(),
            uid: format!("uid-{environment}-{name}").into(),
        }
    }

    pub fn put(&mut self, environment: &str, fact: Fact) -> &mut Self {
        self.facts.entry(environment.into()).or_default().push(fact);
        self
    }

    /// A healthy Application in sync, changed by `change`.
    pub fn application(
        &mut self,
        environment: &str,
        app: &str,
        change: impl FnOnce(&mut Application),
    ) -> &mut Self {
        let mut application = Application {
            id: self.id(environment, "cluster-services", app),
            resource_version: "1".into(),
            annotations: Texts::default(),
            project: "govuk".into(),
            sync: leverframe::model::Sync::Synced,
            compared_revision: Some(commit("tip")),
            synced_revision: Some(commit("tip")),
            health: Health::Healthy,
            health_message: None,
            health_since: None,
            operation: None,
            operation_requested: false,
            operation_plan: None,
            conditions: Vec::new(),
            auto_sync: true,
            auto_prune: false,
            sync_options: vec!["ApplyOutOfSyncOnly=true".into()],
            retry: None,
            parent: Some("app-config".into()),
            target_revision: Some("HEAD".into()),
            deleting: false,
            reconciled_at: Some(ago("2m")),
            images: Vec::new(),
            out_of_sync: Vec::new(),
            to_prune: Vec::new(),
        };
        change(&mut application);
        self.put(environment, Fact::Application(application))
    }

    /// A Deployment of six that is rolled out, changed by `change`.
    pub fn deployment(
        &mut self,
        environment: &str,
        app: &str,
        change: impl FnOnce(&mut Deployment),
    ) -> &mut Self {
        let mut deployment = Deployment {
            id: self.id(environment, "apps", app),
            labels: [("app.kubernetes.io/instance".into(), app.into())].into(),
            generation: 1,
            observed_generation: 1,
            replicas_wanted: Some(6),
            replicas: 6,
            updated: 6,
            available: 6,
            ready: 6,
            paused: false,
            conditions: Vec::new(),
            images: Vec::new(),
        };
        change(&mut deployment);
        self.put(environment, Fact::Deployment(deployment))
    }

    /// A ready pod of a version, changed by `change`.
    pub fn pod(
        &mut self,
        environment: &str,
        app: &str,
        repository: &str,
        version: &str,
        change: impl FnOnce(&mut Pod),
    ) -> &mut Self {
        let name = format!("{app}-{version}-{}", self.next());
        let image = format!("ecr.example/github/{repository}:{version}");
        let mut pod = Pod {
            id: self.id(environment, "apps", &name),
            labels: [("app.kubernetes.io/instance".into(), app.into())].into(),
            node_id: None,
            job: None,
            phase: "Running".into(),
            ready: true,
            deleting: false,
            created: Some(ago("22m")),
            reason: None,
            unschedulable: None,
            containers: vec![Container {
                name: "app".into(),
                image: image.clone().into(),
                image_id: format!("ecr.example/github/{repository}@sha256:{version:0>64}").into(),
                container_id: format!("containerd://{name}").into(),
                ready: true,
                restarts: 0,
                waiting: None,
                waiting_message: None,
                running: true,
                terminated: None,
                ended: None,
                lasted_s: None,
            }],
            init_containers: Vec::new(),
        };
        change(&mut pod);
        self.put(environment, Fact::Pod(pod))
    }

    /// A pod that crashes.
    pub fn crashing(
        &mut self,
        environment: &str,
        app: &str,
        repository: &str,
        version: &str,
    ) -> &mut Self {
        self.pod(environment, app, repository, version, |pod| {
            pod.ready = false;
            let container = &mut pod.containers[0];
            container.ready = false;
            container.running = false;
            container.restarts = 7;
            container.waiting = Some("CrashLoopBackOff".into());
            container.waiting_message = Some("back-off 5m0s restarting failed container".into());
            container.terminated = Some(("Error".into(), 1));
        })
    }

    /// A smoke run of one failed or passed step, changed by `change`.
    pub fn smoke(
        &mut self,
        environment: &str,
        app: &str,
        repository: &str,
        version: &str,
        phase: &str,
        age: &str,
        change: impl FnOnce(&mut Run),
    ) -> &mut Self {
        let name = format!("post-sync-{}", self.next());
        let labels: Texts = [
            ("application", app),
            ("repoName", repository),
            ("imageTag", version),
            ("automaticDeploysEnabled", "true"),
            ("promoteDeployment", "true"),
        ]
        .into_iter()
        .map(|(k, v)| (Arc::from(k), Arc::from(v)))
        .collect();
        let over = phase != "Running";
        let mut run = Run {
            id: self.id(environment, "apps", &name),
            resource_version: "1".into(),
            template: Some("post-sync".into()),
            labels: labels.clone(),
            annotations: Texts::default(),
            generate_name: Some("post-sync-".into()),
            owners: None,
            spec: "{\"workflowTemplateRef\":{\"name\":\"post-sync\"}}".into(),
            parameters: labels,
            phase: RunPhase::parse(phase),
            message: None,
            shutdown: None,
            suspended: false,
            created: Some(ago(age)),
            started: Some(ago(age)),
            finished: over.then(|| ago(age)),
            progress: Some("1/1".into()),
            nodes: Nodes::Read(Arc::new(Vec::new())),
            memoized: false,
            exit_handler: None,
            retries_all: false,
            retry_expression: None,
        };
        change(&mut run);
        self.put(environment, Fact::Run(run))
    }

    /// A whole cluster that says nothing since so long, and why.
    pub fn silent(
        &mut self,
        environment: &str,
        age: &str,
        kind: FaultKind,
        detail: &str,
    ) -> &mut Self {
        let fault = Fault::new(kind, detail, "Log in again.");
        self.faults
            .push((Source::Cluster(environment.into()), None, ago(age), fault));
        self
    }

    /// One kind of a cluster that may not be read.
    pub fn forbidden(&mut self, environment: &str, kind: Kind) -> &mut Self {
        let detail = format!("{} may not be listed by ops-1.", kind.word());
        let fault = Fault::new(
            FaultKind::Forbidden,
            detail,
            "Ask for the role that may list them.",
        );
        self.faults.push((
            Source::Cluster(environment.into()),
            Some(kind),
            ago("10s"),
            fault,
        ));
        self
    }

    /// The credential may do all that the levers need.
    pub fn may_all(&mut self) -> &mut Self {
        for (verb, resource, namespace) in [
            ("create", "workflows", "apps"),
            ("patch", "workflows", "apps"),
            ("patch", "applications", "cluster-services"),
        ] {
            self.permissions.push(Permission {
                verb: verb.into(),
                resource: resource.into(),
                namespace: namespace.into(),
                allowed: true,
                reason: None,
            });
        }
        self
    }

    /// All that the readers would have sent.
    pub fn deltas(&self) -> Vec<Delta> {
        let silent = |source: &Source| {
            self.faults
                .iter()
                .find(|(of, kind, ..)| of == source && kind.is_none())
                .map(|(_, _, at, _)| *at)
        };
        let mut deltas = Vec::new();
        let mut say = |source: &Source, news: News| {
            let seen_at = silent(source).unwrap_or(ago("2s"));
            deltas.push(Delta {
                source: source.clone(),
                subscription: 1,
                seen_at,
                news,
            });
        };
        let mut changes = self.changes.clone();
        changes.sort_by_key(|change| std::cmp::Reverse(change.at));
        let since = changes.last().map_or(now(), |oldest| oldest.at);
        let mut tree = self.tree.clone();
        for file in tree.files.values_mut() {
            if file.slots.is_empty() {
                file.slots = plain_slots(&self.delivery, file);
            }
        }
        tree.name_apps_after_files();
        tree.mainline = Arc::new(
            std::iter::once(tree.tip.clone())
                .chain(changes.iter().map(|c| c.commit.clone()))
                .collect(),
        );
        say(&Source::Git, News::Declared(Arc::new(tree)));
        say(&Source::Git, News::Alive);
        say(
            &Source::Git,
            News::Changes {
                changes,
                walked: match self.is_walked_whole {
                    true => Walked::ToTheEnd(since),
                    false => Walked::Older(since),
                },
            },
        );
        for environment in &self.clusters {
            let source = Source::Cluster(environment.clone());
            let kinds = [
                Kind::Applications,
                Kind::Runs,
                Kind::Deployments,
                Kind::Pods,
            ];
            let readable = |kind: &Kind| {
                !self
                    .faults
                    .iter()
                    .any(|(of, k, ..)| *of == source && *k == Some(*kind))
            };
            for kind in kinds.into_iter().filter(readable) {
                let facts = self.facts.get(environment).into_iter().flatten();
                let facts: Vec<&Fact> = facts.filter(|f| f.kind() == kind).collect();
                let mut lists: BTreeSet<ClusterList> = facts
                    .iter()
                    .map(|f| ClusterList::new(kind, &f.id().namespace))
                    .collect();
                lists.insert(usual_list(kind));
                for list in &lists {
                    say(&source, News::Listing(list.clone()));
                }
                for fact in facts {
                    say(&source, News::Put(fact.clone()));
                }
                for list in lists {
                    say(&source, News::Listed(list));
                }
            }
            for (_, exposure) in self.exposed.iter().filter(|(e, _)| e == environment) {
                say(&source, News::Exposed(Some(*exposure)));
            }
            let own = format!("https://{environment}.example");
            let address = ClusterAddress {
                url: self
                    .addresses
                    .get(environment)
                    .unwrap_or(&own)
                    .as_str()
                    .into(),
                proxy: None,
            };
            say(&source, News::Address(address));
            if !self.permissions.is_empty() {
                say(&source, News::Permissions(self.permissions.clone()));
            }
        }
        say(&Source::Git, News::Pushable(self.unpushable.clone()));
        say(&Source::Git, News::Exposed(self.remote_exposed));
        for (source, kind, _, fault) in &self.faults {
            let seen_at = now();
            let news = News::Fault {
                list: kind.map(usual_list),
                fault: fault.clone(),
                retry_at: None,
            };
            deltas.push(Delta {
                source: source.clone(),
                subscription: 1,
                seen_at,
                news,
            });
        }
        deltas
    }

    /// A console that has read all this, at a size.
    pub fn state(&self, columns: u16, rows: u16) -> State {
        let mut state = blank(self.delivery.clone(), columns, rows);
        state.store.expect(Source::Git);
        for environment in &self.clusters {
            state.store.expect(Source::Cluster(environment.clone()));
        }
        for delta in self.deltas() {
            state.store.apply(delta);
        }
        leverframe::update::derive_state(&mut state);
        state
    }
}

/// A console that has read nothing yet.
pub fn blank(delivery: Arc<Delivery>, columns: u16, rows: u16) -> State {
    let store = Store::new(&delivery);
    State {
        delivery,
        keys: Arc::new(Keymap::built_in().expect("the built-in keys")),
        settings: Settings {
            who: Actor {
                login: "ops-1".into(),
                from: Some("192.0.2.7".into()),
                shared: false,
            },
            host: "ops-1".into(),
            read_only: false,
            demo: None,
            // Without the zone tables of the machine that runs the test.
            zone: TimeZone::fixed(jiff::tz::offset(1)),
            zone_name: "London".into(),
            theme: ThemeSettings::default(),
            clusters: clusters(),
            logins: ["integration", "staging", "production"]
                .map(|environment| Source::Cluster(environment.into()))
                .into(),
            log_cap: 1 << 20,
        },
        store,
        journal: Journal::default(),
        unannounced: Default::default(),
        journal_fault: None,
        calls: VecDeque::new(),
        looks: Default::default(),
        board: Default::default(),
        board_of: None,
        ui: Ui::default(),
        now: now(),
        size: (columns, rows),
    }
}

/// How the clusters are reached: a file for two of them, contexts that are not named like the environments.
pub fn clusters() -> leverframe::plan::show::Clusters {
    let cluster = |file: &str, context: &str| leverframe::plan::show::Cluster {
        kubeconfig: format!("/home/ops/.kube/{file}"),
        context: context.into(),
    };
    BTreeMap::from([
        ("integration".into(), cluster("lower", "govuk-integration")),
        ("staging".into(), cluster("lower", "govuk-staging")),
        (
            "production".into(),
            cluster("the real one", "govuk-production"),
        ),
    ])
}

/// The night of the drawings: a crash, a lower pair, a failed smoke run, held hops, a branch build, and many calm apps.
pub fn night() -> World {
    let mut world = World::new();
    world.app("whitehall-admin", &["whitehall"]);
    for (environment, age) in [
        ("integration", "2h"),
        ("staging", "27m"),
        ("production", "22m"),
    ] {
        world.moved(
            environment,
            "whitehall",
            "v3082",
            "v3083",
            "31h",
            ActorKind::Robot,
        );
        world.stands(environment, "whitehall", "v3083", "v3084", age);
    }
    world.healthy("integration", "whitehall-admin", "whitehall", "v3084");
    world.healthy("staging", "whitehall-admin", "whitehall", "v3084");
    world.application("production", "whitehall-admin", |a| {
        a.health = Health::Progressing;
        a.health_message = Some("Waiting for rollout to finish: 2 out of 6 new replicas".into());
    });
    world.deployment("production", "whitehall-admin", |deployment| {
        deployment.updated = 2;
        deployment.conditions = vec![Condition {
            kind: "Available".into(),
            status: "False".into(),
            reason: "MinimumReplicasUnavailable".into(),
            message: "Deployment does not have minimum availability.".into(),
            at: Some(ago("22m")),
        }];
    });
    for _ in 0..4 {
        world.pod(
            "production",
            "whitehall-admin",
            "whitehall",
            "v3083",
            |_| {},
        );
    }
    for _ in 0..2 {
        world.crashing("production", "whitehall-admin", "whitehall", "v3084");
    }
    for app in ["frontend", "draft-frontend"] {
        world.app(app, &["frontend"]);
    }
    world.stands("integration", "frontend", "v1600", "v1601", "9h");
    world.stands("staging", "frontend", "v1600", "v1601", "9h");
    world.moved(
        "production",
        "frontend",
        "v1599",
        "v1601",
        "3d",
        ActorKind::Robot,
    );
    world.stands("production", "frontend", "v1601", "v1600", "9h");
    for app in ["frontend", "draft-frontend"] {
        world.healthy("integration", app, "frontend", "v1601");
        world.healthy("staging", app, "frontend", "v1601");
        world.healthy("production", app, "frontend", "v1600");
    }
    world.app("publisher", &["publisher"]);
    world.stands("integration", "publisher", "v1361", "v1362", "2h");
    world.stands("staging", "publisher", "v1361", "v1362", "44m");
    world.stands("production", "publisher", "v1360", "v1361", "26h");
    world.healthy("integration", "publisher", "publisher", "v1362");
    world.application("staging", "publisher", |_| {});
    for _ in 0..2 {
        world.pod("staging", "publisher", "publisher", "v1362", |_| {});
    }
    world.smoke(
        "staging",
        "publisher",
        "publisher",
        "v1362",
        "Failed",
        "41m",
        |_| {},
    );
    world.healthy("production", "publisher", "publisher", "v1361");
    world.app("account-api", &["account-api"]);
    world.moved(
        "staging",
        "account-api",
        "v735",
        "v737",
        "6d",
        ActorKind::Robot,
    );
    world.stands("integration", "account-api", "v737", "v749", "6h");
    world.moved(
        "integration",
        "account-api",
        "v735",
        "v737",
        "6d",
        ActorKind::Robot,
    );
    world.file("staging", "account-api", |file| {
        file.version = Some("v737".into())
    });
    world.stands("production", "account-api", "v735", "v737", "6d");
    world.healthy("integration", "account-api", "account-api", "v749");
    world.healthy("staging", "account-api", "account-api", "v737");
    world.healthy("production", "account-api", "account-api", "v737");
    world.app("service-manual-publisher", &["service-manual-publisher"]);
    let branch = "9f83e630aa83e630aa83e630aa83e630aa83e630";
    world.stands(
        "integration",
        "service-manual-publisher",
        "v760",
        branch,
        "5h",
    );
    world.stands("staging", "service-manual-publisher", "v758", "v760", "3d");
    world.stands(
        "production",
        "service-manual-publisher",
        "v758",
        "v760",
        "3d",
    );
    for environment in ["staging", "production"] {
        world.healthy(
            environment,
            "service-manual-publisher",
            "service-manual-publisher",
            "v760",
        );
    }
    world.application("integration", "service-manual-publisher", |a| {
        a.annotations.insert("imageTag".into(), branch.into());
    });
    for n in 1..=53 {
        world.calm(&format!("app-{n:02}"), &format!("v{}", 100 + n), "12d");
    }
    for app in [
        "whitehall",
        "frontend",
        "publisher",
        "account-api",
        "service-manual-publisher",
    ] {
        world.closed("integration", app, "17m", "hold");
    }
    for n in 1..=44 {
        world.closed("integration", &format!("app-{n:02}"), "17m", "hold");
    }
    for environment in world.environments() {
        world.application(environment.as_str(), "app-config", |a| a.parent = None);
    }
    world.silent(
        "integration",
        "14m",
        FaultKind::Unauthorized,
        "token expired",
    );
    world
}

/// Notes a plan that was intended so long ago and has no outcome.
pub fn intend(state: &mut State, mut plan: Plan, age: &str) {
    plan.made_at = ago(age);
    state.journal.add_entry(Entry {
        at: ago(age),
        plan: plan.id.clone(),
        what: What::Intent {
            plan: Box::new(plan),
        },
    });
}

/// Notes a plan that was sent and acknowledged so long ago.
pub fn remember(state: &mut State, plan: Plan, age: &str) {
    let id = plan.id.clone();
    intend(state, plan, age);
    let outcome = Outcome::Applied {
        evidence: "deploy-image-7f3a created".into(),
    };
    state.journal.add_entry(Entry {
        at: ago(age),
        plan: id,
        what: What::Outcome { outcome },
    });
}
