//! What the loop decides is written down in that order.

use super::*;
use crate::journal::file::JournalPaths;
use crate::journal::{What, file::JournalFile};
use jiff::Timestamp;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn entries_of_one_turn_stand_in_the_order_in_which_they_were_decided() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let journal = JournalFile::new(JournalPaths::new([path.clone()]));
    let (messages, _received) = mpsc::unbounded_channel();
    let to_loop = ToLoop {
        messages,
        mutes: Arc::new(Mutex::new(MuteFile::beside(journal.paths()))),
        tail: Arc::new(Mutex::new(journal.tail())),
        journal,
    };
    let (notes, to_write) = mpsc::unbounded_channel();
    let writing = tokio::spawn(write_down(to_loop, to_write));
    let names: Vec<String> = (0..40).map(|n| format!("ops-{n}")).collect();
    for name in &names {
        let entry = Entry {
            at: Timestamp::UNIX_EPOCH,
            plan: PlanId::new("0123456789abcdef"),
            what: What::Settled {
                done: true,
                by: name.clone(),
            },
        };
        let _ = notes.send(Note::Entry(Box::new(entry)));
    }
    // All that was given is written before the task ends.
    drop(notes);
    writing.await.unwrap();
    let written = std::fs::read_to_string(path).unwrap();
    let by = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["by"].as_str().unwrap().to_owned()
    };
    let order: Vec<String> = written.lines().map(by).collect();
    assert_eq!(order, names);
}
