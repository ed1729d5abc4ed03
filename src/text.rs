//! Text from outside, made harmless: [`Safe`] is the only kind of foreign text that may be drawn.
//!
//! Whoever can write a log line, a commit subject, a tag, a workflow parameter or an error body can write escape
//! sequences, right-to-left overrides and letters of no width into it. The sanitiser shows such things instead of
//! obeying or hiding them, so that what an operator reads is what was sent. What it shows: controls as the Unicode
//! control pictures, everything else that has no shape or that of a space as `<U+202E>`, bytes that are no UTF-8 as `<x9B>`.
//!
//! Deliberately absent: escape parsing (a sequence is shown, not interpreted; colours of log lines are [`styled`]), and
//! any judgement of look-alike letters. The model keeps texts raw; they become `Safe` where they are drawn.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use regex_syntax::hir::{Class, Hir, HirKind};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

mod cells;
mod json;
mod sentence;
mod sgr;
mod wrap;

pub use cells::{cut, cut_left, fit, width};
pub use json::{to_json, to_json_pretty};
pub use sentence::end_sentence;
pub use sgr::{Colour, Sgr, styled};
pub use wrap::{broken, wrap, wrap_at_most};

/// Longest text that is shown as one line, in bytes of the sanitised form; the rest is counted at its end.
pub const LINE_CAP: usize = 64 * 1024;
/// Room kept at the end of a capped line for the words that say how much is missing.
const CAP_NOTE: usize = 32;
/// Combining marks that one letter may carry; a flood of them paints over the rows above and below.
const MARKS: usize = 4;
/// Columns between tab stops. With 4, no byte grows by more than the six times that the callers' buffers allow for.
const TAB: usize = 4;

/// Text that can be drawn: one line, no control, nothing invisible, width known. Made only by the sanitiser.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Safe(Cow<'static, str>);

impl Safe {
    /// Sanitises one line. Line ends inside are shown; split first where they mean something, see [`Safe::lines`].
    pub fn line(text: &str) -> Safe {
        if clean(text.as_bytes()) && text.len() <= LINE_CAP {
            return Safe(Cow::Owned(text.to_owned()));
        }
        Safe(Cow::Owned(sanitise(text, LINE_CAP, 0)))
    }

    /// Sanitises bytes that may be no UTF-8: each byte that is none is shown as `<x9B>`, so it never starts a sequence.
    pub fn lossy(bytes: &[u8]) -> Safe {
        // Far more than a line shows even if every byte of it shrinks; without this a 1 GB line would be decoded whole.
        let scanned = &bytes[..bytes.len().min(16 * LINE_CAP)];
        Safe::line(&decode(scanned))
    }

    /// Sanitises a text of several lines, one `Safe` a line; `\r\n` ends a line as `\n` does.
    pub fn lines(text: &str) -> impl Iterator<Item = Safe> {
        text.lines().map(Safe::line)
    }

    /// Takes a word of our own program as it is, without a copy. Never leak foreign text into a `'static` to get here.
    pub const fn own(word: &'static str) -> Safe {
        Safe(Cow::Borrowed(word))
    }

    /// Cuts to at most `cells` columns, ending in `~` where something is missing.
    pub fn cut(&self, cells: usize) -> Safe {
        Safe(Cow::Owned(cells::cut(self, cells).into_owned()))
    }

    /// Columns it takes on a terminal.
    pub fn width(&self) -> usize {
        cells::width(self)
    }

    /// The same text in ASCII, for terminals whose locale is not UTF-8: pictures become `^X`, other letters `?`.
    /// Each letter keeps its columns, but for the pictures, which take two instead of one.
    pub fn ascii(&self) -> Safe {
        if self.0.is_ascii() {
            return self.clone();
        }
        let mut out = String::with_capacity(self.len());
        for shape in self.0.graphemes(true) {
            let first = shape.chars().next().unwrap_or(' ');
            match first {
                '\u{2400}'..='\u{241f}' => {
                    out.push('^');
                    out.push(char::from((first as u32 - 0x2400) as u8 + b'@'));
                }
                '\u{2421}' => out.push_str("^?"),
                _ if shape.is_ascii() => out.push_str(shape),
                _ => (0..shape.width()).for_each(|_| out.push('?')),
            }
        }
        Safe(Cow::Owned(out))
    }
}

