//! Demo: the practice yard, real servers on loopback and a bare git repository, driven by a seeded simulator.

pub mod fleet;
pub mod history;
pub mod kubernetes;
pub mod loopback;
pub mod repository;

/// What is wrong when the yard opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// Nothing that hurries.
    Calm,
    /// publisher's smoke run failed on staging, on a flake.
    FlakySmoke,
    /// whitehall-admin's new pods crash in production.
    CrashLoop,
    /// places-manager's database migration failed in production.
    MigrationFailed,
    /// integration's API server does not answer.
    EnvironmentDown,
}
