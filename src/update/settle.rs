//! Settle: what is derived from the facts, once before a frame rather than once a fact.
//!
//! Deliberately absent: facts of its own.

use super::{board, list, log, look, open};
use crate::board::Board;
use crate::effect::Effect;
use crate::journal::What;
use crate::plan::follow;
use crate::state::State;

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
    let noted = follow::noted(&state.journal, &state.store, &state.delivery, state.now);
    for (plan, what) in noted {
        match &what {
            What::Late { .. } => effects.push(Effect::Bell),
            What::CutShort { because, .. } => {
                effects.push(Effect::Bell);
                let short = state.journal.short(&plan).to_owned();
                state.complain(format!(
                    "Plan {short} was cut short: {because}. Nothing follows of it."
                ));
            }
            _ => {}
        }
        state.record(&plan, what, effects);
    }
}
