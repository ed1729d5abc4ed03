//! Journal: the append-only record of what was intended and what became of it.
//!
//! Deliberately absent: sending anything again. Reading the journal back folds it; it never acts.

mod archive;
pub mod file;
mod line;
pub mod mutes;
mod paths;
mod record;
pub mod tail;

pub use line::{FORMAT, Unreadable};
pub use mutes::{MuteEntry, Mutes};
pub use paths::JournalPaths;
pub use record::{PlanState, Record};

use crate::model::{Change, Environment, Repository, TakenBack};
use crate::plan::{Lever, Outcome, Plan, PlanId, Request, Undone};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An unreadable line may be a plan under way for this long; after that whatever it sent has arrived or never will.
pub const HORIZON: SignedDuration = SignedDuration::from_hours(24);
/// Plans that are over and still kept at hand; older ones are in the archive.
pub const KEPT: usize = 1000;

/// So many bytes of a text are journalled about a plan that was sent: each of them may need six in a line, and the line is
/// still far shorter than the longest that is read.
const LONGEST_TEXT: usize = 64 * 1024;

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
    /// The debt was paid, by this plan or by hand; or somebody (`who`) is content to leave things as they are.
    Paid {
        by: Option<PlanId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        who: Option<String>,
    },
}

impl Entry {
    /// The same with texts that surely fit on a line. An intent stays as it is: what is sent stands there whole.
    fn with_short_texts(&self) -> Self {
        let mut entry = self.clone();
        let texts: Vec<&mut String> = match &mut entry.what {
            What::Tried { note: text }
            | What::CutShort { because: text, .. }
            | What::Settled { by: text, .. } => vec![text],
            What::Outcome { outcome } => outcome.texts(),
            What::Intent { .. } | What::Seen { .. } | What::Late { .. } | What::Paid { .. } => {
                Vec::new()
            }
        };
        for text in texts {
            let kept = text.floor_char_boundary(LONGEST_TEXT);
            let rest = text.len() - kept;
            if rest > 0 {
                text.truncate(kept);
                text.push_str(&format!(" ({rest} bytes more are left out)"));
            }
        }
        entry
    }
}

impl What {
    /// Whether every console sees it by itself, so that several may want to note it.
    pub fn is_seen_by_all(&self) -> bool {
        matches!(
            self,
            What::Seen { .. } | What::Late { .. } | What::CutShort { .. }
        )
    }
}

/// All plans, oldest first: the fold of the journal.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Journal {
    pub records: Vec<Record>,
    /// Where each plan stands among the records.
    by_id: BTreeMap<PlanId, usize>,
    /// Plans that are over and were left out by [`Journal::shed`].
    pub left_out: usize,
    /// How many records there were when plans were left out last.
    shed_at: usize,
    /// Lines that cannot be read: torn, damaged, or written by a newer version.
    pub unreadable: Vec<Unreadable>,
}

impl Journal {
    /// Adds one entry to its plan's record. Entries of unknown plans are dropped: a torn line lost their intent.
    pub fn add_entry(&mut self, entry: Entry) {
        if let What::Intent { plan } = entry.what {
            if !self.by_id.contains_key(&plan.id) {
                self.by_id.insert(plan.id.clone(), self.records.len());
                self.records.push(Record::new(*plan, entry.at));
            }
            return;
        }
        let number = self.by_id.get(&entry.plan).copied();
        let Some(record) = number.and_then(|number| self.records.get_mut(number)) else {
            return;
        };
        match entry.what {
            What::Intent { .. } => {}
            What::Tried { note } => {
                let tried = (entry.at, note);
                // A line may stand twice where it was written while the file was being replaced.
                if !record.tries.contains(&tried) {
                    record.tries.push(tried);
                }
            }
            What::Outcome { outcome } => {
                // What is seen counts more than what somebody did not see.
                let is_seen = matches!(outcome, Outcome::Applied { .. });
                record.settled.take_if(|(_, done, _)| is_seen && !*done);
                record.outcome = Some((entry.at, outcome));
            }
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
            What::Paid { who, .. } => {
                if record.paid.is_none() {
                    record.paid = Some(entry.at);
                    record.left_by = who;
                }
            }
        }
    }

    pub fn get(&self, id: &PlanId) -> Option<&Record> {
        self.records.get(*self.by_id.get(id)?)
    }

    /// The plans whose ids begin so.
    pub fn beginning(&self, prefix: &str) -> Vec<&Record> {
        let from = PlanId::new(prefix);
        self.by_id
            .range(from..)
            .take_while(|(id, _)| id.as_str().starts_with(prefix))
            .filter_map(|(_, number)| self.records.get(*number))
            .collect()
    }

    /// Adds one entry, and leaves out plans that are over once far more than [`KEPT`] are held.
    pub fn add_entry_and_shed(&mut self, entry: Entry) {
        let at = entry.at;
        self.add_entry(entry);
        if self.records.len() > self.shed_at + 2 * KEPT {
            // Later entries are not read yet, so this entry's own time counts.
            self.shed(at);
            self.shed_at = self.records.len();
        }
    }

