//! Derive: draws conclusions from the facts, once before a frame rather than once for each fact.

use super::{announce, board, confirm, list, log, look, open, order, run};
use crate::effect::Effect;
use crate::plan::follow;
use crate::state::State;

/// Prepares a frame that a key asked for, with only what the key itself changed. Facts that came in since wait for
/// [`derive_state`], which may take longer than the frame.
pub fn derive_for_key(state: &mut State) {
    run::keep_visible(state);
    log::refresh_log(state);
}

/// Derives the board again where a fact changed, and notes which hop effects were seen or are late.
pub fn derive_state(state: &mut State) -> Vec<Effect> {
    let mut effects = Vec::new();
    let is_old = state.board_of != Some(state.store.generation());
    let is_due = is_old || state.board.is_due(state.now);
    if is_due {
        derive_board(state);
    }
    if is_due || !state.ui.board.touched {
        order::keep_order(state);
        board::keep_visible(state);
        open::run_that_came_late(state, &mut effects);
        log::that_came_late(state, &mut effects);
    }
    run::keep_visible(state);
    log::refresh_log(state);
    await_effects(state, &mut effects);
    end_notice(state);
    look::for_lost(state, &mut effects);
    list::pin(state);
    confirm::live::refresh(state);
    effects
}

/// Derives the rows whose facts changed, or whose moment has come.
fn derive_board(state: &mut State) {
    let changed = state.store.take_changed();
    let (store, delivery) = (&state.store, &state.delivery);
    match state.board_of {
        None => state.board.rebuild(store, delivery, state.now),
        Some(_) => state.board.refresh(&changed, store, delivery, state.now),
    }
    state.board_of = Some(state.store.generation());
}

/// Notes what the facts show of plans under way, and says what has become of them.
fn await_effects(state: &mut State, effects: &mut Vec<Effect>) {
    let noted = follow::noted(&state.journal, &state.store, &state.delivery, state.now);
    for (plan, what) in noted {
        announce::note_before(state, &plan);
        state.record(&plan, what, effects);
    }
    announce::announce_news(state, effects);
}

/// Whoever presses no key sees how far the plan has come, which stands where no answer does; and nothing says longer that a
/// source is back than it is.
fn end_notice(state: &mut State) {
    let is_over = state.notice_ends_at().is_some_and(|at| at <= state.now);
    if is_over || state.is_notice_overtaken() {
        state.ui.notice = None;
    }
}
