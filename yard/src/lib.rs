//! The practice yard: real servers on loopback and a bare git repository, driven by a seeded simulator.
//!
//! The console reaches it by the same git and Kubernetes code as anything else: a delivery file, a repository's path,
//! kubeconfig files. Everything is in one private folder and gone when the yard is dropped. Deliberately absent: any
//! special case in the console; nothing outside this crate knows that it is practice.

mod back_off;
mod console_config;
pub mod fleet;
pub mod folder;
pub mod history;
pub mod kubernetes;
pub mod loopback;
#[cfg(feature = "on-servers")]
mod on_servers;
pub mod repository;
pub mod scenario;
pub mod simulator;

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

use fleet::{ENVIRONMENTS, seeded};
use folder::Folder;
use history::History;
use kubernetes::Server;
use kubernetes::rights::{Person, Rights, Rule, secret};
use loopback::{Certificate, Reachability};
use repository::Repository;
pub use scenario::Scenario;
use simulator::Simulator;
use simulator::cluster::Cluster;
use simulator::kubelet::Kubelet;
use simulator::opening::{self, InitialObjects, Opening};
use simulator::robot::Robot;
use simulator::workload;

/// How the yard opens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// What is wrong.
    pub scenario: Scenario,
    /// The same seed plays the same.
    pub seed: u64,
    /// 1 is life's own pace.
    pub speed: f64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            scenario: Scenario::FLAKY_SMOKE,
            seed: 1,
            speed: 10.0,
        }
    }
}

/// How one environment's cluster is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Its name.
    pub environment: &'static str,
    /// The file, readable by its owner only.
    pub kubeconfig: PathBuf,
    /// The context for somebody who may do what an operator may.
    pub context: String,
}

/// The open yard. Dropping it stops the servers and removes the folder.
pub struct Yard {
    servers: Vec<(&'static str, Server)>,
    kubelets: Vec<Kubelet>,
    repository: Repository,
    access: Vec<Access>,
    config: PathBuf,
    simulator: Simulator,
    // Last: the folder goes when nothing writes into it any more.
    folder: Folder,
}

impl Yard {
    /// Opens it: repository, three servers, their first objects, and the simulator. Nothing outside the loopback and one
    /// private folder under the system's temporary directory is touched.
    pub async fn start(options: Options) -> io::Result<Yard> {
        let Options { scenario, seed, .. } = options;
        let folder = Folder::create()?;
        let prepared = Prepared::build(options, folder.path());
        let certificate = Certificate::generate()?;
        let mut parts = Vec::new();
        for environment in ENVIRONMENTS {
            let people = vec![
                Person::new("operator", operator())?,
                Person::new("admin", Rights::All)?,
                Person::new("viewer", viewer())?,
            ];
            let server = Server::start(&certificate, people, seeded(seed, &[environment])).await?;
            parts.push((environment, server, Kubelet::start(&certificate).await?));
        }
        let prepared = prepared.await.map_err(io::Error::other)??;
        let (mut servers, mut kubelets, mut access, mut clusters) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (environment, server, kubelet) in parts {
            load_objects(
                &server,
                &kubelet,
                environment,
                seed,
                prepared.opening(options).initial_objects(environment),
            )?;
            let kubeconfig = folder.path().join(format!("{environment}.kubeconfig"));
            write_private(&kubeconfig, &server.kubeconfig(environment))?;
            let admin = format!("{environment}-admin");
            clusters.push(
                Cluster::connect(environment, &kubeconfig, &admin, kubelet.logs.clone()).await?,
            );
            access.push(Access {
                environment,
                kubeconfig,
                context: environment.to_owned(),
            });
            if scenario.unreachable == Some(environment) {
                server.set_reachability(Reachability::Refused);
            }
            servers.push((environment, server));
            kubelets.push(kubelet);
        }
        Yard::assemble(
            options,
            folder,
            prepared,
            (servers, kubelets),
            access,
            clusters,
        )
    }

