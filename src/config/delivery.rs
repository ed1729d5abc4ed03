//! Delivery file: as it is written, and checked into a [`Delivery`].
//!
//! Deliberately absent: defaults that an organisation would have to guess. What a delivery does not have, its file leaves out.

use super::rules::check;
use crate::complaint::{Complaints, Page, of_toml};
use crate::delivery::*;
use crate::model::Environment;
use jiff::civil::{Time, Weekday};
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) name: String,
    pub(super) repository: Option<String>,
    #[serde(default = "main_branch")]
    pub(super) branch: String,
    pub(super) time_zone: Option<String>,
    #[serde(default = "two_weeks")]
    pub(super) closed_lately_days: i64,
    pub(super) environments: Vec<RawStage>,
    pub(super) declared: RawDeclared,
    pub(super) apps: Option<RawApps>,
    pub(super) argo_cd: Option<RawArgoCd>,
    pub(super) runs: Option<RawRuns>,
    pub(super) workloads: RawWorkloads,
    #[serde(default)]
    pub(super) robot: RawRobot,
    pub(super) usual: Usual,
    pub(super) subjects: RawSubjects,
    pub(super) hours: Option<RawHours>,
    #[serde(default)]
    pub(super) links: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStage {
    pub(super) name: String,
    #[serde(default)]
    pub(super) production: bool,
    pub(super) version_by: Mechanism,
    pub(super) gate_by: Mechanism,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDeclared {
    pub(super) path: String,
    pub(super) version: String,
    pub(super) promote: Option<String>,
    pub(super) gate: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawApps {
    pub(super) path: String,
    pub(super) list: String,
    pub(super) name: String,
    pub(super) repository: String,
    pub(super) images: String,
    pub(super) namespace: String,
    pub(super) smoke: String,
    #[serde(default)]
    pub(super) twin_prefix: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawArgoCd {
    pub(super) namespace: String,
    pub(super) parent: Option<String>,
    pub(super) version_annotation: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRuns {
    pub(super) namespace: String,
    pub(super) smoke: String,
    pub(super) app_label: String,
    pub(super) version_label: String,
    pub(super) repository_label: String,
    pub(super) gate_parameter: String,
    pub(super) promote_parameter: String,
    pub(super) promote_step: String,
    pub(super) deploy: Option<RawDeploy>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDeploy {
    pub(super) template: String,
    pub(super) environment: String,
    pub(super) environment_label: String,
    pub(super) parameters: Vec<RawParameter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawParameter {
    pub(super) name: String,
    pub(super) value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWorkloads {
    pub(super) namespace: String,
    pub(super) app_label: String,
    pub(super) repository_label: Option<String>,
    pub(super) component_label: Option<String>,
    #[serde(default)]
    pub(super) containers: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRobot {
    #[serde(default)]
    pub(super) names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSubjects {
    pub(super) version: String,
    pub(super) hold: String,
    pub(super) release: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHours {
    pub(super) zone: String,
    monday: Option<String>,
    tuesday: Option<String>,
    wednesday: Option<String>,
    thursday: Option<String>,
    friday: Option<String>,
    saturday: Option<String>,
    sunday: Option<String>,
}

impl RawHours {
    /// The days that are named, with what stands there.
    pub(super) fn days(&self) -> impl Iterator<Item = (&'static str, Weekday, &str)> {
        [
            ("monday", Weekday::Monday, &self.monday),
            ("tuesday", Weekday::Tuesday, &self.tuesday),
            ("wednesday", Weekday::Wednesday, &self.wednesday),
            ("thursday", Weekday::Thursday, &self.thursday),
            ("friday", Weekday::Friday, &self.friday),
            ("saturday", Weekday::Saturday, &self.saturday),
            ("sunday", Weekday::Sunday, &self.sunday),
        ]
        .into_iter()
        .filter_map(|(name, day, text)| Some((name, day, text.as_deref()?)))
    }
}

/// `09:30-17:00`: two times, the earlier first.
pub(super) fn span(text: &str) -> Option<(Time, Time)> {
    let (from, to) = text.split_once('-')?;
    let from: Time = from.trim().parse().ok()?;
    let to: Time = to.trim().parse().ok()?;
    (from < to).then_some((from, to))
}

fn main_branch() -> String {
    "main".to_owned()
}
fn two_weeks() -> i64 {
    14
}

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
    let mut page = Page::open(file, text)?;
    let raw: Raw = toml::from_str(text).map_err(|error| {
        of_toml(
            file,
            text,
            &error,
            "`leverframe config show govuk` prints a delivery file with every key and its meaning.",
        )
    })?;
    check(&raw, &mut page);
    let made = Checked {
        time_zone: raw.time_zone.clone(),
        delivery: resolve(raw),
    };
    page.close(Some(made))
}

fn text(text: String) -> Arc<str> {
    Arc::from(text)
}

fn resolve(raw: Raw) -> Delivery {
    let last = raw.environments.len().saturating_sub(1);
    Delivery {
        hours: raw.hours.map(|hours| Hours {
            zone: Arc::from(hours.zone.as_str()),
            days: hours
                .days()
                .filter_map(|(_, day, text)| {
                    let (from, to) = span(text)?;
                    Some(Open { day, from, to })
                })
                .collect(),
        }),
        name: text(raw.name),
        repository: raw.repository.map(text),
        branch: text(raw.branch),
        environments: raw
            .environments
            .into_iter()
            .enumerate()
            .map(|(i, stage)| Stage {
                name: Environment::new(&stage.name),
                production: stage.production,
                version_by: stage.version_by,
                gate_by: stage.gate_by,
                rank: last - i,
            })
            .collect(),
        declared: DeclaredAt {
            path: text(raw.declared.path),
            version: text(raw.declared.version),
            promote: raw.declared.promote.map(text),
            gate: raw.declared.gate.map(text),
        },
        apps: raw.apps.map(|apps| AppsAt {
            path: text(apps.path),
            list: text(apps.list),
            name: text(apps.name),
            repository: text(apps.repository),
            images: text(apps.images),
            namespace: text(apps.namespace),
            smoke: text(apps.smoke),
            twin_prefix: text(apps.twin_prefix),
        }),
        argo_cd: raw.argo_cd.map(|argo_cd| ArgoCd {
            namespace: text(argo_cd.namespace),
            parent: argo_cd.parent.map(text),
            version_annotation: argo_cd.version_annotation.map(text),
        }),
        runs: raw.runs.map(|runs| Runs {
            namespace: text(runs.namespace),
            smoke: text(runs.smoke),
            app_label: text(runs.app_label),
            version_label: text(runs.version_label),
            repository_label: text(runs.repository_label),
            gate_parameter: text(runs.gate_parameter),
            promote_parameter: text(runs.promote_parameter),
            promote_step: text(runs.promote_step),
            deploy: runs.deploy.map(|deploy| Deploy {
                template: text(deploy.template),
                environment: Environment::new(&deploy.environment),
                parameters: deploy
                    .parameters
                    .into_iter()
                    .map(|p| (text(p.name), text(p.value)))
                    .collect(),
                environment_label: text(deploy.environment_label),
            }),
        }),
        workloads: Workloads {
            namespace: text(raw.workloads.namespace),
            app_label: text(raw.workloads.app_label),
            repository_label: raw.workloads.repository_label.map(text),
            component_label: raw.workloads.component_label.map(text),
            containers: raw.workloads.containers.into_iter().map(text).collect(),
        },
        robot: Robot {
            names: raw.robot.names.into_iter().map(text).collect(),
        },
        usual: raw.usual,
        closed_lately_days: raw.closed_lately_days,
        links: raw.links.into_iter().map(text).collect(),
        subjects: Subjects {
            version: text(raw.subjects.version),
            hold: text(raw.subjects.hold),
            release: text(raw.subjects.release),
        },
    }
}
