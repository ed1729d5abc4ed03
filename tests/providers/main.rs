//! The providers end to end: the git feed and writer against temporary repositories, reached as any other is.
//!
//! Deliberately absent: the Kubernetes provider, which `tests/kube_api` tries against a real API server.

// clippy.toml allows these in test functions only, not in what they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod feed;
mod ssh;
mod writer;
mod yard;
