//! Application: the status words that follow from an Argo CD Application alone: it is missing, being deleted, or does
//! not sync.
//!
//! Deliberately absent: what its pods and runs say.

use super::here::Here;
use super::status::{FactsAt, Status, TargetKind};
use crate::model::live::{Condition, SKIP_RECONCILE};
use crate::model::*;
use jiff::Timestamp;

/// Seconds until an app that is out of sync gets a word: right after a commit that is normal.
const OUT_OF_SYNC_AFTER_S: i64 = 300;

/// A sync that fails, or failed last.
pub(super) struct Failing<'a> {
    /// The operation that says what failed.
    pub failed: &'a Operation,
    /// The present operation, if it is another one: a later try, or a new sync that has only begun.
    later: Option<&'a Operation>,
    /// The version that it tried, where another one is declared by now.
    former: Option<&'a Version>,
}

impl<'a> FactsAt<'a> {
    /// The words of an app of apps. Its health repeats that of its children, which have words of their own.
    pub(super) fn reasons_of_parent(
        &self,
        status: &Status,
        here: &Here<'a>,
    ) -> Vec<(Word, String)> {
        let mut reasons = Vec::new();
        reasons.extend(self.gone(status, here, here.parent));
        reasons.extend(self.deleting(here.parent));
        reasons.extend(self.hook(status, here, here.parent));
        let left_alone = here.parent.and_then(|parent| self.left_alone(parent));
        reasons.extend(left_alone.map(|because| (Word::Stuck, because)));
        reasons.extend(self.not_syncing(status, here, here.parent));
        reasons.extend(switched_off(here.parent).filter(|_| reasons.is_empty()));
        reasons.extend(self.unread(status, here));
        reasons
    }

    /// No Application in a cluster whose Applications were all read. Before that a missing one is only unread.
    pub(super) fn gone(
        &self,
        status: &Status,
        here: &Here<'a>,
        application: Option<&Application>,
    ) -> Option<(Word, String)> {
        let argo_cd = self.delivery.argo_cd.as_ref()?;
        // A file without an app is the only thing that needs no Application.
        let should_be = status.kind != TargetKind::Orphan;
        let target = &status.target;
        let is_absent = application.is_none() && !here.is_odd_application(&target.app);
        if !should_be || !here.applications_read || !is_absent || self.is_coming(status) {
            return None;
        }
        let because = match (&argo_cd.parent, status.kind) {
            (_, TargetKind::Parent) => "there is no Application of its name.".to_owned(),
            (parent, _) => {
                let parent = parent
                    .as_ref()
                    .map(|parent| format!(" {parent} has not made it, or took it away."));
                format!(
                    "there is no Application {} in {}: nothing is delivered there.{}",
                    target.app,
                    target.environment,
                    parent.unwrap_or_default()
                )
            }
        };
        Some((Word::Gone, because))
    }

    /// Its file is so new, or changed so lately, that its Application may still be coming.
    fn is_coming(&self, status: &Status) -> bool {
        if let Some(parent_has_it) = status.parent_has_it {
            return !parent_has_it;
        }
        let usual = self.delivery.usual;
        let moves = status.images.iter().filter_map(|image| {
            let history = &self.store.history;
            history.last_move(&status.target.environment, &image.repository)
        });
        let newest = moves.map(|change| change.at).max();
        newest.is_some_and(|at| !self.now.is_past(at, usual.commit.1 + usual.parent_sync.1))
    }

    pub(super) fn deleting(&self, application: Option<&Application>) -> Option<(Word, String)> {
        let application = application.filter(|application| application.deleting)?;
        Some((
            Word::Deleting,
            format!(
                "the Application {} is being deleted, and what runs goes with it.",
                application.id.name
            ),
        ))
    }

