//! Logs: which logs a step or a target has, the most telling first; that one opens.
//!
//! Pods are found by label and annotation, never by name. Deliberately absent: reading them, and keeping their lines.

use super::{pods, runs};
use crate::delivery::{Delivery, EXECUTOR_CONTAINER, MAIN_CONTAINER};
use crate::model::log::LogSource;
use crate::model::tree::{LogOf, Tree};
use crate::model::*;
use crate::store::{ClusterList, Kind, Store, Unread};
use std::cmp::Reverse;
use std::sync::Arc;

/// Label of a run's pods: the run's name.
const RUN_LABEL: &str = "workflows.argoproj.io/workflow";

/// A log that can be shown, and its title: `post-sync-7xk2p govuk-e2e-tests(2)`, `whitehall-admin 5d8f-7j7fd v3083`.
/// Where room is short, the first word is left out.
#[derive(Clone, PartialEq, Debug)]
pub struct LogChoice {
    pub title: String,
    pub source: LogSource,
}

/// The logs of one step; the first one opens.
#[derive(Clone, PartialEq, Debug)]
pub struct StepLogs {
    pub node: Arc<str>,
    pub logs: Vec<LogChoice>,
}

/// The logs that a target has when nobody names a step or a pod of it.
#[derive(Clone, PartialEq, Debug)]
pub struct TargetLogs {
    pub logs: Vec<LogChoice>,
    /// Why these are its own pods' logs and not those of its newest run.
    pub instead: Option<NoLog>,
}

/// Why nothing can be opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoLog {
    /// Nothing runs yet, but a pod may still come.
    NotYet,
    /// In a sentence.
    Because(String),
}

/// The step of a run that somebody named: by its id, else by its whole name, else by the name that is shown, the uppermost.
pub fn step_named(run: &Run, tree: &Tree, name: &str) -> Option<Arc<str>> {
    let nodes = run.nodes.read();
    let found = |is: &dyn Fn(&Node) -> bool| {
        let mut rows = tree.rows.iter().filter_map(|row| nodes.get(row.node));
        rows.find(|node| is(node))
            .or_else(|| nodes.iter().find(|node| is(node)))
    };
    found(&|node| *node.id == *name)
        .or_else(|| found(&|node| *node.name == *name))
        .or_else(|| found(&|node| *node.display_name == *name))
        .map(|node| node.id.clone())
}

/// The logs of a step of a run; without a named step, of the one that the run opens on. The last try comes first, and
/// within a pod the container of the step's own program.
///
/// # Errors
/// Why there is none.
pub fn of_step(store: &Store, run: &Run, step: Option<&str>) -> Result<StepLogs, NoLog> {
    let tree = Tree::of_run(run);
    let step = step.map(Arc::from).or_else(|| tree.opens_on());
    let node = step.and_then(|id: Arc<str>| run.nodes.read().iter().find(|n| n.id == id));
    let Some(node) = node else {
        return Err(match &run.nodes {
            Nodes::Unread(why) => NoLog::Because(why.to_string()),
            Nodes::Read(_) if run.phase.is_over() => {
                NoLog::Because("This run has no steps, so it has no log.".to_owned())
            }
            Nodes::Read(_) => NoLog::NotYet,
        });
    };
    let is_over = run.phase.is_over() || node.finished.is_some();
    let of_node = tree.logs_of(&node.id);
    let logs = choices_of_step(store, run, node, of_node, !is_over);
    if !logs.is_empty() {
        return Ok(StepLogs {
            node: node.id.clone(),
            logs,
        });
    }
    let name = &node.display_name;
    if is_over && of_node.is_empty() {
        return Err(NoLog::Because(format!(
            "{name} ran no pod, so it has no log."
        )));
    }
    if let Some(unread) = pods_unread(store, run.environment(), &run.id.namespace) {
        return Err(NoLog::Because(unread));
    }
    Err(match is_over {
        true => NoLog::Because(format!(
            "The pods of {name} are gone; their logs went with them."
        )),
        false => NoLog::NotYet,
    })
}

