//! Run: which run is open, and the rows of its tree.

pub mod row;

use super::layout;
use crate::belongs::runs as belongs;
use crate::model::Run;
use crate::model::tree::Tree;
use crate::state::State;
use std::sync::Arc;

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
