//! Log: the log that is open: which container it shows, and what has arrived so far.
//!
//! Deliberately absent: fetching (that is an effect), drawing, and whose log it is ([`source`]).

mod lines;
mod source;
#[cfg(test)]
mod tests;

pub use lines::{clear_filter, set_filter, set_search};
pub use source::{into, of_pods, of_step, of_step_quietly, that_came_late};

use super::press;
use crate::action::Action;
use crate::belongs::logs::LogChoice;
use crate::effect::Effect;
use crate::model::Target;
use crate::model::log::LogSource;
use crate::model::log::{ErrorLines, Log};
use crate::provider::LogPiece;
use crate::state::{LogUi, PromptKind, State};
use lines::{end, error, follow, line, page, room, search, show, top};

pub fn press_in_log(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::Down | Action::Up => line(state, action == Action::Down),
        Action::PageDown | Action::PageUp => page(state, action == Action::PageDown),
        Action::Top => top(state),
        Action::Bottom | Action::Follow => follow(state),
        Action::Wrap => with(state, |log| log.wrap = !log.wrap),
        Action::Search => super::prompt::open(state, PromptKind::Search),
        Action::FilterLines => super::prompt::open(state, PromptKind::FilterLines),
        Action::SearchNext => search(state, true),
        Action::SearchBack => search(state, false),
        Action::ErrorNext => error(state, true),
        Action::ErrorBack => error(state, false),
        Action::SaveLog => save(state, effects),
        Action::Newer => container(state, 1, effects),
        Action::Older => container(state, -1, effects),
        Action::Previous => previous(state, effects),
        other => press::does_nothing(state, other),
    }
}

fn with(state: &mut State, change: impl FnOnce(&mut LogUi)) {
    match &mut state.ui.log {
        Some(log) => change(log),
        None => state.complain(crate::screen::off::no_log(state)),
    }
}

fn save(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(ui) = &state.ui.log else {
        state.complain(crate::screen::off::no_log(state));
        return;
    };
    let bytes = ui.log.text();
    let stem = ui.title().replace(
        |c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.',
        "-",
    );
    effects.push(Effect::Save { stem, bytes });
}

/// Another container of the same place.
fn container(state: &mut State, by: isize, effects: &mut Vec<Effect>) {
    let Some(ui) = &state.ui.log else { return };
    let Some(source) = ui
        .source
        .checked_add_signed(by)
        .filter(|s| *s < ui.sources.len())
    else {
        state.complain("There is no further container here.");
        return;
    };
    let (sources, target) = (ui.sources.clone(), ui.target.clone());
    start(state, target, sources, source, effects);
}

/// The previous container of a restarted one, or back to the present one.
fn previous(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(ui) = &state.ui.log else { return };
    let Some(now) = ui.sources.get(ui.source) else {
        return;
    };
    let other = LogSource {
        previous: !now.source.previous,
        follow: now.source.previous,
        ..now.source.clone()
    };
    let mut sources = ui.sources.clone();
    if let Some(place) = sources.get_mut(ui.source) {
        place.source = other;
    }
    let (target, source) = (ui.target.clone(), ui.source);
    start(state, target, sources, source, effects);
}

fn start(
    state: &mut State,
    target: Target,
    sources: Vec<LogChoice>,
    source: usize,
    effects: &mut Vec<Effect>,
) {
    let chosen = sources.get(source).map(|choice| choice.source.clone());
    let same = |ui: &LogUi| {
        let open = ui.sources.get(ui.source).map(|choice| &choice.source);
        open == chosen.as_ref() && ui.fault.is_none()
    };
    if state.ui.log.as_ref().is_some_and(same) {
        return;
    }
    if let Some(old) = &state.ui.log {
        effects.push(Effect::Unfollow(old.follow));
    }
    let Some(chosen) = chosen else { return };
    state.ui.follows += 1;
    state.ui.log = Some(LogUi {
        follow: state.ui.follows,
        target,
        source,
        log: Log::new(state.settings.log_cap),
        errors: ErrorLines::default(),
        top: 0,
        selected: 0,
        following: chosen.follow,
        wrap: false,
        search_text: String::new(),
        search: None,
        filter_text: String::new(),
        filter: None,
        ended: false,
        fault: None,
        seek_error: !chosen.follow,
        sources,
    });
    effects.push(Effect::Follow {
        follow: state.ui.follows,
        source: chosen,
    });
}

/// Shows no log any more.
pub fn close(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some(old) = state.ui.log.take() {
        effects.push(Effect::Unfollow(old.follow));
    }
}

/// A piece arrived; pieces of a log that was left are dropped.
pub fn logged(state: &mut State, follow: u64, piece: LogPiece) {
    let Some(ui) = state.ui.log.as_mut().filter(|ui| ui.follow == follow) else {
        return;
    };
    match piece {
        LogPiece::Bytes(stretch) => {
            ui.log.append(&stretch);
            ui.fault = None;
        }
        LogPiece::Cut(fault) => ui.fault = Some(fault),
        LogPiece::Restarted => ui.log.mark("the container was restarted"),
        LogPiece::Ended => ui.ended = true,
        LogPiece::Failed(fault) => {
            ui.fault = Some(fault);
            ui.ended = true;
        }
    }
}

/// Runs once before a frame: searches the new lines, and brings the end or the first error into sight.
pub fn refresh_log(state: &mut State) {
    let room = room(state);
    let Some(log) = &mut state.ui.log else { return };
    log.errors.refresh(&log.log);
    if let Some(filter) = &mut log.filter {
        filter.refresh(&log.log);
    }
    log.top = log.top.max(log.log.first());
    if log.following {
        log.top = end(log, room);
        log.selected = log.log.end().saturating_sub(1);
    } else if log.seek_error && log.ended {
        log.seek_error = false;
        if let Some(line) = log.errors.first() {
            show(log, line, room);
        }
    }
}
