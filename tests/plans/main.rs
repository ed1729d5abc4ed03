//! The interlocking: every lever in every situation that must move it or hold it, as tables over made-up worlds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what a test cannot set up must end it"
)]

#[path = "../common/cases.rs"]
mod cases;
#[path = "../common/charts.rs"]
mod charts;
#[path = "../common/plans.rs"]
mod plans;
#[path = "../common/world.rs"]
mod world;

mod apply;
mod arrivals;
mod by_hand;
mod changed;
mod changes;
mod follow;
mod good;
mod held;
mod in_flight;
mod journal;
mod journal_long;
mod journal_torn;
mod levers;
mod reasons;
mod refusals;
mod resubmit;
mod rollout;
mod run_tree;
mod scene;
mod shown;
mod sound;
mod stop;
mod sync;
mod typed;
mod warned;
