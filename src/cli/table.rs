//! Table: columns for people. Every cell is made harmless here, so that no command can forget it.
//!
//! Deliberately absent: cutting. A terminal that is too narrow wraps; a pipe gets everything. A cell that is longer than any
//! column should be pushes its own row only.

use crate::text::{Safe, width};

/// Cells that a column may be wide for the sake of one text.
const WIDEST: usize = 64;

/// Rows of equal length under a heading.
#[derive(Debug)]
pub struct Table {
    heading: Vec<&'static str>,
    rows: Vec<Vec<Safe>>,
}

impl Table {
    pub fn new(heading: &[&'static str]) -> Self {
        Self {
            heading: heading.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; texts may be anything from outside. An empty cell shows as `-`.
    pub fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let row = cells
            .into_iter()
            .map(|cell| match cell.as_ref() {
                "" => Safe::own("-"),
                text => Safe::line(text),
            })
            .collect();
        self.rows.push(row);
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut widths: Vec<usize> = self.heading.iter().map(|h| width(h)).collect();
        for row in &self.rows {
            for (at, cell) in widths.iter_mut().zip(row) {
                *at = (*at).max(cell.width().min(WIDEST));
            }
        }
        let heading: Vec<Safe> = self.heading.iter().copied().map(Safe::own).collect();
        for row in std::iter::once(&heading).chain(&self.rows) {
            let mut line = String::new();
            for (cell, wide) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.extend(std::iter::repeat_n(
                    ' ',
                    wide.saturating_sub(cell.width()) + 2,
                ));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// An age in the board's words: `40s`, `27m`, `9h`, `6d`.
pub fn age(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{}s", seconds.max(0)),
        60..3600 => format!("{}m", seconds / 60),
        3600..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_heading_and_nothing_from_outside_is_obeyed() {
        let mut table = Table::new(&["APP", "VERSION"]);
        table.row(["publisher", "v1"]);
        table.row(["e\u{1b}[2Jvil", ""]);
        table.row(["日本", "v2"]);
        let text = table.to_string();
        assert!(!text.contains('\u{1b}'));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "APP        VERSION");
        assert_eq!(lines[1], "publisher  v1");
        assert!(lines[2].ends_with("  -"), "{text}");
        assert_eq!(lines[3], "日本       v2");
    }

    #[test]
    fn one_endless_cell_widens_its_own_row_only() {
        let endless = "v".repeat(3_000);
        let mut table = Table::new(&["APP", "VERSION", "SYNC"]);
        table.row(["publisher", "v1", "Synced"]);
        table.row(["router", &endless, "Synced"]);
        let text = table.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].len() < 100 && lines[1].len() < 100, "{text}");
        assert!(
            lines[2].contains(&format!("{endless}  Synced")),
            "nothing is cut"
        );
    }

    #[test]
    fn ages_are_short() {
        let said: Vec<String> = [-5, 59, 60, 3599, 7200, 172_799, 172_800].map(age).into();
        assert_eq!(said, ["0s", "59s", "1m", "59m", "2h", "47h", "2d"]);
    }
}
