//! Git: the repository that declares versions, as facts, as history, and as the commits that change it.
//!
//! Objects are read and written by git2 in the object database, never in a work tree; fetching and pushing is the git
//! program's, so that the user's ssh configuration and hooks hold. Deliberately absent: any repository host's API.

pub mod commit;
pub mod edit;
#[cfg(test)]
mod fixture;
pub mod history;
pub mod program;
pub mod push;
pub mod repository;
pub mod scalars;
pub mod send;
pub mod yaml;
