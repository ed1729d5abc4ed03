//! Unread: why it is not known what a list of a cluster holds.
//!
//! What is not in a list that was seen whole is absent; what is not in any other is unknown.

use super::source::SourceState;
use super::{ClusterList, Source, Store};
use crate::model::{Environment, Fault};
use std::fmt;

/// Why it is not known what a list holds. Its text follows a comma or a colon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unread<'a> {
    NotConfigured,
    /// Nothing speaks against it, and it was not seen whole yet.
    Reading,
    Fault(&'a Fault),
}

impl fmt::Display for Unread<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unread::NotConfigured => f.write_str("not read: the cluster is not configured"),
            Unread::Reading => f.write_str("being read"),
            Unread::Fault(fault) => write!(f, "not read: {}", fault.detail),
        }
    }
}

impl SourceState {
    /// Why it is not known what one of its lists holds; none where it was seen whole and is not refused since.
    pub fn unread(&self, list: &ClusterList) -> Option<Unread<'_>> {
        match self.lists.get(list) {
            // What was seen ages with the source, which says so itself.
            Some(state) if state.listed => state.fault.as_ref().map(Unread::Fault),
            _ => Some(
                self.fault_of_list(list)
                    .map_or(Unread::Reading, Unread::Fault),
            ),
        }
    }
}

impl Store {
    /// Why it is not known what a list of an environment holds; none where it was seen whole and is not refused since.
    pub fn unread(&self, environment: &Environment, list: &ClusterList) -> Option<Unread<'_>> {
        match self.source(&Source::Cluster(environment.clone())) {
            Some(about) => about.unread(list),
            None => Some(Unread::NotConfigured),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FaultKind;
    use crate::store::{Kind, News};
    use jiff::Timestamp;

    #[test]
    fn each_list_has_its_own_cause_and_the_source_has_one_for_all_that_were_never_seen() {
        let [seen, refused, awaited] =
            [Kind::Applications, Kind::Runs, Kind::Pods].map(|kind| ClusterList::new(kind, "apps"));
        let mut about = SourceState::default();
        let mut hear = |news: News| about.heard(Timestamp::UNIX_EPOCH, &news);
        let fault = |list: Option<&ClusterList>, detail: &str| News::Fault {
            list: list.cloned(),
            fault: Fault::new(FaultKind::Forbidden, detail, ""),
            retry_at: None,
        };
        hear(News::Connecting(vec![
            seen.clone(),
            refused.clone(),
            awaited.clone(),
        ]));
        hear(News::Listed(seen.clone()));
        hear(fault(Some(&refused), "no runs for you"));
        let words = |about: &SourceState| {
            [&seen, &refused, &awaited].map(|list| about.unread(list).map(|why| why.to_string()))
        };
        let runs = || Some("not read: no runs for you".to_owned());
        assert_eq!(words(&about), [None, runs(), Some("being read".to_owned())]);
        about.heard(Timestamp::UNIX_EPOCH, &fault(None, "connection refused"));
        let gone = Some("not read: connection refused".to_owned());
        assert_eq!(words(&about), [None, runs(), gone]);
        about.heard(Timestamp::UNIX_EPOCH, &fault(Some(&seen), "no longer"));
        let refused_since = Some("not read: no longer".to_owned());
        assert_eq!(words(&about)[0], refused_since);
    }
}
