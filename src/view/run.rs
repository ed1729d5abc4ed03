//! Run: the step tree of one run, as the engine ran it, each row with its time and what became of it.
//!
//! Deliberately absent: the order of the rows (the model's tree) and logs. The title is one line; `update` counts on it.

use super::keys;
use super::pen::{Line, Pen, wrap};
use super::theme::Theme;
use crate::action::{Action, Place};
use crate::model::tree::{Row, Tree};
use crate::model::{Node, NodePhase, Nodes, Run, RunPhase, span::span};
use crate::state::State;
use crate::text::Safe;
use crate::update::opened;
use jiff::Timestamp;

/// Columns of a duration.
const TIME: usize = 6;
/// Columns that the words of a row have at least.
const WORDS: usize = 8;

/// Draws the run that is open, or why there is none.
pub fn draw(state: &State, pen: &mut Pen<'_>) {
    if pen.rows() == 0 {
        return;
    }
    let focused = super::place(state) == Place::Run;
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
        Some(ui) if ui.run.is_none() => format!(
            "{} has no run that can be read. {} shows its own pods' log.",
            ui.target,
            key(Place::Run, Action::Enter)
        ),
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
    let tree = Tree::of(run);
    let ui = state.ui.run.as_ref();
    let columns = pen.columns();
    let names = tree
        .rows
        .iter()
        .map(|row| label(row).width())
        .max()
        .unwrap_or(0);
    // The times stand in one column, right of the longest name where there is room.
    let time_at = (names + 2)
        .min(columns.saturating_sub(TIME + 2 + WORDS))
        .max(columns.min(8));
    let selected = ui
        .and_then(|ui| ui.node.as_ref())
        .and_then(|id| tree.row_of(id));
    let top = ui.map_or(0, |ui| ui.top);
    // Below the last step, where there is room.
    let below = 1 + tree.rows.len().saturating_sub(top);
    for (y, line) in ends(state, run, pen.theme).into_iter().enumerate() {
        if below + y < pen.rows() {
            pen.line(below + y, &line);
        }
    }
    for (y, (nth, row)) in tree
        .rows
        .iter()
        .enumerate()
        .skip(top)
        .take(pen.rows() - 1)
        .enumerate()
    {
        let y = y + 1;
        let Some(node) = nodes.get(row.node) else {
            continue;
        };
        let (glyph, look) = pen.theme.step(&row.phase);
        let mut name = Line::new()
            .look(&row.trunk, pen.theme.dim())
            .look(glyph.to_string(), look)
            .say(" ")
            .look(
                label_of(row),
                if row.phase.has_failed() {
                    look
                } else {
                    pen.theme.plain()
                },
            );
        if row.parallel {
            name = name.look(" =", pen.theme.dim());
        }
        let words = words(row, node, run, state.now);
        let words_look = if row.phase.has_failed() {
            pen.theme.bad()
        } else {
            pen.theme.dim()
        };
        let area = pen.area();
        let part = |pen: &mut Pen<'_>, from: usize, to: usize, line: &Line| {
            let width = to.min(columns).saturating_sub(from) as u16;
            let area = ratatui::layout::Rect {
                x: area.x + from as u16,
                width,
                ..area
            };
            pen.within(area).line(y, line);
        };
        match lasted(node, state.now) {
            Some(time) => {
                part(pen, 0, time_at.saturating_sub(1), &name);
                part(
                    pen,
                    time_at,
                    time_at + TIME,
                    &Line::new().say(format!("{time:>TIME$}")),
                );
                part(
                    pen,
                    time_at + TIME + 2,
                    columns,
                    &Line::new().look(&words, words_look),
                );
            }
            // What never ran has no time: its reason begins where its name ends.
            None => part(pen, 0, columns, &name.say("  ").look(&words, words_look)),
        }
        if selected == Some(nth) {
            let look = if focused {
                pen.theme.selected()
            } else {
                pen.theme.bold()
            };
            pen.tint(0, y, columns, look);
        }
    }
}

