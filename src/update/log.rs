//! Log: which log is shown, and moving in it.
//!
//! Deliberately absent: fetching (that is an effect) and drawing.

use super::press::go;
use super::run as runs;
use crate::action::Action;
use crate::effect::Effect;
use crate::model::log::{Faults, Filter, Log, Pattern};
use crate::model::{Environment, Node, Pod, Target};
use crate::provider::{LogPiece, LogSource};
use crate::state::{LogUi, Pane, PromptKind, State, View};
use crate::store::{Kind, Source};

pub fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let rows = crate::view::layout::log_rows(state).max(1) as u64;
    match action {
        Action::Down => by(state, 1),
        Action::Up => by(state, -1),
        Action::PageDown => by(state, rows as i64),
        Action::PageUp => by(state, -(rows as i64)),
        Action::Top => by(state, i64::MIN / 2),
        Action::Bottom | Action::Follow => follow(state),
        Action::Wrap => with(state, |log| log.wrap = !log.wrap),
        Action::Search => super::prompt::open(state, PromptKind::Search),
        Action::FilterLines => super::prompt::open(state, PromptKind::FilterLines),
        Action::SearchNext => search(state, true),
        Action::SearchBack => search(state, false),
        Action::ErrorNext => error(state, true),
        Action::ErrorBack => error(state, false),
        Action::SaveLog => save(state, effects),
        Action::Newer => container(state, 1, effects),
        Action::Older => container(state, -1, effects),
        Action::Previous => previous(state, effects),
        _ => {}
    }
}

fn with(state: &mut State, change: impl FnOnce(&mut LogUi)) {
    match &mut state.ui.log {
        Some(log) => change(log),
        None => state.complain("No log is open; Enter on a step opens it."),
    }
}

/// Moves by shown lines.
fn by(state: &mut State, lines: i64) {
    let rows = crate::view::layout::log_rows(state).max(1) as u64;
    with(state, |log| {
        log.following = false;
        match &log.filter {
            None => {
                let last = log.log.end().saturating_sub(rows).max(log.log.first());
                log.top = log
                    .top
                    .saturating_add_signed(lines)
                    .clamp(log.log.first(), last);
            }
            Some(filter) => {
                let numbers = filter.numbers();
                let place = numbers.partition_point(|n| *n < log.top) as u64;
                let last = (numbers.len() as u64).saturating_sub(rows);
                let place = place.saturating_add_signed(lines).min(last);
                log.top = numbers.get(place as usize).copied().unwrap_or(log.top);
            }
        }
        log.selected = log.top;
    });
}

/// Puts a line into sight, a third from the top.
fn show(log: &mut LogUi, line: u64, rows: u64) {
    log.following = false;
    log.selected = line;
    let last = log.log.end().saturating_sub(rows).max(log.log.first());
    log.top = line.saturating_sub(rows / 3).clamp(log.log.first(), last);
}

fn follow(state: &mut State) {
    with(state, |log| log.following = true);
    settle(state);
}

pub fn set_search(state: &mut State, text: &str) {
    match Pattern::parse(text) {
        Ok(pattern) => with(state, |log| {
            log.search = pattern;
            log.search_text = text.to_owned();
        }),
        Err(why) => state.complain(why),
    }
    search(state, true);
}

pub fn set_filter(state: &mut State, text: &str) {
    match Pattern::parse(text) {
        Ok(pattern) => with(state, |log| {
            log.filter = pattern.map(Filter::new);
            log.filter_text = text.to_owned();
            if let Some(filter) = &mut log.filter {
                filter.refresh(&log.log);
            }
        }),
        Err(why) => state.complain(why),
    }
}

pub fn clear_filter(state: &mut State) {
    with(state, |log| {
        log.filter = None;
        log.filter_text.clear();
    });
}

fn search(state: &mut State, forward: bool) {
    let rows = crate::view::layout::log_rows(state).max(1) as u64;
    let mut missed = None;
    with(state, |log| {
        let Some(pattern) = &log.search else { return };
        let from = if forward {
            log.selected + 1
        } else {
            log.selected.saturating_sub(1)
        };
        match log.log.find(pattern, from, forward) {
            Some(line) => show(log, line, rows),
            None => missed = Some(log.search_text.clone()),
        }
    });
    if let Some(text) = missed {
        state.complain(format!("No line matches {text}."));
    }
}

