//! An *edit* of a tag file: exactly the bytes of the named scalars, and nothing else.
//!
//! Comments, key order, line endings, quotes and a missing final newline stay as they are. The result is read again and
//! compared node by node with what was asked for; whatever cannot be done so is refused with the reason. Deliberately
//! absent: deleting keys, templates (`.gotmpl`), and files reached through a link (the tree knows those).

use std::ops::Range;

use super::scalars::{self, Key, Kind, Missing, kind, locate};
use super::yaml::{self, Content, Node, Quoting};

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
}

/// One scalar to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// Dotted, from the root.
    pub path: String,
    pub value: Value,
}

impl Set {
    pub fn text(path: &str, value: &str) -> Self {
        Self {
            path: path.to_owned(),
            value: Value::Text(value.to_owned()),
        }
    }

    pub fn boolean(path: &str, value: bool) -> Self {
        Self {
            path: path.to_owned(),
            value: Value::Boolean(value),
        }
    }
}

/// Why a file is not edited; the file is then as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Cannot(pub String);

fn cannot<T>(why: impl Into<String>) -> Result<T, Cannot> {
    Err(Cannot(why.into()))
}

/// One replacement of bytes.
struct Splice {
    at: Range<usize>,
    with: String,
}

/// Sets the named scalars in a file.
///
/// # Errors
/// With the reason in words, when the edit cannot be made safely.
pub fn edit(bytes: &[u8], sets: &[Set]) -> Result<Vec<u8>, Cannot> {
    let Ok(whole) = std::str::from_utf8(bytes) else {
        return cannot("the file is not UTF-8");
    };
    let text = whole.strip_prefix('\u{feff}').unwrap_or(whole);
    let mark = whole.len() - text.len();
    let before =
        yaml::read(text).or_else(|e| cannot(format!("the file is not readable as YAML: {e}")))?;
    if before.documents.len() > 1 {
        return cannot("the file holds more than one YAML document");
    }
    let mut splices = Vec::new();
    for (index, set) in sets.iter().enumerate() {
        if sets[..index].iter().any(|other| other.path == set.path) {
            return cannot(format!("{} is to be set twice", set.path));
        }
        acceptable(set)?;
        splices.push(splice(text, before.documents.first(), set)?);
    }
    let after = apply(text, splices);
    verify(before.documents.first(), &after, sets)?;
    let mut out = Vec::with_capacity(mark + after.len());
    out.extend_from_slice(&bytes[..mark]);
    out.extend_from_slice(after.as_bytes());
    read_back(&out, sets)?;
    Ok(out)
}

/// A value that a version or a gate can have at all.
fn acceptable(set: &Set) -> Result<(), Cannot> {
    let text = set.value.text();
    if text.is_empty() {
        return cannot(format!("{} would become empty", set.path));
    }
    if text.chars().any(char::is_control) || text.contains(['\u{2028}', '\u{2029}', '\u{feff}']) {
        return cannot(format!(
            "the value for {} contains control characters",
            set.path
        ));
    }
    Ok(())
}

fn splice(text: &str, root: Option<&Node>, set: &Set) -> Result<Splice, Cannot> {
    let path = &set.path;
    let Some(root) = root.filter(|root| root.text() != Some("")) else {
        // An empty file, or one of comments only.
        return if path.contains('.') {
            cannot(format!("nothing holds {path}"))
        } else {
            Ok(line_at(text, text.len(), "", path, &set.value))
        };
    };
    match locate(root, path) {
        Ok(node) => replace(text, root, node, set),
        Err(Missing::Odd(words)) => cannot(words),
        Err(Missing::Absent) => add(text, root, set),
    }
}

/// Replaces the bytes of a scalar that is there.
fn replace(text: &str, root: &Node, node: &Node, set: &Set) -> Result<Splice, Cannot> {
    let path = &set.path;
    let Content::Scalar { quoting, .. } = &node.content else {
        return cannot(format!("{path} is not a single value"));
    };
    if node.anchor != 0 {
        return cannot(format!(
            "{path} carries an anchor that other values may follow"
        ));
    }
    if node.tag.is_some() {
        return cannot(format!("{path} carries a tag"));
    }
    if *quoting == Quoting::Block {
        return cannot(format!("{path} is written as a block"));
    }
    if node.bytes.is_empty() {
        return empty(text, root, set);
    }
    Ok(Splice {
        at: node.bytes.clone(),
        with: written(&set.value, *quoting),
    })
}

