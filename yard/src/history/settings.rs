//! Settings: what people change of an app in an environment besides its version, in the environment's values file.
//!
//! Such a commit syncs the app anew and has its smoke tests run again, for the version that stands already.

use std::collections::BTreeMap;

use super::{Commit, DAY, HOUR, person};
use crate::fleet::{self, ENVIRONMENTS, seeded};

/// The memory limit that an app has until somebody changes it.
pub const USUAL_MEMORY: &str = "512Mi";

/// One change of one app's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// When, in seconds since 1970.
    pub at: i64,
    /// Where.
    pub environment: &'static str,
    /// The app.
    pub app: &'static str,
    /// Its new memory limit.
    pub memory: &'static str,
}

impl Setting {
    /// The commit's message.
    pub fn message(&self) -> String {
        let Setting {
            environment,
            app,
            memory,
            ..
        } = self;
        format!("Give {app} {memory} of memory on {environment}\n")
    }
}

/// The changes before the opening, oldest first, without those of apps that a scenario is about.
pub(super) fn settings(seed: u64, now: i64) -> Vec<Setting> {
    let apps: Vec<_> = fleet::apps()
        .into_iter()
        .filter(|app| !app.is_starring() && app.images.is_empty())
        .collect();
    let setting = |number: u64| {
        let chance = seeded(seed, &["setting", &number.to_string()]);
        let app = apps.get(chance as usize % apps.len())?;
        Some(Setting {
            at: now - 3 * HOUR - ((chance >> 20) % (2 * DAY as u64)) as i64,
            environment: ENVIRONMENTS.get((chance >> 40) as usize % 3).copied()?,
            app: app.name,
            memory: "768Mi",
        })
    };
    let drawn = (0..6).filter_map(setting);
    // Drawn twice, the second would change nothing.
    let once: BTreeMap<_, Setting> = drawn
        .map(|setting| ((setting.environment, setting.app), setting))
        .collect();
    let mut settings: Vec<Setting> = once.into_values().collect();
    settings.sort_by_key(|setting| setting.at);
    settings
}

/// Their commits: each writes the whole values file of its environment as it is from then on.
pub(super) fn commits(seed: u64, settings: &[Setting]) -> Vec<Commit> {
    let mut memory: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let commit = |setting: &Setting| {
        memory.insert((setting.environment, setting.app), setting.memory);
        let of = |app: &str| {
            let known = memory.get(&(setting.environment, app));
            known.copied().unwrap_or(USUAL_MEMORY)
        };
        Commit {
            at: setting.at,
            author: person(seed, setting.app).to_owned(),
            message: setting.message(),
            files: vec![(
                fleet::values_path(setting.environment),
                fleet::values(setting.environment, of),
            )],
        }
    };
    settings.iter().map(commit).collect()
}
