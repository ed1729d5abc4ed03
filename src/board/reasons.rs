//! Reasons: the status words of a target, each with the sentence that explains it.
//!
//! Deliberately absent: the order of rows, and what a lever may do about it.

use super::direction::{compare_versions, lost, taken_back};
use super::here::Here;
use super::status::{FactsAt, GateState, Image, Status, TargetKind};
use crate::belongs::runs;
use crate::lever::Lever;
use crate::model::retry::clock;
use crate::model::*;
use crate::store::Source;
use crate::store::source::Reach;

/// Seconds between two moves from which on a version counts as seldom moved: once a month is a rhythm, not a delay.
const SELDOM_S: i64 = 10 * 86_400;
/// How many of the newest moves are looked at; with fewer there is no rhythm.
const MOVES_LOOKED_AT: usize = 6;
const MOVES_AT_LEAST: usize = 3;

/// A hop that takes longer than usual, and the lever that may help.
struct Late {
    because: String,
    helped_by: Option<Lever>,
}

/// The words of a target and why.
#[derive(Default)]
pub(super) struct Reasons {
    /// Words with the sentences that explain them, most telling first.
    pub words: Vec<(Word, String)>,
    /// The lever that may help the hop that is late.
    pub late: Option<Lever>,
}

impl<'a> FactsAt<'a> {
    pub(super) fn reasons(
        &self,
        status: &Status,
        here: &Here<'a>,
        application: Option<&'a Application>,
    ) -> Reasons {
        let mut reasons = Vec::new();
        reasons.extend(self.crash(status));
        reasons.extend(self.gone(status, here, application));
        reasons.extend(self.deleting(application));
        reasons.extend(self.lower(status));
        reasons.extend(self.smoke_failed(status));
        reasons.extend(self.hook(status, here, application));
        reasons.extend(self.stands_still(application));
        reasons.extend(self.out_of_sync(status, here, application));
        let explained = !reasons.is_empty();
        let late = self
            .rollout_late(status, application)
            .or_else(|| self.progressing_late(status, application))
            .or_else(|| self.arrival_late(status))
            .filter(|_| !explained);
        let helped_by = late.as_ref().and_then(|late| late.helped_by);
        // Said once, where it explains most.
        let mut still_syncs = self.still_syncs(status, here, application);
        let late = late.map(|late| (Word::Stuck, late.because));
        for (word, because) in late.into_iter().chain(self.back(status)) {
            let more = std::mem::take(&mut still_syncs);
            reasons.push((word, format!("{because}{more}")));
        }
        reasons.extend(self.held(status));
        reasons.extend(self.branch(status));
        reasons.extend(self.mixed(status).filter(|_| !explained));
        reasons.extend(self.odd(status, here));
        reasons.extend(self.unread(status, here));
        Reasons {
            words: reasons,
            late: helped_by,
        }
    }

    fn crash(&self, status: &Status) -> Option<(Word, String)> {
        let live = status.live.as_ref()?;
        let reason = live.waiting.as_deref().or(live.restarting.as_deref())?;
        let age = live
            .waiting_since
            .map(|at| format!(", {}", span(self.seconds_since(at))))
            .unwrap_or_default();
        let old = live.pods_ready - live.newest_ready;
        let serve = match (old, live.pods_ready) {
            (_, 0) => " No pod serves.".to_owned(),
            (0, ready) => format!(" {ready} pods serve."),
            (old, _) => format!(" {old} old pods still serve."),
        };
        let unsmoked = if self.delivery.runs.is_some() && live.waiting.is_some() {
            " Smoke cannot start: not Healthy."
        } else {
            ""
        };
        Some((
            Word::Crash,
            format!(
                "{}/{} new, {reason}{age}.{serve}{unsmoked}",
                live.newest_ready,
                live.newest.max(live.newest_ready)
            ),
        ))
    }

    fn lower(&self, status: &Status) -> Option<(Word, String)> {
        let environment = &status.target.environment;
        status.images.iter().find_map(|image| {
            let version = image.declared.as_ref()?.version.as_ref()?;
            if self.taken_back(status, image, version).is_some() {
                return None;
            }
            let (lost, moved) = lost(
                self.store,
                self.delivery,
                environment,
                &image.repository,
                version,
            )?;
            Some((
                Word::Lower,
                format!(
                    "{lost} stood here before, {version} replaced it {} ago ({}), and nobody meant it.",
                    span(self.seconds_since(moved.at)),
                    moved.actor
                ),
            ))
        })
    }

    fn smoke_failed(&self, status: &Status) -> Option<(Word, String)> {
        let smoke = status
            .smoke
            .as_ref()
            .filter(|s| s.current && s.has_failed())?;
        let version = smoke.version.as_ref().map(Version::short).unwrap_or("?");
        let age = smoke
            .at
            .map(|at| format!(" {} ago", span(self.seconds_since(at))))
            .unwrap_or_default();
        let name = &smoke.run.name;
        let because = match smoke.decided {
            Some(until) => format!(
                "smoke failed, its run backs off until {}, decided: no try follows. {version} stops here ({name}).",
                clock(until)
            ),
            None => format!("smoke failed{age}; {version} stops here ({name})."),
        };
        Some((Word::Smoke, because))
    }

