//! Place: which part of the screen has the keys.

use crate::action::Place;
use crate::state::{Overlay, Pane, Part, State, View};

/// The place that a key is pressed in now.
pub fn place(state: &State) -> Place {
    if state.ui.prompt.is_some() {
        return Place::Text;
    }
    match &state.ui.overlay {
        Some(Overlay::Confirm(confirm)) if matches!(confirm.part, Part::Reason | Part::Version) => {
            Place::Text
        }
        Some(Overlay::Confirm(_) | Overlay::Refused(_)) => Place::Confirm,
        Some(
            Overlay::Levers { .. }
            | Overlay::Which { .. }
            | Overlay::Settle { .. }
            | Overlay::Mute { .. }
            | Overlay::Undo { .. },
        ) => Place::Levers,
        Some(Overlay::Copy { .. }) => Place::Copy,
        None => match state.view() {
            View::Board => match state.ui.pane {
                Pane::Board => Place::Board,
                Pane::Run => Place::Run,
                Pane::Log => Place::Log,
            },
            View::Run => Place::Run,
            View::Log => Place::Log,
            View::Target(_) => Place::Target,
            View::History(_) => Place::History,
            View::Sources => Place::Sources,
            View::Journal => Place::Journal,
            View::Calls => Place::Calls,
            View::Help(_) => Place::Help,
        },
    }
}
