//! The journal's file. Two promises: whatever stands in a file, each line is an entry or is named as unreadable, and what
//! they fold to can be asked; and an entry that is written is read again as it was, also behind a line that was torn.
#![no_main]

use leverframe::journal::file::{JournalFile, JournalPaths};
use libfuzzer_sys::fuzz_target;
use std::path::{Path, PathBuf};

/// Entries that are written again from one file: each is synced to the disk.
const WRITTEN: usize = 4;

/// In memory, where there is such a place: files are made by the thousand.
fn file(name: &str) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    folder.join(format!("leverframe-fuzz-{}-{name}", std::process::id()))
}

fuzz_target!(|bytes: &[u8]| {
    let path = file("read");
    std::fs::write(&path, bytes).expect("a file in memory");
    let journal = JournalFile::new(JournalPaths::new([path]));
    let known = journal.load_all();
    let news = journal.tail().read();
    let all = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .count() as u64;
    let unreadable: u64 = known.unreadable.iter().map(|lines| lines.lines).sum();
    assert_eq!(news.entries.len() as u64 + unreadable, all);
    for record in &known.records {
        let id = &record.plan.id;
        assert_eq!(known.get(id), Some(record));
        assert!(id.as_str().starts_with(known.short(id)));
        assert!(record.latest() >= record.plan.made_at);
        let _ = (record.plan_state(), record.debt(), record.can_be_settled());
    }
    let now = "2026-11-21T20:00:00Z".parse().expect("a moment");
    let _ = known.unread_lately(now).count();
    let _ = journal.load();
    assert_reads_what_it_writes(&news.entries);
});

fn assert_reads_what_it_writes(entries: &[leverframe::journal::Entry]) {
    let entries = &entries[..entries.len().min(WRITTEN)];
    if entries.is_empty() {
        return;
    }
    let path = file("written");
    std::fs::write(&path, b"{\"v\":1,\"at\":\"2026-1").expect("a file in memory");
    let journal = JournalFile::new(JournalPaths::new([path]));
    for entry in entries {
        journal
            .append(entry)
            .expect("an entry that was read can be written");
    }
    let mut tail = journal.tail();
    assert_eq!(tail.read().entries, entries);
    assert_eq!(
        tail.unreadable(true)
            .iter()
            .map(|lines| lines.lines)
            .sum::<u64>(),
        1
    );
}
