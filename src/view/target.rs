//! Target: one app in one environment, as a list of truths and of what the cluster holds of it.

use super::list::Page;
use super::pen::Line;
use super::theme::Theme;
use crate::action::{Action, Place};
use crate::model::Target;
use crate::screen::keys;
use crate::screen::target::Row;
use crate::state::State;

pub fn page<'a>(state: &State, target: &Target, rows: &'a [Row], theme: Theme) -> Page<'a> {
    let back = keys::first(state, Place::Target, Action::Back);
    Page {
        title: target.to_string(),
        head: Line::new(),
        row: Box::new(move |n| {
            let row = rows.get(n).map(|row| row.line.clone());
            theme.styled(row.unwrap_or_default())
        }),
        empty: vec![format!(
            "It is neither in git nor in the cluster any more. {back} goes back."
        )],
        detail: None,
    }
}
