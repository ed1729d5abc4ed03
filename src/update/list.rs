//! List: moving in the plain lists (help, history, sources, journal, calls, target), by what a line is about.

use super::press;
use crate::action::Action;
use crate::screen::list::opened;
use crate::state::{ListKey, State};

pub fn press_in_list(state: &mut State, action: Action) {
    let Some(list) = opened(state) else { return };
    let rows = list.visible(state).max(1);
    let last = list.rows.length().saturating_sub(1);
    // What was selected may be gone: then the keys go on from where it stood.
    let now = list.selected.unwrap_or(state.ui.list.selected);
    let next = match action {
        Action::Down => now + 1,
        Action::Up => now.saturating_sub(1),
        Action::PageDown => now + rows,
        Action::PageUp => now.saturating_sub(rows),
        Action::Top => 0,
        Action::Bottom => last,
        other => return press::does_nothing(state, other),
    }
    .min(last);
    let key = list.rows.key(next);
    let list = &mut state.ui.list;
    list.key = key;
    list.selected = next;
    list.top = list.top.clamp((next + 1).saturating_sub(rows), next);
}

/// Scrolls the target view to its Kubernetes Events, and keeps the cursor there while rows come above them.
pub fn to_events(state: &mut State) {
    state.ui.list.key = Some(ListKey::Events);
    match opened(state).and_then(|list| list.selected) {
        Some(row) => {
            state.ui.list.selected = row;
            state.ui.list.top = row;
        }
        None => state.ui.list = Default::default(),
    }
}

/// Holds the selected line by what it is about, from the first moment that there is one.
pub fn pin(state: &mut State) {
    if state.ui.list.key.is_none() {
        state.ui.list.key = opened(state).and_then(|list| list.rows.key(list.selected?));
    }
}
