//! Follow: which hop effects of a plan the facts show by now, and which hop is late.
//!
//! Pure: the same journal, facts and time give the same answer. Deliberately absent: hope. Neither an answer to a
//! request nor a green step proves an effect.

mod followed;
mod of_journal;
mod rollout;

pub use of_journal::{note_in_memory, noted};

use super::stopped::by_in_words;
use super::{Hop, HopEffect, Outcome, Plan, sync};
use crate::belongs::{self, application};
use crate::board::status::{Status, status};
use crate::delivery::Delivery;
use crate::journal::{Journal, Record, What};
use crate::model::{App, Change, Environment, Phase, Repository, Run, RunPhase, Target, Version};
use crate::store::Store;
use jiff::{SignedDuration, Timestamp};

/// What to note of one plan now: hops that were seen, and the awaited one if it is late. Nothing is noted of a plan
/// that was not applied.
///
/// `journal` may know who stopped a run that it waited for.
pub fn follow(
    record: &Record,
    journal: &Journal,
    store: &Store,
    delivery: &Delivery,
    now: Timestamp,
) -> Vec<What> {
    let sent_at = applied_at(record).filter(|_| !record.was_followed());
    let Some(sent_at) = sent_at else {
        return Vec::new();
    };
    let facts = Facts {
        plan: &record.plan,
        journal,
        store,
        delivery,
        sent_at,
        is_cut_short: record.cut_short_at().is_some(),
        now,
    };
    let hops = &record.plan.hops;
    let mut seen: Vec<bool> = record.seen.iter().map(Option::is_some).collect();
    seen.resize(hops.len(), false);
    let before = seen.clone();
    for (n, hop) in hops.iter().enumerate() {
        seen[n] = seen[n] || facts.shows(&hop.effect);
    }
    // A later hop was seen, which cannot happen without these.
    for n in (1..hops.len()).rev() {
        if seen[n] && implies(&hops[n], &hops[n - 1]) {
            seen[n - 1] = true;
        }
    }
    let mut noted: Vec<What> = (0..hops.len())
        .filter(|n| seen[*n] && !before[*n])
        .map(|hop| What::Seen { hop })
        .collect();
    let Some(awaited) = seen.iter().position(|seen| !seen) else {
        return noted;
    };
    if let Some(cut_short) = facts.sync_followed(hops, awaited) {
        noted.extend(cut_short_once(record, cut_short));
        return noted;
    }
    let known_late = record.late.get(awaited).is_some_and(Option::is_some);
    // If the hop before is seen only now, the time of this one counts from now.
    let since = match awaited.checked_sub(1) {
        Some(n) => record.seen.get(n).copied().flatten().unwrap_or(now),
        None => sent_at,
    };
    let waited = now.duration_since(since).as_secs();
    match facts.cannot_come(&hops[awaited].effect) {
        Some(because) => noted.extend(cut_short_once(record, (awaited, because))),
        None if !known_late && waited >= hops[awaited].late_s => {
            noted.push(What::Late { hop: awaited });
        }
        _ => {}
    }
    noted
}

fn cut_short_once(record: &Record, (hop, because): (usize, String)) -> Option<What> {
    let is_known = record.cut_short_at().is_some();
    (!is_known).then_some(What::CutShort { hop, because })
}

/// When the write was acknowledged, or somebody who looked said that it was done.
fn applied_at(record: &Record) -> Option<Timestamp> {
    if let Some((at, done, _)) = &record.settled {
        return done.then_some(*at);
    }
    match &record.outcome {
        Some((at, Outcome::Applied { .. })) => Some(*at),
        _ => None,
    }
}

/// Whether seeing the later hop proves the one just before it.
fn implies(later: &Hop, before: &Hop) -> bool {
    use HopEffect::*;
    match (&before.effect, &later.effect) {
        (BranchPushed { .. }, Gate { .. } | Declared { .. }) => true,
        (Created { name, .. }, RunOver { name: run, .. }) => name == run,
        // The run that was made to declare it: nothing else brings this version at this moment.
        (Created { .. }, Declared { .. }) => true,
        (ParentSynced { environment, .. }, RolledOut { environment: e, .. }) => environment == e,
        (
            RolledOut {
                environment, app, ..
            },
            Smoked {
                environment: e,
                app: a,
                ..
            },
        ) => environment == e && app == a,
        _ => false,
    }
}

/// `was stopped by bob: DB is down`: nobody who reads that it was stopped should have to look for whom to ask.
fn was_stopped(journal: &Journal, run: &Run) -> String {
    format!("was stopped{}", by_in_words(journal, run))
}

