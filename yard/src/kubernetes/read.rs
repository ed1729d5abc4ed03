//! Read: get, list and watch.
//!
//! Answers above 128 KiB are compressed for those who accept it, as the real server does; watches never are.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::stream;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::kinds::Kind;
use super::objects::{Objects, line};
use super::route::{Query, Route, flag, text};
use super::selector::Selector;
use super::status::{Answer, Status, answer};

/// The real server's own threshold.
const COMPRESSED_FROM: usize = 128 * 1024;
/// The real server sends one about every minute.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);

/// How the server meets a watch that asks for the initial state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchList {
    /// Streams it.
    Served,
    /// 422, as a server before the feature.
    Forbidden,
    /// 200 and one ERROR in the stream, as a server on old storage.
    Broken,
}

/// One object.
pub fn get(objects: &Objects, route: &Route, headers: &HeaderMap) -> Answer {
    let stored = objects
        .get(route.kind, &route.namespace, &route.name)
        .ok_or_else(|| Status::not_found(route.kind, &route.name))?;
    Ok(sized(headers, stored.bytes.clone()))
}

/// Objects in pages, or all at once.
pub fn list(objects: &Objects, route: &Route, query: &Query, headers: &HeaderMap) -> Answer {
    let kind = route.kind;
    let selector = Selector::parse(
        kind,
        text(query, "labelSelector"),
        text(query, "fieldSelector"),
    )?;
    let limit = match text(query, "limit") {
        "" => 0,
        limit => limit
            .parse()
            .map_err(|_| Status::bad_request(format!("invalid limit: {limit:?}")))?,
    };
    // From its cache (resourceVersion=0) the real server answers everything, whatever the limit.
    let limit = if text(query, "resourceVersion") == "0" {
        0
    } else {
        limit
    };
    let after = match text(query, "continue") {
        "" => None,
        token => Some(resume(objects, token)?),
    };
    let page = objects.list(kind, &route.namespace, &selector, limit, after.as_ref());
    let version = page.version;
    let mut meta = json!({ "resourceVersion": version.to_string() });
    if let (Some(((namespace, name), remain)), Some(map)) = (&page.rest, meta.as_object_mut()) {
        let token = json!({ "v": version, "s": namespace, "n": name }).to_string();
        map.insert("continue".to_owned(), json!(URL_SAFE_NO_PAD.encode(token)));
        map.insert("remainingItemCount".to_owned(), json!(remain));
    }
    let mut body = Vec::with_capacity(
        256 + page
            .items
            .iter()
            .map(|item| item.bytes.len() + 1)
            .sum::<usize>(),
    );
    let head = format!("{{\"apiVersion\":\"{}\",\"items\":[", kind.api_version());
    body.extend_from_slice(head.as_bytes());
    for (number, item) in page.items.iter().enumerate() {
        if number > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&item.bytes);
    }
    let tail = format!("],\"kind\":\"{}List\",\"metadata\":{meta}}}\n", kind.kind);
    body.extend_from_slice(tail.as_bytes());
    Ok(sized(headers, Bytes::from(body)))
}

fn resume(objects: &Objects, token: &str) -> Result<(u64, (String, String)), Status> {
    let invalid = || {
        Status::bad_request("continue key is not valid: the token was not issued by this server")
    };
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid())?;
    let token: Value = serde_json::from_slice(&bytes).map_err(|_| invalid())?;
    let (Some(version), Some(namespace), Some(name)) = (
        token["v"].as_u64(),
        token["s"].as_str(),
        token["n"].as_str(),
    ) else {
        return Err(invalid());
    };
    if !objects.remembers(version) {
        return Err(Status::expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
        ));
    }
    Ok((version, (namespace.to_owned(), name.to_owned())))
}

