//! Status: what is to be said of one target, derived from the facts.
//!
//! Deliberately absent: words for the screen beyond [`Word`], and decisions (those are plans).

use super::index::{AppHere, Here, Index};
use crate::delivery::Delivery;
use crate::model::live::image_name;
use crate::model::*;
use crate::store::Store;
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
    /// Ready pods of one image run several versions of it (an app of several images has a version for each).
    pub mixed: bool,
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
    /// When the last operation ended.
    pub operated: Option<Timestamp>,
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

impl Status {
    /// Its trouble is told by its own pods (a crash loop, a failed hook), not by a run.
    pub fn speaks_by_pods(&self) -> bool {
        self.attention
            .iter()
            .any(|word| matches!(word, Word::Crash | Word::Hook))
    }
}

/// Everything about every target, environment by environment in the delivery's order.
pub fn all(store: &Store, delivery: &Delivery, now: Timestamp) -> Vec<Status> {
    let index = Index::new(store, delivery);
    let seen = Seen {
        store,
        delivery,
        index: &index,
        now,
    };
    delivery
        .environments
        .iter()
        .filter_map(|stage| index.here.get(&stage.name))
        .flat_map(|here| here.apps.iter().map(|app| seen.status(here, app)))
        .collect()
}

/// Everything about one target; none if no app and no file of that name is in the environment.
pub fn status(
    store: &Store,
    delivery: &Delivery,
    target: &Target,
    now: Timestamp,
) -> Option<Status> {
    let index = Index::new(store, delivery);
    let seen = Seen {
        store,
        delivery,
        index: &index,
        now,
    };
    let here = index.here.get(&target.environment)?;
    let app = here
        .apps
        .iter()
        .find(|app| app.app == target.app.as_str())?;
    Some(seen.status(here, app))
}

/// The facts, and the moment they are looked at.
pub(super) struct Seen<'a> {
    pub(super) store: &'a Store,
    pub(super) delivery: &'a Delivery,
    pub(super) index: &'a Index<'a>,
    pub(super) now: Timestamp,
}

impl<'a> Seen<'a> {
    fn status(&self, here: &Here<'a>, app: &AppHere<'a>) -> Status {
        let environment = here.environment;
        let images: Vec<Image> = app
            .repositories
            .iter()
            .map(|repository| Image {
                repository: (*repository).clone(),
                declared: self.store.declared(environment, repository).cloned(),
            })
            .collect();
        let declared: Vec<&Declared> = images
            .iter()
            .filter_map(|image| image.declared.as_ref())
            .collect();
        let version = agreed(&declared);
        let application = here.applications.get(app.app).copied();
        let operation = application.and_then(|a| a.operation.as_ref());
        let mut status = Status {
            target: Target {
                environment: environment.clone(),
                app: app.app.into(),
            },
            kind: match (app.orphan, app.has_file) {
                (true, _) => TargetKind::Orphan,
                (false, true) => TargetKind::App,
                (false, false) => TargetKind::NoFile,
            },
            twin: self.delivery.is_twin(app.app),
            promote: !declared.is_empty() && declared.iter().all(|d| d.promote),
            since: self.since(environment, &images),
            gate_in: self.gate_in(environment, &images),
            waiting: version
                .as_ref()
                .and_then(|version| self.waiting(environment, &images, version)),
            live: here
                .pods_read
                .then(|| self.live(here, app.app, &images, version.as_ref())),
            sync: application.map(|a| a.sync.clone()),
            health: application.map(|a| a.health.clone()),
            phase: operation.map(|o| o.phase.clone()),
            retrying: operation.is_some_and(Operation::is_retrying),
            operated: operation.and_then(|o| o.finished),
            annotated: self.annotated(application),
            parent_has_it: self.parent_has_it(here, environment, &images),
            smoke: self.smoke(here, app.app, version.as_ref()),
            attention: Vec::new(),
            because: Vec::new(),
            images,
            version,
        };
        let reasons = self.reasons(&status, here, application);
        for (word, because) in reasons {
            if !status.attention.contains(&word) {
                status.attention.push(word);
            }
            status.because.push(because);
        }
        status.attention.sort();
        status
    }

    fn since(&self, environment: &Environment, images: &[Image]) -> Option<Timestamp> {
        images
            .iter()
            .filter_map(|i| self.store.history.stands_since(environment, &i.repository))
            .max()
    }

    /// What leads in: the gate key of the lower environment's file; production's own key means nothing.
    fn gate_in(&self, environment: &Environment, images: &[Image]) -> GateIn {
        let none = GateIn {
            state: GateState::None,
            environment: None,
            key: None,
            repository: None,
            since: None,
            by: None,
        };
        let (Some(lower), Some(key)) = (
            self.delivery.lower(environment),
            &self.delivery.declared.gate,
        ) else {
            return none;
        };
        let below: Vec<(&Repository, &Declared)> = images
            .iter()
            .filter_map(|i| {
                Some((
                    &i.repository,
                    self.store.declared(&lower.name, &i.repository)?,
                ))
            })
            .collect();
        // Of several images the closed gate counts.
        let Some((repository, declared)) = below.iter().find(|(_, d)| !d.gate).or(below.first())
        else {
            return none;
        };
        let moved = self.store.history.last_gate_move(&lower.name, repository);
        let lately = self.delivery.closed_lately_days * 86_400;
        let state = match (declared.gate, moved) {
            (true, _) => GateState::Open,
            (false, Some(change)) if !change.gate_to && self.seconds_since(change.at) <= lately => {
                GateState::Held
            }
            (false, _) => GateState::Manual,
        };
        GateIn {
            state,
            environment: Some(lower.name.clone()),
            key: Some(key.clone()),
            repository: Some((*repository).clone()),
            since: moved.map(|change| change.at),
            by: moved.map(|change| change.actor.clone()),
        }
    }

