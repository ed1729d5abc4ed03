//! Run: which run is open, the rows of its tree, who stopped it, and what comes of it.

pub mod row;

use super::layout;
use super::line::{Line, Tone};
use crate::belongs::runs as belongs;
use crate::model::tree::Tree;
use crate::model::{ObjectId, Run, span::span};
use crate::plan::stopped;
use crate::plan::{Lever, PlanId, Reach, Request};
use crate::state::State;
use crate::text::{wrap, wrap_at_most};
use std::sync::Arc;

/// Lines that are taken at the most from the steps to say who stopped the run.
const STOP_LINES: usize = 3;

/// The run that is open.
pub fn opened(state: &State) -> Option<&Run> {
    belongs::by_id(&state.store, state.ui.run.as_ref()?.run.as_ref()?)
}

/// The nodes of the open run in the order in which they are drawn.
pub fn nodes(state: &State) -> Vec<Arc<str>> {
    opened(state)
        .map(|run| crate::model::tree::Tree::of_run(run).ids())
        .unwrap_or_default()
}

/// The row of the tree that is selected.
pub fn selected(state: &State, tree: &Tree) -> Option<usize> {
    let node = state.ui.run.as_ref()?.node.as_ref()?;
    tree.row_of(node)
}

/// Lines that the selected row has below it: its tries, and what did not fit into it.
pub fn more_rows(state: &State) -> usize {
    let lines = opened(state).and_then(|run| {
        let area = layout::run_area(state, &layout::panes(state));
        let columns = area.map_or(0, |area| usize::from(area.width));
        let tree = Tree::of_run(run);
        let nth = selected(state, &tree)?;
        Some(row::more(state, run, &tree, nth, columns).len())
    });
    lines.unwrap_or(0)
}

/// ` by bob: DB is down`: who stopped a run or is stopping it; empty where nobody is known to.
pub fn stopped_by(state: &State, run: &ObjectId) -> String {
    let run = belongs::by_id(&state.store, run);
    run.map_or_else(String::new, |run| stopped::by_in_words(&state.journal, run))
}

/// What stands between the title and the steps, whichever of them are in sight: `stopped by bob: DB is down`; nothing of a
/// run that nobody stopped.
pub fn stop_lines(state: &State, columns: usize) -> Vec<Line> {
    let Some(run) = opened(state) else {
        return Vec::new();
    };
    let words = match stopped::in_words(&state.journal, run) {
        Some(words) => words,
        None if run.is_stopping() => "stopping; by whom is not known".to_owned(),
        None if run.was_stopped() => "stopped; by whom is not known".to_owned(),
        None => return Vec::new(),
    };
    let lines = wrap_at_most(&words, columns, columns, STOP_LINES).into_iter();
    lines
        .map(|line| Line::new().safe(line, Tone::Warning))
        .collect()
}

/// What comes of a run: `passing sends v1362 to PRODUCTION, ~5m` as long as it may pass, and of one that failed what its
/// resubmit could bring. Of one that is being stopped, was stopped or has passed nothing comes any more.
pub fn prospect(state: &State, run: &Run, columns: usize) -> Vec<Line> {
    let Some((text, tone)) = in_flight(state, run).or_else(|| after_resubmit(state, run)) else {
        return Vec::new();
    };
    let lines = wrap(&text, columns, columns).into_iter();
    lines.map(|line| Line::new().safe(line, tone)).collect()
}

fn in_flight(state: &State, run: &Run) -> Option<(String, Tone)> {
    run.may_pass().then_some(())?;
    let (version, reach) = crate::plan::passing(run, &state.store, &state.delivery)?;
    let Some((last, tone)) = farthest(&reach) else {
        return Some(("passing sends it nowhere".to_owned(), Tone::Dim));
    };
    // Without the gates it is not known how far.
    let sends = match reach.because.is_empty() {
        true => "sends",
        false => "may send",
    };
    let (version, time) = (version.short(), span(reach.seconds));
    Some((
        format!("passing {sends} {version} to {last}, ~{time}"),
        tone,
    ))
}

/// `a resubmit that passes would send v1362 to PRODUCTION`, where that lever would move. Its plan says when.
fn after_resubmit(state: &State, run: &Run) -> Option<(String, Tone)> {
    run.has_failed().then_some(())?;
    let target = state.ui.run.as_ref()?.target.clone();
    // This plan is never sent; it only shows what the lever would do.
    let id = PlanId::new("0000000000000000");
    let request = Request::new(Lever::Resubmit, target).about_run(Some(run.id.clone()));
    let plan = crate::plan::plan(&request, &state.context(&id)).ok()?;
    let (last, _) = farthest(&plan.reach)?;
    let version = plan.to.as_ref()?.short();
    let text = format!("a resubmit that passes would send {version} to {last}");
    Some((text, Tone::Plain))
}

/// The last environment of a reach, as it is written where it is production.
fn farthest(reach: &Reach) -> Option<(String, Tone)> {
    let last = reach.environments.last()?;
    Some(match reach.production {
        true => (last.as_str().to_uppercase(), Tone::Danger),
        false => (last.to_string(), Tone::Plain),
    })
}
