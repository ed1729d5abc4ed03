//! Rules: what a delivery file must hold beyond its form.
//!
//! Deliberately absent: anything that only the world can tell (whether a branch or a namespace is there: `config check`).

use super::delivery::{Raw, RawStage, span};
use crate::complaint::Page;
use crate::delivery::{Mechanism, Usual};
use std::collections::BTreeSet;

/// A part of a path or an object's name that a template may fill in.
fn placeholders(text: &str) -> Vec<&str> {
    text.split('{')
        .skip(1)
        .map(|rest| rest.split_once('}').map_or(rest, |(name, _)| name))
        .collect()
}

fn check_template(page: &mut Page<'_>, path: &[&str], text: &str, known: &[&str], needed: &[&str]) {
    for name in placeholders(text) {
        if !known.contains(&name) {
            let list: Vec<String> = known.iter().map(|k| format!("{{{k}}}")).collect();
            page.complain(
                path,
                format!("{{{name}}} is not known here."),
                format!("What is filled in: {}.", list.join(", ")),
            );
        }
    }
    for name in needed {
        if !placeholders(text).contains(name) {
            page.complain(
                path,
                format!("{{{name}}} is missing, so that every {name} would mean the same."),
                format!("Put {{{name}}} where its name belongs."),
            );
        }
    }
}

fn check_path(page: &mut Page<'_>, path: &[&str], text: &str) {
    if text.starts_with('/')
        || text
            .split('/')
            .any(|part| part.is_empty() || part == "." || part == "..")
    {
        page.complain(
            path,
            format!("{text:?} is not a path inside the repository."),
            "Write it from the repository's root, without a slash in front and without `..`.",
        );
    }
}

