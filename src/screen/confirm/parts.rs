//! Parts: what is against the plan, what it writes, and what follows, as lines of the overlay.
//!
//! Deliberately absent: how many of the lines there is room for.

use crate::action::{Action, Place};
use crate::model::span::span;
use crate::plan::{Changed, Check, Guard, Holds, Verdict, Weight, Write, show};
use crate::screen::keys;
use crate::screen::line::{Line, Tone};
use crate::state::{ConfirmUi, Part, State};
use crate::text::{broken, end_sentence, wrap, wrap_at_most};
use serde_json::Value;

pub struct Section {
    pub part: Part,
    pub title: String,
    /// What the title speaks of is no longer as it was first shown.
    pub is_changed: bool,
    pub lines: Vec<Line>,
    /// Lines that were taken off its end.
    pub left_out: usize,
}

/// Columns of a check's mark and name.
const NAME: usize = 13;

/// A check with its mark, its name and its evidence, on at most so many lines.
pub fn check(check: &Check, columns: usize, most: usize) -> Vec<Line> {
    let (mark, look) = match (check.verdict, check.weight) {
        (Verdict::Failed, Weight::Shown) => ("-", Tone::Plain),
        (Verdict::Failed, _) => ("x", Tone::Warning),
        (Verdict::Unknown, _) => ("?", Tone::Warning),
        (Verdict::Passed, _) => ("+", Tone::Dim),
        (Verdict::NotChecked, _) => ("?", Tone::Dim),
    };
    let name = check.name.title();
    let room = columns.saturating_sub(NAME + 1);
    wrap_at_most(&check.evidence, room, room, most)
        .into_iter()
        .map(|text| text.cut(room))
        .enumerate()
        .map(|(at, text)| {
            let line = if at == 0 {
                Line::new().look(mark, look).say(" ").say(name)
            } else {
                Line::new()
            };
            line.pad(NAME).say(" ").safe(text, Tone::Plain)
        })
        .collect()
}

/// A check that speaks against the plan since it is open, or for another reason.
fn changed_check(of: &Check, columns: usize) -> Vec<Line> {
    let evidence = format!("changed: {}", of.evidence);
    let lines = check(
        &Check {
            evidence,
            ..of.clone()
        },
        columns,
        2,
    );
    let in_red = |line: Line| line.map(|_| Tone::Bad);
    lines.into_iter().map(in_red).collect()
}

/// Checks that refuse first, then those that want a reason, then those that are only shown; passes when unfolded.
pub fn checks(ui: &ConfirmUi, columns: usize) -> Section {
    let order = |c: &&Check| {
        (
            !c.refuses(),
            !c.wants_reason(),
            c.verdict == Verdict::NotChecked,
        )
    };
    let all = ui.open.contains(&Part::Checks);
    let mut rows: Vec<&Check> = ui
        .plan
        .checks
        .iter()
        .filter(|c| all || show::is_telling(c))
        .collect();
    rows.sort_by_key(order);
    Section {
        part: Part::Checks,
        title: show::tally(&ui.plan.checks),
        is_changed: false,
        lines: rows
            .into_iter()
            .flat_map(|c| match ui.changes.contains(&Changed::Check(c.name)) {
                true => changed_check(c, columns),
                false => check(c, columns, 2),
            })
            .collect(),
        left_out: 0,
    }
}

