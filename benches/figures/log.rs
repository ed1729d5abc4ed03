//! Log: a million lines held and searched, beside the bare bytes and memchr over them.

use super::{figure, ms};
use leverframe::model::log::{Filter, Log, Pattern, Stretch};
use std::time::Instant;

const LINES: usize = 1_000_000;

pub fn run() {
    let text = lines();
    let began = Instant::now();
    let copied = text.clone();
    let copy = began.elapsed();
    drop(copied);

    let mut log = Log::new(usize::MAX);
    let began = Instant::now();
    for piece in text.chunks(64 * 1024) {
        log.append(&Stretch {
            bytes: piece.to_vec(),
            starts: Vec::new(),
        });
    }
    let taken = began.elapsed();
    assert_eq!(log.len(), LINES);
    let ratio = log.allocated() as f64 / text.len() as f64;
    figure(
        "1,000,000 log lines held, allocated bytes / their bytes",
        &format!("{ratio:.3}"),
        "1.3",
        &format!(
            "{} MB, taken in in {}, a copy of them takes {}",
            text.len() / 1_000_000,
            ms(taken),
            ms(copy)
        ),
    );

    let began = Instant::now();
    let found = memchr::memmem::find_iter(&text, b"expected 200, got 503").count();
    let peer = began.elapsed();
    let pattern = Pattern::parse("Expected 200, got 503")
        .expect("a pattern")
        .expect("not empty");
    let mut exact = Filter::new(pattern);
    let began = Instant::now();
    exact.refresh(&log);
    let cased = began.elapsed();
    let pattern = Pattern::parse("expected 200, got 503")
        .expect("a pattern")
        .expect("not empty");
    let mut filter = Filter::new(pattern);
    let began = Instant::now();
    filter.refresh(&log);
    let searched = began.elapsed();
    assert_eq!(filter.numbers().len(), found);
    figure(
        "1,000,000 log lines searched, either case",
        &ms(searched),
        "300 ms",
        &format!(
            "{found} hits; one case {}, memmem over the same bytes {}",
            ms(cased),
            ms(peer)
        ),
    );
}

/// Lines as a smoke run prints them, about 140 bytes each.
fn lines() -> Vec<u8> {
    let mut text = Vec::with_capacity(LINES * 150);
    for n in 0..LINES {
        let line = if n % 5_000 == 0 {
            format!(
                "  Error: expected 200, got 503 at https://www.example.test/path/{n} after 30000 ms, attempt 1 of 3\n"
            )
        } else {
            format!(
                "  ok {n:>7} [chromium] > tests/publisher/publish.spec.js:41:7 > publishing > saves and publishes a draft edition @app-publisher ({} ms)\n",
                n % 4_000
            )
        };
        text.extend_from_slice(line.as_bytes());
    }
    text
}
