//! Confirm: the overlay that shows a plan, and the only place from which one is sent.
//!
//! Deliberately absent: deciding ([`crate::plan`]), sending (an effect), and which keys count ([`super::counts`]).

pub mod live;

use super::counts::{answer_counts, key_counts};
use super::prompt::paste;
use crate::action::{Action, Place};
use crate::effect::Effect;
use crate::message::Press;
use crate::plan::{Plan, Request, plan};
use crate::screen::confirm::top_of_focus;
use crate::state::{Complaint, ConfirmUi, Cure, Overlay, Part, State};

/// For so many seconds the reason of a plan is that of the next one, too: longer than a roll back takes, shorter than what
/// comes after an incident.
const A_MOMENT_S: i64 = 1_800;

/// Shows a plan. The focus starts where something must be typed, else on Cancel.
pub fn open(state: &mut State, plan: Plan) {
    let part = match (plan.wants_reason(), plan.typed().is_some()) {
        (true, _) => Part::Reason,
        (false, true) => Part::Version,
        (false, false) => Part::Buttons,
    };
    let reason = carried_reason(state, &plan).unwrap_or_default();
    state.open_overlay(Overlay::Confirm(Box::new(ConfirmUi {
        plan,
        part,
        open: Default::default(),
        reason,
        earlier: None,
        version: String::new(),
        confirm_focused: false,
        top: 0,
        complaint: None,
        decided_at: state.now.as_second(),
        changes: Vec::new(),
        sent: false,
    })));
}

/// The reason given a moment ago for the plan that this one follows at the same target: it is offered again.
fn carried_reason(state: &State, plan: &Plan) -> Option<String> {
    let before = state.journal.records.last()?;
    let age = state.now.duration_since(before.plan.made_at).as_secs();
    let follows = before.plan.next == Some(plan.request.lever)
        && before.plan.request.target == plan.request.target
        && before.plan.who == state.settings.who
        && age <= A_MOMENT_S;
    before.plan.request.reason.clone().filter(|_| follows)
}

/// The parts in the order of Tab.
fn parts(plan: &Plan) -> Vec<Part> {
    let mut parts = vec![Part::Checks, Part::Write, Part::Then, Part::Reason];
    parts.push(if plan.typed().is_some() {
        Part::Version
    } else {
        Part::Buttons
    });
    parts
}

fn turn(state: &mut State, by: isize) {
    let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay else {
        return;
    };
    let parts = parts(&confirm.plan);
    let now = parts
        .iter()
        .position(|part| *part == confirm.part)
        .unwrap_or(0);
    let length = parts.len() as isize;
    confirm.part = parts[(now as isize + by).rem_euclid(length) as usize];
    show_focus(state);
}

/// Scrolls to what has the focus, so that no key acts on what is not in sight.
fn show_focus(state: &mut State) {
    let Some(Overlay::Confirm(confirm)) = &state.ui.overlay else {
        return;
    };
    let top = top_of_focus(state, confirm);
    if let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay {
        confirm.top = top;
    }
}

/// A key that is a command here.
pub fn press_in_confirm(
    state: &mut State,
    press: &Press,
    action: Action,
    effects: &mut Vec<Effect>,
) {
    let most = crate::screen::confirm::scroll(state);
    let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay else {
        return;
    };
    forget_complaint(confirm, action == Action::Confirm);
    let sends =
        action == Action::Confirm && confirm.part == Part::Buttons && confirm.confirm_focused;
    let chooses = matches!(action, Action::Up | Action::Down) && chooses(confirm);
    // Neither button was seen, not even Cancel.
    let acts = chooses || matches!(action, Action::Right | Action::Confirm);
    if acts && !sends && !key_counts(state, press) {
        return;
    }
    let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay else {
        return;
    };
    match action {
        Action::Back | Action::Cancel => close(state),
        Action::NextPart => turn(state, 1),
        Action::PreviousPart => turn(state, -1),
        Action::Left => confirm.confirm_focused = false,
        Action::Right => confirm.confirm_focused = confirm.part == Part::Buttons,
        Action::Down if chooses => choose(state, press, 1),
        Action::Up if chooses => choose(state, press, -1),
        Action::Down => confirm.top = (confirm.top + 1).min(most),
        Action::Up => confirm.top = confirm.top.min(most).saturating_sub(1),
        Action::PageDown => confirm.top = (confirm.top + 10).min(most),
        Action::PageUp => confirm.top = confirm.top.min(most).saturating_sub(10),
        Action::CopyPlan => copy(state, effects),
        Action::Confirm => match confirm.part {
            Part::Checks | Part::Write | Part::Then => {
                let part = confirm.part;
                if !confirm.open.remove(&part) {
                    confirm.open.insert(part);
                }
                show_focus(state);
            }
            Part::Buttons if !confirm.confirm_focused => close(state),
            _ => send(state, press, action, effects),
        },
        other => super::press::does_nothing(state, other),
    }
}

