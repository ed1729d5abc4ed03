//! Rollout: whether the parent has rendered a version since it was declared, and whether its pods serve.

use super::Facts;
use crate::belongs;
use crate::board::live::Live;
use crate::board::status::Status;
use crate::model::{App, Environment, Repository, Target, Version};
use crate::plan::{HopEffect, Lever};

impl Facts<'_> {
    pub(super) fn parent_synced(&self, environment: &Environment, repository: &Repository) -> bool {
        let Some(tree) = &self.store.tree else {
            return false;
        };
        let mut apps = tree
            .apps
            .get(environment)
            .into_iter()
            .flatten()
            .filter(|app| app.repositories.contains(repository))
            .peekable();
        if apps.peek().is_none() {
            return false;
        }
        let wanted = self.brings(environment).map(|(_, version)| version);
        apps.all(|app| {
            self.status(environment, &app.app)
                .is_some_and(|status| self.is_rendered(&status, repository, wanted))
        })
    }

    /// Whether the parent has rendered a version into an app since it was declared. What it rendered before is no proof: the
    /// version may have stood there, and be brought back before the parent has heard that it had left.
    fn is_rendered(
        &self,
        status: &Status,
        repository: &Repository,
        wanted: Option<&Version>,
    ) -> bool {
        let environment = &status.target.environment;
        if wanted.is_some_and(|version| !self.declared(environment, repository, version)) {
            return false;
        }
        match (&status.annotated, wanted) {
            (Some(rendered), Some(wanted)) => {
                // A newer commit may have come by now, which the parent has not got yet.
                let is_newest = self.stands(environment, repository, wanted);
                rendered == wanted && (status.parent_has_it != Some(false) || !is_newest)
            }
            // What it has rendered is known only of what stands.
            (_, Some(wanted)) => {
                status.parent_has_it == Some(true) && self.stands(environment, repository, wanted)
            }
            (_, None) => status.parent_has_it == Some(true),
        }
    }

    /// All pods that serve run the version since it came, and nothing is about to replace them.
    ///
    /// They may have run it before already, where the version that is rolled back from never got as far as its pods: then they
    /// prove nothing until the parent has rendered it again.
    pub(super) fn rolled_out(
        &self,
        environment: &Environment,
        app: &App,
        version: &Version,
    ) -> bool {
        let Some(status) = self.status(environment, app) else {
            return false;
        };
        let mut files = status.images.iter().map(|image| &image.repository);
        let own = self.brings(environment).map(|(own, _)| own);
        let is_own = |file: &&Repository| own.is_none_or(|own| own == *file);
        // What a sync applies may have been followed by another version that the parent has not rendered yet.
        let is_applied = self.plan.request.lever == Lever::Sync && status.renders_still(version);
        let declares = |file: &&Repository| is_applied || self.declared(environment, file, version);
        let Some(repository) = files.find(|file| is_own(file) && declares(file)) else {
            return false;
        };
        let runs = |live: &Live| match status.images.len() {
            1 => live.is_only(version),
            // Each of its images has a version of its own.
            _ => live.is_as_declared() && self.stands(environment, repository, version),
        };
        // Which version an operation began with is known by history only.
        let is_known = self.store.history.is_started();
        let waits_for_parent = self.plan.hops.iter().any(|hop| {
            matches!(&hop.effect, HopEffect::ParentSynced { environment: e, .. } if e == environment)
        });
        status.live.as_ref().is_some_and(runs)
            && is_known
            && !status.is_syncing_former()
            && (!waits_for_parent
                || self.is_rendered(&status, repository, Some(version))
                || self.are_pods_new(&status.target))
    }

    /// Whether all pods that serve were made after the plan was sent.
    fn are_pods_new(&self, target: &Target) -> bool {
        let pods = belongs::pods(self.store, self.delivery, target);
        let mut serving = pods.iter().filter(|pod| pod.is_meant_to_serve());
        serving.all(|pod| pod.created.is_some_and(|at| self.is_after(at)))
    }
}
