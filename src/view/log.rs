//! Log: the visible lines of the open log, in the colours that they ask for, under a title that says how much there is.
//!
//! Deliberately absent: searching and counting (the model's), and wrapping ([`crate::screen::log`]). The title is one line; `update` counts on it.

use super::pen::{Line, Pen};
use super::theme::Theme;
use crate::action::{Action, Place};
use crate::belongs::logs::LogChoice;
use crate::screen::log::{Look, TIME, margin, shown, timed};
use crate::screen::{keys, place::place};
use crate::state::{LogUi, State};
use crate::text::{Colour, Sgr, width, wrap};
use jiff::tz::TimeZone;
use ratatui::style::{Color, Modifier, Style};

/// Draws the open log, or why there is none.
pub fn draw(state: &State, pen: &mut Pen<'_>) {
    if pen.rows() == 0 {
        return;
    }
    let look = pen.theme.title(place(state) == Place::Log);
    let Some(ui) = &state.ui.log else {
        pen.rule(0, "log", look);
        let key = keys::first(state, Place::Run, Action::Enter);
        return say(
            pen,
            &format!("No log is open; {key} on a step opens its log here."),
        );
    };
    // Where there is no room for all, the run's or the app's name goes first: it stands beside the log, or one key away.
    let name = ui.title();
    let last = name.split_once(' ').map_or(name, |(_, last)| last);
    let room = pen.columns().saturating_sub(4);
    let words = [(name, true), (last, true)]
        .map(|(name, neighbours)| title(ui, name, neighbours))
        .into_iter()
        .find(|words| width(words) <= room)
        .unwrap_or_else(|| title(ui, last, false));
    pen.rule(0, &words, look);
    match empty(state, ui) {
        Some(why) => say(pen, &why),
        None => lines(ui, pen),
    }
}

fn say(pen: &mut Pen<'_>, text: &str) {
    let columns = pen.columns();
    for (y, line) in wrap(text, columns, columns).into_iter().enumerate() {
        pen.line(1 + y, &Line::new().safe(line, pen.theme.plain()));
    }
}