/// A key in the reason or the version: letters are text.
pub fn typed(state: &mut State, press: &Press, action: Option<Action>, effects: &mut Vec<Effect>) {
    let earlier_reasons = state.ui.reasons.clone();
    let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay else {
        return;
    };
    forget_complaint(confirm, action == Some(Action::Confirm));
    match action {
        Some(Action::Confirm) => match confirm.part {
            Part::Reason => turn(state, 1),
            _ => send(state, press, Action::Confirm, effects),
        },
        Some(Action::Back | Action::Cancel) => close(state),
        Some(Action::NextPart) => turn(state, 1),
        Some(Action::PreviousPart) => turn(state, -1),
        Some(Action::CopyPlan) => copy(state, effects),
        Some(Action::Earlier | Action::Later) if confirm.part == Part::Reason => {
            let next = match (action, confirm.earlier) {
                (Some(Action::Earlier), None) => Some(0),
                (Some(Action::Earlier), Some(n)) => {
                    Some((n + 1).min(earlier_reasons.len().saturating_sub(1)))
                }
                (_, Some(n)) => n.checked_sub(1),
                (_, None) => None,
            };
            confirm.earlier = next.filter(|_| !earlier_reasons.is_empty());
            if let Some(reason) = confirm
                .earlier
                .and_then(|n| earlier_reasons.iter().rev().nth(n))
            {
                confirm.reason.clone_from(reason);
            }
        }
        // What was typed before the overlay was seen was meant for something else.
        _ if !key_counts(state, press) => {}
        Some(Action::Later) => choose(state, press, 1),
        Some(Action::Earlier) => choose(state, press, -1),
        _ => {
            let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay else {
                return;
            };
            let field = match confirm.part {
                Part::Version => &mut confirm.version,
                _ => &mut confirm.reason,
            };
            super::prompt::edit(field, press.chord);
            forget_complaint(confirm, false);
        }
    }
}

/// Whether the focus is where another version can be chosen.
fn chooses(confirm: &ConfirmUi) -> bool {
    let is_there = matches!(confirm.part, Part::Version | Part::Buttons);
    is_there && !confirm.sent && !confirm.plan.choices.is_empty()
}

/// Makes the plan again for another version, this many choices from the present one. It is shown and armed like any
/// other plan.
fn choose(state: &mut State, press: &Press, by: isize) {
    let Some(Overlay::Confirm(confirm)) = &state.ui.overlay else {
        return;
    };
    if !chooses(confirm) {
        return;
    }
    let choices = &confirm.plan.choices;
    let now = choices
        .iter()
        .position(|choice| Some(&choice.version) == confirm.plan.to.as_ref());
    let next = match now {
        Some(now) => now.saturating_add_signed(by).min(choices.len() - 1),
        None => 0,
    };
    if now == Some(next) {
        return;
    }
    let request = Request {
        version: Some(choices[next].version.clone()),
        ..confirm.plan.request.clone()
    };
    let (part, reason) = (confirm.part, confirm.reason.clone());
    match plan(&request, &state.context(&press.id)) {
        Ok(plan) => open(state, plan),
        Err(refusal) => return state.open_overlay(Overlay::Refused(Box::new(refusal))),
    }
    if let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay {
        confirm.part = part;
        confirm.reason = reason;
    }
}

/// Pasted text goes into the reason, never into the version.
pub fn pasted(confirm: &mut ConfirmUi, text: &str) {
    match confirm.part {
        Part::Reason => {
            if let Some(sentence) = paste(&mut confirm.reason, text) {
                complain(confirm, sentence, Cure::Key);
            }
        }
        Part::Version => {
            let text = "The version must be typed; a paste does not count.".to_owned();
            complain(confirm, text, Cure::Key);
        }
        _ => {}
    }
}

