//! An *edit* of a tag file: exactly the bytes of the named scalars, and nothing else.
//!
//! Comments, key order, line endings, quotes and a missing final newline stay as they are. The result is read again and
//! compared node by node with what was asked for; whatever cannot be done so is refused with the reason. Deliberately
//! absent: deleting keys, templates (`.gotmpl`), and files reached through a link (the tree knows those).

use std::ops::Range;

use super::scalars::{self, Key, Missing, Role, locate};
use super::yaml::{self, Content, Node};
use crate::model::slot::{Kind, Quoting, Slot, Value, is_plain, kind};

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

/// Where a value is written: these bytes are replaced by it, with what stands before and behind it.
struct Gap {
    bytes: Range<usize>,
    lead: String,
    tail: &'static str,
    quoting: Quoting,
}

/// One replacement of bytes.
struct Splice {
    bytes: Range<usize>,
    with: String,
}

/// Sets the named scalars in a file.
///
/// # Errors
/// With the reason in words, when the edit cannot be made safely.
pub fn edit(bytes: &[u8], sets: &[Set]) -> Result<Vec<u8>, Cannot> {
    let (mark, text, root) = read(bytes)?;
    let mut splices = Vec::new();
    for (index, set) in sets.iter().enumerate() {
        if sets[..index].iter().any(|other| other.path == set.path) {
            return cannot(format!("{} is to be set twice", set.path));
        }
        if let Some(unfit) = set.value.unfit() {
            return cannot(format!("{} {unfit}", set.path));
        }
        let gap = gap(text, root.as_ref(), &set.path)?;
        let value = set.value.written(gap.quoting);
        splices.push(Splice {
            bytes: gap.bytes,
            with: format!("{}{value}{}", gap.lead, gap.tail),
        });
    }
    let after = apply(text, splices);
    verify(root.as_ref(), &after, sets)?;
    let mut out = Vec::with_capacity(mark + after.len());
    out.extend_from_slice(&bytes[..mark]);
    out.extend_from_slice(after.as_bytes());
    read_back(&out, sets)?;
    Ok(out)
}

/// What a file is by its name, where it is no YAML that could be edited.
pub fn template(path: &str) -> Option<&'static str> {
    path.ends_with(".gotmpl").then_some("a template, not YAML")
}

/// Where the value of a key is written, found by setting one.
///
/// # Errors
/// With the reason in words, when the key cannot be set safely.
pub fn slot(bytes: &[u8], key: &Key) -> Result<Slot, Cannot> {
    let set = match key.role {
        Role::Version => Set::text(&key.path, "v0"),
        Role::Gate => Set::boolean(&key.path, true),
    };
    edit(bytes, &[set])?;
    let (_, text, root) = read(bytes)?;
    let gap = gap(text, root.as_ref(), &key.path)?;
    let begin = text[..gap.bytes.start].rfind('\n').map_or(0, |end| end + 1);
    let is_new = !gap.tail.is_empty() || gap.lead.starts_with(['\r', '\n']);
    let line = (!is_new).then(|| {
        let end = text[gap.bytes.end..]
            .find('\n')
            .map_or(text.len(), |end| gap.bytes.end + end);
        text[begin..end].trim_end_matches('\r')
    });
    let bytes = match line {
        Some(_) => gap.bytes.start - begin..gap.bytes.end - begin,
        None => 0..0,
    };
    Ok(Slot {
        number: text[..gap.bytes.start].matches('\n').count() + 1,
        line: line.map(Into::into),
        bytes,
        lead: gap.lead.trim_start_matches(['\r', '\n']).into(),
        quoting: gap.quoting,
    })
}

/// The length of a byte order mark, the text behind it, and what the text is; no node for a file without any.
fn read(bytes: &[u8]) -> Result<(usize, &str, Option<Node>), Cannot> {
    let Ok(whole) = std::str::from_utf8(bytes) else {
        return cannot("the file is not UTF-8");
    };
    let text = whole.strip_prefix('\u{feff}').unwrap_or(whole);
    let read =
        yaml::read(text).or_else(|e| cannot(format!("the file is not readable as YAML: {e}")))?;
    if read.documents.len() > 1 {
        return cannot("the file holds more than one YAML document");
    }
    Ok((
        whole.len() - text.len(),
        text,
        read.documents.into_iter().next(),
    ))
}

fn gap(text: &str, root: Option<&Node>, path: &str) -> Result<Gap, Cannot> {
    let Some(root) = root.filter(|root| root.text() != Some("")) else {
        // An empty file, or one of comments only.
        return if path.contains('.') {
            cannot(format!("nothing holds {path}"))
        } else {
            Ok(new_line(text, text.len(), "", path))
        };
    };
    match locate(root, path) {
        Ok(node) => present(text, root, node, path),
        Err(Missing::Odd(words)) => cannot(words),
        Err(Missing::Absent) => absent(text, root, path),
    }
}

/// The bytes of a scalar that is there.
fn present(text: &str, root: &Node, node: &Node, path: &str) -> Result<Gap, Cannot> {
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
        return empty(text, root, path);
    }
    Ok(Gap {
        bytes: node.bytes.clone(),
        lead: String::new(),
        tail: "",
        quoting: *quoting,
    })
}

/// Behind a key that has no value (`image_tag:`).
fn empty(text: &str, root: &Node, path: &str) -> Result<Gap, Cannot> {
    let (parent, name) = match path.rsplit_once('.') {
        Some((parent, name)) => (locate(root, parent).ok(), name),
        None => (Some(root), path),
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
    Ok(Gap {
        bytes: colon..colon,
        lead: " ".to_owned(),
        tail: "",
        quoting: Quoting::Plain,
    })
}

/// A line for a key behind the last one of the mapping that should hold it.
fn absent(text: &str, root: &Node, path: &str) -> Result<Gap, Cannot> {
    let (parent, name) = match path.rsplit_once('.') {
        Some((parent, name)) => match locate(root, parent) {
            Ok(parent) => (parent, name),
            Err(_) => return cannot(format!("nothing holds {path}")),
        },
        None => (root, path),
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
    Ok(new_line(text, behind, indent, name))
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
fn new_line(text: &str, at: usize, indent: &str, name: &str) -> Gap {
    let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let before = &text[..at];
    // A file without a final newline stays one without.
    let (lead, tail) = if before.is_empty() || before.ends_with('\n') {
        (format!("{indent}{name}: "), ending)
    } else {
        (format!("{ending}{indent}{name}: "), "")
    };
    Gap {
        bytes: at..at,
        lead,
        tail,
        quoting: Quoting::Plain,
    }
}

/// Applies replacements; several additions at one place stay in the order asked for.
fn apply(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|splice| splice.bytes.start);
    let mut out = String::with_capacity(text.len() + 64);
    let mut from = 0;
    for splice in splices {
        out.push_str(&text[from..splice.bytes.start]);
        out.push_str(&splice.with);
        from = splice.bytes.end;
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
