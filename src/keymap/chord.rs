//! Chord: one key with its modifiers, as files spell it, as terminals report it and as people read it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::fmt;

/// One key with its modifiers. A capital letter is its own character and carries no shift.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Debug)]
pub struct Chord {
    pub code: KeyCode,
    pub modifiers: KeyModifiers,
}

/// Keys that have names instead of characters: as `keys.toml` spells them, and as they are shown.
const NAMED: &[(&str, KeyCode, &str)] = &[
    ("enter", KeyCode::Enter, "Enter"),
    ("esc", KeyCode::Esc, "Esc"),
    ("tab", KeyCode::Tab, "Tab"),
    ("backtab", KeyCode::BackTab, "Shift-Tab"),
    ("space", KeyCode::Char(' '), "Space"),
    ("up", KeyCode::Up, "Up"),
    ("down", KeyCode::Down, "Down"),
    ("left", KeyCode::Left, "Left"),
    ("right", KeyCode::Right, "Right"),
    ("home", KeyCode::Home, "Home"),
    ("end", KeyCode::End, "End"),
    ("pageup", KeyCode::PageUp, "PgUp"),
    ("pagedown", KeyCode::PageDown, "PgDn"),
    ("backspace", KeyCode::Backspace, "Backspace"),
    ("delete", KeyCode::Delete, "Delete"),
];

impl Chord {
    /// A chord as `keys.toml` spells it: `j`, `G`, `ctrl-f`, `pagedown`, `f5`.
    pub fn parse(text: &str) -> Option<Chord> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            let (modifier, after) = if let Some(after) = rest.strip_prefix("ctrl-") {
                (KeyModifiers::CONTROL, after)
            } else if let Some(after) = rest.strip_prefix("alt-") {
                (KeyModifiers::ALT, after)
            } else {
                break;
            };
            if after.is_empty() || modifiers.contains(modifier) {
                return None;
            }
            modifiers |= modifier;
            rest = after;
        }
        let mut letters = rest.chars();
        let code = match (letters.next(), letters.next()) {
            (Some(letter), None) if !letter.is_control() && !letter.is_whitespace() => {
                KeyCode::Char(letter)
            }
            _ => match NAMED.iter().find(|(name, ..)| *name == rest) {
                Some((_, code, _)) => *code,
                None => KeyCode::F(
                    rest.strip_prefix('f')
                        .and_then(|n| n.parse().ok())
                        .filter(|n| (1..=12).contains(n))?,
                ),
            },
        };
        // Terminals send the same byte for both cases of a letter with ctrl.
        let capital = matches!(code, KeyCode::Char(c) if c.is_ascii_uppercase());
        (!(capital && modifiers.contains(KeyModifiers::CONTROL)))
            .then_some(Chord { code, modifiers })
    }

    /// A key as the terminal reported it: shift is in the character already, or the key has a name of its own.
    pub fn from_key(key: KeyEvent) -> Chord {
        let mut modifiers = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
        let mut code = key.code;
        match code {
            KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => code = KeyCode::BackTab,
            KeyCode::Char(letter) if modifiers.contains(KeyModifiers::CONTROL) => {
                code = KeyCode::Char(letter.to_ascii_lowercase());
            }
            KeyCode::Char(letter)
                if key.modifiers.contains(KeyModifiers::SHIFT) && letter.is_ascii_lowercase() =>
            {
                code = KeyCode::Char(letter.to_ascii_uppercase());
            }
            KeyCode::Null => {
                code = KeyCode::Char(' ');
                modifiers |= KeyModifiers::CONTROL;
            }
            _ => {}
        }
        Chord { code, modifiers }
    }

    /// The letter that it types into a text field; none where it is a command there too.
    pub fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(letter) if self.modifiers.is_empty() => Some(letter),
            _ => None,
        }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.modifiers.contains(KeyModifiers::CONTROL) {
            f.write_str("Ctrl-")?;
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            f.write_str("Alt-")?;
        }
        match self.code {
            KeyCode::F(n) => write!(f, "F{n}"),
            code => match (NAMED.iter().find(|(_, known, _)| *known == code), code) {
                (Some((_, _, shown)), _) => f.write_str(shown),
                (None, KeyCode::Char(letter)) => write!(f, "{letter}"),
                (None, _) => f.write_str("?"),
            },
        }
    }
}
