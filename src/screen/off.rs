//! Off: why an action does nothing now. The key that is refused, the footer and the help all ask here.
//!
//! Deliberately absent: levers pulled by their own keys ([`crate::plan::plan`] decides those).

use super::copy::subject;
use super::list::{opened, selected_mute, selected_record, selected_source, selected_version};
use super::mute::choices;
use super::trouble;
use crate::action::{Action, Place};
use crate::journal::{Journal, Record};
use crate::state::{BoardLine, ListKey, State, View};

/// Why an action of a place does nothing now, as a sentence; none where it does something.
pub fn off(state: &State, place: Place, action: Action) -> Option<String> {
    let why = match action {
        Action::Pane2 if state.ui.run.is_none() => {
            return Some(no_run(state));
        }
        Action::Pane3 if state.ui.log.is_none() => return Some(no_log(state)),
        Action::LastView if state.ui.last.is_none() => "No other view was open yet.",
        Action::Copy | Action::Link => return no_subject(state, place),
        Action::Levers | Action::Describe | Action::History | Action::Events
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
        Action::Fold if place == Place::Board && !has_fold(state) => {
            "No rows are folded here, and none can be."
        }
        Action::Sort if state.ui.board.would_move == 0 => "The rows stand in order.",
        Action::Enter if matches!(place, Place::History | Place::Calls | Place::Help) => {
            "There is nothing to open on this line."
        }
        Action::Enter if place == Place::Log => "There is nothing to open on a line of a log.",
        Action::Left | Action::Right if place != Place::Board => {
            "There is nothing on the left or on the right here."
        }
        Action::Filter if place != Place::Board => "Only the rows of the board are filtered.",
        Action::Sort if place != Place::Board => "Only the rows of the board are sorted.",
        Action::Mute => return mute_of(state, place),
        Action::Mark if place != Place::Board => "Only cells of the board are marked.",
        Action::SearchNext | Action::SearchBack if !is_searched(state) => {
            let sentence = "Nothing is searched for yet.";
            return Some(state.keys.with_key(Place::Log, sentence, Action::Search));
        }
        Action::Cancel => {
            let sentence = "There is nothing to cancel; quit to leave.";
            return Some(state.keys.with_key(place, sentence, Action::Quit));
        }
        Action::Back if place == Place::Board && is_bare(state) => {
            let sentence = "There is nothing to go back to; quit to leave.";
            return Some(state.keys.with_key(place, sentence, Action::Quit));
        }
        Action::RollBackTo => return roll_back_to(state, place),
        Action::Settle => return no_settle(state, place),
        Action::Login => return login(state, place),
        _ => return None,
    };
    Some(why.to_owned())
}

/// Why there is nothing to copy and no link in the view that one looks at.
fn no_subject(state: &State, place: Place) -> Option<String> {
    // Other views keep selections that are not known here.
    let is_here = place == super::place::place(state);
    if !is_here || subject(state).is_some() {
        return None;
    }
    Some(match state.view() {
        View::Calls | View::Help(_) => "There is nothing to copy here.".to_owned(),
        View::Journal | View::Sources => "Nothing is selected.".to_owned(),
        _ => state.untargeted(),
    })
}

/// Why there is nothing to mute.
fn mute_of(state: &State, place: Place) -> Option<String> {
    let target = match (place, state.view()) {
        (Place::Board, _) => match state.target() {
            Some(target) => target.clone(),
            None => return Some(state.untargeted()),
        },
        (Place::Journal, View::Journal) => match opened(state).and_then(|l| l.selected_key()) {
            Some(ListKey::Muted(_)) => return None,
            _ => return Some("No muted cell is selected.".to_owned()),
        },
        (Place::Journal, _) => return None,
        _ => {
            let sentence = "Cells are muted on the board; go there first.";
            return Some(state.keys.with_key(Place::Any, sentence, Action::Pane1));
        }
    };
    choices(state, &target)
        .is_empty()
        .then(|| format!("{target} shows no word: there is nothing to mute."))
}

fn has_fold(state: &State) -> bool {
    let lines = state.lines();
    lines.iter().any(|line| matches!(line, BoardLine::Fold(..)))
}

fn is_searched(state: &State) -> bool {
    state
        .ui
        .log
        .as_ref()
        .is_some_and(|log| log.search.is_some())
}

/// The board, with no filter, mark or message that going back would remove.
fn is_bare(state: &State) -> bool {
    let ui = &state.ui;
    let is_board = ui.views.is_empty() && ui.pane == Default::default() && !ui.zoom;
    is_board && ui.board.filter.is_empty() && ui.board.marks.is_empty()
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

fn no_settle(state: &State, place: Place) -> Option<String> {
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
            None if selected_mute(state).is_some() => return None,
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
