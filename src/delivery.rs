//! Delivery: how one organisation moves versions, as data: environments in order, where a version is declared, which gate
//! leads where, what a version looks like, and by which mechanism a person may change each.
//!
//! Deliberately absent: names of organisations. If a new one needs code here, the model misses a mechanism.

pub mod versions;

use crate::model::{Environment, Repository};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A checked delivery, made by [`crate::config`] from a delivery file.
#[derive(Clone, PartialEq, Debug)]
pub struct Delivery {
    /// As the header shows it.
    pub name: Arc<str>,
    /// `owner/name`-less URL or path of the repository; none where it must come from the command line.
    pub repository: Option<Arc<str>>,
    pub branch: Arc<str>,
    /// In order: versions travel from the first to the last.
    pub environments: Vec<Stage>,
    pub declared: DeclaredAt,
    pub versions: versions::VersionForms,
    pub apps: Option<AppsAt>,
    pub argo_cd: Option<ArgoCd>,
    pub runs: Option<Runs>,
    /// How the pods and Deployments of an app are known; none: they are not read.
    pub workloads: Option<Workloads>,
    pub robot: Robot,
    pub usual: Usual,
    /// Days for which a closed gate counts as closed lately.
    pub closed_lately_days: i64,
    /// Seconds after which a version that stood without complaint counts as good.
    pub good_after_s: i64,
    /// Links that people follow: `{environment}`, `{app}`, `{run}` are filled in; one with `{run}` needs one.
    pub links: Vec<Arc<str>>,
    /// Subject of a commit: `{repository}`, `{version}`, `{environment}` are filled in.
    pub subjects: Subjects,
    /// When a change that reaches production needs no reason; none: always.
    pub hours: Option<Hours>,
}

/// Deploy hours, by the clock of the people who look after what is deployed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hours {
    /// An IANA name, `Europe/London`.
    pub zone: Arc<str>,
    /// Each day with its opening and closing time; days that are not named are closed.
    pub days: Vec<Open>,
}

/// One day of the deploy hours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Open {
    pub day: jiff::civil::Weekday,
    pub from: jiff::civil::Time,
    /// Closed from this time on.
    pub to: jiff::civil::Time,
}

/// One environment.
#[derive(Clone, PartialEq, Debug)]
pub struct Stage {
    pub name: Environment,
    /// Typed confirmation and the strongest tint.
    pub production: bool,
    /// How a person may change the version here.
    pub version_by: Mechanism,
    /// How a person may change this environment's own gate key (which leads to the next one).
    pub gate_by: Mechanism,
    /// How far it is from users, 0 the nearest: ranks attention.
    pub rank: usize,
}

/// How a person may change something.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mechanism {
    /// Straight to the main branch.
    Commit,
    /// Pushed as `leverframe/<plan>`, to be reviewed and merged.
    Branch,
    /// A Workflow from the delivery's deploy template.
    Workflow,
    /// Nobody may, here.
    None,
}

/// Where a version stands.
#[derive(Clone, PartialEq, Debug)]
pub struct DeclaredAt {
    /// Path in the repository; `{environment}` and `{repository}` are filled in.
    pub path: Arc<str>,
    /// Keys in the file (dotted for nested ones).
    pub version: Arc<str>,
    pub promote: Option<Arc<str>>,
    /// The gate key: in an environment's file it leads to the *next* environment.
    pub gate: Option<Arc<str>>,
    /// Nothing else may stand in the file: other keys at its top are odd.
    pub closed: bool,
}

/// Where apps and their repositories are named.
#[derive(Clone, PartialEq, Debug)]
pub struct AppsAt {
    /// Path in the repository; `{environment}` is filled in.
    pub path: Arc<str>,
    /// Key of the list.
    pub list: Arc<str>,
    pub name: Arc<str>,
    /// Key of the repository; where it is not there, the app's name is.
    pub repository: Option<Arc<str>>,
    /// Key of a list of repositories, for apps of several images.
    pub images: Option<Arc<str>>,
    /// Key of the namespace that the app runs in, where that is not the one of [`Workloads`].
    pub namespace: Option<Arc<str>>,
    /// Key that says whether a smoke run follows (absent in the file: it does).
    pub smoke: Option<Arc<str>>,
    /// Apps with this prefix are twins that never promote.
    pub twin_prefix: Option<Arc<str>>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct ArgoCd {
    pub namespace: Arc<str>,
    /// The app of apps that renders the version into the leaves; refresh means this one.
    pub parent: Option<Arc<str>>,
    /// Annotation of an Application that repeats the declared version.
    pub version_annotation: Option<Arc<str>>,
}

/// The container in which Argo Workflows runs a step's own program.
pub const MAIN_CONTAINER: &str = "main";
/// The container by which Argo Workflows watches over a step.
pub const EXECUTOR_CONTAINER: &str = "wait";

#[derive(Clone, PartialEq, Debug)]
pub struct Runs {
    pub namespace: Arc<str>,
    /// Template of the smoke runs, in each environment's own cluster.
    pub smoke: Arc<str>,
    /// The label or parameter of a smoke run that names the app, the version, the repository.
    pub app_label: Arc<str>,
    pub version_label: Arc<str>,
    pub repository_label: Arc<str>,
    /// The parameter of a smoke run that carries the gate, frozen: `false` means tests only. Empty: there is none, and the
    /// same goes for the two below.
    pub gate_parameter: Arc<str>,
    pub promote_parameter: Arc<str>,
    /// Display name of the promoting step.
    pub promote_step: Arc<str>,
    pub deploy: Option<Deploy>,
}

/// The template by which a version is changed.
#[derive(Clone, PartialEq, Debug)]
pub struct Deploy {
    pub template: Arc<str>,
    /// The only cluster where it may be submitted.
    pub environment: Environment,
    /// Parameters: value templates with `{environment}`, `{repository}`, `{version}`.
    pub parameters: Vec<(Arc<str>, Arc<str>)>,
    /// The label of its runs that names the environment that is written.
    pub environment_label: Arc<str>,
}

/// Where pods and Deployments of an app are found.
#[derive(Clone, PartialEq, Debug)]
pub struct Workloads {
    /// Where apps live that name no namespace of their own.
    pub namespace: Arc<str>,
    pub app_label: Arc<str>,
    pub repository_label: Option<Arc<str>>,
    /// Containers whose image carries the version; empty: every container whose image name ends with the repository.
    pub containers: Vec<Arc<str>>,
}

/// How the robot of continuous deployment is known in git.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Robot {
    /// Author or committer names or addresses.
    pub names: Vec<Arc<str>>,
}

