//! Confirm: the lines of the overlay that shows a plan: from and to first and never cut, what is against it before what is
//! not, the exact write, what follows, and what must be typed.
//!
//! Deliberately absent: deciding and sending. Where the screen is too low, parts are folded, and say how much is missing.

pub mod foot;
pub mod parts;

use super::line::{Line, Tone};
use crate::belongs::runs;
use crate::model::{Change, Version, span::span};
use crate::plan::{Changed, show};
use crate::state::{ConfirmUi, Overlay, Part, State};
use crate::text::{Safe, width, wrap};
use parts::Section;

/// Lines that a folded part keeps when the screen is low.
const KEPT: usize = 2;

/// Action and target, reach, from and to, evidence, what was read when.
pub fn head(state: &State, ui: &ConfirmUi, columns: usize) -> Vec<Line> {
    let (mut lines, more) = head_by_need(state, ui, columns);
    lines.extend(more);
    lines
}

/// The rows of the lowest screen that can be confirmed on: from and to, whatever changed there, one line of the checks,
/// and what is typed with what is said of it are all in sight.
pub fn least_rows(state: &State, ui: &ConfirmUi, columns: usize) -> usize {
    let (needed, _) = head_by_need(state, ui, columns);
    needed.len() + 1 + foot::least_rows(state, ui, columns)
}

/// The lines that nothing is confirmed without, and those below them.
fn head_by_need(state: &State, ui: &ConfirmUi, columns: usize) -> (Vec<Line>, Vec<Line>) {
    let plan = &ui.plan;
    let mut lines = Vec::new();
    let nth = state
        .ui
        .bulk
        .as_ref()
        .map(|bulk| format!("  ({} of {})", bulk.sent + 1, bulk.all));
    let what = format!(
        "{}  {}{}",
        plan.request.title().to_uppercase(),
        plan.request.name_target(),
        nth.unwrap_or_default()
    );
    let reach = show::reaches(&plan.reach).unwrap_or_else(|| "changes no version".into());
    let look = if plan.reach.production {
        Tone::Danger
    } else {
        Tone::Bold
    };
    if width(&Safe::line(&what)) + 2 + width(&reach) <= columns {
        let gap = columns - width(&Safe::line(&what)) - width(&reach);
        lines.push(
            Line::new()
                .look(&what, Tone::Bold)
                .pad(width(&Safe::line(&what)) + gap)
                .look(&reach, look),
        );
    } else {
        lines.extend(wrapped(&what, columns, Tone::Bold));
        lines.extend(wrapped(&reach, columns, look));
    }
    let moves = show::moves(plan).unwrap_or_else(|| "no version moves".into());
    let moves = wrap(&moves, columns, columns);
    let last = moves.last().map_or(0, Safe::width);
    let evidence = wrap(&plan.evidence, columns.saturating_sub(last + 5), columns);
    let mut evidence = evidence.into_iter();
    let first = evidence.next().unwrap_or_default();
    let count = moves.len();
    for (at, line) in moves.into_iter().enumerate() {
        let line = Line::new().safe(line, Tone::Bold);
        lines.push(if at + 1 == count && !first.is_empty() {
            line.say("     ").say(&first)
        } else {
            line
        });
    }
    for change in &ui.changes {
        if let Some(text) = change_of_head(state, ui, change) {
            lines.extend(wrapped(&format!("changed: {text}"), columns, Tone::Bad));
        }
    }
    let evidence = evidence.map(|line| Line::new().safe(line, Tone::Plain));
    let undone = plan.request.undoes.iter();
    let story = undone.flat_map(|undone| wrapped(&undone.story, columns, Tone::Plain));
    let others = show::others(plan).into_iter();
    let others = others.flat_map(|others| wrapped(&others, columns, Tone::Plain));
    let read = wrapped(&plan.read, columns, Tone::Plain).into_iter();
    let more = evidence
        .take(2)
        .chain(story.take(2))
        .chain(others.take(2))
        .chain(read.take(2))
        .collect();
    (lines, more)
}

/// Who ordered a move, as far as the journal or its run knows: a robot commits what people submit.
fn ordered_by(state: &State, moved: &Change) -> String {
    let history = &state.store.history;
    let changes = history.changes_of(&moved.environment, &moved.repository);
    match state.journal.brought(moved, changes) {
        Some(record) => {
            let plan = &record.plan;
            format!("{} by {}", plan.request.lever.title(), plan.who.login)
        }
        None => {
            let mover = runs::who_ordered(&state.store, &state.delivery, moved);
            mover.actor.to_owned()
        }
    }
}

