//! Record: one plan's story, folded from its entries.

use crate::model::{Change, Version};
use crate::plan::{Hop, HopEffect, Lever, Outcome, Plan};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// One plan's story so far.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    pub plan: Plan,
    /// When the intent was journalled, which is just before the write was sent.
    pub sent_at: Timestamp,
    pub tries: Vec<(Timestamp, String)>,
    pub outcome: Option<(Timestamp, Outcome)>,
    /// When each hop was seen.
    pub seen: Vec<Option<Timestamp>>,
    pub late: Vec<Option<Timestamp>>,
    /// The hop that cannot come, and why.
    pub cut_short: Option<(Timestamp, usize, String)>,
    pub settled: Option<(Timestamp, bool, String)>,
    pub paid: Option<Timestamp>,
    /// Who closed its debt without a write.
    pub left_by: Option<String>,
}

/// How far a plan has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// Intent journalled, no outcome: it is being sent, or the console died.
    Open,
    /// Accepted; hops are awaited.
    Underway,
    /// Every hop was seen.
    Done,
    /// A hop is late.
    Late,
    /// Accepted, and what followed ended before its effect (a run that failed): nothing more comes of it.
    CutShort,
    /// Refused or failed: nothing was changed.
    NotDone,
    Unknown,
}

/// A plan whose effect was awaited for this long is over, whatever became of it.
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How far the clock of whoever commits may be from ours.
const CLOCKS_APART_S: i64 = 60;

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(at)
}

impl Record {
    /// A plan with nothing but its intent.
    pub fn new(plan: Plan, sent_at: Timestamp) -> Self {
        let hops = plan.hops.len();
        Self {
            plan,
            sent_at,
            tries: Vec::new(),
            outcome: None,
            seen: vec![None; hops],
            late: vec![None; hops],
            cut_short: None,
            settled: None,
            paid: None,
            left_by: None,
        }
    }

    /// Whether nothing is awaited and nothing is owed any more, so that it may move to the archive.
    pub fn is_over(&self, now: Timestamp) -> bool {
        // A branch may be merged long after it was late, and then something is owed.
        let may_owe = self.plan.debt.is_some() && self.paid.is_none();
        match self.plan_state() {
            PlanState::Open | PlanState::Unknown => false,
            PlanState::Underway | PlanState::Late => {
                !may_owe && now.duration_since(self.latest()) > GIVEN_UP
            }
            PlanState::CutShort | PlanState::Done => !may_owe,
            PlanState::NotDone => true,
        }
    }

    pub fn plan_state(&self) -> PlanState {
        if let Some((_, done, _)) = &self.settled {
            return if *done {
                PlanState::Done
            } else {
                PlanState::NotDone
            };
        }
        match &self.outcome {
            None => PlanState::Open,
            Some((_, Outcome::Unknown { .. })) => PlanState::Unknown,
            Some((_, Outcome::Refused { .. } | Outcome::Failed { .. })) => PlanState::NotDone,
            Some((_, Outcome::Applied { .. })) => {
                if self.cut_short_at().is_some() {
                    PlanState::CutShort
                } else if self.seen.iter().all(Option::is_some) {
                    PlanState::Done
                } else if self
                    .late
                    .iter()
                    .zip(&self.seen)
                    .any(|(late, seen)| late.is_some() && seen.is_none())
                {
                    PlanState::Late
                } else {
                    PlanState::Underway
                }
            }
        }
    }

    /// When its last entry was written.
    pub fn latest(&self) -> Timestamp {
        let outcome = self.outcome.iter().map(|(at, _)| *at);
        let settled = self.settled.iter().map(|(at, ..)| *at);
        let tries = self.tries.iter().map(|(at, _)| *at);
        let cut_short = self.cut_short.iter().map(|(at, ..)| *at);
        let hops = self.seen.iter().chain(&self.late).flatten().copied();
        outcome
            .chain(settled)
            .chain(tries)
            .chain(hops)
            .chain(cut_short)
            .chain(self.paid)
            .fold(self.plan.made_at, Timestamp::max)
    }

    /// Whether it may have been sent without a known outcome, so that it has to be looked for.
    pub fn is_without_outcome(&self) -> bool {
        matches!(self.plan_state(), PlanState::Open | PlanState::Unknown)
    }

    /// Whether an operator may settle it: its outcome is unknown, or it waits for what may never come (a branch that
    /// was closed unmerged).
    pub fn can_be_settled(&self) -> bool {
        use PlanState::*;
        self.is_without_outcome()
            || (matches!(self.plan_state(), Underway | Late) && self.debt().is_none())
    }

    /// The awaited hop that cannot come, and why.
    pub fn cut_short_at(&self) -> Option<(usize, &str)> {
        let (_, hop, because) = self.cut_short.as_ref()?;
        let is_awaited = self.seen.get(*hop).is_some_and(Option::is_none);
        (is_awaited || self.was_followed()).then_some((*hop, because))
    }

