//! Endings: the last moves of each repository before the opening, which the board then shows.

use super::{DAY, HOUR, MINUTE, Step, chain, moved, working_hour};
use crate::Scenario;
use crate::fleet::{ORPHAN_FILE, seeded};
use crate::scenario::{STARS, Star};

/// The last number of a repository, and the changes that bring it to where the opening finds it.
pub(super) fn ending(
    scenario: Scenario,
    seed: u64,
    now: i64,
    repository: &str,
) -> (u64, Vec<Step>) {
    if let Some(star) = STARS.iter().find(|star| star.repository == repository) {
        return starring(scenario, star, now);
    }
    let ago = |age: i64| now - age;
    match repository {
        "account-api" => {
            let why = "Hold account-api in integration while sessions move to the new table";
            let hold = Step {
                at: ago(5 * DAY),
                environment: 0,
                tag: None,
                promote: None,
                gate: Some((false, why)),
            };
            let mut steps = chain(ago(6 * DAY), "v737");
            steps.extend([hold, moved(ago(6 * HOUR), 0, "v749")]);
            (737, steps)
        }
        "router" => {
            let both = |environment| Step {
                promote: Some(false),
                ..moved(ago(5 * DAY - 600 * environment as i64), environment, "v280")
            };
            (247, vec![moved(ago(92 * DAY), 2, "v247"), both(0), both(1)])
        }
        ORPHAN_FILE => (
            416,
            vec![
                moved(ago(60 * DAY), 0, "v417"),
                moved(ago(59 * DAY), 1, "v417"),
            ],
        ),
        "service-manual-publisher" => {
            let branch = "9f83e63a41c2d7b0e85f6a9b3c1d2e4f5a6b7c8d";
            let mut steps = chain(ago(3 * DAY), "v760");
            steps.push(Step {
                promote: Some(false),
                ..moved(ago(3 * HOUR), 0, branch)
            });
            (760, steps)
        }
        "frontend" => {
            let mut steps = chain(ago(30 * HOUR), "v1600");
            steps.extend(chain(ago(9 * HOUR), "v1601"));
            if scenario.has_accident {
                // A re-run of the older release's smoke tests, which nobody announces.
                steps.push(moved(ago(8 * HOUR + 40 * MINUTE), 2, "v1600"));
            }
            (1600, steps)
        }
        _ => {
            let chance = seeded(seed, &["last", repository]);
            let number = 60 + chance % 2900;
            let age = 2 * HOUR + (chance >> 16) as i64 % (12 * DAY);
            (
                number,
                chain(
                    working_hour(ago(age), chance >> 32).min(ago(2 * HOUR)),
                    &format!("v{number}"),
                ),
            )
        }
    }
}

/// The version before a story, and then the story, or what stands instead of it.
fn starring(scenario: Scenario, star: &Star, now: i64) -> (u64, Vec<Step>) {
    let (before, age) = star.before;
    let mut steps = chain(now - age, before);
    let story = scenario.story.as_ref();
    match story.filter(|story| story.repository == star.repository) {
        Some(story) => {
            let arrivals = story.arrived.iter().enumerate();
            steps.extend(
                arrivals.map(|(environment, age)| moved(now - age, environment, story.version)),
            );
        }
        None => {
            if let Some((version, age)) = star.otherwise {
                steps.extend(chain(now - age, version));
            }
        }
    }
    let number = before.trim_start_matches('v').parse().unwrap_or_default();
    (number, steps)
}
