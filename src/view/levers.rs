//! Levers: every lever of a target with its state: ready, or why it does not move.

use super::pen::{Line, Pen};
use crate::action::{Action, Place};
use crate::model::Target;
use crate::plan::{Lever, Plan, PlanId, Refusal};
use crate::screen::keys;
use crate::screen::levers::{ABOUT, decided, gist, moved};
use crate::screen::proposed::{cursor, why_open};
use crate::state::State;
use crate::text::{wrap, wrap_at_most};

/// What there is to say of a lever: why it is off and what to do about it, or what it does.
fn about(state: &State, lever: Lever, decision: &Result<Vec<Plan>, Refusal>) -> String {
    match decision {
        Err(refusal) => format!(
            "{} {}",
            refusal.because,
            keys::remedy(state, &refusal.remedy)
        ),
        Ok(_) => Action::Pull(lever).help().to_owned(),
    }
}

/// The overlay, at the foot of the screen. Its height is for the longest text, so that nothing moves with the selection.
pub fn draw(
    state: &State,
    pen: &mut Pen<'_>,
    target: &Target,
    moved_to: Option<usize>,
    sent: Option<&PlanId>,
) {
    let selected = cursor(state, target, moved_to, sent);
    let decided = decided(state, target);
    let columns = pen.columns();
    let theme = pen.theme;
    let why = why_open(state, sent, columns);
    let needs = decided
        .iter()
        .map(|(lever, decision)| about(state, *lever, decision))
        .map(|text| wrap(&text, columns, columns).len());
    let needed = needs.max().unwrap_or(0);
    let below = needed.clamp(*ABOUT.start(), *ABOUT.end());
    let mut pen = super::overlay::at_foot(pen, 1 + why.len() + decided.len() + below);
    let title = format!("levers of {}", moved(state, target));
    pen.rule(0, &title, theme.bold());
    let first = 1 + why.len();
    for (y, text) in why.into_iter().enumerate() {
        pen.line(1 + y, &Line::new().safe(text, theme.warning()));
    }
    for (at, (lever, decision)) in decided.iter().enumerate() {
        let chord = keys::first(state, Place::Levers, Action::Pull(*lever));
        let (word, text, look) = match decision {
            Ok(plans) => {
                let (to, why) = gist(state, plans);
                ("ready", format!("{to}{why}"), theme.plain())
            }
            Err(refusal) if refusal.is_asking => ("asking", refusal.because.clone(), theme.dim()),
            Err(refusal) => ("off", refusal.because.clone(), theme.dim()),
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
            .look(format!("{word:<7}"), look)
            .look(text.trim_start(), look);
        pen.line(first + at, &line);
    }
    let Some((lever, decision)) = decided.get(selected) else {
        return;
    };
    let about = about(state, *lever, decision);
    // What does not fit is cut visibly, not dropped.
    let texts = wrap_at_most(&about, columns, columns, below);
    for (y, text) in texts.into_iter().enumerate() {
        let line = Line::new().safe(text, theme.plain());
        pen.line(first + decided.len() + y, &line);
    }
}
