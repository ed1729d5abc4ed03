//! Arguments: what can be said on the command line. Help, completions and the man page come from here.
//!
//! Deliberately absent: doing any of it (one file per command).

#[cfg(feature = "yard")]
use clap::builder::PossibleValue;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A keyboard-driven console for release operations.
///
/// Without a command the console starts: on what is configured, or on the practice yard where nothing is.
#[derive(Parser, Debug)]
#[command(
    name = "leverframe",
    version = super::VERSION,
    propagate_version = true,
    max_term_width = 110
)]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags of every command.
#[derive(Args, Clone, Debug, Default)]
pub struct Common {
    /// The configuration [default: LEVERFRAME_CONFIG, else ~/.config/leverframe/leverframe.toml]
    #[arg(short = 'c', long = "config", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// A built-in delivery or a delivery file, to look at a clone without any configuration
    #[arg(long, value_name = "NAME|FILE", global = true)]
    pub delivery: Option<String>,
    /// The clone to look at: never fetched, never written
    #[arg(long, value_name = "PATH", global = true)]
    pub repository: Option<PathBuf>,
    /// Make no writing client at all
    #[arg(long, global = true)]
    pub read_only: bool,
    /// How to print
    #[arg(short = 'o', long = "output", value_name = "FORM", value_enum, default_value_t = Form::Table, global = true)]
    pub output: Form,
    /// Seconds to wait for the sources; what is not read by then counts as unread
    #[arg(long, value_name = "SECONDS", default_value_t = 30, global = true)]
    pub limit: u64,
    /// How much to write into the log file, which `leverframe info` names
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t = LogLevel::Info, env = "LEVERFRAME_LOG", hide_env_values = true, global = true)]
    pub log: LogLevel,
}

/// What goes into the log file: everything of a level and of those before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum LogLevel {
    /// Nothing; no file is made
    Off,
    /// Panics, and what could not be written
    Error,
    /// Faults of sources, with what caused them
    Warn,
    /// Starts, ends, and what was sent
    #[default]
    Info,
    /// Every call of the console to the outside
    Debug,
    Trace,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Form {
    /// Columns for people; what came from outside is made harmless
    #[default]
    Table,
    /// One JSON document (of a log one for each line); texts as they came
    Json,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// What is declared, synced and running, for every app in every environment
    Status(StatusArgs),
    /// Everything about one app in one environment
    Target(TargetArgs),
    /// Runs in the clusters, newest first
    Runs(RunsArgs),
    /// The log of a run's step, or of an app's pods
    Logs(LogsArgs),
    /// Who moved an app's version when
    History(HistoryArgs),
    /// How each source is doing
    Sources,
    /// Bring the version of the environment below into this one
    Promote(PromoteArgs),
    /// Bring back the newest earlier version that was good there, or another
    Rollback(RollbackArgs),
    /// Run a failed smoke run again; if it passes it promotes
    Resubmit(ResubmitArgs),
    /// Sync the Application
    Sync(PullArgs),
    /// Have Argo CD look at git again, at the parent app
    Refresh(PullArgs),
    /// Stop the run in flight
    Stop(StopArgs),
    /// Close the gate into an environment for one app
    Hold(PullArgs),
    /// Open the gate into an environment for one app
    Release(PullArgs),
    /// Plans, their outcomes and what they left open
    Journal(JournalArgs),
    /// The practice yard: a whole delivery on this machine, to try every lever on
    #[cfg(feature = "yard")]
    Demo(DemoArgs),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Version, paths, and what the terminal can show: what a report of a fault should say
    Info,
    /// Completions for a shell, on standard output
    Completions {
        /// The shell that they are for
        shell: clap_complete::Shell,
    },
    /// The manual page, on standard output
    Man,
}

/// One app in one environment.
#[derive(Args, Clone, Debug)]
pub struct TargetArgs {
    /// The app, by the name that `status` prints
    pub app: String,
    /// The environment that it is in
    #[arg(short, long, value_name = "ENVIRONMENT")]
    pub environment: String,
}

#[derive(Args, Clone, Debug)]
pub struct StatusArgs {
    /// Only these apps
    pub apps: Vec<String>,
    /// Only this environment; may be given several times
    #[arg(short, long, value_name = "ENVIRONMENT")]
    pub environment: Vec<String>,
}

#[derive(Args, Clone, Debug)]
pub struct RunsArgs {
    /// Only runs of this app: its smoke runs, and the deliveries of what it ships
    pub app: Option<String>,
    /// Only this environment; may be given several times
    #[arg(short, long, value_name = "ENVIRONMENT")]
    pub environment: Vec<String>,
}

