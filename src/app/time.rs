//! Time: the loop's clock, and when something will look different without anything happening.
//!
//! Deliberately absent: a clock for anybody else. The state gets its time by messages.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::journal::{PlanState, Record};
use crate::plan::waits::awaited_hop;
use crate::state::{Overlay, State};
use crate::store::Delta;
use crate::store::source::STALE_AFTER_S;

/// Now, by the wall clock.
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// Milliseconds left for keys between two lots of rows that are due.
const BETWEEN_DUE_MS: i64 = 20;

/// Less than this is the clock being kept right, and nobody sees it in an age.
const SET_BACK: SignedDuration = SignedDuration::from_secs(2);

/// What the wall clock showed last and when that was, which tells whether somebody has set it back since.
#[derive(Debug)]
pub(super) struct Clock {
    shown: Timestamp,
    at: Instant,
}

impl Clock {
    pub(super) fn new(shown: Timestamp, at: Instant) -> Self {
        Self { shown, at }
    }

    /// By how much it was set back since the last call, where it was. `at` is the moment at which it shows `shown`.
    pub(super) fn set_back_by(&mut self, shown: Timestamp, at: Instant) -> Option<SignedDuration> {
        let before = std::mem::replace(self, Self::new(shown, at));
        let passed = SignedDuration::try_from(at.duration_since(before.at)).unwrap_or_default();
        let by = before.shown.duration_since(shown) + passed;
        (by >= SET_BACK).then_some(by)
    }
}

/// The wall clock's time of a moment that has passed.
pub(super) fn stamp(at: Instant) -> Timestamp {
    let now = now();
    let elapsed = SignedDuration::try_from(at.elapsed()).unwrap_or_default();
    now.checked_sub(elapsed).unwrap_or(now)
}

/// News as they came by the clock as it is now: what was stamped just before it was set back did not come from the future.
pub(super) fn not_ahead(delta: Delta, now: Timestamp) -> Delta {
    Delta {
        seen_at: delta.seen_at.min(now),
        ..delta
    }
}

/// When the next tick is due: at the full minute, when a source turns stale, when a hop is late, or when a message ends.
pub(super) fn next_tick(state: &State) -> Instant {
    let now = now();
    let turns_stale = state.store.sources().filter_map(|(_, source)| {
        source
            .alive_at?
            .checked_add(SignedDuration::from_secs(STALE_AFTER_S + 1))
            .ok()
    });
    let turns_late = state.journal.records.iter().filter_map(late_at);
    let newest = state.journal.records.last();
    let turns_age = newest.and_then(|record| age_turns(record, now));
    // An open plan says how long ago its facts were read.
    let is_confirming = matches!(state.ui.overlay, Some(Overlay::Confirm(_)));
    let second = is_confirming.then(|| later(now, 1));
    // More rows had come due than are derived at once.
    let is_more_due = state.board.is_due(state.now);
    let at_once = is_more_due.then(|| now + SignedDuration::from_millis(BETWEEN_DUE_MS));
    let next = turns_stale
        .chain(turns_late)
        .chain(turns_age)
        .chain(state.notice_ends_at())
        .chain(second)
        .chain(at_once)
        .filter(|at| *at > now)
        .fold(next_minute(now), Timestamp::min);
    let wait = Duration::try_from(next.duration_since(now)).unwrap_or_default();
    // A little late rather than a little early: an early tick finds nothing changed and comes again at once.
    Instant::now() + wait + Duration::from_millis(5)
}

fn next_minute(now: Timestamp) -> Timestamp {
    let second = now.as_second();
    Timestamp::from_second(second - second.rem_euclid(60) + 60).unwrap_or(now)
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(at)
}

/// When the age of what a plan waits for looks different: each second of its first minute, then each minute.
fn age_turns(record: &Record, now: Timestamp) -> Option<Timestamp> {
    if !matches!(record.plan_state(), PlanState::Underway | PlanState::Late) {
        return None;
    }
    let (_, since) = awaited_hop(record)?;
    let age = now.duration_since(since).as_secs().max(0);
    let unit = if age < 60 { 1 } else { 60 };
    Some(later(since, age - age % unit + unit))
}

/// When the hop that is awaited now becomes late.
fn late_at(record: &Record) -> Option<Timestamp> {
    if record.plan_state() != PlanState::Underway {
        return None;
    }
    let awaited = record.awaited()?;
    let since = match awaited.checked_sub(1) {
        Some(before) => *record.seen.get(before)?.as_ref()?,
        None => record.outcome.as_ref()?.0,
    };
    let hop = record.plan.hops.get(awaited)?;
    since
        .checked_add(SignedDuration::from_secs(hop.late_s))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minute_after_a_full_minute_is_the_next_one() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(
            next_minute(at("2026-08-21T03:12:00Z")),
            at("2026-08-21T03:13:00Z")
        );
        assert_eq!(
            next_minute(at("2026-08-21T03:12:59.999Z")),
            at("2026-08-21T03:13:00Z")
        );
        assert_eq!(
            next_minute(at("1969-12-31T23:59:30Z")),
            at("1970-01-01T00:00:00Z")
        );
    }

    #[test]
    fn a_clock_is_set_back_by_what_it_should_show_and_does_not() {
        let start = Instant::now();
        let shown = |seconds: i64| Timestamp::from_second(1_787_000_000 + seconds).unwrap();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut clock = Clock::new(shown(0), at(0));
        assert_eq!(clock.set_back_by(shown(60), at(60)), None);
        assert_eq!(clock.set_back_by(shown(60), at(61)), None, "kept right");
        let five = SignedDuration::from_mins(5);
        // Half a minute later it shows five minutes less than it should.
        assert_eq!(clock.set_back_by(shown(90 - 300), at(91)), Some(five));
        assert_eq!(clock.set_back_by(shown(91 - 300), at(92)), None, "once");
        let few = SignedDuration::from_secs(20);
        // It shows more than before, and less than it should all the same.
        assert_eq!(clock.set_back_by(shown(101 - 300), at(122)), Some(few));
        // Set forward, or the machine slept.
        assert_eq!(clock.set_back_by(shown(7200), at(123)), None);
    }

    #[test]
    fn news_from_before_the_clock_was_set_back_are_no_news_from_the_future() {
        let at = |second: i64| Timestamp::from_second(1_787_000_000 + second).unwrap();
        for (seen_at, now, came_at) in [(300, 10, 10), (9, 10, 9)] {
            let delta = Delta {
                source: crate::store::Source::Git,
                subscription: 1,
                seen_at: at(seen_at),
                news: crate::store::News::Alive,
            };
            assert_eq!(not_ahead(delta, at(now)).seen_at, at(came_at));
        }
    }

    #[test]
    fn a_moment_that_passed_is_before_now() {
        let earlier = Instant::now();
        let stamped = stamp(earlier);
        assert!(stamped <= now());
        assert!(stamp(Instant::now()) >= stamped);
    }
}
