//! Named: what is declared, found by the name of an app, a file or a commit instead of by reading all of it.
//!
//! Deliberately absent: anything that is not in the tree itself.

use crate::model::{App, AppDeclared, Environment, Repository, Tree};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Made once for each tree that git declares.
#[derive(Debug, Default)]
pub(super) struct Named {
    environments: HashMap<Environment, Apps>,
    /// Commits of the main branch by their place, the newest first.
    mainline: HashMap<Arc<str>, usize>,
}

#[derive(Debug, Default)]
struct Apps {
    places: HashMap<App, usize>,
    repositories: HashSet<Repository>,
}

impl Named {
    pub(super) fn new(tree: &Tree) -> Self {
        let environments = tree.apps.iter().map(|(environment, apps)| {
            let mut named = Apps::default();
            for (place, app) in apps.iter().enumerate() {
                // Where a file lists an app twice, its first entry counts.
                named.places.entry(app.app.clone()).or_insert(place);
                named.repositories.extend(app.repositories.iter().cloned());
            }
            (environment.clone(), named)
        });
        let mainline = tree.mainline.iter().enumerate();
        Self {
            environments: environments.collect(),
            mainline: mainline
                .map(|(place, commit)| (commit.clone(), place))
                .collect(),
        }
    }

    /// An app of an environment's list.
    pub(super) fn app<'t>(
        &self,
        tree: &'t Tree,
        environment: &Environment,
        app: &App,
    ) -> Option<&'t AppDeclared> {
        let place = self.environments.get(environment)?.places.get(app)?;
        tree.apps.get(environment)?.get(*place)
    }

    /// Whether an app of an environment's list ships from a file.
    pub(super) fn is_named(&self, environment: &Environment, repository: &Repository) -> bool {
        let apps = self.environments.get(environment);
        apps.is_some_and(|apps| apps.repositories.contains(repository))
    }

    /// Whether a revision contains a commit; none where the part of the main branch that was read does not tell.
    pub(super) fn contains(&self, revision: &str, commit: &str) -> Option<bool> {
        let revision = self.mainline.get(revision)?;
        // A commit that is not there is older than all that was read.
        Some(
            self.mainline
                .get(commit)
                .is_none_or(|commit| revision <= commit),
        )
    }
}
