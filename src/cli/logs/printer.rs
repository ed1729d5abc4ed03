//! Printer: the lines of a log as they are printed: bytes to a pipe, harmless to a terminal, documents as JSON.
//!
//! Deliberately absent: searching and filtering; there are programs for it.

use crate::cli::arguments::Form;
use crate::model::log::Stretch;
use crate::text::{Safe, to_json};
use jiff::Timestamp;
use serde::Serialize;
use std::borrow::Cow;
use std::io::IsTerminal;

/// How a log is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum How {
    /// To a pipe or a file: every byte as it came.
    Bytes,
    /// To a terminal: lines made harmless.
    Lines,
    /// A JSON document for each line.
    Json,
}

/// `logs -o json`: one line.
#[derive(Serialize)]
struct LogLine<'a> {
    at: Option<Timestamp>,
    text: Cow<'a, str>,
}

/// Makes of the pieces of a log what is printed.
pub(in crate::cli) struct Printer {
    how: How,
    /// The last line so far, where lines are made, and when it was printed.
    rest: Vec<u8>,
    at: Option<Timestamp>,
    /// Where bytes are passed on: the last of them did not end a line.
    is_in_line: bool,
}

impl Printer {
    pub fn new(form: Form) -> Self {
        let how = match form {
            Form::Json => How::Json,
            Form::Table if std::io::stdout().is_terminal() => How::Lines,
            Form::Table => How::Bytes,
        };
        Self {
            how,
            rest: Vec::new(),
            at: None,
            is_in_line: false,
        }
    }

    /// What is to be printed of a piece.
    pub fn print(&mut self, piece: Stretch) -> Vec<u8> {
        if self.how == How::Bytes {
            self.is_in_line = !piece.bytes.ends_with(b"\n");
            return piece.bytes;
        }
        let mut printed = Vec::new();
        let mut from = 0;
        for line in piece.bytes.split_inclusive(|b| *b == b'\n') {
            let begins = |(start, _): &(u32, i64)| *start as usize;
            if let Ok(n) = piece.starts.binary_search_by_key(&from, begins) {
                let nanoseconds = i128::from(piece.starts[n].1);
                self.at = Timestamp::from_nanosecond(nanoseconds).ok();
            }
            from += line.len();
            self.rest.extend_from_slice(line);
            if line.ends_with(b"\n") {
                self.rest.pop();
                self.line(&mut printed);
            }
        }
        printed
    }

    /// What is left when the log is over: a line without its end.
    pub fn end(&mut self) -> Vec<u8> {
        let mut printed = Vec::new();
        if !self.rest.is_empty() {
            self.line(&mut printed);
        }
        printed
    }

    /// What is left when the container was restarted: its last line is over, with or without its end.
    pub fn restart(&mut self) -> Vec<u8> {
        match std::mem::take(&mut self.is_in_line) {
            true => vec![b'\n'],
            false => self.end(),
        }
    }

    fn line(&mut self, printed: &mut Vec<u8>) {
        let rest = std::mem::take(&mut self.rest);
        let at = self.at.take();
        match self.how {
            How::Json => {
                let line = LogLine {
                    at,
                    text: String::from_utf8_lossy(&rest),
                };
                // Neither a moment nor a text can fail to be JSON.
                let json = to_json(&line).unwrap_or_default();
                printed.extend_from_slice(json.as_bytes());
            }
            _ => printed.extend_from_slice(Safe::lossy(&rest).as_bytes()),
        }
        printed.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(bytes: &[u8], starts: &[(u32, i64)]) -> Stretch {
        Stretch {
            bytes: bytes.to_vec(),
            starts: starts.to_vec(),
        }
    }

    fn printer(how: How) -> Printer {
        Printer {
            how,
            rest: Vec::new(),
            at: None,
            is_in_line: false,
        }
    }

    fn printed(how: How, pieces: Vec<Stretch>) -> String {
        let mut printer = printer(how);
        let mut all: Vec<u8> = pieces.into_iter().flat_map(|p| printer.print(p)).collect();
        all.extend(printer.end());
        String::from_utf8_lossy(&all).into_owned()
    }

    /// Cut inside a line, one line without a stamp, one without an end.
    fn pieces() -> Vec<Stretch> {
        vec![
            stretch(b"one \x1b[31mr", &[(0, 1_500_000_000)]),
            stretch(b"ed\ntwo\n", &[]),
            stretch(b"three", &[(0, 3_000_000_000)]),
        ]
    }

    #[test]
    fn a_log_is_bytes_to_a_pipe_and_harmless_to_a_terminal() {
        assert_eq!(
            printed(How::Bytes, pieces()),
            "one \u{1b}[31mred\ntwo\nthree"
        );
        let shown = printed(How::Lines, pieces());
        assert!(!shown.contains('\u{1b}') && shown.ends_with("\ntwo\nthree\n"));
    }

    #[test]
    fn a_restart_ends_the_line_that_the_container_left_open() {
        for how in [How::Bytes, How::Lines] {
            let mut printer = printer(how);
            let mut all = printer.print(stretch(b"half a li", &[]));
            all.extend(printer.restart());
            all.extend(printer.print(stretch(b"up again\n", &[])));
            all.extend(printer.restart());
            all.extend(printer.end());
            assert_eq!(String::from_utf8_lossy(&all), "half a li\nup again\n");
        }
    }

    #[test]
    fn as_json_each_line_is_a_document_with_its_moment() {
        let text = printed(How::Json, pieces());
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(
            lines,
            [
                serde_json::json!({"at": "1970-01-01T00:00:01.5Z", "text": "one \u{1b}[31mred"}),
                serde_json::json!({"at": null, "text": "two"}),
                serde_json::json!({"at": "1970-01-01T00:00:03Z", "text": "three"}),
            ]
        );
    }
}
