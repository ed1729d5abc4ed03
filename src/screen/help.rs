//! Help: every key of a place with its sentence, and why it is off where it is; then the words and signs of the board.
//!
//! Deliberately absent: texts of its own about actions; they stand in the table of actions.

use super::line::{Line, Tone};
use super::off::off;
use super::{keys, levers};
use crate::action::{Action, Place};
use crate::model::Word;
use crate::state::State;
use crate::text::{fit, wrap};

/// Columns of keys, words and signs.
const HEAD: usize = 18;

/// The rows of the page of a place.
pub fn rows(state: &State, place: Place, columns: usize) -> Vec<Line> {
    let mut rows: Vec<Line> = Vec::new();
    for (action, chords) in state.keys.actions(place) {
        let chords: Vec<String> = chords
            .iter()
            .map(|c| keys::written(&c.to_string()))
            .collect();
        rows.extend(row(
            columns,
            &chords.join(" "),
            action.help(),
            off(state, place, action),
        ));
    }
    if let Some(target) = state.target() {
        let key = keys::first(state, place, Action::Levers);
        rows.push(Line::new());
        let title = format!("levers of {}", levers::moved(state, target));
        rows.push(Line::new().look(title, Tone::Bold));
        for (lever, decision) in levers::decided(state, target) {
            let action = Action::Pull(lever);
            let chord = keys::first(state, Place::Levers, action);
            let why = decision
                .err()
                .map(|refusal| format!("{}: {}", lever.title(), refusal.because));
            rows.extend(row(columns, &format!("{key} {chord}"), action.help(), why));
        }
    }
    rows.push(Line::new());
    rows.push(Line::new().look("words, worst first", Tone::Bold));
    for word in Word::ALL {
        let head = Line::new().look(word.label(), Tone::Word(word));
        rows.extend(hung(columns, head, word.help(), Tone::Plain));
    }
    rows.push(Line::new());
    rows.push(Line::new().look("signs", Tone::Bold));
    for (sign, text) in [
        (">", "The gate opens by itself."),
        ("#", "Somebody closed the gate lately."),
        (
            "-",
            "The gate is closed for longer, or never was open; where a version should stand: none.",
        ),
        (">3", "So many versions wait below; + is ten or more."),
        (
            "2h?",
            "The age or the word is of a source that is stale: it may have moved since.",
        ),
        (
            "+name",
            "Ships from the repository of the row above; a write moves both.",
        ),
        ("..", "History has not been read so far back yet."),
        ("x", "A cell of the row is marked."),
    ] {
        let head = Line::new().look(sign, Tone::Bold);
        rows.extend(hung(columns, head, text, Tone::Plain));
    }
    rows
}

fn row(columns: usize, chords: &str, help: &str, off: Option<String>) -> Vec<Line> {
    let head = Line::new().look(fit(chords, HEAD - 1), Tone::Bold);
    match off {
        Some(why) => hung(columns, head, &format!("off: {why}"), Tone::Dim),
        None => hung(columns, head, help, Tone::Plain),
    }
}

/// A text beside its head, on as many rows as it needs; two columns are the list's own.
fn hung(columns: usize, head: Line, text: &str, tone: Tone) -> Vec<Line> {
    let room = columns.saturating_sub(HEAD + 2);
    let mut head = Some(head);
    let texts = wrap(text, room, room).into_iter();
    texts
        .map(|text| head.take().unwrap_or_default().pad(HEAD).safe(text, tone))
        .collect()
}
