//! `runs`: runs in the clusters, newest first.
//!
//! Deliberately absent: their trees; the console shows them, and `logs` reads a step.

use super::arguments::{Common, Form, RunsArgs};
use super::exit::Failure;
use super::gather::{Want, gather};
use super::json::moment;
use super::table::{Table, age};
use super::{Ended, print, required};
use crate::delivery::Delivery;
use crate::model::*;
use crate::store::Store;
use jiff::Timestamp;
use serde::Serialize;

/// One run.
#[derive(Serialize)]
pub(super) struct RunLine<'a> {
    pub environment: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
    pub template: Option<&'a str>,
    pub app: Option<&'a str>,
    pub repository: Option<&'a str>,
    pub version: Option<&'a str>,
    pub phase: &'a str,
    pub message: Option<&'a str>,
    pub started: Option<String>,
    pub finished: Option<String>,
    pub resubmitted_from: Option<&'a str>,
    #[serde(skip)]
    pub at: Option<Timestamp>,
}

pub(super) async fn run(args: &RunsArgs, common: &Common) -> Ended {
    let config = required(common)?;
    let mut environments = args
        .environment
        .iter()
        .map(|name| super::environment(&config, name))
        .collect::<Result<Vec<_>, _>>()?;
    let unread = environments
        .iter()
        .find(|e| !config.clusters.contains_key(*e));
    if let Some(environment) = unread {
        return Err(Failure::unconfigured(environment).into());
    }
    if environments.is_empty() {
        environments = config.clusters.keys().cloned().collect();
    }
    if environments.is_empty() {
        return Err(Failure::usage(
            "Runs are read from clusters, and none is configured: add [environments.NAME] to the configuration.",
        )
        .into());
    }
    let gathered = gather(&config, Want::clusters(&environments), common).await?;
    let lines = of(
        &gathered.store,
        &config.delivery,
        &environments,
        args.app.as_deref(),
    );
    match common.output {
        Form::Json => print::json(&serde_json::json!({ "runs": lines }))?,
        Form::Table => {
            let now = Timestamp::now();
            let mut table = Table::new(&[
                "ENVIRONMENT",
                "RUN",
                "TEMPLATE",
                "APP",
                "VERSION",
                "PHASE",
                "STARTED",
                "MESSAGE",
            ]);
            for line in &lines {
                let started = line.at.map(|at| age(now.duration_since(at).as_secs()));
                table.row([
                    line.environment,
                    line.name,
                    line.template.unwrap_or_default(),
                    line.app.or(line.repository).unwrap_or_default(),
                    line.version.unwrap_or_default(),
                    line.phase,
                    started.as_deref().unwrap_or_default(),
                    line.message.unwrap_or_default(),
                ]);
            }
            print::out(&table.to_string())?;
        }
    }
    Ok(gathered.end())
}

/// The runs of some environments, of one app or of all, newest first.
pub(super) fn of<'a>(
    store: &'a Store,
    delivery: &'a Delivery,
    environments: &[Environment],
    app: Option<&str>,
) -> Vec<RunLine<'a>> {
    let labels = delivery.runs.as_ref();
    let mut lines: Vec<RunLine<'a>> = environments
        .iter()
        .filter_map(|environment| store.clusters.get_key_value(environment))
        .flat_map(|(_, cluster)| cluster.runs.iter())
        .map(|run| RunLine {
            environment: run.environment().as_str(),
            namespace: &run.id.namespace,
            name: &run.id.name,
            template: run.template.as_deref(),
            app: labels.and_then(|l| run.word(&l.app_label)),
            repository: labels.and_then(|l| run.word(&l.repository_label)),
            version: labels.and_then(|l| run.word(&l.version_label)),
            phase: run.phase.as_str(),
            message: run.message.as_deref(),
            started: run.started.map(moment),
            finished: run.finished.map(moment),
            resubmitted_from: run.resubmitted_from(),
            at: run.started.or(run.created),
        })
        .filter(|line| app.is_none_or(|app| line.app == Some(app)))
        .collect();
    lines.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.name.cmp(b.name)));
    lines
}
