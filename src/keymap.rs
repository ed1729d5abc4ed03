//! Keymap: which chord means which action in which place, read from `config/keys.toml`.

use crate::action::{Action, Place};
use crate::complaint::{Complaint, Complaints, line_at, of_toml};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

mod chord;

pub use chord::Chord;

/// The file of keys that comes with the program: the same that an operator copies and edits.
pub const BUILT_IN_KEYS: &str = include_str!("../config/keys.toml");

/// The keys of every place.
#[derive(Clone, Debug, Default)]
pub struct Keymap {
    /// In the order of the file, so that help and footer show the first chord first.
    bindings: BTreeMap<Place, Vec<(Chord, Action)>>,
}

/// One line of a file of keys.
struct Line {
    place: Place,
    action: Action,
    chords: Vec<(Chord, usize)>,
    file: PathBuf,
}

impl Place {
    /// Whether the keys of `any` hold here too: not where letters are text or the next key is awaited.
    pub fn has_any(self) -> bool {
        !matches!(
            self,
            Place::Any | Place::Levers | Place::Copy | Place::Confirm | Place::Text
        )
    }
}

impl Keymap {
    /// The keys that come with the program.
    ///
    /// # Errors
    /// Never for the file that is built in; a test holds that.
    pub fn built_in() -> Result<Keymap, Complaints> {
        bind(lines(Path::new(BUILT_IN), BUILT_IN_KEYS)?)
    }

    /// The keys that come with the program, and those of an operator's file over them, action by action.
    ///
    /// # Errors
    /// Chords, actions and places that are not known; one chord for two actions in one place.
    pub fn overridden(path: &Path, text: &str) -> Result<Keymap, Complaints> {
        let own = lines(path, text)?;
        let mut all = lines(Path::new(BUILT_IN), BUILT_IN_KEYS)?;
        for line in own {
            match all
                .iter_mut()
                .find(|known| known.place == line.place && known.action == line.action)
            {
                Some(known) => *known = line,
                None => all.push(line),
            }
        }
        bind(all)
    }

    /// What a chord means in a place: by the place's own section, then by `any` where that holds. Suspending holds everywhere.
    pub fn lookup(&self, place: Place, chord: Chord) -> Option<Action> {
        let any = || self.own(Place::Any, chord);
        let holds = |action: &Action| place.has_any() || *action == Action::Suspend;
        self.own(place, chord).or_else(|| any().filter(holds))
    }

    fn own(&self, place: Place, chord: Chord) -> Option<Action> {
        self.section(place)
            .iter()
            .find(|(known, _)| *known == chord)
            .map(|(_, action)| *action)
    }

    fn section(&self, place: Place) -> &[(Chord, Action)] {
        self.bindings.get(&place).map_or(&[], Vec::as_slice)
    }

    /// The chords that mean an action in a place, in the file's order. What the place's own section gives to another
    /// action is not among them.
    pub fn chords(&self, place: Place, action: Action) -> Vec<Chord> {
        let own = self.section(place).iter();
        let any: &[_] = if place.has_any() {
            self.section(Place::Any)
        } else {
            &[]
        };
        own.chain(any)
            .filter(|(chord, known)| *known == action && self.lookup(place, *chord) == Some(action))
            .map(|(chord, _)| *chord)
            .collect()
    }

    /// The first chord of an action in a place, as people write it; none where it has none.
    pub fn first(&self, place: Place, action: Action) -> Option<String> {
        self.chords(place, action).first().map(ToString::to_string)
    }

    /// A sentence followed by the key of its action in brackets: `Unfold them (Enter).`
    pub fn with_key(&self, place: Place, sentence: &str, action: Action) -> String {
        match (self.first(place, action), sentence.strip_suffix('.')) {
            (Some(chord), Some(open)) => format!("{open} ({chord})."),
            _ => sentence.to_owned(),
        }
    }

    /// The actions of a place's own section, with their chords there, in the file's order.
    pub fn section_actions(&self, place: Place) -> Vec<(Action, Vec<Chord>)> {
        let mut found: Vec<(Action, Vec<Chord>)> = Vec::new();
        for (chord, action) in self.section(place) {
            match found.iter_mut().find(|(known, _)| known == action) {
                Some((_, chords)) => chords.push(*chord),
                None => found.push((*action, vec![*chord])),
            }
        }
        found
    }

