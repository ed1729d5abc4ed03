//! Stream: one list or one watch, from its request to its end.

use super::{Ended, Listener, Watch, WatchEvent, WatchState};
use crate::provider::kubernetes::call::{self, Body, Failure, Status};
use crate::provider::kubernetes::connect::Reading;
use crate::provider::kubernetes::page::{Lines, Splitter};
use crate::provider::kubernetes::wire::{self, Meta, Wire};
use http::HeaderMap;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// The mark of the bookmark that ends the first part of a watch-list.
const FIRST_PART_ENDS: &str = "k8s.io/initial-events-end";
/// A stream that lived this long has worked.
const LIVED: Duration = Duration::from_secs(10);
/// A stream that ended before this is one of those that a broken server or proxy may make without end.
const SHORT: Duration = Duration::from_secs(1);
/// The server's clock is reported again when it differs by more than this from the last report.
const SKEW_MS: i64 = 2_000;

/// One line of a watch.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// As much of a bookmark as counts.
#[derive(Deserialize)]
struct Bookmark {
    metadata: BookmarkMeta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BookmarkMeta {
    #[serde(default)]
    resource_version: String,
    #[serde(default)]
    annotations: Option<HashMap<String, String>>,
}

/// What one line of a watch meant.
enum Line {
    Next,
    FirstPartEnds,
    Ended(Ended),
}

impl Watch<'_> {
    /// Lists page by page. The pages of a list are one snapshot; when that expires half-way, the list begins again whole.
    pub(super) async fn pages<T: Wire>(
        &mut self,
        reading: &Reading,
        state: &mut WatchState,
        listener: &mut impl Listener<T>,
    ) -> Ended {
        if !listener.receive(WatchEvent::Begin).await {
            return Ended::Closed;
        }
        let mut next = String::new();
        let mut limit = self.pace.page;
        for _ in 0..self.pace.pages {
            let query = if next.is_empty() {
                format!("limit={limit}")
            } else {
                format!("limit={limit}&continue={}", call::encode(&next))
            };
            let page = self.page(reading, &query, state, listener).await;
            let envelope = match page {
                Ok(envelope) => envelope,
                Err(Ended::Expired(_)) if !next.is_empty() => {
                    // listing takes longer than the server remembers: one list without pages
                    next.clear();
                    limit = 0;
                    if !listener.receive(WatchEvent::Begin).await {
                        return Ended::Closed;
                    }
                    continue;
                }
                Err(ended) => return ended,
            };
            if !listener.receive(WatchEvent::Alive).await {
                return Ended::Closed;
            }
            next = envelope.metadata.r#continue;
            if next.is_empty() {
                state.version = Some(envelope.metadata.resource_version);
                state.faulty = false;
                return if listener.receive(WatchEvent::End).await {
                    Ended::Listed
                } else {
                    Ended::Closed
                };
            }
        }
        let (path, pages) = (self.path::<T>(""), self.pace.pages);
        let path = path.split('?').next().unwrap_or_default();
        Ended::Failed(Failure::malformed(format!(
            "GET {path}: this list has no end: after {pages} pages of {} objects it names a further one.",
            self.pace.page
        )))
    }

    async fn page<T: Wire>(
        &mut self,
        reading: &Reading,
        query: &str,
        state: &mut WatchState,
        listener: &mut impl Listener<T>,
    ) -> Result<crate::provider::kubernetes::page::Envelope, Ended> {
        let path = self.path::<T>(query);
        let (began, asked) = (Instant::now(), Timestamp::now());
        let opened = reading.open(&path, true, self.pace.answer).await;
        self.called::<T>("LIST", began, opened.as_ref().err());
        let mut body = opened.map_err(expired)?;
        if !tell_skew(state, &body.headers, asked, listener).await {
            return Err(Ended::Closed);
        }
        let mut splitter = Splitter::default();
        while let Some(chunk) = body.chunk(self.pace.answer).await? {
            let mut items = Vec::new();
            splitter
                .feed(&chunk, |item| items.push(wire::read::<T>(item)))
                .map_err(|why| Failure::malformed(format!("GET {path}: {why}.")))?;
            for item in items {
                let event = match item {
                    Ok(item) => WatchEvent::Item(Box::new(item)),
                    Err((name, why)) => WatchEvent::Odd { name, why },
                };
                if !listener.receive(event).await {
                    return Err(Ended::Closed);
                }
            }
        }
        let envelope = splitter
            .finish()
            .map_err(|why| Failure::malformed(format!("GET {path}: {why}.")))?;
        Ok(envelope)
    }

