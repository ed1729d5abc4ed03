//! JSON: the documents that scripts read. Names, order and meaning of the fields are a contract, stated in README.
//!
//! Deliberately absent: writing them, where letters that a terminal would obey get their numbers.

use crate::belongs::runs::Mover;
use crate::board::status::{GateState, Image, Status, TargetKind};
use crate::model::*;
use crate::store::source::Reach;
use crate::store::{Source, SourceState, Store};
use jiff::{Timestamp, Unit};
use serde::Serialize;
use std::collections::BTreeMap;

/// `status -o json`.
#[derive(Serialize, Debug)]
pub struct StatusPage<'a> {
    pub delivery: &'a str,
    pub at: String,
    pub sources: Vec<SourceLine>,
    pub targets: Vec<TargetLine<'a>>,
    pub parents: Vec<ParentLine<'a>>,
}

/// An app of apps, which renders the others into its environment.
#[derive(Serialize, Debug)]
pub struct ParentLine<'a> {
    pub environment: &'a str,
    pub name: &'a str,
    pub sync: Option<&'a str>,
    pub health: Option<&'a str>,
    /// Why nothing new reaches the environment; null where it does, and where that is not known.
    pub error: Option<String>,
}

impl<'a> ParentLine<'a> {
    pub fn new(status: &'a Status) -> Self {
        let is_broken = status.is_broken_parent();
        Self {
            environment: status.target.environment.as_str(),
            name: status.target.app.as_str(),
            sync: status.sync.as_ref().map(Sync::as_str),
            health: status.health.as_ref().map(Health::as_str),
            error: is_broken.then(|| status.because.join(" ")),
        }
    }
}

#[derive(Serialize, Debug)]
pub struct SourceLine {
    pub name: String,
    pub state: Reach,
    pub age_s: Option<i64>,
    pub error: Option<String>,
}

#[derive(Serialize, Debug)]
pub struct TargetLine<'a> {
    pub environment: &'a str,
    pub app: &'a str,
    pub kind: TargetKind,
    /// Null where the file is missing, and where there are several.
    pub repository: Option<&'a str>,
    pub declared: DeclaredLine<'a>,
    pub gate_in: GateLine<'a>,
    pub waiting: Option<usize>,
    pub live: Option<LiveLine<'a>>,
    pub sync: Option<&'a str>,
    pub health: Option<&'a str>,
    pub phase: Option<&'a str>,
    pub smoke: Option<SmokeLine<'a>>,
    pub attention: &'a [Word],
}

#[derive(Serialize, Debug)]
pub struct DeclaredLine<'a> {
    pub version: Option<&'a str>,
    pub promote: bool,
    pub odd: Option<String>,
    pub images: Vec<ImageLine<'a>>,
}

#[derive(Serialize, Debug)]
pub struct ImageLine<'a> {
    /// Null where the file is missing; `odd` then names it.
    pub repository: Option<&'a str>,
    pub version: Option<&'a str>,
    pub promote: bool,
    pub odd: Option<String>,
}

#[derive(Serialize, Debug)]
pub struct GateLine<'a> {
    pub state: GateState,
    pub environment: Option<&'a str>,
    pub key: Option<&'a str>,
}

#[derive(Serialize, Debug)]
pub struct LiveLine<'a> {
    pub version: Option<&'a str>,
    pub versions: BTreeMap<&'a str, usize>,
    pub digest: Option<&'a str>,
    pub pods_ready: usize,
    pub pods: usize,
}

#[derive(Serialize, Debug)]
pub struct SmokeLine<'a> {
    pub phase: &'a str,
    pub run: &'a str,
    pub at: Option<String>,
    /// Somebody stopped it: its phase says nothing about the version.
    pub stopped: bool,
}

/// `history -o json`.
#[derive(Serialize, Debug)]
pub struct HistoryPage<'a> {
    /// Whether every change is here that the file ever had.
    pub whole: bool,
    /// Later changes are all here; null where nothing was read.
    pub since: Option<String>,
    /// Why the runs were not read that may say whose order a `manual` change was; null where they were, and where there
    /// is none of that kind.
    pub unread: Option<String>,
    /// Null where the repository could not be read.
    pub changes: Option<Vec<ChangeLine<'a>>>,
}

impl HistoryPage<'_> {
    pub fn unread() -> Self {
        Self {
            whole: false,
            since: None,
            unread: None,
            changes: None,
        }
    }
}

#[derive(Serialize, Debug)]
pub struct ChangeLine<'a> {
    pub at: String,
    pub commit: &'a str,
    pub from: Option<&'a str>,
    pub to: Option<&'a str>,
    pub actor: &'a str,
    pub kind: ActorKind,
    pub reason: Option<&'a str>,
}

/// A moment to the second, in UTC.
pub fn moment(at: Timestamp) -> String {
    at.round(Unit::Second).unwrap_or(at).to_string()
}

impl SourceLine {
    pub fn new(source: &Source, state: &SourceState, now: Timestamp) -> Self {
        Self {
            name: source.to_string(),
            state: state.reach(now),
            age_s: state.age_s(now),
            error: state.worst_fault().map(ToString::to_string),
        }
    }

