//! Footer: the keys of the place, the levers that would move now, and the last line: what is typed, or what came of it.
//!
//! Deliberately absent: deciding whether a lever moves ([`crate::plan::plan`] does) and all the other keys (help has them).

use super::pen::{Line, Pen};
use super::theme::Theme;
use crate::action::{Action, Place};
use crate::board::status::Status;
use crate::journal::Standing;
use crate::model::Word;
use crate::plan::waits::standing;
use crate::plan::{Lever, Plan};
use crate::screen::{keys, levers, off::off, place::place, time::when};
use crate::state::{PromptKind, State};
use crate::text::Safe;
use ratatui::layout::Position;

/// From these columns on all keys of the place stand beside the levers.
const WIDE: usize = 110;

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
            (&[Action::Back], "back"),
        ],
        Place::Calls | Place::Help => &[(&[Action::Back], "back")],
        Place::Levers | Place::Copy => &[(&[Action::Back], "close")],
        Place::Any | Place::Confirm | Place::Text => &[],
    }
}

fn pods_speak(state: &State) -> bool {
    state
        .target()
        .and_then(|target| state.board.status(target))
        .is_some_and(Status::speaks_by_pods)
}

/// Draws both lines; the cursor's place where something is typed.
pub fn draw(state: &State, pen: &mut Pen<'_>) -> Option<Position> {
    let rows = pen.rows();
    if rows == 0 {
        return None;
    }
    if rows > 1 {
        keys_line(state, pen);
    }
    last_line(state, pen, rows - 1)
}

fn keys_line(state: &State, pen: &mut Pen<'_>) {
    let place = place(state);
    let mut line = Line::new();
    // The levers have precedence on a narrow screen.
    let most = if pen.columns() < WIDE && place == Place::Board {
        3
    } else {
        usize::MAX
    };
    for (actions, word) in rows(place).iter().take(most) {
        let enters = place == Place::Board && *actions == [Action::Enter];
        let word = match state.ui.board.fold {
            Some(fold) if enters && state.ui.board.unfolded.contains(&fold) => "fold",
            Some(_) if enters => "unfold",
            None if enters && pods_speak(state) => "pod log",
            _ => word,
        };
        let chords: Vec<String> = actions
            .iter()
            .filter(|action| off(state, place, **action).is_none())
            .map(|action| keys::first(state, place, *action))
            .filter(|chord| !chord.is_empty())
            .collect();
        if !chords.is_empty() {
            line = line
                .look(chords.join(" "), pen.theme.bold())
                .say(format!(" {word}  "));
        }
    }
    if matches!(
        place,
        Place::Board | Place::Run | Place::Log | Place::Target
    ) {
        line = line.join(levers_line(state, pen, place));
    }
    pen.line(0, &line);
}

/// `a levers: b roll back to v3083 (stood there 31h)`: those that would move now, the one for the trouble first.
fn levers_line(state: &State, pen: &Pen<'_>, place: Place) -> Line {
    let key = keys::first(state, place, Action::Levers);
    let Some(target) = state.target().filter(|_| !key.is_empty()) else {
        return Line::new();
    };
    let line = Line::new().look(key, pen.theme.bold()).say(" levers: ");
    if state.settings.read_only {
        return line.look("read only", pen.theme.dim());
    }
    let mut live: Vec<(Lever, Plan)> = levers::decided(state, target)
        .into_iter()
        .filter_map(|(lever, decision)| Some((lever, decision.ok()?)))
        .collect();
    if live.is_empty() {
        return line.look("none would move now", pen.theme.dim());
    }
    let first = match state.board.status(target).and_then(|s| s.attention.first()) {
        Some(Word::Crash | Word::Lower | Word::Branch) => Some(Lever::RollBack),
        Some(Word::Smoke) => Some(Lever::Resubmit),
        Some(Word::Sync | Word::Hook) => Some(Lever::Sync),
        Some(Word::Held) => Some(Lever::Release),
        Some(Word::Stuck) => Some(Lever::Refresh),
        _ => None,
    };
    live.sort_by_key(|(lever, _)| Some(*lever) != first);
    let mut line = line;
    for (at, (lever, plan)) in live.iter().enumerate() {
        let chord = keys::first(state, Place::Levers, Action::Pull(*lever));
        line = line
            .look(chord, pen.theme.bold())
            .say(format!(" {}", lever.title()));
        if at == 0 {
            line = line.say(levers::gist(plan));
        }
        line = line.say("  ");
    }
    line
}

fn last_line(state: &State, pen: &mut Pen<'_>, y: usize) -> Option<Position> {
    let place = place(state);
    let chord = keys::first(state, place, Action::Help);
    let help = if chord.is_empty() {
        Line::new()
    } else {
        Line::new().look(chord, pen.theme.bold()).say(" keys")
    };
    if let Some(prompt) = &state.ui.prompt {
        let sign = match prompt.kind {
            PromptKind::Filter | PromptKind::Search => "/",
            PromptKind::FilterLines => "&",
            PromptKind::Palette => ":",
        };
        let text = Safe::line(&prompt.text);
        // The end is where one types.
        let room = pen.columns().saturating_sub(2);
        let shown = Safe::line(&crate::text::cut_left(&text, room));
        let line = Line::new()
            .look(sign, pen.theme.bold())
            .safe(shown, pen.theme.plain());
        pen.line(y, &line);
        return pen
            .place(line.width().min(pen.columns().saturating_sub(1)), y)
            .map(|(x, y)| Position { x, y });
    }
    let line = match &state.ui.notice {
        Some(notice) => {
            let look = if notice.fault {
                pen.theme.warning()
            } else {
                pen.theme.plain()
            };
            Line::new().look(&notice.text, look)
        }
        None => newest(state, pen.theme),
    };
    pen.both(y, &line, &help);
    None
}

/// How the newest plan stands.
fn newest(state: &State, theme: Theme) -> Line {
    let Some(record) = state.journal.records.last() else {
        return Line::new();
    };
    let request = &record.plan.request;
    let at = record
        .outcome
        .as_ref()
        .map_or(record.plan.made_at, |(at, _)| *at);
    let who = match record.plan.who == state.settings.who {
        true => String::new(),
        false => format!("{}: ", record.plan.who.login),
    };
    let look = match record.standing() {
        Standing::Late | Standing::CutShort | Standing::Unknown => theme.warning(),
        _ => theme.plain(),
    };
    let says = format!(
        "{} {who}{} {} in {}: {}",
        when(at, state.now),
        request.lever.title(),
        request.target.app,
        request.target.environment,
        standing(record, state.now, |remedy| keys::remedy(state, remedy))
    );
    Line::new().look(says, look)
}
