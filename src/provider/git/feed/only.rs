//! Only: the history of one app: which files it walks, and when it has found enough.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::path_template::PathTemplate;
use super::{Depth, OneApp};
use crate::model::{Change, Environment, Repository, Tree};

/// A file of the app, and how many of its changes were found; none where it has no more, or needs none.
type Found = BTreeMap<(Environment, Repository), Option<usize>>;

#[derive(Debug)]
pub(super) struct Only {
    wanted: OneApp,
    files: Arc<[String]>,
    found: Found,
}

impl Only {
    pub(super) fn new(wanted: OneApp) -> Self {
        Self {
            wanted,
            files: Arc::from([]),
            found: Found::new(),
        }
    }

    /// The app's files in all environments, because the versions of an environment are judged by those in the one
    /// below. A file that no app names counts as an app of its own name.
    pub(super) fn find_files(&mut self, tree: &Tree, path: &PathTemplate) {
        let app = &self.wanted.app;
        let named = tree
            .apps
            .values()
            .flatten()
            .filter(|named| named.app == *app);
        let mut repositories: BTreeSet<Repository> = named
            .flat_map(|named| named.repositories.iter().cloned())
            .collect();
        repositories.insert(Repository::new(app.as_str()));
        let files = tree.files.keys();
        for file in files.filter(|(_, repository)| repositories.contains(repository)) {
            self.found.entry(file.clone()).or_insert(Some(0));
        }
        let paths = self.found.keys();
        self.files = paths
            .map(|(environment, repository)| path.file(environment, repository))
            .collect();
    }

    pub(super) fn is_unbounded(&self) -> bool {
        self.wanted.depth == Depth::Start
    }

    /// The paths from the template's prefix on.
    pub(super) fn files(&self) -> Arc<[String]> {
        Arc::clone(&self.files)
    }

    /// Whether nothing more is wanted after these changes.
    pub(super) fn is_enough(&mut self, changes: &[Change]) -> bool {
        for change in changes {
            let file = (change.environment.clone(), change.repository.clone());
            if let Some(found) = self.found.get_mut(&file) {
                *found = match *found {
                    _ if change.creates_file => None,
                    Some(found) if self.wanted.depth == Depth::Changes(found + 1) => None,
                    Some(found) => Some(found + 1),
                    None => None,
                };
            }
        }
        self.found.values().all(Option::is_none)
    }
}
