//! Live: which versions the pods of a target run, and why pods do not start.

use super::here::Here;
use super::status::{FactsAt, Image};
use crate::model::live::{Rollout, image_name};
use crate::model::*;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Ready pods by version.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Live {
    /// Where all ready pods run one.
    pub version: Option<Version>,
    pub versions: BTreeMap<Version, usize>,
    /// Ready pods of one image run several versions of it (an app of several images has a version for each).
    pub mixed: bool,
    /// Where all ready pods run one.
    pub digest: Option<Arc<str>>,
    pub pods_ready: usize,
    /// Those that there are, or as many as its Deployments want where that is more.
    pub pods: usize,
    /// Every Deployment of it is as kubectl's `rollout status` has it done; true where none was read.
    pub is_rolled_out: bool,
    /// Pods of the newest version, and the worst reason why one of them waits.
    pub newest_ready: usize,
    pub newest: usize,
    pub waiting: Option<Arc<str>>,
    pub waiting_since: Option<Timestamp>,
    /// How the containers of one of them end again and again, though they run now.
    pub restarting: Option<String>,
    /// Pods of versions that are declared no more, or not yet: of each how many are ready, and how many there are.
    pub others: BTreeMap<Version, (usize, usize)>,
    /// A pod of a version that has left crashes: what health says may be about it.
    pub is_former_crashing: bool,
    /// When the youngest pod of the newest version was made.
    pub newest_since: Option<Timestamp>,
}

impl Live {
    /// A pod of the newest version does not start, or does not stay up.
    pub fn is_crashing(&self) -> bool {
        self.waiting.is_some() || self.restarting.is_some()
    }

    /// All pods are ready and run this version, and no rollout goes on.
    pub fn is_only(&self, version: &Version) -> bool {
        let is_ready = self.pods > 0 && self.pods_ready == self.pods && self.is_rolled_out;
        is_ready && self.version.as_ref() == Some(version)
    }

    /// All pods are ready and run what the files of their images declare, and no rollout goes on.
    pub fn is_as_declared(&self) -> bool {
        self.pods > 0 && self.newest_ready == self.pods && self.is_rolled_out
    }
}

impl<'a> FactsAt<'a> {
    pub(super) fn live(
        &self,
        here: &Here<'a>,
        app: &str,
        images: &[Image],
        declared: Option<&Version>,
    ) -> Live {
        let mut live = Live {
            is_rolled_out: true,
            ..Live::default()
        };
        let mut digests: Vec<&str> = Vec::new();
        let mut ready_tags: BTreeMap<&str, &str> = BTreeMap::new();
        let pods = here.pods(app);
        for pod in pods.iter().filter(|pod| pod.is_meant_to_serve()) {
            let Some(container) = self.shipped(pod, images) else {
                continue;
            };
            let version = container.tag().map(Version::new);
            let image = image_name(&container.image);
            // The file of this image says which version is new for it.
            let wanted = images
                .iter()
                .find(|i| i.repository.as_str() == image)
                .and_then(|i| i.declared.as_ref()?.version.as_ref())
                .or(declared);
            live.pods += 1;
            let newest = version.as_ref() == wanted;
            let other = version.clone().filter(|_| wanted.is_some() && !newest);
            live.newest += usize::from(newest);
            if newest {
                live.newest_since = live.newest_since.max(pod.created);
            }
            if pod.ready {
                live.pods_ready += 1;
                live.newest_ready += usize::from(newest);
                if let Some(tag) = container.tag() {
                    live.mixed |= *ready_tags.entry(image).or_insert(tag) != tag;
                }
                if let Some(version) = version {
                    *live.versions.entry(version).or_default() += 1;
                }
                digests.extend(container.digest());
            }
            let waiting = self.cannot_start(pod).filter(|_| !pod.ready);
            let restarting = pod.restarting(&self.now);
            // Pods of a version that is no longer declared say nothing against the present one.
            if let Some(other) = other {
                let (ready, all) = live.others.entry(other).or_default();
                *ready += usize::from(pod.ready);
                *all += 1;
                live.is_former_crashing |= waiting.is_some() || restarting.is_some();
                continue;
            }
            if let Some((reason, since)) = waiting {
                live.waiting.get_or_insert(reason);
                live.waiting_since = live.waiting_since.into_iter().chain(since).min();
            }
            if let Some(container) = restarting {
                live.restarting
                    .get_or_insert_with(|| self.restarts_in_words(container));
            }
        }
        let mut wanted = 0;
        for deployment in here.deployments(app) {
            let mut names = deployment.images.iter().map(|(_, image)| image_name(image));
            if names.any(|name| images.iter().any(|i| i.repository.as_str() == name)) {
                wanted += deployment.replicas_wanted.unwrap_or(1).max(0) as usize;
                live.is_rolled_out &= deployment.rollout() == Rollout::Complete;
            }
        }
        live.pods = live.pods.max(wanted);
        digests.sort_unstable();
        digests.dedup();
        live.digest = (digests.len() == 1).then(|| Arc::from(digests[0]));
        live.version = (live.versions.len() == 1)
            .then(|| live.versions.keys().next().cloned())
            .flatten();
        live
    }

    /// Why a pod will not become ready by waiting, and since when. A cluster gets time to make room for it.
    fn cannot_start(&self, pod: &Pod) -> Option<(Arc<str>, Option<Timestamp>)> {
        let crash = pod.crash_reason();
        let crash = crash.map(|reason| (reason.clone(), pod.created));
        crash.or_else(|| {
            let refused = pod.unschedulable.as_ref()?;
            let since = refused.at.or(pod.created);
            let is_long =
                since.is_none_or(|at| self.now.is_past(at, self.delivery.usual.rollout.1));
            // What the scheduler tried besides comes after its first sentence.
            let why = refused.message.split(". ").next().unwrap_or_default();
            let why = why.trim_end_matches('.');
            is_long.then(|| (Arc::from(format!("{} ({why})", refused.reason)), since))
        })
    }

    /// `OOMKilled (exit 137), 12 restarts, the last 4m ago`.
    fn restarts_in_words(&self, container: &Container) -> String {
        let how = container.terminated.as_ref();
        let how = how.map_or_else(String::new, |(reason, code)| {
            format!("{reason} (exit {code}), ")
        });
        let last = container.ended.map(|at| self.now.age(at));
        format!(
            "{how}{} restarts, the last {} ago",
            container.restarts,
            last.unwrap_or_default()
        )
    }

    /// The container whose image carries the version.
    fn shipped<'p>(&self, pod: &'p Pod, images: &[Image]) -> Option<&'p Container> {
        let workloads = self.delivery.workloads.as_ref()?;
        let named = &workloads.containers;
        let ships = |container: &&Container| {
            images
                .iter()
                .any(|i| image_name(&container.image) == i.repository.as_str())
        };
        let by_name = pod.containers.iter().find(|c| named.contains(&c.name));
        by_name
            .filter(ships)
            .or_else(|| pod.containers.iter().find(ships))
            .or(by_name)
    }
}
