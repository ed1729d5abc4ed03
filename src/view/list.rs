//! List: the plain views (history, sources, journal, calls, help, target): a title, a head, rows, one of them selected.
//!
//! Deliberately absent: moving in them (`update` does, by the lengths given here) and what the rows say.

use super::layout::panes;
use super::pen::{Line, Pen};
use super::{calls, help, history, journal, sources, target};
use crate::state::{ListKey, State, View};
use ratatui::layout::Rect;

/// One list, ready to be drawn.
pub struct Page<'a> {
    pub title: String,
    /// The words over the columns; empty where there are none.
    pub head: Line,
    pub length: usize,
    /// A row; asked for visible ones only.
    pub row: Box<dyn Fn(usize) -> Line + 'a>,
    /// Why there is none, and what to press.
    pub empty: Vec<String>,
    /// More about the selected row, below; with its title.
    pub detail: Option<(String, Vec<Line>)>,
}

fn page<'a>(state: &'a State, columns: usize) -> Option<Page<'a>> {
    let theme = super::theme::Theme::new(state.settings.theme);
    Some(match state.view() {
        View::Board | View::Run | View::Log => return None,
        View::Target(of) => target::page(state, of, columns, theme),
        View::History(of) => history::page(state, of, theme),
        View::Sources => sources::page(state, columns, theme),
        View::Journal => journal::page(state, columns, theme),
        View::Calls => calls::page(state, theme),
        View::Help(place) => help::page(state, *place, theme),
    })
}

/// Rows of the list that is open.
pub fn length(state: &State) -> usize {
    page(state, usize::from(state.size.0)).map_or(0, |page| page.length)
}

/// Lines that the rows of the list have on the screen.
pub fn rows(state: &State) -> usize {
    let area = panes(state).body;
    match page(state, usize::from(state.size.0)) {
        Some(page) => room(&page, usize::from(area.height)),
        None => 0,
    }
}

/// What the nth line is about; none in lists whose lines are only read.
pub fn key(state: &State, n: usize) -> Option<ListKey> {
    match state.view() {
        View::Target(of) => target::key(state, of, n),
        View::History(target) => {
            let change = *history::changes(state, target).get(n)?;
            Some(ListKey::Change(
                change.commit.clone(),
                change.repository.clone(),
            ))
        }
        View::Sources => {
            let (source, _) = state.store.sources().nth(n)?;
            Some(ListKey::Source(source.clone()))
        }
        View::Journal => Some(ListKey::Plan(journal::record(state, n)?.plan.id.clone())),
        _ => None,
    }
}

/// Where the selected line stands now; none where what was selected is there no more.
pub fn selected(state: &State) -> Option<usize> {
    let Some(key) = &state.ui.list.key else {
        return Some(state.ui.list.selected);
    };
    match (state.view(), key) {
        (View::Target(of), key) => target::row_of(state, of, key),
        (View::History(target), ListKey::Change(commit, repository)) => {
            let changes = history::changes(state, target);
            changes
                .iter()
                .position(|c| c.commit == *commit && c.repository == *repository)
        }
        (View::Sources, ListKey::Source(source)) => {
            state.store.sources().position(|(known, _)| known == source)
        }
        (View::Journal, ListKey::Plan(id)) => {
            let mut records = state.journal.records.iter().rev();
            records.position(|record| record.plan.id == *id)
        }
        _ => None,
    }
}

fn room(page: &Page<'_>, height: usize) -> usize {
    let below_title = height.saturating_sub(1 + usize::from(!page.head.is_empty()));
    if page.detail.is_some() {
        // Half for what is told of the selected row, unless the list is short.
        page.length.min(below_title.div_ceil(2))
    } else {
        below_title
    }
}

pub fn draw(state: &State, pen: &mut Pen<'_>) {
    let Some(page) = page(state, pen.columns()) else {
        return;
    };
    let theme = pen.theme;
    pen.rule(0, &page.title, theme.bold());
    let first = 1 + usize::from(!page.head.is_empty());
    if !page.head.is_empty() {
        pen.line(
            1,
            &Line::new()
                .pad(2)
                .join(page.head.clone())
                .restyle(theme.dim()),
        );
    }
    let rows = room(&page, pen.rows());
    if page.length == 0 {
        for (y, text) in page.empty.iter().enumerate() {
            pen.line(first + y, &Line::new().pad(2).say(text));
        }
    }
    let chosen = selected(state);
    let mut top = state.ui.list.top.min(page.length.saturating_sub(1));
    if let Some(chosen) = chosen.filter(|_| rows > 0) {
        // Lines came above it since the last key.
        top = top.clamp((chosen + 1).saturating_sub(rows), chosen.max(top));
    }
    for (y, n) in (top..page.length).take(rows).enumerate() {
        let selected = Some(n) == chosen;
        let mark = if selected { "> " } else { "  " };
        let line = Line::new().look(mark, theme.bold()).join((page.row)(n));
        let line = if selected {
            line.restyle(theme.bold())
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
