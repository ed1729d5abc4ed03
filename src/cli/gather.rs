//! Gather: facts for a command that prints and ends, by the same feeds as the console.
//!
//! Deliberately absent: waiting for what nobody asked for, and waiting longer than the limit.

use super::arguments::Common;
use super::exit::{Exit, Failure};
use super::print;
use super::progress::Progress;
use crate::belongs::lists::all_lists;
use crate::config::Config;
use crate::connect::{self, Connection};
use crate::delivery::Delivery;
use crate::model::{App, Environment, Fault, FaultKind, Target};
use crate::plan::follow;
use crate::provider::git::feed::{Depth, OneApp};
use crate::store::source::{Reach, SourceState};
use crate::store::{Delta, News, Source, Store};
use jiff::Timestamp;
use std::time::Duration;
use tokio::sync::mpsc;

/// How many pieces of news may wait for the command.
const WAITING: usize = 1024;

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
        }
    }
    /// The same with what runs elsewhere and belongs to these: deliveries into an environment run in one cluster.
    pub fn target(target: &Target, delivery: &Delivery) -> Self {
        let deploy = delivery.runs.as_ref().and_then(|runs| runs.deploy.as_ref());
        Self {
            besides: deploy.map(|d| d.environment.clone()).into_iter().collect(),
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
    /// The history of one app.
    pub fn history(app: &App, depth: Depth) -> Self {
        Self {
            clusters: false,
            ..Self::board(&[]).with_history_of(app, depth)
        }
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
        let deploy = delivery.runs.as_ref().and_then(|runs| runs.deploy.as_ref());
        Self {
            history: false,
            below: false,
            besides: deploy.map(|d| d.environment.clone()).into_iter().collect(),
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

/// The facts, and the way to more of them.
pub(super) struct Gathered {
    pub store: Store,
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
    let mut read = wanted.clone();
    read.extend(want.besides(config));
    read.sort();
    read.dedup();
    let mut store = Store::new(&config.delivery);
    for source in &read {
        store.expect(source.clone());
    }
    let (to, mut deltas) = mpsc::channel(WAITING);
    let connection = connect::start(config, &read, &to, None, want.history_of.as_ref());
    let mut progress = Progress::new();
    drop(to);
    let limit = tokio::time::sleep(Duration::from_secs(common.limit));
    tokio::pin!(limit);
    while !read
        .iter()
        .all(|source| has_answered(&store, source, &want, config))
    {
        tokio::select! {
            delta = deltas.recv() => match delta {
                Some(delta) => {
                    store.apply(delta);
                    progress.tell(&store);
                }
                None => break,
            },
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
            let lists = all_lists(store, &config.delivery, environment);
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
        format!("{source}: nothing was read within {limit} s."),
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
mod tests {
    use super::*;
    use crate::config::ClusterAt;
    use crate::store::Kind;
    use crate::store::fixture::usual_list;

    fn three_clusters() -> Config {
        let mut config =
            crate::config::of_clone("govuk", std::path::Path::new("/clone"), &|_| None).unwrap();
        for name in ["integration", "staging", "production"] {
            let at = ClusterAt {
                kubeconfig: "/config".into(),
                context: name.to_owned(),
                login: None,
            };
            config.clusters.insert(Environment::new(name), at);
        }
        config
    }

    /// A server that has just been given a kind answers 429 for a moment; a command asks again within its limit.
    #[test]
    fn what_is_throttled_is_waited_for() {
        let config = three_clusters();
        let source = Source::Cluster(Environment::new("staging"));
        let mut store = Store::new(&config.delivery);
        let mut hear = |news: News| {
            store.apply(Delta {
                source: source.clone(),
                subscription: 1,
                seen_at: jiff::Timestamp::now(),
                news,
            });
            has_answered(&store, &source, &Want::clusters(&[]), &config)
        };
        let fault = |kind: FaultKind| Fault::new(kind, "storage is (re)initializing", "");
        let said = |kind: FaultKind| News::Fault {
            list: Some(usual_list(Kind::Applications)),
            fault: fault(kind),
            retry_at: None,
        };
        for kind in [Kind::Runs, Kind::Deployments, Kind::Pods] {
            assert!(!hear(News::Listed(usual_list(kind))));
        }
        assert!(!hear(said(FaultKind::Throttled)));
        assert!(hear(said(FaultKind::Forbidden)));
        assert!(hear(News::Listed(usual_list(Kind::Applications))));
        let whole = |kind: FaultKind| News::Fault {
            list: None,
            fault: fault(kind),
            retry_at: None,
        };
        assert!(!hear(whole(FaultKind::Throttled)));
        assert!(hear(whole(FaultKind::Unreachable)));
    }

    /// Only what the credential may not read is null without being a failure.
    #[test]
    fn a_list_that_could_not_be_read_is_a_failure() {
        let ended = |of: Kind, kind: FaultKind| {
            let mut state = SourceState::default();
            state.lists.insert(
                usual_list(of),
                crate::store::source::ListState {
                    listed: false,
                    fault: Some(Fault::new(kind, "503 ServiceUnavailable", "")),
                },
            );
            broken_list(&state).map(Exit::of_fault)
        };
        for of in [Kind::Applications, Kind::Runs] {
            assert_eq!(ended(of, FaultKind::Forbidden), None);
            let unreachable = ended(of, FaultKind::Unreachable);
            assert_eq!(unreachable, Some(Exit::Unreachable));
        }
    }

    /// A server that accepts and says nothing, or sends one blank after the other, has brought nothing that is calm.
    #[test]
    fn what_brought_nothing_within_the_limit_is_not_calm() {
        let mut world = crate::store::fixture::Fixture::new();
        world.app("publisher", &["publisher"]);
        world.file("staging", "publisher", "v1", true);
        let source = Source::Cluster(Environment::new("staging"));
        let lists = vec![usual_list(Kind::Applications), usual_list(Kind::Pods)];
        world.news(source.clone(), News::Connecting(lists));
        world.news(source.clone(), News::Alive);
        note_unread(&mut world.store, &source, 3);
        let about = world.store.source(&source).unwrap();
        assert_eq!(about.reach(jiff::Timestamp::now()), Reach::Failed);
        let fault = about.whole_fault().unwrap().to_string();
        assert!(fault.contains("nothing was read within 3 s"), "{fault}");
        let status = world.status("staging", "publisher");
        assert_eq!(status.attention, [crate::model::Word::Unread]);
    }

    /// Whether a version that does not come is stuck, or explained by what failed below, is written below.
    #[test]
    fn a_board_of_one_environment_asks_the_one_below_too() {
        let config = three_clusters();
        let cluster = |name: &str| Source::Cluster(Environment::new(name));
        let production = [Environment::new("production")];
        assert_eq!(
            Want::board(&production).sources(&config),
            [Source::Git, cluster("production"), cluster("staging")]
        );
        assert_eq!(
            Want::clusters(&production).sources(&config),
            [cluster("production")]
        );
        let integration = [Environment::new("integration")];
        assert_eq!(
            Want::board(&integration).sources(&config),
            [Source::Git, cluster("integration")]
        );
    }
}