/// Writes a value behind a key that has none (`image_tag:`).
fn empty(text: &str, root: &Node, set: &Set) -> Result<Splice, Cannot> {
    let path = &set.path;
    let (parent, name) = match path.rsplit_once('.') {
        Some((parent, name)) => (locate(root, parent).ok(), name),
        None => (Some(root), path.as_str()),
    };
    let key = parent
        .filter(|parent| matches!(parent.content, Content::Mapping { flow: false, .. }))
        .and_then(|parent| {
            parent
                .entries()
                .iter()
                .find(|(key, _)| key.text() == Some(name))
        })
        .map(|(key, _)| key.bytes.end);
    let colon = key.filter(|end| {
        text[*end..]
            .trim_start_matches([' ', '\t'])
            .starts_with(':')
    });
    let Some(colon) = colon.and_then(|end| text[end..].find(':').map(|at| end + at + 1)) else {
        return cannot(format!("{path} has no value and is not a plain line"));
    };
    Ok(Splice {
        at: colon..colon,
        with: format!(" {}", written(&set.value, Quoting::Plain)),
    })
}

/// Adds a key behind the last one of the mapping that should hold it.
fn add(text: &str, root: &Node, set: &Set) -> Result<Splice, Cannot> {
    let path = &set.path;
    let (parent, name) = match path.rsplit_once('.') {
        Some((parent, name)) => match locate(root, parent) {
            Ok(parent) => (parent, name),
            Err(_) => return cannot(format!("nothing holds {path}")),
        },
        None => (root, path.as_str()),
    };
    if kind(name) != Kind::Text || !is_plain(name) {
        return cannot(format!("{name} cannot be written as a plain key"));
    }
    let Content::Mapping {
        entries,
        flow: false,
    } = &parent.content
    else {
        return cannot(format!("what should hold {path} is not a list of lines"));
    };
    let (Some((first, _)), Some((last, value))) = (entries.first(), entries.last()) else {
        return cannot(format!("what should hold {path} is empty"));
    };
    if let Content::Scalar {
        quoting: Quoting::Block,
        ..
    } = value.content
    {
        return cannot(format!(
            "the line before the new {path} is written as a block"
        ));
    }
    if first.bytes.is_empty() || parent.anchor != 0 {
        return cannot(format!("what should hold {path} is not plain lines"));
    }
    let line_start = text[..first.bytes.start].rfind('\n').map_or(0, |at| at + 1);
    let indent = &text[line_start..first.bytes.start];
    if !indent.chars().all(|c| c == ' ') {
        return cannot(format!(
            "what should hold {path} does not start on a line of its own"
        ));
    }
    let end = last.bytes.end.max(end_of(value));
    let behind = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    Ok(line_at(text, behind, indent, name, &set.value))
}

/// The last byte of anything below a node: a collection's own range may reach into the lines behind it.
fn end_of(node: &Node) -> usize {
    match &node.content {
        Content::Mapping {
            entries,
            flow: false,
        } => entries.last().map_or(node.bytes.start, |(key, value)| {
            key.bytes.end.max(end_of(value))
        }),
        Content::Sequence(items) if !node.bytes.is_empty() => {
            items.last().map_or(node.bytes.end, |item| {
                // A flow sequence ends behind its bracket, a block one with its last item.
                end_of(item)
            })
        }
        _ => node.bytes.end,
    }
}

/// A new line at a place that is the start of a line or the end of the text.
fn line_at(text: &str, at: usize, indent: &str, name: &str, value: &Value) -> Splice {
    let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let written = written(value, Quoting::Plain);
    let before = &text[..at];
    // A file without a final newline stays one without.
    let with = if before.is_empty() || before.ends_with('\n') {
        format!("{indent}{name}: {written}{ending}")
    } else {
        format!("{ending}{indent}{name}: {written}")
    };
    Splice { at: at..at, with }
}

