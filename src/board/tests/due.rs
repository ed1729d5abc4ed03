//! Due: rows whose words change by time alone.

use super::*;
use crate::board::DUE_AT_ONCE;
use crate::store::Changed;

/// Apps with a gate that was closed a minute ago less a second.
fn held(apps: usize) -> Fixture {
    let mut world = Fixture::new();
    for nth in 0..apps {
        let app = format!("app-{nth:04}");
        world.app(&app, &[&app]);
        for environment in ["staging", "production"] {
            world.file(environment, &app, "v1", environment != "staging");
        }
        world.gate_moved("staging", &app, false, 59);
    }
    world
}

fn says(board: &Board, words: &str) -> usize {
    let cells = board.rows().flat_map(|row| row.cells.iter().flatten());
    let because = cells.flat_map(|status| status.because.iter());
    because.filter(|because| because.contains(words)).count()
}

#[test]
fn many_rows_that_are_due_at_once_are_derived_some_at_a_time_and_none_is_forgotten() {
    let apps = DUE_AT_ONCE + 100;
    let world = held(apps);
    let mut board = Board::new(&world.store, &world.delivery, ago(0));
    assert_eq!(
        (says(&board, "59s ago"), board.is_due(ago(0))),
        (apps, false)
    );
    let nothing = Changed::default();
    let mut at_once = Vec::new();
    while board.is_due(ago(-1)) {
        let before = says(&board, "1m ago");
        board.refresh(&nothing, &world.store, &world.delivery, ago(-1));
        at_once.push(says(&board, "1m ago") - before);
    }
    assert_eq!(at_once, [DUE_AT_ONCE, 100]);
}

#[test]
fn calm_rows_are_not_derived_because_time_passes() {
    let world = calm_world();
    let mut board = Board::new(&world.store, &world.delivery, ago(0));
    assert!(!board.is_due(ago(-1_000_000)));
    let before = board.revision();
    let nothing = Changed::default();
    board.refresh(&nothing, &world.store, &world.delivery, ago(-1_000_000));
    assert_eq!(board.revision(), before);
}
