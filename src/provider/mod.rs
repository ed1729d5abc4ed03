//! Provider: the systems outside. Readers send deltas in; a writer sends one plan, once.
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

/// Sends news to the loop, stamped with source, subscription and time. The channel is bounded, so that a full one makes
/// the reader wait and never the screen.
#[derive(Clone)]
pub struct Feed {
    source: Source,
    subscription: u64,
    deltas: mpsc::Sender<Delta>,
}

/// More bytes than all but the largest facts have.
const LARGE: usize = 64 * 1024;

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

    /// Waits for room in the channel; false when the receiver is gone.
    pub async fn send(&self, news: News) -> bool {
        self.deltas.send(self.stamp(news)).await.is_ok()
    }

    /// The same for news of so many bytes. What is large waits for an empty channel, so that a full one is bounded in bytes
    /// as well: by its places times what is not large, and one that is.
    pub async fn send_of_size(&self, news: News, bytes: usize) -> bool {
        if bytes <= LARGE {
            return self.send(news).await;
        }
        let all = self.deltas.max_capacity();
        let Ok(mut places) = self.deltas.reserve_many(all).await else {
            return false;
        };
        let place = places.next();
        let is_room = place.is_some();
        if let Some(place) = place {
            place.send(self.stamp(news));
        }
        is_room
    }

    /// Ends when the receiver is gone.
    pub async fn closed(&self) {
        self.deltas.closed().await;
    }

    /// The same for a thread that is no task, as git's is.
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

/// The namespaces of apps that name one of their own, by environment. They are read from git and decide where the
/// clusters are watched.
pub type OwnNamespaces = BTreeMap<Environment, BTreeMap<App, Arc<str>>>;

/// One call to a system outside, for the view of calls and the view of sources.
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

/// Where calls are reported. Reporting never waits: what does not fit is dropped.
pub type Calls = mpsc::Sender<Call>;

/// A piece of a followed log.
#[derive(Clone, Debug)]
pub enum LogPiece {
    /// Raw bytes as they came, cut anywhere, stamps stripped off by the follower.
    Bytes(crate::model::log::Stretch),
    /// The connection was cut; reading resumes by itself.
    Cut(Fault),
    /// A new container under the same name.
    Restarted,
    /// The log is over.
    Ended,
    /// It cannot be had, and why.
    Failed(Fault),
}

/// Sends plans to one system. Git and Kubernetes have one each; read-only mode makes none.
pub trait Writer: Send + Sync {
    /// Checks the plan's preconditions again at the last moment and sends its one write, once. `tried` is called before
    /// each further try of the same send (after a push that was rejected because the branch moved, or a patch's conflict).
    fn write<'a>(
        &'a self,
        plan: &'a Plan,
        tried: &'a (dyn Fn(&str) + Send + Sync),
    ) -> futures::future::BoxFuture<'a, Outcome>;

    /// Looks for a plan whose outcome is unknown and whose intent was journalled at `sent_at`: Some(Applied) when it is
    /// found, Some(Failed) when it surely is not there, None when that cannot be decided (yet).
    fn look_for<'a>(
        &'a self,
        plan: &'a Plan,
        sent_at: Timestamp,
    ) -> futures::future::BoxFuture<'a, Option<Outcome>>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    #[test]
    fn what_is_large_waits_until_nothing_else_does() {
        let (to, mut deltas) = mpsc::channel(4);
        let feed = Feed::new(Source::Git, to);
        let is_sent = |bytes: usize| feed.send_of_size(News::Alive, bytes).now_or_never();
        assert_eq!(is_sent(LARGE), Some(true));
        assert_eq!(is_sent(LARGE + 1), None, "one waits");
        assert!(deltas.try_recv().is_ok());
        assert_eq!(is_sent(LARGE + 1), Some(true));
        assert_eq!(is_sent(LARGE + 1), None, "a second large one");
        assert_eq!(is_sent(1), Some(true), "the places stay free for others");
        drop(deltas);
        assert_eq!(is_sent(LARGE + 1), Some(false));
    }
}
