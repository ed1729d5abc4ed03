//! `journal`: plans, their outcomes, and what they left to be undone.
//!
//! Deliberately absent: undoing, which is a lever with its own checks.

use super::arguments::{Common, Form, JournalArgs, Looked};
use super::exit::{Exit, Failure};
use super::gather::{Want, gather};
use super::json::moment;
use super::table::Table;
use super::{Ended, configured, print, variables, who};
use crate::apply;
use crate::apply::Writers;
use crate::config::Config;
use crate::connect;
use crate::delivery::Delivery;
use crate::journal::file::JournalFile;
use crate::journal::{Entry, Journal, PlanState, Record, Unreadable, What};
use crate::plan::waits::{next_step, state_in_words};
use crate::plan::{PlanId, Remedy, follow, show};
use crate::store::Store;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::HashSet;
use std::time::Duration;

#[derive(Serialize)]
struct RecordLine<'a> {
    plan: &'a PlanId,
    at: String,
    who: &'a str,
    lever: &'a str,
    environment: &'a str,
    app: &'a str,
    repository: Option<&'a str>,
    from: Option<&'a str>,
    to: Option<&'a str>,
    standing: PlanState,
    outcome: Option<&'a str>,
    because: Option<&'a str>,
    reason: Option<&'a str>,
    debt: Option<&'a str>,
}

pub(super) async fn run(args: &JournalArgs, common: &Common) -> Ended {
    let config = configured(common, &variables)?.ok_or_else(|| {
        Failure::usage(
            "Nothing is configured, so there is no journal: name a configuration by -c FILE.",
        )
    })?;
    let file = connect::journal(&config);
    if args.look {
        let Some(writers) = connect::writers_alone(&config) else {
            return Err(Failure::new(
                Exit::Refused,
                "This is read-only; nothing was looked for and nothing recorded.",
            )
            .into());
        };
        look(&file, &writers, |_| true).await;
        read_and_note(&config, &file, common).await?;
    }
    if let (Some(prefix), Some(looked)) = (&args.plan, args.settle) {
        may_be_settled(one(&file.load(), prefix)?)?;
        if !args.look && !config.read_only {
            // What the facts say of the plan counts more than who says that it was done.
            read_and_note(&config, &file, common).await?;
        }
        settle_by_hand(&config, &file, one(&file.load(), prefix)?, looked).await?;
    }
    if let (Some(prefix), true) = (&args.plan, args.leave) {
        leave(&config, &file, one(&file.load(), prefix)?).await?;
    }
    if !config.read_only {
        // Whoever holds the lock has moved what is over to the archive where there is much of it.
        drop(file.lock(Duration::ZERO));
    }
    if let Some(prefix) = &args.plan {
        return show_one(&file, prefix, args.look || args.settle.is_some(), common);
    }
    let journal = match args.all {
        true => file.load_all(),
        false => file.load(),
    };
    let wanted = |record: &&Record| !args.open || record.debt().is_some() || is_open(record);
    let mut shown = HashSet::new();
    let mut list = List::begin(common)?;
    list.add(&journal, journal.records.iter().rev().filter(wanted))?;
    if args.all {
        shown.extend(journal.records.iter().map(|r| r.plan.id.clone()));
        for older in file.archived() {
            let older = older.load_all();
            let unseen = older.records.iter().rev();
            list.add(&older, unseen.filter(|r| !shown.contains(&r.plan.id)))?;
            // A crash while plans were moved leaves them in two files.
            shown.extend(older.records.iter().map(|r| r.plan.id.clone()));
        }
    }
    list.end(&journal, args, &file)?;
    for lines in &journal.unreadable {
        print::complain(&unreadable(lines));
    }
    Ok(match journal.unreadable.is_empty() {
        true => Exit::Ok,
        false => Exit::Failed,
    })
}

/// One plan whole, wherever it stands.
fn show_one(file: &JournalFile, prefix: &str, was_read: bool, common: &Common) -> Ended {
    let mut journal = file.load();
    if journal.beginning(&prefix.to_ascii_lowercase()).is_empty() {
        let archived = file.archived().into_iter().map(|older| older.load_all());
        let found = archived
            .into_iter()
            .find(|older| !older.beginning(&prefix.to_ascii_lowercase()).is_empty());
        journal = found.unwrap_or(journal);
    }
    let record = one(&journal, prefix)?;
    match common.output {
        Form::Json => print::json(&serde_json::json!({
            "record": RecordLine::new(record),
            "plan": record.plan,
            "outcome": record.outcome.as_ref().map(|(_, outcome)| outcome),
        }))?,
        Form::Table => print::safe(&story(record, was_read))?,
    }
    Ok(Exit::Ok)
}

fn unreadable(lines: &Unreadable) -> String {
    let held = if lines.may_be_recent(Timestamp::now()) {
        " A plan that is under way may be hidden there, so levers are refused until it is a day old."
    } else {
        ""
    };
    format!("The journal cannot be read whole: {lines}.{held}")
}