#[derive(Args, Clone, Debug)]
pub struct LogsArgs {
    #[command(flatten)]
    pub target: TargetArgs,
    /// A run by its name [default: the newest of the target; where its pods crash or a hook failed, their logs instead]
    #[arg(long, value_name = "NAME", conflicts_with = "pod")]
    pub run: Option<String>,
    /// A step of the run by its display name or id [default: the first that failed, else the last]
    #[arg(long, value_name = "STEP", conflicts_with = "pod")]
    pub step: Option<String>,
    /// A pod of the app by its name, or `app` for the first that is not well
    #[arg(long, value_name = "POD")]
    pub pod: Option<String>,
    /// A container of the pod [default: the one that runs the step or the app]
    #[arg(long, value_name = "NAME")]
    pub container: Option<String>,
    /// The container before it was restarted
    #[arg(long, conflicts_with = "follow")]
    pub previous: bool,
    /// Stay until it ends
    #[arg(short, long)]
    pub follow: bool,
}

#[derive(Args, Clone, Debug)]
pub struct HistoryArgs {
    #[command(flatten)]
    pub target: TargetArgs,
    /// Which file, for an app of several images
    #[arg(long, value_name = "REPOSITORY")]
    pub image: Option<String>,
    /// Read back to the first commit, however long that takes; else 20,000 commits
    #[arg(long)]
    pub all: bool,
}

/// What every lever takes.
#[derive(Args, Clone, Debug)]
pub struct PullArgs {
    #[command(flatten)]
    pub target: TargetArgs,
    /// Which file, for an app of several images
    #[arg(long, value_name = "REPOSITORY")]
    pub image: Option<String>,
    /// Print the plan and send nothing
    #[arg(long, conflicts_with = "wait")]
    pub dry_run: bool,
    /// Send it without asking, where it does not reach production
    #[arg(long)]
    pub yes: bool,
    /// The version that will run, where the plan reaches production (a commit by its first seven digits); the app's name
    /// where no single version moves
    #[arg(long, value_name = "VERSION")]
    pub confirm: Option<String>,
    /// Why; the plan says when one is wanted
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Stay until the last effect was seen, or one is overdue
    #[arg(long)]
    pub wait: bool,
}

#[derive(Args, Clone, Debug)]
pub struct PromoteArgs {
    #[command(flatten)]
    pub pull: PullArgs,
}

#[derive(Args, Clone, Debug)]
pub struct RollbackArgs {
    #[command(flatten)]
    pub pull: PullArgs,
    /// The version to go back to [default: the newest earlier one that was good there; --dry-run prints the next three]
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,
}

#[derive(Args, Clone, Debug)]
pub struct ResubmitArgs {
    #[command(flatten)]
    pub pull: PullArgs,
    /// The run [default: the newest of the app]
    #[arg(long, value_name = "NAME")]
    pub run: Option<String>,
    /// With the gate parameter false: nothing promotes
    #[arg(long)]
    pub tests_only: bool,
}

#[derive(Args, Clone, Debug)]
pub struct StopArgs {
    #[command(flatten)]
    pub pull: PullArgs,
    /// The run [default: the newest of the app]
    #[arg(long, value_name = "NAME")]
    pub run: Option<String>,
}

#[derive(Args, Clone, Debug)]
pub struct JournalArgs {
    /// One plan by the first letters of its id
    pub plan: Option<String>,
    /// Only what is not over
    #[arg(long)]
    pub open: bool,
    /// Also what is over and was moved to the journal's archive
    #[arg(long, conflicts_with_all = ["plan", "open"])]
    pub all: bool,
    /// First look for plans whose outcome is not known, and record what is found
    #[arg(long)]
    pub look: bool,
    /// You looked yourself: record a plan that has no outcome as done or as not done
    #[arg(long, value_name = "DONE", requires = "plan", conflicts_with = "look")]
    pub settle: Option<Looked>,
    /// You are content with what the plan left: close its debt; nothing is written
    #[arg(long, requires = "plan", conflicts_with_all = ["look", "settle"])]
    pub leave: bool,
}

/// What an operator found who looked for a plan.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Looked {
    Done,
    NotDone,
}

/// The yard's scenarios, each with what is wrong in it.
#[cfg(feature = "yard")]
fn scenarios() -> clap::builder::PossibleValuesParser {
    let all = leverframe_yard::Scenario::all();
    all.map(|scenario| PossibleValue::new(scenario.name).help(scenario.summary))
        .into()
}

#[cfg(feature = "yard")]
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "While it is open, a second terminal works on the same yard: leverframe -c FILE, where FILE is the yard's own \
                  leverframe.toml. The console says at its start where that is."
)]
pub struct DemoArgs {
    /// What is wrong when it opens
    #[arg(long, value_name = "NAME", value_parser = scenarios(), default_value = "flaky-smoke")]
    pub scenario: String,
    /// The same seed plays the same
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// How many times as fast as life
    #[arg(long, value_name = "FACTOR")]
    pub speed: Option<f64>,
}

#[derive(Subcommand, Clone, Debug)]
pub enum ConfigCommand {
    /// Connect to everything: contexts, permissions, whether the branch can be pushed, clocks
    Check,
    /// Print a file that is built in, to be copied and edited
    Show {
        /// The delivery file of this name instead of the operator's file
        #[arg(value_name = "DELIVERY")]
        name: Option<String>,
        /// The keys instead
        #[arg(long, conflicts_with = "name")]
        keys: bool,
    },
}
