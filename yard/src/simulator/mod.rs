//! Simulator: who plays Argo CD, Argo Workflows, the Deployment controller, the kubelets, the robot and the reviewer.
//!
//! An ordinary client of the Kubernetes API and of git: the same one drives the yard's own servers and real ones. Every
//! chance is drawn from the seed and the names of what it is about, so that the order of events decides nothing.

pub mod application;
mod argo_cd;
mod argo_workflows;
pub mod clock;
pub mod cluster;
pub mod kubelet;
pub mod logs;
pub mod opening;
mod releases;
pub mod robot;
mod rollout;
pub mod run;
pub mod workload;

use std::future::Future;
use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Options, Scenario};
use clock::Pace;
use cluster::Cluster;
use robot::Robot;

/// What every player knows.
pub struct Simulation {
    pace: Pace,
    seed: u64,
    scenario: Scenario,
    opened: Instant,
    robot: Robot,
    clusters: Vec<Cluster>,
    closed: CancellationToken,
}

impl Simulation {
    fn cluster(&self, environment: &str) -> Option<&Cluster> {
        self.clusters
            .iter()
            .find(|cluster| cluster.environment == environment)
    }

    /// Runs a task that ends with the yard.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let closed = self.closed.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = closed.cancelled() => {}
                () = task => {}
            }
        });
    }
}

/// The running simulator; dropping it stops every player.
pub struct Simulator {
    _guard: DropGuard,
}

impl Simulator {
    /// Starts every player.
    pub fn start(options: Options, clusters: Vec<Cluster>, robot: Robot) -> Simulator {
        let closed = CancellationToken::new();
        let simulation = Arc::new(Simulation {
            pace: Pace::new(options.speed),
            seed: options.seed,
            scenario: options.scenario,
            opened: Instant::now(),
            robot,
            clusters: clusters.clone(),
            closed: closed.clone(),
        });
        for cluster in clusters {
            simulation.spawn(argo_cd::run(simulation.clone(), cluster.clone()));
            simulation.spawn(argo_workflows::run(simulation.clone(), cluster));
        }
        simulation.spawn(releases::ship(simulation.clone()));
        simulation.spawn(releases::review(simulation.clone()));
        Simulator {
            _guard: closed.drop_guard(),
        }
    }
}
