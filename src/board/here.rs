//! Here: the facts of one app in one environment, found by its name.
//!
//! Nothing is collected beforehand, so that one row costs only its own objects, however many others there are.
//! Deliberately absent: conclusions.

use super::status::TargetKind;
use crate::belongs::{self, lists};
use crate::delivery::Delivery;
use crate::model::*;
use crate::store::{Cluster, Kind, Source, Store};

/// One environment, and what all of its rows share.
pub struct Here<'a> {
    pub environment: &'a Environment,
    /// None: the cluster is not configured.
    pub cluster: Option<&'a Cluster>,
    /// Whether the Applications were listed once.
    pub applications_read: bool,
    pub parent: Option<&'a Application>,
    store: &'a Store,
    delivery: &'a Delivery,
}

/// One app of one environment, with the files that it names.
pub struct AppHere {
    pub app: App,
    pub repositories: Vec<Repository>,
    pub kind: TargetKind,
}

impl<'a> Here<'a> {
    pub fn new(store: &'a Store, delivery: &'a Delivery, environment: &'a Environment) -> Self {
        let state = store.source(&Source::Cluster(environment.clone()));
        let mut here = Here {
            environment,
            cluster: store.clusters.get(environment),
            applications_read: state.is_some_and(|s| s.is_listed(Kind::Applications)),
            parent: None,
            store,
            delivery,
        };
        here.parent = here.parent_name().and_then(|name| here.application(name));
        here
    }

    pub fn application(&self, app: &str) -> Option<&'a Application> {
        belongs::application(self.store, self.delivery, self.environment, app)
    }

    /// Whether the pods of an app were listed once, in the namespace where it lives.
    pub fn is_pods_read(&self, app: &App) -> bool {
        let target = Target {
            environment: self.environment.clone(),
            app: app.clone(),
        };
        let list = lists::list_of(self.store, self.delivery, &target, Kind::Pods);
        let source = Source::Cluster(self.environment.clone());
        let known = |list| self.store.source(&source)?.lists.get(&list);
        list.and_then(known).is_some_and(|list| list.listed)
    }

    /// An Application that is there and could not be understood.
    pub fn is_odd_application(&self, app: &App) -> bool {
        let odd = self.cluster.map(|cluster| cluster.odd.keys());
        let mut names = odd.into_iter().flatten();
        names.any(|(list, name)| list.kind == Kind::Applications && **name == *app.as_str())
    }

    pub fn pods(&self, app: &str) -> Vec<&'a Pod> {
        let target = Target::new(self.environment.as_str(), app);
        belongs::pods(self.store, self.delivery, &target)
    }

    pub fn deployments(&self, app: &str) -> Vec<&'a Deployment> {
        let target = Target::new(self.environment.as_str(), app);
        belongs::deployments(self.store, self.delivery, &target)
    }

    /// Smoke runs, newest first.
    pub fn smoke(&self, app: &str) -> Vec<&'a Run> {
        let target = Target::new(self.environment.as_str(), app);
        belongs::runs::smoke(self.store, self.delivery, &target)
    }

    fn has_file(&self, repository: &Repository) -> bool {
        self.store.declared(self.environment, repository).is_some()
    }

    fn listed(&self, app: &AppDeclared) -> AppHere {
        let has_file = app.repositories.iter().any(|r| self.has_file(r));
        AppHere {
            app: app.app.clone(),
            repositories: app.repositories.clone(),
            kind: match has_file {
                true => TargetKind::App,
                false => TargetKind::NoFile,
            },
        }
    }

    fn parent_name(&self) -> Option<&'a str> {
        self.delivery.argo_cd.as_ref()?.parent.as_deref()
    }

    /// The app of apps, which renders the others into an environment whose cluster is configured.
    fn parent_here(&self) -> Option<AppHere> {
        let parent = self.parent_name()?;
        self.cluster.is_some().then(|| AppHere {
            app: App::new(parent),
            repositories: Vec::new(),
            kind: TargetKind::Parent,
        })
    }

    /// A file that no app of the list ships from.
    fn orphan(&self, repository: &Repository) -> Option<AppHere> {
        (!self.store.is_named(self.environment, repository)).then(|| AppHere {
            app: App::new(repository.as_str()),
            repositories: vec![repository.clone()],
            kind: TargetKind::Orphan,
        })
    }

    /// The apps of the environment: the app of apps, those that are listed, then the files that none of them ships from.
    pub fn apps(&self) -> Vec<AppHere> {
        let mut apps: Vec<AppHere> = self.parent_here().into_iter().collect();
        let Some(tree) = &self.store.tree else {
            return apps;
        };
        let is_parent = |app: &App| self.parent_name() == Some(app.as_str());
        let listed = tree.apps.get(self.environment).into_iter().flatten();
        let listed = listed.filter(|listed| !is_parent(&listed.app));
        apps.extend(listed.map(|app| self.listed(app)));
        let first = (self.environment.clone(), Repository::new(""));
        let files = tree
            .files
            .range(first..)
            .map(|((environment, repository), _)| (environment, repository))
            .take_while(|(environment, _)| *environment == self.environment);
        let files = files.filter(|(_, repository)| Some(repository.as_str()) != self.parent_name());
        apps.extend(files.filter_map(|(_, repository)| self.orphan(repository)));
        apps
    }

    /// The apps of one name: the app of apps; else an app of the list, an orphan file, both or neither.
    pub fn apps_called(&self, app: &App) -> impl Iterator<Item = AppHere> {
        let parent = self.parent_here().filter(|parent| parent.app == *app);
        let is_parent = parent.is_some();
        let listed = self.store.app(self.environment, app);
        let repository = Repository::new(app.as_str());
        let file = self
            .has_file(&repository)
            .then(|| self.orphan(&repository))
            .flatten();
        let listed = listed.map(|app| self.listed(app));
        let apps = listed.into_iter().chain(file);
        parent.into_iter().chain(apps.filter(move |_| !is_parent))
    }
}
