//! Store: the one fact table: everything seen, keyed by target and identity, each with its source and age.
//!
//! Deliberately absent: opinions (see [`mod@crate::board`]), IO and clocks: a delta brings its own time.

mod attempts;
mod changed;
mod crashes;
#[cfg(test)]
pub(crate) mod fixture;
pub mod history;
mod named;
pub mod source;
mod table;
mod unread;
mod weight;
mod words;

pub use attempts::{Attempts, FailedAttempt};
pub use changed::Changed;
pub use crashes::{AppImage, Crash, Crashes};
pub use history::History;
pub use source::{ClusterList, Kind, ListState, Source, SourceState};
pub use table::Table;
pub use unread::Unread;

use crate::delivery::Delivery;
use crate::model::*;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use words::Words;

/// One piece of news, stamped by the feed that brought it.
#[derive(Clone, Debug)]
pub struct Delta {
    pub source: Source,
    /// Which subscription of the source it belongs to; later subscriptions have higher numbers.
    pub subscription: u64,
    pub seen_at: Timestamp,
    pub news: News,
}

#[allow(clippy::large_enum_variant)] // boxing would cost an allocation for each piece of news
#[derive(Clone, Debug)]
pub enum News {
    /// A sign of life (an answer, a bookmark, a fetch that brought nothing).
    Alive,
    /// The news before this was kept from an earlier start: the last sign of life was then, or at an unknown time.
    AsOf(Option<Timestamp>),
    /// The source is being asked for the first time, or again after a fault; with the lists that it is read by all the time.
    Connecting(Vec<ClusterList>),
    /// What went wrong; with one list, or with the whole source. It ages the facts, it never erases them.
    Fault {
        list: Option<ClusterList>,
        fault: Fault,
        retry_at: Option<Timestamp>,
    },
    /// The far side's clock minus ours, in milliseconds.
    Skew(i64),
    /// Why the connection to the cluster is not safe, by its kubeconfig; none where it is safe.
    Exposed(Option<Exposure>),
    /// All that is declared at the tip; replaces the last one whole.
    Declared(Arc<Tree>),
    /// The tip moved: what is declared there and the changes up to it, oldest first, in one piece, so that no version stands
    /// before it is known what it came from.
    Moved {
        tree: Arc<Tree>,
        changes: Vec<Change>,
        walked: Walked,
    },
    /// History, newest first.
    Changes {
        changes: Vec<Change>,
        walked: Walked,
    },
    /// A list begins: what it does not name until [`News::Listed`] is gone then.
    Listing(ClusterList),
    Listed(ClusterList),
    /// A list brought more than may be kept: nothing of it is, and what there is in it is not known.
    Dropped(ClusterList),
    Put(Fact),
    Gone(Kind, ObjectId),
    /// Where the cluster is, as soon as that is known.
    Address(ClusterAddress),
    /// What the credential may do in this cluster.
    Permissions(Vec<Permission>),
    /// Whether the repository can be pushed to: the fault where it cannot.
    Pushable(Option<Fault>),
    /// An object that could not be read: its name where known, and why.
    Odd {
        list: ClusterList,
        name: Arc<str>,
        why: Arc<str>,
    },
}

/// How far the walk through history got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Walked {
    /// Newer than everything known (an increment after a fetch).
    Newer,
    /// Older than everything known, down to this moment; more to come.
    Older(Timestamp),
    /// The same, and the walk reached its bound.
    ToTheEnd(Timestamp),
    /// The same, and the walk reached the first commit of the branch.
    ToTheStart(Timestamp),
    /// The main branch was rewritten: what was known does not count.
    Restarted,
}

#[allow(clippy::large_enum_variant)] // boxing would cost an allocation for each piece of news
#[derive(Clone, Debug)]
pub enum Fact {
    Application(Application),
    Run(Run),
    Deployment(Deployment),
    Pod(Pod),
    Job(Job),
    Happening(Happening),
}

