//! Declared: what git says should run, file by file, at one commit.
//!
//! Deliberately absent: when each version arrived (that is history, [`super::change`]).

use super::{App, Environment, Repository, Slots, Version};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One version file as it stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Declared {
    /// None where the file has no usable version.
    pub version: Option<Version>,
    /// Whether a healthy run here asks for promotion. A missing key is false, as Helm has it.
    pub promote: bool,
    /// The gate key of this file: whether versions may go on to the *next* environment. A missing key is false.
    pub gate: bool,
    /// What is strange about the content, in words; empty when nothing is.
    pub odd: Vec<Arc<str>>,
    /// Where the values of the delivery's keys are written.
    pub slots: Slots,
}

/// One app that the values files of an environment name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AppDeclared {
    pub app: App,
    /// The files behind it: one for most, several for an app of several images.
    pub repositories: Vec<Repository>,
    pub namespace: Option<Arc<str>>,
    /// Whether a smoke run follows each delivery.
    pub smoke: bool,
}

/// All that is declared at one commit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tree {
    /// The commit read, in full.
    pub tip: Arc<str>,
    /// Its committer time.
    pub tip_at: Option<Timestamp>,
    pub files: BTreeMap<(Environment, Repository), Declared>,
    /// Apps by environment in the order of the values file, else by the names of its version files; an environment is
    /// missing here where it has neither.
    pub apps: BTreeMap<Environment, Vec<AppDeclared>>,
    /// First-parent commits of the main branch, newest first, in full, as far as they were read (some thousands): whether
    /// one contains another is a matter of their places.
    pub mainline: Arc<Vec<Arc<str>>>,
    /// What could not be read, in words (a values file that is not YAML, say).
    pub odd: Vec<Arc<str>>,
}

impl Tree {
    /// In an environment without a list of apps the names of the version files are the apps.
    pub fn name_apps_after_files(&mut self) {
        let mut named: BTreeMap<Environment, Vec<AppDeclared>> = BTreeMap::new();
        for (environment, repository) in self.files.keys() {
            if self.apps.contains_key(environment) {
                continue;
            }
            named
                .entry(environment.clone())
                .or_default()
                .push(AppDeclared {
                    app: App::new(repository.as_str()),
                    repositories: vec![repository.clone()],
                    namespace: None,
                    smoke: true,
                });
        }
        self.apps.extend(named);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_name_the_apps_of_an_environment_without_a_list_and_of_no_other() {
        let mut tree = Tree::default();
        for (environment, file) in [("qa", "a"), ("qa", "b"), ("live", "a"), ("live", "lost")] {
            let key = (environment.into(), Repository::new(file));
            tree.files.insert(key, Declared::default());
        }
        let listed = AppDeclared {
            app: App::new("front"),
            repositories: vec![Repository::new("a")],
            namespace: Some("shop".into()),
            smoke: false,
        };
        tree.apps.insert("live".into(), vec![listed.clone()]);
        tree.name_apps_after_files();
        let named: Vec<&str> = tree.apps[&Environment::new("qa")]
            .iter()
            .map(|app| app.app.as_str())
            .collect();
        assert_eq!(named, ["a", "b"]);
        assert_eq!(tree.apps[&Environment::new("live")], [listed]);
    }
}
