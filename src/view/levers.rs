//! Levers: every lever of a target with its state: live, or why it does not move.
//!
//! Deliberately absent: the decision. It is [`crate::plan::plan`]'s, so that what is grey here refuses there, for the same
//! reason.

use super::keys;
use super::pen::{Line, Pen, wrap};
use crate::action::{Action, Place};
use crate::model::{Repository, Target, Version};
use crate::plan::{Lever, Plan, PlanId, Refusal, Request, show};
use crate::state::{Pane, State, View};

/// What each lever would do now, or why not.
pub fn decided(state: &State, target: &Target) -> Vec<(Lever, Result<Plan, Refusal>)> {
    Lever::ALL
        .into_iter()
        .map(|lever| (lever, decide(state, lever, target)))
        .collect()
}

fn decide(state: &State, lever: Lever, target: &Target) -> Result<Plan, Refusal> {
    // Never sent: only asked what it would be.
    let id = PlanId::new("0000000000000000");
    let context = state.context(&id);
    let in_sight = matches!(state.view(), View::Run | View::Log) || state.ui.pane != Pane::Board;
    let run = state
        .ui
        .run
        .as_ref()
        .filter(|ui| ui.target == *target && in_sight)
        .and_then(|ui| ui.run.clone())
        .filter(|_| matches!(lever, Lever::Resubmit | Lever::TestsOnly | Lever::Stop));
    let mut request = Request {
        lever,
        target: target.clone(),
        repository: None,
        version: None,
        run,
        reason: None,
    };
    let choices: Vec<Repository> = crate::plan::choices(&request, &context);
    if choices.len() > 1 {
        // It asks which file is meant; it is live where it would move one of them.
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

/// What a live lever would do, in a few words: ` to v3083 (stood there 31h)`, ` (REACHES PRODUCTION)`.
pub fn gist(plan: &Plan) -> String {
    let to = match plan.request.lever {
        Lever::Promote | Lever::RollBack => plan
            .to
            .as_ref()
            .map(|to: &Version| format!(" to {}", to.short()))
            .unwrap_or_default(),
        _ => String::new(),
    };
    let why = match plan.request.lever {
        Lever::RollBack if !plan.evidence.is_empty() => {
            let evidence = plan.evidence.split(',').next().unwrap_or_default();
            format!(" ({evidence})")
        }
        _ if plan.reach.production => show::reaches(&plan.reach)
            .map(|reaches| format!(" ({reaches})"))
            .unwrap_or_default(),
        _ => String::new(),
    };
    format!("{to}{why}")
}

/// The overlay, at the foot of the screen.
pub fn draw(state: &State, pen: &mut Pen<'_>, target: &Target, selected: usize) {
    let decided = decided(state, target);
    let columns = pen.columns();
    let theme = pen.theme;
    let mut pen = super::overlay::at_foot(pen, decided.len() + 3);
    pen.rule(0, &format!("levers of {target}"), theme.bold());
    for (at, (lever, decision)) in decided.iter().enumerate() {
        let chord = keys::first(state, Place::Levers, Action::of_lever(*lever));
        let (word, text, look) = match decision {
            Ok(plan) => ("live", gist(plan), theme.plain()),
            Err(refusal) => ("no", refusal.because.clone(), theme.dim()),
        };
        let (open, close) = if at == selected {
            ("[", "]")
        } else {
            (" ", " ")
        };
        let line = Line::new()
            .look(open, theme.bold())
            .look(&chord, theme.bold())
            .look(close, theme.bold())
            .look(format!("{:<21}", lever.title()), look)
            .look(format!("{word:<5}"), look)
            .look(text.trim_start(), look);
        pen.line(1 + at, &line);
    }
    let under = match decided.get(selected) {
        Some((_, Err(refusal))) => format!("{} {}", refusal.because, refusal.remedy),
        Some((lever, Ok(_))) => Action::of_lever(*lever).help().to_owned(),
        None => String::new(),
    };
    for (y, text) in wrap(&under, columns, columns)
        .into_iter()
        .take(2)
        .enumerate()
    {
        pen.line(
            1 + decided.len() + y,
            &Line::new().safe(text, theme.plain()),
        );
    }
}
