//! Sentence: what is to be said of the selected target, in words, and what is on: a filter, marks, an order that would change.
//!
//! Deliberately absent: conclusions of its own; words come from the status, hops from the journal.

use super::line::{Line, Tone};
use crate::action::{Action, Place};
use crate::board::FoldKind;
use crate::board::gate::stay_below;
use crate::board::status::{GateState, Status};
use crate::model::{Change, Target, Version, span::span};
use crate::plan::waits::state_in_words;
use crate::screen::layout::{self, Panes};
use crate::screen::{keys, mute, proposed::why_not_proposed, recent::name_mover, run::stopped_by};
use crate::state::State;
use crate::store::Source;
use crate::text::{end_sentence, wrap};

/// All that there is to say, wrapped.
pub fn lines(state: &State, columns: usize) -> Vec<Line> {
    let Some(status) = state.target().and_then(|target| state.board.status(target)) else {
        let texts = wrap(&nothing(state), columns, columns).into_iter();
        return texts
            .map(|text| Line::new().safe(text, Tone::Plain))
            .collect();
    };
    let head = head(state, status);
    let says = says(state, status);
    let room = columns.saturating_sub(head.width());
    let mut texts = wrap(&says, room, columns).into_iter();
    let first = head.safe(texts.next().unwrap_or_default(), Tone::Plain);
    let rest = texts.map(|text| Line::new().safe(text, Tone::Plain));
    std::iter::once(first).chain(rest).collect()
}

/// What is on: said in the rule, because it changes what one sees.
pub fn notes(state: &State, panes: &Panes) -> String {
    let key = |action| keys::first(state, Place::Board, action);
    let ui = &state.ui.board;
    let mut notes = Vec::new();
    if !ui.filter.is_empty() {
        notes.push(format!(
            "filter {}: {} of {} rows, {} clears it",
            ui.filter,
            state.lines().len(),
            state.board.len(),
            key(Action::Back)
        ));
    }
    let seen = layout::lines_in_sight(state, panes).end;
    let below = state.lines().len().saturating_sub(seen);
    if below > 0 && state.ui.pane == Default::default() {
        notes.push(format!("{below} more below"));
    }
    if !ui.marks.is_empty() {
        notes.push(format!("{} marked", ui.marks.len()));
    }
    if ui.would_move > 0 {
        let rows = if ui.would_move == 1 { "row" } else { "rows" };
        notes.push(format!(
            "{} {rows} would move ({}: sort again)",
            ui.would_move,
            key(Action::Sort)
        ));
    }
    notes.join(", ")
}

fn nothing(state: &State) -> String {
    let key = |action| keys::first(state, Place::Board, action);
    match state.ui.board.fold {
        Some(FoldKind::Calm) => format!(
            "Nothing is to be said of these. {} unfolds them.",
            key(Action::Enter)
        ),
        Some(FoldKind::Muted) => format!(
            "All trouble of these is muted; {} lists each with its reason. {} unfolds them.",
            key(Action::Journal),
            key(Action::Enter)
        ),
        Some(FoldKind::Orphans) => format!(
            "Version files that no app of the values files names: nothing deploys them. {} unfolds them.",
            key(Action::Enter)
        ),
        Some(FoldKind::NoFile) => format!(
            "Apps that the values files name and that have no version file. {} unfolds them.",
            key(Action::Enter)
        ),
        // No line stands for apps of apps that are well, so none can be selected.
        Some(FoldKind::Parents) => String::new(),
        None if state.board.is_empty() => String::new(),
        None => state.untargeted(),
    }
}

/// The whole name and what moved last: `whitehall-admin @ production  v3083 -> v3084  `.
fn head(state: &State, status: &Status) -> Line {
    Line::new()
        .say(status.target.to_string())
        .say("  ")
        .say(moved(state, status))
        .say("  ")
}

fn last_move<'a>(state: &'a State, status: &Status) -> Option<&'a Change> {
    status
        .images
        .iter()
        .filter_map(|image| {
            state
                .store
                .history
                .last_move(&status.target.environment, &image.repository)
        })
        .max_by_key(|change| change.at)
}

