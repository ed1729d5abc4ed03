//! Row: one step of a run: its place in the tree, its name, how long it took and what became of it.
//!
//! Deliberately absent: the texts ([`crate::screen::run`]) and the order of the rows.

use crate::model::tree::Row;
use crate::model::{Node, Run};
use crate::screen::run::row::{TIME, cut_name, lasted, side, until, words};
use crate::view::pen::{Line, Pen};
use jiff::Timestamp;
use ratatui::layout::Rect;

pub(super) fn draw(
    row: &Row,
    node: &Node,
    run: &Run,
    now: Timestamp,
    time_at: usize,
    y: usize,
    pen: &mut Pen<'_>,
) {
    let columns = pen.columns();
    let (glyph, look) = pen.theme.step(&row.phase);
    let (name_look, words_look) = match row.phase.has_failed() {
        true => (look, pen.theme.bad()),
        false => (pen.theme.plain(), pen.theme.dim()),
    };
    let dim = pen.theme.dim();
    let label = |columns: usize| {
        Line::new()
            .look(&row.trunk, dim)
            .look(glyph.to_string(), look)
            .say(" ")
            .safe(cut_name(row, columns), name_look)
            .look(side(row), name_look)
    };
    let words = Line::new().look(words(row, node, run, now), words_look);
    let area = pen.area();
    let part = |pen: &mut Pen<'_>, from: usize, to: usize, line: &Line| {
        let width = to.min(columns).saturating_sub(from) as u16;
        let area = Rect {
            x: area.x + from as u16,
            width,
            ..area
        };
        pen.within(area).line(y, line);
    };
    match lasted(node, until(run, now)) {
        Some(time) => {
            let to = time_at.saturating_sub(1);
            part(pen, 0, to, &label(to));
            let time = Line::new().say(format!("{time:>TIME$}"));
            part(pen, time_at, time_at + TIME, &time);
            part(pen, time_at + TIME + 2, columns, &words);
        }
        // What never ran has no time: its reason begins where its name ends.
        None => part(pen, 0, columns, &label(columns).say("  ").join(words)),
    }
}
