//! A journal that has grown long: what is over goes to its archive, what is needed stays, and nothing is lost on the way.

use crate::journal::{Home, applied, entry, intent};
use crate::plans::some_plan;
use leverframe::journal::file::{JournalFile, JournalPaths};
use leverframe::journal::{Entry, Journal, KEPT, PlanState, What};
use leverframe::plan::{Plan, PlanId};
use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

/// Plans in the journal, enough for it to be long.
const MANY: usize = 6 * KEPT;

fn id(n: usize) -> String {
    format!("{n:016x}")
}

/// Of these nobody knows what became of them.
fn is_unknown(n: usize) -> bool {
    n % 500 == 7
}

/// These leave a debt.
fn owes(n: usize) -> bool {
    n % 500 == 9
}

fn long(n: usize) -> Plan {
    let mut plan = some_plan(&id(n));
    plan.evidence = "x".repeat(2_000);
    plan.debt = owes(n).then(|| "the gate is closed".to_owned());
    plan
}

/// Writes a long journal at once: appending so many lines one by one waits for the disk each time.
fn written(home: &Home) {
    let mut text = Vec::new();
    let mut line = |entry: Entry| {
        serde_json::to_writer(&mut text, &entry).unwrap();
        text.push(b'\n');
    };
    for n in 0..MANY {
        let plan = Box::new(long(n));
        let second = n as i64 * 3;
        line(entry(&id(n), second, What::Intent { plan }));
        if !is_unknown(n) {
            line(applied(&id(n), second + 1));
            line(entry(&id(n), second + 2, What::Seen { hop: 0 }));
        }
    }
    std::fs::create_dir_all(home.state().parent().unwrap()).unwrap();
    std::fs::write(home.state(), text).unwrap();
}

fn ids(journal: &Journal) -> BTreeSet<String> {
    let records = journal.records.iter();
    records.map(|r| r.plan.id.as_str().to_owned()).collect()
}

#[test]
fn reading_a_long_one_keeps_what_is_needed_only() {
    let home = Home::new();
    written(&home);
    let known = home.journal().load();
    let needed = (0..MANY).filter(|n| is_unknown(*n) || owes(*n));
    let kept = ids(&known);
    assert!(needed.clone().all(|n| kept.contains(&id(n))));
    assert_eq!(kept.len(), KEPT + needed.count());
    assert_eq!(known.left_out, MANY - kept.len());
    assert!(
        (MANY - KEPT..MANY).all(|n| kept.contains(&id(n))),
        "the newest"
    );
    for record in &known.records {
        assert_eq!(known.get(&record.plan.id), Some(record));
    }
    assert_eq!(home.journal().load_all().records.len(), MANY);
}

#[test]
fn what_is_over_is_moved_when_the_lock_is_taken_and_nothing_is_lost() {
    let home = Home::new();
    written(&home);
    let before = home.journal().load_all();
    let long = std::fs::metadata(home.state()).unwrap().len();
    let mut tail = home.journal().tail();
    tail.read();
    drop(home.journal().lock(Duration::ZERO).unwrap());
    let short = std::fs::metadata(home.state()).unwrap().len();
    assert!(short < long / 2, "{short} of {long} bytes are left");
    let left = home.journal().load();
    assert_eq!(left.left_out, 0);
    // What is open or owed stays, whatever its age.
    let needed = (0..MANY).filter(|n| is_unknown(*n) || owes(*n));
    assert!(needed.into_iter().all(|n| ids(&left).contains(&id(n))));
    let debts = left.debts().count();
    assert_eq!(debts, (0..MANY).filter(|n| owes(*n)).count());
    // All is still there, whole, in dated files that nobody else can read.
    let archived = home.journal().archived();
    assert!(archived.len() > 1, "they are of a bearable length");
    let mut all = left.records.clone();
    for file in &archived {
        use std::os::unix::fs::PermissionsExt;
        let path = &file.paths().files()[0];
        let about = std::fs::metadata(path).unwrap();
        assert_eq!(about.permissions().mode() & 0o777, 0o600);
        assert!(about.len() < 9 << 20, "{}", path.display());
        all.extend(file.load_all().records);
    }
    all.sort_by(|one, other| one.plan.id.cmp(&other.plan.id));
    assert_eq!(all, before.records);
    // Another console sees that it was replaced.
    let news = tail.read();
    assert!(news.afresh);
    let known: BTreeSet<&PlanId> = news.entries.iter().map(|e| &e.plan).collect();
    assert_eq!(known.len(), left.records.len());
    // The next lock has nothing to do.
    drop(home.journal().lock(Duration::ZERO).unwrap());
    assert_eq!(home.journal().archived().len(), archived.len());
}

