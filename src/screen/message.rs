//! Message: the last lines: what must be known, and below it what came of the last key or how the newest plan stands. They
//! take as many lines as they need.

use super::line::{Line, Tone};
use super::time::when;
use super::{keys, layout};
use crate::action::{Action, Place};
use crate::journal::{PlanState, Record};
use crate::plan::Moves;
use crate::plan::waits::state_in_words;
use crate::state::State;
use crate::text::{cut, width, wrap};

/// Several warnings have so many lines together, so that they cover little of what is above; more only where the oldest
/// needs them to be whole.
const WARNED: usize = 3;

/// How the newest plan stands takes so many lines at the most.
const NEWEST: usize = 2;

/// The lines of the message, wrapped. While a line is typed only what was just said stands above it.
pub fn lines(state: &State, columns: usize) -> Vec<Line> {
    let most = layout::message_room(state);
    let shown = shown_warnings(state, columns, most).into_iter();
    let mut lines: Vec<Line> = shown.flat_map(|warning| warning.lines).collect();
    let room = most.saturating_sub(lines.len());
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

/// A warning as it is in sight.
struct ShownWarning {
    lines: Vec<Line>,
    /// Nothing of it is cut, or no more of it can be had here.
    is_whole: bool,
}

/// The warnings that are whole in sight, by their number: the others follow once these were read.
pub fn whole_warnings(state: &State) -> Vec<usize> {
    let most = layout::message_room(state);
    let shown = shown_warnings(state, usize::from(state.size.0), most).into_iter();
    let whole = shown.enumerate().filter(|(_, warning)| warning.is_whole);
    whole.map(|(number, _)| number).collect()
}

/// The warnings, oldest first; the newest, which is in sight in any case, ends by how many more there are.
fn shown_warnings(state: &State, columns: usize, most: usize) -> Vec<ShownWarning> {
    let needs = warning_needs(state, columns);
    let shares = share(&needs, most);
    let waiting = shares.iter().filter(|lines| **lines == 0).count();
    let more = match (waiting, state.keys.first(Place::Board, Action::Journal)) {
        (0, _) => String::new(),
        (_, None) => format!("  +{waiting} more"),
        (_, Some(key)) => format!("  +{waiting} more: {key}"),
    };
    let newest = shares.len().saturating_sub(1);
    let warnings = state.ui.warnings.iter().zip(needs).zip(shares).enumerate();
    let shown = warnings.map(|(number, ((warning, needs), has))| {
        let mut lines = match has {
            0 => Vec::new(),
            _ => wrapped(&warning.text, columns, has, Tone::Warning),
        };
        let is_first_in_sight = number == 0 || (number == newest && most == 1);
        // What others need beside it, it can have once they were read; but the first in sight has all that can be had.
        let mut is_whole = has > 0 && (has >= needs || is_first_in_sight);
        if number == newest
            && let Some(last) = lines.pop()
        {
            let fits = last.width() + width(&more) <= columns;
            is_whole = is_whole && (fits || is_first_in_sight);
            lines.push(with_end(&last, &more, columns));
        }
        ShownWarning { lines, is_whole }
    });
    shown.collect()
}

/// The line with an end that is not cut, whatever goes before it.
fn with_end(line: &Line, end: &str, columns: usize) -> Line {
    let texts = line.stretches().iter().map(|(text, _)| &**text);
    let text: String = texts.collect();
    let room = columns.saturating_sub(width(end));
    Line::new().look(format!("{}{end}", cut(&text, room)), Tone::Warning)
}

/// How many lines each warning needs to be whole.
fn warning_needs(state: &State, columns: usize) -> Vec<usize> {
    let warnings = state.ui.warnings.iter();
    warnings
        .map(|warning| wrapped(&warning.text, columns, usize::MAX, Tone::Warning).len())
        .collect()
}

/// How many lines each warning has of `most`, oldest first. The oldest is whole where it can be, because a key ends only what
/// was whole in sight; the newest has a line in any case, and those between them as long as there are some.
fn share(needs: &[usize], most: usize) -> Vec<usize> {
    let mut shares = vec![0; needs.len()];
    let ([oldest, .., newest], [needed, .., _]) = (&mut shares[..], needs) else {
        return needs.iter().map(|needed| (*needed).min(most)).collect();
    };
    *newest = most.min(1);
    *oldest = (*needed).min(most.saturating_sub(1));
    let mut left = most.min(WARNED).saturating_sub(*oldest + 1);
    for enough in [1, most] {
        for (has, needed) in shares.iter_mut().zip(needs) {
            let more = (*needed).min(enough).saturating_sub(*has).min(left);
            *has += more;
            left -= more;
        }
    }
    shares
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
        "{} {who}{}: {}",
        when(at, state.now),
        request.name_movement(),
        stands_in_words(state, record)
    )
}

/// How a plan stands, and what has come since where it is done.
pub fn stands_in_words(state: &State, record: &Record) -> String {
    let words = state_in_words(record, state.now, |remedy| keys::remedy(state, remedy));
    match came_since(state, record) {
        Some(since) => format!("{words}; {since}"),
        None => words,
    }
}

/// `v3085 stands there now`: that a plan is done and what it brought has been replaced.
pub fn came_since(state: &State, record: &Record) -> Option<String> {
    let plan = &record.plan;
    if record.plan_state() != PlanState::Done || plan.request.lever.moves() != Moves::Version {
        return None;
    }
    let (brought, file) = (plan.to.as_ref()?, plan.request.repository.as_ref()?);
    let declared = state
        .store
        .declared(&plan.request.target.environment, file)?;
    let stands = declared
        .version
        .as_ref()
        .filter(|stands| *stands != brought)?;
    Some(format!("{} stands there now", stands.short()))
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
