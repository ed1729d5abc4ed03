//! Apply: the way of a plan into the world: under the lock the journal is read again, the intent is on the disk, one write is
//! sent once, and what became of it is journalled.
//!
//! Deliberately absent: deciding, and sending anything a second time. What became of a plan whose outcome is
//! unknown is found by looking.

use crate::journal::file::{JournalFile, Lock, Written};
use crate::journal::{Entry, Record, What};
use crate::model::{Environment, Fault};
use crate::plan::{CheckName, Outcome, Plan, PlanId, Write, checks};
use crate::provider::Writer;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The decision was made before the lock was taken, so it must not grow old at the lock: who meets another console that is
/// sending decides again.
const LOCK_WAIT: Duration = Duration::from_millis(500);
/// Looking does not wait for somebody who is sending.
const LOOK_WAIT: Duration = Duration::from_millis(200);

/// Who sends what. Read-only mode constructs none.
#[derive(Clone, Default)]
pub struct Writers {
    pub git: Option<Arc<dyn Writer>>,
    pub clusters: BTreeMap<Environment, Arc<dyn Writer>>,
}

impl Writers {
    /// The one that a write is for.
    pub fn writer_for(&self, write: &Write) -> Option<&Arc<dyn Writer>> {
        match write {
            Write::Commit { .. } => self.git.as_ref(),
            Write::Create { environment, .. } => self.clusters.get(environment),
            Write::Patch { id, .. } => self.clusters.get(&id.environment),
        }
    }
}

/// What became of a plan, and what is to be said about its journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    pub outcome: Outcome,
    /// The journal is not where it usually is, or the outcome could not be written into it.
    pub note: Option<String>,
}

impl Ended {
    fn unsent(outcome: Outcome) -> Self {
        Self {
            outcome,
            note: None,
        }
    }
}

/// Takes the lock, and sends a plan once. Returns when the far side answered or did not; effects are seen later, by feeds.
pub async fn apply(plan: &Plan, writers: &Writers, journal: &JournalFile) -> Ended {
    let locking = journal.clone();
    let locked = tokio::task::spawn_blocking(move || locking.lock(LOCK_WAIT)).await;
    match locked {
        Ok(Ok(lock)) => apply_under(&lock, plan, writers, journal).await,
        Ok(Err(fault)) => Ended::unsent(Outcome::Refused {
            because: fault.to_string(),
        }),
        Err(error) => Ended::unsent(Outcome::Refused {
            because: format!("The journal could not be locked: {error}. Nothing was sent."),
        }),
    }
}

/// The same for who holds the lock since before it decided, as the command line does.
pub async fn apply_under(
    _lock: &Lock,
    plan: &Plan,
    writers: &Writers,
    journal: &JournalFile,
) -> Ended {
    let Some(writer) = writers.writer_for(&plan.write) else {
        return Ended::unsent(Outcome::Failed {
            because: "This console has no writer for it. Nothing was sent.".into(),
            remedy: "Start it without --read-only, with that environment configured.".into(),
        });
    };
    let written = match intend(plan, journal).await {
        Ok(written) => written,
        Err(outcome) => return Ended::unsent(outcome),
    };
    let said = Mutex::new(written.note);
    let tried = |note: &str| {
        // On the disk before the try is made, so this thread waits for it.
        let what = What::Tried { note: note.into() };
        if let Err(fault) = journal.append(&entry(&plan.id, what)) {
            note_down(
                &said,
                format!("A further try is not in the journal. {fault}"),
            );
        }
    };
    let (id, target) = (&plan.id, &plan.request.target);
    let lever = plan.request.lever.title();
    tracing::info!(plan = %id, lever, %target, "sending");
    let outcome = writer.write(plan, &tried).await;
    tracing::info!(plan = %id, ?outcome, "sent");
    let ending = entry(
        &plan.id,
        What::Outcome {
            outcome: outcome.clone(),
        },
    );
    if let Err(fault) = append(journal, ending).await {
        let text = format!(
            "The outcome ({}) is not in the journal. {fault}",
            outcome.word()
        );
        note_down(&said, text);
    }
    Ended {
        outcome,
        note: said.into_inner().unwrap_or_else(PoisonError::into_inner),
    }
}