/// RFC 1123 label: what a namespace or an object may be called.
pub(super) fn is_dns_label(name: &str) -> bool {
    let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !name.is_empty()
        && name.len() <= 63
        && name.bytes().all(ok)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn check_dns(page: &mut Page<'_>, path: &[&str], name: &str) {
    if !is_dns_label(name) {
        page.complain(
            path,
            format!("{name:?} cannot be the name of a Kubernetes object."),
            "Use small letters, digits and `-`, 63 at the most.",
        );
    }
}

pub(super) fn check(raw: &Raw, page: &mut Page<'_>) {
    if raw.name.trim().is_empty() {
        page.complain(
            &["name"],
            "The name is empty.",
            "Write what the header shall show.",
        );
    }
    if !is_branch_name(&raw.branch) {
        page.complain(
            &["branch"],
            format!("{:?} is not the name of a branch.", raw.branch),
            "Write it without refs/heads/, as `git branch` shows it.",
        );
    }
    if raw.closed_lately_days < 0 {
        page.complain(
            &["closed_lately_days"],
            "It is below 0.",
            "Write a number of days.",
        );
    }
    if raw.environments.is_empty() {
        page.complain(
            &["environments"],
            "There is no environment.",
            "Write one [[environments]] for each, in order.",
        );
    }
    let mut seen = BTreeSet::new();
    for (i, stage) in raw.environments.iter().enumerate() {
        let place = i.to_string();
        let path = ["environments", place.as_str(), "name"];
        if !seen.insert(stage.name.as_str()) {
            page.complain(
                &path,
                format!("{:?} stands here a second time.", stage.name),
                "Name each environment once.",
            );
        }
        check_dns(page, &path, &stage.name);
        for (key, mechanism) in [("version_by", stage.version_by), ("gate_by", stage.gate_by)] {
            let path = ["environments", place.as_str(), key];
            if mechanism == Mechanism::Workflow
                && raw.runs.as_ref().is_none_or(|r| r.deploy.is_none())
            {
                page.complain(
                    &path,
                    "There is no template to submit.",
                    "Describe it in [runs.deploy].",
                );
            }
            if key == "gate_by" && mechanism == Mechanism::Workflow {
                page.complain(
                    &path,
                    "A gate cannot be changed by a Workflow: deploy templates change versions.",
                    "Use commit, branch or none.",
                );
            }
            if key == "gate_by" && mechanism != Mechanism::None && raw.declared.gate.is_none() {
                page.complain(
                    &path,
                    "There is no gate key.",
                    "Name it in [declared] gate, or write gate_by = \"none\".",
                );
            }
        }
    }
    let declared = &raw.declared;
    check_path(page, &["declared", "path"], &declared.path);
    let needed: &[&str] = if raw.environments.len() > 1 {
        &["environment", "repository"]
    } else {
        &["repository"]
    };
    check_template(
        page,
        &["declared", "path"],
        &declared.path,
        &["environment", "repository"],
        needed,
    );
    let keys = [
        ("version", Some(&declared.version)),
        ("promote", declared.promote.as_ref()),
        ("gate", declared.gate.as_ref()),
    ];
    for (name, key) in keys {
        if key.is_some_and(|k| k.split('.').any(str::is_empty)) {
            page.complain(
                &["declared", name],
                "A part of the key is empty.",
                "Write it as `key` or `outer.inner`.",
            );
        }
    }
    if let Some(apps) = &raw.apps {
        check_path(page, &["apps", "path"], &apps.path);
        check_template(page, &["apps", "path"], &apps.path, &["environment"], &[]);
    }
    if let Some(argo_cd) = &raw.argo_cd {
        check_dns(page, &["argo_cd", "namespace"], &argo_cd.namespace);
    }
    check_dns(page, &["workloads", "namespace"], &raw.workloads.namespace);
    if let Some(runs) = &raw.runs {
        check_dns(page, &["runs", "namespace"], &runs.namespace);
        if let Some(deploy) = &runs.deploy {
            check_dns(page, &["runs", "deploy", "template"], &deploy.template);
            if !raw
                .environments
                .iter()
                .any(|s| s.name == deploy.environment)
            {
                page.complain(
                    &["runs", "deploy", "environment"],
                    format!("{:?} is none of the environments.", deploy.environment),
                    format!("They are: {}.", names(&raw.environments)),
                );
            }
            for (i, parameter) in deploy.parameters.iter().enumerate() {
                let place = i.to_string();
                let path = ["runs", "deploy", "parameters", place.as_str(), "value"];
                check_template(
                    page,
                    &path,
                    &parameter.value,
                    &["environment", "repository", "version"],
                    &[],
                );
            }
            for needed in ["repository", "version"] {
                if !deploy
                    .parameters
                    .iter()
                    .any(|p| placeholders(&p.value).contains(&needed))
                {
                    page.complain(
                        &["runs", "deploy", "parameters"],
                        format!("No parameter carries {{{needed}}}."),
                        format!("Name the parameter whose value is \"{{{needed}}}\"."),
                    );
                }
            }
        }
    }
    for (name, (median, p90)) in usual(&raw.usual) {
        if median < 0 || p90 < median {
            page.complain(
                &["usual", name],
                format!("[{median}, {p90}] is no median with a time that nine in ten stay under."),
                "Write two numbers of seconds, the smaller first.",
            );
        }
    }
    if let Some(hours) = &raw.hours {
        for (name, _, text) in hours.days() {
            if span(text).is_none() {
                page.complain(
                    &["hours", name],
                    format!("{text:?} is no time of a day until another."),
                    "Write it as \"09:30-17:00\".",
                );
            }
        }
        // Whether this machine knows the zone is its own matter; what can be no zone anywhere is the file's.
        if hours.zone.trim().is_empty() {
            page.complain(
                &["hours", "zone"],
                "The zone is empty.",
                "Write one such as \"Europe/London\".",
            );
        }
    }
    for (name, text) in [
        ("version", &raw.subjects.version),
        ("hold", &raw.subjects.hold),
        ("release", &raw.subjects.release),
    ] {
        check_template(
            page,
            &["subjects", name],
            text,
            &["repository", "version", "environment"],
            &[],
        );
        if text.contains('\n') {
            page.complain(
                &["subjects", name],
                "A subject is one line.",
                "Take the line end out.",
            );
        }
    }
}

/// Every kind of usual time by its key.
fn usual(usual: &Usual) -> [(&'static str, (i64, i64)); 6] {
    [
        ("commit", usual.commit),
        ("parent_sync", usual.parent_sync),
        ("rollout", usual.rollout),
        ("smoke", usual.smoke),
        ("promotion", usual.promotion),
        ("hop", usual.hop),
    ]
}

fn names(stages: &[RawStage]) -> String {
    let names: Vec<&str> = stages.iter().map(|s| s.name.as_str()).collect();
    names.join(", ")
}

/// The part of git's rules for reference names that matters for a branch (gitcheck-ref-format).
fn is_branch_name(name: &str) -> bool {
    let bad = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    !name.is_empty()
        && !name.starts_with(['-', '/', '.'])
        && !name.ends_with(['/', '.'])
        && !name.ends_with(".lock")
        && !name.contains("..")
        && !name.contains("//")
        && !name.contains("/.")
        && !name.contains("@{")
        && name != "@"
        && !name.contains(bad)
}
