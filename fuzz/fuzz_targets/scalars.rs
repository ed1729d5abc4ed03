//! Version files. Three promises of an edit that is not refused: it sets what was meant and reads back so; done again it
//! changes nothing; and no byte changes outside the value that it names.
#![no_main]

use leverframe::provider::git::edit::{Set, edit};
use leverframe::provider::git::scalars::{Key, Scalar, read};
use libfuzzer_sys::fuzz_target;

const VERSION: &str = "image_tag";
const GATE: &str = "promote_deployment";

fuzz_target!(|input: (&[u8], &str, bool)| {
    let (file, version, gate) = input;
    let keys = [Key::version(VERSION), Key::gate(GATE)];
    let before = read(file, &keys, false);
    let sets = [Set::text(VERSION, version), Set::boolean(GATE, gate)];
    if let Ok(after) = edit(file, &sets) {
        let now = read(&after, &keys, false);
        assert_eq!(now.text(VERSION), Some(version));
        assert_eq!(now.gate(GATE), gate);
        assert_eq!(edit(&after, &sets).as_deref(), Ok(&after[..]), "once more");
    }
    if let Ok(after) = edit(file, &sets[..1]) {
        let now = read(&after, &keys, false);
        assert_eq!(now.text(VERSION), Some(version));
        assert_eq!(
            now.values.get(GATE),
            before
                .values
                .get(GATE)
                .map(|gate| moved(gate, &now, &before))
                .as_ref()
        );
        if let Some(old) = before.values.get(VERSION) {
            assert_only_value_changes(file, &after, old);
        }
    }
});

/// A value that was not named, in the line where it stands now: a text of several lines above it may have become one.
fn moved(
    gate: &Scalar,
    now: &leverframe::provider::git::scalars::Scalars,
    before: &leverframe::provider::git::scalars::Scalars,
) -> Scalar {
    let line = |scalars: &leverframe::provider::git::scalars::Scalars| {
        scalars.values.get(GATE).map_or(0, |gate| gate.line)
    };
    let mut gate = gate.clone();
    gate.line = gate.line + line(now) - line(before);
    gate
}

/// Where the old value stands in one line as it reads, only it and its quotes may go.
fn assert_only_value_changes(file: &[u8], after: &[u8], old: &Scalar) {
    let shared = |pairs: &mut dyn Iterator<Item = (&u8, &u8)>| {
        pairs.take_while(|(one, other)| one == other).count()
    };
    let begin = shared(&mut file.iter().zip(after));
    let end = shared(&mut file[begin..].iter().rev().zip(after[begin..].iter().rev()));
    let gone = &file[begin..file.len() - end];
    let spelled = old.text.as_bytes();
    let quoted = [b"\"", spelled, b"\""].concat();
    let single = [b"'", spelled, b"'"].concat();
    let line = file
        .split(|byte| *byte == b'\n')
        .nth(old.line - 1)
        .unwrap_or_default();
    let stands =
        |form: &[u8]| !form.is_empty() && line.windows(form.len()).any(|bytes| bytes == form);
    let is_part =
        |form: &[u8]| gone.is_empty() || form.windows(gone.len()).any(|bytes| bytes == gone);
    if stands(if old.quoted { &quoted[1..] } else { spelled }) {
        assert!(
            is_part(spelled) || is_part(&quoted) || is_part(&single),
            "{:?} went, of {:?}",
            String::from_utf8_lossy(gone),
            old
        );
    }
}
