//! Lines: which lines of the open log are in sight: by pages, by searches, by errors, through a filter.

use super::with;
use crate::model::log::{Filter, Pattern};
use crate::screen::layout;
use crate::screen::log::line_rows;
use crate::state::{LogUi, State};

/// The pane as it is now: rows under its title, and columns.
#[derive(Clone, Copy)]
pub(super) struct Room {
    rows: usize,
    columns: usize,
}

pub(super) fn room(state: &State) -> Room {
    let panes = layout::panes(state);
    Room {
        rows: layout::log_rows(state, &panes).max(1),
        columns: layout::log_columns(state, &panes),
    }
}

/// The shown lines from a line on.
fn onward(log: &LogUi, from: u64) -> Box<dyn Iterator<Item = u64> + '_> {
    match &log.filter {
        None => Box::new(from.max(log.log.first())..log.log.end()),
        Some(filter) => {
            let place = filter.numbers().partition_point(|number| *number < from);
            Box::new(filter.numbers().range(place..).copied())
        }
    }
}

/// The shown lines before a line, the nearest first.
fn backward(log: &LogUi, before: u64) -> Box<dyn Iterator<Item = u64> + '_> {
    match &log.filter {
        None => Box::new((log.log.first()..before.min(log.log.end())).rev()),
        Some(filter) => {
            let place = filter.numbers().partition_point(|number| *number < before);
            Box::new(filter.numbers().range(..place).rev().copied())
        }
    }
}

/// The furthest of these lines that can be drawn whole with all those before it; none where not even the first can.
fn reach(log: &LogUi, lines: impl Iterator<Item = u64>, room: Room) -> Option<u64> {
    let mut used = 0;
    lines
        .take_while(|number| {
            used += line_rows(log, *number, room.columns);
            used <= room.rows
        })
        .last()
}

/// The first visible line when the newest line is the last visible one.
pub(super) fn end(log: &LogUi, room: Room) -> u64 {
    let newest = || backward(log, u64::MAX).next();
    reach(log, backward(log, u64::MAX), room)
        .or_else(newest)
        .unwrap_or(log.log.first())
}

/// Moves the first visible line, but no further than where the newest line is visible.
fn travel(state: &mut State, to: impl FnOnce(&LogUi, Room) -> Option<u64>) {
    let room = room(state);
    with(state, |log| {
        log.following = false;
        if let Some(top) = to(log, room) {
            log.top = top.min(end(log, room));
        }
        log.selected = log.top;
    });
}

pub(super) fn line(state: &mut State, forward: bool) {
    travel(state, |log, _| match forward {
        true => onward(log, log.top + 1).next(),
        false => backward(log, log.top).next(),
    });
}

/// Moves by what is in sight, so that no line is passed unseen however many rows each takes.
pub(super) fn page(state: &mut State, forward: bool) {
    travel(state, |log, room| {
        if forward {
            let last = reach(log, onward(log, log.top), room).unwrap_or(log.top);
            onward(log, last + 1).next()
        } else {
            reach(log, backward(log, log.top), room).or_else(|| backward(log, log.top).next())
        }
    });
}

pub(super) fn top(state: &mut State) {
    travel(state, |log, _| onward(log, 0).next());
}

/// Puts a line into sight, a third from the top.
pub(super) fn show(log: &mut LogUi, line: u64, room: Room) {
    log.following = false;
    log.selected = line;
    let above = Room {
        rows: room.rows / 3,
        ..room
    };
    let top = reach(log, backward(log, line), above).unwrap_or(line);
    log.top = top.min(end(log, room));
}

pub(super) fn follow(state: &mut State) {
    with(state, |log| log.following = true);
    super::refresh_log(state);
}

pub fn set_search(state: &mut State, text: &str) {
    match Pattern::parse(text) {
        Ok(pattern) => {
            with(state, |log| {
                log.search = pattern;
                log.search_text = text.to_owned();
            });
            search(state, true);
        }
        Err(why) => state.complain(why),
    }
}

pub fn set_filter(state: &mut State, text: &str) {
    let room = room(state);
    match Pattern::parse(text) {
        Ok(pattern) => with(state, |log| {
            log.filter = pattern.map(Filter::new);
            log.filter_text = text.to_owned();
            if let Some(filter) = &mut log.filter {
                filter.refresh(&log.log);
            }
            // Few lines match: they stand where the pane is full of them.
            log.top = log.top.min(end(log, room));
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

/// Goes to the next line that the search finds among those that are shown.
pub(super) fn search(state: &mut State, forward: bool) {
    let room = room(state);
    let mut missed = None;
    with(state, |log| {
        let Some(pattern) = &log.search else { return };
        let from = match forward {
            true => Some(log.selected + 1),
            false => log.selected.checked_sub(1),
        };
        let find = |from| match &log.filter {
            Some(filter) => filter.find(&log.log, pattern, from, forward),
            None => log.log.find(pattern, from, forward),
        };
        match from.and_then(find) {
            Some(line) => show(log, line, room),
            None => missed = Some((log.search_text.clone(), among(log))),
        }
    });
    if let Some((text, among)) = missed {
        state.complain(format!("No line{among} matches {text}."));
    }
}

/// Where it was looked, where that is not all of the log.
fn among(log: &LogUi) -> &'static str {
    match &log.filter {
        Some(_) => " that the filter shows",
        None => "",
    }
}

/// Goes to the next error among the lines that are shown.
pub(super) fn error(state: &mut State, forward: bool) {
    let room = room(state);
    let mut missed = None;
    with(state, |log| {
        let is_shown = |line: &u64| log.filter.as_ref().is_none_or(|filter| filter.shows(*line));
        let next = |line: &u64| log.errors.next(*line, forward);
        let errors = std::iter::successors(next(&log.selected), next);
        match errors.into_iter().find(is_shown) {
            Some(line) => show(log, line, room),
            None => missed = Some(among(log)),
        }
    });
    let way = if forward { "further" } else { "earlier" };
    if let Some(among) = missed {
        let among = among.replacen(" that", " in what", 1);
        state.complain(format!("There is no {way} error{among}."));
    }
}
