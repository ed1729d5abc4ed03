//! Plan: the one yes or no. What a lever would do, decided from the facts, with everything that it was decided on.
//!
//! Deliberately absent: doing it. A plan is a value: printable, comparable, serialisable; only a provider's writer sends it.

mod arrivals;
mod below;
mod by_hand;
pub mod candidates;
mod changed;
pub mod check;
pub mod checks;
mod copy;
pub mod follow;
mod fresh;
mod gates;
pub mod good;
mod guard;
mod hold;
mod hops;
pub mod in_flight;
pub mod mark;
pub mod mover;
pub mod observed;
mod one_cluster;
mod outcome;
mod promote;
mod reach;
pub mod remedy;
mod request;
mod resubmit;
mod roll_back;
mod runs;
mod sent_before;
mod shell;
pub mod show;
mod stop;
pub mod stopped;
mod subject;
mod sync;
mod typed;
mod untested;
mod version;
pub mod waits;
mod wanted;

pub use crate::lever::{Lever, Moves};
pub use changed::Changed;
pub use check::{Check, CheckName, Verdict, Weight};
pub use guard::{Guard, Holds};
pub use outcome::Outcome;
pub use reach::passing;
pub use remedy::{Remedy, Way};
pub use request::{Request, Undone};

use crate::delivery::Delivery;
use crate::model::slot::{LineEdit, Value};
use crate::model::{App, Environment, ObjectId, Repository, RunPhase, Target, Version};
use crate::store::Source;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A plan's id: 16 lower-case hexadecimal digits from a random source outside `update`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanId(Arc<str>);

impl PlanId {
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The id of the nth plan after this one, where one key decides several.
    pub fn after(&self, nth: u64) -> Self {
        match u64::from_str_radix(&self.0, 16) {
            _ if nth == 0 => self.clone(),
            Ok(number) => Self::new(&format!("{:016x}", number.wrapping_add(nth))),
            Err(_) => Self::new(&format!("{self}-{nth}")),
        }
    }
}
impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who pulls the lever: login name, where they sit, and how the far side knows them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Actor {
    pub login: String,
    /// `SSH_CONNECTION`'s client address.
    pub from: Option<String>,
    /// Uid 0, or listed in the configuration as shared by several people.
    pub shared: bool,
}

/// What a plan is decided on. Borrowed whole, so that a decision can only use what it was given.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The id that the plan will have: made outside, so that deciding has no randomness.
    pub id: &'a PlanId,
    pub store: &'a crate::store::Store,
    pub delivery: &'a crate::delivery::Delivery,
    pub journal: &'a crate::journal::Journal,
    /// Why nothing can be journalled; none where it can.
    pub journal_fault: Option<&'a crate::model::Fault>,
    pub who: &'a Actor,
    pub read_only: bool,
    pub now: Timestamp,
}

/// A decided movement: one write, and all that it was decided on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub id: PlanId,
    pub request: Request,
    pub who: Actor,
    pub made_at: Timestamp,
    /// The version that stands now and the one that will run. Shown first and never cut.
    pub from: Option<Version>,
    pub to: Option<Version>,
    /// Beside from and to: `stood there 31h, until 02:50Z today`.
    pub evidence: String,
    /// What was read when: `production cluster, apps/whitehall-admin; helm-charts main 7c1e09a read 2s ago`.
    pub read: String,
    pub reach: Reach,
    pub checks: Vec<Check>,
    pub write: Write,
    /// What follows by itself, in order.
    pub hops: Vec<Hop>,
    /// What the write leaves to be undone later; none where it leaves nothing.
    pub debt: Option<String>,
    /// Shown after the hops where the plan leaves a gate open (`NOT HELD: …`).
    pub warning: Option<String>,
    /// The next plan that is needed to reach the goal, offered with the same reason once this one was sent.
    pub next: Option<Lever>,
    /// The versions that may be chosen instead, the proposed one first; empty where there is nothing to choose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
}

/// Another version that could be chosen, and why it is good.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Choice {
    pub version: Version,
    pub evidence: String,
}

/// The environments that a plan can change by itself.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Reach {
    pub environments: Vec<Environment>,
    pub production: bool,
    /// Seconds until the last of them has usually changed.
    pub seconds: i64,
    /// How it gets there, or what would undo it, in sentences.
    pub because: Vec<String>,
    /// The versions that arrive in production where the plan may move several apps; empty where only its own version
    /// can.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arrivals: Vec<Arrival>,
}

/// A version that arrives in production by itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Arrival {
    pub app: App,
    pub repository: Repository,
    /// None where it is not known.
    pub version: Option<Version>,
}

