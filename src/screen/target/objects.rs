//! Objects: what the cluster holds of one target, below its truths: Deployments that are not rolled out, pods, hooks and
//! Jobs, conditions, Kubernetes Events.
//!
//! Deliberately absent: what is well with a Deployment, which the truths say.

use super::Row;
use crate::belongs::{self, lists};
use crate::board::status::Status;
use crate::model::{
    Application, Container, Deployment, Now, Pod, Target, live::Rollout, span::span,
};
use crate::screen::line::{Line, Tone};
use crate::screen::time::when;
use crate::state::{ListKey, State};
use crate::store::{Kind, Unread};
use crate::text::{Safe, fit};

/// Appends their rows.
pub(super) fn objects(state: &State, status: &Status, rows: &mut Vec<Row>) {
    let delivery = &state.delivery;
    let mut section = |title: String, key: Option<ListKey>, own: Vec<Row>| {
        rows.push(Row::from(Line::new()));
        let line = Line::new().look(title, Tone::Bold);
        rows.push(Row { line, key });
        rows.extend(own);
    };
    let deployments = belongs::deployments(&state.store, delivery, &status.target);
    let rolling: Vec<Row> = deployments
        .iter()
        .flat_map(|deployment| deployment_lines(deployment))
        .map(Row::from)
        .collect();
    if !rolling.is_empty() {
        section("Deployments".to_owned(), None, rolling);
    }
    let pods = belongs::pods(&state.store, delivery, &status.target);
    let mut own: Vec<Row> = Vec::new();
    if pods.is_empty() {
        let nothing = "No pod of this app runs.";
        own.push(Line::from(missing(state, status, Kind::Pods, nothing)).into());
    }
    for pod in &pods {
        own.extend(
            pod_lines(state, pod)
                .into_iter()
                .enumerate()
                .map(|(nth, line)| {
                    let key = Some(ListKey::Pod(pod.id.clone(), nth));
                    Row { line, key }
                }),
        );
    }
    let title = titled(state, status, Kind::Pods, "pods", pods.len());
    section(title, None, own);
    let jobs = belongs::jobs(&state.store, delivery, &status.target);
    let Target { environment, app } = &status.target;
    let application = belongs::application(&state.store, delivery, environment, app.as_str());
    let hooks = application
        .and_then(|a| a.operation.as_ref())
        .map_or(&[][..], |operation| &operation.hooks);
    let mut own: Vec<Row> = Vec::new();
    for hook in hooks {
        let message = hook.message.as_deref().unwrap_or_default();
        let line = Line::from(format!(
            "{} {}/{} {}  {message}",
            hook.stage,
            hook.kind,
            hook.name,
            hook.phase.as_str()
        ));
        own.push(line.into());
    }
    for job in jobs {
        let line = Line::from(format!(
            "{}  {} active, {} succeeded, {} failed{}",
            job.id.name,
            job.active,
            job.succeeded,
            job.failed,
            job.hook
                .as_ref()
                .map(|h| format!(", {h} hook"))
                .unwrap_or_default()
        ));
        own.push(line.into());
    }
    if !own.is_empty() {
        section(format!("hooks and Jobs, {}", own.len()), None, own);
    }
    let said = application.map(application_lines).unwrap_or_default();
    if !said.is_empty() {
        let said = said.into_iter().map(Row::from).collect();
        section("Argo CD says".to_owned(), None, said);
    }
    let happenings = belongs::happenings(&state.store, delivery, &status.target);
    let mut own: Vec<Row> = Vec::new();
    if happenings.is_empty() {
        let nothing = "None is kept (servers keep them for an hour).";
        own.push(Line::from(missing(state, status, Kind::Happenings, nothing)).into());
    }
    let count = happenings.len();
    for happening in happenings {
        let look = if happening.warning {
            Tone::Warning
        } else {
            Tone::Plain
        };
        let at = happening
            .at
            .map(|at| when(at, state.now))
            .unwrap_or_default();
        let times = if happening.count > 1 {
            format!(" ({} times)", happening.count)
        } else {
            String::new()
        };
        let line = Line::new()
            .say(format!("{at} "))
            .look(&*happening.reason, look)
            .say(format!(
                " {}{times}: {}",
                happening.about, happening.message
            ));
        own.push(line.into());
    }
    let title = titled(state, status, Kind::Happenings, "Kubernetes Events", count);
    section(title, Some(ListKey::Events), own);
}

