//! Call: one request to an API server, under a time limit, and its answer or the failure in words.
//!
//! Deliberately absent: repeating anything. The caller decides on that and shows it.

use super::connect::{Reading, Writing};
use crate::model::{Fault, FaultKind};
use crate::provider::{Call, Calls};
use crate::secret::redact;
use crate::store::Source;
use http::{HeaderMap, Method, Request, header};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use std::fmt::Write as _;
use std::time::Duration;
use tokio_util::bytes::Bytes;

const ACCESS_REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
/// The body of a refusal is read up to this many bytes.
const LARGEST_REFUSAL: usize = 64 * 1024;
/// So many letters of what a refusal says are passed on.
const SAID_LETTERS: usize = 400;
/// The body of a single answer (an object, a review) is read up to this many bytes, counted after decompression: etcd keeps
/// no object above 1.5 MB, and what is longer is no object.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// An answer that is a success, whole.
pub struct Answer {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// An answer that is a success, and whose body is still arriving.
pub struct Body {
    pub headers: HeaderMap,
    body: kube::client::Body,
    what: String,
}

/// Why a call brought nothing.
#[derive(Clone, Debug)]
pub struct Failure {
    pub fault: Fault,
    /// The HTTP status; none where there was no answer.
    pub code: Option<u16>,
    /// `reason` of the Kubernetes Status, for example `AlreadyExists`; empty where it has none.
    pub reason: String,
    /// The object that a Kubernetes Status is about; empty where it names none.
    pub name: String,
    /// The server asked to wait this long.
    pub retry_after: Option<Duration>,
    /// No connection was made, so the request surely was not received.
    pub unsent: bool,
    /// When it was answered, by the clock of the server.
    pub server_time: Option<Timestamp>,
}

/// The longest pause that a reader makes because a server asks for it: as long as after a refusal. A server that asks
/// for days would otherwise never be read again.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// The Kubernetes `Status`, as far as it is looked at.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Status {
    pub(super) code: Option<u16>,
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
    details: Option<Details>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    name: Option<String>,
    retry_after_seconds: Option<u64>,
}

impl Reading {
    /// Gets a path and its whole body; lists may come compressed.
    ///
    /// # Errors
    /// Every answer but a 2xx is a [`Failure`], and so is none within `limit`.
    pub async fn get(&self, path: &str, limit: Duration) -> Result<Answer, Failure> {
        let request = request(Method::GET, path, None, true);
        whole(&self.client, request, path, limit).await
    }

    /// Begins to get a path: `limit` is for the head of the answer, each chunk has its own.
    ///
    /// # Errors
    /// As [`Reading::get`].
    pub async fn open(&self, path: &str, packed: bool, limit: Duration) -> Result<Body, Failure> {
        let request = request(Method::GET, path, None, packed);
        open(&self.client, request, path, limit).await
    }

    /// Asks whether the credential may do something: the one POST of a client that reads, since Kubernetes answers it and
    /// keeps nothing.
    ///
    /// # Errors
    /// As [`Reading::get`].
    pub async fn review_access(
        &self,
        question: &serde_json::Value,
        limit: Duration,
    ) -> Result<Answer, Failure> {
        let body = Some(("application/json", question));
        let request = request(Method::POST, ACCESS_REVIEWS, body, false);
        let asked = whole(&self.client, request, ACCESS_REVIEWS, limit);
        record_call(self.calls.as_ref(), "ASK", ACCESS_REVIEWS, asked).await
    }
}

impl Writing {
    /// Looks at an object just before it is written.
    ///
    /// # Errors
    /// As [`Reading::get`].
    pub async fn get(&self, path: &str, limit: Duration) -> Result<Answer, Failure> {
        let request = request(Method::GET, path, None, false);
        let looked = whole(&self.client, request, path, limit);
        record_call(self.calls.as_ref(), "LOOK", path, looked).await
    }

    /// Creates an object: one request, never repeated.
    ///
    /// # Errors
    /// As [`Reading::get`]; the code says whether it was refused, and its absence that nobody knows.
    pub async fn create(
        &self,
        path: &str,
        object: &serde_json::Value,
        limit: Duration,
    ) -> Result<Answer, Failure> {
        let request = request(
            Method::POST,
            path,
            Some(("application/json", object)),
            false,
        );
        let sent = whole(&self.client, request, path, limit);
        record_call(self.calls.as_ref(), "CREATE", path, sent).await
    }

    /// Merges a patch into an object: one request, never repeated.
    ///
    /// # Errors
    /// As [`Writing::create`].
    pub async fn merge(
        &self,
        path: &str,
        patch: &serde_json::Value,
        limit: Duration,
    ) -> Result<Answer, Failure> {
        let request = request(
            Method::PATCH,
            path,
            Some(("application/merge-patch+json", patch)),
            false,
        );
        let sent = whole(&self.client, request, path, limit);
        record_call(self.calls.as_ref(), "PATCH", path, sent).await
    }
}

