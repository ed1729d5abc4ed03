//! Outside: runs the console's effects, and sends their results back as messages.
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

/// Runs the effects that reach outside this process, over the connections of one configuration.
pub(super) struct EffectRunner {
    config: Arc<Config>,
    connection: Connection,
    to_loop: ToLoop,
    writers: Option<Writers>,
    logs: mpsc::Sender<(u64, LogPiece)>,
    calls: Calls,
    follows: HashMap<u64, JoinHandle<()>>,
    looking: JoinHandle<()>,
    notes: mpsc::UnboundedSender<Note>,
}

/// What is written down in the order in which it was decided.
enum Note {
    Entry(Box<Entry>),
    Mute(Box<MuteEntry>),
}

/// Sends what comes back to the loop, and holds the journal that both ends read.
#[derive(Clone)]
struct ToLoop {
    messages: mpsc::UnboundedSender<Message>,
    journal: JournalFile,
    mutes: Arc<Mutex<MuteFile>>,
    /// Reads the entries that the loop has not been sent yet.
    tail: Arc<Mutex<Tail>>,
}

/// Connects to everything that is configured. `tail` has read what the state knows of the journal already. The task
/// that comes back ends when the runner is gone and all that it was given is written down.
pub(super) fn start(
    config: Config,
    journal: JournalFile,
    tail: Tail,
) -> (EffectRunner, Wires, JoinHandle<()>) {
    let (messages_to, messages) = mpsc::unbounded_channel();
    let (deltas_to, deltas) = mpsc::channel(WAITING);
    let (logs_to, logs) = mpsc::channel(WAITING);
    let (calls_to, calls) = mpsc::channel(WAITING);
    let connection = connect::start(
        &config,
        &connect::sources(&config),
        &deltas_to,
        Some(&calls_to),
        &connect::Only::default(),
    );
    let to_loop = ToLoop {
        messages: messages_to,
        mutes: Arc::new(Mutex::new(MuteFile::beside(journal.paths()))),
        journal,
        tail: Arc::new(Mutex::new(tail)),
    };
    let (notes, to_write) = mpsc::unbounded_channel();
    let writing = tokio::spawn(write_down(to_loop.clone(), to_write));
    let runner = EffectRunner {
        writers: connect::writers(&config, &connection),
        config: Arc::new(config),
        connection,
        looking: tokio::spawn(watch_journal(to_loop.clone())),
        to_loop,
        logs: logs_to,
        calls: calls_to,
        follows: HashMap::new(),
        notes,
    };
    let wires = Wires {
        messages,
        deltas,
        logs,
        calls,
    };
    (runner, wires, writing)
}

/// Writes one after the other: two that were decided in one turn must not change places in the file.
async fn write_down(to_loop: ToLoop, mut notes: mpsc::UnboundedReceiver<Note>) {
    while let Some(note) = notes.recv().await {
        match note {
            Note::Entry(entry) => to_loop.record(*entry).await,
            Note::Mute(entry) => to_loop.write_mute(*entry).await,
        }
    }
}

impl ToLoop {
    /// Sends a message; a loop that has ended needs none.
    fn send(&self, message: Message) {
        let _ = self.messages.send(message);
    }

    /// Passes on what stands new in the journal.
    async fn pass_on_journal(&self) {
        let mut tail = self.tail.lock().await;
        let news = tail.read();
        if news.afresh {
            let mut journal = Journal::default();
            journal.unreadable = tail.unreadable(false);
            for entry in news.entries {
                journal.add_entry_and_shed(entry);
            }
            self.send(Message::JournalRead(Box::new(journal)));
        } else {
            for entry in news.entries {
                self.send(Message::Recorded(Box::new(entry)));
            }
        }
        if let Some(lines) = news.unreadable {
            self.send(Message::JournalUnreadable(lines));
        }
    }

    /// Passes on what is muted, where that has changed.
    async fn pass_on_mutes(&self) {
        if let Some(mutes) = self.mutes.lock().await.news() {
            self.send(Message::MutesRead(Box::new(mutes)));
        }
    }

