//! Recent: what moved in the last hour, newest first, and who moved it.
//!
//! Deliberately absent: older changes (those are the history of one target) and changes that git does not know.

use crate::belongs::runs::Mover;
use crate::board::status::Status;
use crate::model::{ActorKind, Change, Environment, Version};
use crate::plan::mover::mover;
use crate::state::State;
use jiff::Timestamp;
use ratatui::layout::Rect;

/// The span that counts as recent, in seconds.
const RECENT_S: i64 = 3_600;
/// A board lower than this has no room for it.
const LEAST: u16 = 12;

pub enum RecentItem<'a> {
    Moved(&'a Change),
    /// One commit moved many gates or versions of one environment.
    Many(&'a Change, usize),
    SmokeFailed(&'a Status, Timestamp),
}

impl RecentItem<'_> {
    pub fn moment(&self) -> Timestamp {
        match self {
            RecentItem::Moved(change) | RecentItem::Many(change, _) => change.at,
            RecentItem::SmokeFailed(_, at) => *at,
        }
    }
    pub fn environment(&self) -> &Environment {
        match self {
            RecentItem::Moved(change) | RecentItem::Many(change, _) => &change.environment,
            RecentItem::SmokeFailed(status, _) => &status.target.environment,
        }
    }
    pub fn name(&self) -> String {
        match self {
            RecentItem::Moved(change) => change.repository.to_string(),
            RecentItem::Many(change, count) if change.moves_version() => {
                format!("{count} versions")
            }
            RecentItem::Many(change, count) if change.gate_to => format!("{count} gates opened"),
            RecentItem::Many(_, count) => format!("{count} gates closed"),
            RecentItem::SmokeFailed(status, _) => status.target.app.to_string(),
        }
    }
}

/// What moved in the last hour, newest first.
pub fn recent_items(state: &State) -> Vec<RecentItem<'_>> {
    let since = state
        .now
        .checked_sub(jiff::SignedDuration::from_secs(RECENT_S))
        .unwrap_or(state.now);
    let mut news: Vec<RecentItem<'_>> = Vec::new();
    for change in state.store.history.since(since) {
        match news.last_mut() {
            Some(RecentItem::Moved(before)) if is_one_move(before, change) => {
                let first = *before;
                news.pop();
                news.push(RecentItem::Many(first, 2));
            }
            Some(RecentItem::Many(before, count)) if is_one_move(before, change) => *count += 1,
            _ => news.push(RecentItem::Moved(change)),
        }
    }
    for status in state.board.smoke_failed() {
        let at = status.smoke.as_ref().and_then(|smoke| smoke.at);
        if let Some(at) = at.filter(|at| *at >= since) {
            news.push(RecentItem::SmokeFailed(status, at));
        }
    }
    news.sort_by_key(|piece| std::cmp::Reverse(piece.moment()));
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
    match recent_items(state).len().min(most) {
        0 => 0,
        n => n + 1,
    }
}

/// `v3083 -> v3084`, `gate closed`: what a change did.
pub fn moved(change: &Change) -> String {
    let word =
        |version: &Option<Version>| version.as_ref().map_or("none", Version::short).to_owned();
    match (change.moves_version(), change.moves_gate(), change.gate_to) {
        (true, ..) => format!("{} -> {}", word(&change.from), word(&change.to)),
        (false, true, true) => "gate opened".into(),
        (false, true, false) => "gate closed".into(),
        (false, false, _) => format!("{} (file changed)", word(&change.to)),
    }
}

/// Whether the version that a change brought ever stood in the environment below, as far as history was read.
fn stood(state: &State, lower: &Environment, change: &Change) -> bool {
    let Some(version) = &change.to else {
        return false;
    };
    let declared = state.store.declared(lower, &change.repository);
    let moves = state.store.history.changes_of(lower, &change.repository);
    declared.is_some_and(|file| file.version.as_ref() == Some(version))
        || moves.iter().any(|moved| moved.to.as_ref() == Some(version))
}

/// Who moved it, as far as git and our journal show.
pub fn name_mover(state: &State, change: &Change) -> String {
    let Mover { actor, kind, .. } = mover(&state.store, &state.delivery, &state.journal, change);
    match kind {
        ActorKind::Robot => match state.delivery.lower(&change.environment) {
            Some(lower) if stood(state, &lower.name, change) => {
                format!("robot, promoted from {}", lower.name)
            }
            Some(_) => "robot".into(),
            None => "robot, released".into(),
        },
        ActorKind::Manual => format!("{actor}, by hand"),
        ActorKind::Person => actor.to_owned(),
        ActorKind::Leverframe => format!("{actor}, by leverframe"),
    }
}
