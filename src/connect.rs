//! Connect: from a configuration to running feeds and, unless it is read-only, writers. The console and every command use it.
//!
//! Deliberately absent: what the news means ([`crate::store`]) and which write is sent ([`crate::plan`]).

use crate::apply::Writers;
use crate::config::{ClusterAt, Config, Login, RepositoryAt};
use crate::journal::file::{JournalFile, JournalPaths};
use crate::model::{Environment, Target};
use crate::provider::git::feed as git_feed;
use crate::provider::git::repository::{Location, Source as GitSource};
use crate::provider::git::writer::Committer;
use crate::provider::kubernetes::connect::{Access, KubeContext};
use crate::provider::kubernetes::feed::{Cluster, Scope};
use crate::provider::kubernetes::writer::Writer as ClusterWriter;
use crate::provider::{Calls, Feed, Writer};
use crate::store::{Delta, Source};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Everything that is being read. Dropping it ends the reading.
pub struct Connection {
    git: Option<git_feed::Watch>,
    clusters: BTreeMap<Environment, Arc<Cluster>>,
    readers: Vec<JoinHandle<()>>,
}

/// What alone is read of the sources.
#[derive(Clone, Debug, Default)]
pub struct Only {
    /// The history of this app; none: of all.
    pub history_of: Option<git_feed::OneApp>,
    /// Of clusters the runs.
    pub runs: bool,
}

/// Starts reading those of the named sources that are configured. Their news goes to `deltas`, each call they make to
/// `calls`. Returns at once.
pub fn start(
    config: &Config,
    sources: &[Source],
    deltas: &mpsc::Sender<Delta>,
    calls: Option<&Calls>,
    only: &Only,
) -> Connection {
    let scope = match only.runs {
        true => Scope::of_runs(&config.delivery),
        false => Scope::from(&*config.delivery),
    };
    let mut connection = Connection {
        git: None,
        clusters: BTreeMap::new(),
        readers: Vec::new(),
    };
    let namespaces = watch::Sender::default();
    for source in sources {
        let feed = Feed::new(source.clone(), deltas.clone());
        match source {
            Source::Git => {
                connection.git = Some(git_feed::watch(
                    git_source(config),
                    Arc::clone(&config.delivery),
                    feed,
                    calls.cloned(),
                    git_feed::Pace::for_history_of(only.history_of.as_ref()),
                    git_feed::Options {
                        probe: !config.read_only,
                        namespaces: Some(namespaces.clone()),
                        only: only.history_of.clone(),
                    },
                ));
            }
            Source::Cluster(environment) => {
                let Some(at) = config.clusters.get(environment) else {
                    continue;
                };
                let cluster = Arc::new(Cluster::new(
                    environment.clone(),
                    place(at),
                    scope.clone(),
                    feed,
                    calls.cloned(),
                    namespaces.subscribe(),
                ));
                let reader = Arc::clone(&cluster);
                connection
                    .readers
                    .push(tokio::spawn(async move { reader.read().await }));
                connection.clusters.insert(environment.clone(), cluster);
            }
        }
    }
    connection
}

/// Every source that is configured.
pub fn sources(config: &Config) -> Vec<Source> {
    std::iter::once(Source::Git)
        .chain(config.clusters.keys().cloned().map(Source::Cluster))
        .collect()
}

/// The repository as the git provider names it.
pub fn git_source(config: &Config) -> GitSource {
    GitSource {
        location: match &config.repository {
            RepositoryAt::Path(path) => Location::Path(path.clone()),
            RepositoryAt::Url(url) => Location::Url {
                url: url.clone(),
                cache: config.cache.clone(),
            },
        },
        branch: config.delivery.branch.to_string(),
    }
}

fn place(at: &ClusterAt) -> KubeContext {
    KubeContext {
        kubeconfig: at.kubeconfig.clone(),
        context: at.context.clone(),
    }
}

impl Connection {
    /// Asks a source again now; none: all of them.
    pub fn refresh(&self, source: Option<&Source>) {
        if matches!(source, None | Some(Source::Git))
            && let Some(git) = &self.git
        {
            git.refresh();
        }
        for (environment, cluster) in &self.clusters {
            let this = match source {
                None => true,
                Some(Source::Git) => false,
                Some(Source::Cluster(wanted)) => wanted == environment,
            };
            if this {
                cluster.refresh();
            }
        }
    }

    /// Watches the Jobs and Events of this target in place of the one before.
    pub fn open(&self, target: Option<&Target>) {
        for (environment, cluster) in &self.clusters {
            let app = target
                .filter(|t| t.environment == *environment)
                .map(|t| t.app.clone());
            cluster.open(app);
        }
    }

    /// The way to a cluster.
    pub fn access(&self, environment: &Environment) -> Option<&Arc<Access>> {
        self.clusters.get(environment).map(|c| c.access())
    }

    pub fn cluster(&self, environment: &Environment) -> Option<&Arc<Cluster>> {
        self.clusters.get(environment)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        for reader in &self.readers {
            reader.abort();
        }
    }
}

/// The writers of a configuration, which use the connection's own access to the clusters; none where it is read-only.
pub fn writers(config: &Config, connection: &Connection) -> Option<Writers> {
    let ways = connection.clusters.iter();
    writers_over(
        config,
        ways.map(|(environment, cluster)| (environment.clone(), Arc::clone(cluster.access())))
            .collect(),
    )
}

/// The writers without a connection, for looking what became of earlier plans.
pub fn writers_alone(config: &Config) -> Option<Writers> {
    let ways = config.clusters.iter();
    writers_over(
        config,
        ways.map(|(environment, at)| (environment.clone(), Arc::new(Access::new(place(at)))))
            .collect(),
    )
}

fn writers_over(config: &Config, ways: BTreeMap<Environment, Arc<Access>>) -> Option<Writers> {
    if config.read_only {
        return None;
    }
    let environments: Vec<Environment> = ways.keys().cloned().collect();
    let cluster: Arc<dyn Writer> = Arc::new(ClusterWriter::new(ways));
    Some(Writers {
        git: Some(Arc::new(Committer::new(
            git_source(config),
            Arc::clone(&config.delivery),
        ))),
        clusters: environments
            .into_iter()
            .map(|environment| (environment, Arc::clone(&cluster)))
            .collect(),
    })
}

/// The journal of the configuration, with the paths it falls back to where the home is full or read-only.
pub fn journal(config: &Config) -> JournalFile {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR")
        .filter(|value| !value.is_empty())
        .map(std::path::PathBuf::from);
    let paths = JournalPaths::usual(&config.journal)
        .or_in_common(std::path::Path::new("/var/tmp"))
        .or_in_runtime(runtime.as_deref());
    JournalFile::new(paths)
}

/// The program that logs in to a source, ready to be run on the terminal.
pub fn login(config: &Config, source: &Source) -> Option<std::process::Command> {
    let Login(words) = match source {
        Source::Git => config.git_login.as_ref()?,
        Source::Cluster(environment) => config.clusters.get(environment)?.login.as_ref()?,
    };
    let (program, arguments) = words.split_first()?;
    let mut command = std::process::Command::new(program);
    command.args(arguments);
    Some(command)
}
