//! Rules: what the parts of a delivery file must be to each other.
//!
//! Deliberately absent: anything that only the world can tell (whether a branch or a namespace is there: `config check`).

use super::section::placeholders;
use crate::complaint::Page;
use crate::delivery::{Delivery, Deploy, Mechanism, Stage};
use std::collections::BTreeSet;

pub(super) fn check(delivery: &Delivery, page: &Page<'_>) {
    if !is_branch_name(&delivery.branch) {
        page.complain(
            &["branch"],
            format!("{:?} is not the name of a branch.", &*delivery.branch),
            "Write it without refs/heads/, as `git branch` shows it.",
        );
    }
    if delivery.environments.is_empty() {
        page.complain(
            &["environments"],
            "There is no environment.",
            "Write one [[environments]] for each, in order.",
        );
    }
    let mut names = BTreeSet::new();
    for (i, stage) in delivery.environments.iter().enumerate() {
        let place = i.to_string();
        if !names.insert(&stage.name) {
            page.complain(
                &["environments", &place, "name"],
                format!("{:?} stands here a second time.", stage.name.as_str()),
                "Name each environment once.",
            );
        }
        check_mechanisms(delivery, stage, &place, page);
    }
    if let Some(deploy) = delivery.runs.as_ref().and_then(|r| r.deploy.as_ref()) {
        check_deploy(delivery, deploy, page);
    }
}

fn check_mechanisms(delivery: &Delivery, stage: &Stage, place: &str, page: &Page<'_>) {
    let deploys = delivery.runs.as_ref().is_some_and(|r| r.deploy.is_some());
    for (key, mechanism) in [("version_by", stage.version_by), ("gate_by", stage.gate_by)] {
        let path = ["environments", place, key];
        if mechanism == Mechanism::Workflow && !deploys {
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
        if key == "gate_by" && mechanism != Mechanism::None && delivery.declared.gate.is_none() {
            page.complain(
                &path,
                "There is no gate key.",
                "Name it in [declared] gate, or write gate_by = \"none\".",
            );
        }
    }
}

fn check_deploy(delivery: &Delivery, deploy: &Deploy, page: &Page<'_>) {
    let name = deploy.environment.as_str();
    if !name.is_empty() && delivery.stage(&deploy.environment).is_none() {
        let names: Vec<&str> = delivery
            .environments
            .iter()
            .map(|stage| stage.name.as_str())
            .collect();
        page.complain(
            &["runs", "deploy", "environment"],
            format!("{name:?} is none of the environments."),
            format!("They are: {}.", names.join(", ")),
        );
    }
    for needed in ["repository", "version"] {
        if !deploy
            .parameters
            .iter()
            .any(|(_, value)| placeholders(value).contains(&needed))
        {
            page.complain(
                &["runs", "deploy", "parameters"],
                format!("No parameter carries {{{needed}}}."),
                format!("Name the parameter whose value is \"{{{needed}}}\"."),
            );
        }
    }
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
