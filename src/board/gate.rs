//! Gate: what leads into a target, and whether somebody closed it lately.
//!
//! Deliberately absent: whether it may be closed or opened (that is a plan's).

use super::direction::compare_versions;
use super::status::{FactsAt, GateIn, GateState, Image, Status};
use crate::belongs::runs;
use crate::delivery::Delivery;
use crate::model::{Declared, Environment, Now, Order, Repository, Version};
use crate::store::Store;

/// Whether the newest change of the gate in the file of an environment closed it, and no longer ago than counts as lately.
pub fn closed_lately(
    store: &Store,
    delivery: &Delivery,
    environment: &Environment,
    repository: &Repository,
    now: &Now,
) -> bool {
    let moved = store.history.last_gate_move(environment, repository);
    let lately = delivery.closed_lately_days * 86_400;
    moved.is_some_and(|change| !change.gate_to && !now.is_past(change.at, lately))
}

/// The versions that wait below without promotion, each with its file: no gate lets them through, and no run in flight brings
/// them.
pub fn stay_below<'s>(
    store: &'s Store,
    delivery: &Delivery,
    status: &'s Status,
) -> Vec<(&'s Repository, &'s Version)> {
    let here = &status.target.environment;
    let is_known = delivery.declared.promote.is_some() && delivery.declared.gate.is_some();
    let waits = status.images.iter().filter(move |_| is_known);
    let waits = waits.filter_map(|image| {
        let ours = image.declared.as_ref()?.version.as_ref()?;
        let (lower, file) = (delivery.lower(here)?, &image.repository);
        let below = store.declared(&lower.name, file)?;
        let theirs = below.version.as_ref().filter(|theirs| *theirs != ours)?;
        let order = compare_versions(store, delivery, file, theirs, ours);
        let may_come = order != Order::Lower && !delivery.versions.is_branch(theirs);
        if below.promote || !may_come {
            return None;
        }
        let mut carried = runs::carrying(store, delivery, &lower.name, file, theirs);
        let delivered = runs::delivering(store, delivery, here, file);
        let is_brought = carried.any(|(_, next)| next == here)
            || delivered.iter().any(|(_, version)| version == theirs);
        (!is_brought).then_some((file, theirs))
    });
    waits.collect()
}

/// The files of a target whose gate is open though the one that counts for it is closed.
fn open_all_the_same<'s>(
    store: &Store,
    delivery: &Delivery,
    status: &'s Status,
) -> Vec<&'s Repository> {
    let is_closed = matches!(status.gate_in.state, GateState::Held | GateState::Manual);
    let files = status.images.iter().map(|image| &image.repository);
    let open = files.filter(|file| {
        let lower = delivery.lower(&status.target.environment);
        let below = lower.and_then(|lower| store.declared(&lower.name, file));
        is_closed && below.is_some_and(|below| below.gate)
    });
    open.collect()
}

/// The gate into a target in words: its state, which of its files' gates are open all the same, and how many versions wait;
/// then a line for each that comes through none. `moved` follows the state: since when it is so.
pub fn in_words(store: &Store, delivery: &Delivery, status: &Status, moved: &str) -> Vec<String> {
    let gate = &status.gate_in;
    let word = match gate.state {
        GateState::Open => "open",
        GateState::Held => "CLOSED lately",
        GateState::Manual => "closed",
        GateState::None => "none leads here",
    };
    let from = gate.environment.as_ref().map(|e| format!(" from {e}"));
    let others = open_all_the_same(store, delivery, status).into_iter();
    let others: String = others.map(|file| format!(", open for {file}")).collect();
    let waiting = match status.waiting {
        Some(0) | None => String::new(),
        Some(1) => ", 1 version waits".into(),
        Some(n) => format!(", {n} versions wait"),
    };
    let stays = stay_below(store, delivery, status).into_iter();
    let stays = stays.map(|(file, version)| {
        let version = version.short();
        format!("{file} {version} stands below without promotion: its file keeps it there")
    });
    let first = format!("{word}{}{moved}{others}{waiting}", from.unwrap_or_default());
    std::iter::once(first).chain(stays).collect()
}

impl FactsAt<'_> {
    /// What leads in: the gate key of the lower environment's file; production's own key means nothing.
    pub(super) fn gate_in(&self, environment: &Environment, images: &[Image]) -> GateIn {
        let none = GateIn {
            state: GateState::None,
            environment: None,
            key: None,
            repository: None,
            since: None,
            by: None,
        };
        let (Some(lower), Some(key)) = (
            self.delivery.lower(environment),
            &self.delivery.declared.gate,
        ) else {
            return none;
        };
        let below: Vec<(&Repository, &Declared)> = images
            .iter()
            .filter_map(|i| {
                Some((
                    &i.repository,
                    self.store.declared(&lower.name, &i.repository)?,
                ))
            })
            .collect();
        let is_held = |(repository, declared): &&(&Repository, &Declared)| {
            let (store, delivery) = (self.store, self.delivery);
            !declared.gate && closed_lately(store, delivery, &lower.name, repository, &self.now)
        };
        // Where several images differ, the gate that was closed lately counts, then any other that is closed.
        let held = below.iter().find(is_held);
        let closed = || below.iter().find(|(_, declared)| !declared.gate);
        let Some((repository, declared)) = held.or_else(closed).or(below.first()) else {
            return none;
        };
        let moved = self.store.history.last_gate_move(&lower.name, repository);
        let state = match declared.gate {
            true => GateState::Open,
            false if held.is_some() => GateState::Held,
            false => GateState::Manual,
        };
        GateIn {
            state,
            environment: Some(lower.name.clone()),
            key: Some(key.clone()),
            repository: Some((*repository).clone()),
            since: moved.map(|change| change.at),
            by: moved.map(|change| change.actor.clone()),
        }
    }
}
