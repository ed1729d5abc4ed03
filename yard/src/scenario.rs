//! Scenario: what is wrong when the yard opens and how it goes on, one table row for each. Nothing else knows their names.

use std::str::FromStr;

use crate::fleet::App;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// One row of the table.
#[derive(Debug, PartialEq)]
pub struct Row {
    /// Its name on the command line.
    pub name: &'static str,
    /// What is wrong, for whoever chooses a scenario.
    pub summary: &'static str,
    /// An older version went to production by accident in the night.
    pub has_accident: bool,
    /// The release that went wrong.
    pub story: Option<Story>,
    /// The environment whose API server does not answer.
    pub unreachable: Option<&'static str>,
    /// Simulated seconds in which nobody else releases anything.
    pub quiet: f64,
}

/// A release that went wrong.
#[derive(Debug, PartialEq)]
pub struct Story {
    /// The app.
    pub app: &'static str,
    /// Its repository.
    pub repository: &'static str,
    /// The version.
    pub version: &'static str,
    /// Seconds before the opening at which it arrived in each environment that it reached, lowest first.
    pub arrived: &'static [i64],
    /// Where it went wrong.
    pub environment: &'static str,
    /// How.
    pub trouble: Trouble,
    /// Releases of the repository that follow: simulated seconds after the opening, and the version.
    pub releases: &'static [(f64, &'static str)],
}

