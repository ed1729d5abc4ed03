//! `logs`: the log of a run's step, or of an app's pods, to standard output.
//!
//! Which log is meant is [`belongs`]' answer, as in the console. On a terminal the lines are made harmless; into a pipe or a
//! file the bytes go as they came. As JSON each line is a document of its own, so that a log can be followed.

pub(in crate::cli) mod printer;

use super::arguments::{Common, LogsArgs};
use super::exit::{Exit, Failure};
use super::gather::{Gathered, Want, gather};
use super::target::no_such_app;
use super::{Ended, print, required};
use crate::belongs::logs::{LogChoice, NoLog, of_app, of_step, of_target, step_named};
use crate::belongs::runs;
use crate::board::status::{Status, status};
use crate::delivery::Delivery;
use crate::model::log::LogSource;
use crate::model::tree::Tree;
use crate::model::*;
use crate::provider::LogPiece;
use crate::provider::kubernetes::logs::{Pace, Reader};
use crate::store::Store;
use jiff::Timestamp;
use printer::Printer;
use tokio::sync::mpsc;

/// Pieces that may wait to be printed.
const WAITING: usize = 64;

pub(super) async fn run(args: &LogsArgs, common: &Common) -> Ended {
    let config = required(common)?;
    let environment = super::environment(&config, &args.target.environment)?;
    if !config.clusters.contains_key(&environment) {
        return Err(Failure::unconfigured(&environment).into());
    }
    let want = Want::belongings(std::slice::from_ref(&environment), &config.delivery);
    let gathered = gather(&config, want, common).await?;
    let Chosen { source, instead } = chosen(
        &gathered.store,
        &config.delivery,
        &environment,
        args,
        Timestamp::now(),
    )
    .map_err(|failure| unless_unread(&gathered, &environment, failure))?;
    let Some(access) = gathered.connection.access(&source.pod.environment) else {
        return Ok(gathered.end());
    };
    if let Some(why) = instead {
        let pod = &source.pod.name;
        print::complain(&format!("{why} What follows is printed by {pod}."));
    }
    let (to, mut pieces) = mpsc::channel(WAITING);
    let reader = Reader {
        access,
        source: &source,
        pace: Pace::of_command(),
        calls: None,
        number: 0,
        pieces: &to,
    };
    let reading = reader.read();
    tokio::pin!(reading);
    let mut printer = Printer::new(common.output);
    let mut over = false;
    loop {
        tokio::select! {
            biased;
            Some((_, piece)) = pieces.recv() => match piece {
                LogPiece::Bytes(stretch) => print::bytes(&printer.print(stretch))?,
                LogPiece::Cut(fault) => print::complain(&format!("{fault} It is asked for again.")),
                LogPiece::Restarted => {
                    print::bytes(&printer.restart())?;
                    print::complain("The container was restarted.");
                }
                LogPiece::Ended => break,
                LogPiece::Failed(fault) => {
                    print::bytes(&printer.end())?;
                    return Err(Failure::from(fault).into());
                }
            },
            () = &mut reading, if !over => over = true,
            else => break,
        }
        if over && pieces.is_empty() {
            break;
        }
    }
    print::bytes(&printer.end())?;
    Ok(Exit::Ok)
}

/// That something is not there can be said only of a cluster that was read.
fn unless_unread(gathered: &Gathered, environment: &Environment, failure: Failure) -> Failure {
    match gathered.ended() {
        _ if failure.exit != Exit::Failed => failure,
        Exit::Ok => failure,
        ended => Failure::new(
            ended,
            format!(
                "What runs in {environment} could not be read. {}",
                gathered.faults()
            ),
        ),
    }
}

/// The log that is meant.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub source: LogSource,
    /// Why it is not a log of the newest run, in a sentence, where nobody named any.
    pub instead: Option<String>,
}

