//! Status: what is to be said of one target, derived from the facts.
//!
//! Deliberately absent: words for the screen beyond [`Word`], and decisions (those are plans).

use crate::model::*;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    App,
    /// A file that no app names; the app's name is the file's.
    Orphan,
    /// An app without a file.
    NoFile,
}

/// One file behind a target.
#[derive(Clone, PartialEq, Debug)]
pub struct Image {
    pub repository: Repository,
    /// None: there is no such file.
    pub declared: Option<Declared>,
}

/// What leads into the environment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    /// It opens by itself.
    Open,
    /// Closed lately, whoever closed it.
    Held,
    /// Closed for longer, or never open (also where history is not known).
    Manual,
    /// No lower environment, or no file there.
    None,
}

#[derive(Clone, PartialEq, Debug)]
pub struct GateIn {
    pub state: GateState,
    /// Whose file holds the gate: the lower environment.
    pub environment: Option<Environment>,
    /// The key in that file.
    pub key: Option<Arc<str>>,
    pub repository: Option<Repository>,
    pub since: Option<Timestamp>,
    pub by: Option<Arc<str>>,
}

/// What serves: ready pods by version.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Live {
    /// Where all ready pods run one.
    pub version: Option<Version>,
    pub versions: BTreeMap<Version, usize>,
    /// Where all ready pods run one.
    pub digest: Option<Arc<str>>,
    pub pods_ready: usize,
    pub pods: usize,
    /// Pods of the newest version, and the worst reason why one of them waits.
    pub newest_ready: usize,
    pub newest: usize,
    pub waiting: Option<Arc<str>>,
    pub waiting_since: Option<Timestamp>,
}

/// The newest smoke run of the declared version, else of any.
#[derive(Clone, PartialEq, Debug)]
pub struct Smoke {
    pub run: ObjectId,
    pub phase: RunPhase,
    pub at: Option<Timestamp>,
    pub version: Option<Version>,
    /// It is of the version that is declared now.
    pub current: bool,
}

/// Everything about one target.
#[derive(Clone, PartialEq, Debug)]
pub struct Status {
    pub target: Target,
    pub kind: TargetKind,
    pub twin: bool,
    pub images: Vec<Image>,
    /// Where the images that have files agree.
    pub version: Option<Version>,
    pub promote: bool,
    /// When the version that stands now arrived; none: not known yet.
    pub since: Option<Timestamp>,
    pub gate_in: GateIn,
    /// Versions that wait below; none: not known.
    pub waiting: Option<usize>,
    /// None: its cluster is not configured, or its pods were not read.
    pub live: Option<Live>,
    /// None: its cluster is not configured, or it was not read.
    pub sync: Option<Sync>,
    pub health: Option<Health>,
    pub phase: Option<Phase>,
    pub retrying: bool,
    /// The annotation that repeats the version differs from the file: the parent has not rendered it yet.
    pub annotated: Option<Version>,
    /// Whether the revision that the parent last synced contains the file's last commit; none: not known.
    pub parent_has_it: Option<bool>,
    pub smoke: Option<Smoke>,
    /// Words, worst first; empty: calm.
    pub attention: Vec<Word>,
    /// Sentences that explain the words, in the same order, most telling first.
    pub because: Vec<String>,
}
