//! An *edit* of a tag file: exactly the bytes of the named scalars, and nothing else.
//!
//! Comments, key order, line endings, quotes and a missing final newline stay as they are. The result is read again and
//! compared node by node with what was asked for; whatever cannot be done so is refused with the reason. Deliberately
//! absent: deleting keys, templates (`.gotmpl`), and files reached through a link (the tree knows those).

use std::ops::Range;

use super::scalars::{Kind, Missing, kind, locate};
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
mod tests {
    use proptest::prelude::*;

    use super::super::scalars::{Key, read};
    use super::*;

    fn tag(to: &str) -> [Set; 1] {
        [Set::text("image_tag", to)]
    }

    fn edited(file: &str, sets: &[Set]) -> String {
        String::from_utf8(edit(file.as_bytes(), sets).unwrap()).unwrap()
    }

    #[test]
    fn only_the_bytes_of_the_scalar_change() {
        for (file, want) in [
            ("image_tag: v1\na: true\n", "image_tag: v2\na: true\n"),
            (
                "# é\na: true\nimage_tag:   v1   # why\n",
                "# é\na: true\nimage_tag:   v2   # why\n",
            ),
            ("image_tag: \"v1\"\n", "image_tag: \"v2\"\n"),
            ("image_tag: 'v1'", "image_tag: 'v2'"),
            ("a: 1\r\nimage_tag: v1\r\n", "a: 1\r\nimage_tag: v2\r\n"),
            ("image_tag: v1", "image_tag: v2"),
            ("---\nimage_tag: v1\n...\n", "---\nimage_tag: v2\n...\n"),
            ("{a: 1, image_tag: v1}\n", "{a: 1, image_tag: v2}\n"),
            ("\u{feff}image_tag: v1\n", "\u{feff}image_tag: v2\n"),
            ("image_tag:\na: 1\n", "image_tag: v2\na: 1\n"),
            ("image_tag: # none yet\n", "image_tag: v2 # none yet\n"),
            ("image_tag: ~\n", "image_tag: v2\n"),
            ("image_tag: 20\n", "image_tag: v2\n"),
            ("image_tag:", "image_tag: v2"),
        ] {
            assert_eq!(edited(file, &tag("v2")), want, "{file:?}");
        }
    }

    #[test]
    fn a_missing_key_becomes_a_line() {
        let hold = [Set::boolean("promote_deployment", false)];
        for (file, want) in [
            (
                "image_tag: v1\n",
                "image_tag: v1\npromote_deployment: false\n",
            ),
            ("image_tag: v1", "image_tag: v1\npromote_deployment: false"),
            (
                "image_tag: v1\r\n",
                "image_tag: v1\r\npromote_deployment: false\r\n",
            ),
            (
                "image_tag: v1 # x\n\n# end\n",
                "image_tag: v1 # x\npromote_deployment: false\n\n# end\n",
            ),
            (
                "image_tag: v1\n...\n",
                "image_tag: v1\npromote_deployment: false\n...\n",
            ),
            ("image_tag:\n", "image_tag:\npromote_deployment: false\n"),
            ("# only\n", "# only\npromote_deployment: false\n"),
            ("", "promote_deployment: false\n"),
            (
                "a:\n  - 1\n  - {b: 2}\n# c\n",
                "a:\n  - 1\n  - {b: 2}\npromote_deployment: false\n# c\n",
            ),
            (
                "a:\n  b: {c: 1,\n    d: 2}\n",
                "a:\n  b: {c: 1,\n    d: 2}\npromote_deployment: false\n",
            ),
        ] {
            assert_eq!(edited(file, &hold), want, "{file:?}");
        }
        assert_eq!(
            edited(
                "versions:\n  a: 1.2.3\n  # end of a\nother: x\n",
                &[Set::text("versions.b", "2.0.0")]
            ),
            "versions:\n  a: 1.2.3\n  b: 2.0.0\n  # end of a\nother: x\n"
        );
    }

    #[test]
    fn two_missing_keys_keep_their_order() {
        let both = [
            Set::text("image_tag", "v2"),
            Set::boolean("promote_deployment", false),
        ];
        assert_eq!(
            edited("x: 1", &both),
            "x: 1\nimage_tag: v2\npromote_deployment: false"
        );
        assert_eq!(
            edited("", &both),
            "image_tag: v2\npromote_deployment: false\n"
        );
        assert_eq!(
            edited("# c", &both),
            "# c\nimage_tag: v2\npromote_deployment: false"
        );
    }

    #[test]
    fn what_would_re_read_as_something_else_is_quoted() {
        for (to, want) in [
            ("12e4567", "image_tag: \"12e4567\"\n"),
            ("1.10", "image_tag: \"1.10\"\n"),
            ("012345", "image_tag: \"012345\"\n"),
            ("yes", "image_tag: \"yes\"\n"),
            ("null", "image_tag: \"null\"\n"),
            ("2026-08-21", "image_tag: \"2026-08-21\"\n"),
            ("a: b #c", "image_tag: \"a: b #c\"\n"),
            ("q\"\\", "image_tag: \"q\\\"\\\\\"\n"),
            ("9f83e630", "image_tag: 9f83e630\n"),
        ] {
            assert_eq!(edited("image_tag: v1\n", &tag(to)), want);
        }
    }