    /// The declared version does not serve although the usual time of its rollout is over.
    fn rollout_late(&self, status: &Status, application: Option<&Application>) -> Option<Late> {
        let usual = self.delivery.usual;
        let late = usual.commit.1 + usual.parent_sync.1 + usual.rollout.1;
        let age = self.seconds_since(status.since?);
        if age <= late || status.kind != TargetKind::App {
            return None;
        }
        let version = status.version.as_ref()?;
        if status
            .annotated
            .as_ref()
            .is_some_and(|annotated| annotated != version && self.stood_here(status, annotated))
        {
            let synced = match status.parent_has_it {
                Some(false) => "the parent has not synced the commit",
                _ => "the parent has not rendered it",
            };
            return Some(Late {
                because: format!("declared {} ago, but {synced}.", span(age)),
                helped_by: Some(Lever::Refresh),
            });
        }
        let live = status.live.as_ref().filter(|l| l.pods > 0)?;
        // New pods, and what an operation has just applied, get time to start.
        let operation = application.and_then(|application| application.operation.as_ref());
        let applied = operation.and_then(|operation| operation.finished.or(operation.started));
        let begun = [applied, live.newest_since].into_iter().flatten().max();
        let is_begun = begun.is_some_and(|at| self.seconds_since(at) <= usual.rollout.1);
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
                span(age),
                live.newest_ready
            ),
            helped_by: Some(Lever::Sync),
        })
    }

    /// Argo CD has waited for it for so long that it is no rollout any more, and no pod says what for.
    fn progressing_late(&self, status: &Status, application: Option<&Application>) -> Option<Late> {
        let application = application.filter(|a| a.health == Health::Progressing)?;
        let operation = application.operation.as_ref();
        if operation.is_some_and(Operation::is_running) {
            return None;
        }
        let applied = operation.and_then(|operation| operation.finished.or(operation.started));
        let live = status.live.as_ref().filter(|live| live.pods > 0);
        let newest = live.and_then(|live| live.newest_since);
        let begun = [application.health_since, applied, newest];
        let begun = begun.into_iter().flatten().max().or(status.since)?;
        let age = self.seconds_since(begun);
        let pods = live.map(|live| format!(", {}/{} pods ready", live.pods_ready, live.pods));
        let why = application.health_message.as_deref();
        let why = why.map(|message| format!(": {message}"));
        (age > 2 * self.delivery.usual.rollout.1).then(|| Late {
            because: format!(
                "Argo CD calls it Progressing for {}{}{}.",
                span(age),
                pods.unwrap_or_default(),
                why.unwrap_or_default()
            ),
            helped_by: None,
        })
    }

    /// Whether history knows that a version stood here: one that it does not know came from a newer commit than was read.
    fn stood_here(&self, status: &Status, version: &Version) -> bool {
        let environment = &status.target.environment;
        let history = &self.store.history;
        let mut images = status.images.iter();
        images.any(|image| history.has_had(environment, &image.repository, version))
    }

    /// The version below should have arrived by itself and did not.
    fn arrival_late(&self, status: &Status) -> Option<Late> {
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
                || self
                    .taken_back(status, image, ours)
                    .is_some_and(|back| back.from == *theirs)
            {
                return None;
            }
            let age = self.seconds_since(self.store.history.stands_since(
                &lower.name,
                &image.repository,
                Some(theirs),
            )?);
            if age <= self.delivery.usual.hop.1 || self.is_troubled_below(&here, status) {
                return None;
            }
            let unread = self.unread_below(&lower.name);
            Some(Late {
                because: format!(
                    "{theirs} stands in {} since {} and has not come.{}",
                    lower.name,
                    span(age),
                    unread.unwrap_or_default()
                ),
                helped_by: Some(Lever::Promote),
            })
        })
    }

    /// That what goes on in the environment below is not known, to follow a sentence; none where it is read.
    fn unread_below(&self, environment: &Environment) -> Option<String> {
        let about = self.store.source(&Source::Cluster(environment.clone()))?;
        let since = match (about.reach(self.now), about.age_s(self.now)) {
            (Reach::Ok, _) => return None,
            (Reach::Stale, Some(age)) => format!("is not read since {}", span(age)),
            (Reach::Unread, _) if about.is_reading(self.now) => "is still being read".to_owned(),
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

    /// What is wrong below already says why nothing arrives.
    fn is_troubled_below(&self, here: &Here<'a>, status: &Status) -> bool {
        let Some(app) = here.apps_called(&status.target.app).next() else {
            return false;
        };
        let name = app.app.as_str();
        let application = here.application(name);
        let below = Status {
            target: Target::new(here.environment.as_str(), name),
            ..status.clone()
        };
        let version = app
            .repositories
            .first()
            .and_then(|r| self.store.declared(here.environment, r)?.version.clone());
        let smoke = self.smoke(here, name, version.as_ref());
        let below = Status {
            smoke,
            live: None,
            kind: app.kind,
            ..below
        };
        let runs = below
            .smoke
            .as_ref()
            .is_some_and(|s| s.current && !s.phase.is_over());
        runs || self.gone(&below, here, application).is_some()
            || self.deleting(application).is_some()
            || self.hook(&below, here, application).is_some()
            || self.stands_still(application).is_some()
            || self.smoke_failed(&below).is_some()
            || self.out_of_sync(&below, here, application).is_some()
            || here
                .pods(name)
                .iter()
                .any(|pod| pod.crash_reason().is_some())
    }

    fn taken_back(&self, status: &Status, image: &Image, now: &Version) -> Option<TakenBack> {
        taken_back(
            self.store,
            self.delivery,
            &status.target.environment,
            &image.repository,
            now,
            self.now,
        )
    }

    /// Rolled back on purpose, and nobody has said yet that it may stay so.
    fn back(&self, status: &Status) -> Option<(Word, String)> {
        status.images.iter().find_map(|image| {
            let version = image.declared.as_ref()?.version.as_ref()?;
            let back = self
                .taken_back(status, image, version)
                .filter(|b| !b.is_left)?;
            let why = back
                .reason
                .map(|reason| format!(": {reason}"))
                .unwrap_or_default();
            let waits = self
                .delivery
                .lower(&status.target.environment)
                .filter(|lower| {
                    let below = self.store.declared(&lower.name, &image.repository);
                    below.and_then(|file| file.version.as_ref()) == Some(&back.from)
                })
                .map(|lower| format!(" {} still waits in {}.", back.from.short(), lower.name))
                .unwrap_or_default();
            Some((
                Word::Back,
                format!(
                    "rolled back from {} {} ago by {}{why}.{waits}",
                    back.from.short(),
                    span(self.seconds_since(back.at)),
                    back.by
                ),
            ))
        })
    }

    fn held(&self, status: &Status) -> Option<(Word, String)> {
        let gate = &status.gate_in;
        if gate.state != GateState::Held {
            return None;
        }
        let who = gate.by.as_deref().unwrap_or("somebody");
        let age = gate
            .since
            .map(|at| span(self.seconds_since(at)))
            .unwrap_or_default();
        let from = gate
            .environment
            .as_ref()
            .map(Environment::as_str)
            .unwrap_or("?");
        Some((
            Word::Held,
            format!("{from}'s gate was closed {age} ago by {who}."),
        ))
    }

    fn branch(&self, status: &Status) -> Option<(Word, String)> {
        let version = status
            .images
            .iter()
            .filter_map(|i| i.declared.as_ref()?.version.as_ref())
            .find(|v| self.delivery.versions.is_branch(v))?;
        let by = status
            .images
            .iter()
            .find_map(|i| {
                self.store
                    .history
                    .last_move(&status.target.environment, &i.repository)
            })
            .map(|change| {
                format!(
                    ", since {} by {}",
                    span(self.seconds_since(change.at)),
                    change.actor
                )
            })
            .unwrap_or_default();
        Some((
            Word::Branch,
            format!("{} is a branch build{by}.", version.short()),
        ))
    }

    fn mixed(&self, status: &Status) -> Option<(Word, String)> {
        let live = status.live.as_ref().filter(|l| l.mixed)?;
        let late = status
            .since
            .is_none_or(|at| self.seconds_since(at) > self.delivery.usual.rollout.1);
        let list: Vec<String> = live
            .versions
            .iter()
            .map(|(v, n)| format!("{n} of {}", v.short()))
            .collect();
        late.then(|| {
            (
                Word::Mixed,
                format!("pods of several versions serve: {}.", list.join(", ")),
            )
        })
    }

    /// The file, or the run that speaks for the target or is on its way, says two things.
    fn odd(&self, status: &Status, here: &Here<'a>) -> Option<(Word, String)> {
        let runs = self.delivery.runs.as_ref();
        let smoke = here.smoke(status.target.app.as_str());
        let mut labels = smoke.into_iter().filter(|run| {
            let speaks = status.smoke.as_ref().is_some_and(|s| s.run == run.id);
            speaks || !run.phase.is_over()
        });
        let run = labels.find_map(|run| runs::contradictions(runs?, run).into_iter().next());
        let file = self
            .odd_file(status)
            .map(|odd| format!("the file is odd: {odd}"));
        let odd: Vec<String> = file.into_iter().chain(run).collect();
        (!odd.is_empty()).then(|| (Word::Odd, format!("{}.", odd.join("; "))))
    }

    fn odd_file(&self, status: &Status) -> Option<String> {
        let words: Vec<String> = status
            .images
            .iter()
            .flat_map(|i| {
                i.declared
                    .iter()
                    .flat_map(|d| &d.odd)
                    .map(|odd| format!("{}: {odd}", i.repository))
            })
            .collect();
        (!words.is_empty()).then(|| words.join("; "))
    }
}
