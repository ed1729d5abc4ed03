//! Declared: what git says should run, file by file, at one commit.
//!
//! Deliberately absent: when each version arrived (that is history, [`super::change`]).

use super::{App, Environment, Repository, Version};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One version file as it stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Declared {
    /// None where the file has no usable version.
    pub version: Option<Version>,
    /// Whether a healthy run here asks for promotion. A missing key is false, as Helm has it.
    pub promote: bool,
    /// The gate key of this file: whether versions may go on to the *next* environment. A missing key is false.
    pub gate: bool,
    /// What is strange about the content, in words; empty when nothing is.
    pub odd: Vec<Arc<str>>,
}

/// One app that the values files of an environment name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AppDeclared {
    pub app: App,
    /// The files behind it: one for most, several for an app of several images.
    pub repositories: Vec<Repository>,
    pub namespace: Option<Arc<str>>,
    /// Whether a smoke run follows each delivery.
    pub smoke: bool,
}

/// All that is declared at one commit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tree {
    /// The commit read, in full.
    pub tip: Arc<str>,
    /// Its committer time.
    pub tip_at: Option<Timestamp>,
    pub files: BTreeMap<(Environment, Repository), Declared>,
    /// Apps by environment in the order of the values file; an environment is missing here where it has no (readable)
    /// values file, and the file names stand for the apps.
    pub apps: BTreeMap<Environment, Vec<AppDeclared>>,
    /// First-parent commits of the main branch, newest first, in full, as far as they were read (some thousands): whether
    /// one contains another is a matter of their places.
    pub mainline: Arc<Vec<Arc<str>>>,
    /// What could not be read, in words (a values file that is not YAML, say).
    pub odd: Vec<Arc<str>>,
}
