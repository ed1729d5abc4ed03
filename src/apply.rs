//! Apply: sends a plan. Under the lock it reads the journal again, puts the intent on the disk, sends the one write
//! once, and journals its outcome.
//!
//! Deliberately absent: deciding, and sending anything a second time. What became of a plan whose outcome is
//! unknown is found by looking.

use crate::journal::file::{JournalFile, Lock, Written};
use crate::journal::{Entry, Record, What};
use crate::model::{Environment, Fault};
use crate::plan::{CheckName, Outcome, Plan, PlanId, Write, checks, in_flight};
use crate::provider::Writer;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The plan was decided before the lock was taken and must not grow old while waiting for it. An operator who meets
/// another console that is sending decides again.
const LOCK_WAIT: Duration = Duration::from_millis(500);
/// A look does not wait for another console that is sending.
const LOOK_WAIT: Duration = Duration::from_millis(200);

/// The writer of each system. Read-only mode makes none.
#[derive(Clone, Default)]
pub struct Writers {
    pub git: Option<Arc<dyn Writer>>,
    pub clusters: BTreeMap<Environment, Arc<dyn Writer>>,
}

impl Writers {
    /// The writer of the system that this write goes to.
    pub fn writer_for(&self, write: &Write) -> Option<&Arc<dyn Writer>> {
        match write {
            Write::Commit { .. } => self.git.as_ref(),
            Write::Create { environment, .. } => self.clusters.get(environment),
            Write::Patch { id, .. } => self.clusters.get(&id.environment),
        }
    }
}

/// The outcome of a plan, and a note about the journal where one is needed.
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

/// The same where the lock was taken before the plan was decided, as the command line does.
pub async fn apply_under(
    _lock: &Lock,
    plan: &Plan,
    writers: &Writers,
    journal: &JournalFile,
) -> Ended {
    let Some(writer) = writers.writer_for(&plan.write) else {
        return Ended::unsent(Outcome::Refused {
            because: "This console has no writer for it. Nothing was sent. Start it without --read-only, with that environment configured."
                .into(),
        });
    };
    let written = match intend(plan, journal).await {
        Ok(written) => written,
        Err(outcome) => return Ended::unsent(outcome),
    };
    let said = Mutex::new(written.note);
    let tried = |note: &str| {
        // This thread waits, because the entry has to be on the disk before the try is made.
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

/// Looks for a plan whose outcome is not known, and journals what it finds, even if that is only *unknown* because the
/// console that sent it died. None where nothing new is known, or where the plan is being sent.
///
/// The lock is held just before and just after the look, but not during it, so that a remote that hangs does not block
/// other levers.
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

/// The record of a plan that is not being sent and has no certain outcome, after appending what was found. Needs the
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
            // If this cannot be journalled, the next look finds it again.
            let _ = journal.append(&entry(&id, what));
        }
        Some(record.clone())
    });
    looking.await.ok()?
}

/// Journals what a feed showed, or an operator said, about a plan.
///
/// # Errors No path takes it.
pub async fn record(journal: &JournalFile, entry: Entry) -> Result<Written, Fault> {
    append(journal, entry).await
}

/// Checks under the lock that no other plan moves the same thing, and puts the intent on the disk.
async fn intend(plan: &Plan, journal: &JournalFile) -> Result<Written, Outcome> {
    let (journal, plan) = (journal.clone(), plan.clone());
    let intending = tokio::task::spawn_blocking(move || {
        let known = journal.load();
        // The plan was decided without that one, so that one came in meanwhile.
        let unread = checks::unread_lately(&known, Timestamp::now());
        if let (Some(unread), true) = (unread, plan.has_passed(CheckName::JournalLines)) {
            return Err(Outcome::Refused {
                because: format!("Nothing was sent: {unread}."),
            });
        }
        if let Some(other) = in_flight::collision(&known, &plan) {
            let id = known.short(&other.plan.id);
            let because = if other.plan.id == plan.id {
                format!("Plan {id} was sent before; it is never sent again.")
            } else {
                format!(
                    "Plan {id} ({} {}) by {} is under way for the same. Nothing was sent.",
                    other.plan.request.lever.title(),
                    other.plan.request.name_target(),
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
    let write = move || match entry.what.is_seen_by_all() {
        true => journal.note(&entry),
        false => journal.append(&entry),
    };
    tokio::task::spawn_blocking(write)
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