impl Deref for Safe {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}
impl AsRef<str> for Safe {
    fn as_ref(&self) -> &str {
        &self.0
    }
}
impl fmt::Display for Safe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
impl From<&str> for Safe {
    fn from(text: &str) -> Safe {
        Safe::line(text)
    }
}
impl From<&String> for Safe {
    fn from(text: &String) -> Safe {
        Safe::line(text)
    }
}
impl Serialize for Safe {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
impl<'de> Deserialize<'de> for Safe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Safe, D::Error> {
        Cow::<str>::deserialize(deserializer).map(|text| Safe::line(&text))
    }
}

/// Whether all bytes are printable ASCII. In blocks without an early exit, so that the compiler uses vector units.
fn clean(bytes: &[u8]) -> bool {
    bytes.chunks(64).all(|block| {
        block
            .iter()
            .fold(true, |ok, byte| ok & (byte.wrapping_sub(0x20) < 0x5f))
    })
}

/// Decodes UTF-8, with the number of each byte that is none. Not by U+FFFD: it hides which byte it was.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        chunk
            .invalid()
            .iter()
            .for_each(|byte| out.push_str(&format!("<x{byte:02X}>")));
    }
    Cow::Owned(out)
}

/// Sanitises to at most `cap` bytes, in two passes: letters by themselves, then letters that change each other's width.
/// `column`: where the text begins in its line, by which tabs go.
fn sanitise(text: &str, cap: usize, column: usize) -> String {
    let mut out = Capped::new(text.len().min(cap), cap);
    // Where in the text what came since the last tab begins, and its column.
    let mut since_tab = (0, column);
    let mut marks = 0usize;
    let mut before = '\u{0}';
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if out.full(at) {
            break;
        }
        if combining(letter) {
            marks += 1;
            if marks <= MARKS {
                out.push(letter);
            } else {
                let mut more = 1usize;
                while letters.next_if(|(_, next)| combining(*next)).is_some() {
                    more += 1;
                }
                out.push_str(&format!("<+{more} marks>"));
                before = '>';
                marks = 0;
            }
            continue;
        }
        let shown = Shown::of_letter(letter, before);
        if !matches!(shown, Shown::Dropped) {
            marks = 0;
        }
        match shown {
            Shown::AsIs => out.push(letter),
            Shown::Tab => {
                let (begin, column) = since_tab;
                let column = column + final_width(&out.text[begin..]);
                let to = TAB - column % TAB;
                (0..to).for_each(|_| out.push(' '));
                // A mark that follows sits on the last blank.
                since_tab = (out.text.len() - 1, column + to - 1);
            }
            Shown::Picture(picture) => out.push(picture),
            Shown::Code => out.push_code(letter),
            Shown::Dropped => continue,
        }
        before = letter;
    }
    let capped = out.end(text.len());
    if capped.is_ascii() {
        capped
    } else {
        break_up_clusters(&capped, cap)
    }
}

/// The columns that a text takes once its clusters are broken up.
fn final_width(text: &str) -> usize {
    match text.is_ascii() {
        true => text.len(),
        false => width(&break_up_clusters(text, usize::MAX)),
    }
}

/// What is done with a letter by itself.
enum Shown {
    AsIs,
    Tab,
    Picture(char),
    Code,
    Dropped,
}

impl Shown {
    fn of_letter(letter: char, before: char) -> Shown {
        match letter {
            ' '..='~' => Shown::AsIs,
            '\t' => Shown::Tab,
            '\u{0}'..='\u{1f}' => {
                Shown::Picture(char::from_u32(0x2400 + letter as u32).unwrap_or('\u{fffd}'))
            }
            '\u{7f}' => Shown::Picture('\u{2421}'),
            // "Draw the sign before as text or as emoji": terminals disagree about the width that gives, so it goes. It
            // is shown where it could only be there to make two names look alike.
            '\u{fe0e}' | '\u{fe0f}' if !before.is_alphanumeric() && !before.is_ascii() => {
                Shown::Dropped
            }
            _ if is_hidden(letter) || is_blank(letter) => Shown::Code,
            _ => Shown::AsIs,
        }
    }
}

