//! Here: the facts of one app in one environment, found by its name.
//!
//! Nothing is collected beforehand: what one row says costs what its own objects cost, however many others there are.
//! Deliberately absent: conclusions.

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
    pub orphan: bool,
    pub has_file: bool,
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
        let parent = delivery.argo_cd.as_ref().and_then(|a| a.parent.as_deref());
        here.parent = parent.and_then(|name| here.application(name));
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

    pub fn pods(&self, app: &str) -> Vec<&'a Pod> {
        let target = Target::new(self.environment.as_str(), app);
        belongs::pods(self.store, self.delivery, &target)
    }

    /// Smoke runs, newest first.
    pub fn smoke(&self, app: &str) -> Vec<&'a Run> {
        let target = Target::new(self.environment.as_str(), app);
        belongs::runs::smoke(self.store, self.delivery, &target)
    }

    fn has_list(&self) -> bool {
        let tree = self.store.tree.as_ref();
        tree.is_some_and(|tree| tree.apps.contains_key(self.environment))
    }

    fn has_file(&self, repository: &Repository) -> bool {
        self.store.declared(self.environment, repository).is_some()
    }

    fn listed(&self, app: &AppDeclared) -> AppHere {
        AppHere {
            app: app.app.clone(),
            repositories: app.repositories.clone(),
            orphan: false,
            has_file: app.repositories.iter().any(|r| self.has_file(r)),
        }
    }

    /// What a file stands for: the app of its name where there is no list of apps, else an orphan where no app names it.
    fn file(&self, repository: &Repository) -> Option<AppHere> {
        (!self.store.is_named(self.environment, repository)).then(|| AppHere {
            app: App::new(repository.as_str()),
            repositories: vec![repository.clone()],
            orphan: self.has_list(),
            has_file: true,
        })
    }

    /// The apps of the environment: from its values file, else its file names; then the orphan files.
    pub fn apps(&self) -> Vec<AppHere> {
        let Some(tree) = &self.store.tree else {
            return Vec::new();
        };
        let listed = tree.apps.get(self.environment).into_iter().flatten();
        let mut apps: Vec<AppHere> = listed.map(|app| self.listed(app)).collect();
        let first = (self.environment.clone(), Repository::new(""));
        let files = tree
            .files
            .range(first..)
            .map(|((environment, repository), _)| (environment, repository))
            .take_while(|(environment, _)| *environment == self.environment);
        apps.extend(files.filter_map(|(_, repository)| self.file(repository)));
        apps
    }

    /// The apps of one name: an app of the list, an orphan file, both or neither.
    pub fn apps_called(&self, app: &App) -> impl Iterator<Item = AppHere> {
        let listed = self.store.app(self.environment, app);
        let repository = Repository::new(app.as_str());
        let file = self
            .has_file(&repository)
            .then(|| self.file(&repository))
            .flatten();
        listed.map(|app| self.listed(app)).into_iter().chain(file)
    }
}
