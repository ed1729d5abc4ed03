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
    /// The app has several files, so that its name does not say what moves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_of_several: bool,
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
            is_of_several: false,
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

    /// The file that is meant, where the app's name does not say it.
    pub fn named_file(&self) -> Option<&Repository> {
        self.repository.as_ref().filter(|_| self.is_of_several)
    }

    /// What it moves: `publisher`, `licensify-backend (licensify)`.
    pub fn name_app(&self) -> String {
        match self.named_file() {
            Some(file) => format!("{file} ({})", self.target.app),
            None => self.target.app.to_string(),
        }
    }

    /// What it moves and where: `publisher @ production`, `licensify-backend (licensify) @ production`.
    pub fn name_target(&self) -> String {
        format!("{} @ {}", self.name_app(), self.target.environment)
    }

    /// What is done, to begin a sentence: `roll back licensify-backend of licensify in production`.
    pub fn name_movement(&self) -> String {
        let (lever, Target { environment, app }) = (self.lever.title(), &self.target);
        match self.named_file() {
            Some(file) => format!("{lever} {file} of {app} in {environment}"),
            None => format!("{lever} {app} in {environment}"),
        }
    }

    /// The request of a lever where a run is open: a lever that is about a run means that one.
    pub fn about_run(self, run: Option<ObjectId>) -> Self {
        let run = run.filter(|_| self.lever.is_about_a_run());
        Self { run, ..self }
    }
}