/// The logs of a target: of its newest run unless its trouble shows in its own pods; where that run has none, because they
/// went with its pods or are still to come, those of its own pods.
///
/// # Errors
/// Why there is none.
pub fn of_target(
    store: &Store,
    delivery: &Delivery,
    target: &Target,
    by_pods: bool,
) -> Result<TargetLogs, NoLog> {
    let newest = runs::of_target(store, delivery, target).first().copied();
    let of_run = newest
        .filter(|_| !by_pods)
        .map(|run| of_step(store, run, None));
    let instead = match of_run {
        Some(Ok(StepLogs { logs, .. })) => {
            return Ok(TargetLogs {
                logs,
                instead: None,
            });
        }
        Some(Err(why)) => Some(why),
        None => None,
    };
    match of_app(store, delivery, target) {
        Ok(logs) => Ok(TargetLogs { logs, instead }),
        Err(why) => Err(instead.unwrap_or(why)),
    }
}

fn choices_of_step(
    store: &Store,
    run: &Run,
    node: &Node,
    of_node: &[LogOf],
    follow: bool,
) -> Vec<LogChoice> {
    let cluster = store.cluster(run.environment()).into_iter();
    let of_run = cluster.flat_map(|cluster| cluster.pods.iter()).filter(|p| {
        p.id.namespace == run.id.namespace
            && p.labels.get(RUN_LABEL).is_some_and(|l| *l == run.id.name)
    });
    // Tries are ordered by the engine's numbers, the last one first, because the pods of two tries may carry the same
    // second.
    let nth = |pod: &Pod| {
        let id = pod.node_id.as_ref()?;
        of_node.iter().position(|log| log.node_id == *id)
    };
    let mut pods: Vec<(usize, &Pod)> = of_run.filter_map(|pod| Some((nth(pod)?, pod))).collect();
    pods.sort_by_key(|(nth, pod)| (*nth, Reverse(pod.created), pod.id.clone()));
    // A retry's attempts have names of their own, which say which try it is.
    let title = |pod: &Pod| {
        let mut nodes = run.nodes.read().iter();
        let attempt = nodes.find(|n| Some(&n.id) == pod.node_id.as_ref());
        format!("{} {}", run.id.name, attempt.unwrap_or(node).display_name)
    };
    let mut choices = Vec::new();
    for (_, pod) in pods {
        let mut all: Vec<&Container> = pod.containers.iter().chain(&pod.init_containers).collect();
        all.sort_by_key(|container| match &*container.name {
            MAIN_CONTAINER => 0,
            EXECUTOR_CONTAINER => 2,
            _ if is_among(&pod.init_containers, container) => 3,
            _ => 1,
        });
        let title = title(pod);
        choices.extend(all.into_iter().map(|container| LogChoice {
            title: title.clone(),
            source: source(pod, container, false, follow),
        }));
    }
    // A member of a container set opens its own log; its neighbours' stay within reach.
    if let [log] = of_node
        && let Some(container) = &log.container
    {
        choices.sort_by_key(|choice| choice.source.container != *container);
    }
    choices
}

/// The logs of a target's own pods, those of hooks included, because a crash loop or a failed migration shows only
/// there. Pods that crash come first, then those that failed, that are not ready, that serve, and last those that are
/// done; within each kind the newest first. Within a pod a crashed container comes first, with the log from before its
/// restart.
///
/// # Errors
/// Why there is none.
pub fn of_app(
    store: &Store,
    delivery: &Delivery,
    target: &Target,
) -> Result<Vec<LogChoice>, NoLog> {
    if store.cluster(&target.environment).is_none() {
        return Err(NoLog::Because(format!(
            "No cluster is configured for {}, so there are no logs.",
            target.environment
        )));
    }
    let mut pods = pods(store, delivery, target);
    let has_passed = |job: &Arc<str>| {
        let mut of_job = pods.iter().filter(|pod| pod.job.as_ref() == Some(job));
        of_job.any(|pod| *pod.phase == *"Succeeded")
    };
    let mut ranked: Vec<(usize, &Pod)> = pods
        .iter()
        .map(|pod| (trouble(pod, has_passed), *pod))
        .collect();
    ranked.sort_by_key(|(trouble, pod)| (*trouble, Reverse(pod.created), pod.id.clone()));
    pods = ranked.into_iter().map(|(_, pod)| pod).collect();
    let choices: Vec<LogChoice> = pods
        .into_iter()
        .flat_map(|pod| choices_of_pod(delivery, target, pod))
        .collect();
    if choices.is_empty() {
        let unread = super::namespace(store, delivery, &target.environment, &target.app)
            .and_then(|namespace| pods_unread(store, &target.environment, namespace));
        let because = unread.unwrap_or_else(|| format!("{target} has no pods."));
        return Err(NoLog::Because(because));
    }
    Ok(choices)
}

