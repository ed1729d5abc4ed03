//! The *scalars* of a tag file: the few values a delivery declares a version and its gates by, exactly as written.
//!
//! Reading never fails: whatever is strange about a file comes back as words beside what could be read. A value is only
//! ever text; what a chart would make of it (`1.10` a number, `True` a boolean) is a property of that text. Deliberately
//! absent: changing a file, which is `edit.rs`.

use std::collections::HashMap;
use std::sync::Arc;

use super::yaml::{self, Content, Node};
use crate::model::slot::{Kind, Quoting, is_date, kind};

/// What a wanted key stands for, which decides what is odd about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    Version,
    Gate,
}

/// One wanted key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// Dotted, from the root: `image_tag`, `versions.hocs-audit`.
    pub path: Arc<str>,
    pub role: Role,
}

impl Key {
    pub fn version(path: &str) -> Self {
        Self {
            path: path.into(),
            role: Role::Version,
        }
    }

    pub fn gate(path: &str) -> Self {
        Self {
            path: path.into(),
            role: Role::Gate,
        }
    }
}

/// One value, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    pub text: String,
    pub kind: Kind,
    pub quoted: bool,
    /// Counted from 1.
    pub line: usize,
}

impl Scalar {
    /// Whether a chart's string comparison with `"true"` holds for what Helm renders this value as.
    pub fn is_true(&self) -> bool {
        match self.kind {
            Kind::Boolean => matches!(
                self.text.to_ascii_lowercase().as_str(),
                "true" | "yes" | "on" | "y"
            ),
            Kind::Text => self.text == "true",
            Kind::Number | Kind::Null => false,
        }
    }
}

/// What one file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scalars {
    /// By dotted path; a key that is missing, null or not a scalar is not in here.
    pub values: HashMap<Arc<str>, Scalar>,
    /// Everything strange, in words, each a fragment that can follow the file's name.
    pub odd: Vec<String>,
}

impl Scalars {
    /// The text of a value.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.values.get(path).map(|scalar| scalar.text.as_str())
    }

    /// Whether a gate is open. A missing key is false, as Helm's default has it.
    pub fn gate(&self, path: &str) -> bool {
        self.values.get(path).is_some_and(Scalar::is_true)
    }
}

/// Reads the wanted keys of a file. With `closed`, any other key at the top is odd.
pub fn read(bytes: &[u8], wanted: &[Key], closed: bool) -> Scalars {
    let mut found = Scalars::default();
    let odd = &mut found.odd;
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => {
            odd.push(format!("not UTF-8 at byte {}", e.valid_up_to()));
            return found;
        }
    };
    if text.is_empty() {
        odd.push("empty file".to_owned());
        return found;
    }
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => {
            odd.push("starts with a byte order mark".to_owned());
            rest
        }
        None => text,
    };
    if text.contains("\r\n") {
        odd.push("lines end in CR LF".to_owned());
    }
    if let Some(line) = conflict(text) {
        odd.push(format!("conflict markers in line {line}"));
        return found;
    }
    let read = match yaml::read(text) {
        Ok(read) => read,
        Err(e) => {
            odd.push(format!("not readable as YAML: {e}"));
            return found;
        }
    };
    if read.documents.len() > 1 {
        odd.push(format!(
            "{} YAML documents, of which only the first counts",
            read.documents.len()
        ));
    }
    let Some(root) = read.documents.first() else {
        odd.push("nothing but comments or blank lines".to_owned());
        return found;
    };
    if !matches!(root.content, Content::Mapping { .. }) {
        odd.push(match root.text() {
            Some("") => "nothing but comments or blank lines".to_owned(),
            _ => "not a list of keys and values".to_owned(),
        });
        return found;
    }
    if let Some(line) = leading_tab(text, root) {
        // Values that are left out are empty to the chart: an empty tag would be rolled out.
        odd.push(format!(
            "line {line} begins with a tab, so that Helm reads nothing of the file"
        ));
        return found;
    }
    for key in wanted {
        match locate(root, &key.path) {
            Ok(node) => one(key, node, &mut found),
            Err(Missing::Absent) => {
                if key.role == Role::Version {
                    found.odd.push(format!("no {}", key.path));
                }
            }
            Err(Missing::Odd(words)) => found.odd.push(words),
        }
    }
    if closed {
        strangers(root, wanted, &mut found.odd);
    }
    found
}

/// Why a key has no node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    Absent,
    /// In words.
    Odd(String),
}

/// The node at a dotted path.
pub fn locate<'a>(root: &'a Node, path: &str) -> Result<&'a Node, Missing> {
    let mut at = root;
    for segment in path.split('.') {
        if !matches!(at.content, Content::Mapping { .. }) {
            return Err(match &at.content {
                Content::Alias(_) => Missing::Odd(format!("{path} lies behind an alias")),
                Content::Scalar { text, .. } if text.is_empty() => Missing::Absent,
                _ => Missing::Odd(format!("what should hold {path} has no keys")),
            });
        }
        let mut same = at
            .entries()
            .iter()
            .filter(|(key, _)| key.text() == Some(segment));
        let first = same.next();
        if let Some((again, _)) = same.next() {
            return Err(Missing::Odd(format!(
                "{path} stands twice, again in line {}",
                again.line
            )));
        }
        match first {
            Some((_, value)) => at = value,
            None if at.entries().iter().any(|(key, _)| key.text() == Some("<<")) => {
                return Err(Missing::Odd(format!(
                    "{path} may come from a merge key (<<)"
                )));
            }
            None => return Err(Missing::Absent),
        }
    }
    Ok(at)
}

