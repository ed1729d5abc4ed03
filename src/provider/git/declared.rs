//! What is *declared* at one commit: every version file and every list of apps, as the model has them.
//!
//! Deliberately absent: how a version came to stand there (history), and any memory of an earlier commit beyond the last
//! readable list of apps and what spares reading the same bytes twice.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use git2::{ObjectType, Oid, TreeWalkMode, TreeWalkResult};
use jiff::Timestamp;

use super::apps::{self, Listed};
use super::edit;
use super::history::read_entry;
use super::path_template::PathTemplate;
use super::repository::{Entry, Error, Repository};
use super::scalars::{Key, Scalars};
use crate::delivery::Delivery;
use crate::model::{AppDeclared, Declared, Environment, Slots, Tree, Version};

/// First-parent commits that are kept at hand.
pub const MAINLINE: usize = 5_000;

/// The keys that a delivery declares versions and gates by.
#[derive(Debug, Clone)]
pub struct Keys {
    pub version: String,
    pub promote: Option<String>,
    pub gate: Option<String>,
    pub wanted: Vec<Key>,
    /// Other keys in the file are odd.
    pub closed: bool,
}

impl Keys {
    pub fn of_delivery(delivery: &Delivery) -> Self {
        let at = &delivery.declared;
        let mut wanted = vec![Key::version(&at.version)];
        wanted.extend(at.promote.iter().chain(&at.gate).map(|key| Key::gate(key)));
        Self {
            version: at.version.to_string(),
            promote: at.promote.as_deref().map(str::to_owned),
            gate: at.gate.as_deref().map(str::to_owned),
            wanted,
            closed: at.closed,
        }
    }

    pub fn version(&self, scalars: &Scalars) -> Option<Version> {
        scalars
            .text(&self.version)
            .filter(|text| !text.is_empty())
            .map(Version::new)
    }

    pub fn promotes(&self, scalars: &Scalars) -> bool {
        self.promote.as_deref().is_some_and(|key| scalars.gate(key))
    }

    pub fn gate(&self, scalars: &Scalars) -> bool {
        self.gate.as_deref().is_some_and(|key| scalars.gate(key))
    }

    fn declared(&self, scalars: &Scalars, slots: Slots) -> Declared {
        Declared {
            slots,
            version: self.version(scalars),
            promote: self.promotes(scalars),
            gate: self.gate(scalars),
            odd: scalars
                .odd
                .iter()
                .map(|words| Arc::from(words.as_str()))
                .collect(),
        }
    }
}

/// Reads trees of one delivery, one after the other.
#[derive(Debug)]
pub struct Reader {
    delivery: Arc<Delivery>,
    path: PathTemplate,
    keys: Keys,
    /// Version files by their blob: few of them are changed by one commit.
    files: HashMap<Oid, Declared>,
    /// Values files by their blob: they are large and change seldom.
    lists: HashMap<Oid, Arc<Result<Listed, String>>>,
    /// The last list of each environment that could be read.
    readable: BTreeMap<Environment, Vec<AppDeclared>>,
}

impl Reader {
    pub fn new(delivery: Arc<Delivery>) -> Self {
        Self {
            path: PathTemplate::of_declared(&delivery),
            keys: Keys::of_delivery(&delivery),
            files: HashMap::new(),
            lists: HashMap::new(),
            readable: BTreeMap::new(),
            delivery,
        }
    }

    pub fn path(&self) -> &PathTemplate {
        &self.path
    }

    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Reads all that is declared at a commit. `mainline` is what was known of the first parents before.
    ///
    /// # Errors
    /// When objects are missing or damaged, and when no file at all fits the delivery's path: the path is wrong then, or the
    /// repository is another one. Strange content is in the tree itself.
    pub fn read(
        &mut self,
        repository: &Repository,
        tip: Oid,
        mainline: &Arc<Vec<Arc<str>>>,
    ) -> Result<Tree, Error> {
        let commit = repository
            .git
            .find_commit(tip)
            .map_err(|e| repository.objects(&e))?;
        let mut tree = Tree {
            tip: Arc::from(tip.to_string()),
            tip_at: Timestamp::from_second(commit.time().seconds()).ok(),
            ..Tree::default()
        };
        let prefix = self.path.prefix();
        let depth = prefix.split('/').filter(|part| !part.is_empty()).count();
        // The lists come first: what is kept of the files has room then where the lists' YAML was.
        self.apps(repository, tip, &mut tree)?;
        let mut kept = HashMap::new();
        self.files(repository, tip, (&prefix, depth), &mut tree, &mut kept)?;
        self.files = kept;
        if tree.files.is_empty() {
            return Err(self.no_file_fits(repository, tip)?);
        }
        tree.name_apps_after_files();
        tree.mainline = self.mainline(repository, tip, mainline)?;
        Ok(tree)
    }

    /// The error that no file of a commit fits the delivery's path, with how many files there are.
    fn no_file_fits(&self, repository: &Repository, tip: Oid) -> Result<Error, Error> {
        let mut looked_at = 0;
        repository
            .git
            .find_commit(tip)
            .and_then(|commit| commit.tree())
            .and_then(|tree| {
                tree.walk(TreeWalkMode::PreOrder, |_, entry| {
                    looked_at += usize::from(entry.kind() == Some(ObjectType::Blob));
                    TreeWalkResult::Ok
                })
            })
            .map_err(|e| repository.objects(&e))?;
        Ok(Error::NoFileFits {
            name: repository.name(),
            template: self.delivery.declared.path.to_string(),
            looked_at,
        })
    }

