//! Unwell: why a pod does not start, or does not stay up.
//!
//! Deliberately absent: which version it is of, and so whose fault that is (the board's conclusions).

use super::{Container, Now, Pod};
use std::sync::Arc;

/// From so many restarts on a container restarts again and again, if its last life was short and ended lately.
const MANY_RESTARTS: i64 = 3;
/// Seconds that a life is short by, and that an end was lately: kubelet forgets a crash loop after ten minutes of life, so a
/// container that crashes twice an hour is never called one.
pub const SHORT_LIFE_S: i64 = 3_600;

impl Pod {
    /// Why it will not become ready by waiting.
    pub fn crash_reason(&self) -> Option<&Arc<str>> {
        let waits = self.all_containers().find_map(Container::crash_reason);
        // A crash loop is waited out in turns: between two of them a container has ended, and waits for nothing yet.
        let has_ended = || self.all_containers().find_map(Container::failed_just_now);
        waits.or_else(|| has_ended().filter(|_| self.is_meant_to_serve()))
    }

    /// The container that runs now and ends again and again.
    pub fn restarting(&self, now: &Now) -> Option<&Container> {
        let serves = self.is_meant_to_serve();
        let mut restarting = self.all_containers().filter(|c| c.restarts_often(now));
        restarting.next().filter(|_| serves)
    }

    /// The containers that do not start or do not stay up themselves, each with the reason.
    pub fn crashing(&self, now: &Now) -> impl Iterator<Item = (&Container, &Arc<str>)> {
        let serves = self.is_meant_to_serve();
        self.all_containers().filter_map(move |container| {
            let ended = container.terminated.as_ref().map(|(reason, _)| reason);
            let again = || ended.filter(|_| container.restarts_often(now));
            let has_ended = || container.failed_just_now().or_else(again);
            let waits = container.crash_reason();
            let reason = waits.or_else(|| has_ended().filter(|_| serves));
            Some((container, reason?))
        })
    }

    pub fn all_containers(&self) -> impl Iterator<Item = &Container> {
        self.init_containers.iter().chain(&self.containers)
    }
}

impl Container {
    /// Why it will not run by waiting: kubelet's reasons that say error.
    pub fn crash_reason(&self) -> Option<&Arc<str>> {
        const BY_NAME: [&str; 3] = [
            "InvalidImageName",
            "RegistryUnavailable",
            "SignatureValidationFailed",
        ];
        let bad = |reason: &&Arc<str>| {
            reason.starts_with("Err")
                || reason.ends_with("Error")
                || reason.ends_with("BackOff")
                || BY_NAME.contains(&&***reason)
        };
        self.waiting.as_ref().filter(bad)
    }

    /// Why it ended with an error, where it neither runs again nor waits to.
    fn failed_just_now(&self) -> Option<&Arc<str>> {
        let ended = self.terminated.as_ref();
        let ended = ended.filter(|_| !self.running && self.waiting.is_none());
        let failed = ended.filter(|(reason, code)| *code != 0 && !reason.is_empty());
        failed.map(|(reason, _)| reason)
    }

    /// Whether it did its work, or runs and has not ended lately: what is ready between two ends is no sign that it runs well.
    pub fn stays_up(&self, now: &Now) -> bool {
        let is_lately = |at| !now.is_past(at, SHORT_LIFE_S);
        let is_done = || matches!(&self.terminated, Some((_, 0)) if self.waiting.is_none());
        match self.running {
            true => !self.ended.is_some_and(is_lately),
            false => is_done(),
        }
    }

    fn restarts_often(&self, now: &Now) -> bool {
        self.running
            && self.restarts >= MANY_RESTARTS
            && self.ended.is_some_and(|at| !now.is_past(at, SHORT_LIFE_S))
            && self.lasted_s.is_none_or(|lasted| lasted <= SHORT_LIFE_S)
    }
}
