//! Simulator: who plays Argo CD, Argo Workflows, the Deployment controller, the kubelets and the robot in the yard.

pub mod application;
pub mod clock;
pub mod kubelet;
pub mod logs;
pub mod opening;
pub mod run;
pub mod workload;
