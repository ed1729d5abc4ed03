//! Off: why an action does nothing now. Who refuses it, the footer and the help all ask here.
//!
//! Deliberately absent: levers pulled by their own keys ([`crate::plan::plan`] decides those).

use super::list::{selected_record, selected_source, selected_version};
use super::trouble;
use crate::action::{Action, Place};
use crate::journal::{Journal, Record};
use crate::state::{State, View};

/// Why an action of a place does nothing now, as a sentence; none where it does something.
pub fn off(state: &State, place: Place, action: Action) -> Option<String> {
    let why = match action {
        Action::Pane2 if state.ui.run.is_none() => {
            return Some(no_run(state));
        }
        Action::Pane3 if state.ui.log.is_none() => return Some(no_log(state)),
        Action::LastView if state.ui.last.is_none() => "No other view was open yet.",
        Action::Levers
        | Action::Describe
        | Action::History
        | Action::Events
        | Action::Copy
        | Action::Link
            if state.target().is_none() =>
        {
            return Some(state.untargeted());
        }
        Action::Enter
            if place == Place::Board
                && state.ui.board.fold.is_none()
                && state.target().is_none() =>
        {
            return Some(state.untargeted());
        }
        Action::TroubleNext | Action::TroubleBack if trouble::cells(state).is_empty() => {
            "No cell in sight shows a word."
        }
        Action::Sort if state.ui.board.would_move == 0 => "The rows stand in order.",
        Action::RollBackTo => return roll_back_to(state, place),
        Action::Settle => return settle(state, place),
        Action::Login => return login(state, place),
        _ => return None,
    };
    Some(why.to_owned())
}

fn roll_back_to(state: &State, place: Place) -> Option<String> {
    if place != Place::History {
        return Some(state.keys.with_key(
            Place::Board,
            "A version is picked in the history of a target; open it first.",
            Action::History,
        ));
    }
    let View::History(_) = state.view() else {
        return None;
    };
    selected_version(state).is_none().then(|| no_version(state))
}

/// Why the run's pane cannot be focused.
pub fn no_run(state: &State) -> String {
    let sentence = "No run is open; open a cell's newest first.";
    state.keys.with_key(Place::Board, sentence, Action::Enter)
}

/// Why the log's pane cannot be focused.
pub fn no_log(state: &State) -> String {
    let sentence = "No log is open; open a step's first.";
    state.keys.with_key(Place::Run, sentence, Action::Enter)
}

/// Why nothing can be rolled back to on a line of the history.
pub fn no_version(state: &State) -> String {
    let sentence = "No version stands on the selected line; move to another.";
    state.keys.with_key(Place::History, sentence, Action::Down)
}

fn settle(state: &State, place: Place) -> Option<String> {
    let is_owing = |record: &Record| {
        let is_debt = record.debt().is_some() && Journal::undo(record).is_some();
        record.can_be_settled() || is_debt
    };
    let why = match state.view() {
        _ if place != Place::Journal => {
            let sentence = "Plans are settled in the journal; open it first.";
            let keys = &state.keys;
            return Some(keys.with_key(Place::Board, sentence, Action::Journal));
        }
        View::Journal => match selected_record(state) {
            None => "No plan is selected.",
            Some(record) if is_owing(record) => return None,
            Some(_) => "There is nothing to settle or to undo on this plan.",
        },
        _ if state.journal.records.iter().any(is_owing) => return None,
        _ => "No plan's outcome is unknown, and no debt is open.",
    };
    Some(why.to_owned())
}

fn login(state: &State, place: Place) -> Option<String> {
    if place != Place::Sources {
        let sentence = "One logs in from the sources; open them first.";
        return Some(state.keys.with_key(Place::Board, sentence, Action::Sources));
    }
    let View::Sources = state.view() else {
        let none = state.settings.logins.is_empty();
        return none.then(|| "No login command is configured for any source.".into());
    };
    match selected_source(state) {
        None => Some("No source is selected.".into()),
        Some(source) if state.settings.logins.contains(source) => None,
        Some(source) => Some(format!(
            "No login command is configured for {source}; log in by hand, then read it again."
        )),
    }
}
