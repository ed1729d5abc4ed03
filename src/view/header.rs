//! Header: whose delivery, what time, who may write, what is wrong in numbers; then each source; then parents that deliver nothing and held hops.
//!
//! Deliberately absent: anything of one target.

use super::pen::{Line, Pen};
use crate::action::{Action, Place};
use crate::model::{Fault, Word, span::span};
use crate::screen::{banner, keys};
use crate::state::State;
use crate::store::source::Reach;
use crate::store::{Source, SourceState};
use crate::text::{Safe, width};
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub fn draw(state: &State, pen: &mut Pen<'_>) {
    if pen.rows() == 0 {
        return;
    }
    let columns = pen.columns();
    let left = left(state, pen);
    let right = counts(state, pen, columns.saturating_sub(left.width() + 1));
    // What is wrong gives way before who may write does.
    if left.width() < columns {
        pen.both(0, &left, &right);
    } else {
        pen.line(0, &left);
    }
    if pen.rows() > 1 {
        let line = sources(state, pen, columns);
        pen.line(1, &line);
    }
    for (y, line) in banner::lines(state, columns).into_iter().enumerate() {
        pen.line(2 + y, &pen.theme.styled(line));
    }
}

fn left(state: &State, pen: &Pen<'_>) -> Line {
    let settings = &state.settings;
    let theme = pen.theme;
    let utc = state.now.to_zoned(TimeZone::UTC).strftime("%H:%MZ");
    let local = state.now.to_zoned(settings.zone.clone()).strftime("%H:%M");
    let line = Line::new()
        .look(&*state.delivery.name, theme.bold())
        .say(format!(
            " {utc} {local} {}  {}  ",
            settings.zone_name, settings.host
        ));
    match (&settings.demo, settings.read_only) {
        (Some(scenario), read_only) => {
            let line = line.look(format!("DEMO {scenario}"), theme.reverse());
            if read_only {
                line.look(" READ ONLY", theme.reverse())
            } else {
                line
            }
        }
        (None, true) => line.look("READ ONLY", theme.reverse()),
        (None, false) => line.look("writes on", theme.danger()),
    }
}

/// `1 crash 2 lower 1 smoke 2 debts`, as many as there is room for, debts always.
fn counts(state: &State, pen: &Pen<'_>, room: usize) -> Line {
    let theme = pen.theme;
    let debts = state.journal.debts().count();
    let unknown = state
        .journal
        .records
        .iter()
        .filter(|r| r.plan_state() == crate::journal::PlanState::Unknown)
        .count();
    let mut last = Vec::new();
    if unknown > 0 {
        last.push((format!("{unknown} unknown"), theme.bad()));
    }
    if debts > 0 {
        let word = if debts == 1 { "debt" } else { "debts" };
        last.push((format!("{debts} {word}"), theme.warning()));
    }
    let kept: usize = last.iter().map(|(text, _)| text.len() + 1).sum();
    let mut line = Line::new();
    let mut left_out = 0;
    for (word, count) in &state.board.counts {
        // What many gates have in common is said on its own line.
        if *word == Word::Held && !state.board.holds.is_empty() {
            continue;
        }
        let label = match word {
            Word::Unread => "unread".to_owned(),
            word => word.label().to_lowercase(),
        };
        let text = format!("{count} {label} ");
        if left_out > 0 || line.width() + text.len() + kept + 4 > room {
            left_out += count;
            continue;
        }
        line = line.look(text, theme.word(*word));
    }
    if left_out > 0 {
        line = line.say(format!("+{left_out} "));
    }
    for (text, style) in last {
        line = line.look(text, style).say(" ");
    }
    line
}

/// `git ok  integration STALE 14m: token expired, S  staging ok`: details share the room that is left.
fn sources(state: &State, pen: &Pen<'_>, columns: usize) -> Line {
    let theme = pen.theme;
    let key = keys::first(state, Place::Board, Action::Sources);
    let mut parts: Vec<(String, String, ratatui::style::Style, Option<String>)> = Vec::new();
    let order = std::iter::once(Source::Git).chain(
        state
            .delivery
            .environments
            .iter()
            .map(|stage| Source::Cluster(stage.name.clone())),
    );
    for source in order {
        let Some(about) = state.store.source(&source) else {
            continue;
        };
        let (word, style) = word(about, state.now);
        let (word, style) = match word {
            Some(word) => (word, theme.warning()),
            // Where the header has no line for it, this is the place.
            None if about.exposure.is_some() && style == Reach::Ok => {
                ("NOT SAFE".to_owned(), theme.danger())
            }
            None => {
                let (word, own) = theme.reach(style);
                let age = match (style, about.age_s(state.now)) {
                    (Reach::Stale, Some(age)) => format!(" {}", span(age)),
                    _ => String::new(),
                };
                (format!("{word}{age}"), own)
            }
        };
        parts.push((source.to_string(), word, style, detail(about, state.now)));
    }
    if let Some(fault) = &state.journal_fault {
        parts.push((
            "journal".into(),
            "FAILED".into(),
            theme.bad(),
            Some(fault.detail.clone()),
        ));
    }
    let mut unread = state.journal.unread_lately(state.now);
    if let Some(lines) = unread.next() {
        let all = lines.lines + unread.map(|lines| lines.lines).sum::<u64>();
        parts.push((
            "journal".into(),
            format!("{all} UNREAD"),
            theme.bad(),
            Some(lines.to_string()),
        ));
    }
    if parts.is_empty() {
        return Line::from(
            "No source is configured: leverframe config show prints the file to fill in.",
        );
    }
    let faulty = parts.iter().filter(|p| p.3.is_some()).count();
    let fixed: usize = parts
        .iter()
        .map(|p| width(&p.0) + 1 + width(&p.1))
        .sum::<usize>()
        + 2 * (parts.len() - 1)
        + faulty * (4 + width(&key));
    let share = columns.saturating_sub(fixed) / faulty.max(1);
    let mut line = Line::new();
    for (at, (name, word, style, detail)) in parts.iter().enumerate() {
        if at > 0 {
            line = line.say("  ");
        }
        line = line.say(name).say(" ").look(word, *style);
        if let Some(detail) = detail {
            let text = Safe::line(detail).cut(share);
            line = match (share >= 6, key.is_empty()) {
                (true, false) => line.say(format!(": {}, {key}", text.trim_end_matches('.'))),
                (true, true) => line.say(format!(": {}", text.trim_end_matches('.'))),
                (false, false) => line.say(format!(", {key}")),
                (false, true) => line,
            };
        }
    }
    line
}

/// A source that is being asked for the first time has not failed.
fn word(about: &SourceState, now: Timestamp) -> (Option<String>, Reach) {
    if about.is_reading(now) {
        return (Some("reading".into()), Reach::Unread);
    }
    (None, about.reach(now))
}

fn detail(about: &SourceState, now: Timestamp) -> Option<String> {
    let of_list = about
        .lists
        .iter()
        .find_map(|(list, state)| Some((list, state.fault.as_ref()?)));
    match (&about.fault, of_list, about.reach(now)) {
        (Some(fault), ..) => Some(short(fault)),
        (None, Some((list, fault)), _) => Some(format!("{} {}", about.name_of(list), short(fault))),
        (None, None, Reach::Stale) => Some("no sign of life".into()),
        _ => None,
    }
}

/// The cause, without the call that met it: S has the whole sentence.
fn short(fault: &Fault) -> String {
    let cause = fault.detail.rsplit_once(": ").map(|(_, cause)| cause);
    cause.unwrap_or(&fault.detail).to_owned()
}
