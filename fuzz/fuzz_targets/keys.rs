//! Keys. Two promises: the same bytes are the same keys however a slow line cuts them; and whatever came, once nothing more
//! came for a while every sequence is over and the next key is itself.
#![no_main]

use leverframe::terminal::{Decoder, Input};
use libfuzzer_sys::fuzz_target;
use std::time::{Duration, Instant};

/// What was typed, without the times.
fn typed(inputs: Vec<Input>) -> Vec<String> {
    inputs
        .into_iter()
        .map(|input| match input {
            Input::Key(key) => format!("{:?} {:?}", key.code, key.modifiers),
            Input::Paste(text) => format!("paste {text:?}"),
            Input::Answer(answer) => format!("answer {:?}", answer.position),
        })
        .collect()
}

fuzz_target!(|input: (&[u8], &[u8])| {
    let (bytes, sizes) = input;
    let now = Instant::now();
    let mut whole = Decoder::default();
    let mut one = whole.feed(bytes, now);
    one.extend(whole.end_sequence());
    let mut cut = Decoder::default();
    let mut other = Vec::new();
    let mut rest = bytes;
    for size in sizes.iter().chain(std::iter::repeat(&1)) {
        if rest.is_empty() {
            break;
        }
        let (first, later) = rest.split_at(usize::from(*size).clamp(1, rest.len()));
        other.extend(cut.feed(first, now));
        rest = later;
    }
    other.extend(cut.end_sequence());
    assert_eq!(typed(one), typed(other));
    assert_eq!(whole.patience(), None, "nothing is awaited any more");
    let later = now + Duration::from_secs(5);
    assert_eq!(
        typed(whole.feed(b"k", later)),
        ["Char('k') KeyModifiers(0x0)"]
    );
});