pub fn complain(confirm: &mut ConfirmUi, text: String, until: Cure) {
    confirm.complaint = Some(Complaint { text, until });
}

/// A complaint stays until it is cured.
fn forget_complaint(confirm: &mut ConfirmUi, is_enter: bool) {
    let is_cured = confirm
        .complaint
        .as_ref()
        .is_some_and(|complaint| match complaint.until {
            Cure::Key => true,
            Cure::Enter => is_enter,
            Cure::Reason => !confirm.reason.trim().is_empty(),
            Cure::Version => confirm
                .plan
                .typed()
                .is_none_or(|wanted| confirm.version == wanted),
        });
    if is_cured {
        confirm.complaint = None;
    }
}

/// Keeps what was typed, so that nothing an operator wrote is lost.
fn close(state: &mut State) {
    if let Some(Overlay::Confirm(confirm)) = &state.ui.overlay {
        let reason = confirm.reason.trim().to_owned();
        remember(state, reason);
    }
    state.close_overlay();
}

pub fn remember(state: &mut State, reason: String) {
    if !reason.is_empty() {
        state.ui.reasons.retain(|known| *known != reason);
        state.ui.reasons.push(reason);
    }
}

fn copy(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay else {
        return;
    };
    // The commands carry the reason as typed so far, because copying skips the sending that would add it.
    let typed = confirm.reason.trim();
    let plan = match typed {
        "" => confirm.plan.clone(),
        _ => confirm.plan.clone().with_reason(Some(typed.to_owned())),
    };
    let text = crate::plan::show::commands(&plan, &state.delivery, &state.settings.clusters);
    // The footer is beneath.
    let said = crate::screen::copy::counted(&text);
    let text_of_it = format!("{said}; leverframe … --dry-run prints the same.");
    complain(confirm, text_of_it, Cure::Key);
    effects.push(Effect::Copy(text));
}

/// Sends the plan once, if everything that must be typed is, and if it would still be decided the same way now.
fn send(state: &mut State, press: &Press, action: Action, effects: &mut Vec<Effect>) {
    let is_sent = matches!(&state.ui.overlay, Some(Overlay::Confirm(confirm)) if confirm.sent);
    if is_sent || !answer_counts(state, press, action) {
        return;
    }
    let keys = state.keys.clone();
    let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay else {
        return;
    };
    if let Some(version) = confirm.plan.typed()
        && confirm.version != version
    {
        let what = confirm.plan.typed_is();
        let sentence = match confirm.version.as_str() {
            "" => format!("Type {version}, {what}, then confirm."),
            typed => format!("{typed} is not {what}; type {version}, then confirm."),
        };
        confirm.part = Part::Version;
        let text = keys.with_key(Place::Text, &sentence, Action::Confirm);
        return complain(confirm, text, Cure::Version);
    }
    if confirm.plan.wants_reason() && confirm.reason.trim().is_empty() {
        confirm.part = Part::Reason;
        let text = "One reason covers all of these; type it first.".to_owned();
        return complain(confirm, text, Cure::Reason);
    }
    let mut request = confirm.plan.request.clone();
    let id = confirm.plan.id.clone();
    let reason = confirm.reason.trim().to_owned();
    request.reason = (!reason.is_empty()).then_some(reason.clone());
    let plan = match plan(&request, &state.context(&id)) {
        Ok(plan) => plan,
        Err(refusal) => return state.open_overlay(Overlay::Refused(Box::new(refusal))),
    };
    let changes = live::changes(state, &plan);
    if !changes.is_empty() {
        live::show(state, plan.with_reason(None), changes);
        if let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay {
            let text = "The facts moved while you read: this is the plan now. Nothing was sent; look again.";
            complain(confirm, text.to_owned(), Cure::Key);
        }
        return;
    }
    if let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay {
        confirm.sent = true;
        confirm.complaint = None;
        confirm.plan = plan.clone();
    }
    remember(state, reason);
    if let Some(bulk) = &mut state.ui.bulk {
        bulk.is_sending = true;
    }
    effects.push(Effect::Apply(Box::new(plan)));
}

#[cfg(test)]
mod tests;
