//! Derive: draws conclusions from the facts, once before a frame rather than once for each fact.

use super::{board, confirm, list, log, look, open, order, run};
use crate::effect::Effect;
use crate::journal::{PlanState, Record, What};
use crate::plan::waits::state_in_words;
use crate::plan::{Outcome, PlanId, follow};
use crate::screen::keys;
use crate::state::{Notice, State};
use std::sync::Arc;

/// So many apps' rows are derived before a frame because time has passed: some 20 ms.
const AGEING_AT_ONCE: usize = 1_000;

/// Prepares a frame that a key asked for, with only what the key itself changed. Facts that came in since wait for
/// [`derive_state`], which may take longer than the frame.
pub fn derive_for_key(state: &mut State) {
    run::keep_visible(state);
    log::refresh_log(state);
}

/// Derives the board again where a fact changed, and notes which hop effects were seen or are late.
pub fn derive_state(state: &mut State) -> Vec<Effect> {
    let mut effects = Vec::new();
    let minute = state.now.as_second() / 60;
    let derived = Some((state.store.generation(), minute));
    let is_due = derived != state.board_of || !state.ageing.is_empty();
    if is_due {
        derive_board(state, minute);
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

/// Derives the rows whose facts changed. Each minute all rows are derived, because ages become words: some before each
/// frame, so that none is late on a board of ten thousand.
fn derive_board(state: &mut State, minute: i64) {
    let mut changed = state.store.take_changed();
    match state.board_of {
        None => {
            state
                .board
                .rebuild(&state.store, &state.delivery, state.now);
            state.ageing.clear();
        }
        Some((_, before)) => {
            if before != minute {
                state.ageing = state.board.apps().cloned().collect();
            }
            let first = state.ageing.len().saturating_sub(AGEING_AT_ONCE);
            let ageing = state.ageing.drain(first..);
            changed
                .apps
                .extend(ageing.map(|app| Arc::from(app.as_str())));
            state
                .board
                .refresh(&changed, &state.store, &state.delivery, state.now);
        }
    }
    state.board_of = Some((state.store.generation(), minute));
}

fn await_effects(state: &mut State, effects: &mut Vec<Effect>) {
    let noted = follow::noted(&state.journal, &state.store, &state.delivery, state.now);
    for (plan, what) in noted {
        let before = state.journal.get(&plan).map(Record::plan_state);
        let arrived = match &what {
            What::Outcome {
                outcome: Outcome::Applied { evidence },
            } => Some(evidence.clone()),
            _ => None,
        };
        state.record(&plan, what, effects);
        let is_of_notice = |notice: &Notice| notice.accepts.as_ref() == Some(&plan);
        let said = state.ui.notice.as_ref().is_some_and(is_of_notice);
        let Some(record) = state.journal.get(&plan) else {
            continue;
        };
        use PlanState::{CutShort, Done, Late};
        let now = record.plan_state();
        if before != Some(now) && matches!(now, Done | Late | CutShort) {
            let request = &record.plan.request;
            let (lever, app) = (request.lever.title(), &request.target.app);
            let stands = state_in_words(record, state.now, |remedy| keys::remedy(state, remedy));
            let text = format!("{lever} {app} in {}: {stands}", request.target.environment);
            if said {
                state.ui.notice = None;
            }
            announce(state, &plan, text, now != Done, effects);
        } else if let Some(evidence) = arrived {
            let request = &record.plan.request;
            let text = format!(
                "Plan {} ({} {}) has arrived: {evidence}. Look at it before you send anything else for the same.",
                state.journal.short(&plan),
                request.lever.title(),
                request.target
            );
            announce(state, &plan, text, true, effects);
        }
    }
}

/// Whoever presses no key sees how far the plan has come, which stands where no answer does.
fn end_notice(state: &mut State) {
    if state.notice_ends_at().is_some_and(|at| at <= state.now) {
        state.ui.notice = None;
    }
}

/// Says how a plan ended, or that it is overdue, by the bell and the terminal's title too, once.
fn announce(
    state: &mut State,
    plan: &PlanId,
    text: String,
    is_bad: bool,
    effects: &mut Vec<Effect>,
) {
    if !state.ui.is_quiet {
        effects.push(Effect::Bell);
        effects.push(Effect::Title(text.clone()));
    }
    if is_bad {
        return state.warn_about(plan, text);
    }
    state.forget_warnings_about(plan);
    // Good news must not replace a sentence about the last key; the journal shows it in any case.
    if state.ui.notice.is_none() {
        state.tell(text);
    }
}
