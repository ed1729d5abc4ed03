//! Good versions on a real history: after every move of every file, what leverframe would propose for a roll back is what a
//! script of its own finds, which reads the repository by the git program and shares no code with us.

use crate::yard::{FedStore, delivery};
use leverframe::journal::Journal;
use leverframe::model::Environment;
use leverframe::plan::candidates::{Candidates, Orders};
use leverframe::plan::good::OFFERED;
use leverframe::plan::observed::Observed;
use leverframe::provider::git::feed::Options;
use leverframe::provider::git::repository::{Location, Source as At};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const BUNDLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../shared/data/govuk/image-tags-5000.bundle"
);
const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/scripts/good_versions.py"
);

/// What the script says of one move: the version before, what should be proposed, and what should stand beside it.
#[derive(PartialEq, Eq, Debug, Clone)]
struct Expected {
    before: String,
    offered: Vec<String>,
    rule: String,
}

fn expected() -> BTreeMap<(String, String), Expected> {
    let said = Command::new("python3")
        .args([SCRIPT, BUNDLE, "charts/app-config/image-tags/production"])
        .output()
        .unwrap();
    assert!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    let lines = String::from_utf8(said.stdout).unwrap();
    let rows = lines.lines().map(|line| {
        let [file, commit, before, first, others, rule]: [&str; 6] =
            line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let offered = std::iter::once(first)
            .chain(others.split(','))
            .filter(|version| *version != "-")
            .map(str::to_owned)
            .collect();
        let expected = Expected {
            before: before.to_owned(),
            offered,
            rule: rule.to_owned(),
        };
        ((file.to_owned(), commit.to_owned()), expected)
    });
    rows.collect()
}

#[test]
fn what_is_proposed_after_every_move_of_a_real_history_is_what_a_script_of_its_own_finds() {
    let python = Command::new("python3").arg("--version").output();
    if !Path::new(BUNDLE).exists() || python.is_err() {
        println!("SKIPPED: no {BUNDLE}, or no python3");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clone = Command::new("git")
        .args(["clone", "--quiet", "--bare", BUNDLE])
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(clone.success());
    let mut fed = FedStore::by(
        At {
            location: Location::Path(folder.path().to_owned()),
            branch: "main".into(),
        },
        Options::default(),
    );
    fed.until("complete", |store| store.history.is_complete());
    let delivery = delivery();
    let production = Environment::new("production");
    let expected = expected();
    let files: Vec<String> = expected.keys().map(|(file, _)| file.clone()).collect();
    let (mut moves, mut just_before) = (0, 0);
    let mut exceptions: BTreeMap<String, usize> = BTreeMap::new();
    let mut compared = 0;
    let orders = Orders {
        store: &fed.store,
        delivery: &delivery,
        journal: &Journal::default(),
    };
    for file in files.into_iter().collect::<std::collections::BTreeSet<_>>() {
        let changes = fed
            .store
            .history
            .changes_of(&production, &file.as_str().into());
        for nth in 0..changes.len() {
            let change = &changes[nth];
            if !change.moves_version() {
                continue;
            }
            let observed = Observed::default();
            let stood = Candidates::new(&changes[nth..], orders, observed, delivery.good_after_s);
            let good: Vec<String> = stood
                .newest_first()
                .filter(|candidate| candidate.is_good)
                .take(OFFERED)
                .map(|candidate| candidate.version.to_string())
                .collect();
            let expected = &expected[&(file.clone(), change.commit.to_string())];
            assert_eq!(good, expected.offered, "{file} at {}", change.commit);
            compared += 1;
            if expected.before == "-" {
                continue;
            }
            moves += 1;
            if good.first() == Some(&expected.before) {
                just_before += 1;
            } else {
                *exceptions.entry(expected.rule.clone()).or_default() += 1;
            }
        }
    }
    println!("{moves} moves: {just_before} to the version just before; {exceptions:?}");
    assert_eq!(compared, expected.len());
    assert!(
        moves >= 1_450 && just_before >= 1_200,
        "{just_before} of {moves}"
    );
    // Every exception has a rule that made it.
    assert_eq!(exceptions.values().sum::<usize>(), moves - just_before);
    assert!(!exceptions.contains_key("-"), "{exceptions:?}");
}