    /// Every action that has a key in a place, with its chords: the place's own first, then those of `any`.
    pub fn actions(&self, place: Place) -> Vec<(Action, Vec<Chord>)> {
        let any: &[_] = if place.has_any() {
            self.section(Place::Any)
        } else {
            &[]
        };
        let mut found: Vec<(Action, Vec<Chord>)> = Vec::new();
        for (_, action) in self.section(place).iter().chain(any) {
            if !found.iter().any(|(known, _)| known == action) {
                let chords = self.chords(place, *action);
                if !chords.is_empty() {
                    found.push((*action, chords));
                }
            }
        }
        found
    }
}

/// How complaints call the file that is built in.
const BUILT_IN: &str = "keys.toml (built in)";

/// Reads one file; nothing is said yet about two actions on one chord.
fn lines(file: &Path, text: &str) -> Result<Vec<Line>, Complaints> {
    let root = DeTable::parse(text).map_err(|error| {
        of_toml(
            file,
            text,
            &error,
            "Each line reads action = [\"chord\", …].",
        )
    })?;
    let mut found = Vec::new();
    let mut complaints = Vec::new();
    let mut complain = |byte: usize, key: String, what: String, remedy: &str| {
        complaints.push(Complaint {
            file: file.to_owned(),
            line: Some(line_at(text, byte)),
            key,
            what,
            remedy: remedy.to_owned(),
        });
    };
    for (section, inner) in root.get_ref() {
        let Some(place) = Place::ALL
            .into_iter()
            .find(|place| place.name() == section.get_ref().as_ref())
        else {
            complain(
                section.span().start,
                section.get_ref().to_string(),
                "There is no such place.".into(),
                "The sections of the built-in keys.toml are the places (leverframe config show --keys).",
            );
            continue;
        };
        let DeValue::Table(table) = inner.get_ref() else {
            complain(
                section.span().start,
                section.get_ref().to_string(),
                "A place is a section.".into(),
                "Write [place] on a line of its own.",
            );
            continue;
        };
        for (name, value) in table {
            let key = format!("{}.{}", place.name(), name.get_ref());
            let byte = name.span().start;
            let Some(action) = Action::by_name(name.get_ref()) else {
                complain(
                    byte,
                    key,
                    "There is no such action.".into(),
                    "`?` in the console lists every action of a place.",
                );
                continue;
            };
            let DeValue::Array(array) = value.get_ref() else {
                complain(
                    byte,
                    key,
                    "Chords stand in a list.".into(),
                    "Write [\"x\"], or [] to unbind.",
                );
                continue;
            };
            let mut chords = Vec::new();
            for item in array.iter() {
                match item.get_ref().as_str().and_then(Chord::parse) {
                    Some(chord) => chords.push((chord, line_at(text, item.span().start))),
                    None => complain(
                        item.span().start,
                        key.clone(),
                        format!("{} is no chord.", &text[item.span()]),
                        "A chord is a character or a name such as enter, pagedown, f5, with ctrl- and alt- before it.",
                    ),
                }
            }
            found.push((
                byte,
                Line {
                    place,
                    action,
                    chords,
                    file: file.to_owned(),
                },
            ));
        }
    }
    if !complaints.is_empty() {
        return Err(Complaints(complaints));
    }
    found.sort_by_key(|(byte, _)| *byte);
    Ok(found.into_iter().map(|(_, line)| line).collect())
}

/// Puts lines together; one chord for two actions of one place is refused, naming both lines.
fn bind(lines: Vec<Line>) -> Result<Keymap, Complaints> {
    let mut keymap = Keymap::default();
    let mut taken: Vec<(Place, Chord, &Line, usize)> = Vec::new();
    let mut complaints = Vec::new();
    for line in &lines {
        for (chord, at) in &line.chords {
            let before = taken
                .iter()
                .find(|(place, known, ..)| *place == line.place && known == chord);
            if let Some((_, _, other, other_at)) = before {
                complaints.push(Complaint {
                    file: line.file.clone(),
                    line: Some(*at),
                    key: format!("{}.{}", line.place.name(), line.action.name()),
                    what: format!(
                        "{chord} means {} in {}:{other_at} already.",
                        other.action.name(),
                        other.file.display()
                    ),
                    remedy: format!(
                        "Give one of them another chord, or unbind it: {} = [].",
                        other.action.name()
                    ),
                });
                continue;
            }
            taken.push((line.place, *chord, line, *at));
            keymap
                .bindings
                .entry(line.place)
                .or_default()
                .push((*chord, line.action));
        }
    }
    if complaints.is_empty() {
        Ok(keymap)
    } else {
        Err(Complaints(complaints))
    }
}

#[cfg(test)]
mod tests;
