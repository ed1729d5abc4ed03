//! Section: one table of a configuration file, read key by key.
//!
//! What is missing, of the wrong type, or not known is complained of, and reading goes on with something in its place:
//! the operator sees all faults of a file at once. A file with a complaint is refused whole, so what stands in place of
//! a faulty value is never used.

use crate::complaint::Page;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// Said where a key is missing or not known.
const REMEDY: &str =
    "`leverframe config show govuk` prints a delivery file with every key and its meaning.";

pub(super) struct Section<'p, 'a> {
    page: &'p Page<'a>,
    path: Vec<String>,
    /// None: the section itself is missing, which was complained of.
    table: Option<&'p DeTable<'a>>,
    /// Keys that were asked for: what stands there besides is not known.
    known: Vec<&'static str>,
}

impl<'p, 'a> Section<'p, 'a> {
    /// Reads the whole file.
    pub(super) fn read_root<T>(page: &'p Page<'a>, read: impl FnOnce(&mut Self) -> T) -> T {
        Self::read(page, Vec::new(), Some(page.root()), read)
    }

    fn read<T>(
        page: &'p Page<'a>,
        path: Vec<String>,
        table: Option<&'p DeTable<'a>>,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let mut section = Self {
            page,
            path,
            table,
            known: Vec::new(),
        };
        let made = read(&mut section);
        section.complain_of_unknown_keys();
        made
    }

    fn complain_of_unknown_keys(&self) {
        for key in self.table.iter().flat_map(|table| table.keys()) {
            let key: &str = key.get_ref();
            if !self.known.contains(&key) {
                let list = self.known.join(", ");
                self.complain(
                    key,
                    "No such key is known here.",
                    format!("Known are: {list}."),
                );
            }
        }
    }

    pub(super) fn complain(&self, key: &str, what: impl Into<String>, remedy: impl Into<String>) {
        let mut path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        path.push(key);
        self.page.complain(&path, what, remedy);
    }

    fn value(&mut self, key: &'static str) -> Option<&'p DeValue<'a>> {
        self.known.push(key);
        Some(self.table?.get(key)?.get_ref())
    }

    fn complain_of_missing(&self, key: &str) {
        match self.table.map(|table| table.get(key)) {
            Some(None) => self.complain(key, "It is missing.", REMEDY),
            Some(Some(value)) if value.get_ref().as_str() == Some("") => {
                self.complain(key, "It is empty.", REMEDY);
            }
            // That the section is missing or the value of another type was said.
            _ => {}
        }
    }

    fn complain_of_type(&self, key: &str, value: &DeValue<'_>, wanted: &str) {
        self.complain(
            key,
            format!("It is a {}.", value.type_str()),
            format!("Write {wanted}."),
        );
    }

    fn path_of(&self, key: &str) -> Vec<String> {
        let mut path = self.path.clone();
        path.push(key.to_owned());
        path
    }

