//! Page: a list as it arrives, cut into its items, so that no list is ever held whole.
//!
//! Deliberately absent: understanding the items, and trust in the order of fields: a custom resource's list has its
//! version and continuation after the items, a built-in kind's list before them.

use memchr::memchr2;
use serde::Deserialize;

/// No object of a cluster is larger (etcd takes 1.5 MB by default, and is seldom told to take more than a few).
const LARGEST_ITEM: usize = 8 * 1024 * 1024;
/// All of a list but its items.
const LARGEST_ENVELOPE: usize = 1024 * 1024;

/// Cuts one list body into items.
#[derive(Default)]
pub(super) struct Splitter {
    depth: usize,
    in_string: bool,
    escaped: bool,
    in_items: bool,
    /// The item that has begun.
    item: Vec<u8>,
    /// Everything but the items.
    envelope: Vec<u8>,
}

/// What a list says of itself.
#[derive(Deserialize, Default, Debug, PartialEq, Eq)]
#[serde(default)]
pub(super) struct Envelope {
    pub(super) kind: String,
    pub(super) metadata: ListMeta,
}

#[derive(Deserialize, Default, Debug, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ListMeta {
    pub(super) resource_version: String,
    pub(super) r#continue: String,
}

impl Splitter {
    /// Takes the next bytes and hands out each item that they complete.
    ///
    /// # Errors
    /// The list is larger in one piece than any list is, or not JSON.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), &'static str> {
        let mut at = 0;
        // where the bytes begin that are not yet copied
        let mut mark = 0;
        while at < bytes.len() {
            if self.in_string {
                at = self.skip_string(bytes, at);
                continue;
            }
            let byte = bytes[at];
            at += 1;
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => {
                    self.depth += 1;
                    if byte == b'[' && self.depth == 2 && !self.in_items {
                        self.keep(&bytes[mark..at]);
                        mark = at;
                        self.in_items = self.after_items_key();
                    }
                }
                b'}' | b']' => {
                    self.depth = self.depth.checked_sub(1).ok_or("not a list")?;
                    if self.in_items && self.depth == 2 {
                        self.keep(&bytes[mark..at]);
                        mark = at;
                        each(self.item.trim_ascii());
                        self.item.clear();
                    } else if self.in_items && self.depth == 1 {
                        // the end of the items: what stands before it is a last scalar, or space
                        self.keep(&bytes[mark..at - 1]);
                        mark = at - 1;
                        self.scalar(&mut each);
                        self.in_items = false;
                    }
                }
                b',' if self.in_items && self.depth == 2 => {
                    self.keep(&bytes[mark..at - 1]);
                    mark = at;
                    self.scalar(&mut each);
                }
                _ => {}
            }
        }
        self.keep(&bytes[mark..]);
        if self.item.len() > LARGEST_ITEM {
            return Err("an item without an end");
        }
        if self.envelope.len() > LARGEST_ENVELOPE {
            return Err("a list without items");
        }
        Ok(())
    }

    /// What the list says of itself, once it has ended.
    ///
    /// # Errors
    /// The body was cut short, or is no list.
    pub(super) fn finish(self) -> Result<Envelope, &'static str> {
        if self.depth != 0 || self.in_string || self.envelope.is_empty() {
            return Err("the list was cut short");
        }
        let envelope: Envelope =
            serde_json::from_slice(&self.envelope).map_err(|_| "not a list")?;
        if !envelope.kind.ends_with("List") {
            return Err("not a list");
        }
        Ok(envelope)
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.in_items {
            self.item.extend_from_slice(bytes);
        } else {
            self.envelope.extend_from_slice(bytes);
        }
    }

    /// Hands out an item that is no object, if there is one.
    fn scalar(&mut self, each: &mut impl FnMut(&[u8])) {
        let item = self.item.trim_ascii();
        if !item.is_empty() {
            each(item);
        }
        self.item.clear();
    }

    fn skip_string(&mut self, bytes: &[u8], mut at: usize) -> usize {
        if self.escaped {
            self.escaped = false;
            return at + 1;
        }
        match memchr2(b'"', b'\\', &bytes[at..]) {
            None => bytes.len(),
            Some(further) => {
                at += further;
                if bytes[at] == b'"' {
                    self.in_string = false;
                } else {
                    self.escaped = true;
                }
                at + 1
            }
        }
    }

    /// Whether the bracket that the envelope ends with opens the items.
    fn after_items_key(&self) -> bool {
        let before = self.envelope[..self.envelope.len() - 1].trim_ascii_end();
        before
            .strip_suffix(b":")
            .is_some_and(|key| key.trim_ascii_end().ends_with(b"\"items\""))
    }
}

