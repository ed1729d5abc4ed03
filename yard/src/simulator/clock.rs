//! Clock: the simulator's time, which runs faster than real time by a constant factor, and how Kubernetes writes a moment.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How many times faster than real time the yard runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace(f64);

impl Pace {
    /// A speed that is not a positive number counts as 1: with such a speed no wait would ever end.
    pub fn new(speed: f64) -> Pace {
        Pace(if speed.is_finite() && speed > 0.0 {
            speed
        } else {
            1.0
        })
    }

    /// The real time that a span of simulated seconds takes.
    pub fn lasts(self, seconds: f64) -> Duration {
        Duration::from_secs_f64((seconds / self.0).clamp(0.0, 1e7))
    }

    /// The real moment at which so many simulated seconds have passed since `start`.
    pub fn after(self, start: Timestamp, seconds: f64) -> Timestamp {
        let span = SignedDuration::try_from(self.lasts(seconds)).unwrap_or_default();
        start.saturating_add(span).unwrap_or(start)
    }

    /// Waits until so many simulated seconds have passed.
    pub async fn pause(self, seconds: f64) {
        tokio::time::sleep(self.lasts(seconds)).await;
    }
}

/// A moment as Kubernetes writes it: UTC, whole seconds.
pub fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