pub fn write(ui: &ConfirmUi, columns: usize) -> Section {
    let all = ui.open.contains(&Part::Write);
    let mut lines = Vec::new();
    if let Write::Commit { edits, .. } = &ui.plan.write {
        let shown = show::diff(edits);
        let shown = shown.iter().flat_map(|line| broken(line, columns));
        lines.extend(shown.map(|line| Line::new().safe(line, Tone::Plain)));
    }
    let mut say = |text: &str| {
        let indent = text.len() - text.trim_start_matches(' ').len();
        let room = columns.saturating_sub(indent);
        lines.extend(
            wrap(text, room, room)
                .into_iter()
                .map(|line| Line::new().pad(indent).safe(line, Tone::Plain)),
        );
    };
    let title = match &ui.plan.write {
        Write::Commit {
            subject, branch, ..
        } => {
            say(subject);
            match branch {
                Some(branch) => {
                    say(&format!("as branch {branch}"));
                    "pushes one commit as a branch, to be reviewed and merged".to_owned()
                }
                None => "writes one commit to the main branch".to_owned(),
            }
        }
        Write::Create {
            environment,
            namespace,
            plural,
            name,
            object,
            origin,
        } => {
            if all {
                json(object, &mut say);
            } else {
                let parameters = parameters(object);
                if !parameters.is_empty() {
                    say(&parameters.join(" "));
                }
                say(&format!("{plural}/{name} in namespace {namespace}"));
            }
            let what = match origin {
                Some(origin) => format!("a copy of {}", origin.id.name),
                None => format!("one Workflow from {}", show::template(object)),
            };
            format!("writes {what} in the {environment} cluster")
        }
        Write::Patch {
            id,
            plural,
            resource_version,
            patch,
            guards,
            holds,
        } => {
            if all {
                json(patch, &mut say);
            } else {
                let mut fields = Vec::new();
                flatten(patch, String::new(), &mut fields);
                fields.iter().for_each(|field| say(field));
            }
            let guards = guards.iter().map(|guard| match guard {
                Guard::NoOperation => "no operation runs",
                Guard::NotOver => "it is not over, nor asked to shut down",
            });
            let still = match holds {
                Holds::AsSeen => format!("it is still resourceVersion {resource_version}"),
                Holds::WhileGuarded => "it is the same object, however it moves".to_owned(),
            };
            let only: Vec<&str> = std::iter::once(still.as_str()).chain(guards).collect();
            say(&format!("only while {}", only.join(", and ")));
            format!(
                "patches {plural}/{} in the {} cluster",
                id.name, id.environment
            )
        }
    };
    Section {
        part: Part::Write,
        title,
        is_changed: ui.changes.contains(&Changed::Write),
        lines,
        left_out: 0,
    }
}

/// `name=value` of each argument of a Workflow.
fn parameters(object: &Value) -> Vec<String> {
    object
        .pointer("/spec/arguments/parameters")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|parameter| {
            let name = parameter["name"].as_str().unwrap_or("?");
            match &parameter["value"] {
                Value::String(text) => format!("{name}={text}"),
                other => format!("{name}={other}"),
            }
        })
        .collect()
}

fn json(value: &Value, say: &mut impl FnMut(&str)) {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.lines().for_each(say);
}

/// Each field of an object by its path: `metadata.annotations.x: y`.
fn flatten(value: &Value, path: String, out: &mut Vec<String>) {
    let step = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, inner) in fields {
                flatten(inner, step(name), out);
            }
        }
        Value::String(text) => out.push(format!("{path}: {text}")),
        other => out.push(format!("{path}: {other}")),
    }
}

/// The hops with their usual times, then what stays open, what it leaves, and what would come next.
pub fn then(state: &State, ui: &ConfirmUi, columns: usize) -> Section {
    let plan = &ui.plan;
    let mut lines = Vec::new();
    let mut say = |text: &str, style| {
        lines.extend(
            wrap(text, columns, columns)
                .into_iter()
                .map(|line| Line::new().safe(line, style)),
        );
    };
    let next = plan
        .next
        .map(|lever| {
            let levers = keys::first(state, Place::Board, Action::Levers);
            let key = keys::first(state, Place::Levers, Action::Pull(lever));
            format!(" Next: {levers} {key} ({}).", lever.title())
        })
        .unwrap_or_default();
    if let Some(warning) = &plan.warning {
        say(&format!("{}{next}", end_sentence(warning)), Tone::Warning);
    } else if !next.is_empty() {
        say(next.trim_start(), Tone::Plain);
    }
    if ui.open.contains(&Part::Then) {
        for hop in &plan.hops {
            say(&show::then(hop), Tone::Plain);
        }
    } else {
        let hops: Vec<String> = plan
            .hops
            .iter()
            .map(|hop| {
                let what = show::awaited(&hop.effect, Some(&plan.request.target));
                format!("{what} ~{}", span(hop.usual_s))
            })
            .collect();
        let late: i64 = plan.hops.iter().map(|hop| hop.late_s).sum();
        if !hops.is_empty() {
            say(
                &format!("{}; overdue after {}", hops.join("; "), span(late)),
                Tone::Plain,
            );
        }
    }
    for because in &plan.reach.because {
        let told = plan.warning.as_ref().is_some_and(|w| w.contains(because));
        if !told {
            say(because, Tone::Plain);
        }
    }
    if let Some(debt) = &plan.debt {
        say(&format!("leaves a debt: {debt}"), Tone::Plain);
    }
    Section {
        part: Part::Then,
        title: "then".into(),
        is_changed: ui.changes.contains(&Changed::Then),
        lines,
        left_out: 0,
    }
}