/// Usual times in seconds until history gives them: (median, p90). Twice the p90 is late.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Usual {
    pub commit: (i64, i64),
    pub parent_sync: (i64, i64),
    pub rollout: (i64, i64),
    pub smoke: (i64, i64),
    pub promotion: (i64, i64),
    /// From a version's arrival in one environment to its arrival in the next.
    pub hop: (i64, i64),
}

/// What holds where a delivery file says nothing: the times of a small cluster that asks git every few minutes.
impl Default for Usual {
    fn default() -> Self {
        Self {
            commit: (20, 60),
            parent_sync: (60, 180),
            rollout: (180, 360),
            smoke: (120, 300),
            promotion: (20, 60),
            hop: (280, 600),
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct Subjects {
    pub version: Arc<str>,
    pub hold: Arc<str>,
    pub release: Arc<str>,
}

impl Default for Subjects {
    fn default() -> Self {
        Self {
            version: "Update {repository} to {version} in {environment}".into(),
            hold: "Hold {repository} in {environment}".into(),
            release: "Release {repository} in {environment}".into(),
        }
    }
}

impl Delivery {
    pub fn stage(&self, environment: &Environment) -> Option<&Stage> {
        self.environments.iter().find(|s| s.name == *environment)
    }
    fn place(&self, environment: &Environment) -> Option<usize> {
        self.environments
            .iter()
            .position(|s| s.name == *environment)
    }
    /// The environment that versions come from, into this one.
    pub fn lower(&self, environment: &Environment) -> Option<&Stage> {
        self.environments
            .get(self.place(environment)?.checked_sub(1)?)
    }
    /// The environment that versions go to, from this one.
    pub fn next(&self, environment: &Environment) -> Option<&Stage> {
        self.environments.get(self.place(environment)? + 1)
    }
    /// The file of a repository in an environment.
    pub fn path(&self, environment: &Environment, repository: &Repository) -> String {
        self.declared
            .path
            .replace("{environment}", environment.as_str())
            .replace("{repository}", repository.as_str())
    }
    /// Whether the app is a twin, which shares its file and never promotes.
    pub fn is_twin(&self, app: &str) -> bool {
        self.apps
            .as_ref()
            .and_then(|apps| apps.twin_prefix.as_deref())
            .is_some_and(|prefix| app.starts_with(prefix))
    }
    /// The links of a target, those of its run first.
    pub fn links(&self, target: &crate::model::Target, run: Option<&str>) -> Vec<String> {
        let of_git = |link: &&Arc<str>| link.contains("{commit}") || link.contains("{branch}");
        let (of_runs, others): (Vec<&Arc<str>>, Vec<&Arc<str>>) = self
            .links
            .iter()
            .filter(|link| !of_git(link))
            .partition(|link| link.contains("{run}"));
        let of_runs = of_runs.into_iter().filter(|_| run.is_some());
        of_runs
            .chain(others)
            .map(|link| {
                link.replace("{environment}", target.environment.as_str())
                    .replace("{app}", target.app.as_str())
                    .replace("{run}", run.unwrap_or_default())
            })
            .collect()
    }

    /// The link of a commit.
    pub fn commit_link(&self, commit: &str) -> Option<String> {
        self.link_with("{commit}", commit)
    }

    /// The link that compares a branch with the main one, where a request to merge it is made.
    pub fn branch_link(&self, branch: &str) -> Option<String> {
        self.link_with("{branch}", branch)
    }

    fn link_with(&self, placeholder: &str, text: &str) -> Option<String> {
        let link = self.links.iter().find(|link| link.contains(placeholder))?;
        Some(link.replace(placeholder, text))
    }
}
