//! Levers: what every lever of a target would do now, or why it does not move.
//!
//! Deliberately absent: the decision. It is [`crate::plan::plan`]'s, so that what is grey here refuses there, for the same
//! reason.

use super::proposed::{against_trouble, why_open};
use crate::action::{Action, Place};
use crate::model::{Repository, Target, Version};
use crate::plan::{CheckName, Lever, Plan, PlanId, Refusal, Request, show};
use crate::state::{BoardLine, State};
use std::ops::RangeInclusive;

/// What each lever would do now, or why not: one plan, or one for each marked cell. Where cells are marked it moves all of
/// them or none.
pub fn decided(state: &State, target: &Target) -> Vec<(Lever, Result<Vec<Plan>, Refusal>)> {
    decide_all(state, target, &against_trouble(state, target))
}

/// The same where the levers against the cell's trouble are known already.
pub(super) fn decide_all(
    state: &State,
    target: &Target,
    cures: &[Lever],
) -> Vec<(Lever, Result<Vec<Plan>, Refusal>)> {
    let decide = |lever| match state.moved_marks() {
        None => decide(state, lever, target, cures).map(|plan| vec![plan]),
        Some(_) => decide_marked(state, lever, target),
    };
    let levers = Lever::ALL.into_iter();
    levers.map(|lever| (lever, decide(lever))).collect()
}

/// The file that a lever is said to move, where it asks which of several is meant.
pub fn named_file(state: &State, lever: Lever, target: &Target) -> Option<Repository> {
    let cures = against_trouble(state, target);
    let troubled = troubled_file(state, lever, target).filter(|_| cures.contains(&lever));
    troubled.or_else(|| {
        decide_any_file(state, lever, target)
            .ok()?
            .request
            .repository
    })
}

/// The cells that are marked, as the board has them from top to bottom.
///
/// # Errors
/// Some of them are not in sight: nobody moves what is hidden.
pub fn marked(state: &State) -> Result<Vec<Target>, String> {
    let marks = &state.ui.board.marks;
    let lines = state.lines();
    let rows = lines.iter().filter_map(|line| match line {
        BoardLine::Row(key) => state.board.row(key),
        BoardLine::Fold(..) => None,
    });
    let cells = rows.flat_map(|row| row.cells.iter().flatten());
    let in_sight: Vec<Target> = cells
        .map(|status| status.target.clone())
        .filter(|target| marks.contains(target))
        .collect();
    match marks.len() - in_sight.len() {
        0 => Ok(in_sight),
        hidden => {
            let sentence = format!(
                "{hidden} of {} marked cells are not in sight, so none is moved; go back to clear the filter, then the marks.",
                marks.len()
            );
            Err(state.keys.with_key(Place::Board, &sentence, Action::Back))
        }
    }
}

pub(super) fn decide_marked(
    state: &State,
    lever: Lever,
    target: &Target,
) -> Result<Vec<Plan>, Refusal> {
    let targets = marked(state).map_err(|because| Refusal::new(lever, target.clone(), because))?;
    let plans = targets.iter().map(|target| {
        decide_any_file(state, lever, target).map_err(|refusal| {
            let because = format!("{target}: {}", refusal.because);
            Refusal { because, ..refusal }
        })
    });
    plans.collect()
}

fn decide(state: &State, lever: Lever, target: &Target, cures: &[Lever]) -> Result<Plan, Refusal> {
    let any = |_| decide_any_file(state, lever, target);
    match cures.contains(&lever) {
        true => decide_against_trouble(state, lever, target).or_else(any),
        false => decide_any_file(state, lever, target),
    }
}

fn decide_any_file(state: &State, lever: Lever, target: &Target) -> Result<Plan, Refusal> {
    // This plan is never sent; it only shows what a lever would do.
    let id = PlanId::new("0000000000000000");
    let context = state.context(&id);
    let request = state.request(lever, target);
    let choices = crate::plan::choices(&request, &context);
    if choices.len() < 2 {
        return crate::plan::plan(&request, &context);
    }
    // It asks which file is meant; it is ready where it would move one of them.
    decide_files(state, &request, choices)
}

