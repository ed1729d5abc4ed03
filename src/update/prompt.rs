//! Prompt: a line being typed at the foot of the screen: filter, search, palette.

use super::{confirm, counts, log, mute, press};
use crate::action::{Action, Place};
use crate::board::FoldKind;
use crate::effect::Effect;
use crate::keymap::Chord;
use crate::message::Press;
use crate::model::Target;
use crate::screen::palette;
use crate::state::filter::Filter;
use crate::state::{Overlay, Prompt, PromptKind, State};
use ratatui::crossterm::event::{KeyCode, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation;

/// A line has so many letters at the most: nobody types more.
const LONGEST: usize = 500;

pub fn open(state: &mut State, kind: PromptKind) {
    let before = match kind {
        PromptKind::Filter => state.ui.board.filter.clone(),
        // Who types nothing, and who gives up typing, sees all lines again.
        PromptKind::FilterLines
        | PromptKind::Search
        | PromptKind::Palette
        | PromptKind::MuteReason => String::new(),
    };
    state.ui.prompt = Some(Prompt {
        kind,
        text: before.clone(),
        selected: 0,
        before,
        selected_before: (state.ui.board.selected.clone(), state.ui.board.fold),
    });
}

pub fn typed(state: &mut State, press: &Press, action: Option<Action>, effects: &mut Vec<Effect>) {
    let is_reason = state
        .ui
        .prompt
        .as_ref()
        .is_some_and(|p| p.kind == PromptKind::MuteReason);
    if is_reason {
        state.ui.notice = None;
        // A reason is journalled, under the name of whoever is at the keys.
        let counts = match action {
            Some(Action::Back | Action::Cancel) => true,
            Some(Action::Confirm) => counts::answer_counts(state, press, Action::Confirm),
            _ => counts::key_counts(state, press),
        };
        if !counts {
            return;
        }
    }
    let Some(prompt) = &mut state.ui.prompt else {
        return;
    };
    match action {
        Some(Action::Confirm) => {
            let Some(prompt) = state.ui.prompt.take() else {
                return;
            };
            done(state, press, &prompt, effects);
        }
        Some(Action::Back | Action::Cancel) => {
            let Some(prompt) = state.ui.prompt.take() else {
                return;
            };
            if prompt.kind == PromptKind::Filter {
                filter(state, &prompt.before, prompt.selected_before);
            } else {
                apply(state, prompt.kind, &prompt.before);
            }
        }
        Some(Action::Earlier) => prompt.selected = prompt.selected.saturating_sub(1),
        Some(Action::Later) => prompt.selected += 1,
        Some(Action::NextPart) if prompt.kind == PromptKind::Palette => {
            if let Some(chosen) = palette::completions(state).into_iter().next()
                && let Some(prompt) = &mut state.ui.prompt
            {
                prompt.text = chosen.name().to_owned();
            }
        }
        _ => {
            edit(&mut prompt.text, press.chord);
            prompt.selected = 0;
            let (kind, text) = (prompt.kind, prompt.text.clone());
            if kind == PromptKind::Filter {
                apply(state, kind, &text);
            }
        }
    }
}

fn done(state: &mut State, press: &Press, prompt: &Prompt, effects: &mut Vec<Effect>) {
    match prompt.kind {
        PromptKind::Palette => match palette::chosen(&prompt.text, prompt.selected) {
            Some(action) => press::do_action(state, press, action, effects),
            None => {
                let sentence = format!("There is no action {}; the help lists them.", prompt.text);
                state.complain(state.keys.with_key(Place::Board, &sentence, Action::Help));
            }
        },
        PromptKind::MuteReason => mute::give_reason(state, &prompt.text, effects),
        kind => apply(state, kind, &prompt.text),
    }
    let filter = Filter::parse(&state.ui.board.filter);
    if let (PromptKind::Filter, Some(unknown)) = (prompt.kind, filter.unknown(&state.board)) {
        state.complain(unknown);
    }
}

fn apply(state: &mut State, kind: PromptKind, text: &str) {
    match kind {
        PromptKind::Filter => {
            let before = match &state.ui.prompt {
                Some(prompt) => prompt.selected_before.clone(),
                None => (state.ui.board.selected.clone(), state.ui.board.fold),
            };
            filter(state, text, before);
            super::board::select_worst_matching(state);
            super::board::keep_visible(state);
        }
        PromptKind::Search if !text.is_empty() => log::set_search(state, text),
        PromptKind::FilterLines => log::set_filter(state, text),
        PromptKind::Search | PromptKind::Palette | PromptKind::MuteReason => {}
    }
}

/// Sets the board's filter, and the selection to what it was before.
fn filter(state: &mut State, text: &str, selected: (Option<Target>, Option<FoldKind>)) {
    let ui = &mut state.ui.board;
    ui.filter = text.to_owned();
    (ui.selected, ui.fold) = selected;
    super::board::keep_visible(state);
}

/// Pasted text is text where text is typed, and nothing elsewhere.
pub fn pasted(state: &mut State, text: &str) {
    if let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay {
        confirm::pasted(confirm, text);
    } else if let Some(prompt) = &mut state.ui.prompt {
        let cut = paste(&mut prompt.text, text);
        let (kind, text) = (prompt.kind, prompt.text.clone());
        if kind == PromptKind::Filter {
            apply(state, kind, &text);
        }
        if let Some(sentence) = cut {
            state.complain(sentence);
        }
    } else {
        state.complain("Pasted text is not taken as keys.");
    }
}

/// Adds pasted text to a line of text, as far as there is room; the sentence says so where it was cut.
pub fn paste(text: &mut String, pasted: &str) -> Option<String> {
    let mut letters = pasted.chars().map(|c| if c.is_control() { ' ' } else { c });
    text.extend(letters.by_ref().take(room(text)));
    let rest = letters.count();
    let left_out = match rest {
        0 => return None,
        1 => "The last letter of what was pasted was left out".to_owned(),
        _ => format!("The last {rest} letters of what was pasted were left out"),
    };
    Some(format!("{left_out}: there is room for {LONGEST} in all."))
}

/// How many letters a line has room for.
fn room(text: &str) -> usize {
    LONGEST.saturating_sub(text.chars().count())
}

/// Edits a line of text at its end: letters, backspace, ctrl-w a word, ctrl-u all.
pub fn edit(text: &mut String, chord: Chord) {
    match (chord.code, chord.modifiers) {
        (KeyCode::Backspace, _) => {
            let kept = text.graphemes(true).count().saturating_sub(1);
            *text = text.graphemes(true).take(kept).collect();
        }
        (KeyCode::Char('u'), KeyModifiers::CONTROL) => text.clear(),
        (KeyCode::Char('w'), KeyModifiers::CONTROL) => {
            let kept = text
                .trim_end()
                .rfind(char::is_whitespace)
                .map_or(0, |at| at + 1);
            text.truncate(kept);
        }
        (KeyCode::Char(c), modifiers)
            if !modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
                && room(text) > 0
                && !c.is_control() =>
        {
            text.push(c);
        }
        _ => {}
    }
}
