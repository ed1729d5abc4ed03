//! Delivery file: as it is written, read into a checked [`Delivery`].
//!
//! Deliberately absent: defaults that an organisation would have to guess. What a delivery does not have, its file leaves out.

use super::rules::check;
use super::section::Section;
use crate::complaint::{Complaints, Page};
use crate::delivery::versions::{OrderBy, VersionForms};
use crate::delivery::*;
use crate::model::Environment;
use jiff::civil::{Time, Weekday};
use std::path::Path;
use std::sync::Arc;

const MECHANISMS: [(&str, Mechanism); 4] = [
    ("commit", Mechanism::Commit),
    ("branch", Mechanism::Branch),
    ("workflow", Mechanism::Workflow),
    ("none", Mechanism::None),
];

const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// A checked delivery, and the time zone that its file names.
#[derive(Clone, PartialEq, Debug)]
pub struct Checked {
    pub delivery: Delivery,
    pub time_zone: Option<String>,
}

/// Reads a delivery file's text. `file` is named in complaints only.
///
/// # Errors
/// Everything that is wrong with it, each with its line and remedy.
pub fn parse(file: &Path, text: &str) -> Result<Checked, Complaints> {
    let page = Page::open(file, text)?;
    let checked = Section::read_root(&page, |root| Checked {
        time_zone: root.optional_text("time_zone").map(|zone| zone.to_string()),
        delivery: delivery(root),
    });
    check(&checked.delivery, &page);
    page.close(checked)
}

fn delivery(root: &mut Section<'_, '_>) -> Delivery {
    let closed_lately_days = root.number("closed_lately_days", 14);
    if closed_lately_days < 0 {
        root.complain(
            "closed_lately_days",
            "It is below 0.",
            "Write a number of days.",
        );
    }
    let good_after = root.number("good_after", 30);
    // Beyond a year nothing would ever be good.
    if !(0..=525_600).contains(&good_after) {
        root.complain(
            "good_after",
            "It is below 0, or above a year.",
            "Write a number of minutes.",
        );
    }
    let mut environments = root.sections("environments", stage);
    let last = environments.len().saturating_sub(1);
    for (place, stage) in environments.iter_mut().enumerate() {
        stage.rank = last - place;
    }
    Delivery {
        name: root.text("name"),
        repository: root.optional_text("repository"),
        branch: root
            .optional_text("branch")
            .unwrap_or_else(|| "main".into()),
        declared: root.needed_section("declared", |s| declared(s, environments.len())),
        environments,
        versions: root.section("versions", versions).unwrap_or_default(),
        apps: root.section("apps", apps),
        argo_cd: root.section("argo_cd", |s| ArgoCd {
            namespace: s.object_name("namespace"),
            parent: s.optional_text("parent"),
            version_annotation: s.optional_text("version_annotation"),
        }),
        runs: root.section("runs", runs),
        workloads: root.section("workloads", |s| Workloads {
            namespace: s.object_name("namespace"),
            app_label: s.text("app_label"),
            repository_label: s.optional_text("repository_label"),
            containers: s.texts("containers"),
        }),
        robot: root
            .section("robot", |s| Robot {
                names: s.texts("names"),
            })
            .unwrap_or_default(),
        usual: root.section("usual", usual).unwrap_or_default(),
        closed_lately_days,
        good_after_s: good_after * 60,
        links: links(root),
        subjects: root.section("subjects", subjects).unwrap_or_default(),
        hours: root.section("hours", hours),
    }
}

fn stage(section: &mut Section<'_, '_>) -> Stage {
    let name = section.object_name("name");
    let production = section.flag("production", false);
    let version_by = section.needed_word("version_by", &MECHANISMS);
    Stage {
        name: Environment::new(&name),
        production,
        version_by: version_by.unwrap_or(Mechanism::None),
        gate_by: section
            .word("gate_by", &MECHANISMS)
            .unwrap_or(Mechanism::None),
        rank: 0,
    }
}

