//! Refused: what stands in the overlay of a refusal: why, what to do next, and the checks that tell something.

use super::confirm::parts::check as check_lines;
use super::keys;
use super::line::Line;
use crate::action::{Action, Place};
use crate::plan::{Refusal, show};
use crate::state::State;
use crate::text::wrap;

/// Lines that a check takes at the most.
const CHECK: usize = 3;

/// The lines below the title.
pub fn lines(state: &State, refusal: &Refusal, columns: usize) -> Vec<Line> {
    let remedy = match refusal.remedy.is_empty() {
        true => None,
        false => Some(keys::remedy(state, &refusal.remedy)),
    };
    let texts = [Some(refusal.because.clone()), remedy];
    let texts = texts.into_iter().flatten();
    let mut lines: Vec<Line> = texts
        .flat_map(|text| wrap(&text, columns, columns))
        .map(|text| Line::new().say(text))
        .collect();
    let telling = refusal.checks.iter().filter(|c| show::is_telling(c));
    lines.extend(telling.flat_map(|check| check_lines(check, columns, CHECK)));
    let back = keys::first(state, Place::Confirm, Action::Back);
    lines.push(Line::from(format!("Nothing was sent. {back} closes.")));
    lines
}
