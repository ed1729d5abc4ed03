//! Log: how the lines of the open log are laid out: how many rows each takes, and what stands out in them.
//!
//! A line becomes [`Safe`] and loses its credentials here, and only while it is visible. Deliberately absent: searching and
//! counting (the model's), and colours.

use crate::model::log::{Line as Text, Pattern, masked};
use crate::screen::line::{Line, Tone};
use crate::state::LogUi;
use crate::text::{Safe, Sgr, styled, width};
use unicode_segmentation::UnicodeSegmentation;

/// How a stretch of a line looks.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Look {
    pub tone: Tone,
    /// What the line itself asks for; it has precedence over the tone.
    pub asked: Sgr,
    /// The search found it.
    pub found: bool,
}

impl Look {
    fn toned(tone: Tone) -> Self {
        Self {
            tone,
            ..Self::default()
        }
    }
}

/// Columns of the time and of the mark of the selected line: `02:31:11Z > `.
pub const TIME: usize = 9;
const MARK: usize = 3;
/// A pane narrower than this shows no times.
const LEAST: usize = 40;

/// Whether times are shown: by the whole log, so that no line takes more rows when others come into sight.
pub fn timed(ui: &LogUi, columns: usize) -> bool {
    columns >= LEAST && ui.log.is_stamped()
}

/// Columns before a line.
pub fn margin(ui: &LogUi, columns: usize) -> usize {
    MARK + if timed(ui, columns) { TIME } else { 0 }
}

/// Rows that a line takes in a pane of so many columns.
pub fn line_rows(ui: &LogUi, number: u64, columns: usize) -> usize {
    if !ui.wrap {
        return 1;
    }
    let room = columns.saturating_sub(margin(ui, columns));
    let rows = |line| shown(ui, number, &line, room).len();
    ui.log.line(number).map_or(0, rows)
}

/// A line as it is drawn: one row, or as many as it needs where lines are wrapped.
pub fn shown(ui: &LogUi, number: u64, line: &Text<'_>, columns: usize) -> Vec<Line<Look>> {
    if line.marker {
        let words = String::from_utf8_lossy(line.bytes);
        return vec![Line::new().look(format!("-- {words} --"), Look::toned(Tone::Warning))];
    }
    // The beginning of a report of an error stands out, unless the line has colours of its own.
    let tone = match ui.errors.numbers().binary_search(&number) {
        Ok(_) => Tone::Bad,
        Err(_) => Tone::Plain,
    };
    let mut stretches: Vec<(Safe, Look)> = styled(&masked(line.bytes))
        .into_iter()
        .map(|(text, asked)| {
            let found = false;
            (text, Look { tone, asked, found })
        })
        .collect();
    if let Some(pattern) = &ui.search {
        stretches = found(stretches, pattern);
    }
    if !ui.wrap {
        return vec![
            stretches
                .into_iter()
                .fold(Line::new(), |line, (text, look)| line.safe(text, look)),
        ];
    }
    wrapped(stretches, columns.max(1))
}

/// Marks what a search found. It looks at the text as it is drawn: a match across two colours is marked in both.
fn found(stretches: Vec<(Safe, Look)>, pattern: &Pattern) -> Vec<(Safe, Look)> {
    let whole: String = stretches.iter().map(|(text, _)| &**text).collect();
    let places = pattern.places(whole.as_bytes());
    if places.is_empty() {
        return stretches;
    }
    let mut out = Vec::with_capacity(stretches.len() + 2 * places.len());
    let mut at = 0;
    for (text, look) in stretches {
        let end = at + text.len();
        let mut from = at;
        for (start, stop) in &places {
            let (start, stop) = ((*start).clamp(from, end), (*stop).clamp(from, end));
            let (before, match_) = (whole.get(from..start), whole.get(start..stop));
            // A match that begins inside a letter is no place to cut at.
            if let (Some(before), Some(match_)) = (before, match_)
                && !match_.is_empty()
            {
                out.push((Safe::line(before), look));
                out.push((
                    Safe::line(match_),
                    Look {
                        found: true,
                        ..look
                    },
                ));
                from = stop;
            }
        }
        out.push((Safe::line(whole.get(from..end).unwrap_or_default()), look));
        at = end;
    }
    out
}

fn wrapped(stretches: Vec<(Safe, Look)>, columns: usize) -> Vec<Line<Look>> {
    let mut lines = vec![Line::new()];
    let mut used = 0;
    for (text, look) in stretches {
        let mut rest: &str = &text;
        while !rest.is_empty() {
            let part = head(rest, columns - used);
            if part.is_empty() {
                // A wide letter that does not fit at all is left to the pen, which cuts it.
                let part = if used == 0 { rest } else { "" };
                if let Some(line) = lines.last_mut().filter(|_| !part.is_empty()) {
                    *line = std::mem::take(line).safe(Safe::line(part), look);
                    break;
                }
                lines.push(Line::new());
                used = 0;
                continue;
            }
            used += width(part);
            if let Some(line) = lines.last_mut() {
                *line = std::mem::take(line).safe(Safe::line(part), look);
            }
            rest = &rest[part.len()..];
        }
    }
    lines
}

/// As many whole letters as fit.
fn head(text: &str, cells: usize) -> &str {
    if text.is_ascii() {
        return &text[..text.len().min(cells)];
    }
    let mut used = 0;
    let fits = text.grapheme_indices(true).find(|(_, shape)| {
        used += width(shape);
        used > cells
    });
    fits.map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Line<Look>]) -> Vec<usize> {
        lines.iter().map(Line::width).collect()
    }

    #[test]
    fn wrapping_loses_nothing_and_halves_no_letter() {
        let line =
            |text: &str, columns| wrapped(vec![(Safe::line(text), Look::default())], columns);
        assert_eq!(texts(&line("abcdefgh", 3)), [3, 3, 2]);
        assert_eq!(texts(&line("世界人", 3)), [2, 2, 2]);
        assert_eq!(texts(&line("ab世", 3)), [2, 2]);
        assert_eq!(texts(&line("", 3)), [0]);
        assert_eq!(texts(&line("世", 1)).len(), 1);
        let two = wrapped(
            vec![
                (Safe::line("abcd"), Look::default()),
                (Safe::line("efg"), Look::default()),
            ],
            5,
        );
        assert_eq!(texts(&two), [5, 2]);
    }

    #[test]
    fn matches_are_marked_across_colours() {
        let pattern = Pattern::parse("bcd").unwrap().unwrap();
        let marked = found(
            vec![
                (Safe::line("abc"), Look::default()),
                (Safe::line("def bcd"), Look::default()),
            ],
            &pattern,
        );
        let text: String = marked
            .iter()
            .map(|(text, look)| match look.found {
                true => format!("[{text}]"),
                false => text.to_string(),
            })
            .collect();
        assert_eq!(text, "a[bc][d]ef [bcd]");
    }
}
