//! Change: one move of one version or gate, as the first-parent history of the main branch tells it.
//!
//! Deliberately absent: what the change led to in a cluster.

use super::{Environment, Repository, Version};
use jiff::Timestamp;
use serde::Serialize;
use std::sync::Arc;

/// Who moved it, as far as git can tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// The delivery's robot, on the way of continuous deployment.
    Robot,
    /// The robot on somebody's order (`deploy-image` with promote false).
    Manual,
    /// A person's own commit or merged pull request.
    Person,
    /// This console, known by its trailer.
    Leverframe,
}

/// One commit's effect on one version file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Committer time of the commit that brought it to the main branch.
    pub at: Timestamp,
    /// That commit, in full.
    pub commit: Arc<str>,
    pub environment: Environment,
    pub repository: Repository,
    /// None where the file (or its version) did not exist.
    pub from: Option<Version>,
    pub to: Option<Version>,
    /// The file came into being with it: there is no older change of this file.
    pub creates_file: bool,
    pub gate_from: bool,
    pub gate_to: bool,
    pub promote_to: bool,
    pub actor: Arc<str>,
    pub kind: ActorKind,
    pub subject: Arc<str>,
    /// The plan that our trailer names.
    pub plan: Option<Arc<str>>,
    /// The reason that our trailer gives.
    pub reason: Option<Arc<str>>,
}

impl Change {
    /// Whether the version moved (a change may be of the gate alone).
    pub fn moves_version(&self) -> bool {
        self.from != self.to
    }
    pub fn moves_gate(&self) -> bool {
        self.gate_from != self.gate_to
    }
}
