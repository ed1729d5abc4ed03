//! Journal: the append-only record of what was intended and what became of it.
//!
//! Deliberately absent: sending anything again. Reading the journal back folds it; it never acts.

pub mod file;

use crate::model::Change;
use crate::plan::{Effect, Hop, Lever, Outcome, Plan, PlanId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// One line of the journal.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Entry {
    pub at: Timestamp,
    pub plan: PlanId,
    #[serde(flatten)]
    pub what: What,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum What {
    /// Written and on the disk before anything is sent.
    Intent {
        /// The entry's own `plan` is the id; the whole stands beside it under another name.
        #[serde(rename = "intent")]
        plan: Box<Plan>,
    },
    /// One more try of the same send (a rejected push on a moved branch).
    Tried { note: String },
    Outcome {
        #[serde(flatten)]
        outcome: Outcome,
    },
    /// The effect of this hop was seen.
    Seen { hop: usize },
    /// The hop was not seen in time.
    Late { hop: usize },
    /// What the hop waited for ended otherwise, so that waiting brings nothing any more.
    CutShort { hop: usize, because: String },
    /// Somebody looked by hand: done or not.
    Settled { done: bool, by: String },
    /// The debt was paid, by this plan or by hand.
    Paid { by: Option<PlanId> },
}

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
}

/// How a plan stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
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

/// All plans, oldest first: the fold of the journal.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Journal {
    pub records: Vec<Record>,
}

/// How far the clock of whoever commits may be from ours.
const CLOCKS_APART_S: i64 = 60;

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(at)
}

impl Record {
    pub fn standing(&self) -> Standing {
        if let Some((_, done, _)) = &self.settled {
            return if *done {
                Standing::Done
            } else {
                Standing::NotDone
            };
        }
        match &self.outcome {
            None => Standing::Open,
            Some((_, Outcome::Unknown { .. })) => Standing::Unknown,
            Some((_, Outcome::Refused { .. } | Outcome::Failed { .. })) => Standing::NotDone,
            Some((_, Outcome::Applied { .. })) => {
                if self.seen.iter().all(Option::is_some) {
                    Standing::Done
                } else if self.cut_short_at().is_some() {
                    Standing::CutShort
                } else if self
                    .late
                    .iter()
                    .zip(&self.seen)
                    .any(|(late, seen)| late.is_some() && seen.is_none())
                {
                    Standing::Late
                } else {
                    Standing::Underway
                }
            }
        }
    }

    /// When something was last heard of it.
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

    /// Sent perhaps, and nobody knows what became of it: to be looked for.
    pub fn is_without_outcome(&self) -> bool {
        matches!(self.standing(), Standing::Open | Standing::Unknown)
    }

    /// Whether somebody who looked may say what became of it: nobody knows, or what follows is awaited and may never come (a
    /// branch that was closed unmerged).
    pub fn can_be_settled(&self) -> bool {
        use Standing::*;
        self.is_without_outcome()
            || (matches!(self.standing(), Underway | Late | CutShort) && self.debt().is_none())
    }

    /// The awaited hop that cannot come, and why.
    pub fn cut_short_at(&self) -> Option<(usize, &str)> {
        let (_, hop, because) = self.cut_short.as_ref()?;
        let is_awaited = self.seen.get(*hop).is_some_and(Option::is_none);
        is_awaited.then_some((*hop, because))
    }

    /// The debt that is still open. It begins when the change is seen: a branch that nobody has merged owes nothing.
    pub fn debt(&self) -> Option<&str> {
        (self.has_changed() && self.paid.is_none())
            .then_some(self.plan.debt.as_deref())
            .flatten()
    }

