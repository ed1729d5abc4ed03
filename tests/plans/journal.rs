//! The journal's file: what survives torn lines, places that cannot be written, several consoles, and a death in between.

use crate::plans;
use leverframe::config;
use leverframe::effect::Effect;
use leverframe::journal::file::{JournalFile, JournalPaths};
use leverframe::journal::{Entry, Journal, PlanState, What};
use leverframe::keymap::Keymap;
use leverframe::model::{ActorKind, Change, FaultKind, Version};
use leverframe::plan::{self, Hop, Outcome};
use leverframe::state::{Settings, State};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Barrier};
use std::time::Duration;

pub fn entry(plan: &str, second: i64, what: What) -> Entry {
    Entry {
        at: jiff::Timestamp::from_second(1_700_000_000 + second).unwrap(),
        plan: leverframe::plan::PlanId::new(plan),
        what,
    }
}

pub fn intent(plan: &str, second: i64) -> Entry {
    let plan_of = plans::some_plan(plan);
    entry(
        plan,
        second,
        What::Intent {
            plan: Box::new(plan_of),
        },
    )
}

pub fn applied(plan: &str, second: i64) -> Entry {
    let outcome = Outcome::Applied {
        evidence: "commit 7c1e09a".into(),
    };
    entry(plan, second, What::Outcome { outcome })
}

pub struct Home {
    pub folder: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state/leverframe/journal.jsonl")
    }
    fn runtime(&self) -> PathBuf {
        self.folder.path().join("run/leverframe/journal.jsonl")
    }
    pub fn journal(&self) -> JournalFile {
        let paths = JournalPaths::usual(self.state().parent().unwrap())
            .or_in_runtime(Some(&self.folder.path().join("run")));
        JournalFile::new(paths)
    }
    /// The home can take no file: its folder is one.
    pub fn break_home(&self) {
        std::fs::write(self.folder.path().join("state"), "").unwrap();
    }
}

#[test]
fn what_was_appended_is_read_back_as_it_was() {
    let home = Home::new();
    let journal = home.journal();
    let entries = [
        intent("aaaa", 0),
        entry(
            "aaaa",
            1,
            What::Tried {
                note: "try 2".into(),
            },
        ),
        applied("aaaa", 2),
        entry("aaaa", 3, What::Seen { hop: 0 }),
        entry("aaaa", 4, What::Late { hop: 1 }),
        entry(
            "aaaa",
            5,
            What::Settled {
                done: true,
                by: "ops-1".into(),
            },
        ),
        entry(
            "aaaa",
            6,
            What::Paid {
                by: None,
                who: None,
            },
        ),
    ];
    for e in &entries {
        let written = journal.append(e).unwrap();
        assert_eq!((written.place, written.note), (home.state(), None));
    }
    assert_eq!(journal.tail().read().entries, entries);
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.state()), 0o600);
    assert_eq!(mode(home.state().parent().unwrap()), 0o700);
}

#[test]
fn asking_whether_it_can_be_written_writes_nothing() {
    let home = Home::new();
    assert_eq!(home.journal().probe().unwrap(), None);
    let left: Vec<_> = std::fs::read_dir(home.folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    // Once it is there it is asked itself.
    home.journal().append(&intent("aaaa", 0)).unwrap();
    let before = std::fs::read(home.state()).unwrap();
    assert_eq!(home.journal().probe().unwrap(), None);
    assert_eq!(std::fs::read(home.state()).unwrap(), before);
}

#[test]
fn a_torn_line_costs_itself_and_nothing_else() {
    let home = Home::new();
    let journal = home.journal();
    journal.append(&intent("aaaa", 0)).unwrap();
    let whole = serde_json::to_string(&intent("bbbb", 1)).unwrap();
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(home.state())
        .unwrap();
    for cut in [1, 7, whole.len() / 2, whole.len() - 1] {
        let mut tail = journal.tail();
        tail.read();
        let torn_so_far = tail.unreadable(true).len();
        file.write_all(&whole.as_bytes()[..cut]).unwrap();
        // It may be on its way still: it counts when it has stayed so.
        tail.read();
        assert_eq!(tail.unreadable(false).len(), torn_so_far, "cut at {cut}");
        tail.read();
        assert_eq!(
            tail.unreadable(false).len(),
            torn_so_far + 1,
            "cut at {cut}"
        );
        let id = format!("cc{cut:04}");
        journal.append(&intent(&id, 2 + cut as i64)).unwrap();
        let news = tail.read();
        assert_eq!(news.entries, [intent(&id, 2 + cut as i64)]);
        assert_eq!(
            tail.unreadable(false).len(),
            torn_so_far + 1,
            "cut at {cut}"
        );
    }
    assert_eq!(journal.load().records.len(), 5);
}

#[test]
fn a_home_that_takes_nothing_gives_way_to_the_runtime_directory_and_says_so() {
    let home = Home::new();
    home.break_home();
    let journal = home.journal();
    assert!(
        journal
            .probe()
            .unwrap()
            .is_some_and(|note| note.contains("run/leverframe"))
    );
    let written = journal.append(&intent("aaaa", 0)).unwrap();
    assert_eq!(written.place, home.runtime());
    assert!(written.note.unwrap().contains("state/leverframe"));
    assert_eq!(journal.load().records.len(), 1);
    // Another console of the user meets the same lock there.
    let held = journal.lock(Duration::ZERO).unwrap();
    let fault = home.journal().lock(Duration::ZERO).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Conflict);
    drop(held);
    home.journal().lock(Duration::ZERO).unwrap();
}

