//! Span: a length of time as a cell shows it: one number, one unit.
//!
//! Deliberately absent: clocks.

/// `40s`, `27m`, `9h`, `26h`, `6d`, `92d`. Hours up to two days, as people on call count. Negative spans read as `0s`.
pub fn span(seconds: i64) -> String {
    match seconds.max(0) {
        s if s < 60 => format!("{s}s"),
        s if s < 3_600 => format!("{}m", s / 60),
        s if s < 48 * 3_600 => format!("{}h", s / 3_600),
        s => format!("{}d", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn one_number_and_one_unit() {
        for (seconds, text) in [
            (-5, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3_599, "59m"),
            (3_600, "1h"),
            (26 * 3_600, "26h"),
            (92 * 86_400, "92d"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }
}
