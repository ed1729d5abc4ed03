//! Run: which runs a target has, which one is open, and the rows of its tree.
//!
//! Deliberately absent: the shape of the tree ([`crate::model::tree`]) and logs.

pub mod row;

use crate::model::tree::Tree;
use crate::model::{ObjectId, Run, Target};
use crate::state::State;
use std::sync::Arc;

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

/// The row of the tree that is selected.
pub fn selected(state: &State, tree: &Tree) -> Option<usize> {
    let node = state.ui.run.as_ref()?.node.as_ref()?;
    tree.row_of(node)
}

/// Lines that the selected row has below it: its tries, and what did not fit into it.
pub fn more_rows(state: &State) -> usize {
    let columns = crate::screen::layout::run_area(state).map_or(0, |area| usize::from(area.width));
    let lines = opened(state).and_then(|run| {
        let tree = Tree::of(run);
        let nth = selected(state, &tree)?;
        Some(row::more(state, run, &tree, nth, columns).len())
    });
    lines.unwrap_or(0)
}