impl Body {
    /// The next chunk; none at the end.
    ///
    /// # Errors
    /// The stream broke, or brought nothing for `idle`.
    pub async fn chunk(&mut self, idle: Duration) -> Result<Option<Bytes>, Failure> {
        loop {
            let frame = match tokio::time::timeout(idle, self.body.frame()).await {
                Err(_) => {
                    let why = format!("{}: silent for {} s", self.what, idle.as_secs_f32());
                    return Err(Failure::silent(why));
                }
                Ok(None) => return Ok(None),
                Ok(Some(Err(e))) => {
                    return Err(Failure::silent(format!(
                        "{}: the stream broke: {}",
                        self.what,
                        cause(&e)
                    )));
                }
                Ok(Some(Ok(frame))) => frame,
            };
            // a frame without data is a trailer
            if let Ok(chunk) = frame.into_data() {
                return Ok(Some(chunk));
            }
        }
    }
}

impl Failure {
    fn silent(why: String) -> Self {
        let why = redact(&why);
        Self {
            fault: Fault::new(FaultKind::Unreachable, format!("{why}."), ""),
            code: None,
            reason: String::new(),
            name: String::new(),
            retry_after: None,
            unsent: false,
            server_time: None,
        }
    }

    /// An answer that cannot be what an API server says.
    pub(super) fn malformed(why: String) -> Self {
        let hint = "Check that the kubeconfig's server is an API server and that no login page stands before it.";
        Self {
            fault: Fault::new(FaultKind::Malformed, redact(&why), hint),
            ..Self::silent(String::new())
        }
    }

    /// What a Kubernetes Status (from an answer or from within a stream) means.
    pub(super) fn said(what: &str, code: u16, status: Status) -> Self {
        // What answers may be no API server, and say back what it was sent.
        let said = |text: Option<String>| redact(&text.unwrap_or_default());
        let cut = |text: String| -> String { text.chars().take(SAID_LETTERS).collect() };
        let (reason, message) = (cut(said(status.reason)), cut(said(status.message)));
        let (kind, hint) = match code {
            401 => (FaultKind::Unauthorized, "Log in again."),
            403 => (
                FaultKind::Forbidden,
                "Ask for the right, or go without: the other facts stay.",
            ),
            404 => (FaultKind::NotFound, ""),
            409 | 422 => (FaultKind::Conflict, ""),
            429 => (FaultKind::Throttled, ""),
            410 | 500.. => (FaultKind::Broken, ""),
            _ => (FaultKind::Malformed, ""),
        };
        let mut detail = format!("{what}: {code}");
        if !reason.is_empty() {
            let _ = write!(detail, " {reason}");
        }
        if !message.is_empty() {
            let _ = write!(detail, ", {message}");
        }
        detail.push('.');
        let details = status.details.unwrap_or_default();
        Self {
            fault: Fault::new(kind, detail, hint),
            code: Some(code),
            reason,
            name: details.name.unwrap_or_default(),
            retry_after: details.retry_after_seconds.map(Duration::from_secs),
            unsent: false,
            server_time: None,
        }
    }

    /// The fault as a reader reports it, and the pause that it makes because the server asked for one.
    pub(super) fn into_fault_and_pause(self) -> (Fault, Option<Duration>) {
        let mut fault = self.fault;
        if let Some(asked_for) = self.retry_after.filter(|pause| *pause > LONGEST_PAUSE) {
            let hint = format!(
                "It asks to be left alone for {} s, and is asked again after {} s.",
                asked_for.as_secs(),
                LONGEST_PAUSE.as_secs()
            );
            fault.hint = format!("{} {hint}", fault.hint).trim_start().to_owned();
        }
        (
            fault,
            self.retry_after.map(|pause| pause.min(LONGEST_PAUSE)),
        )
    }

    /// Whether the API server itself says that an object of this name is not there; a 404 of something before it, or of a
    /// kind that is not served, names no object.
    pub(super) fn is_absence_of(&self, name: &str) -> bool {
        self.code == Some(404) && self.reason == "NotFound" && self.name == name
    }
}

/// All but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Percent-encodes a query's value or a path's part.
pub fn encode(text: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(text, RESERVED)
}

/// The far side's clock minus ours in milliseconds, from an answer's Date and the moments around the call. The header has
/// whole seconds, so half of one is added, and half of the call's time is forgiven.
pub fn skew_ms(headers: &HeaderMap, asked: Timestamp, answered: Timestamp) -> Option<i64> {
    let date = server_time(headers)?.as_millisecond() + 500;
    Some(date - (asked.as_millisecond() + answered.as_millisecond()) / 2)
}

/// The clock of the server, in whole seconds, as it answered.
pub(super) fn server_time(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(headers.get(header::DATE)?.to_str().ok()?)
}

fn http_date(text: &str) -> Option<Timestamp> {
    Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp())
}

