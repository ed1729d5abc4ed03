//! Source: one place outside that facts come from, and how it is doing.

use super::{News, Store};
use crate::model::{Environment, Exposure, Fault, FaultKind};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub enum Source {
    Git,
    Cluster(Environment),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Git => f.write_str("git"),
            Source::Cluster(environment) => write!(f, "{environment}"),
        }
    }
}

/// The kinds of objects that are listed and watched in a cluster.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub enum Kind {
    Applications,
    Runs,
    Deployments,
    Pods,
    Jobs,
    /// Kubernetes Events.
    Happenings,
}

impl Kind {
    /// The word that people and `kubectl` use.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Applications => "applications",
            Kind::Runs => "workflows",
            Kind::Deployments => "deployments",
            Kind::Pods => "pods",
            Kind::Jobs => "jobs",
            Kind::Happenings => "events",
        }
    }

    /// Whether it is watched only while a target is open.
    fn is_of_open_target(self) -> bool {
        matches!(self, Kind::Jobs | Kind::Happenings)
    }
}

/// What one list of a cluster is of: a kind in a namespace.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClusterList {
    pub kind: Kind,
    pub namespace: Arc<str>,
}

impl ClusterList {
    pub fn new(kind: Kind, namespace: &str) -> Self {
        Self {
            kind,
            namespace: Arc::from(namespace),
        }
    }
}

impl fmt::Display for ClusterList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.kind.word(), self.namespace)
    }
}

/// How one list of a source is doing.
#[derive(Clone, Debug, Default)]
pub struct ListState {
    /// It was seen whole once.
    pub listed: bool,
    pub fault: Option<Fault>,
}

/// How one source is doing. Its staleness counts from the last sign of life, not from its newest fact.
#[derive(Clone, Debug, Default)]
pub struct SourceState {
    pub subscription: u64,
    /// The last sign of life.
    pub alive_at: Option<Timestamp>,
    pub connecting: bool,
    pub fault: Option<Fault>,
    /// The last sign of life before it went away as a whole; none where it is there, was never read, or answers and refuses.
    pub away_since: Option<Timestamp>,
    pub retry_at: Option<Timestamp>,
    /// The far side's clock minus ours, in milliseconds.
    pub skew_ms: Option<i64>,
    /// Why the way there is not safe; none where it is, or nothing is known yet.
    pub exposure: Option<Exposure>,
    pub lists: BTreeMap<ClusterList, ListState>,
}

/// A source in one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    Ok,
    /// It was read once, and is not now: no sign of life lately, or a fault.
    Stale,
    /// It was never read: it answers with a fault.
    Failed,
    /// Nothing was heard yet, or it may not be read.
    Unread,
}

/// After this many seconds without a sign of life a source is stale.
pub const STALE_AFTER_S: i64 = 90;

impl SourceState {
    pub(super) fn heard(&mut self, seen_at: Timestamp, news: &News) {
        let last_alive = self.alive_at;
        self.note(seen_at, news);
        match &self.fault {
            Some(fault) if self.is_absence(fault) => {
                self.away_since = self.away_since.or(last_alive);
            }
            Some(_) => {}
            None if self.away_since.is_none() => {}
            None if self.is_any_list_away() => {}
            None => self.away_since = None,
        }
    }

    /// Whether by this fault the source is away, and does not merely refuse.
    fn is_absence(&self, fault: &Fault) -> bool {
        let refuses = |list: &ListState| {
            let fault = list.fault.as_ref();
            fault.is_some_and(|fault| fault.kind.is_answer_no())
        };
        match fault.kind {
            FaultKind::Unreachable | FaultKind::Unauthorized => true,
            kind if kind.is_answer_no() => false,
            // What refuses its other lists is there.
            _ => !self.lists.values().any(refuses),
        }
    }