impl Fact {
    pub fn kind(&self) -> Kind {
        match self {
            Fact::Application(_) => Kind::Applications,
            Fact::Run(_) => Kind::Runs,
            Fact::Deployment(_) => Kind::Deployments,
            Fact::Pod(_) => Kind::Pods,
            Fact::Job(_) => Kind::Jobs,
            Fact::Happening(_) => Kind::Happenings,
        }
    }
    pub fn id(&self) -> &ObjectId {
        match self {
            Fact::Application(x) => &x.id,
            Fact::Run(x) => &x.id,
            Fact::Deployment(x) => &x.id,
            Fact::Pod(x) => &x.id,
            Fact::Job(x) => &x.id,
            Fact::Happening(x) => &x.id,
        }
    }
}

/// What one cluster said.
#[derive(Debug, Default)]
pub struct Cluster {
    pub applications: Table<Application>,
    pub attempts: Attempts,
    pub crashes: Crashes,
    pub runs: Table<Run>,
    pub deployments: Table<Deployment>,
    pub pods: Table<Pod>,
    pub jobs: Table<Job>,
    pub happenings: Table<Happening>,
    pub odd: BTreeMap<(ClusterList, Arc<str>), Arc<str>>,
    /// None until its kubeconfig was read.
    pub address: Option<ClusterAddress>,
    /// What the credential may do; empty until it was asked.
    pub permissions: Vec<Permission>,
}

/// Everything seen.
#[derive(Debug)]
pub struct Store {
    pub tree: Option<Arc<Tree>>,
    pub history: History,
    pub clusters: BTreeMap<Environment, Cluster>,
    /// Whether the repository can be pushed to; none until it was asked.
    pub pushable: Option<Result<(), Fault>>,
    /// Cells whose trouble an operator knows of.
    mutes: BTreeMap<Target, Arc<Mute>>,
    taken_back: BTreeMap<(Environment, Repository), Vec<TakenBack>>,
    sources: BTreeMap<Source, SourceState>,
    words: Words,
    named: named::Named,
    changed: Changed,
    /// Grows with every delta that changed a fact: derived views compare it to know whether they are old.
    generation: u64,
}

impl Store {
    /// Empty, and ready to find a delivery's objects by their apps.
    pub fn new(delivery: &Delivery) -> Self {
        Self {
            tree: None,
            history: History::default(),
            clusters: BTreeMap::new(),
            pushable: None,
            mutes: BTreeMap::new(),
            taken_back: BTreeMap::new(),
            sources: BTreeMap::new(),
            words: Words::new(delivery),
            named: named::Named::default(),
            changed: Changed::default(),
            generation: 0,
        }
    }

    /// Takes out the facts that changed since the last call.
    pub fn take_changed(&mut self) -> Changed {
        std::mem::take(&mut self.changed)
    }

    /// Names a source that is configured, before anything was heard of it. Unconfigured clusters are never named.
    pub fn expect(&mut self, source: Source) {
        if let Source::Cluster(environment) = &source {
            self.clusters.entry(environment.clone()).or_default();
        }
        self.sources.entry(source).or_default();
    }

    /// Our clock was set back: how old facts are does not depend on it.
    pub fn clock_set_back(&mut self, by: SignedDuration) {
        self.sources
            .values_mut()
            .for_each(|source| source.clock_set_back(by));
    }

    pub fn sources(&self) -> impl Iterator<Item = (&Source, &SourceState)> {
        self.sources.iter()
    }

    pub fn source(&self, source: &Source) -> Option<&SourceState> {
        self.sources.get(source)
    }

    pub fn cluster(&self, environment: &Environment) -> Option<&Cluster> {
        self.clusters.get(environment)
    }

    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The file of a repository in an environment.
    pub fn declared(
        &self,
        environment: &Environment,
        repository: &Repository,
    ) -> Option<&Declared> {
        self.tree
            .as_ref()?
            .files
            .get(&(environment.clone(), repository.clone()))
    }

    /// Takes in the roll backs that the journal knows of, all of them.
    pub fn know_taken_back(
        &mut self,
        taken_back: BTreeMap<(Environment, Repository), Vec<TakenBack>>,
    ) {
        let old = std::mem::replace(&mut self.taken_back, taken_back);
        let files = old.keys().chain(self.taken_back.keys());
        let moved = files.filter(|file| old.get(*file) != self.taken_back.get(*file));
        let moved: Vec<Repository> = moved.map(|(_, repository)| repository.clone()).collect();
        if !moved.is_empty() {
            self.changed.repositories.extend(moved);
            self.generation += 1;
        }
    }

