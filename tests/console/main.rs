//! The whole console: keys are pressed, the screen is read, commands are run, and nothing in between is known.
//!
//! What a part decides or draws is tested at the part; here stands what only shows when all of them work together.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail anywhere"
)]

mod commands;
mod deliveries;
mod desk;
#[path = "../common/hostile.rs"]
mod hostile;
mod levers;
mod marks;
#[path = "../common/plans.rs"]
mod plans;
#[path = "../common/pty.rs"]
mod pty;
mod read_only;
mod scenarios;
mod terminal;
mod troubles;
mod typed;
mod yard;
mod yard_commands;
