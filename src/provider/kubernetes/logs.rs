//! Logs: one container's log, read until it has ended, through every cut of the connection.
//!
//! The state machine of [`crate::model::log::Follow`] says what to ask for and what was read before; here are the
//! connections, the waiting and the time limits. A pod is named by its uid, too: another one of the same name is not
//! read. Deliberately absent: finding pods (the store knows them by label and annotation) and keeping lines.

mod pod;

use super::call::{Failure, encode};
use super::connect::{Access, Reading};
use crate::model::log::{Follow, LogSource, Next, Request, Stretch};
use crate::model::{Fault, FaultKind};
use crate::provider::{Call, Calls, LogPiece};
use crate::store::Source;
use jiff::Timestamp;
use pod::{Container, Pod};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// How long, how often.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// For the pod, and for the head of a log's answer.
    pub answer: Duration,
    /// A followed log that is silent for so long is asked for again: a dead link looks the same.
    pub idle: Duration,
    /// The first pause after a fault, doubled at each further one up to the longest.
    pub first: Duration,
    pub longest: Duration,
    /// Between two looks at a container that has not begun, or that waits to be restarted.
    pub look: Duration,
    /// How often a previous container is asked for before the new one is read without its end; and how often a server that
    /// refuses is asked for a log of which nothing more is to come.
    pub tries: u32,
    /// How many faults in a row end a log that is not followed; none: it is asked for until it can be had.
    pub patience: Option<u32>,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            answer: Duration::from_secs(15),
            idle: Duration::from_secs(60),
            first: Duration::from_millis(500),
            longest: Duration::from_secs(15),
            look: Duration::from_secs(2),
            tries: 3,
            patience: None,
        }
    }
}

impl Pace {
    /// For whoever reads a log to its end and goes on to something else.
    pub fn of_command() -> Pace {
        Pace {
            patience: Some(3),
            ..Pace::default()
        }
    }
}

/// A log being read for a listener.
pub struct Reader<'a> {
    pub access: &'a Access,
    pub source: &'a LogSource,
    pub pace: Pace,
    pub calls: Option<&'a Calls>,
    /// The number under which the listener knows it.
    pub number: u64,
    /// Bounded: a listener that is slow makes the server wait.
    pub pieces: &'a mpsc::Sender<(u64, LogPiece)>,
}

/// What became of one request for bytes.
enum Read {
    /// The server ended it.
    Whole,
    /// Nothing came for a while; or nobody knows why it ended.
    Silent,
    /// It was cut, or refused.
    Cut(Failure),
    /// Nobody listens any more.
    Unheard,
}