/// Letters without a shape of their own: controls, format characters, everything that Unicode calls ignorable, line and
/// paragraph separators, private use, non-characters, U+FFFD, which some terminals leave out, and numbers that no letter
/// has been given yet, of which every terminal makes something else. A test compares this with the tables of Unicode.
pub fn is_hidden(letter: char) -> bool {
    letter > '~' && (is_shapeless(letter) || is_unassigned(letter)) || letter < ' '
}

/// Letters that look like a space, or like several, and are none: two names that differ in them alone look the same.
fn is_blank(letter: char) -> bool {
    matches!(
        letter,
        '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{2800}' | '\u{3000}'
    )
}

/// Whether Unicode has given the number to no letter, as far as the tables in the build know.
fn is_unassigned(letter: char) -> bool {
    static RANGES: OnceLock<Vec<(char, char)>> = OnceLock::new();
    let ranges = RANGES.get_or_init(
        || match regex_syntax::parse(r"\p{Cn}").map(Hir::into_kind) {
            Ok(HirKind::Class(Class::Unicode(class))) => {
                let ranges = class.iter();
                ranges.map(|range| (range.start(), range.end())).collect()
            }
            _ => Vec::new(),
        },
    );
    ranges
        .binary_search_by(|(first, last)| {
            if letter < *first {
                Ordering::Greater
            } else if letter > *last {
                Ordering::Less
            } else {
                Ordering::Equal
            }
        })
        .is_ok()
}

fn is_shapeless(letter: char) -> bool {
    matches!(letter,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}'
        | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{fffd}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || letter as u32 & 0xfffe == 0xfffe
        || letter as u32 >= 0xf0000
}

/// Letters that take no column because they sit on the one before.
fn combining(letter: char) -> bool {
    letter > '\u{2ff}' && letter.width() == Some(0) && !is_hidden(letter)
}

/// Breaks up the clusters whose width is not the sum of their letters' widths (skin tones, lone marks, conjuncts): half
/// of the terminals would count them differently, and every column behind them would be off.
fn break_up_clusters(text: &str, cap: usize) -> String {
    let mut out = Capped::new(text.len(), cap);
    for (at, shape) in text.grapheme_indices(true) {
        if out.full(at) {
            break;
        }
        let sum: usize = shape
            .chars()
            .map(|letter| letter.width().unwrap_or(0))
            .sum();
        if sum > 0 && shape.width() == sum {
            out.push_str(shape);
            continue;
        }
        for (nth, letter) in shape.chars().enumerate() {
            let alone = letter.width().unwrap_or(0) > 0;
            if letter.is_ascii() || (nth == 0 && alone) {
                out.push(letter);
            } else {
                out.push_code(letter);
            }
        }
    }
    out.end(text.len())
}

/// A line being built that never ends longer than its cap, and says what it lacks.
struct Capped {
    text: String,
    cap: usize,
    /// Length of the text, and of the input behind it, at the last place that leaves room for the note.
    fits: (usize, usize),
    over: bool,
}

impl Capped {
    fn new(expected: usize, cap: usize) -> Capped {
        Capped {
            text: String::with_capacity(expected + expected / 8),
            cap,
            fits: (0, 0),
            over: false,
        }
    }
    /// Notes that the input up to `read` bytes is in, and says whether more would be too much.
    fn full(&mut self, read: usize) -> bool {
        if self.text.len() <= self.cap.saturating_sub(CAP_NOTE) {
            self.fits = (self.text.len(), read);
        }
        self.over = self.text.len() > self.cap;
        self.over
    }
    fn push(&mut self, letter: char) {
        self.text.push(letter);
    }
    fn push_str(&mut self, text: &str) {
        self.text.push_str(text);
    }
    /// Writes the letter's number.
    fn push_code(&mut self, letter: char) {
        let code = format!("<U+{:04X}>", letter as u32);
        self.text.push_str(&code);
    }
    fn end(mut self, read: usize) -> String {
        if self.full(read) {
            self.text.truncate(self.fits.0);
            self.text
                .push_str(&format!("<+{} bytes>", read - self.fits.1));
        }
        self.text
    }
}

#[cfg(test)]
mod tests;
