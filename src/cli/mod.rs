//! Command line: one file per command; every screen has a twin here that prints and ends.
//!
//! Deliberately absent: deciding anything. Commands gather facts by the same feeds as the console and ask the same plans.

#[cfg(test)]
mod agreement_tests;
mod arguments;
mod completions;
mod config;
mod console;
#[cfg(feature = "yard")]
mod demo;
pub mod exit;
mod gather;
mod history;
mod info;
mod journal;
pub mod json;
mod logs;
mod outside;
mod print;
mod progress;
mod pull;
mod runs;
mod sources;
mod status;
mod table;
mod target;
mod who;

pub use arguments::Arguments;
pub use exit::Exit;

use crate::config::{ClusterAt, Config, Variables};
use crate::log_file::LogFile;
use crate::plan::show::{self, Clusters};
use crate::provider::git::program;
use arguments::{Command, Common};
use clap::{CommandFactory, Parser};
use color_eyre::eyre::Report;
use exit::Failure;
use std::ffi::OsString;
use std::path::Path;
use std::sync::OnceLock;
use tracing::level_filters::LevelFilter;

/// The version with the commit that it was built from.
pub const VERSION: &str = env!("LEVERFRAME_VERSION");

/// What every command returns: how it ended, or why it did not.
type Ended = Result<Exit, Report>;

impl Arguments {
    /// Reads the process's arguments; prints help and usage faults itself, and ends the process then.
    pub fn read() -> Self {
        Self::parse()
    }

    /// Begins to log what this process does, unless it is to log nothing or does nothing that could go wrong.
    pub fn start_log(&self) -> Option<LogFile> {
        let is_about_itself = matches!(
            self.command,
            Some(Command::Completions { .. } | Command::Man | Command::Info)
        );
        let level = info::level(self.common.log);
        let folder = crate::config::file::xdg(&variables, "XDG_STATE_HOME", ".local/state")?;
        if level == LevelFilter::OFF || is_about_itself {
            return None;
        }
        let log = LogFile::start(&folder, level)?;
        let command = format!("{:?}", self.command);
        // The command's name alone: reasons and versions stand in the journal.
        let name = command.split(['(', ' ', '{']).nth(1).unwrap_or("Console");
        tracing::info!(
            version = VERSION,
            pid = std::process::id(),
            command = name,
            "started"
        );
        Some(log)
    }

    /// The command line as data, for completions, the manual page and tests.
    pub fn described() -> clap::Command {
        Self::command()
    }
}

/// Does what was asked, and returns the process's exit code. Ctrl-C ends any command with 130. No program that was started
/// for it is left behind.
pub async fn run(arguments: Arguments) -> u8 {
    let code = run_to_the_end(arguments).await;
    let _ = tokio::task::spawn_blocking(program::end_all).await;
    code
}

async fn run_to_the_end(arguments: Arguments) -> u8 {
    let ended = match arguments.command {
        // The console has the terminal, where Ctrl-C is a key.
        None => console::run(&arguments.common).await,
        Some(command) => {
            let running = run_command(command, &arguments.common);
            tokio::pin!(running);
            loop {
                tokio::select! {
                    ended = &mut running => break ended,
                    interrupted = interrupted() => {
                        if !pull::is_sending() {
                            break Ok(interrupted);
                        }
                        print::complain("A write is on its way; its outcome is waited for.");
                    }
                }
            }
        }
    };
    let code = match ended {
        Ok(exit) => exit.code(),
        Err(report) => match report.downcast_ref::<Failure>() {
            Some(failure) => {
                tracing::error!(said = failure.said, "failed");
                print::complain(&failure.said);
                failure.exit.code()
            }
            None => {
                let causes: Vec<String> = report.chain().map(ToString::to_string).collect();
                tracing::error!(causes = causes.join(": "), "failed");
                print::complain(&format!("{report:?}"));
                Exit::Failed.code()
            }
        },
    };
    tracing::info!(code, "ended");
    code
}

/// Waits for a signal that ends a command. One that cannot be listened to does what it always did, and `nohup` holds.
async fn interrupted() -> Exit {
    use tokio::signal::unix::{SignalKind, signal};
    let arrives = async |kind: SignalKind| match signal(kind) {
        Ok(mut signal) => signal.recv().await,
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => Exit::Interrupted,
        _ = arrives(SignalKind::terminate()) => Exit::Signal(128 + 15),
        _ = arrives(SignalKind::hangup()), if !is_hang_up_ignored() => Exit::Signal(128 + 1),
    }
}