    fn assemble(
        options: Options,
        folder: Folder,
        prepared: Prepared,
        (servers, kubelets): (Vec<(&'static str, Server)>, Vec<Kubelet>),
        access: Vec<Access>,
        clusters: Vec<Cluster>,
    ) -> io::Result<Yard> {
        let repository = prepared.repository;
        let config = console_config::write(folder.path(), repository.path(), &access)?;
        let robot = Robot::new(repository.clone(), folder.path())?;
        let simulator = Simulator::start(options, clusters, robot);
        Ok(Yard {
            servers,
            kubelets,
            repository,
            access,
            config,
            simulator,
            folder,
        })
    }

    /// The operator's configuration file, which names everything else: give it to the console as any other.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// The private folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The bare repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// How the clusters are reached, lowest environment first. Each file also holds the contexts `E-admin` and `E-viewer`.
    pub fn access(&self) -> &[Access] {
        &self.access
    }

    /// The API server of an environment, to take it down or to make it fail.
    pub fn server(&self, environment: &str) -> Option<&Server> {
        self.servers
            .iter()
            .find(|(name, _)| *name == environment)
            .map(|(_, server)| server)
    }

    /// Deletes an app's Application with all that it deployed, for good: at first it is being deleted, then it is missing.
    ///
    /// # Errors
    /// Where the environment's API server does not take it.
    pub async fn withhold_application(&self, environment: &str, app: &str) -> io::Result<()> {
        let deleted = self.simulator.withhold_application(environment, app);
        deleted.await.map_err(io::Error::other)
    }

    /// How many kubelets answer, one for each environment.
    pub fn kubelets(&self) -> usize {
        self.kubelets.len()
    }
}

/// What a person with production rights may do at GOV.UK: read, resubmit, submit, sync, refresh, stop; no pod is deleted.
fn operator() -> Rights {
    const READ: &[&str] = &["get", "list", "watch"];
    const ACT: &[&str] = &["get", "list", "watch", "create", "update", "patch"];
    let rule = |group, resource, verbs| Rule {
        group,
        resource,
        verbs,
    };
    let mut rules: Vec<Rule> = ["pods", "pods/log", "events", "namespaces"]
        .map(|resource| rule("", resource, READ))
        .to_vec();
    rules.extend(["deployments", "replicasets"].map(|resource| rule("apps", resource, READ)));
    rules.push(rule("batch", "jobs", READ));
    rules.extend(["applications", "workflows"].map(|resource| rule("argoproj.io", resource, ACT)));
    rules.push(rule("argoproj.io", "workflowtemplates", READ));
    Rights::Only(rules)
}

/// What many at GOV.UK have: pods and Deployments, and nothing of Argo.
fn viewer() -> Rights {
    const READ: &[&str] = &["get", "list", "watch"];
    let rule = |group, resource| Rule {
        group,
        resource,
        verbs: READ,
    };
    Rights::Only(vec![
        rule("", "pods"),
        rule("", "pods/log"),
        rule("apps", "deployments"),
        rule("batch", "jobs"),
        rule("", "events"),
    ])
}

/// Puts the opening's objects straight into a server of the yard's own, owners resolved.
fn load_objects(
    server: &Server,
    kubelet: &Kubelet,
    environment: &str,
    seed: u64,
    mut initial: InitialObjects,
) -> io::Result<()> {
    initial
        .objects
        .push(opening::node(environment, kubelet.port()));
    let name_of = |object: &Value, field: &str| object[field].as_str().unwrap_or("").to_owned();
    let uid = |kind: &str, name: &str| {
        let (a, b) = (
            seeded(seed, &["uid", environment, kind, name]),
            seeded(seed, &["more", environment, kind, name]),
        );
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            b >> 52,
            b & 0xffff_ffff_ffff
        )
    };
    for mut object in initial.objects {
        let kind = name_of(&object, "kind");
        let started = object["status"]["startTime"].clone();
        if kind == "Pod" {
            let pod = name_of(&object["metadata"], "name");
            workload::set_container_ids(&pod, &mut object["status"]);
        }
        if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            let name = meta
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned();
            meta.insert("uid".to_owned(), json!(uid(&kind, &name)));
            if started.is_string() {
                meta.entry("creationTimestamp").or_insert(started);
            }
            let owners = meta
                .get_mut("ownerReferences")
                .and_then(Value::as_array_mut);
            for owner in owners.into_iter().flatten() {
                let own = uid(&name_of(owner, "kind"), &name_of(owner, "name"));
                if let Some(owner) = owner.as_object_mut() {
                    owner.insert("uid".to_owned(), json!(own));
                }
            }
        }
        server
            .objects()
            .insert(object)
            .map_err(|status| io::Error::other(status.object().to_string()))?;
    }
    for (pod, container, previous, script) in initial.scripts {
        kubelet.logs.set(&pod, &container, previous, script);
    }
    Ok(())
}

/// The repository with its history, and what the opening needs to know of it.
struct Prepared {
    history: History,
    repository: Repository,
    revision: String,
    now: Timestamp,
}

impl Prepared {
    /// Builds the repository off the runtime's threads.
    fn build(options: Options, folder: &Path) -> tokio::task::JoinHandle<io::Result<Prepared>> {
        let (folder, now) = (folder.to_owned(), Timestamp::now());
        tokio::task::spawn_blocking(move || {
            let history = history::history(options.scenario, options.seed, now.as_second());
            let repository = Repository::create(&folder, secret()?, &history.commits)?;
            let revision = head(repository.path())?;
            Ok(Prepared {
                history,
                repository,
                revision,
                now,
            })
        })
    }

    fn opening(&self, options: Options) -> Opening<'_> {
        let Options { scenario, seed, .. } = options;
        Opening {
            scenario,
            seed,
            now: self.now,
            history: &self.history,
            revision: &self.revision,
        }
    }
}

/// Main's head, as 40 hexadecimal digits.
fn head(repository: &Path) -> io::Result<String> {
    let repository = git2::Repository::open_bare(repository).map_err(io::Error::other)?;
    let head = repository
        .refname_to_id("refs/heads/main")
        .map_err(io::Error::other)?;
    Ok(head.to_string())
}

/// Writes a file that only its owner may read.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?
        .write_all(text.as_bytes())
}

#[cfg(test)]
mod tests;