    /// One watch: from the version that was seen last, or a watch-list that brings the state first.
    pub(super) async fn stream<T: Wire>(
        &mut self,
        reading: &Reading,
        state: &mut WatchState,
        listener: &mut impl Listener<T>,
    ) -> Ended {
        let (least, most) = self.pace.watch;
        let lasts = least + (most - least).mul_f64(super::random());
        let mut query = format!(
            "watch=1&allowWatchBookmarks=true&timeoutSeconds={}",
            lasts.as_secs().max(1)
        );
        let mut first_part = state.version.is_none();
        match &state.version {
            None => query.push_str("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"),
            Some(version) => {
                query.push_str("&resourceVersion=");
                query.push_str(&call::encode(version).to_string());
            }
        }
        let path = self.path::<T>(&query);
        let (began, asked) = (Instant::now(), Timestamp::now());
        let opened = reading.open(&path, false, self.pace.answer).await;
        self.called::<T>("WATCH", began, opened.as_ref().err());
        let mut body = match opened {
            Ok(body) => body,
            Err(failure) if first_part && matches!(failure.code, Some(400 | 422)) => {
                return Ended::NoWatchList;
            }
            Err(failure) => return expired(failure),
        };
        if !tell_skew(state, &body.headers, asked, listener).await {
            return Ended::Closed;
        }
        let opening = if first_part {
            WatchEvent::Begin
        } else {
            well(state)
        };
        if !listener.receive(opening).await {
            return Ended::Closed;
        }
        let mut lines = Lines::default();
        let mut heard = 0_usize;
        let ended = loop {
            let lines = match self
                .next_lines(&mut body, &mut lines, first_part, lasts, &*listener)
                .await
            {
                Ok(Some(lines)) => lines,
                Ok(None) => break Ended::Over,
                Err(ended) => break ended,
            };
            if let Some(ended) = self
                .pass_on_all(&lines, &mut first_part, &mut heard, state, listener)
                .await
            {
                break ended;
            }
        };
        if began.elapsed() >= LIVED && !first_part {
            state.well();
        }
        self.judge(ended, first_part, heard, began, state)
    }

    /// The next whole lines; none at the stream's end. The server says something (a bookmark, or the end) before `lasts` is
    /// over, and more often while it sends the first part.
    async fn next_lines<T: Wire>(
        &mut self,
        body: &mut Body,
        lines: &mut Lines,
        first_part: bool,
        lasts: Duration,
        listener: &impl Listener<T>,
    ) -> Result<Option<Vec<Vec<u8>>>, Ended> {
        let idle = if first_part {
            self.pace.answer
        } else {
            lasts + self.pace.answer
        };
        let chunk = tokio::select! {
            chunk = body.chunk(idle) => chunk?,
            () = listener.closed() => return Err(Ended::Closed),
            // an answer is wanted now: a new link will show whether this one is dead
            Ok(()) = self.kick.changed() => return Err(Ended::Kicked),
        };
        let Some(chunk) = chunk else {
            return Ok(None);
        };
        lines.feed(&chunk);
        let lines = lines
            .take_lines()
            .map_err(|why| Failure::malformed(format!("A watch brought {why}.")))?;
        Ok(Some(lines))
    }

    async fn pass_on_all<T: Wire>(
        &mut self,
        lines: &[Vec<u8>],
        first_part: &mut bool,
        heard: &mut usize,
        state: &mut WatchState,
        listener: &mut impl Listener<T>,
    ) -> Option<Ended> {
        for line in lines {
            *heard += 1;
            match pass_on_line(line, *first_part, *heard, state, listener).await {
                Line::Next => {}
                Line::FirstPartEnds => {
                    *first_part = false;
                    state.broken_lists = 0;
                    state.faulty = false;
                    if !listener.receive(WatchEvent::End).await {
                        return Some(Ended::Closed);
                    }
                }
                Line::Ended(ended) => return Some(ended),
            }
        }
        None
    }

    /// What the end of a stream means, by what it had brought.
    fn judge(
        &self,
        ended: Ended,
        first_part: bool,
        heard: usize,
        began: Instant,
        state: &mut WatchState,
    ) -> Ended {
        let broke = match ended {
            Ended::Over => None,
            // cut or silent; what the server itself said has a code
            Ended::Failed(failure) if failure.code.is_none() => Some(failure),
            ended => return ended,
        };
        if first_part {
            state.broken_lists += 1;
            if state.broken_lists >= 2 {
                return Ended::NoWatchList;
            }
        } else if began.elapsed() >= SHORT {
            state.short = 0;
            return Ended::Over;
        } else {
            state.short += 1;
            if heard > 0 && state.short < 3 {
                return Ended::Over;
            }
        }
        Ended::Failed(broke.unwrap_or_else(|| {
            Failure::malformed("A watch ended before it had brought anything.".to_owned())
        }))
    }
}

