//! History: the changes of versions and gates, newest first per file, as far as the walk has come.
//!
//! Deliberately absent: what stands now (that is [`crate::model::Tree`]) and the walking itself.

use super::Walked;
use crate::model::{Change, Environment, Repository, Version};
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

#[derive(Debug, Default)]
pub struct History {
    files: HashMap<(Environment, Repository), Vec<Change>>,
    /// The files by their newest change, newest first: each frame asks what the last hour brought, of ten thousand files.
    newest: BTreeSet<(Reverse<Timestamp>, Environment, Repository)>,
    /// The walk reached its bound: what it did not find is older than that, not unknown.
    complete: bool,
    started: bool,
    /// The walk reached the first commit of the branch.
    whole: bool,
    /// All changes after this moment are known.
    since: Option<Timestamp>,
}

impl History {
    pub(super) fn add_walked(&mut self, changes: Vec<Change>, walked: Walked) {
        if walked == Walked::Restarted {
            *self = History::default();
        }
        self.started = true;
        for change in changes {
            let key = (change.environment.clone(), change.repository.clone());
            let file = self.files.entry(key.clone()).or_default();
            // By their committers' clocks, which need not agree with the order of the commits.
            let before = file.iter().map(|known| known.at).max();
            let came = change.at;
            match walked {
                Walked::Newer => {
                    // They come in the order of the commits, which is not that of their committers' clocks.
                    file.insert(0, change);
                }
                _ => {
                    // Most files of a large delivery have one change: room for three more would be most of what is kept.
                    if file.is_empty() {
                        file.reserve_exact(1);
                    }
                    file.push(change);
                }
            }
            if before.is_none_or(|before| before < came) {
                let (environment, repository) = key;
                if let Some(before) = before {
                    let entry = (Reverse(before), environment.clone(), repository.clone());
                    self.newest.remove(&entry);
                }
                self.newest.insert((Reverse(came), environment, repository));
            }
        }
        match walked {
            Walked::Older(since) => self.since = Some(since),
            Walked::ToTheEnd(since) | Walked::ToTheStart(since) => {
                self.since = Some(since);
                self.complete = true;
                self.whole = matches!(walked, Walked::ToTheStart(_));
            }
            Walked::Newer | Walked::Restarted => {}
        }
    }

    /// Whether the walk has come to its bound.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether every change that the branch ever had of this file is known.
    pub fn is_whole(&self, environment: &Environment, repository: &Repository) -> bool {
        let oldest = self.changes_of(environment, repository).last();
        self.whole || oldest.is_some_and(|change| change.creates_file)
    }

    /// The moment that the walk has come back to: later changes are all known.
    pub fn known_since(&self) -> Option<Timestamp> {
        self.since
    }

    pub fn is_started(&self) -> bool {
        self.started
    }

    /// Changes of one file, newest first.
    pub fn changes_of(&self, environment: &Environment, repository: &Repository) -> &[Change] {
        self.files
            .get(&(environment.clone(), repository.clone()))
            .map_or(&[], |changes| changes)
    }

    /// Changes of all files since a moment, newest first.
    pub fn since(&self, since: Timestamp) -> Vec<&Change> {
        let mut recent: Vec<&Change> = self
            .newest
            .iter()
            .take_while(|(Reverse(at), ..)| *at >= since)
            .flat_map(|(_, environment, repository)| self.changes_of(environment, repository))
            .filter(|change| change.at >= since)
            .collect();
        recent.sort_by(|a, b| {
            b.at.cmp(&a.at)
                .then_with(|| a.repository.cmp(&b.repository))
        });
        recent
    }

    /// When the version that stands now arrived; none where history does not know that: files are read before it is.
    pub fn stands_since(
        &self,
        environment: &Environment,
        repository: &Repository,
        version: Option<&Version>,
    ) -> Option<Timestamp> {
        let moved = self.last_move(environment, repository)?;
        (moved.to.as_ref() == version).then_some(moved.at)
    }

    /// Whether a version came here or left, as far as history was read.
    pub fn has_had(
        &self,
        environment: &Environment,
        repository: &Repository,
        version: &Version,
    ) -> bool {
        let mut changes = self.changes_of(environment, repository).iter();
        changes.any(|c| c.to.as_ref() == Some(version) || c.from.as_ref() == Some(version))
    }

    /// The change that brought the version that stands now.
    pub fn last_move(&self, environment: &Environment, repository: &Repository) -> Option<&Change> {
        self.changes_of(environment, repository)
            .iter()
            .find(|c| c.moves_version())
    }

    /// The newest change of the gate key of a file.
    pub fn last_gate_move(
        &self,
        environment: &Environment,
        repository: &Repository,
    ) -> Option<&Change> {
        self.changes_of(environment, repository)
            .iter()
            .find(|c| c.moves_gate())
    }

