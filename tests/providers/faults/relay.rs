//! Relay: a plain door before a cluster that passes everything on, until the write comes.

use base64::Engine as _;
use leverframe_yard::kubernetes::kinds;
use leverframe_yard::kubernetes::objects::Objects;
use leverframe_yard::kubernetes::selector::Selector;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Where the write is broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The far side saw nothing of it.
    BeforeReceipt,
    /// The far side has a part of it.
    AfterReceipt,
    /// The far side did it; its reply gets lost.
    AfterEffect,
    /// The reply arrived.
    AfterReply,
}

/// How it is broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The connection is cut.
    Cut,
    /// Nothing moves any more until the relay is let go.
    Hold,
    /// Something else than the server answers, and then the connection is cut.
    Say(Wrong),
}

/// What a proxy, a login page or a broken middle box answers for an API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    LoginPage,
    Garbage,
    EmptyCreated,
    /// The first half of the right object, without a length, so that its end looks like the body's.
    HalfAnObject,
    /// A hundred megabytes, or as many as are taken.
    Endless,
    Redirect,
    TooMany,
}

impl Wrong {
    pub const ALL: [Wrong; 7] = [
        Wrong::LoginPage,
        Wrong::Garbage,
        Wrong::EmptyCreated,
        Wrong::HalfAnObject,
        Wrong::Endless,
        Wrong::Redirect,
        Wrong::TooMany,
    ];

    async fn answer(self, client: &mut TcpStream, asked: &[u8]) {
        let length = |head: &str, body: &[u8]| {
            let head = format!(
                "HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            [head.as_bytes(), body].concat()
        };
        let object = || {
            let text = String::from_utf8_lossy(asked).into_owned();
            text.split_once("\r\n\r\n")
                .map_or(String::new(), |(_, body)| body.to_owned())
        };
        let bytes = match self {
            Wrong::LoginPage => length(
                "200 OK\r\ncontent-type: text/html",
                b"<html><form action=/login></form></html>",
            ),
            Wrong::Garbage => length("200 OK", &[0xff, 0x00, 0x7b, 0x22, 0xfe]),
            Wrong::EmptyCreated => length("201 Created", b""),
            Wrong::HalfAnObject => {
                let object = object();
                let half = &object[..object.len() / 2];
                format!("HTTP/1.1 201 Created\r\nconnection: close\r\n\r\n{half}").into_bytes()
            }
            Wrong::Endless => b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec(),
            Wrong::Redirect => length("302 Found\r\nlocation: https://login.invalid/", b""),
            Wrong::TooMany => length("429 Too Many Requests\r\nretry-after: 1", b"slow down"),
        };
        if client.write_all(&bytes).await.is_err() || self != Wrong::Endless {
            let _ = client.shutdown().await;
            return;
        }
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..100 {
            if client.write_all(&piece).await.is_err() {
                return;
            }
        }
    }
}

pub struct Relay {
    port: u16,
    upstream: String,
    shared: Arc<Shared>,
}

struct Shared {
    point: Point,
    how: How,
    posts: AtomicUsize,
    reached: Notify,
    let_go: Notify,
}

const WRITE: &[u8] = b"POST /apis/argoproj.io/v1alpha1/namespaces/apps/workflows";

impl Relay {
    /// Opens one before the server of a kubeconfig.
    pub async fn open(kubeconfig: &str, point: Point, how: How) -> Self {
        let config: Value = serde_json::from_str(kubeconfig).unwrap();
        let cluster = &config["clusters"][0]["cluster"];
        let upstream = cluster["server"].as_str().unwrap().to_owned();
        let address = upstream.strip_prefix("https://").unwrap().to_owned();
        let pem = base64::engine::general_purpose::STANDARD
            .decode(cluster["certificate-authority-data"].as_str().unwrap())
            .unwrap();
        let pem = String::from_utf8(pem).unwrap();
        let body: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
        let der = base64::engine::general_purpose::STANDARD
            .decode(body)
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(der)).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(tls));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            point,
            how,
            posts: AtomicUsize::new(0),
            reached: Notify::new(),
            let_go: Notify::new(),
        });
        let ours = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (ours, connector, address) = (ours.clone(), connector.clone(), address.clone());
                tokio::spawn(async move {
                    let Ok(tcp) = TcpStream::connect(&address).await else {
                        return;
                    };
                    let ip: std::net::SocketAddr = address.parse().unwrap();
                    let name = ServerName::IpAddress(ip.ip().into());
                    if let Ok(server) = connector.connect(name, tcp).await {
                        pass(&ours, client, server).await;
                    }
                });
            }
        });
        Self {
            port,
            upstream,
            shared,
        }
    }

    /// The kubeconfig that leads through here.
    pub fn kubeconfig(&self, direct: &str) -> String {
        direct.replace(&self.upstream, &format!("http://127.0.0.1:{}", self.port))
    }

    /// How many writes arrived here.
    pub fn posts(&self) -> usize {
        self.shared.posts.load(Ordering::SeqCst)
    }

    /// Waits until a write is at its point.
    pub async fn reached(&self) {
        self.shared.reached.notified().await;
    }

    pub fn let_go(&self) {
        self.shared.let_go.notify_waiters();
    }
}

