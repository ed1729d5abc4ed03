//! Provider: the world outside. Readers feed deltas in; writers send one plan, once.
//!
//! Deliberately absent: screens and opinions. Wire types stay inside the provider that speaks them.

pub mod git;
pub mod kubernetes;

use crate::model::{App, Environment, Fault};
use crate::plan::{Outcome, Plan};
use crate::store::{Delta, News, Source};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// The way in: stamps every delta with its source, subscription and time. Bounded: a full channel makes the reader wait,
/// never the screen.
#[derive(Clone)]
pub struct Feed {
    source: Source,
    subscription: u64,
    deltas: mpsc::Sender<Delta>,
}

static SUBSCRIPTIONS: AtomicU64 = AtomicU64::new(1);

impl Feed {
    /// A feed with a new subscription number. When the receiver is dropped, `send` says so and the reader ends.
    pub fn new(source: Source, deltas: mpsc::Sender<Delta>) -> Self {
        Self {
            source,
            subscription: SUBSCRIPTIONS.fetch_add(1, Ordering::Relaxed),
            deltas,
        }
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Waits for room; false when nobody listens any more.
    pub async fn send(&self, news: News) -> bool {
        self.deltas.send(self.stamp(news)).await.is_ok()
    }

    /// Ends when nobody listens any more.
    pub async fn closed(&self) {
        self.deltas.closed().await;
    }

    /// For threads that are no tasks (git).
    pub fn blocking_send(&self, news: News) -> bool {
        self.deltas.blocking_send(self.stamp(news)).is_ok()
    }

    fn stamp(&self, news: News) -> Delta {
        if let News::Fault { fault, list, .. } = &news {
            let (source, list) = (
                self.source.to_string(),
                list.as_ref().map(ToString::to_string),
            );
            tracing::warn!(source, list, %fault, causes = fault.causes.join(": "), "a source cannot be read");
        }
        Delta {
            source: self.source.clone(),
            subscription: self.subscription,
            seen_at: Timestamp::now(),
            news,
        }
    }
}

/// In which namespace apps live that name one of their own, by environment. Git tells it, and the clusters are read by it.
pub type OwnNamespaces = BTreeMap<Environment, BTreeMap<App, Arc<str>>>;

/// One call that was made to the outside, for the `@` view and the source view.
#[derive(Clone, Debug)]
pub struct Call {
    pub at: Timestamp,
    pub source: Source,
    /// `LIST argoproj.io/applications cluster-services`.
    pub what: String,
    pub took_ms: u64,
    /// `200`, `403`, `timeout`.
    pub answer: String,
}

/// Where calls are told of; never waits (what does not fit is dropped).
pub type Calls = mpsc::Sender<Call>;

/// A piece of a followed log.
#[derive(Clone, Debug)]
pub enum LogPiece {
    /// Raw bytes as they came, cut anywhere, stamps stripped off by the follower.
    Bytes(crate::model::log::Stretch),
    /// The connection was cut; following resumes by itself.
    Cut(Fault),
    /// A new container under the same name.
    Restarted,
    /// The log is over.
    Ended,
    /// It cannot be had, and why.
    Failed(Fault),
}

/// What a writer needs of a plan, and what it says. Implemented by the git and the Kubernetes writer; read-only mode
/// constructs none.
pub trait Writer: Send + Sync {
    /// Re-checks the plan's preconditions at the last moment and sends its one write, once. `tried` hears of every
    /// further try that is still the same send (a rejected push on a moved branch).
    fn write<'a>(
        &'a self,
        plan: &'a Plan,
        tried: &'a (dyn Fn(&str) + Send + Sync),
    ) -> futures::future::BoxFuture<'a, Outcome>;

    /// Looks in the world for a plan whose outcome is unknown, and whose intent was journalled at `sent_at`: Some(Applied)
    /// when it is found, Some(Failed) when it surely is not there, None when that cannot be said (yet).
    fn look_for<'a>(
        &'a self,
        plan: &'a Plan,
        sent_at: Timestamp,
    ) -> futures::future::BoxFuture<'a, Option<Outcome>>;
}
