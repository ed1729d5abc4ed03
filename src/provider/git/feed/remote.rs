//! Remote: what the feed does with the far side: fetch what is new, ask whether a push is allowed, replace a damaged
//! mirror.

use super::super::{exposure, fault, mirror, push};
use super::FeedThread;
use crate::provider::Call;
use crate::provider::git::repository::{Error, FETCH_LIMIT, Repository};
use crate::store::News;
use git2::Oid;
use jiff::Timestamp;
use std::time::{Duration, Instant};

/// When it is next asked whether the branch could be pushed to.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) wanted: bool,
    /// How often in a row the answer was no.
    pub(super) refused: u32,
    /// None: answered with yes.
    pub(super) due: Option<Instant>,
}

impl Probe {
    /// How long until it is due; none where nothing is to be asked.
    pub(super) fn pause(&self) -> Option<Duration> {
        let due = self.due.filter(|_| self.wanted)?;
        Some(due.saturating_duration_since(Instant::now()))
    }
}

impl FeedThread {
    /// Says why the way to the remote is not safe, where it is not.
    pub(super) fn expose(&mut self, repository: &Repository) -> bool {
        match exposure::exposure(repository) {
            None => true,
            exposure => self.feed.blocking_send(News::Exposed(exposure)),
        }
    }

    /// Asks whether the branch could be pushed to, where that is due. After a no it asks again, so that a busy machine
    /// or a login renewed since does not turn every lever off until the console is restarted.
    pub(super) fn probed(&mut self, repository: &Repository) -> bool {
        if self.probe.pause() != Some(Duration::ZERO) {
            return true;
        }
        let said = push::probe(repository, FETCH_LIMIT).err();
        let fault = said.map(|why| fault::unpushable(&self.source, &why));
        if let Some(fault) = &fault {
            tracing::warn!(%fault, "asked whether the branch can be pushed to");
            self.probe.refused += 1;
            self.probe.due =
                Some(Instant::now() + self.after(self.pace.fetch / 4, self.probe.refused));
        } else {
            self.probe.refused = 0;
            self.probe.due = None;
        }
        self.feed.blocking_send(News::Pushable(fault))
    }

    /// Replaces a mirror whose objects cannot be read, but only once in a while, because the disk may be at fault.
    ///
    /// # Errors
    /// What went wrong, and what went wrong before, where it is no such damage.
    pub(super) fn mend_mirror(&mut self, error: Error) -> Result<(), Error> {
        let is_damage = matches!(
            error,
            Error::Objects {
                mirror: Some(_),
                ..
            }
        );
        let is_due = self
            .mended_at
            .is_none_or(|at| at.elapsed() >= self.pace.longest);
        if !is_damage || !is_due {
            return Err(error);
        }
        self.mended_at = Some(Instant::now());
        tracing::warn!(%error, "the mirror is made anew");
        let (at, began) = (Timestamp::now(), Instant::now());
        let mended = mirror::make_anew(&self.source);
        self.called("clone", at, began, mended.as_ref().err());
        mended
    }

    pub(super) fn fetch(&self, repository: &Repository) -> Result<Oid, Error> {
        let (at, began) = (Timestamp::now(), Instant::now());
        let fetched = repository.fetch();
        self.called("fetch", at, began, fetched.as_ref().err());
        fetched
    }

    fn called(&self, verb: &str, at: Timestamp, began: Instant, error: Option<&Error>) {
        let Some(calls) = &self.calls else {
            return;
        };
        // What does not fit is dropped: nobody waits for the list of calls.
        let _ = calls.try_send(Call {
            at,
            source: self.feed.source().clone(),
            what: format!("git {verb} {} {}", self.source.name(), self.source.branch),
            took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            answer: match error {
                None => "ok".to_owned(),
                Some(e) => format!("{:?}", fault::fault_of_error(e).kind).to_lowercase(),
            },
        });
    }
}
