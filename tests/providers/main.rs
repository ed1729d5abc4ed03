//! The providers end to end: git against temporary repositories, Kubernetes against a real API server and whatever imitates
//! one, and both with a far side that breaks off.

// clippy.toml allows these in test functions only, not in what they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/charts.rs"]
mod charts;
mod commits;
mod faults;
mod feed;
mod good;
mod kube_api;
#[path = "../common/pty.rs"]
mod pty;
mod recorded;
mod remote;
mod ssh;
mod writer;
mod yard;