/// An intent that nobody could read again would hide a plan that is under way.
#[test]
fn what_could_not_be_read_again_is_not_written() {
    let home = Home::new();
    let mut large = intent("aaaa", 0);
    let What::Intent { plan } = &mut large.what else {
        panic!("an intent")
    };
    plan.request.reason = Some("x".repeat(5 << 20));
    let fault = home.journal().append(&large).unwrap_err();
    assert!(fault.detail.contains("5 MB"), "{fault}");
    assert!(!home.state().exists());
    home.journal().append(&intent("bbbb", 0)).unwrap();
}

#[test]
fn nowhere_to_write_is_a_fault_that_names_every_place() {
    let home = Home::new();
    home.break_home();
    std::fs::write(home.folder.path().join("run"), "").unwrap();
    let journal = home.journal();
    for fault in [
        journal.append(&intent("aaaa", 0)).unwrap_err(),
        journal.probe().unwrap_err(),
        journal.lock(Duration::ZERO).unwrap_err(),
    ] {
        assert!(
            fault.detail.contains("state/leverframe") && fault.detail.contains("run/leverframe"),
            "{fault}"
        );
    }
    assert!(JournalFile::new(JournalPaths::new([])).probe().is_err());
}

#[test]
fn no_pipe_and_no_device_is_taken_for_the_journal() {
    let home = Home::new();
    let device = JournalFile::new(JournalPaths::new([
        PathBuf::from("/dev/null"),
        home.runtime(),
    ]));
    assert_eq!(
        device.append(&intent("aaaa", 0)).unwrap().place,
        home.runtime()
    );
    let pipe = home.folder.path().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    let piped = JournalFile::new(JournalPaths::new([pipe, home.runtime()]));
    assert_eq!(
        piped.append(&applied("aaaa", 1)).unwrap().place,
        home.runtime()
    );
    assert_eq!(piped.load().records.len(), 1);
}

#[test]
fn an_intent_here_and_its_outcome_there_are_one_story() {
    let home = Home::new();
    let runtime_only = JournalFile::new(JournalPaths::new([home.runtime()]));
    runtime_only.append(&intent("aaaa", 0)).unwrap();
    home.journal().append(&applied("aaaa", 1)).unwrap();
    let journal = home.journal().load();
    assert_eq!(journal.records.len(), 1);
    assert!(journal.records[0].outcome.is_some());
}

#[test]
fn entries_of_another_console_are_read_once_each() {
    let home = Home::new();
    let mut tail = home.journal().tail();
    assert!(tail.read().entries.is_empty());
    home.journal().append(&intent("aaaa", 0)).unwrap();
    assert_eq!(tail.read().entries, [intent("aaaa", 0)]);
    assert!(tail.read().entries.is_empty());
    home.journal().append(&applied("aaaa", 1)).unwrap();
    home.journal().append(&intent("bbbb", 2)).unwrap();
    assert_eq!(tail.read().entries, [applied("aaaa", 1), intent("bbbb", 2)]);
    // A file that was taken away and begun anew is read from its beginning.
    std::fs::remove_file(home.state()).unwrap();
    home.journal().append(&intent("cccc", 3)).unwrap();
    let news = tail.read();
    assert!(news.afresh, "what was known before is void");
    assert_eq!(news.entries, [intent("cccc", 3)]);
}