fn error(state: &mut State, forward: bool) {
    let rows = crate::view::layout::log_rows(state).max(1) as u64;
    let mut none = false;
    with(state, |log| match log.faults.next(log.selected, forward) {
        Some(line) => show(log, line, rows),
        None => none = true,
    });
    if none {
        state.complain(if forward {
            "There is no further error."
        } else {
            "There is no earlier error."
        });
    }
}

fn save(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(ui) = &state.ui.log else {
        state.complain("No log is open; Enter on a step opens it.");
        return;
    };
    let bytes = ui.log.text();
    let stem = ui.title.replace(
        |c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.',
        "-",
    );
    effects.push(Effect::Save { stem, bytes });
}

/// Another container of the same place.
fn container(state: &mut State, by: isize, effects: &mut Vec<Effect>) {
    let Some(ui) = &state.ui.log else { return };
    let Some(source) = ui
        .source
        .checked_add_signed(by)
        .filter(|s| *s < ui.sources.len())
    else {
        state.complain("There is no further container here.");
        return;
    };
    let (sources, target, title) = (ui.sources.clone(), ui.target.clone(), ui.title.clone());
    start(state, target, title, sources, source, effects);
}

/// The previous container of a restarted one, or back to the present one.
fn previous(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(ui) = &state.ui.log else { return };
    let Some(now) = ui.sources.get(ui.source) else {
        return;
    };
    let other = LogSource {
        previous: !now.previous,
        follow: now.previous,
        ..now.clone()
    };
    let mut sources = ui.sources.clone();
    if let Some(place) = sources.get_mut(ui.source) {
        *place = other;
    }
    let (target, title, source) = (ui.target.clone(), ui.title.clone(), ui.source);
    start(state, target, title, sources, source, effects);
}

/// Enter on a step: its log fills the pane, or the screen where there is no room beside.
pub fn of_step(state: &mut State, effects: &mut Vec<Effect>) {
    of_step_quietly(state, effects);
    if state.ui.log.is_some() {
        into(state);
    }
}

/// Focuses the log beside the board, or fills the screen with it where there is no room beside.
pub fn into(state: &mut State) {
    if crate::view::layout::panes(state).log.is_none() {
        go(state, View::Log);
    } else {
        go(state, View::Board);
        state.ui.pane = Pane::Log;
    }
}

/// Opens the log of the selected step, or of the app's own pods where the target has no run.
pub fn of_step_quietly(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(ui) = &state.ui.run else { return };
    let target = ui.target.clone();
    let Some(run) = runs::opened(state) else {
        of_pods(state, target, effects);
        return;
    };
    let node = ui
        .node
        .clone()
        .or_else(|| crate::model::tree::Tree::of(run).opens_on());
    let Some(node) = node.and_then(|id| run.nodes.read().iter().find(|n| n.id == id)) else {
        state.complain("This run has no step to read; its nodes are unread.");
        return;
    };
    let over = run.phase.is_over() || node.finished.is_some();
    let title = format!("{} {}", run.id.name, node.display_name);
    let sources = sources_of_node(state, run, node, !over);
    let name = node.display_name.clone();
    if sources.is_empty() {
        let unread = pods_unread(state, &target.environment);
        state.complain(
            unread.unwrap_or_else(|| {
                format!("The pods of {name} are gone; their logs went with them.")
            }),
        );
        return;
    }
    start(state, target, title, sources, 0, effects);
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
) -> Vec<LogSource> {
    let tree = crate::model::tree::Tree::of(run);
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
    // The last attempt speaks first.
    pods.sort_by_key(|pod| std::cmp::Reverse(pod.created));
    let mut sources: Vec<LogSource> = pods
        .iter()
        .flat_map(|pod| containers(pod, follow))
        .collect();
    // A member of a container set opens its own log; its neighbours' stay within reach.
    if let [log] = logs
        && let Some(container) = &log.container
    {
        sources.sort_by_key(|source| source.container != *container);
    }
    sources
}

fn containers(pod: &Pod, follow: bool) -> Vec<LogSource> {
    let mut names: Vec<_> = pod
        .containers
        .iter()
        .chain(&pod.init_containers)
        .map(|c| c.name.clone())
        .collect();
    names.sort_by_key(|name| match &**name {
        "main" | "app" => 0,
        "wait" => 2,
        "init" => 3,
        _ => 1,
    });
    let source = |container| LogSource {
        pod: pod.id.clone(),
        container,
        previous: false,
        follow,
    };
    names.into_iter().map(source).collect()
}

