//! Symbol: what a cell may hold when its frame leaves, the last line of defence against texts from outside.
//!
//! Texts from outside are made visible where they come in; this stands for whatever slipped by. It works on the whole
//! frame before frames are compared, because a symbol that lies about its width would hide its neighbours. Deliberately
//! absent: showing *what* was hostile; that is `text::Safe`.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthChar;

/// Replaces every symbol that may not leave.
pub(super) fn make_symbols_safe(buffer: &mut Buffer, unicode: bool) {
    for cell in &mut buffer.content {
        // Nearly every cell holds one ASCII character, and this runs over all of them for each frame.
        if matches!(cell.symbol().as_bytes(), [0x20..=0x7e]) {
            continue;
        }
        let allowed = harmless(cell.symbol(), unicode);
        if let Some(replacement) = allowed {
            cell.set_symbol(replacement);
        }
    }
}

/// What to put in the place of `symbol`, where it may not leave itself.
fn harmless(symbol: &str, unicode: bool) -> Option<&'static str> {
    let mut characters = symbol.chars();
    // Nothing at all is the second half of a wide character, which is not drawn by itself.
    let first = characters.next()?;
    if !unicode {
        return Some(ascii_look(first));
    }
    let first_shows = !steers(first) && first.width().is_some_and(|width| width > 0);
    let rest_joins = characters.clone().count() <= 8 && !characters.any(steers);
    if first_shows && rest_joins {
        None
    } else {
        Some("?")
    }
}

/// Characters that a title may have at the most.
const TITLE: usize = 120;

/// A text as a terminal's title: nothing in it can end the sequence that sets it, or steer what is around it.
pub(super) fn title(text: &str) -> String {
    let shown = text.chars().take(TITLE);
    shown.map(|c| if steers(c) { '?' } else { c }).collect()
}

/// Whether a character changes the order or the look of others without being seen. The joiner and the selectors of
/// emoji are seen in what they join.
fn steers(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200c}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The nearest ASCII look of a character, for locales that are not UTF-8.
fn ascii_look(character: char) -> &'static str {
    match character {
        '─' | '━' | '═' | '┄' | '┈' | '–' | '—' => "-",
        '│' | '┃' | '║' | '┆' | '┊' => "|",
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' | '╭' | '╮' | '╯' | '╰' => {
            "+"
        }
        '…' | '~' => "~",
        '·' | '•' | '●' => "*",
        '→' | '▶' | '›' => ">",
        '←' | '◀' | '‹' => "<",
        '↑' | '▲' => "^",
        '↓' | '▼' => "v",
        '✓' => "+",
        '✗' | '×' => "x",
        '█' | '▓' | '▒' | '░' => "#",
        _ => "?",
    }
}