fn declared(section: &mut Section<'_, '_>, environments: usize) -> DeclaredAt {
    // With one environment every path may be its own.
    let needed: &[&str] = if environments > 1 {
        &["environment", "repository"]
    } else {
        &["repository"]
    };
    let path = section.template("path", &["environment", "repository"], needed);
    section.check_path("path", &path);
    let declared = DeclaredAt {
        path,
        version: section.text("version"),
        promote: section.optional_text("promote"),
        gate: section.optional_text("gate"),
        closed: section.flag("closed", false),
    };
    let keys = [
        ("version", Some(&declared.version)),
        ("promote", declared.promote.as_ref()),
        ("gate", declared.gate.as_ref()),
    ];
    for (name, key) in keys {
        let is_broken = |key: &&Arc<str>| !key.is_empty() && key.split('.').any(str::is_empty);
        if key.filter(is_broken).is_some() {
            section.complain(
                name,
                "A part of the key is empty.",
                "Write it as `key` or `outer.inner`.",
            );
        }
    }
    declared
}

fn versions(section: &mut Section<'_, '_>) -> VersionForms {
    VersionForms::new(
        section.pattern("release"),
        section.pattern("branch"),
        section
            .word("order", &OrderBy::NAMES)
            .unwrap_or(OrderBy::Numeric),
    )
}

fn apps(section: &mut Section<'_, '_>) -> AppsAt {
    let path = section.template("path", &["environment"], &[]);
    section.check_path("path", &path);
    AppsAt {
        path,
        list: section.text("list"),
        name: section
            .optional_text("name")
            .unwrap_or_else(|| "name".into()),
        repository: section.optional_text("repository"),
        images: section.optional_text("images"),
        namespace: section.optional_text("namespace"),
        smoke: section.optional_text("smoke"),
        twin_prefix: section.optional_text("twin_prefix"),
    }
}

fn runs(section: &mut Section<'_, '_>) -> Runs {
    let app_label = section.text("app_label");
    Runs {
        namespace: section.object_name("namespace"),
        smoke: section.text("smoke"),
        version_label: section.text("version_label"),
        repository_label: section
            .optional_text("repository_label")
            .unwrap_or_else(|| app_label.clone()),
        app_label,
        gate_parameter: section.optional_text("gate_parameter").unwrap_or_default(),
        promote_parameter: section
            .optional_text("promote_parameter")
            .unwrap_or_default(),
        promote_step: section.optional_text("promote_step").unwrap_or_default(),
        deploy: section.section("deploy", |s| Deploy {
            template: s.object_name("template"),
            environment: Environment::new(&s.text("environment")),
            environment_label: s.text("environment_label"),
            parameters: s.sections("parameters", |s| {
                (
                    s.text("name"),
                    s.template("value", &["environment", "repository", "version"], &[]),
                )
            }),
        }),
    }
}

fn usual(section: &mut Section<'_, '_>) -> Usual {
    let without = Usual::default();
    Usual {
        commit: section.seconds("commit", without.commit),
        parent_sync: section.seconds("parent_sync", without.parent_sync),
        rollout: section.seconds("rollout", without.rollout),
        smoke: section.seconds("smoke", without.smoke),
        promotion: section.seconds("promotion", without.promotion),
        hop: section.seconds("hop", without.hop),
    }
}

fn links(root: &mut Section<'_, '_>) -> Vec<Arc<str>> {
    root.templates("links", &["environment", "app", "run", "commit", "branch"])
}

fn subjects(section: &mut Section<'_, '_>) -> Subjects {
    let without = Subjects::default();
    let mut subject = |key, without| {
        let known = ["repository", "version", "environment"];
        let text = section.optional_template(key, &known);
        if text.as_ref().is_some_and(|text| text.contains('\n')) {
            section.complain(key, "A subject is one line.", "Take the line end out.");
        }
        text.unwrap_or(without)
    };
    Subjects {
        version: subject("version", without.version),
        hold: subject("hold", without.hold),
        release: subject("release", without.release),
    }
}

fn hours(section: &mut Section<'_, '_>) -> Hours {
    // Whether this machine knows the zone is its own matter.
    let zone = section.text("zone");
    let mut days = Vec::new();
    for (name, day) in DAYS {
        let Some(text) = section.optional_text(name) else {
            continue;
        };
        match span(&text) {
            Some((from, to)) => days.push(Open { day, from, to }),
            None => section.complain(
                name,
                format!("{:?} is no time of a day until another.", &*text),
                "Write it as \"09:30-17:00\".",
            ),
        }
    }
    Hours { zone, days }
}

/// `09:30-17:00`: two times, the earlier first.
fn span(text: &str) -> Option<(Time, Time)> {
    let (from, to) = text.split_once('-')?;
    let from: Time = from.trim().parse().ok()?;
    let to: Time = to.trim().parse().ok()?;
    (from < to).then_some((from, to))
}
