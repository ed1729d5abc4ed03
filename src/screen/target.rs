//! Target: one app in one environment, as five truths (declared, synced, rolled out, running, verified), then its pods,
//! Jobs, conditions and Kubernetes Events.
//!
//! Deliberately absent: conclusions beyond the status's own sentences.

mod objects;

use super::line::{Line, Tone};
use super::recent::name_mover;
use super::run::stopped_by;
use super::sentence::as_of;
use super::time::when;
use crate::belongs::lists;
use crate::board::gate::in_words as gate_in_words;
use crate::board::status::Status;
use crate::model::{Target, Version, span::span};
use crate::state::{ListKey, State};
use crate::store::Kind;
use crate::text::wrap;
use jiff::Timestamp;
use objects::objects;

/// Columns of a truth's name.
const NAME: usize = 13;

/// A row of the page.
pub struct Row {
    pub line: Line,
    /// What it is about, where a key means it.
    pub key: Option<ListKey>,
}

impl From<Line> for Row {
    fn from(line: Line) -> Self {
        Self { line, key: None }
    }
}

/// The rows of the page; none of a target that is neither in git nor in its cluster.
pub fn rows(state: &State, target: &Target, columns: usize) -> Vec<Row> {
    let Some(status) = state.board.status(target) else {
        return Vec::new();
    };
    let mut lines: Vec<Line> = Vec::new();
    truths(state, status, columns, &mut lines);
    let mut rows: Vec<Row> = lines.into_iter().map(Row::from).collect();
    match state.store.cluster(&target.environment) {
        Some(_) => objects(state, status, &mut rows),
        None => {
            rows.push(Line::new().into());
            rows.push(Line::from(format!(
                "The cluster of {} is not configured: only git is known. leverframe config show prints the file that names them.",
                target.environment
            )).into());
        }
    }
    rows
}

/// A named text, wrapped behind its name; two columns are the list's own.
fn truth(columns: usize, name: &str, text: impl AsRef<str>) -> Vec<Line> {
    let room = columns.saturating_sub(NAME + 2);
    wrap(text.as_ref(), room, room)
        .into_iter()
        .enumerate()
        .map(|(at, line)| {
            let name = if at == 0 { name } else { "" };
            Line::new()
                .say(format!("{name:<NAME$}"))
                .safe(line, Tone::Plain)
        })
        .collect()
}

fn age(state: &State, at: Option<Timestamp>) -> String {
    match at {
        Some(at) => format!(
            "{} ago ({})",
            span(state.now.duration_since(at).as_secs()),
            when(at, state.now)
        ),
        None => "at an unknown time".into(),
    }
}

fn truths(state: &State, status: &Status, columns: usize, rows: &mut Vec<Line>) {
    let environment = &status.target.environment;
    if let Some(age) = as_of(state, &status.target) {
        rows.extend(truth(columns, "stale", age));
    }
    for (word, because) in status.attention.iter().zip(&status.because) {
        let mut lines = truth(columns, word.label(), because).into_iter();
        rows.extend(lines.next().map(|line| {
            let text = line.clone();
            Line::new()
                .look(format!("{:<NAME$}", word.label()), Tone::Word(*word))
                .join(text.without_first())
        }));
        rows.extend(lines);
    }
    for image in &status.images {
        let path = state.delivery.path(environment, &image.repository);
        let Some(declared) = &image.declared else {
            rows.extend(truth(columns, "declared", format!("no file {path}")));
            continue;
        };
        let version = declared
            .version
            .as_ref()
            .map_or("no version", Version::as_str);
        let by = state
            .store
            .history
            .last_move(environment, &image.repository)
            .map(|change| {
                format!(
                    ", {}, {}",
                    age(state, Some(change.at)),
                    name_mover(state, change)
                )
            })
            .unwrap_or_default();
        rows.extend(truth(columns, "declared", format!("{version}{by}")));
        rows.extend(truth(
            columns,
            "",
            format!(
                "promotes: {}, in {path}",
                if declared.promote { "yes" } else { "no" }
            ),
        ));
        for odd in &declared.odd {
            rows.extend(truth(columns, "", format!("odd: {odd}")));
        }
    }
    let gate = &status.gate_in;
    let moved = match (gate.since, &gate.by) {
        (Some(_), Some(by)) => format!(", {} by {by}", age(state, gate.since)),
        _ => String::new(),
    };
    let mut name = "gate in";
    for text in gate_in_words(&state.store, &state.delivery, status, &moved) {
        rows.extend(truth(columns, std::mem::take(&mut name), text));
    }
    let unread = |kind: Kind, absent: &str| {
        let why = lists::unread(&state.store, &state.delivery, &status.target, kind);
        why.unwrap_or_else(|| absent.to_owned())
    };
    let unsynced = unread(Kind::Applications, "no Application of its name is known");
    let synced = match &status.sync {
        None => unsynced.clone(),
        Some(sync) => {
            let annotated = match (&status.annotated, &status.version) {
                (Some(a), Some(v)) if a != v => {
                    format!(", but the parent still renders {}", a.short())
                }
                _ => String::new(),
            };
            let parent = match status.parent_has_it {
                Some(true) => ", the parent has synced the commit",
                Some(false) => ", the parent has not synced the commit",
                None => "",
            };
            format!("{}{annotated}{parent}", sync.as_str())
        }
    };
    rows.extend(truth(columns, "synced", synced));
    let health = status.health.as_ref().map_or(&*unsynced, |h| h.as_str());
    let phase = status.phase.as_ref().map(|phase| {
        let retry = status.retry.as_ref().map(|retry| format!(", {retry}"));
        let retry = retry.unwrap_or_default();
        let former = status.former_sync.as_ref();
        let former = former.map_or(String::new(), |former| format!(" of {}", former.short()));
        format!(", last operation{former} {}{retry}", phase.as_str())
    });
    let phase = phase.unwrap_or_default();
    rows.extend(truth(columns, "health", format!("{health}{phase}")));
    match &status.live {
        None => {
            let why = unread(Kind::Pods, "pods were not read");
            rows.extend(truth(columns, "rolled out", why));
        }
        Some(live) => {
            let versions: Vec<String> = live
                .versions
                .iter()
                .map(|(v, n)| format!("{n} of {}", v.short()))
                .collect();
            rows.extend(truth(
                columns,
                "rolled out",
                format!(
                    "{}/{} pods ready{}{}",
                    live.pods_ready,
                    live.pods,
                    if versions.is_empty() { "" } else { ": " },
                    versions.join(", ")
                ),
            ));
            let digest = live.digest.as_deref().unwrap_or("no single digest");
            rows.extend(truth(columns, "running", digest));
        }
    }
    let verified = match &status.smoke {
        None if state.delivery.runs.is_none() => "the delivery has no smoke runs".to_owned(),
        None => unread(Kind::Runs, "no smoke run is kept"),
        // Whose run it is stands before whoever stopped it.
        Some(smoke) => format!(
            "smoke{} {}{}, {}, {}",
            smoke
                .version
                .as_ref()
                .map(|v| format!(" of {}", v.short()))
                .unwrap_or_default(),
            smoke.words,
            stopped_by(state, &smoke.run),
            age(state, smoke.at),
            smoke.run.name
        ),
    };
    rows.extend(truth(columns, "verified", verified));
}
