//! Kubernetes: the clusters, read by list and watch, and written by one guarded request for each plan.
//!
//! Deliberately absent: kube's own typed objects, watcher and retries. The objects here are slim and forgive odd ones, the
//! watch falls back and backs off in ways that the screen can show, and nothing is ever sent twice by itself.

pub mod call;
pub mod connect;
#[cfg(test)]
mod faulty;
pub mod feed;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod logs;
mod page;
mod plugin;
mod proxy;
pub mod watch;
pub mod wire;
pub mod writer;

pub use call::{Answer, Body, Failure};
pub use connect::{Access, KubeContext, Reading, Writing};
pub use feed::{Cluster, Scope};
pub use writer::Writer;
