//! Git: the repository that declares versions, as facts, as history, and as the commits that change it.
//!
//! Objects are read and written by git2 in the object database, never in a work tree; fetching and pushing is the git
//! program's, so that the user's ssh configuration and hooks hold. Deliberately absent: any repository host's API.

pub mod apps;
pub mod change;
pub mod commit;
pub mod declared;
pub mod edit;
pub mod exposure;
pub mod fault;
pub mod feed;
#[cfg(test)]
mod fixture;
pub mod history;
pub mod lacks;
mod mirror;
pub mod path_template;
pub mod program;
pub mod push;
pub mod repository;
pub mod scalars;
pub mod seek;
pub mod send;
pub mod writer;
pub mod yaml;
