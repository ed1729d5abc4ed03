//! Input: key presses and pastes out of the bytes that the terminal sends.
//!
//! The state machine is the `vte` crate's, and what its sequences mean stands in [`super::meaning`]. Each key says when its bytes were
//! read and whether it came together with others: a key typed before a question was on the screen, a paste or a held
//! key must never answer that question. Deliberately absent: the mouse, which is left to the terminal's selection, and
//! crossterm's reader, which spins when its terminal vanishes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyModifiers};
use tokio::sync::mpsc;
use vte::Parser;

use super::meaning::{Awaits, Found, Meaning};
use super::tty::{Read, Tty};

/// A lone escape is the Esc key when nothing follows it for this long; a slow line may cut a sequence anywhere.
const ESCAPE_GAP: Duration = Duration::from_millis(40);
/// A longer sequence that stays unfinished for this long is dropped, lest it swallow what is typed next.
const SEQUENCE_GAP: Duration = Duration::from_millis(500);
/// Bytes that are read this soon after the ones before were not typed one by one.
const TYPING_GAP: Duration = Duration::from_millis(4);
/// The same key again within this time may be a held one: the first repeat comes after up to half a second.
const REPEAT_GAP: Duration = Duration::from_millis(600);
/// What is kept of one paste, in bytes.
const PASTE_LIMIT: usize = 1 << 20;
const PASTE_END: &[u8] = b"\x1b[201~";

/// What the terminal's user did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// One key.
    Key(Key),
    /// One paste, as it came: hostile like all outside text. At most 1 MiB is kept.
    Paste(String),
    /// No key: the terminal's answer to [`super::Session::ask`], in its place among the keys.
    Answer(Answer),
}

/// Where the terminal says its cursor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Row and column, counted from 1.
    pub position: (u16, u16),
    pub read_at: Instant,
}

/// One key press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// Held modifiers. A capital letter is the letter, without `SHIFT`.
    pub modifiers: KeyModifiers,
    /// When its bytes were read.
    pub read_at: Instant,
    /// Whether it arrived in one burst with others (an unbracketed paste, type-ahead), not typed by itself.
    pub queued: bool,
    /// Whether it is the same key as the one before, so soon that it may be held down.
    pub repeated: bool,
}

/// Turns bytes into input. Time is a parameter, so that tests have no clock.
#[derive(Default)]
pub struct Decoder {
    parser: Parser,
    meaning: Meaning,
    /// The bytes of a sequence that is not finished, at most the first few.
    pending: Vec<u8>,
    /// The pending escape cut a string sequence, so that a backslash is its terminator and not a key.
    ends_string: bool,
    /// Bytes that the letter which has begun still wants.
    letter_wants: u8,
    pending_since: Option<Instant>,
    paste: Option<Vec<u8>>,
    last_read: Option<Instant>,
    last_key: Option<(KeyCode, KeyModifiers, Instant)>,
}

impl Decoder {
    /// Takes the bytes of one read.
    pub fn feed(&mut self, bytes: &[u8], at: Instant) -> Vec<Input> {
        let mut inputs = self.end_late_escape(bytes, at);
        let soon = self
            .last_read
            .is_some_and(|last| at.saturating_duration_since(last) < TYPING_GAP);
        for byte in bytes {
            self.byte(*byte);
        }
        let is_unfinished =
            !self.pending.is_empty() || self.letter_wants > 0 || self.paste.is_some();
        self.pending_since = is_unfinished.then_some(at);
        // An answer of the terminal is nothing that was typed.
        let is_typed = |found: &&Found| !matches!(found, Found::Answer(_));
        let typed = self.meaning.found.iter().filter(is_typed).count();
        if typed > 0 || self.meaning.found.is_empty() {
            self.last_read = Some(at);
        }
        let queued = soon || typed > 1 || self.paste.is_some();
        inputs.extend(self.take_inputs(at, queued));
        inputs
    }

    /// On a busy machine the reader may wake only after the next key has come: an escape that had been alone for long
    /// enough was the Esc key all the same, unless what follows goes on with a sequence.
    fn end_late_escape(&mut self, bytes: &[u8], at: Instant) -> Vec<Input> {
        let goes_on = matches!(
            bytes.first(),
            None | Some(b'[' | b'O' | b']' | b'P' | b'\\')
        );
        let is_late = self
            .pending_since
            .is_some_and(|since| at.saturating_duration_since(since) >= ESCAPE_GAP);
        if is_late && !goes_on && self.paste.is_none() && self.pending == [0x1b] {
            self.end_sequence()
        } else {
            Vec::new()
        }
    }

    /// How long to wait for more bytes before [`Decoder::end_sequence`] is due.
    pub fn patience(&self) -> Option<Duration> {
        self.pending_since?;
        let is_escape = matches!(self.pending.len(), 1 | 2);
        Some(if self.paste.is_none() && is_escape {
            ESCAPE_GAP
        } else {
            SEQUENCE_GAP
        })
    }

    /// Nothing came for [`Decoder::patience`]: a lone escape is a key, an unfinished sequence or letter is dropped.
    pub fn end_sequence(&mut self) -> Vec<Input> {
        let Some(at) = self.pending_since.take() else {
            return Vec::new();
        };
        if self.paste.is_some() {
            self.end_paste();
        } else {
            match self.pending.as_slice() {
                [_] => self.meaning.key(KeyCode::Esc, KeyModifiers::NONE),
                [_, byte] => self
                    .meaning
                    .key(KeyCode::Char(char::from(*byte)), KeyModifiers::ALT),
                _ => {}
            }
        }
        self.forget_sequence();
        self.take_inputs(at, false)
    }

