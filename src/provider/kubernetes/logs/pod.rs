//! Pod: what the API server says of a pod, as far as its logs go.
//!
//! Deliberately absent: what else a pod is, which the watch reads.

use crate::model::log::ContainerState;
use serde::Deserialize;

/// The pod as far as its logs go.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Pod {
    pub(super) metadata: Meta,
    pub(super) spec: Spec,
    pub(super) status: Status,
}
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Meta {
    pub(super) uid: String,
    pub(super) deletion_timestamp: Option<String>,
}
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Spec {
    pub(super) restart_policy: String,
}
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Status {
    pub(super) phase: String,
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
    pub(super) container_statuses: Vec<Container>,
    pub(super) init_container_statuses: Vec<Container>,
    pub(super) ephemeral_container_statuses: Vec<Container>,
}
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Container {
    pub(super) name: String,
    #[serde(rename = "containerID")]
    pub(super) container_id: String,
    pub(super) state: Turn,
    pub(super) last_state: Turn,
}
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Turn {
    pub(super) running: Option<serde::de::IgnoredAny>,
    pub(super) terminated: Option<Ended>,
    pub(super) waiting: Option<Waiting>,
}
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Ended {
    #[serde(rename = "containerID")]
    pub(super) container_id: String,
}
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Waiting {
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
}

impl Ended {
    fn id(&self) -> Option<String> {
        (!self.container_id.is_empty()).then(|| self.container_id.clone())
    }
}

impl Container {
    /// Which container the kubelet would read, by its own rule (validateContainerLogStatus).
    pub(super) fn seen(&self, previous: bool) -> ContainerState {
        let last = self.last_state.terminated.as_ref().and_then(Ended::id);
        if previous {
            return ContainerState {
                id: last,
                running: false,
                previous: None,
            };
        }
        if self.state.running.is_some() {
            let id = (!self.container_id.is_empty()).then(|| self.container_id.clone());
            return ContainerState {
                id,
                running: true,
                previous: last,
            };
        }
        let ended = self.state.terminated.as_ref();
        match (ended.and_then(Ended::id), last) {
            (Some(id), last) => ContainerState {
                id: Some(id),
                running: false,
                previous: last,
            },
            // One that ended without a name is asked for all the same: the server says best why there is nothing.
            (None, last) => ContainerState {
                id: last.or_else(|| ended.map(|_| String::new())),
                running: false,
                previous: None,
            },
        }
    }
}

impl Pod {
    pub(super) fn container(&self, name: &str) -> Option<&Container> {
        let status = &self.status;
        status
            .container_statuses
            .iter()
            .chain(&status.init_container_statuses)
            .chain(&status.ephemeral_container_statuses)
            .find(|container| container.name == name)
    }

    /// Why a container of it has not begun, in the kubelet's words: the reason, and what there is to say beside it.
    pub(super) fn why_not<'p>(&'p self, container: Option<&'p Container>) -> (&'p str, String) {
        let waiting = container.and_then(|container| container.state.waiting.as_ref());
        let reason = waiting
            .and_then(|waiting| waiting.reason.as_deref())
            .or(self.status.reason.as_deref())
            .unwrap_or(if container.is_none() {
                "no container of this name was started"
            } else {
                "waiting"
            });
        let more = waiting
            .and_then(|waiting| waiting.message.as_deref())
            .or(self.status.message.as_deref())
            .map_or_else(String::new, |message| format!(" ({message})"));
        (reason, more)
    }
}
