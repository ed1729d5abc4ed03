//! Levers on the command line: plan, show, confirm, record, send once, and wait for what follows where that is asked.
//!
//! Deliberately absent: a way around the plan. What the console refuses is refused here, by the same words.

use super::arguments::{Command, Common, Form, PullArgs};
use super::exit::{Exit, Failure};
use super::gather::{Gathered, Want, gather};
use super::{Ended, print, required};
use crate::apply::{apply_under, record};
use crate::belongs::runs::by_name;
use crate::config::Config;
use crate::connect;
use crate::delivery::Delivery;
use crate::journal::file::{JournalFile, Lock};
use crate::journal::{Entry, Journal, PlanState, Record, What};
use crate::model::*;
use crate::plan::waits::{next_step, state_in_words};
use crate::plan::{Context, Lever, Outcome, Plan, Remedy, Request, plan, show};
use crate::store::Store;
use jiff::Timestamp;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often `--wait` looks whether a hop is late while nothing is heard.
const LOOK: Duration = Duration::from_secs(1);

/// Longer than any write may take, so that a second console waits rather than gives up.
const LOCK_WAIT: Duration = Duration::from_secs(90);

/// What was asked for, before the facts are known.
struct Asked {
    lever: Lever,
    args: PullArgs,
    version: Option<String>,
    run: Option<String>,
}

fn asked(command: Command) -> Option<Asked> {
    let plain = |lever, args| Asked {
        lever,
        args,
        version: None,
        run: None,
    };
    Some(match command {
        Command::Promote(args) => plain(Lever::Promote, args.pull),
        Command::Rollback(args) => Asked {
            version: args.to,
            ..plain(Lever::RollBack, args.pull)
        },
        Command::Resubmit(args) => {
            let lever = if args.tests_only {
                Lever::TestsOnly
            } else {
                Lever::Resubmit
            };
            Asked {
                run: args.run,
                ..plain(lever, args.pull)
            }
        }
        Command::Sync(args) => plain(Lever::Sync, args),
        Command::Refresh(args) => plain(Lever::Refresh, args),
        Command::Stop(args) => Asked {
            run: args.run,
            ..plain(Lever::Stop, args.pull)
        },
        Command::Hold(args) => plain(Lever::Hold, args),
        Command::Release(args) => plain(Lever::Release, args),
        _ => return None,
    })
}

pub(super) async fn run(command: Command, common: &Common) -> Ended {
    let Some(asked) = asked(command) else {
        return Err(Failure::usage("That is no lever.").into());
    };
    let config = required(common)?;
    let environment = super::environment(&config, &asked.args.target.environment)?;
    let mut gathered = gather(&config, Want::lever(), common).await?;
    let request = request(&asked, environment, &gathered.store, &config.delivery)?;
    let who = super::who::actor(&config);
    let file = connect::journal(&config);
    if let (false, Some(writers)) = (
        asked.args.dry_run,
        connect::writers(&config, &gathered.connection),
    ) {
        // Another plan may have been sent for the same thing without a known outcome. That outcome has to be found
        // first, because this plan would collide with it.
        super::journal::look(&file, &writers, |record| {
            record.plan.request.target == request.target
        })
        .await;
    }
    // Held until the outcome is written: no two consoles of one user decide and send at once.
    let lock = match asked.args.dry_run || config.read_only {
        true => None,
        false => Some(locked(&file).await?),
    };
    let mut journal = file.load();
    // Earlier plans may have arrived since and are then no longer in flight. A dry run writes nothing.
    let noting = lock.is_some().then_some(&file);
    super::journal::note(noting, &mut journal, &gathered.store, &config.delivery).await;
    gathered.store.know_taken_back(journal.taken_back());
    let fault = file.probe().err();
    let id = super::who::fresh_id();
    let context = Context {
        id: &id,
        store: &gathered.store,
        delivery: &config.delivery,
        journal: &journal,
        journal_fault: fault.as_ref(),
        who: &who,
        read_only: config.read_only,
        now: Timestamp::now(),
    };
    let plan = match plan(&request, &context) {
        Ok(plan) => plan,
        Err(refusal) => {
            if common.output == Form::Json {
                print::json(&serde_json::json!({ "refusal": refusal }))?;
            }
            print::complain(show::refusal(&refusal).trim_end());
            return Ok(Exit::Refused);
        }
    };
    let plan = plan.with_reason(asked.args.reason.clone());
    if common.output == Form::Table {
        print::safe(&show::text(&plan))?;
    }
    if asked.args.dry_run {
        let by_hand = show::commands(&plan, &config.delivery, &super::reached(&config));
        match common.output {
            Form::Json => print::json(
                &serde_json::json!({ "plan": plan, "dry_run": true, "by_hand": by_hand }),
            )?,
            Form::Table => print::safe(&format!("\n{by_hand}"))?,
        }
        return Ok(Exit::Ok);
    }
    if let Some(missing) = unconfirmed(&plan, &asked.args) {
        if common.output == Form::Json {
            print::json(&serde_json::json!({ "plan": plan, "missing": missing }))?;
        }
        print::complain(&format!("{missing} Nothing was sent."));
        return Ok(Exit::Refused);
    }
    let Some(writers) = connect::writers(&config, &gathered.connection) else {
        return Err(Failure::new(Exit::Refused, "This is read-only; nothing was sent.").into());
    };
    let Some(lock) = lock else {
        return Err(Failure::new(Exit::Refused, "This is read-only; nothing was sent.").into());
    };
    let sent = {
        let _sending = Sending::begin();
        apply_under(&lock, &plan, &writers, &file).await
    };
    drop(lock);
    if let Some(note) = &sent.note {
        print::complain(note);
    }
    print_outcome(&sent.outcome, common);
    let mut ended = Exit::of_outcome(&sent.outcome);
    let mut journal = file.load();
    if asked.args.wait && matches!(sent.outcome, Outcome::Applied { .. }) {
        ended = wait(&plan, &config, &mut gathered, &file, &mut journal, common).await?;
    }
    if common.output == Form::Json {
        print::json(&serde_json::json!({
            "plan": plan,
            "outcome": sent.outcome,
            "standing": journal.get(&plan.id).map(|r| r.plan_state()),
            "because": journal.get(&plan.id).and_then(Record::why_not),
        }))?;
    }
    Ok(ended)
}

