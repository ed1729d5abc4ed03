//! Show: a plan as text.
//!
//! Deliberately absent: colours and widths; the overlay lays the same words out for its screen. Texts are raw here.

pub use super::by_hand::{Cluster, Clusters, commands, no_command, options};
pub use super::shell::quote;
pub use super::waits::awaited;
use super::{Check, Edit, Hop, HopEffect, Plan, Reach, Refusal, Verdict, Weight, Write};
use crate::model::slot::changed_lines;
use crate::model::span::span;
use std::fmt::Write as _;

/// The whole plan, line by line, as `--dry-run` prints it: from and to first, failures before passes.
pub fn text(plan: &Plan) -> String {
    let mut lines = vec![title(plan)];
    if let Some(moves) = moves(plan) {
        lines.push(format!("{moves}     {}", plan.evidence));
    } else {
        lines.push(plan.evidence.clone());
    }
    lines.extend(
        plan.request
            .undoes
            .iter()
            .map(|undone| undone.story.clone()),
    );
    lines.extend(others(plan));
    lines.push(plan.read.clone());
    lines.extend(plan.reach.because.iter().map(|b| format!("  {b}")));
    lines.push(String::new());
    lines.push(tally(&plan.checks));
    lines.extend(plan.checks.iter().filter(|c| is_telling(c)).map(row));
    lines.push(String::new());
    lines.extend(write(plan));
    lines.push(String::new());
    lines.push("then".to_owned());
    lines.extend(plan.hops.iter().map(|hop| format!("  {}", then(hop))));
    lines.extend(plan.warning.clone());
    lines.extend(plan.debt.as_ref().map(|debt| format!("debt: {debt}")));
    lines.extend(plan.next.map(|next| format!("next: {}", next.title())));
    lines.push(format!("plan {}", plan.id));
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

/// Why not, with the rows that were checked.
pub fn refusal(refusal: &Refusal) -> String {
    let mut text = format!("{refusal}");
    if !refusal.remedy.is_empty() {
        let _ = write!(text, " {}", refusal.remedy.with_command());
    }
    text.push_str(" Nothing was sent.\n");
    for check in refusal.checks.iter().filter(|c| is_telling(c)) {
        text.push_str(&row(check));
        text.push('\n');
    }
    text
}

/// `ROLL BACK  whitehall-admin @ production  REACHES PRODUCTION ~6m`.
pub fn title(plan: &Plan) -> String {
    format!(
        "{}  {}{}",
        plan.request.title().to_uppercase(),
        plan.request.name_target(),
        reaches(&plan.reach)
            .map(|reaches| format!("  {reaches}"))
            .unwrap_or_default()
    )
}

/// `REACHES PRODUCTION ~6m`, `reaches staging ~5m`; none where it reaches nothing.
pub fn reaches(reach: &Reach) -> Option<String> {
    let last = reach.environments.last()?;
    let (word, name) = if reach.production {
        ("REACHES", last.as_str().to_uppercase())
    } else {
        ("reaches", last.as_str().to_owned())
    };
    let by_way = match &reach.environments[..] {
        [_] => String::new(),
        several => {
            let names: Vec<&str> = several[..several.len() - 1]
                .iter()
                .map(|e| e.as_str())
                .collect();
            format!(" by way of {}", names.join(", "))
        }
    };
    Some(format!("{word} {name}{by_way} ~{}", span(reach.seconds)))
}

/// `or v3080 (stood 2d), v3078 (stood 4d)`: what may be chosen instead; none where there is nothing to choose.
pub fn others(plan: &Plan) -> Option<String> {
    let others: Vec<String> = plan
        .choices
        .iter()
        .filter(|choice| Some(&choice.version) != plan.to.as_ref())
        .map(|choice| format!("{} ({})", choice.version.short(), choice.evidence))
        .collect();
    (!others.is_empty()).then(|| format!("or {}", others.join("; ")))
}

/// `v3084 -> v3083`, whole; none where no version moves.
pub fn moves(plan: &Plan) -> Option<String> {
    let to = plan.to.as_ref()?;
    Some(match &plan.from {
        Some(from) if from == to => format!("{to} again"),
        Some(from) => format!("{from} -> {to}"),
        None => format!("-> {to}"),
    })
}

/// Whether a check gets a line of its own: all but those that passed, because what is not known is no pass.
pub fn is_telling(check: &Check) -> bool {
    check.verdict != Verdict::Passed
}

/// `2 need one reason (10 passed, 2 not checked)`.
pub fn tally(checks: &[Check]) -> String {
    let count = |verdict: Verdict| checks.iter().filter(|c| c.verdict == verdict).count();
    let refusing = checks.iter().filter(|c| c.refuses()).count();
    let reasons = checks.iter().filter(|c| c.wants_reason()).count();
    let mut passed = format!("{} passed", count(Verdict::Passed));
    match count(Verdict::NotChecked) {
        0 => {}
        n => {
            let _ = write!(passed, ", {n} not checked");
        }
    }
    match (refusing, reasons) {
        (0, 0) => format!("nothing is against it ({passed})"),
        (0, 1) => format!("1 needs a reason ({passed})"),
        (0, n) => format!("{n} need one reason ({passed})"),
        (n, _) => format!("{n} refuse ({passed})"),
    }
}

/// `x in flight    post-sync-k2f9x @ staging would bring v3084 ...`.
pub fn row(check: &Check) -> String {
    let mark = match (check.verdict, check.weight) {
        (Verdict::Failed, Weight::Shown) => '-',
        (Verdict::Failed, _) => 'x',
        (Verdict::Unknown | Verdict::NotChecked, _) => '?',
        (Verdict::Passed, _) => '+',
    };
    format!("{mark} {:<12} {}", check.name.title(), check.evidence)
}

/// The write in words and lines: a diff of scalars, or the object.
pub fn write(plan: &Plan) -> Vec<String> {
    match &plan.write {
        Write::Commit {
            edits,
            subject,
            branch,
        } => {
            let mut lines = vec![match branch {
                Some(branch) => {
                    format!("writes one commit to the branch {branch}, to be reviewed and merged")
                }
                None => "writes one commit to the main branch".to_owned(),
            }];
            lines.push(format!("  {subject}"));
            lines.extend(diff(edits).iter().map(|line| format!("  {line}")));
            lines
        }
        Write::Create {
            environment,
            name,
            object,
            origin,
            ..
        } => {
            let what = match origin {
                Some(origin) => format!("a copy of {}", origin.id.name),
                None => format!("one Workflow from {}", template(object)),
            };
            let mut lines = vec![format!(
                "creates {what} in the {environment} cluster: {name}"
            )];
            let parameters: Vec<String> = object
                .pointer("/spec/arguments/parameters")
                .and_then(|p| p.as_array())
                .into_iter()
                .flatten()
                .map(|p| {
                    let value = match &p["value"] {
                        serde_json::Value::String(text) => text.clone(),
                        other => other.to_string(),
                    };
                    format!("{}={value}", p["name"].as_str().unwrap_or("?"))
                })
                .collect();
            if !parameters.is_empty() {
                lines.push(format!("  {}", parameters.join(" ")));
            }
            lines
        }
        Write::Patch {
            id, plural, patch, ..
        } => vec![
            format!(
                "patches {plural} {} in the {} cluster",
                id.name, id.environment
            ),
            format!("  {patch}"),
        ],
    }
}

/// The lines of each file that go and come, byte by byte, under its path.
pub fn diff(edits: &[Edit]) -> Vec<String> {
    let mut lines = Vec::new();
    for edits in edits.chunk_by(|a, b| a.path == b.path) {
        lines.extend(edits.first().map(|edit| edit.path.clone()));
        let changed = changed_lines(edits.iter().filter_map(|edit| edit.line.as_ref()));
        lines.extend(changed.iter().map(|(sign, line)| format!("{sign}{line}")));
        for edit in edits.iter().filter(|edit| edit.line.is_none()) {
            lines.extend(
                edit.from
                    .iter()
                    .map(|from| format!("-{}: {from}", edit.key)),
            );
            lines.push(format!("+{}: {}", edit.key, edit.to));
        }
    }
    lines
}

/// The name of the template that a Workflow is made from.
pub fn template(object: &serde_json::Value) -> &str {
    object
        .pointer("/spec/workflowTemplateRef/name")
        .and_then(|name| name.as_str())
        .unwrap_or("a template")
}

/// One hop: what is waited for, how long usually, when it is overdue.
pub fn then(hop: &Hop) -> String {
    format!(
        "{} ~{}, overdue after {}: then look at {}",
        awaited(&hop.effect, None),
        span(hop.usual_s),
        span(hop.late_s),
        hop.look
    )
}

/// What was seen, in words; [`awaited`] words what is still waited for.
pub fn effect(effect: &HopEffect) -> String {
    match effect {
        HopEffect::Declared {
            environment,
            version,
            ..
        } => format!("{} declared in {environment}", version.short()),
        HopEffect::Gate {
            environment, open, ..
        } => {
            let state = if *open { "open" } else { "closed" };
            format!("gate in the file of {environment} {state} on the main branch")
        }
        HopEffect::BranchPushed { branch } => format!("branch {branch} pushed"),
        HopEffect::Created { environment, name } => format!("{name} seen in {environment}"),
        HopEffect::RunOver { name, wanted, .. } => {
            format!("{name} {}", wanted.as_deref().unwrap_or("over"))
        }
        HopEffect::ParentSynced { environment, .. } => format!("parent synced in {environment}"),
        HopEffect::Refreshed { environment, app } => {
            format!("{app} compared to git anew in {environment}")
        }
        HopEffect::Synced { environment, app } => {
            format!("sync of {app} Succeeded in {environment}")
        }
        HopEffect::RolledOut {
            environment,
            app,
            version,
        } => format!("{app} runs {} in {environment}", version.short()),
        HopEffect::Smoked {
            environment,
            app,
            version,
        } => format!(
            "smoke run of {app} {} passed in {environment}",
            version.short()
        ),
    }
}
