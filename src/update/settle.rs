//! Settle: what is derived from the facts, once before a frame rather than once a fact.
//!
//! Deliberately absent: facts of its own.

use super::{board, list, log, look, open};
use crate::effect::Effect;
use crate::journal::{Journal, Standing, What};
use crate::plan::{Outcome, PlanId};
use crate::state::State;
use crate::store::board::Board;

/// Prepares a frame that a key asked for: what the key itself changed. It does not wait for the facts that came in since
/// the board was derived; [`settle`] takes them in when their time comes.
pub fn settle_key(state: &mut State) {
    log::settle(state);
}

/// Derives the board anew where a fact changed, and notes which awaited effects were seen or are late.
pub fn settle(state: &mut State) -> Vec<Effect> {
    let mut effects = Vec::new();
    let minute = state.now.as_second() / 60;
    let derived = (state.store.generation(), minute);
    if derived != state.board_of {
        state.board_of = derived;
        state.board = Board::new(&state.store, &state.delivery, state.now);
        board::keep_order(state);
        board::keep_visible(state);
        open::run_that_came_late(state, &mut effects);
        log::that_came_late(state, &mut effects);
    }
    log::settle(state);
    await_effects(state, &mut effects);
    look::for_lost(state, &mut effects);
    list::pin(state);
    effects
}

fn await_effects(state: &mut State, effects: &mut Vec<Effect>) {
    let mut noted: Vec<(PlanId, What)> = Vec::new();
    for record in state
        .journal
        .open()
        .filter(|r| matches!(r.outcome, Some((_, Outcome::Applied { .. }))))
    {
        let whats = crate::plan::follow::follow(record, &state.store, &state.delivery, state.now);
        noted.extend(whats.into_iter().map(|what| (record.plan.id.clone(), what)));
    }
    noted.extend(paid(&state.journal));
    for (plan, what) in noted {
        if matches!(what, What::Late { .. }) {
            effects.push(Effect::Bell);
        }
        state.record(&plan, what, effects);
    }
}

/// A debt is paid when the lever that undoes it was pulled on the same target since, and its plan is done.
fn paid(journal: &Journal) -> Vec<(PlanId, What)> {
    let done = |at: usize, record: &crate::journal::Record| {
        let lever = Journal::undo(record)?;
        let payer = journal.records.iter().skip(at + 1).find(|later| {
            later.plan.request.lever == lever
                && later.plan.request.target == record.plan.request.target
                && later.standing() == Standing::Done
        })?;
        Some((
            record.plan.id.clone(),
            What::Paid {
                by: Some(payer.plan.id.clone()),
            },
        ))
    };
    let owing = journal
        .records
        .iter()
        .enumerate()
        .filter(|(_, record)| record.debt().is_some());
    owing.filter_map(|(at, record)| done(at, record)).collect()
}