/// Passes bytes both ways. The first write is broken off; the connection ends with it.
async fn pass<S>(shared: &Shared, mut client: TcpStream, mut server: S)
where
    S: AsyncReadExt + AsyncWriteExt + Unpin,
{
    let mut asked = vec![0; 1 << 16];
    let mut answered = vec![0; 1 << 16];
    let mut writing = false;
    let mut written = Vec::new();
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(n @ 1..) = read else { return };
                let mut chunk = &asked[..n];
                if chunk.starts_with(WRITE) {
                    writing = shared.posts.fetch_add(1, Ordering::SeqCst) == 0;
                    written = chunk.to_vec();
                    match shared.point {
                        Point::BeforeReceipt if writing => {
                            return shared.stop(&mut client, chunk).await;
                        }
                        Point::AfterReceipt if writing => {
                            chunk = &chunk[..n / 2];
                            let _ = server.write_all(chunk).await;
                            let _ = server.flush().await;
                            return shared.stop(&mut client, chunk).await;
                        }
                        _ => {}
                    }
                }
                if server.write_all(chunk).await.is_err() || server.flush().await.is_err() {
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(n @ 1..) = read else { return };
                // The server answers once it has done it.
                if writing && shared.point == Point::AfterEffect {
                    return shared.stop(&mut client, &written).await;
                }
                if client.write_all(&answered[..n]).await.is_err() {
                    return;
                }
                if writing && whole(&answered[..n]) {
                    return shared.stop(&mut client, &written).await;
                }
            }
        }
    }
}

/// Whether these bytes end an answer: those of a write are short and come at once, or by chunks that end so.
fn whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return text.ends_with("0\r\n\r\n");
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())
            .flatten()
    });
    length.is_some_and(|length| body.len() >= length) || body.ends_with("0\r\n\r\n")
}

impl Shared {
    async fn stop(&self, client: &mut TcpStream, written: &[u8]) {
        let let_go = self.let_go.notified();
        self.reached.notify_one();
        match self.how {
            How::Cut => {}
            How::Hold => let_go.await,
            How::Say(wrong) => wrong.answer(client, written).await,
        }
    }
}

/// How many Workflows carry a plan's id.
pub fn carrying(objects: &Objects, plan: &str) -> usize {
    let kind = kinds::find("argoproj.io", "v1alpha1", "workflows").unwrap();
    let page = objects.list(kind, "apps", &Selector::default(), 0, None);
    page.items
        .iter()
        .filter(|stored| stored.value["metadata"]["annotations"]["leverframe/plan"] == plan)
        .count()
}
