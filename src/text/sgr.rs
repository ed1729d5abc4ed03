//! Sgr: the colours of a log line, the only escape sequences that are obeyed.
//!
//! 16 and 256 colours (true colour is rounded to those), bold and underline. Deliberately absent: blink, conceal,
//! reverse, and colours that hide a text (ink on the same ground); every other sequence is shown as text.

use std::borrow::Cow;

use super::{LINE_CAP, Safe, decode, sanitise, width};

/// A colour by its number in the terminal's palette: 0-7 normal, 8-15 bright, 16-231 cube, 232-255 greys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Colour(pub u8);

/// How a stretch of a log line wants to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sgr {
    pub ink: Option<Colour>,
    pub ground: Option<Colour>,
    pub bold: bool,
    pub underline: bool,
}

/// Longest parameter list that is read as colours; anything longer is no honest sequence and is shown.
const PARAMETERS_CAP: usize = 64;

/// Splits a line into stretches of one look. Without any sequence it is a single stretch; a line end is not expected,
/// one `\r` at the end is left out (programs that write CRLF).
pub fn styled(line: &[u8]) -> Vec<(Safe, Sgr)> {
    let mut rest = line.strip_suffix(b"\r").unwrap_or(line);
    let mut look = Sgr::default();
    let mut room = LINE_CAP;
    let mut column = 0;
    let mut text: Vec<u8> = Vec::new();
    let mut out = Vec::new();
    let mut flush =
        |text: &mut Vec<u8>, look: Sgr, room: &mut usize, out: &mut Vec<(Safe, Sgr)>| {
            if text.is_empty() || *room == 0 {
                return;
            }
            // Stretches share the cap of the line; the first that does not fit says so and is the last.
            let shown = sanitise(&decode(text), *room, column);
            column += width(&shown);
            *room = if shown.len() >= room.saturating_sub(64) {
                0
            } else {
                *room - shown.len()
            };
            out.push((Safe(Cow::Owned(shown)), look.legible()));
            text.clear();
        };
    while let Some(at) = memchr::memchr(0x1b, rest) {
        text.extend_from_slice(&rest[..at]);
        match parameters(&rest[at..]) {
            Some((parameters, length)) => {
                let next = look.after(parameters);
                if next != look {
                    flush(&mut text, look, &mut room, &mut out);
                    look = next;
                }
                rest = &rest[at + length..];
            }
            None => {
                text.push(0x1b);
                rest = &rest[at + 1..];
            }
        }
    }
    text.extend_from_slice(rest);
    flush(&mut text, look, &mut room, &mut out);
    out
}

/// The parameters of an SGR sequence at the beginning of `bytes`, and the sequence's length.
fn parameters(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let body = bytes.strip_prefix(b"\x1b[")?;
    let end = body
        .iter()
        .take(PARAMETERS_CAP)
        .position(|byte| !matches!(byte, b'0'..=b'9' | b';' | b':'))?;
    (body[end] == b'm').then(|| (&body[..end], end + 3))
}

impl Sgr {
    fn after(mut self, parameters: &[u8]) -> Sgr {
        let numbers: Vec<u16> = parameters
            .split(|byte| matches!(byte, b';' | b':'))
            .map(|digits| {
                digits.iter().fold(0u16, |n, d| {
                    n.saturating_mul(10).saturating_add(u16::from(d - b'0'))
                })
            })
            .collect();
        let mut numbers = numbers.into_iter();
        while let Some(number) = numbers.next() {
            match number {
                0 => self = Sgr::default(),
                1 => self.bold = true,
                22 => self.bold = false,
                4 => self.underline = true,
                24 => self.underline = false,
                30..=37 => self.ink = Some(Colour((number - 30) as u8)),
                90..=97 => self.ink = Some(Colour((number - 82) as u8)),
                39 => self.ink = None,
                40..=47 => self.ground = Some(Colour((number - 40) as u8)),
                100..=107 => self.ground = Some(Colour((number - 92) as u8)),
                49 => self.ground = None,
                38 => self.ink = extended(&mut numbers).or(self.ink),
                48 => self.ground = extended(&mut numbers).or(self.ground),
                58 => drop(extended(&mut numbers)),
                _ => {}
            }
        }
        self
    }

    /// Drops colours that would hide the text: a ground without an own ink, ink equal to its ground, black on nothing.
    fn legible(mut self) -> Sgr {
        let plain = |colour: Colour| match colour.0 {
            16 | 232 => 0,
            231 | 255 => 15,
            other => other,
        };
        match (self.ink.map(plain), self.ground.map(plain)) {
            (None, Some(_)) => self.ground = None,
            (Some(ink), Some(ground)) if ink == ground => (self.ink, self.ground) = (None, None),
            (Some(0), None) => self.ink = None,
            _ => {}
        }
        self
    }
}

/// The colour behind 38 and 48: `5;n`, or `2;r;g;b`, which is rounded to the cube.
fn extended(numbers: &mut impl Iterator<Item = u16>) -> Option<Colour> {
    match numbers.next()? {
        5 => u8::try_from(numbers.next()?).ok().map(Colour),
        2 => {
            let mut side = || {
                numbers
                    .next()
                    .map(|value| (value.min(255) as u8).saturating_add(25) / 51)
            };
            let (red, green, blue) = (side()?, side()?, side()?);
            Some(Colour(
                16 + 36 * red.min(5) + 6 * green.min(5) + blue.min(5),
            ))
        }
        _ => None,
    }
}
