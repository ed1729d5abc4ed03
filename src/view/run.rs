//! Run: the step tree of one run, as the engine ran it, each row with its time and what became of it.
//!
//! Deliberately absent: the order of the rows (the model's tree) and logs. The title is one line; `update` counts on it.

mod row;

use super::pen::{Line, Pen};
use super::theme::Theme;
use crate::action::{Action, Place};
use crate::belongs::lists;
use crate::model::tree::Tree;
use crate::model::{Node, Nodes, Run, RunPhase, span::span};
use crate::screen::run::{opened, row::more, row::time_at, selected};
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
        return say(pen, &absent(state));
    };
    pen.line(0, &Line::new().look(heading(state, Some(run)), look));
    let nodes = match &run.nodes {
        Nodes::Unread(why) => return say(pen, why),
        Nodes::Read(nodes) if nodes.is_empty() => return say(pen, &no_steps(run)),
        Nodes::Read(nodes) => nodes,
    };
    rows(state, run, nodes, focused, pen);
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
        run.phase.as_str()
    )
}

fn say(pen: &mut Pen<'_>, text: &str) {
    let columns = pen.columns();
    for (y, line) in wrap(text, columns, columns).into_iter().enumerate() {
        pen.line(1 + y, &Line::new().safe(line, pen.theme.plain()));
    }
}

fn rows(state: &State, run: &Run, nodes: &[Node], focused: bool, pen: &mut Pen<'_>) {
    let tree = Tree::of_run(run);
    let columns = pen.columns();
    let time_at = time_at(&tree, columns);
    let top = state.ui.run.as_ref().map_or(0, |ui| ui.top);
    let selected = selected(state, &tree);
    let mut y = 1;
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

/// What the engine says of the whole run, and `passing sends v1362 to PRODUCTION, ~5m` of one that has not passed.
fn ends(state: &State, run: &Run, columns: usize, theme: Theme) -> Vec<Line> {
    let message = run.message.as_deref().filter(|m| !m.is_empty());
    let message = message
        .map(|message| wrap(message, columns, columns))
        .unwrap_or_default()
        .into_iter()
        .map(|line| Line::new().safe(line, theme.dim()));
    let has_passed = run.phase == RunPhase::Succeeded;
    let passing = crate::plan::passing(run, &state.store, &state.delivery)
        .filter(|_| !has_passed)
        .map(|(version, reach)| match reach.environments.last() {
            None => Line::new().look("passing sends it nowhere", theme.dim()),
            Some(last) => {
                let name = match reach.production {
                    true => last.as_str().to_uppercase(),
                    false => last.to_string(),
                };
                let (version, time) = (version.short(), span(reach.seconds));
                let look = match reach.production {
                    true => theme.danger(),
                    false => theme.plain(),
                };
                // Without the gates it is not known how far.
                let sends = match reach.because.is_empty() {
                    true => "sends",
                    false => "may send",
                };
                Line::new().look(
                    format!("passing {sends} {version} to {name}, ~{time}"),
                    look,
                )
            }
        });
    message.chain(passing).collect()
}
