//! Run: moving in the step tree of a run, and between the runs of a target.
//!
//! Deliberately absent: the shape of the tree ([`crate::model::tree`]) and logs.

use super::{log, open};
use crate::action::Action;
use crate::effect::Effect;
use crate::model::{ObjectId, Run, Target};
use crate::state::State;
use std::sync::Arc;

pub fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let rows = crate::view::layout::run_rows(state).max(1);
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
        _ => {}
    }
    keep_visible(state, rows);
}

/// The runs of a target, newest first: smoke runs of the app, and in the deploy template's cluster the runs that write its
/// files in this environment.
pub fn runs_of<'a>(state: &'a State, target: &Target) -> Vec<&'a Run> {
    let Some(runs) = &state.delivery.runs else {
        return Vec::new();
    };
    let repositories: Vec<&str> = state
        .board
        .status(target)
        .map(|s| s.images.iter().map(|i| i.repository.as_str()).collect())
        .unwrap_or_default();
    let smoke = state
        .store
        .cluster(&target.environment)
        .into_iter()
        .flat_map(|c| c.runs.iter())
        .filter(|run| {
            run.template.as_deref() == Some(&*runs.smoke)
                && run.word(&runs.app_label) == Some(target.app.as_str())
        });
    let deploys = runs.deploy.iter().flat_map(|deploy| {
        let cluster = state.store.cluster(&deploy.environment);
        cluster
            .into_iter()
            .flat_map(|c| c.runs.iter())
            .filter(|run| {
                run.template.as_deref() == Some(&*deploy.template)
                    && run.word(&deploy.environment_label) == Some(target.environment.as_str())
                    && run
                        .word(&runs.repository_label)
                        .is_some_and(|r| repositories.contains(&r))
            })
    });
    let mut found: Vec<&Run> = smoke.chain(deploys).collect();
    found.sort_by(|a, b| b.begun().cmp(&a.begun()).then_with(|| b.id.cmp(&a.id)));
    found
}

/// The run that is open.
pub fn opened(state: &State) -> Option<&Run> {
    let id: &ObjectId = state.ui.run.as_ref()?.run.as_ref()?;
    let run = state
        .store
        .cluster(&id.environment)?
        .runs
        .get(&id.namespace, &id.name)?;
    (run.id.uid == id.uid).then_some(run)
}

/// The nodes of the open run in the order in which they are drawn.
pub fn nodes(state: &State) -> Vec<Arc<str>> {
    opened(state)
        .map(|run| crate::model::tree::Tree::of(run).ids())
        .unwrap_or_default()
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

fn keep_visible(state: &mut State, rows: usize) {
    let nodes = nodes(state);
    let more = crate::view::run_more_rows(state);
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
    let ids: Vec<ObjectId> = runs_of(state, &target)
        .iter()
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
