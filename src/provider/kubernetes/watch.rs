//! Watch: one kind in one namespace of one cluster, listed and followed until the listener closes.
//!
//! A watch-list where the server has it and objects are small, else pages and then a watch; again from the start when the version has expired;
//! backing off in a way that the screen can show. The state is never blanked: what a new list does not name is gone at its
//! end. Deliberately absent: keeping objects, and kube's own watcher, which neither falls back nor leaves an HTTP 410.

mod listener;
mod stream;

pub use listener::{Listener, WatchEvent};

use super::call::{Failure, LONGEST_PAUSE};
use super::connect::Access;
use super::wire::{self, Wire};
use crate::model::{Fault, FaultKind};
use crate::provider::{Call, Calls};
use crate::store::Source;
use jiff::{SignedDuration, Timestamp};
use std::hash::{BuildHasher as _, Hasher as _};
use std::time::Duration;
use tokio::sync::watch as signal;
use tokio::time::Instant;

/// How fast, how long, how much.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The first pause after a failure, and the longest.
    pub first: Duration,
    pub longest: Duration,
    /// The pause after 403, which somebody has to change.
    pub forbidden: Duration,
    /// The pause after 404 of a whole kind, which somebody has to install.
    pub absent: Duration,
    /// For the head of an answer, and for the next chunk of a list.
    pub answer: Duration,
    /// How long the server keeps one watch, between these; a silent link is noticed `answer` later.
    pub watch: (Duration, Duration),
    /// Objects in a page, and pages in a list: one that goes on after so many never ends.
    pub page: usize,
    pub pages: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(800),
            longest: Duration::from_secs(30),
            forbidden: LONGEST_PAUSE,
            absent: Duration::from_secs(60),
            answer: Duration::from_secs(15),
            watch: (Duration::from_secs(40), Duration::from_secs(55)),
            page: 250,
            // A quarter of a million objects of one kind in one namespace, which is more than a cluster keeps.
            pages: 1_000,
        }
    }
}

/// What is watched, and by which way.
pub struct Watch<'a> {
    pub access: &'a Access,
    pub namespace: &'a str,
    /// A label selector; empty for all.
    pub selector: &'a str,
    pub pace: Pace,
    /// Changes when an answer is wanted now; that ends pauses and replaces a link that may be dead.
    pub kick: signal::Receiver<u64>,
    /// Where each call is reported.
    pub calls: Option<(Calls, Source)>,
}

/// How one attempt ended.
enum Ended {
    /// The listener has closed.
    Closed,
    /// A list was read to its end: it can be followed now.
    Listed,
    /// The stream ended or broke after it had worked: it is resumed at once.
    Over,
    /// An answer was wanted at once, so that the stream was left: it has not failed, and is resumed.
    Kicked,
    /// The version is too old (or from a future that was rolled back): everything has to be listed again.
    Expired(Failure),
    /// This server has no watch-list.
    NoWatchList,
    Failed(Failure),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Ended::Failed(failure)
    }
}

/// What a watch remembers between its streams.
struct WatchState {
    /// The version that was seen last; none before the first list and after an expiry.
    version: Option<String>,
    watch_list: bool,
    /// Watch-lists that broke before their first part was over, in a row: two are taken for a server that has none.
    broken_lists: u32,
    /// Expiries in a row without a stream that lived.
    expired: u32,
    /// Streams in a row that ended before they had lived.
    short: u32,
    failures: u32,
    /// A fault was sent, and no recovery since.
    faulty: bool,
    skew_ms: Option<i64>,
}

