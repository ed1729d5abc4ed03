//! Mute: a cell whose trouble is known leaves the counts, or comes back into them.

use super::{press, prompt};
use crate::action::Action;
use crate::effect::Effect;
use crate::journal::MuteEntry;
use crate::model::Mute;
use crate::screen::list::opened;
use crate::screen::mute::{Choice, choices, says};
use crate::state::{ListKey, Overlay, PromptKind, State, View};

/// Asks for how long the selected cell is to be muted, or whether its mute is lifted.
pub fn open(state: &mut State) {
    let listed = opened(state).and_then(|list| list.selected_key());
    let target = match (state.view(), listed) {
        (View::Journal, Some(ListKey::Muted(target))) => Some(target),
        (View::Board, _) => state.target().cloned(),
        _ => None,
    };
    if let Some(target) = target {
        state.open_overlay(Overlay::Mute {
            target,
            selected: 0,
        });
    }
}

/// A key in that question.
pub fn press_in_mute(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let Some(Overlay::Mute { target, selected }) = &state.ui.overlay else {
        return;
    };
    let (target, now) = (target.clone(), *selected);
    let choices = choices(state, &target);
    let last = choices.len().saturating_sub(1);
    let select = |state: &mut State, at: usize| {
        if let Some(Overlay::Mute { selected, .. }) = &mut state.ui.overlay {
            *selected = at;
        }
    };
    match action {
        Action::Down => select(state, (now + 1).min(last)),
        Action::Up => select(state, now.saturating_sub(1)),
        Action::Back | Action::Cancel => state.close_overlay(),
        Action::Enter => {
            state.close_overlay();
            match choices.into_iter().nth(now) {
                Some((Choice::Lift, _)) => {
                    let (by, at) = (state.settings.who.login.clone(), state.now);
                    state.tell(format!("{target} is muted no more."));
                    effects.push(Effect::Mute(Box::new(MuteEntry::Lifted { target, by, at })));
                }
                Some((Choice::Until(until), _)) => {
                    state.ui.muting = Some((target, until));
                    prompt::open(state, PromptKind::MuteReason);
                    state.show_overlay_anew();
                }
                None => {}
            }
        }
        other => press::does_nothing(state, other),
    }
}

/// The reason was typed.
pub fn give_reason(state: &mut State, reason: &str, effects: &mut Vec<Effect>) {
    let Some((target, until)) = state.ui.muting.take() else {
        return;
    };
    let reason = reason.trim().to_owned();
    if reason.is_empty() {
        return state.complain(format!(
            "Whoever comes next wants to know why: without a reason {target} is not muted."
        ));
    }
    let mute = Mute {
        target: target.clone(),
        until,
        reason: reason.clone(),
        by: state.settings.who.login.clone(),
        at: state.now,
    };
    state.tell(format!("{target} is muted {}.", says(&mute, state.now)));
    super::confirm::remember(state, reason);
    effects.push(Effect::Mute(Box::new(MuteEntry::Muted(mute))));
}

/// The file was read: what it says counts, whoever wrote it.
pub fn read(state: &mut State, mutes: crate::journal::Mutes) {
    if mutes.unreadable > 0 {
        let lines = mutes.unreadable;
        state.warn(format!(
            "{lines} lines of the file of mutes, beside the journal, cannot be read; what they muted counts as trouble."
        ));
    }
    state.store.mute(mutes.mutes);
}
