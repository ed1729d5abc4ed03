//! Press: a key becomes an action of the place it was pressed in.
//!
//! Deliberately absent: letters (the keymap has them) and text fields' editing ([`super::prompt`], [`super::confirm`]).

use super::{
    board, bulk, confirm, copy, counts, levers, list, log, mute, open, order, prompt, run, warn,
};
use crate::action::{Action, Place};
use crate::effect::Effect;
use crate::keymap::Chord;
use crate::message::Press;
use crate::page::Page;
use crate::screen::keys;
use crate::screen::list::{opened, selected_mute};
use crate::screen::off::{no_log, no_run, off};
use crate::screen::place::place;
use crate::state::{Cure, ListKey, Overlay, Pane, State, View};

pub fn pressed(state: &mut State, press: &Press, effects: &mut Vec<Effect>) {
    order::freeze(state, press.at);
    let place = place(state);
    let action = state.keys.lookup(place, press.chord);
    if action == Some(Action::Suspend) {
        return effects.push(Effect::Suspend);
    }
    if place == Place::Text {
        match &state.ui.overlay {
            Some(Overlay::Confirm(_)) => {
                confirm::typed(state, press, action, effects);
                bulk::check(state);
            }
            _ => prompt::typed(state, press, action, effects),
        }
        return;
    }
    warn::end_read(state, press.at);
    let Some(action) = action else {
        return idle(state, place, press.chord);
    };
    state.ui.notice = None;
    state.ui.idle = None;
    if state.ui.overlay.is_some() {
        overlaid(state, press, action, effects);
    } else {
        do_action(state, press, action, effects);
        list::pin(state);
    }
}

/// Says once that a key does nothing here.
fn idle(state: &mut State, place: Place, chord: Chord) {
    let idle = Some((place, chord));
    if std::mem::replace(&mut state.ui.idle, idle) == idle {
        state.ui.notice = None;
        return;
    }
    say_nothing_done(state, &keys::written(&chord.to_string()));
}

fn overlaid(state: &mut State, press: &Press, action: Action, effects: &mut Vec<Effect>) {
    overlaid_by(state, press, action, effects);
    bulk::check(state);
}

fn overlaid_by(state: &mut State, press: &Press, action: Action, effects: &mut Vec<Effect>) {
    let is_question = matches!(
        state.ui.overlay,
        Some(Overlay::Settle { .. } | Overlay::Undo { .. } | Overlay::Mute { .. })
    );
    if is_question && !counts::counts_in_question(state, press, action) {
        return;
    }
    match &state.ui.overlay {
        Some(Overlay::Confirm(_)) => confirm::press_in_confirm(state, press, action, effects),
        Some(Overlay::Levers { .. }) => levers::press_in_levers(state, press, action),
        Some(Overlay::Which { .. }) => levers::which(state, press, action),
        Some(Overlay::Settle { .. }) => levers::press_in_settle(state, action, effects),
        Some(Overlay::Undo { .. }) => levers::undo(state, press, action, effects),
        Some(Overlay::Mute { .. }) => mute::press_in_mute(state, action, effects),
        Some(Overlay::Copy { .. }) => copy::press_in_copy_menu(state, action, effects),
        Some(Overlay::Refused(_)) => state.close_overlay(),
        None => {}
    }
}

