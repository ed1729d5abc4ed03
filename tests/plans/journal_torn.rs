//! Lines of the journal that cannot be read: counted, placed, and a reason to send nothing while they may matter.

use crate::journal::{Home, applied, intent};
use crate::plans::some_plan;
use crate::scene::*;
use leverframe::apply::{Writers, apply};
use leverframe::journal::{Entry, Journal, Unreadable, What};
use leverframe::plan::*;
use std::io::Write;

/// An intent that is made now.
fn intent_now(id: &str) -> Entry {
    let mut plan = some_plan(id);
    plan.made_at = jiff::Timestamp::now();
    Entry {
        at: plan.made_at,
        plan: plan.id.clone(),
        what: What::Intent {
            plan: Box::new(plan),
        },
    }
}

/// Changes one byte of the nth line.
fn damage(home: &Home, nth: usize) {
    let mut bytes = std::fs::read(home.state()).unwrap();
    let start = match nth {
        0 => 0,
        _ => {
            let ends = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n');
            ends.map(|(at, _)| at + 1).nth(nth - 1).unwrap()
        }
    };
    bytes[start + 1] = 0xff;
    std::fs::write(home.state(), bytes).unwrap();
}

#[test]
fn each_is_counted_and_placed_by_line_and_byte() {
    let home = Home::new();
    let journal = home.journal();
    for (second, id) in ["aaaa", "bbbb", "cccc"].into_iter().enumerate() {
        journal.append(&intent(id, second as i64)).unwrap();
    }
    let first = std::fs::read_to_string(home.state()).unwrap();
    let byte = first.find('\n').unwrap() as u64 + 1;
    damage(&home, 1);
    let known = journal.load();
    assert_eq!(known.records.len(), 2);
    let [lines] = known.unreadable.as_slice() else {
        panic!("{:?}", known.unreadable)
    };
    assert_eq!((lines.line, lines.lines, lines.byte), (2, 1, byte));
    assert_eq!(lines.file, home.state());
    assert_eq!(
        lines.before,
        intent("cccc", 2).at,
        "the line after it says by when"
    );
    assert!(lines.because.contains("damaged"), "{lines}");
}

#[test]
fn garbage_is_one_place_with_its_number_of_lines() {
    let home = Home::new();
    let journal = home.journal();
    journal.append(&intent("aaaa", 0)).unwrap();
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(home.state())
        .unwrap();
    let garbage: Vec<u8> = (0..200_000u32).map(|n| ((n * 7919) >> 3) as u8).collect();
    file.write_all(&garbage).unwrap();
    drop(file);
    journal.append(&applied("aaaa", 1)).unwrap();
    let known = journal.load();
    assert!(known.records[0].outcome.is_some());
    let [lines] = known.unreadable.as_slice() else {
        panic!("{:?}", known.unreadable)
    };
    let ends = garbage.iter().filter(|b| **b == b'\n').count() as u64;
    assert!(lines.lines > 1 && lines.lines <= ends + 1, "{lines}");
    assert_eq!(lines.line, 2);
}

#[test]
fn a_newer_form_is_not_guessed_at() {
    let home = Home::new();
    home.journal().append(&intent_now("aaaa")).unwrap();
    let text = std::fs::read_to_string(home.state()).unwrap();
    std::fs::write(home.state(), text.replace("\"v\":2", "\"v\":3")).unwrap();
    let known = home.journal().load();
    assert!(known.records.is_empty());
    assert!(known.unreadable[0].because.contains("newer leverframe"));
}

#[test]
fn lines_without_a_version_are_read() {
    let home = Home::new();
    home.journal().append(&intent("aaaa", 0)).unwrap();
    let text = std::fs::read_to_string(home.state()).unwrap();
    let (_, fields) = text.split_once("\"at\":").unwrap();
    for head in ["{", "{\"v\":1,"] {
        std::fs::write(home.state(), format!("{head}\"at\":{fields}")).unwrap();
        let known = home.journal().load();
        assert_eq!((known.records.len(), known.unreadable.len()), (1, 0));
    }
}

#[test]
fn a_flipped_bit_counts_as_an_unreadable_line() {
    let home = Home::new();
    home.journal().append(&intent_now("aaaa")).unwrap();
    let text = std::fs::read_to_string(home.state()).unwrap();
    // Else it would be the intent of another plan.
    std::fs::write(home.state(), text.replace("aaaa", "aaac")).unwrap();
    let known = home.journal().load();
    assert!(known.records.is_empty());
    assert!(
        known.unreadable[0].because.contains("checksum"),
        "{known:?}"
    );
}

fn unreadable(before: &str) -> Unreadable {
    Unreadable {
        file: "/home/ops/journal.jsonl".into(),
        line: 12,
        lines: 1,
        byte: 4711,
        before: crate::world::ago(before),
        because: "it is damaged".into(),
    }
}

#[test]
fn no_plan_is_made_while_a_line_may_hide_one_that_is_under_way() {
    let world = publisher();
    let decide = |journal: &Journal| {
        let console = Console {
            journal: journal.clone(),
            ..Console::default()
        };
        console.decide(&world, &request(Lever::Promote, "production", "publisher"))
    };
    let mut journal = Journal::default();
    assert!(
        decide(&journal)
            .unwrap()
            .has_passed(CheckName::JournalLines)
    );
    journal.unreadable = vec![unreadable("23h")];
    let refusal = decide(&journal).unwrap_err();
    assert!(refusal.because.contains("line 12"), "{}", refusal.because);
    let row = refusal
        .checks
        .iter()
        .find(|c| c.name == CheckName::JournalLines);
    assert_eq!(row.unwrap().weight, Weight::RefusesUnlessOverridden);
    journal.unreadable = vec![unreadable("25h")];
    decide(&journal).unwrap();
}

#[tokio::test]
async fn a_plan_that_was_made_before_the_line_was_damaged_is_not_sent() {
    let home = Home::new();
    home.journal().append(&intent_now("aaaa")).unwrap();
    damage(&home, 0);
    let mut plan = some_plan("bbbb");
    plan.checks = vec![Check {
        name: CheckName::JournalLines,
        weight: Weight::RefusesUnlessOverridden,
        verdict: Verdict::Passed,
        evidence: String::new(),
    }];
    let writer: std::sync::Arc<dyn leverframe::provider::Writer> = std::sync::Arc::new(Nobody);
    let writers = Writers {
        git: None,
        clusters: std::collections::BTreeMap::from([("staging".into(), writer)]),
    };
    let ended = apply(&plan, &writers, &home.journal()).await;
    let Outcome::Refused { because } = ended.outcome else {
        panic!("{:?}", ended.outcome)
    };
    assert!(because.contains("line 1 of"), "{because}");
}

/// A far side that must not be asked.
struct Nobody;

impl leverframe::provider::Writer for Nobody {
    fn write<'a>(
        &'a self,
        _: &'a Plan,
        _: &'a (dyn Fn(&str) + Send + Sync),
    ) -> futures::future::BoxFuture<'a, Outcome> {
        panic!("it was sent")
    }
    fn look_for<'a>(
        &'a self,
        _: &'a Plan,
        _: jiff::Timestamp,
    ) -> futures::future::BoxFuture<'a, Option<Outcome>> {
        panic!("it was looked for")
    }
}