    pub fn all(store: &Store, now: Timestamp) -> Vec<Self> {
        store
            .sources()
            .map(|(source, state)| {
                let mut line = Self::new(source, state, now);
                // Read, and not as it should be: lists of apps that cannot be understood.
                let odd = store.tree.as_ref().filter(|_| *source == Source::Git);
                let odd = odd.map(|tree| tree.odd.join("; "));
                line.error = line.error.or(odd.filter(|odd| !odd.is_empty()));
                line
            })
            .collect()
    }
}

impl<'a> TargetLine<'a> {
    pub fn new(status: &'a Status) -> Self {
        let files = status.images.iter().filter(|i| i.declared.is_some());
        let repository = match (status.images.as_slice(), files.clone().count()) {
            ([only], 1) => Some(only.repository.as_str()),
            _ => None,
        };
        let several = status.images.len() > 1;
        let mut odd: Vec<&str> = files
            .filter_map(|i| i.declared.as_ref())
            .flat_map(|d| d.odd.iter().map(|o| &**o))
            .collect();
        odd.dedup();
        Self {
            environment: status.target.environment.as_str(),
            app: status.target.app.as_str(),
            kind: status.kind,
            repository,
            declared: DeclaredLine {
                version: status.version.as_ref().map(Version::as_str),
                promote: status.promote,
                odd: joined(&odd),
                images: status
                    .images
                    .iter()
                    .map(|image| ImageLine::new(image, several))
                    .collect(),
            },
            gate_in: GateLine {
                state: status.gate_in.state,
                environment: status.gate_in.environment.as_ref().map(Environment::as_str),
                key: status.gate_in.key.as_deref(),
            },
            waiting: status.waiting,
            live: status.live.as_ref().map(|live| LiveLine {
                version: live.version.as_ref().map(Version::as_str),
                versions: live
                    .versions
                    .iter()
                    .map(|(version, pods)| (version.as_str(), *pods))
                    .collect(),
                digest: live.digest.as_deref(),
                pods_ready: live.pods_ready,
                pods: live.pods,
            }),
            sync: status.sync.as_ref().map(Sync::as_str),
            health: status.health.as_ref().map(Health::as_str),
            phase: status.phase.as_ref().map(Phase::as_str),
            // Another version's verdict says nothing of this one.
            smoke: status
                .smoke
                .as_ref()
                .filter(|s| s.current)
                .map(|smoke| SmokeLine {
                    phase: smoke.phase.as_str(),
                    run: &smoke.run.name,
                    at: smoke.at.map(moment),
                    stopped: smoke.stopped,
                }),
            attention: &status.attention,
        }
    }
}

impl<'a> ImageLine<'a> {
    fn new(image: &'a Image, several: bool) -> Self {
        match &image.declared {
            Some(declared) => {
                let odd: Vec<&str> = declared.odd.iter().map(|o| &**o).collect();
                Self {
                    repository: Some(image.repository.as_str()),
                    version: declared.version.as_ref().map(Version::as_str),
                    promote: declared.promote,
                    odd: joined(&odd),
                }
            }
            None => Self {
                repository: None,
                version: None,
                promote: false,
                odd: several.then(|| format!("no file {}", image.repository)),
            },
        }
    }
}

impl<'a> ChangeLine<'a> {
    pub fn new(change: &'a Change, by: Mover<'a>) -> Self {
        Self {
            at: moment(change.at),
            commit: &change.commit,
            from: change.from.as_ref().map(Version::as_str),
            to: change.to.as_ref().map(Version::as_str),
            actor: by.actor,
            kind: by.kind,
            reason: by.reason,
        }
    }
}

fn joined(words: &[&str]) -> Option<String> {
    (!words.is_empty()).then(|| words.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fixture::{Fixture, smoke};
    use crate::store::{ClusterList, Kind, News, Source};

    /// The contract says null for what was not read.
    #[test]
    fn what_runs_in_a_namespace_that_was_not_read_is_null() {
        let mut world = Fixture::new();
        world
            .app("licensify", &["licensify"])
            .lives_in("licensify", "licensify")
            .file("staging", "licensify", "v1", true)
            .listed("staging", Kind::Pods);
        let live = |world: &Fixture| {
            let status = world.status("staging", "licensify");
            serde_json::to_value(TargetLine::new(&status)).unwrap()["live"].clone()
        };
        assert_eq!(live(&world), serde_json::Value::Null);
        let own = ClusterList::new(Kind::Pods, "licensify");
        world.news(Source::Cluster("staging".into()), News::Listed(own));
        assert_eq!(live(&world)["pods"], 0, "read, and there is none");
    }

    #[test]
    fn a_verdict_is_of_the_declared_version_or_there_is_none() {
        let mut world = Fixture::new();
        world
            .app("support", &["support"])
            .file("staging", "support", "v310", true)
            .fact(
                "staging",
                smoke("staging", "support", "of-v285", "v285", RunPhase::Succeeded),
            );
        let status = world.status("staging", "support");
        assert!(TargetLine::new(&status).smoke.is_none());
        world.fact(
            "staging",
            smoke("staging", "support", "of-v310", "v310", RunPhase::Failed),
        );
        let status = world.status("staging", "support");
        let line = TargetLine::new(&status);
        assert_eq!(line.smoke.map(|s| s.run), Some("of-v310"));
    }
}
