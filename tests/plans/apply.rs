//! Apply: intent first, one write, outcome last; and every way in which nothing is sent at all.

use crate::plans::some_plan;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use leverframe::apply::{Writers, apply, look_for};
use leverframe::journal::file::{JournalFile, JournalPaths};
use leverframe::journal::{Entry, PlanState, What};
use leverframe::plan::{HopEffect, Lever, Outcome, Plan, PlanId};
use leverframe::provider::Writer;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A far side that counts, and remembers how the journal stood when it was asked.
struct Far {
    journal: JournalFile,
    writes: AtomicUsize,
    stood: Mutex<Vec<PlanState>>,
    /// When the intents of the plans that were looked for were journalled, as the caller says.
    sent_at: Mutex<Vec<jiff::Timestamp>>,
    outcome: Outcome,
}

impl Writer for Far {
    fn write<'a>(
        &'a self,
        plan: &'a Plan,
        tried: &'a (dyn Fn(&str) + Send + Sync),
    ) -> BoxFuture<'a, Outcome> {
        async move {
            self.writes.fetch_add(1, Ordering::SeqCst);
            let standing = self.journal.load().get(&plan.id).unwrap().plan_state();
            self.stood.lock().unwrap().push(standing);
            assert!(
                self.journal.lock(Duration::ZERO).is_err(),
                "the lock is held while sending"
            );
            tried("try 2");
            // Before the try is made, it is on the disk.
            assert_eq!(self.journal.load().get(&plan.id).unwrap().tries.len(), 1);
            self.outcome.clone()
        }
        .boxed()
    }
    fn look_for<'a>(
        &'a self,
        _: &'a Plan,
        sent_at: jiff::Timestamp,
    ) -> BoxFuture<'a, Option<Outcome>> {
        self.sent_at.lock().unwrap().push(sent_at);
        async { Some(self.outcome.clone()) }.boxed()
    }
}

fn applied() -> Outcome {
    Outcome::Applied {
        evidence: "seen".into(),
    }
}

fn far(journal: &JournalFile, outcome: Outcome) -> (Arc<Far>, Writers) {
    let far = Arc::new(Far {
        journal: journal.clone(),
        writes: AtomicUsize::new(0),
        stood: Mutex::default(),
        sent_at: Mutex::default(),
        outcome,
    });
    let writer: Arc<dyn Writer> = far.clone();
    let writers = Writers {
        git: None,
        clusters: BTreeMap::from([("staging".into(), writer)]),
    };
    (far, writers)
}

fn home() -> (tempfile::TempDir, JournalFile) {
    let folder = tempfile::tempdir().unwrap();
    let journal = JournalFile::new(JournalPaths::usual(&folder.path().join("state")));
    (folder, journal)
}

#[tokio::test]
async fn the_intent_is_on_the_disk_before_and_the_outcome_after() {
    for outcome in [
        applied(),
        Outcome::Unknown {
            because: "timeout".into(),
        },
        Outcome::Refused {
            because: "409".into(),
        },
    ] {
        let (_folder, journal) = home();
        let (far, writers) = far(&journal, outcome.clone());
        let ended = apply(&some_plan("aaaa"), &writers, &journal).await;
        assert_eq!((ended.outcome, ended.note), (outcome.clone(), None));
        assert_eq!(*far.stood.lock().unwrap(), [PlanState::Open]);
        let records = journal.load().records;
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].outcome.as_ref().unwrap().1, outcome);
        // The same plan is never sent again, whatever became of it.
        let again = apply(&some_plan("aaaa"), &writers, &journal).await;
        assert!(matches!(again.outcome, Outcome::Refused { .. }));
        assert_eq!(far.writes.load(Ordering::SeqCst), 1);
    }
}

/// A hook can say megabytes, and a line of the journal cannot hold them.
#[tokio::test]
async fn an_outcome_of_any_length_is_in_the_journal() {
    // Each of these bytes needs six in a line.
    let long = "\u{1}".repeat(5 << 20);
    let (because, remedy) = (long.clone(), long.clone());
    for outcome in [
        Outcome::Applied {
            evidence: long.clone(),
        },
        Outcome::Refused {
            because: long.clone(),
        },
        Outcome::Unknown {
            because: long.clone(),
        },
        Outcome::Failed {
            because,
            remedy,
            lost: false,
        },
    ] {
        let (_folder, journal) = home();
        let (_, writers) = far(&journal, outcome.clone());
        let ended = apply(&some_plan("aaaa"), &writers, &journal).await;
        assert_eq!(ended.note, None, "{}", outcome.word());
        let read = journal.load();
        assert_eq!(read.unreadable, []);
        let known = read.records[0].outcome.as_ref().unwrap().1.clone();
        assert_eq!(known.word(), outcome.word());
        let (Outcome::Applied { evidence: said }
        | Outcome::Refused { because: said }
        | Outcome::Unknown { because: said }
        | Outcome::Failed { because: said, .. }) = known;
        assert!(
            said.ends_with(" bytes more are left out)"),
            "{}",
            said.len()
        );
    }
}

