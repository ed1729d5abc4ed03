//! Warn: what must be known stands in the last lines until a key is pressed while the terminal has it whole.
//!
//! Deliberately absent: answers to keys and acceptances, which give way by themselves ([`crate::state::Notice`]).

use crate::plan::PlanId;
use crate::screen::{message, room::least_size};
use crate::state::{State, Warning};
use jiff::{SignedDuration, Timestamp};

impl State {
    /// Says what must be known; once where it stands already.
    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        self.add_warning(text.into(), None);
    }

    /// The same about a plan, in place of what was said of that before.
    pub(crate) fn warn_about(&mut self, plan: &PlanId, text: impl Into<String>) {
        self.forget_warnings_about(plan);
        self.add_warning(text.into(), Some(plan.clone()));
    }

    /// The plan has come further than what was said of it.
    pub(super) fn forget_warnings_about(&mut self, plan: &PlanId) {
        let warnings = &mut self.ui.warnings;
        warnings.retain(|warning| warning.about.as_ref() != Some(plan));
    }

    fn add_warning(&mut self, text: String, about: Option<PlanId>) {
        let is_it = |known: &Warning| known.text == text && known.about == about;
        if self.ui.warnings.iter().any(is_it) {
            return;
        }
        self.ui.warnings.push(Warning {
            text,
            about,
            is_drawn: false,
            shown_at: None,
        });
    }
}

/// A frame of the state as it is now is on its way to the terminal. A warning that it does not show whole has to be shown
/// anew, however long it stood before.
pub(super) fn note_drawn(state: &mut State) {
    // Keys that are about what is open do not say that these were read.
    let is_hidden = state.ui.overlay.is_some() || least_size(state).is_some();
    let whole = match is_hidden {
        true => Vec::new(),
        false => message::whole_warnings(state),
    };
    for (number, warning) in state.ui.warnings.iter_mut().enumerate() {
        warning.is_drawn = whole.contains(&number);
        warning.shown_at = warning.shown_at.filter(|_| warning.is_drawn);
    }
}

/// The terminal has the frame that was drawn last.
pub(super) fn note_shown(state: &mut State, at: Timestamp) {
    for warning in state.ui.warnings.iter_mut().filter(|w| w.is_drawn) {
        warning.shown_at.get_or_insert(at);
    }
}

/// A key was pressed: what the terminal had whole by then, and has still, was read. A key that found something out itself leaves that.
pub(super) fn end_read(state: &mut State, pressed_at: Timestamp) {
    let is_read = |warning: &Warning| warning.shown_at.is_some_and(|at| at <= pressed_at);
    state.ui.warnings.retain(|warning| !is_read(warning));
}

/// Our clock was set back: an answer has as long to stand as before, and warnings are shown anew, because whether a key
/// came after them is seen by times.
pub(super) fn clock_set_back(state: &mut State, by: SignedDuration) {
    if let Some(notice) = &mut state.ui.notice {
        notice.at = notice.at.checked_sub(by).unwrap_or(notice.at);
    }
    for warning in &mut state.ui.warnings {
        (warning.is_drawn, warning.shown_at) = (false, None);
    }
}
