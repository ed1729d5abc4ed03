//! Health: how the watches of one cluster are doing together, to tell a kind that fails from a cluster that does.

use crate::store::Kind;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch as signal;

/// How each kind that is always watched did last: whether it can be read.
#[derive(Default)]
pub(super) struct Health {
    kinds: Mutex<BTreeMap<Kind, bool>>,
    expected: signal::Sender<usize>,
    heard_of: signal::Sender<usize>,
}

impl Health {
    /// How many kinds will be watched.
    pub(super) fn expect(&self, kinds: usize) {
        self.expected.send_replace(kinds);
    }

    /// Notes that a kind is read, or that it is not.
    pub(super) fn note(&self, kind: Kind, is_read: bool) {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.insert(kind, is_read);
        self.heard_of.send_replace(kinds.len());
    }

    /// Whether every watched kind was heard of and none is read: then the source as a whole has failed, whether the cluster
    /// is away or refuses everything.
    pub(super) fn is_nothing_read(&self) -> bool {
        let kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.len() >= *self.expected.borrow() && kinds.values().all(|is_read| !is_read)
    }

    /// Waits until every kind has brought a list or a fault.
    pub(super) async fn all_heard_of(&self) {
        let expected = *self.expected.borrow();
        // the sender lives as long as this does, so waiting cannot fail
        let _ = self
            .heard_of
            .subscribe()
            .wait_for(|kinds| *kinds >= expected)
            .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_only_when_every_kind_was_heard_of_and_fails() {
        let health = Health::default();
        health.expect(2);
        health.note(Kind::Pods, false);
        assert!(
            !health.is_nothing_read(),
            "of the other nothing is known yet"
        );
        health.note(Kind::Applications, false);
        assert!(health.is_nothing_read());
        health.note(Kind::Pods, true);
        assert!(!health.is_nothing_read());
    }
}