#[tokio::test]
async fn what_another_console_moves_is_left_alone() {
    let (_folder, journal) = home();
    let (far, writers) = far(&journal, applied());
    // Decided before the other one's intent was read: it is looked for again under the lock.
    let other = some_plan("aaaa");
    let mine = Plan {
        id: leverframe::plan::PlanId::new("bbbb"),
        ..other.clone()
    };
    let entry = Entry {
        at: jiff::Timestamp::now(),
        plan: other.id.clone(),
        what: What::Intent {
            plan: Box::new(other),
        },
    };
    journal.append(&entry).unwrap();
    let ended = apply(&mine, &writers, &journal).await;
    let Outcome::Refused { because } = ended.outcome else {
        panic!("{ended:?}")
    };
    assert!(
        because.contains("aaaa") && because.contains("ops-1"),
        "{because}"
    );
    assert_eq!(far.writes.load(Ordering::SeqCst), 0);
    assert_eq!(journal.load().records.len(), 1);
}

#[tokio::test]
async fn two_consoles_at_once_send_one_plan_each_in_turn_and_the_same_plan_once() {
    let (_folder, journal) = home();
    let (far, writers) = far(&journal, applied());
    let same: Vec<_> = (0..4).map(|_| some_plan("aaaa")).collect();
    let ended = futures::future::join_all(same.iter().map(|p| apply(p, &writers, &journal))).await;
    let sent = ended.iter().filter(|e| e.outcome == applied()).count();
    assert_eq!((sent, far.writes.load(Ordering::SeqCst)), (1, 1));
}

/// A roll back of publisher in staging.
fn roll_back(id: &str, version: &str) -> Plan {
    let mut plan = some_plan("aaaa");
    plan.id = PlanId::new(id);
    plan.request.lever = Lever::RollBack;
    plan.request.run = None;
    plan.request.repository = Some("publisher".into());
    plan.to = Some(version.into());
    plan.hops[0].effect = HopEffect::Declared {
        environment: "staging".into(),
        repository: "publisher".into(),
        version: version.into(),
    };
    plan
}

/// Each console decided before it read what the other one sent.
#[tokio::test]
async fn a_roll_back_that_two_consoles_decided_is_sent_once() {
    let because = "timeout".to_owned();
    for outcome in [applied(), Outcome::Unknown { because }] {
        let (_folder, journal) = home();
        let (far, writers) = far(&journal, outcome.clone());
        let mut sent = 0;
        for (plan, is_sent) in [
            (roll_back("aaaa", "v732"), true),
            (roll_back("bbbb", "v732"), false),
            // Another one supersedes it, once.
            (roll_back("cccc", "v734"), true),
            (roll_back("dddd", "v734"), false),
            (roll_back("eeee", "v732"), false),
        ] {
            let ended = apply(&plan, &writers, &journal).await;
            sent += usize::from(is_sent);
            assert_eq!(far.writes.load(Ordering::SeqCst), sent, "{}", plan.id);
            assert_eq!(journal.load().records.len(), sent);
            if is_sent {
                assert_eq!(ended.outcome, outcome);
                continue;
            }
            let Outcome::Refused { because } = ended.outcome else {
                panic!("{ended:?}")
            };
            assert!(because.contains("under way for the same"), "{because}");
        }
    }
}

#[tokio::test]
async fn nothing_is_sent_that_cannot_be_journalled_or_has_no_writer() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("state"), "").unwrap();
    let nowhere = JournalFile::new(JournalPaths::usual(&folder.path().join("state/x")));
    let (far, writers) = far(&nowhere, applied());
    let ended = apply(&some_plan("aaaa"), &writers, &nowhere).await;
    assert!(
        matches!(ended.outcome, Outcome::Refused { .. }),
        "{ended:?}"
    );
    assert_eq!(far.writes.load(Ordering::SeqCst), 0);
    let (_folder, journal) = home();
    let ended = apply(&some_plan("aaaa"), &Writers::default(), &journal).await;
    assert!(
        matches!(ended.outcome, Outcome::Refused { .. }),
        "{ended:?}"
    );
    assert_eq!(journal.load().records.len(), 0);
}

#[tokio::test]
async fn an_open_plan_is_looked_for_but_not_while_it_is_being_sent() {
    let (_folder, journal) = home();
    let (far, writers) = far(&journal, applied());
    let plan = some_plan("aaaa");
    let entry = Entry {
        at: jiff::Timestamp::now() - jiff::SignedDuration::from_mins(5),
        plan: plan.id.clone(),
        what: What::Intent {
            plan: Box::new(plan.clone()),
        },
    };
    journal.append(&entry).unwrap();
    let sending = journal.lock(Duration::ZERO).unwrap();
    assert_eq!(look_for(&plan.id, &writers, &journal).await, None);
    drop(sending);
    assert_eq!(
        look_for(&plan.id, &writers, &journal).await,
        Some(applied())
    );
    assert_eq!(journal.load().records[0].plan_state(), PlanState::Underway);
    assert_eq!(far.writes.load(Ordering::SeqCst), 0);
    // Whether it can still arrive counts from the journalled intent, not from the start of whoever looks.
    assert_eq!(*far.sent_at.lock().unwrap(), [entry.at]);
}
