//! History: the weeks before the yard opens, as commits on main, and where every version stands at the opening.
//!
//! Believable rather than true: releases by the robot in working hours, promotions minutes apart, some that never got
//! on, a few people. The same seed and scenario give the same history, counted back from the opening.

use std::collections::BTreeMap;

mod endings;
mod settings;

pub use settings::{Setting, USUAL_MEMORY};

use super::Scenario;
use super::fleet::{self, ENVIRONMENTS, ORPHAN_FILE, seeded};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// One commit of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Seconds since 1970.
    pub at: i64,
    /// `Name <address>`.
    pub author: String,
    /// The whole message.
    pub message: String,
    /// Paths and their whole new content.
    pub files: Vec<(String, String)>,
}

/// The robot of continuous deployment.
pub const ROBOT: &str = "govuk-ci <govuk-ci@digital.yard.example>";

/// People who commit now and then.
pub const PEOPLE: [&str; 4] = [
    "Ada Whitlock <ada.whitlock@digital.yard.example>",
    "Kwame Mensah <kwame.mensah@digital.yard.example>",
    "Priya Nair <priya.nair@digital.yard.example>",
    "Tom Ashdown <tom.ashdown@digital.yard.example>",
];

/// A version file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredFile {
    /// `image_tag`.
    pub tag: String,
    /// `automatic_deploys_enabled`, where the file has it.
    pub gate: Option<bool>,
    /// `promote_deployment`.
    pub promote: bool,
    /// Some files have the gate last.
    pub gate_last: bool,
}

impl DeclaredFile {
    /// The file as it is committed.
    pub fn to_yaml(&self) -> String {
        let gate = self
            .gate
            .map(|gate| format!("automatic_deploys_enabled: {gate}\n"))
            .unwrap_or_default();
        let (tag, promote) = (&self.tag, self.promote);
        if self.gate_last {
            format!("image_tag: {tag}\npromote_deployment: {promote}\n{gate}")
        } else {
            format!("image_tag: {tag}\n{gate}promote_deployment: {promote}\n")
        }
    }
}

/// Where one version stands at the opening, and what stood before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningVersion {
    /// The file.
    pub file: DeclaredFile,
    /// When its version came, in seconds since 1970.
    pub since: i64,
    /// The version before.
    pub before: String,
}

/// The history and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Oldest first.
    pub commits: Vec<Commit>,
    /// By environment and repository.
    pub standing: BTreeMap<(&'static str, &'static str), OpeningVersion>,
    /// Changes of apps' settings, oldest first.
    pub settings: Vec<Setting>,
}

/// The path of a version file.
pub fn path(environment: &str, repository: &str) -> String {
    format!("charts/app-config/image-tags/{environment}/{repository}")
}

