//! The hostile texts against the sanitiser alone: nothing in what it makes is a sequence or a control to a terminal.

use super::hostile;
use leverframe::text::{Safe, styled};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn the_fixture_holds_two_hundred_different_texts_and_bites() {
    let texts = hostile::bytes();
    assert!(texts.len() >= 200, "{}", texts.len());
    let mut seen = BTreeSet::new();
    assert_eq!(
        texts.iter().find(|text| !seen.insert(*text)),
        None,
        "twice in the fixture"
    );
    // The judge must see the sequences in the raw texts, or its silence about the clean ones would prove nothing.
    let raw = hostile::sequences(&texts.concat());
    for kind in [
        "CSI J", "OSC 52", "OSC 8", "ESC c", "DCS q", "C0 07", "C0 0d", "CSI n",
    ] {
        assert!(raw.contains_key(kind), "{kind} not in {raw:?}");
    }
}

#[test]
fn no_text_leaves_a_sequence() {
    for text in hostile::bytes() {
        let safe = Safe::lossy(&text);
        assert_eq!(
            hostile::sequences(safe.as_bytes()),
            BTreeMap::new(),
            "{text:?} became {safe:?}"
        );
        assert_eq!(Safe::line(&safe), safe, "twice is once");
        assert!(safe.is_empty() == text.is_empty(), "{text:?} vanished");
        let ascii = safe.ascii();
        assert!(
            ascii.bytes().all(|byte| (0x20..0x7f).contains(&byte)),
            "{ascii:?}"
        );
    }
}

#[test]
fn no_log_line_leaves_a_sequence() {
    for text in hostile::bytes() {
        for line in text.split(|byte| *byte == b'\n') {
            let shown: String = styled(line)
                .iter()
                .map(|(text, _)| text.to_string())
                .collect();
            assert_eq!(
                hostile::sequences(shown.as_bytes()),
                BTreeMap::new(),
                "{line:?} became {shown:?}"
            );
        }
    }
}

#[test]
fn a_terminal_counts_the_same_columns() {
    for text in hostile::bytes() {
        let safe = Safe::lossy(&text);
        let shown = safe.cut(190);
        let mut terminal = vt100::Parser::new(2, 400, 0);
        terminal.process(shown.as_bytes());
        assert_eq!(
            usize::from(terminal.screen().cursor_position().1),
            shown.width(),
            "{shown:?}"
        );
    }
}
