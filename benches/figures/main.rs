//! Figures: what the console costs, beside what the same work costs without it. `cargo bench --bench figures` prints them;
//! nothing fails on a figure. Words on the command line pick sections (`log git screen commands yard cluster scale`).
//!
//! Deliberately absent: verdicts. The budget stands beside each figure, and the ratio to the peer of the same run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../tests/common/call.rs"]
#[allow(dead_code)]
mod call;
mod cluster;
mod commands;
mod fleet;
mod git;
mod log;
#[path = "../../tests/common/pty.rs"]
mod pty;
mod reading;
#[path = "../../tests/common/real.rs"]
#[allow(dead_code)]
mod real;
mod scale;
mod screen;
mod yard;

/// What the rig tells of its server.
pub struct Server {
    pub kubeconfig: std::path::PathBuf,
    pub admin: String,
    pub viewer: String,
}

/// One line of the table: what was measured, what came out, the budget, and the peer of the same run.
pub fn figure(what: &str, seen: &str, budget: &str, beside: &str) {
    println!("{what:<58} {seen:>20}   budget {budget:<18} {beside}");
}

/// Milliseconds with two digits.
pub fn ms(time: std::time::Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}

/// The value that a share of the sorted samples stay under.
pub fn quantile(samples: &mut [std::time::Duration], share: f64) -> std::time::Duration {
    samples.sort();
    let place = ((samples.len() as f64 - 1.0) * share).round() as usize;
    samples.get(place).copied().unwrap_or_default()
}

fn main() {
    if reading::asked() {
        return;
    }
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let wanted = |section: &str| words.is_empty() || words.iter().any(|word| word == section);
    let sections: [(&str, fn()); 7] = [
        ("log", log::run),
        ("git", git::run),
        ("screen", screen::run),
        ("commands", commands::run),
        ("yard", yard::run),
        ("cluster", cluster::run),
        ("scale", scale::run),
    ];
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{cores} cores, load {}", load.trim());
    for (name, run) in sections.into_iter().filter(|(name, _)| wanted(name)) {
        println!("-- {name}");
        run();
    }
}