/// Where a rollout stands by kubectl's rules, and the conditions that say why; nothing of a finished one.
fn deployment_lines(deployment: &Deployment) -> Vec<Line> {
    let (words, look) = match deployment.rollout() {
        Rollout::Complete => return Vec::new(),
        Rollout::Paused => ("paused".to_owned(), Tone::Warning),
        Rollout::Waiting(why) => (why, Tone::Plain),
        Rollout::Failed(why) => (why, Tone::Bad),
    };
    let first = Line::new()
        .say(format!("{}: ", deployment.id.name))
        .look(words, look);
    // What Kubernetes calls well is True, but for the one that is named after a fault.
    let bad = deployment.conditions.iter().filter(|condition| {
        let is_fault = &*condition.kind == "ReplicaFailure";
        (&*condition.status == "True") == is_fault
    });
    let why = bad.map(|condition| {
        Line::from(format!(
            "  {} {}: {}",
            condition.kind, condition.reason, condition.message
        ))
    });
    std::iter::once(first).chain(why).collect()
}

/// What Argo CD says in words of its own: of the health, of the last operation, in conditions.
fn application_lines(application: &Application) -> Vec<Line> {
    let filled = |text: &Option<std::sync::Arc<str>>| {
        text.as_deref().filter(|t| !t.is_empty()).map(str::to_owned)
    };
    let health = filled(&application.health_message)
        .map(|message| format!("{}: {message}", application.health.as_str()));
    let operation = application.operation.as_ref();
    let last = operation
        .and_then(|operation| Some((operation, filled(&operation.message)?)))
        .map(|(operation, message)| {
            format!("last operation {}: {message}", operation.phase.as_str())
        });
    let failed = operation.into_iter().flat_map(|o| &o.failed);
    let conditions = application.conditions.iter();
    health
        .into_iter()
        .chain(last)
        .chain(failed.map(|failed| format!("not applied: {failed}")))
        .chain(conditions.map(|condition| format!("{}: {}", condition.kind, condition.message)))
        .map(Line::from)
        .collect()
}

/// A section's name with its count; none is no count where nobody has counted.
fn titled(state: &State, status: &Status, kind: Kind, name: &str, count: usize) -> String {
    let unread = lists::unread(&state.store, &state.delivery, &status.target, kind);
    if count == 0 && unread.is_some() {
        name.to_owned()
    } else {
        format!("{name}, {count}")
    }
}

/// Why a list is empty: it was not read, may not be, or there is nothing.
fn missing(state: &State, status: &Status, kind: Kind, nothing: &str) -> String {
    let target = &status.target;
    let Some(list) = lists::list_of(&state.store, &state.delivery, target, kind) else {
        return format!("The delivery has no {}.", kind.word());
    };
    match state.store.unread(&target.environment, &list) {
        None => nothing.to_owned(),
        Some(Unread::Reading) => "Being read.".to_owned(),
        Some(Unread::NotConfigured) => "Its cluster is not configured.".to_owned(),
        Some(Unread::Fault(fault)) => format!("{} {}", fault.detail, fault.hint),
    }
}

fn pod_lines(state: &State, pod: &Pod) -> Vec<Line> {
    let ready = pod.containers.iter().filter(|c| c.ready).count();
    let restarts: i64 = pod.containers.iter().map(|c| c.restarts).sum();
    let age = pod
        .created
        .map(|at| span(state.now.duration_since(at).as_secs()))
        .unwrap_or_default();
    let tag = pod
        .containers
        .iter()
        .find_map(Container::tag)
        .unwrap_or("?");
    let mut lines = vec![
        Line::new()
            .say(fit(&Safe::line(&pod.id.name), 36))
            .say(format!(
                " {:<9} {ready}/{}  {restarts} restarts  {age}  ",
                if pod.deleting { "deleting" } else { &pod.phase },
                pod.containers.len(),
            ))
            .say(tag),
    ];
    let refused = pod.unschedulable.iter();
    lines.extend(refused.map(|refused| {
        Line::new()
            .say("  ")
            .look(&*refused.reason, Tone::Warning)
            .say(format!("  {}", refused.message))
    }));
    for container in pod.init_containers.iter().chain(&pod.containers) {
        let why = match (&container.waiting, &container.terminated) {
            (Some(waiting), _) => waiting.to_string(),
            (None, Some((reason, code))) if !container.running => format!("{reason}, exit {code}"),
            (None, Some((reason, code))) if pod.restarting(&Now::new(state.now)).is_some() => {
                format!("ended before: {reason}, exit {code}")
            }
            _ => continue,
        };
        let message = container.waiting_message.as_deref().unwrap_or_default();
        lines.push(
            Line::new()
                .say(format!("  {}: ", container.name))
                .look(why, Tone::Warning)
                .say(format!("  {message}")),
        );
    }
    lines
}