/// How a release goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Every try of its smoke tests failed; a resubmitted run passes.
    SmokeFails,
    /// Pods of these versions crash when they start.
    Crashes(&'static [&'static str]),
    /// A PreSync Job of this name failed at every try that Argo CD makes by itself; the next operation passes.
    HookFailed(&'static str),
    /// A PreSync Job of this name fails at every try, and Argo CD is about to try again.
    HookFails(&'static str),
}

/// The version of a repository before its story, and after it in scenarios without the story.
pub struct Star {
    /// The repository.
    pub repository: &'static str,
    /// The version before, and how long ago it arrived in production.
    pub before: (&'static str, i64),
    /// The next version in scenarios without the story.
    pub otherwise: Option<(&'static str, i64)>,
}

/// Repositories that scenarios are about: nobody else releases them, and nothing fails there by chance.
pub const STARS: [Star; 4] = [
    Star {
        repository: "publisher",
        before: ("v1361", 26 * HOUR),
        otherwise: Some(("v1362", 2 * HOUR)),
    },
    Star {
        repository: "whitehall",
        before: ("v3083", 31 * HOUR),
        otherwise: None,
    },
    Star {
        repository: "places-manager",
        before: ("v409", 50 * HOUR),
        otherwise: None,
    },
    Star {
        repository: "asset-manager",
        before: ("v861", 29 * HOUR),
        otherwise: None,
    },
];

const CALM: Row = Row {
    name: "calm",
    summary: "nothing that hurries",
    has_accident: false,
    story: None,
    unreachable: None,
    quiet: 0.0,
};

/// Every scenario, the calm one first.
static TABLE: [Row; 6] = [
    CALM,
    Row {
        name: "flaky-smoke",
        summary: "publisher's smoke run failed on staging, on a flake",
        has_accident: true,
        story: Some(Story {
            app: "publisher",
            repository: "publisher",
            version: "v1362",
            arrived: &[51 * MINUTE, 46 * MINUTE],
            environment: "staging",
            trouble: Trouble::SmokeFails,
            releases: &[],
        }),
        ..CALM
    },
    Row {
        name: "crash-loop",
        summary: "whitehall-admin's new pods crash in production",
        has_accident: true,
        story: Some(Story {
            app: "whitehall-admin",
            repository: "whitehall",
            version: "v3084",
            arrived: &[31 * MINUTE, 27 * MINUTE, 22 * MINUTE],
            environment: "production",
            trouble: Trouble::Crashes(&["v3084", "v3085"]),
            // Broken once more, unless somebody holds it; then repaired.
            releases: &[(270.0, "v3085"), (3600.0, "v3087")],
        }),
        ..CALM
    },
    Row {
        name: "migration-failed",
        summary: "places-manager's database migration failed in production, and Argo CD has given up",
        has_accident: true,
        story: Some(Story {
            app: "places-manager",
            repository: "places-manager",
            version: "v412",
            arrived: &[24 * MINUTE, 19 * MINUTE, 14 * MINUTE],
            environment: "production",
            trouble: Trouble::HookFailed("dbmigrate"),
            releases: &[],
        }),
        // Any commit on main makes Argo CD try again, and then there is nothing left to do.
        quiet: 3.0 * HOUR as f64,
        ..CALM
    },
    Row {
        name: "hook-retrying",
        summary: "asset-manager's PreSync Job fails in production, and Argo CD tries it again and again",
        has_accident: true,
        story: Some(Story {
            app: "asset-manager",
            repository: "asset-manager",
            version: "v862",
            arrived: &[15 * MINUTE, 10 * MINUTE, 5 * MINUTE + 10],
            environment: "production",
            trouble: Trouble::HookFails("freshclam"),
            releases: &[],
        }),
        ..CALM
    },
    Row {
        name: "environment-down",
        summary: "integration's API server does not answer",
        has_accident: true,
        unreachable: Some("integration"),
        ..CALM
    },
];

/// What is wrong when the yard opens.
#[derive(Clone, Copy)]
pub struct Scenario(&'static Row);

impl Scenario {
    pub const CALM: Scenario = Scenario(&TABLE[0]);
    pub const FLAKY_SMOKE: Scenario = Scenario(&TABLE[1]);
    pub const CRASH_LOOP: Scenario = Scenario(&TABLE[2]);
    pub const MIGRATION_FAILED: Scenario = Scenario(&TABLE[3]);
    pub const HOOK_RETRYING: Scenario = Scenario(&TABLE[4]);
    pub const ENVIRONMENT_DOWN: Scenario = Scenario(&TABLE[5]);

    /// Every scenario, the calm one first.
    pub fn all() -> impl Iterator<Item = Scenario> {
        TABLE.iter().map(Scenario)
    }

    /// The version of an app that the story is about, in an environment where the trouble is.
    fn trouble(self, environment: &str, app: &str) -> Option<(Trouble, &'static str)> {
        let story = self.story.as_ref()?;
        let here = story.environment == environment && story.app == app;
        here.then_some((story.trouble, story.version))
    }

    /// Whether pods of a version crash when they start.
    pub fn crashes(self, environment: &str, app: &App, version: &str) -> bool {
        matches!(self.trouble(environment, app.name), Some((Trouble::Crashes(versions), _)) if versions.contains(&version))
    }

    /// Whether every try of a version's smoke tests fails.
    pub fn fails_smoke(self, environment: &str, app: &str, version: &str) -> bool {
        self.trouble(environment, app) == Some((Trouble::SmokeFails, version))
    }

    /// The PreSync Job that failed before the opening.
    pub fn failed_hook(self, environment: &str, app: &App) -> Option<&'static str> {
        match self.trouble(environment, app.name)? {
            (Trouble::HookFailed(hook) | Trouble::HookFails(hook), _) => Some(hook),
            _ => None,
        }
    }

    /// Whether a PreSync Job of a version fails when it is run.
    pub fn fails_hook(self, environment: &str, app: &App, hook: &str, version: &str) -> bool {
        matches!(self.trouble(environment, app.name), Some((Trouble::HookFails(fails), of)) if fails == hook && of == version)
    }
}

impl std::ops::Deref for Scenario {
    type Target = Row;

    fn deref(&self) -> &Row {
        self.0
    }
}

impl PartialEq for Scenario {
    fn eq(&self, other: &Scenario) -> bool {
        self.name == other.name
    }
}

impl std::fmt::Debug for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(text: &str) -> Result<Scenario, String> {
        let found = Scenario::all().find(|scenario| scenario.name == text);
        found.ok_or_else(|| {
            let names: Vec<&str> = Scenario::all().map(|scenario| scenario.name).collect();
            format!(
                "There is no scenario {text:?}. There are: {}.",
                names.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet;

    #[test]
    fn every_name_leads_to_its_row_and_every_story_is_of_the_fleet() {
        for scenario in Scenario::all() {
            assert_eq!(scenario.name.parse(), Ok(scenario));
            let Some(story) = &scenario.story else {
                continue;
            };
            let app = fleet::apps().into_iter().find(|app| app.name == story.app);
            assert_eq!(app.map(|app| app.repository), Some(story.repository));
            assert!(STARS.iter().any(|star| star.repository == story.repository));
            assert!(story.arrived.is_sorted_by(|before, after| before > after));
        }
        assert!("crash".parse::<Scenario>().is_err());
        for (constant, name) in [
            (Scenario::CALM, "calm"),
            (Scenario::FLAKY_SMOKE, "flaky-smoke"),
            (Scenario::CRASH_LOOP, "crash-loop"),
            (Scenario::MIGRATION_FAILED, "migration-failed"),
            (Scenario::HOOK_RETRYING, "hook-retrying"),
            (Scenario::ENVIRONMENT_DOWN, "environment-down"),
        ] {
            assert_eq!(constant.name, name);
        }
    }
}