    /// The roll backs of a file that the journal knows of, oldest first.
    pub fn taken_back(&self, environment: &Environment, repository: &Repository) -> &[TakenBack] {
        let file = (environment.clone(), repository.clone());
        self.taken_back.get(&file).map_or(&[], Vec::as_slice)
    }

    /// An app of an environment's values file.
    pub fn app(&self, environment: &Environment, app: &App) -> Option<&AppDeclared> {
        self.named.app(self.tree.as_ref()?, environment, app)
    }

    /// Whether an environment has a list of apps that could be read, and one of them ships from the file.
    pub fn is_named(&self, environment: &Environment, repository: &Repository) -> bool {
        self.named.is_named(environment, repository)
    }

    /// Whether a revision of the main branch contains a commit; none where the part of it that was read does not tell.
    pub fn contains(&self, revision: &str, commit: &str) -> Option<bool> {
        self.named.contains(revision, commit)
    }

    /// Applies one delta. A delta of an older subscription than the newest is dropped: true if it counted.
    pub fn apply(&mut self, delta: Delta) -> bool {
        let Delta {
            source,
            subscription,
            seen_at,
            news,
        } = delta;
        let state = self.sources.entry(source.clone()).or_default();
        if subscription < state.subscription {
            return false;
        }
        state.subscription = subscription;
        state.heard(seen_at, &news);
        let is_fact = !matches!(news, News::Alive | News::Skew(_));
        self.note(&news);
        let cluster = match &source {
            Source::Cluster(environment) => {
                Some(self.clusters.entry(environment.clone()).or_default())
            }
            Source::Git => None,
        };
        match (news, cluster) {
            (News::Declared(tree), _) => self.declare(tree),
            (
                News::Moved {
                    tree,
                    changes,
                    walked,
                },
                _,
            ) => {
                self.declare(tree);
                self.history.add_walked(changes, walked);
            }
            (News::Changes { changes, walked }, _) => self.history.add_walked(changes, walked),
            (News::Pushable(fault), _) => self.pushable = Some(fault.map_or(Ok(()), Err)),
            (News::Put(fact), Some(cluster)) => {
                let app = self.words.app(&fact).cloned();
                if let (Fact::Pod(pod), Some(app)) = (&fact, &app) {
                    cluster.crashes.remember(pod, app, seen_at);
                }
                if let Fact::Run(run) = &fact {
                    self.changed.repositories.extend(self.words.delivered(run));
                }
                self.changed
                    .apps
                    .extend(cluster.put(fact, app.as_ref()).into_iter().flatten());
            }
            (News::Gone(kind, id), Some(cluster)) => {
                let run = cluster.runs.get(&id.namespace, &id.name);
                if let Some(run) = run.filter(|_| kind == Kind::Runs) {
                    self.changed.repositories.extend(self.words.delivered(run));
                }
                self.changed.apps.extend(cluster.gone(kind, &id))
            }
            (News::Listing(list), Some(cluster)) => cluster.begin(&list),
            (News::Listed(list), Some(cluster)) => cluster.end(&list),
            (News::Dropped(list), Some(cluster)) => {
                cluster.begin(&list);
                cluster.end(&list);
            }
            (News::Permissions(permissions), Some(cluster)) => cluster.permissions = permissions,
            (News::Address(address), Some(cluster)) => cluster.address = Some(address),
            (News::Odd { list, name, why }, Some(cluster)) => {
                cluster.odd.insert((list, name), why);
            }
            _ => {}
        }
        if is_fact {
            self.generation += 1;
        }
        true
    }

    fn declare(&mut self, tree: Arc<Tree>) {
        self.named = named::Named::new(&tree);
        self.tree = Some(tree);
    }

    /// Takes the mutes in, all of them.
    pub fn mute(&mut self, mutes: BTreeMap<Target, Mute>) {
        let before = std::mem::take(&mut self.mutes);
        self.mutes = mutes
            .into_iter()
            .map(|(target, mute)| (target, Arc::new(mute)))
            .collect();
        let is_other = |target: &&Target| before.get(*target) != self.mutes.get(*target);
        let changed = before.keys().chain(self.mutes.keys()).filter(is_other);
        let apps = changed.map(|target| Arc::from(target.app.as_str()));
        self.changed.apps.extend(apps);
        self.generation += 1;
    }

