//! Filter: which rows of the board a person asked for: `text !text column:text name=value ~regex`.
//!
//! Deliberately absent: labels of cluster objects (a row is an app, not an object), and log filters (`model::log`).

use crate::board::status::Status;
use crate::board::{Board, Row};
use crate::model::Environment;
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

    /// Whether what was typed is in this cell of a row, rather than in its name.
    pub fn points_at(&self, board: &Board, row: &Row, column: usize) -> bool {
        let terms = self.terms.iter().filter(|term| !term.negated);
        let cell = row.cells.get(column).and_then(Option::as_deref);
        let environment = board.environments.get(column);
        environment.is_some_and(|environment| {
            terms
                .into_iter()
                .any(|term| term.what.is_in(environment, cell))
        })
    }

    /// A column or a name that there is not, and those that there are.
    pub fn unknown(&self, board: &Board) -> Option<String> {
        let environments = &board.environments;
        let names = || environments.iter().map(|environment| environment.as_str());
        let unknown = self.terms.iter().find_map(|term| match &term.what {
            What::Column(column, _) => {
                let is_known = is_name(column) || names().any(|name| is_column(name, column));
                (!is_known).then(|| {
                    let names: Vec<&str> = names().chain(["app"]).collect();
                    format!(
                        "There is no column {column}; there are {}.",
                        names.join(", ")
                    )
                })
            }
            What::Equals(name, _) if !is_name(name) && !is_repository(name) => {
                Some(format!("Nothing is called {name}; there are app and repo."))
            }
            _ => None,
        });
        unknown.filter(|_| !environments.is_empty())
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
                name if is_name(name) => row.key.app.as_str().to_lowercase() == *value,
                name if is_repository(name) => row
                    .repositories
                    .iter()
                    .any(|r| r.as_str().to_lowercase() == *value),
                _ => false,
            },
            What::Column(column, text) if is_name(column) => {
                row.key.app.as_str().to_lowercase().contains(text)
            }
            What::Column(column, text) => board
                .environments
                .iter()
                .zip(&row.cells)
                .filter(|(environment, _)| is_column(environment.as_str(), column))
                .any(|(_, cell)| {
                    cell_texts(cell.as_deref()).any(|t| t.to_lowercase().contains(text))
                }),
            What::Nothing => false,
        }
    }
}

impl What {
    fn is_in(&self, environment: &Environment, cell: Option<&Status>) -> bool {
        let mut texts = cell_texts(cell);
        match self {
            What::Text(text) => texts.any(|t| t.to_lowercase().contains(text)),
            What::Regex(regex) => texts.any(|t| regex.is_match(&t)),
            What::Column(column, text) => {
                is_column(environment.as_str(), column)
                    && texts.any(|t| t.to_lowercase().contains(text))
            }
            What::Equals(..) | What::Nothing => false,
        }
    }
}

/// Whether a column is meant by what was typed: its beginning suffices.
fn is_column(name: &str, typed: &str) -> bool {
    name.to_lowercase().starts_with(typed)
}

fn is_name(typed: &str) -> bool {
    typed == "app"
}

fn is_repository(typed: &str) -> bool {
    matches!(typed, "repo" | "repository")
}

fn texts(row: &Row) -> impl Iterator<Item = String> + '_ {
    std::iter::once(row.key.app.as_str().to_owned())
        .chain(row.repositories.iter().map(|r| r.as_str().to_owned()))
        .chain(
            row.cells
                .iter()
                .flat_map(|cell| cell_texts(cell.as_deref())),
        )
}

fn cell_texts(cell: Option<&Status>) -> impl Iterator<Item = String> + '_ {
    cell.into_iter().flat_map(|status| {
        let version = status.version.as_ref().map(|v| v.as_str().to_owned());
        version
            .into_iter()
            .chain(status.attention.iter().map(|word| word.label().to_owned()))
    })
}
