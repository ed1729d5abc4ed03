//! Levers: opening the levers of a cell and deciding what one would do. Nothing here sends anything.
//!
//! Deliberately absent: the decision itself ([`crate::plan::plan`]) and the confirmation ([`super::confirm`]).

use super::{bulk, confirm, press};
use crate::action::Action;
use crate::effect::Effect;
use crate::journal::{Journal, What};
use crate::message::Press;
use crate::model::Target;
use crate::plan::{Lever, PlanId, Request, plan};
use crate::screen::levers::named_file;
use crate::screen::list::{selected_record, selected_version};
use crate::screen::proposed::cursor;
use crate::state::{Overlay, State, View};

pub fn open(state: &mut State) {
    match state.target().cloned() {
        Some(target) => state.open_overlay(Overlay::Levers {
            target,
            selected: None,
            after: None,
        }),
        None => state.complain(state.untargeted()),
    }
}

/// A key in the list of levers.
pub fn press_in_levers(state: &mut State, press: &Press, action: Action) {
    let Some(Overlay::Levers {
        target,
        selected,
        after,
    }) = &state.ui.overlay
    else {
        return;
    };
    let target = target.clone();
    let line = cursor(state, &target, *selected, after.as_ref());
    let mut move_to = |line: usize| {
        if let Some(Overlay::Levers { selected, .. }) = &mut state.ui.overlay {
            *selected = Some(line.min(Lever::ALL.len() - 1));
        }
    };
    let lever = match action {
        Action::Down => return move_to(line + 1),
        Action::Up => return move_to(line.saturating_sub(1)),
        Action::Back | Action::Cancel => {
            state.close_overlay();
            return;
        }
        Action::Enter => Lever::ALL[line.min(Lever::ALL.len() - 1)],
        action => match action.lever() {
            Some(lever) => lever,
            None => return press::does_nothing(state, action),
        },
    };
    pull(state, press, lever, target);
}

/// Asks what the lever would do and shows the answer: a plan, a refusal, or the question which file is meant.
pub fn pull(state: &mut State, press: &Press, lever: Lever, target: Target) {
    if state.moved_marks().is_some() {
        return bulk::begin(state, press, lever);
    }
    let request = state.request(lever, &target);
    decide(state, press, request);
}

/// The history view's roll back: to the version that is selected there.
pub fn roll_back_to(state: &mut State, press: &Press) {
    let View::History(target) = state.view().clone() else {
        return;
    };
    let Some((file, version)) = selected_version(state) else {
        state.complain(crate::screen::off::no_version(state));
        return;
    };
    let request = Request {
        repository: Some(file),
        version: Some(version),
        ..Request::new(Lever::RollBack, target)
    };
    decide(state, press, request);
}

fn decide(state: &mut State, press: &Press, request: Request) {
    let choices = crate::plan::choices(&request, &state.context(&press.id));
    if request.repository.is_none() && choices.len() > 1 {
        // Enter moves what the list of levers and the footer named.
        let named = named_file(state, request.lever, &request.target);
        let named = choices.iter().position(|file| Some(file) == named.as_ref());
        state.open_overlay(Overlay::Which {
            request,
            choices,
            selected: named.unwrap_or_default(),
        });
        return;
    }
    match plan(&request, &state.context(&press.id)) {
        Ok(plan) => confirm::open(state, plan),
        Err(refusal) => state.open_overlay(Overlay::Refused(Box::new(refusal))),
    }
}

/// A key in the question which file of an app of several images is meant.
pub fn which(state: &mut State, press: &Press, action: Action) {
    let Some(Overlay::Which {
        request,
        choices,
        selected,
    }) = &mut state.ui.overlay
    else {
        return;
    };
    match action {
        Action::Down => *selected = (*selected + 1).min(choices.len().saturating_sub(1)),
        Action::Up => *selected = selected.saturating_sub(1),
        Action::Back | Action::Cancel => state.close_overlay(),
        Action::Enter => {
            let request = Request {
                repository: choices.get(*selected).cloned(),
                ..request.clone()
            };
            decide(state, press, request);
        }
        other => press::does_nothing(state, other),
    }
}

/// Enter on a plan in the journal: asks how to settle it if its outcome is unknown, or how to undo its debt.
pub fn open_settle_or_undo(state: &mut State) {
    let Some(record) = selected_record(state) else {
        return;
    };
    let plan = record.plan.id.clone();
    if record.can_be_settled() {
        state.open_overlay(Overlay::Settle { plan, selected: 0 });
        return;
    }
    if record.debt().is_some() && Journal::undo(record).is_some() {
        state.open_overlay(Overlay::Undo { plan, selected: 0 });
    } else {
        state.complain("There is nothing to settle or to undo on this plan.");
    }
}

/// A key in the question about a debt: undo it by a plan of its own, or leave it as it is.
pub fn undo(state: &mut State, press: &Press, action: Action, effects: &mut Vec<Effect>) {
    let Some(Overlay::Undo { plan, selected }) = &mut state.ui.overlay else {
        return;
    };
    match action {
        Action::Down => *selected = 1,
        Action::Up => *selected = 0,
        Action::Back | Action::Cancel => state.close_overlay(),
        Action::Enter => {
            let (plan, undoes) = (plan.clone(), *selected == 0);
            state.close_overlay();
            let record = state.journal.get(&plan);
            match record.and_then(Journal::undo) {
                Some(request) if undoes => decide(state, press, request),
                _ => leave(state, &plan, effects),
            }
        }
        other => press::does_nothing(state, other),
    }
}

/// Closes a debt without a write: what stands is meant to stay.
fn leave(state: &mut State, plan: &PlanId, effects: &mut Vec<Effect>) {
    let who = Some(state.settings.who.login.clone());
    state.record(plan, What::Paid { by: None, who }, effects);
    let short = state.journal.short(plan).to_owned();
    state.tell(format!(
        "The debt of plan {short} is closed: it stays as it is. Nothing was written."
    ));
}

/// A key in the question what became of a plan: look again, done, not done.
pub fn press_in_settle(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let Some(Overlay::Settle { plan, selected }) = &mut state.ui.overlay else {
        return;
    };
    match action {
        Action::Down => *selected = (*selected + 1).min(2),
        Action::Up => *selected = selected.saturating_sub(1),
        Action::Back | Action::Cancel => state.close_overlay(),
        Action::Enter => {
            let (plan, selected) = (plan.clone(), *selected);
            state.close_overlay();
            if selected == 0 {
                effects.push(Effect::LookFor { plan, asked: true });
                state.tell("Looking for the plan in the world.");
            } else {
                let by = state.settings.who.login.clone();
                state.record(
                    &plan,
                    What::Settled {
                        done: selected == 1,
                        by,
                    },
                    effects,
                );
            }
        }
        other => press::does_nothing(state, other),
    }
}
