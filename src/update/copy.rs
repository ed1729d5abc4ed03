//! Copy: a value, a link, commands or a line of Markdown of what is selected, for the clipboard.

use crate::action::Action;
use crate::effect::Effect;
use crate::screen::copy::{commands, counted, link, markdown, subject, value};
use crate::state::{Overlay, State};
use crate::text::Safe;

pub fn open(state: &mut State) {
    if let Some(subject) = subject(state) {
        state.open_overlay(Overlay::Copy { subject });
    }
}

pub fn press_in_copy_menu(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let Some(Overlay::Copy { subject }) = &state.ui.overlay else {
        return;
    };
    let text = match action {
        Action::CopyValue => value(state, subject),
        Action::CopyLink => link(state, subject),
        Action::CopyCommands => commands(state, subject),
        Action::CopyMarkdown => markdown(state, subject),
        _ => return state.close_overlay(),
    };
    state.close_overlay();
    // What is one line is copied as it is shown; commands are quoted word by word.
    let text = text.map(|text| match action {
        Action::CopyCommands => text,
        _ => Safe::line(&text).to_string(),
    });
    match text {
        Some(text) => show(state, text, effects),
        None if action == Action::CopyLink => state.complain(NO_LINK),
        None => state.complain("There is nothing of that kind to copy here."),
    }
}

const NO_LINK: &str = "The delivery file names no link for this; see links there.";

/// The link of what is selected, shown and copied.
pub fn selected_link(state: &mut State, effects: &mut Vec<Effect>) {
    match subject(state).and_then(|subject| link(state, &subject)) {
        Some(text) => show(state, Safe::line(&text).to_string(), effects),
        None => state.complain(NO_LINK),
    }
}

/// Copies a text and shows it, for terminals that take none. It goes with the next key, which counts.
fn show(state: &mut State, text: String, effects: &mut Vec<Effect>) {
    state.tell(format!("{}:\n{}", counted(&text), text.trim_end()));
    effects.push(Effect::Copy(text));
}
