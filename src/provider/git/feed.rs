//! The git *feed*: a thread that sends what the repository declares, and the history behind it.
//!
//! The present versions come first, then what polling finds, and in between the history in chunks, newest first, down
//! to a bound. A fault ages what was sent; it takes nothing back. Deliberately absent: writing, and any decision.

mod only;
mod pace;
mod remote;

pub use pace::{Depth, OneApp, Options, Pace};

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::{Duration, Instant};

use git2::Oid;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch as signal;

use super::change::ChangeBuilder;
use super::declared::Reader;
use super::fault;
use super::history::{self, Query, Reached};
use super::repository::{Error, Location, Repository, Source};
use crate::delivery::Delivery;
use crate::model::{AppDeclared, Change, Tree};
use crate::provider::{Calls, Feed, OwnNamespaces};
use crate::store::{News, Walked};
use remote::Probe;

/// A running feed; it ends when this is dropped, or when nobody listens to its news.
#[derive(Debug)]
pub struct Watch {
    wake: Sender<()>,
}

impl Watch {
    /// Looks again now.
    pub fn refresh(&self) {
        // The thread may have ended; then there is nothing to wake.
        let _ = self.wake.send(());
    }
}

/// Starts a thread that reads a repository and sends its news to `feed`.
pub fn watch(
    source: Source,
    delivery: Arc<Delivery>,
    feed: Feed,
    calls: Option<Calls>,
    pace: Pace,
    options: Options,
) -> Watch {
    let (wake, woken) = mpsc::channel();
    let thread = std::thread::Builder::new().name("git".to_owned());
    let spawned = thread.spawn(move || {
        let mut thread = FeedThread {
            reported: None,
            walking: None,
            unpacked: false,
            reader: Reader::new(Arc::clone(&delivery)),
            builder: ChangeBuilder::new(delivery),
            fetched_at: None,
            mended_at: None,
            failures: 0,
            alive_at: None,
            probe: Probe {
                wanted: options.probe,
                refused: 0,
                due: Some(Instant::now()),
            },
            namespaces: options.namespaces,
            only: options.only.map(only::Only::new),
            source,
            feed,
            calls,
            pace,
        };
        let ended = thread.run(&woken);
        tracing::info!(?ended, "the git feed ends");
    });
    if let Err(e) = spawned {
        tracing::error!(%e, "the git feed could not start");
    }
    Watch { wake }
}

/// Reads what is declared now, once. A remote is fetched first.
///
/// # Errors
/// When the repository cannot be opened, fetched or read.
pub fn read_once(source: &Source, delivery: &Arc<Delivery>) -> Result<Tree, Error> {
    let repository = Repository::open(source)?;
    let tip = repository.fetch()?;
    Reader::new(Arc::clone(delivery)).read(&repository, tip, &Arc::default())
}

fn own_namespaces(tree: &Tree) -> OwnNamespaces {
    let of_list = |apps: &Vec<AppDeclared>| {
        let own = apps
            .iter()
            .filter_map(|app| Some((app.app.clone(), app.namespace.clone()?)));
        own.collect()
    };
    tree.apps
        .iter()
        .map(|(environment, apps)| (environment.clone(), of_list(apps)))
        .collect()
}

/// Why the feed ends.
#[derive(Debug)]
enum Ended {
    /// The watch was dropped.
    Dropped,
    /// Nobody takes its news any more.
    Closed,
}

/// The history that is still to be walked.
#[derive(Debug, Clone, Copy)]
struct Walking {
    from: Oid,
    left: usize,
}

struct FeedThread {
    source: Source,
    feed: Feed,
    calls: Option<Calls>,
    pace: Pace,
    reader: Reader,
    builder: ChangeBuilder,
    /// The tip last reported, with its tree.
    reported: Option<(Oid, Arc<Tree>)>,
    walking: Option<Walking>,
    /// A chunk of history was read since the repository was opened.
    unpacked: bool,
    fetched_at: Option<Instant>,
    /// When the mirror was last replaced.
    mended_at: Option<Instant>,
    failures: u32,
    alive_at: Option<Instant>,
    probe: Probe,
    namespaces: Option<signal::Sender<OwnNamespaces>>,
    /// The history of one app, where no other is wanted.
    only: Option<only::Only>,
}

