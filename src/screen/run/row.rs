//! Row: the texts of one step of a run: its name, how long it took, what became of it, and what is said below it.

use crate::model::tree::{Row, Tree};
use crate::model::{Node, NodePhase, Run, span::exactly, span::span};
use crate::screen::line::{Line, Tone};
use crate::state::State;
use crate::text::{Safe, wrap};
use jiff::Timestamp;

/// Columns of a duration.
pub const TIME: usize = 6;
/// Columns that the words of a row have at least.
const WORDS: usize = 8;

/// The column of the times: right of the longest name where there is room.
pub fn time_at(tree: &Tree, columns: usize) -> usize {
    let names = tree
        .rows
        .iter()
        .map(|row| before(row) + name(row).width() + side(row).len());
    (names.max().unwrap_or(0) + 2)
        .min(columns.saturating_sub(TIME + 2 + WORDS))
        .max(columns.min(8))
}

/// Columns of trunk and glyph.
fn before(row: &Row) -> usize {
    row.trunk.len() + 2
}

fn name(row: &Row) -> Safe {
    Safe::line(&row.name)
}

/// What stands behind the name and is never cut: of a retry how many of its attempts failed, and the mark of what ran side
/// by side with its neighbours.
pub fn side(row: &Row) -> String {
    let count = match row.attempts.len() {
        0 | 1 => String::new(),
        attempts => format!(" {}/{attempts}", row.failed),
    };
    format!("{count}{}", if row.parallel { " =" } else { "" })
}

/// The name as it is drawn in so many columns from the beginning of the row.
pub fn cut_name(row: &Row, columns: usize) -> Safe {
    name(row).cut(columns.saturating_sub(before(row) + side(row).len()))
}

/// What stands below the selected row: the tries of a retry, the one whose log is open in brackets; then the name and the
/// words, where the row had no room for them.
pub fn more(state: &State, run: &Run, tree: &Tree, nth: usize, columns: usize) -> Vec<Line> {
    let Some(row) = tree.rows.get(nth) else {
        return Vec::new();
    };
    let Some(node) = run.nodes.read().get(row.node) else {
        return Vec::new();
    };
    let under = under(tree, nth);
    let mut lines = Vec::new();
    if row.attempts.len() > 1 {
        let open = open_attempt(state, run, row);
        let tries = row.attempts.len();
        let mut line = Line::new().look(&under, Tone::Dim);
        for attempt in (1..=tries).rev() {
            line = match attempt == open {
                true => line.look(format!("[{attempt}] "), Tone::Bold),
                false => line.say(format!("{attempt} ")),
            };
        }
        lines.push(line.look(" tries", Tone::Dim));
    }
    let time_at = time_at(tree, columns);
    let words = words(row, node, run, state.now);
    let now = until(run, state.now);
    let wide = Safe::line(&words).width();
    let (name_room, words_room) = match lasted(node, now) {
        Some(_) => (
            time_at.saturating_sub(1),
            columns.saturating_sub(time_at + TIME + 2),
        ),
        None => (
            columns,
            columns.saturating_sub(before(row) + name(row).width() + side(row).len() + 2),
        ),
    };
    let mut whole = Vec::new();
    if cut_name(row, name_room) != name(row) {
        whole.push(row.name.to_string());
    }
    if wide > words_room {
        whole.push(words);
    }
    let room = columns.saturating_sub(under.len());
    for text in whole {
        for part in wrap(&text, room, room) {
            let line = Line::new().look(&under, Tone::Dim);
            lines.push(line.safe(part, Tone::Plain));
        }
    }
    lines
}

/// The trunk below a row: the lines of the rows that follow it go on beside what is said of it.
fn under(tree: &Tree, nth: usize) -> String {
    let Some(row) = tree.rows.get(nth).filter(|row| row.depth > 0) else {
        return "  ".to_owned();
    };
    let mut later = tree.rows.iter().skip(nth + 1);
    let sibling = later.find(|later| later.depth <= row.depth);
    let has_sibling = sibling.is_some_and(|later| later.depth == row.depth);
    let kept = row.trunk.strip_suffix("+-").unwrap_or(&row.trunk);
    format!("{kept}{}", if has_sibling { "| " } else { "  " })
}

