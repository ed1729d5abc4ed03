//! `history`: who moved an app's version when, newest first.
//!
//! Git is asked, and the runs of deliveries for whose orders they were, as far as they can be read: without them the command
//! ends as well. Deliberately absent: moves of the gate; they stand in the console's history view.

use super::arguments::{Common, Form, HistoryArgs};
use super::exit::Failure;
use super::gather::{PATIENCE, Want, gather};
use super::json::{ChangeLine, HistoryPage, moment};
use super::table::Table;
use super::{Ended, print, required};
use crate::board::status::{Status, status};
use crate::connect;
use crate::delivery::Delivery;
use crate::model::*;
use crate::plan::mover::mover;
use crate::provider::git::feed::Depth;
use crate::store::{ClusterList, Kind, Store, Unread};
use jiff::Timestamp;

pub(super) async fn run(args: &HistoryArgs, common: &Common) -> Ended {
    let config = required(common)?;
    let environment = super::environment(&config, &args.target.environment)?;
    let target = Target {
        environment: environment.clone(),
        app: App::new(&args.target.app),
    };
    let depth = if args.all { Depth::Start } else { Depth::Bound };
    let want = Want::history(&target, depth, &config.delivery);
    let gathered = gather(&config, want, common).await?;
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
    let journal = connect::journal(&config).load();
    let moves = all.iter().filter(|change| change.moves_version());
    let lines: Vec<ChangeLine<'_>> = moves
        .map(|change| {
            let by = mover(&gathered.store, &config.delivery, &journal, change);
            ChangeLine::new(change, by)
        })
        .collect();
    let is_ordered = |line: &ChangeLine<'_>| line.kind == ActorKind::Manual;
    let unread = lines.iter().any(is_ordered);
    let unread = unread.then(|| runs_unread(&gathered.store, &config.delivery));
    let unread = unread.flatten();
    match common.output {
        Form::Json => print::json(&HistoryPage {
            whole: is_whole,
            since: history.known_since().map(moment),
            unread,
            changes: Some(lines),
        })?,
        Form::Table => {
            let mut table = Table::new(&["AT", "FROM", "TO", "BY", "KIND", "COMMIT", "REASON"]);
            for line in &lines {
                let short = |version: Option<&str>| {
                    let version = version.map(Version::new);
                    version.map_or_else(String::new, |version| version.short().to_owned())
                };
                table.row([
                    line.at.clone(),
                    short(line.from),
                    short(line.to),
                    line.actor.to_owned(),
                    format!("{:?}", line.kind).to_lowercase(),
                    line.commit.chars().take(10).collect(),
                    line.reason.unwrap_or_default().to_owned(),
                ]);
            }
            print::out(&table.to_string())?;
            if !is_whole {
                print::out(&incomplete(history.known_since(), args.all))?;
            }
            if let Some(unread) = unread {
                print::complain(&format!(
                    "Whose order a manual change was is not known: {unread}"
                ));
            }
        }
    }
    Ok(gathered.end())
}

/// Why the runs are not read that deliver versions, as a sentence; none where they are, and where none delivers.
fn runs_unread(store: &Store, delivery: &Delivery) -> Option<String> {
    let runs = delivery.runs.as_ref()?;
    let environment = &runs.deploy.as_ref()?.environment;
    let list = ClusterList::new(Kind::Runs, &runs.namespace);
    let why = match store.unread(environment, &list)? {
        Unread::Reading => format!("not read within {} s", PATIENCE.as_secs()),
        why => why.to_string(),
    };
    let why = why.trim_end_matches('.');
    Some(format!("the runs in {environment} are {why}."))
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