/// What changed of what stands in the head.
fn change_of_head(state: &State, ui: &ConfirmUi, change: &Changed) -> Option<String> {
    let target = &ui.plan.request.target;
    let word = |version: &Option<Version>| {
        version
            .as_ref()
            .map_or("no version".to_owned(), |v| v.as_str().to_owned())
    };
    Some(match change {
        Changed::From(version) => {
            let repository = ui.plan.request.repository.as_ref();
            let moved =
                repository.and_then(|r| state.store.history.last_move(&target.environment, r));
            let by = moved.filter(|moved| moved.to == *version).map(|moved| {
                let age = span(state.now.duration_since(moved.at).as_secs());
                format!(", {} {age} ago", ordered_by(state, moved))
            });
            format!(
                "{} has {}{}",
                target.environment,
                word(version),
                by.unwrap_or_default()
            )
        }
        Changed::To(before) => format!("it would have brought {}", word(before)),
        Changed::Reach => "how far it reaches".to_owned(),
        Changed::Refused(because) => format!("it would be refused now. {because}"),
        Changed::Check(_) | Changed::Write | Changed::Then => return None,
    })
}

fn wrapped(text: &str, columns: usize, tone: Tone) -> Vec<Line> {
    wrap(text, columns, columns)
        .into_iter()
        .map(|line| Line::new().safe(line, tone))
        .collect()
}

/// A line between head and foot.
pub enum BodyLine {
    /// The title of a part, drawn as a rule.
    Title {
        text: String,
        is_focused: bool,
        is_changed: bool,
    },
    Text(Line),
}

/// The lines of the parts between head and foot, titles among them.
pub fn body(state: &State, ui: &ConfirmUi, columns: usize, rows: usize) -> Vec<BodyLine> {
    let mut sections = [
        parts::checks(ui, columns),
        parts::write(ui, columns),
        parts::then(state, ui, columns),
    ];
    shrink(ui, &mut sections, rows);
    let mut lines = Vec::new();
    for section in sections {
        lines.push(title(&section, ui.part == section.part));
        lines.extend(section.lines.into_iter().map(BodyLine::Text));
    }
    lines
}

/// A part's title, in brackets where it has the focus.
fn title(section: &Section, is_focused: bool) -> BodyLine {
    let mut text = section.title.clone();
    if section.is_changed {
        text.insert_str(0, "changed: ");
    }
    if section.left_out > 0 {
        text.push_str(&format!(", +{} lines", section.left_out));
    }
    BodyLine::Title {
        text: if is_focused {
            format!("[{text}]")
        } else {
            text
        },
        is_focused,
        is_changed: section.is_changed,
    }
}

/// How far down the parts can be scrolled on this screen: none where all of them are in sight.
pub fn scroll(state: &State) -> usize {
    let Some(Overlay::Confirm(ui)) = &state.ui.overlay else {
        return 0;
    };
    let (lines, room) = middle(state, ui);
    lines.len().saturating_sub(room)
}

/// The lines of the parts, and how many of them there is room for.
fn middle(state: &State, ui: &ConfirmUi) -> (Vec<BodyLine>, usize) {
    let (columns, rows) = (usize::from(state.size.0), usize::from(state.size.1));
    let (_, room) = rows_above_foot(state, ui, columns, rows);
    (body(state, ui, columns, room), room)
}

/// How many rows of a screen the head has, and how many the parts below it. What matters less in the head gives way to one
/// line of the checks.
pub fn rows_above_foot(
    state: &State,
    ui: &ConfirmUi,
    columns: usize,
    rows: usize,
) -> (usize, usize) {
    let (needed, more) = head_by_need(state, ui, columns);
    let foot = foot::lines(state, ui, columns).lines.len();
    let above = rows.saturating_sub(foot);
    let head = (needed.len() + more.len())
        .min(above.saturating_sub(1))
        .max(needed.len())
        .min(above);
    (head, above - head)
}

/// The topmost line that brings the part with the focus into sight: its title, and of its lines as many as there is room for.
pub fn top_of_focus(state: &State, ui: &ConfirmUi) -> usize {
    let (lines, room) = middle(state, ui);
    let top = ui.top.min(lines.len().saturating_sub(room));
    let is_title = |line: &BodyLine| matches!(line, BodyLine::Title { .. });
    let is_focused = |line: &BodyLine| {
        matches!(
            line,
            BodyLine::Title {
                is_focused: true,
                ..
            }
        )
    };
    let Some(first) = lines.iter().position(is_focused) else {
        return top;
    };
    let after = lines.iter().skip(first + 1).position(is_title);
    let end = after.map_or(lines.len(), |more| first + 1 + more);
    top.max(end.saturating_sub(room)).min(first)
}

/// Takes lines from the end of folded parts until all fit; of what is against the plan or not known last.
fn shrink(ui: &ConfirmUi, sections: &mut [Section; 3], room: usize) {
    let fits =
        |sections: &[Section; 3]| sections.iter().map(|s| 1 + s.lines.len()).sum::<usize>() <= room;
    let order = [
        (Part::Write, KEPT),
        (Part::Then, KEPT),
        (Part::Write, 1),
        (Part::Then, 1),
        (Part::Checks, KEPT),
        (Part::Checks, 1),
    ];
    for (part, kept) in order {
        while !fits(sections) {
            let Some(section) = sections
                .iter_mut()
                .find(|s| s.part == part && !ui.open.contains(&part) && s.lines.len() > kept)
            else {
                break;
            };
            section.lines.pop();
            section.left_out += 1;
        }
    }
}
