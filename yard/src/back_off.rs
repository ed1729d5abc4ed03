//! Back-off: how long to wait before something that has failed is tried again, longer with each failure in a row.
//!
//! Deliberately absent: giving up. What fails here (no file descriptor is free, a file cannot be read) may work again at any
//! time, and says nothing when it does.

use std::fmt::Display;
use std::time::Duration;

/// The first wait.
const SHORTEST: Duration = Duration::from_millis(50);

/// How often the wait doubles: up to 3.2 seconds.
const DOUBLED_AT_MOST: u32 = 6;

/// Failures of one thing in a row.
#[derive(Debug)]
pub struct BackOff {
    what: &'static str,
    failures: u32,
}

impl BackOff {
    /// Nothing has failed yet; `what` names the thing in the log.
    pub fn new(what: &'static str) -> BackOff {
        BackOff { what, failures: 0 }
    }

    /// It failed: how long to wait now. The first failure of a row is warned of in the log.
    pub fn pause_after(&mut self, error: &dyn Display) -> Duration {
        match self.failures {
            0 => tracing::warn!(%error, "{} fails and is tried again", self.what),
            failures => tracing::debug!(%error, failures, "{} still fails", self.what),
        }
        let pause = SHORTEST * 2_u32.pow(self.failures.min(DOUBLED_AT_MOST));
        self.failures = self.failures.saturating_add(1);
        pause
    }

    /// How many there are.
    #[cfg(test)]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// It worked: the next failure is the first of a row.
    pub fn end(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_in_a_row_waits_twice_as_long() {
        let mut back_off = BackOff::new("a test");
        let mut pauses = |failures: usize| -> Vec<u128> {
            let pause = |_| back_off.pause_after(&"no file descriptor").as_millis();
            let pauses = (0..failures).map(pause).collect();
            back_off.end();
            pauses
        };
        let all = [50, 100, 200, 400, 800, 1_600, 3_200, 3_200, 3_200];
        assert_eq!(pauses(9), all);
        assert_eq!(pauses(2), [50, 100], "it worked in between");
    }
}
