//! History: who moved what when in one target, and how long each version stood; newest first.

use super::list::Page;
use super::pen::Line;
use super::theme::Theme;
use crate::action::{Action, Place};
use crate::model::{Change, Target, Version, span::span};
use crate::screen::{keys, recent::name_mover};
use crate::state::State;
use crate::store::Source;
use crate::text::{Safe, fit};
use jiff::tz::TimeZone;

pub fn page<'a>(
    state: &'a State,
    target: &Target,
    changes: &'a [&'a Change],
    theme: Theme,
) -> Page<'a> {
    let several = state
        .board
        .status(target)
        .is_some_and(|status| status.images.len() > 1);
    let length = changes.len();
    let history = &state.store.history;
    let is_whole = state.board.status(target).is_none_or(|status| {
        let images = status.images.iter();
        let mut files = images.map(|image| &image.repository);
        files.all(|file| history.is_whole(&target.environment, file))
    });
    let read = match history.known_since().filter(|_| !is_whole) {
        _ if !history.is_complete() => ", older ones are still being read".to_owned(),
        Some(since) => format!(" since {}, not all", since.strftime("%Y-%m-%d")),
        None => String::new(),
    };
    let empty = match (
        state.store.history.is_started(),
        state.store.source(&Source::Git),
    ) {
        (false, Some(git)) if git.worst_fault().is_some() => format!(
            "The repository cannot be read; {} shows why.",
            keys::first(state, Place::History, Action::Sources)
        ),
        (false, _) => "History is still being read.".to_owned(),
        (true, _) => "No change of this target was found in the history that was read.".to_owned(),
    };
    Page {
        title: format!("history of {target}, {length} changes{read}"),
        head: Line::from(format!(
            "{:<19}{:<22}{:<8}{}WHO",
            "CAME (UTC)",
            "VERSION",
            "STOOD",
            if several {
                fit("FILE", 19) + " "
            } else {
                String::new()
            }
        )),
        row: Box::new(move |n| {
            let Some(change) = changes.get(n) else {
                return Line::new();
            };
            let until = changes[..n]
                .iter()
                .rev()
                .find(|later| later.moves_version() && later.repository == change.repository)
                .map_or(state.now, |later| later.at);
            let word = |version: &Option<Version>| {
                version.as_ref().map_or("none", |v| v.short()).to_owned()
            };
            let (what, stood) = if change.moves_version() {
                (
                    format!("{} -> {}", word(&change.from), word(&change.to)),
                    span(until.duration_since(change.at).as_secs()),
                )
            } else if change.moves_gate() {
                let gate = if change.gate_to { "opened" } else { "closed" };
                (format!("gate {gate}"), String::new())
            } else {
                ("file changed".to_owned(), String::new())
            };
            let file = if several {
                fit(&Safe::line(change.repository.as_str()), 19) + " "
            } else {
                String::new()
            };
            Line::new()
                .say(format!(
                    "{:<19}",
                    change
                        .at
                        .to_zoned(TimeZone::UTC)
                        .strftime("%Y-%m-%d %H:%MZ")
                        .to_string()
                ))
                .say(fit(&Safe::line(&what), 21))
                .say(format!(" {stood:<8}{file}"))
                .say(name_mover(state, change))
                .look(
                    format!("  {}  ", &change.commit[..change.commit.len().min(7)]),
                    theme.dim(),
                )
                .look(&*change.subject, theme.dim())
        }),
        empty: vec![empty],
        detail: None,
    }
}
