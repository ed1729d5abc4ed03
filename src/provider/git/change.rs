//! Steps of the history as the model's *changes*: whose version or gate moved, and who moved it.
//!
//! Deliberately absent: the journal; from git alone a plan of ours is known by its trailer.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::declared::Keys;
use super::history::{Change as Walked, Step};
use super::path_template::PathTemplate;
use super::seek::PLAN_TRAILER;
use crate::delivery::Delivery;
use crate::model::{ActorKind, Change, Version};

/// Turns the steps of a walk into changes; equal texts are kept once, however long the history is.
#[derive(Debug)]
pub struct ChangeBuilder {
    delivery: Arc<Delivery>,
    path: PathTemplate,
    keys: Keys,
    texts: HashSet<Arc<str>>,
    versions: HashSet<Version>,
}

impl ChangeBuilder {
    pub fn new(delivery: Arc<Delivery>) -> Self {
        Self {
            path: PathTemplate::of_declared(&delivery),
            keys: Keys::of_delivery(&delivery),
            texts: HashSet::new(),
            versions: HashSet::new(),
            delivery,
        }
    }

    /// One change; none where the file is of no environment of the delivery, or nothing that counts has moved.
    pub fn change(&mut self, walked: &Walked) -> Option<Change> {
        let (environment, repository) = self.path.owner(&walked.path)?;
        let environment = self.delivery.stage(&environment)?.name.clone();
        let before = walked.before.as_ref().map(|side| &*side.scalars);
        let after = walked.after.as_ref().map(|side| &*side.scalars);
        let from = before.and_then(|scalars| self.keys.version(scalars));
        let to = after.and_then(|scalars| self.keys.version(scalars));
        let gate_from = before.is_some_and(|scalars| self.keys.gate(scalars));
        let gate_to = after.is_some_and(|scalars| self.keys.gate(scalars));
        let promote_from = before.is_some_and(|scalars| self.keys.promotes(scalars));
        let promote_to = after.is_some_and(|scalars| self.keys.promotes(scalars));
        if from == to && gate_from == gate_to && promote_from == promote_to {
            return None;
        }
        let step = &walked.step;
        let plan = trailer(step, PLAN_TRAILER);
        let kind = self.kind(step, plan.is_some(), from != to && !promote_to);
        let actor = match kind {
            ActorKind::Leverframe => trailer(step, "Leverframe-Actor"),
            _ => None,
        };
        Some(Change {
            at: Timestamp::from_second(step.at).unwrap_or(Timestamp::UNIX_EPOCH),
            commit: self.text(&step.commit.to_string()),
            environment,
            repository,
            from: from.map(|version| self.once(version)),
            to: to.map(|version| self.once(version)),
            creates_file: walked.before.is_none(),
            gate_from,
            gate_to,
            promote_to,
            actor: self.text(actor.unwrap_or(&step.author.name)),
            kind,
            subject: self.text(&step.subject),
            plan: plan.map(Arc::from),
            reason: trailer(step, "Leverframe-Reason").map(Arc::from),
        })
    }

    /// Who moved it, as far as git can tell. The robot writes `promote: false` only on somebody's order.
    fn kind(&self, step: &Step, ours: bool, unpromoted: bool) -> ActorKind {
        let robot = &self.delivery.robot.names;
        let is_robot = [&step.author, &step.committer].iter().any(|who| {
            robot
                .iter()
                .any(|name| **name == *who.name || **name == *who.email)
        });
        match (ours, is_robot) {
            (true, _) => ActorKind::Leverframe,
            (false, true) if unpromoted && self.keys.promote.is_some() => ActorKind::Manual,
            (false, true) => ActorKind::Robot,
            (false, false) => ActorKind::Person,
        }
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(text);
        self.texts.insert(Arc::clone(&new));
        new
    }

    fn once(&mut self, version: Version) -> Version {
        if let Some(known) = self.versions.get(&version) {
            return known.clone();
        }
        self.versions.insert(version.clone());
        version
    }
}

fn trailer<'a>(step: &'a Step, name: &str) -> Option<&'a str> {
    step.trailers
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}