/// The log that is meant: of a pod or of a run's step where they are named, else of the target.
pub(super) fn chosen(
    store: &Store,
    delivery: &Delivery,
    environment: &Environment,
    args: &LogsArgs,
    now: Timestamp,
) -> Result<Chosen, Failure> {
    let target = Target {
        environment: environment.clone(),
        app: App::new(&args.target.app),
    };
    let status = status(store, delivery, &target, now);
    // A run is found by its own name.
    if store.tree.is_some() && status.is_none() && args.run.is_none() {
        return Err(no_such_app(store, &target));
    }
    let mut instead = None;
    let logs = match (&args.pod, &args.run, &args.step) {
        (Some(pod), ..) => of_pod(store, delivery, &target, pod)?,
        (None, None, None) => {
            let by_pods = status.as_ref().is_some_and(Status::speaks_by_pods);
            let found = of_target(store, delivery, &target, by_pods).map_err(missing)?;
            instead = found.instead.map(in_words);
            found.logs
        }
        (None, name, step) => {
            let run = run_of(store, delivery, &target, name.as_deref())?;
            of_named_step(store, run, step.as_deref())?
        }
    };
    let Some(first) = logs.first() else {
        return Err(Failure::new(Exit::Failed, format!("{target} has no log.")));
    };
    let of_one_pod = logs.iter().filter(|log| log.source.pod == first.source.pod);
    let choice = match &args.container {
        Some(name) => of_one_pod
            .clone()
            .find(|log| *log.source.container == **name),
        None => Some(first),
    };
    let Some(choice) = choice else {
        let names: Vec<&str> = of_one_pod.map(|log| &*log.source.container).collect();
        return Err(Failure::usage(format!(
            "{} has no such container. It has: {}.",
            first.source.pod.name,
            names.join(", ")
        )));
    };
    let source = LogSource {
        // With `--follow` the command waits for more.
        previous: args.previous || (choice.source.previous && !args.follow),
        follow: args.follow,
        ..choice.source.clone()
    };
    Ok(Chosen { source, instead })
}

/// The logs of a pod of the app by its name, or of all, those that are not well first, by the word `app`.
fn of_pod(
    store: &Store,
    delivery: &Delivery,
    target: &Target,
    name: &str,
) -> Result<Vec<LogChoice>, Failure> {
    let all = of_app(store, delivery, target).map_err(missing)?;
    if name == "app" {
        return Ok(all);
    }
    let mut names: Vec<String> = all
        .iter()
        .map(|log| log.source.pod.name.to_string())
        .collect();
    let logs: Vec<LogChoice> = all
        .into_iter()
        .filter(|log| *log.source.pod.name == *name)
        .collect();
    if logs.is_empty() {
        names.dedup();
        return Err(Failure::usage(format!(
            "No pod is called {name}. There are: {}.",
            names.join(", ")
        )));
    }
    Ok(logs)
}

/// The run of a name, else the newest of the target.
fn run_of<'a>(
    store: &'a Store,
    delivery: &Delivery,
    target: &Target,
    name: Option<&str>,
) -> Result<&'a Run, Failure> {
    let found = match name {
        Some(name) => runs::by_name(store, delivery, &target.environment, name),
        None => runs::of_target(store, delivery, target).first().copied(),
    };
    found.ok_or_else(|| {
        Failure::new(
            Exit::Failed,
            format!(
                "No such run of {} is in {} (runs are kept for some days only).",
                target.app, target.environment
            ),
        )
    })
}

fn of_named_step(store: &Store, run: &Run, step: Option<&str>) -> Result<Vec<LogChoice>, Failure> {
    let step = match step {
        Some(name) => Some(step_named(run, &Tree::of_run(run), name).ok_or_else(|| {
            let steps: Vec<&str> = run.nodes.read().iter().map(|n| &*n.display_name).collect();
            Failure::usage(format!(
                "{} has no such step. It has: {}.",
                run.id.name,
                steps.join(", ")
            ))
        })?),
        None => None,
    };
    let found = of_step(store, run, step.as_deref()).map_err(missing)?;
    Ok(found.logs)
}

fn in_words(why: NoLog) -> String {
    match why {
        NoLog::Because(why) => why,
        NoLog::NotYet => "Its newest run has no pod yet, so there is no log of it.".to_owned(),
    }
}

fn missing(why: NoLog) -> Failure {
    Failure::new(Exit::Failed, in_words(why))
}
