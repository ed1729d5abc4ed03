//! leverframe: a keyboard-driven console for release operations.
//!
//! A lever frame stands in a railway signal box: one lever per movement, and an interlocking that makes an unsafe pull
//! impossible. Here a key is the lever, and the *plan* is the interlocking.
//!
//! ```text
//!    providers: git · kubernetes (Argo CD, Argo Workflows, Deployments, Pods)
//!       |  wire types -> model, stamped (source, subscription, seen_at)         ^ write(&Plan), once, never retried
//!       v                                                                      |
//!    Feed --bounded channel--> Message::Delta --+                              |
//!    key -> keymap -> Action -> Message::Act ---+--> update(&mut State) -> Vec<Effect> -- Apply(plan) / Follow / Refresh / Record
//!    timer --------------> Message::Ticked -----+        |
//!    outcome ------------> Message::Outcome ----+        v
//!       ^                                            State = Store + Ui + Journal view + now + size
//!       |                                                |
//!       |                 view(&State) -> Frame <--------+     frame bytes -> one writer thread -> tty
//!       +------- Outcome: applied | refused | failed | unknown
//! ```
//!
//! One `State`, one `Message`, one `update`, one `view(&State)`. What is where on the screen and what it is about, `update`
//! and `view` both ask of [`screen`]; they do not know each other. Every view reads the same fact table, and the costly
//! mistake here is a wrong write, so "what did it know, what did it decide, what did it send" are each a value that can
//! be printed. The rules that hold this up are checked by `tests/house`.
//!
//! The practice yard is a crate of its own, `leverframe-yard`: it knows nothing of the console, and only `demo` opens it.

#[macro_use]
mod table;

pub mod action;
pub mod app;
pub mod apply;
pub mod belongs;
pub mod board;
pub mod cli;
pub mod complaint;
pub mod config;
pub mod connect;
pub mod delivery;
pub mod effect;
pub mod journal;
pub mod keymap;
pub mod lever;
pub mod log_file;
pub mod message;
pub mod model;
pub mod page;
pub mod plan;
pub mod private_file;
pub mod provider;
pub mod screen;
pub mod secret;
pub mod state;
pub mod store;
pub mod terminal;
pub mod text;
pub mod trust;
pub mod update;
pub mod view;

#[cfg(test)]
#[path = "../tests/common/cases.rs"]
mod cases;
