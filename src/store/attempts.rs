//! Attempts: how the last sync of each Application failed, if none succeeded since.
//!
//! Argo CD starts the next operation in the second in which one has failed, and forgets why: what failed is kept here until
//! a sync succeeds. Deliberately absent: what the board makes of it.

use super::Table;
use crate::model::{Application, ObjectId, Operation, Sync, Texts};
use std::collections::HashMap;

/// A sync that failed, or one of its tries that did.
#[derive(Clone, Debug)]
pub struct FailedAttempt {
    pub operation: Operation,
    /// The Application's own at that time: they name what was to be synced.
    pub annotations: Texts,
}

/// The newest failed attempt of each Application.
#[derive(Debug, Default)]
pub struct Attempts(HashMap<ObjectId, FailedAttempt>);

impl Attempts {
    pub fn get(&self, id: &ObjectId) -> Option<&FailedAttempt> {
        self.0.get(id)
    }

    pub(super) fn remember(&mut self, application: &Application) {
        let id = &application.id;
        match &application.operation {
            Some(operation) if operation.tells_failure() => {
                let attempt = FailedAttempt {
                    operation: operation.clone(),
                    annotations: application.annotations.clone(),
                };
                self.0.insert(id.clone(), attempt);
            }
            // One that has just begun says nothing yet of what failed before it, nor does the moment between two.
            Some(operation) if operation.is_running() => {}
            None if application.sync != Sync::Synced => {}
            _ => {
                self.0.remove(id);
            }
        }
    }

    /// Forgets those of Applications that are not there any more.
    pub(super) fn keep_of(&mut self, applications: &Table<Application>) {
        self.0.retain(|id, _| {
            let known = applications.get(&id.namespace, &id.name);
            known.is_some_and(|known| known.id.uid == id.uid)
        });
    }
}
