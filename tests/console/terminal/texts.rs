//! Hostile texts in every place of a repository: none of them reaches the terminal as anything but letters.

use std::collections::BTreeSet;

use super::console::{Console, Requests};
use super::repository::Repository;
use super::{READY, hostile};

/// The kinds of sequences and controls that the console itself sends.
pub const OURS: &[&str] = &[
    "CSI ?h", "CSI ?l", "CSI H", "CSI C", "CSI J", "CSI m", "CSI t", "C0 0d", "C0 0a",
    // Where the cursor is, which proves that the terminal has what was sent before.
    "ESC 7", "CSI n", "ESC 8",
];

#[test]
fn no_view_lets_a_sequence_through() {
    let repository = Repository::hostile(&hostile::bytes());
    let path = repository.path().to_str().expect("a path in UTF-8");
    let mut console = Console::start(&["--delivery", "govuk", "--repository", path]);
    console.wait_for(READY);
    // Orphan files fold into one line; the last hour's changes stand below the rows.
    console.press("+");
    let mut pages = BTreeSet::new();
    // Each view is gone through from its top to its bottom.
    for keys in ["g", "H", "q d", "q S", "q J", "q @", "q ?", "q"] {
        console.press(keys);
        for _ in 0..6 {
            console.press("ctrl-f");
            pages.insert(console.repainted().rows);
        }
        console.press("g");
    }
    console.resize(200, 50);
    console.wait_for_fn("the wide board", |screen| {
        screen.rows.len() == 50 && screen.contains(READY)
    });
    console.press("ctrl-f ctrl-f ctrl-b");
    console.repainted();
    assert!(
        pages.len() > 10,
        "only {} pages were seen; the last is\n{}",
        pages.len(),
        console.screen()
    );
    let bytes = console.bytes_since(0);
    let strange: Vec<_> = hostile::sequences(&bytes)
        .into_iter()
        .filter(|(kind, _)| !OURS.contains(&kind.as_str()))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
    assert_eq!(console.requests(), Requests::default());
    console.press("Q");
    assert_eq!(console.wait_exit(), 0);
    console.assert_restored();
}
