//! Followed: whether another version came after the one that a plan is about, so that what is awaited of it cannot be seen.

use super::Facts;
use crate::model::{Change, Environment, Version};
use crate::plan::{Hop, HopEffect, Lever};

impl Facts<'_> {
    /// The change that followed the plan's own in an environment; none as long as its own is the newest.
    fn next_change(&self, wanted: &Environment) -> Option<&Change> {
        let (repository, version) = self.brings(wanted)?;
        let changes = self.store.history.changes_of(wanted, repository).iter();
        let mut next = None;
        let mut found = None;
        for change in changes.filter(|change| change.moves_version()) {
            if change.at < self.plan.made_at {
                continue;
            }
            // The oldest that brings it is its own: the robot may have brought it again since.
            if change.to.as_ref() == Some(version) {
                found = next;
            }
            next = Some(change);
        }
        found
    }

    /// That another version followed the one that a sync applies, with the rollout that cannot be seen any more: until the
    /// parent has rendered the other one, it goes on. While the sync itself is awaited, only what was declared since the plan
    /// was made counts: it may apply a version on purpose that is not declared any more.
    pub(super) fn sync_followed(&self, hops: &[Hop], awaited: usize) -> Option<(usize, String)> {
        let target = &self.plan.request.target;
        let wanted = &target.environment;
        if self.plan.request.lever != Lever::Sync || self.brings(wanted).is_some() {
            return None;
        }
        let version = self.plan.to.as_ref()?;
        let status = self.status(wanted, &target.app);
        if status.is_some_and(|status| status.renders_still(version)) {
            return None;
        }
        let is_rollout = |hop: &Hop| matches!(hop.effect, HopEffect::RolledOut { .. });
        let rollout = awaited + hops.get(awaited..)?.iter().position(is_rollout)?;
        let is_synced = rollout == awaited;
        let departure = self.departure(wanted)?;
        let next = departure.to.as_ref()?;
        (is_synced || departure.at >= self.plan.made_at)
            .then(|| (rollout, followed_by(next, wanted, "it was seen to run")))
    }

    /// The change by which the version left that a sync applies: the first since the plan was made, else one before that
    /// which the plan did not know of.
    fn departure(&self, wanted: &Environment) -> Option<&Change> {
        let (repository, version) = (self.plan.request.repository.as_ref()?, &self.plan.to);
        version.as_ref()?;
        let changes = self.store.history.changes_of(wanted, repository).iter();
        let moves = changes.filter(|change| change.moves_version());
        let mut since = moves
            .clone()
            .filter(|change| change.at >= self.plan.made_at && change.from == *version);
        let first_since = since.next_back();
        first_since.or_else(|| {
            let mut touching =
                moves.filter(|change| change.from == *version || change.to == *version);
            touching.next().filter(|change| change.from == *version)
        })
    }

    /// Whether the version stands in an environment by a later change than the plan's own, so that what is seen of it proves
    /// nothing of the plan.
    pub(super) fn was_brought_again(&self, wanted: &Environment) -> bool {
        let brings = self.brings(wanted);
        let stands = brings.is_some_and(|(file, version)| self.stands(wanted, file, version));
        stands && self.next_change(wanted).is_some()
    }

    /// That another version followed in an environment before something was seen of the plan's.
    pub(super) fn followed(&self, wanted: &Environment, before: &str) -> Option<String> {
        let (repository, version) = self.brings(wanted)?;
        if !self.declared(wanted, repository, version) {
            return None;
        }
        let stands = self.store.declared(wanted, repository)?.version.as_ref()?;
        let next = match stands == version {
            true => self.next_change(wanted)?.to.as_ref()?,
            false => stands,
        };
        Some(followed_by(next, wanted, before))
    }
}

fn followed_by(next: &Version, wanted: &Environment, before: &str) -> String {
    format!("{} followed it in {wanted} before {before}", next.short())
}
