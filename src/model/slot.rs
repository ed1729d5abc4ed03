//! Slot: where the value of one key stands in its version file, so that a plan shows the bytes that it will write, and knows
//! beforehand where it can write none.
//!
//! Deliberately absent: reading and changing files, which is git's.

use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// How a value is quoted in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    Plain,
    Single,
    Double,
    /// A literal (`|`) or folded (`>`) block.
    Block,
}

/// What the common YAML readers (1.1 and 1.2) make of a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// A number, or a date: rendered it may look different from what is written.
    Number,
    Boolean,
    Null,
}

/// A value to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Re-reads as a text, quoted where its plain form would not.
    Text(String),
    Boolean(bool),
}

impl Value {
    /// The value as a reader of the file sees it.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Boolean(true) => "true",
            Self::Boolean(false) => "false",
        }
    }

    /// Why no version file can have this value, worded to follow "it"; none where it can.
    pub fn unfit(&self) -> Option<&'static str> {
        let text = self.text();
        if text.is_empty() {
            Some("would become empty")
        } else if text.chars().any(char::is_control)
            || text.contains(['\u{2028}', '\u{2029}', '\u{feff}'])
        {
            Some("would contain control characters")
        } else {
            None
        }
    }

    /// The value as it is written with these quotes, which a plain one gets where it would not re-read as what it is.
    pub fn written(&self, quoting: Quoting) -> String {
        let text = self.text();
        match (quoting, self) {
            (Quoting::Single, _) => format!("'{}'", text.replace('\'', "''")),
            (Quoting::Double, _) => doubled(text),
            (_, Value::Boolean(_)) => text.to_owned(),
            (_, Value::Text(_)) if is_plain(text) && kind(text) == Kind::Text => text.to_owned(),
            (_, Value::Text(_)) => doubled(text),
        }
    }
}

fn doubled(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether a text can stand without quotes anywhere in a file; stricter than YAML, so that no context matters.
pub fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '/' | '@'))
}

/// A place for a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Of the line, counted from 1.
    pub number: usize,
    /// The line as it stands, without its end; none where the line is to be added.
    pub line: Option<Box<str>>,
    /// The bytes of the line that are replaced.
    pub bytes: Range<usize>,
    /// What is written before the value.
    pub lead: Box<str>,
    pub quoting: Quoting,
}

impl Slot {
    /// The slot of a value that is written without quotes on a line of its own; of a line to be added without a value.
    pub fn plain(number: usize, key: &str, value: Option<&str>) -> Slot {
        let lead = format!("{key}: ");
        let line = value.map(|value| format!("{lead}{value}"));
        let (bytes, lead) = match &line {
            Some(line) => (lead.len()..line.len(), String::new()),
            None => (0..0, lead),
        };
        Slot {
            number,
            line: line.map(Into::into),
            bytes,
            lead: lead.into(),
            quoting: Quoting::Plain,
        }
    }

    pub fn edit(&self, value: &Value) -> LineEdit {
        LineEdit {
            number: self.number,
            line: self.line.as_deref().map(str::to_owned),
            bytes: self.bytes.clone(),
            with: format!("{}{}", self.lead, value.written(self.quoting)),
        }
    }
}

/// The slots of a file by their keys. A key that cannot be written has the reason instead, worded to follow a colon.
pub type Slots = Arc<[(Arc<str>, Result<Slot, Arc<str>>)]>;

/// What is made of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineEdit {
    /// Counted from 1.
    pub number: usize,
    /// The line as it stands; none where it is added.
    pub line: Option<String>,
    /// The bytes of the line that are replaced.
    pub bytes: Range<usize>,
    pub with: String,
}

/// The lines that go and the lines that come, in the order of the file; edits of one line make one of it.
pub fn changed_lines<'e>(edits: impl IntoIterator<Item = &'e LineEdit>) -> Vec<(char, String)> {
    let mut edits: Vec<&LineEdit> = edits.into_iter().collect();
    edits.sort_by_key(|edit| (edit.number, edit.line.is_none(), edit.bytes.start));
    let mut changed = Vec::new();
    let is_same =
        |a: &&LineEdit, b: &&LineEdit| a.line.is_some() && a.number == b.number && a.line == b.line;
    for edits in edits.chunk_by(is_same) {
        let mut after = edits
            .first()
            .and_then(|edit| edit.line.clone())
            .unwrap_or_default();
        changed.extend(after.lines().map(|line| ('-', line.to_owned())));
        for edit in edits.iter().rev() {
            if after.get(edit.bytes.clone()).is_some() {
                after.replace_range(edit.bytes.clone(), &edit.with);
            }
        }
        changed.extend(after.lines().map(|line| ('+', line.to_owned())));
    }
    changed
}

/// What readers of YAML 1.1 (Helm's among them) or 1.2 make of a plain scalar; the stranger reading wins, since this
/// decides what has to be quoted.
pub fn kind(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" | "n"
        | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            return Kind::Boolean;
        }
        "<<" | "=" => return Kind::Number,
        _ => {}
    }
    if is_number(text) || is_date(text) {
        Kind::Number
    } else {
        Kind::Text
    }
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = unsigned.to_ascii_lowercase();
    if matches!(lower.as_str(), ".inf" | ".nan") {
        return true;
    }
    let digits = lower.replace('_', "");
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = digits.strip_prefix(prefix) {
            return !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix));
        }
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return false;
    }
    // Base 60, as in 12:30:45.
    if digits.contains(':') {
        return digits
            .split(':')
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit() || c == '.'));
    }
    let (mantissa, exponent) = match digits.split_once('e') {
        Some((mantissa, exponent)) => (
            mantissa,
            Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        ),
        None => (digits.as_str(), None),
    };
    let mantissa_is = mantissa.chars().any(|c| c.is_ascii_digit())
        && mantissa.chars().all(|c| c.is_ascii_digit() || c == '.')
        && mantissa.matches('.').count() <= 1;
    mantissa_is && exponent.is_none_or(|e| !e.is_empty() && e.chars().all(|c| c.is_ascii_digit()))
}

pub fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    (0..4).all(digit)
        && bytes.get(4) == Some(&b'-')
        && digit(5)
        && bytes.get(6..9).is_some_and(|rest| rest.contains(&b'-'))
}
