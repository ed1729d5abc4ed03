//! Pace: how often and how far the feed looks, and whose history it walks.

use crate::model::App;
use crate::provider::OwnNamespaces;
use std::time::Duration;
use tokio::sync::watch as signal;

/// How often and how far is looked.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Between looks at a local branch.
    pub look: Duration,
    /// Between fetches of a remote.
    pub fetch: Duration,
    /// The longest pause after fetches that failed.
    pub longest: Duration,
    /// Between signs of life of a local branch that does not move.
    pub alive: Duration,
    /// Commits of history that are walked.
    pub bound: usize,
    /// Commits walked between looks, and between two openings of the repository.
    pub chunk: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(1),
            fetch: Duration::from_secs(20),
            longest: Duration::from_secs(300),
            alive: Duration::from_secs(10),
            bound: 20_000,
            chunk: 100,
        }
    }
}

impl Pace {
    /// The same for one app: its walk finds little in many commits, so larger chunks cost nobody a wait.
    pub fn for_history_of(only: Option<&OneApp>) -> Self {
        let usual = Self::default();
        match only {
            Some(_) => Self {
                chunk: 2_000,
                ..usual
            },
            None => usual,
        }
    }
}

/// What the feed is asked to do besides looking.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Ask whether the branch could be pushed to: once it was read, at each requested look, and after a no.
    pub probe: bool,
    /// Where to send the namespaces that apps name for themselves, whenever they change.
    pub namespaces: Option<signal::Sender<OwnNamespaces>>,
    /// Whose history is walked; none: that of all files.
    pub only: Option<OneApp>,
}

/// The history of one app: what one app's question costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneApp {
    pub app: App,
    pub depth: Depth,
}

/// How far back one app's history is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Until so many changes of each of its files were found, at most to the bound.
    Changes(usize),
    Bound,
    /// To the first commit of the branch.
    Start,
}