    async fn write_mute(&self, entry: MuteEntry) {
        let file = self.mutes.lock().await.clone();
        let written = tokio::task::spawn_blocking(move || file.append(&entry)).await;
        if let Ok(Err(fault)) = written {
            self.send(Message::Warned(fault.to_string()));
        }
        self.pass_on_mutes().await;
    }

    async fn record(&self, entry: Entry) {
        match apply::record(&self.journal, entry).await {
            Ok(written) => {
                if let Some(note) = written.note {
                    self.send(Message::Warned(note));
                }
                self.send(Message::JournalFault(None));
            }
            Err(fault) => self.send(Message::JournalFault(Some(fault))),
        }
        self.pass_on_journal().await;
    }
}

/// Reads the journal again and again, because other consoles of the same user write into it, too.
async fn watch_journal(to_loop: ToLoop) {
    let mut looks = tokio::time::interval(LOOK);
    let mut probes = tokio::time::interval(PROBE);
    let mut fault: Option<Fault> = None;
    loop {
        tokio::select! {
            _ = looks.tick() => {
                to_loop.pass_on_journal().await;
                to_loop.pass_on_mutes().await;
            }
            _ = probes.tick() => {
                let journal = to_loop.journal.clone();
                let probed = tokio::task::spawn_blocking(move || journal.probe().err()).await;
                let now = probed.unwrap_or_else(|error| {
                    Some(Fault::new(FaultKind::Broken, format!("The journal could not be tried: {error}."), ""))
                });
                if now != fault {
                    fault.clone_from(&now);
                    to_loop.send(Message::JournalFault(now));
                }
            }
        }
    }
}

impl EffectRunner {
    fn apply(&mut self, plan: Box<Plan>) {
        let to_loop = self.to_loop.clone();
        let Some(writers) = self.writers.clone() else {
            to_loop.send(Message::Notice(
                "This console is read-only: it has no writer at all. Nothing was sent.".to_owned(),
            ));
            return;
        };
        tokio::spawn(async move {
            let ended = apply::apply(&plan, &writers, &to_loop.journal).await;
            // The loop must get the intent before the outcome.
            to_loop.pass_on_journal().await;
            if let Some(note) = ended.note {
                to_loop.send(Message::Warned(note));
            }
            to_loop.send(Message::Outcome {
                plan: plan.id.clone(),
                outcome: ended.outcome,
            });
        });
    }

    fn look_for(&mut self, id: PlanId, asked: bool) {
        let to_loop = self.to_loop.clone();
        let Some(writers) = self.writers.clone() else {
            to_loop.send(Message::Notice(
                "This console is read-only; settle the plan by hand.".to_owned(),
            ));
            return;
        };
        tokio::spawn(async move {
            let found = apply::look_for(&id, &writers, &to_loop.journal).await;
            to_loop.pass_on_journal().await;
            match found {
                Some(outcome) => to_loop.send(Message::Outcome { plan: id, outcome }),
                None if asked => to_loop.send(Message::Notice(format!(
                    "Nothing shows yet what became of plan {id}; look at the target, then settle it by hand.",
                ))),
                None => {}
            }
        });
    }

    fn write_down(&self, note: Note) {
        // The task that reads them lives as long as this does, unless the program ends.
        let _ = self.notes.send(note);
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

impl Outside for EffectRunner {
    fn begin(&mut self, effect: Effect) {
        match effect {
            Effect::Apply(plan) => self.apply(plan),
            Effect::LookFor { plan, asked } => self.look_for(plan, asked),
            Effect::Record(entry) => self.write_down(Note::Entry(entry)),
            Effect::Mute(entry) => self.write_down(Note::Mute(entry)),
            Effect::Follow { follow, source } => self.follow(follow, source),
            Effect::Unfollow(number) => {
                if let Some(reading) = self.follows.remove(&number) {
                    reading.abort();
                }
            }
            Effect::Open(target) => self.connection.open(target.as_ref()),
            Effect::Refresh(source) => self.connection.refresh(source.as_ref()),
            // The loop has done itself what needs the terminal.
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

impl Drop for EffectRunner {
    fn drop(&mut self) {
        self.looking.abort();
        for reading in self.follows.values() {
            reading.abort();
        }
    }
}

#[cfg(test)]
mod tests;