/// A value as it is written with these quotes, which a plain one gets where it would not re-read as what it is.
fn written(value: &Value, quoting: Quoting) -> String {
    let text = value.text();
    match (quoting, value) {
        (Quoting::Single, _) => format!("'{}'", text.replace('\'', "''")),
        (Quoting::Double, _) => doubled(text),
        (_, Value::Boolean(_)) => text.to_owned(),
        (_, Value::Text(_)) if is_plain(text) && kind(text) == Kind::Text => text.to_owned(),
        (_, Value::Text(_)) => doubled(text),
    }
}

fn doubled(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether a text can stand without quotes anywhere in a file; stricter than YAML, so that no context matters.
fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '/' | '@'))
}

/// Applies replacements; several additions at one place stay in the order asked for.
fn apply(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|splice| splice.at.start);
    let mut out = String::with_capacity(text.len() + 64);
    let mut from = 0;
    for splice in splices {
        out.push_str(&text[from..splice.at.start]);
        out.push_str(&splice.with);
        from = splice.at.end;
    }
    out.push_str(&text[from..]);
    out
}

/// Reads the result again: the named scalars have the new values, and everything else is what it was.
fn verify(before: Option<&Node>, after: &str, sets: &[Set]) -> Result<(), Cannot> {
    let read = yaml::read(after)
        .or_else(|e| cannot(format!("the edited file would not be readable: {e}")))?;
    let [root] = read.documents.as_slice() else {
        return cannot("the edited file would not be one document");
    };
    for set in sets {
        let now = locate(root, &set.path)
            .ok()
            .and_then(|node| match &node.content {
                Content::Scalar { text, quoting } => Some((text.as_str(), *quoting)),
                _ => None,
            });
        let holds = now.is_some_and(|(text, quoting)| {
            text == set.value.text()
                && (quoting != Quoting::Plain
                    || match set.value {
                        Value::Text(_) => kind(text) == Kind::Text,
                        Value::Boolean(_) => kind(text) == Kind::Boolean,
                    })
        });
        if !holds {
            return cannot(format!(
                "{} would not re-read as {}",
                set.path,
                set.value.text()
            ));
        }
    }
    let others = |node: &Node| {
        let mut out = Vec::new();
        flatten(node, "", sets, &mut out);
        out
    };
    if before.map(others).unwrap_or_default() == others(root) {
        Ok(())
    } else {
        cannot("the edit would change more than what it names")
    }
}

/// Reads the result as every file is read: what makes a reader leave out the values of a whole file (a leading tab, what a
/// merge left behind) is mended first, else the edit would be written and change nothing.
fn read_back(after: &[u8], sets: &[Set]) -> Result<(), Cannot> {
    let keys: Vec<Key> = sets
        .iter()
        .map(|set| match set.value {
            Value::Text(_) => Key::version(&set.path),
            Value::Boolean(_) => Key::gate(&set.path),
        })
        .collect();
    let found = scalars::read(after, &keys, false);
    let is_read = |set: &Set| found.text(&set.path) == Some(set.value.text());
    match sets.iter().find(|set| !is_read(set)) {
        None => Ok(()),
        Some(set) => cannot(format!(
            "{} would not be read from the edited file: {}",
            set.path,
            found.odd.join("; ")
        )),
    }
}

/// Every node but the named scalars as a line.
fn flatten(node: &Node, path: &str, sets: &[Set], out: &mut Vec<String>) {
    if sets.iter().any(|set| set.path == path) {
        return;
    }
    let own = format!("{path} {} {:?}", node.anchor, node.tag);
    match &node.content {
        Content::Scalar { text, quoting } => {
            // The root of a file of comments.
            if !(path.is_empty() && text.is_empty()) {
                out.push(format!("{own} {quoting:?} {text}"));
            }
        }
        Content::Alias(to) => out.push(format!("{own} *{to:?}")),
        Content::Sequence(items) => {
            out.push(format!("{own} [{}]", items.len()));
            for (index, item) in items.iter().enumerate() {
                flatten(item, &format!("{path}[{index}]"), sets, out);
            }
        }
        Content::Mapping { entries, .. } => {
            for (key, value) in entries {
                let name = key.text().unwrap_or("?");
                let below = if path.is_empty() {
                    name.to_owned()
                } else {
                    format!("{path}.{name}")
                };
                flatten(value, &below, sets, out);
            }
        }
    }
}

#[cfg(test)]
mod tests;
