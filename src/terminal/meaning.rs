//! Meaning: which keys the sequences are that a terminal sends, as its own and other terminals spell them.
//!
//! Deliberately absent: bytes, and when they came ([`super::input`]).

use crossterm::event::{KeyCode, KeyModifiers};
use vte::{Params, Perform};

pub(super) enum Found {
    Key(KeyCode, KeyModifiers),
    Paste(String),
    Answer((u16, u16)),
}

/// What the character after an introducer stands for.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Awaits {
    #[default]
    Nothing,
    /// After `ESC O`: what keypads and the first function keys send.
    ApplicationKey,
    /// After `ESC [ [`: the Linux console's first function keys.
    ConsoleFunctionKey,
}

/// What sequences mean.
#[derive(Default)]
pub(super) struct Meaning {
    pub found: Vec<Found>,
    pub awaits: Awaits,
    pub alt: bool,
    pub pastes: bool,
}

impl Meaning {
    pub fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) {
        let alt = if std::mem::take(&mut self.alt) {
            KeyModifiers::ALT
        } else {
            KeyModifiers::NONE
        };
        self.found.push(Found::Key(code, modifiers | alt));
    }
}

impl Perform for Meaning {
    fn print(&mut self, character: char) {
        let code = match (std::mem::take(&mut self.awaits), character) {
            (_, '\x7f') => Some(KeyCode::Backspace),
            (_, control) if control.is_control() => None,
            (Awaits::Nothing, _) => Some(KeyCode::Char(character)),
            (Awaits::ApplicationKey, 'M') => Some(KeyCode::Enter),
            (Awaits::ApplicationKey, _) => letter_key(character),
            (Awaits::ConsoleFunctionKey, 'A'..='E') => {
                Some(KeyCode::F((character as u8) - b'A' + 1))
            }
            (Awaits::ConsoleFunctionKey, _) => None,
        };
        match code {
            Some(code) => self.key(code, KeyModifiers::NONE),
            // What was held belonged to this letter, not to the next one.
            None => self.alt = false,
        }
    }

    fn execute(&mut self, byte: u8) {
        self.awaits = Awaits::Nothing;
        let control = |letter: u8| (KeyCode::Char(char::from(letter)), KeyModifiers::CONTROL);
        let (code, modifiers) = match byte {
            0x00 => control(b' '),
            0x08 => (KeyCode::Backspace, KeyModifiers::NONE),
            b'\t' => (KeyCode::Tab, KeyModifiers::NONE),
            b'\r' => (KeyCode::Enter, KeyModifiers::NONE),
            0x01..=0x1a => control(byte - 1 + b'a'),
            0x1c..=0x1f => control(byte - 0x1c + b'\\'),
            _ => {
                self.alt = false;
                return;
            }
        };
        self.key(code, modifiers);
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        if ignore || !intermediates.is_empty() {
            return;
        }
        let param = |index: usize| {
            params
                .iter()
                .nth(index)
                .and_then(|values| values.first().copied())
                .unwrap_or(0)
        };
        let modifiers = modifiers(param(1));
        match action {
            '~' if param(0) == 200 => self.pastes = true,
            // xterm's modifyOtherKeys: 27 ; modifier ; character
            '~' if param(0) == 27 => {
                if let Some(code) = character_key(param(2)) {
                    self.key(code, modifiers);
                }
            }
            '~' => {
                if let Some(code) = numbered_key(param(0)) {
                    self.key(code, modifiers);
                }
            }
            'u' => {
                if let Some(code) = character_key(param(0)) {
                    self.key(code, modifiers);
                }
            }
            'Z' => self.key(KeyCode::BackTab, KeyModifiers::NONE),
            '[' => self.awaits = Awaits::ConsoleFunctionKey,
            // The cursor's position, where it cannot be a function key: those have 1 for the first number.
            'R' if param(0) > 1 && params.len() == 2 => {
                self.found.push(Found::Answer((param(0), param(1).max(1))));
            }
            // A larger first number is a report of something else.
            _ if param(0) <= 1 => {
                if let Some(code) = letter_key(action) {
                    self.key(code, modifiers);
                }
            }
            _ => {}
        }
    }

    fn esc_dispatch(&mut self, _intermediates: &[u8], _ignore: bool, byte: u8) {
        if byte == b'O' {
            self.awaits = Awaits::ApplicationKey;
        } else {
            self.key(KeyCode::Char(char::from(byte)), KeyModifiers::ALT);
        }
    }
}

/// The keys that end in a letter, after `ESC [` as after `ESC O`.
fn letter_key(letter: char) -> Option<KeyCode> {
    Some(match letter {
        'A' => KeyCode::Up,
        'B' => KeyCode::Down,
        'C' => KeyCode::Right,
        'D' => KeyCode::Left,
        'F' => KeyCode::End,
        'H' => KeyCode::Home,
        'P' => KeyCode::F(1),
        'Q' => KeyCode::F(2),
        'R' => KeyCode::F(3),
        'S' => KeyCode::F(4),
        _ => return None,
    })
}

/// The keys that end in a tilde.
fn numbered_key(number: u16) -> Option<KeyCode> {
    let function = |number: u16, gap: u16| u8::try_from(number - gap).ok().map(KeyCode::F);
    match number {
        1 | 7 => Some(KeyCode::Home),
        2 => Some(KeyCode::Insert),
        3 => Some(KeyCode::Delete),
        4 | 8 => Some(KeyCode::End),
        5 => Some(KeyCode::PageUp),
        6 => Some(KeyCode::PageDown),
        11..=15 => function(number, 10),
        17..=21 => function(number, 11),
        23 | 24 => function(number, 12),
        _ => None,
    }
}

/// The keys that are sent by their character's number.
fn character_key(number: u16) -> Option<KeyCode> {
    Some(match number {
        9 => KeyCode::Tab,
        13 => KeyCode::Enter,
        27 => KeyCode::Esc,
        8 | 127 => KeyCode::Backspace,
        _ => KeyCode::Char(
            char::from_u32(u32::from(number)).filter(|character| !character.is_control())?,
        ),
    })
}

/// xterm's modifier parameter: one more than the sum of 1 shift, 2 alt, 4 control.
fn modifiers(parameter: u16) -> KeyModifiers {
    let bits = parameter.saturating_sub(1);
    let mut modifiers = KeyModifiers::NONE;
    modifiers.set(KeyModifiers::SHIFT, bits & 1 != 0);
    modifiers.set(KeyModifiers::ALT, bits & 2 != 0);
    modifiers.set(KeyModifiers::CONTROL, bits & 4 != 0);
    modifiers
}
