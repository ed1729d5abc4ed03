//! Crashes: which versions' containers did not start or stay up while this console looked, though their pods are gone.
//!
//! Nothing in a cluster remembers them once another version has taken their place. Deliberately absent: whether a version may
//! come again all the same ([`crate::plan::good`]).

use crate::model::live::image_name;
use crate::model::unwell::SHORT_LIFE_S;
use crate::model::{Container, Now, Pod, Version};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// More images than crash in a cluster in a day; beyond these the oldest crash is forgotten.
const MOST: usize = 10_000;
/// For so many seconds a crash speaks against its version: what made it crash is likely mended after a day.
const COUNTS_FOR_S: i64 = 24 * 3_600;

/// When an image crashed last, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Crash {
    pub at: Timestamp,
    pub reason: String,
}

/// A version of an image as one app runs it: what serves in one app proves nothing of another that ships the same.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct AppImage {
    pub image: String,
    pub version: Version,
    pub namespace: Arc<str>,
    pub app: Arc<str>,
    /// An app may run one image as several workloads: what serves in one proves nothing of another.
    pub workload: Arc<str>,
}

impl AppImage {
    fn new(pod: &Pod, app: &Arc<str>, container: &Container) -> Option<Self> {
        Some(Self {
            image: image_name(&container.image).to_owned(),
            version: Version::new(container.tag()?),
            namespace: pod.id.namespace.clone(),
            app: app.clone(),
            workload: pod.workload().into(),
        })
    }

    /// Those that an app's pod shows to run well: it is ready, and every container of them in it stays up. It may be on its
    /// way out.
    pub fn that_stay_up(pod: &Pod, app: &Arc<str>, now: &Now) -> BTreeSet<Self> {
        if !pod.ready || pod.ends_by_itself() {
            return BTreeSet::new();
        }
        let of = |container: &Container| Self::new(pod, app, container);
        let (well, unwell): (Vec<_>, Vec<_>) = pod
            .all_containers()
            .partition(|container| container.stays_up(now));
        let mut well: BTreeSet<Self> = well.into_iter().filter_map(of).collect();
        for image in unwell.into_iter().filter_map(of) {
            well.remove(&image);
        }
        well
    }
}

/// The newest crash of each image of each app.
#[derive(Debug, Default)]
pub struct Crashes(BTreeMap<AppImage, Crash>);

impl Crashes {
    /// The crashes of an image's versions that still count.
    pub fn of_image(&self, image: &str, now: &Now) -> impl Iterator<Item = (&AppImage, &Crash)> {
        let from = AppImage {
            image: image.to_owned(),
            version: Version::new(""),
            namespace: Arc::default(),
            app: Arc::default(),
            workload: Arc::default(),
        };
        let found = self.0.range(from..);
        let found = found.take_while(move |(known, _)| known.image == image);
        found.filter(|(_, crash)| !now.is_past(crash.at, COUNTS_FOR_S))
    }

    /// A pod that runs well takes back what others of its app did with the same images.
    pub(super) fn remember(&mut self, pod: &Pod, app: &Arc<str>, seen_at: Timestamp) {
        if pod.ends_by_itself() {
            return;
        }
        let now = Now::new(seen_at);
        for image in AppImage::that_stay_up(pod, app, &now) {
            // One that crashed lately and one that did not are taken away together, and nobody knows which is seen last.
            let is_old = |crash: &Crash| now.is_past(crash.at, SHORT_LIFE_S);
            if !pod.deleting || self.0.get(&image).is_some_and(is_old) {
                self.0.remove(&image);
            }
        }
        for (container, reason) in pod.crashing(&now) {
            let Some(image) = AppImage::new(pod, app, container) else {
                continue;
            };
            // What runs between two ends crashed when it ended last.
            let ended = container.ended.filter(|_| container.running);
            let at = ended.map_or(seen_at, |ended| ended.min(seen_at));
            if self.0.get(&image).is_some_and(|known| known.at > at) {
                continue;
            }
            let reason = reason.to_string();
            self.0.insert(image, Crash { at, reason });
            if self.0.len() > MOST {
                self.forget_oldest();
            }
        }
    }