impl Arrival {
    /// `asset-manager v862`.
    pub fn text(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {}", self.app, version.short()),
            None => self.app.to_string(),
        }
    }
}

impl Plan {
    pub fn wants_reason(&self) -> bool {
        self.checks.iter().any(Check::wants_reason)
    }
    /// What is known against the version that it brings here, where that was bad here before.
    pub fn brings_what_was_bad(&self) -> Option<&str> {
        let mut checks = self.checks.iter();
        let row = checks.find(|check| check.name == CheckName::BadHere);
        let failed = row.filter(|check| check.verdict == Verdict::Failed)?;
        Some(&failed.evidence)
    }
    /// Whether the check of this name was made, and passed.
    pub fn has_passed(&self, name: CheckName) -> bool {
        self.checks
            .iter()
            .any(|check| check.name == name && check.verdict == Verdict::Passed)
    }
    /// The hop with which it brings a version into a file by itself, and that version.
    pub fn declares(&self, into: &Environment, file: &Repository) -> Option<(usize, &Version)> {
        let mut hops = self.hops.iter().enumerate();
        hops.find_map(|(nth, hop)| match &hop.effect {
            HopEffect::Declared {
                environment,
                repository,
                version,
            } => (environment == into && repository == file).then_some((nth, version)),
            _ => None,
        })
    }
}

/// The one write of a plan.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "write")]
pub enum Write {
    /// One commit that sets scalars and nothing else.
    Commit {
        edits: Vec<Edit>,
        subject: String,
        /// None: straight to the main branch. Else the branch that is pushed, with its compare link.
        branch: Option<String>,
    },
    /// One object created under a deterministic name, so that a second create answers 409.
    Create {
        environment: Environment,
        namespace: Arc<str>,
        /// Plural of `argoproj.io/v1alpha1`: `workflows`.
        plural: Arc<str>,
        name: Arc<str>,
        object: serde_json::Value,
        /// For a resubmit: the run it repeats must still be there, with this uid and phase.
        origin: Option<Origin>,
    },
    /// One merge patch, guarded by uid and a resourceVersion: the plan's, or that of the writer's own reading just before.
    Patch {
        id: ObjectId,
        plural: Arc<str>,
        /// As the plan saw it.
        resource_version: Arc<str>,
        /// Without `metadata.resourceVersion` and `metadata.uid`: the writer adds them.
        patch: serde_json::Value,
        /// What must hold of the object at the last moment.
        guards: Vec<Guard>,
        #[serde(default, skip_serializing_if = "Holds::is_as_seen")]
        holds: Holds,
    },
}

impl Write {
    /// Environment, namespace and name of the object that it creates.
    pub fn creates(&self) -> Option<(&Environment, &str, &str)> {
        match self {
            Write::Create {
                environment,
                namespace,
                name,
                ..
            } => Some((environment, namespace, name)),
            Write::Commit { .. } | Write::Patch { .. } => None,
        }
    }
}

/// One scalar of one file, by its bytes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Edit {
    pub environment: Environment,
    pub repository: Repository,
    pub path: String,
    pub key: String,
    /// The value as the plan shows it; none where the key is absent. For a gate it is its meaning, `true` or `false`; a
    /// missing gate key reads `false`.
    pub from: Option<String>,
    pub to: String,
    /// The bytes that it changes; none in plans of versions that did not say.
    #[serde(default)]
    pub line: Option<LineEdit>,
}

impl Edit {
    /// The value that is written: a version stays a text whatever it looks like, a gate is a boolean.
    pub fn value(&self, delivery: &Delivery) -> Value {
        match self.to.as_str() {
            "true" | "false" if *self.key != *delivery.declared.version => {
                Value::Boolean(self.to == "true")
            }
            text => Value::Text(text.to_owned()),
        }
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Origin {
    pub id: ObjectId,
    pub attempt: u32,
    pub phase: String,
}

/// One thing that follows, with the usual time.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Hop {
    pub effect: HopEffect,
    /// Seconds after the hop before: usually, and when it is overdue.
    pub usual_s: i64,
    pub late_s: i64,
    /// What to look at when it is late.
    pub look: String,
    /// The lever that may help then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helped_by: Option<Lever>,
}

impl Hop {
    fn helped_by(mut self, lever: Lever) -> Self {
        self.helped_by = Some(lever);
        self
    }

