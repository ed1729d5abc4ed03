//! Recent: what moved in the last hour, below the board.
//!
//! Deliberately absent: older changes (those are the history of one target) and changes that git does not know.

use super::pen::{Line, Pen};
use crate::board::status::Status;
use crate::model::{ActorKind, Change, Environment, RunPhase, Version};
use crate::state::State;
use crate::text::{fit, width};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

/// The span that counts as recent, in seconds.
const RECENT_S: i64 = 3_600;
/// Columns of a name; longer ones are whole in the history.
const NAME: usize = 20;
/// A board lower than this has no room for it.
const LEAST: u16 = 12;

enum News<'a> {
    Moved(&'a Change),
    /// One commit moved many gates or versions of one environment.
    Many(&'a Change, usize),
    SmokeFailed(&'a Status, Timestamp),
}

impl News<'_> {
    fn at(&self) -> Timestamp {
        match self {
            News::Moved(change) | News::Many(change, _) => change.at,
            News::SmokeFailed(_, at) => *at,
        }
    }
    fn environment(&self) -> &Environment {
        match self {
            News::Moved(change) | News::Many(change, _) => &change.environment,
            News::SmokeFailed(status, _) => &status.target.environment,
        }
    }
    fn name(&self) -> String {
        match self {
            News::Moved(change) => change.repository.to_string(),
            News::Many(change, count) if change.moves_version() => format!("{count} versions"),
            News::Many(change, count) if change.gate_to => format!("{count} gates opened"),
            News::Many(_, count) => format!("{count} gates closed"),
            News::SmokeFailed(status, _) => status.target.app.to_string(),
        }
    }
}

fn news(state: &State) -> Vec<News<'_>> {
    let since = state
        .now
        .checked_sub(jiff::SignedDuration::from_secs(RECENT_S))
        .unwrap_or(state.now);
    let mut news: Vec<News<'_>> = Vec::new();
    for change in state.store.history.since(since) {
        match news.last_mut() {
            Some(News::Moved(before)) if is_one_move(before, change) => {
                let first = *before;
                news.pop();
                news.push(News::Many(first, 2));
            }
            Some(News::Many(before, count)) if is_one_move(before, change) => *count += 1,
            _ => news.push(News::Moved(change)),
        }
    }
    let cells = state.board.rows.iter().flat_map(|row| &row.cells).flatten();
    for status in cells {
        let Some(smoke) = status
            .smoke
            .as_ref()
            .filter(|s| s.current && matches!(s.phase, RunPhase::Failed | RunPhase::Error))
        else {
            continue;
        };
        if let Some(at) = smoke.at.filter(|at| *at >= since) {
            news.push(News::SmokeFailed(status, at));
        }
    }
    news.sort_by_key(|piece| std::cmp::Reverse(piece.at()));
    news
}

fn is_one_move(a: &Change, b: &Change) -> bool {
    a.commit == b.commit && a.environment == b.environment && a.moves_version() == b.moves_version()
}

/// Lines that it takes of a board of this size, with its title; 0 where nothing moved or there is no room.
pub fn lines(state: &State, area: Rect) -> usize {
    if area.height < LEAST {
        return 0;
    }
    // Besides its own share it has what the table leaves, but for a line between them.
    let left = usize::from(area.height).saturating_sub(state.lines().len() + 3);
    let most = usize::from(area.height / 6).max(2).max(left);
    match news(state).len().min(most) {
        0 => 0,
        n => n + 1,
    }
}

pub fn draw(state: &State, pen: &mut Pen<'_>) {
    let rows = pen.rows();
    if rows == 0 {
        return;
    }
    let theme = pen.theme;
    let mut news = news(state);
    let title = match news.len() {
        all if all > rows - 1 => format!("last hour, {} of {all}", rows - 1),
        _ => "last hour".to_owned(),
    };
    pen.rule(0, &title, theme.dim());
    // What failed is not pushed out by what went well.
    news.sort_by_key(|piece| !matches!(piece, News::SmokeFailed(..)));
    news.truncate(rows - 1);
    news.sort_by_key(|piece| std::cmp::Reverse(piece.at()));
    let place = news.iter().map(|n| width(n.environment().as_str())).max();
    let place = place.unwrap_or(0);
    let name = news.iter().map(|n| width(&n.name())).max();
    let name = name.unwrap_or(0).min(NAME);
    for (y, piece) in news.iter().enumerate() {
        let head = format!(
            "{} {}  {}  ",
            piece.at().to_zoned(TimeZone::UTC).strftime("%H:%MZ"),
            fit(piece.environment().as_str(), place),
            fit(&piece.name(), name)
        );
        let line = match piece {
            News::Moved(change) => {
                Line::from(format!("{head}{}    {}", moved(change), who(state, change)))
            }
            News::Many(change, _) => Line::from(format!(
                "{head}{}    {}",
                who(state, change),
                change.subject
            )),
            News::SmokeFailed(status, _) => {
                let version = status.version.as_ref().map_or("?", Version::short);
                Line::from(head).look(format!("{version} smoke failed"), theme.bad())
            }
        };
        pen.line(y + 1, &line);
    }
}

fn moved(change: &Change) -> String {
    let word =
        |version: &Option<Version>| version.as_ref().map_or("none", Version::short).to_owned();
    match (change.moves_version(), change.moves_gate(), change.gate_to) {
        (true, ..) => format!("{} -> {}", word(&change.from), word(&change.to)),
        (false, true, true) => "gate opened".into(),
        (false, true, false) => "gate closed".into(),
        (false, false, _) => format!("{} (file changed)", word(&change.to)),
    }
}

/// Who moved it, as far as git and our journal can tell.
pub fn who(state: &State, change: &Change) -> String {
    if let Some(record) = state.journal.brought(change) {
        return format!("{}, by leverframe", record.plan.who.login);
    }
    match change.kind {
        ActorKind::Robot => match state.delivery.lower(&change.environment) {
            Some(lower) => format!("robot, promoted from {}", lower.name),
            None => "robot, released".into(),
        },
        ActorKind::Manual => format!("{}, by hand", change.actor),
        ActorKind::Person => change.actor.to_string(),
        ActorKind::Leverframe => format!("{}, by leverframe", change.actor),
    }
}
