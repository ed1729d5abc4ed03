//! Status: the conclusions about one target, derived from the facts.
//!
//! Deliberately absent: words for the screen beyond [`Word`], and decisions (those are plans).

use super::here::{AppHere, Here};
use super::late::Help;
use super::live::Live;
use super::reasons::Reasons;
use super::{Cell, RowKey};
use crate::belongs;
use crate::delivery::Delivery;
use crate::lever::Lever;
use crate::model::*;
use crate::store::Store;
use crate::text::end_sentence;
use jiff::Timestamp;
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    App,
    /// A file that no app names; the app's name is the file's.
    Orphan,
    /// An app without a file.
    NoFile,
    /// An app of apps, which renders the others into its environment.
    Parent,
}

/// One file behind a target.
#[derive(Clone, PartialEq, Debug)]
pub struct Image {
    pub repository: Repository,
    /// None: there is no such file.
    pub declared: Option<Declared>,
}

/// What leads into the environment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    /// It opens by itself.
    Open,
    /// Closed lately, whoever closed it.
    Held,
    /// Closed for longer, never open, or closed at a time that history does not show.
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

/// The newest smoke run of the declared version, else of any.
#[derive(Clone, PartialEq, Debug)]
pub struct Smoke {
    pub run: ObjectId,
    pub phase: RunPhase,
    /// Its state in words, which says more than its phase.
    pub words: String,
    pub at: Option<Timestamp>,
    pub version: Option<Version>,
    /// Somebody stopped it, so it says nothing about its version.
    pub stopped: bool,
    /// It tested the version that is declared now.
    pub current: bool,
    /// It has failed and no try will follow, which the engine says only when it has backed off: until then.
    pub decided: Option<Timestamp>,
}

impl Smoke {
    pub fn has_failed(&self) -> bool {
        (self.phase.has_failed() && !self.stopped) || self.decided.is_some()
    }
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
    /// `retry 3 of 5`, while the last operation is tried again.
    pub retry: Option<String>,
    /// When the sync behind the words ended, or began.
    pub operated: Option<Timestamp>,
    /// What the last operation syncs, where that is a version that stood here before.
    pub former_sync: Option<Version>,
    /// The annotation that repeats the version differs from the file: the parent has not rendered it yet.
    pub annotated: Option<Version>,
    /// Whether the revision that the parent synced last contains the file's last commit; none where that is not known.
    pub parent_has_it: Option<bool>,
    pub smoke: Option<Smoke>,
    /// Words, worst first; empty: calm.
    pub attention: Vec<Word>,
    /// Sentences that explain the words, in the same order, most telling first.
    pub because: Vec<String>,
    /// Muted: an operator knows of it, and its words are left out of every count.
    pub muted: Option<Arc<Mute>>,
    /// What may help the hop that is late.
    pub late: Option<Help>,
    /// Which of several files the worst word is about.
    pub troubled_file: Option<Repository>,
    /// The file of which what was rolled back from here has just come again by itself.
    pub undone: Option<Repository>,
}

impl Status {
    /// The smoke run of the version that is declared now failed.
    pub fn has_failed_smoke(&self) -> bool {
        let smoke = self.smoke.as_ref();
        smoke.is_some_and(|smoke| smoke.current && smoke.has_failed())
    }

    /// Its worst word is harm, or a sync that fails, and is about the version that is declared: what former versions do gives
    /// none of these words.
    pub fn accuses_declared(&self) -> bool {
        use Word::{Crash, Hook, Smoke, Sync};
        matches!(self.attention.first(), Some(Crash | Smoke | Hook | Sync))
    }

    /// The levers against its trouble, the first to pull first: those of its worst word. Footer, levers, detail and palette
    /// ask here.
    pub fn levers(&self) -> Vec<Lever> {
        match self.attention.first() {
            Some(Word::Stuck) => self.late.iter().map(|help| help.lever).collect(),
            // No gate takes away again what has come already.
            Some(Word::Back) if self.undone.is_some() => vec![Lever::RollBack, Lever::Hold],
            Some(word) => word.levers().to_vec(),
            None => Vec::new(),
        }
    }

