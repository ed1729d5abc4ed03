//! Sizes from nothing to far too large, in storms.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{READY, started};

#[test]
fn a_thousand_sizes_end_in_the_screen_of_a_fresh_start() {
    let (_repository, mut console) = started();
    let mut random = StdRng::seed_from_u64(20_260_821);
    for step in 0..1000 {
        let (columns, rows) = match step % 20 {
            0 => (0, 0),
            1 => (0, random.random_range(0..=200)),
            2 => (random.random_range(0..=500), 0),
            3 => (random.random_range(1..=9), random.random_range(1..=5)),
            _ => (random.random_range(1..=500), random.random_range(1..=200)),
        };
        console.resize(columns, rows);
        if step % 50 == 0 {
            console.send(b"j");
        }
    }
    console.press("g");
    for (columns, rows) in [(120, 40), (80, 24)] {
        console.resize(columns, rows);
        let (_repository, fresh) = super::small();
        let fresh = fresh.size(columns, rows).start();
        super::wait_until_read(&fresh);
        // The minute may change between the two.
        console.wait_for_fn(
            &format!("the screen of a fresh start:\n{}", fresh.screen()),
            |screen| without_clock(&screen.rows) == without_clock(&fresh.screen().rows),
        );
    }
    console.press("Q");
    assert_eq!(console.wait_exit(), 0);
    console.assert_restored();
}

/// All but the header, which shows the time.
fn without_clock(rows: &[String]) -> &[String] {
    &rows[1..]
}

#[test]
fn a_terminal_without_cells_gets_nothing_and_one_that_grows_gets_a_frame() {
    let (_repository, start) = super::small();
    let console = start.size(0, 0).start();
    let raw = console.mode_at_start().to_owned();
    console.wait_until("raw mode", || console.mode() != raw);
    assert!(console.bytes_since(0).is_empty());
    console.resize(80, 24);
    console.wait_for(READY);
}