fn request(
    method: Method,
    path: &str,
    body: Option<(&'static str, &serde_json::Value)>,
    packed: bool,
) -> Result<Request<kube::client::Body>, http::Error> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::ACCEPT, "application/json");
    if !packed {
        request = request.header(header::ACCEPT_ENCODING, "identity");
    }
    let mut bytes = Vec::new();
    if let Some((kind, value)) = body {
        request = request.header(header::CONTENT_TYPE, kind);
        bytes = value.to_string().into_bytes();
    }
    request.body(kube::client::Body::from(bytes))
}

async fn open(
    client: &kube::Client,
    request: Result<Request<kube::client::Body>, http::Error>,
    path: &str,
    limit: Duration,
) -> Result<Body, Failure> {
    let what = path.split('?').next().unwrap_or(path).to_owned();
    let request = request
        .map_err(|e| Failure::malformed(format!("{what}: this path cannot be asked for ({e}).")))?;
    let what = format!("{} {what}", request.method());
    let answer = match tokio::time::timeout(limit, client.send(request)).await {
        Err(_) => {
            return Err(Failure::silent(format!(
                "{what}: no answer within {} s",
                limit.as_secs_f32()
            )));
        }
        Ok(Err(kube::Error::Auth(_))) => {
            let status = Status {
                message: Some("no credential could be had".to_owned()),
                ..Status::default()
            };
            return Err(Failure {
                unsent: true,
                ..Failure::said(&what, 401, status)
            });
        }
        Ok(Err(e)) => {
            let why = cause(&e);
            let silent = Failure::silent(format!("{what}: {why}"));
            return Err(Failure {
                unsent: is_connect_error(&e),
                fault: silent.fault.clone().caused_by(&e),
                ..silent
            });
        }
        Ok(Ok(answer)) => answer,
    };
    let (parts, body) = answer.into_parts();
    let mut body = Body {
        headers: parts.headers,
        body,
        what,
    };
    if parts.status.is_success() {
        return Ok(body);
    }
    // What cannot be read of a refusal is left out: its code alone refuses.
    let mut said = Vec::new();
    let reading = async {
        while let Ok(Some(chunk)) = body.chunk(limit).await {
            said.extend_from_slice(&chunk);
            if said.len() >= LARGEST_REFUSAL {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(limit, reading).await;
    let code = parts.status.as_u16();
    if parts.status.is_redirection() {
        return Err(Failure {
            code: Some(code),
            ..Failure::malformed(format!(
                "{}: {code}, a redirection, which no API server answers.",
                body.what
            ))
        });
    }
    let status = serde_json::from_slice::<Status>(&said).unwrap_or_default();
    let mut failure = Failure::said(&body.what, code, status);
    failure.server_time = server_time(&body.headers);
    failure.retry_after = retry_after(&body.headers, Timestamp::now()).or(failure.retry_after);
    Err(failure)
}

async fn whole(
    client: &kube::Client,
    request: Result<Request<kube::client::Body>, http::Error>,
    path: &str,
    limit: Duration,
) -> Result<Answer, Failure> {
    let all = async {
        let mut open = open(client, request, path, limit).await?;
        let mut body = Vec::new();
        while let Some(chunk) = open.chunk(limit).await? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(Failure::malformed(format!(
                    "{}: the answer is longer than {} MB, which no object is.",
                    open.what,
                    LARGEST_ANSWER / (1024 * 1024)
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            headers: open.headers,
            body,
        })
    };
    match tokio::time::timeout(limit, all).await {
        Ok(done) => done,
        Err(_) => Err(Failure::silent(format!(
            "{}: no whole answer within {} s",
            path.split('?').next().unwrap_or(path),
            limit.as_secs_f32()
        ))),
    }
}

/// Awaits a call and reports it to the list of calls, if that has room.
async fn record_call(
    calls: Option<&(Calls, Source)>,
    verb: &str,
    path: &str,
    call: impl Future<Output = Result<Answer, Failure>>,
) -> Result<Answer, Failure> {
    let (at, began) = (Timestamp::now(), tokio::time::Instant::now());
    let answer = call.await;
    if let Some((calls, source)) = calls {
        let _ = calls.try_send(Call {
            at,
            source: source.clone(),
            what: format!("{verb} {path}"),
            took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            answer: match &answer {
                Ok(_) => "200".to_owned(),
                Err(failure) => failure
                    .code
                    .map_or_else(|| "no answer".to_owned(), |c| c.to_string()),
            },
        });
    }
    answer
}

/// `Retry-After`: seconds, or an HTTP date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date(text)?.duration_since(now);
    Some(until.try_into().unwrap_or(Duration::ZERO))
}

/// The innermost cause, which is the informative one ("Connection refused").
fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// Whether the connection itself could not be made, so that no request was sent.
fn is_connect_error(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(e) = next {
        if let Some(e) = e.downcast_ref::<hyper_util::client::legacy::Error>() {
            return e.is_connect();
        }
        next = e.source();
    }
    false
}

#[cfg(test)]
mod tests;
