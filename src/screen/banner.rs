//! Banner: what concerns many rows at once, above the board: connections that are not safe, parents that deliver nothing, and
//! held hops. Each takes a second line where its cause needs one.
//!
//! Deliberately absent: anything of one target.

use super::line::{Line, Tone};
use super::time::when;
use crate::board::Hold;
use crate::board::status::Status;
use crate::model::Word;
use crate::state::State;
use crate::text::wrap_at_most;

/// Lines that one of them takes at the most.
const EACH: usize = 2;
/// Lines that all of them take at the most; each of so many has one before any has two.
const ALL: usize = 4;

/// A word in its own look, and what it is about.
struct Banner {
    word: &'static str,
    look: Tone,
    text: String,
    tone: Tone,
}

impl Banner {
    /// On at most so many lines; what does not fit there is cut where it is drawn.
    fn lines(&self, columns: usize, most: usize) -> Vec<Line> {
        let head = Line::new().look(self.word, self.look).look(" ", self.tone);
        let first = columns.saturating_sub(head.width());
        let mut texts = wrap_at_most(&self.text, first, columns, most).into_iter();
        let first = head.safe(texts.next().unwrap_or_default(), self.tone);
        let rest = texts.map(|text| Line::new().safe(text, self.tone));
        std::iter::once(first).chain(rest).collect()
    }
}

/// The lines that they need.
pub fn lines(state: &State, columns: usize) -> Vec<Line> {
    let parents = state.board.broken_parents().map(broken_parent);
    let holds = state.board.holds.iter().map(|hold| held(hold, state));
    let banners: Vec<Banner> = exposed(state)
        .into_iter()
        .chain(parents)
        .chain(holds)
        .collect();
    let shown = match banners.len() {
        count if count > ALL => ALL - 1,
        count => count,
    };
    let mut spare = ALL.saturating_sub(banners.len());
    let mut lines = Vec::new();
    for banner in banners.iter().take(shown) {
        let drawn = banner.lines(columns, (1 + spare).min(EACH));
        spare -= drawn.len() - 1;
        lines.extend(drawn);
    }
    if banners.len() > shown {
        let more = banners.len() - shown;
        lines.push(Line::new().say(format!(
            "and {more} more; what is wrong stands in their rows"
        )));
    }
    lines
}

/// `SYNC app-config in staging, nothing new reaches it: ComparisonError: ...`: every row of its column waits for it.
fn broken_parent(status: &Status) -> Banner {
    let word = status.attention.first().copied().unwrap_or(Word::Sync);
    let why = status.because.first().map_or("", String::as_str);
    Banner {
        word: word.label(),
        look: Tone::Word(word),
        text: format!(
            "{} in {}, nothing new reaches it: {why}",
            status.target.app, status.target.environment
        ),
        tone: Tone::Plain,
    }
}

fn held(hold: &Hold, state: &State) -> Banner {
    let since = hold
        .since
        .map(|at| format!(" {}", when(at, state.now)))
        .unwrap_or_default();
    let reason = hold
        .reason
        .as_ref()
        .map(|r| format!(": {r}"))
        .unwrap_or_default();
    Banner {
        word: Word::Held.label(),
        look: Tone::Word(Word::Held),
        text: format!(
            "{}->{}, {} apps, {}{since}{reason}",
            hold.from, hold.into, hold.apps, hold.by
        ),
        tone: Tone::Plain,
    }
}

/// `NOT SAFE  staging, production: certificate not checked`: as long as it is so.
fn exposed(state: &State) -> Option<Banner> {
    let mut by_words: Vec<(&str, Vec<String>)> = Vec::new();
    for (source, exposure) in state.store.exposed() {
        let words = exposure.words();
        match by_words.iter_mut().find(|(known, _)| *known == words) {
            Some((_, sources)) => sources.push(source.to_string()),
            None => by_words.push((words, vec![source.to_string()])),
        }
    }
    let parts: Vec<String> = by_words
        .iter()
        .map(|(words, sources)| format!("{}: {words}", sources.join(", ")))
        .collect();
    (!parts.is_empty()).then(|| Banner {
        word: "NOT SAFE",
        look: Tone::Danger,
        text: parts.join("; "),
        tone: Tone::Danger,
    })
}
