//! Palette: the actions that fit what is being typed, above the line it is typed on.

use super::overlay::at_foot;
use super::pen::{Line, Pen};
use crate::screen::palette::completions;
use crate::state::{PromptKind, State};

/// Completions shown at once.
const SHOWN: usize = 8;

pub fn draw(state: &State, pen: &mut Pen<'_>) {
    let Some(prompt) = state
        .ui
        .prompt
        .as_ref()
        .filter(|prompt| prompt.kind == PromptKind::Palette)
    else {
        return;
    };
    let theme = pen.theme;
    let found = completions(state);
    let mut pen = at_foot(pen, SHOWN.min(found.len()) + 1);
    pen.rule(0, &format!("{} actions", found.len()), theme.bold());
    let room = pen.rows().saturating_sub(1);
    let selected = prompt.selected.min(found.len().saturating_sub(1));
    let skip = (selected + 1).saturating_sub(room);
    for (y, (n, action)) in found.iter().enumerate().skip(skip).take(room).enumerate() {
        let mark = if n == selected { "> " } else { "  " };
        let line = Line::new()
            .look(mark, theme.bold())
            .look(format!("{:<18}", action.name()), theme.bold())
            .say(action.help());
        pen.line(1 + y, &line);
    }
}
