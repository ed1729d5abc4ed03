//! Gate: what leads into a target, and whether somebody closed it lately.
//!
//! Deliberately absent: whether it may be closed or opened (that is a plan's).

use super::status::{FactsAt, GateIn, GateState, Image};
use crate::delivery::Delivery;
use crate::model::{Declared, Environment, Now, Repository};
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