/// The list while it is printed, file by file: all of them at once would not fit where there are very many.
struct List {
    form: Form,
    is_empty: bool,
}

impl List {
    fn begin(common: &Common) -> Result<Self, Failure> {
        if common.output == Form::Json {
            print::out("{\n  \"records\": [")?;
        }
        Ok(Self {
            form: common.output,
            is_empty: true,
        })
    }

    fn add<'a>(
        &mut self,
        journal: &Journal,
        records: impl Iterator<Item = &'a Record>,
    ) -> Result<(), Failure> {
        let mut table = Table::new(&[
            "PLAN", "AT", "WHO", "LEVER", "TARGET", "MOVE", "STANDING", "REASON", "DEBT",
        ]);
        for record in records {
            let line = RecordLine::new(record);
            if self.form == Form::Json {
                let comma = if self.is_empty { "" } else { "," };
                print::out(&format!("{comma}\n    {}", print::one_line(&line)?))?;
            } else {
                table.row([
                    journal.short(&record.plan.id).to_owned(),
                    line.at,
                    line.who.to_owned(),
                    line.lever.to_owned(),
                    record.plan.request.name_target(),
                    show::moves(&record.plan).unwrap_or_default(),
                    word(line.standing).to_owned(),
                    line.reason.unwrap_or_default().to_owned(),
                    line.debt.unwrap_or_default().to_owned(),
                ]);
            }
            self.is_empty = false;
        }
        if !table.is_empty() {
            print::out(&table.to_string())?;
        }
        Ok(())
    }

    fn end(self, journal: &Journal, args: &JournalArgs, file: &JournalFile) -> Result<(), Failure> {
        let has_older = !args.all && (journal.left_out > 0 || !file.archived().is_empty());
        if self.form == Form::Json {
            let unreadable = print::one_line(&journal.unreadable)?;
            return print::out(&format!(
                "\n  ],\n  \"whole\": {},\n  \"unreadable\": {unreadable}\n}}\n",
                !has_older
            ));
        }
        if self.is_empty {
            let was_any = has_older || !journal.records.is_empty();
            print::out(match (was_any, journal.unreadable.is_empty()) {
                (true, _) => "No plan is open, and none left a debt.\n",
                (false, true) => "No plan was recorded yet.\n",
                (false, false) => "No plan could be read.\n",
            })?;
        }
        if has_older && !args.open {
            print::complain(
                "Older plans that are over are not listed; --all lists them from the journal's archive.",
            );
        }
        Ok(())
    }
}

/// Looks for plans whose outcome is not known, and journals what is found.
pub(super) async fn look(file: &JournalFile, writers: &Writers, wanted: impl Fn(&Record) -> bool) {
    for record in &file.load().records {
        if record.is_without_outcome() && wanted(record) {
            apply::look_for(&record.plan.id, writers, file).await;
        }
    }
}

/// Reads every source, and notes in the journal's file what the facts show by now.
async fn read_and_note(
    config: &Config,
    file: &JournalFile,
    common: &Common,
) -> Result<(), Failure> {
    let gathered = gather(config, Want::board(&[]), common).await?;
    let (store, delivery) = (&gathered.store, &config.delivery);
    note(Some(file), &mut file.load(), store, delivery).await;
    Ok(())
}

/// Notes what the facts show by now of plans under way and of debts, in the journal in memory and, where one is given,
/// in its file.
pub(super) async fn note(
    file: Option<&JournalFile>,
    journal: &mut Journal,
    store: &Store,
    delivery: &Delivery,
) {
    let entries = follow::note_in_memory(journal, store, delivery, Timestamp::now());
    let Some(file) = file else {
        return;
    };
    for entry in entries {
        if let Err(fault) = apply::record(file, entry).await {
            print::complain(&format!("The journal misses what was seen: {fault}"));
        }
    }
}

fn may_be_settled(record: &Record) -> Result<(), Failure> {
    if record.can_be_settled() {
        return Ok(());
    }
    let (id, word) = (&record.plan.id, word(record.plan_state()));
    let because = format!("Plan {id} has an outcome: {word}. Nothing was recorded.");
    Err(Failure::new(Exit::Refused, because))
}

/// Records what an operator says who has looked.
async fn settle_by_hand(
    config: &Config,
    file: &JournalFile,
    record: &Record,
    looked: Looked,
) -> Result<(), Failure> {
    may_be_settled(record)?;
    let entry = Entry {
        at: Timestamp::now(),
        plan: record.plan.id.clone(),
        what: What::Settled {
            done: looked == Looked::Done,
            by: who::actor(config).login,
        },
    };
    let written = apply::record(file, entry).await;
    written
        .map(|_| ())
        .map_err(|fault| Failure::new(Exit::Failed, fault.to_string()))
}

