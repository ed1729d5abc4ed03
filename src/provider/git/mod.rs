//! Git: the repository that declares versions.
