//! Levers: what every lever of a target would do now, or why it does not move.
//!
//! Deliberately absent: the decision. It is [`crate::plan::plan`]'s, so that what is grey here refuses there, for the same
//! reason.

use crate::model::{Repository, Target, Version};
use crate::plan::{Lever, Plan, PlanId, Refusal, show};
use crate::state::State;

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

/// What a ready lever would do, in a few words, and what speaks for it or against: ` to v3083 (stood there 31h)`, ` (REACHES PRODUCTION)`.
pub fn gist(plan: &Plan) -> (String, String) {
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
            let evidence = plan.evidence.split(';').next().unwrap_or_default();
            format!(" ({evidence})")
        }
        _ if plan.reach.production => show::reaches(&plan.reach)
            .map(|reaches| format!(" ({reaches})"))
            .unwrap_or_default(),
        _ => String::new(),
    };
    (to, why)
}
