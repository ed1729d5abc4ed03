//! Open: going in, from a cell to its newest run, to its first failed step, to its log.

use super::log;
use super::press::go;
use crate::belongs;
use crate::board::status::Status;
use crate::effect::Effect;
use crate::model::{ObjectId, Target};
use crate::screen::list::selected_source;
use crate::screen::run as runs;
use crate::state::{Pane, RunUi, State, View};

/// Enter on a cell. A target whose pods crash speaks through their logs, all others through their newest run.
pub fn newest_run(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(target) = state.target().cloned() else {
        state.complain(state.untargeted());
        return;
    };
    effects.push(Effect::Open(Some(target.clone())));
    let newest = newest_run_of(state, &target);
    let by_pods = state
        .board
        .status(&target)
        .is_some_and(Status::speaks_by_pods);
    run(state, target.clone(), newest, effects);
    if by_pods {
        pods(state, target, None, effects);
        return;
    }
    let panes = crate::screen::layout::panes(state);
    if panes.run.is_none() {
        go(state, View::Run);
    } else {
        state.ui.pane = Pane::Run;
    }
}

/// Opens the logs of the app's own pods and of its hooks' Jobs: of the given pod, else of the most troubled.
pub fn pods(state: &mut State, target: Target, pod: Option<ObjectId>, effects: &mut Vec<Effect>) {
    log::of_pods(state, target, pod.as_ref(), effects);
    if state.ui.log.is_some() {
        log::into(state);
    }
}

/// Opens a run on its first failed leaf and, where there is room, that leaf's log beside it.
pub fn run(state: &mut State, target: Target, run: Option<ObjectId>, effects: &mut Vec<Effect>) {
    state.ui.run = Some(RunUi {
        target,
        run,
        node: None,
        awaits_log: false,
        top: 0,
    });
    let start =
        runs::opened(state).and_then(|run| crate::model::tree::Tree::of_run(run).opens_on());
    if let Some(ui) = &mut state.ui.run {
        ui.node = start;
    }
    let is_beside = crate::screen::layout::panes(state).log.is_some();
    if is_beside || needs_pods(state) {
        let is_open = log::of_step_quietly(state, effects);
        // What stands beside a run is its own log, or none.
        if is_beside && !is_open {
            log::close(state, effects);
        }
    }
}

/// A view that was opened before any run of its target was read shows the newest as soon as there is one, unless a log is
/// being read there instead.
pub fn run_that_came_late(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(ui) = &state.ui.run else { return };
    if ui.run.is_some() || state.ui.log.is_some() {
        return;
    }
    let target = ui.target.clone();
    let newest = newest_run_of(state, &target);
    if newest.is_some() {
        state.ui.notice = None;
        run(state, target, newest, effects);
    }
}

fn newest_run_of(state: &State, target: &Target) -> Option<ObjectId> {
    let runs = belongs::runs::of_target(&state.store, &state.delivery, target);
    runs.first().map(|run| run.id.clone())
}

/// Without a run the log of the app's own pods is what there is.
fn needs_pods(state: &State) -> bool {
    state.ui.run.as_ref().is_some_and(|ui| ui.run.is_none())
}

/// Leaves the screen for the login command of the selected source.
pub fn login(state: &mut State, effects: &mut Vec<Effect>) {
    match selected_source(state).cloned() {
        Some(source) => effects.push(Effect::Login(source)),
        None => state.complain("No source is selected."),
    }
}