    /// Whether a list that is always watched still gets no answer.
    fn is_any_list_away(&self) -> bool {
        let mut always = self
            .lists
            .iter()
            .filter(|(list, _)| !list.kind.is_of_open_target());
        always.any(|(_, state)| {
            let fault = state.fault.as_ref();
            fault.is_some_and(|fault| fault.kind == FaultKind::Unreachable)
        })
    }

    fn note(&mut self, seen_at: Timestamp, news: &News) {
        match news {
            News::Fault {
                list,
                fault,
                retry_at,
            } => {
                self.connecting = false;
                match list {
                    Some(list) => {
                        self.lists.entry(list.clone()).or_default().fault = Some(fault.clone());
                        if fault.kind.is_answer_no() {
                            // The server is there: it answered.
                            self.alive_at = Some(seen_at);
                        }
                    }
                    None => self.fault = Some(fault.clone()),
                }
                self.retry_at = *retry_at;
                return;
            }
            News::Connecting(lists) => {
                self.connecting = true;
                for list in lists {
                    self.lists.entry(list.clone()).or_default();
                }
                return;
            }
            // The server answers, which says nothing of whether the facts can be read.
            News::Permissions(_) => {
                self.connecting = false;
                self.alive_at = Some(seen_at);
                return;
            }
            // A push that was tried says nothing of what was read.
            News::Pushable(_) => return,
            // These may have been fetched long ago, and are read while git is away: that it answers is said by itself.
            News::Declared(_) | News::Moved { .. } | News::Changes { .. } => return,
            // Known before anything is asked: no sign of life.
            News::Exposed(exposure) => {
                self.exposure = *exposure;
                return;
            }
            // That stands in a file on this machine.
            News::Address(_) => return,
            // It is about to be asked for, and may never be answered.
            News::Listing(_) => return,
            News::AsOf(at) => {
                self.alive_at = *at;
                return;
            }
            News::Skew(ms) => self.skew_ms = Some(*ms),
            News::Listed(list) => {
                let state = self.lists.entry(list.clone()).or_default();
                state.listed = true;
                state.fault = None;
            }
            News::Dropped(list) => self.lists.entry(list.clone()).or_default().listed = false,
            // A fact or a sign of life, of which there is no more to note than that it came.
            News::Alive | News::Put(_) | News::Gone(..) | News::Odd { .. } => {}
        }
        self.connecting = false;
        self.alive_at = Some(seen_at);
        self.fault = None;
        self.retry_at = None;
    }

    /// Our clock was set back: its moments are so much earlier by the new one.
    pub(super) fn clock_set_back(&mut self, by: SignedDuration) {
        for noted in [&mut self.alive_at, &mut self.away_since, &mut self.retry_at] {
            *noted = noted.and_then(|at| at.checked_sub(by).ok());
        }
    }

    /// Whether it is being read for the first time: nothing was heard yet, or a list was neither seen whole nor failed.
    pub fn is_reading(&self, now: Timestamp) -> bool {
        let mut lists = self.lists.values();
        let is_list_awaited = lists.any(|list| !list.listed && list.fault.is_none());
        match self.reach(now) {
            Reach::Unread => self.connecting || is_list_awaited,
            Reach::Ok => is_list_awaited,
            Reach::Stale | Reach::Failed => false,
        }
    }

    /// Seconds since the last sign of life.
    pub fn age_s(&self, now: Timestamp) -> Option<i64> {
        self.alive_at
            .map(|at| now.duration_since(at).as_secs().max(0))
    }

    /// The same where it is stale; what is shown of it may be so old.
    pub fn stale_s(&self, now: Timestamp) -> Option<i64> {
        self.age_s(now).filter(|_| self.reach(now) == Reach::Stale)
    }

    pub fn reach(&self, now: Timestamp) -> Reach {
        let is_never_read = !self.lists.is_empty() && self.lists.values().all(|list| !list.listed);
        match (self.age_s(now), self.whole_fault()) {
            (None, Some(_)) => Reach::Failed,
            (None, None) => Reach::Unread,
            // It answers, and refuses everything.
            (Some(_), Some(_)) if is_never_read => Reach::Failed,
            // It answers, and has brought nothing yet.
            (Some(_), None) if is_never_read => Reach::Unread,
            (Some(age), _) if age > STALE_AFTER_S => Reach::Stale,
            (Some(_), Some(_)) => Reach::Stale,
            (Some(_), None) => Reach::Ok,
        }
    }

