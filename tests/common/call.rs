//! A caller: sends one request of a context as written and shows the answer as it came.
//!
//! Deliberately absent: typed objects, retries and transparent decompression; a suite about a wire looks at the wire.

use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use futures::{Stream, StreamExt};
use http::{HeaderMap, Method, Request, StatusCode};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::Value;

/// How long any single answer, or the next line of a stream, may take.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub struct Caller {
    client: kube::Client,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("not JSON ({e}): {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The object, after making sure that the answer is a success.
    pub fn done(self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.text());
        self.json()
    }

    /// Makes sure that the answer is a `Status` that says no, with this code and reason.
    pub fn says_no(&self, code: u16, reason: &str) {
        assert_eq!(self.status.as_u16(), code, "{}", self.text());
        let status = self.json();
        assert_eq!(status["kind"], "Status", "{status}");
        assert_eq!(status["status"], "Failure", "{status}");
        assert_eq!(status["code"], code, "{status}");
        assert_eq!(status["reason"], reason, "{status}");
        assert!(
            status["message"].as_str().is_some_and(|m| !m.is_empty()),
            "a refusal says why: {status}"
        );
    }
}

/// Lines of a body as they arrive.
pub struct Lines {
    pub headers: HeaderMap,
    body: Pin<Box<dyn Stream<Item = Vec<u8>> + Send>>,
    held: Vec<u8>,
}

impl Lines {
    /// The next whole line, or none at the end of the body.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.held.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.held.drain(..=end).collect();
                return Some(String::from_utf8(line[..end].to_vec()).expect("UTF-8"));
            }
            match tokio::time::timeout(PATIENCE, self.body.next())
                .await
                .expect("a line within the time")
            {
                Some(chunk) => self.held.extend(chunk),
                None if self.held.is_empty() => return None,
                None => {
                    return Some(String::from_utf8(std::mem::take(&mut self.held)).expect("UTF-8"));
                }
            }
        }
    }

    /// The next event of a watch: its type and its object.
    pub async fn event(&mut self) -> Option<(String, Value)> {
        let line = self.next().await?;
        let mut event: Value =
            serde_json::from_str(&line).unwrap_or_else(|e| panic!("not an event ({e}): {line}"));
        Some((
            event["type"].as_str().expect("a type").to_owned(),
            event["object"].take(),
        ))
    }

    /// The next event that is no bookmark.
    pub async fn change(&mut self) -> (String, Value) {
        loop {
            match self.event().await {
                Some((kind, _)) if kind == "BOOKMARK" => {}
                Some(event) => return event,
                None => panic!("the watch ended early"),
            }
        }
    }
}

impl Caller {
    /// Connects as a context of a kubeconfig file; with `token` as somebody else at the same server.
    pub async fn connect(kubeconfig: &Path, context: &str, token: Option<&str>) -> Caller {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let file = Kubeconfig::read_from(kubeconfig).expect("a kubeconfig");
        let options = KubeConfigOptions {
            context: Some(context.to_owned()),
            ..Default::default()
        };
        let mut config = kube::Config::from_custom_kubeconfig(file, &options)
            .await
            .expect("the context");
        config.default_retry = false;
        config.disable_compression = true;
        if let Some(token) = token {
            config.auth_info = kube::config::AuthInfo {
                token: Some(token.to_owned().into()),
                ..Default::default()
            };
        }
        Caller {
            client: kube::Client::try_from(config).expect("a client"),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &[], None).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.call(Method::GET, path, headers, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(
            Method::POST,
            path,
            &[("content-type", "application/json")],
            Some(body),
        )
        .await
    }

    pub async fn merge(&self, path: &str, body: &Value) -> Answer {
        self.call(
            Method::PATCH,
            path,
            &[("content-type", "application/merge-patch+json")],
            Some(body),
        )
        .await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, &[], None).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let asked = tokio::time::timeout(PATIENCE, self.send(method, path, headers, body));
        let answer = asked
            .await
            .unwrap_or_else(|_| panic!("no answer in time to {path}"));
        let (parts, body) = answer.into_parts();
        let body = tokio::time::timeout(
            PATIENCE,
            axum::body::to_bytes(axum::body::Body::new(body), usize::MAX),
        );
        let body = body
            .await
            .unwrap_or_else(|_| panic!("no body in time from {path}"))
            .expect("a whole body");
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_vec(),
        }
    }

    /// Opens a stream of lines, or the answer that refused it.
    pub async fn stream(&self, path: &str) -> Result<Lines, Answer> {
        let answer = tokio::time::timeout(PATIENCE, self.send(Method::GET, path, &[], None)).await;
        let (parts, body) = answer
            .unwrap_or_else(|_| panic!("no answer in time to {path}"))
            .into_parts();
        let body = axum::body::Body::new(body);
        if parts.status != StatusCode::OK {
            let body = axum::body::to_bytes(body, usize::MAX)
                .await
                .expect("a whole body")
                .to_vec();
            return Err(Answer {
                status: parts.status,
                headers: parts.headers,
                body,
            });
        }
        let body = body
            .into_data_stream()
            .map(|chunk| chunk.expect("no broken stream").to_vec());
        Ok(Lines {
            headers: parts.headers,
            body: Box::pin(body),
            held: Vec::new(),
        })
    }

    /// Opens a stream that must be granted.
    pub async fn lines(&self, path: &str) -> Lines {
        match self.stream(path).await {
            Ok(lines) => lines,
            Err(answer) => panic!("{path}: {} {}", answer.status, answer.text()),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> http::Response<kube::client::Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("user-agent", "leverframe-tests/1");
        if !headers.iter().any(|(name, _)| *name == "accept-encoding") {
            request = request.header("accept-encoding", "identity");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body
            .map(|b| serde_json::to_vec(b).expect("JSON"))
            .unwrap_or_default();
        let request = request
            .body(kube::client::Body::from(body))
            .expect("a request");
        self.client
            .send(request)
            .await
            .unwrap_or_else(|e| panic!("{path}: {e}"))
    }
}

/// Asks again until `found` says something; for what a server takes a moment to show.
pub async fn until<T, F: AsyncFnMut() -> Option<T>>(what: &str, mut found: F) -> T {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(value) = found().await {
            return value;
        }
        assert!(
            tokio::time::Instant::now() < end,
            "not seen in time: {what}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
