//! List: the plain views (history, sources, journal, calls, help, target): a title, a head, rows, one of them selected.
//!
//! Deliberately absent: which rows there are ([`crate::screen::list`]) and what they say.

use super::pen::{Line, Pen};
use super::{calls, help, history, journal, sources, target};
use crate::screen::list::{List, Rows, opened};
use crate::state::{State, View};
use ratatui::layout::Rect;

/// One list, ready to be drawn.
pub struct Page<'a> {
    pub title: String,
    /// The words over the columns; empty where there are none.
    pub head: Line,
    /// A row; asked for visible ones only.
    pub row: Box<dyn Fn(usize) -> Line + 'a>,
    /// Why there is none, and what to press.
    pub empty: Vec<String>,
    /// More about the selected row, below; with its title.
    pub detail: Option<(String, Vec<Line>)>,
}

fn page<'a>(state: &'a State, list: &'a List<'a>, columns: usize) -> Option<Page<'a>> {
    let theme = super::theme::Theme::new(state.settings.theme);
    Some(match (state.view(), &list.rows) {
        (View::Target(of), Rows::Target(rows)) => target::page(state, of, rows, theme),
        (View::History(of), Rows::History(changes)) => history::page(state, of, changes, theme),
        (_, Rows::Sources(sources)) => sources::page(state, sources, list.source(), columns, theme),
        (_, Rows::Journal(mutes, records)) => {
            journal::page(state, mutes, records, list, columns, theme)
        }
        (_, Rows::Calls(calls)) => calls::page(calls, theme),
        (View::Help(place), Rows::Help(rows)) => help::page(*place, rows, theme),
        _ => return None,
    })
}

pub fn draw(state: &State, pen: &mut Pen<'_>) {
    let Some(list) = opened(state) else {
        return;
    };
    let Some(page) = page(state, &list, pen.columns()) else {
        return;
    };
    let length = list.rows.length();
    let theme = pen.theme;
    pen.rule(0, &page.title, theme.bold());
    let first = 1 + usize::from(list.rows.has_head());
    if list.rows.has_head() {
        pen.line(
            1,
            &Line::new()
                .pad(2)
                .join(page.head.clone())
                .map(|own| own.patch(theme.dim())),
        );
    }
    let rows = list.room(pen.rows());
    if length == 0 {
        for (y, text) in page.empty.iter().enumerate() {
            pen.line(first + y, &Line::new().pad(2).say(text));
        }
    }
    let chosen = list.selected;
    let mut top = state.ui.list.top.min(length.saturating_sub(1));
    if let Some(chosen) = chosen.filter(|_| rows > 0) {
        // Lines came above it since the last key.
        top = top.clamp((chosen + 1).saturating_sub(rows), chosen.max(top));
    }
    for (y, n) in (top..length).take(rows).enumerate() {
        let selected = Some(n) == chosen;
        let mark = if selected { "> " } else { "  " };
        let line = Line::new().look(mark, theme.bold()).join((page.row)(n));
        let line = if selected {
            line.map(|own| own.patch(theme.bold()))
        } else {
            line
        };
        pen.line(first + y, &line);
    }
    if let Some((title, lines)) = &page.detail {
        let from = first + rows;
        if from < pen.rows() {
            let area = pen.area();
            let mut pen = pen.within(Rect {
                y: area.y + from as u16,
                height: area.height - from as u16,
                ..area
            });
            pen.rule(0, title, theme.dim());
            for (y, line) in lines.iter().enumerate() {
                pen.line(1 + y, line);
            }
        }
    }
}
