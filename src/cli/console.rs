//! The console: what starts without a command, on what is configured or on the practice yard.
//!
//! Deliberately absent: the loop ([`crate::app`]) and everything that it shows.

use super::arguments::Common;
use super::exit::{Exit, Failure};
use super::{Ended, configured, outside, print, variables, who};
use crate::app::{self, Farewell};
use crate::board::Board;
use crate::config::Config;
use crate::connect;
use crate::journal::Journal;
use crate::state::{Notice, Settings, State, TerminalUi, ThemeSettings, Ui};
use crate::store::Store;
use crate::terminal::{Capabilities, Depth, Error, Relay, Session};
use jiff::Timestamp;
use std::collections::VecDeque;
use std::time::Duration;

/// How long the end waits for what was decided last to be written down.
const WRITING: Duration = Duration::from_secs(2);

/// Starts the console; the yard where nothing is configured.
pub(super) async fn run(common: &Common) -> Ended {
    match configured(common, &variables)? {
        Some(config) => show(config, None).await,
        #[cfg(feature = "yard")]
        None => super::demo::play(leverframe_yard::Options::default(), common).await,
        #[cfg(not(feature = "yard"))]
        None => Err(super::unconfigured().into()),
    }
}

/// What the console says of the practice yard.
pub(super) struct Demo {
    /// The scenario, for the header.
    pub scenario: String,
    /// What is said at the start.
    pub notice: String,
}

/// Shows a configuration until its user leaves; `demo` where it is the practice yard's.
pub(super) async fn show(config: Config, demo: Option<Demo>) -> Ended {
    let capabilities = Capabilities::from_environment();
    let file = connect::journal(&config);
    let (journal, tail) = file.follow();
    let state = state(&config, demo, journal, capabilities);
    let (session, channels) = Session::start(capabilities).map_err(|error| {
        let exit = match error {
            Error::NoTerminal => Exit::Usage,
            _ => Exit::Failed,
        };
        Failure::new(exit, error.to_string())
    })?;
    let (world, wires, writing) = outside::start(config, file, tail);
    let farewell = app::run(state, world, wires, session, channels).await;
    // A disk that hangs must not keep anybody here.
    let _ = tokio::time::timeout(WRITING, writing).await;
    match farewell? {
        Farewell::Left { parting } => {
            if let Some(line) = parting {
                print::safe(&line)?;
            }
            Ok(Exit::Ok)
        }
        Farewell::Ended(cause) => Ok(Exit::Signal(cause.exit_code())),
    }
}

fn state(
    config: &Config,
    demo: Option<Demo>,
    journal: Journal,
    capabilities: Capabilities,
) -> State {
    let mut store = Store::new(&config.delivery);
    for source in connect::sources(config) {
        store.expect(source);
    }
    store.know_taken_back(journal.taken_back());
    let now = Timestamp::now();
    let (scenario, notice) = demo.map(|demo| (demo.scenario, demo.notice)).unzip();
    State {
        delivery: config.delivery.clone(),
        keys: config.keys.clone(),
        settings: Settings {
            who: who::actor(config),
            host: who::host(),
            read_only: config.read_only,
            demo: scenario,
            zone: config.zone.clone(),
            zone_name: config.zone_name.clone(),
            theme: ThemeSettings {
                no_colour: capabilities.depth == Depth::Mono,
                ascii: !capabilities.unicode,
            },
            clusters: super::reached(config),
            logins: connect::sources(config)
                .into_iter()
                .filter(|source| connect::login(config, source).is_some())
                .collect(),
            log_cap: config.log_cap,
        },
        store,
        journal,
        unannounced: Default::default(),
        journal_fault: None,
        calls: VecDeque::new(),
        looks: Default::default(),
        board: Board::default(),
        board_of: None,
        ui: Ui {
            notice: notice.map(|text| Notice {
                text,
                at: now,
                fault: false,
                accepts: None,
                is_back: None,
            }),
            terminal: TerminalUi {
                answers: false,
                relay: capabilities.relay.map(Relay::name),
            },
            ..Ui::default()
        },
        now,
        size: (0, 0),
    }
}
