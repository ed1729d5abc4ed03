//! `config`: look at the configuration; `check` connects to everything that it names.
//!
//! Deliberately absent: changing it, and changing anything while checking (a push is tried dry).

use super::arguments::{Common, ConfigCommand, Form};
use super::exit::{Exit, Failure};
use super::gather::{Gathered, Want, gather};
use super::table::Table;
use super::{Ended, print, required, shown};
use crate::belongs::clusters::share_objects;
use crate::belongs::lists::all_lists;
use crate::config::{Config, RepositoryAt, built_in};
use crate::connect;
use crate::model::{Environment, Exposure};
use crate::provider::git::commit;
use crate::provider::git::program::redact;
use crate::provider::git::repository::Repository;
use crate::store::Source;
use serde::Serialize;

/// The far side's clock may differ by so many seconds before ages are misleading.
const SKEW_S: i64 = 5;

/// What is said of two environments whose objects are the same.
const ONE_CLUSTER: &str = "one cluster";

/// One thing that was checked.
#[derive(Serialize)]
struct Line {
    source: String,
    what: String,
    /// `ok`, `no`, `unknown`, `note`.
    verdict: &'static str,
    detail: String,
}

pub(super) async fn run(command: &ConfigCommand, common: &Common) -> Ended {
    match command {
        ConfigCommand::Show { name, keys } => show(name.as_deref(), *keys),
        ConfigCommand::Check => check(common).await,
    }
}

fn show(name: Option<&str>, keys: bool) -> Ended {
    let text = match name {
        _ if keys => crate::keymap::BUILT_IN_KEYS,
        None => built_in::CONFIG,
        Some(name) => built_in::delivery(name).ok_or_else(|| {
            Failure::usage(format!(
                "{name:?} is not built in. Built in: {}.",
                built_in::names()
            ))
        })?,
    };
    print::out(text)?;
    Ok(Exit::Ok)
}

async fn check(common: &Common) -> Ended {
    let config = required(common)?;
    let gathered = gather(&config, Want::check(), common).await?;
    let mut lines = files(&config);
    lines.extend(git(&config, &gathered));
    for environment in config.clusters.keys() {
        lines.extend(cluster(&config, &gathered, &Source::Cluster(environment.clone())).await);
    }
    lines.extend(one_cluster(&config, &gathered));
    for stage in &config.delivery.environments {
        if !config.clusters.contains_key(&stage.name) {
            lines.push(Line::new(
                stage.name.as_str(),
                "cluster",
                "note",
                "not configured: shown by what git says alone",
            ));
        }
    }
    match common.output {
        Form::Json => print::json(&serde_json::json!({ "checks": lines }))?,
        Form::Table => {
            let mut table = Table::new(&["SOURCE", "WHAT", "VERDICT", "DETAIL"]);
            for line in &lines {
                table.row([&line.source, &line.what, line.verdict, &line.detail]);
            }
            print::out(&table.to_string())?;
        }
    }
    let ended = gathered.ended();
    if ended != Exit::Ok {
        return Ok(ended);
    }
    if lines.iter().any(|line| line.what == ONE_CLUSTER) {
        return Ok(Exit::Usage);
    }
    // A kind that may not be read, a branch that may not be pushed: the console works, with less.
    Ok(Exit::Ok)
}

/// Every two environments in which an app is the same objects.
fn one_cluster(config: &Config, gathered: &Gathered) -> Vec<Line> {
    let names: Vec<&Environment> = config.clusters.keys().collect();
    let pairs = names
        .iter()
        .enumerate()
        .flat_map(|(i, one)| names[i + 1..].iter().map(move |other| (one, other)));
    pairs
        .filter(|(one, other)| {
            share_objects(&gathered.store, &config.delivery, one, other)
        })
        .map(|(one, other)| {
            Line::new(
                one.as_str(),
                ONE_CLUSTER,
                "no",
                format!("it is the same cluster as {other}: every lever is refused in both. Give each environment the context of its own cluster."),
            )
        })
        .collect()
}

impl Line {
    fn new(source: &str, what: &str, verdict: &'static str, detail: impl Into<String>) -> Self {
        Self {
            source: source.to_owned(),
            what: what.to_owned(),
            verdict,
            detail: detail.into(),
        }
    }
}

fn files(config: &Config) -> Vec<Line> {
    let file = config.file.as_deref().map(shown);
    let mode = if config.read_only {
        "no writing client is made"
    } else {
        "levers can be pulled"
    };
    let mut lines = vec![
        Line::new(
            "config",
            "file",
            "ok",
            file.unwrap_or_else(|| "none: from flags".into()),
        ),
        Line::new("config", "delivery", "ok", &*config.delivery.name),
        Line::new("config", "mode", "note", mode),
        Line::new("config", "time zone", "ok", &config.zone_name),
        Line::new("config", "journal", "note", shown(&config.journal)),
    ];
    for unreadable in &connect::journal(config).load().unreadable {
        lines.push(Line::new("config", "journal", "no", unreadable.to_string()));
    }
    lines
}