    /// Reads the version files below a directory of this depth, and keeps them by their blobs.
    fn files(
        &self,
        repository: &Repository,
        tip: Oid,
        (dir, depth): (&str, usize),
        tree: &mut Tree,
        kept: &mut HashMap<Oid, Declared>,
    ) -> Result<(), Error> {
        let below = |name: &str| {
            if dir.is_empty() {
                name.to_owned()
            } else {
                format!("{dir}/{name}")
            }
        };
        if depth + 1 < self.path.depth() {
            for name in repository.list(tip, dir)? {
                self.files(repository, tip, (&below(&name), depth + 1), tree, kept)?;
            }
            return Ok(());
        }
        // Directories of other environments are not read at all.
        let ours = |path: &str| {
            let (environment, repository) = self.path.owner(path)?;
            let stage = self.delivery.stage(&environment)?;
            Some((stage.name.clone(), repository))
        };
        let entries = repository.read_dir(tip, dir, &|name| ours(&below(name)).is_some())?;
        for (name, entry) in entries {
            let path = below(&name);
            let blob = match &entry {
                // What can be written also depends on the name.
                Entry::File { blob, .. } if edit::template(&path).is_none() => Some(*blob),
                _ => None,
            };
            let known = blob.and_then(|blob| kept.get(&blob).or_else(|| self.files.get(&blob)));
            let file = known.cloned().or_else(|| self.file(&entry, &path));
            if let (Some(owner), Some(file)) = (ours(&path), file) {
                kept.extend(blob.map(|blob| (blob, file.clone())));
                tree.files.insert(owner, file);
            }
        }
        Ok(())
    }

    /// One version file; none where there is nothing.
    fn file(&self, entry: &Entry, path: &str) -> Option<Declared> {
        let scalars = read_entry(entry, &self.keys.wanted, self.keys.closed)?;
        let unfit = edit::template(path)
            .map(|what| format!("the file is {what}"))
            .or_else(|| entry.odd().map(|what| format!("the file is {what}")));
        let slot = |key: &Key| match (entry, &unfit) {
            (Entry::File { bytes, .. }, None) => edit::slot(bytes, key).map_err(|e| e.0),
            _ => Err(unfit.clone().unwrap_or_default()),
        };
        let slots = self.keys.wanted.iter().map(|key| {
            let slot = slot(key).map_err(Arc::from);
            (Arc::clone(&key.path), slot)
        });
        Some(self.keys.declared(&scalars, slots.collect()))
    }

    /// Reads the lists of apps.
    fn apps(&mut self, repository: &Repository, tip: Oid, tree: &mut Tree) -> Result<(), Error> {
        let Some(at) = self.delivery.apps.clone() else {
            return Ok(());
        };
        let mut kept = HashMap::new();
        let mut lists = BTreeMap::new();
        let mut unreadable = Vec::new();
        for stage in &self.delivery.environments {
            let path = at.path.replace("{environment}", stage.name.as_str());
            match repository.read(tip, &path)? {
                Entry::Absent => {}
                Entry::File { blob, bytes } => {
                    let known = self.lists.get(&blob).cloned();
                    let list = known.unwrap_or_else(|| Arc::new(apps::read(&bytes, &at)));
                    kept.insert(blob, Arc::clone(&list));
                    match &*list {
                        Ok(listed) => {
                            let odd = listed
                                .odd
                                .iter()
                                .map(|words| Arc::from(format!("{path}: {words}")));
                            tree.odd.extend(odd);
                            lists.insert(stage.name.clone(), listed.apps.clone());
                        }
                        Err(why) => unreadable.push((&stage.name, format!("{path}: {why}"))),
                    }
                }
                other => {
                    let what = other.odd().unwrap_or_default();
                    unreadable.push((&stage.name, format!("{path} is {what}")));
                }
            }
        }
        // No row vanishes with the file that names it.
        for (environment, why) in unreadable {
            let before = self.readable.get(environment).cloned();
            let (apps, whose) = match (before, lists.values().next()) {
                (Some(apps), _) => (Some(apps), "its apps are those of the list before"),
                (None, Some(apps)) => (
                    Some(apps.clone()),
                    "its apps are taken from another environment's list",
                ),
                (None, None) => (None, "the names of its version files are its apps"),
            };
            tree.odd.push(Arc::from(format!("{why}; {whose}")));
            lists.extend(apps.map(|apps| (environment.clone(), apps)));
        }
        self.readable.extend(lists.clone());
        self.lists = kept;
        tree.apps = lists;
        Ok(())
    }

    /// The first parents of a commit, continuing what was known where it is still among them.
    fn mainline(
        &self,
        repository: &Repository,
        tip: Oid,
        known: &Arc<Vec<Arc<str>>>,
    ) -> Result<Arc<Vec<Arc<str>>>, Error> {
        let newest = known.first().and_then(|id| id.parse::<Oid>().ok());
        if newest == Some(tip) {
            return Ok(Arc::clone(known));
        }
        let mut line = Vec::new();
        let mut at = tip;
        while line.len() < MAINLINE {
            if Some(at) == newest {
                let room = MAINLINE - line.len();
                line.extend(known.iter().take(room).cloned());
                break;
            }
            line.push(Arc::from(at.to_string()));
            match repository
                .git
                .find_commit(at)
                .map(|commit| commit.parent_id(0))
            {
                Ok(Ok(parent)) => at = parent,
                // The first commit.
                Ok(Err(_)) => break,
                Err(e) => return Err(repository.objects(&e)),
            }
        }
        Ok(Arc::new(line))
    }
}