    fn take_inputs(&mut self, at: Instant, queued: bool) -> Vec<Input> {
        let found = std::mem::take(&mut self.meaning.found);
        found
            .into_iter()
            .map(|found| match found {
                Found::Paste(text) => Input::Paste(text),
                Found::Answer(position) => Input::Answer(Answer {
                    position,
                    read_at: at,
                }),
                Found::Key(code, modifiers) => {
                    let repeated = self.last_key.is_some_and(|(last, held, then)| {
                        last == code
                            && held == modifiers
                            && at.saturating_duration_since(then) < REPEAT_GAP
                    });
                    self.last_key = Some((code, modifiers, at));
                    Input::Key(Key {
                        code,
                        modifiers,
                        read_at: at,
                        queued,
                        repeated,
                    })
                }
            })
            .collect()
    }

    fn byte(&mut self, byte: u8) {
        if let Some(paste) = &mut self.paste {
            paste.push(byte);
            if paste.ends_with(PASTE_END) {
                self.end_paste();
            } else if paste.len() > PASTE_LIMIT + PASTE_END.len() {
                // The end of the paste must still be seen, so the newest bytes stay and those at the limit go.
                paste.remove(PASTE_LIMIT);
            }
            return;
        }
        match (self.pending.as_slice(), byte) {
            ([], 0x1b) => self.pending.push(byte),
            ([], _) => {}
            ([_], 0x1b) => {
                self.meaning.key(KeyCode::Esc, KeyModifiers::NONE);
                return;
            }
            ([_], b'\\') if self.ends_string => return self.forget_sequence(),
            // As sequences these either mean nothing to vte or make it wait for more; as keys they are Alt and a key.
            ([_], 0x00..=0x1f | 0x20..=0x2f | 0x7f..=0xff) => {
                self.forget_sequence();
                self.meaning.alt = true;
            }
            ([_, introducer, ..], 0x1b) => {
                self.ends_string = matches!(introducer, b']' | b'P' | b'X' | b'^' | b'_');
                self.pending.clear();
                self.pending.push(byte);
            }
            _ if self.pending.len() < 8 => self.pending.push(byte),
            _ => {}
        }
        if byte == 0x1b {
            // What was awaited before it does not come any more.
            self.meaning.awaits = Awaits::Nothing;
        }
        let awaited = self.meaning.awaits != Awaits::Nothing;
        self.parser.advance(&mut self.meaning, &[byte]);
        // The one letter that ends `ESC O` may be unfinished, too.
        let is_letter =
            self.pending.is_empty() || awaited || self.meaning.awaits != Awaits::Nothing;
        self.letter_wants = match byte {
            _ if !is_letter => 0,
            0xc2..=0xdf => 1,
            0xe0..=0xef => 2,
            0xf0..=0xf4 => 3,
            0x80..=0xbf => self.letter_wants.saturating_sub(1),
            _ => 0,
        };
        let finished = match self.pending.as_slice() {
            // One more letter belongs to it, whichever it is.
            _ if self.meaning.awaits != Awaits::Nothing => false,
            _ if awaited => true,
            [_, b'[', _, ..] => matches!(byte, 0x40..=0x7e | 0x18 | 0x1a),
            [_, b']', _, ..] => matches!(byte, 0x07 | 0x18 | 0x1a),
            [_, b'P' | b'X' | b'^' | b'_', _, ..] => matches!(byte, 0x18 | 0x1a),
            [_, b'O'] | [_, b'[' | b']' | b'P' | b'X' | b'^' | b'_'] | [_] => false,
            _ => true,
        };
        if finished {
            self.pending.clear();
            self.ends_string = false;
        }
        if std::mem::take(&mut self.meaning.pastes) {
            self.pending.clear();
            self.paste = Some(Vec::new());
        }
    }

    fn end_paste(&mut self) {
        let mut bytes = self.paste.take().unwrap_or_default();
        if bytes.ends_with(PASTE_END) {
            bytes.truncate(bytes.len() - PASTE_END.len());
        }
        bytes.truncate(PASTE_LIMIT);
        self.meaning
            .found
            .push(Found::Paste(String::from_utf8_lossy(&bytes).into_owned()));
    }

    fn forget_sequence(&mut self) {
        self.parser = Parser::new();
        self.meaning.awaits = Awaits::Nothing;
        self.meaning.alt = false;
        self.letter_wants = 0;
        self.pending.clear();
        self.ends_string = false;
    }
}

/// Reads the terminal until it is given back or gone. Waits for a slow receiver; the hang-up watchdog does not.
pub(super) fn read_keys(tty: &Arc<Tty>, keys: &mpsc::Sender<Input>) {
    let mut decoder = Decoder::default();
    let mut bytes = [0; 4096];
    let mut refusals = 0;
    loop {
        let inputs = if tty.wait_readable(decoder.patience()) {
            match tty.read_some(&mut bytes) {
                Read::Some(count) => {
                    refusals = 0;
                    decoder.feed(bytes.get(..count).unwrap_or_default(), Instant::now())
                }
                Read::Empty => continue,
                Read::NotOurs => {
                    if !tty.wait_ours() {
                        return;
                    }
                    // Another program had the terminal since, so a half-read sequence is dropped.
                    decoder = Decoder::default();
                    continue;
                }
                // A shell that is just taking over makes a read fail for a moment; a vanished terminal for ever.
                Read::Gone if refusals < 10 => {
                    refusals += 1;
                    std::thread::sleep(Duration::from_millis(20));
                    continue;
                }
                Read::Gone => return,
            }
        } else {
            decoder.end_sequence()
        };
        for input in inputs {
            if matches!(input, Input::Answer(_)) {
                tty.was_answered();
            }
            if keys.blocking_send(input).is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
#[path = "input_tests.rs"]
mod tests;
