//! Json: documents whose strings hold nothing that a terminal obeys or hides. Such letters stand there by their number,
//! `\u009b`, so that it is the same document for every reader.
//!
//! Deliberately absent: parsing.

use super::is_hidden;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};
use std::io::{Result, Write};

/// A document on one line.
///
/// # Errors
/// When the value has no JSON.
pub fn to_json(document: &impl Serialize) -> serde_json::Result<String> {
    write(document, CompactFormatter)
}

/// A document on many lines, indented.
///
/// # Errors
/// When the value has no JSON.
pub fn to_json_pretty(document: &impl Serialize) -> serde_json::Result<String> {
    write(document, PrettyFormatter::new())
}

fn write(document: &impl Serialize, form: impl Formatter) -> serde_json::Result<String> {
    let mut text = Vec::new();
    document.serialize(&mut Serializer::with_formatter(&mut text, Harmless(form)))?;
    // It is made of texts only.
    Ok(String::from_utf8_lossy(&text).into_owned())
}

struct Harmless<F>(F);

impl<F: Formatter> Formatter for Harmless<F> {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_hidden) {
            let (plain, hidden) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut letters = hidden.chars();
            let mut units = [0; 2];
            let letter = letters.next().unwrap_or_default();
            for unit in letter.encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = letters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.0.begin_array(writer)
    }
    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.0.end_array(writer)
    }
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> Result<()> {
        self.0.begin_array_value(writer, first)
    }
    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.0.end_array_value(writer)
    }
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.0.begin_object(writer)
    }
    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.0.end_object(writer)
    }
    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> Result<()> {
        self.0.begin_object_key(writer, first)
    }
    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.0.begin_object_value(writer)
    }
    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_means_the_same_and_holds_nothing_that_a_terminal_obeys() {
        let hostile = "a\u{1b}[2J\u{7f}\u{9b}31m\u{9d}52;c;\u{202e}\u{e0041}\u{378}z\u{e9}\n\"\\";
        let document = serde_json::json!({ hostile: [hostile, 1, null], "b": {} });
        for text in [
            to_json(&document).unwrap(),
            to_json_pretty(&document).unwrap(),
        ] {
            let back: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(back, document);
            let is_left = |letter: &char| is_hidden(*letter) && *letter != '\n';
            let left: Vec<char> = text.chars().filter(is_left).collect();
            assert!(left.is_empty(), "{left:?} in {text}");
            assert!(
                text.contains("z\u{e9}"),
                "what has a shape stands as it is: {text}"
            );
        }
        let text = to_json(&hostile).unwrap();
        assert!(
            text.contains("\\u009b31m") && text.contains("\\udb40\\udc41"),
            "{text}"
        );
    }
}