/// An action outside overlays and text fields, whether it came by its key or by the palette.
pub fn do_action(state: &mut State, press: &Press, action: Action, effects: &mut Vec<Effect>) {
    if let Some(why) = off(state, place(state), action) {
        state.complain(why);
        return;
    }
    match action {
        Action::Quit => effects.push(Effect::Quit {
            parting: parting(state),
        }),
        Action::Cancel => {}
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Bell => {
            state.ui.is_quiet = !state.ui.is_quiet;
            state.tell(match state.ui.is_quiet {
                true => "The bell and the terminal's title keep quiet about plans.",
                false => "The bell and the terminal's title tell when a plan is done or overdue.",
            });
        }
        Action::Repaint => effects.push(Effect::Repaint),
        Action::Refresh => {
            effects.push(Effect::Refresh(None));
            state.tell("Asking every source again.");
        }
        Action::Help => {
            let place = place(state);
            go(state, View::Help(place));
        }
        Action::Palette => prompt::open(state, crate::state::PromptKind::Palette),
        Action::Sources => go(state, View::Sources),
        Action::Journal => go(state, View::Journal),
        Action::Calls => go(state, View::Calls),
        Action::History => with_target(state, View::History),
        Action::Describe | Action::Events => {
            with_target(state, View::Target);
            if let View::Target(target) = state.view() {
                effects.push(Effect::Open(Some(target.clone())));
                if action == Action::Events {
                    list::to_events(state);
                }
            }
        }
        Action::LastView => {
            if let Some(view) = state.ui.last.clone() {
                if let View::Target(target) = &view {
                    effects.push(Effect::Open(Some(target.clone())));
                }
                go(state, view);
            }
        }
        Action::Zoom => state.ui.zoom = !state.ui.zoom,
        Action::NextPane => next_pane(state),
        Action::Pane1 => focus(state, Pane::Board),
        Action::Pane2 => focus(state, Pane::Run),
        Action::Pane3 => focus(state, Pane::Log),
        Action::Back => back(state, effects),
        Action::Levers => levers::open(state),
        Action::Copy => copy::open(state),
        Action::Link => copy::selected_link(state, effects),
        Action::RollBackTo => levers::roll_back_to(state, press),
        Action::Mute => mute::open(state),
        Action::Settle if selected_mute(state).is_some() => mute::open(state),
        Action::Settle => levers::open_settle_or_undo(state),
        Action::Login => open::login(state, effects),
        Action::Pull(lever) => match state.target().cloned() {
            Some(target) => levers::pull(state, press, lever, target),
            None => state.complain(state.untargeted()),
        },
        // Each place has its own meaning of these, or none.
        Action::Left
        | Action::Down
        | Action::Up
        | Action::Right
        | Action::Top
        | Action::Bottom
        | Action::PageDown
        | Action::PageUp
        | Action::Enter
        | Action::Filter
        | Action::Sort
        | Action::TroubleNext
        | Action::TroubleBack
        | Action::Fold
        | Action::Mark
        | Action::Search
        | Action::SearchNext
        | Action::SearchBack
        | Action::FilterLines
        | Action::ErrorNext
        | Action::ErrorBack
        | Action::Follow
        | Action::Wrap
        | Action::SaveLog
        | Action::Newer
        | Action::Older
        | Action::Previous => do_in_place(state, action, effects),
        // These belong to overlays and text fields, which have taken them before.
        Action::Confirm
        | Action::NextPart
        | Action::PreviousPart
        | Action::CopyPlan
        | Action::Earlier
        | Action::Later
        | Action::CopyValue
        | Action::CopyLink
        | Action::CopyCommands
        | Action::CopyMarkdown => does_nothing(state, action),
    }
}

fn do_in_place(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    match place(state) {
        Place::Board => board::press_in_board(state, action, effects),
        Place::Run => run::press_in_run(state, action, effects),
        Place::Log => log::press_in_log(state, action, effects),
        Place::Target if action == Action::Enter => {
            if let Some(target) = state.target().cloned() {
                let key = opened(state).and_then(|list| list.selected_key());
                let pod = match key {
                    Some(ListKey::Pod(pod, _)) => Some(pod),
                    _ => None,
                };
                open::pods(state, target, pod, effects);
            }
        }
        Place::Target
        | Place::History
        | Place::Sources
        | Place::Journal
        | Place::Calls
        | Place::Help => list::press_in_list(state, action),
        Place::Any | Place::Levers | Place::Copy | Place::Confirm | Place::Text => {
            does_nothing(state, action)
        }
    }
}

/// Says that an action, which may have come by its name, has no meaning in the place that it was asked for in.
pub fn does_nothing(state: &mut State, action: Action) {
    let mut letters = action.title().chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let title: String = first.chain(letters).collect();
    say_nothing_done(state, &title);
}