#[test]
fn only_one_console_at_a_time_holds_the_lock() {
    let home = Home::new();
    let together = Arc::new(Barrier::new(4));
    let inside = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let consoles: Vec<_> = (0..4)
        .map(|_| {
            let (journal, together, inside) = (home.journal(), together.clone(), inside.clone());
            std::thread::spawn(move || {
                together.wait();
                for _ in 0..20 {
                    let lock = journal.lock(Duration::from_secs(60)).unwrap();
                    let others = inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    assert_eq!(others, 0);
                    std::thread::yield_now();
                    inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    drop(lock);
                }
            })
        })
        .collect();
    for console in consoles {
        console.join().unwrap();
    }
}

#[test]
fn a_console_that_died_after_its_intent_leaves_it_open() {
    let home = Home::new();
    home.journal().append(&intent("aaaa", 0)).unwrap();
    let journal = home.journal().load();
    assert_eq!(journal.records[0].plan_state(), PlanState::Open);
    assert_eq!(journal.open().count(), 1);
}

#[test]
fn what_two_consoles_see_at_once_is_noted_once() {
    let home = Home::new();
    home.journal().append(&intent("aaaa", 0)).unwrap();
    let hops = 0..6;
    std::thread::scope(|consoles| {
        for console in 0..4 {
            let (journal, hops) = (home.journal(), hops.clone());
            consoles.spawn(move || {
                for hop in hops {
                    // Each has a clock of its own.
                    journal
                        .note(&entry("aaaa", 3 + console, What::Seen { hop }))
                        .unwrap();
                }
            });
        }
    });
    let noted = |what: What| {
        let entries = home.journal().tail().read().entries;
        entries.iter().filter(|entry| entry.what == what).count()
    };
    for hop in hops {
        assert_eq!(noted(What::Seen { hop }), 1, "hop {hop}");
    }
    // The same of another plan is another thing.
    home.journal()
        .note(&entry("bbbb", 9, What::Seen { hop: 0 }))
        .unwrap();
    assert_eq!(noted(What::Seen { hop: 0 }), 2);
    // Somebody is sending, for long: it is noted all the same.
    let sending = home.journal();
    let _lock = sending.lock(std::time::Duration::from_secs(1)).unwrap();
    home.journal()
        .note(&entry("aaaa", 20, What::Late { hop: 6 }))
        .unwrap();
    assert_eq!(noted(What::Late { hop: 6 }), 1);
}

#[test]
fn a_clock_that_lags_takes_no_entry_out_of_its_place() {
    let home = Home::new();
    let journal = home.journal();
    journal.append(&intent("aaaa", 10)).unwrap();
    journal.append(&applied("aaaa", 12)).unwrap();
    // Noted by a console whose clock was read before the intent was written.
    journal
        .append(&entry("aaaa", 9, What::Seen { hop: 0 }))
        .unwrap();
    let known = journal.load();
    assert_eq!(known.records.len(), 1);
    assert!(known.records[0].seen[0].is_some());
}

#[test]
fn a_plan_without_an_outcome_is_looked_for_less_and_less_often() {
    let checked = config::delivery_named("govuk", std::path::Path::new("."), &|_| None).unwrap();
    let settings = |read_only| Settings {
        who: plans::some_plan("aaaa").who,
        host: String::new(),
        read_only,
        demo: None,
        zone: jiff::tz::TimeZone::UTC,
        zone_name: String::new(),
        logins: Default::default(),
        theme: Default::default(),
        clusters: Default::default(),
        log_cap: 1 << 20,
    };
    let delivery = Arc::new(checked.delivery);
    let keys = Arc::new(Keymap::built_in().unwrap());
    let mut looked = Vec::new();
    for read_only in [true, false] {
        let mut state = State::new(
            Arc::clone(&delivery),
            Arc::clone(&keys),
            settings(read_only),
            jiff::Timestamp::UNIX_EPOCH,
        );
        state.journal.add_entry(intent("aaaa", 0));
        state.journal.add_entry(intent("bbbb", 0));
        state.journal.add_entry(applied("bbbb", 1));
        for second in 0..4 * 3600 {
            state.now = jiff::Timestamp::from_second(second).unwrap();
            for effect in leverframe::update::derive_state(&mut state) {
                if let Effect::LookFor { plan, asked: false } = effect {
                    assert_eq!(plan.as_str(), "aaaa");
                    looked.push(second);
                }
            }
        }
        assert!(!read_only || looked.is_empty(), "nothing that could look");
    }
    assert_eq!(looked[..6], [5, 10, 20, 40, 80, 160]);
    assert!(looked.windows(2).all(|w| w[1] - w[0] <= 300));
    assert!(
        looked
            .last()
            .is_some_and(|last| (3600..7200).contains(last))
    );
}

