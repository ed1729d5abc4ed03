//! Sources: where facts come from, how each is doing, and what the credential may do there.
//!
//! Deliberately absent: logging in (an effect); the selected row is the source that would be logged in to.

use super::list::Page;
use super::pen::Line;
use super::theme::Theme;
use crate::action::{Action, Place};
use crate::board::status::Status;
use crate::model::span::span;
use crate::model::{Health, Sync};
use crate::screen::{keys, off::off, time::when};
use crate::state::State;
use crate::store::source::Reach;
use crate::store::{Source, SourceState};
use crate::text::{Safe, fit, wrap};

pub fn page<'a>(
    state: &'a State,
    sources: &'a [(&'a Source, &'a SourceState)],
    selected: Option<(&Source, &SourceState)>,
    columns: usize,
    theme: Theme,
) -> Page<'a> {
    let length = sources.len();
    let detail = selected.map(|(source, about)| {
        (
            source.to_string(),
            detail(state, source, about, columns, theme),
        )
    });
    Page {
        title: format!("sources, {length}"),
        head: Line::from(format!(
            "{:<16}{:<12}{:<12}FAULT",
            "SOURCE", "STATE", "HEARD"
        )),
        row: Box::new(move |n| {
            let Some((source, about)) = sources.get(n) else {
                return Line::new();
            };
            let (word, look) = match about.is_reading(state.now) {
                true => ("reading", theme.reach(Reach::Unread).1),
                false => theme.reach(about.reach(state.now)),
            };
            let heard = match about.age_s(state.now) {
                Some(age) => format!("{} ago", span(age)),
                None => "never".into(),
            };
            let fault = match (about.worst_fault(), about.exposure) {
                (Some(fault), _) => fault.cause().to_owned(),
                (None, Some(exposure)) => format!("NOT SAFE: {}", exposure.words()),
                (None, None) => parent_of(state, source)
                    .filter(|parent| parent.is_broken_parent())
                    .map(parent_words)
                    .unwrap_or_default(),
            };
            Line::new()
                .say(fit(&Safe::line(&source.to_string()), 15))
                .say(" ")
                .look(format!("{word:<12}"), look)
                .say(format!("{heard:<12}"))
                .say(fault)
        }),
        empty: vec![
            "No source is configured: leverframe config show prints the file to fill in.".into(),
        ],
        detail,
    }
}

fn detail(
    state: &State,
    source: &Source,
    about: &SourceState,
    columns: usize,
    theme: Theme,
) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut say = |text: &str| {
        lines.extend(
            wrap(text, columns, columns)
                .into_iter()
                .map(|line| Line::new().safe(line, theme.plain())),
        );
    };
    if let Some(fault) = &about.fault {
        say(&format!("{} {}", fault.detail, fault.hint));
        let login = keys::first(state, Place::Sources, Action::Login);
        let again = keys::first(state, Place::Sources, Action::Refresh);
        if off(state, Place::Sources, Action::Login).is_none() {
            say(&format!("{login} logs in again, {again} asks again now."));
        } else {
            say(&format!("{again} asks again now."));
        }
    }
    if let Some(exposure) = about.exposure {
        let words = exposure.words();
        say(&format!(
            "NOT SAFE: {words}, so that every lever there wants a reason. {}",
            exposure.remedy()
        ));
    }
    if let Some(at) = about.retry_at {
        say(&format!("asked again at {}", when(at, state.now)));
    }
    if let Some(skew) = about.skew_ms.filter(|ms| ms.abs() > 2_000) {
        say(&format!("its clock is {} s from ours", skew / 1000));
    }
    for (list, of) in &about.lists {
        let text = match (&of.fault, of.listed) {
            (Some(fault), _) => format!("{} {}", fault.detail, fault.hint),
            (None, true) => "read and watched".into(),
            (None, false) => "being read".into(),
        };
        say(&format!("{:<13} {text}", about.name_of(list)));
    }
    if let Some(parent) = parent_of(state, source) {
        say(&parent_words(parent));
    }
    match source {
        Source::Git => {
            if let Some(tree) = &state.store.tree {
                let tip: String = tree.tip.chars().take(7).collect();
                say(&format!(
                    "{} at {tip}, {} version files; history {}",
                    state.delivery.branch,
                    tree.files.len(),
                    if state.store.history.is_complete() {
                        "read"
                    } else {
                        "is being read"
                    }
                ));
                tree.odd.iter().for_each(|odd| say(&format!("odd: {odd}")));
            }
            match &state.store.pushable {
                Some(Ok(())) => say("may be pushed to"),
                Some(Err(fault)) => say(&match fault.kind.is_refusal() {
                    true => format!("may not be pushed to: {fault}"),
                    false => format!("whether it may be pushed to is not known: {fault}"),
                }),
                None => {}
            }
        }
        Source::Cluster(environment) => {
            let cluster = state.store.cluster(environment);
            let permissions = cluster.map_or(&[][..], |c| &c.permissions);
            if permissions.is_empty() {
                say("what the credential may do was not asked yet");
            }
            let mut allowed: Vec<String> = Vec::new();
            for permission in permissions {
                let what = format!(
                    "{} {} in {}",
                    permission.verb, permission.resource, permission.namespace
                );
                if permission.allowed {
                    allowed.push(what);
                } else {
                    say(&format!(
                        "may NOT {what}. {}",
                        permission.reason.as_deref().unwrap_or_default()
                    ));
                }
            }
            if !allowed.is_empty() {
                say(&format!("may {}", allowed.join(", ")));
            }
            for ((list, name), why) in cluster.into_iter().flat_map(|c| &c.odd) {
                say(&format!("odd {} {name}: {why}", list.kind.word()));
            }
        }
    }
    for sentence in own(state) {
        say("");
        say(&sentence);
    }
    lines
}

/// The app of apps of a cluster.
fn parent_of<'a>(state: &'a State, source: &Source) -> Option<&'a Status> {
    let Source::Cluster(environment) = source else {
        return None;
    };
    state.board.parent(environment)
}

/// `app-config Synced Healthy`; where nothing new comes through it, why.
fn parent_words(parent: &Status) -> String {
    let name = &parent.target.app;
    if parent.is_broken_parent() {
        return format!(
            "nothing new comes through {name}: {}",
            parent.because.join(" ")
        );
    }
    let sync = parent.sync.as_ref().map(Sync::as_str);
    let health = parent.health.as_ref().map(Health::as_str);
    match (sync, health) {
        (Some(sync), Some(health)) => format!("{name} is {sync}, {health}"),
        _ => format!("{name} is not read"),
    }
}

/// What is to be known of this console itself.
fn own(state: &State) -> Vec<String> {
    let unreadable = state.journal.unreadable.iter();
    let mut said: Vec<String> = unreadable
        .map(|lines| {
            let holds = if lines.may_be_recent(state.now) {
                "; plans are refused until it is a day old"
            } else {
                ""
            };
            format!("The journal cannot be read whole: {lines}{holds}.")
        })
        .collect();
    let terminal = &state.ui.terminal;
    said.push(match (terminal.answers, terminal.relay) {
        (true, None) => {
            "The terminal says when it has a plan's frame; keys count in the plan from then on.".to_owned()
        }
        (true, Some(relay)) => format!(
            "{relay} says when it has a plan's frame, and keys count in the plan from then on. Whether {relay} has \
             passed the frame on to your screen is not known."
        ),
        (false, _) => "The terminal does not say what it shows: keys count in a plan after a second in which none is \
                       pressed. On a line that has stalled this proves nothing."
            .to_owned(),
    });
    said
}