fn with(what: String, message: Option<&str>) -> String {
    match message.filter(|message| !message.is_empty()) {
        Some(message) => format!("{what}: {message}"),
        None => what,
    }
}

struct Facts<'a> {
    plan: &'a Plan,
    journal: &'a Journal,
    store: &'a Store,
    delivery: &'a Delivery,
    sent_at: Timestamp,
    is_cut_short: bool,
    now: Timestamp,
}

/// How far the clock of whoever commits for a run may be ahead of the one that says when the run ended.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(2);

impl Facts<'_> {
    fn shows(&self, effect: &HopEffect) -> bool {
        match effect {
            HopEffect::Declared {
                environment,
                repository,
                version,
            } => {
                self.declared(environment, repository, version)
                    && !self.has_failed_before(environment, repository, version)
            }
            HopEffect::Gate {
                environment,
                repository,
                open,
            } => self
                .store
                .declared(environment, repository)
                .is_some_and(|file| file.gate == *open),
            // The acknowledged push is the proof.
            HopEffect::BranchPushed { .. } => true,
            HopEffect::Created { environment, name } => self.run(environment, name).is_some(),
            HopEffect::RunOver {
                environment,
                name,
                wanted,
            } => self.run(environment, name).is_some_and(|run| {
                run.phase.is_over()
                    && wanted
                        .as_deref()
                        .is_none_or(|wanted| run.phase.as_str() == wanted)
            }),
            HopEffect::ParentSynced {
                environment,
                repository,
            } => {
                !self.was_brought_again(environment) && self.parent_synced(environment, repository)
            }
            HopEffect::Refreshed { environment, app } => {
                application(self.store, self.delivery, environment, app.as_str()).is_some_and(
                    |app| {
                        app.annotations.get(sync::REFRESH).is_none()
                            && app.reconciled_at.is_some_and(|at| self.is_after(at))
                    },
                )
            }
            HopEffect::Synced { environment, app } => {
                application(self.store, self.delivery, environment, app.as_str()).is_some_and(
                    |app| {
                        !app.operation_requested
                            && app.operation_plan.as_deref() == Some(self.plan.id.as_str())
                            && app
                                .operation
                                .as_ref()
                                .is_some_and(|o| o.phase == Phase::Succeeded)
                    },
                )
            }
            HopEffect::RolledOut {
                environment,
                app,
                version,
            } => !self.was_brought_again(environment) && self.rolled_out(environment, app, version),
            HopEffect::Smoked {
                environment,
                app,
                version,
            } => {
                let smoke = self.smoke(environment, app, version);
                smoke.iter().any(|run| run.phase == RunPhase::Succeeded)
            }
        }
    }

    /// Why waiting is in vain: what the hop waits for has ended without bringing it.
    fn cannot_come(&self, effect: &HopEffect) -> Option<String> {
        match effect {
            HopEffect::RunOver {
                environment,
                name,
                wanted: Some(wanted),
            } => self
                .run(environment, name)
                .filter(|run| run.phase.is_over() && run.phase.as_str() != wanted)
                .map(|run| self.ended(run)),
            HopEffect::Declared { .. } => self
                .creates()
                .filter(|run| run.phase.has_failed())
                .map(|run| self.ended(run)),
            HopEffect::Synced { environment, app } => {
                let app = application(self.store, self.delivery, environment, app.as_str())?;
                let ours = app.operation_plan.as_deref() == Some(self.plan.id.as_str());
                let operation = app.operation.as_ref().filter(|_| ours)?;
                let failed = matches!(operation.phase, Phase::Failed | Phase::Error);
                let what = format!("the sync of {} {}", app.id.name, operation.phase.as_str());
                failed.then(|| with(what, operation.message.as_deref()))
            }
            HopEffect::ParentSynced { environment, .. }
            | HopEffect::RolledOut { environment, .. } => {
                self.followed(environment, "it was seen to run")
            }
            HopEffect::Smoked {
                environment,
                app,
                version,
            } => {
                let smoke = self.smoke(environment, app, version);
                if smoke.iter().any(|run| !run.phase.is_over()) {
                    return None;
                }
                let has_failed = smoke.iter().any(|run| run.has_failed());
                let stopped = smoke.iter().copied().filter(|run| run.was_stopped());
                let stopped = stopped.min_by(|a, b| belongs::runs::newest_first(a, b));
                let ended = match stopped {
                    _ if has_failed => Some("failed".to_owned()),
                    Some(run) => Some(was_stopped(self.journal, run)),
                    None => None,
                };
                ended
                    .map(|ended| format!("the smoke run of {version} in {environment} {ended}"))
                    .or_else(|| self.followed(environment, "it was tested"))
            }
            _ => None,
        }
    }

    /// `post-sync-r2-192ddf4d Failed: child failed`, `post-sync-r2-192ddf4d was stopped by bob: DB is down`.
    fn ended(&self, run: &Run) -> String {
        // Its phase says nothing then, and its message that it was stopped.
        if run.was_stopped() {
            return format!("{} {}", run.id.name, was_stopped(self.journal, run));
        }
        let what = format!("{} {}", run.id.name, run.phase.as_str());
        with(what, run.message.as_deref())
    }

    /// Whether the plan's run had failed before a version was declared: what brings it later is somebody else's work.
    fn has_failed_before(
        &self,
        environment: &Environment,
        repository: &Repository,
        version: &Version,
    ) -> bool {
        let Some(run) = self.creates() else {
            // It may have been deleted since.
            return self.is_cut_short;
        };
        let end = run
            .finished
            .and_then(|at| at.checked_add(CLOCKS_DIFFER).ok());
        let is_before = |change: &Change| end.is_none_or(|end| change.at <= end);
        let mut changes = self.changes_to(environment, repository, version);
        run.phase.has_failed() && !changes.any(is_before)
    }

    /// The run that this plan created.
    fn creates(&self) -> Option<&Run> {
        self.plan.hops.iter().find_map(|hop| match &hop.effect {
            HopEffect::Created { environment, name } => self.run(environment, name),
            _ => None,
        })
    }

    fn run(&self, environment: &Environment, name: &str) -> Option<&Run> {
        let runs = self.delivery.runs.as_ref()?;
        self.store
            .cluster(environment)?
            .runs
            .get(&runs.namespace, name)
    }

    /// It stands there, or stood there since the plan was made and was followed by another.
    fn declared(
        &self,
        environment: &Environment,
        repository: &Repository,
        version: &Version,
    ) -> bool {
        let mut changes = self.changes_to(environment, repository, version);
        self.stands(environment, repository, version) || changes.next().is_some()
    }

    /// The changes since the plan was made that brought a version.
    fn changes_to<'b>(
        &'b self,
        environment: &Environment,
        repository: &Repository,
        version: &'b Version,
    ) -> impl DoubleEndedIterator<Item = &'b Change> {
        let changes = self.store.history.changes_of(environment, repository);
        changes.iter().filter(move |change| {
            change.at >= self.plan.made_at
                && change.moves_version()
                && change.to.as_ref() == Some(version)
        })
    }

    fn stands(
        &self,
        environment: &Environment,
        repository: &Repository,
        version: &Version,
    ) -> bool {
        let file = self.store.declared(environment, repository);
        file.and_then(|file| file.version.as_ref()) == Some(version)
    }

    /// The version that the plan brings into an environment, with its file.
    fn brings(&self, wanted: &Environment) -> Option<(&Repository, &Version)> {
        self.plan.hops.iter().find_map(|hop| match &hop.effect {
            HopEffect::Declared {
                environment,
                repository,
                version,
            } if environment == wanted => Some((repository, version)),
            _ => None,
        })
    }

    fn status(&self, environment: &Environment, app: &App) -> Option<Status> {
        let target = Target {
            environment: environment.clone(),
            app: app.clone(),
        };
        status(self.store, self.delivery, &target, self.now)
    }

    /// The smoke runs of the version: those that began after the plan was sent, be it late, but before the same version was
    /// brought again, because from then on they test that.
    fn smoke(&self, environment: &Environment, app: &App, version: &Version) -> Vec<&Run> {
        let Some(runs) = &self.delivery.runs else {
            return Vec::new();
        };
        let target = Target {
            environment: environment.clone(),
            app: app.clone(),
        };
        let smoke = belongs::runs::smoke(self.store, self.delivery, &target);
        let brings = self.brings(environment);
        let brought = brings.map(|(file, version)| self.changes_to(environment, file, version));
        // The oldest is the plan's own.
        let again = brought.and_then(|newest_first| newest_first.rev().nth(1));
        let is_its = |at| self.is_after(at) && again.is_none_or(|again| at < again.at);
        let its = smoke.into_iter().filter(|run| {
            run.version(&runs.version_label).as_ref() == Some(version)
                && run.created.is_some_and(is_its)
        });
        its.collect()
    }

    /// Whether a time of the far side is after the plan was made. Its times are whole seconds, and its clock may differ
    /// from ours.
    fn is_after(&self, at: Timestamp) -> bool {
        at.duration_since(self.plan.made_at.min(self.sent_at))
            .as_secs()
            >= -1
    }
}
