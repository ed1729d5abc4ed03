//! Palette: an action by its name, with completion.
//!
//! Deliberately absent: arguments. What an action needs is selected or asked for.

use crate::action::Action;
use crate::state::State;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};

/// The actions that fit what was typed, best first.
pub fn matching(text: &str) -> Vec<Action> {
    if text.is_empty() {
        return Action::all().filter(|action| is_listed(*action)).collect();
    }
    let listed = Action::all().filter(|action| is_listed(*action));
    let names: Vec<&str> = listed.map(Action::name).collect();
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(text, CaseMatching::Smart, Normalization::Smart);
    pattern
        .match_list(names, &mut matcher)
        .into_iter()
        .filter_map(|(name, _)| Action::by_name(name))
        .collect()
}

/// `:q` and `:quit` leave, as in every pager.
pub fn chosen(text: &str, selected: usize) -> Option<Action> {
    match text {
        "q" | "q!" | "quit" => Some(Action::Quit),
        _ => Action::by_name(text)
            .filter(|a| is_listed(*a))
            .or_else(|| matching(text).get(selected).copied()),
    }
}

/// What the palette shows for the text that is being typed.
pub fn completions(state: &State) -> Vec<Action> {
    state
        .ui
        .prompt
        .as_ref()
        .map(|prompt| matching(&prompt.text))
        .unwrap_or_default()
}

/// Actions that mean nothing outside of an overlay or a text field are not offered.
fn is_listed(action: Action) -> bool {
    !matches!(
        action,
        Action::Confirm
            | Action::NextPart
            | Action::PreviousPart
            | Action::CopyPlan
            | Action::Earlier
            | Action::Later
            | Action::CopyValue
            | Action::CopyLink
            | Action::CopyCommands
            | Action::CopyMarkdown
            | Action::Palette
    )
}