fn at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_700_000_000 + second).unwrap()
}

/// What a robot commits on our order carries no trailer.
fn change(environment: &str, version: &str, second: i64) -> Change {
    Change {
        at: at(second),
        commit: format!("{second}").as_str().into(),
        environment: environment.into(),
        repository: "publisher".into(),
        from: Some(Version::new("v2")),
        to: Some(Version::new(version)),
        creates_file: false,
        gate_from: true,
        gate_to: true,
        promote_to: false,
        actor: "govuk-ci".into(),
        kind: ActorKind::Manual,
        subject: "".into(),
        plan: None,
        reason: None,
    }
}

/// A plan that brings v1 into staging, and which the robot promotes.
fn brings_v1(plan: &str, second: i64) -> Entry {
    let mut brings = plans::some_plan(plan);
    brings.made_at = at(second);
    brings.hops = ["staging", "production"]
        .map(|environment| Hop {
            helped_by: None,
            effect: plan::HopEffect::Declared {
                environment: environment.into(),
                repository: "publisher".into(),
                version: Version::new("v1"),
            },
            usual_s: 60,
            late_s: 300,
            look: String::new(),
        })
        .into();
    let plan_of = Box::new(brings);
    entry(plan, second, What::Intent { plan: plan_of })
}

#[test]
fn a_change_is_ours_by_file_version_and_time() {
    let mut journal = Journal::default();
    journal.add_entry(brings_v1("aaaa", 0));
    let ours = |journal: &Journal, change: &Change| journal.brought(change, &[]).is_some();
    assert!(
        !ours(&journal, &change("staging", "v1", 60)),
        "it was not sent"
    );
    journal.add_entry(applied("aaaa", 1));
    assert!(ours(&journal, &change("staging", "v1", 60)));
    assert!(
        !ours(&journal, &change("staging", "v1", -3600)),
        "before it"
    );
    assert!(
        !ours(&journal, &change("staging", "v1", 3600)),
        "long after"
    );
    assert!(
        !ours(&journal, &change("staging", "v3", 60)),
        "another version"
    );
    assert!(
        !ours(&journal, &change("production", "v1", 60)),
        "the robot promoted it"
    );
    let mut named = change("staging", "v9", 9_999);
    named.plan = Some("aaaa".into());
    assert!(ours(&journal, &named), "the commit says so itself");
    // What brings the same once more shortly after is somebody else's.
    let (first, again) = (change("staging", "v1", 60), change("staging", "v1", 80));
    let changes = [again.clone(), first.clone()];
    assert!(journal.brought(&first, &changes).is_some());
    assert!(journal.brought(&again, &changes).is_none());
    // A branch that was merged the next day: seen then, and ours.
    journal.add_entry(entry("aaaa", 86_400, What::Seen { hop: 0 }));
    assert!(ours(&journal, &change("staging", "v1", 86_000)));
}

/// Somebody rolls back, somebody promotes again, and the same is rolled back once more, all within a minute.
#[test]
fn each_of_two_plans_that_bring_the_same_in_a_minute_has_its_own_change() {
    let mut journal = Journal::default();
    for (plan, second) in [("aaaa", 0), ("bbbb", 40)] {
        journal.add_entry(brings_v1(plan, second));
        journal.add_entry(applied(plan, second + 1));
    }
    let whose = |change: &Change, changes: &[Change]| {
        let record = journal.brought(change, changes);
        record.map(|record| record.plan.id.to_string())
    };
    let (of_a, of_b) = (Some("aaaa".to_owned()), Some("bbbb".to_owned()));
    let first = change("staging", "v1", 5);
    // The second is not there yet, came, or came by a clock that lags.
    assert_eq!(whose(&first, std::slice::from_ref(&first)), of_a);
    for second in [45, 35] {
        let again = change("staging", "v1", second);
        let changes = [again.clone(), first.clone()];
        assert_eq!(whose(&first, &changes), of_a, "{second}");
        assert_eq!(whose(&again, &changes), of_b, "{second}");
    }
    // What names another plan takes no plan's place.
    let mut named = change("staging", "v1", 50);
    named.plan = Some("cccc".into());
    let again = change("staging", "v1", 60);
    let changes = [again.clone(), named, first];
    assert_eq!(whose(&again, &changes), of_b);
}
