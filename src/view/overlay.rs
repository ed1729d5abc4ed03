//! Overlay: questions and refusals over a view: levers, copies, which file, a refusal, settling a plan.
//!
//! Deliberately absent: the confirmation, which has a file of its own ([`super::confirm`]).

use super::pen::{Line, Pen};
use super::theme::Theme;
use super::{confirm, levers};
use crate::action::{Action, Place};
use crate::plan::Refusal;
use crate::screen::confirm::head;
use crate::screen::copy::title;
use crate::screen::question::{Question, question};
use crate::screen::{keys, place::place, refused, room::least_size};
use crate::state::{Overlay, State};
use crate::text::{Safe, wrap};
use ratatui::layout::{Position, Rect};

/// Draws the overlay over everything but the keys and the message (the confirmation over everything).
pub fn draw(state: &State, pen: &mut Pen<'_>, main: Rect, whole: Rect) -> Option<Position> {
    if let Some(size) = least_size(state) {
        too_small(state, &mut pen.within(whole), size);
        return None;
    }
    match state.ui.overlay.as_ref()? {
        Overlay::Confirm(ui) => return confirm::draw(state, &mut pen.within(whole), ui),
        Overlay::Levers {
            target,
            selected,
            after,
        } => levers::draw(
            state,
            &mut pen.within(main),
            target,
            *selected,
            after.as_ref(),
        ),
        Overlay::Copy { subject } => {
            let title = title(state, subject);
            copy(state, &mut pen.within(main), &title);
        }
        Overlay::Refused(refusal) => refused(state, &mut pen.within(main), refusal),
        Overlay::Which { .. }
        | Overlay::Mute { .. }
        | Overlay::Undo { .. }
        | Overlay::Settle { .. } => {
            if let Some(question) = question(state) {
                ask(&mut pen.within(main), &question);
            }
        }
    }
    None
}

/// A cleared part of so many lines at the foot of another.
pub fn at_foot<'a>(pen: &'a mut Pen<'_>, lines: usize) -> Pen<'a> {
    let area = pen.area();
    let lines = (lines as u16).min(area.height);
    let mut part = pen.within(Rect {
        y: area.bottom() - lines,
        height: lines,
        ..area
    });
    part.clear();
    part
}

fn copy(state: &State, pen: &mut Pen<'_>, what: &str) {
    let theme = pen.theme;
    let mut pen = at_foot(pen, 1 + Action::COPIES.len());
    pen.rule(0, &format!("copy of {what}"), theme.bold());
    for (at, action) in Action::COPIES.into_iter().enumerate() {
        let line = Line::new()
            .say(" ")
            .look(keys::first(state, Place::Copy, action), theme.bold())
            .say(format!(" {:<12}{}", action.title(), action.help()));
        pen.line(1 + at, &line);
    }
}

/// A question with its answers; where there are too many for the part, those around the selected one.
fn ask(pen: &mut Pen<'_>, question: &Question) {
    let theme = pen.theme;
    let lines = question.lines(pen.columns());
    let mut pen = at_foot(pen, lines.count());
    pen.rule(0, &question.title, theme.bold());
    let first = 1 + lines.says.len();
    for (at, text) in lines.says.into_iter().enumerate() {
        pen.line(1 + at, &Line::new().safe(text, theme.plain()));
    }
    let to_selected = lines.answers.iter().take(question.selected + 1);
    let to_selected: usize = to_selected.map(Vec::len).sum();
    let room = pen.rows().saturating_sub(first);
    let answers = lines.answers.into_iter().enumerate();
    let rows = answers.flat_map(|(nth, texts)| answer(texts, nth == question.selected, &theme));
    let skip = to_selected.saturating_sub(room);
    for (y, line) in rows.skip(skip).take(room).enumerate() {
        pen.line(first + y, &line);
    }
}

/// The lines of an answer, in brackets where it is selected.
fn answer(texts: Vec<Safe>, is_selected: bool, theme: &Theme) -> Vec<Line> {
    let last = texts.len().saturating_sub(1);
    let line = |(nth, text): (usize, Safe)| {
        let line = Line::new();
        if !is_selected {
            return line.say(" ").safe(text, theme.plain());
        }
        let open = if nth == 0 { "[" } else { " " };
        let close = if nth == last { "]" } else { "" };
        line.look(open, theme.bold())
            .safe(text, theme.plain())
            .look(close, theme.bold())
            .map(|own| own.patch(theme.selected()))
    };
    texts.into_iter().enumerate().map(line).collect()
}

/// In place of an overlay that there is no room for: how much it needs, how to leave it, and what it is about.
fn too_small(state: &State, pen: &mut Pen<'_>, (columns, rows): (u16, u16)) {
    pen.clear();
    let theme = pen.theme;
    let wide = pen.columns();
    let back = keys::first(state, place(state), Action::Back);
    let says = format!(
        "Too small to confirm: make the terminal at least {columns}x{rows}. {back} cancels."
    );
    let says = wrap(&says, wide, wide).into_iter();
    let says = says.map(|text| Line::new().safe(text, theme.warning()));
    let about: Vec<Line> = match &state.ui.overlay {
        Some(Overlay::Confirm(ui)) => {
            let head = head(state, ui, wide).into_iter();
            head.map(|line| theme.styled(line)).collect()
        }
        _ => {
            let says = question(state).map(|question| question.lines(wide).says);
            let says = says.unwrap_or_default().into_iter();
            says.map(|text| Line::new().safe(text, theme.plain()))
                .collect()
        }
    };
    for (y, line) in says.chain(about).take(pen.rows()).enumerate() {
        pen.line(y, &line);
    }
}

fn refused(state: &State, pen: &mut Pen<'_>, refusal: &Refusal) {
    let theme = pen.theme;
    let lines = refused::lines(state, refusal, pen.columns());
    let mut pen = at_foot(pen, 1 + lines.len());
    let title = format!("REFUSED {} {}", refusal.lever.title(), refusal.target);
    pen.rule(0, &title, theme.warning());
    for (y, line) in lines.into_iter().enumerate() {
        pen.line(1 + y, &theme.styled(line));
    }
}