    fn forget_oldest(&mut self) {
        let oldest = self.0.iter().min_by_key(|(_, crash)| crash.at);
        if let Some(image) = oldest.map(|(image, _)| image.clone()) {
            self.0.remove(&image);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Fact;
    use crate::store::fixture::{ago, pod};

    /// A pod of whitehall that is ready, or waits for a reason.
    fn whitehall(version: &str, waiting: Option<&str>) -> Pod {
        let image = format!("registry.test/whitehall:{version}");
        let is_ready = waiting.is_none();
        match pod("production", "", "a", &image, is_ready, waiting) {
            Fact::Pod(pod) => pod,
            other => panic!("{other:?}"),
        }
    }

    fn crashing(version: &str) -> Pod {
        whitehall(version, Some("CrashLoopBackOff"))
    }

    /// A container that runs, and ended so many seconds ago for the nth time.
    fn restarted(container: &mut Container, times: i64, seconds_ago: i64) {
        container.running = true;
        container.restarts = times;
        container.terminated = Some(("OOMKilled".into(), 137));
        container.ended = Some(ago(seconds_ago));
        container.lasted_s = Some(20);
    }

    /// The app container beside one of another image, which waits for a reason.
    fn with_proxy(mut pod: Pod, waiting: Option<&str>) -> Pod {
        let proxy = crashing("v9").containers.remove(0);
        pod.containers.push(Container {
            name: "proxy".into(),
            image: "registry.test/proxy:v9".into(),
            waiting: waiting.map(Arc::from),
            running: waiting.is_none(),
            ..proxy
        });
        pod
    }

    fn remembered(pods: &[(&str, Pod)]) -> Crashes {
        let mut crashes = Crashes::default();
        for (app, pod) in pods {
            crashes.remember(pod, &Arc::from(*app), ago(60));
        }
        crashes
    }

    /// What is known of whitehall so many seconds later.
    fn known_after(crashes: &Crashes, seconds: i64) -> Vec<String> {
        let now = Now::new(ago(60 - seconds));
        let found = crashes.of_image("whitehall", &now);
        let text = |(of, crash): (&AppImage, &Crash)| {
            format!("{} {}: {}", of.app, of.version, crash.reason)
        };
        found.map(text).collect()
    }

    fn known(pods: &[(&str, Pod)]) -> Vec<String> {
        known_after(&remembered(pods), 0)
    }

    const OF_V3084: [&str; 1] = ["whitehall v3084: CrashLoopBackOff"];
    const NOTHING: [&str; 0] = [];

    #[test]
    fn a_crash_is_remembered_until_a_pod_of_its_version_is_ready() {
        let mut pods = vec![
            ("whitehall", crashing("v3084")),
            ("whitehall", whitehall("v3083", None)),
            ("whitehall", whitehall("v3085", Some("ContainerCreating"))),
        ];
        assert_eq!(known(&pods), OF_V3084);
        let others = remembered(&pods);
        let now = Now::new(ago(0));
        assert_eq!(others.of_image("white", &now).count(), 0);
        pods.push(("whitehall", whitehall("v3084", None)));
        assert_eq!(known(&pods), NOTHING);
    }

    #[test]
    fn a_pod_that_is_being_deleted_or_restarted_lately_takes_nothing_back() {
        type Change = fn(&mut Pod);
        let changes: [(Change, bool); 6] = [
            (|pod| pod.deleting = true, false),
            (|pod| restarted(&mut pod.containers[0], 1, 100), false),
            (|pod| restarted(&mut pod.containers[0], 1, 7_200), true),
            (|pod| pod.ready = false, false),
            (|pod| *pod = with_proxy(pod.clone(), None), true),
            (
                |pod| {
                    *pod = with_proxy(pod.clone(), None);
                    restarted(&mut pod.containers[1], 2, 100);
                },
                true,
            ),
        ];
        for (n, (change, is_taken_back)) in changes.into_iter().enumerate() {
            let mut ready = whitehall("v3084", None);
            change(&mut ready);
            let known = known(&[("whitehall", crashing("v3084")), ("whitehall", ready)]);
            assert_eq!(known.is_empty(), is_taken_back, "change {n}");
        }
    }

    /// Its last event may be the first since it restarted: a pod that runs on says nothing.
    #[test]
    fn what_ran_well_for_long_since_it_crashed_is_taken_back_when_it_is_deleted() {
        let app = Arc::from("whitehall");
        for (crashed, is_taken_back) in [(7_200, true), (1_800, false)] {
            let mut crashes = Crashes::default();
            let mut pod = whitehall("v3084", None);
            let container = &mut pod.containers[0];
            restarted(container, 1, crashed);
            (container.running, pod.ready) = (false, false);
            crashes.remember(&pod, &app, ago(crashed));
            (pod.containers[0].running, pod.ready) = (true, true);
            crashes.remember(&pod, &app, ago(crashed - 5));
            assert_eq!(known_after(&crashes, 0).len(), 1);
            pod.deleting = true;
            crashes.remember(&pod, &app, ago(60));
            assert_eq!(known_after(&crashes, 0).is_empty(), is_taken_back);
        }
    }

    #[test]
    fn a_ready_pod_of_another_app_takes_nothing_back() {
        let pods = [
            ("whitehall", crashing("v3084")),
            ("whitehall-admin", whitehall("v3084", None)),
        ];
        assert_eq!(known(&pods), OF_V3084);
        let mut elsewhere = whitehall("v3084", None);
        elsewhere.id.namespace = "licensing".into();
        let pods = [("whitehall", crashing("v3084")), ("whitehall", elsewhere)];
        assert_eq!(known(&pods), OF_V3084);
    }

    /// The workers of an app run its image, and are well where its servers crash.
    #[test]
    fn a_ready_pod_of_another_workload_takes_nothing_back() {
        let of = |mut pod: Pod, name: &str, hash: Option<&str>| {
            pod.id.name = name.into();
            let hash = hash.map(|hash| ("pod-template-hash".into(), hash.into()));
            pod.labels.extend(hash);
            ("whitehall", pod)
        };
        let crashes = || of(crashing("v3084"), "web-5d8f-aaaaa", Some("5d8f"));
        let ready = |name, hash| of(whitehall("v3084", None), name, hash);
        for other in [
            ready("worker-5d8f-bbbbb", Some("5d8f")),
            ready("worker-0", None),
        ] {
            assert_eq!(known(&[crashes(), other]), OF_V3084);
        }
        // Another template of the same workload may be what was mended.
        let mended = ready("web-77aa-ccccc", Some("77aa"));
        assert_eq!(known(&[crashes(), mended]), NOTHING);
    }

    #[test]
    fn what_ends_again_and_again_is_remembered_as_of_its_last_end() {
        let mut again = whitehall("v3084", None);
        restarted(&mut again.containers[0], 7, 90);
        let crashes = remembered(&[("whitehall", again.clone())]);
        assert_eq!(known_after(&crashes, 0), ["whitehall v3084: OOMKilled"]);
        let now = Now::new(ago(60));
        let mut crash = crashes.of_image("whitehall", &now).map(|(_, crash)| crash);
        assert_eq!(crash.next().map(|crash| crash.at), Some(ago(90)));
        again.deleting = true;
        assert_eq!(known(&[("whitehall", again)]), NOTHING);
    }

    #[test]
    fn the_pods_of_jobs_and_runs_are_not_remembered() {
        let mut job = crashing("v3084");
        job.job = Some("migrate".into());
        let mut run = crashing("v3084");
        run.node_id = Some("post-sync-1".into());
        assert_eq!(known(&[("whitehall", job), ("whitehall", run)]), NOTHING);
    }

    #[test]
    fn only_the_image_that_crashes_itself_is_blamed() {
        let crash = "CrashLoopBackOff";
        let mut ready = whitehall("v3084", None);
        ready.ready = false;
        let beside = with_proxy(ready.clone(), Some(crash));
        assert_eq!(known(&[("whitehall", beside)]), NOTHING);
        // Nor is one that is not ready because of the other.
        let beside = with_proxy(whitehall("v3084", Some("PodInitializing")), Some(crash));
        assert_eq!(known(&[("whitehall", beside)]), NOTHING);
        // What prepares a pod may be of the same image.
        let mut own = whitehall("v3084", Some("PodInitializing"));
        own.init_containers = crashing("v3084").containers;
        assert_eq!(known(&[("whitehall", own.clone())]), OF_V3084);
        // Once it is through, and the pod ready, it ran well however lately it ended.
        let mut through = whitehall("v3084", None);
        through.init_containers = own.init_containers.clone();
        let init = &mut through.init_containers[0];
        (init.waiting, init.terminated) = (None, Some(("Completed".into(), 0)));
        init.ended = Some(ago(70));
        assert_eq!(
            known(&[("whitehall", own), ("whitehall", through)]),
            NOTHING
        );
    }

    #[test]
    fn a_crash_counts_for_a_day() {
        let crashes = remembered(&[("whitehall", crashing("v3084"))]);
        assert_eq!(known_after(&crashes, COUNTS_FOR_S), OF_V3084);
        assert_eq!(known_after(&crashes, COUNTS_FOR_S + 1), NOTHING);
        let now = Now::new(ago(60));
        assert_eq!(crashes.of_image("whitehall", &now).count(), 1);
        let ends = ago(60 - COUNTS_FOR_S - 1);
        assert_eq!(now.take_until(), Some(ends), "asked again then");
    }

    #[test]
    fn beyond_the_most_the_oldest_is_forgotten() {
        let mut crashes = Crashes::default();
        let app = Arc::from("whitehall");
        let first = 20_000;
        for n in 0..=MOST as i64 {
            crashes.remember(&crashing(&format!("v{n}")), &app, ago(first - n));
        }
        assert_eq!(crashes.0.len(), MOST);
        let known = known_after(&crashes, 0);
        let is_known = |n: usize| known.contains(&format!("whitehall v{n}: CrashLoopBackOff"));
        assert!(!is_known(0) && is_known(1) && is_known(MOST));
    }
}
