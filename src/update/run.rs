//! Run: moving in the step tree of a run, and between the runs of a target.

use super::{log, open, press};
use crate::action::Action;
use crate::belongs::runs as belongs;
use crate::effect::Effect;
use crate::model::ObjectId;
use crate::screen::layout;
use crate::screen::run::{more_rows, nodes};
use crate::state::State;

pub fn press_in_run(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let rows = layout::run_rows(state, &layout::panes(state)).max(1);
    match action {
        Action::Down => step(state, 1),
        Action::Up => step(state, -1),
        Action::PageDown => step(state, isize::try_from(rows).unwrap_or(1)),
        Action::PageUp => step(state, -isize::try_from(rows).unwrap_or(1)),
        Action::Top => step(state, isize::MIN / 2),
        Action::Bottom => step(state, isize::MAX / 2),
        Action::Older => other(state, 1, effects),
        Action::Newer => other(state, -1, effects),
        Action::Enter => log::of_step(state, effects),
        other => press::does_nothing(state, other),
    }
}

fn step(state: &mut State, by: isize) {
    let nodes = nodes(state);
    let Some(run) = &mut state.ui.run else { return };
    let Some(last) = nodes.len().checked_sub(1) else {
        return;
    };
    let now = run
        .node
        .as_ref()
        .and_then(|node| nodes.iter().position(|n| n == node))
        .unwrap_or(0);
    run.node = nodes.get(now.saturating_add_signed(by).min(last)).cloned();
}

/// Once before a frame: the selected step is in sight, also of a run that was opened or has grown.
pub fn keep_visible(state: &mut State) {
    if state.ui.run.is_none() {
        return;
    }
    let rows = layout::run_rows(state, &layout::panes(state));
    if rows == 0 {
        return;
    }
    let nodes = nodes(state);
    let more = more_rows(state);
    let Some(run) = &mut state.ui.run else { return };
    let line = run
        .node
        .as_ref()
        .and_then(|node| nodes.iter().position(|n| n == node))
        .unwrap_or(0);
    // What stands below the selected row comes into sight with it.
    let least = (line + 1 + more).saturating_sub(rows).min(line);
    run.top = run.top.clamp(least, line);
}

fn other(state: &mut State, by: isize, effects: &mut Vec<Effect>) {
    let Some(run) = &state.ui.run else { return };
    let target = run.target.clone();
    let ids: Vec<ObjectId> = belongs::of_target(&state.store, &state.delivery, &target)
        .into_iter()
        .map(|r| r.id.clone())
        .collect();
    let now = run
        .run
        .as_ref()
        .and_then(|id| ids.iter().position(|known| known == id))
        .unwrap_or(0);
    match now.checked_add_signed(by).and_then(|place| ids.get(place)) {
        Some(id) => open::run(state, target, Some(id.clone()), effects),
        None if by > 0 => state.complain("There is no older run; runs are kept for three days."),
        None => state.complain("This is the newest run."),
    }
}
