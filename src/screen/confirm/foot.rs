//! Foot: the reason, the version to type or the two buttons, and the keys of the overlay.
//!
//! Deliberately absent: whether what was typed suffices; `update` says so in the complaint.

use crate::action::{Action, Place};
use crate::screen::keys;
use crate::screen::line::{Line, Tone};
use crate::state::{ConfirmUi, Part, State};
use crate::text::{Safe, cut_left, width, wrap};

pub enum FootLine {
    Rule(Tone),
    Line(Line),
}

pub struct Foot {
    pub lines: Vec<FootLine>,
    /// Column and line of the text cursor.
    pub cursor: Option<(usize, usize)>,
}

/// Columns of the longest complaint that quotes nothing: there is always room for one.
const COMPLAINT: usize = 100;

/// The rows of the foot with a complaint, be there one now or not: it must not push anything out of sight.
pub fn least_rows(state: &State, ui: &ConfirmUi, columns: usize) -> usize {
    let rows = lines(state, ui, columns).lines.len();
    match ui.complaint {
        Some(_) => rows,
        None => rows + COMPLAINT.div_ceil(columns.max(1)),
    }
}

pub fn lines(state: &State, ui: &ConfirmUi, columns: usize) -> Foot {
    let mut foot = Foot {
        lines: vec![match &ui.complaint {
            Some(_) => FootLine::Rule(Tone::Warning),
            None => FootLine::Rule(Tone::Dim),
        }],
        cursor: None,
    };
    if let Some(complaint) = &ui.complaint {
        for line in wrap(&complaint.text, columns, columns) {
            foot.lines
                .push(FootLine::Line(Line::new().safe(line, Tone::Warning)));
        }
    }
    reason(state, ui, columns, &mut foot);
    match ui.plan.typed() {
        Some(wanted) => typed(ui, &wanted, columns, &mut foot),
        None => foot.lines.push(FootLine::Line(buttons(ui))),
    }
    foot.lines.push(FootLine::Line(help(state, ui)));
    foot
}

/// Brackets and label of a field; bold where the focus is.
fn label(text: &str, focused: bool) -> Line {
    Line::new().look(text, if focused { Tone::Bold } else { Tone::Plain })
}

fn reason(state: &State, ui: &ConfirmUi, columns: usize, foot: &mut Foot) {
    let focused = ui.part == Part::Reason;
    let up = keys::first(state, Place::Text, Action::Earlier);
    let hint = match (ui.plan.wants_reason(), state.ui.reasons.is_empty()) {
        (_, false) if !up.is_empty() => format!("{up}: earlier reasons"),
        (true, _) => "wanted".into(),
        (false, _) => "not needed".into(),
    };
    let head = "reason  [";
    let room = columns.saturating_sub(width(head) + 1 + 2 + width(&hint));
    let text = Safe::line(&ui.reason);
    // The end is where one types.
    let shown = cut_left(&text, room.saturating_sub(1)).into_owned();
    if focused {
        foot.cursor = Some((width(head) + width(&shown), foot.lines.len()));
    }
    let line = label(head, focused)
        .say(&shown)
        .look("]", Tone::Plain)
        .pad(columns.saturating_sub(width(&hint)))
        .look(&hint, Tone::Dim);
    foot.lines.push(FootLine::Line(line));
}

/// `type the version that will run  [v30__]`: how much is missing shows, and a long one is broken, never cut.
fn typed(ui: &ConfirmUi, wanted: &str, columns: usize, foot: &mut Foot) {
    let focused = ui.part == Part::Version;
    let head = format!("type {}  [", ui.plan.typed_is());
    let head = head.as_str();
    let written = Safe::line(&ui.version);
    let missing = width(&Safe::line(wanted)).saturating_sub(written.width());
    let field = format!("{written}{}", "_".repeat(missing));
    let one_line = width(head) + width(&field) < columns;
    let first = if one_line {
        columns - width(head)
    } else {
        foot.lines.push(FootLine::Line(label(head, focused)));
        columns
    };
    let indent = if one_line { width(head) } else { 0 };
    let at = foot.lines.len();
    for (nth, piece) in wrap(&format!("{field}]"), first, columns)
        .into_iter()
        .enumerate()
    {
        let line = if nth == 0 && one_line {
            label(head, focused)
        } else {
            Line::new()
        };
        foot.lines
            .push(FootLine::Line(line.safe(piece, Tone::Bold)));
    }
    if focused && columns > 0 {
        let place = indent + written.width();
        foot.cursor = Some((place % columns, at + place / columns));
    }
}

fn buttons(ui: &ConfirmUi) -> Line {
    let focused = ui.part == Part::Buttons;
    let button = |text: &str, on: bool| {
        let look = match (on, focused) {
            (true, true) => Tone::Button,
            (true, false) => Tone::Bold,
            (false, _) => Tone::Plain,
        };
        let (open, close) = if on { ("[ ", " ]") } else { ("  ", "  ") };
        Line::new().look(format!("{open}{text}{close}"), look)
    };
    let title = ui.plan.request.title();
    button("Cancel", !ui.confirm_focused)
        .say("   ")
        .join(button(&title, ui.confirm_focused))
}

fn help(state: &State, ui: &ConfirmUi) -> Line {
    let place = match ui.part {
        Part::Reason | Part::Version => Place::Text,
        _ => Place::Confirm,
    };
    if ui.sent {
        let back = keys::first(state, place, Action::Back);
        let words = match state.journal.get(&ui.plan.id) {
            Some(_) => format!("Sent once; waiting for the answer. {back} leaves it on its way."),
            None => "Being recorded; nothing was sent yet.".to_owned(),
        };
        return Line::new().look(words, Tone::Bold);
    }
    let enter = match ui.part {
        Part::Version => "acts when it matches",
        Part::Reason => "goes on",
        Part::Buttons if ui.confirm_focused => "acts",
        Part::Buttons => "cancels",
        _ if ui.open.contains(&ui.part) => "folds",
        _ => "unfolds",
    };
    let mut line = Line::new();
    for (action, word) in [
        (Action::Back, "cancel"),
        (Action::NextPart, "parts"),
        (Action::CopyPlan, "copy as commands"),
        (Action::Confirm, enter),
    ] {
        let chord = keys::first(state, place, action);
        if !chord.is_empty() {
            line = line.look(chord, Tone::Bold).say(format!(" {word}   "));
        }
    }
    line
}