fn moved(state: &State, status: &Status) -> String {
    let Some(version) = &status.version else {
        let tags: Vec<String> = status
            .images
            .iter()
            .filter_map(|image| {
                let version = image.declared.as_ref()?.version.as_ref()?;
                Some(format!("{} {}", image.repository, version.short()))
            })
            .collect();
        return if tags.is_empty() {
            "no version".into()
        } else {
            tags.join(", ")
        };
    };
    match last_move(state, status).and_then(|change| change.from.as_ref()) {
        Some(from) => format!("{} -> {}", from.short(), version.short()),
        None => version.short().to_owned(),
    }
}

fn says(state: &State, status: &Status) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(
        status
            .muted
            .as_ref()
            .map(|mute| format!("Muted {}.", mute::says(mute, state.now))),
    );
    parts.extend(as_of(state, &status.target));
    parts.extend(status.because.iter().cloned());
    if status.because.is_empty() {
        parts.push(calm(state, status));
    }
    parts.extend(why_not_proposed(state, &status.target));
    parts.extend(plan(state, &status.target));
    parts.join(" ")
}

/// When a target's cluster and git were last heard, where they are stale: `As production was read 14m ago, git 20m ago.`
pub fn as_of(state: &State, target: &Target) -> Option<String> {
    let cluster = Source::Cluster(target.environment.clone());
    let stale = |source: Source| {
        let age = span(state.store.source(&source)?.stale_s(state.now)?);
        Some((source, age))
    };
    let mut stale = [cluster, Source::Git].into_iter().filter_map(stale);
    let (first, age) = stale.next()?;
    let more = stale.map(|(source, age)| format!(", {source} {age} ago"));
    let more: String = more.collect();
    Some(format!("As {first} was read {age} ago{more}."))
}

/// The newest plan on the target that is not over, but for the newest of all, which stands on the last line.
fn plan(state: &State, target: &Target) -> Option<String> {
    let newest = state.journal.records.last().map(|record| &record.plan.id);
    let of_target = state.journal.open();
    let of_target = of_target.filter(|record| record.plan.request.target == *target);
    let record = of_target
        .filter(|record| Some(&record.plan.id) != newest)
        .last()?;
    let request = &record.plan.request;
    let file = request.named_file();
    let file = file.map(|file| format!(" {file}")).unwrap_or_default();
    let lever = request.lever.title();
    let words = state_in_words(record, state.now, |remedy| keys::remedy(state, remedy));
    Some(format!("{lever}{file}: {}", end_sentence(&words)))
}

/// What there is to know of a target that is well.
fn calm(state: &State, status: &Status) -> String {
    let mut parts = Vec::new();
    if let Some(change) = last_move(state, status) {
        parts.push(format!(
            "for {}, {}",
            span(state.now.duration_since(change.at).as_secs()),
            name_mover(state, change)
        ));
    } else if state.store.history.is_complete() {
        parts.push("for longer than history was read".into());
    }
    if let Some(smoke) = &status.smoke {
        let of = match (&smoke.version, smoke.current) {
            (_, true) | (None, _) => String::new(),
            (Some(version), false) => format!(" of {}", version.short()),
        };
        let by = stopped_by(state, &smoke.run);
        parts.push(format!("smoke{of} {}{by}", smoke.words));
    }
    if let Some(live) = status.live.as_ref().filter(|live| live.pods > 0) {
        let of = live
            .version
            .as_ref()
            .map(|v: &Version| format!(" on {}", v.short()))
            .unwrap_or_default();
        parts.push(format!("{}/{} pods ready{of}", live.pods_ready, live.pods));
    }
    if let (Some(sync), Some(health)) = (&status.sync, &status.health) {
        parts.push(format!("{}, {}", sync.as_str(), health.as_str()));
    }
    // Through a closed gate nothing is awaited, which its sign says.
    if status.gate_in.state == GateState::Open {
        let stays = stay_below(&state.store, &state.delivery, status).into_iter();
        parts.extend(stays.map(|(file, version)| {
            let file = match status.images.len() {
                0 | 1 => String::new(),
                _ => format!("{file} "),
            };
            format!(
                "{file}{} stands below without promotion: its file keeps it there",
                version.short()
            )
        }));
    }
    let text = parts.join("; ");
    if text.is_empty() {
        text
    } else {
        format!("{text}.")
    }
}
