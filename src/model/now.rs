//! Now: the moment at which conclusions are drawn, and until when time alone does not change them.
//!
//! How old something is is asked here, so that each answer notes when it will be another one: what was concluded is derived
//! again at that moment or with its facts, and not because a minute has passed.

use super::span::{span, span_ends};
use jiff::{SignedDuration, Timestamp};
use std::cell::Cell;

/// Seconds after which is asked again what may change without a fact.
const ASKED_AGAIN_S: i64 = 60;

#[derive(Debug)]
pub struct Now {
    at: Timestamp,
    /// The first moment at which an answer changes; the last there is where none does.
    until: Cell<Timestamp>,
}

impl Now {
    pub fn new(at: Timestamp) -> Self {
        Self {
            at,
            until: Cell::new(Timestamp::MAX),
        }
    }

    /// Whether more than so many whole seconds have passed since a moment.
    pub fn is_past(&self, since: Timestamp, seconds: i64) -> bool {
        let is_past = self.seconds_since(since) > seconds;
        if !is_past {
            self.changes_at(later(since, seconds + 1));
        }
        is_past
    }

    /// Whether a moment has come.
    pub fn has_come(&self, moment: Timestamp) -> bool {
        let has_come = self.at >= moment;
        if !has_come {
            self.changes_at(moment);
        }
        has_come
    }

    /// How long ago a moment is, as a cell shows it: `26h`.
    pub fn age(&self, since: Timestamp) -> String {
        let age = self.seconds_since(since).max(0);
        self.changes_at(later(since, span_ends(age)));
        span(age)
    }

    /// The moment itself, for what depends on more than time: it is asked again in a minute.
    pub fn for_a_minute(&self) -> Timestamp {
        self.changes_at(later(self.at, ASKED_AGAIN_S));
        self.at
    }

    /// The first moment at which one of the answers since the last call changes; none where they stay.
    pub fn take_until(&self) -> Option<Timestamp> {
        let until = self.until.replace(Timestamp::MAX);
        (until != Timestamp::MAX).then_some(until)
    }

    fn seconds_since(&self, at: Timestamp) -> i64 {
        self.at.duration_since(at).as_secs()
    }

    fn changes_at(&self, moment: Timestamp) {
        self.until.set(self.until.get().min(moment));
    }
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::cases;
    use proptest::prelude::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_787_000_000_000 + millis).unwrap()
    }

    /// All that can be asked about a moment.
    fn answers(now: &Now, moment: Timestamp, seconds: i64) -> (bool, bool, String) {
        (
            now.is_past(moment, seconds),
            now.has_come(moment),
            now.age(moment),
        )
    }

    proptest! {
        #![proptest_config(cases(10_000))]
        #[test]
        fn an_answer_stays_until_the_moment_that_it_noted(moment in -400_000_000_i64..400_000, seconds in 0_i64..500_000, part in 0.0..1.0_f64) {
            let now = Now::new(at(0));
            let before = answers(&now, at(moment), seconds);
            let until = now.take_until().unwrap();
            prop_assert!(until > at(0));
            let length = until.duration_since(at(0)).as_millis() as f64;
            let between = at((length * part) as i64).min(until - SignedDuration::from_nanos(1));
            prop_assert_eq!(&before, &answers(&Now::new(between), at(moment), seconds));
            prop_assert_ne!(&before, &answers(&Now::new(until), at(moment), seconds));
        }
    }

    #[test]
    fn what_no_time_changes_has_no_moment() {
        let now = Now::new(at(0));
        assert!(now.is_past(at(-5_001), 4) && now.has_come(at(0)));
        assert_eq!(now.take_until(), None);
        assert!(!now.is_past(at(-5_001), 5));
        assert_eq!(now.take_until(), Some(at(999)));
        assert_eq!(now.take_until(), None, "taken");
        assert_eq!(now.for_a_minute(), at(0));
        assert_eq!(now.take_until(), Some(at(60_000)));
    }
}