impl Watch<'_> {
    /// Watches until the listener closes.
    pub async fn run<T: Wire>(mut self, listener: &mut impl Listener<T>) {
        let mut state = WatchState {
            version: None,
            watch_list: !T::IS_LARGE,
            broken_lists: 0,
            expired: 0,
            short: 0,
            failures: 0,
            faulty: false,
            skew_ms: None,
        };
        loop {
            let reading = match self.access.reading().await {
                Ok(reading) => reading,
                Err(fault) => {
                    let failure = Failure::before(fault);
                    if !self.rest(&mut state, listener, failure).await {
                        return;
                    }
                    continue;
                }
            };
            let ended = if state.version.is_none() && !state.watch_list {
                self.pages(&reading, &mut state, listener).await
            } else {
                self.stream(&reading, &mut state, listener).await
            };
            let failure = match ended {
                Ended::Closed => match listener.overfull() {
                    None => return,
                    Some(why) => {
                        state.version = None;
                        Failure::overfull(why)
                    }
                },
                Ended::Listed | Ended::Over | Ended::Kicked => continue,
                Ended::NoWatchList => {
                    state.watch_list = false;
                    continue;
                }
                Ended::Expired(failure) => {
                    state.version = None;
                    state.expired += 1;
                    // once is life; again and again is a server (or a proxy) in trouble
                    if state.expired == 1 {
                        continue;
                    }
                    failure
                }
                Ended::Failed(failure) => failure,
            };
            if failure.code == Some(401) {
                self.access.refused(reading.generation).await;
            }
            if !self.rest(&mut state, listener, failure).await {
                return;
            }
        }
    }

    /// Sends a failure with the time of the next try, and waits for that time or for a request to try now. False when
    /// the listener has closed.
    async fn rest<T: Wire>(
        &mut self,
        state: &mut WatchState,
        listener: &mut impl Listener<T>,
        failure: Failure,
    ) -> bool {
        let pace = &self.pace;
        let pause = match failure.fault.kind {
            FaultKind::Forbidden => pace.forbidden,
            FaultKind::NotFound => pace.absent,
            _ => {
                let doubled = pace.first.saturating_mul(1 << state.failures.min(16));
                jitter(doubled.min(pace.longest))
            }
        };
        let (fault, asked_for) = failure.into_fault_and_pause();
        let pause = pause.max(asked_for.unwrap_or_default());
        state.failures += 1;
        state.faulty = true;
        let retry_at = SignedDuration::try_from(pause)
            .ok()
            .and_then(|pause| Timestamp::now().checked_add(pause).ok());
        let fault = WatchEvent::Fault { fault, retry_at };
        if !listener.receive(fault).await {
            return false;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = listener.closed() => return false,
            Ok(()) = self.kick.changed() => {}
        }
        true
    }

    /// The path of the kind with a query.
    fn path<T: Wire>(&self, query: &str) -> String {
        let path = wire::path(T::KIND, self.namespace);
        let selector = if self.selector.is_empty() {
            String::new()
        } else {
            format!("&labelSelector={}", super::call::encode(self.selector))
        };
        format!("{path}?{query}{selector}")
    }

    /// Reports a call, if there is room.
    fn called<T: Wire>(&self, verb: &str, began: Instant, failure: Option<&Failure>) {
        if let Some((calls, source)) = &self.calls {
            let answer = match failure {
                None => "200".to_owned(),
                Some(failure) => failure
                    .code
                    .map_or_else(|| "no answer".to_owned(), |c| c.to_string()),
            };
            let what = format!("{verb} {} {}", T::KIND.word(), self.namespace);
            let _ = calls.try_send(Call {
                at: Timestamp::now(),
                source: source.clone(),
                what: what.trim_end().to_owned(),
                took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
                answer,
            });
        }
    }
}

impl WatchState {
    /// A stream lived for a while: earlier trouble is over. A list alone is no proof, the next watch may fail as the last did.
    fn well(&mut self) {
        self.failures = 0;
        self.expired = 0;
        self.broken_lists = 0;
    }
}

impl Failure {
    /// More came than may be kept. Reading it all again soon would bring the same.
    fn overfull(why: String) -> Self {
        let hint = "Check that this is the right server, and what makes objects there without end.";
        Self {
            retry_after: Some(LONGEST_PAUSE),
            ..Self::before(Fault::new(FaultKind::Malformed, why, hint))
        }
    }

    /// A fault from before any request: no client could be had.
    fn before(fault: Fault) -> Self {
        Self {
            fault,
            code: None,
            reason: String::new(),
            name: String::new(),
            retry_after: None,
            unsent: true,
            server_time: None,
        }
    }
}

/// Between three and five quarters of it, so that many consoles do not come back at one moment.
fn jitter(pause: Duration) -> Duration {
    pause.mul_f64(0.75 + random() / 2.0)
}

/// A random number from 0 to 1.
fn random() -> f64 {
    let bits = std::hash::RandomState::new().build_hasher().finish();
    (bits % 1000) as f64 / 1000.0
}

#[cfg(test)]
mod endless;
#[cfg(test)]
mod notes;
#[cfg(test)]
mod storm;
#[cfg(test)]
mod tests;
