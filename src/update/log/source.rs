//! Source: opening the log of a step or of an app's own pods, beside the board or over the screen.
//!
//! Deliberately absent: moving in a log, reading it (an effect), and which logs there are ([`crate::belongs::logs`]).

use super::super::press::go;
use super::start;
use crate::action::{Action, Place};
use crate::belongs::logs::{NoLog, StepLogs, of_app, of_step as logs_of_step};
use crate::effect::Effect;
use crate::model::{ObjectId, Target};
use crate::screen::{keys, layout, run as runs};
use crate::state::{Pane, State, View};

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
    match of_selected_step(state) {
        Ok(found) => {
            opened(state, found, effects);
            return true;
        }
        Err(NoLog::NotYet) => await_log(state),
        Err(NoLog::Because(why)) => state.complain(why),
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
    if is_awaited && let Ok(found) = of_selected_step(state) {
        state.ui.notice = None;
        opened(state, found, effects);
    }
}

fn opened(state: &mut State, found: StepLogs, effects: &mut Vec<Effect>) {
    let Some(ui) = &mut state.ui.run else { return };
    ui.awaits_log = false;
    // A run that had no steps yet when it was opened had none to select.
    ui.node.get_or_insert(found.node);
    let target = ui.target.clone();
    start(state, target, found.logs, 0, effects);
}

/// The logs of the selected step of the open run.
fn of_selected_step(state: &State) -> Result<StepLogs, NoLog> {
    let (Some(ui), Some(run)) = (&state.ui.run, runs::opened(state)) else {
        return Err(NoLog::NotYet);
    };
    logs_of_step(&state.store, run, ui.node.as_deref())
}

/// The app's own pods, those of hooks included. Opens on `pod`, else on the one that speaks first; says whether there is one.
pub fn of_pods(
    state: &mut State,
    target: Target,
    pod: Option<&ObjectId>,
    effects: &mut Vec<Effect>,
) -> bool {
    match of_app(&state.store, &state.delivery, &target) {
        Ok(logs) => {
            let of_pod = |id: &ObjectId| logs.iter().position(|log| log.source.pod == *id);
            let first = pod.and_then(of_pod).unwrap_or(0);
            start(state, target, logs, first, effects);
            true
        }
        Err(NoLog::Because(why)) => {
            state.complain(why);
            false
        }
        Err(NoLog::NotYet) => false,
    }
}
