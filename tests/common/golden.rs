//! Golden: screens compared with what was seen and found good.
//!
//! `UPDATE_GOLDEN=1 cargo test --test screens --test screens_log` writes them anew; look at the difference before it is
//! kept. Trailing spaces are not compared.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(
    clippy::unwrap_used,
    reason = "a screen that cannot be kept must end the test"
)]

use leverframe::state::State;
use leverframe::view::view;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::path::PathBuf;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 50)];

/// The screen as text, one line a row.
pub fn drawn(state: &State) -> String {
    let (columns, rows) = state.size;
    let mut screen = Buffer::empty(Rect::new(0, 0, columns, rows));
    view(state, &mut screen);
    let mut text = String::new();
    for y in 0..rows {
        let row: String = (0..columns).map(|x| screen[(x, y)].symbol()).collect();
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

fn compare(name: &str, state: &State) -> Result<(), String> {
    let (columns, rows) = state.size;
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/screens")
        .join(format!("{name}-{columns}x{rows}.txt"));
    let seen = drawn(state);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &seen).unwrap();
        return Ok(());
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    if kept == seen {
        return Ok(());
    }
    let first = kept
        .lines()
        .zip(seen.lines())
        .position(|(a, b)| a != b)
        .unwrap_or(0);
    Err(format!(
        "{} differs from line {} on; it is now:\n{seen}",
        path.display(),
        first + 1
    ))
}

/// Draws a view at every size; `UPDATE_GOLDEN=1` keeps what is drawn.
pub fn golden(name: &str, at: impl Fn(u16, u16) -> State) {
    let faults: Vec<String> = SIZES
        .into_iter()
        .filter_map(|(columns, rows)| compare(name, &at(columns, rows)).err())
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
