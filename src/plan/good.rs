//! Good: what is known of the versions of a target there, and what speaks against one.
//!
//! A version was good where it was not rolled back from, does not crash, did not fail its smoke run and did not stand for
//! long without one, and where its pods still serve, its smoke run passed, or it stood long enough without complaint. The
//! newest such version is nearly always the one just before: what stood longest may be releases too old.

use super::candidates::{Candidates, Orders};
use super::checks::Checks;
use super::observed::Observed;
use super::subject::Subject;
use super::{CheckName, Choice, Verdict};
use crate::model::span::span;
use crate::model::{Change, Environment, Repository, Version};
use crate::store::{Crash, Kind};
use jiff::Timestamp;

/// How many good versions are offered: the proposal, and those that stand beside it.
pub const OFFERED: usize = 4;

/// What speaks against a version here.
#[derive(Clone, PartialEq, Debug)]
pub enum Complaint {
    RolledBack {
        at: Timestamp,
        by: String,
        reason: Option<String>,
    },
    Crashes {
        reason: String,
    },
    SmokeFailed {
        run: String,
        at: Option<Timestamp>,
    },
    NeverTested {
        stood_s: i64,
    },
    /// It crashed here while this console looked, and its pods are gone.
    Crashed {
        reason: String,
        at: Timestamp,
    },
}

impl Complaint {
    /// As a part of a sentence about the version: `was rolled back from here 22m ago by alice: incident 4711`.
    pub fn text(&self, now: Timestamp) -> String {
        let ago = |at: Timestamp| format!("{} ago", span(now.duration_since(at).as_secs()));
        match self {
            Complaint::RolledBack { at, by, reason } => {
                let why = match reason {
                    Some(reason) => format!(": {reason}"),
                    None => ", no reason is on record".to_owned(),
                };
                format!("was rolled back from here {} by {by}{why}", ago(*at))
            }
            Complaint::Crashes { reason } => format!("crashes here now: {reason}"),
            Complaint::SmokeFailed { run, at } => {
                let when = at.map(|at| format!(" {}", ago(at))).unwrap_or_default();
                format!("failed its smoke run here{when} ({run})")
            }
            Complaint::Crashed { reason, at } => {
                format!("crashed here {} ({reason})", ago(*at))
            }
            Complaint::NeverTested { stood_s } => format!(
                "had no smoke run in the {} that it stood here: it may never have become healthy",
                span(*stood_s)
            ),
        }
    }
}

impl Observed {
    /// What the cluster shows against a version now.
    pub(super) fn complaint(&self, version: &Version) -> Option<Complaint> {
        if let Some(reason) = self.crashing.get(version) {
            let reason = reason.clone();
            return Some(Complaint::Crashes { reason });
        }
        let failed = self.smoke.get(version).filter(|smoke| !smoke.passed);
        if let Some(failed) = failed {
            return Some(Complaint::SmokeFailed {
                run: failed.run.name.to_string(),
                at: failed.at,
            });
        }
        if let Some(Crash { at, reason }) = self.crashed.get(version) {
            return Some(Complaint::Crashed {
                reason: reason.clone(),
                at: *at,
            });
        }
        let stood_s = *self.untested.get(version)?;
        Some(Complaint::NeverTested { stood_s })
    }
}

/// What is known of the versions of one file in one environment.
pub(super) struct Past<'a> {
    subject: &'a Subject<'a>,
    environment: &'a Environment,
    repository: &'a Repository,
    candidates: Candidates<'a>,
}

impl<'a> Past<'a> {
    pub fn new(
        subject: &'a Subject<'a>,
        environment: &'a Environment,
        repository: &'a Repository,
    ) -> Self {
        let (store, delivery) = (subject.store(), subject.delivery());
        let orders = Orders {
            store,
            delivery,
            journal: subject.context.journal,
        };
        let candidates = Candidates::new(
            store.history.changes_of(environment, repository),
            orders,
            Observed::observe(subject, environment, repository),
            delivery.good_after_s,
        );
        Self {
            subject,
            environment,
            repository,
            candidates,
        }
    }

