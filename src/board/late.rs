//! Late: which hop of a target takes longer than usual, and what may help it.
//!
//! Deliberately absent: hops of our own plans, whose times the journal has ([`crate::plan::follow`]).

use super::direction::compare_versions;
use super::here::Here;
use super::reasons::name_version;
use super::status::{FactsAt, GateState, Image, Status, TargetKind};
use crate::lever::Lever;
use crate::model::*;
use crate::store::Source;
use crate::store::source::{Reach, STALE_AFTER_S};
use jiff::Timestamp;

/// Seconds between two moves from which on a version counts as seldom moved: once a month is a rhythm, not a delay.
const SELDOM_S: i64 = 10 * 86_400;
/// How many of the newest moves are looked at; with fewer there is no rhythm.
const MOVES_LOOKED_AT: usize = 6;
const MOVES_AT_LEAST: usize = 3;

/// A hop that takes longer than usual, and what may help.
pub(super) struct Late {
    pub because: String,
    pub help: Option<Help>,
}

/// What may help a hop that is late.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Help {
    pub lever: Lever,
    /// The file whose version waits, where the lever moves one.
    pub repository: Option<Repository>,
}

/// When Argo CD applied something last, or began to.
fn applied(application: &Application) -> Option<Timestamp> {
    let operation = application.operation.as_ref()?;
    operation.finished.or(operation.started)
}

impl From<Lever> for Help {
    fn from(lever: Lever) -> Self {
        Self {
            lever,
            repository: None,
        }
    }
}

impl<'a> FactsAt<'a> {
    /// The declared version does not serve although the usual time of its rollout is over.
    pub(super) fn rollout_late(
        &self,
        status: &Status,
        application: Option<&Application>,
    ) -> Option<Late> {
        let usual = self.delivery.usual;
        let late = usual.commit.1 + usual.parent_sync.1 + usual.rollout.1;
        let since = status.since?;
        if !self.now.is_past(since, late) || status.kind != TargetKind::App {
            return None;
        }
        let version = status.version.as_ref()?;
        if status.annotated.as_ref().is_some_and(|annotated| {
            annotated != version && self.stood_here(status, annotated) == Some(true)
        }) {
            let synced = match status.parent_has_it {
                Some(false) => "the parent has not synced the commit",
                _ => "the parent has not rendered it",
            };
            return Some(Late {
                because: format!("declared {} ago, but {synced}.", self.now.age(since)),
                help: Some(Lever::Refresh.into()),
            });
        }
        let live = status.live.as_ref().filter(|l| l.pods > 0)?;
        // New pods, and what an operation has just applied, get time to start.
        let applied = application.and_then(applied);
        let begun = [applied, live.newest_since].into_iter().flatten().max();
        let is_begun = begun.is_some_and(|at| !self.now.is_past(at, usual.rollout.1));
        // Some of them serve, and Argo CD still waits for the others.
        let is_progressing = application.is_some_and(|a| a.health == Health::Progressing);
        let is_partly_ready = is_progressing && live.newest_ready < live.pods;
        let is_late = live.newest_ready == 0 || is_partly_ready;
        let wanted = match is_partly_ready {
            true => live.pods,
            false => live.newest,
        };
        (is_late && !is_begun).then(|| Late {
            because: format!(
                "declared {} ago, but {}/{wanted} new pods are ready.",
                self.now.age(since),
                live.newest_ready
            ),
            help: Some(Lever::Sync.into()),
        })
    }

    /// Argo CD has waited for it for so long that it is no rollout any more, and no pod says what for.
    pub(super) fn progressing_late(
        &self,
        status: &Status,
        application: Option<&Application>,
    ) -> Option<Late> {
        let application = application.filter(|a| a.health == Health::Progressing)?;
        let operation = application.operation.as_ref();
        if operation.is_some_and(Operation::is_running) {
            return None;
        }
        let live = status.live.as_ref().filter(|live| live.pods > 0);
        let newest = live.and_then(|live| live.newest_since);
        let begun = [application.health_since, applied(application), newest];
        let begun = begun.into_iter().flatten().max().or(status.since)?;
        let pods = live.map(|live| format!(", {}/{} pods ready", live.pods_ready, live.pods));
        let why = application.health_message.as_deref();
        let why = why.map(|message| format!(": {message}"));
        let is_long = self.now.is_past(begun, 2 * self.delivery.usual.rollout.1);
        is_long.then(|| Late {
            because: format!(
                "Argo CD calls it Progressing for {}{}{}.",
                self.now.age(begun),
                pods.unwrap_or_default(),
                why.unwrap_or_default()
            ),
            help: None,
        })
    }

    /// Whether a version stood here, by history: one that never did came with a newer commit than was read. None where history
    /// does not go back far enough to say.
    pub(super) fn stood_here(&self, status: &Status, version: &Version) -> Option<bool> {
        let environment = &status.target.environment;
        let history = &self.store.history;
        let mut files = status.images.iter().map(|image| &image.repository);
        let stood = |file| history.has_had(environment, file, version);
        let is_whole = |file| history.is_whole(environment, file);
        match files.clone().any(stood) {
            true => Some(true),
            false => (files.len() > 0 && files.all(is_whole)).then_some(false),
        }
    }

