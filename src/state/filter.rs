//! Filter: which rows of the board a person asked for: `text !text column:text name=value ~regex`.
//!
//! Deliberately absent: labels of cluster objects (a row is an app, not an object), and log filters (`model::log`).

use crate::board::{Board, Row};
use regex::{Regex, RegexBuilder};

#[derive(Debug, Default)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Debug)]
struct Term {
    negated: bool,
    what: What,
}

#[derive(Debug)]
enum What {
    /// In the name, the repositories, a version or a word.
    Text(String),
    /// `staging:v1362` or `production:crash`: in one environment's cell.
    Column(String, String),
    /// `repo=whitehall`, `app=router`: exactly.
    Equals(String, String),
    Regex(Regex),
    /// An expression that cannot be read matches nothing, visibly.
    Nothing,
}

impl Filter {
    pub fn parse(text: &str) -> Self {
        Self {
            terms: text.split_whitespace().map(Term::parse).collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// An expression of it cannot be read, so that nothing matches.
    pub fn is_unreadable(&self) -> bool {
        let mut terms = self.terms.iter();
        terms.any(|term| matches!(term.what, What::Nothing))
    }

    pub fn matches(&self, board: &Board, row: &Row) -> bool {
        self.terms
            .iter()
            .all(|term| term.what.matches(board, row) != term.negated)
    }

    /// A row whose name is exactly what was typed comes first.
    pub fn is_exact(&self, row: &Row) -> bool {
        matches!(self.terms.as_slice(), [Term { negated: false, what: What::Text(text) }]
            if *text == row.key.app.as_str().to_lowercase())
    }
}

impl Term {
    fn parse(word: &str) -> Self {
        let (negated, word) = match word.strip_prefix('!') {
            Some(rest) if !rest.is_empty() => (true, rest),
            _ => (false, word),
        };
        let lower = word.to_lowercase();
        let what = if let Some(expression) = word.strip_prefix('~') {
            RegexBuilder::new(expression)
                .case_insensitive(true)
                .size_limit(1 << 20)
                .build()
                .map_or(What::Nothing, What::Regex)
        } else if let Some((name, value)) = lower.split_once('=') {
            What::Equals(name.to_owned(), value.to_owned())
        } else if let Some((column, text)) = lower.split_once(':') {
            What::Column(column.to_owned(), text.to_owned())
        } else {
            What::Text(lower)
        };
        Self { negated, what }
    }
}

impl What {
    fn matches(&self, board: &Board, row: &Row) -> bool {
        match self {
            What::Text(text) => texts(row).any(|t| t.to_lowercase().contains(text)),
            What::Regex(regex) => texts(row).any(|t| regex.is_match(&t)),
            What::Equals(name, value) => match name.as_str() {
                "app" => row.key.app.as_str().to_lowercase() == *value,
                "repo" | "repository" => row
                    .repositories
                    .iter()
                    .any(|r| r.as_str().to_lowercase() == *value),
                _ => false,
            },
            What::Column(column, text) if column == "app" => {
                row.key.app.as_str().to_lowercase().contains(text)
            }
            What::Column(column, text) => board
                .environments
                .iter()
                .zip(&row.cells)
                .filter(|(environment, _)| environment.as_str().to_lowercase().starts_with(column))
                .any(|(_, cell)| {
                    cell_texts(cell.as_ref()).any(|t| t.to_lowercase().contains(text))
                }),
            What::Nothing => false,
        }
    }
}

fn texts(row: &Row) -> impl Iterator<Item = String> + '_ {
    std::iter::once(row.key.app.as_str().to_owned())
        .chain(row.repositories.iter().map(|r| r.as_str().to_owned()))
        .chain(row.cells.iter().flat_map(|cell| cell_texts(cell.as_ref())))
}

fn cell_texts(cell: Option<&crate::board::status::Status>) -> impl Iterator<Item = String> + '_ {
    cell.into_iter().flat_map(|status| {
        let version = status.version.as_ref().map(|v| v.as_str().to_owned());
        version
            .into_iter()
            .chain(status.attention.iter().map(|word| word.label().to_owned()))
    })
}