    /// An app of apps with a word of its own, other than that its cluster cannot be read, which the source says.
    pub fn is_broken_parent(&self) -> bool {
        let mut words = self.attention.iter();
        self.kind == TargetKind::Parent && words.any(|word| *word != Word::Unread)
    }

    /// Its trouble shows in the logs of its own pods (a crash loop, a failed hook), not in those of a run.
    pub fn speaks_by_pods(&self) -> bool {
        self.attention
            .iter()
            .any(|word| matches!(word, Word::Crash | Word::Hook))
    }
}

/// Everything about every target, environment by environment in the delivery's order.
pub fn all(store: &Store, delivery: &Delivery, now: Timestamp) -> Vec<Status> {
    let mut all = Vec::new();
    each(store, delivery, now, |_, status, _| all.push(status));
    all
}

/// The same one after the other, each with its environment's place in the delivery's order and the moment until which time
/// alone does not change it.
pub(super) fn each(
    store: &Store,
    delivery: &Delivery,
    now: Timestamp,
    mut add: impl FnMut(usize, Status, Option<Timestamp>),
) {
    let seen = FactsAt {
        store,
        delivery,
        now: Now::new(now),
    };
    for (column, stage) in delivery.environments.iter().enumerate() {
        let here = Here::new(store, delivery, &stage.name);
        for app in here.apps() {
            let status = seen.status(&here, &app);
            add(column, status, seen.now.take_until());
        }
    }
}

/// Everything about one target; none if no app and no file of that name is in the environment.
pub fn status(
    store: &Store,
    delivery: &Delivery,
    target: &Target,
    now: Timestamp,
) -> Option<Status> {
    let seen = FactsAt {
        store,
        delivery,
        now: Now::new(now),
    };
    let here = Here::new(store, delivery, &target.environment);
    let app = here.apps_called(&target.app).next()?;
    Some(seen.status(&here, &app))
}

/// The rows that apps and files of one name have, the app's first: a cell for each environment of the delivery, none where
/// it is not in that environment. With the moment until which time alone does not change them.
pub(super) fn rows_called(
    store: &Store,
    delivery: &Delivery,
    app: &App,
    now: Timestamp,
) -> ([(RowKey, Vec<Cell>); 2], Option<Timestamp>) {
    let seen = FactsAt {
        store,
        delivery,
        now: Now::new(now),
    };
    let mut rows = [false, true].map(|orphan| {
        let app = app.clone();
        let cells = vec![None; delivery.environments.len()];
        (RowKey { app, orphan }, cells)
    });
    for (column, stage) in delivery.environments.iter().enumerate() {
        let here = Here::new(store, delivery, &stage.name);
        for app in here.apps_called(app) {
            rows[usize::from(app.kind == TargetKind::Orphan)].1[column] =
                Some(Box::new(seen.status(&here, &app)));
        }
    }
    (rows, seen.now.take_until())
}

/// What every row of an environment shares about the parent through which its apps come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ParentState {
    /// Its cluster is configured, so there should be a parent.
    is_expected: bool,
    synced_revision: Option<Arc<str>>,
}

pub(super) fn parent_state(
    store: &Store,
    delivery: &Delivery,
    environment: &Environment,
) -> ParentState {
    let parent = Here::new(store, delivery, environment).parent;
    ParentState {
        is_expected: store.cluster(environment).is_some(),
        synced_revision: parent.and_then(|parent| parent.synced_revision.clone()),
    }
}

/// The facts, and the moment at which conclusions are drawn from them.
pub(super) struct FactsAt<'a> {
    pub(super) store: &'a Store,
    pub(super) delivery: &'a Delivery,
    pub(super) now: Now,
}

