//! Request: what is asked of a lever, captured whole when the key was pressed.

use super::{Lever, PlanId};
use crate::model::{Environment, ObjectId, Repository, Target, Version};
use serde::{Deserialize, Serialize};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Request {
    pub lever: Lever,
    pub target: Target,
    /// Which file is meant, where an app has several.
    pub repository: Option<Repository>,
    /// The version to go to, where the lever needs one and the default is not meant.
    pub version: Option<Version>,
    /// The run that is meant (resubmit, stop); none: the newest of the target.
    pub run: Option<ObjectId>,
    pub reason: Option<String>,
    /// The plan whose debt this one is to undo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<Undone>,
}

/// The plan that is undone, and what it was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Undone {
    pub plan: PlanId,
    pub lever: Lever,
    /// What it did and why, in words.
    pub story: String,
}

impl Request {
    /// The request of a lever for a target where nothing more is said.
    pub fn new(lever: Lever, target: Target) -> Self {
        Self {
            lever,
            target,
            repository: None,
            version: None,
            run: None,
            reason: None,
            undoes: None,
        }
    }

    /// Whether it is a roll back of a file.
    pub fn rolls_back(&self, environment: &Environment, repository: &Repository) -> bool {
        self.lever == Lever::RollBack
            && self.target.environment == *environment
            && self.repository.as_ref() == Some(repository)
    }

    /// The name of the request: `roll back`, `undo roll back`.
    pub fn title(&self) -> String {
        match &self.undoes {
            Some(undone) => format!("undo {}", undone.lever.title()),
            None => self.lever.title().to_owned(),
        }
    }

    /// The request of a lever where a run is open: a lever that is about a run means that one.
    pub fn about_run(self, run: Option<ObjectId>) -> Self {
        let run = run.filter(|_| self.lever.is_about_a_run());
        Self { run, ..self }
    }
}
