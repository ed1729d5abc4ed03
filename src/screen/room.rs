//! Room: whether the screen shows enough of an overlay for its answer to count: of a plan what moves, from which version to
//! which, and the field with what is said of it; of a question about a plan all of it.
//!
//! Deliberately absent: which keys count. Where there is too little room none does, but the one that leaves.

use super::{confirm, layout, question::question};
use crate::state::{Overlay, State};

/// On fewer columns neither a reason that is typed nor both buttons are in sight.
const LEAST_COLUMNS: u16 = 40;

/// The columns and rows that the open overlay needs; none where the screen has them, or where nothing is asked any more
/// that would be sent or journalled.
pub fn least_size(state: &State) -> Option<(u16, u16)> {
    let (columns, rows) = state.size;
    let least_columns = columns.max(LEAST_COLUMNS);
    let wide = usize::from(least_columns);
    let least_rows = match state.ui.overlay.as_ref()? {
        Overlay::Confirm(ui) if !ui.sent => {
            u16::try_from(confirm::least_rows(state, ui, wide)).unwrap_or(u16::MAX)
        }
        Overlay::Settle { .. } | Overlay::Undo { .. } => {
            let lines = question(state)?.lines(wide).count();
            layout::rows_for_body(state, least_columns, lines)
        }
        _ => return None,
    };
    (columns < least_columns || rows < least_rows).then_some((least_columns, least_rows))
}
