//! Hostile: the texts of `tests/fixtures/hostile.txt`, to be fed into every source, and the judge of what came out.
//!
//! Include with `#[path = "common/hostile.rs"] mod hostile;` in a test file.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the fixture is ours: a fault in it must end the test"
)]

use std::collections::BTreeMap;

/// All hostile texts as bytes; some are no UTF-8, one is empty, some contain line ends.
pub fn bytes() -> Vec<Vec<u8>> {
    include_str!("../fixtures/hostile.txt")
        .lines()
        .filter(|line| !line.starts_with("# "))
        .map(unescape)
        .collect()
}

/// All hostile texts as a JSON, YAML or git reader would hand them on.
pub fn texts() -> Vec<String> {
    bytes()
        .iter()
        .map(|text| String::from_utf8_lossy(text).into_owned())
        .collect()
}

fn unescape(line: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let kind = rest[at + 1..]
            .chars()
            .next()
            .unwrap_or_else(|| panic!("a lone backslash in {line:?}"));
        rest = &rest[at + 1 + kind.len_utf8()..];
        match kind {
            'n' => out.push(b'\n'),
            'r' => out.push(b'\r'),
            't' => out.push(b'\t'),
            '\\' => out.push(b'\\'),
            'e' => {}
            'x' => {
                out.push(u8::from_str_radix(&rest[..2], 16).unwrap());
                rest = &rest[2..];
            }
            'u' => {
                let (number, after) = rest[1..].split_once('}').unwrap();
                let letter = char::from_u32(u32::from_str_radix(number, 16).unwrap()).unwrap();
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after;
            }
            other => panic!("\\{other} in {line:?}"),
        }
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// Reads bytes as a terminal would and counts each kind of sequence and control in them, e.g. `CSI ? h`, `OSC 52`,
/// `ESC c`, `C0 07`. Feed it what the program wrote to the tty and compare the kinds with those that the program owns.
pub fn sequences(written: &[u8]) -> BTreeMap<String, usize> {
    let mut seen = Sequences::default();
    vte::Parser::new().advance(&mut seen, written);
    seen.0
}

#[derive(Default)]
struct Sequences(BTreeMap<String, usize>);

impl Sequences {
    fn count(&mut self, kind: String) {
        *self.0.entry(kind).or_default() += 1;
    }
}

impl vte::Perform for Sequences {
    fn print(&mut self, letter: char) {
        if letter.is_control() {
            self.count(format!("C1 {:02x}", letter as u32));
        }
    }
    fn execute(&mut self, byte: u8) {
        self.count(format!("C{} {byte:02x}", byte >> 7));
    }
    fn hook(&mut self, _: &vte::Params, _: &[u8], _: bool, action: char) {
        self.count(format!("DCS {action}"));
    }
    fn osc_dispatch(&mut self, parameters: &[&[u8]], _: bool) {
        let number = parameters
            .first()
            .map(|first| String::from_utf8_lossy(first).into_owned())
            .unwrap_or_default();
        self.count(format!("OSC {number}"));
    }
    fn csi_dispatch(&mut self, _: &vte::Params, between: &[u8], _: bool, action: char) {
        self.count(format!("CSI {}{action}", String::from_utf8_lossy(between)));
    }
    fn esc_dispatch(&mut self, between: &[u8], _: bool, byte: u8) {
        self.count(format!(
            "ESC {}{}",
            String::from_utf8_lossy(between),
            char::from(byte)
        ));
    }
}