/// Cuts a stream into its lines.
#[derive(Default)]
pub(super) struct Lines {
    held: Vec<u8>,
}

impl Lines {
    /// Takes the next bytes.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// The whole lines so far, without their ends; empty ones left out.
    ///
    /// # Errors
    /// A line is longer than any object is.
    pub(super) fn take_lines(&mut self) -> Result<Vec<Vec<u8>>, &'static str> {
        let Some(end) = memchr::memrchr(b'\n', &self.held) else {
            return if self.held.len() > LARGEST_ITEM {
                Err("a line without an end")
            } else {
                Ok(Vec::new())
            };
        };
        let rest = self.held.split_off(end + 1);
        let whole = std::mem::replace(&mut self.held, rest);
        Ok(whole
            .split(|b| *b == b'\n')
            .filter(|line| !line.is_empty())
            .map(<[u8]>::to_vec)
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::cases;
    use proptest::prelude::*;

    fn split(body: &str, sizes: usize) -> Result<(Vec<String>, Envelope), &'static str> {
        let mut splitter = Splitter::default();
        let mut items = Vec::new();
        for chunk in body.as_bytes().chunks(sizes) {
            splitter.feed(chunk, |item| {
                items.push(String::from_utf8(item.to_vec()).unwrap());
            })?;
        }
        Ok((items, splitter.finish()?))
    }

    #[test]
    fn items_come_out_however_the_body_is_cut() {
        let body = r#"{"apiVersion":"v1","kind":"PodList","metadata":{"resourceVersion":"7"},
            "items" : [ {"a":"}],{\"\\","n":[1,[2]]} , {"items":[{"x":1}]},null, 5,"s,]" ], "tail":{"b":["]"]}}"#;
        let expected = [
            r#"{"a":"}],{\"\\","n":[1,[2]]}"#,
            r#"{"items":[{"x":1}]}"#,
            "null",
            "5",
            r#""s,]""#,
        ];
        for size in [1, 2, 3, 7, 64, 4096] {
            let (items, envelope) = split(body, size).unwrap();
            assert_eq!(items, expected, "chunks of {size}");
            assert_eq!(envelope.metadata.resource_version, "7");
        }
    }

    #[test]
    fn version_and_continuation_may_stand_after_the_items() {
        let body = r#"{"kind":"ApplicationList","items":[{"a":1}],"metadata":{"continue":"next","resourceVersion":"9"}}"#;
        let (items, envelope) = split(body, 5).unwrap();
        assert_eq!(items, [r#"{"a":1}"#]);
        assert_eq!(envelope.metadata.r#continue, "next");
        assert_eq!(envelope.metadata.resource_version, "9");
        for empty in [
            r#"{"kind":"PodList","items":[]}"#,
            r#"{"kind":"PodList","items":null}"#,
            r#"{"kind":"PodList"}"#,
        ] {
            assert_eq!(split(empty, 3).unwrap().0, Vec::<String>::new());
        }
    }

    #[test]
    fn a_cut_body_and_something_else_are_errors() {
        assert_eq!(
            split(r#"{"kind":"PodList","items":[{"a":1}"#, 9).err(),
            Some("the list was cut short")
        );
        assert_eq!(split("", 9).err(), Some("the list was cut short"));
        assert_eq!(split("<html>login</html>", 9).err(), Some("not a list"));
        assert_eq!(
            split(r#"{"kind":"Status","code":200}"#, 9).err(),
            Some("not a list")
        );
        assert_eq!(split("]]]", 9).err(), Some("not a list"));
    }

    proptest! {
        #![proptest_config(cases(256))]

        #[test]
        fn any_json_items_are_found_in_any_chunks(texts in prop::collection::vec(".*", 0..6), size in 1usize..40) {
            let items: Vec<serde_json::Value> =
                texts.iter().map(|t| serde_json::json!({"t": t, "n": {"items": [t, {"k": [t]}]}})).collect();
            let body = serde_json::json!({"kind": "XList", "items": items, "metadata": {"resourceVersion": "1"}}).to_string();
            let (found, _) = split(&body, size).unwrap();
            let found: Vec<serde_json::Value> = found.iter().map(|i| serde_json::from_str(i).unwrap()).collect();
            prop_assert_eq!(found, items);
        }
    }

    #[test]
    fn lines_are_whole() {
        let mut lines = Lines::default();
        lines.feed(b"one\ntw");
        assert_eq!(lines.take_lines().unwrap(), [b"one".to_vec()]);
        lines.feed(b"o\n\nthree\nrest");
        assert_eq!(
            lines.take_lines().unwrap(),
            [b"two".to_vec(), b"three".to_vec()]
        );
        assert_eq!(lines.take_lines().unwrap(), Vec::<Vec<u8>>::new());
    }
}
