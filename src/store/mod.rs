//! Store: the one fact table: everything seen, keyed by target and identity, each with its source and age.
//!
//! Deliberately absent: opinions (see [`mod@crate::board`]), IO and clocks: a delta brings its own time.

pub mod history;
pub mod source;
#[cfg(test)]
pub(crate) mod world;

pub use history::History;
pub use source::{Kind, KindState, Source, SourceState};

use crate::model::*;
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

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
    /// What was just told was kept from an earlier start: the last sign of life was then, or nobody knows when.
    AsOf(Option<Timestamp>),
    /// The source is being asked for the first time, or again after a fault.
    Connecting,
    /// What went wrong; of one kind, or of the whole source. It ages the facts, it never erases them.
    Fault {
        kind: Option<Kind>,
        fault: Fault,
        retry_at: Option<Timestamp>,
    },
    /// The far side's clock minus ours, in milliseconds.
    Skew(i64),
    /// Why the way to the cluster is not safe, by what its kubeconfig says; none where it is.
    Exposed(Option<Exposure>),
    /// All that is declared at the tip; replaces the last one whole.
    Declared(Arc<Tree>),
    /// History, newest first; `complete` says how far the walk got.
    Changes {
        changes: Vec<Change>,
        walked: Walked,
    },
    /// A list of one kind begins: what it does not name until [`News::Listed`] is gone then.
    Listing(Kind),
    Listed(Kind),
    Put(Fact),
    Gone(Kind, ObjectId),
    /// What the credential may do in this cluster.
    Permissions(Vec<Permission>),
    /// Whether the repository can be pushed to: the fault where it cannot.
    Pushable(Option<Fault>),
    /// An object that could not be read: its name where known, and why.
    Odd {
        kind: Kind,
        name: Arc<str>,
        why: Arc<str>,
    },
}

/// How far the walk through history got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Walked {
    /// Newer than everything known (an increment after a fetch).
    Newer,
    /// Older than everything known; more to come.
    Older,
    /// The walk reached its bound or the first commit.
    ToTheEnd,
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

/// Objects of one kind in one cluster, by namespace and name. The uid tells a recreated one apart.
#[derive(Debug)]
pub struct Table<T> {
    rows: HashMap<(Arc<str>, Arc<str>), T>,
    /// Names seen since the running list began; none when no list runs.
    listing: Option<std::collections::HashSet<(Arc<str>, Arc<str>)>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: HashMap::new(),
            listing: None,
        }
    }
}

impl<T> Table<T> {
    fn put(&mut self, id: &ObjectId, row: T) {
        let key = (id.namespace.clone(), id.name.clone());
        if let Some(seen) = &mut self.listing {
            seen.insert(key.clone());
        }
        self.rows.insert(key, row);
    }
    fn gone(&mut self, id: &ObjectId) {
        self.rows.remove(&(id.namespace.clone(), id.name.clone()));
    }
    fn begin(&mut self) {
        self.listing = Some(std::collections::HashSet::new());
    }
    fn end(&mut self) {
        if let Some(seen) = self.listing.take() {
            self.rows.retain(|key, _| seen.contains(key));
        }
    }
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows.values()
    }
    pub fn get(&self, namespace: &str, name: &str) -> Option<&T> {
        self.rows.get(&(Arc::from(namespace), Arc::from(name)))
    }
    pub fn len(&self) -> usize {
        self.rows.len()
    }
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// What one cluster said.
#[derive(Debug, Default)]
pub struct Cluster {
    pub applications: Table<Application>,
    pub runs: Table<Run>,
    pub deployments: Table<Deployment>,
    pub pods: Table<Pod>,
    pub jobs: Table<Job>,
    pub happenings: Table<Happening>,
    pub odd: BTreeMap<(Kind, Arc<str>), Arc<str>>,
    /// What the credential may do; empty until it was asked.
    pub permissions: Vec<Permission>,
}

