//! The whole console on the practice yard: keys are pressed, the screen is read, and nothing in between is known.
//!
//! What a part decides or draws is tested at the part; here stands what only shows when all of them work together.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail anywhere"
)]

mod desk;
mod levers;
#[path = "../common/pty.rs"]
mod pty;
mod scenarios;
mod typed;