    /// A section inside this one; none where it is left out.
    pub(super) fn section<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Section<'p, 'a>) -> T,
    ) -> Option<T> {
        match self.value(key)? {
            DeValue::Table(table) => Some(Section::read(
                self.page,
                self.path_of(key),
                Some(table),
                read,
            )),
            other => {
                self.complain_of_type(key, other, "a section of keys");
                None
            }
        }
    }

    /// A section that has to be there.
    pub(super) fn needed_section<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Section<'p, 'a>) -> T,
    ) -> T {
        let table = match self.value(key) {
            Some(DeValue::Table(table)) => Some(table),
            Some(other) => {
                self.complain_of_type(key, other, "a section of keys");
                None
            }
            None => {
                self.complain_of_missing(key);
                None
            }
        };
        Section::read(self.page, self.path_of(key), table, read)
    }

    /// A list of sections, each with its place counted from 0; empty where it is left out.
    pub(super) fn sections<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Section<'p, 'a>) -> T,
    ) -> Vec<T> {
        let items = match self.value(key) {
            Some(DeValue::Array(items)) => items,
            Some(other) => {
                self.complain_of_type(key, other, "a list");
                return Vec::new();
            }
            None => return Vec::new(),
        };
        let mut made = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let mut path = self.path_of(key);
            path.push(place.to_string());
            match item.get_ref() {
                DeValue::Table(table) => {
                    made.push(Section::read(self.page, path, Some(table), &mut read));
                }
                other => {
                    let path: Vec<&str> = path.iter().map(String::as_str).collect();
                    let what = format!("It is a {}.", other.type_str());
                    self.page.complain(&path, what, "Write a section of keys.");
                }
            }
        }
        made
    }

    /// A text whatever stands in it; none where it is left out or empty.
    fn optional_raw_text(&mut self, key: &'static str) -> Option<Arc<str>> {
        match self.value(key)? {
            DeValue::String(text) => (!text.is_empty()).then(|| Arc::from(&**text)),
            other => {
                self.complain_of_type(key, other, "a text in quotes");
                None
            }
        }
    }

    /// A text in which nothing is filled in; none where it is left out.
    pub(super) fn optional_text(&mut self, key: &'static str) -> Option<Arc<str>> {
        self.optional_template(key, &[])
    }

    /// A text that has to be there.
    pub(super) fn text(&mut self, key: &'static str) -> Arc<str> {
        self.optional_text(key)
            .unwrap_or_else(|| self.missing_text(key))
    }

    /// What stands in place of a text that has to be there.
    fn missing_text(&self, key: &str) -> Arc<str> {
        self.complain_of_missing(key);
        Arc::from("")
    }

    /// A text into which `known` are filled in; none where it is left out.
    pub(super) fn optional_template(
        &mut self,
        key: &'static str,
        known: &[&str],
    ) -> Option<Arc<str>> {
        let text = self.optional_raw_text(key)?;
        for (what, remedy) in unknown_placeholders(&text, known) {
            self.complain(key, what, remedy);
        }
        Some(text)
    }

    /// A template that has to be there, and in it all that is `needed`.
    pub(super) fn template(
        &mut self,
        key: &'static str,
        known: &[&str],
        needed: &[&str],
    ) -> Arc<str> {
        let Some(text) = self.optional_template(key, known) else {
            return self.missing_text(key);
        };
        for name in needed {
            if !placeholders(&text).contains(name) {
                self.complain(
                    key,
                    format!("{{{name}}} is missing, so that every {name} would mean the same."),
                    format!("Put {{{name}}} where its name belongs."),
                );
            }
        }
        text
    }

    /// A list of texts; empty where it is left out.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<Arc<str>> {
        self.templates(key, &[])
    }

    /// A list of texts into which `known` are filled in; empty where it is left out.
    pub(super) fn templates(&mut self, key: &'static str, known: &[&str]) -> Vec<Arc<str>> {
        let items = match self.value(key) {
            Some(DeValue::Array(items)) => items,
            Some(other) => {
                self.complain_of_type(key, other, "a list of texts");
                return Vec::new();
            }
            None => return Vec::new(),
        };
        let texts: Option<Vec<&str>> = items.iter().map(|item| item.get_ref().as_str()).collect();
        let Some(texts) = texts else {
            self.complain(key, "Some of it are no texts.", "Write a list of texts.");
            return Vec::new();
        };
        let problems = texts
            .iter()
            .flat_map(|text| unknown_placeholders(text, known));
        for (what, remedy) in problems {
            self.complain(key, what, remedy);
        }
        texts.into_iter().map(Arc::from).collect()
    }

    pub(super) fn flag(&mut self, key: &'static str, without: bool) -> bool {
        match self.value(key) {
            None => without,
            Some(DeValue::Boolean(flag)) => *flag,
            Some(other) => {
                self.complain_of_type(key, other, "true or false");
                without
            }
        }
    }

    pub(super) fn number(&mut self, key: &'static str, without: i64) -> i64 {
        match self.value(key) {
            None => without,
            Some(value) => number(value).unwrap_or_else(|| {
                self.complain_of_type(key, value, "a whole number");
                without
            }),
        }
    }

    /// Two numbers of seconds, the smaller first.
    pub(super) fn seconds(&mut self, key: &'static str, without: (i64, i64)) -> (i64, i64) {
        let Some(value) = self.value(key) else {
            return without;
        };
        let pair = match value {
            DeValue::Array(items) => match items.get(..).unwrap_or_default() {
                [one, other] => number(one.get_ref()).zip(number(other.get_ref())),
                _ => None,
            },
            _ => None,
        };
        match pair {
            Some((median, p90)) if median >= 0 && median <= p90 => (median, p90),
            _ => {
                self.complain(
                    key,
                    "It is no median with a time that nine in ten stay under.",
                    "Write two numbers of seconds, the smaller first.",
                );
                without
            }
        }
    }

    /// One of several words; none where it is left out.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.optional_text(key)?;
        let found = words.iter().find(|(word, _)| *word == &*text);
        if found.is_none() {
            let list: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.complain(
                key,
                format!("{:?} is not known here.", &*text),
                format!("Write one of: {}.", list.join(", ")),
            );
        }
        found.map(|(_, meaning)| *meaning)
    }

    /// One of several words, which has to be there.
    pub(super) fn needed_word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let found = self.word(key, words);
        if found.is_none() {
            self.complain_of_missing(key);
        }
        found
    }

    /// A regular expression that has to fit a whole version; none where it is left out.
    pub(super) fn pattern(&mut self, key: &'static str) -> Option<regex::Regex> {
        let text = self.optional_raw_text(key)?;
        match crate::delivery::versions::whole(&text) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default().trim();
                self.complain(
                    key,
                    format!("It is no regular expression: {why}."),
                    "The form is that of https://docs.rs/regex.",
                );
                None
            }
        }
    }

    /// The name of a Kubernetes object or namespace that has to be there.
    pub(super) fn object_name(&mut self, key: &'static str) -> Arc<str> {
        let name = self.text(key);
        if !name.is_empty() && !is_dns_label(&name) {
            self.complain(
                key,
                format!("{:?} cannot be the name of a Kubernetes object.", &*name),
                "Use small letters, digits and `-`, 63 at the most.",
            );
        }
        name
    }

    /// Complains of a key that is no path inside the repository.
    pub(super) fn check_path(&self, key: &str, text: &str) {
        let is_odd = |part: &str| part.is_empty() || part == "." || part == "..";
        if !text.is_empty() && text.split('/').any(is_odd) {
            self.complain(
                key,
                format!("{text:?} is not a path inside the repository."),
                "Write it from the repository's root, without a slash in front and without `..`.",
            );
        }
    }
}

fn number(value: &DeValue<'_>) -> Option<i64> {
    match value {
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    }
}

/// RFC 1123 label: what a namespace or an object may be called.
fn is_dns_label(name: &str) -> bool {
    let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !name.is_empty()
        && name.len() <= 63
        && name.bytes().all(ok)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// The names in braces.
pub(super) fn placeholders(text: &str) -> Vec<&str> {
    text.split('{')
        .skip(1)
        .map(|rest| rest.split_once('}').map_or(rest, |(name, _)| name))
        .collect()
}

/// What is wrong with the names in braces, each with its remedy.
fn unknown_placeholders(text: &str, known: &[&str]) -> Vec<(String, String)> {
    let list: Vec<String> = known.iter().map(|k| format!("{{{k}}}")).collect();
    let remedy = if known.is_empty() {
        "Write what stands there, without braces: nothing is filled into this text.".to_owned()
    } else {
        format!("What is filled in: {}.", list.join(", "))
    };
    placeholders(text)
        .into_iter()
        .filter(|name| !known.contains(name))
        .map(|name| (format!("{{{name}}} is not known here."), remedy.clone()))
        .collect()
}