/// The rank of a pod, smaller first. A failed try of a Job that passed since counts as done.
fn trouble(pod: &Pod, has_passed: impl Fn(&Arc<str>) -> bool) -> usize {
    match &*pod.phase {
        _ if pod.crash_reason().is_some() => 0,
        "Failed" if pod.job.as_ref().is_some_and(has_passed) => 4,
        "Failed" => 1,
        "Succeeded" => 4,
        _ if !pod.ready => 2,
        _ => 3,
    }
}

fn choices_of_pod(delivery: &Delivery, target: &Target, pod: &Pod) -> Vec<LogChoice> {
    let named = delivery
        .workloads
        .as_ref()
        .map_or(&[][..], |of| &of.containers);
    let mut all: Vec<&Container> = pod.containers.iter().chain(&pod.init_containers).collect();
    all.sort_by_key(|container| {
        let place = named.iter().position(|name| *name == container.name);
        (
            !has_crashed(container),
            is_among(&pod.init_containers, container),
            place.unwrap_or(named.len()),
        )
    });
    let title = title_of_pod(target, pod);
    let choice = |container: &Container| {
        // A container that waits to be restarted has its log in the one before it.
        let waits = container.waiting.is_some() && container.restarts > 0;
        LogChoice {
            title: title.clone(),
            source: source(pod, container, waits, !waits),
        }
    };
    all.into_iter().map(choice).collect()
}

fn source(pod: &Pod, container: &Container, previous: bool, follow: bool) -> LogSource {
    LogSource {
        pod: pod.id.clone(),
        container: container.name.clone(),
        previous,
        follow: follow && !has_ended(pod, container),
    }
}

fn is_among(containers: &[Container], container: &Container) -> bool {
    containers.iter().any(|c| std::ptr::eq(c, container))
}

/// It failed and does not run.
fn has_crashed(container: &Container) -> bool {
    let failed = container
        .terminated
        .as_ref()
        .is_some_and(|(_, code)| *code != 0);
    container.crash_reason().is_some() || failed && !container.running
}

/// Nothing more will be printed: its log is read to the end, and opens on its first error.
fn has_ended(pod: &Pod, container: &Container) -> bool {
    let terminated = container.terminated.is_some();
    matches!(&*pod.phase, "Succeeded" | "Failed")
        || terminated && !container.running && container.waiting.is_none()
}

/// `whitehall-admin 5d8f9c-7j7fd v3083`: the app, the rest of the pod's name, and the version that runs in it.
fn title_of_pod(target: &Target, pod: &Pod) -> String {
    let app = target.app.as_str();
    let name = &*pod.id.name;
    let rest = name
        .strip_prefix(app)
        .and_then(|rest| rest.strip_prefix('-'));
    let version = pod.containers.iter().find_map(Container::tag);
    let version = version.map(|tag| format!(" {}", Version::new(tag).short()));
    format!(
        "{app} {}{}",
        rest.unwrap_or(name),
        version.unwrap_or_default()
    )
}

/// Why no pod of an environment is known, where that is not because there is none.
fn pods_unread(store: &Store, environment: &Environment, namespace: &str) -> Option<String> {
    let list = ClusterList::new(Kind::Pods, namespace);
    store.unread(environment, &list).map(|why| match why {
        Unread::Reading => format!("The pods of {environment} are still being read."),
        Unread::NotConfigured => {
            format!("The pods of {environment} are not read: its cluster is not configured.")
        }
        Unread::Fault(fault) => {
            format!("The pods of {environment} cannot be read: {}", fault.detail)
        }
    })
}