    /// Whether a change is what this plan was sent for, where it was meant, in the time that it had. What follows from it in
    /// other environments is the robot's.
    fn brought(&self, change: &Change) -> bool {
        let target = &self.plan.request.target.environment;
        if !self.happened() {
            return false;
        }
        let mut until = self.plan.made_at;
        for (n, hop) in self.plan.hops.iter().enumerate() {
            until = later(until, hop.late_s);
            let is_it = match &hop.effect {
                Effect::Declared {
                    environment,
                    repository,
                    version,
                } => {
                    environment == target
                        && *environment == change.environment
                        && *repository == change.repository
                        && change.moves_version()
                        && change.to.as_ref() == Some(version)
                }
                Effect::Gate {
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

    fn happened(&self) -> bool {
        matches!(self.outcome, Some((_, Outcome::Applied { .. })))
            || self.settled.as_ref().is_some_and(|(_, done, _)| *done)
    }

    /// Whether what the plan changes was seen changed.
    fn has_changed(&self) -> bool {
        if let Some((_, done, _)) = &self.settled {
            return *done;
        }
        let is_change =
            |hop: &Hop| matches!(hop.effect, Effect::Declared { .. } | Effect::Gate { .. });
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

impl Journal {
    /// Folds one entry in. Entries of unknown plans are dropped (a torn file lost their intent).
    pub fn take(&mut self, entry: Entry) {
        if let What::Intent { plan } = entry.what {
            if self.get(&plan.id).is_none() {
                let hops = plan.hops.len();
                self.records.push(Record {
                    plan: *plan,
                    sent_at: entry.at,
                    tries: Vec::new(),
                    outcome: None,
                    seen: vec![None; hops],
                    late: vec![None; hops],
                    cut_short: None,
                    settled: None,
                    paid: None,
                });
            }
            return;
        }
        let Some(record) = self.records.iter_mut().find(|r| r.plan.id == entry.plan) else {
            return;
        };
        match entry.what {
            What::Intent { .. } => {}
            What::Tried { note } => record.tries.push((entry.at, note)),
            What::Outcome { outcome } => record.outcome = Some((entry.at, outcome)),
            What::Seen { hop } => {
                if let Some(seen) = record.seen.get_mut(hop) {
                    seen.get_or_insert(entry.at);
                }
            }
            What::Late { hop } => {
                if let Some(late) = record.late.get_mut(hop) {
                    late.get_or_insert(entry.at);
                }
            }
            What::CutShort { hop, because } => {
                record.cut_short.get_or_insert((entry.at, hop, because));
            }
            What::Settled { done, by } => record.settled = Some((entry.at, done, by)),
            What::Paid { .. } => {
                record.paid.get_or_insert(entry.at);
            }
        }
    }

    pub fn get(&self, id: &PlanId) -> Option<&Record> {
        self.records.iter().find(|r| r.plan.id == *id)
    }

    /// The plan of ours that brought a change: the one that its commit names, else one that was sent for this file and this
    /// version (or gate) not long before. A robot that commits for us, and a squashed merge, carry no trailer.
    pub fn brought(&self, change: &Change) -> Option<&Record> {
        match &change.plan {
            Some(plan) => self.records.iter().find(|r| r.plan.id.as_str() == &**plan),
            None => self.records.iter().rev().find(|r| r.brought(change)),
        }
    }

    /// Plans that are not over.
    pub fn open(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|r| {
            matches!(
                r.standing(),
                Standing::Open | Standing::Underway | Standing::Late | Standing::Unknown
            )
        })
    }

    /// Records with an open debt.
    pub fn debts(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|r| r.debt().is_some())
    }

    /// As many first letters of an id as tell it apart here, at least four.
    pub fn short<'a>(&self, id: &'a PlanId) -> &'a str {
        let text = id.as_str();
        (4..text.len())
            .map(|n| &text[..n])
            .find(|prefix| {
                self.records
                    .iter()
                    .filter(|r| r.plan.id.as_str().starts_with(*prefix))
                    .count()
                    <= 1
            })
            .unwrap_or(text)
    }

    /// The lever that undoes the debt of a plan: a closed gate is opened, before anything else comes.
    pub fn undo(record: &Record) -> Option<Lever> {
        match record.plan.request.lever {
            Lever::Hold => Some(Lever::Release),
            Lever::RollBack if record.plan.closes().is_some() => Some(Lever::Release),
            Lever::RollBack => Some(Lever::Promote),
            _ => None,
        }
    }
}
