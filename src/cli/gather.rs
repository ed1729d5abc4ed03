//! Gather: facts for a command that prints and ends, by the same feeds as the console.
//!
//! Deliberately absent: waiting for what nobody asked for, and waiting longer than the limit.

use super::arguments::Common;
use super::exit::{Exit, Failure};
use super::print;
use super::progress::Progress;
use crate::belongs::{lists::all_lists, repositories};
use crate::config::Config;
use crate::connect::{self, Connection, Only};
use crate::delivery::Delivery;
use crate::journal::Journal;
use crate::model::{ActorKind, App, Environment, Fault, FaultKind, Target};
use crate::plan::follow;
use crate::provider::git::feed::{Depth, OneApp};
use crate::store::source::{Reach, SourceState};
use crate::store::{Delta, Kind, News, Source, Store};
use jiff::Timestamp;
use std::time::Duration;
use tokio::sync::mpsc;

/// How many pieces of news may wait for the command.
const WAITING: usize = 1024;

/// So long after the start runs are waited for that only tell more of what git has said.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Enough to tell how often an app moves, what it ran before, and what waits below.
pub(super) const RHYTHM: Depth = Depth::Changes(60);

/// What a command needs.
#[derive(Clone, Debug)]
pub(super) struct Want {
    git: bool,
    /// The walk through history to its bound.
    history: bool,
    /// The history of this app alone.
    history_of: Option<OneApp>,
    clusters: bool,
    /// What may be done: permissions, and whether the branch can be pushed.
    rights: bool,
    /// Only these; empty: all that are configured.
    environments: Vec<Environment>,
    /// Also read the environments below these, because whether a version is stuck depends on the one that it comes
    /// from.
    below: bool,
    /// Clusters that are read too, where they are configured; what goes wrong there does not fail the command.
    besides: Vec<Environment>,
    /// Of the clusters that are read besides only the runs are wanted, which may say who moved this target.
    movers_of: Option<Target>,
}

impl Want {
    /// Git with its history, and clusters.
    pub fn board(environments: &[Environment]) -> Self {
        Self {
            git: true,
            history: true,
            history_of: None,
            clusters: true,
            rights: false,
            environments: environments.to_vec(),
            below: true,
            besides: Vec::new(),
            movers_of: None,
        }
    }
    /// The same with what runs elsewhere and belongs to these: deliveries into an environment run in one cluster.
    pub fn target(target: &Target, delivery: &Delivery) -> Self {
        Self {
            besides: of_deliveries(delivery),
            ..Self::board(std::slice::from_ref(&target.environment))
                .with_history_of(&target.app, RHYTHM)
        }
    }
    /// Everything that a plan is decided on.
    pub fn lever() -> Self {
        Self {
            rights: true,
            ..Self::board(&[])
        }
    }
    /// Everything but history.
    pub fn check() -> Self {
        Self {
            history: false,
            ..Self::lever()
        }
    }
    /// The history of one app, and the runs that brought its versions.
    pub fn history(target: &Target, depth: Depth, delivery: &Delivery) -> Self {
        Self {
            clusters: false,
            besides: of_deliveries(delivery),
            movers_of: Some(target.clone()),
            ..Self::board(&[]).with_history_of(&target.app, depth)
        }
    }

    /// Whether what is read besides may still say something that is wanted.
    fn waits_besides(&self, store: &Store, is_patient: bool) -> bool {
        let Some(target) = &self.movers_of else {
            return true;
        };
        let files = repositories(store, target).unwrap_or_default();
        let changes = |file| store.history.changes_of(&target.environment, file).iter();
        let mut changes = files.iter().flat_map(changes);
        is_patient && changes.any(|c| c.kind == ActorKind::Manual && c.moves_version())
    }

    /// One app's question costs one app's walk.
    pub fn with_history_of(self, app: &App, depth: Depth) -> Self {
        let app = app.clone();
        Self {
            history_of: Some(OneApp { app, depth }),
            ..self
        }
    }

    pub fn clusters(environments: &[Environment]) -> Self {
        Self {
            git: false,
            history: false,
            below: false,
            ..Self::board(environments)
        }
    }