    /// The sync of what is declared that fails, or failed last.
    pub(super) fn failing(
        &self,
        status: &Status,
        here: &Here<'a>,
        application: Option<&'a Application>,
    ) -> Option<Failing<'a>> {
        let failure = self.failure(status, here, application);
        failure.filter(|failing| failing.former.is_none())
    }

    /// The sync that fails or failed last, whatever it syncs: the present operation, or the try before it as long as
    /// the present one has no result and syncs the same version.
    pub(super) fn failure(
        &self,
        status: &Status,
        here: &Here<'a>,
        application: Option<&'a Application>,
    ) -> Option<Failing<'a>> {
        let application = application?;
        let before = here.cluster?.attempts.get(&application.id);
        let argo_cd = self.delivery.argo_cd.as_ref()?;
        let version = argo_cd.version_annotation.as_ref();
        let rendered = |annotations: &'a Texts| annotations.get(version?);
        // What was tried before has rendered the same version.
        let is_rendered = before.is_some_and(|before| {
            rendered(&before.annotations) == rendered(&application.annotations)
        });
        let Some(operation) = application.operation.as_ref() else {
            // Between two operations there is none for a moment.
            let before = before.filter(|_| is_rendered)?;
            let former = self.former_version(status, &before.operation);
            return former.is_none().then_some(Failing {
                failed: &before.operation,
                later: None,
                former,
            });
        };
        let former = self.former_version(status, operation);
        let present = Failing {
            failed: operation,
            later: None,
            former,
        };
        if operation.tells_failure() {
            return Some(present);
        }
        if !operation.is_running() {
            return None;
        }
        let before = before.filter(|before| {
            self.former_version(status, &before.operation) == former
                && (is_rendered || former.is_some())
        });
        match before {
            Some(before) => Some(Failing {
                failed: &before.operation,
                later: Some(operation),
                former,
            }),
            // There were tries before this console looked.
            None => (operation.retries > 0).then_some(present),
        }
    }

    /// The words before the failure itself: which try it is, or that another has begun.
    fn attempt(&self, failing: &Failing<'_>) -> String {
        let Some(later) = failing.later else {
            let retry = failing.failed.retry().map(|retry| format!("{retry}, "));
            return retry.unwrap_or_default();
        };
        if let Some(retry) = later.retry() {
            return format!("{retry} runs, the try before it: ");
        }
        let at = failing.failed.finished.or(failing.failed.started);
        let age = at.map(|at| format!(" {} ago", self.now.age(at)));
        let age = age.unwrap_or_default();
        format!("a new sync has begun, the one before it failed{age}: ")
    }

    /// When the sync behind the words ended, or began.
    pub(super) fn operated(
        &self,
        status: &Status,
        here: &Here<'a>,
        application: Option<&'a Application>,
    ) -> Option<Timestamp> {
        let failing = self.failing(status, here, application);
        let failed = failing.map(|failing| failing.failed);
        let operation = failed.or(application?.operation.as_ref())?;
        operation.finished.or(operation.started)
    }

    /// What failed: the hook where it was one, else the sync.
    pub(super) fn failure_in_words(&self, failing: &Failing<'_>) -> String {
        let attempt = self.attempt(failing);
        let said = failing.failed.message.as_deref();
        let (what, message) = match failing.failed.failed_hook() {
            Some(hook) => (
                format!("{} {}/{}", hook.stage, hook.kind, hook.name),
                hook.message.as_deref().or(said),
            ),
            None => ("sync".to_owned(), said),
        };
        format!(
            "{attempt}{what} failed: {}",
            message.unwrap_or("no message")
        )
    }

    pub(super) fn hook(
        &self,
        status: &Status,
        here: &Here<'a>,
        application: Option<&'a Application>,
    ) -> Option<(Word, String)> {
        let failing = self.failing(status, here, application)?;
        failing.failed.failed_hook()?;
        Some((Word::Hook, self.failure_in_words(&failing)))
    }

    pub(super) fn out_of_sync(
        &self,
        status: &Status,
        here: &Here<'a>,
        application: Option<&'a Application>,
    ) -> Option<(Word, String)> {
        self.not_syncing(status, here, application)
            .or_else(|| ill(status, application?))
    }

    /// Nothing fails, and nothing moves either, until somebody lets it.
    pub(super) fn stands_still(&self, application: Option<&Application>) -> Option<(Word, String)> {
        let application = application?;
        let because = self.left_alone(application).or_else(|| {
            let is_paused = application.health == Health::Suspended;
            let why = application.health_message.as_deref();
            let why = why.map(|message| format!(": {message}"));
            let because = "Something in it was paused, and goes on when somebody resumes it.";
            let why = why.unwrap_or_default();
            is_paused.then(|| format!("health Suspended{}. {because}", why.trim_end_matches('.')))
        })?;
        Some((Word::Stuck, because))
    }

    /// That Argo CD looks away from an Application, because an annotation says so.
    fn left_alone(&self, application: &Application) -> Option<String> {
        let looked = application.reconciled_at;
        let looked = looked.map(|at| format!(" It looked last {} ago.", self.now.age(at)));
        application.is_left_alone().then(|| {
            format!(
                "Argo CD leaves {} alone, because its annotation {SKIP_RECONCILE} says so: it is neither compared nor synced \
                 until that is taken off.{}",
                application.id.name,
                looked.unwrap_or_default()
            )
        })
    }

    /// A sync that runs for longer than any rollout usually takes, in Argo CD's own words: it waits for a hook that does
    /// not end, or for a sync window.
    fn hanging(&self, operation: &Operation) -> Option<String> {
        let started = operation.started.filter(|_| operation.is_running())?;
        let is_long = self.now.is_past(started, 2 * self.delivery.usual.rollout.1);
        is_long.then(|| {
            let message = operation.message.as_deref().unwrap_or("no message");
            format!("its sync runs for {}: {message}", self.now.age(started))
        })
    }

    /// It cannot be compared or synced, or it is out of sync.
    fn not_syncing(
        &self,
        status: &Status,
        here: &Here<'a>,
        application: Option<&'a Application>,
    ) -> Option<(Word, String)> {
        let application = application?;
        let hook_failed = self.hook(status, here, Some(application)).is_some();
        if let Some(failing) = self
            .failing(status, here, Some(application))
            .filter(|_| !hook_failed)
        {
            return Some((Word::Sync, self.failure_in_words(&failing)));
        }
        // Where the failed hook is named, the failed sync is not said again; that of a former version accuses no other.
        let is_former = |at: Timestamp| status.since.is_some_and(|since| at < since);
        let is_sync_known = |condition: &Condition| {
            *condition.kind == *"SyncError" && (hook_failed || condition.at.is_some_and(is_former))
        };
        let mut conditions = application.conditions.iter();
        if let Some(condition) = conditions.find(|c| c.kind.ends_with("Error") && !is_sync_known(c))
        {
            return Some((
                Word::Sync,
                format!("{}: {}", condition.kind, condition.message),
            ));
        }
        let operation = application.operation.as_ref();
        let is_said = hook_failed || status.is_syncing_former();
        let unsaid = operation.filter(|_| !is_said);
        if let Some(hanging) = unsaid.and_then(|operation| self.hanging(operation)) {
            return Some((Word::Sync, hanging));
        }
        match application.sync {
            Sync::Unknown => Some((
                Word::Sync,
                "Argo CD cannot compare it (sync Unknown).".into(),
            )),
            Sync::OutOfSync if operation.is_none_or(|o| !o.is_running()) => {
                let since = operation.and_then(|o| o.finished).or(status.since);
                let long = since.is_none_or(|at| self.now.is_past(at, OUT_OF_SYNC_AFTER_S));
                if !application.auto_sync {
                    return Some((Word::Sync, "OutOfSync, and auto-sync is off.".into()));
                }
                (long && !hook_failed)
                    .then(|| (Word::Sync, "OutOfSync, and no operation runs.".into()))
            }
            _ => None,
        }
    }
}

/// An app of apps without auto-sync delivers nothing new.
fn switched_off(parent: Option<&Application>) -> Option<(Word, String)> {
    let parent = parent.filter(|parent| !parent.auto_sync)?;
    Some((
        Word::Sync,
        format!("auto-sync of {} is off.", parent.id.name),
    ))
}

/// What it synced is degraded, and no pod shows why.
fn ill(status: &Status, application: &Application) -> Option<(Word, String)> {
    let live = status.live.as_ref();
    let crash = live.is_some_and(|live| live.is_crashing() || live.is_former_crashing);
    let bad = matches!(
        application.health,
        Health::Degraded | Health::Missing | Health::Unknown
    );
    (bad && !crash).then(|| {
        let why = application
            .health_message
            .as_deref()
            .map(|m| format!(": {m}"))
            .unwrap_or_default();
        (
            Word::Sync,
            format!("health {}{why}", application.health.as_str()),
        )
    })
}

#[cfg(test)]
mod tests;
