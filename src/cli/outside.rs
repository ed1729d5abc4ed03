//! Outside: how the console's effects reach the world, and how what comes of them comes back as messages.
//!
//! Deliberately absent: deciding, and the terminal (that is the loop's).

use crate::app::{Outside, Wires};
use crate::apply::{self, Writers};
use crate::config::Config;
use crate::connect::{self, Connection};
use crate::effect::Effect;
use crate::journal::file::{JournalFile, Tail};
use crate::journal::mutes::MuteFile;
use crate::journal::{Entry, Journal, MuteEntry};
use crate::message::Message;
use crate::model::log::LogSource;
use crate::model::{Fault, FaultKind};
use crate::plan::{Plan, PlanId};
use crate::provider::kubernetes::logs::{Pace, Reader};
use crate::provider::{Calls, LogPiece};
use crate::store::Source;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

/// Deltas, pieces of logs and calls that may wait for the loop.
const WAITING: usize = 1024;
/// How often the journal is looked at for entries of other consoles.
const LOOK: Duration = Duration::from_millis(250);
/// How often a journal that cannot be written is tried again.
const PROBE: Duration = Duration::from_secs(10);

/// The world of one configuration.
pub(super) struct World {
    config: Arc<Config>,
    connection: Connection,
    told: Telling,
    writers: Option<Writers>,
    logs: mpsc::Sender<(u64, LogPiece)>,
    calls: Calls,
    follows: HashMap<u64, JoinHandle<()>>,
    looking: JoinHandle<()>,
}

/// The way back to the loop, with the journal that both ends read.
#[derive(Clone)]
struct Telling {
    messages: mpsc::UnboundedSender<Message>,
    journal: JournalFile,
    mutes: Arc<Mutex<MuteFile>>,
    /// Entries that the loop has not heard of yet are behind it.
    tail: Arc<Mutex<Tail>>,
}

/// Connects to everything that is configured. `tail` has read what the state knows of the journal already.
pub(super) fn start(config: Config, journal: JournalFile, tail: Tail) -> (World, Wires) {
    let (messages_to, messages) = mpsc::unbounded_channel();
    let (deltas_to, deltas) = mpsc::channel(WAITING);
    let (logs_to, logs) = mpsc::channel(WAITING);
    let (calls_to, calls) = mpsc::channel(WAITING);
    let connection = connect::start(
        &config,
        &connect::sources(&config),
        &deltas_to,
        Some(&calls_to),
        None,
    );
    let told = Telling {
        messages: messages_to,
        mutes: Arc::new(Mutex::new(MuteFile::beside(journal.paths()))),
        journal,
        tail: Arc::new(Mutex::new(tail)),
    };
    let world = World {
        writers: connect::writers(&config, &connection),
        config: Arc::new(config),
        connection,
        looking: tokio::spawn(look(told.clone())),
        told,
        logs: logs_to,
        calls: calls_to,
        follows: HashMap::new(),
    };
    let wires = Wires {
        messages,
        deltas,
        logs,
        calls,
    };
    (world, wires)
}

impl Telling {
    /// The loop that is gone need not be told.
    fn tell(&self, message: Message) {
        let _ = self.messages.send(message);
    }

    /// Passes on what stands new in the journal.
    async fn news(&self) {
        let mut tail = self.tail.lock().await;
        let news = tail.read();
        if news.afresh {
            let mut journal = Journal::default();
            journal.unreadable = tail.unreadable(false);
            for entry in news.entries {
                journal.take_and_shed(entry);
            }
            self.tell(Message::JournalRead(Box::new(journal)));
        } else {
            for entry in news.entries {
                self.tell(Message::Recorded(Box::new(entry)));
            }
        }
        if let Some(lines) = news.unreadable {
            self.tell(Message::JournalUnreadable(lines));
        }
    }

    /// Passes on what is muted, where that has changed.
    async fn mutes(&self) {
        if let Some(mutes) = self.mutes.lock().await.news() {
            self.tell(Message::MutesRead(Box::new(mutes)));
        }
    }

    async fn mute(&self, entry: MuteEntry) {
        let file = self.mutes.lock().await.clone();
        let written = tokio::task::spawn_blocking(move || file.append(&entry)).await;
        if let Ok(Err(fault)) = written {
            self.tell(Message::Told(fault.to_string()));
        }
        self.mutes().await;
    }

    async fn record(&self, entry: Entry) {
        match apply::record(&self.journal, entry).await {
            Ok(written) => {
                if let Some(note) = written.note {
                    self.tell(Message::Told(note));
                }
                self.tell(Message::JournalFault(None));
            }
            Err(fault) => self.tell(Message::JournalFault(Some(fault))),
        }
        self.news().await;
    }
}

