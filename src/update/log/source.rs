//! Source: whose log is opened, of a step or of an app's own pods, and which containers stand beside it.
//!
//! Deliberately absent: moving in a log, and reading it (an effect).

use super::super::press::go;
use super::start;
use crate::action::{Action, Place};
use crate::effect::Effect;
use crate::model::tree::Tree;
use crate::model::{Container, Environment, Node, Nodes, ObjectId, Pod, Target, Version};
use crate::provider::LogSource;
use crate::screen::{keys, layout, run as runs};
use crate::state::{LogChoice, Pane, State, View};
use crate::store::{Kind, Source};
use std::sync::Arc;

/// Enter on a step: its log fills the pane, or the screen where there is no room beside.
pub fn of_step(state: &mut State, effects: &mut Vec<Effect>) {
    // Another step's log, which may still be open, is not this one's.
    if of_step_quietly(state, effects) {
        into(state);
    }
}

/// Focuses the log beside the board, or fills the screen with it where there is no room beside.
pub fn into(state: &mut State) {
    if layout::panes(state).log.is_none() {
        go(state, View::Log);
    } else {
        go(state, View::Board);
        state.ui.pane = Pane::Log;
    }
}

/// Opens the log of the selected step, or of the app's own pods where the target has no run. One that cannot be opened yet
/// is remembered: see [`that_came_late`].
/// Says whether it is open.
pub fn of_step_quietly(state: &mut State, effects: &mut Vec<Effect>) -> bool {
    let Some(ui) = &mut state.ui.run else {
        return false;
    };
    ui.awaits_log = false;
    let target = ui.target.clone();
    if runs::opened(state).is_none() {
        return of_pods(state, target, None, effects);
    }
    match of_node(state) {
        Ok((node, sources)) => {
            opened(state, node, sources, effects);
            return true;
        }
        Err(None) => await_log(state),
        Err(Some(why)) => state.complain(why),
    }
    false
}

/// Where the log stands beside the run, it opens by itself as soon as it can.
fn await_log(state: &mut State) {
    let is_beside = layout::panes(state).log.is_some();
    let step = state.ui.run.as_ref().and_then(|ui| ui.node.as_ref());
    let node = runs::opened(state).and_then(|run| {
        let mut nodes = run.nodes.read().iter();
        nodes.find(|node| Some(&node.id) == step)
    });
    let name = node.map_or("This run", |node| &node.display_name);
    let then = match is_beside {
        true => "its log opens when it has one.".to_owned(),
        false => {
            let key = keys::first(state, Place::Run, Action::Enter);
            format!("press {key} again when it runs.")
        }
    };
    state.tell(format!("{name} has no pod yet; {then}"));
    if let Some(ui) = &mut state.ui.run {
        ui.awaits_log = is_beside;
    }
}

/// Once before a frame with new facts: a log that was waited for opens.
pub fn that_came_late(state: &mut State, effects: &mut Vec<Effect>) {
    let is_awaited = state.ui.run.as_ref().is_some_and(|ui| ui.awaits_log);
    if is_awaited && let Ok((node, sources)) = of_node(state) {
        state.ui.notice = None;
        opened(state, node, sources, effects);
    }
}

fn opened(state: &mut State, node: Arc<str>, sources: Vec<LogChoice>, effects: &mut Vec<Effect>) {
    let Some(ui) = &mut state.ui.run else { return };
    ui.awaits_log = false;
    // A run that had no steps yet when it was opened had none to select.
    ui.node.get_or_insert(node);
    let target = ui.target.clone();
    start(state, target, sources, 0, effects);
}

/// The selected step of the open run, and its logs.
///
/// # Errors
/// Why there is none; nothing: there is none yet.
fn of_node(state: &State) -> Result<(Arc<str>, Vec<LogChoice>), Option<String>> {
    let (Some(ui), Some(run)) = (&state.ui.run, runs::opened(state)) else {
        return Err(None);
    };
    let tree = Tree::of(run);
    let node = ui.node.clone().or_else(|| tree.opens_on());
    let Some(node) = node.and_then(|id| run.nodes.read().iter().find(|n| n.id == id)) else {
        return Err(match &run.nodes {
            Nodes::Unread(why) => Some(why.to_string()),
            Nodes::Read(_) if run.phase.is_over() => {
                Some("This run has no steps, so it has no log.".to_owned())
            }
            Nodes::Read(_) => None,
        });
    };
    let is_over = run.phase.is_over() || node.finished.is_some();
    let sources = sources_of_node(state, run, node, !is_over);
    if !sources.is_empty() {
        return Ok((node.id.clone(), sources));
    }
    let name = &node.display_name;
    if is_over && tree.logs_of(&node.id).is_empty() {
        return Err(Some(format!("{name} ran no pod, so it has no log.")));
    }
    if let Some(unread) = pods_unread(state, &run.id.environment) {
        return Err(Some(unread));
    }
    Err(is_over.then(|| format!("The pods of {name} are gone; their logs went with them.")))
}

