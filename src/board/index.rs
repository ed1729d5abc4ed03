//! Index: the facts of every cluster by app, built once for a whole board.
//!
//! Deliberately absent: conclusions.

use crate::belongs::{Namespaces, runs};
use crate::delivery::Delivery;
use crate::model::*;
use crate::store::{Cluster, Kind, Source, Store};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The facts of one environment by app.
pub struct Here<'a> {
    pub environment: &'a Environment,
    /// None: the cluster is not configured.
    pub cluster: Option<&'a Cluster>,
    pub applications: HashMap<&'a str, &'a Application>,
    pub pods: HashMap<&'a str, Vec<&'a Pod>>,
    /// Smoke runs by app, newest first.
    pub smoke: HashMap<&'a str, Vec<&'a Run>>,
    /// Which kinds were listed once.
    pub applications_read: bool,
    pub pods_read: bool,
    pub runs_read: bool,
    pub parent: Option<&'a Application>,
    /// Apps in the order of the values file, else of the file names.
    pub apps: Vec<AppHere<'a>>,
}

/// One app of one environment, with the files that it names.
pub struct AppHere<'a> {
    pub app: &'a str,
    pub repositories: Vec<&'a Repository>,
    pub orphan: bool,
    pub has_file: bool,
}

pub struct Index<'a> {
    pub here: BTreeMap<&'a Environment, Here<'a>>,
}

impl<'a> Index<'a> {
    pub fn new(store: &'a Store, delivery: &'a Delivery) -> Self {
        let here = delivery
            .environments
            .iter()
            .map(|stage| (&stage.name, Here::new(store, delivery, &stage.name)));
        Self {
            here: here.collect(),
        }
    }
}

impl<'a> Here<'a> {
    pub fn new(store: &'a Store, delivery: &'a Delivery, environment: &'a Environment) -> Self {
        let cluster = store.clusters.get(environment);
        let state = store.source(&Source::Cluster(environment.clone()));
        let read = |kind: Kind| {
            state
                .and_then(|s| s.kinds.get(&kind))
                .is_some_and(|k| k.listed)
        };
        let mut here = Here {
            environment,
            cluster,
            applications: HashMap::new(),
            pods: HashMap::new(),
            smoke: HashMap::new(),
            applications_read: read(Kind::Applications),
            pods_read: read(Kind::Pods),
            runs_read: read(Kind::Runs),
            parent: None,
            apps: apps(store, environment),
        };
        if let Some(cluster) = cluster {
            here.read(store, cluster, delivery);
        }
        here
    }

    fn read(&mut self, store: &'a Store, cluster: &'a Cluster, delivery: &'a Delivery) {
        if let Some(argo_cd) = &delivery.argo_cd {
            for application in cluster
                .applications
                .iter()
                .filter(|a| a.id.namespace == argo_cd.namespace)
            {
                self.applications.insert(&application.id.name, application);
            }
            self.parent = argo_cd
                .parent
                .as_deref()
                .and_then(|name| self.applications.get(name).copied());
        }
        let namespaces = Namespaces::new(store, delivery, self.environment);
        for pod in cluster.pods.iter() {
            if let Some(app) = namespaces.owner(delivery, &pod.id, &pod.labels) {
                self.pods.entry(app).or_default().push(pod);
            }
        }
        let Some(runs) = &delivery.runs else { return };
        for run in cluster.runs.iter() {
            if let Some(app) = runs::smoke_app(runs, run) {
                self.smoke.entry(app).or_default().push(run);
            }
        }
        for runs in self.smoke.values_mut() {
            runs.sort_by(|a, b| runs::newest_first(a, b));
        }
    }
}

/// The apps of an environment: from its values file, else its file names; then the orphan files.
fn apps<'a>(store: &'a Store, environment: &'a Environment) -> Vec<AppHere<'a>> {
    let Some(tree) = &store.tree else {
        return Vec::new();
    };
    let files: HashSet<&Repository> = tree
        .files
        .keys()
        .filter(|(e, _)| e == environment)
        .map(|(_, repository)| repository)
        .collect();
    let mut ordered: Vec<&Repository> = files.iter().copied().collect();
    ordered.sort();
    let Some(declared) = tree.apps.get(environment) else {
        return ordered
            .into_iter()
            .map(|file| AppHere {
                app: file.as_str(),
                repositories: vec![file],
                orphan: false,
                has_file: true,
            })
            .collect();
    };
    let mut named: HashSet<&Repository> = HashSet::new();
    let mut apps: Vec<AppHere<'a>> = Vec::new();
    for app in declared {
        named.extend(app.repositories.iter());
        apps.push(AppHere {
            app: app.app.as_str(),
            repositories: app.repositories.iter().collect(),
            orphan: false,
            has_file: app.repositories.iter().any(|r| files.contains(r)),
        });
    }
    apps.extend(
        ordered
            .into_iter()
            .filter(|file| !named.contains(file))
            .map(|file| AppHere {
                app: file.as_str(),
                repositories: vec![file],
                orphan: true,
                has_file: true,
            }),
    );
    apps
}