impl Reader<'_> {
    /// Reads until the log has ended, cannot be had, or nobody listens. Dropping the future ends it, too.
    pub async fn read(&self) {
        // The listener has been sent the reason by now, and it does not matter whether it still listens.
        let _ = self.follow().await;
    }

    /// None: nobody listens any more.
    async fn follow(&self) -> Option<()> {
        let mut follow = Follow::new();
        let mut faults = 0u32;
        let mut tries = 0u32;
        let mut told = String::new();
        loop {
            let reading = match self.access.reading().await {
                Ok(reading) => reading,
                Err(fault) => {
                    self.trouble(fault, &mut faults, None, self.patience())
                        .await?;
                    continue;
                }
            };
            let pod = match self.pod(&reading).await {
                Ok(pod) => pod,
                Err(failure) => {
                    self.refused(&reading, &failure).await;
                    match failure.code {
                        Some(403) => return self.say(LogPiece::Failed(failure.fault)).await,
                        Some(404) => return self.say(LogPiece::Failed(self.gone())).await,
                        _ => {
                            let (fault, after) = failure.into_fault_and_pause();
                            self.trouble(fault, &mut faults, after, self.patience())
                                .await?
                        }
                    }
                    continue;
                }
            };
            if !self.source.pod.uid.is_empty() && pod.metadata.uid != *self.source.pod.uid {
                return self.say(LogPiece::Failed(self.gone())).await;
            }
            let container = pod.container(&self.source.container);
            let mut seen = container
                .map(|c| c.seen(self.source.previous))
                .unwrap_or_default();
            let over = matches!(pod.status.phase.as_str(), "Succeeded" | "Failed");
            // A reader that does not follow reads what there is, as if the container had ended.
            seen.running &= self.source.follow && !over;
            match follow.next(&seen) {
                Next::Open(request) => {
                    let (read, fresh) = self.bytes(&reading, &request, &mut follow).await;
                    let mut out = Stretch::default();
                    follow.ended(matches!(read, Read::Whole), &mut out);
                    self.give(out).await?;
                    if fresh > 0 {
                        faults = 0;
                    }
                    match read {
                        Read::Unheard => return None,
                        // A server that ends each answer at once is not asked without a pause.
                        Read::Whole if request.follow && fresh == 0 => {
                            self.rest(&mut faults, None).await
                        }
                        Read::Silent if !request.follow => {
                            let silent = self.silent();
                            self.trouble(silent, &mut faults, None, self.patience())
                                .await?;
                        }
                        Read::Whole | Read::Silent => {}
                        Read::Cut(failure) => {
                            self.refused(&reading, &failure).await;
                            // Nothing more is to come, so a server that has nothing now will have nothing later.
                            let ends = over || !self.source.follow;
                            match failure.code {
                                Some(403) => {
                                    return self.say(LogPiece::Failed(failure.fault)).await;
                                }
                                // "previous terminated container not found", "is waiting to start"
                                Some(400 | 404) if request.previous && !self.source.previous => {
                                    follow.give_up_previous();
                                }
                                Some(400 | 404) if ends => {
                                    return self.say(LogPiece::Failed(self.without(failure))).await;
                                }
                                Some(400) => self.look().await?,
                                code => {
                                    let refuses = code.filter(|_| ends).map(|_| self.pace.tries);
                                    let most = refuses.or(self.patience());
                                    let (fault, after) = failure.into_fault_and_pause();
                                    self.trouble(fault, &mut faults, after, most).await?;
                                    tries += 1;
                                    if request.previous && tries >= self.pace.tries {
                                        follow.give_up_previous();
                                    }
                                }
                            }
                        }
                    }
                }
                Next::Restarted => {
                    tries = 0;
                    self.say(LogPiece::Restarted).await?;
                }
                Next::Wait => {
                    let fault = self.not_begun(&pod, container);
                    if !self.source.follow || over || pod.metadata.deletion_timestamp.is_some() {
                        return self.say(LogPiece::Failed(fault)).await;
                    }
                    // Said once for each reason: a log that is awaited is no storm of messages.
                    if told != fault.detail {
                        told.clone_from(&fault.detail);
                        self.say(LogPiece::Cut(fault)).await?;
                    }
                    self.look().await?;
                }
                Next::Done => {
                    let last = pod.spec.restart_policy == "Never"
                        || over
                        || pod.metadata.deletion_timestamp.is_some()
                        || !self.source.follow;
                    if last {
                        return self.say(LogPiece::Ended).await;
                    }
                    self.look().await?;
                }
            }
        }
    }

    async fn say(&self, piece: LogPiece) -> Option<()> {
        self.pieces.send((self.number, piece)).await.ok()
    }

    async fn give(&self, stretch: Stretch) -> Option<()> {
        if stretch.bytes.is_empty() && stretch.starts.is_empty() {
            return Some(());
        }
        self.say(LogPiece::Bytes(stretch)).await
    }

    /// Sends a fault that may pass, and waits; after `most` faults in a row it ends a log that is not followed.
    async fn trouble(
        &self,
        fault: Fault,
        faults: &mut u32,
        after: Option<Duration>,
        most: Option<u32>,
    ) -> Option<()> {
        if most.is_some_and(|most| *faults >= most) {
            self.say(LogPiece::Failed(fault)).await?;
            return None;
        }
        self.say(LogPiece::Cut(fault)).await?;
        self.rest(faults, after).await;
        (!self.pieces.is_closed()).then_some(())
    }

    /// A reader that follows stays through faults, too.
    fn patience(&self) -> Option<u32> {
        self.pace.patience.filter(|_| !self.source.follow)
    }

    async fn rest(&self, faults: &mut u32, after: Option<Duration>) {
        let pause = self
            .pace
            .first
            .saturating_mul(1 << (*faults).min(10))
            .min(self.pace.longest);
        *faults = faults.saturating_add(1);
        // A listener that leaves ends the pause.
        let _ = timeout(pause.max(after.unwrap_or_default()), self.pieces.closed()).await;
    }

    /// Waits before the container is looked at again; none if the listener has closed meanwhile.
    async fn look(&self) -> Option<()> {
        timeout(self.pace.look, self.pieces.closed())
            .await
            .is_err()
            .then_some(())
    }

    async fn refused(&self, reading: &Reading, failure: &Failure) {
        if failure.code == Some(401) {
            self.access.refused(reading.generation).await;
        }
    }

    fn path(&self) -> String {
        let pod = &self.source.pod;
        format!(
            "/api/v1/namespaces/{}/pods/{}",
            encode(&pod.namespace),
            encode(&pod.name)
        )
    }

    async fn pod(&self, reading: &Reading) -> Result<Pod, Failure> {
        let began = Instant::now();
        let answer = reading.get(&self.path(), self.pace.answer).await;
        self.tell("GET pods", began, answer.as_ref().err());
        let answer = answer?;
        serde_json::from_slice(&answer.body).map_err(|why| {
            Failure::malformed(format!(
                "The pod {} cannot be read: {why}.",
                self.source.pod
            ))
        })
    }

    /// Reads one answer to its end; returns how many bytes it brought that were not known, too.
    async fn bytes(
        &self,
        reading: &Reading,
        request: &Request,
        follow: &mut Follow,
    ) -> (Read, usize) {
        let mut path = format!(
            "{}/log?container={}&timestamps=true",
            self.path(),
            encode(&self.source.container)
        );
        if request.follow {
            path.push_str("&follow=true");
        }
        if request.previous || self.source.previous {
            path.push_str("&previous=true");
        }
        if let Some(since) = request
            .since
            .and_then(|second| Timestamp::from_second(second).ok())
        {
            path.push_str(&format!("&sinceTime={}", encode(&since.to_string())));
        }
        let began = Instant::now();
        let opened = reading.open(&path, false, self.pace.answer).await;
        self.tell("GET pods/log", began, opened.as_ref().err());
        let mut body = match opened {
            Ok(body) => body,
            Err(failure) => return (Read::Cut(failure), 0),
        };
        // The link is there again, even if nothing is printed for long.
        if self
            .say(LogPiece::Bytes(Stretch::default()))
            .await
            .is_none()
        {
            return (Read::Unheard, 0);
        }
        let mut fresh = 0;
        loop {
            // The listener may leave while the container is silent.
            let chunk = tokio::select! {
                chunk = timeout(self.pace.idle, body.chunk(self.pace.idle * 2)) => chunk,
                () = self.pieces.closed() => return (Read::Unheard, fresh),
            };
            match chunk {
                Err(_) => return (Read::Silent, fresh),
                Ok(Ok(None)) => return (Read::Whole, fresh),
                Ok(Err(failure)) => return (Read::Cut(failure), fresh),
                Ok(Ok(Some(chunk))) => {
                    let mut out = Stretch::default();
                    follow.feed(&chunk, &mut out);
                    fresh += out.bytes.len();
                    if self.give(out).await.is_none() {
                        return (Read::Unheard, fresh);
                    }
                }
            }
        }
    }

    fn tell(&self, verb: &str, began: Instant, failure: Option<&Failure>) {
        let Some(calls) = self.calls else { return };
        let answer = match failure {
            None => "200".to_owned(),
            Some(failure) => failure
                .code
                .map_or_else(|| "no answer".to_owned(), |code| code.to_string()),
        };
        let pod = &self.source.pod;
        let _ = calls.try_send(Call {
            at: Timestamp::now(),
            source: Source::Cluster(pod.environment.clone()),
            what: format!("{verb} {}/{}", pod.namespace, pod.name),
            took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            answer,
        });
    }

    fn gone(&self) -> Fault {
        Fault::new(
            FaultKind::NotFound,
            format!(
                "The pod {} is gone, and its log with it; what stands here was read before.",
                self.source.pod
            ),
            "Argo may have kept it: open the run in Argo.",
        )
    }

    fn silent(&self) -> Fault {
        Fault::new(
            FaultKind::Unreachable,
            format!(
                "Nothing more came of the log of {} within {} s.",
                self.source.pod,
                self.pace.idle.as_secs()
            ),
            "",
        )
    }

    /// The pod is there and its log is not: the server's own words, and what it usually means.
    fn without(&self, failure: Failure) -> Fault {
        Fault::new(
            failure.fault.kind,
            format!(
                "The log of {} in {} cannot be had: {}",
                self.source.container, self.source.pod, failure.fault.detail
            ),
            "The node that it ran on may be gone, and the log with it.",
        )
    }

    fn not_begun(&self, pod: &Pod, container: Option<&Container>) -> Fault {
        let (why, more) = pod.why_not(container);
        let what = if self.source.previous {
            "was not restarted"
        } else {
            "has printed nothing yet"
        };
        Fault::new(
            FaultKind::NotFound,
            format!(
                "The container {} of {} {what}: {why}{more}.",
                self.source.container, self.source.pod.name
            ),
            "",
        )
    }
}

#[cfg(test)]
mod tests;