/// Closes a debt without a write: what stands is meant to stay.
async fn leave(config: &Config, file: &JournalFile, record: &Record) -> Result<(), Failure> {
    if record.debt().is_none() {
        return Err(Failure::new(
            Exit::Refused,
            format!(
                "Plan {} has no open debt. Nothing was recorded.",
                record.plan.id
            ),
        ));
    }
    let who = Some(who::actor(config).login);
    let entry = Entry {
        at: Timestamp::now(),
        plan: record.plan.id.clone(),
        what: What::Paid { by: None, who },
    };
    let written = apply::record(file, entry).await;
    written
        .map(|_| ())
        .map_err(|fault| Failure::new(Exit::Failed, fault.to_string()))
}

fn is_open(record: &Record) -> bool {
    matches!(
        record.plan_state(),
        PlanState::Open | PlanState::Underway | PlanState::Late | PlanState::Unknown
    )
}

fn one<'a>(journal: &'a Journal, prefix: &str) -> Result<&'a Record, Failure> {
    let found = journal.beginning(&prefix.to_ascii_lowercase());
    match found.as_slice() {
        [only] => Ok(only),
        [] => Err(Failure::usage(format!(
            "No plan's id begins with {prefix}. `leverframe journal` lists them."
        ))),
        several => Err(Failure::usage(format!(
            "{} plans begin with {prefix}; give more of the id.",
            several.len()
        ))),
    }
}

impl<'a> RecordLine<'a> {
    fn new(record: &'a Record) -> Self {
        let plan = &record.plan;
        Self {
            plan: &plan.id,
            at: moment(plan.made_at),
            who: &plan.who.login,
            lever: plan.request.lever.title(),
            environment: plan.request.target.environment.as_str(),
            app: plan.request.target.app.as_str(),
            repository: plan.request.repository.as_ref().map(|r| r.as_str()),
            from: plan.from.as_ref().map(|v| v.as_str()),
            to: plan.to.as_ref().map(|v| v.as_str()),
            standing: record.plan_state(),
            outcome: record.outcome.as_ref().map(|(_, outcome)| outcome.word()),
            because: record.why_not(),
            reason: plan.request.reason.as_deref(),
            debt: record.debt(),
        }
    }
}

fn word(standing: PlanState) -> &'static str {
    match standing {
        PlanState::Open => "open",
        PlanState::Underway => "waiting",
        PlanState::Done => "done",
        PlanState::Late => "OVERDUE",
        PlanState::CutShort => "cut short",
        PlanState::NotDone => "not done",
        PlanState::Unknown => "UNKNOWN",
    }
}

/// One whole plan: what was intended, and every later entry.
fn story(record: &Record, was_read: bool) -> String {
    let mut plan = record.plan.clone();
    if !record.happened() {
        // What it would have left behind is left by nobody.
        (plan.warning, plan.debt, plan.next) = (None, None, None);
    }
    let mut text = show::text(&plan);
    let stands = state_in_words(record, Timestamp::now(), Remedy::with_command);
    text.push_str(&format!("\nstanding: {stands}\n"));
    let is_awaited = matches!(record.plan_state(), PlanState::Underway | PlanState::Late);
    if is_awaited && !was_read {
        text.push_str(
            "As it was noted last; `leverframe journal --look` reads how far it has come since.\n",
        );
    }
    text.extend(next_step(record).map(|step| format!("{step}\n")));
    for (at, note) in &record.tries {
        text.push_str(&format!("{} tried again: {note}\n", moment(*at)));
    }
    if let Some((at, outcome)) = &record.outcome {
        text.push_str(&format!("{} {}\n", moment(*at), outcome.word()));
    }
    let cut_short = record.cut_short_at();
    for (n, hop) in record.plan.hops.iter().enumerate() {
        if let (Some((at, because)), Some(since)) = (cut_short, record.cut_short_since())
            && at == n
        {
            text.push_str(&format!("{} cut short: {because}\n", moment(since)));
        }
        let seen = record.seen.get(n).copied().flatten();
        let late = record.late.get(n).copied().flatten();
        let line = match (seen, late) {
            _ if cut_short.is_some_and(|(at, _)| n >= at) => {
                format!("will not come: {}", show::awaited(&hop.effect, None))
            }
            (Some(at), _) => format!("{} seen: {}", moment(at), show::effect(&hop.effect)),
            (None, Some(at)) => format!("OVERDUE since {}: {}", moment(at), show::then(hop)),
            (None, None) => format!("waiting for {}", show::then(hop)),
        };
        text.push_str(&line);
        text.push('\n');
    }
    if let Some((at, done, by)) = &record.settled {
        let word = if *done { "done" } else { "not done" };
        text.push_str(&format!(
            "{} settled by hand as {word}, by {by}\n",
            moment(*at)
        ));
    }
    if let (Some(at), Some(by)) = (record.paid, &record.left_by) {
        text.push_str(&format!("{} left as it is, by {by}\n", moment(at)));
    }
    text
}
