//! Git: what stands at the tip, for every environment, beside the git program reading the same files.

use super::{figure, ms, quantile};
use leverframe::config;
use leverframe::provider::git::declared::Reader;
use leverframe::provider::git::repository::{Location, Repository, Source};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

pub fn run() {
    let Some(clone) = real_clone() else {
        println!("SKIPPED: no bundle of the real history beside the project");
        return;
    };
    let path = clone.path().join("clone");
    let text = config::built_in::delivery("govuk").expect("built in");
    let delivery = config::delivery::parse("govuk.toml".as_ref(), text)
        .expect("it is read")
        .delivery;
    let delivery = Arc::new(delivery);
    let mut times = Vec::new();
    let mut files = 0;
    for _ in 0..20 {
        let began = Instant::now();
        let source = Source {
            location: Location::Path(path.clone()),
            branch: "main".into(),
        };
        let repository = Repository::open(&source).expect("it opens");
        let tip = repository.tip().expect("a tip");
        let tree = Reader::new(delivery.clone())
            .read(&repository, tip, &Arc::default())
            .expect("it is read");
        times.push(began.elapsed());
        files = tree.files.len();
    }
    let began = Instant::now();
    let listed = Command::new("git")
        .arg("-C")
        .arg(&path)
        .args([
            "grep",
            "-h",
            "image_tag",
            "HEAD",
            "--",
            "charts/app-config/image-tags",
        ])
        .output()
        .expect("git runs");
    let peer = began.elapsed();
    let lines = listed.stdout.iter().filter(|b| **b == b'\n').count();
    figure(
        &format!("HEAD's trees of 3 environments, {files} files"),
        &ms(quantile(&mut times, 0.5)),
        "50 ms",
        &format!("git grep over the same tree {} ({lines} lines)", ms(peer)),
    );
}

/// A clone of the real history, where it is present beside the project.
pub fn real_clone() -> Option<tempfile::TempDir> {
    let bundle = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data/govuk/image-tags-5000.bundle");
    if !bundle.is_file() {
        return None;
    }
    let folder = tempfile::tempdir().ok()?;
    let cloned = Command::new("git")
        .args(["clone", "--quiet", "--bare"])
        .arg(&bundle)
        .arg(folder.path().join("clone"))
        .status()
        .ok()?;
    cloned.success().then_some(folder)
}