fn git(config: &Config, gathered: &Gathered) -> Vec<Line> {
    let store = &gathered.store;
    let place = match &config.repository {
        RepositoryAt::Path(path) => shown(path),
        RepositoryAt::Url(url) => redact(url),
    };
    let mut lines = vec![Line::new("git", "repository", "note", place)];
    let state = store.source(&Source::Git);
    match (&store.tree, state.and_then(|s| s.fault.as_ref())) {
        (_, Some(fault)) => lines.push(Line::new("git", "read", "no", fault.to_string())),
        (None, None) => lines.push(Line::new(
            "git",
            "read",
            "unknown",
            "no answer within the limit",
        )),
        (Some(tree), None) => {
            let tip: String = tree.tip.chars().take(10).collect();
            lines.push(Line::new(
                "git",
                "read",
                "ok",
                format!(
                    "{} files, apps in {} environments, at {tip}",
                    tree.files.len(),
                    tree.apps.len()
                ),
            ));
            for odd in &tree.odd {
                lines.push(Line::new("git", "odd", "note", &**odd));
            }
        }
    }
    let exposure = state.and_then(|state| state.exposure);
    lines.extend(exposure.map(|exposure| connection("git", exposure)));
    lines.extend(committer(config));
    lines.push(match &store.pushable {
        _ if config.read_only => Line::new("git", "push", "note", "not asked: read-only"),
        Some(Ok(())) => Line::new(
            "git",
            "push",
            "ok",
            format!(
                "{} accepts a dry run; a protection of the branch shows only at a real push",
                config.delivery.branch
            ),
        ),
        Some(Err(fault)) if fault.kind.is_refusal() => {
            Line::new("git", "push", "no", fault.to_string())
        }
        Some(Err(fault)) => Line::new("git", "push", "unknown", fault.to_string()),
        None => Line::new("git", "push", "unknown", "no answer within the limit"),
    });
    lines
}

/// Whether git knows the committer's name, which git itself checks only at the moment of committing.
fn committer(config: &Config) -> Option<Line> {
    if config.read_only {
        return None;
    }
    let repository = Repository::open(&connect::git_source(config)).ok()?;
    Some(match commit::author(&repository) {
        Ok(author) => Line::new(
            "git",
            "committer",
            "ok",
            format!(
                "{} <{}>",
                author.name().unwrap_or_default(),
                author.email().unwrap_or_default()
            ),
        ),
        Err(why) => Line::new("git", "committer", "no", why.to_string()),
    })
}

/// Why the way to a source is not safe.
fn connection(name: &str, exposure: Exposure) -> Line {
    let detail = format!(
        "{}: every lever there wants a reason. {}",
        exposure.words(),
        exposure.remedy()
    );
    Line::new(name, "connection", "no", detail)
}

async fn cluster(config: &Config, gathered: &Gathered, source: &Source) -> Vec<Line> {
    let Source::Cluster(environment) = source else {
        return Vec::new();
    };
    let name = environment.as_str();
    let mut lines = Vec::new();
    if let Some(at) = config.clusters.get(environment) {
        lines.push(Line::new(
            name,
            "context",
            "note",
            format!("{} in {}", at.context, shown(&at.kubeconfig)),
        ));
    }
    if let Some(reader) = gathered.connection.cluster(environment)
        && let Some(known) = reader.known()
    {
        lines.push(Line::new(name, "server", "note", known.address.to_string()));
        lines.extend(known.exposure.map(|exposure| connection(name, exposure)));
    }
    let Some(state) = gathered.store.source(source) else {
        return lines;
    };
    if let Some(fault) = &state.fault {
        lines.push(Line::new(name, "connect", "no", fault.to_string()));
        return lines;
    }
    for list in all_lists(&gathered.store, &config.delivery, environment) {
        let what = state.name_of(&list);
        let line = match state.lists.get(&list) {
            Some(of) if of.fault.is_some() => {
                let fault = of.fault.as_ref().map(ToString::to_string);
                Line::new(name, &what, "no", fault.unwrap_or_default())
            }
            Some(of) if of.listed => {
                let cluster = gathered.store.cluster(environment);
                let rows = cluster.map_or(0, |cluster| cluster.count(&list));
                Line::new(name, &what, "ok", format!("{rows} read"))
            }
            _ => Line::new(name, &what, "unknown", "no answer within the limit"),
        };
        lines.push(line);
    }
    lines.push(match state.skew_ms {
        Some(ms) if (ms / 1000).abs() > SKEW_S => Line::new(
            name,
            "clock",
            "no",
            format!(
                "it differs by {} s from this machine's: ages are wrong by as much",
                ms / 1000
            ),
        ),
        // The answer's date has whole seconds, so that less than one says nothing.
        Some(ms) if ms.abs() < 1000 => {
            Line::new(name, "clock", "ok", "within a second of this machine's")
        }
        Some(ms) => Line::new(name, "clock", "ok", format!("differs by {} s", ms / 1000)),
        None => Line::new(name, "clock", "unknown", "its clock was not seen"),
    });
    let permissions = gathered
        .store
        .cluster(environment)
        .map_or(&[][..], |c| &c.permissions);
    if permissions.is_empty() {
        lines.push(Line::new(
            name,
            "permissions",
            "unknown",
            "no answer within the limit",
        ));
    }
    for permission in permissions {
        let verdict = if permission.allowed { "ok" } else { "no" };
        let reason = permission.reason.as_deref().unwrap_or_default();
        lines.push(Line::new(
            name,
            &format!("{} {}", permission.verb, permission.resource),
            verdict,
            format!("in {} {reason}", permission.namespace)
                .trim_end()
                .to_owned(),
        ));
    }
    lines
}
