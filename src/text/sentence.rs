//! Sentence: a text that may have been written elsewhere as a sentence of ours.
//!
//! Deliberately absent: rewording.

/// The text with a full stop at its end, where it has no end of a sentence itself.
pub fn end_sentence(text: &str) -> String {
    let text = text.trim_end();
    let stop = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{text}{stop}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_once() {
        for (text, ended) in [
            ("declared 12m ago", "declared 12m ago."),
            (
                "reached its backoff limit (retried 2 times).",
                "reached its backoff limit (retried 2 times).",
            ),
            ("What now?", "What now?"),
            ("a line end\n", "a line end."),
        ] {
            assert_eq!(end_sentence(text), ended);
        }
    }
}
