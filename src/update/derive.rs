//! Derive: draws conclusions from the facts, once before a frame rather than once for each fact.

use super::{board, confirm, list, log, look, open, order, run};
use crate::effect::Effect;
use crate::journal::{PlanState, Record, What};
use crate::plan::waits::state_in_words;
use crate::plan::{Outcome, PlanId, follow};
use crate::screen::keys;
use crate::state::{Notice, State};

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