/// `log govuk-e2e-tests(2) main, finished, 2114 lines, error 1 of 4, line 812`.
///
/// `neighbours` adds how many containers stand beside it: `main (1 of 3)`.
fn title(ui: &LogUi, name: &str, neighbours: bool) -> String {
    let mut parts = vec![format!("log {name}")];
    if let Some(LogChoice { source, .. }) = ui.sources.get(ui.source) {
        let previous = if source.previous { " previous" } else { "" };
        let of = match ui.sources.len() {
            0 | 1 => String::new(),
            _ if !neighbours => String::new(),
            all => format!(" ({} of {all})", ui.source + 1),
        };
        parts[0].push_str(&format!(" {}{previous}{of}", source.container));
    }
    parts.push(match (&ui.fault, ui.ended) {
        (Some(fault), true) => format!("ENDED: {}", fault.detail),
        (Some(fault), false) => format!("CUT, tries again: {}", fault.detail),
        (None, true) => "finished".to_owned(),
        (None, false) if ui.following => "following".to_owned(),
        (None, false) => "being read".to_owned(),
    });
    parts.push(counted(ui.log.end(), "line"));
    if let Some(filter) = &ui.filter {
        parts.push(format!(
            "{} match {}",
            filter.numbers().len(),
            ui.filter_text
        ));
    }
    if ui.log.first() > 0 {
        parts.push(format!("first {} fell out", ui.log.first()));
    }
    let errors = ui.errors.len();
    match ui.errors.nth(ui.selected) {
        _ if errors == 0 => {}
        // A followed log stands at its end, at no error.
        nth if nth == 0 || ui.following => parts.push(counted(errors as u64, "error")),
        nth => parts.push(format!("error {nth} of {errors}")),
    }
    if !ui.following && !ui.log.is_empty() {
        parts.push(format!("line {}", ui.selected + 1));
    }
    parts.join(", ")
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Why no line is shown, and what to press.
fn empty(state: &State, ui: &LogUi) -> Option<String> {
    if let Some(filter) = ui.filter.as_ref().filter(|_| !ui.log.is_empty()) {
        let key = keys::first(state, Place::Log, Action::FilterLines);
        return filter.numbers().is_empty().then(|| {
            format!(
                "No line matches {}; {key} with nothing shows all lines again.",
                ui.filter_text
            )
        });
    }
    if !ui.log.is_empty() {
        return None;
    }
    Some(match (&ui.fault, ui.ended) {
        (Some(fault), _) => fault.to_string(),
        (None, true) => "It printed nothing.".to_owned(),
        (None, false) => "Waiting for the first line.".to_owned(),
    })
}

/// The lines from the first visible one on; of a followed log that is wrapped, those that end at the newest.
fn lines(ui: &LogUi, pen: &mut Pen<'_>) {
    let room = pen.rows() - 1;
    let timed = timed(ui, pen.columns());
    let margin = margin(ui, pen.columns());
    let columns = pen.columns().saturating_sub(margin);
    let theme = pen.theme;
    let mut drawn: Vec<(u64, Vec<Line>)> = Vec::with_capacity(room);
    let mut rows = 0;
    // Says whether there is room for more.
    let mut take = |number: u64| -> bool {
        let Some(line) = ui.log.line(number) else {
            return false;
        };
        let parts = shown(ui, number, &line, columns);
        let styled = |part: crate::screen::line::Line<Look>| part.map(|look| style(look, theme));
        let parts: Vec<Line> = parts.into_iter().map(styled).collect();
        rows += parts.len();
        drawn.push((number, parts));
        rows < room
    };
    let backwards = ui.following && ui.wrap;
    let _enough = match (&ui.filter, backwards) {
        (None, false) => (ui.top.max(ui.log.first())..ui.log.end()).all(&mut take),
        (None, true) => (ui.log.first()..ui.log.end()).rev().all(&mut take),
        (Some(filter), false) => {
            let from = filter.numbers().partition_point(|number| *number < ui.top);
            filter.numbers().range(from..).copied().all(&mut take)
        }
        (Some(filter), true) => filter.numbers().iter().rev().copied().all(&mut take),
    };
    if backwards {
        drawn.reverse();
    }
    let mut skip = if backwards {
        rows.saturating_sub(room)
    } else {
        0
    };
    let mut y = 1;
    for (number, parts) in &drawn {
        for (nth, part) in parts.iter().enumerate() {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            if nth == 0 {
                lead(ui, *number, timed, y, pen);
            }
            pen.line_at(margin, y, part);
            y += 1;
        }
    }
}

/// The time and the mark before a line.
fn lead(ui: &LogUi, number: u64, timed: bool, y: usize, pen: &mut Pen<'_>) {
    let at = ui.log.line(number).and_then(|line| line.at);
    let mut line = Line::new();
    if timed {
        let time = at.map(|at| at.to_zoned(TimeZone::UTC).strftime("%H:%M:%SZ").to_string());
        line = line.look(
            format!("{:TIME$}", time.unwrap_or_default()),
            pen.theme.dim(),
        );
    }
    let mark = if number == ui.selected && !ui.following {
        " > "
    } else {
        "   "
    };
    pen.line(y, &line.look(mark, pen.theme.bold()));
}

fn style(look: Look, theme: Theme) -> Style {
    let own = theme.tone(look.tone).patch(asked(look.asked, theme));
    if look.found {
        own.patch(theme.reverse())
    } else {
        own
    }
}

/// The look that the line itself asks for.
fn asked(look: Sgr, theme: Theme) -> Style {
    let mut style = Style::new();
    if look.bold {
        style = style.add_modifier(Modifier::BOLD);
    }
    if look.underline {
        style = style.add_modifier(Modifier::UNDERLINED);
    }
    if theme.no_colour {
        return style;
    }
    if let Some(ink) = look.ink {
        style = style.fg(colour(ink));
    }
    if let Some(ground) = look.ground {
        style = style.bg(colour(ground));
    }
    style
}

/// The first sixteen by their names, which terminals of sixteen colours know.
fn colour(colour: Colour) -> Color {
    const NAMED: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    NAMED
        .get(usize::from(colour.0))
        .copied()
        .unwrap_or(Color::Indexed(colour.0))
}
