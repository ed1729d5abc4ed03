//! The splitter of lists. Three promises: the items are the same however the body is cut; they are the items that a parser
//! of the whole body finds; and a body that was cut short is an error, never a shorter list.
#![no_main]

use leverframe::provider::kubernetes::fuzzing::split;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u16, &[u8])| {
    let (size, end, body) = input;
    let whole = split(body, usize::MAX);
    let cut = split(body, usize::from(size).max(1));
    assert_eq!(whole, cut, "cut into pieces of {size}");
    let Ok(parsed) = serde_json::from_slice::<serde_json::Value>(body) else {
        return;
    };
    let Ok(items) = whole else {
        return;
    };
    let last = body.trim_ascii_end().len();
    let short = &body[..usize::from(end) % last];
    assert!(
        split(short, usize::MAX).is_err(),
        "cut short after {} bytes",
        short.len()
    );
    let Some(known) = parsed.get("items").and_then(|items| items.as_array()) else {
        return;
    };
    if means_one_thing(body) {
        let items: Vec<serde_json::Value> = items
            .iter()
            .map(|item| serde_json::from_slice(item).expect("an item is a document"))
            .collect();
        assert_eq!(&items, known);
    }
});

/// Whether the key stands once and is written plainly: twice, or escaped, it is something else to each parser.
fn means_one_thing(body: &[u8]) -> bool {
    body.windows(7)
        .filter(|bytes| bytes == b"\"items\"")
        .count()
        == 1
        && !body.contains(&b'\\')
}