    /// How many versions wait below: declared in `lower` since `ours` was declared there, never declared `here`, those that
    /// are no releases (`is_branch`) aside. None while the walk has not come far enough to know.
    pub fn waiting(
        &self,
        lower: &Environment,
        here: &Environment,
        repository: &Repository,
        ours: &Version,
        is_branch: impl Fn(&Version) -> bool,
    ) -> Option<usize> {
        if !self.started {
            return None;
        }
        let below = self.changes_of(lower, repository);
        let above = self.changes_of(here, repository);
        // Since ours was declared below; if it never was, since it was declared here.
        let since = below
            .iter()
            .find(|c| c.moves_version() && c.to.as_ref() == Some(ours))
            .or_else(|| {
                above
                    .iter()
                    .find(|c| c.moves_version() && c.to.as_ref() == Some(ours))
            })
            .map(|c| c.at);
        if since.is_none() && !self.complete {
            return None;
        }
        let mut waiting: BTreeSet<&Version> = below
            .iter()
            .filter(|c| since.is_none_or(|since| c.at >= since))
            .filter(|c| c.moves_version())
            .filter_map(|c| c.to.as_ref())
            .filter(|v| *v != ours && !is_branch(v))
            .collect();
        // Few wait, or none: the long history above is looked through for those only.
        waiting.retain(|v| {
            let is = |version: &Option<Version>| version.as_ref() == Some(*v);
            !above.iter().any(|c| is(&c.from) || is(&c.to))
        });
        Some(waiting.len())
    }

    /// Every time that a version stood in a file, newest first, what stands now before all others.
    pub fn stands(&self, environment: &Environment, repository: &Repository) -> Vec<Stand<'_>> {
        stands(self.changes_of(environment, repository))
    }
}

/// One time that a version stood somewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stand<'a> {
    pub version: &'a Version,
    /// The change that brought it; none where the walk has not met it.
    pub came: Option<&'a Change>,
    /// The change that replaced it; none while it stands.
    pub left: Option<&'a Change>,
}

impl Stand<'_> {
    /// How long it stood; none while it stands, or where its beginning is not known.
    pub fn seconds(&self) -> Option<i64> {
        let (came, left) = (self.came?, self.left?);
        Some(left.at.duration_since(came.at).as_secs())
    }
}

/// The same of the changes of one file, newest first.
pub fn stands(changes: &[Change]) -> Vec<Stand<'_>> {
    let moves: Vec<&Change> = changes.iter().filter(|c| c.moves_version()).collect();
    let mut stands = Vec::with_capacity(moves.len() + 1);
    let mut left = None;
    for came in &moves {
        if let Some(version) = &came.to {
            stands.push(Stand {
                version,
                came: Some(*came),
                left,
            });
        }
        left = Some(*came);
    }
    // What stood when the walk had come no further.
    if let Some(version) = left.and_then(|left| left.from.as_ref()) {
        stands.push(Stand {
            version,
            came: None,
            left,
        });
    }
    stands
}

#[cfg(test)]
mod tests {
    use crate::cases::cases;
    use crate::store::fixture::{Fixture, ago};
    use proptest::prelude::*;

    /// Each commits by a clock of their own; what stands now is what the last commit says.
    #[test]
    fn newer_changes_stand_in_the_order_of_the_commits() {
        let mut world = Fixture::new();
        world.moved_since("production", "router", "v247", "v280", -240);
        world.moved_since("production", "router", "v280", "v247", 0);
        let history = &world.store.history;
        let moved = history.last_move(&"production".into(), &"router".into());
        assert_eq!(moved.unwrap().to, Some("v247".into()));
    }

    const FILES: [&str; 4] = ["publisher", "router", "frontend", "signon"];

    proptest! {
        #![proptest_config(cases(500))]

        #[test]
        fn what_came_since_is_what_came_since_in_any_file(
            moves in prop::collection::vec((0..FILES.len(), 0..7_200_i64, any::<bool>()), 0..30),
        ) {
            let mut world = Fixture::new();
            for (file, age, is_newer) in moves {
                match is_newer {
                    true => world.moved_since("production", FILES[file], "v1", "v2", age),
                    false => {
                        let kind = crate::model::ActorKind::Robot;
                        world.moved("production", FILES[file], "v1", "v2", age, kind)
                    }
                };
            }
            let history = &world.store.history;
            let files = FILES.iter();
            let mut all: Vec<_> = files
                .flat_map(|file| history.changes_of(&"production".into(), &(*file).into()))
                .filter(|change| change.at >= ago(3_600))
                .map(|change| (std::cmp::Reverse(change.at), change.repository.clone()))
                .collect();
            all.sort();
            let since: Vec<_> = history
                .since(ago(3_600))
                .into_iter()
                .map(|change| (std::cmp::Reverse(change.at), change.repository.clone()))
                .collect();
            prop_assert_eq!(since, all);
        }
    }
}
