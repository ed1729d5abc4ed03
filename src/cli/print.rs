//! Print: the one way to standard output and standard error.
//!
//! Deliberately absent: panicking because nobody reads any more, as `println!` does.

use super::exit::{Exit, Failure};
use crate::text::{Safe, to_json, to_json_pretty};
use serde::Serialize;
use std::io::Write;

/// Writes a text to standard output.
///
/// # Errors
/// When it cannot be written; a reader that went away (`| head`) is none.
pub(super) fn out(text: &str) -> Result<(), Failure> {
    bytes(text.as_bytes())
}

/// Writes lines that repeat what came from outside, made harmless.
///
/// # Errors
/// As [`out`].
pub(super) fn safe(text: &str) -> Result<(), Failure> {
    let lines: Vec<Safe> = Safe::lines(text).collect();
    let lines: Vec<&str> = lines.iter().map(|line| &**line).collect();
    out(&format!("{}\n", lines.join("\n")))
}

/// Writes bytes to standard output as they are.
///
/// # Errors
/// As [`out`].
pub(super) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(
            Exit::Failed,
            format!("Standard output could not be written: {error}."),
        )),
        _ => Ok(()),
    }
}

/// Writes one JSON document, indented, with a line end.
///
/// # Errors
/// As [`out`].
pub(super) fn json(document: &impl Serialize) -> Result<(), Failure> {
    let text = to_json_pretty(document).map_err(no_json)?;
    out(&format!("{text}\n"))
}

/// A JSON document on one line.
///
/// # Errors
/// When the value has no JSON.
pub(super) fn one_line(document: &impl Serialize) -> Result<String, Failure> {
    to_json(document).map_err(no_json)
}

fn no_json(error: serde_json::Error) -> Failure {
    Failure::new(Exit::Failed, format!("No JSON could be made: {error}."))
}

/// Says something on standard error; made harmless, since errors repeat what servers say.
pub(super) fn complain(text: &str) {
    let mut stderr = std::io::stderr().lock();
    for (n, line) in Safe::lines(text).enumerate() {
        let head = if n == 0 { "leverframe: " } else { "" };
        // Where standard error is gone the sentence has no reader.
        let _ = writeln!(stderr, "{head}{line}");
    }
}
