//! Message: the last line: what came of the last key, or how the newest plan stands. It takes as many lines as it
//! needs.

use super::keys;
use super::line::{Line, Tone};
use super::time::when;
use crate::journal::{PlanState, Record};
use crate::plan::waits::state_in_words;
use crate::state::State;
use crate::text::wrap;

/// The part of the screen that a message may take at the most.
const SHARE: usize = 2;

/// The lines of the message, wrapped. While a line is typed only what was just said stands above it.
pub fn lines(state: &State, columns: usize) -> Vec<Line> {
    match &state.ui.notice {
        Some(notice) => {
            let tone = if notice.fault {
                Tone::Warning
            } else {
                Tone::Plain
            };
            let most = usize::from(state.size.1) / SHARE;
            wrapped(&notice.text, columns, most.max(1), tone)
        }
        None if state.ui.prompt.is_some() => Vec::new(),
        None => newest(state, columns),
    }
}

/// How the newest plan stands; on two lines at the most.
pub fn newest(state: &State, columns: usize) -> Vec<Line> {
    let Some(record) = state.journal.records.last() else {
        return Vec::new();
    };
    let tone = match record.plan_state() {
        PlanState::Late | PlanState::CutShort | PlanState::Unknown => Tone::Warning,
        _ => Tone::Plain,
    };
    wrapped(&says(state, record), columns, 2, tone)
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