    #[test]
    fn what_is_not_safe_is_refused_with_the_reason() {
        for (file, why) in [
            ("image_tag: *t\n", "not a single value"),
            ("image_tag: &t v1\nb: *t\n", "anchor"),
            ("image_tag: !!str 1\n", "tag"),
            ("image_tag: |\n  v1\n", "block"),
            ("image_tag: v1\nimage_tag: v2\n", "twice"),
            ("image_tag: v1\n---\nimage_tag: v2\n", "more than one"),
            ("base: &b {image_tag: v1}\n<<: *b\n", "merge key"),
            ("[v1]\n", "no keys"),
            ("image_tag: {{ .Values.x }}\n", "not"),
            ("{a: 1}\n", "not a list of lines"),
            ("a: |\n  text\n", "block"),
        ] {
            let error = edit(file.as_bytes(), &tag("v2")).unwrap_err();
            assert!(error.0.contains(why), "{file:?}: {error}");
        }
        assert!(edit(b"image_tag: \xff\n", &tag("v2")).is_err());
        assert!(edit(b"image_tag: v1\n", &tag("v2\nb: 1")).is_err());
        assert!(edit(b"image_tag: v1\n", &tag("")).is_err());
    }

    /// A line of a file: keys in any order, with comments, blank lines, quotes, odd spacing.
    fn line() -> impl Strategy<Value = String> {
        let value = prop_oneof![
            "v[0-9]{1,4}",
            "[0-9a-f]{40}",
            Just("true".to_owned()),
            Just("False".to_owned()),
            Just("\"quoted # text\"".to_owned()),
            Just("'it''s'".to_owned()),
            Just("1.10".to_owned()),
            Just(String::new()),
            Just("{flow: [1, 2]}".to_owned()),
            Just("\n  below: 1\n  # inside\n  more: [a]".to_owned()),
            Just("\n- item\n- 'other'".to_owned()),
        ];
        let comment = prop_oneof![Just(String::new()), Just("  # é why".to_owned())];
        (value, " {1,3}", comment).prop_map(|(value, gap, comment)| {
            if value.is_empty() || value.starts_with('\n') {
                format!(":{value}{comment}")
            } else {
                format!(":{gap}{value}{comment}")
            }
        })
    }

    fn file() -> impl Strategy<Value = String> {
        let keys = Just(vec![
            "image_tag",
            "promote_deployment",
            "automatic_deploys_enabled",
            "odd-one",
            "zz",
        ])
        .prop_shuffle();
        (
            keys,
            prop::collection::vec(line(), 0..5),
            any::<bool>(),
            any::<bool>(),
            any::<bool>(),
        )
            .prop_map(|(keys, lines, crlf, last, head)| {
                let mut text = if head {
                    "# head\n\n".to_owned()
                } else {
                    String::new()
                };
                for (key, line) in keys.iter().zip(&lines) {
                    text.push_str(&format!("{key}{line}\n"));
                }
                if last {
                    text.truncate(text.trim_end_matches('\n').len());
                }
                if crlf {
                    text.replace('\n', "\r\n")
                } else {
                    text
                }
            })
    }

    proptest! {
        #[test]
        fn only_the_named_scalars_change(
            file in file(),
            to in prop_oneof!["v[0-9]{1,5}", "[0-9]{1,3}e[0-9]{2}", "[ -~]{1,12}", "\\PC{1,6}"],
            gate in any::<bool>(),
        ) {
            let sets = [Set::text("image_tag", &to), Set::boolean("promote_deployment", gate)];
            let Ok(after) = edit(file.as_bytes(), &sets) else { return Ok(()) };
            let keys = [Key::version("image_tag"), Key::gate("promote_deployment")];
            let now = read(&after, &keys, false);
            prop_assert_eq!(now.text("image_tag"), Some(to.as_str()));
            prop_assert_eq!(now.gate("promote_deployment"), gate);
            // Every line of the old file that holds neither scalar is still there, in its order and its own ending.
            let named = |line: &&str| !line.starts_with("image_tag") && !line.starts_with("promote_deployment");
            let after = String::from_utf8(after).unwrap();
            let strip = |l: &str| l.trim_end_matches(['\r', '\n']).to_owned();
            let old: Vec<_> = file.split_inclusive('\n').filter(named).map(strip).collect();
            let new: Vec<_> = after.split_inclusive('\n').filter(named).map(strip).collect();
            prop_assert_eq!(old, new);
            if file.contains("\r\n") { prop_assert_eq!(after.matches('\n').count(), after.matches("\r\n").count()); }
            if !file.is_empty() { prop_assert_eq!(file.ends_with('\n'), after.ends_with('\n')); }
            // Once more changes nothing.
            prop_assert_eq!(edit(after.as_bytes(), &sets).unwrap(), after.as_bytes());
        }

        #[test]
        fn most_ordinary_files_can_be_edited(tag_now in "v[0-9]{1,4}", to in "v[0-9]{1,4}", first in any::<bool>()) {
            let file = if first {
                format!("image_tag: {tag_now}\nautomatic_deploys_enabled: true\n")
            } else {
                format!("automatic_deploys_enabled: true\nimage_tag: {tag_now}\n")
            };
            let after = edited(&file, &tag(&to));
            prop_assert_eq!(after, file.replace(&format!(": {tag_now}"), &format!(": {to}")));
        }
    }
}