    /// Another version came after the one that it brought, and before that was seen to run. What brings it later is somebody
    /// else's work.
    pub fn was_followed(&self) -> bool {
        let hop = self.cut_short.as_ref().map(|(_, hop, _)| *hop);
        let hop = hop.and_then(|hop| self.plan.hops.get(hop));
        hop.is_some_and(|hop| {
            use HopEffect::{ParentSynced, RolledOut};
            matches!(hop.effect, ParentSynced { .. } | RolledOut { .. })
        })
    }

    /// Why nothing comes of it, or nothing is known.
    pub fn why_not(&self) -> Option<&str> {
        let cut_short = self.cut_short_at().map(|(_, because)| because);
        cut_short.or(match &self.outcome {
            Some((_, Outcome::Applied { .. })) | None => None,
            Some((
                _,
                Outcome::Refused { because }
                | Outcome::Failed { because, .. }
                | Outcome::Unknown { because },
            )) => Some(because),
        })
    }

    /// When it was cut short.
    pub fn cut_short_since(&self) -> Option<Timestamp> {
        self.cut_short_at()?;
        self.cut_short.as_ref().map(|(at, ..)| *at)
    }

    /// The debt that is still open. It begins when the change is seen: a branch that nobody has merged owes nothing.
    pub fn debt(&self) -> Option<&str> {
        (self.has_changed() && self.paid.is_none())
            .then_some(self.plan.debt.as_deref())
            .flatten()
    }

    /// The change that this plan brought, of those of a file, newest first: the one that names it, else the first since it
    /// was made; only where there is none, the last before that: the clock of whoever commits may lag.
    pub(super) fn own_change<'a>(&self, changes: &'a [Change]) -> Option<&'a Change> {
        let oldest_first = || {
            changes
                .iter()
                .rev()
                .filter(|known| self.may_have_brought(known))
        };
        let is_named = |known: &&Change| known.plan.is_some();
        let is_since = |known: &&Change| known.at >= self.plan.made_at;
        let named = oldest_first().find(is_named);
        named
            .or_else(|| oldest_first().find(is_since))
            .or_else(|| oldest_first().next_back())
    }

    /// Whether this plan may have brought a change: the same file and value, within the plan's time, and no other plan's by
    /// its commit. What follows in other environments is the robot's work.
    pub(super) fn may_have_brought(&self, change: &Change) -> bool {
        let target = &self.plan.request.target.environment;
        let named = change.plan.as_deref();
        if !self.happened() || named.is_some_and(|plan| plan != self.plan.id.as_str()) {
            return false;
        }
        let mut until = self.plan.made_at;
        for (n, hop) in self.plan.hops.iter().enumerate() {
            until = later(until, hop.late_s);
            let is_it = match &hop.effect {
                HopEffect::Declared {
                    environment,
                    repository,
                    version,
                } => {
                    environment == target
                        && *environment == change.environment
                        && *repository == change.repository
                        && change.moves_version()
                        && change.to.as_ref() == Some(version)
                        && self.may_move(change.from.as_ref())
                }
                HopEffect::Gate {
                    environment,
                    repository,
                    open,
                } => {
                    *environment == change.environment
                        && *repository == change.repository
                        && change.moves_gate()
                        && change.gate_to == *open
                }
                _ => false,
            };
            if is_it {
                // A branch may be merged long after it was late: then it counts until it was seen.
                let seen = self.seen.get(n).copied().flatten();
                let until = seen.unwrap_or(until);
                return change.at >= later(self.plan.made_at, -CLOCKS_APART_S)
                    && change.at <= later(until, CLOCKS_APART_S);
            }
        }
        false
    }

    /// Whether a plan that moves a version may have moved it from here. Only people bring a lower one, so a roll back is one
    /// whatever came before it; what else brings a version may be somebody else's.
    fn may_move(&self, from: Option<&Version>) -> bool {
        self.plan.request.lever == Lever::RollBack
            || self.plan.from.is_none()
            || self.plan.from.as_ref() == from
    }

    /// Whether it was done, as far as anybody knows. What was cut short before its change was seen has brought nothing.
    pub fn happened(&self) -> bool {
        if let Some((_, done, _)) = &self.settled {
            return *done;
        }
        matches!(self.outcome, Some((_, Outcome::Applied { .. })))
            && (self.cut_short_at().is_none() || self.has_changed())
    }

    /// Whether the plan's change was seen.
    pub fn has_changed(&self) -> bool {
        if let Some((_, done, _)) = &self.settled {
            return *done;
        }
        let is_change = |hop: &Hop| {
            matches!(
                hop.effect,
                HopEffect::Declared { .. } | HopEffect::Gate { .. }
            )
        };
        matches!(self.outcome, Some((_, Outcome::Applied { .. })))
            && match self.plan.hops.iter().position(is_change) {
                Some(hop) => self.seen.get(hop).is_some_and(Option::is_some),
                None => true,
            }
    }

    /// The first hop that was not seen yet.
    pub fn awaited(&self) -> Option<usize> {
        self.seen.iter().position(Option::is_none)
    }
}
