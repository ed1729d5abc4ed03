//! Crashes: which versions' pods did not start or stay up while this console looked, though those pods are gone.
//!
//! Nothing in a cluster remembers them once another version has taken their place. Deliberately absent: whether a version may
//! come again all the same ([`crate::plan::good`]).

use crate::model::live::image_name;
use crate::model::{Container, Pod, Version};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// More images than a cluster has; beyond these none is remembered.
const MOST: usize = 10_000;

/// When an image crashed last, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Crash {
    pub at: Timestamp,
    pub reason: String,
}

/// The newest crash of each image, by its name and tag.
#[derive(Debug, Default)]
pub struct Crashes(BTreeMap<(String, Version), Crash>);

impl Crashes {
    /// The versions of an image that crashed.
    pub fn of_image(&self, image: &str) -> impl Iterator<Item = (&Version, &Crash)> {
        let from = (image.to_owned(), Version::new(""));
        let found = self.0.range(from..);
        let found = found.take_while(move |((name, _), _)| *name == image);
        found.map(|((_, version), crash)| (version, crash))
    }

    /// A pod that is ready takes back what others of its version did.
    pub(super) fn remember(&mut self, pod: &Pod, at: Timestamp) {
        if pod.job.is_some() {
            return;
        }
        let key = |container: &Container| {
            let name = image_name(&container.image).to_owned();
            Some((name, Version::new(container.tag()?)))
        };
        if pod.ready {
            for key in pod.containers.iter().filter_map(key) {
                self.0.remove(&key);
            }
            return;
        }
        let Some(reason) = pod.crash_reason() else {
            return;
        };
        let down = pod.containers.iter().filter(|container| !container.ready);
        for key in down.filter_map(key) {
            if self.0.len() < MOST || self.0.contains_key(&key) {
                let reason = reason.to_string();
                self.0.insert(key, Crash { at, reason });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Fact;
    use crate::store::fixture::{ago, pod};

    fn whitehall(name: &str, version: &str, waiting: Option<&str>) -> Pod {
        let image = format!("registry.test/whitehall:{version}");
        let is_ready = waiting.is_none();
        match pod("production", "whitehall", name, &image, is_ready, waiting) {
            Fact::Pod(pod) => pod,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_crash_is_remembered_until_a_pod_of_its_version_is_ready() {
        let mut crashes = Crashes::default();
        crashes.remember(&whitehall("a", "v3084", Some("CrashLoopBackOff")), ago(60));
        crashes.remember(&whitehall("b", "v3083", None), ago(60));
        crashes.remember(&whitehall("c", "v3085", Some("ContainerCreating")), ago(50));
        let known = |crashes: &Crashes| {
            let found = crashes.of_image("whitehall");
            let found = found.map(|(version, crash)| (version.to_string(), crash.reason.clone()));
            found.collect::<Vec<_>>()
        };
        let crashed = ("v3084".to_owned(), "CrashLoopBackOff".to_owned());
        assert_eq!(known(&crashes), [crashed]);
        assert_eq!(crashes.of_image("white").count(), 0);
        crashes.remember(&whitehall("d", "v3084", None), ago(10));
        assert_eq!(known(&crashes), []);
    }
}
