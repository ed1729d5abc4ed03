//! Footer: the keys of the place, the levers that would move now, and the last line: what is typed, or what came of it.
//!
//! Deliberately absent: deciding whether a lever moves ([`crate::plan::plan`] does) and all the other keys (help has them).

use super::pen::{Line, Pen};
use super::theme::Theme;
use crate::action::{Action, Place};
use crate::board::status::Status;
use crate::model::Target;
use crate::plan::Lever;
use crate::screen::list::{selected_mute, selected_record};
use crate::screen::proposed::{self, Proposed};
use crate::screen::{self, keys, levers, message, off::off, place::place};
use crate::state::{Prompt, PromptKind, State};
use crate::text::Safe;
use ratatui::layout::{Position, Rect};

type Row = (&'static [Action], &'static str);

/// The keys that stand in the footer of a place, with their words there.
fn rows(place: Place) -> &'static [Row] {
    match place {
        Place::Board => &[
            (&[Action::Enter], "run"),
            (&[Action::History], "history"),
            (&[Action::Filter], "filter"),
            (&[Action::Describe], "describe"),
            (&[Action::Journal], "journal"),
            (&[Action::Copy], "copy"),
        ],
        Place::Run => &[
            (&[Action::Enter], "log"),
            (&[Action::Older, Action::Newer], "runs"),
            (&[Action::Zoom], "zoom"),
            (&[Action::Back], "back"),
        ],
        Place::Log => &[
            (&[Action::ErrorBack, Action::ErrorNext], "error"),
            (&[Action::Search], "search"),
            (&[Action::FilterLines], "filter"),
            (&[Action::Follow], "follow"),
            (&[Action::Wrap], "wrap"),
            (&[Action::Zoom], "zoom"),
            (&[Action::SaveLog], "save"),
        ],
        Place::Target => &[
            (&[Action::Enter], "pod log"),
            (&[Action::History], "history"),
            (&[Action::Copy], "copy"),
            (&[Action::Back], "back"),
        ],
        Place::History => &[
            (&[Action::RollBackTo], "roll back to it"),
            (&[Action::Back], "back"),
        ],
        Place::Sources => &[
            (&[Action::Login], "log in"),
            (&[Action::Refresh], "read again"),
            (&[Action::Back], "back"),
        ],
        Place::Journal => &[
            (&[Action::Settle], "settle or undo"),
            (&[Action::Copy], "copy"),
            (&[Action::Link], "link"),
            (&[Action::Back], "back"),
        ],
        Place::Calls | Place::Help => &[(&[Action::Back], "back")],
        Place::Levers | Place::Copy => &[(&[Action::Back], "close")],
        Place::Any | Place::Confirm | Place::Text => &[],
    }
}

/// What going in does on the board, where it does not open a run.
fn enters(state: &State) -> Option<&'static str> {
    match state.ui.board.fold {
        Some(fold) if state.ui.board.unfolded.contains(&fold) => Some("fold"),
        Some(_) => Some("unfold"),
        None => pods_speak(state).then_some("pod log"),
    }
}

/// What is done in the journal about the line that is selected.
fn settles(state: &State) -> Option<&'static str> {
    match selected_record(state) {
        Some(record) if record.can_be_settled() => Some("settle"),
        Some(_) => Some("undo"),
        None => selected_mute(state).map(|_| "lift the mute"),
    }
}

fn pods_speak(state: &State) -> bool {
    state
        .target()
        .and_then(|target| state.board.status(target))
        .is_some_and(Status::speaks_by_pods)
}

/// Draws the keys, and below them the message or what is being typed; the cursor's place where something is typed. One line
/// has no room for the keys.
pub fn draw(state: &State, pen: &mut Pen<'_>, area: Rect) -> Option<Position> {
    if area.height == 0 {
        return None;
    }
    pen.within(area).clear();
    let above = u16::from(area.height > 1);
    if above > 0 {
        keys_line(state, &mut pen.within(Rect { height: 1, ..area }));
    }
    let prompt = state.ui.prompt.as_ref();
    let typing = u16::from(prompt.is_some());
    let message = message::lines(state, usize::from(area.width));
    let mut lines = pen.within(Rect {
        y: area.y + above,
        height: area.height.saturating_sub(above + typing),
        ..area
    });
    said(state, message, &mut lines);
    prompt.and_then(|prompt| {
        let mut last = pen.within(Rect {
            y: area.bottom() - 1,
            height: 1,
            ..area
        });
        typed(prompt, &mut last)
    })
}

/// Entries of the footer, as many as fit whole: none is cut.
fn fill(entries: impl IntoIterator<Item = Line>, columns: usize) -> Line {
    let mut line = Line::new();
    for entry in entries {
        let gap = if line.is_empty() { 0 } else { 2 };
        if line.width() + gap + entry.width() > columns {
            break;
        }
        let wide = line.width() + gap;
        line = line.pad(wide).join(entry);
    }
    line
}

