//! Stamp: the RFC 3339 time that Kubernetes writes before each line when it is asked for timestamps.
//!
//! Read by hand, because it is done for every line. Deliberately absent: any other form of time.

/// The longest stamp, with nine digits and an offset, and the space behind it.
pub(super) const LONGEST: usize = 36;
pub(super) const SECOND: i64 = 1_000_000_000;

/// Reads a stamp and the space behind it: nanoseconds since 1970, and the bytes taken. None if the line begins otherwise.
pub(super) fn read(line: &[u8]) -> Option<(i64, usize)> {
    let number = |from: usize, to: usize| -> Option<i64> {
        line.get(from..to)?.iter().try_fold(0i64, |sum, digit| {
            digit
                .is_ascii_digit()
                .then(|| sum * 10 + i64::from(digit - b'0'))
        })
    };
    let sign = |at: usize, wanted: u8| (*line.get(at)? == wanted).then_some(());
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    sign(4, b'-')
        .and(sign(7, b'-'))
        .and(sign(10, b'T'))
        .and(sign(13, b':'))
        .and(sign(16, b':'))?;
    if !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let mut at = 19;
    let mut nanos = 0;
    if line.get(at) == Some(&b'.') {
        let digits = line
            .get(at + 1..)?
            .iter()
            .take(9)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        nanos = number(at + 1, at + 1 + digits)? * 10i64.pow(9 - digits as u32);
        at += 1 + digits;
    }
    let mut offset = 0;
    match line.get(at)? {
        b'Z' => at += 1,
        east @ (b'+' | b'-') => {
            sign(at + 3, b':')?;
            let ahead = (number(at + 1, at + 3)? * 60 + number(at + 4, at + 6)?) * 60;
            offset = if *east == b'+' { ahead } else { -ahead };
            at += 6;
        }
        _ => return None,
    }
    sign(at, b' ')?;
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset;
    Some((seconds.checked_mul(SECOND)?.checked_add(nanos)?, at + 1))
}

/// Days from 1970-01-01 to a day of the Gregorian calendar, counting years from March so that leap days come last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::cases;
    use jiff::Timestamp;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(cases(256))]

        #[test]
        fn every_stamp_is_read_as_jiff_reads_it(nanos in 0i64..=i64::MAX) {
            let stamp = Timestamp::from_nanosecond(i128::from(nanos)).unwrap().to_string();
            let line = format!("{stamp} words");
            prop_assert_eq!(read(line.as_bytes()), Some((nanos, stamp.len() + 1)));
        }
    }

    #[test]
    fn only_a_whole_stamp_counts() {
        let second = 1_787_279_441 * SECOND;
        let rows: [(&str, Option<(i64, usize)>); 9] = [
            ("2026-08-21T02:30:41Z x", Some((second, 21))),
            ("2026-08-21T02:30:41.5Z x", Some((second + SECOND / 2, 23))),
            (
                "2026-08-21T04:30:41.000000001+02:00 x",
                Some((second + 1, 36)),
            ),
            ("2026-08-21T02:30:41Z", None),
            ("2026-08-21T02:30:41.123456789", None),
            ("2026-13-21T02:30:41Z x", None),
            ("2026-08-21 02:30:41Z x", None),
            ("unable to retrieve container logs", None),
            ("", None),
        ];
        for (line, read_as) in rows {
            assert_eq!(read(line.as_bytes()), read_as, "{line}");
        }
    }
}