/// Waits for the lock without holding up the rest.
async fn locked(file: &JournalFile) -> Result<Lock, Failure> {
    let file = file.clone();
    let locked = tokio::task::spawn_blocking(move || file.lock(LOCK_WAIT)).await;
    match locked {
        Ok(Ok(lock)) => Ok(lock),
        Ok(Err(fault)) => Err(Failure::new(
            Exit::Refused,
            format!("{fault} Nothing was sent."),
        )),
        Err(error) => Err(Failure::new(
            Exit::Failed,
            format!("The journal could not be locked: {error}. Nothing was sent."),
        )),
    }
}

static SENDING: AtomicBool = AtomicBool::new(false);

/// Whether a write is on its way: it is waited for, whatever the keyboard says, since interrupting it would make its outcome
/// unknown.
pub(super) fn is_sending() -> bool {
    SENDING.load(Ordering::SeqCst)
}

struct Sending;

impl Sending {
    fn begin() -> Self {
        SENDING.store(true, Ordering::SeqCst);
        Sending
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        SENDING.store(false, Ordering::SeqCst);
    }
}

fn request(
    asked: &Asked,
    environment: Environment,
    store: &Store,
    delivery: &Delivery,
) -> Result<Request, Failure> {
    let target = Target {
        environment,
        app: App::new(&asked.args.target.app),
    };
    let run = match &asked.run {
        None => None,
        Some(name) => Some(run_typed(store, delivery, &target, name)?),
    };
    Ok(Request {
        repository: asked.args.image.as_deref().map(Repository::new),
        version: asked.version.as_deref().map(Version::new),
        reason: asked.args.reason.clone(),
        ..Request::new(asked.lever, target).about_run(run)
    })
}

/// The run of a name that was typed for a target.
pub(super) fn run_typed(
    store: &Store,
    delivery: &Delivery,
    target: &Target,
    name: &str,
) -> Result<ObjectId, Failure> {
    let Target { environment, app } = target;
    let found = by_name(store, delivery, environment, name);
    found.map(|run| run.id.clone()).ok_or_else(|| {
        Failure::usage(format!(
            "No cluster that was read has a run {name}. `leverframe runs {app} --environment {environment}` lists them."
        ))
    })
}

