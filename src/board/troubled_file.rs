//! Troubled file: which of a target's files its worst word is about, so that the lever against it moves that one.

use super::here::Here;
use super::status::{FactsAt, Image, Status};
use crate::model::live::image_name;
use crate::model::{Container, Pod, Repository, Version, Word};

impl FactsAt<'_> {
    /// The file that the worst word is about; none where the target has one file only, or the word is about none.
    pub(super) fn troubled_file(&self, status: &Status, here: &Here<'_>) -> Option<Repository> {
        if status.images.len() < 2 {
            return None;
        }
        let find = |is_about: &dyn Fn(&Image, &Version) -> bool| {
            let about = status.images.iter().find(|image| {
                let declared = image.declared.as_ref();
                let version = declared.and_then(|declared| declared.version.as_ref());
                version.is_some_and(|version| is_about(image, version))
            });
            about.map(|image| image.repository.clone())
        };
        match status.attention.first()? {
            Word::Held => status.gate_in.repository.clone(),
            Word::Stuck => status.late.as_ref()?.repository.clone(),
            Word::Lower => find(&|image, version| self.lost_of(status, image, version).is_some()),
            Word::Back => status.undone.clone().or_else(|| {
                find(&|image, version| self.owed_back(status, image, version).is_some())
            }),
            Word::Branch => find(&|_, version| self.delivery.versions.is_branch(version)),
            Word::Crash => {
                let pods = here.pods(status.target.app.as_str());
                find(&|image, version| {
                    let is_its = |container: &Container| {
                        image_name(&container.image) == image.repository.as_str()
                            && container.tag() == Some(version.as_str())
                    };
                    pods.iter().any(|pod| self.crashes(pod, is_its))
                })
            }
            _ => None,
        }
    }

    fn crashes(&self, pod: &Pod, is_its: impl Fn(&Container) -> bool) -> bool {
        let is_down = pod.crash_reason().is_some() || pod.restarting(&self.now).is_some();
        let mut its = pod.containers.iter().filter(|container| is_its(container));
        is_down
            && !pod.ends_by_itself()
            && its.any(|container| !container.ready || container.restarts > 0)
    }
}