#[test]
fn the_lock_is_one_also_while_the_file_is_replaced() {
    let home = Home::new();
    written(&home);
    let held = home.journal().lock(Duration::ZERO).unwrap();
    assert!(!home.journal().archived().is_empty(), "it was replaced");
    assert!(home.journal().lock(Duration::ZERO).is_err());
    drop(held);
    home.journal().lock(Duration::ZERO).unwrap();
}

#[test]
fn notes_that_are_appended_while_it_is_replaced_are_not_lost() {
    let home = Home::new();
    written(&home);
    let noting = home.journal();
    let unknown: Vec<usize> = (0..MANY).filter(|n| is_unknown(*n)).collect();
    let notes = unknown.clone();
    let noting = std::thread::spawn(move || {
        for n in notes {
            noting.append(&applied(&id(n), 9 * MANY as i64)).unwrap();
        }
    });
    drop(home.journal().lock(Duration::from_secs(60)).unwrap());
    noting.join().unwrap();
    // Those whose note came first may have been over by then, and are in the archive with it.
    let mut files = home.journal().archived();
    files.push(home.journal());
    let files: Vec<Journal> = files.iter().map(JournalFile::load_all).collect();
    for n in unknown {
        let found = files
            .iter()
            .filter_map(|file| file.get(&PlanId::new(&id(n))));
        let standings: Vec<PlanState> = found.map(|record| record.plan_state()).collect();
        assert_eq!(standings, [PlanState::Underway], "{n}");
    }
}

#[test]
fn a_damaged_line_stays_until_it_no_longer_matters() {
    let home = Home::new();
    written(&home);
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(home.state())
        .unwrap();
    file.write_all(b"{\"v\":2, damaged\n").unwrap();
    drop(home.journal().lock(Duration::ZERO).unwrap());
    let known = home.journal().load();
    assert_eq!(known.unreadable.len(), 1, "{:?}", known.unreadable);
}

#[test]
fn ids_are_as_short_as_tells_them_apart() {
    let mut journal = Journal::default();
    for id in ["aaaabbbb", "aaaabbcc", "abcdabcd", "ffff"] {
        journal.add_entry(intent(id, 0));
    }
    for (id, short) in [
        ("aaaabbbb", "aaaabbb"),
        ("aaaabbcc", "aaaabbc"),
        ("abcdabcd", "abcd"),
        ("ffff", "ffff"),
    ] {
        assert_eq!(journal.short(&PlanId::new(id)), short);
    }
    assert_eq!(journal.beginning("aaaa").len(), 2);
    assert_eq!(journal.beginning("").len(), 4);
}

#[test]
fn every_session_finds_what_was_written_when_the_home_took_nothing() {
    let home = Home::new();
    home.break_home();
    let common = home.folder.path().join("common");
    std::fs::create_dir(&common).unwrap();
    let session = |runtime: Option<&str>| {
        let runtime = runtime.map(|name| home.folder.path().join(name));
        JournalFile::new(
            JournalPaths::usual(home.state().parent().unwrap())
                .or_in_common(&common)
                .or_in_runtime(runtime.as_deref()),
        )
    };
    session(Some("run")).append(&intent("aaaa", 0)).unwrap();
    assert_eq!(session(None).load().records.len(), 1);
    assert_eq!(session(Some("other")).load().records.len(), 1);
    // Another journal of the user is another one there, too.
    let other = JournalPaths::usual(&home.folder.path().join("elsewhere")).or_in_common(&common);
    assert_eq!(JournalFile::new(other).load().records.len(), 0);
}
