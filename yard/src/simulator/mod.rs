//! Simulator: plays Argo CD, Argo Workflows, the Deployment controller, the kubelets, the robot and the reviewer.
//!
//! It is an ordinary client of the Kubernetes API and of git, so it can play on the yard's own servers and on real ones.
//! Every random choice is made from the seed and the names of the objects concerned, so that the order of events, which
//! differs from run to run, has no influence.

pub mod application;
mod argo_cd;
mod argo_workflows;
pub mod clock;
pub mod cluster;
mod cron_jobs;
mod hooks;
pub mod kubelet;
pub mod logs;
pub mod opening;
mod releases;
mod retries;
pub mod robot;
mod rollout;
pub mod run;
pub mod workload;

use std::collections::HashSet;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Options, Scenario};
use clock::Pace;
use cluster::Cluster;
use robot::Robot;

/// What all parts of the simulator share.
pub struct Simulation {
    pace: Pace,
    seed: u64,
    scenario: Scenario,
    opened: Instant,
    robot: Robot,
    clusters: Vec<Cluster>,
    /// Environment and app of the Applications that a test has deleted and that must not come back.
    withheld: Mutex<HashSet<(String, String)>>,
    closed: CancellationToken,
    tasks: TaskTracker,
}

impl Simulation {
    fn cluster(&self, environment: &str) -> Option<&Cluster> {
        self.clusters
            .iter()
            .find(|cluster| cluster.environment == environment)
    }

    fn is_withheld(&self, environment: &str, app: &str) -> bool {
        let withheld = self.withheld.lock().unwrap_or_else(PoisonError::into_inner);
        withheld.contains(&(environment.to_owned(), app.to_owned()))
    }

    /// Runs a task that ends with the yard.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let closed = self.closed.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = closed.cancelled() => {}
                () = task => {}
            }
        });
    }
}

/// How long dropping the simulator waits for tasks that still write.
const PATIENCE: Duration = Duration::from_secs(10);

/// The running simulator. Dropping it stops all its tasks and waits until none of them writes any more.
pub struct Simulator {
    simulation: Arc<Simulation>,
}

impl Simulator {
    /// Starts all its tasks.
    pub fn start(options: Options, clusters: Vec<Cluster>, robot: Robot) -> Simulator {
        let tasks = robot.tasks().clone();
        let simulation = Arc::new(Simulation {
            pace: Pace::new(options.speed),
            seed: options.seed,
            scenario: options.scenario,
            opened: Instant::now(),
            robot,
            clusters: clusters.clone(),
            withheld: Mutex::default(),
            closed: CancellationToken::new(),
            tasks,
        });
        for cluster in clusters {
            simulation.spawn(argo_cd::run(simulation.clone(), cluster.clone()));
            simulation.spawn(cron_jobs::run(simulation.clone(), cluster.clone()));
            simulation.spawn(argo_workflows::run(simulation.clone(), cluster));
        }
        simulation.spawn(releases::ship(simulation.clone()));
        simulation.spawn(releases::configure(simulation.clone()));
        simulation.spawn(releases::review(simulation.clone()));
        Simulator { simulation }
    }

    #[cfg(test)]
    pub(crate) fn robot(&self) -> &Robot {
        &self.simulation.robot
    }

    /// Deletes an app's Application with all that it deployed, and keeps the parent from bringing it back.
    ///
    /// # Errors
    /// Where the environment's API server does not take it.
    pub async fn withhold_application(
        &self,
        environment: &str,
        app: &str,
    ) -> Result<(), cluster::ClusterError> {
        let own = (environment.to_owned(), app.to_owned());
        let withheld = self.simulation.withheld.lock();
        withheld.unwrap_or_else(PoisonError::into_inner).insert(own);
        match self.simulation.cluster(environment) {
            Some(cluster) => cluster.delete("applications", app).await,
            None => Ok(()),
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let Simulation { closed, tasks, .. } = &*self.simulation;
        closed.cancel();
        tasks.close();
        let runtime = Handle::try_current();
        // On a runtime with a single thread the tasks could not end while this waits on that thread.
        if let Ok(runtime) = runtime
            && runtime.runtime_flavor() == RuntimeFlavor::MultiThread
        {
            let ended = tokio::time::timeout(PATIENCE, tasks.wait());
            let ended = tokio::task::block_in_place(|| runtime.block_on(ended));
            if ended.is_err() {
                tracing::warn!("the simulator still writes; its folder may stay behind");
            }
        }
    }
}
