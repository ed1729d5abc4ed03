//! Log: the lines of one container.
//!
//! Deliberately absent: holding them.

use super::pen::{Line, Pen};
use crate::state::{Pane, State};

pub fn draw(state: &State, pen: &mut Pen<'_>) {
    let look = pen.theme.title(state.ui.pane == Pane::Log);
    let Some(ui) = &state.ui.log else {
        pen.rule(0, "log", look);
        pen.line(
            1,
            &Line::from("No log is open: Enter on a step of a run opens it."),
        );
        return;
    };
    pen.rule(0, &format!("log {}", ui.title), look);
    let rows = pen.rows().saturating_sub(1);
    for (y, (_, line)) in ui.log.lines_from(ui.top).take(rows).enumerate() {
        let text = crate::text::Safe::lossy(line.bytes);
        pen.line(1 + y, &Line::new().safe(text, pen.theme.plain()));
    }
}
