//! `runs`: runs in the clusters, newest first.
//!
//! Deliberately absent: their trees; the console shows them, and `logs` reads a step.

use super::arguments::{Common, Form, RunsArgs};
use super::exit::Failure;
use super::gather::{Want, gather};
use super::json::moment;
use super::table::{Table, age};
use super::{Ended, print, required};
use crate::belongs::runs;
use crate::delivery::Delivery;
use crate::journal::Journal;
use crate::model::*;
use crate::plan::stopped;
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
    /// The engine's word: of a run that somebody stopped it is `Failed`.
    pub phase: &'a str,
    /// It ended because somebody asked it to: its phase says nothing about what it tested.
    pub stopped: bool,
    /// Somebody asked it to shut down, and it is not over yet.
    pub stopping: bool,
    /// Who stopped it, or is stopping it; null where nobody is known to.
    pub stopped_by: Option<&'a str>,
    pub stop_reason: Option<&'a str>,
    pub message: Option<&'a str>,
    pub started: Option<String>,
    pub finished: Option<String>,
    pub resubmitted_from: Option<&'a str>,
    #[serde(skip)]
    pub at: Option<Timestamp>,
    #[serde(skip)]
    pub state: String,
    /// Who stopped it and why, in words.
    #[serde(skip)]
    pub stop: Option<String>,
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
    if config.clusters.is_empty() {
        return Err(Failure::usage(
            "Runs are read from clusters, and none is configured: add [environments.NAME] to the configuration.",
        )
        .into());
    }
    let want = match &args.app {
        Some(_) => Want::belongings(&environments, &config.delivery),
        None => Want::clusters(&environments),
    };
    let gathered = gather(&config, want, common).await?;
    if environments.is_empty() {
        let all = config.delivery.environments.iter();
        environments = all.map(|stage| stage.name.clone()).collect();
    }
    let app = args.app.as_deref().map(App::new);
    let lines = lines(
        &config.delivery,
        &gathered.journal,
        listed(
            &gathered.store,
            &config.delivery,
            &environments,
            app.as_ref(),
        ),
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
                let message = said_of_end(line);
                let started = line.at.map(|at| age(now.duration_since(at).as_secs()));
                table.row([
                    line.environment,
                    line.name,
                    line.template.unwrap_or_default(),
                    line.app.or(line.repository).unwrap_or_default(),
                    line.version.unwrap_or_default(),
                    &line.state,
                    started.as_deref().unwrap_or_default(),
                    &message,
                ]);
            }
            print::out(&table.to_string())?;
        }
    }
    Ok(gathered.end())
}

/// The runs of an app in some environments, else all that ran in their clusters, newest first.
pub(super) fn listed<'a>(
    store: &'a Store,
    delivery: &Delivery,
    environments: &[Environment],
    app: Option<&App>,
) -> Vec<&'a Run> {
    let mut runs: Vec<&Run> = match app {
        Some(app) => environments
            .iter()
            .flat_map(|environment| {
                let target = Target {
                    environment: environment.clone(),
                    app: app.clone(),
                };
                runs::of_target(store, delivery, &target)
            })
            .collect(),
        None => environments
            .iter()
            .filter_map(|environment| store.cluster(environment))
            .flat_map(|cluster| cluster.runs.iter())
            .collect(),
    };
    runs.sort_by(|a, b| runs::newest_first(a, b));
    runs
}

/// Who stopped it and why, then what the engine says of it.
fn said_of_end(line: &RunLine<'_>) -> String {
    let texts = line.stop.as_deref().into_iter().chain(line.message);
    texts.collect::<Vec<_>>().join("; ")
}

pub(super) fn lines<'a>(
    delivery: &Delivery,
    journal: &'a Journal,
    runs: Vec<&'a Run>,
) -> Vec<RunLine<'a>> {
    let keys = delivery.runs.as_ref();
    let line = |run: &'a Run| {
        let by = stopped::who_stopped(journal, run);
        RunLine {
            environment: run.environment().as_str(),
            namespace: &run.id.namespace,
            name: &run.id.name,
            template: run.template.as_deref(),
            app: keys.and_then(|keys| run.parameter_or_label(&keys.app_label)),
            repository: keys.and_then(|keys| run.parameter_or_label(&keys.repository_label)),
            version: keys.and_then(|keys| run.parameter_or_label(&keys.version_label)),
            phase: run.phase.as_str(),
            stopped: run.was_stopped(),
            stopping: run.is_stopping(),
            stopped_by: by.map(|by| by.who),
            stop_reason: by.and_then(|by| by.reason),
            message: run.message.as_deref(),
            started: run.started.map(moment),
            finished: run.finished.map(moment),
            resubmitted_from: run.resubmitted_from(),
            at: run.begun(),
            state: run.state_in_words(),
            stop: stopped::in_words(journal, run),
        }
    };
    runs.into_iter().map(line).collect()
}
