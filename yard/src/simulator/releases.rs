//! Releases: the people who ship, the one who reviews, and when they do.
//!
//! The rate is a weekday morning's: about twenty releases an hour at life's own pace.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::Simulation;
use super::run::deploy_image::Parameters;
use crate::Scenario;
use crate::fleet::{self, ORPHAN_FILE, seeded};

/// Ships new versions to integration for as long as the yard is open.
pub async fn ship(simulation: Arc<Simulation>) {
    let scripted = scripted(simulation.scenario);
    let shipping = simulation.clone();
    simulation.spawn(async move {
        for (seconds, repository, tag) in scripted {
            let due = shipping.opened + shipping.pace.lasts(seconds);
            tokio::time::sleep_until(due).await;
            release(&shipping, repository, tag).await;
        }
    });
    let quiet = [
        "publisher",
        "whitehall",
        "places-manager",
        "router",
        ORPHAN_FILE,
    ];
    let repositories: Vec<&str> = fleet::files()
        .into_iter()
        .filter(|file| !quiet.contains(file))
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
        // A branch build says nothing about the next release's number.
        let Some(number) = newest
            .strip_prefix('v')
            .and_then(|number| number.parse::<u64>().ok())
        else {
            continue;
        };
        release(
            &simulation,
            repository,
            &format!("v{}", number + 1 + (chance >> 40) % 3),
        )
        .await;
    }
}

/// What the scenario's story needs: seconds after the opening, repository and version.
fn scripted(scenario: Scenario) -> Vec<(f64, &'static str, &'static str)> {
    match scenario {
        // Broken once more, unless somebody holds it; then repaired.
        Scenario::CrashLoop => vec![
            (270.0, "whitehall", "v3085"),
            (3600.0, "whitehall", "v3087"),
        ],
        _ => Vec::new(),
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

/// Merges what people push as `leverframe/...`, two minutes after it was first seen.
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
