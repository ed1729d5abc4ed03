//! Levers: what every lever of a target would do now, or why it does not move.
//!
//! Deliberately absent: the decision. It is [`crate::plan::plan`]'s, so that what is grey here refuses there, for the same
//! reason.

use crate::action::{Action, Place};
use crate::belongs::repositories;
use crate::board::status::Status;
use crate::journal::{PlanState, Record};
use crate::model::{Repository, Target, Version};
use crate::plan::{CheckName, Lever, Moves, Plan, PlanId, Refusal, show};
use crate::state::{BoardLine, State};
use crate::text::end_sentence;

/// What each lever would do now, or why not: one plan, or one for each marked cell. Where cells are marked it moves all of
/// them or none.
pub fn decided(state: &State, target: &Target) -> Vec<(Lever, Result<Vec<Plan>, Refusal>)> {
    Lever::ALL
        .into_iter()
        .map(|lever| match state.moved_marks() {
            None => (lever, decide(state, lever, target).map(|plan| vec![plan])),
            Some(_) => (lever, decide_marked(state, lever, target)),
        })
        .collect()
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

fn decide_marked(state: &State, lever: Lever, target: &Target) -> Result<Vec<Plan>, Refusal> {
    let targets = marked(state).map_err(|because| Refusal::new(lever, target.clone(), because))?;
    let plans = targets.iter().map(|target| {
        decide(state, lever, target).map_err(|refusal| {
            let because = format!("{target}: {}", refusal.because);
            Refusal { because, ..refusal }
        })
    });
    plans.collect()
}

/// The levers against a target's trouble, the first to pull first.
pub fn against_trouble(state: &State, target: &Target) -> Vec<Lever> {
    let status = state.board.status(target);
    status.map(Status::levers).unwrap_or_default()
}

/// The levers that are ready now, those against the trouble first; and those against the trouble that are still waiting
/// for facts.
pub fn in_order_of_use(state: &State, target: &Target) -> (Vec<(Lever, Vec<Plan>)>, Vec<Lever>) {
    let marked = state.moved_marks().and_then(|marks| marks.first());
    let first = against_trouble(state, marked.unwrap_or(target));
    let (mut ready, mut asking) = (Vec::new(), Vec::new());
    for (lever, decision) in decided(state, target) {
        match decision {
            Ok(plans) => ready.push((lever, plans)),
            Err(refusal) if refusal.is_asking && first.contains(&lever) => asking.push(lever),
            Err(_) => {}
        }
    }
    // While a plan moves the cell nothing is proposed but what its trouble still wants: any other lever would undo it.
    let under_way = under_way(state, target);
    if !under_way.is_empty() {
        // What still brings another version cures the trouble that is seen, so then only a hold is wanted beside it.
        let brings = under_way
            .iter()
            .any(|lever| lever.moves() == Moves::Version);
        let is_wanted = |lever| !under_way.contains(&lever) && (!brings || lever == Lever::Hold);
        ready.retain(|(lever, _)| first.contains(lever) && is_wanted(*lever));
    }
    let place = |lever| first.iter().position(|known| *known == lever);
    ready.sort_by_key(|(lever, _)| place(*lever).unwrap_or(first.len()));
    (ready, asking)
}

/// The levers of the plans that move the target, are not over and not late. One that brings a version here from another
/// environment does what promote would do.
pub fn under_way(state: &State, target: &Target) -> Vec<Lever> {
    let files = repositories(&state.store, target).unwrap_or_default();
    let open = state.journal.open();
    let in_time = open.filter(|record| record.plan_state() != PlanState::Late);
    let levers = in_time.filter_map(|record| {
        let request = &record.plan.request;
        let is_own = request.target == *target;
        if is_own && request.lever.moves() != Moves::Version {
            return Some(request.lever);
        }
        let lever = if is_own {
            request.lever
        } else {
            Lever::Promote
        };
        let brings = |file| still_brings(state, record, target, file);
        files.iter().any(brings).then_some(lever)
    });
    levers.collect()
}

/// Whether a plan still brings a version into a file of the target, or has brought the one that stands there and nothing
/// accuses it. Where it is in trouble itself no cure is under way, nor where another version followed.
fn still_brings(state: &State, record: &Record, target: &Target, file: &Repository) -> bool {
    let environment = &target.environment;
    let Some((hop, version)) = record.plan.declares(environment, file) else {
        return false;
    };
    let declared = state.store.declared(environment, file);
    if declared.and_then(|file| file.version.as_ref()) == Some(version) {
        let status = state.board.status(target);
        return !status.is_some_and(Status::accuses_declared);
    }
    record.seen.get(hop).is_none_or(Option::is_none)
}

fn decide(state: &State, lever: Lever, target: &Target) -> Result<Plan, Refusal> {
    // This plan is never sent; it only shows what a lever would do.
    let id = PlanId::new("0000000000000000");
    let context = state.context(&id);
    let mut request = state.request(lever, target);
    let choices: Vec<Repository> = crate::plan::choices(&request, &context);
    if choices.len() > 1 {
        // It asks which file is meant; it is ready where it would move one of them.
        let mut last = None;
        for repository in choices {
            request.repository = Some(repository);
            match crate::plan::plan(&request, &context) {
                Ok(plan) => return Ok(plan),
                Err(refusal) => last = Some(refusal),
            }
        }
        if let Some(refusal) = last {
            return Err(refusal);
        }
    }
    crate::plan::plan(&request, &context)
}

/// Why the levers are open after a plan was sent: what it left open, and the lever that closes that.
pub fn why_open(state: &State, sent: &PlanId) -> Option<String> {
    let plan = &state.journal.get(sent)?.plan;
    let (lever, next) = (plan.request.lever.title(), plan.next?.title());
    let warning = plan
        .warning
        .as_deref()
        .map(end_sentence)
        .unwrap_or_default();
    let text = format!("After this {lever} comes {next}, where you want it. {warning}");
    Some(text.trim_end().to_owned())
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
        ([plan], None) => gist_of_one(state, plan),
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

/// ` licensify-feed`: the file that a plan moves, where its target has several.
fn one_of_several(state: &State, plan: &Plan) -> String {
    let request = &plan.request;
    let files = repositories(&state.store, &request.target).unwrap_or_default();
    match &request.repository {
        Some(file) if files.len() > 1 => format!(" {file}"),
        _ => String::new(),
    }
}

fn gist_of_one(state: &State, plan: &Plan) -> (String, String) {
    let to = match plan.request.lever {
        Lever::Promote | Lever::RollBack => plan
            .to
            .as_ref()
            .map(|to: &Version| format!("{} to {}", one_of_several(state, plan), to.short()))
            .unwrap_or_default(),
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