/// Takes one wanted value into what was found, with what is odd about it.
fn one(key: &Key, node: &Node, found: &mut Scalars) {
    let path = &key.path;
    let odd = &mut found.odd;
    let (text, quoting) = match &node.content {
        Content::Scalar { text, quoting } => (text, *quoting),
        Content::Alias(_) => {
            odd.push(format!("{path} is an alias"));
            return;
        }
        Content::Mapping { .. } | Content::Sequence(_) => {
            odd.push(format!("{path} is not a single value"));
            return;
        }
    };
    if node.anchor != 0 {
        odd.push(format!("{path} carries an anchor"));
    }
    let quoted = quoting != Quoting::Plain;
    let kind = match node.tag.as_deref() {
        None if quoted => Kind::Text,
        None => kind(text),
        Some("!!str" | "!") => Kind::Text,
        Some(tag) => {
            odd.push(format!("{path} has the tag {tag}"));
            kind(text)
        }
    };
    if quoting == Quoting::Block {
        odd.push(format!("{path} is written as a block"));
    }
    match (kind, key.role) {
        (Kind::Null, _) => {
            odd.push(format!("{path} is null"));
            return;
        }
        (Kind::Number, Role::Version) if !is_rendered_as_written(text) => {
            odd.push(format!(
                "{path} is a bare number, which a chart renders otherwise than it is written"
            ));
        }
        (Kind::Boolean, Role::Version) => odd.push(format!("{path} is a boolean")),
        (Kind::Boolean, Role::Gate) if !matches!(text.as_str(), "true" | "false") => {
            odd.push(format!("{path} is written {text}"));
        }
        (Kind::Number, Role::Gate) => odd.push(format!("{path} is a number")),
        (Kind::Text, Role::Gate) if !matches!(text.as_str(), "true" | "false") => {
            odd.push(format!("{path} is neither true nor false"));
        }
        _ => {}
    }
    if text.is_empty() {
        odd.push(format!("{path} is an empty text"));
    }
    if text.contains("\\n") || text.contains("\\r") {
        odd.push(format!("{path} contains a literal \\n"));
    }
    if text.chars().any(char::is_control) {
        odd.push(format!("{path} contains control characters"));
    } else if key.role == Role::Version && text.contains(char::is_whitespace) {
        odd.push(format!("{path} contains blanks"));
    }
    if text.chars().count() > 255 {
        odd.push(format!(
            "{path} is {} characters long",
            text.chars().count()
        ));
    }
    found.values.insert(
        Arc::clone(path),
        Scalar {
            text: text.clone(),
            kind,
            quoted,
            line: node.line,
        },
    );
}

/// Keys at the top that nothing is known of.
fn strangers(root: &Node, wanted: &[Key], odd: &mut Vec<String>) {
    for (key, _) in root.entries() {
        match key.text() {
            Some(name)
                if wanted
                    .iter()
                    .any(|w| w.path.split('.').next() == Some(name)) => {}
            Some(name) => odd.push(format!("unknown key {name}")),
            None => odd.push("a key that is not a text".to_owned()),
        }
    }
}

/// The first line that is indented by a tab, which YAML forbids and some readers, ours among them, let pass. Inside quotes and
/// brackets a tab is a blank like any other.
fn leading_tab(text: &str, root: &Node) -> Option<usize> {
    let mut start = 0;
    for (index, line) in text.split('\n').enumerate() {
        let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(column) = line[..blanks].find('\t')
            && !allows_tab(root, text, start + column, column)
        {
            return Some(index + 1);
        }
        start += line.len() + 1;
    }
    None
}

/// Whether a tab may stand at a byte: inside quotes or brackets, or behind the indentation of a text of several lines.
fn allows_tab(node: &Node, text: &str, byte: usize, column: usize) -> bool {
    if !node.bytes.contains(&byte) {
        return false;
    }
    let within = |node: &Node| allows_tab(node, text, byte, column);
    match &node.content {
        Content::Scalar { quoting, .. } => match quoting {
            Quoting::Single | Quoting::Double => true,
            Quoting::Plain | Quoting::Block => column > 0,
        },
        Content::Mapping { flow: true, .. } => true,
        Content::Mapping { entries, .. } => entries
            .iter()
            .any(|(key, value)| within(key) || within(value)),
        Content::Sequence(items) => {
            text[node.bytes.clone()].starts_with('[') || items.iter().any(within)
        }
        Content::Alias(_) => false,
    }
}

/// The first line that looks like what a merge left behind.
fn conflict(text: &str) -> Option<usize> {
    text.lines()
        .position(|line| {
            line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") || line == "======="
        })
        .map(|index| index + 1)
}

/// Whether a chart renders a plain number as its file spells it: Helm has floating point numbers only, so `1.10` becomes
/// `1.1` and `1000000` becomes `1e+06`. Dates stay texts.
fn is_rendered_as_written(text: &str) -> bool {
    let digits =
        |part: &str| (1..=6).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let whole_stays = digits(whole) && (whole == "0" || !whole.starts_with('0'));
    let fraction_stays = fraction.is_none_or(|part| digits(part) && !part.ends_with('0'));
    is_date(text) || whole_stays && fraction_stays
}

#[cfg(test)]
mod tests;