    /// What belongs to a target: its runs and pods. Git says from which repositories it ships.
    pub fn belongings(environments: &[Environment], delivery: &Delivery) -> Self {
        Self {
            history: false,
            below: false,
            besides: of_deliveries(delivery),
            ..Self::board(environments)
        }
    }

    /// Those that are read besides.
    fn besides(&self, config: &Config) -> Vec<Source> {
        let configured = |e: &&Environment| config.clusters.contains_key(*e);
        let besides = self.besides.iter().filter(configured).cloned();
        besides.map(Source::Cluster).collect()
    }

    fn sources(&self, config: &Config) -> Vec<Source> {
        let below: Vec<&Environment> = self
            .environments
            .iter()
            .filter(|_| self.below)
            .filter_map(|e| config.delivery.lower(e))
            .map(|stage| &stage.name)
            .collect();
        let wanted = |e: &&Environment| {
            self.environments.is_empty() || self.environments.contains(e) || below.contains(e)
        };
        let clusters = config
            .clusters
            .keys()
            .filter(wanted)
            .cloned()
            .map(Source::Cluster);
        let git = self.git.then_some(Source::Git);
        git.into_iter()
            .chain(clusters.filter(|_| self.clusters))
            .collect()
    }
}

/// The cluster in which deliveries run.
fn of_deliveries(delivery: &Delivery) -> Vec<Environment> {
    let deploy = delivery.runs.as_ref().and_then(|runs| runs.deploy.as_ref());
    deploy.map(|d| d.environment.clone()).into_iter().collect()
}

/// The facts, and the way to more of them.
pub(super) struct Gathered {
    pub store: Store,
    /// The own journal, with what the facts say of its plans.
    pub journal: Journal,
    pub connection: Connection,
    pub deltas: mpsc::Receiver<Delta>,
    wanted: Vec<Source>,
    /// Sources that had not said all when the limit had passed.
    late: Vec<Source>,
}

/// Reads until each wanted source is whole or failed, or the limit has passed.
///
/// # Errors
/// When nothing could be started at all.
pub(super) async fn gather(
    config: &Config,
    want: Want,
    common: &Common,
) -> Result<Gathered, Failure> {
    let wanted = want.sources(config);
    let mut besides = want.besides(config);
    besides.retain(|source| !wanted.contains(source));
    let read = [&wanted[..], &besides].concat();
    let mut store = Store::new(&config.delivery);
    for source in &read {
        store.expect(source.clone());
    }
    let (to, mut deltas) = mpsc::channel(WAITING);
    let only = Only {
        history_of: want.history_of.clone(),
        runs: want.movers_of.is_some(),
    };
    let connection = connect::start(config, &read, &to, None, &only);
    let mut progress = Progress::new();
    drop(to);
    let limit = tokio::time::sleep(Duration::from_secs(common.limit));
    let patience = tokio::time::sleep(PATIENCE);
    tokio::pin!(limit, patience);
    let mut is_patient = true;
    let are_heard = |store: &Store, sources: &[Source]| {
        let mut sources = sources.iter();
        sources.all(|source| has_answered(store, source, &want, config))
    };
    while !are_heard(&store, &wanted)
        || !are_heard(&store, &besides) && want.waits_besides(&store, is_patient)
    {
        tokio::select! {
            delta = deltas.recv() => match delta {
                Some(delta) => {
                    store.apply(delta);
                    progress.tell(&store);
                }
                None => break,
            },
            () = &mut patience, if is_patient => is_patient = false,
            () = &mut limit => break,
        }
    }
    progress.clear();
    let late: Vec<Source> = wanted
        .iter()
        .filter(|source| !has_answered(&store, source, &want, config))
        // The present versions are known; their history reaches as far as the walk has come.
        .filter(|source| **source != Source::Git || store.tree.is_none())
        .cloned()
        .collect();
    for source in &late {
        note_unread(&mut store, source, common.limit);
    }
    // The journal knows which versions were rolled back on purpose, and why, once what the facts say of its plans is noted.
    let mut journal = connect::journal(config).load();
    follow::note_in_memory(&mut journal, &store, &config.delivery, Timestamp::now());
    store.know_taken_back(journal.taken_back());
    Ok(Gathered {
        store,
        journal,
        connection,
        deltas,
        wanted,
        late,
    })
}

