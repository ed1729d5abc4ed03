//! Line: stretches of text, each with its look; and the tones that a text can have.
//!
//! Deliberately absent: colours. The view has a style for each tone.

use crate::model::Word;
use crate::text::Safe;

/// What a stretch of text means to the reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tone {
    #[default]
    Plain,
    /// What matters less: ages, hints.
    Dim,
    Bold,
    /// Harm that happens.
    Bad,
    /// Harm that may come.
    Warning,
    /// What can change production.
    Danger,
    /// A button that is focused and chosen.
    Button,
    /// A word of a cell.
    Word(Word),
}

/// Stretches of text, each with its look: a [`Tone`], or what a tone is drawn as.
#[derive(Clone, PartialEq, Debug)]
pub struct Line<L = Tone>(Vec<(Safe, L)>);

impl<L> Default for Line<L> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<L: Copy + Default> Line<L> {
    pub fn new() -> Self {
        Self::default()
    }
    /// A text, from outside or made of such.
    pub fn say(self, text: impl AsRef<str>) -> Self {
        self.look(text, L::default())
    }
    pub fn look(mut self, text: impl AsRef<str>, look: L) -> Self {
        if !text.as_ref().is_empty() {
            self.0.push((Safe::line(text.as_ref()), look));
        }
        self
    }
    pub fn safe(mut self, text: Safe, look: L) -> Self {
        self.0.push((text, look));
        self
    }
    pub fn join(mut self, other: Line<L>) -> Self {
        self.0.extend(other.0);
        self
    }
    /// Fills with spaces up to a column.
    pub fn pad(mut self, cells: usize) -> Self {
        let missing = cells.saturating_sub(self.width());
        if missing > 0 {
            self.0
                .push((Safe::line(&" ".repeat(missing)), L::default()));
        }
        self
    }
    pub fn width(&self) -> usize {
        self.0.iter().map(|(text, _)| text.width()).sum()
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The line without its first stretch.
    pub fn without_first(mut self) -> Self {
        if !self.0.is_empty() {
            self.0.remove(0);
        }
        self
    }
    /// The same texts in other looks.
    pub fn map<M>(self, look: impl Fn(L) -> M) -> Line<M> {
        let stretches = self.0.into_iter();
        Line(stretches.map(|(text, own)| (text, look(own))).collect())
    }
    pub fn stretches(&self) -> &[(Safe, L)] {
        &self.0
    }
}

impl<L: Copy + Default> From<&str> for Line<L> {
    fn from(text: &str) -> Self {
        Line::new().say(text)
    }
}

impl<L: Copy + Default> From<String> for Line<L> {
    fn from(text: String) -> Self {
        Line::new().say(text)
    }
}
