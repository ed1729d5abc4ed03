//! Header: whose delivery, what time, who may write, what is wrong in numbers; then each source; then parents that deliver nothing and held hops.
//!
//! Deliberately absent: anything of one target.

use super::pen::{Line, Pen};
use super::theme::Theme;
use crate::action::{Action, Place};
use crate::model::{Word, span::span};
use crate::screen::{banner, keys};
use crate::state::State;
use crate::store::source::Reach;
use crate::store::{Source, SourceState};
use crate::text::{Safe, width};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::style::Style;

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

/// Columns below which the beginning of a cause says nothing.
const SHORTEST: usize = 6;

/// A source in the header: its name, how it is doing, and what is wrong in it.
struct Part {
    name: String,
    word: String,
    look: Style,
    detail: Option<Detail>,
}

/// What is wrong, and the list that it is wrong in where the word before it is about something else.
struct Detail {
    list: Option<String>,
    cause: String,
}

impl Detail {
    /// It is the cause of the word.
    fn of_word(cause: impl Into<String>) -> Self {
        let (list, cause) = (None, cause.into());
        Self { list, cause }
    }

    /// `: token expired` is why the word stands there; `, pods: 403 Forbidden` is said beside it.
    fn after_word(&self, room: usize) -> String {
        let before = match &self.list {
            None => ": ".to_owned(),
            Some(list) => format!(", {list}: "),
        };
        // The colon and the blank of a word's own cause are not of the room.
        let room = (room + 2).saturating_sub(width(&before));
        match &self.list {
            Some(list) if room < SHORTEST => format!(", {list}"),
            _ => format!(
                "{before}{}",
                Safe::line(&self.cause).cut(room).trim_end_matches('.')
            ),
        }
    }
}

/// `git ok  integration STALE 14m: token expired, S  staging ok`: details share the room that is left.
fn sources(state: &State, pen: &Pen<'_>, columns: usize) -> Line {
    let theme = pen.theme;
    let key = keys::first(state, Place::Board, Action::Sources);
    let mut parts: Vec<Part> = Vec::new();
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
        let (word, look) = word(about, state.now, theme);
        parts.push(Part {
            name: source.to_string(),
            word,
            look,
            detail: detail(about, state.now),
        });
    }
    let journal = |word: String, cause: String| Part {
        name: "journal".into(),
        word,
        look: theme.bad(),
        detail: Some(Detail::of_word(cause)),
    };
    if let Some(fault) = &state.journal_fault {
        parts.push(journal("FAILED".into(), fault.detail.clone()));
    }
    let mut unread = state.journal.unread_lately(state.now);
    if let Some(lines) = unread.next() {
        let all = lines.lines + unread.map(|lines| lines.lines).sum::<u64>();
        parts.push(journal(format!("{all} UNREAD"), lines.to_string()));
    }
    if parts.is_empty() {
        return Line::from(
            "No source is configured: leverframe config show prints the file to fill in.",
        );
    }
    let faulty = parts.iter().filter(|part| part.detail.is_some()).count();
    let fixed: usize = parts
        .iter()
        .map(|part| width(&part.name) + 1 + width(&part.word))
        .sum::<usize>()
        + 2 * (parts.len() - 1)
        + faulty * (4 + width(&key));
    let share = columns.saturating_sub(fixed) / faulty.max(1);
    let mut line = Line::new();
    for (nth, part) in parts.iter().enumerate() {
        if nth > 0 {
            line = line.say("  ");
        }
        line = line.say(&part.name).say(" ").look(&part.word, part.look);
        let Some(detail) = &part.detail else {
            continue;
        };
        if share >= SHORTEST {
            line = line.say(detail.after_word(share));
        }
        if !key.is_empty() {
            line = line.say(format!(", {key}"));
        }
    }
    line
}

/// How a source is doing, in a word or two. One that is being asked for the first time has not failed.
fn word(about: &SourceState, now: Timestamp, theme: Theme) -> (String, Style) {
    if about.is_reading(now) {
        return ("reading".into(), theme.warning());
    }
    let reach = about.reach(now);
    // Where the header has no line for it, this is the place.
    if about.exposure.is_some() && reach == Reach::Ok {
        return ("NOT SAFE".into(), theme.danger());
    }
    let (word, look) = theme.reach(reach);
    let age = about.stale_s(now).map(|age| format!(" {}", span(age)));
    (format!("{word}{}", age.unwrap_or_default()), look)
}

fn detail(about: &SourceState, now: Timestamp) -> Option<Detail> {
    if let Some(fault) = &about.fault {
        return Some(Detail::of_word(fault.cause().to_owned()));
    }
    let of_list = about.lists.iter();
    let mut of_list = of_list.filter_map(|(list, state)| Some((list, state.fault.as_ref()?)));
    match (of_list.next(), about.reach(now)) {
        // What keeps one list from being read is not why the whole is stale.
        (Some((list, fault)), Reach::Ok | Reach::Unread | Reach::Failed) => Some(Detail {
            list: Some(about.name_of(list)),
            cause: fault.cause().to_owned(),
        }),
        (_, Reach::Stale) => Some(Detail::of_word("no sign of life")),
        (None, _) => None,
    }
}