    fn waiting(
        &self,
        environment: &Environment,
        images: &[Image],
        ours: &Version,
    ) -> Option<usize> {
        let lower = self.delivery.lower(environment)?;
        let counts: Option<Vec<usize>> = images
            .iter()
            .filter(|i| i.declared.is_some())
            .map(|i| {
                self.store.history.waiting(
                    &lower.name,
                    environment,
                    &i.repository,
                    ours,
                    |version| self.delivery.versions.is_branch(version),
                )
            })
            .collect();
        counts.and_then(|counts| counts.into_iter().max())
    }

    fn live(
        &self,
        here: &Here<'a>,
        app: &str,
        images: &[Image],
        declared: Option<&Version>,
    ) -> Live {
        let mut live = Live::default();
        let mut digests: Vec<&str> = Vec::new();
        let mut ready_tags: BTreeMap<&str, &str> = BTreeMap::new();
        let pods = here.pods.get(app).map_or(&[][..], |pods| pods);
        for pod in pods
            .iter()
            .filter(|p| !matches!(&*p.phase, "Succeeded" | "Failed"))
        {
            let Some(container) = self.shipped(pod, images) else {
                continue;
            };
            let version = container.tag().map(Version::new);
            let image = image_name(&container.image);
            // The file of this very image says what is new for it; an app of one image has one answer.
            let wanted = images
                .iter()
                .find(|i| i.repository.as_str() == image)
                .and_then(|i| i.declared.as_ref()?.version.as_ref())
                .or(declared);
            live.pods += 1;
            let newest = version.as_ref() == wanted;
            live.newest += usize::from(newest);
            if pod.ready {
                live.pods_ready += 1;
                live.newest_ready += usize::from(newest);
                if let Some(tag) = container.tag() {
                    live.mixed |= *ready_tags.entry(image).or_insert(tag) != tag;
                }
                if let Some(version) = version {
                    *live.versions.entry(version).or_default() += 1;
                }
                digests.extend(container.digest());
            } else if let Some(waiting) = pod.crash_reason() {
                live.waiting.get_or_insert_with(|| waiting.clone());
                live.waiting_since = live.waiting_since.into_iter().chain(pod.created).min();
            }
        }
        digests.sort_unstable();
        digests.dedup();
        live.digest = (digests.len() == 1).then(|| Arc::from(digests[0]));
        live.version = (live.versions.len() == 1)
            .then(|| live.versions.keys().next().cloned())
            .flatten();
        live
    }

    /// The container whose image carries the version; none for pods of hooks and the like.
    fn shipped<'p>(&self, pod: &'p Pod, images: &[Image]) -> Option<&'p Container> {
        let named = &self.delivery.workloads.containers;
        let ships = |container: &&Container| {
            images
                .iter()
                .any(|i| image_name(&container.image) == i.repository.as_str())
        };
        let hook = self
            .delivery
            .workloads
            .component_label
            .as_ref()
            .and_then(|label| pod.labels.get(label))
            .is_some_and(|component| {
                matches!(
                    &**component,
                    "dbmigrate" | "upload-assets" | "dbmigrate-notify"
                )
            });
        if hook {
            return None;
        }
        let by_name = pod.containers.iter().find(|c| named.contains(&c.name));
        by_name
            .filter(ships)
            .or_else(|| pod.containers.iter().find(ships))
            .or(by_name)
    }

    fn annotated(&self, application: Option<&Application>) -> Option<Version> {
        let annotation = self
            .delivery
            .argo_cd
            .as_ref()?
            .version_annotation
            .as_ref()?;
        application?
            .annotations
            .get(annotation)
            .filter(|v| !v.is_empty())
            .map(|v| Version::new(v))
    }

    /// `sync.revision` is only what the parent was compared to; what it synced last is what it delivered.
    fn parent_has_it(
        &self,
        here: &Here<'a>,
        environment: &Environment,
        images: &[Image],
    ) -> Option<bool> {
        let synced = here.parent?.synced_revision.as_deref()?;
        let tree = self.store.tree.as_ref()?;
        let newest = images
            .iter()
            .filter_map(|i| self.store.history.of(environment, &i.repository).first())
            .max_by_key(|change| change.at)?;
        tree.contains(synced, &newest.commit)
    }

    pub(super) fn smoke(
        &self,
        here: &Here<'a>,
        app: &str,
        declared: Option<&Version>,
    ) -> Option<Smoke> {
        let runs = self.delivery.runs.as_ref()?;
        let of_app = here.smoke.get(app)?;
        let of_version = of_app
            .iter()
            .find(|r| r.version(&runs.version_label).as_ref() == declared);
        let run = of_version.or(of_app.first())?;
        Some(Smoke {
            run: run.id.clone(),
            phase: run.phase.clone(),
            at: run.finished.or(run.started).or(run.created),
            version: run.version(&runs.version_label),
            current: of_version.is_some() && declared.is_some(),
        })
    }

    pub(super) fn seconds_since(&self, at: Timestamp) -> i64 {
        self.now.duration_since(at).as_secs()
    }
}

/// The one version of all, where they agree.
fn agreed(declared: &[&Declared]) -> Option<Version> {
    let first = declared.first()?.version.clone()?;
    declared
        .iter()
        .all(|d| d.version.as_ref() == Some(&first))
        .then_some(first)
}