    /// What to do when it is late.
    pub fn remedy(&self) -> Remedy {
        let sentence = format!("Look at {}.", self.look);
        match self.helped_by {
            Some(lever) => Remedy::by(
                format!("Look at {}, or {}.", self.look, lever.title()),
                Way::Pull(lever),
            ),
            None => sentence.into(),
        }
    }
}

/// What a hop waits to see in a feed. A plan succeeds by these, never by an answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "effect")]
pub enum HopEffect {
    /// The main branch declares the version there.
    Declared {
        environment: Environment,
        repository: Repository,
        version: Version,
    },
    /// The gate key of the file reads so.
    Gate {
        environment: Environment,
        repository: Repository,
        open: bool,
    },
    /// The branch is on the remote (outcome itself shows it), and waits to be merged.
    BranchPushed { branch: String },
    /// The object was created and is seen.
    Created {
        environment: Environment,
        name: Arc<str>,
    },
    /// The run reached a phase; `Succeeded` unless a stop was asked.
    RunOver {
        environment: Environment,
        name: Arc<str>,
        wanted: Option<String>,
    },
    /// The parent synced a revision that holds the file's last commit.
    ParentSynced {
        environment: Environment,
        repository: Repository,
    },
    /// The refresh annotation is gone and the parent was compared since.
    Refreshed { environment: Environment, app: App },
    /// The operation that carries the plan's id ended Succeeded.
    Synced { environment: Environment, app: App },
    /// Ready pods run the version, all of them.
    RolledOut {
        environment: Environment,
        app: App,
        version: Version,
    },
    /// A smoke run of the version Succeeded.
    Smoked {
        environment: Environment,
        app: App,
        version: Version,
    },
}

/// Why there is no plan, and what to do next.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Refusal {
    pub lever: Lever,
    pub target: Target,
    /// One sentence.
    pub because: String,
    pub remedy: Remedy,
    /// All the checks as far as they went (empty where there was nothing to check).
    pub checks: Vec<Check>,
    /// What is missing is being read already, so the operator only has to wait.
    pub is_asking: bool,
}

impl Refusal {
    pub fn new(lever: Lever, target: Target, because: impl Into<String>) -> Self {
        Self {
            lever,
            target,
            because: because.into(),
            remedy: Remedy::default(),
            checks: Vec::new(),
            is_asking: false,
        }
    }
}

/// What is refused and why. What to do next is left out, because its words depend on where it is read.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {}",
            self.lever.title(),
            self.target,
            self.because
        )
    }
}

/// The phases of a run that a resubmit may start from.
pub fn is_resubmittable(phase: &RunPhase) -> bool {
    phase.has_failed()
}

/// Decides on the plan of a lever, or refuses it. Nothing else says yes or no: footer, help, overlay and command line
/// all ask here.
///
/// # Errors
/// The refusal, with all checks as far as they went.
pub fn plan(request: &Request, context: &Context<'_>) -> Result<Plan, Refusal> {
    let subject = subject::Subject::find(request, *context)?;
    match request.lever {
        Lever::Promote => promote::plan(&subject),
        Lever::RollBack => roll_back::plan(&subject),
        Lever::Resubmit | Lever::TestsOnly => resubmit::plan(&subject),
        Lever::Sync => sync::sync(&subject),
        Lever::Refresh => sync::refresh(&subject),
        Lever::Stop => stop::plan(&subject),
        Lever::Hold | Lever::Release => hold::plan(&subject),
    }
}

/// The repositories among which a request must choose before it can be decided; empty where there is nothing to choose.
pub fn choices(request: &Request, context: &Context<'_>) -> Vec<Repository> {
    subject::choices(request, *context)
}

impl Plan {
    /// What it rests on, with the ages of now: they run on while it is shown and would be refused.
    pub fn read_with_ages(&self, context: &Context<'_>) -> String {
        let source = match &self.write {
            _ if self.request.lever.writes_files() => Source::Git,
            Write::Commit { .. } => Source::Git,
            Write::Create { environment, .. } => Source::Cluster(environment.clone()),
            Write::Patch { id, .. } => Source::Cluster(id.environment.clone()),
        };
        checks::read_in_words(context, std::iter::once(&source), &self.write)
    }

    /// The same plan with the reason that was typed after it was shown.
    pub fn with_reason(mut self, reason: Option<String>) -> Plan {
        mark::reason(&mut self.write, reason.as_deref());
        self.request.reason = reason;
        self
    }

    /// The gate that it closes, in the file of the environment below its target.
    pub fn closes(&self) -> Option<&Edit> {
        let Write::Commit { edits, .. } = &self.write else {
            return None;
        };
        edits
            .iter()
            .find(|edit| edit.environment != self.request.target.environment && edit.to == "false")
    }
}
