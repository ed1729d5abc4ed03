//! Lines: which lines of the open log are in sight: by pages, by searches, by errors, through a filter.
//!
//! Deliberately absent: what a line looks like.

use super::with;
use crate::model::log::{Filter, Pattern};
use crate::state::{LogUi, State};

/// Moves by shown lines.
pub(super) fn by(state: &mut State, lines: i64) {
    let rows = crate::view::layout::log_rows(state).max(1) as u64;
    with(state, |log| {
        log.following = false;
        match &log.filter {
            None => {
                let last = log.log.end().saturating_sub(rows).max(log.log.first());
                log.top = log
                    .top
                    .saturating_add_signed(lines)
                    .clamp(log.log.first(), last);
            }
            Some(filter) => {
                let numbers = filter.numbers();
                let place = numbers.partition_point(|n| *n < log.top) as u64;
                let last = (numbers.len() as u64).saturating_sub(rows);
                let place = place.saturating_add_signed(lines).min(last);
                log.top = numbers.get(place as usize).copied().unwrap_or(log.top);
            }
        }
        log.selected = log.top;
    });
}

/// Puts a line into sight, a third from the top.
pub(super) fn show(log: &mut LogUi, line: u64, rows: u64) {
    log.following = false;
    log.selected = line;
    let last = log.log.end().saturating_sub(rows).max(log.log.first());
    log.top = line.saturating_sub(rows / 3).clamp(log.log.first(), last);
}

pub(super) fn follow(state: &mut State) {
    with(state, |log| log.following = true);
    super::settle(state);
}

pub fn set_search(state: &mut State, text: &str) {
    match Pattern::parse(text) {
        Ok(pattern) => with(state, |log| {
            log.search = pattern;
            log.search_text = text.to_owned();
        }),
        Err(why) => state.complain(why),
    }
    search(state, true);
}

pub fn set_filter(state: &mut State, text: &str) {
    match Pattern::parse(text) {
        Ok(pattern) => with(state, |log| {
            log.filter = pattern.map(Filter::new);
            log.filter_text = text.to_owned();
            if let Some(filter) = &mut log.filter {
                filter.refresh(&log.log);
            }
        }),
        Err(why) => state.complain(why),
    }
}

pub fn clear_filter(state: &mut State) {
    with(state, |log| {
        log.filter = None;
        log.filter_text.clear();
    });
}

pub(super) fn search(state: &mut State, forward: bool) {
    let rows = crate::view::layout::log_rows(state).max(1) as u64;
    let mut missed = None;
    with(state, |log| {
        let Some(pattern) = &log.search else { return };
        let from = if forward {
            log.selected + 1
        } else {
            log.selected.saturating_sub(1)
        };
        match log.log.find(pattern, from, forward) {
            Some(line) => show(log, line, rows),
            None => missed = Some(log.search_text.clone()),
        }
    });
    if let Some(text) = missed {
        state.complain(format!("No line matches {text}."));
    }
}

pub(super) fn error(state: &mut State, forward: bool) {
    let rows = crate::view::layout::log_rows(state).max(1) as u64;
    let mut none = false;
    with(state, |log| match log.faults.next(log.selected, forward) {
        Some(line) => show(log, line, rows),
        None => none = true,
    });
    if none {
        state.complain(if forward {
            "There is no further error."
        } else {
            "There is no earlier error."
        });
    }
}
