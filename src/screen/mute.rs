//! Mute: for how long a cell can be muted, and what is said of one that is.

use super::time::when;
use crate::board::shown;
use crate::model::{Mute, Target, Until, Word};
use crate::state::State;
use jiff::{SignedDuration, Timestamp};

/// What can be chosen for a cell.
#[derive(Clone, PartialEq, Debug)]
pub enum Choice {
    Lift,
    Until(Until),
}

/// For how many hours a cell is usually muted: until the next look, the shift, the next day, Monday.
const HOURS: [i64; 4] = [1, 8, 24, 72];

/// What can be chosen for a cell, each with its words; empty where there is nothing to mute.
pub fn choices(state: &State, target: &Target) -> Vec<(Choice, String)> {
    let Some(status) = state.board.status(target) else {
        return Vec::new();
    };
    let mut choices = Vec::new();
    if let Some(mute) = &status.muted {
        choices.push((
            Choice::Lift,
            format!("lift it: muted {}", says(mute, state.now)),
        ));
    } else if shown(&state.board.holds, status).next().is_none() {
        return choices;
    }
    for hours in HOURS {
        if let Ok(moment) = state.now.checked_add(SignedDuration::from_hours(hours)) {
            let says = match hours {
                1 => "for 1 hour".to_owned(),
                hours => format!("for {hours} hours"),
            };
            choices.push((
                Choice::Until(Until::Moment(moment)),
                format!("{says}, until {}", when(moment, state.now)),
            ));
        }
    }
    let changed = Until::Changed {
        version: status.version.clone(),
        words: status.attention.clone(),
    };
    let text = format!("until it changes: {}", until(&changed, state.now));
    choices.push((Choice::Until(changed), text));
    choices
}

/// Until when, by whom and why: `until 08:30Z by alice: incident 4711`.
pub fn says(mute: &Mute, now: Timestamp) -> String {
    format!(
        "until {} by {}: {}",
        until(&mute.until, now),
        mute.by,
        mute.reason
    )
}

/// When it ends, in words.
pub fn until(until: &Until, now: Timestamp) -> String {
    match until {
        Until::Moment(moment) => when(*moment, now),
        Until::Changed { version, words } => {
            let words: Vec<&str> = words.iter().copied().map(Word::label).collect();
            let version = version.as_ref().map_or("none", |version| version.short());
            format!(
                "another version than {version} or another word than {} stands there",
                words.join(" ")
            )
        }
    }
}
