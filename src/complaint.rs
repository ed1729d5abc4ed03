//! Complaint: what is wrong with a configuration file, where it stands, and how to put it right.
//!
//! Deliberately absent: guessing what was meant. A wrong file is refused whole.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// One fault of one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Complaint {
    pub file: PathBuf,
    /// Counted from 1; none where the whole file is meant.
    pub line: Option<usize>,
    /// Dotted; empty where no key is meant.
    pub key: String,
    pub what: String,
    pub remedy: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.what)?;
        if !self.remedy.is_empty() {
            write!(f, " {}", self.remedy)?;
        }
        Ok(())
    }
}

/// Everything that is wrong, so that a file is put right in one go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Complaints(pub Vec<Complaint>);

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, complaint) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{complaint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Complaints {}

impl From<Complaint> for Complaints {
    fn from(complaint: Complaint) -> Self {
        Complaints(vec![complaint])
    }
}

/// The line that a byte stands in, counted from 1.
pub fn line_at(text: &str, byte: usize) -> usize {
    let end = byte.min(text.len());
    text.as_bytes()[..end]
        .iter()
        .filter(|b| **b == b'\n')
        .count()
        + 1
}

/// One file being checked: collects complaints with their lines.
pub struct Page<'a> {
    file: PathBuf,
    text: &'a str,
    root: DeTable<'a>,
    /// Behind a cell, so that whoever reads a part of the file can complain of it.
    complaints: RefCell<Vec<Complaint>>,
}

impl<'a> Page<'a> {
    /// # Errors
    /// When the text is not TOML, with every place where it is not.
    pub fn open(file: &Path, text: &'a str) -> Result<Self, Complaints> {
        let (root, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            let remedy = "See https://toml.io for the form of the file.";
            let complaints = errors
                .iter()
                .map(|error| of_toml(file, text, error, remedy));
            return Err(Complaints(complaints.collect()));
        }
        Ok(Self {
            file: file.to_owned(),
            text,
            root: root.into_inner(),
            complaints: RefCell::default(),
        })
    }

    pub fn root(&self) -> &DeTable<'a> {
        &self.root
    }

    /// The line of a key by its path; of the nearest part of the path that is there, where it is missing. Places in lists
    /// are numbers.
    pub fn line(&self, path: &[&str]) -> Option<usize> {
        let mut at = None;
        let mut value: Option<&DeValue<'_>> = None;
        for part in path {
            let next = match value {
                None => self
                    .root
                    .get_key_value(*part)
                    .map(|(k, v)| (k.span().start, v)),
                Some(DeValue::Table(table)) => {
                    table.get_key_value(*part).map(|(k, v)| (k.span().start, v))
                }
                Some(DeValue::Array(array)) => part
                    .parse::<usize>()
                    .ok()
                    .and_then(|n| array.get(n))
                    .map(|v| (v.span().start, v)),
                Some(_) => None,
            };
            let Some((start, inner)) = next else { break };
            at = Some(start);
            value = Some(inner.get_ref());
        }
        at.map(|byte| line_at(self.text, byte))
    }

    pub fn complain(&self, path: &[&str], what: impl Into<String>, remedy: impl Into<String>) {
        let complaint = Complaint {
            file: self.file.clone(),
            line: self.line(path),
            key: path.join("."),
            what: what.into(),
            remedy: remedy.into(),
        };
        self.complaints.borrow_mut().push(complaint);
    }

    /// # Errors
    /// When there was anything to complain of.
    pub fn close<T>(self, made: T) -> Result<T, Complaints> {
        let complaints = self.complaints.into_inner();
        if complaints.is_empty() {
            Ok(made)
        } else {
            Err(Complaints(complaints))
        }
    }
}

/// What the TOML reader says, with the key that it misses, else the one that stands in the line it points at.
pub fn of_toml(file: &Path, text: &str, error: &toml::de::Error, remedy: &str) -> Complaint {
    let missing = error
        .message()
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split_once('`'))
        .map(|(name, _)| name);
    // What the whole file misses stands in no line of it.
    let line = error
        .span()
        .filter(|span| missing.is_none() || span.start > 0)
        .map(|span| line_at(text, span.start));
    let there = line
        .and_then(|n| text.lines().nth(n - 1))
        .and_then(|l| l.split_once('='))
        .map(|(key, _)| key.trim())
        .filter(|key| !key.is_empty() && !key.starts_with('#'));
    let key = missing.or(there).unwrap_or_default();
    let mut what = error.message().replace('\n', ", ");
    if !what.ends_with('.') {
        what.push('.');
    }
    Complaint {
        file: file.to_owned(),
        line,
        key: key.to_owned(),
        what,
        remedy: remedy.to_owned(),
    }
}