fn keys_line(state: &State, pen: &mut Pen<'_>) {
    let place = place(state);
    let keys = rows(place).iter().filter_map(|(actions, word)| {
        let word = match (place, *actions) {
            (Place::Board, [Action::Enter]) => enters(state).unwrap_or(word),
            (Place::Journal, [Action::Settle]) => settles(state).unwrap_or(word),
            _ => word,
        };
        let chords: Vec<String> = actions
            .iter()
            .filter(|action| off(state, place, **action).is_none())
            .map(|action| keys::first(state, place, *action))
            .filter(|chord| !chord.is_empty())
            .collect();
        let line = Line::new().look(chords.join(" "), pen.theme.bold());
        (!chords.is_empty()).then(|| line.say(format!(" {word}")))
    });
    let has_levers = matches!(
        place,
        Place::Board | Place::Run | Place::Log | Place::Target
    );
    let columns = pen.columns();
    let mut levers = match has_levers {
        true => lever_entries(state, pen.theme, place, columns),
        false => Vec::new(),
    };
    // The first two levers have precedence, but not over what one does in a log.
    let line = if place != Place::Log {
        let others = levers.split_off(levers.len().min(2));
        fill(levers.into_iter().chain(keys).chain(others), columns)
    } else {
        fill(keys.chain(levers), columns)
    };
    pen.line(0, &line);
}

/// `a levers: b roll back to v3083 (stood there 31h)`: those that would move now, the one for the trouble first.
fn lever_entries(state: &State, theme: Theme, place: Place, columns: usize) -> Vec<Line> {
    let key = keys::first(state, place, Action::Levers);
    let Some(target) = state.target().filter(|_| !key.is_empty()) else {
        return Vec::new();
    };
    let head = Line::new().look(key, theme.bold()).say(" levers: ");
    if state.settings.read_only {
        return vec![head.look("read only", theme.dim())];
    }
    let Proposed {
        ready,
        asking,
        cures,
    } = proposed::in_order_of_use(state, target);
    if ready.is_empty() && asking.is_empty() {
        let why = match proposed::under_way_of_moved(state, target).is_empty() {
            true if would_move(state, target) => "none is proposed",
            true => "none would move now",
            false => "a change is under way",
        };
        return vec![head.look(why, theme.dim())];
    }
    let entry = |lever: &Lever| {
        let chord = keys::first(state, Place::Levers, Action::Pull(*lever));
        let line = Line::new().look(chord, theme.bold());
        line.say(format!(" {}", lever.title()))
    };
    let being_asked = asking.iter().map(|lever| entry(lever).say(" asking"));
    let others = ready.iter().map(|(lever, _)| entry(lever));
    let mut entries: Vec<Line> = being_asked.chain(others).collect();
    if let Some(first) = entries.first_mut() {
        // To undo what is good is nothing to lead anybody to, so no version stands beside it.
        let leads = |lever: &Lever| *lever != Lever::RollBack || cures.contains(lever);
        let (to, why) = ready
            .first()
            .filter(|(lever, _)| asking.is_empty() && leads(lever))
            .map(|(_, plans)| levers::gist(state, plans))
            .unwrap_or_default();
        let brief = head.join(first.clone()).say(to);
        let whole = brief.clone().say(why);
        // The version is never cut for the sake of what speaks for it.
        *first = if whole.width() <= columns {
            whole
        } else {
            brief
        };
    }
    entries
}

/// Whether the list of levers has one that is ready, be it one that is not proposed.
fn would_move(state: &State, target: &Target) -> bool {
    let decided = levers::decided(state, target);
    decided.iter().any(|(_, decision)| decision.is_ok())
}

fn typed(prompt: &Prompt, pen: &mut Pen<'_>) -> Option<Position> {
    let sign = match prompt.kind {
        PromptKind::Filter | PromptKind::Search => "/",
        PromptKind::FilterLines => "&",
        PromptKind::Palette => ":",
        PromptKind::MuteReason => "why is it muted? ",
    };
    let text = Safe::line(&prompt.text);
    // The end is where one types.
    let room = pen.columns().saturating_sub(2);
    let shown = Safe::line(&crate::text::cut_left(&text, room));
    let line = Line::new()
        .look(sign, pen.theme.bold())
        .safe(shown, pen.theme.plain());
    pen.line(0, &line);
    pen.place(line.width().min(pen.columns().saturating_sub(1)), 0)
        .map(|(x, y)| Position { x, y })
}

/// The message, and how to find the keys where there is room beside or below it.
fn said(state: &State, message: Vec<screen::line::Line>, pen: &mut Pen<'_>) {
    let chord = keys::first(state, place(state), Action::Help);
    let help = match chord.is_empty() {
        true => Line::new(),
        false => Line::new().look(chord, pen.theme.bold()).say(" keys"),
    };
    let Some(last) = pen.rows().checked_sub(1) else {
        return;
    };
    let theme = pen.theme;
    let columns = pen.columns();
    let needs = help.width() + 1;
    let is_beside = |line: &screen::line::Line| line.width() + needs <= columns;
    let free = pen.rows().saturating_sub(message.len());
    let below = usize::from(!message.last().is_none_or(is_beside)).min(free);
    let first = free - below;
    let mut room = columns;
    for (y, line) in (first..=last).zip(message) {
        if y == last {
            room = columns.saturating_sub(line.width() + 1);
        }
        pen.line(y, &theme.styled(line));
    }
    if help.width() <= room {
        pen.line_at(columns - help.width(), last, &help);
    }
}
