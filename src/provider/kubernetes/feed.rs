//! Feed: one cluster turned into news: what is watched there for as long as the console runs, and what only for an open target.
//!
//! Applications, Workflows, Deployments and Pods are watched; Jobs and Events only of the target that is open. Each kind has
//! its own watch, so that one that is forbidden or broken leaves the others. Deliberately absent: opinions about the facts.

mod health;
mod kept;
mod rights;

use super::connect::{Access, Known, KubeContext};
use super::watch::{Listener, Pace, Watch, WatchEvent};
use super::wire::{self, Application, Happening, Job, Pod, Wire, Workflow};
use crate::delivery::Delivery;
use crate::model::{App, Environment};
use crate::provider::{Calls, Feed, OwnNamespaces};
use crate::store::{ClusterList, Kind, News, Source};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use health::Health;
pub use kept::Bounds;
use kept::Kept;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::watch as signal;

/// Where in a cluster things are.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Namespace of the Applications; none where the delivery has no Argo CD.
    pub applications: Option<Arc<str>>,
    /// Namespace of the Workflows; none where it has no runs.
    pub runs: Option<Arc<str>>,
    /// None where the delivery does not say how workloads are known.
    pub workloads: Option<Workloads>,
}

/// Where Deployments, Pods, Jobs and Events of apps are.
#[derive(Clone, Debug)]
pub struct Workloads {
    /// The namespace of apps that name none of their own.
    pub namespace: Arc<str>,
    /// The label by which an object of an app names it.
    pub app_label: Arc<str>,
}

impl From<&Delivery> for Scope {
    fn from(delivery: &Delivery) -> Self {
        Self {
            applications: delivery.argo_cd.as_ref().map(|a| a.namespace.clone()),
            runs: delivery.runs.as_ref().map(|r| r.namespace.clone()),
            workloads: delivery.workloads.as_ref().map(|of| Workloads {
                namespace: of.namespace.clone(),
                app_label: of.app_label.clone(),
            }),
        }
    }
}

impl Scope {
    /// Runs and nothing else.
    pub fn of_runs(delivery: &Delivery) -> Self {
        Self {
            applications: None,
            workloads: None,
            ..Self::from(delivery)
        }
    }

    /// The lists that are watched all the time.
    fn lists(&self) -> Vec<ClusterList> {
        let of = |kind, namespace: &Arc<str>| ClusterList {
            kind,
            namespace: namespace.clone(),
        };
        let applications = self.applications.iter();
        let runs = self.runs.iter();
        let workloads = self.workloads.iter().flat_map(|workloads| {
            [Kind::Deployments, Kind::Pods].map(|kind| of(kind, &workloads.namespace))
        });
        applications
            .map(|namespace| of(Kind::Applications, namespace))
            .chain(runs.map(|namespace| of(Kind::Runs, namespace)))
            .chain(workloads)
            .collect()
    }
}

/// One cluster, read for one environment.
pub struct Cluster {
    environment: Environment,
    scope: Scope,
    access: Arc<Access>,
    feed: Feed,
    calls: Option<Calls>,
    pace: Pace,
    bounds: Bounds,
    health: Arc<Health>,
    kick: signal::Sender<u64>,
    open: signal::Sender<Option<App>>,
    namespaces: signal::Receiver<OwnNamespaces>,
}

impl Cluster {
    /// Prepares; nothing is asked before [`Cluster::read`]. The feed's source is the cluster of `environment`. Apps that
    /// live in a namespace of their own are read there as soon as `namespaces` says so.
    pub fn new(
        environment: Environment,
        place: KubeContext,
        scope: Scope,
        feed: Feed,
        calls: Option<Calls>,
        namespaces: signal::Receiver<OwnNamespaces>,
    ) -> Self {
        let mut access = Access::new(place);
        if let Some(calls) = &calls {
            access = access.telling(calls.clone(), Source::Cluster(environment.clone()));
        }
        Self {
            environment,
            scope,
            access: Arc::new(access),
            health: Arc::default(),
            feed,
            calls,
            pace: Pace::default(),
            bounds: Bounds::default(),
            kick: signal::Sender::new(0),
            open: signal::Sender::new(None),
            namespaces,
        }
    }

    /// The way to the cluster, for a log's follower or a writer.
    pub fn access(&self) -> &Arc<Access> {
        &self.access
    }

    /// Where it reads.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What the kubeconfig says of the cluster, once it was read.
    pub fn known(&self) -> Option<Known> {
        self.access.known().borrow().clone()
    }

    /// Asks for answers now: ends pauses, renews quiet links, asks for permissions again.
    pub fn refresh(&self) {
        self.kick.send_modify(|n| *n += 1);
    }

    /// Watches the Jobs and Events of this app in place of the one before. With none, stops watching them.
    pub fn open(&self, app: Option<App>) {
        self.open.send_if_modified(|open| {
            let other = *open != app;
            *open = app;
            other
        });
    }