/// What the engine says of the whole run, and `passing sends v1362 to PRODUCTION, ~5m` of one that has not passed.
fn ends(state: &State, run: &Run, theme: Theme) -> Vec<Line> {
    let message = run.message.as_deref().filter(|m| !m.is_empty());
    let message = message.map(|message| Line::new().look(message, theme.dim()));
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
    message.into_iter().chain(passing).collect()
}

/// Trunk, glyph and name, as wide as they are drawn.
fn label(row: &Row) -> Safe {
    let side = if row.parallel { " =" } else { "" };
    Safe::line(&format!("{}x {}{side}", row.trunk, label_of(row)))
}

/// The name, and of a retry how many of its attempts failed.
fn label_of(row: &Row) -> String {
    match row.attempts.len() {
        0 | 1 => row.name.to_string(),
        attempts => format!("{} {}/{attempts}", row.name, row.failed),
    }
}

fn words(row: &Row, node: &Node, run: &Run, now: Timestamp) -> String {
    if !row.words.is_empty() {
        return row.words.clone();
    }
    let ago = || {
        node.finished
            .map(|at| format!("{} ago", span(now.duration_since(at).as_secs())))
    };
    match &row.phase {
        // The run itself: when it ended is what one wants to know.
        _ if row.depth == 0 && run.phase.is_over() => ago().unwrap_or_default(),
        _ if row.depth == 0 && run.suspended => "suspended".to_owned(),
        _ if row.depth == 0 && run.shutdown.is_some() && run.phase == RunPhase::Running => {
            "stopping".to_owned()
        }
        NodePhase::Succeeded => "ok".to_owned(),
        NodePhase::Running => "running".to_owned(),
        NodePhase::Pending => "waits".to_owned(),
        NodePhase::Failed | NodePhase::Error => "failed".to_owned(),
        NodePhase::Skipped => "skipped".to_owned(),
        NodePhase::Omitted => "omitted".to_owned(),
        NodePhase::Other(word) => word.to_string(),
    }
}

/// How long a node ran, or has been running; none for what never ran.
fn lasted(node: &Node, now: Timestamp) -> Option<String> {
    if matches!(node.phase, NodePhase::Skipped | NodePhase::Omitted) {
        return None;
    }
    let from = node.started?;
    let seconds = node
        .finished
        .unwrap_or(now)
        .duration_since(from)
        .as_secs()
        .max(0);
    Some(match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s:02}s"),
        (h, m, _) if h < 100 => format!("{h}h{m:02}m"),
        (h, ..) => format!("{}d", h / 24),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_step_lasted_fits_its_column() {
        let node = |seconds: i64| Node {
            id: "a".into(),
            name: "a".into(),
            display_name: "a".into(),
            kind: crate::model::NodeKind::Pod,
            phase: NodePhase::Succeeded,
            template: "".into(),
            boundary: None,
            children: Vec::new(),
            message: None,
            started: Timestamp::from_second(1_000).ok(),
            finished: Timestamp::from_second(1_000 + seconds).ok(),
            exit_code: None,
            hooked: false,
            retried: false,
        };
        let now = Timestamp::from_second(1_090).unwrap();
        for (seconds, text) in [
            (3, "3s"),
            (161, "2m41s"),
            (59 * 60 + 59, "59m59s"),
            (3_720, "1h02m"),
            (90 * 3_600, "90h00m"),
            (900 * 3_600, "37d"),
            (-5, "0s"),
        ] {
            let lasted = lasted(&node(seconds), now).unwrap();
            assert_eq!(lasted, text);
            assert!(lasted.len() <= TIME);
        }
        assert_eq!(
            lasted(
                &Node {
                    finished: None,
                    ..node(0)
                },
                now
            )
            .unwrap(),
            "1m30s"
        );
        assert_eq!(
            lasted(
                &Node {
                    started: None,
                    ..node(0)
                },
                now
            ),
            None
        );
        assert_eq!(
            lasted(
                &Node {
                    phase: NodePhase::Omitted,
                    ..node(0)
                },
                now
            ),
            None
        );
    }
}
