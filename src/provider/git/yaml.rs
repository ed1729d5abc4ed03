//! A YAML *node* with the bytes it stands in: what the tag-file editor and the values-file reader look at.
//!
//! Built from the parser's event stream, so that a scalar is always its text as written (`1.10`, `012345` and `12e4567`
//! stay), and aliases, anchors, tags, duplicate keys and quoting are seen rather than resolved away. Deliberately
//! absent: types, and any writing.

use std::ops::Range;

use crate::model::slot::Quoting;
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle, options};

/// Nodes read from one text before reading stops: far above any real file, far below what hurts.
const MOST_NODES: usize = 2_000_000;

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Scalar {
        text: String,
        quoting: Quoting,
    },
    Mapping {
        entries: Vec<(Node, Node)>,
        flow: bool,
    },
    Sequence(Vec<Node>),
    /// An alias, with the number of the anchor that it refers to; none when there is no such anchor.
    Alias(Option<usize>),
}

/// A node, with where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub content: Content,
    /// Byte range in the text that was read. Empty for a value that is not there.
    pub bytes: Range<usize>,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 0.
    pub column: usize,
    /// The number of the anchor that this node carries; 0 for none.
    pub anchor: usize,
    /// The tag as written, where there is one.
    pub tag: Option<String>,
}

impl Node {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The entries of a mapping, in the order written.
    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.content {
            Content::Mapping { entries, .. } => entries,
            _ => &[],
        }
    }

    /// The items of a sequence.
    pub fn items(&self) -> &[Node] {
        match &self.content {
            Content::Sequence(items) => items,
            _ => &[],
        }
    }
}

/// The documents of one text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// The root of each document; a document with nothing in it has an empty plain scalar.
    pub documents: Vec<Node>,
}

/// Why a text could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Unreadable {
    pub line: usize,
    pub what: String,
}

enum Open {
    Mapping {
        node: Node,
        key: Option<Node>,
        entries: Vec<(Node, Node)>,
        flow: bool,
    },
    Sequence {
        node: Node,
        items: Vec<Node>,
    },
}

/// Reads a text.
///
/// # Errors
/// When it is not YAML, with the line.
pub fn read(text: &str) -> Result<Text, Unreadable> {
    let options = options! { emit_comments: false, emit_unresolved_aliases: true };
    let mut documents = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut nodes = 0usize;
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|e| Unreadable {
            line: e.marker().line(),
            what: e.info().to_owned(),
        })?;
        nodes += 1;
        if nodes > MOST_NODES {
            return Err(Unreadable {
                line: span.start.line(),
                what: format!("more than {MOST_NODES} nodes"),
            });
        }
        let done = match event {
            Event::Scalar(value, style, anchor, tag) => {
                let quoting = match style {
                    ScalarStyle::Plain => Quoting::Plain,
                    ScalarStyle::SingleQuoted => Quoting::Single,
                    ScalarStyle::DoubleQuoted => Quoting::Double,
                    ScalarStyle::Literal | ScalarStyle::Folded => Quoting::Block,
                };
                // The parser writes `~` for a value that is not there at all.
                let absent = quoting == Quoting::Plain
                    && span.byte_range().is_some_and(|bytes| bytes.is_empty());
                let content = Content::Scalar {
                    text: if absent {
                        String::new()
                    } else {
                        value.into_owned()
                    },
                    quoting,
                };
                Some(node(content, &span, anchor, tag.map(|t| t.original())))
            }
            Event::Alias(anchor) => Some(node(Content::Alias(Some(anchor)), &span, 0, None)),
            Event::UnresolvedAlias(_) => Some(node(Content::Alias(None), &span, 0, None)),
            Event::MappingStart(style, anchor, tag) => {
                open.push(Open::Mapping {
                    node: node(
                        Content::Alias(None),
                        &span,
                        anchor,
                        tag.map(|t| t.original()),
                    ),
                    key: None,
                    entries: Vec::new(),
                    flow: style == StructureStyle::Flow,
                });
                None
            }
            Event::SequenceStart(_, anchor, tag) => {
                open.push(Open::Sequence {
                    node: node(
                        Content::Alias(None),
                        &span,
                        anchor,
                        tag.map(|t| t.original()),
                    ),
                    items: Vec::new(),
                });
                None
            }
            Event::MappingEnd | Event::SequenceEnd => open.pop().map(|open| closed(open, &span)),
            _ => None,
        };
        if let Some(done) = done {
            match open.last_mut() {
                None => documents.push(done),
                Some(Open::Sequence { items, .. }) => items.push(done),
                Some(Open::Mapping { key, entries, .. }) => match key.take() {
                    None => *key = Some(done),
                    Some(key) => entries.push((key, done)),
                },
            }
        }
    }
    Ok(Text { documents })
}

fn node(content: Content, span: &Span, anchor: usize, tag: Option<String>) -> Node {
    Node {
        content,
        bytes: span.byte_range().unwrap_or(0..0),
        line: span.start.line(),
        column: span.start.col(),
        anchor,
        tag,
    }
}

fn closed(open: Open, end: &Span) -> Node {
    let (mut node, content) = match open {
        Open::Mapping {
            node,
            entries,
            flow,
            ..
        } => (node, Content::Mapping { entries, flow }),
        Open::Sequence { node, items } => (node, Content::Sequence(items)),
    };
    node.content = content;
    if let Some(end) = end.byte_range() {
        node.bytes.end = node.bytes.end.max(end.end);
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value<'a>(root: &'a Node, key: &str) -> &'a Node {
        root.entries()
            .iter()
            .find(|(k, _)| k.text() == Some(key))
            .map(|(_, v)| v)
            .unwrap()
    }

    #[test]
    fn scalars_are_texts_with_their_bytes() {
        let text = "# é\na: 1.10\nb: \"x\"  # y\nc:\nd: 'z'\r\ne: 12e4567";
        let read = read(text).unwrap();
        let root = &read.documents[0];
        assert_eq!(value(root, "a").text(), Some("1.10"));
        assert_eq!(&text[value(root, "a").bytes.clone()], "1.10");
        assert_eq!(&text[value(root, "b").bytes.clone()], "\"x\"");
        assert_eq!(value(root, "c").text(), Some(""));
        assert!(value(root, "c").bytes.is_empty());
        assert_eq!(&text[value(root, "d").bytes.clone()], "'z'");
        assert_eq!(value(root, "e").text(), Some("12e4567"));
        assert_eq!(value(root, "e").line, 6);
    }

    #[test]
    fn anchors_merge_tags_and_deep_lists_are_seen() {
        let text =
            "x: &a {k: 1}\ny: &a {k: 2}\nz:\n  !!merge <<: *a\n  own: [1, [2, {q: *none}]]\n";
        let read = read(text).unwrap();
        let z = value(&read.documents[0], "z");
        assert_eq!(z.entries()[0].0.text(), Some("<<"));
        assert_eq!(z.entries()[0].0.tag.as_deref(), Some("!!merge"));
        assert!(matches!(z.entries()[0].1.content, Content::Alias(Some(_))));
        assert_eq!(z.entries()[1].1.items().len(), 2);
    }

    #[test]
    fn what_is_not_yaml_names_its_line() {
        let error = read("a: 1\nb: [1\n").unwrap_err();
        assert!(error.line >= 2, "{error}");
    }

    #[test]
    fn nothing_has_no_document() {
        assert!(read("").unwrap().documents.is_empty());
        assert!(read("# only\n").unwrap().documents.is_empty());
    }
}