impl FeedThread {
    fn run(&mut self, woken: &Receiver<()>) -> Ended {
        if !self.feed.blocking_send(News::Connecting(Vec::new())) {
            return Ended::Closed;
        }
        let mut repository = None;
        let mut is_exposure_known = false;
        let mut asked = true;
        loop {
            if repository.is_none() {
                match Repository::open(&self.source) {
                    Ok(open) => {
                        if !std::mem::replace(&mut is_exposure_known, true) && !self.expose(&open) {
                            return Ended::Closed;
                        }
                        repository = Some(open);
                    }
                    Err(e) => {
                        if !self.fault(&e) {
                            return Ended::Closed;
                        }
                    }
                }
            }
            if let Some(open) = &repository {
                match self.round(open, asked) {
                    Ok(true) => {}
                    Ok(false) => return Ended::Closed,
                    Err(e) => {
                        // It is opened again, because it may have been moved or made again in the meantime.
                        repository = None;
                        match self.mend_mirror(e) {
                            Ok(()) => continue,
                            Err(e) if self.fault(&e) => {}
                            Err(_) => return Ended::Closed,
                        }
                    }
                }
            }
            // There is no pause while history is still to be walked, but a request to look again is served in between.
            let pause = match (&repository, self.walking) {
                (Some(_), Some(_)) => Duration::ZERO,
                (Some(open), None) => self.pause(open),
                (None, _) => self.delay(),
            };
            // An open pack keeps up to 16 MB of what was unpacked from it: a walk gives it back after every chunk.
            if std::mem::take(&mut self.unpacked) {
                repository = None;
            }
            asked = match woken.recv_timeout(pause) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return Ended::Dropped,
            };
            // Several requests count as one.
            loop {
                match woken.try_recv() {
                    Ok(()) => asked = true,
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return Ended::Dropped,
                }
            }
        }
    }

    /// One look at the branch, then one chunk of history. False when nobody listens.
    fn round(&mut self, repository: &Repository, asked: bool) -> Result<bool, Error> {
        if asked {
            self.probe.due = Some(Instant::now());
        }
        if repository.is_mirror() {
            // What an earlier start has fetched is sent at once, with its age.
            if self.reported.is_none()
                && let Ok(tip) = repository.tip()
            {
                let as_of = News::AsOf(repository.fetched_at());
                if !self.report(repository, tip)? || !self.feed.blocking_send(as_of) {
                    return Ok(false);
                }
            }
            if asked
                || self
                    .fetched_at
                    .is_none_or(|at| at.elapsed() >= self.delay())
            {
                self.fetched_at = Some(Instant::now());
                let fetched = self.fetch(repository);
                // The next fetch is due a pause after this one's end.
                self.fetched_at = Some(Instant::now());
                let tip = match fetched {
                    Ok(tip) => tip,
                    Err(e) => {
                        return match repository.damage() {
                            Some(damage) => Err(damage),
                            None => Ok(self.fault(&e)),
                        };
                    }
                };
                self.failures = 0;
                if !self.news(repository, tip)? {
                    return Ok(false);
                }
            }
        } else {
            let tip = repository.tip()?;
            self.failures = 0;
            if !self.news(repository, tip)? {
                return Ok(false);
            }
        }
        if self.walking.is_some() && !self.walk(repository)? {
            return Ok(false);
        }
        // History first: the far side may take its time to answer. The round that ends it asks, since the next one comes
        // a whole fetch later, and until then no lever that commits is ready.
        if self.walking.is_some() {
            return Ok(true);
        }
        Ok(self.probed(repository))
    }

    /// Sends the news of a tip: a sign of life if it is the one reported last, else what it declares and the changes up
    /// to it.
    fn news(&mut self, repository: &Repository, tip: Oid) -> Result<bool, Error> {
        let is_known = self
            .reported
            .as_ref()
            .is_some_and(|(known, _)| *known == tip);
        if is_known {
            let due = repository.is_mirror()
                || self
                    .alive_at
                    .is_none_or(|at| at.elapsed() >= self.pace.alive);
            if !due {
                return Ok(true);
            }
            self.alive_at = Some(Instant::now());
            return Ok(self.feed.blocking_send(News::Alive));
        }
        Ok(self.report(repository, tip)? && self.feed.blocking_send(News::Alive))
    }

    fn report(&mut self, repository: &Repository, tip: Oid) -> Result<bool, Error> {
        let before = self.reported.as_ref().map(|(tip, _)| *tip);
        let tree = self.declared(repository, tip)?;
        let sent = match before.map(|before| self.increment(repository, before, tip)) {
            None => {
                self.walking = Some(self.walking_from(tip));
                self.feed.blocking_send(News::Declared(Arc::clone(&tree)))
            }
            Some(Ok((changes, walked))) => self.feed.blocking_send(News::Moved {
                tree: Arc::clone(&tree),
                changes,
                walked,
            }),
            Some(Err(error)) => {
                // What came in between is still owed, so the next round begins at the same commit.
                self.feed.blocking_send(News::Declared(tree));
                return Err(error);
            }
        };
        self.reported = Some((tip, tree));
        self.alive_at = Some(Instant::now());
        Ok(sent)
    }

    fn declared(&mut self, repository: &Repository, tip: Oid) -> Result<Arc<Tree>, Error> {
        let mainline = self
            .reported
            .as_ref()
            .map(|(_, tree)| Arc::clone(&tree.mainline));
        let tree = Arc::new(
            self.reader
                .read(repository, tip, &mainline.unwrap_or_default())?,
        );
        if let Some(namespaces) = &self.namespaces {
            let own = own_namespaces(&tree);
            namespaces.send_if_modified(|known| {
                let other = *known != own;
                *known = own;
                other
            });
        }
        if let Some(only) = &mut self.only {
            only.find_files(&tree, self.reader.path());
        }
        Ok(tree)
    }

    fn walking_from(&self, tip: Oid) -> Walking {
        let left = match &self.only {
            Some(only) if only.is_unbounded() => usize::MAX,
            _ => self.pace.bound,
        };
        Walking { from: tip, left }
    }

    /// The changes between two tips.
    fn increment(
        &mut self,
        repository: &Repository,
        before: Oid,
        tip: Oid,
    ) -> Result<(Vec<Change>, Walked), Error> {
        let query = self.query(tip, Some(before), self.pace.bound);
        let (mut changes, reached, _) = self.walked(repository, &query)?;
        if reached == Reached::Until {
            // Oldest first, so that changes of one second keep their order where they are put in front.
            changes.reverse();
            return Ok((changes, Walked::Newer));
        }
        // The branch was rewritten, so the history that was sent is void.
        self.walking = Some(self.walking_from(tip));
        Ok((Vec::new(), Walked::Restarted))
    }

    /// One chunk of the history.
    fn walk(&mut self, repository: &Repository) -> Result<bool, Error> {
        let Some(walking) = self.walking else {
            return Ok(true);
        };
        self.unpacked = true;
        let query = self.query(walking.from, None, walking.left.min(self.pace.chunk));
        let (changes, reached, since) = self.walked(repository, &query)?;
        let left = walking.left.saturating_sub(query.limit);
        let is_enough = self
            .only
            .as_mut()
            .is_some_and(|only| only.is_enough(&changes));
        self.walking = match reached {
            Reached::More(from) if left > 0 && !is_enough => Some(Walking { from, left }),
            _ => None,
        };
        let walked = match (reached, self.walking) {
            (Reached::Start, _) => Walked::ToTheStart(since),
            (_, Some(_)) => Walked::Older(since),
            (_, None) => Walked::ToTheEnd(since),
        };
        Ok(self.feed.blocking_send(News::Changes { changes, walked }))
    }

    fn query(&self, from: Oid, until: Option<Oid>, limit: usize) -> Query {
        let path = self.reader.path().clone();
        Query {
            prefix: path.prefix(),
            only: self
                .only
                .as_ref()
                .map(only::Only::files)
                .unwrap_or_default(),
            wanted: Arc::new(move |changed| path.owner(changed).is_some()),
            keys: self.reader.keys().wanted.clone(),
            closed: self.reader.keys().closed,
            from,
            until,
            limit,
        }
    }

    fn walked(
        &mut self,
        repository: &Repository,
        query: &Query,
    ) -> Result<(Vec<Change>, Reached, Timestamp), Error> {
        let mut changes = Vec::new();
        let mut reached = Reached::Start;
        let mut since = 0;
        let builder = &mut self.builder;
        history::walk(repository, query, &mut |batch| {
            changes.extend(
                batch
                    .changes
                    .iter()
                    .filter_map(|change| builder.change(change)),
            );
            (reached, since) = (batch.reached, batch.since);
            true
        })?;
        let since = Timestamp::from_second(since).unwrap_or(Timestamp::UNIX_EPOCH);
        Ok((changes, reached, since))
    }

    fn fault(&mut self, error: &Error) -> bool {
        let fault = fault::fault_of_error(error);
        tracing::warn!(%fault, "git");
        self.failures += 1;
        self.alive_at = None;
        let retry_at = SignedDuration::try_from(self.delay())
            .ok()
            .and_then(|delay| Timestamp::now().checked_add(delay).ok());
        self.feed.blocking_send(News::Fault {
            list: None,
            fault,
            retry_at,
        })
    }

    /// How long a feed with nothing to walk rests.
    fn pause(&self, repository: &Repository) -> Duration {
        let look = if repository.is_mirror() {
            let since = self.fetched_at.map_or(Duration::ZERO, |at| at.elapsed());
            self.delay().saturating_sub(since)
        } else {
            self.pace.look
        };
        self.probe.pause().map_or(look, |probe| probe.min(look))
    }

    /// The time between two looks: longer after every one that failed, and not the same for every console.
    fn delay(&self) -> Duration {
        let usual = match self.source.location {
            Location::Path(_) => self.pace.look,
            Location::Url { .. } => self.pace.fetch,
        };
        self.after(usual, self.failures)
    }

    fn after(&self, usual: Duration, failures: u32) -> Duration {
        if failures == 0 {
            return usual;
        }
        let doubled = usual * 2u32.saturating_pow(failures.min(8));
        let spread = 1.0 + f64::from(std::process::id() % 16) / 64.0;
        doubled.min(self.pace.longest).mul_f64(spread)
    }
}