    /// The version below should have arrived by itself and did not.
    pub(super) fn arrival_late(&self, status: &Status) -> Option<Late> {
        if status.gate_in.state != GateState::Open || status.kind != TargetKind::App || status.twin
        {
            return None;
        }
        let lower = self.delivery.lower(&status.target.environment)?;
        let here = Here::new(self.store, self.delivery, &lower.name);
        status.images.iter().find_map(|image| {
            let ours = image.declared.as_ref()?.version.as_ref()?;
            let below = self.store.declared(&lower.name, &image.repository)?;
            let theirs = below.version.as_ref()?;
            if theirs == ours
                || !below.promote
                || self.delivery.versions.is_branch(theirs)
                || compare_versions(self.store, self.delivery, &image.repository, theirs, ours)
                    == Order::Lower
                || self.is_seldom_moved_by_hand(&status.target.environment, &image.repository)
                || self.is_left_below(status, image, ours, theirs)
            {
                return None;
            }
            let stands =
                self.store
                    .history
                    .stands_since(&lower.name, &image.repository, Some(theirs))?;
            // It cannot come before its smoke run has passed and the gate was opened, which may be long after it came there.
            let history = &self.store.history;
            let opened = history.last_gate_move(&lower.name, &image.repository);
            let opened = opened
                .filter(|change| change.gate_to)
                .map(|change| change.at);
            let passed = self.passed_below(&here, status, theirs);
            let may_come = [Some(stands), passed, opened].into_iter().flatten().max()?;
            if !self.now.is_past(may_come, self.delivery.usual.hop.1)
                || self.is_troubled_below(&here, status)
            {
                return None;
            }
            let unread = self.unread_below(&lower.name);
            Some(Late {
                because: format!(
                    "{} stands in {} since {} and has not come.{}",
                    name_version(status, image, theirs),
                    lower.name,
                    self.now.age(stands),
                    unread.unwrap_or_default()
                ),
                help: Some(Help {
                    lever: Lever::Promote,
                    repository: Some(image.repository.clone()),
                }),
            })
        })
    }

    /// Whether what stands below was taken back from here, and what stands here came by going back.
    fn is_left_below(
        &self,
        status: &Status,
        image: &Image,
        ours: &Version,
        theirs: &Version,
    ) -> bool {
        self.taken_back(status, image, ours).is_some()
            && self.taken_away(status, image, theirs).is_some()
    }

    /// That what goes on in the environment below is not known, to follow a sentence; none where it is read.
    fn unread_below(&self, environment: &Environment) -> Option<String> {
        let about = self.store.source(&Source::Cluster(environment.clone()))?;
        // No fact tells the board of a sign of life, nor that none comes any more.
        let now = self.now.for_a_minute();
        let _turns_stale = about.alive_at.map(|at| self.now.is_past(at, STALE_AFTER_S));
        let since = match (about.reach(now), about.alive_at) {
            (Reach::Ok, _) => return None,
            (Reach::Stale, Some(at)) => format!("is not read since {}", self.now.age(at)),
            (Reach::Unread, _) if about.is_reading(now) => "is still being read".to_owned(),
            _ => "was not read yet".to_owned(),
        };
        Some(format!(
            " The cluster of {environment} {since}: the cause may stand there, unseen."
        ))
    }

    /// Whether people bring the versions here, and seldom: then a version that waits for them is not late.
    fn is_seldom_moved_by_hand(&self, environment: &Environment, repository: &Repository) -> bool {
        let changes = self
            .store
            .history
            .changes_of(environment, repository)
            .iter();
        let moves: Vec<&Change> = changes
            .filter(|change| change.moves_version())
            .take(MOVES_LOOKED_AT)
            .collect();
        let by_hand = moves.iter().all(|change| change.kind != ActorKind::Robot);
        let mut gaps: Vec<i64> = moves
            .windows(2)
            .map(|pair| pair[0].at.duration_since(pair[1].at).as_secs())
            .collect();
        gaps.sort_unstable();
        let median = gaps.get(gaps.len() / 2);
        by_hand && moves.len() >= MOVES_AT_LEAST && median.is_some_and(|gap| *gap >= SELDOM_S)
    }

    /// When the newest smoke run of a version passed in the environment below.
    fn passed_below(
        &self,
        here: &Here<'a>,
        status: &Status,
        version: &Version,
    ) -> Option<Timestamp> {
        let smoke = self.smoke(here, status.target.app.as_str(), Some(version))?;
        let has_passed = smoke.current && smoke.phase == RunPhase::Succeeded;
        smoke.at.filter(|_| has_passed)
    }

    /// What is wrong below already says why nothing arrives. What has not come there is no reason of it.
    fn is_troubled_below(&self, here: &Here<'a>, status: &Status) -> bool {
        let Some(app) = here.apps_called(&status.target.app).next() else {
            return false;
        };
        let below = self.status(here, &app);
        let help = below.late.as_ref();
        let has_not_come = help.is_some_and(|help| help.lever == Lever::Promote);
        let smoke = below.smoke.as_ref();
        let is_tested = smoke.is_some_and(|smoke| smoke.current && !smoke.phase.is_over());
        is_tested
            || below.attention.iter().any(|word| match word {
                Word::Crash
                | Word::Gone
                | Word::Deleting
                | Word::Smoke
                | Word::Hook
                | Word::Sync => true,
                Word::Stuck => !has_not_come,
                Word::Lower
                | Word::Back
                | Word::Held
                | Word::Branch
                | Word::Mixed
                | Word::Odd
                | Word::Unread => false,
            })
    }
}
