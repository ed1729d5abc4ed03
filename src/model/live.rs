//! Live: what one cluster says of its objects, slimmed to what is shown or decided upon.
//!
//! Deliberately absent: wire types. Words that a newer server may add are kept as text ([`Sync::Other`] and friends).

use super::{ObjectId, Texts};
use jiff::Timestamp;
use std::sync::Arc;

macro_rules! words {
    ($(#[$doc:meta])* $type:ident { $($variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $type {
            $($variant,)*
            /// A word that this console does not know, as the server spelt it.
            Other(Arc<str>),
        }
        impl $type {
            pub fn parse(word: &str) -> Self {
                match word {
                    $(stringify!($variant) => Self::$variant,)*
                    other => Self::Other(Arc::from(other)),
                }
            }
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => stringify!($variant),)*
                    Self::Other(word) => word,
                }
            }
        }
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words!(
    /// Sync status as Argo CD spells it.
    Sync { Synced, OutOfSync, Unknown }
);
words!(
    /// Health as Argo CD spells it, best to worst.
    Health { Healthy, Suspended, Progressing, Missing, Degraded, Unknown }
);
words!(
    /// Phase of an operation or a hook as Argo CD spells it.
    Phase { Running, Terminating, Failed, Error, Succeeded }
);

impl Phase {
    pub fn is_over(&self) -> bool {
        matches!(self, Phase::Failed | Phase::Error | Phase::Succeeded)
    }
}

/// One Argo CD Application.
#[derive(Clone, PartialEq, Debug)]
pub struct Application {
    pub id: ObjectId,
    pub resource_version: Arc<str>,
    /// Annotations that the delivery names (imageTag, repoName, promoteDeployment, automaticDeploysEnabled, ...) and Argo CD's own.
    pub annotations: Texts,
    pub project: Arc<str>,
    pub sync: Sync,
    /// What it was last *compared* to, which need not be what runs.
    pub compared_revision: Option<Arc<str>>,
    /// What was last *synced*, successfully (`status.operationState.syncResult.revision` of a Succeeded operation, else the newest of `status.history`).
    pub synced_revision: Option<Arc<str>>,
    pub health: Health,
    pub health_message: Option<Arc<str>>,
    /// When the health became what it is; older controllers do not say.
    pub health_since: Option<Timestamp>,
    /// The last or running operation.
    pub operation: Option<Operation>,
    /// A requested operation that the controller has not removed yet (`.operation`).
    pub operation_requested: bool,
    /// `operation.info` named `leverframe-plan`, of the requested or last operation.
    pub operation_plan: Option<Arc<str>>,
    pub conditions: Vec<Condition>,
    pub auto_sync: bool,
    pub auto_prune: bool,
    /// `spec.syncPolicy.syncOptions`, which a sync through the object must copy.
    pub sync_options: Vec<Arc<str>>,
    /// `spec.syncPolicy.retry` as JSON, which a sync through the object must copy.
    pub retry: Option<Arc<str>>,
    /// The Application that manages this one, by its tracking annotation.
    pub parent: Option<Arc<str>>,
    pub target_revision: Option<Arc<str>>,
    pub deleting: bool,
    pub reconciled_at: Option<Timestamp>,
    /// Images of the live tree.
    pub images: Vec<Arc<str>>,
    /// Resources that are out of sync or to be pruned, named `kind/name`; what a sync would touch.
    pub out_of_sync: Vec<Arc<str>>,
    pub to_prune: Vec<Arc<str>>,
}

/// The annotation by which Argo CD is told to leave an Application alone.
pub const SKIP_RECONCILE: &str = "argocd.argoproj.io/skip-reconcile";

impl Application {
    /// It is told to leave this one alone, in one of the spellings that Go's `ParseBool` takes for true.
    pub fn is_left_alone(&self) -> bool {
        let said = self.annotations.get(SKIP_RECONCILE);
        said.is_some_and(|said| matches!(&**said, "1" | "t" | "T" | "TRUE" | "true" | "True"))
    }
}

/// `status.operationState`.
#[derive(Clone, PartialEq, Debug)]
pub struct Operation {
    pub phase: Phase,
    pub message: Option<Arc<str>>,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    /// Tries after the first.
    pub retries: u32,
    /// How many of them there may be; none: no end of them, or nobody says.
    pub retry_limit: Option<u32>,
    pub revision: Option<Arc<str>>,
    pub hooks: Vec<Hook>,
    /// Resources that failed to apply: `kind/name: message`.
    pub failed: Vec<Arc<str>>,
}