/// Whether this process was started so that it survives its terminal. Listening to the signal would undo that.
fn is_hang_up_ignored() -> bool {
    static IGNORED: OnceLock<bool> = OnceLock::new();
    *IGNORED.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_some_and(|mask| mask & 1 == 1)
    })
}

async fn run_command(command: Command, common: &Common) -> Ended {
    match command {
        Command::Status(args) => status::run(&args, common).await,
        Command::Target(args) => target::run(&args, common).await,
        Command::Runs(args) => runs::run(&args, common).await,
        Command::Logs(args) => logs::run(&args, common).await,
        Command::History(args) => history::run(&args, common).await,
        Command::Sources => sources::run(common).await,
        Command::Journal(args) => journal::run(&args, common).await,
        #[cfg(feature = "yard")]
        Command::Demo(args) => demo::run(&args, common).await,
        Command::Config(command) => config::run(&command, common).await,
        Command::Info => info::run(common),
        Command::Completions { shell } => completions::completions(shell),
        Command::Man => completions::manual(),
        lever => pull::run(lever, common).await,
    }
}

/// The process's environment.
fn variables(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// What is configured: by the flags, or by a file; none where nothing is.
fn configured(common: &Common, variables: Variables<'_>) -> Result<Option<Config>, Failure> {
    let mut config = match (&common.delivery, &common.repository) {
        (Some(delivery), Some(repository)) => {
            crate::config::of_clone(delivery, repository, variables)?
        }
        (None, None) => {
            let Some(file) = crate::config::find(common.config.as_deref(), variables) else {
                return Ok(None);
            };
            crate::config::load(&file, variables)?
        }
        (Some(_), None) => {
            return Err(Failure::usage(
                "--delivery looks at a clone: say which one by --repository PATH.",
            ));
        }
        (None, Some(_)) => {
            return Err(Failure::usage(format!(
                "--repository looks at a clone by a delivery: say which one by --delivery NAME (built in: {}) or FILE.",
                crate::config::built_in::names()
            )));
        }
    };
    config.read_only |= is_read_only(common, variables);
    Ok(Some(config))
}

/// Whether the flag or the environment forbids every write.
fn is_read_only(common: &Common, variables: Variables<'_>) -> bool {
    let by_environment = crate::config::file::variable(variables, "LEVERFRAME_READ_ONLY")
        .is_some_and(|value| value != "0");
    common.read_only || by_environment
}

/// What is configured; without it a command ends and says what to do. Only the console starts the yard by itself.
fn required(common: &Common) -> Result<Config, Failure> {
    configured(common, &variables)?.ok_or_else(unconfigured)
}

/// Nothing is configured, and what to do then.
fn unconfigured() -> Failure {
    let mut said = String::from(
        "Nothing is configured, so there is nothing to ask. Do one of these:\n\
         \x20 leverframe config show > ~/.config/leverframe/leverframe.toml   and fill it in\n\
         \x20 leverframe COMMAND --delivery govuk --repository PATH           look at a clone, nothing else",
    );
    if cfg!(feature = "yard") {
        said.push_str(
            "\n  leverframe demo                                                 try the console on the practice yard",
        );
    }
    Failure::usage(said)
}

/// How each environment's cluster is reached, for commands that somebody runs by hand, from whichever folder.
fn reached(config: &Config) -> Clusters {
    let reached = |at: &ClusterAt| {
        let file = std::path::absolute(&at.kubeconfig);
        let file = file.unwrap_or_else(|_| at.kubeconfig.clone());
        show::Cluster {
            kubeconfig: file.display().to_string(),
            context: at.context.clone(),
        }
    };
    let clusters = config.clusters.iter();
    clusters
        .map(|(environment, at)| (environment.clone(), reached(at)))
        .collect()
}

/// An environment of the delivery by the name that was typed.
fn environment(config: &Config, name: &str) -> Result<crate::model::Environment, Failure> {
    let environment = crate::model::Environment::new(name);
    if config.delivery.stage(&environment).is_some() {
        return Ok(environment);
    }
    let known: Vec<&str> = config
        .delivery
        .environments
        .iter()
        .map(|s| s.name.as_str())
        .collect();
    Err(Failure::usage(format!(
        "{} has no environment {name:?}. It has: {}.",
        config.delivery.name,
        known.join(", ")
    )))
}

/// How a path is called in sentences.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