    /// The good versions, newest first; none while history was not read back to all that are offered.
    pub fn choices(&self) -> Option<Vec<Choice>> {
        let good = self.candidates.newest_first();
        let good: Vec<Choice> = good
            .filter(|candidate| candidate.is_good)
            .take(OFFERED)
            .map(|candidate| Choice {
                version: candidate.version.clone(),
                evidence: candidate.evidence(),
            })
            .collect();
        let is_read = self.subject.store().history.is_complete() || good.len() == OFFERED;
        is_read.then_some(good)
    }

    /// What is known of a version, and until when it stood; none where it is not known to have stood before.
    pub fn evidence(&self, version: &Version) -> Option<String> {
        let Some(candidate) = self.candidates.get(version) else {
            let history = &self.subject.store().history;
            let last = history.last_move(self.environment, self.repository)?;
            return (last.to.as_ref() == Some(version)).then(|| "stands here now".to_owned());
        };
        let until = candidate.stand.left.map(|left| {
            let ago = self.subject.context.now.duration_since(left.at).as_secs();
            format!("; until {} ago", span(ago))
        });
        let until = until.unwrap_or_default();
        Some(format!("{}{until}", candidate.evidence()))
    }

    /// What speaks against bringing a version here: roll backs of it that history and journal know, its pods and its smoke
    /// run.
    fn complaints(&self, version: &Version) -> Vec<Complaint> {
        let last = self.candidates.last_stand(version);
        // The version that stands now was brought again after any roll back; but another roll back may be on its way.
        let taken_back = self
            .candidates
            .taken_away(version)
            .or_else(|| self.sent_back(version, last.and_then(|stand| stand.came)));
        taken_back
            .into_iter()
            .chain(self.candidates.observed.complaint(version))
            .collect()
    }

    /// A roll back from this version that was sent by this journal since the version came; history may not show it yet.
    fn sent_back(&self, version: &Version, came: Option<&Change>) -> Option<Complaint> {
        let records = &self.subject.context.journal.records;
        let record = records.iter().rev().find(|record| {
            let plan = &record.plan;
            plan.request.rolls_back(self.environment, self.repository)
                && plan.from.as_ref() == Some(version)
                && record.happened()
        })?;
        let made_at = record.plan.made_at;
        let since = came.is_none_or(|came| came.at <= made_at);
        since.then(|| Complaint::RolledBack {
            at: made_at,
            by: record.plan.who.login.clone(),
            reason: record.plan.request.reason.clone(),
        })
    }

    /// Whether the cluster shows now that a version does not run well here.
    pub fn fails_now(&self, version: &Version) -> bool {
        self.candidates.observed.complaint(version).is_some()
    }

    /// What was not read though a version that is bad here would show there.
    fn unread(&self) -> Option<String> {
        let (store, delivery) = (self.subject.store(), self.subject.delivery());
        store.cluster(self.environment)?;
        let pods = delivery.workloads.as_ref().map(|_| (Kind::Pods, "pods"));
        let runs = delivery.runs.as_ref().map(|_| (Kind::Runs, "runs"));
        let unread: Vec<&str> = [pods, runs]
            .into_iter()
            .flatten()
            .filter(|(kind, _)| !store.is_read(self.environment, *kind))
            .map(|(_, name)| name)
            .collect();
        (!unread.is_empty()).then(|| {
            let what = unread.join(" and ");
            format!(
                "the {what} of {} were not read, so whether it was bad here is not known",
                self.environment
            )
        })
    }

    /// The row `bad here`: the version was rolled back from here, crashes here or failed its smoke run here.
    pub fn check(&self, version: &Version, checks: &mut Checks) {
        let name = CheckName::BadHere;
        let complaints = self.complaints(version);
        if !complaints.is_empty() {
            let now = self.subject.context.now;
            let texts: Vec<String> = complaints.iter().map(|c| c.text(now)).collect();
            let evidence = format!(
                "{} {}; the cause may still stand",
                version.short(),
                texts.join("; it ")
            );
            checks.add(name, Verdict::Failed, evidence, "");
            return;
        }
        if let Some(unread) = self.unread() {
            checks.add(name, Verdict::Unknown, unread, "");
            return;
        }
        let is_read = self.subject.store().history.is_complete();
        if is_read || self.candidates.last_stand(version).is_some() {
            let evidence = format!("nothing speaks against {} here", version.short());
            checks.pass(name, evidence);
        } else {
            let evidence = format!(
                "history is still being read: whether {} was rolled back from here is not known",
                version.short()
            );
            checks.add(name, Verdict::Unknown, evidence, "");
        }
    }
}