    /// Reads until nobody listens to the feed. Dropping the future ends it, too.
    pub async fn read(&self) {
        if !self.feed.send(News::Connecting(self.scope.lists())).await {
            return;
        }
        let Scope {
            applications, runs, ..
        } = &self.scope;
        self.health.expect(self.scope.lists().len());
        let applications = async {
            if let Some(namespace) = applications {
                self.watch::<Application>(namespace).await;
            }
        };
        let workflows = async {
            if let Some(namespace) = runs {
                self.watch::<Workflow>(namespace).await;
            }
        };
        let permissions = async {
            self.health.all_heard_of().await;
            self.rights().await;
        };
        let way = async {
            let mut known = self.access.known();
            // The sender lives as long as the access does, so waiting cannot fail.
            let known = known.wait_for(Option::is_some).await.ok();
            let known = known.and_then(|known| known.clone());
            if let Some(known) = known
                && self.feed.send(News::Address(known.address)).await
            {
                self.feed.send(News::Exposed(known.exposure)).await;
            }
        };
        tokio::join!(
            way,
            applications,
            workflows,
            self.workloads(),
            self.own_namespaces(),
            self.opened(),
            permissions,
        );
    }

    async fn watch<T: Wire>(&self, namespace: &Arc<str>) {
        self.watch_as::<T>(namespace, true).await;
    }

    async fn watch_as<T: Wire>(&self, namespace: &Arc<str>, main: bool) {
        let mut listener = Reporter::new(self, namespace, main, None);
        self.watching(namespace, "").run::<T>(&mut listener).await;
    }

    /// Watches the Deployments and Pods of the apps that live where most do.
    async fn workloads(&self) {
        if let Some(workloads) = &self.scope.workloads {
            tokio::join!(
                self.watch::<wire::Deployment>(&workloads.namespace),
                self.watch::<Pod>(&workloads.namespace),
            );
        }
    }

    /// Watches those of the apps that live elsewhere as soon as git names the namespace, and the pods of runs. A
    /// namespace that apps have left stays watched; its objects then belong to no app.
    async fn own_namespaces(&self) {
        let Some(workloads) = &self.scope.workloads else {
            return;
        };
        let both = |namespace: Arc<str>| {
            [
                (Kind::Deployments, namespace.clone()),
                (Kind::Pods, namespace),
            ]
        };
        let mut namespaces = self.namespaces.clone();
        let mut watched = BTreeSet::from(both(workloads.namespace.clone()));
        let mut watches = FuturesUnordered::new();
        loop {
            // The pods of runs have the logs of their steps.
            let of_runs = self.scope.runs.clone().map(|runs| (Kind::Pods, runs));
            let of_apps = self.namespaces_of_apps().into_iter().flat_map(both);
            for (kind, namespace) in of_runs.into_iter().chain(of_apps) {
                if watched.insert((kind, namespace.clone())) {
                    watches.push(self.watch_elsewhere(kind, namespace));
                }
            }
            tokio::select! {
                Some(()) = watches.next() => {}
                () = self.feed.closed() => return,
                changed = namespaces.changed() => {
                    if changed.is_err() {
                        // The git feed has ended; the namespaces that it sent last stay.
                        while watches.next().await.is_some() {}
                        return;
                    }
                }
            }
        }
    }

    async fn watch_elsewhere(&self, kind: Kind, namespace: Arc<str>) {
        match kind {
            Kind::Deployments => self.watch_as::<wire::Deployment>(&namespace, false).await,
            _ => self.watch_as::<Pod>(&namespace, false).await,
        }
    }

    /// The namespaces that apps of this environment name for themselves, as far as git was read.
    fn namespaces_of_apps(&self) -> BTreeSet<Arc<str>> {
        let namespaces = self.namespaces.borrow();
        let own = namespaces.get(&self.environment);
        own.into_iter()
            .flat_map(|own| own.values().cloned())
            .collect()
    }

    /// Where the workloads of an app are.
    fn namespace_of<'n>(
        &self,
        own: &'n OwnNamespaces,
        app: &App,
        workloads: &'n Workloads,
    ) -> &'n Arc<str> {
        let own = own.get(&self.environment).and_then(|own| own.get(app));
        own.unwrap_or(&workloads.namespace)
    }

    /// Watches the Jobs and Events of whichever target is open.
    async fn opened(&self) {
        let mut open = self.open.subscribe();
        loop {
            let app = open.borrow_and_update().clone();
            tokio::select! {
                () = self.watch_opened(app) => {}
                changed = open.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
                () = self.feed.closed() => return,
            }
        }
    }

    async fn watch_opened(&self, app: Option<App>) {
        let (Some(app), Some(workloads)) = (app, &self.scope.workloads) else {
            return std::future::pending().await;
        };
        let mut namespaces = self.namespaces.clone();
        loop {
            let now = namespaces.borrow_and_update().clone();
            let namespace = self.namespace_of(&now, &app, workloads);
            let has_moved =
                |own: &OwnNamespaces| self.namespace_of(own, &app, workloads) != namespace;
            tokio::select! {
                () = self.watch_opened_in(namespace, &app, workloads) => return,
                // Git may be read, or say where the app lives, only after it was opened.
                Ok(_) = namespaces.wait_for(has_moved) => {}
            }
        }
    }

    async fn watch_opened_in(&self, namespace: &Arc<str>, app: &App, workloads: &Workloads) {
        let selector = format!("{}={}", workloads.app_label, app.as_str());
        let mut jobs = Reporter::new(self, namespace, false, None);
        let mut happenings = Reporter::new(self, namespace, false, Some(app.as_str()));
        tokio::join!(
            self.watching(namespace, &selector).run::<Job>(&mut jobs),
            self.watching(namespace, "")
                .run::<Happening>(&mut happenings),
        );
    }

    fn watching<'a>(&'a self, namespace: &'a str, selector: &'a str) -> Watch<'a> {
        Watch {
            access: &self.access,
            namespace,
            selector,
            pace: self.pace,
            kick: self.kick.subscribe(),
            calls: self
                .calls
                .clone()
                .map(|calls| (calls, Source::Cluster(self.environment.clone()))),
        }
    }
}

