//! Run: one Argo Workflow, with its nodes as the engine recorded them.
//!
//! Deliberately absent: the tree that is drawn (derived from the nodes), and logs.

use super::live::words;
use super::{Environment, ObjectId, Repository, Texts, Version};
use jiff::Timestamp;
use std::fmt;
use std::sync::Arc;

words!(
    /// Phase of a Workflow.
    RunPhase { Pending, Running, Succeeded, Failed, Error }
);
words!(
    /// Phase of a node. Omitted: a `depends` was not met. Skipped: a `when` was false.
    NodePhase { Pending, Running, Succeeded, Skipped, Failed, Error, Omitted }
);
words!(
    /// Type of a node.
    NodeKind { Pod, Container, Steps, StepGroup, DAG, TaskGroup, Retry, Skipped, Suspend, HTTP, Plugin }
);

/// Annotation: the plan's id.
pub const PLAN: &str = "leverframe/plan";
/// Annotation of a run: the id of the plan that stopped it. Its own [`PLAN`] stays, by which the one that made it is found.
pub const STOP: &str = "leverframe/stop";
/// Annotation of a resubmitted run: its own name, because its annotations may be copied to another one.
pub const RUN: &str = "leverframe/run";
/// Annotation of a run that a plan stopped: its own name, for the same reason.
pub const STOP_RUN: &str = "leverframe/stop-run";
/// Annotation of what a plan makes: who pulled the lever.
pub const ACTOR: &str = "leverframe/actor";
/// Annotation: why.
pub const REASON: &str = "leverframe/reason";
/// Annotation of a run that a plan stopped: who did.
pub const STOP_ACTOR: &str = "leverframe/stop-actor";
/// Annotation: why.
pub const STOP_REASON: &str = "leverframe/stop-reason";

impl RunPhase {
    pub fn is_over(&self) -> bool {
        matches!(
            self,
            RunPhase::Succeeded | RunPhase::Failed | RunPhase::Error
        )
    }
    pub fn has_failed(&self) -> bool {
        matches!(self, RunPhase::Failed | RunPhase::Error)
    }
}