    pub fn mutes(&self) -> &BTreeMap<Target, Arc<Mute>> {
        &self.mutes
    }

    /// Notes what a piece of news may change, where that is not one app's.
    fn note(&mut self, news: &News) {
        match news {
            News::Alive | News::Skew(_) | News::Put(_) | News::Gone(..) => {}
            News::Changes {
                changes,
                walked: Walked::Newer | Walked::Older(_),
            } => {
                let grown = changes.iter().map(|change| change.repository.clone());
                self.changed.repositories.extend(grown);
            }
            _ => self.changed.everything = true,
        }
    }
}

impl Cluster {
    /// Whether the credential may do it: None until it was asked.
    pub fn may(&self, verb: &str, resource: &str, namespace: &str) -> Option<&Permission> {
        self.permissions
            .iter()
            .find(|p| &*p.verb == verb && &*p.resource == resource && &*p.namespace == namespace)
    }

    /// Returns the apps that the object was and is of.
    fn put(&mut self, fact: Fact, app: Option<&Arc<str>>) -> [Option<Arc<str>>; 2] {
        // readable again
        let list = ClusterList {
            kind: fact.kind(),
            namespace: fact.id().namespace.clone(),
        };
        self.odd.remove(&(list, fact.id().name.clone()));
        match fact {
            Fact::Application(x) => {
                self.attempts.remember(&x);
                self.applications.put(&x.id.clone(), x, app)
            }
            Fact::Run(x) => self.runs.put(&x.id.clone(), x, app),
            Fact::Deployment(x) => self.deployments.put(&x.id.clone(), x, app),
            Fact::Pod(x) => self.pods.put(&x.id.clone(), x, app),
            Fact::Job(x) => self.jobs.put(&x.id.clone(), x, app),
            Fact::Happening(x) => self.happenings.put(&x.id.clone(), x, app),
        }
    }
    fn begin(&mut self, list: &ClusterList) {
        self.odd.retain(|(of, _), _| of != list);
        let namespace = &list.namespace;
        match list.kind {
            Kind::Applications => self.applications.begin(namespace),
            Kind::Runs => self.runs.begin(namespace),
            Kind::Deployments => self.deployments.begin(namespace),
            Kind::Pods => self.pods.begin(namespace),
            Kind::Jobs => self.jobs.begin(namespace),
            Kind::Happenings => self.happenings.begin(namespace),
        }
    }
    fn end(&mut self, list: &ClusterList) {
        let namespace = &list.namespace;
        match list.kind {
            Kind::Applications => {
                self.applications.end(namespace);
                self.attempts.keep_of(&self.applications);
            }
            Kind::Runs => self.runs.end(namespace),
            Kind::Deployments => self.deployments.end(namespace),
            Kind::Pods => self.pods.end(namespace),
            Kind::Jobs => self.jobs.end(namespace),
            Kind::Happenings => self.happenings.end(namespace),
        }
    }
    /// How many objects of a list are known.
    pub fn count(&self, list: &ClusterList) -> usize {
        let namespace = &list.namespace;
        match list.kind {
            Kind::Applications => self.applications.count(namespace),
            Kind::Runs => self.runs.count(namespace),
            Kind::Deployments => self.deployments.count(namespace),
            Kind::Pods => self.pods.count(namespace),
            Kind::Jobs => self.jobs.count(namespace),
            Kind::Happenings => self.happenings.count(namespace),
        }
    }
    /// Returns the app that the object was of.
    fn gone(&mut self, kind: Kind, id: &ObjectId) -> Option<Arc<str>> {
        match kind {
            Kind::Applications => {
                let app = self.applications.gone(id);
                self.attempts.keep_of(&self.applications);
                app
            }
            Kind::Runs => self.runs.gone(id),
            Kind::Deployments => self.deployments.gone(id),
            Kind::Pods => self.pods.gone(id),
            Kind::Jobs => self.jobs.gone(id),
            Kind::Happenings => self.happenings.gone(id),
        }
    }
}