/// Turns the events of a watch into news of the feed.
struct Reporter<'a> {
    cluster: &'a Cluster,
    namespace: &'a Arc<str>,
    /// One of the kinds that are always watched: if all of those fail, the whole source does.
    main: bool,
    /// Only what is about this app, by the names that its objects begin with.
    about: Option<&'a str>,
    kept: Kept,
    /// Why no more is received although somebody listens, until the watch has asked.
    overfull: Option<String>,
}

impl<T: Wire> Listener<T> for Reporter<'_> {
    async fn receive(&mut self, event: WatchEvent<T>) -> bool {
        let Cluster {
            environment, feed, ..
        } = self.cluster;
        let kind = T::KIND;
        let list = ClusterList {
            kind,
            namespace: self.namespace.clone(),
        };
        let news = match event {
            WatchEvent::Begin => {
                self.kept.begin();
                News::Listing(list)
            }
            WatchEvent::Item(item) => match (self.about, item.about()) {
                (Some(app), Some(name)) if !belongs(name, app) => return true,
                _ => {
                    let fact = item.fact(environment);
                    let bytes = fact.weight();
                    let name = fact.id().name.clone();
                    return self.keep(list, &name, News::Put(fact), bytes).await;
                }
            },
            WatchEvent::End => {
                self.kept.end();
                self.note(kind, true);
                News::Listed(list)
            }
            WatchEvent::Recovered => {
                self.note(kind, true);
                // nothing was missed, so what was listed stands
                News::Listed(list)
            }
            WatchEvent::Gone(meta) => {
                self.kept.gone(&meta.name);
                News::Gone(kind, meta.id(environment))
            }
            WatchEvent::Odd { name, why } => {
                let bytes = name.len() + why.len();
                let odd = News::Odd {
                    list: list.clone(),
                    name: name.clone(),
                    why,
                };
                return self.keep(list, &name, odd, bytes).await;
            }
            WatchEvent::Alive => News::Alive,
            WatchEvent::Skew(ms) => News::Skew(ms),
            WatchEvent::Fault { fault, retry_at } => {
                self.note(kind, false);
                let whole = self.main && self.cluster.health.is_nothing_read();
                // This is sent first, so that a receiver who counts the kinds knows already that the whole source
                // failed.
                if whole {
                    let of_whole = News::Fault {
                        list: None,
                        fault: fault.clone(),
                        retry_at,
                    };
                    if !feed.send(of_whole).await {
                        return false;
                    }
                }
                News::Fault {
                    list: Some(list),
                    fault,
                    retry_at,
                }
            }
        };
        feed.send(news).await
    }

    async fn closed(&self) {
        self.cluster.feed.closed().await;
    }

    fn overfull(&mut self) -> Option<String> {
        self.overfull.take()
    }
}

impl<'a> Reporter<'a> {
    fn new(
        cluster: &'a Cluster,
        namespace: &'a Arc<str>,
        main: bool,
        about: Option<&'a str>,
    ) -> Self {
        Self {
            cluster,
            namespace,
            main,
            about,
            kept: Kept::default(),
            overfull: None,
        }
    }

    /// Sends what will be kept, unless that is more than may be: then nothing of the list is kept, because which part of it
    /// is true cannot be told.
    async fn keep(&mut self, list: ClusterList, name: &str, news: News, bytes: usize) -> bool {
        let Cluster { feed, bounds, .. } = self.cluster;
        if self.kept.put(name, bytes, *bounds) {
            return feed.send_of_size(news, bytes).await;
        }
        self.kept.clear();
        self.overfull = Some(format!(
            "The {} of {} brought more than {} objects or {} MB, and are not kept: no cluster has so many.",
            list.kind.word(),
            list.namespace,
            bounds.objects,
            bounds.bytes / (1024 * 1024)
        ));
        feed.send(News::Dropped(list)).await;
        false
    }

    fn note(&self, kind: Kind, is_read: bool) {
        if self.main {
            self.cluster.health.note(kind, is_read);
        }
    }
}

/// Whether an object of this name can be one of the app's: names are made of the app's and a suffix.
fn belongs(name: &str, app: &str) -> bool {
    name.strip_prefix(app)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
}

#[cfg(test)]
mod tests;
