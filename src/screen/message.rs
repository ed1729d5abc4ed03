//! Message: the last lines: what must be known, and below it what came of the last key or how the newest plan stands. They
//! take as many lines as they need.

use super::keys;
use super::line::{Line, Tone};
use super::time::when;
use crate::journal::{PlanState, Record};
use crate::plan::waits::state_in_words;
use crate::state::{State, Warning};
use crate::text::wrap;

/// The part of the screen that a message may take at the most.
const SHARE: usize = 2;

/// A warning beside others has room up to so many lines, so that what is said of the selected cell keeps its own. The first
/// one is whole in any case.
const WARNED: usize = 3;

/// How the newest plan stands takes so many lines at the most.
const NEWEST: usize = 2;

/// The lines of the message, wrapped. While a line is typed only what was just said stands above it.
pub fn lines(state: &State, columns: usize) -> Vec<Line> {
    let (mut lines, _) = warnings(state, columns);
    let room = most(state).saturating_sub(lines.len());
    if room == 0 {
        return lines;
    }
    match &state.ui.notice {
        Some(notice) => {
            let tone = if notice.fault {
                Tone::Warning
            } else {
                Tone::Plain
            };
            lines.extend(wrapped(&notice.text, columns, room, tone));
        }
        None if state.ui.prompt.is_some() || is_newest_warned_of(state) => {}
        None => lines.extend(newest_on(state, columns, NEWEST.min(room))),
    }
    lines
}

/// How many warnings are in sight, from the oldest on: those that find no room follow once these were read.
pub fn warnings_in_sight(state: &State) -> usize {
    warnings(state, usize::from(state.size.0)).1
}

fn most(state: &State) -> usize {
    (usize::from(state.size.1) / SHARE).max(1)
}

/// The lines of the warnings that there is room for, and how many these are.
fn warnings(state: &State, columns: usize) -> (Vec<Line>, usize) {
    let most = most(state);
    let mut lines: Vec<Line> = Vec::new();
    for (before, Warning { text, .. }) in state.ui.warnings.iter().enumerate() {
        let more = wrapped(text, columns, most, Tone::Warning);
        let room = if before == 0 { most } else { most.min(WARNED) };
        if lines.len() + more.len() > room {
            return (lines, before);
        }
        lines.extend(more);
    }
    (lines, state.ui.warnings.len())
}

/// Whether a warning says already how the newest plan stands.
fn is_newest_warned_of(state: &State) -> bool {
    use PlanState::{CutShort, Late, NotDone, Unknown};
    state.journal.records.last().is_some_and(|record| {
        let mut warnings = state.ui.warnings.iter();
        matches!(record.plan_state(), Late | CutShort | Unknown | NotDone)
            && warnings.any(|warning| warning.about.as_ref() == Some(&record.plan.id))
    })
}

/// How the newest plan stands.
pub fn newest(state: &State, columns: usize) -> Vec<Line> {
    newest_on(state, columns, NEWEST)
}

fn newest_on(state: &State, columns: usize, most: usize) -> Vec<Line> {
    let Some(record) = state.journal.records.last() else {
        return Vec::new();
    };
    let tone = match record.plan_state() {
        PlanState::Late | PlanState::CutShort | PlanState::Unknown => Tone::Warning,
        _ => Tone::Plain,
    };
    wrapped(&says(state, record), columns, most, tone)
}

fn says(state: &State, record: &Record) -> String {
    let request = &record.plan.request;
    let at = record
        .outcome
        .as_ref()
        .map_or(record.plan.made_at, |(at, _)| *at);
    let who = match record.plan.who == state.settings.who {
        true => String::new(),
        false => format!("{}: ", record.plan.who.login),
    };
    format!(
        "{} {who}{} {} in {}: {}",
        when(at, state.now),
        request.lever.title(),
        request.target.app,
        request.target.environment,
        state_in_words(record, state.now, |remedy| keys::remedy(state, remedy))
    )
}

/// What does not fit on the lines is cut visibly, not dropped.
fn wrapped(text: &str, columns: usize, most: usize, tone: Tone) -> Vec<Line> {
    let mut texts: Vec<_> = text
        .lines()
        .flat_map(|line| wrap(line, columns, columns))
        .collect();
    if texts.len() > most {
        let rest: Vec<String> = texts.drain(most - 1..).map(|t| t.to_string()).collect();
        texts.push(crate::text::Safe::line(&rest.join(" ")));
    }
    texts
        .into_iter()
        .map(|text| Line::new().safe(text, tone))
        .collect()
}
