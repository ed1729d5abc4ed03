//! Look: looks by itself, less and less often, for plans that may have been sent and have no outcome.
//!
//! Its console may have died, or no answer came. Deliberately absent: sending it again; and giving up on it in the journal,
//! where it stays unknown until it is found or somebody says.

use crate::effect::Effect;
use crate::journal::Record;
use crate::state::State;
use jiff::{SignedDuration, Timestamp};

/// By then a plan that is being sent usually has its outcome.
const FIRST: SignedDuration = SignedDuration::from_secs(5);
const LONGEST: SignedDuration = SignedDuration::from_mins(5);
/// About an hour and a half. After that it is looked for only when an operator asks.
const LOOKS: u32 = 22;

pub fn for_lost(state: &mut State, effects: &mut Vec<Effect>) {
    if state.settings.read_only {
        return;
    }
    let lost = state
        .journal
        .records
        .iter()
        .filter(|r| r.is_without_outcome());
    for record in lost {
        let id = &record.plan.id;
        let (looks, due) = state.looks.get(id).copied().unwrap_or((0, first(record)));
        if looks >= LOOKS || due > state.now {
            continue;
        }
        let pause = FIRST.saturating_mul(1 << looks.min(8)).min(LONGEST);
        state
            .looks
            .insert(id.clone(), (looks + 1, state.now + pause));
        effects.push(Effect::LookFor {
            plan: id.clone(),
            asked: false,
        });
    }
}

fn first(record: &Record) -> Timestamp {
    let sent = record
        .outcome
        .as_ref()
        .map_or(record.plan.made_at, |(at, _)| *at);
    sent.saturating_add(FIRST).unwrap_or(sent)
}