    /// The lists of a kind, by namespace.
    pub fn lists_of(&self, kind: Kind) -> impl Iterator<Item = &ListState> {
        let lists = self.lists.iter().filter(move |(list, _)| list.kind == kind);
        lists.map(|(_, state)| state)
    }

    /// What people call a list: its kind, and its namespace where the kind is listed in several.
    pub fn name_of(&self, list: &ClusterList) -> String {
        match self.lists_of(list.kind).nth(1) {
            None => list.kind.word().to_owned(),
            Some(_) => list.to_string(),
        }
    }

    /// Whether a kind was listed once in each of its namespaces.
    pub fn is_listed(&self, kind: Kind) -> bool {
        let mut lists = self.lists_of(kind).peekable();
        lists.peek().is_some() && lists.all(|list| list.listed)
    }

    /// The fault of a kind, in the first of its namespaces that has one.
    pub fn fault_of(&self, kind: Kind) -> Option<&Fault> {
        self.lists_of(kind).find_map(|list| list.fault.as_ref())
    }

    /// Why one of its lists is not read: its own fault, else that of the source as a whole. What is wrong with another list
    /// says nothing of this one.
    pub fn fault_of_list(&self, list: &ClusterList) -> Option<&Fault> {
        let own = self.lists.get(list).and_then(|list| list.fault.as_ref());
        own.or(self.fault.as_ref())
    }

    /// Whether facts of a list may be relied on for a decision: seen whole, not faulty, alive.
    pub fn is_fresh(&self, list: Option<&ClusterList>, now: Timestamp) -> bool {
        let list_ok = list.is_none_or(|list| {
            self.lists
                .get(list)
                .is_some_and(|state| state.listed && state.fault.is_none())
        });
        list_ok && self.reach(now) == Reach::Ok
    }

    /// The fault of the source as a whole: its own, else what each of its lists says where none was ever seen.
    pub fn whole_fault(&self) -> Option<&Fault> {
        let nothing_listed = self.lists.values().all(|k| !k.listed && k.fault.is_some());
        self.fault
            .as_ref()
            .or_else(|| self.worst_fault().filter(|_| nothing_listed))
    }

    /// The fault worth showing: of the source, else of the first list that has one.
    pub fn worst_fault(&self) -> Option<&Fault> {
        self.fault
            .as_ref()
            .or_else(|| self.lists.values().find_map(|k| k.fault.as_ref()))
    }
}

impl Store {
    /// The sources to which the way is not safe, and why.
    pub fn exposed(&self) -> impl Iterator<Item = (&Source, Exposure)> {
        self.sources()
            .filter_map(|(source, about)| Some((source, about.exposure?)))
    }

    /// Whether everything of a kind that is read in an environment was read, and is still.
    pub fn is_read(&self, environment: &Environment, kind: Kind) -> bool {
        self.source(&Source::Cluster(environment.clone()))
            .is_some_and(|about| about.is_listed(kind) && about.fault_of(kind).is_none())
    }
}

