//! The providers end to end: the git feed and writer against temporary repositories, reached as any other is.
//!
//! Deliberately absent: the Kubernetes provider, which `tests/kube_api` tries against a real API server.

mod feed;
mod ssh;
mod writer;
mod yard;
