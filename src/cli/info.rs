//! `info`: which leverframe this is, where its files are, and what the terminal can show.
//!
//! Deliberately absent: asking anything of the outside; `config check` does.

use super::arguments::{Common, Form, LogLevel};
use super::exit::Exit;
use super::{Ended, configured, print, shown, variables};
use crate::config::file::xdg;
use crate::connect;
use crate::log_file;
use crate::terminal::{Capabilities, Depth, Relay};
use serde::Serialize;
use std::io::IsTerminal;
use std::path::PathBuf;
use tracing::level_filters::LevelFilter;

#[derive(Serialize)]
struct Page {
    version: &'static str,
    /// Null in debug builds, and where git was not there to say it.
    commit: Option<&'static str>,
    date: Option<&'static str>,
    yard: bool,
    paths: Paths,
    terminal: Terminal,
}

#[derive(Serialize)]
struct Paths {
    /// The file that is read; null where nothing is configured.
    config: Option<PathBuf>,
    /// Why it cannot be read.
    fault: Option<String>,
    state: Option<PathBuf>,
    cache: Option<PathBuf>,
    /// The files that the journal may be in, best first.
    journal: Vec<PathBuf>,
    log: Option<PathBuf>,
    log_level: String,
}

#[derive(Serialize)]
struct Terminal {
    /// Whether standard input and output are one.
    interactive: bool,
    size: Option<(u16, u16)>,
    term: String,
    colours: &'static str,
    unicode: bool,
    /// What stands between the console and the terminal.
    relay: Option<&'static str>,
}

/// The tracing library's word for a level.
pub(super) fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

pub(super) fn run(common: &Common) -> Ended {
    let page = Page {
        version: env!("CARGO_PKG_VERSION"),
        commit: Some(env!("LEVERFRAME_COMMIT")).filter(|commit| !commit.is_empty()),
        date: Some(env!("LEVERFRAME_COMMIT_DATE")).filter(|date| !date.is_empty()),
        yard: cfg!(feature = "yard"),
        paths: paths(common),
        terminal: terminal(),
    };
    match common.output {
        Form::Json => print::json(&page)?,
        Form::Table => print::safe(&text(&page))?,
    }
    Ok(Exit::Ok)
}

fn paths(common: &Common) -> Paths {
    let found = crate::config::find(common.config.as_deref(), &variables);
    let configured = configured(common, &variables);
    let state = xdg(&variables, "XDG_STATE_HOME", ".local/state");
    let level = level(common.log);
    Paths {
        fault: configured.as_ref().err().map(ToString::to_string),
        journal: match &configured {
            Ok(Some(config)) => connect::journal(config).paths().files().to_vec(),
            _ => Vec::new(),
        },
        config: found,
        cache: xdg(&variables, "XDG_CACHE_HOME", ".cache"),
        log: state
            .as_ref()
            .filter(|_| level != LevelFilter::OFF)
            .map(|folder| folder.join(log_file::NAME)),
        log_level: level.to_string(),
        state,
    }
}

fn terminal() -> Terminal {
    let Capabilities {
        depth,
        unicode,
        relay,
    } = Capabilities::from_environment();
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
    Terminal {
        interactive: std::io::stdin().is_terminal() && std::io::stdout().is_terminal(),
        size: size.map(|size| (size.ws_col, size.ws_row)),
        term: std::env::var("TERM").unwrap_or_default(),
        colours: match depth {
            Depth::Mono => "none",
            Depth::Sixteen => "16",
            Depth::Indexed => "256",
            Depth::True => "16 million",
        },
        unicode,
        relay: relay.map(Relay::name),
    }
}

fn text(page: &Page) -> String {
    let path = |path: &Option<PathBuf>| path.as_deref().map_or("none".to_owned(), shown);
    let paths = &page.paths;
    let terminal = &page.terminal;
    let mut lines = vec![
        format!("leverframe  {}", super::VERSION),
        format!(
            "yard        {}",
            if page.yard { "built in" } else { "left out" }
        ),
        format!("config      {}", path(&paths.config)),
    ];
    lines.extend(
        paths
            .fault
            .iter()
            .flat_map(|fault| fault.lines())
            .map(|line| format!("            {line}")),
    );
    lines.push(format!("state       {}", path(&paths.state)));
    lines.push(format!("cache       {}", path(&paths.cache)));
    for (number, file) in paths.journal.iter().enumerate() {
        let word = if number == 0 { "journal" } else { "else" };
        lines.push(format!("{word:<12}{}", shown(file)));
    }
    lines.push(format!(
        "log         {}, level {}",
        path(&paths.log),
        paths.log_level
    ));
    let size = match terminal.size {
        Some((columns, rows)) => format!(", {columns}x{rows}"),
        None => String::new(),
    };
    let interactive = match terminal.interactive {
        true => "standard input and output",
        false => "standard input or output is none",
    };
    lines.push(format!(
        "terminal    {interactive}{size}, TERM={}",
        terminal.term
    ));
    lines.push(format!(
        "            colours: {}, letters: {}",
        terminal.colours,
        if terminal.unicode { "UTF-8" } else { "ASCII" }
    ));
    if let Some(relay) = terminal.relay {
        lines.push(format!(
            "            {relay} stands between the console and it"
        ));
    }
    lines.join("\n")
}
