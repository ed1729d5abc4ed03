//! Wrap: a text broken into lines, at spaces where there are any.
//!
//! Deliberately absent: texts in several looks.

use super::{Safe, width};
use unicode_segmentation::UnicodeSegmentation;

/// Breaks a text where a line of `cells` columns ends, so that nothing of it is left out, not even blanks.
pub fn broken(text: &str, cells: usize) -> Vec<Safe> {
    let text = Safe::line(text);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for shape in text.graphemes(true) {
        let wide = width(shape);
        if used > 0 && used + wide > cells {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(shape);
        }
        used += wide;
    }
    lines.iter().map(|line| Safe::line(line)).collect()
}

/// Breaks a text into lines of at most `cells` columns, at spaces where there are any; the first may be shorter.
pub fn wrap(text: &str, first: usize, cells: usize) -> Vec<Safe> {
    let text = Safe::line(text);
    let mut lines: Vec<String> = vec![String::new()];
    let mut room = first;
    let mut used = 0;
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let wide = width(word);
        let gap = usize::from(used > 0);
        if used + gap + wide <= room {
            if let Some(line) = lines.last_mut() {
                if gap == 1 {
                    line.push(' ');
                }
                line.push_str(word);
            }
            used += gap + wide;
            continue;
        }
        if wide <= cells {
            lines.push(word.to_owned());
            (room, used) = (cells, wide);
            continue;
        }
        // A word longer than a line is broken where the line ends: what must not be cut is broken instead.
        if used > 0 {
            if used + gap < room
                && let Some(line) = lines.last_mut()
            {
                line.push(' ');
                used += gap;
            } else {
                lines.push(String::new());
                (room, used) = (cells, 0);
            }
        }
        for shape in word.graphemes(true) {
            let wide = width(shape);
            if used + wide > room && (used > 0 || room < cells) {
                lines.push(String::new());
                (room, used) = (cells, 0);
            }
            if let Some(line) = lines.last_mut() {
                line.push_str(shape);
            }
            used += wide;
            if cells == 0 {
                break;
            }
        }
    }
    lines.iter().map(|line| Safe::line(line)).collect()
}

/// The same on at most so many lines, and at least one: the last holds all that is left, to be cut where it is drawn.
pub fn wrap_at_most(text: &str, first: usize, cells: usize, most: usize) -> Vec<Safe> {
    let mut lines = wrap(text, first, cells);
    let last = most.max(1) - 1;
    if lines.len() > last + 1 {
        let rest: Vec<String> = lines.drain(last..).map(|line| line.to_string()).collect();
        lines.push(Safe::line(&rest.join(" ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_and_words_longer_than_a_line_are_broken() {
        let lines = |text, first, cells| -> Vec<String> {
            wrap(text, first, cells)
                .iter()
                .map(|l| l.to_string())
                .collect()
        };
        assert_eq!(lines("one two three", 8, 8), ["one two", "three"]);
        assert_eq!(lines("one two", 2, 8), ["", "one two"]);
        assert_eq!(lines("abcdefghij", 4, 4), ["abcd", "efgh", "ij"]);
        assert_eq!(lines("x abcdefghij", 4, 4), ["x ab", "cdef", "ghij"]);
        assert_eq!(lines("", 4, 4), [""]);
    }

    #[test]
    fn no_room_at_all_is_one_line() {
        assert!(!wrap("abc", 0, 0).is_empty());
    }
}
