//! Help: the list of the keys of a place, the words and the signs.

use super::list::Page;
use super::pen::Line;
use super::theme::Theme;
use crate::action::Place;
use crate::screen;

pub fn page(place: Place, rows: &[screen::line::Line], theme: Theme) -> Page<'_> {
    Page {
        title: format!("keys of the place: {}", place.name()),
        head: Line::new(),
        row: Box::new(move |n| theme.styled(rows.get(n).cloned().unwrap_or_default())),
        empty: Vec::new(),
        detail: None,
    }
}