/// Why no pod of an environment is known, where that is not because there is none: absence is a fact only after a list.
fn pods_unread(state: &State, environment: &Environment) -> Option<String> {
    let source = state.store.source(&Source::Cluster(environment.clone()))?;
    let pods = source.kinds.get(&Kind::Pods);
    match (source.fault.as_ref().or_else(|| pods?.fault.as_ref()), pods) {
        (_, Some(pods)) if pods.listed => None,
        (Some(fault), _) => Some(format!(
            "The pods of {environment} cannot be read: {}",
            fault.detail
        )),
        (None, _) => Some(format!("The pods of {environment} are still being read.")),
    }
}

/// The containers of a node's pod: main first, then wait and init. Pods are found by label and annotation, never by name.
fn sources_of_node(
    state: &State,
    run: &crate::model::Run,
    node: &Node,
    follow: bool,
) -> Vec<LogChoice> {
    let tree = Tree::of(run);
    let logs = tree.logs_of(&node.id);
    let Some(cluster) = state.store.cluster(&run.id.environment) else {
        return Vec::new();
    };
    let mut pods: Vec<&Pod> = cluster
        .pods
        .iter()
        .filter(|pod| {
            pod.labels
                .get("workflows.argoproj.io/workflow")
                .map(|v| &**v)
                == Some(&*run.id.name)
        })
        .filter(|pod| {
            pod.node_id
                .as_ref()
                .is_some_and(|id| logs.iter().any(|log| log.node_id == *id))
        })
        .collect();
    let attempt = |pod: &Pod| {
        let mut nodes = run.nodes.read().iter();
        nodes.find(|n| Some(&n.id) == pod.node_id.as_ref())
    };
    // The last attempt speaks first, by the engine's own account of it.
    pods.sort_by_key(|pod| std::cmp::Reverse((attempt(pod).and_then(|n| n.started), pod.created)));
    // A retry's attempts have names of their own, which say which try it is.
    let title = |pod: &Pod| {
        let attempt = attempt(pod);
        format!("{} {}", run.id.name, attempt.unwrap_or(node).display_name)
    };
    let mut sources: Vec<LogChoice> = pods
        .iter()
        .flat_map(|pod| containers(pod, &title(pod), follow))
        .collect();
    // A member of a container set opens its own log; its neighbours' stay within reach.
    if let [log] = logs
        && let Some(container) = &log.container
    {
        sources.sort_by_key(|choice| choice.source.container != *container);
    }
    sources
}

fn containers(pod: &Pod, title: &str, follow: bool) -> Vec<LogChoice> {
    let mut all: Vec<&Container> = pod.containers.iter().chain(&pod.init_containers).collect();
    all.sort_by_key(|container| match &*container.name {
        "main" | "app" => 0,
        "wait" => 2,
        "init" => 3,
        _ => 1,
    });
    let choice = |container: &Container| LogChoice {
        title: title.to_owned(),
        source: LogSource {
            pod: pod.id.clone(),
            container: container.name.clone(),
            previous: false,
            follow: follow && !has_ended(pod, container),
        },
    };
    all.into_iter().map(choice).collect()
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

/// The app's own pods, the troubled ones first, those of hooks included: that is where a crash loop and a failed migration
/// speak. A container that waits to be restarted speaks through its previous one. Opens on `pod`, else on the first; says whether
/// there is one.
pub fn of_pods(
    state: &mut State,
    target: Target,
    pod: Option<&ObjectId>,
    effects: &mut Vec<Effect>,
) -> bool {
    let label = state.delivery.workloads.app_label.clone();
    let Some(cluster) = state.store.cluster(&target.environment) else {
        state.complain(format!(
            "No cluster is configured for {}, so there are no logs.",
            target.environment
        ));
        return false;
    };
    let mut pods: Vec<&Pod> = cluster
        .pods
        .iter()
        .filter(|pod| pod.labels.get(&label).map(|v| &**v) == Some(target.app.as_str()))
        .collect();
    pods.sort_by_key(|pod| {
        let crashes = crate::board::status::crash_reason(pod).is_some();
        let failed = &*pod.phase == "Failed";
        (
            !crashes,
            !failed,
            pod.ready,
            std::cmp::Reverse(pod.created),
            pod.id.name.clone(),
        )
    });
    let sources: Vec<LogChoice> = pods
        .iter()
        .flat_map(|pod| {
            let title = title_of_pod(&target, pod);
            containers(pod, &title, true).into_iter().map(|choice| {
                let waits = pod.containers.iter().any(|c| {
                    c.name == choice.source.container && c.waiting.is_some() && c.restarts > 0
                });
                let source = LogSource {
                    previous: waits,
                    follow: choice.source.follow && !waits,
                    ..choice.source
                };
                LogChoice { source, ..choice }
            })
        })
        .collect();
    if sources.is_empty() {
        let unread = pods_unread(state, &target.environment);
        state.complain(unread.unwrap_or_else(|| format!("{target} has no pods.")));
        return false;
    }
    let first = pod.and_then(|id| sources.iter().position(|choice| choice.source.pod == *id));
    start(state, target, sources, first.unwrap_or(0), effects);
    true
}