/// Everything seen.
#[derive(Debug, Default)]
pub struct Store {
    pub tree: Option<Arc<Tree>>,
    pub history: History,
    pub clusters: BTreeMap<Environment, Cluster>,
    /// Whether the repository can be pushed to; none until it was asked.
    pub pushable: Option<Result<(), Fault>>,
    sources: BTreeMap<Source, SourceState>,
    /// Grows with every delta that changed a fact: derived views compare it to know whether they are old.
    generation: u64,
}

impl Store {
    /// Names a source that is configured, before anything was heard of it. Unconfigured clusters are never named.
    pub fn expect(&mut self, source: Source) {
        if let Source::Cluster(environment) = &source {
            self.clusters.entry(environment.clone()).or_default();
        }
        self.sources.entry(source).or_default();
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

    /// Takes one delta in. A delta of an older subscription than the newest heard of is dropped: true if it counted.
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
        let changed = !matches!(news, News::Alive | News::Skew(_));
        match news {
            News::AsOf(_)
            | News::Alive
            | News::Connecting
            | News::Fault { .. }
            | News::Skew(_)
            | News::Exposed(_) => {}
            News::Declared(tree) => self.tree = Some(tree),
            News::Changes { changes, walked } => self.history.take(changes, walked),
            News::Listing(kind) => self.table(&source, |c| c.begin(kind)),
            News::Listed(kind) => self.table(&source, |c| c.end(kind)),
            News::Put(fact) => self.table(&source, |c| c.put(fact)),
            News::Gone(kind, id) => self.table(&source, |c| c.gone(kind, &id)),
            News::Permissions(permissions) => self.table(&source, |c| c.permissions = permissions),
            News::Pushable(fault) => self.pushable = Some(fault.map_or(Ok(()), Err)),
            News::Odd { kind, name, why } => self.table(&source, |c| {
                c.odd.insert((kind, name), why);
            }),
        }
        if changed {
            self.generation += 1;
        }
        true
    }

    fn table(&mut self, source: &Source, change: impl FnOnce(&mut Cluster)) {
        if let Source::Cluster(environment) = source {
            change(self.clusters.entry(environment.clone()).or_default());
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

    fn put(&mut self, fact: Fact) {
        // readable again
        self.odd.remove(&(fact.kind(), fact.id().name.clone()));
        match fact {
            Fact::Application(x) => self.applications.put(&x.id.clone(), x),
            Fact::Run(x) => self.runs.put(&x.id.clone(), x),
            Fact::Deployment(x) => self.deployments.put(&x.id.clone(), x),
            Fact::Pod(x) => self.pods.put(&x.id.clone(), x),
            Fact::Job(x) => self.jobs.put(&x.id.clone(), x),
            Fact::Happening(x) => self.happenings.put(&x.id.clone(), x),
        }
    }
    fn begin(&mut self, kind: Kind) {
        self.odd.retain(|(k, _), _| *k != kind);
        match kind {
            Kind::Applications => self.applications.begin(),
            Kind::Runs => self.runs.begin(),
            Kind::Deployments => self.deployments.begin(),
            Kind::Pods => self.pods.begin(),
            Kind::Jobs => self.jobs.begin(),
            Kind::Happenings => self.happenings.begin(),
        }
    }
    fn end(&mut self, kind: Kind) {
        match kind {
            Kind::Applications => self.applications.end(),
            Kind::Runs => self.runs.end(),
            Kind::Deployments => self.deployments.end(),
            Kind::Pods => self.pods.end(),
            Kind::Jobs => self.jobs.end(),
            Kind::Happenings => self.happenings.end(),
        }
    }
    fn gone(&mut self, kind: Kind, id: &ObjectId) {
        match kind {
            Kind::Applications => self.applications.gone(id),
            Kind::Runs => self.runs.gone(id),
            Kind::Deployments => self.deployments.gone(id),
            Kind::Pods => self.pods.gone(id),
            Kind::Jobs => self.jobs.gone(id),
            Kind::Happenings => self.happenings.gone(id),
        }
    }
}
