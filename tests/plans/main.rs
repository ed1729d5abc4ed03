//! The interlocking: every lever in every situation that must move it or hold it, as tables over made-up worlds.

#[path = "../common/world.rs"]
mod world;

mod changes;
mod follow;
mod held;
mod levers;
mod reasons;
mod refusals;
mod resubmit;
mod scene;
mod shown;
mod sound;
