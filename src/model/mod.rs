//! What a delivery is: targets, versions, statuses, runs, changes, faults.
//!
//! Deliberately absent: IO, clocks, screens and every provider's wire type. Texts are raw here, as they came; only
//! [`crate::text::Safe`] is ever drawn.

pub mod attention;
pub mod back;
pub mod change;
pub mod declared;
pub mod exposure;
pub mod fault;
pub mod live;
pub mod log;
pub mod mute;
pub mod now;
pub mod retry;
pub mod run;
pub mod slot;
pub mod span;
pub mod target;
pub mod texts;
pub mod tree;
pub mod unwell;
pub mod version;

pub use attention::{Gravity, Word};
pub use back::TakenBack;
pub use change::{ActorKind, Change};
pub use declared::{AppDeclared, Declared, Tree};
pub use exposure::Exposure;
pub use fault::{Fault, FaultKind, Permission};
pub use live::{
    Application, Container, Deployment, Happening, Health, Job, Operation, Phase, Pod, Sync,
};
pub use mute::{Mute, Until};
pub use now::Now;
pub use run::{Node, NodeKind, NodePhase, Nodes, Run, RunPhase};
pub use slot::{Slot, Slots};
pub use span::span;
pub use target::{App, ClusterAddress, Environment, ObjectId, Repository, Target, is_object_name};
pub use texts::Texts;
pub use version::{Order, Version};
