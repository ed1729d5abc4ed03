//! Demo: the practice yard, real servers on loopback and a bare git repository, driven by a seeded simulator.

pub mod kubernetes;
pub mod loopback;
