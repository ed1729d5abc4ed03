//! Clock: the simulator's time, which runs faster than the initial's by a factor, and how Kubernetes writes a moment.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How fast the yard lives: 1 is life, 10 is ten times as fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace(f64);

impl Pace {
    /// Anything that is no positive number is life's own pace.
    pub fn new(speed: f64) -> Pace {
        Pace(if speed.is_finite() && speed > 0.0 {
            speed
        } else {
            1.0
        })
    }

    /// How long that many simulated seconds really take.
    pub fn lasts(self, seconds: f64) -> Duration {
        Duration::from_secs_f64((seconds / self.0).clamp(0.0, 1e7))
    }

    /// The moment that lies that many simulated seconds after another.
    pub fn after(self, start: Timestamp, seconds: f64) -> Timestamp {
        let span = SignedDuration::try_from(self.lasts(seconds)).unwrap_or_default();
        start.saturating_add(span).unwrap_or(start)
    }

    /// Waits that many simulated seconds.
    pub async fn pause(self, seconds: f64) {
        tokio::time::sleep(self.lasts(seconds)).await;
    }
}

/// A moment as Kubernetes writes it: UTC, whole seconds.
pub fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
