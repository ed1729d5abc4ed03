//! Faults: the far side breaks off, or the process is killed, at each point of sending; afterwards the journal tells the
//! truth, and nothing was sent twice.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what a test cannot set up must end it"
)]

#[path = "../common/charts.rs"]
mod charts;
mod cluster;
mod git;
#[path = "../common/pty.rs"]
mod pty;
mod relay;