/// What is missing before the plan may be sent; none where it is confirmed as its reach demands.
fn unconfirmed(plan: &Plan, args: &PullArgs) -> Option<String> {
    if plan.wants_reason() && args.reason.as_deref().is_none_or(|r| r.trim().is_empty()) {
        return Some("The plan wants a reason: add --reason TEXT.".to_owned());
    }
    match (plan.typed(), &args.confirm) {
        (Some(wanted), Some(typed)) if *typed == wanted => None,
        (Some(wanted), Some(typed)) => Some(format!(
            "It reaches production: {} is {wanted}, not {typed}.",
            plan.typed_is()
        )),
        (Some(wanted), None) => Some(format!(
            "It reaches production: --yes does not suffice, add --confirm {wanted}, {}.",
            plan.typed_is()
        )),
        (None, _) if args.yes => None,
        (None, Some(typed)) if plan.to.as_ref().is_some_and(|v| v.short() == typed) => None,
        (None, _) => Some("Add --yes to send it.".to_owned()),
    }
}

fn print_outcome(outcome: &Outcome, common: &Common) {
    let said = match outcome {
        Outcome::Applied { evidence } => format!("applied: {evidence}"),
        Outcome::Refused { because } => format!("refused: {because}"),
        Outcome::Failed {
            because, remedy, ..
        } => format!("failed: {because} {remedy}"),
        Outcome::Unknown { because } => {
            format!(
                "unknown: {because} Do not send it again; `leverframe journal --look` finds out what became of it."
            )
        }
    };
    match (outcome, common.output) {
        (Outcome::Applied { .. }, Form::Table) => {
            // Standard output is checked again when the command ends.
            let _ = print::safe(&format!("{said}\n"));
        }
        _ => print::complain(said.trim_end()),
    }
}

/// Waits until every hop was seen, or one is late.
async fn wait(
    plan: &Plan,
    config: &Config,
    gathered: &mut Gathered,
    file: &JournalFile,
    journal: &mut Journal,
    common: &Common,
) -> Result<Exit, Failure> {
    let mut look = tokio::time::interval(LOOK);
    let mut said = None;
    loop {
        let Some(known) = journal.get(&plan.id).cloned() else {
            return Ok(Exit::Unknown);
        };
        let news = crate::plan::follow::follow(
            &known,
            journal,
            &gathered.store,
            &config.delivery,
            Timestamp::now(),
        );
        for what in news {
            if let (Form::Table, What::Seen { hop }) = (common.output, &what)
                && let Some(hop) = plan.hops.get(*hop)
            {
                print::safe(&format!("seen: {}\n", show::effect(&hop.effect)))?;
            }
            let entry = Entry {
                at: Timestamp::now(),
                plan: plan.id.clone(),
                what,
            };
            journal.add_entry(entry.clone());
            if let Err(fault) = record(file, entry).await {
                print::complain(&format!("The journal misses what was seen: {fault}"));
            }
        }
        if let Some(record) = journal
            .get(&plan.id)
            .filter(|_| common.output == Form::Table)
        {
            // Said once a hop, and when it ends.
            let now = (record.awaited(), record.plan_state());
            if said.replace(now) != Some(now) {
                print::safe(&format!(
                    "{}\n",
                    state_in_words(record, Timestamp::now(), Remedy::with_command)
                ))?;
            }
        }
        match journal.get(&plan.id).map(|r| r.plan_state()) {
            Some(PlanState::Done) => return Ok(Exit::Ok),
            Some(PlanState::Late) => return Ok(Exit::Late),
            Some(PlanState::CutShort) => {
                let record = journal.get(&plan.id);
                if let Some(step) = record.and_then(next_step) {
                    print::complain(step);
                }
                // What was declared stands in git, or did.
                let has_changed = record.is_some_and(Record::happened);
                return Ok(if has_changed {
                    Exit::Late
                } else {
                    Exit::Failed
                });
            }
            Some(PlanState::NotDone) => return Ok(Exit::Failed),
            Some(PlanState::Unknown) | None => return Ok(Exit::Unknown),
            Some(PlanState::Open | PlanState::Underway) => {}
        }
        tokio::select! {
            delta = gathered.deltas.recv() => match delta {
                Some(delta) => {
                    gathered.store.apply(delta);
                    // What came with it is taken in before the hops are looked at.
                    while let Ok(delta) = gathered.deltas.try_recv() {
                        gathered.store.apply(delta);
                    }
                }
                None => return Err(Failure::new(Exit::Unreachable, "Nothing is read any more; the hops are not known.")),
            },
            _ = look.tick() => {}
        }
    }
}
