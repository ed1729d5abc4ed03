//! Copy: a value, a link, commands or a line of Markdown of a target, for the clipboard.
//!
//! Deliberately absent: the clipboard itself (an effect).

use crate::action::Action;
use crate::effect::Effect;
use crate::screen::copy::{commands, links, markdown, value};
use crate::state::{Overlay, State};
use crate::text::Safe;

pub fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let Some(Overlay::Copy { target }) = &state.ui.overlay else {
        return;
    };
    let target = target.clone();
    let text = match action {
        Action::CopyValue => value(state, &target),
        Action::CopyLink => links(state, &target).into_iter().next(),
        Action::CopyCommands => Some(commands(state, &target)),
        Action::CopyMarkdown => markdown(state, &target),
        _ => {
            state.close_overlay();
            return;
        }
    };
    state.close_overlay();
    // What is one line is copied as it is shown; commands are quoted word by word.
    let text = text.map(|text| match action {
        Action::CopyCommands => text,
        _ => Safe::line(&text).to_string(),
    });
    give(state, text, effects);
}

/// The link of what is selected, shown and copied.
pub fn link(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(target) = state.target().cloned() else {
        state.complain(state.untargeted());
        return;
    };
    match links(state, &target).into_iter().next() {
        Some(text) => show(state, Safe::line(&text).to_string(), effects),
        None => state.complain("The delivery file names no link for this; see [links] there."),
    }
}

fn give(state: &mut State, text: Option<String>, effects: &mut Vec<Effect>) {
    match text {
        Some(text) => show(state, text, effects),
        None => state.complain("There is nothing of that kind to copy here."),
    }
}

/// Copies a text and shows it whole, for terminals that take none.
fn show(state: &mut State, text: String, effects: &mut Vec<Effect>) {
    state.open_overlay(Overlay::Copied { text: text.clone() });
    effects.push(Effect::Copy(text));
}
