//! Health: how the watches of one cluster are doing together, to tell a kind that fails from a cluster that does.

use crate::model::{Fault, FaultKind};
use crate::store::Kind;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch as signal;

/// How each kind that is always watched did last: whether it answers.
#[derive(Default)]
pub(super) struct Health {
    kinds: Mutex<BTreeMap<Kind, bool>>,
    expected: signal::Sender<usize>,
    told: signal::Sender<usize>,
}

impl Health {
    /// How many kinds will be watched.
    pub(super) fn expect(&self, kinds: usize) {
        self.expected.send_replace(kinds);
    }

    /// Notes that a kind is well, or what its fault is. A refusal of one kind is an answer: the cluster is there.
    pub(super) fn note(&self, kind: Kind, fault: Option<&Fault>) {
        let answers =
            fault.is_none_or(|f| matches!(f.kind, FaultKind::Forbidden | FaultKind::NotFound));
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.insert(kind, answers);
        self.told.send_replace(kinds.len());
    }

    /// Whether none of the watched kinds answers.
    pub(super) fn is_down(&self) -> bool {
        let kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.len() >= *self.expected.borrow() && kinds.values().all(|answers| !answers)
    }

    /// Waits until every kind has brought a list or a fault.
    pub(super) async fn settled(&self) {
        let expected = *self.expected.borrow();
        // the sender lives as long as this does, so waiting cannot fail
        let _ = self
            .told
            .subscribe()
            .wait_for(|told| *told >= expected)
            .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: FaultKind) -> Fault {
        Fault::new(kind, "x", "")
    }

    #[test]
    fn a_cluster_is_down_only_when_no_kind_answers() {
        let health = Health::default();
        health.expect(2);
        health.note(Kind::Pods, Some(&fault(FaultKind::Unreachable)));
        assert!(!health.is_down(), "of the other nothing is known yet");
        health.note(Kind::Applications, Some(&fault(FaultKind::Forbidden)));
        assert!(!health.is_down(), "a refusal is an answer");
        health.note(Kind::Applications, Some(&fault(FaultKind::Unauthorized)));
        assert!(health.is_down());
        health.note(Kind::Pods, None);
        assert!(!health.is_down());
    }
}
