//! `status`: every app in every environment, as the board has it.
//!
//! Deliberately absent: folding calm rows away, because a script wants all of them.

use super::arguments::{Common, Form, StatusArgs};
use super::exit::Failure;
use super::gather::{RHYTHM, Want, gather};
use super::json::{ParentLine, SourceLine, StatusPage, TargetLine, moment};
use super::table::{Table, age};
use super::{Ended, print, required};
use crate::belongs::lists::unread;
use crate::board::status::{GateState, Status, TargetKind, all};
use crate::model::*;
use crate::store::Kind;
use jiff::Timestamp;

pub(super) async fn run(args: &StatusArgs, common: &Common) -> Ended {
    let config = required(common)?;
    let environments = args
        .environment
        .iter()
        .map(|name| super::environment(&config, name))
        .collect::<Result<Vec<_>, _>>()?;
    let want = match args.apps.as_slice() {
        [app] => Want::board(&environments).with_history_of(&App::new(app), RHYTHM),
        _ => Want::board(&environments),
    };
    let gathered = gather(&config, want, common).await?;
    let now = Timestamp::now();
    let is_named = |s: &Status| args.apps.iter().any(|app| app == s.target.app.as_str());
    let (parents, apps): (Vec<Status>, Vec<Status>) = all(&gathered.store, &config.delivery, now)
        .into_iter()
        .filter(|s| environments.is_empty() || environments.contains(&s.target.environment))
        .partition(|s| s.kind == TargetKind::Parent);
    let statuses: Vec<Status> = apps
        .into_iter()
        .filter(|s| args.apps.is_empty() || is_named(s))
        .collect();
    let known = statuses.iter().chain(&parents);
    let missing: Vec<&str> = args
        .apps
        .iter()
        .map(String::as_str)
        .filter(|app| !known.clone().any(|s| s.target.app.as_str() == *app))
        .collect();
    if !missing.is_empty() && gathered.store.tree.is_some() {
        return Err(Failure::usage(format!(
            "No app or file is called {}. `leverframe status` lists them all.",
            missing.join(", ")
        ))
        .into());
    }
    match common.output {
        Form::Json => print::json(&StatusPage {
            delivery: &config.delivery.name,
            at: moment(now),
            sources: SourceLine::all(&gathered.store, now),
            targets: statuses.iter().map(TargetLine::new).collect(),
            parents: parents.iter().map(ParentLine::new).collect(),
        })?,
        Form::Table => {
            let mut table = Table::new(&[
                "APP",
                "ENVIRONMENT",
                "VERSION",
                "AGE",
                "GATE IN",
                "WAITING",
                "RUNNING",
                "SYNC",
                "HEALTH",
                "SMOKE",
                "ATTENTION",
            ]);
            // An app of apps that is well is asked for by its name.
            let parents = parents
                .iter()
                .filter(|s| is_named(s) || args.apps.is_empty() && s.is_broken_parent());
            for status in statuses.iter().chain(parents) {
                let runs = unread(
                    &gathered.store,
                    &config.delivery,
                    &status.target,
                    Kind::Runs,
                );
                table.row(cells(status, runs.is_some(), now));
            }
            print::out(&table.to_string())?;
        }
    }
    Ok(gathered.end())
}

fn cells(status: &Status, is_smoke_unread: bool, now: Timestamp) -> [String; 11] {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let version = match (&status.version, status.kind) {
        (Some(version), _) => version.short().to_owned(),
        (None, TargetKind::NoFile) => "no file".to_owned(),
        (None, TargetKind::Parent) => "parent".to_owned(),
        (None, _) if status.images.len() > 1 => "several".to_owned(),
        (None, _) => "none".to_owned(),
    };
    let gate = match status.gate_in.state {
        GateState::Open => "open",
        GateState::Held => "held",
        GateState::Manual => "manual",
        GateState::None => "",
    };
    let line = TargetLine::new(status);
    let words: Vec<&str> = status.attention.iter().map(|w| w.label()).collect();
    [
        match status.kind {
            TargetKind::Orphan => format!("({})", status.target.app),
            _ => status.target.app.to_string(),
        },
        status.target.environment.to_string(),
        version,
        status
            .since
            .map(|since| age(now.duration_since(since).as_secs()))
            .unwrap_or_default(),
        gate.to_owned(),
        status.waiting.map(|n| n.to_string()).unwrap_or_default(),
        status
            .live
            .as_ref()
            .map(|live| format!("{}/{}", live.pods_ready, live.pods))
            .unwrap_or_default(),
        text(status.sync.as_ref().map(Sync::as_str)),
        text(status.health.as_ref().map(Health::as_str)),
        match line.smoke {
            None if is_smoke_unread => "unread".to_owned(),
            Some(smoke) if smoke.stopped => "stopped".to_owned(),
            smoke => text(smoke.map(|s| s.phase)),
        },
        words.join(" "),
    ]
}
