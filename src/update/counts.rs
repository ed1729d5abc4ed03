//! Counts: whether a key counts where the answer is sent or journalled: in a plan, a question, or the reason of a mute.
//!
//! Keys that were read before the terminal had the overlay, and keys on a screen that has no room for it, never count.
//! Letters that come together are text or moves, but the key that answers counts only by itself, a moment later.
//! Deliberately absent: leaving, which always counts, and pastes, which are no keys ([`super::prompt::pasted`]).

use super::confirm;
use crate::action::Action;
use crate::message::Press;
use crate::screen::{place::place, room};
use crate::state::{Cure, Overlay, Part, State};
use jiff::SignedDuration;
use ratatui::crossterm::event::KeyCode;

/// After several letters that came together the key that answers counts again.
const ANSWERS_AFTER: SignedDuration = SignedDuration::from_millis(200);

/// Whether a key counts that is text or moves the focus. Where it does not, the screen says why.
pub fn key_counts(state: &mut State, press: &Press) -> bool {
    if room::least_size(state).is_some() {
        // The screen says so, instead of the overlay.
        return false;
    }
    if !is_seen(state, press) {
        let what = match state.ui.overlay {
            Some(Overlay::Confirm(_)) => "plan",
            Some(_) => "question",
            None => "field",
        };
        complain(
            state,
            format!(
                "Pressed before the terminal had this {what}, so it does not count. Look, then press again."
            ),
        );
        return false;
    }
    // A reason says nothing of what will run.
    let is_reason = match &state.ui.overlay {
        Some(Overlay::Confirm(confirm)) => confirm.part == Part::Reason,
        Some(_) => false,
        None => true,
    };
    if press.queued && !is_reason && matches!(press.chord.code, KeyCode::Char(_)) {
        state.ui.letters_together = Some(press.at);
    }
    true
}

/// Whether the key of an action counts that sends or journals something.
pub fn answer_counts(state: &mut State, press: &Press, action: Action) -> bool {
    // A slow line brings honest typing in one piece, but nobody confirms what they have not read.
    let counts_from = state
        .ui
        .letters_together
        .and_then(|at| at.checked_add(ANSWERS_AFTER).ok());
    if !key_counts(state, press) {
        return false;
    }
    if press.queued || counts_from.is_some_and(|counts_from| press.at < counts_from) {
        let sentence = "That key came together with others; press it by itself.";
        let text = state.keys.with_key(place(state), sentence, action);
        complain(state, text);
        return false;
    }
    true
}

/// The same for any action in a question: it is left, answered, or another answer is chosen.
pub fn counts_in_question(state: &mut State, press: &Press, action: Action) -> bool {
    match action {
        Action::Back | Action::Cancel => true,
        Action::Enter => answer_counts(state, press, action),
        _ => key_counts(state, press),
    }
}

/// Whether a key was read after the terminal had this overlay. The terminal's answer arrives among the keys, so a key
/// with the same time came after it.
fn is_seen(state: &State, press: &Press) -> bool {
    state
        .ui
        .overlay_painted
        .is_some_and(|painted| press.at >= painted)
}

/// Says why at the plan, or in the footer.
fn complain(state: &mut State, text: String) {
    match &mut state.ui.overlay {
        Some(Overlay::Confirm(confirm)) => confirm::complain(confirm, text, Cure::Key),
        _ => state.complain(text),
    }
}
