//! Run: the steps of a run.
//!
//! Deliberately absent: logs.

use super::pen::{Line, Pen};
use crate::state::{Pane, State};

pub fn draw(state: &State, pen: &mut Pen<'_>) {
    let look = pen.theme.title(state.ui.pane == Pane::Run);
    let Some(ui) = &state.ui.run else {
        pen.line(0, &Line::new().look("run", look));
        pen.line(
            1,
            &Line::from("No run is open: Enter on a cell opens its newest."),
        );
        return;
    };
    pen.line(0, &Line::new().look(ui.target.to_string(), look));
    match crate::update::opened(state) {
        Some(run) => pen.line(
            1,
            &Line::from(format!("{} {}", run.id.name, run.phase.as_str())),
        ),
        None => pen.line(1, &Line::from("It has no run that is kept.")),
    }
}
