//! `logs`: the log of a run's step, or of an app's pods, to standard output.
//!
//! On a terminal the lines are made harmless; into a pipe or a file the bytes go as they came. As JSON each line is a
//! document of its own, so that a log can be followed.
//! Deliberately absent: searching and filtering; there are programs for it.

use super::arguments::{Common, Form, LogsArgs};
use super::exit::{Exit, Failure};
use super::gather::{Gathered, Want, gather};
use super::{Ended, print, required};
use crate::board::status::crash_reason;
use crate::config::Config;
use crate::model::log::Stretch;
use crate::model::tree::Tree;
use crate::model::*;
use crate::provider::kubernetes::logs::{Pace, Reader};
use crate::provider::{LogPiece, LogSource};
use crate::text::Safe;
use jiff::Timestamp;
use serde::Serialize;
use std::borrow::Cow;
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
    let mut printer = Printer::new(common.output);
    let mut over = false;
    loop {
        tokio::select! {
            biased;
            Some((_, piece)) = pieces.recv() => match piece {
                LogPiece::Bytes(stretch) => print::bytes(&printer.take(stretch))?,
                LogPiece::Cut(fault) => print::complain(&format!("{fault} Following goes on.")),
                LogPiece::Restarted => print::complain("The container was restarted."),
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

/// How a log is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum How {
    /// To a pipe or a file: every byte as it came.
    Bytes,
    /// To a terminal: lines made harmless.
    Lines,
    /// A JSON document for each line.
    Json,
}

/// `logs -o json`: one line.
#[derive(Serialize)]
struct LogLine<'a> {
    at: Option<Timestamp>,
    text: Cow<'a, str>,
}

/// Makes of the pieces of a log what is printed.
struct Printer {
    how: How,
    /// The last line so far, where lines are made, and when it was printed.
    rest: Vec<u8>,
    at: Option<Timestamp>,
}

impl Printer {
    fn new(form: Form) -> Self {
        let how = match form {
            Form::Json => How::Json,
            Form::Table if std::io::stdout().is_terminal() => How::Lines,
            Form::Table => How::Bytes,
        };
        Self {
            how,
            rest: Vec::new(),
            at: None,
        }
    }

    /// What is to be printed of a piece.
    fn take(&mut self, piece: Stretch) -> Vec<u8> {
        if self.how == How::Bytes {
            return piece.bytes;
        }
        let mut printed = Vec::new();
        let mut from = 0;
        for line in piece.bytes.split_inclusive(|b| *b == b'\n') {
            let begins = |(start, _): &(u32, i64)| *start as usize;
            if let Ok(n) = piece.starts.binary_search_by_key(&from, begins) {
                let nanoseconds = i128::from(piece.starts[n].1);
                self.at = Timestamp::from_nanosecond(nanoseconds).ok();
            }
            from += line.len();
            self.rest.extend_from_slice(line);
            if line.ends_with(b"\n") {
                self.rest.pop();
                self.line(&mut printed);
            }
        }
        printed
    }

    /// What is left when the log is over: a line without its end.
    fn end(&mut self) -> Vec<u8> {
        let mut printed = Vec::new();
        if !self.rest.is_empty() {
            self.line(&mut printed);
        }
        printed
    }

    fn line(&mut self, printed: &mut Vec<u8>) {
        let rest = std::mem::take(&mut self.rest);
        let at = self.at.take();
        match self.how {
            How::Json => {
                let line = LogLine {
                    at,
                    text: String::from_utf8_lossy(&rest),
                };
                // Neither a moment nor a text can fail to be JSON.
                let _ = serde_json::to_writer(&mut *printed, &line);
            }
            _ => printed.extend_from_slice(Safe::lossy(&rest).as_bytes()),
        }
        printed.push(b'\n');
    }
}

/// That something is not there can be said only of a cluster that was read.
fn answered(gathered: &Gathered, environment: &Environment) -> Result<(), Failure> {
    match gathered.ended() {
        Exit::Ok => Ok(()),
        ended => Err(Failure::new(
            ended,
            format!(
                "What runs in {environment} could not be read. {}",
                gathered.faults()
            ),
        )),
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
        answered(gathered, environment)?;
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
        answered(gathered, environment)?;
        let faults = gathered.faults();
        return Err(Failure::new(
            Exit::Failed,
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
    if pods.is_empty() {
        answered(gathered, environment)?;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(bytes: &[u8], starts: &[(u32, i64)]) -> Stretch {
        Stretch {
            bytes: bytes.to_vec(),
            starts: starts.to_vec(),
        }
    }

    fn printed(how: How, pieces: Vec<Stretch>) -> String {
        let mut printer = Printer {
            how,
            rest: Vec::new(),
            at: None,
        };
        let mut all: Vec<u8> = pieces.into_iter().flat_map(|p| printer.take(p)).collect();
        all.extend(printer.end());
        String::from_utf8_lossy(&all).into_owned()
    }

    /// Cut inside a line, one line without a stamp, one without an end.
    fn pieces() -> Vec<Stretch> {
        vec![
            stretch(b"one \x1b[31mr", &[(0, 1_500_000_000)]),
            stretch(b"ed\ntwo\n", &[]),
            stretch(b"three", &[(0, 3_000_000_000)]),
        ]
    }

    #[test]
    fn a_log_is_bytes_to_a_pipe_and_harmless_to_a_terminal() {
        assert_eq!(
            printed(How::Bytes, pieces()),
            "one \u{1b}[31mred\ntwo\nthree"
        );
        let shown = printed(How::Lines, pieces());
        assert!(!shown.contains('\u{1b}') && shown.ends_with("\ntwo\nthree\n"));
    }

    #[test]
    fn as_json_each_line_is_a_document_with_its_moment() {
        let text = printed(How::Json, pieces());
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(
            lines,
            [
                serde_json::json!({"at": "1970-01-01T00:00:01.5Z", "text": "one \u{1b}[31mred"}),
                serde_json::json!({"at": null, "text": "two"}),
                serde_json::json!({"at": "1970-01-01T00:00:03Z", "text": "three"}),
            ]
        );
    }
}
