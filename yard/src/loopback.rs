//! Loopback: how the yard's servers are reached, HTTPS on 127.0.0.1 with a certificate of their own, which can be shut.
//!
//! A server that is shut either refuses or hangs, and cuts open connections: that is how an environment goes down.
//! Deliberately absent: client certificates (bearer tokens say who calls) and any address but the loopback's.

use std::future::{Future, pending};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::back_off::BackOff;

/// Whether callers get through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reachability {
    /// Answers.
    Open,
    /// Nothing listens: connections are refused at once, standing ones are cut.
    Refused,
    /// Connections are taken and never answered, standing ones are cut.
    Hanging,
}

/// The certificate that the yard's servers share, and its own authority: clients trust exactly it.
#[derive(Clone)]
pub struct Certificate {
    pem: String,
    tls: TlsAcceptor,
}

impl Certificate {
    /// Makes a new one for 127.0.0.1, valid only as long as its key, which is never written down, lives.
    pub fn generate() -> io::Result<Certificate> {
        let made = rcgen::generate_simple_self_signed(vec![
            "127.0.0.1".to_owned(),
            "localhost".to_owned(),
        ])
        .map_err(io::Error::other)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .map_err(io::Error::other)?;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Certificate {
            pem: made.cert.pem(),
            tls: TlsAcceptor::from(Arc::new(tls)),
        })
    }

    /// PEM text, for a kubeconfig's certificate-authority-data.
    pub fn pem(&self) -> &str {
        &self.pem
    }
}

/// One server's listening socket. Dropping it stops the server and cuts its connections.
pub struct LoopbackServer {
    address: SocketAddr,
    reachability: Arc<watch::Sender<Reachability>>,
    closed: CancellationToken,
}

impl LoopbackServer {
    /// Serves `router` on a free port of 127.0.0.1; the port stays the same through every [`LoopbackServer::set_reachability`].
    pub async fn start(certificate: &Certificate, router: Router) -> io::Result<LoopbackServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (reachability, seen) = watch::channel(Reachability::Open);
        let closed = CancellationToken::new();
        let (ready, streams) = mpsc::channel(64);
        tokio::spawn(accept(
            listener,
            address,
            certificate.tls.clone(),
            ready,
            seen,
            closed.clone(),
        ));
        let service = router.into_make_service_with_connect_info::<Connection>();
        let served = axum::serve(Streams { streams, address }, service);
        let end = closed.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = served => {}
                () = end.cancelled() => {}
            }
        });
        Ok(LoopbackServer {
            address,
            reachability: Arc::new(reachability),
            closed,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Opens or shuts it; standing connections are cut when it shuts.
    pub fn set_reachability(&self, reachability: Reachability) {
        self.reachability.send_replace(reachability);
    }
}

impl Drop for LoopbackServer {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}

/// Takes connections while the server is open; each one lives until the next switch.
async fn accept(
    listener: TcpListener,
    address: SocketAddr,
    tls: TlsAcceptor,
    ready: mpsc::Sender<Cuttable>,
    mut reachability: watch::Receiver<Reachability>,
    closed: CancellationToken,
) {
    let mut listener = Some(listener);
    let mut cut = closed.child_token();
    let mut held = Vec::new();
    let mut back_off = BackOff::new("taking connections");
    loop {
        let now = *reachability.borrow_and_update();
        if now == Reachability::Refused {
            listener = None;
        }
        let next = async {
            match now {
                Reachability::Refused => pending().await,
                _ => next_stream(&mut listener, address, &mut back_off).await,
            }
        };
        tokio::select! {
            () = closed.cancelled() => return,
            changed = reachability.changed() => {
                if changed.is_err() { return; }
                cut.cancel();
                cut = closed.child_token();
                held.clear();
            }
            stream = next => if now == Reachability::Open {
                let (tls, ready, cut) = (tls.clone(), ready.clone(), cut.clone());
                tokio::spawn(handshake(stream, tls, ready, cut));
            } else {
                held.push(stream);
            },
        }
    }
}

/// The next connection. Where this process has no file descriptor left, or another process has taken the port that was ours
/// a moment ago, it is waited for.
async fn next_stream(
    listener: &mut Option<TcpListener>,
    address: SocketAddr,
    back_off: &mut BackOff,
) -> TcpStream {
    loop {
        let accepted = match &*listener {
            Some(listener) => {
                let accepted = listener.accept().await;
                accepted.map(|(stream, _)| Some(stream))
            }
            None => TcpListener::bind(address).await.map(|bound| {
                *listener = Some(bound);
                None
            }),
        };
        match accepted {
            Ok(stream) => {
                back_off.end();
                if let Some(stream) = stream {
                    return stream;
                }
            }
            Err(error) => tokio::time::sleep(back_off.pause_after(&error)).await,
        }
    }
}

async fn handshake(
    stream: TcpStream,
    tls: TlsAcceptor,
    ready: mpsc::Sender<Cuttable>,
    cut: CancellationToken,
) {
    // Small frames of a watch must not wait for the next one.
    let _ = stream.set_nodelay(true);
    let shaken = tokio::select! {
        shaken = tls.accept(stream) => shaken,
        () = cut.cancelled() => return,
    };
    if let Ok(stream) = shaken {
        let own = cut.child_token();
        let stream = Cuttable {
            stream,
            own: own.clone(),
            cut: Box::pin(own.cancelled_owned()),
        };
        let _ = ready.send(stream).await;
    }
}

struct Streams {
    streams: mpsc::Receiver<Cuttable>,
    address: SocketAddr,
}

impl Listener for Streams {
    type Io = Cuttable;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Cuttable, SocketAddr) {
        match self.streams.recv().await {
            Some(stream) => (stream, self.address),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// A connection that ends, as if the machine behind it had gone, when its token is cancelled.
pub struct Cuttable {
    stream: TlsStream<TcpStream>,
    own: CancellationToken,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

/// The connection that a request came on.
#[derive(Clone)]
pub struct Connection(CancellationToken);

impl Connection {
    /// Ends it without another byte.
    pub fn cut(&self) {
        self.0.cancel();
    }
}

impl Connected<IncomingStream<'_, Streams>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Streams>) -> Connection {
        Connection(stream.io().own.clone())
    }
}

impl Cuttable {
    fn is_cut(&mut self, context: &mut Context<'_>) -> bool {
        self.cut.as_mut().poll(context).is_ready()
    }
}

impl AsyncRead for Cuttable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_cut(context) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_cut(context) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    /// The port is another's until it is not: binding it fails as taking a connection does without a file descriptor.
    #[tokio::test]
    async fn a_server_that_cannot_take_connections_waits_and_then_takes_them() {
        let other = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = other.local_addr().unwrap();
        let mut back_off = BackOff::new("a test");
        let mut listener = None;
        let since = Instant::now();
        let waiting = next_stream(&mut listener, address, &mut back_off);
        let waited = tokio::time::timeout(Duration::from_millis(300), waiting).await;
        assert!(waited.is_err(), "{:?}", since.elapsed());
        assert!((2..=3).contains(&back_off.failures()), "{back_off:?}");
        drop(other);
        let caller = async {
            loop {
                if let Ok(stream) = TcpStream::connect(address).await {
                    return stream;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let taken = next_stream(&mut listener, address, &mut back_off);
        let (taken, caller) = tokio::join!(taken, caller);
        assert_eq!(taken.peer_addr().unwrap(), caller.local_addr().unwrap());
        assert_eq!(back_off.failures(), 0);
    }
}