/// One change of one version file.
#[derive(Debug, Clone)]
struct Step {
    at: i64,
    environment: usize,
    tag: Option<String>,
    promote: Option<bool>,
    gate: Option<(bool, &'static str)>,
}

fn moved(at: i64, environment: usize, tag: &str) -> Step {
    Step {
        at,
        environment,
        tag: Some(tag.to_owned()),
        promote: Some(true),
        gate: None,
    }
}

/// A release that went all the way, its last hop at `at`.
fn chain(at: i64, tag: &str) -> Vec<Step> {
    vec![
        moved(at - 560, 0, tag),
        moved(at - 285, 1, tag),
        moved(at, 2, tag),
    ]
}

/// Builds the history of a scenario that opens at `now`.
pub fn history(scenario: Scenario, seed: u64, now: i64) -> History {
    let start = now - 100 * DAY;
    let mut standing = BTreeMap::new();
    let mut opening = vec![
        (
            "README.md".to_owned(),
            "Charts and versions of the practice yard. Nothing here is real.\n".to_owned(),
        ),
        (
            "charts/app-config/Chart.yaml".to_owned(),
            "apiVersion: v2\nname: app-config\nversion: 1.0.0\n".to_owned(),
        ),
    ];
    for environment in ENVIRONMENTS {
        opening.push((
            fleet::values_path(environment),
            fleet::values(environment, |_| USUAL_MEMORY),
        ));
    }
    let mut commits = Vec::new();
    for repository in fleet::files() {
        let (first, mut steps) = steps(scenario, seed, now, repository);
        steps.sort_by_key(|step| step.at);
        for (number, environment) in ENVIRONMENTS.into_iter().enumerate() {
            let by_hand = fleet::is_moved_by_hand(repository);
            let closed = (by_hand || matches!(repository, "router" | ORPHAN_FILE)) && number < 2;
            let no_key = number == 2 && seeded(seed, &["key", repository]).is_multiple_of(3);
            let file = DeclaredFile {
                tag: first.clone(),
                gate: (!no_key).then_some(!closed),
                promote: !by_hand || number == 0,
                gate_last: seeded(seed, &["order", repository]).is_multiple_of(7),
            };
            opening.push((path(environment, repository), file.to_yaml()));
            standing.insert(
                (environment, repository),
                OpeningVersion {
                    file,
                    since: start,
                    before: String::new(),
                },
            );
        }
        for step in steps {
            let Some(environment) = ENVIRONMENTS.get(step.environment).copied() else {
                continue;
            };
            let Some(now) = standing.get_mut(&(environment, repository)) else {
                continue;
            };
            let (mut author, mut message) = (ROBOT.to_owned(), String::new());
            if let Some(tag) = step.tag {
                message = format!("Update {repository} image tag to {tag} for {environment}\n");
                now.before = std::mem::replace(&mut now.file.tag, tag);
                now.since = step.at;
            }
            now.file.promote = step.promote.unwrap_or(now.file.promote);
            if let Some((gate, why)) = step.gate {
                now.file.gate = Some(gate);
                author = person(seed, repository).to_owned();
                message = format!("{why}\n");
            }
            let files = vec![(path(environment, repository), now.file.to_yaml())];
            commits.push(Commit {
                at: step.at,
                author,
                message,
                files,
            });
        }
    }
    commits.extend(notes(seed, now));
    let settings = settings::settings(seed, now);
    commits.extend(settings::commits(seed, &settings));
    commits.sort_by_key(|commit| commit.at);
    let author = person(seed, "opening").to_owned();
    commits.insert(
        0,
        Commit {
            at: start,
            author,
            message: "Begin with what runs today\n".to_owned(),
            files: opening,
        },
    );
    History {
        commits,
        standing,
        settings,
    }
}

fn person(seed: u64, word: &str) -> &'static str {
    let number = seeded(seed, &["person", word]) as usize % PEOPLE.len();
    PEOPLE.get(number).copied().unwrap_or(ROBOT)
}

/// The version at the beginning and every change since.
fn steps(scenario: Scenario, seed: u64, now: i64, repository: &str) -> (String, Vec<Step>) {
    let repository = fleet::built_from(repository);
    let (last, mut steps) = endings::ending(scenario, seed, now, repository);
    let mut number = last;
    let mut before = steps.iter().map(|step| step.at).min().unwrap_or(now);
    if repository == "router" || repository == ORPHAN_FILE {
        return (format!("v{}", number.saturating_sub(4)), steps);
    }
    let mut newer = before;
    let releases = 6 + seeded(seed, &["releases", repository]) % 11;
    for release in 0..releases {
        let chance = |word: &str| seeded(seed, &["past", repository, word, &release.to_string()]);
        number = number.saturating_sub(1 + chance("skip") % 3);
        before = working_hour(
            before - HOUR - (chance("gap") % (6 * DAY as u64)) as i64,
            chance("hour"),
        );
        // The hour of the day is drawn anew, so that the day may have to be an earlier one: releases never overlap.
        while before >= newer - HOUR {
            before = working_hour(before - DAY, chance("hour"));
        }
        newer = before;
        if before < now - 95 * DAY || number < 5 {
            break;
        }
        let mut went = chain(before, &format!("v{number}"));
        // Not every release gets on: a newer one overtakes it, or its smoke run fails.
        match chance("reach") % 10 {
            0 | 1 => went.truncate(1),
            2 => went.truncate(2),
            _ => {}
        }
        steps.extend(went);
    }
    if repository == fleet::LICENSIFY {
        // What a person deploys stops where it was brought.
        let brought = steps.iter_mut().filter(|step| step.environment > 0);
        brought.for_each(|step| step.promote = step.promote.map(|_| false));
    }
    (format!("v{}", number.saturating_sub(2).max(1)), steps)
}

/// The latest moment before `at` on a weekday between 8 and 17 o'clock, most of them about 9.
fn working_hour(at: i64, chance: u64) -> i64 {
    let day = at.div_euclid(DAY);
    // Day 0 was a Thursday.
    let back = match (day + 3).rem_euclid(7) {
        5 => 1,
        6 => 2,
        _ => 0,
    };
    let hour = match chance % 10 {
        0..=4 => 9,
        5 => 8,
        6 | 7 => 10 + (chance >> 8) % 2,
        _ => 11 + (chance >> 8) % 6,
    };
    (day - back) * DAY + hour as i64 * HOUR + ((chance >> 16) % 3600) as i64
}

