//! Notes: a listener that writes down what a watch reads in tests, and the words that a scripted server says to it.

use super::{Listener, Pace, Watch, WatchEvent, signal};
use crate::provider::kubernetes::faulty::{Asked, Faulty, Reply};
use crate::provider::kubernetes::wire::{Meta, Pod, Wire as _};
use jiff::Timestamp;
use serde_json::json;
use std::time::Duration;
use tokio::sync::mpsc;

/// What was heard, a word a piece; signs of life and clocks left out.
struct Notes(mpsc::UnboundedSender<String>);

impl Listener<Pod> for Notes {
    async fn receive(&mut self, event: WatchEvent<Pod>) -> bool {
        let named = |meta: &Meta| format!("{}@{}", meta.name, meta.resource_version);
        let note = match event {
            WatchEvent::Begin => "begin".to_owned(),
            WatchEvent::Item(pod) => format!("+{}", named(pod.meta())),
            WatchEvent::End => "end".to_owned(),
            WatchEvent::Gone(meta) => format!("-{}", named(&meta)),
            WatchEvent::Odd { name, .. } => format!("?{name}"),
            WatchEvent::Recovered => "well".to_owned(),
            WatchEvent::Fault { fault, retry_at } => {
                let wait = retry_at
                    .unwrap()
                    .duration_since(Timestamp::now())
                    .as_secs_f64()
                    .ceil();
                format!("{:?} {wait}", fault.kind)
            }
            WatchEvent::Alive | WatchEvent::Skew(_) => return !self.0.is_closed(),
        };
        self.0.send(note).is_ok()
    }
    async fn closed(&self) {
        self.0.closed().await;
    }
}

pub(super) struct Heard {
    pub(super) notes: mpsc::UnboundedReceiver<String>,
    pub(super) kick: signal::Sender<u64>,
    pub(super) task: tokio::task::JoinHandle<()>,
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Heard {
    pub(super) async fn next(&mut self) -> String {
        let limit = Duration::from_secs(20);
        tokio::time::timeout(limit, self.notes.recv())
            .await
            .expect("something within 20 s")
            .expect("a watch that runs")
    }

    pub(super) async fn expect(&mut self, notes: &[&str]) {
        for note in notes {
            assert_eq!(self.next().await, *note, "of {notes:?}");
        }
    }
}

pub(super) fn hurried() -> Pace {
    Pace {
        first: Duration::from_millis(10),
        longest: Duration::from_millis(40),
        page: 2,
        ..Pace::default()
    }
}

pub(super) fn watch_with(server: &Faulty, pace: Pace) -> Heard {
    let (tell, notes) = mpsc::unbounded_channel();
    let (kick, kicked) = signal::channel(0);
    let access = server.access();
    let task = tokio::spawn(async move {
        let watch = Watch {
            access: &access,
            namespace: "apps",
            selector: "app=publisher",
            pace,
            kick: kicked,
            calls: None,
        };
        watch.run(&mut Notes(tell)).await;
    });
    Heard { notes, kick, task }
}

pub(super) fn watch(server: &Faulty) -> Heard {
    watch_with(server, hurried())
}

pub(super) fn object(name: &str, version: u32) -> serde_json::Value {
    json!({"metadata": {"name": name, "namespace": "apps", "resourceVersion": version.to_string()}})
}

pub(super) fn event(kind: &str, name: &str, version: u32) -> String {
    format!(
        "{}\n",
        json!({"type": kind, "object": object(name, version)})
    )
}

pub(super) fn bookmark(version: u32, first_part_ends: bool) -> String {
    let annotations = if first_part_ends {
        json!({"k8s.io/initial-events-end": "true"})
    } else {
        json!(null)
    };
    format!(
        "{}\n",
        json!({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": version.to_string(), "annotations": annotations}}})
    )
}

pub(super) fn error(code: u16, message: &str) -> String {
    format!(
        "{}\n",
        json!({"type": "ERROR", "object": {"kind": "Status", "code": code, "message": message}})
    )
}

pub(super) fn list(names: &[(&str, u32)], version: u32, next: &str) -> Reply {
    let items: Vec<_> = names
        .iter()
        .map(|(name, version)| object(name, *version))
        .collect();
    let list = json!({"kind": "PodList", "items": items, "metadata": {"resourceVersion": version.to_string(), "continue": next}});
    Reply::json(200, &list.to_string())
}

pub(super) fn is_watch(asked: &Asked) -> bool {
    asked.path.contains("watch=1")
}

pub(super) fn is_watch_list(asked: &Asked) -> bool {
    asked.path.contains("sendInitialEvents=true")
}

pub(super) fn from(asked: &Asked) -> &str {
    asked
        .path
        .split(['?', '&'])
        .find_map(|p| p.strip_prefix("resourceVersion="))
        .unwrap_or("")
}