/// Says that a key, or an action by its title, does nothing here, and where it stands what does something.
fn say_nothing_done(state: &mut State, what: &str) {
    let sentence = format!("{what} does nothing here.");
    let sentence = state.keys.with_key(place(state), &sentence, Action::Help);
    match &mut state.ui.overlay {
        Some(Overlay::Confirm(confirm)) => confirm::complain(confirm, sentence, Cure::Key),
        _ => state.complain(sentence),
    }
}

/// Goes into a view; the one before is what `q` returns to and `-` swaps with.
pub fn go(state: &mut State, view: View) {
    let before = state.view().clone();
    if before == view {
        return;
    }
    state.ui.last = Some(before);
    state.ui.views.retain(|known| *known != view);
    if view == View::Board {
        state.ui.views.clear();
    } else {
        state.ui.views.push(view);
    }
    state.ui.list = Default::default();
}

fn with_target(state: &mut State, view: impl Fn(crate::model::Target) -> View) {
    match state.target().cloned() {
        Some(target) => go(state, view(target)),
        None => state.complain(state.untargeted()),
    }
}

/// One step back: out of a zoom, out of a pane, out of a view, out of a filter.
fn back(state: &mut State, effects: &mut Vec<Effect>) {
    if state.ui.zoom {
        state.ui.zoom = false;
    } else if place(state) == Place::Log
        && !state
            .ui
            .log
            .as_ref()
            .is_none_or(|l| l.filter_text.is_empty())
    {
        log::clear_filter(state);
    } else if let Some(view) = state.ui.views.pop() {
        if matches!(view, View::Target(_)) {
            effects.push(Effect::Open(None));
        }
        state.ui.last = Some(view);
        state.ui.list = Default::default();
    } else if state.ui.pane != Pane::Board {
        state.ui.pane = Pane::Board;
    } else if !state.ui.board.filter.is_empty() {
        state.ui.board.filter.clear();
    } else if !state.ui.board.marks.is_empty() {
        state.ui.board.marks.clear();
    }
}

fn next_pane(state: &mut State) {
    // Where there is no room for a pane it is the view.
    let next = match (state.view(), state.ui.pane) {
        (View::Run, _) | (View::Board, Pane::Run) => Pane::Log,
        (View::Log, _) | (View::Board, Pane::Log) => Pane::Board,
        _ => Pane::Run,
    };
    focus(state, next);
}

/// Focuses a pane; where there is no room for it beside the board it becomes the view.
fn focus(state: &mut State, pane: Pane) {
    let panes = crate::screen::layout::panes(state);
    match pane {
        Pane::Board => {
            state.ui.pane = Pane::Board;
            go(state, View::Board);
        }
        Pane::Run if state.ui.run.is_none() => state.complain(no_run(state)),
        Pane::Log if state.ui.log.is_none() => state.complain(no_log(state)),
        Pane::Run if panes.run.is_none() => go(state, View::Run),
        Pane::Log if panes.log.is_none() => go(state, View::Log),
        pane => {
            go(state, View::Board);
            state.ui.pane = pane;
        }
    }
}

/// What stays on the normal screen when leaving with plans open.
pub fn parting(state: &State) -> Option<String> {
    let open: Vec<&str> = state
        .journal
        .open()
        .map(|r| state.journal.short(&r.plan.id))
        .collect();
    if state.settings.demo.is_some() {
        // Nothing reads that journal any more.
        let open = match open.len() {
            0 => return None,
            1 => "1 plan was open".to_owned(),
            n => format!("{n} plans were open"),
        };
        return Some(format!(
            "{open}; the practice yard and its journal are gone."
        ));
    }
    let journal = Page::Journal.command()?;
    match open.as_slice() {
        [] => None,
        [one] => Some(format!("1 plan open: {journal} {one}")),
        [first, ..] => Some(format!("{} plans open: {journal} {first}", open.len())),
    }
}