#[cfg(test)]
mod absence;
#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_787_000_000 + second).unwrap()
    }

    /// Whether it is being read, and how well.
    fn seen(about: &SourceState) -> (bool, Reach) {
        (about.is_reading(at(1)), about.reach(at(1)))
    }

    /// A mirror is read, and its history walked, while git is away: that is no answer.
    #[test]
    fn what_was_fetched_before_is_no_sign_of_life() {
        let changes = || News::Changes {
            changes: Vec::new(),
            walked: crate::store::Walked::ToTheEnd(at(0)),
        };
        let mut git = SourceState::default();
        git.heard(at(0), &News::Connecting(Vec::new()));
        git.heard(at(0), &News::Declared(Default::default()));
        git.heard(at(0), &News::AsOf(Some(at(-300))));
        git.heard(at(0), &changes());
        assert!(git.connecting, "it was not heard yet");
        assert_eq!(git.age_s(at(0)), Some(300));
        let fault = Fault::new(FaultKind::Unreachable, "Connection refused", "");
        let fault = News::Fault {
            list: None,
            fault,
            retry_at: None,
        };
        git.heard(at(0), &fault);
        git.heard(at(1), &changes());
        assert_eq!(git.reach(at(1)), Reach::Stale);
        assert!(git.fault.is_some());
        git.heard(at(2), &News::Alive);
        assert_eq!((git.reach(at(2)), git.fault.is_none()), (Reach::Ok, true));
    }

    #[test]
    fn a_source_is_being_read_until_each_of_its_lists_was_seen_whole_or_failed() {
        let [pods, runs] = [Kind::Pods, Kind::Runs].map(|kind| ClusterList::new(kind, "apps"));
        let mut about = SourceState::default();
        about.heard(at(0), &News::Connecting(vec![pods.clone(), runs.clone()]));
        assert_eq!(seen(&about), (true, Reach::Unread));
        about.heard(at(0), &News::Alive);
        let why = "an answer that goes on and on has brought nothing";
        assert_eq!(seen(&about), (true, Reach::Unread), "{why}");
        about.heard(at(0), &News::Listed(pods.clone()));
        assert_eq!(seen(&about), (true, Reach::Ok), "the runs are on their way");
        let mut refused = about.clone();
        let fault = Fault::new(FaultKind::Forbidden, "no runs for you", "");
        refused.heard(
            at(0),
            &News::Fault {
                list: Some(runs.clone()),
                fault,
                retry_at: None,
            },
        );
        assert_eq!(seen(&refused), (false, Reach::Ok));
        about.heard(at(0), &News::Listed(runs));
        assert_eq!(seen(&about), (false, Reach::Ok));
        about.heard(at(0), &News::Listing(pods));
        assert_eq!(
            seen(&about),
            (false, Reach::Ok),
            "what is listed again stands"
        );
    }

    #[test]
    fn a_push_that_is_tried_cures_no_fault_of_reading_and_is_no_sign_of_life() {
        let mut about = SourceState::default();
        let fault = Fault::new(FaultKind::Unreachable, "Connection refused", "");
        about.heard(at(0), &News::Alive);
        about.heard(
            at(0),
            &News::Fault {
                list: None,
                fault: fault.clone(),
                retry_at: None,
            },
        );
        for pushable in [None, Some(fault)] {
            about.heard(at(1), &News::Pushable(pushable));
            assert_eq!(seen(&about), (false, Reach::Stale));
            assert_eq!(about.alive_at, Some(at(0)));
        }
    }

    #[test]
    fn a_source_that_answers_each_list_with_a_fault_has_failed() {
        let list = ClusterList::new(Kind::Pods, "apps");
        let mut about = SourceState::default();
        about.heard(at(0), &News::Connecting(vec![list.clone()]));
        about.heard(
            at(0),
            &News::Fault {
                list: Some(list),
                fault: Fault::new(FaultKind::Malformed, "a login page", ""),
                retry_at: None,
            },
        );
        about.heard(at(0), &News::Alive);
        assert_eq!(seen(&about), (false, Reach::Failed));
    }

    #[test]
    fn a_source_is_as_old_as_before_when_the_clock_is_set_back() {
        let mut about = SourceState::default();
        about.heard(at(0), &News::Alive);
        about.clock_set_back(SignedDuration::from_mins(5));
        let now = at(60 - 300);
        assert_eq!(about.age_s(now), Some(60));
        assert_eq!(
            about.reach(at(91 - 300)),
            Reach::Stale,
            "silence is found out as soon as ever"
        );
    }
}
