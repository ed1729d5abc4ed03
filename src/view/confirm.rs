//! Confirm: the overlay that shows a plan whole on one screen before it can be sent: from and to first and never cut, what
//! is against it before what is not, the exact write, what follows, and what must be typed.
//!
//! Deliberately absent: deciding and sending. Where the screen is too low, parts are folded, and say how much is missing.

mod foot;
mod parts;

pub use parts::check;

use super::pen::{Line, Pen, wrap};
use super::theme::Theme;
use crate::plan::{Plan, show};
use crate::state::{ConfirmUi, Part, State};
use crate::text::{Safe, width};
use parts::Section;
use ratatui::layout::{Position, Rect};

/// Lines that a folded part keeps when the screen is low.
const KEPT: usize = 2;

pub fn draw(state: &State, pen: &mut Pen<'_>, ui: &ConfirmUi) -> Option<Position> {
    pen.clear();
    let columns = pen.columns();
    let rows = pen.rows();
    let head = head(&ui.plan, columns, pen.theme);
    let foot = foot::lines(state, ui, columns, pen.theme);
    let foot_rows = foot.lines.len().min(rows);
    let head_rows = head.len().min(rows - foot_rows);
    for (y, line) in head.iter().take(head_rows).enumerate() {
        pen.line(y, line);
    }
    let room = rows - head_rows - foot_rows;
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
            foot::FootLine::Rule(title, style) => pen.rule(y, title, *style),
            foot::FootLine::Line(line) => pen.line(y, line),
        }
    }
    let (x, y) = foot.cursor?;
    let y = y.checked_sub(skipped)?;
    pen.place(x.min(columns.saturating_sub(1)), y)
        .map(|(x, y)| Position { x, y })
}

/// Action and target, reach, from and to, evidence, what was read when.
fn head(plan: &Plan, columns: usize, theme: Theme) -> Vec<Line> {
    let mut lines = Vec::new();
    let what = format!(
        "{}  {}",
        plan.request.lever.title().to_uppercase(),
        plan.request.target
    );
    let reach = show::reaches(&plan.reach).unwrap_or_else(|| "changes no version".into());
    let look = if plan.reach.production {
        theme.danger()
    } else {
        theme.bold()
    };
    if width(&Safe::line(&what)) + 2 + width(&reach) <= columns {
        let gap = columns - width(&Safe::line(&what)) - width(&reach);
        lines.push(
            Line::new()
                .look(&what, theme.bold())
                .pad(width(&Safe::line(&what)) + gap)
                .look(&reach, look),
        );
    } else {
        lines.extend(wrapped(&what, columns, theme.bold()));
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
        let line = Line::new().safe(line, theme.bold());
        lines.push(if at + 1 == count && !first.is_empty() {
            line.say("     ").say(&first)
        } else {
            line
        });
    }
    lines.extend(
        evidence
            .take(2)
            .map(|line| Line::new().safe(line, theme.plain())),
    );
    lines.extend(
        wrapped(&plan.read, columns, theme.plain())
            .into_iter()
            .take(2),
    );
    lines
}

fn wrapped(text: &str, columns: usize, style: ratatui::style::Style) -> Vec<Line> {
    wrap(text, columns, columns)
        .into_iter()
        .map(|line| Line::new().safe(line, style))
        .collect()
}

/// The lines of the parts between head and foot, titles among them.
fn body(
    state: &State,
    ui: &ConfirmUi,
    columns: usize,
    rows: usize,
    theme: Theme,
) -> Vec<(Option<String>, Line)> {
    let mut sections = [
        parts::checks(ui, columns, theme),
        parts::write(ui, columns, theme),
        parts::then(state, ui, columns, theme),
    ];
    shrink(ui, &mut sections, rows);
    let mut lines: Vec<(Option<String>, Line)> = Vec::new();
    for section in &sections {
        let missing = match section.left_out {
            0 => String::new(),
            n => format!(", +{n} lines"),
        };
        let title = format!("{}{missing}", section.title);
        let title = if ui.part == section.part {
            format!("[{title}]")
        } else {
            title
        };
        lines.push((Some(title), Line::new()));
        lines.extend(section.lines.iter().map(|line| (None, line.clone())));
    }
    lines
}

/// How far down the parts can be scrolled on this screen: none where all of them are in sight.
pub fn scroll(state: &State, ui: &ConfirmUi) -> usize {
    let (columns, rows) = (usize::from(state.size.0), usize::from(state.size.1));
    let theme = Theme::new(state.settings.theme);
    let head = head(&ui.plan, columns, theme).len();
    let foot = foot::lines(state, ui, columns, theme).lines.len();
    let room = rows.saturating_sub(foot).saturating_sub(head);
    body(state, ui, columns, room, theme)
        .len()
        .saturating_sub(room)
}

fn sections(state: &State, ui: &ConfirmUi, pen: &mut Pen<'_>) {
    let theme = pen.theme;
    let lines = body(state, ui, pen.columns(), pen.rows(), theme);
    let most = lines.len().saturating_sub(pen.rows());
    let top = ui.top.min(most);
    for (y, (rule, line)) in lines.iter().skip(top).take(pen.rows()).enumerate() {
        match rule {
            Some(title) => {
                let focused = title.starts_with('[');
                let look = theme.title(focused);
                pen.rule(y, title, look);
            }
            None => pen.line(y, line),
        }
    }
}

/// Takes lines from the end of the longest folded parts until all fit; of what is against the plan last.
fn shrink(ui: &ConfirmUi, sections: &mut [Section; 3], room: usize) {
    let fits =
        |sections: &[Section; 3]| sections.iter().map(|s| 1 + s.lines.len()).sum::<usize>() <= room;
    for kept in [KEPT, 1] {
        for part in [Part::Write, Part::Then, Part::Checks] {
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
}