/// Looks for a plan whose outcome is not known, and journals what is found: that it is unknown, too, where its console died
/// and it cannot be told. None where nothing new is known, or where it is being sent.
///
/// The lock is held for the moments before and after, not during the look: a remote that hangs keeps no lever from being
/// pulled.
pub async fn look_for(id: &PlanId, writers: &Writers, journal: &JournalFile) -> Option<Outcome> {
    let lost = without_outcome(id, journal, None).await?;
    let writer = writers.writer_for(&lost.plan.write)?;
    let outcome = match writer.look_for(&lost.plan, lost.sent_at).await {
        Some(outcome) => outcome,
        None if lost.outcome.is_some() => return None,
        None => Outcome::Unknown {
            because: "Its console ended before it had an answer; it is looked for, not sent again."
                .into(),
        },
    };
    let found = What::Outcome {
        outcome: outcome.clone(),
    };
    without_outcome(id, journal, Some(found)).await?;
    Some(outcome)
}

/// What is known of a plan that is not being sent and has no certain outcome; what was found of it is appended. Under the
/// lock.
async fn without_outcome(
    id: &PlanId,
    journal: &JournalFile,
    found: Option<What>,
) -> Option<Record> {
    let (id, journal) = (id.clone(), journal.clone());
    let looking = tokio::task::spawn_blocking(move || {
        let _lock = journal.lock(LOOK_WAIT).ok()?;
        let known = journal.load();
        let record = known.get(&id)?;
        if !record.is_without_outcome() {
            return None;
        }
        if let Some(what) = found {
            // Not journalled it is found again the next time.
            let _ = journal.append(&entry(&id, what));
        }
        Some(record.clone())
    });
    looking.await.ok()?
}

/// Journals what was noticed or said of a plan.
///
/// # Errors
/// No place takes it.
pub async fn record(journal: &JournalFile, entry: Entry) -> Result<Written, Fault> {
    append(journal, entry).await
}

/// Looks under the lock whether somebody else moves the same, and has the intent on the disk.
async fn intend(plan: &Plan, journal: &JournalFile) -> Result<Written, Outcome> {
    let (journal, plan) = (journal.clone(), plan.clone());
    let intending = tokio::task::spawn_blocking(move || {
        let known = journal.load();
        // Decided without it, so it came meanwhile.
        let unread = checks::unread_lately(&known, Timestamp::now());
        if let (Some(unread), true) = (unread, plan.has_passed(CheckName::JournalLines)) {
            return Err(Outcome::Refused {
                because: format!("Nothing was sent: {unread}."),
            });
        }
        if let Some(other) = checks::collision(&known, &plan) {
            let because = if other.plan.id == plan.id {
                format!("Plan {} was sent before; it is never sent again.", plan.id)
            } else {
                format!(
                    "Plan {} ({} {}) by {} is under way for the same. Nothing was sent.",
                    other.plan.id,
                    other.plan.request.lever.title(),
                    other.plan.request.target,
                    other.plan.who.login
                )
            };
            return Err(Outcome::Refused { because });
        }
        let id = plan.id.clone();
        let intent = What::Intent {
            plan: Box::new(plan),
        };
        journal
            .append(&entry(&id, intent))
            .map_err(|fault| Outcome::Refused {
                because: fault.to_string(),
            })
    });
    intending.await.unwrap_or_else(|error| {
        Err(Outcome::Refused {
            because: format!("The intent could not be journalled: {error}. Nothing was sent."),
        })
    })
}

async fn append(journal: &JournalFile, entry: Entry) -> Result<Written, Fault> {
    let journal = journal.clone();
    tokio::task::spawn_blocking(move || journal.append(&entry))
        .await
        .unwrap_or_else(|error| {
            Err(Fault::new(
                crate::model::FaultKind::Broken,
                format!("The journal could not be written: {error}."),
                "",
            ))
        })
}

fn entry(plan: &PlanId, what: What) -> Entry {
    Entry {
        at: Timestamp::now(),
        plan: plan.clone(),
        what,
    }
}

fn note_down(said: &Mutex<Option<String>>, text: String) {
    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
    let before = said.take().map(|s| format!("{s} ")).unwrap_or_default();
    *said = Some(format!("{before}{text}"));
}
