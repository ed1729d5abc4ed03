//! Run: the step tree of one run, as the engine ran it, each row with its time and what became of it.
//!
//! Deliberately absent: the order of the rows (the model's tree) and logs. The title is one line, and below it stands who
//! stopped the run; `update` counts on both ([`crate::screen::layout::run_rows`]).

mod row;

use super::pen::{Line, Pen};
use super::theme::Theme;
use crate::action::{Action, Place};
use crate::belongs::lists;
use crate::model::tree::Tree;
use crate::model::{Node, Nodes, Run};
use crate::screen::run::{opened, prospect, row::more, row::time_at, selected, stop_lines};
use crate::screen::{keys, place::place};
use crate::state::State;
use crate::store::Kind;
use crate::text::wrap;

/// Draws the run that is open, or why there is none.
pub fn draw(state: &State, pen: &mut Pen<'_>) {
    if pen.rows() == 0 {
        return;
    }
    let focused = place(state) == Place::Run;
    let look = pen.theme.title(focused);
    let Some(run) = opened(state) else {
        pen.line(0, &Line::new().look(heading(state, None), look));
        return say(pen, 1, &absent(state));
    };
    pen.line(0, &Line::new().look(heading(state, Some(run)), look));
    let mut y = 1;
    for line in stop_lines(state, pen.columns()) {
        pen.line(y, &pen.theme.styled(line));
        y += 1;
    }
    let nodes = match &run.nodes {
        Nodes::Unread(why) => return say(pen, y, why),
        Nodes::Read(nodes) if nodes.is_empty() => return say(pen, y, &no_steps(run)),
        Nodes::Read(nodes) => nodes,
    };
    rows(state, run, nodes, focused, y, pen);
}

/// `publisher @ staging v1362 post-sync-7xk2p`.
fn heading(state: &State, run: Option<&Run>) -> String {
    let Some(ui) = &state.ui.run else {
        return "run".to_owned();
    };
    let Some(run) = run else {
        return ui.target.to_string();
    };
    let version = state
        .delivery
        .runs
        .as_ref()
        .and_then(|runs| run.version(&runs.version_label));
    let version = version.map_or_else(String::new, |version| format!(" {}", version.short()));
    format!("{}{version} {}", ui.target, run.id.name)
}

/// Why no run is shown, and what to press.
fn absent(state: &State) -> String {
    let key = |place, action| keys::first(state, place, action);
    match &state.ui.run {
        None => format!(
            "No run is open; {} on a cell opens its newest run here.",
            key(Place::Board, Action::Enter)
        ),
        Some(ui) if ui.run.is_none() => {
            let pods = key(Place::Run, Action::Enter);
            match lists::unread(&state.store, &state.delivery, &ui.target, Kind::Runs) {
                Some(why) => format!(
                    "The runs of {} are {}. {pods} shows its own pods' log.",
                    ui.target,
                    why.trim_end_matches('.')
                ),
                None => format!(
                    "{} has no run that is kept. {pods} shows its own pods' log.",
                    ui.target
                ),
            }
        }
        Some(_) => format!(
            "This run is gone from its cluster; {} goes to the one before, {} to a newer one.",
            key(Place::Run, Action::Older),
            key(Place::Run, Action::Newer)
        ),
    }
}

fn no_steps(run: &Run) -> String {
    let message = run.message.as_deref().unwrap_or_default();
    let so_far = if run.phase.is_over() { "" } else { " yet" };
    format!(
        "This run has no steps{so_far}: {}. {message}",
        run.state_in_words()
    )
}

fn say(pen: &mut Pen<'_>, from: usize, text: &str) {
    let columns = pen.columns();
    for (y, line) in wrap(text, columns, columns).into_iter().enumerate() {
        pen.line(from + y, &Line::new().safe(line, pen.theme.plain()));
    }
}

fn rows(state: &State, run: &Run, nodes: &[Node], focused: bool, from: usize, pen: &mut Pen<'_>) {
    let tree = Tree::of_run(run);
    let columns = pen.columns();
    let time_at = time_at(&tree, columns);
    let top = state.ui.run.as_ref().map_or(0, |ui| ui.top);
    let selected = selected(state, &tree);
    let mut y = from;
    for (nth, row) in tree.rows.iter().enumerate().skip(top) {
        let Some(node) = nodes.get(row.node).filter(|_| y < pen.rows()) else {
            continue;
        };
        row::draw(row, node, run, state.now, time_at, y, pen);
        let at = y;
        y += 1;
        if selected != Some(nth) {
            continue;
        }
        for line in more(state, run, &tree, nth, columns) {
            pen.line(y, &pen.theme.styled(line));
            y += 1;
        }
        let look = if focused {
            pen.theme.selected()
        } else {
            pen.theme.bold()
        };
        pen.tint(0, at, columns, look);
    }
    // Below the last step, where there is room.
    for line in ends(state, run, columns, pen.theme) {
        pen.line(y, &line);
        y += 1;
    }
}

/// What the engine says of the whole run, and what comes of it.
fn ends(state: &State, run: &Run, columns: usize, theme: Theme) -> Vec<Line> {
    let message = run.message.as_deref().filter(|m| !m.is_empty());
    let message = message
        .map(|message| wrap(message, columns, columns))
        .unwrap_or_default()
        .into_iter()
        .map(|line| Line::new().safe(line, theme.dim()));
    let prospect = prospect(state, run, columns).into_iter();
    message
        .chain(prospect.map(|line| theme.styled(line)))
        .collect()
}
