//! Faulty: a server for tests that answers exactly what a test says, byte for byte, and counts what arrives.
//!
//! It speaks HTTP over bare TCP, so that it can also do what no HTTP library lets a server do: cut an answer short, never
//! answer, or hang up after it has received a request.

use super::connect::{Access, KubeContext, Limits};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    pub(crate) headers: String,
    pub(crate) body: String,
}

/// What is sent back, and what happens then.
pub(crate) struct Reply {
    bytes: Vec<u8>,
    hang: bool,
}

impl Reply {
    /// A whole answer.
    pub(crate) fn json(code: u16, body: &str) -> Reply {
        Reply::with(code, "", body)
    }

    /// A whole answer with further headers, each ended by CR LF.
    pub(crate) fn with(code: u16, headers: &str, body: &str) -> Reply {
        let head = format!(
            "HTTP/1.1 {code} X\r\ncontent-type: application/json\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
            body.len()
        );
        Reply {
            bytes: (head + body).into_bytes(),
            hang: false,
        }
    }

    /// An answer without a length, which ends with the connection.
    pub(crate) fn until_closed(code: u16, body: &str) -> Reply {
        let head = format!(
            "HTTP/1.1 {code} X\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"
        );
        Reply {
            bytes: (head + body).into_bytes(),
            hang: false,
        }
    }

    /// A whole answer, packed by gzip though nobody asked for it.
    pub(crate) fn packed(body: &[u8]) -> Reply {
        use std::io::Write as _;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(body).unwrap();
        let packed = packed.finish().unwrap();
        let head = format!(
            "HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            packed.len()
        );
        Reply {
            bytes: [head.into_bytes(), packed].concat(),
            hang: false,
        }
    }

    /// A Status that says no.
    pub(crate) fn no(code: u16, reason: &str, message: &str) -> Reply {
        let status = serde_json::json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message});
        Reply::json(code, &status.to_string())
    }

    /// A stream of lines that ends well.
    pub(crate) fn lines(lines: &[String]) -> Reply {
        Reply::stream(lines, "0\r\n\r\n", false)
    }

    /// A stream of lines that breaks off.
    pub(crate) fn cut(lines: &[String]) -> Reply {
        Reply::stream(lines, "", false)
    }

    /// A stream of lines that stays open, silent.
    pub(crate) fn open(lines: &[String]) -> Reply {
        Reply::stream(lines, "", true)
    }

    fn stream(lines: &[String], end: &str, hang: bool) -> Reply {
        let mut bytes = String::from(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        );
        for line in lines {
            bytes.push_str(&format!("{:x}\r\n{line}\r\n", line.len()));
        }
        bytes.push_str(end);
        Reply {
            bytes: bytes.into_bytes(),
            hang,
        }
    }

    /// A stream of any bytes in small pieces, which ends well or breaks off.
    pub(crate) fn bytes(bytes: &[u8], whole: bool) -> Reply {
        let mut reply = Reply::stream(&[], "", false);
        for piece in bytes.chunks(1_000) {
            reply
                .bytes
                .extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            reply.bytes.extend_from_slice(piece);
            reply.bytes.extend_from_slice(b"\r\n");
        }
        if whole {
            reply.bytes.extend_from_slice(b"0\r\n\r\n");
        }
        reply
    }

    /// No answer: the connection is closed after the request was received.
    pub(crate) fn hang_up() -> Reply {
        Reply {
            bytes: Vec::new(),
            hang: false,
        }
    }

    /// No answer, ever.
    pub(crate) fn silence() -> Reply {
        Reply {
            bytes: Vec::new(),
            hang: true,
        }
    }
}

/// The server; it ends with this value.
pub(crate) struct Faulty {
    asked: Arc<Mutex<Vec<Asked>>>,
    folder: tempfile::TempDir,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Faulty {
    /// Starts a server whose answers are made by the number of the request (from 0) and the request itself.
    pub(crate) async fn start(
        answer: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static,
    ) -> Faulty {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, list) = (Arc::new(answer), asked.clone());
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, list) = (answer.clone(), list.clone());
                connections.spawn(async move {
                    serve(stream, &*answer, &list).await;
                });
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\nusers: [{{name: u, user: {{token: faulty-token}}}}]\n\
             contexts: [{{name: faulty, context: {{cluster: c, user: u}}}}]\n"
        );
        std::fs::write(folder.path().join("config"), config).unwrap();
        Faulty {
            asked,
            folder,
            task,
        }
    }

    pub(crate) fn place(&self) -> KubeContext {
        KubeContext {
            kubeconfig: self.folder.path().join("config"),
            context: "faulty".into(),
        }
    }

    pub(crate) fn access(&self) -> Access {
        let limits = Limits {
            rest: Duration::ZERO,
            ..Limits::default()
        };
        Access::with(self.place(), limits)
    }

    /// Every request so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: &(impl Fn(usize, &Asked) -> Reply + Send + Sync),
    list: &Mutex<Vec<Asked>>,
) {
    let Some(asked) = receive(&mut stream).await else {
        return;
    };
    let reply = {
        let mut list = list.lock().unwrap();
        list.push(asked.clone());
        answer(list.len() - 1, &asked)
    };
    let _ = stream.write_all(&reply.bytes).await;
    if reply.hang {
        // until the other side has had enough
        let _ = stream.read(&mut [0; 1]).await;
    }
}

async fn receive(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = memchr::memmem::find(&bytes, b"\r\n\r\n") {
            break end;
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => bytes.extend_from_slice(&chunk[..n]),
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec())
        .unwrap()
        .to_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |n| n.trim().parse().unwrap());
    while bytes.len() < head + 4 + length {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => bytes.extend_from_slice(&chunk[..n]),
        }
    }
    let first = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut words = first.lines().next()?.split(' ');
    Some(Asked {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        headers: text,
        body: String::from_utf8(bytes[head + 4..].to_vec()).unwrap(),
    })
}
