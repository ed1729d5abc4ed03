//! Words: what objects name by their labels and parameters, as the delivery calls these.
//!
//! Deliberately absent: whether what an object says of itself counts, which `belongs` decides.

use super::Fact;
use crate::delivery::Delivery;
use crate::model::{Repository, Run, Texts};
use std::sync::Arc;

/// The labels and parameters by which objects name their app, as the delivery file gives them.
#[derive(Debug)]
pub(super) struct Words {
    workload: Option<Arc<str>>,
    run: Option<Arc<str>>,
    /// The template of runs that deliver, and the word by which they name the repository of the file that they write.
    deploy: Option<Arc<str>>,
    file: Option<Arc<str>>,
}

impl Words {
    pub(super) fn new(delivery: &Delivery) -> Self {
        let runs = delivery.runs.as_ref();
        Self {
            workload: delivery.workloads.as_ref().map(|of| of.app_label.clone()),
            run: runs.map(|runs| runs.app_label.clone()),
            deploy: runs.and_then(|runs| Some(runs.deploy.as_ref()?.template.clone())),
            file: runs.map(|runs| runs.repository_label.clone()),
        }
    }

    pub(super) fn app<'f>(&self, fact: &'f Fact) -> Option<&'f Arc<str>> {
        let label = |labels: &'f Texts| labels.get(self.workload.as_ref()?);
        match fact {
            Fact::Application(application) => Some(&application.id.name),
            // What a run does is said by its parameter; the label is only what it is called.
            Fact::Run(run) => {
                let word = self.run.as_ref()?;
                let named = run.parameters.get(word).or_else(|| run.labels.get(word));
                named.filter(|app| !app.is_empty())
            }
            Fact::Deployment(deployment) => label(&deployment.labels),
            Fact::Pod(pod) => label(&pod.labels),
            Fact::Job(job) => label(&job.labels),
            Fact::Happening(_) => None,
        }
    }

    /// The repository that a run delivers: its file's rows say who ordered what it brought.
    pub(super) fn delivered(&self, run: &Run) -> Option<Repository> {
        let delivers = self.deploy.is_some() && run.template == self.deploy;
        run.repository(self.file.as_ref().filter(|_| delivers)?)
    }
}