/// The app's own pods, the troubled ones first, those of hooks included: that is where a crash loop and a failed migration
/// speak. A container that waits to be restarted speaks through its previous one.
pub fn of_pods(state: &mut State, target: Target, effects: &mut Vec<Effect>) {
    let label = state.delivery.workloads.app_label.clone();
    let Some(cluster) = state.store.cluster(&target.environment) else {
        state.complain(format!(
            "No cluster is configured for {}, so there are no logs.",
            target.environment
        ));
        return;
    };
    let mut pods: Vec<&Pod> = cluster
        .pods
        .iter()
        .filter(|pod| pod.labels.get(&label).map(|v| &**v) == Some(target.app.as_str()))
        .collect();
    pods.sort_by_key(|pod| {
        let crashes = crate::store::status::crash_reason(pod).is_some();
        let failed = &*pod.phase == "Failed";
        (
            !crashes,
            !failed,
            pod.ready,
            std::cmp::Reverse(pod.created),
            pod.id.name.clone(),
        )
    });
    let sources: Vec<LogSource> =
        pods.iter()
            .flat_map(|pod| {
                containers(pod, true).into_iter().map(|source| {
                    let waits = pod.containers.iter().any(|c| {
                        c.name == source.container && c.waiting.is_some() && c.restarts > 0
                    });
                    LogSource {
                        previous: waits,
                        follow: !waits,
                        ..source
                    }
                })
            })
            .collect();
    if sources.is_empty() {
        let unread = pods_unread(state, &target.environment);
        state.complain(unread.unwrap_or_else(|| format!("{target} has no pods.")));
        return;
    }
    start(
        state,
        target.clone(),
        format!("{} pods", target.app),
        sources,
        0,
        effects,
    );
}

fn start(
    state: &mut State,
    target: Target,
    title: String,
    sources: Vec<LogSource>,
    source: usize,
    effects: &mut Vec<Effect>,
) {
    let same = |ui: &LogUi| ui.sources.get(ui.source) == sources.get(source) && ui.fault.is_none();
    if state.ui.log.as_ref().is_some_and(same) {
        return;
    }
    if let Some(old) = &state.ui.log {
        effects.push(Effect::Unfollow(old.follow));
    }
    let Some(chosen) = sources.get(source).cloned() else {
        return;
    };
    state.ui.follows += 1;
    state.ui.log = Some(LogUi {
        follow: state.ui.follows,
        title,
        target,
        source,
        log: Log::new(state.settings.log_cap),
        faults: Faults::default(),
        top: 0,
        selected: 0,
        following: chosen.follow,
        wrap: false,
        search_text: String::new(),
        search: None,
        filter_text: String::new(),
        filter: None,
        ended: false,
        fault: None,
        seek_error: !chosen.follow,
        sources,
    });
    effects.push(Effect::Follow {
        follow: state.ui.follows,
        source: chosen,
    });
}

/// A piece arrived; pieces of a log that was left are dropped.
pub fn logged(state: &mut State, follow: u64, piece: LogPiece) {
    let Some(ui) = state.ui.log.as_mut().filter(|ui| ui.follow == follow) else {
        return;
    };
    match piece {
        LogPiece::Bytes(stretch) => {
            ui.log.append(&stretch);
            ui.fault = None;
        }
        LogPiece::Cut(fault) => ui.fault = Some(fault),
        LogPiece::Restarted => ui.log.mark("the container was restarted"),
        LogPiece::Ended => ui.ended = true,
        LogPiece::Failed(fault) => {
            ui.fault = Some(fault);
            ui.ended = true;
        }
    }
}

/// Once before a frame: new lines are looked through, and the end or the first error is brought into sight.
pub fn settle(state: &mut State) {
    let rows = crate::view::layout::log_rows(state).max(1) as u64;
    let Some(log) = &mut state.ui.log else { return };
    log.faults.refresh(&log.log);
    if let Some(filter) = &mut log.filter {
        filter.refresh(&log.log);
    }
    log.top = log.top.max(log.log.first());
    if log.following {
        log.top = match &log.filter {
            None => log.log.end().saturating_sub(rows).max(log.log.first()),
            Some(filter) => {
                let numbers = filter.numbers();
                numbers
                    .get(numbers.len().saturating_sub(rows as usize))
                    .copied()
                    .unwrap_or(log.log.first())
            }
        };
        log.selected = log.log.end().saturating_sub(1);
    } else if log.seek_error && log.ended {
        log.seek_error = false;
        if let Some(line) = log.faults.first() {
            show(log, line, rows);
        }
    }
}