/// Changes as they come, from a version, from nothing (the present first) or as a watch-list.
pub fn watch(objects: &Arc<Objects>, route: &Route, query: &Query, mode: WatchList) -> Answer {
    let kind = route.kind;
    let mut fields = text(query, "fieldSelector").to_owned();
    if !route.name.is_empty() {
        fields = format!("metadata.name={}", route.name);
    }
    let selector = Selector::parse(kind, text(query, "labelSelector"), &fields)?;
    let bookmarks = flag(query, "allowWatchBookmarks");
    let initial = flag(query, "sendInitialEvents");
    if query.contains_key("sendInitialEvents") {
        if mode == WatchList::Forbidden {
            return Err(Status::invalid_options(
                "sendInitialEvents",
                "Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
            ));
        }
        if text(query, "resourceVersionMatch") != "NotOlderThan" {
            return Err(Status::invalid_options(
                "resourceVersionMatch",
                "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            ));
        }
    }
    let seconds: u64 = text(query, "timeoutSeconds").parse().unwrap_or(1800);
    let mut first = Vec::new();
    let mut over = false;
    let version = text(query, "resourceVersion");
    let cursor = if initial && mode == WatchList::Broken {
        let message = "a watch stream was requested by the client but the required storage feature RequestWatchProgress is disabled";
        error(&mut first, &Status::other(500, message));
        over = true;
        0
    } else if initial || version.is_empty() || version == "0" {
        let page = objects.list(kind, &route.namespace, &selector, 0, None);
        for item in &page.items {
            line(&mut first, "ADDED", &item.bytes);
        }
        if initial && bookmarks {
            line(
                &mut first,
                "BOOKMARK",
                bookmark(kind, page.version, true).as_bytes(),
            );
        }
        page.version
    } else {
        version.parse().map_err(|_| {
            Status::bad_request(format!(
                "resourceVersion: Invalid value: {version:?}: strconv.ParseUint: invalid syntax"
            ))
        })?
    };
    let view = Watching {
        objects: objects.clone(),
        head: objects.head(),
        kind,
        namespace: route.namespace.clone(),
        selector,
        cursor,
        bookmarks,
        // The real server's last one comes two seconds before it ends the stream.
        next_bookmark: Instant::now()
            + BOOKMARK_EVERY.min(Duration::from_secs(seconds.saturating_sub(2))),
        ends: Instant::now() + Duration::from_secs(seconds),
        first: Some(first),
        over,
    };
    let body = Body::from_stream(stream::unfold(view, async |mut view| {
        let chunk = view.next().await?;
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(chunk)), view))
    }));
    Ok(answer(StatusCode::OK, body))
}

struct Watching {
    objects: Arc<Objects>,
    head: watch::Receiver<u64>,
    kind: &'static Kind,
    namespace: String,
    selector: Selector,
    cursor: u64,
    bookmarks: bool,
    next_bookmark: Instant,
    ends: Instant,
    first: Option<Vec<u8>>,
    over: bool,
}

impl Watching {
    /// The next lines, or the end.
    async fn next(&mut self) -> Option<Vec<u8>> {
        if let Some(first) = self.first.take()
            && !first.is_empty()
        {
            return Some(first);
        }
        while !self.over {
            self.head.borrow_and_update();
            match self
                .objects
                .since(self.cursor, self.kind, &self.namespace, &self.selector)
            {
                Ok((lines, cursor)) => {
                    self.cursor = cursor;
                    if !lines.is_empty() {
                        return Some(lines);
                    }
                }
                Err(status) => {
                    self.over = true;
                    let mut lines = Vec::new();
                    error(&mut lines, &status);
                    return Some(lines);
                }
            }
            tokio::select! {
                changed = self.head.changed() => if changed.is_err() { return None },
                () = tokio::time::sleep_until(self.next_bookmark), if self.bookmarks => {
                    let now = Instant::now();
                    let left = self.ends.saturating_duration_since(now);
                    let early = left.saturating_sub(Duration::from_secs(2));
                    // After the last one before the end comes none.
                    let pause = if early.is_zero() { left + BOOKMARK_EVERY } else { BOOKMARK_EVERY.min(early) };
                    self.next_bookmark = now + pause;
                    let mut lines = Vec::new();
                    line(&mut lines, "BOOKMARK", bookmark(self.kind, self.cursor, false).as_bytes());
                    return Some(lines);
                }
                () = tokio::time::sleep_until(self.ends) => return None,
            }
        }
        None
    }
}

fn bookmark(kind: &Kind, version: u64, initial: bool) -> String {
    let mut meta = json!({ "resourceVersion": version.to_string(), "creationTimestamp": null });
    if let (true, Some(map)) = (initial, meta.as_object_mut()) {
        map.insert(
            "annotations".to_owned(),
            json!({ "k8s.io/initial-events-end": "true" }),
        );
    }
    json!({ "kind": kind.kind, "apiVersion": kind.api_version(), "metadata": meta }).to_string()
}

fn error(into: &mut Vec<u8>, status: &Status) {
    line(into, "ERROR", status.object().to_string().as_bytes());
}

fn sized(headers: &HeaderMap, body: Bytes) -> Response {
    let accepts = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| {
            value
                .split(',')
                .any(|part| part.trim().split(';').next() == Some("gzip"))
        });
    if !accepts || body.len() < COMPRESSED_FROM {
        return answer(StatusCode::OK, body);
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let Ok(packed) = packed.write_all(&body).and_then(|()| packed.finish()) else {
        return answer(StatusCode::OK, body);
    };
    let mut response = answer(StatusCode::OK, packed);
    response
        .headers_mut()
        .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response
        .headers_mut()
        .insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    response
}