/// Looks at the journal again and again: other consoles of the same user write into it, too.
async fn look(told: Telling) {
    let mut looks = tokio::time::interval(LOOK);
    let mut probes = tokio::time::interval(PROBE);
    let mut fault: Option<Fault> = None;
    loop {
        tokio::select! {
            _ = looks.tick() => {
                told.news().await;
                told.mutes().await;
            }
            _ = probes.tick() => {
                let journal = told.journal.clone();
                let probed = tokio::task::spawn_blocking(move || journal.probe().err()).await;
                let now = probed.unwrap_or_else(|error| {
                    Some(Fault::new(FaultKind::Broken, format!("The journal could not be tried: {error}."), ""))
                });
                if now != fault {
                    fault.clone_from(&now);
                    told.tell(Message::JournalFault(now));
                }
            }
        }
    }
}

impl World {
    fn apply(&mut self, plan: Box<Plan>) {
        let told = self.told.clone();
        let Some(writers) = self.writers.clone() else {
            told.tell(Message::Told(
                "This console is read-only: it has no writer at all. Nothing was sent.".to_owned(),
            ));
            return;
        };
        tokio::spawn(async move {
            let ended = apply::apply(&plan, &writers, &told.journal).await;
            // The intent is known to the loop before its outcome is.
            told.news().await;
            if let Some(note) = ended.note {
                told.tell(Message::Told(note));
            }
            told.tell(Message::Outcome {
                plan: plan.id.clone(),
                outcome: ended.outcome,
            });
        });
    }

    fn settle(&mut self, id: PlanId, asked: bool) {
        let told = self.told.clone();
        let Some(writers) = self.writers.clone() else {
            told.tell(Message::Told(
                "This console is read-only; settle the plan by hand.".to_owned(),
            ));
            return;
        };
        tokio::spawn(async move {
            let found = apply::look_for(&id, &writers, &told.journal).await;
            told.news().await;
            match found {
                Some(outcome) => told.tell(Message::Outcome { plan: id, outcome }),
                None if asked => told.tell(Message::Told(format!(
                    "What became of plan {id} cannot be told yet; look at the target, then settle it by hand.",
                ))),
                None => {}
            }
        });
    }

    fn follow(&mut self, number: u64, source: LogSource) {
        let environment = source.pod.environment.clone();
        let pieces = self.logs.clone();
        let calls = self.calls.clone();
        let access = self.connection.access(&environment).cloned();
        let reading = tokio::spawn(async move {
            match access {
                Some(access) => {
                    let reader = Reader {
                        access: &access,
                        source: &source,
                        pace: Pace::default(),
                        calls: Some(&calls),
                        number,
                        pieces: &pieces,
                    };
                    reader.read().await;
                }
                None => {
                    let fault = Fault::new(
                        FaultKind::NotFound,
                        format!("The cluster of {environment} is not configured."),
                        "Add it to the configuration.",
                    );
                    // A loop that is gone need not know.
                    let _ = pieces.send((number, LogPiece::Failed(fault))).await;
                }
            }
        });
        if let Some(before) = self.follows.insert(number, reading) {
            before.abort();
        }
    }
}

impl Outside for World {
    fn begin(&mut self, effect: Effect) {
        match effect {
            Effect::Apply(plan) => self.apply(plan),
            Effect::Settle { plan, asked } => self.settle(plan, asked),
            Effect::Record(entry) => {
                let told = self.told.clone();
                tokio::spawn(async move { told.record(*entry).await });
            }
            Effect::Mute(entry) => {
                let told = self.told.clone();
                tokio::spawn(async move { told.mute(*entry).await });
            }
            Effect::Follow { follow, source } => self.follow(follow, source),
            Effect::Unfollow(number) => {
                if let Some(reading) = self.follows.remove(&number) {
                    reading.abort();
                }
            }
            Effect::Open(target) => self.connection.open(target.as_ref()),
            Effect::Refresh(source) => self.connection.refresh(source.as_ref()),
            Effect::Seek(run) => self
                .connection
                .refresh(Some(&Source::Cluster(run.environment))),
            // What belongs to the terminal was done by the loop.
            Effect::Copy(_)
            | Effect::Save { .. }
            | Effect::Login(_)
            | Effect::Bell
            | Effect::Title(_)
            | Effect::Suspend
            | Effect::Repaint
            | Effect::Quit { .. } => {}
        }
    }

    fn login(&self, source: &Source) -> Option<std::process::Command> {
        connect::login(&self.config, source)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.looking.abort();
        for reading in self.follows.values() {
            reading.abort();
        }
    }
}
