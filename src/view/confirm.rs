//! Confirm: the overlay that shows a whole plan on one screen before it can be sent: from and to first and never cut,
//! failed checks before passed ones, the exact write, what follows, and what must be typed.
//!
//! Deliberately absent: deciding, sending, and the lines themselves ([`crate::screen::confirm`]).

use super::pen::Pen;
use crate::screen::confirm::{BodyLine, body, foot, head, rows_above_foot};
use crate::state::{ConfirmUi, State};
use ratatui::layout::{Position, Rect};

pub fn draw(state: &State, pen: &mut Pen<'_>, ui: &ConfirmUi) -> Option<Position> {
    pen.clear();
    let columns = pen.columns();
    let rows = pen.rows();
    let head = head(state, ui, columns);
    let foot = foot::lines(state, ui, columns);
    let foot_rows = foot.lines.len().min(rows);
    let (head_rows, room) = rows_above_foot(state, ui, columns, rows);
    for (y, line) in head.iter().take(head_rows).enumerate() {
        pen.line(y, &pen.theme.styled(line.clone()));
    }
    let area = pen.area();
    let middle = Rect {
        y: area.y + head_rows as u16,
        height: room as u16,
        ..area
    };
    sections(state, ui, &mut pen.within(middle));
    let below = Rect {
        y: area.y + (rows - foot_rows) as u16,
        height: foot_rows as u16,
        ..area
    };
    let mut pen = pen.within(below);
    // On a screen too low for it the end of the foot, where one types, stays.
    let skipped = foot.lines.len() - foot_rows;
    for (y, line) in foot.lines.iter().skip(skipped).enumerate() {
        match line {
            foot::FootLine::Rule(tone) => pen.rule(y, "", pen.theme.tone(*tone)),
            foot::FootLine::Line(line) => pen.line(y, &pen.theme.styled(line.clone())),
        }
    }
    let (x, y) = foot.cursor?;
    let y = y.checked_sub(skipped)?;
    pen.place(x.min(columns.saturating_sub(1)), y)
        .map(|(x, y)| Position { x, y })
}

fn sections(state: &State, ui: &ConfirmUi, pen: &mut Pen<'_>) {
    let theme = pen.theme;
    let lines = body(state, ui, pen.columns(), pen.rows());
    let most = lines.len().saturating_sub(pen.rows());
    let top = ui.top.min(most);
    for (y, line) in lines.into_iter().skip(top).take(pen.rows()).enumerate() {
        match line {
            BodyLine::Title {
                text,
                is_focused,
                is_changed,
            } => {
                let look = match is_changed {
                    true => theme.bad(),
                    false => theme.title(is_focused),
                };
                pen.rule(y, &text, look);
            }
            BodyLine::Text(line) => pen.line(y, &theme.styled(line)),
        }
    }
}