/// Passes one line on: an object, a bookmark, or the server's reason for ending the stream.
async fn pass_on_line<T: Wire>(
    line: &[u8],
    first_part: bool,
    nth: usize,
    state: &mut WatchState,
    listener: &mut impl Listener<T>,
) -> Line {
    if let Some(object) = usual::<T>(line) {
        remember(state, first_part, &object.meta().resource_version);
        return next_or_closed(listener.receive(WatchEvent::Item(Box::new(object))).await);
    }
    let Ok(event) = serde_json::from_slice::<Event<'_>>(line) else {
        let failure = Failure::malformed("A watch brought a line that is no event.".to_owned());
        state.version = None;
        return Line::Ended(Ended::Failed(failure));
    };
    let json = event.object.get().as_bytes();
    let event = match &*event.r#type {
        "ADDED" | "MODIFIED" => match wire::read::<T>(json) {
            Ok(object) => {
                remember(state, first_part, &object.meta().resource_version);
                WatchEvent::Item(Box::new(object))
            }
            Err((name, why)) => {
                remember_odd(state, first_part, json);
                WatchEvent::Odd { name, why }
            }
        },
        "DELETED" => {
            #[derive(Deserialize)]
            struct Deleted {
                metadata: Meta,
            }
            match serde_json::from_slice::<Deleted>(json) {
                Ok(deleted) => {
                    remember(state, first_part, &deleted.metadata.resource_version);
                    WatchEvent::Gone(deleted.metadata)
                }
                Err(_) => {
                    state.version = None;
                    let why = "A watch told of a deletion that cannot be read.";
                    return Line::Ended(Ended::Failed(Failure::malformed(why.to_owned())));
                }
            }
        }
        "BOOKMARK" => {
            let Ok(bookmark) = serde_json::from_slice::<Bookmark>(json) else {
                return Line::Next;
            };
            let meta = bookmark.metadata;
            let ends = meta
                .annotations
                .is_some_and(|a| a.get(FIRST_PART_ENDS).is_some_and(|v| v == "true"));
            remember(state, first_part && !ends, &meta.resource_version);
            if first_part && ends {
                return Line::FirstPartEnds;
            }
            WatchEvent::Alive
        }
        "ERROR" => return Line::Ended(error(json, first_part, nth, state)),
        // a word of a later server: life, at least
        _ => WatchEvent::Alive,
    };
    next_or_closed(listener.receive(event).await)
}

fn next_or_closed(listening: bool) -> Line {
    if listening {
        Line::Next
    } else {
        Line::Ended(Ended::Closed)
    }
}

/// The object of an event as every server writes them, read at once: finding out first where the object ends would read
/// it twice. None where the line is anything else.
fn usual<T: Wire>(line: &[u8]) -> Option<T> {
    let rest = line.strip_prefix(br#"{"type":""#)?;
    let rest = rest
        .strip_prefix(b"ADDED")
        .or_else(|| rest.strip_prefix(b"MODIFIED"))?;
    let json = rest.strip_prefix(br#"","object":"#)?.strip_suffix(b"}")?;
    serde_json::from_slice(json).ok()
}

/// The server's own words about why the stream ends.
fn error(json: &[u8], first_part: bool, nth: usize, state: &mut WatchState) -> Ended {
    let status: Status = serde_json::from_slice(json).unwrap_or_default();
    let code = status.code.unwrap_or(500);
    let failure = Failure::said("A watch was ended by the server", code, status);
    if code == 410 {
        return Ended::Expired(failure);
    }
    if first_part && nth == 1 && !matches!(code, 401 | 403 | 429) {
        return Ended::NoWatchList;
    }
    // what was missed since is not known
    state.version = None;
    Ended::Failed(failure)
}

/// The version that a resumed watch starts from. During the first part there is none yet.
fn remember(state: &mut WatchState, first_part: bool, version: &str) {
    if !first_part && !version.is_empty() {
        state.version = Some(version.to_owned());
    }
}

fn remember_odd(state: &mut WatchState, first_part: bool, json: &[u8]) {
    if let Ok(odd) = serde_json::from_slice::<Bookmark>(json) {
        remember(state, first_part, &odd.metadata.resource_version);
    }
}

/// A recovery if a fault was sent; else a sign of life.
fn well<T>(state: &mut WatchState) -> WatchEvent<T> {
    if std::mem::take(&mut state.faulty) {
        WatchEvent::Recovered
    } else {
        WatchEvent::Alive
    }
}

/// 410, and 504 for a version from a future that the server does not know (its storage was set back), mean: list again.
fn expired(failure: Failure) -> Ended {
    let future =
        failure.code == Some(504) && failure.fault.detail.contains("Too large resource version");
    if failure.code == Some(410) || future {
        Ended::Expired(failure)
    } else {
        Ended::Failed(failure)
    }
}

async fn tell_skew<T: Wire>(
    state: &mut WatchState,
    headers: &HeaderMap,
    asked: Timestamp,
    listener: &mut impl Listener<T>,
) -> bool {
    let Some(skew) = call::skew_ms(headers, asked, Timestamp::now()) else {
        return true;
    };
    if state
        .skew_ms
        .is_some_and(|told| (told - skew).abs() < SKEW_MS)
    {
        return true;
    }
    state.skew_ms = Some(skew);
    listener.receive(WatchEvent::Skew(skew)).await
}
