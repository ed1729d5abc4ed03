//! Question: what a short overlay asks, and the answers that one chooses from.
//!
//! Deliberately absent: what an answer does, and drawing.

use super::{mute, time::when};
use crate::journal::Journal;
use crate::model::Target;
use crate::plan::{Outcome, PlanId, Request, show};
use crate::state::{Overlay, State};
use crate::text::{Safe, wrap};

pub struct Question {
    pub title: String,
    pub says: Vec<String>,
    pub answers: Vec<String>,
    pub selected: usize,
}

/// A question on lines of a width.
pub struct Lines {
    pub says: Vec<Safe>,
    /// The lines of each answer.
    pub answers: Vec<Vec<Safe>>,
}

impl Lines {
    /// So many lines are needed to show it whole, with its title.
    pub fn count(&self) -> usize {
        1 + self.says.len() + self.answers.iter().map(Vec::len).sum::<usize>()
    }
}

impl Question {
    /// Wrapped, so that neither the target nor the version is cut. Answers stand between brackets.
    pub fn lines(&self, columns: usize) -> Lines {
        let room = columns.saturating_sub(2);
        let says = self.says.iter();
        let answers = self.answers.iter();
        Lines {
            says: says.flat_map(|text| wrap(text, columns, columns)).collect(),
            answers: answers.map(|text| wrap(text, room, room)).collect(),
        }
    }
}

/// The question that is open; none where the overlay is none.
pub fn question(state: &State) -> Option<Question> {
    match state.ui.overlay.as_ref()? {
        Overlay::Which {
            request,
            choices,
            selected,
        } => Some(which(state, request, choices, *selected)),
        Overlay::Mute { target, selected } => Some(mute(state, target, *selected)),
        Overlay::Undo { plan, selected } => Some(undo(state, plan, *selected)),
        Overlay::Settle { plan, selected } => Some(settle(state, plan, *selected)),
        _ => None,
    }
}

fn which(
    state: &State,
    request: &Request,
    choices: &[crate::model::Repository],
    selected: usize,
) -> Question {
    let version = |choice| {
        let declared = state.store.declared(&request.target.environment, choice);
        let version = declared.and_then(|declared| declared.version.as_ref());
        version.map_or("no version", |version| version.short())
    };
    Question {
        title: format!("{} {}: which file", request.lever.title(), request.target),
        says: Vec::new(),
        answers: choices
            .iter()
            .map(|choice| format!("{choice}  {}", version(choice)))
            .collect(),
        selected,
    }
}

fn mute(state: &State, target: &Target, selected: usize) -> Question {
    let choices = mute::choices(state, target).into_iter();
    Question {
        title: format!("mute {target}"),
        says: Vec::new(),
        answers: choices.map(|(_, text)| text).collect(),
        selected,
    }
}

fn undo(state: &State, plan: &PlanId, selected: usize) -> Question {
    let request = state.journal.get(plan).and_then(Journal::undo);
    let (says, what) = match &request {
        Some(request) => {
            let story = request.undoes.as_ref().map(|undone| undone.story.clone());
            let to = request.version.as_ref();
            let to = to.map(|to| format!(" to {}", to.short()));
            let title = request.lever.title();
            let what = format!(
                "{title} {}{}",
                request.name_target(),
                to.unwrap_or_default()
            );
            (story.into_iter().collect(), what)
        }
        None => (
            vec!["The plan left nothing to undo.".to_owned()],
            "nothing".to_owned(),
        ),
    };
    Question {
        title: format!("debt of plan {}", state.journal.short(plan)),
        says,
        answers: vec![
            format!("undo it: {what}, as a plan of its own"),
            "leave it as it is: closes the debt, writes nothing".to_owned(),
        ],
        selected,
    }
}

fn settle(state: &State, plan: &PlanId, selected: usize) -> Question {
    let says = match state.journal.get(plan) {
        Some(record) => vec![
            format!(
                "{} {}, made {} by {}: {}. It is never sent again by itself.",
                record.plan.request.lever.title(),
                record.plan.request.name_target(),
                when(record.plan.made_at, state.now),
                record.plan.who.login,
                match &record.outcome {
                    Some((_, Outcome::Applied { .. })) => "accepted, and its effect is awaited",
                    _ => "sent, and no answer came",
                }
            ),
            show::write(&record.plan)
                .into_iter()
                .next()
                .unwrap_or_default(),
        ],
        None => vec!["The plan is not in the journal.".into()],
    };
    Question {
        title: format!("settle plan {}", state.journal.short(plan)),
        says,
        answers: vec![
            "look again: search the world for the plan's id".to_owned(),
            "I looked: it was done".to_owned(),
            "I looked: it was not done".to_owned(),
        ],
        selected,
    }
}