impl NodePhase {
    pub fn has_failed(&self) -> bool {
        matches!(self, NodePhase::Failed | NodePhase::Error)
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct Run {
    pub id: ObjectId,
    pub resource_version: Arc<str>,
    /// The WorkflowTemplate, by label or `spec.workflowTemplateRef`.
    pub template: Option<Arc<str>>,
    pub labels: Texts,
    pub annotations: Texts,
    pub generate_name: Option<Arc<str>>,
    /// Owner references as JSON, copied by a resubmit; none where there are none.
    pub owners: Option<Arc<str>>,
    /// `spec` as JSON, byte for byte: what a resubmit copies.
    pub spec: Arc<str>,
    /// Effective parameters, values as text.
    pub parameters: Texts,
    pub phase: RunPhase,
    pub message: Option<Arc<str>>,
    /// `spec.shutdown`: Stop or Terminate.
    pub shutdown: Option<Arc<str>>,
    pub suspended: bool,
    pub created: Option<Timestamp>,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    /// N/M.
    pub progress: Option<Arc<str>>,
    pub nodes: Nodes,
    /// It was made by a memoized resubmit, which keeps steps of the run before. A step answered by a template's own
    /// cache does not count, because a copy asks the cache again.
    pub memoized: bool,
    /// The template of the exit handler.
    pub exit_handler: Option<Arc<str>>,
    /// A retry strategy of the whole run covers each of its templates, the exit handler's, too.
    pub retries_all: bool,
    /// The expression that is asked, once the whole run has backed off, whether it is tried again.
    pub retry_expression: Option<Arc<str>>,
}

/// A label's value has at most so many characters.
const LABEL_LIMIT: usize = 63;

impl Run {
    /// It was asked to shut down, and is not over yet.
    pub fn is_stopping(&self) -> bool {
        !self.phase.is_over() && self.shutdown.is_some()
    }

    /// A mark that a plan left on this very run. Argo's own resubmit copies those of the run that it repeats, and they were
    /// never about the copy; a plan's resubmit and its stop name the run that they are about.
    fn mark(&self, key: &str, about: &str) -> Option<&Arc<str>> {
        let names_it = |name: &Arc<str>| **name == *self.id.name;
        let is_its_own =
            self.resubmitted_from().is_none() || self.annotations.get(about).is_some_and(names_it);
        self.annotations.get(key).filter(|_| is_its_own)
    }

    /// A plan made it, or the run that it repeats.
    pub fn was_ordered(&self) -> bool {
        self.annotations.get(ACTOR).is_some()
    }

    /// The id of the plan that made it.
    pub fn made_by(&self) -> Option<&Arc<str>> {
        self.mark(PLAN, RUN)
    }

    /// Who ordered it, where a plan made it.
    pub fn ordered_by(&self) -> Option<&Arc<str>> {
        self.mark(ACTOR, RUN)
    }

    /// Why it was ordered, where a plan made it.
    pub fn reason(&self) -> Option<&Arc<str>> {
        self.mark(REASON, RUN)
    }

    /// The id of the plan that stopped it.
    pub fn stop_plan(&self) -> Option<&Arc<str>> {
        self.mark(STOP, STOP_RUN)
    }

    /// Who stopped it and why, where a plan did, as that left it on the run.
    pub fn stopped_by(&self) -> Option<StoppedBy<'_>> {
        Some(StoppedBy {
            who: self.mark(STOP_ACTOR, STOP_RUN)?,
            reason: self.mark(STOP_REASON, STOP_RUN).map(|reason| &**reason),
            plan: None,
        })
    }

    /// It ended because somebody asked it to: that says nothing about what it tested or would have written.
    pub fn was_stopped(&self) -> bool {
        self.phase.has_failed() && self.shutdown.is_some()
    }

    /// It failed by itself.
    pub fn has_failed(&self) -> bool {
        self.phase.has_failed() && !self.was_stopped()
    }

    /// It has failed, and only backs off before it says so: no try follows.
    fn is_decided(&self) -> bool {
        self.back_off().is_some_and(|wait| wait.is_decided)
    }

    /// What it tests or writes may still come of it: it is not over, not asked to shut down, and has not failed already.
    pub fn may_pass(&self) -> bool {
        !self.phase.is_over() && !self.is_stopping() && !self.is_decided()
    }

    /// Its phase, and what of its state the engine's word does not say: `Running, stopping`.
    pub fn state_in_words(&self) -> String {
        let phase = self.phase.as_str();
        let decided = self.back_off().filter(|wait| wait.is_decided);
        match decided {
            _ if self.is_stopping() => format!("{phase}, stopping"),
            _ if self.was_stopped() => format!("{phase}, stopped"),
            Some(wait) => format!("{phase}, backs off until {}, decided", wait.until_words()),
            None if self.suspended && !self.phase.is_over() => format!("{phase}, suspended"),
            None => phase.to_owned(),
        }
    }

    pub fn environment(&self) -> &Environment {
        &self.id.environment
    }
    /// When it began, which orders runs: an object may have been created (restored, imported) later than it ran.
    pub fn begun(&self) -> Option<Timestamp> {
        self.started.or(self.created)
    }
    /// A parameter, else the label of the same name: what a run does is said by its parameters.
    pub fn parameter_or_label(&self, key: &str) -> Option<&str> {
        self.parameters
            .get(key)
            .or_else(|| self.labels.get(key))
            .map(|v| &**v)
            .filter(|v| !v.is_empty())
    }
    /// A label that differs from the parameter of the same name. A label that was only cut to the allowed length does
    /// not differ.
    pub fn contradiction(&self, key: &str) -> Option<(&str, &str)> {
        let (label, parameter) = (self.labels.get(key)?, self.parameters.get(key)?);
        let cut = parameter.len() > LABEL_LIMIT && parameter.starts_with(&**label);
        (label != parameter && !cut).then_some((label, parameter))
    }
    pub fn version(&self, key: &str) -> Option<Version> {
        self.parameter_or_label(key).map(Version::new)
    }
    pub fn repository(&self, key: &str) -> Option<Repository> {
        self.parameter_or_label(key).map(Repository::new)
    }
    /// The run that this one repeats.
    pub fn resubmitted_from(&self) -> Option<&str> {
        self.labels
            .get("workflows.argoproj.io/resubmitted-from-workflow")
            .map(|v| &**v)
    }
}

/// Who stopped a run, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoppedBy<'a> {
    pub who: &'a str,
    pub reason: Option<&'a str>,
    /// The plan that did it, shortened as the own journal names it; none where another journal has it.
    pub plan: Option<&'a str>,
}

/// `by root (plan 3032): wait`.
impl fmt::Display for StoppedBy<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "by {}", self.who)?;
        if let Some(plan) = self.plan {
            write!(to, " (plan {plan})")?;
        }
        match self.reason {
            Some(reason) => write!(to, ": {reason}"),
            None => Ok(()),
        }
    }
}

/// The nodes, or why they cannot be had here.
#[derive(Clone, PartialEq, Debug)]
pub enum Nodes {
    Read(Arc<Vec<Node>>),
    /// Offloaded to a database, or packed in a way this console does not unpack.
    Unread(Arc<str>),
}

impl Nodes {
    pub fn read(&self) -> &[Node] {
        match self {
            Nodes::Read(nodes) => nodes,
            Nodes::Unread(_) => &[],
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    pub id: Arc<str>,
    pub name: Arc<str>,
    pub display_name: Arc<str>,
    pub kind: NodeKind,
    pub phase: NodePhase,
    pub template: Arc<str>,
    pub boundary: Option<Arc<str>>,
    pub children: Vec<Arc<str>>,
    pub message: Option<Arc<str>>,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub exit_code: Option<Arc<str>>,
    /// `nodeFlag.hooked`: a lifecycle hook or exit handler.
    pub hooked: bool,
    /// `nodeFlag.retried`: one attempt of a retry.
    pub retried: bool,
}