impl Operation {
    /// A failed attempt that waits for its next one: still `Running`, but finished.
    pub fn is_retrying(&self) -> bool {
        self.phase == Phase::Running && self.finished.is_some()
    }
    pub fn is_running(&self) -> bool {
        !self.phase.is_over()
    }
    /// It says what failed: itself, one of its hooks, or the try before the one that it waits for. While it is tried again it
    /// is called `Running`, for as long as an hour.
    pub fn tells_failure(&self) -> bool {
        let has_failed = matches!(self.phase, Phase::Failed | Phase::Error);
        let is_open = self.phase != Phase::Succeeded;
        has_failed || is_open && (self.is_retrying() || self.failed_hook().is_some())
    }
    pub fn failed_hook(&self) -> Option<&Hook> {
        self.hooks.iter().find(|hook| hook.has_failed())
    }
    /// `retry 3 of 5`; none while it is not being tried again.
    pub fn retry(&self) -> Option<String> {
        let again = self.is_running() && (self.retries > 0 || self.is_retrying());
        let nth = self.retries.max(1);
        again.then(|| match self.retry_limit {
            Some(limit) => format!("retry {nth} of {limit}"),
            None => format!("retry {nth}"),
        })
    }
}

impl Hook {
    pub fn has_failed(&self) -> bool {
        matches!(self.phase, Phase::Failed | Phase::Error)
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct Hook {
    pub kind: Arc<str>,
    pub namespace: Arc<str>,
    pub name: Arc<str>,
    /// PreSync, Sync, PostSync, SyncFail, Skip.
    pub stage: Arc<str>,
    pub phase: Phase,
    pub message: Option<Arc<str>>,
}

/// A condition of an Application or a Deployment.
#[derive(Clone, PartialEq, Debug)]
pub struct Condition {
    pub kind: Arc<str>,
    /// "True", "False", "Unknown"; empty for Applications.
    pub status: Arc<str>,
    pub reason: Arc<str>,
    pub message: Arc<str>,
    pub at: Option<Timestamp>,
}

/// One Deployment, with the counters that kubectl's six rollout rules read (absent counters are 0).
#[derive(Clone, PartialEq, Debug)]
pub struct Deployment {
    pub id: ObjectId,
    pub labels: Texts,
    pub generation: i64,
    pub observed_generation: i64,
    /// None where the spec leaves it out.
    pub replicas_wanted: Option<i64>,
    pub replicas: i64,
    pub updated: i64,
    pub available: i64,
    pub ready: i64,
    pub paused: bool,
    pub conditions: Vec<Condition>,
    /// Container name -> image of the pod template.
    pub images: Vec<(Arc<str>, Arc<str>)>,
}

/// What kubectl's rollout rules conclude.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rollout {
    /// Done.
    Complete,
    Paused,
    /// Waiting, with the rule's own sentence.
    Waiting(String),
    /// ProgressDeadlineExceeded.
    Failed(String),
}

impl Deployment {
    /// kubectl's `rollout status`, in its order (argo.md C.1).
    pub fn rollout(&self) -> Rollout {
        if self.generation > self.observed_generation {
            return Rollout::Waiting("waiting for the new spec to be observed".into());
        }
        if self
            .conditions
            .iter()
            .any(|c| &*c.kind == "Progressing" && &*c.reason == "ProgressDeadlineExceeded")
        {
            return Rollout::Failed("exceeded its progress deadline".into());
        }
        if self.paused {
            return Rollout::Paused;
        }
        if let Some(wanted) = self.replicas_wanted
            && self.updated < wanted
        {
            return Rollout::Waiting(format!("{}/{} new", self.updated, wanted));
        }
        if self.replicas > self.updated {
            return Rollout::Waiting(format!(
                "{} old pending termination",
                self.replicas - self.updated
            ));
        }
        if self.available < self.updated {
            return Rollout::Waiting(format!("{}/{} available", self.available, self.updated));
        }
        Rollout::Complete
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct Pod {
    pub id: ObjectId,
    pub labels: Texts,
    /// Argo Workflows' `node-id` annotation, for pods of a run.
    pub node_id: Option<Arc<str>>,
    /// The Job that owns it.
    pub job: Option<Arc<str>>,
    pub phase: Arc<str>,
    /// The Ready condition.
    pub ready: bool,
    pub deleting: bool,
    pub created: Option<Timestamp>,
    pub reason: Option<Arc<str>>,
    /// The PodScheduled condition, where it says that no node can have it.
    pub unschedulable: Option<Condition>,
    pub containers: Vec<Container>,
    pub init_containers: Vec<Container>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Container {
    pub name: Arc<str>,
    pub image: Arc<str>,
    /// With the digest that the node resolved (`…@sha256:…`); empty before it runs.
    pub image_id: Arc<str>,
    pub container_id: Arc<str>,
    pub ready: bool,
    pub restarts: i64,
    /// `state.waiting.reason`, for example CrashLoopBackOff.
    pub waiting: Option<Arc<str>>,
    pub waiting_message: Option<Arc<str>>,
    pub running: bool,
    /// `state.terminated`, else `lastState.terminated`: reason and exit code.
    pub terminated: Option<(Arc<str>, i32)>,
    /// When that was, and how many seconds it had run by then.
    pub ended: Option<Timestamp>,
    pub lasted_s: Option<i64>,
}

impl Pod {
    /// Meant to stay, not over, and not on its way out: what is being deleted gets no requests any more.
    pub fn is_meant_to_serve(&self) -> bool {
        let is_over = matches!(&*self.phase, "Succeeded" | "Failed");
        !self.ends_by_itself() && !self.deleting && !is_over
    }

    /// The workload that it is of: a Deployment's pods are named after it, the hash of their template and some letters,
    /// others after it and a number or letters.
    pub fn workload(&self) -> &str {
        let name = &*self.id.name;
        let hash = self.labels.get("pod-template-hash");
        let by_hash = hash.and_then(|hash| name.rsplit_once(&format!("-{hash}-")));
        let found = by_hash.or_else(|| name.rsplit_once('-'));
        found.map_or(name, |(workload, _)| workload)
    }

    /// A Job's or a run's: it does its work and ends, and serves nobody.
    pub fn ends_by_itself(&self) -> bool {
        self.job.is_some() || self.node_id.is_some()
    }
}

impl Container {
    /// The tag part of the image, without registry and digest.
    pub fn tag(&self) -> Option<&str> {
        tag_of(&self.image)
    }
    /// `sha256:…` of the image that runs.
    pub fn digest(&self) -> Option<&str> {
        self.image_id.rsplit_once('@').map(|(_, digest)| digest)
    }
}

/// The tag of an image reference: `host:5000/a/b:v1@sha256:x` has `v1`.
pub fn tag_of(image: &str) -> Option<&str> {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let last = name.rsplit_once('/').map_or(name, |(_, last)| last);
    last.split_once(':').map(|(_, tag)| tag)
}

/// The last part of an image's name, without tag and digest: `host:5000/a/b:v1@sha256:x` has `b`.
pub fn image_name(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let last = name.rsplit_once('/').map_or(name, |(_, last)| last);
    last.split_once(':').map_or(last, |(name, _)| name)
}

#[derive(Clone, PartialEq, Debug)]
pub struct Job {
    pub id: ObjectId,
    pub labels: Texts,
    /// `argocd.argoproj.io/hook`, for hook Jobs.
    pub hook: Option<Arc<str>>,
    pub active: i64,
    pub succeeded: i64,
    pub failed: i64,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub conditions: Vec<Condition>,
}

/// A Kubernetes Event (the bare word is kept for nothing else).
#[derive(Clone, PartialEq, Debug)]
pub struct Happening {
    pub id: ObjectId,
    /// `kind/name` of what it is about.
    pub about: Arc<str>,
    pub warning: bool,
    pub reason: Arc<str>,
    pub message: Arc<str>,
    pub count: i64,
    pub at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_found_behind_ports_and_digests() {
        assert_eq!(
            tag_of("ghcr.io/alphagov/govuk/publisher:v1362"),
            Some("v1362")
        );
        assert_eq!(tag_of("host:5000/publisher"), None);
        assert_eq!(tag_of("host:5000/publisher:v1@sha256:00"), Some("v1"));
    }

    fn deployment() -> Deployment {
        Deployment {
            id: ObjectId {
                environment: "staging".into(),
                namespace: "apps".into(),
                name: "x".into(),
                uid: "u".into(),
            },
            labels: Texts::default(),
            generation: 2,
            observed_generation: 2,
            replicas_wanted: Some(3),
            replicas: 3,
            updated: 3,
            available: 3,
            ready: 3,
            paused: false,
            conditions: Vec::new(),
            images: Vec::new(),
        }
    }

    #[test]
    fn rollout_follows_kubectls_rules_in_their_order() {
        assert_eq!(deployment().rollout(), Rollout::Complete);
        let unseen = Deployment {
            generation: 3,
            ..deployment()
        };
        assert!(matches!(unseen.rollout(), Rollout::Waiting(_)));
        let late = Deployment {
            updated: 1,
            conditions: vec![Condition {
                kind: "Progressing".into(),
                status: "False".into(),
                reason: "ProgressDeadlineExceeded".into(),
                message: "".into(),
                at: None,
            }],
            ..deployment()
        };
        assert!(matches!(late.rollout(), Rollout::Failed(_)));
        let partly = Deployment {
            updated: 2,
            ..deployment()
        };
        assert_eq!(partly.rollout(), Rollout::Waiting("2/3 new".into()));
        let old = Deployment {
            replicas: 5,
            ..deployment()
        };
        assert_eq!(
            old.rollout(),
            Rollout::Waiting("2 old pending termination".into())
        );
        let unavailable = Deployment {
            available: 1,
            ..deployment()
        };
        assert_eq!(
            unavailable.rollout(),
            Rollout::Waiting("1/3 available".into())
        );
        let unstated = Deployment {
            replicas_wanted: None,
            updated: 0,
            replicas: 0,
            available: 0,
            ..deployment()
        };
        assert_eq!(unstated.rollout(), Rollout::Complete);
    }
}
