//! Span: a length of time as a cell shows it: one number, one unit.

/// `40s`, `27m`, `9h`, `26h`, `6d`, `92d`. Hours up to two days, as people on call count. Negative spans read as `0s`.
pub fn span(seconds: i64) -> String {
    match seconds.max(0) {
        s if s < 60 => format!("{s}s"),
        s if s < 3_600 => format!("{}m", s / 60),
        s if s < 48 * 3_600 => format!("{}h", s / 3_600),
        s => format!("{}d", s / 86_400),
    }
}

/// At which age in seconds [`span`] says something else than at this one.
pub fn span_ends(seconds: i64) -> i64 {
    let seconds = seconds.max(0);
    let unit = match seconds {
        s if s < 60 => 1,
        s if s < 3_600 => 60,
        s if s < 48 * 3_600 => 3_600,
        _ => 86_400,
    };
    seconds - seconds % unit + unit
}

/// `40s`, `3m12s`, `1h02m`, `37d`: how long something took.
pub fn exactly(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s:02}s"),
        (h, m, _) if h < 100 => format!("{h}h{m:02}m"),
        (h, ..) => format!("{}d", h / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::{exactly, span};

    #[test]
    fn what_it_took_is_exact_as_far_as_it_matters() {
        for (seconds, text) in [
            (-5, "0s"),
            (40, "40s"),
            (192, "3m12s"),
            (3_720, "1h02m"),
            (900 * 3_600, "37d"),
        ] {
            assert_eq!(exactly(seconds), text);
        }
    }

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
