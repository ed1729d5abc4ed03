//! Remedy: the next thing to do, as a sentence and the way to it: a lever or a view. The console fills in the key and
//! the command line the command, because keys can be rebound and a shell has none.

use crate::lever::Lever;
use crate::page::Page;
use serde::{Serialize, Serializer};
use std::fmt;

/// How the next thing is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    Pull(Lever),
    Open(Page),
    /// Settle a plan whose outcome is unknown: look for it again, or say what was seen.
    Settle,
}

impl Way {
    /// The command that does it; none where the command line has none.
    pub fn command(self) -> Option<&'static str> {
        match self {
            Way::Pull(lever) => Some(lever.command()),
            Way::Open(page) => page.command(),
            Way::Settle => Some("leverframe journal --look"),
        }
    }
}

/// What to do next; empty where there is nothing to do.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Remedy {
    sentence: String,
    way: Option<Way>,
}

impl Remedy {
    /// A sentence, and the way by which it is done.
    pub fn by(sentence: impl Into<String>, way: Way) -> Self {
        Self {
            sentence: sentence.into(),
            way: Some(way),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.sentence.is_empty()
    }

    /// The sentence followed by the way in brackets, as `name` calls it: `Stop the run first (a, then x).`
    pub fn with(&self, name: impl Fn(Way) -> Option<String>) -> String {
        match (self.way.and_then(name), self.sentence.strip_suffix('.')) {
            (Some(way), Some(open)) => format!("{open} ({way})."),
            _ => self.sentence.clone(),
        }
    }

    /// The sentence as a command line says it.
    pub fn with_command(&self) -> String {
        self.with(|way| way.command().map(|command| format!("`{command}`")))
    }
}

impl From<String> for Remedy {
    fn from(sentence: String) -> Self {
        Self {
            sentence,
            way: None,
        }
    }
}

impl From<&str> for Remedy {
    fn from(sentence: &str) -> Self {
        sentence.to_owned().into()
    }
}

/// Without the way, because what is written down is read elsewhere, where other keys or commands apply.
impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl Serialize for Remedy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.sentence)
    }
}
