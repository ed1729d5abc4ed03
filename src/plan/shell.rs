//! Shell: texts from outside as words that a shell, or its line editor, obeys nothing in.
//!
//! Deliberately absent: comments. zsh has none on its command line, and runs what stands in them.

use crate::text::{Safe, is_hidden};

/// A word for a shell, quoted wherever it holds anything but plain letters. What a terminal or its line editor would obey
/// when the word is pasted is written by its number, in the form that bash, zsh and ksh know: `$'v1\x1b'`.
pub fn quote(word: &str) -> String {
    let plain = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b':' | b'@' | b'=')
    };
    // To zsh `=ls` is the path of ls.
    if !word.is_empty() && word.bytes().all(plain) && !word.starts_with('=') {
        word.to_owned()
    } else if word.contains(is_hidden) {
        let letters: String = word.chars().map(by_number).collect();
        format!("$'{letters}'")
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A letter as it is written between `$'` and `'`. No quote stands there, because a shell that does not know the form would
/// end the word at it.
fn by_number(letter: char) -> String {
    match letter {
        '\n' => r"\n".to_owned(),
        '\'' => r"\047".to_owned(),
        '\\' => r"\\".to_owned(),
        letter if is_hidden(letter) => {
            let mut bytes = [0; 4];
            let bytes = letter.encode_utf8(&mut bytes).bytes();
            bytes.map(|byte| format!("\\x{byte:02x}")).collect()
        }
        letter => letter.to_string(),
    }
}

/// A line that says a text and does nothing in any shell.
pub fn say(text: &str) -> String {
    format!(": {}\n", quote(Safe::line(text).as_ref()))
}
