//! Coloured lines. Two promises: what is drawn holds nothing that a terminal obeys or hides, and takes the columns that it
//! says; and colours change no letter: what is left of a line is what it shows without them.
#![no_main]

use leverframe::text::{LINE_CAP, Safe, is_hidden, styled};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (place, line) = input;
    let mut shown = String::new();
    for (stretch, look) in styled(line) {
        assert_harmless(&stretch);
        assert!(
            look.ink.is_none() || look.ink != look.ground,
            "{look:?} hides its text"
        );
        shown.push_str(&stretch);
    }
    let safe = Safe::lossy(line);
    assert_harmless(&safe);
    if !line.contains(&0x1b) && !line.ends_with(b"\r") && safe.len() < LINE_CAP / 2 {
        assert_eq!(
            shown, &*safe,
            "without a sequence there is nothing to leave out"
        );
    }
    // A sequence that is obeyed is no letter, wherever it stands between letters that do not join.
    let (before, after) = line.split_at(usize::from(place) % (line.len() + 1));
    let is_ascii = |byte: Option<&u8>| byte.is_none_or(|byte| byte.is_ascii() && *byte != 0x1b);
    if !line.contains(&0x1b)
        && !line.ends_with(b"\r")
        && line.len() < LINE_CAP / 8
        && is_ascii(before.last())
        && is_ascii(after.first())
    {
        let coloured = [before, b"\x1b[1;31m", after].concat();
        let text: String = styled(&coloured)
            .iter()
            .map(|(stretch, _)| stretch.to_string())
            .collect();
        assert_eq!(text, shown, "coloured from byte {place} on");
    }
});

fn assert_harmless(text: &Safe) {
    assert!(!text.contains(is_hidden), "{text:?}");
    assert_eq!(Safe::line(text), *text, "made harmless once and for all");
    assert_eq!(text.cut(text.width()), *text);
    for cells in [0, 1, 2, 7, text.width().saturating_sub(1)] {
        assert!(text.cut(cells).width() <= cells, "{text:?} cut to {cells}");
    }
    let ascii = text.ascii();
    assert!(ascii.is_ascii() && !ascii.contains(is_hidden), "{ascii:?}");
}
