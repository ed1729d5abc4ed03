//! Live: an open plan follows the facts: ages run on, and what changes under it is said at its place.
//!
//! Deliberately absent: deciding ([`crate::plan`]), and drawing.

use crate::plan::{Plan, Refusal, plan};
use crate::state::{Changed, ConfirmUi, Overlay, State};

/// Decides the open plan again, at most once a second. A plan that changed must be read again before it can be sent:
/// what was typed is cleared, and keys count only once the new plan was seen.
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
pub fn take_in(state: &mut State, decided: Result<Plan, Refusal>) {
    let declared = declared(state);
    let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay else {
        return;
    };
    match decided {
        Ok(plan) if plan.comes_to_the_same(&confirm.plan) => {
            confirm.plan = plan;
            confirm
                .changes
                .retain(|change| !matches!(change, Changed::Refused(_)));
        }
        Ok(plan) => {
            let changes = differences(confirm, &plan);
            for change in changes {
                confirm
                    .changes
                    .retain(|known| !known.is_about_the_same(&change));
                confirm.changes.push(change);
            }
            confirm.plan = plan;
            confirm.version.clear();
            confirm.confirm_focused = false;
            state.show_overlay_anew();
        }
        Err(refusal) => {
            let mut changes = vec![Changed::Refused(refusal.because)];
            // It may be refused because of what stands there now.
            if declared.is_some() && declared != confirm.plan.from {
                changes.insert(0, Changed::From(declared));
            }
            confirm.changes = changes;
            confirm.confirm_focused = false;
        }
    }
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

fn differences(confirm: &ConfirmUi, now: &Plan) -> Vec<Changed> {
    let before = &confirm.plan;
    let mut changes = Vec::new();
    if before.from != now.from {
        changes.push(Changed::From(now.from.clone()));
    }
    if before.to != now.to {
        changes.push(Changed::To(before.to.clone()));
    }
    if before.reach.environments != now.reach.environments {
        changes.push(Changed::Reach);
    }
    let is_dear = |check: &&crate::plan::Check| check.refuses() || check.wants_reason();
    let known: Vec<_> = before
        .checks
        .iter()
        .filter(is_dear)
        .map(|c| c.name)
        .collect();
    let dear = now.checks.iter().filter(is_dear);
    let new = dear.filter(|check| !known.contains(&check.name));
    changes.extend(new.map(|check| Changed::Check(check.name)));
    if changes.is_empty() {
        changes.push(Changed::Write);
    }
    changes
}