/// What a request does with the first of some files that it would move.
fn decide_files(state: &State, request: &Request, files: Vec<Repository>) -> Result<Plan, Refusal> {
    let id = PlanId::new("0000000000000000");
    let context = state.context(&id);
    let mut last = None;
    for file in files {
        let request = Request {
            repository: Some(file),
            ..request.clone()
        };
        match crate::plan::plan(&request, &context) {
            Ok(plan) => return Ok(plan),
            Err(refusal) => last = Some(refusal),
        }
    }
    match last {
        Some(refusal) => Err(refusal),
        None => crate::plan::plan(request, &context),
    }
}

/// What a lever against the target's trouble would do: with the file that the trouble is about, whatever it could do with
/// another one.
pub(super) fn decide_against_trouble(
    state: &State,
    lever: Lever,
    target: &Target,
) -> Result<Plan, Refusal> {
    match troubled_file(state, lever, target) {
        Some(file) => decide_files(state, &state.request(lever, target), vec![file]),
        None => decide_any_file(state, lever, target),
    }
}

/// The file that the target's trouble is about, where the lever writes one.
fn troubled_file(state: &State, lever: Lever, target: &Target) -> Option<Repository> {
    let status = state.board.status(target)?;
    let file = status.troubled_file.clone();
    file.filter(|_| lever.writes_files())
}

/// Lines of what stands below the levers about the selected one.
pub const ABOUT: RangeInclusive<usize> = 2..=4;

/// So many lines the open levers take at the most, with their title.
pub fn lines_at_most(state: &State, sent: Option<&PlanId>, columns: usize) -> usize {
    1 + why_open(state, sent, columns).len() + Lever::ALL.len() + ABOUT.end()
}

/// `3 marked cells`.
fn marked_cells(count: usize) -> String {
    let cells = if count == 1 { "cell" } else { "cells" };
    format!("{count} marked {cells}")
}

/// What the levers are of: `publisher @ staging`, or the marked cells.
pub fn moved(state: &State, target: &Target) -> String {
    let Some(marks) = state.moved_marks() else {
        return target.to_string();
    };
    match marks.first() {
        Some(one) if marks.len() == 1 => format!("{one}, which is marked"),
        _ => format!("{}, one plan after the other", marked_cells(marks.len())),
    }
}

/// What a ready lever would do, in a few words, and what speaks for it or against: ` to v3083 (stood there 31h)`,
/// ` (REACHES PRODUCTION)`; where cells are marked how many it moves: ` 3 marked cells (2 REACH PRODUCTION)`.
pub fn gist(state: &State, plans: &[Plan]) -> (String, String) {
    match (plans, state.moved_marks()) {
        ([plan], None) => gist_of_one(plan),
        _ => {
            let to = format!(" {}", marked_cells(plans.len()));
            let why = match plans.iter().filter(|plan| plan.reach.production).count() {
                0 => String::new(),
                reaching => format!(" ({reaching} REACH PRODUCTION)"),
            };
            (to, why)
        }
    }
}

/// ` licensify-feed to v3`: the file is named where the target has several.
fn gist_of_one(plan: &Plan) -> (String, String) {
    let file = plan.request.named_file();
    let file = file.map(|file| format!(" {file}")).unwrap_or_default();
    let to = match plan.request.lever {
        Lever::Promote | Lever::RollBack => plan
            .to
            .as_ref()
            .map(|to: &Version| format!("{file} to {}", to.short()))
            .unwrap_or_default(),
        Lever::Hold | Lever::Release => file,
        _ => String::new(),
    };
    let evidence = || {
        let evidence = plan.evidence.split(';').next().unwrap_or_default();
        (!evidence.is_empty()).then(|| evidence.to_owned())
    };
    let speaks = match plan.request.lever {
        Lever::RollBack => evidence(),
        _ if plan.reach.production => show::reaches(&plan.reach),
        _ => None,
    };
    let is_branch = plan
        .checks
        .iter()
        .any(|check| check.name == CheckName::Release);
    let branch = is_branch.then(|| "build of a branch".to_owned());
    let why: Vec<String> = branch.into_iter().chain(speaks).collect();
    let why = match why.is_empty() {
        true => String::new(),
        false => format!(" ({})", why.join("; ")),
    };
    (to, why)
}
