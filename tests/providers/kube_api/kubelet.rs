//! A kubelet stand-in: HTTPS on loopback that serves `/containerLogs/NAMESPACE/POD/CONTAINER` from lines that a case writes.
//!
//! Deliberately absent: everything else of a kubelet, and any check of who asks.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Lines so far and whether the container has ended.
type Text = watch::Sender<(Vec<(String, String)>, bool)>;
/// Namespace, pod, container, and whether it is the one before the last restart.
type Name = (String, String, String, bool);
type Logs = Arc<Mutex<HashMap<Name, Arc<Text>>>>;

pub struct Kubelet {
    pub port: u16,
    logs: Logs,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub struct Log(Arc<Text>);

impl Log {
    pub fn line(&self, stamp: &str, text: &str) {
        self.0
            .send_modify(|(lines, _)| lines.push((stamp.to_owned(), text.to_owned())));
    }

    pub fn end(&self) {
        self.0.send_modify(|(_, ended)| *ended = true);
    }
}

impl Kubelet {
    pub async fn start() -> Kubelet {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()])
            .expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a server's certificate");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let logs = Logs::default();
        let router = Router::new()
            .route("/containerLogs/{namespace}/{pod}/{container}", get(serve))
            .with_state(logs.clone());
        let tls = TlsListener {
            listener,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        };
        let task = tokio::spawn(async move {
            let _ = axum::serve(tls, router).await;
        });
        Kubelet { port, logs, task }
    }

    pub fn container(&self, namespace: &str, pod: &str, container: &str) -> Log {
        self.open(namespace, pod, container, false)
    }

    pub fn previous(&self, namespace: &str, pod: &str, container: &str) -> Log {
        self.open(namespace, pod, container, true)
    }

    fn open(&self, namespace: &str, pod: &str, container: &str, previous: bool) -> Log {
        let name = (
            namespace.to_owned(),
            pod.to_owned(),
            container.to_owned(),
            previous,
        );
        let text = Arc::new(Text::new((Vec::new(), false)));
        self.logs
            .lock()
            .expect("the logs")
            .insert(name, text.clone());
        Log(text)
    }
}

struct TlsListener {
    listener: tokio::net::TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for TlsListener {
    type Io = tokio_rustls::server::TlsStream<tokio::net::TcpStream>;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            if let Ok((stream, from)) = self.listener.accept().await
                && let Ok(stream) = self.acceptor.accept(stream).await
            {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

async fn serve(
    State(logs): State<Logs>,
    Path((namespace, pod, container)): Path<(String, String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let is = |name: &str| query.get(name).is_some_and(|v| v == "true");
    let found = logs
        .lock()
        .expect("the logs")
        .get(&(namespace, pod, container, is("previous")))
        .cloned();
    let Some(text) = found else {
        return (http::StatusCode::NOT_FOUND, "no such container").into_response();
    };
    let (stamps, follow) = (is("timestamps"), is("follow"));
    let since: Option<jiff::Timestamp> = query.get("sinceTime").and_then(|v| v.parse().ok());
    let tail: Option<usize> = query.get("tailLines").and_then(|v| v.parse().ok());
    let mut seen = text.subscribe();
    let first = {
        let (lines, _) = &*seen.borrow();
        let from = lines.iter().position(|(stamp, _)| {
            since.is_none_or(|s| stamp.parse::<jiff::Timestamp>().expect("a stamp") >= s)
        });
        let from = from.unwrap_or(lines.len());
        from.max(lines.len() - tail.unwrap_or(lines.len()).min(lines.len()))
    };
    let show = move |(stamp, line): &(String, String)| {
        if stamps {
            format!("{stamp} {line}\n")
        } else {
            format!("{line}\n")
        }
    };
    let stream = futures::stream::unfold(
        (seen.clone(), first, false),
        move |(mut seen, at, over)| async move {
            if over {
                return None;
            }
            loop {
                let (part, next, ended) = {
                    let (lines, ended) = &*seen.borrow_and_update();
                    (
                        lines[at..].iter().map(show).collect::<String>(),
                        lines.len(),
                        *ended,
                    )
                };
                let over = ended || !follow;
                if !part.is_empty() || over {
                    return Some((Ok::<_, Infallible>(part), (seen, next, over)));
                }
                if seen.changed().await.is_err() {
                    return None;
                }
            }
        },
    );
    drop(seen.borrow_and_update());
    ([("content-type", "text/plain")], Body::from_stream(stream)).into_response()
}
