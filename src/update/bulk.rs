//! Bulk: a lever on several marked cells: one plan after the other, each confirmed as a single one is.
//!
//! It ends at the first surprise: a refusal, a plan that is left, a write that was not accepted. Deliberately absent:
//! deciding and sending.

use super::confirm;
use crate::message::Press;
use crate::model::Target;
use crate::plan::{Lever, PlanId, Refusal, choices, plan};
use crate::screen::levers::marked;
use crate::state::{Bulk, Overlay, State};

/// Opens the first plan, if every marked cell would have one.
pub fn begin(state: &mut State, press: &Press, lever: Lever) {
    state.close_overlay();
    let targets = match marked(state) {
        Ok(targets) => targets,
        Err(because) => return state.complain(because),
    };
    let decided: Result<Vec<_>, Refusal> = targets
        .iter()
        .map(|target| plan(&state.request(lever, target), &state.context(&press.id)))
        .collect();
    if let Err(refusal) = decided {
        state.open_overlay(Overlay::Refused(Box::new(refusal)));
        let others = match targets.len() {
            0 | 1 => return,
            2 => "the other marked cell",
            _ => "the other marked cells",
        };
        return state.complain(format!("Nothing was decided for {others} either."));
    }
    state.ui.bulk = Some(Bulk {
        lever,
        first: press.id.clone(),
        all: targets.len(),
        left: targets.into(),
        sent: 0,
        is_sending: false,
    });
    open_next(state);
}

/// Shows the plan of the next cell.
pub fn open_next(state: &mut State) {
    let Some(bulk) = &state.ui.bulk else {
        return;
    };
    let Some(target) = bulk.left.front() else {
        let all = bulk.all;
        state.ui.bulk = None;
        return state.tell(match all {
            1 => "The plan was accepted.".to_owned(),
            all => format!("All {all} plans were accepted."),
        });
    };
    let id = bulk.id();
    let request = state.request(bulk.lever, target);
    // An app of several images would ask which file is meant, which cannot be asked of many cells.
    let several = choices(&request, &state.context(&id)).len() > 1;
    match plan(&request, &state.context(&id)) {
        Ok(plan) if !several => confirm::open(state, plan),
        Ok(_) => {
            let because = format!("{target} has several images; move it alone.");
            stop(state, &because);
        }
        Err(refusal) => {
            let because = refusal.because.clone();
            state.open_overlay(Overlay::Refused(Box::new(refusal)));
            stop(state, &because);
        }
    }
}

/// The plan was answered, and its cell is done with. Whether it was one of several; then the next one follows, or nothing
/// more.
pub fn answered(state: &mut State, plan: &PlanId, is_accepted: bool) -> bool {
    let Some(bulk) = state.ui.bulk.as_mut().filter(|bulk| bulk.id() == *plan) else {
        return false;
    };
    bulk.is_sending = false;
    let target = bulk.left.pop_front();
    if is_accepted {
        bulk.sent += 1;
        target.map(|target| state.ui.board.marks.remove(&target));
    }
    true
}

/// The plan was not sent, and can be confirmed again.
pub fn unsent(state: &mut State, plan: &PlanId) {
    if let Some(bulk) = state.ui.bulk.as_mut().filter(|bulk| bulk.id() == *plan) {
        bulk.is_sending = false;
    }
}

/// After anything that may have closed the plan that was shown.
pub fn check(state: &mut State) {
    let Some(bulk) = &state.ui.bulk else {
        return;
    };
    let id = bulk.id();
    let is_shown =
        matches!(&state.ui.overlay, Some(Overlay::Confirm(confirm)) if confirm.plan.id == id);
    if !is_shown {
        stop(state, "The plan was left.");
    }
}

/// What was sent stays sent; the cells that were not reached stay marked.
pub fn stop(state: &mut State, because: &str) {
    let Some(bulk) = state.ui.bulk.take() else {
        return;
    };
    let mut left: Vec<String> = bulk.left.iter().map(Target::to_string).collect();
    let awaited = if bulk.is_sending && !left.is_empty() {
        let target = left.remove(0);
        format!("; that of {target} was sent, and its answer is awaited")
    } else {
        String::new()
    };
    let nothing = match left.as_slice() {
        [] => String::new(),
        left => format!("; nothing was sent for {}", left.join(", ")),
    };
    state.warn(format!(
        "{because} {} of {} plans were accepted{awaited}{nothing}.",
        bulk.sent, bulk.all
    ));
}