/// What people commit besides versions.
fn notes(seed: u64, now: i64) -> Vec<Commit> {
    let notes = [
        (
            88,
            "Give search-api a longer shutdown",
            "docs/search-api.md",
        ),
        (61, "Say who to call about the router", "docs/router.md"),
        (
            40,
            "Write down how a release is held",
            "docs/holding-a-release.md",
        ),
        (
            19,
            "Explain why draft apps have no gate of their own",
            "docs/draft-apps.md",
        ),
        (4, "Note the quarterly patching window", "docs/patching.md"),
    ];
    let commit = |(days, subject, path): &(i64, &str, &str)| Commit {
        at: working_hour(now - days * DAY, seeded(seed, &[subject])),
        author: person(seed, subject).to_owned(),
        message: format!("{subject}\n"),
        files: vec![((*path).to_owned(), format!("# {subject}\n"))],
    };
    notes.iter().map(commit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000;

    #[test]
    fn the_same_seed_gives_the_same_history() {
        let once = history(Scenario::FLAKY_SMOKE, 7, NOW);
        assert_eq!(once, history(Scenario::FLAKY_SMOKE, 7, NOW));
        assert_ne!(once.commits, history(Scenario::FLAKY_SMOKE, 8, NOW).commits);
        assert!(
            (900..3000).contains(&once.commits.len()),
            "{}",
            once.commits.len()
        );
        assert!(once.commits.iter().is_sorted_by_key(|commit| commit.at));
        assert!(once.commits.iter().all(|commit| commit.at < NOW));
    }

    #[test]
    fn nothing_but_the_accident_ever_goes_backwards() {
        for scenario in Scenario::all() {
            let mut highest: BTreeMap<String, u64> = BTreeMap::new();
            let mut lower = Vec::new();
            for (path, text) in history(scenario, 1, NOW)
                .commits
                .iter()
                .flat_map(|commit| &commit.files)
            {
                let tag = text
                    .lines()
                    .find_map(|line| line.strip_prefix("image_tag: v"));
                let Some(number) = tag.and_then(|tag| tag.parse::<u64>().ok()) else {
                    continue;
                };
                let top = highest.entry(path.clone()).or_default();
                if number < *top {
                    lower.push(path.clone());
                }
                *top = number.max(*top);
            }
            let accident = path("production", "frontend");
            let expected: Vec<String> = scenario
                .has_accident
                .then_some(accident)
                .into_iter()
                .collect();
            assert_eq!(lower, expected, "{scenario:?}");
        }
    }

    #[test]
    fn what_no_smoke_run_follows_waits_behind_closed_gates_and_people_bring_it() {
        let standing = history(Scenario::CALM, 1, NOW).standing;
        for environment in ENVIRONMENTS {
            let stands = |file| &standing[&(environment, file)].file;
            let feed = stands("licensify-feed");
            for file in ["licensify-backend", "licensify-frontend"] {
                assert_eq!(stands(file).tag, feed.tag, "one build makes all");
            }
            let is_first = environment == "integration";
            assert_eq!(feed.promote, is_first, "{environment}");
            if environment != "production" {
                assert_eq!(feed.gate, Some(false), "{environment}");
            }
        }
    }

    #[test]
    fn each_scenario_stands_as_its_board_shows() {
        let tags = |scenario, repository: &str| -> Vec<String> {
            let standing = history(scenario, 1, NOW).standing;
            ENVIRONMENTS
                .iter()
                .map(|e| {
                    standing
                        .iter()
                        .find(|(k, _)| k.0 == *e && k.1 == repository)
                        .unwrap()
                        .1
                        .file
                        .tag
                        .clone()
                })
                .collect()
        };
        assert_eq!(
            tags(Scenario::FLAKY_SMOKE, "publisher"),
            ["v1362", "v1362", "v1361"]
        );
        assert_eq!(
            tags(Scenario::CALM, "publisher"),
            ["v1362", "v1362", "v1362"]
        );
        assert_eq!(
            tags(Scenario::CRASH_LOOP, "whitehall"),
            ["v3084", "v3084", "v3084"]
        );
        assert_eq!(
            tags(Scenario::CRASH_LOOP, "frontend"),
            ["v1601", "v1601", "v1600"]
        );
        assert_eq!(
            tags(Scenario::MIGRATION_FAILED, "places-manager"),
            ["v412", "v412", "v412"]
        );
        assert_eq!(
            tags(Scenario::CALM, "account-api"),
            ["v749", "v737", "v737"]
        );
        assert_eq!(tags(Scenario::CALM, "router"), ["v280", "v280", "v247"]);
    }
}