/// The attempt, counted from 1, whose log is open, else the newest: that is the one that opens.
fn open_attempt(state: &State, run: &Run, row: &Row) -> usize {
    let pod = state.ui.log.as_ref().and_then(|log| {
        let source = &log.sources.get(log.source)?.source;
        let cluster = state.store.cluster(&run.id.environment)?;
        cluster.pods.get(&source.pod.namespace, &source.pod.name)
    });
    let node = pod.and_then(|pod| pod.node_id.as_ref());
    let attempt = row.logs.iter().find(|log| Some(&log.node_id) == node);
    attempt
        .and_then(|log| log.attempt)
        .unwrap_or(row.attempts.len())
}

pub fn words(row: &Row, node: &Node, run: &Run, now: Timestamp) -> String {
    let ago = || {
        node.finished
            .map(|at| format!("{} ago", span(now.duration_since(at).as_secs())))
    };
    match &row.phase {
        // Whatever else it waits for, it goes on with none of it.
        _ if row.depth == 0 && run.is_stopping() => "stopping".to_owned(),
        // The engine calls it failed, which it did not by itself.
        _ if row.depth == 0 && run.was_stopped() && node.finished.is_some() => {
            format!("stopped {}", ago().unwrap_or_default())
        }
        // For the run itself the time of its end is shown, which says more than its length.
        _ if row.depth == 0 && run.phase.is_over() && node.finished.is_some() => {
            ago().unwrap_or_default()
        }
        _ if row.depth == 0 && run.back_off().is_some_and(|wait| wait.is_decided) => {
            format!("{}, decided", row.words)
        }
        _ if !row.words.is_empty() => row.words.clone(),
        _ if row.depth == 0 && run.suspended => "suspended".to_owned(),
        NodePhase::Succeeded => "ok".to_owned(),
        NodePhase::Running => "running".to_owned(),
        NodePhase::Pending => "waits".to_owned(),
        NodePhase::Failed | NodePhase::Error => "failed".to_owned(),
        NodePhase::Skipped => "skipped".to_owned(),
        NodePhase::Omitted => "omitted".to_owned(),
        NodePhase::Other(word) => word.to_string(),
    }
}

/// Until when what has not ended is counted: at the most to the end of its run.
pub fn until(run: &Run, now: Timestamp) -> Timestamp {
    let over = run.finished.filter(|_| run.phase.is_over());
    over.unwrap_or(now)
}

/// How long a node ran, or has been running; none for what never ran.
pub fn lasted(node: &Node, now: Timestamp) -> Option<String> {
    if matches!(node.phase, NodePhase::Skipped | NodePhase::Omitted) {
        return None;
    }
    let from = node.started?;
    let until = node.finished.unwrap_or(now);
    Some(exactly(until.duration_since(from).as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RunPhase;

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

    /// The pane says of a run what its stop says of it, whatever the engine's phase or its nodes say.
    #[test]
    fn a_run_that_was_asked_to_shut_down_is_stopping_in_whichever_phase() {
        use crate::store::{Fact, fixture};
        let root = |change: &dyn Fn(&mut Run)| {
            let fact = fixture::smoke("staging", "publisher", "r", "v1", RunPhase::Running);
            let Fact::Run(mut run) = fact else {
                unreachable!()
            };
            let node = Node {
                id: "r".into(),
                name: "r".into(),
                display_name: "r".into(),
                kind: crate::model::NodeKind::Retry,
                phase: NodePhase::Running,
                template: "".into(),
                boundary: None,
                children: Vec::new(),
                message: Some("Backoff for 2 minutes 0 seconds".into()),
                started: None,
                finished: None,
                exit_code: None,
                hooked: false,
                retried: false,
            };
            run.nodes = crate::model::Nodes::Read(std::sync::Arc::new(vec![node]));
            change(&mut run);
            let tree = Tree::of_run(&run);
            let node = &run.nodes.read()[0];
            words(&tree.rows[0], node, &run, fixture::ago(0))
        };
        assert_eq!(root(&|_| {}), "Backoff for 2 minutes 0 seconds");
        for phase in [RunPhase::Running, RunPhase::Pending] {
            let stopping = root(&|run| {
                run.phase = phase.clone();
                run.suspended = true;
                run.shutdown = Some("Stop".into());
            });
            assert_eq!(stopping, "stopping");
        }
        let over = root(&|run| {
            run.phase = RunPhase::Failed;
            run.shutdown = Some("Stop".into());
        });
        assert_eq!(over, "left running: Backoff for 2 minutes 0 seconds");
    }
}
