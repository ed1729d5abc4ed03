//! `history`: who moved an app's version when, newest first.
//!
//! Deliberately absent: moves of the gate; they stand in the console's history view.

use super::arguments::{Common, Form, HistoryArgs};
use super::exit::Failure;
use super::gather::{Want, gather};
use super::json::{ChangeLine, HistoryPage, moment};
use super::table::Table;
use super::{Ended, print, required};
use crate::board::status::{Status, status};
use crate::connect;
use crate::model::*;
use crate::provider::git::feed::Depth;
use jiff::Timestamp;

pub(super) async fn run(args: &HistoryArgs, common: &Common) -> Ended {
    let config = required(common)?;
    let environment = super::environment(&config, &args.target.environment)?;
    let target = Target {
        environment: environment.clone(),
        app: App::new(&args.target.app),
    };
    let depth = if args.all { Depth::Start } else { Depth::Bound };
    let gathered = gather(&config, Want::history(&target.app, depth), common).await?;
    if gathered.store.tree.is_none() {
        if common.output == Form::Json {
            print::json(&HistoryPage::unread())?;
        }
        return Ok(gathered.end());
    }
    let Some(status) = status(&gathered.store, &config.delivery, &target, Timestamp::now()) else {
        return Err(super::target::no_such_app(&gathered.store, &target).into());
    };
    let repository = which(&status, args.image.as_deref())?;
    let history = &gathered.store.history;
    let is_whole = history.is_whole(&environment, &repository);
    let all = history.changes_of(&environment, &repository);
    let changes: Vec<&Change> = all.iter().filter(|c| c.moves_version()).collect();
    let journal = connect::journal(&config).load();
    match common.output {
        Form::Json => print::json(&HistoryPage {
            whole: is_whole,
            since: history.known_since().map(moment),
            changes: Some(
                changes
                    .iter()
                    .map(|c| ChangeLine::new(c, all, &journal))
                    .collect(),
            ),
        })?,
        Form::Table => {
            let mut table = Table::new(&["AT", "FROM", "TO", "BY", "KIND", "COMMIT"]);
            for change in changes {
                let line = ChangeLine::new(change, all, &journal);
                table.row([
                    moment(change.at),
                    change
                        .from
                        .as_ref()
                        .map(|v| v.short().to_owned())
                        .unwrap_or_default(),
                    change
                        .to
                        .as_ref()
                        .map(|v| v.short().to_owned())
                        .unwrap_or_default(),
                    line.actor.to_owned(),
                    format!("{:?}", line.kind).to_lowercase(),
                    change.commit.chars().take(10).collect(),
                ]);
            }
            print::out(&table.to_string())?;
            if !is_whole {
                print::out(&incomplete(history.known_since(), args.all))?;
            }
        }
    }
    Ok(gathered.end())
}

/// That there may be older changes.
fn incomplete(since: Option<Timestamp>, is_all: bool) -> String {
    let older = match is_all {
        true => "older ones are not in this clone",
        false => "--all reads older ones",
    };
    match since {
        Some(since) => format!("Changes since {}; {older}.\n", moment(since)),
        None => "No history was read.\n".to_owned(),
    }
}

/// The file that is meant, where an app has several.
pub(super) fn which(status: &Status, image: Option<&str>) -> Result<Repository, Failure> {
    let named: Vec<&Repository> = status.images.iter().map(|i| &i.repository).collect();
    let list = || {
        let names: Vec<&str> = named.iter().map(|r| r.as_str()).collect();
        names.join(", ")
    };
    match (image, named.as_slice()) {
        (Some(image), _) => named
            .iter()
            .find(|r| r.as_str() == image)
            .map(|r| (*r).clone())
            .ok_or_else(|| {
                Failure::usage(format!(
                    "{} has no image {image}. It has: {}.",
                    status.target,
                    list()
                ))
            }),
        (None, [only]) => Ok((*only).clone()),
        (None, []) => Err(Failure::usage(format!(
            "{} has no version file.",
            status.target
        ))),
        (None, _) => Err(Failure::usage(format!(
            "{} has several images: say which one by --image. It has: {}.",
            status.target,
            list()
        ))),
    }
}
