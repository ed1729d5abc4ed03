//! Releases: the people who ship versions, change settings and review branches, and when they do it.
//!
//! They ship as on a weekday morning: about twenty releases an hour, in simulated time.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::Simulation;
use super::run::deploy_image::Parameters;
use crate::fleet::{self, ENVIRONMENTS, ORPHAN_FILE, seeded};
use crate::history::{PEOPLE, ROBOT, Setting};
use crate::scenario::STARS;

/// Ships new versions to integration for as long as the yard is open.
pub async fn ship(simulation: Arc<Simulation>) {
    let shipping = simulation.clone();
    simulation.spawn(async move {
        let story = shipping.scenario.story.as_ref();
        for (seconds, tag) in story.map_or(&[][..], |story| story.releases) {
            let due = shipping.opened + shipping.pace.lasts(*seconds);
            tokio::time::sleep_until(due).await;
            release(&shipping, story.map_or("", |story| story.repository), tag).await;
        }
    });
    simulation.pace.pause(simulation.scenario.quiet).await;
    let repositories: Vec<&str> = fleet::files()
        .into_iter()
        .filter(|file| !["router", ORPHAN_FILE].contains(file))
        .filter(|file| !STARS.iter().any(|star| star.repository == *file))
        .collect();
    for turn in 0_u64.. {
        let chance = seeded(simulation.seed, &["release", &turn.to_string()]);
        simulation.pace.pause(40.0 + (chance % 280) as f64).await;
        let Some(repository) = repositories
            .get((chance >> 20) as usize % repositories.len())
            .copied()
        else {
            continue;
        };
        let Ok(head) = simulation.robot.head("integration").await else {
            continue;
        };
        let newest = head
            .files
            .get(repository)
            .map_or("", |file| file.tag.as_str());
        // A branch build has no number that a release could follow, so this repository has to wait.
        let Some(number) = newest
            .strip_prefix('v')
            .and_then(|number| number.parse::<u64>().ok())
        else {
            continue;
        };
        let tag = format!("v{}", number + 1 + (chance >> 40) % 3);
        let built = fleet::built_from(repository);
        let images = repositories
            .iter()
            .filter(|file| fleet::built_from(file) == built);
        for image in images {
            release(&simulation, image, &tag).await;
        }
    }
}

/// Changes an app's settings now and then: that syncs the version that stands and smoke tests it once more.
pub async fn configure(simulation: Arc<Simulation>) {
    simulation.pace.pause(simulation.scenario.quiet).await;
    let apps: Vec<_> = fleet::apps()
        .into_iter()
        .filter(|app| !app.is_starring() && app.images.is_empty())
        .collect();
    for turn in 0_u64.. {
        let chance = seeded(simulation.seed, &["configure", &turn.to_string()]);
        simulation.pace.pause(900.0 + (chance % 1200) as f64).await;
        let (Some(app), Some(environment)) = (
            apps.get((chance >> 20) as usize % apps.len()),
            ENVIRONMENTS.get((chance >> 40) as usize % ENVIRONMENTS.len()),
        ) else {
            continue;
        };
        let setting = Setting {
            at: 0,
            environment,
            app: app.name,
            memory: if turn.is_multiple_of(2) {
                "1Gi"
            } else {
                "640Mi"
            },
        };
        let author = PEOPLE.get(chance as usize % PEOPLE.len()).copied();
        let changed = simulation
            .robot
            .set_memory(&setting, author.unwrap_or(ROBOT));
        if let Err(error) = changed.await {
            tracing::debug!(%error, app = app.name, environment, "a setting was not changed");
        }
    }
}

async fn release(simulation: &Simulation, repository: &str, tag: &str) {
    let parameters = Parameters {
        environment: "integration".to_owned(),
        repository: repository.to_owned(),
        tag: tag.to_owned(),
        promote: true,
    };
    if let Err(error) = simulation.deploy(&parameters, "release").await {
        tracing::debug!(%error, repository, tag, "a release was lost");
    }
}

/// Merges each branch that is pushed as `leverframe/...` two simulated minutes after it was first found.
pub async fn review(simulation: Arc<Simulation>) {
    let mut first_seen: HashMap<String, Instant> = HashMap::new();
    let mut number = 4700;
    loop {
        simulation.pace.pause(15.0).await;
        let branches = simulation.robot.branches().await.unwrap_or_default();
        first_seen.retain(|known, _| {
            branches
                .iter()
                .any(|(branch, id)| *known == format!("{branch} {id}"))
        });
        for (branch, id) in branches {
            let seen = *first_seen
                .entry(format!("{branch} {id}"))
                .or_insert_with(Instant::now);
            if seen.elapsed() < simulation.pace.lasts(120.0) {
                continue;
            }
            number += 1;
            if let Err(error) = simulation.robot.merge(&branch, number).await {
                tracing::debug!(%error, branch, "a review came to nothing");
            }
        }
    }
}
