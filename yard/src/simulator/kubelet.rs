//! Kubelet: a stand-in that serves the logs of one environment's pods over HTTPS, as a real kubelet does.
//!
//! Deliberately absent: everything else that a kubelet does, and authentication, because only this machine can reach it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::stream;
use jiff::Timestamp;

use super::logs::{Line, Script};
use crate::loopback::{Certificate, LoopbackServer};

/// How often a followed log is looked at for new lines.
const LOOK: Duration = Duration::from_millis(200);

/// Names a log: the pod, the container, and whether it is the log from before the last restart.
type ContainerKey = (String, String, bool);

/// What every container prints.
#[derive(Clone, Default)]
pub struct ContainerLogs(Arc<Mutex<HashMap<ContainerKey, Script>>>);

impl ContainerLogs {
    fn lock(&self) -> MutexGuard<'_, HashMap<ContainerKey, Script>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets what a container prints from now on.
    pub fn set(&self, pod: &str, container: &str, previous: bool, script: Script) {
        self.lock()
            .insert((pod.to_owned(), container.to_owned(), previous), script);
    }

    /// Ends a container now: the rest of its script is never printed.
    pub fn end_pod(&self, pod: &str, at: Timestamp) {
        for ((known, _, _), script) in self.lock().iter_mut() {
            if known == pod {
                script.cut = Some(at);
            }
        }
    }

    /// Drops the logs of a pod, which go with it.
    pub fn forget_pod(&self, pod: &str) {
        self.lock().retain(|(known, _, _), _| known != pod);
    }

    fn script(&self, pod: &str, container: &str, previous: bool) -> Option<Script> {
        self.lock()
            .get(&(pod.to_owned(), container.to_owned(), previous))
            .cloned()
    }
}

/// The server.
pub struct Kubelet {
    listening: LoopbackServer,
    /// What its containers print.
    pub logs: ContainerLogs,
}

impl Kubelet {
    /// Serves on a free port of the loopback.
    pub async fn start(certificate: &Certificate) -> io::Result<Kubelet> {
        let logs = ContainerLogs::default();
        let router = Router::new()
            .route("/containerLogs/{namespace}/{pod}/{container}", get(serve))
            .with_state(logs.clone());
        Ok(Kubelet {
            listening: LoopbackServer::start(certificate, router).await?,
            logs,
        })
    }

    /// The port that a Node's status names.
    pub fn port(&self) -> u16 {
        self.listening.address().port()
    }
}

async fn serve(
    State(logs): State<ContainerLogs>,
    Path((_, pod, container)): Path<(String, String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let flag = |name: &str| query.get(name).is_some_and(|value| value == "true");
    let Some(script) = logs.script(&pod, &container, flag("previous")) else {
        let message = if flag("previous") {
            format!("previous terminated container \"{container}\" in pod \"{pod}\" not found")
        } else {
            format!(
                "container \"{container}\" in pod \"{pod}\" is waiting to start: ContainerCreating"
            )
        };
        return (StatusCode::BAD_REQUEST, message).into_response();
    };
    let now = Timestamp::now();
    let since = query
        .get("sinceTime")
        .and_then(|text| text.parse::<Timestamp>().ok());
    let since = since.or_else(|| {
        let seconds: i64 = query.get("sinceSeconds")?.parse().ok()?;
        now.checked_sub(jiff::SignedDuration::from_secs(seconds))
            .ok()
    });
    let mut first = script.lines(None, now);
    if let Some(since) = since {
        first.retain(|line| line.0 >= since);
    }
    if let Some(tail) = query
        .get("tailLines")
        .and_then(|text| text.parse::<usize>().ok())
    {
        first.drain(..first.len().saturating_sub(tail));
    }
    let stamps = flag("timestamps");
    if !flag("follow") {
        let mut text = show(&first, stamps);
        if let Some(limit) = query
            .get("limitBytes")
            .and_then(|text| text.parse::<usize>().ok())
        {
            text.truncate(text.floor_char_boundary(limit));
        }
        return Body::from(text).into_response();
    }
    let body = Body::from_stream(stream::unfold(Some((Some(first), now)), move |state| {
        let (logs, script, pod, container) =
            (logs.clone(), script.clone(), pod.clone(), container.clone());
        async move {
            let (first, mut seen) = state?;
            if let Some(first) = first {
                let next = (!script.over(seen)).then_some((None, seen));
                return Some((Ok::<_, Infallible>(show(&first, stamps)), next));
            }
            loop {
                tokio::time::sleep(LOOK).await;
                let now = Timestamp::now();
                // The log ends when its pod is deleted, or stopped before its script was over.
                let script = logs.script(&pod, &container, false)?;
                let lines = script.lines(Some(seen), now);
                let over = script.over(now);
                if over || !lines.is_empty() {
                    let next = (!over).then_some((None, now));
                    return Some((Ok(show(&lines, stamps)), next));
                }
                seen = now;
            }
        }
    }));
    body.into_response()
}

fn show(lines: &[Line], stamps: bool) -> String {
    let mut text = String::new();
    for (at, line) in lines {
        if stamps {
            text.push_str(&at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ ").to_string());
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}
