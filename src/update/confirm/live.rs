//! Live: an open plan follows the facts: ages run on, and what changes under it is said at its place.
//!
//! Deliberately absent: deciding ([`crate::plan`]), and drawing.

use crate::plan::{Changed, Plan, Refusal, plan};
use crate::state::{Cure, Overlay, State};

/// Decides the open plan again, at most once a second.
pub fn refresh(state: &mut State) {
    let second = state.now.as_second();
    let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay else {
        return;
    };
    if confirm.sent || confirm.decided_at == second {
        return;
    }
    confirm.decided_at = second;
    let (id, request) = (confirm.plan.id.clone(), confirm.plan.request.clone());
    let decided = plan(&request, &state.context(&id));
    take_in(state, decided);
}

/// Shows what the plan is now.
fn take_in(state: &mut State, decided: Result<Plan, Refusal>) {
    match decided {
        Ok(plan) => {
            let changes = changes(state, &plan);
            show(state, plan, changes);
        }
        Err(refusal) => show_refusal(state, refusal.because),
    }
}

/// What is different in the plan from what the overlay shows.
pub fn changes(state: &State, plan: &Plan) -> Vec<Changed> {
    match &state.ui.overlay {
        Some(Overlay::Confirm(confirm)) => {
            plan.changes_since(&confirm.plan, &state.context(&plan.id))
        }
        _ => Vec::new(),
    }
}

/// Shows the plan instead of the one before. If something changed it must be read again before it can be sent: what was
/// typed is cleared, and keys count only once the new plan was seen.
pub fn show(state: &mut State, plan: Plan, changes: Vec<Changed>) {
    let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay else {
        return;
    };
    confirm.plan = plan;
    if changes.is_empty() {
        confirm
            .changes
            .retain(|change| !matches!(change, Changed::Refused(_)));
        return;
    }
    for change in changes {
        confirm
            .changes
            .retain(|known| !known.is_about_the_same(&change));
        confirm.changes.push(change);
    }
    confirm.version.clear();
    confirm.confirm_focused = false;
    // It may name what was wanted of the plan before.
    confirm
        .complaint
        .take_if(|complaint| complaint.until == Cure::Version);
    state.show_overlay_anew();
}

/// Says that the plan would be refused now, which may be because of what stands there now.
fn show_refusal(state: &mut State, because: String) {
    let declared = declared(state);
    let Some(Overlay::Confirm(confirm)) = &state.ui.overlay else {
        return;
    };
    let read = confirm
        .plan
        .read_with_ages(&state.context(&confirm.plan.id));
    let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay else {
        return;
    };
    confirm.plan.read = read;
    let mut changes = vec![Changed::Refused(because)];
    if declared.is_some() && declared != confirm.plan.from {
        changes.insert(0, Changed::From(declared));
    }
    confirm.changes = changes;
    confirm.confirm_focused = false;
}

/// The version that is declared now where the open plan would write.
fn declared(state: &State) -> Option<crate::model::Version> {
    let Some(Overlay::Confirm(confirm)) = &state.ui.overlay else {
        return None;
    };
    let request = &confirm.plan.request;
    let repository = request.repository.as_ref()?;
    let declared = state
        .store
        .declared(&request.target.environment, repository)?;
    declared.version.clone()
}
