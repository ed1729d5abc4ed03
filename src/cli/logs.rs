//! `logs`: the log of a run's step, or of an app's pods, to standard output.
//!
//! On a terminal the lines are made harmless; into a pipe or a file the bytes go as they came.
//! Deliberately absent: searching and filtering; there are programs for it.

use super::arguments::{Common, LogsArgs};
use super::exit::{Exit, Failure};
use super::gather::{Gathered, Want, gather};
use super::{Ended, print, required};
use crate::config::Config;
use crate::model::tree::Tree;
use crate::model::*;
use crate::provider::kubernetes::logs::{Pace, Reader};
use crate::provider::{LogPiece, LogSource};
use crate::store::status::crash_reason;
use crate::text::Safe;
use std::io::IsTerminal;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Pieces that may wait to be printed.
const WAITING: usize = 64;
/// The container that runs a step's own program.
const MAIN: &str = "main";

pub(super) async fn run(args: &LogsArgs, common: &Common) -> Ended {
    let config = required(common)?;
    let environment = super::environment(&config, &args.target.environment)?;
    if !config.clusters.contains_key(&environment) {
        return Err(Failure::unconfigured(&environment).into());
    }
    let gathered = gather(
        &config,
        Want::clusters(std::slice::from_ref(&environment)),
        common,
    )
    .await?;
    let pod = match &args.pod {
        Some(name) => of_app(&config, &gathered, &environment, args, name)?,
        None => of_step(&config, &gathered, &environment, args)?,
    };
    let container = container(&pod, args, &config)?;
    let source = LogSource {
        pod: pod.id.clone(),
        container,
        previous: args.previous,
        follow: args.follow,
    };
    let Some(access) = gathered.connection.access(&environment) else {
        return Ok(gathered.end());
    };
    let (to, mut pieces) = mpsc::channel(WAITING);
    let reader = Reader {
        access,
        source: &source,
        pace: Pace::default(),
        calls: None,
        number: 0,
        pieces: &to,
    };
    let reading = reader.read();
    tokio::pin!(reading);
    let mut printer = Printer::new();
    let mut over = false;
    loop {
        tokio::select! {
            biased;
            Some((_, piece)) = pieces.recv() => match piece {
                LogPiece::Bytes(stretch) => printer.take(&stretch.bytes)?,
                LogPiece::Cut(fault) => print::complain(&format!("{fault} Following goes on.")),
                LogPiece::Restarted => print::complain("The container was restarted."),
                LogPiece::Ended => break,
                LogPiece::Failed(fault) => {
                    printer.end()?;
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
    printer.end()?;
    Ok(Exit::Ok)
}

/// Bytes to a pipe, harmless lines to a terminal.
struct Printer {
    /// The last line so far, where lines are shown.
    rest: Option<Vec<u8>>,
}

impl Printer {
    fn new() -> Self {
        Self {
            rest: std::io::stdout().is_terminal().then(Vec::new),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Some(rest) = &mut self.rest else {
            return print::bytes(bytes);
        };
        rest.extend_from_slice(bytes);
        let Some(end) = rest.iter().rposition(|b| *b == b'\n') else {
            return Ok(());
        };
        let whole: Vec<u8> = rest.drain(..=end).collect();
        let text: String = whole
            .split(|b| *b == b'\n')
            .map(|line| format!("{}\n", Safe::lossy(line)))
            .collect();
        // The split leaves an empty piece behind the last line's end.
        print::out(text.strip_suffix('\n').unwrap_or(&text))
    }

    fn end(&mut self) -> Result<(), Failure> {
        match self.rest.take() {
            Some(rest) if !rest.is_empty() => print::out(&format!("{}\n", Safe::lossy(&rest))),
            _ => Ok(()),
        }
    }
}

/// The pod of a run's step.
fn of_step(
    config: &Config,
    gathered: &Gathered,
    environment: &Environment,
    args: &LogsArgs,
) -> Result<Pod, Failure> {
    let app = &args.target.app;
    let Some(cluster) = gathered.store.cluster(environment) else {
        return Err(Failure::new(Exit::Unreachable, gathered.faults()));
    };
    let labels = config.delivery.runs.as_ref();
    let newest = || {
        cluster
            .runs
            .iter()
            .filter(|r| labels.is_some_and(|l| r.word(&l.app_label) == Some(app)))
            .max_by_key(|r| r.started.or(r.created))
    };
    let run = match &args.run {
        Some(name) => cluster.runs.iter().find(|r| *r.id.name == **name),
        None => newest(),
    };
    let Some(run) = run else {
        let faults = gathered.faults();
        return Err(Failure::new(
            if gathered.ended() == Exit::Ok {
                Exit::Failed
            } else {
                gathered.ended()
            },
            format!(
                "No such run of {app} is in {environment} (runs are kept for some days only). {faults}"
            )
            .trim_end(),
        ));
    };
    if let Nodes::Unread(why) = &run.nodes {
        return Err(Failure::new(
            Exit::Failed,
            format!(
                "The steps of {} cannot be read here: {why}. Open it in Argo Workflows.",
                run.id.name
            ),
        ));
    }
    let tree = Tree::of(run);
    let node = match &args.step {
        Some(step) => run
            .nodes
            .read()
            .iter()
            .find(|n| *n.display_name == **step || *n.id == **step || *n.name == **step)
            .map(|n| n.id.clone()),
        None => tree.opens_on(),
    };
    let Some(node) = node else {
        let steps: Vec<&str> = run.nodes.read().iter().map(|n| &*n.display_name).collect();
        return Err(Failure::usage(format!(
            "{} has no such step. It has: {}.",
            run.id.name,
            steps.join(", ")
        )));
    };
    let wanted = tree.pods_of(&node);
    let pod = wanted.iter().find_map(|id| {
        cluster
            .pods
            .iter()
            .find(|p| p.node_id.as_deref() == Some(&**id) && p.id.namespace == run.id.namespace)
    });
    pod.cloned().ok_or_else(|| {
        Failure::new(
            Exit::Failed,
            format!(
                "The pod of that step of {} is gone (pods of runs that succeeded are removed), and its log with it.",
                run.id.name
            ),
        )
    })
}

/// A pod of the app itself.
fn of_app(
    config: &Config,
    gathered: &Gathered,
    environment: &Environment,
    args: &LogsArgs,
    name: &str,
) -> Result<Pod, Failure> {
    let label = &*config.delivery.workloads.app_label;
    let mut pods: Vec<&Pod> = gathered
        .store
        .cluster(environment)
        .into_iter()
        .flat_map(|c| c.pods.iter())
        .filter(|p| {
            p.labels
                .get(label)
                .is_some_and(|app| **app == *args.target.app)
        })
        .collect();
    // The one that is not well first: that is where it speaks.
    pods.sort_by_key(|p| (crash_reason(p).is_none(), p.ready, p.id.name.clone()));
    let found = match name {
        "app" => pods.first(),
        name => pods.iter().find(|p| *p.id.name == *name),
    };
    found.map(|p| (*p).clone()).ok_or_else(|| {
        let names: Vec<&str> = pods.iter().map(|p| &*p.id.name).collect();
        Failure::new(
            if pods.is_empty() {
                Exit::Failed
            } else {
                Exit::Usage
            },
            match names.as_slice() {
                [] => format!(
                    "{} has no pod in {environment}. {}",
                    args.target.app,
                    gathered.faults()
                )
                .trim_end()
                .to_owned(),
                names => format!("No pod is called {name}. There are: {}.", names.join(", ")),
            },
        )
    })
}

fn container(pod: &Pod, args: &LogsArgs, config: &Config) -> Result<Arc<str>, Failure> {
    let all: Vec<&Arc<str>> = pod
        .containers
        .iter()
        .chain(&pod.init_containers)
        .map(|c| &c.name)
        .collect();
    let named = &config.delivery.workloads.containers;
    let chosen = match &args.container {
        Some(name) => all.iter().find(|c| c.as_ref() == name.as_str()),
        None => all
            .iter()
            .find(|c| c.as_ref() == MAIN || named.contains(c))
            .or(all.first()),
    };
    chosen.map(|c| Arc::clone(c)).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|c| &***c).collect();
        Failure::usage(format!(
            "{} has no such container. It has: {}.",
            pod.id.name,
            names.join(", ")
        ))
    })
}