impl<'a> FactsAt<'a> {
    pub(super) fn status(&self, here: &Here<'a>, app: &AppHere) -> Status {
        let environment = here.environment;
        let images: Vec<Image> = app
            .repositories
            .iter()
            .map(|repository| Image {
                repository: repository.clone(),
                declared: self.store.declared(environment, repository).cloned(),
            })
            .collect();
        let declared: Vec<&Declared> = images
            .iter()
            .filter_map(|image| image.declared.as_ref())
            .collect();
        let version = agreed(&declared);
        let application = here.application(app.app.as_str());
        let operation = application.and_then(|a| a.operation.as_ref());
        let mut status = Status {
            target: Target {
                environment: environment.clone(),
                app: app.app.clone(),
            },
            kind: app.kind,
            twin: self.delivery.is_twin(app.app.as_str()),
            promote: !declared.is_empty() && declared.iter().all(|d| d.promote),
            since: self.since(environment, &images),
            gate_in: self.gate_in(environment, &images),
            waiting: version
                .as_ref()
                .and_then(|version| self.waiting(environment, &images, version)),
            live: (app.kind != TargetKind::Parent && here.is_pods_read(&app.app))
                .then(|| self.live(here, app.app.as_str(), &images, version.as_ref())),
            sync: application.map(|a| a.sync.clone()),
            health: application.map(|a| a.health.clone()),
            phase: operation.map(|o| o.phase.clone()),
            retry: operation.and_then(Operation::retry),
            operated: None,
            former_sync: None,
            annotated: self.annotated(application),
            parent_has_it: self.parent_has_it(here, environment, &images),
            smoke: match app.kind {
                TargetKind::Parent => None,
                _ => self.smoke(here, app.app.as_str(), version.as_ref()),
            },
            attention: Vec::new(),
            because: Vec::new(),
            muted: None,
            late: None,
            troubled_file: None,
            undone: None,
            images,
            version,
        };
        let former = operation.and_then(|operation| self.former_version(&status, operation));
        status.former_sync = former.cloned();
        status.operated = self.operated(&status, here, application);
        let reasons = match app.kind {
            TargetKind::Parent => Reasons {
                words: self.reasons_of_parent(&status, here),
                late: None,
            },
            _ => self.reasons(&status, here, application),
        };
        status.late = reasons.late;
        for (word, because) in reasons.words {
            if !status.attention.contains(&word) {
                status.attention.push(word);
            }
            status.because.push(end_sentence(&because));
        }
        status.attention.sort();
        let mut images = status.images.iter();
        let undone = images.find(|image| self.is_undone(&status, image));
        status.undone = undone.map(|image| image.repository.clone());
        status.troubled_file = self.troubled_file(&status, here);
        let mute = self.store.mutes().get(&status.target);
        let covers =
            |mute: &&Arc<Mute>| mute.covers(status.version.as_ref(), &status.attention, &self.now);
        status.muted = mute.filter(covers).cloned();
        status
    }

    fn since(&self, environment: &Environment, images: &[Image]) -> Option<Timestamp> {
        images
            .iter()
            .filter_map(|image| {
                let version = image.declared.as_ref()?.version.as_ref();
                let history = &self.store.history;
                history.stands_since(environment, &image.repository, version)
            })
            .max()
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
        let newest = images
            .iter()
            .filter_map(|i| {
                self.store
                    .history
                    .changes_of(environment, &i.repository)
                    .first()
            })
            .max_by_key(|change| change.at)?;
        self.store.contains(synced, &newest.commit)
    }

    pub(super) fn smoke(
        &self,
        here: &Here<'a>,
        app: &str,
        declared: Option<&Version>,
    ) -> Option<Smoke> {
        let runs = self.delivery.runs.as_ref()?;
        let of_app = here.smoke(app);
        let of_version =
            declared.and_then(|version| belongs::runs::speaks_for(runs, &of_app, version));
        let run = of_version.or(of_app.first().copied())?;
        Some(Smoke {
            run: run.id.clone(),
            phase: run.phase.clone(),
            words: run.state_in_words(),
            at: run.finished.or(run.started).or(run.created),
            version: run.version(&runs.version_label),
            stopped: run.was_stopped(),
            current: of_version.is_some(),
            decided: run
                .back_off()
                .filter(|wait| wait.is_decided)
                .map(|wait| wait.until),
        })
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
