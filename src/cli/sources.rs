//! `sources`: how each source is doing.
//!
//! Deliberately absent: mending it; a login command runs in the console or by hand.

use super::arguments::{Common, Form};
use super::gather::{Want, gather};
use super::json::{ParentLine, SourceLine};
use super::table::{Table, age};
use super::{Ended, print, required};
use crate::board::status::{Status, TargetKind, all};
use crate::model::{Health, Sync};
use jiff::Timestamp;

pub(super) async fn run(common: &Common) -> Ended {
    let config = required(common)?;
    let gathered = gather(&config, Want::board(&[]), common).await?;
    let now = Timestamp::now();
    let lines = SourceLine::all(&gathered.store, now);
    let mut parents = all(&gathered.store, &config.delivery, now);
    parents.retain(|status| status.kind == TargetKind::Parent);
    match common.output {
        Form::Json => print::json(&serde_json::json!({
            "sources": lines,
            "parents": parents.iter().map(ParentLine::new).collect::<Vec<_>>(),
        }))?,
        Form::Table => {
            let mut table = Table::new(&["SOURCE", "STATE", "LAST SIGN OF LIFE", "LISTS", "FAULT"]);
            for (line, (_, state)) in lines.iter().zip(gathered.store.sources()) {
                let kinds: Vec<String> = state
                    .lists
                    .iter()
                    .map(|(list, of_list)| {
                        let name = state.name_of(list);
                        match (&of_list.fault, of_list.listed) {
                            (Some(_), _) => format!("{name}!"),
                            (None, true) => name,
                            (None, false) => format!("{name}?"),
                        }
                    })
                    .collect();
                table.row([
                    line.name.clone(),
                    format!("{:?}", line.state).to_lowercase(),
                    line.age_s.map(age).unwrap_or_default(),
                    kinds.join(", "),
                    match (&line.error, state.exposure) {
                        (Some(error), _) => error.clone(),
                        (None, Some(exposure)) => format!("NOT SAFE: {}", exposure.words()),
                        (None, None) => String::new(),
                    },
                ]);
            }
            for parent in &parents {
                table.row(parent_row(parent));
            }
            print::out(&table.to_string())?;
        }
    }
    Ok(gathered.ended())
}

/// An app of apps, through which every version reaches its environment.
fn parent_row(parent: &Status) -> [String; 5] {
    let sync = parent.sync.as_ref().map(Sync::as_str);
    let health = parent.health.as_ref().map(Health::as_str);
    let state = match (parent.is_broken_parent(), sync) {
        (true, _) => "failed",
        (false, Some(_)) => "ok",
        (false, None) => "unread",
    };
    let words: Vec<&str> = [sync, health].into_iter().flatten().collect();
    [
        format!("{} in {}", parent.target.app, parent.target.environment),
        state.to_owned(),
        String::new(),
        words.join(" "),
        match parent.is_broken_parent() {
            true => parent.because.join(" "),
            false => String::new(),
        },
    ]
}