/// The fault of a list that is there and could not be read.
fn broken_list(state: &SourceState) -> Option<&Fault> {
    let mut faults = state.lists.values().filter_map(|list| list.fault.as_ref());
    faults.find(|fault| !matches!(fault.kind, FaultKind::Forbidden | FaultKind::NotFound))
}

/// Whether a source has sent everything that is wanted, or the fault that prevents it.
fn has_answered(store: &Store, source: &Source, want: &Want, config: &Config) -> bool {
    let Some(state) = store.source(source) else {
        return false;
    };
    if let Some(fault) = &state.fault {
        if !is_final(fault) {
            return false;
        }
        // What an earlier start has fetched is walked in spite of it.
        let walks = *source == Source::Git && want.history && store.tree.is_some();
        return !walks || store.history.is_complete();
    }
    match source {
        Source::Git => {
            // What an earlier start has fetched is known at once; that it is the newest, once git has answered.
            !state.connecting
                && store.tree.is_some()
                && (!want.history || store.history.is_complete())
                && (!want.rights || config.read_only || store.pushable.is_some())
        }
        Source::Cluster(environment) => {
            // Which namespaces apps live in is known once git was read.
            let mut lists = all_lists(store, &config.delivery, environment);
            lists.retain(|list| want.movers_of.is_none() || list.kind == Kind::Runs);
            let listed = lists.iter().all(|list| {
                let list = state.lists.get(list);
                list.is_some_and(|list| list.listed || list.fault.as_ref().is_some_and(is_final))
            });
            let permissions = store
                .cluster(environment)
                .map_or(&[][..], |cluster| &cluster.permissions);
            let asked = lists.iter().all(|list| {
                let mut known = permissions.iter();
                known.any(|right| right.namespace == list.namespace)
            });
            listed && (!want.rights || asked)
        }
    }
}

/// What brought nothing within the limit has failed for this command: without a fault its targets would look calm.
fn note_unread(store: &mut Store, source: &Source, limit: u64) {
    let now = jiff::Timestamp::now();
    let Some(about) = store
        .source(source)
        .filter(|about| about.reach(now) == Reach::Unread)
    else {
        return;
    };
    let fault = Fault::new(
        FaultKind::Unreachable,
        format!("nothing was read within {limit} s."),
        "--limit SECONDS waits longer.",
    );
    let subscription = about.subscription;
    store.apply(Delta {
        source: source.clone(),
        subscription,
        seen_at: now,
        news: News::Fault {
            list: None,
            fault,
            retry_at: None,
        },
    });
}

/// Whether waiting within the limit would bring nothing else: a server that is busy (or has just been given a kind) says so,
/// and is asked again by itself.
fn is_final(fault: &Fault) -> bool {
    fault.kind != FaultKind::Throttled
}

impl Gathered {
    /// How the command ends; why is said on standard error where that is not well.
    pub fn end(&self) -> Exit {
        let ended = self.ended();
        if ended != Exit::Ok {
            print::complain(&self.faults());
        }
        ended
    }

    /// The worst that can be said of the sources that were asked: a source that failed counts, and so does a list that
    /// could not be read; one kind that may not be read does not (the facts say null then).
    pub fn ended(&self) -> Exit {
        let mut worst = Exit::Ok;
        for source in &self.wanted {
            let state = self.store.source(source);
            let ended = match state.and_then(|s| s.whole_fault().or_else(|| broken_list(s))) {
                Some(fault) => Exit::of_fault(fault),
                None if self.late.contains(source) => Exit::Unreachable,
                None => Exit::Ok,
            };
            if worst == Exit::Ok {
                worst = ended;
            }
        }
        worst
    }

    /// What the sources say went wrong, or that they said nothing in time, a line each; empty where all is well.
    pub fn faults(&self) -> String {
        let line = |source: &Source| match self.store.source(source)?.worst_fault() {
            Some(fault) => Some(format!("{source}: {fault}")),
            None if self.late.contains(source) => Some(format!(
                "{source}: not everything was read within the limit; --limit SECONDS waits longer."
            )),
            None => None,
        };
        let lines: Vec<String> = self.wanted.iter().filter_map(line).collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests;
