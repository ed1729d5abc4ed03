//! Candidates: the versions that stood in a file before, and which of them were good there.
//!
//! A file has had thousands of versions and a roll back offers four, so each is judged only when it is asked for.
//! Deliberately absent: what the cluster shows of them ([`super::observed::Observed`]).

use super::Lever;
use super::good::Complaint;
use super::mover::mover;
use super::observed::Observed;
use crate::board::direction::is_roll_back;
use crate::delivery::Delivery;
use crate::journal::Journal;
use crate::model::span::span;
use crate::model::{ActorKind, Change, Version};
use crate::store::Store;
use crate::store::history::{Stand, stands};
use std::collections::BTreeMap;

/// A version that stood here before.
#[derive(Clone, PartialEq, Debug)]
pub struct Candidate<'a> {
    pub version: &'a Version,
    /// The last time that it stood.
    pub stand: Stand<'a>,
    /// The longest of the times that it stood, in seconds.
    pub longest_s: Option<i64>,
    pub serving: usize,
    pub smoke_passed: bool,
    pub complaint: Option<Complaint>,
    pub is_good: bool,
}

impl Candidate<'_> {
    /// Why it is good, shortest first: `stood 31h, smoke passed, its 4 pods still serve`; else what is known of it.
    pub fn evidence(&self) -> String {
        let mut parts = vec![match self.longest_s {
            Some(seconds) => format!("stood {}", span(seconds)),
            None => "stood here before".to_owned(),
        }];
        if self.smoke_passed {
            parts.push("smoke passed".to_owned());
        }
        match self.serving {
            0 => {}
            1 => parts.push("1 pod of it still serves".to_owned()),
            n => parts.push(format!("its {n} pods still serve")),
        }
        parts.join(", ")
    }
}

/// What proves that a change was a roll back which somebody ordered.
#[derive(Clone, Copy)]
pub struct Orders<'a> {
    pub store: &'a Store,
    pub delivery: &'a Delivery,
    pub journal: &'a Journal,
}

/// Every version that stood in a file before the one that stands now.
pub struct Candidates<'a> {
    stands: Vec<Stand<'a>>,
    /// Where each version stands among those, its last time first.
    times: BTreeMap<&'a Version, Vec<usize>>,
    orders: Orders<'a>,
    pub(super) observed: Observed,
    good_after_s: i64,
}

impl<'a> Candidates<'a> {
    /// `changes` are those of the file, newest first.
    pub fn new(
        changes: &'a [Change],
        orders: Orders<'a>,
        observed: Observed,
        good_after_s: i64,
    ) -> Self {
        let stands = stands(changes);
        let mut times: BTreeMap<&Version, Vec<usize>> = BTreeMap::new();
        for (place, stand) in stands.iter().enumerate() {
            times.entry(stand.version).or_default().push(place);
        }
        Self {
            stands,
            times,
            orders,
            observed,
            good_after_s,
        }
    }

    /// Each version once.
    pub fn newest_first(&self) -> impl Iterator<Item = Candidate<'a>> {
        let is_last = |(place, stand): &(usize, &Stand<'a>)| {
            let times = self.times.get(stand.version);
            times.and_then(|times| times.first()) == Some(place)
        };
        let last = self.stands.iter().enumerate().filter(is_last);
        last.filter_map(|(_, stand)| self.get(stand.version))
    }

    /// None for the version that stands now, and for one that is not known to have stood.
    pub fn get(&self, version: &Version) -> Option<Candidate<'a>> {
        let now = self.stands.first().filter(|stand| stand.left.is_none());
        if now.is_some_and(|now| now.version == version) {
            return None;
        }
        let stand = *self.last_stand(version)?;
        let longest_s = self.times_of(version).filter_map(Stand::seconds).max();
        let observed = &self.observed;
        let serving = observed.serving.get(version).copied().unwrap_or_default();
        let smoke = observed.smoke.get(version);
        let smoke_passed = smoke.is_some_and(|smoke| smoke.passed);
        let complaint = self
            .taken_away(version)
            .or_else(|| observed.complaint(version));
        let stood = longest_s.is_some_and(|seconds| seconds >= self.good_after_s);
        Some(Candidate {
            version: stand.version,
            stand,
            longest_s,
            serving,
            smoke_passed,
            is_good: complaint.is_none() && (serving > 0 || smoke_passed || stood),
            complaint,
        })
    }

    /// The last time that a version stood, which may be now.
    pub fn last_stand(&self, version: &Version) -> Option<&Stand<'a>> {
        self.times_of(version).next()
    }

    fn times_of(&self, version: &Version) -> impl Iterator<Item = &Stand<'a>> {
        let places = self.times.get(version).into_iter().flatten();
        places.filter_map(|place| self.stands.get(*place))
    }

    /// The roll back that took a version away from here, unless it was brought again since and stood: what the robot brought
    /// for less than a rollout and its tests take has proved nothing.
    pub fn taken_away(&self, version: &Version) -> Option<Complaint> {
        let usual = &self.orders.delivery.usual;
        let long_enough_s = usual.rollout.1 + usual.smoke.1;
        for stand in self.times_of(version) {
            if let Some(complaint) = self.rolled_back(stand) {
                return Some(complaint);
            }
            let by_robot = |came: &Change| {
                let changes = self.changes_beside(came);
                let brought = || self.orders.journal.brought(came, changes);
                came.kind == ActorKind::Robot && brought().is_none()
            };
            let is_short = stand.seconds().is_some_and(|s| s <= long_enough_s);
            if !is_short || !stand.came.is_some_and(by_robot) {
                return None;
            }
        }
        None
    }

    /// How a version's time here ended, if by a roll back. Where names have no order, the journal's plan says so.
    fn rolled_back(&self, stand: &Stand<'_>) -> Option<Complaint> {
        let left = stand.left?;
        let Orders {
            store,
            delivery,
            journal,
        } = self.orders;
        let record = journal.brought(left, self.changes_beside(left));
        let by_plan = record.is_some_and(|record| record.plan.request.lever == Lever::RollBack);
        if !by_plan && !is_roll_back(store, delivery, left) {
            return None;
        }
        let mover = mover(store, delivery, journal, left);
        Some(Complaint::RolledBack {
            at: left.at,
            by: mover.actor.to_owned(),
            reason: mover.reason.map(str::to_owned),
        })
    }

    /// All changes of the file of a change, also those that came after the candidates stood.
    fn changes_beside(&self, change: &Change) -> &'a [Change] {
        let history = &self.orders.store.history;
        history.changes_of(&change.environment, &change.repository)
    }
}