    /// Leaves out plans that are over, but for the newest [`KEPT`] of them.
    pub fn shed(&mut self, now: Timestamp) {
        let over = self.records.iter().filter(|r| r.is_over(now)).count();
        let mut excess = over.saturating_sub(KEPT);
        if excess == 0 {
            return;
        }
        self.left_out += excess;
        self.records.retain(|record| {
            let goes = excess > 0 && record.is_over(now);
            excess -= usize::from(goes);
            !goes
        });
        let numbered = self.records.iter().enumerate();
        self.by_id = numbered
            .map(|(number, record)| (record.plan.id.clone(), number))
            .collect();
    }

    /// The unreadable lines that may be of something that is still under way.
    pub fn unread_lately(&self, now: Timestamp) -> impl Iterator<Item = &Unreadable> {
        self.unreadable
            .iter()
            .filter(move |lines| lines.may_be_recent(now))
    }

    /// The plan that brought a change: the one that its commit names, else one that was sent for the same file and
    /// version (or gate) shortly before, because a robot's commit or a squashed merge carries no trailer.
    /// `changes` are those of its file, newest first: of several that fit a plan only one is its work.
    pub fn brought(&self, change: &Change, changes: &[Change]) -> Option<&Record> {
        if let Some(plan) = &change.plan {
            return self.get(&PlanId::new(plan));
        }
        let is_own = |record: &&Record| {
            let own = || record.own_change(changes);
            record.may_have_brought(change) && own().is_none_or(|own| own.commit == change.commit)
        };
        let mut found = self.records.iter().rev().filter(is_own);
        let newest = found.next()?;
        // One that was made after the change has brought it only where clocks differ.
        let is_before = |record: &&Record| record.plan.made_at <= change.at;
        let before = [newest].into_iter().chain(found).find(is_before);
        before.or(Some(newest))
    }

    /// The roll backs of each file that were done, as far as anybody knows, oldest first.
    pub fn taken_back(&self) -> BTreeMap<(Environment, Repository), Vec<TakenBack>> {
        let mut found: BTreeMap<_, Vec<TakenBack>> = BTreeMap::new();
        for record in &self.records {
            let plan = &record.plan;
            let (Some(repository), Some(from), Some(to)) =
                (&plan.request.repository, &plan.from, &plan.to)
            else {
                continue;
            };
            if plan.request.lever != Lever::RollBack || !record.happened() {
                continue;
            }
            let file = (plan.request.target.environment.clone(), repository.clone());
            let back = TakenBack {
                from: from.clone(),
                to: to.clone(),
                at: plan.made_at,
                by: plan.who.login.clone(),
                reason: plan.request.reason.clone(),
                is_left: record.left_by.is_some(),
            };
            found.entry(file).or_default().push(back);
        }
        found
    }

    /// Plans that are not over.
    pub fn open(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|r| {
            matches!(
                r.plan_state(),
                PlanState::Open | PlanState::Underway | PlanState::Late | PlanState::Unknown
            )
        })
    }

    /// Records with an open debt.
    pub fn debts(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|r| r.debt().is_some())
    }

    /// The first letters of an id, at least four and as many as make it unique here.
    pub fn short<'a>(&self, id: &'a PlanId) -> &'a str {
        use std::ops::Bound::{Excluded, Unbounded};
        let text = id.as_str();
        let before = self.by_id.range((Unbounded, Excluded(id))).next_back();
        let after = self.by_id.range((Excluded(id), Unbounded)).next();
        let shared = |other: &PlanId| {
            let pairs = text.bytes().zip(other.as_str().bytes());
            pairs.take_while(|(one, other)| one == other).count()
        };
        let neighbours = before.into_iter().chain(after);
        let apart = neighbours.map(|(other, _)| shared(other) + 1).max();
        text.get(..apart.unwrap_or(0).max(4)).unwrap_or(text)
    }

    /// The request that undoes the debt of a plan: first of all it opens a closed gate.
    pub fn undo(record: &Record) -> Option<Request> {
        let plan = &record.plan;
        let lever = match plan.request.lever {
            Lever::Hold => Lever::Release,
            Lever::RollBack if plan.closes().is_some() => Lever::Release,
            Lever::RollBack => Lever::Promote,
            _ => return None,
        };
        let version = plan.from.clone().filter(|_| lever == Lever::Promote);
        let why = match &plan.request.reason {
            Some(reason) => format!("because: {reason}"),
            None => "without a reason on record".to_owned(),
        };
        let did = plan.debt.as_deref().unwrap_or(plan.request.lever.title());
        let story = format!("Undoes: {did}, by {}, {why}.", plan.who.login);
        Some(Request {
            repository: plan.request.repository.clone(),
            is_of_several: plan.request.is_of_several,
            version,
            undoes: Some(Undone {
                plan: plan.id.clone(),
                lever: plan.request.lever,
                story,
            }),
            ..Request::new(lever, plan.request.target.clone())
        })
    }
}
