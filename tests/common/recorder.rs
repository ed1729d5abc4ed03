//! Recorder: servers on loopback that pass every request on to a yard's own and remember it: Kubernetes and git, over http.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use kube::config::{KubeConfigOptions, Kubeconfig};
use leverframe_yard::Yard;
use leverframe_yard::folder::Folder;

/// One request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// `git`, or the environment whose cluster was asked.
    pub server: &'static str,
    pub method: String,
    /// Path and query.
    pub path: String,
}

impl Recorded {
    /// Anything but GET, HEAD, an access review and a fetch of git. Asking what a push would begin with is a write too: a
    /// console that may not write has no business there.
    pub fn is_write(&self) -> bool {
        const REVIEWS: [&str; 2] = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"];
        let path = self.path.split('?').next().unwrap_or_default();
        match (self.server, self.method.as_str()) {
            ("git", "GET" | "HEAD") => self.path.contains("git-receive-pack"),
            ("git", "POST") => !path.ends_with("/git-upload-pack"),
            (_, "GET" | "HEAD") => false,
            (_, "POST") => !REVIEWS
                .iter()
                .any(|kind| path == format!("/apis/authorization.k8s.io/v1/{kind}")),
            _ => true,
        }
    }
}

/// What has arrived so far.
#[derive(Clone, Default)]
pub struct Record(Arc<Mutex<Vec<Recorded>>>);

impl Record {
    fn note(&self, server: &'static str, request: &Request) {
        let path = request.uri().path_and_query();
        self.0.lock().expect("no panic").push(Recorded {
            server,
            method: request.method().to_string(),
            path: path.map_or_else(String::new, ToString::to_string),
        });
    }

    /// Everything since the last call.
    pub fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut *self.0.lock().expect("no panic"))
    }
}

/// A yard behind recording servers.
pub struct Recorder {
    pub record: Record,
    folder: Folder,
    _yard: Yard,
}

impl Recorder {
    /// Puts the servers in front of a yard.
    pub async fn before(yard: Yard) -> Recorder {
        let record = Record::default();
        // Held as a yard's is, so that root may practise here.
        let folder = Folder::create().expect("a folder");
        let mut config = String::new();
        for access in yard.access() {
            let cluster = Cluster {
                environment: access.environment,
                client: client(&access.kubeconfig, &access.context).await,
                record: record.clone(),
            };
            let router = Router::new()
                .fallback(pass_on)
                .with_state(Arc::new(cluster));
            let address = serve(router).await;
            let name = access.environment;
            let kubeconfig = folder.path().join(name);
            let text = format!(
                "{{apiVersion: v1, kind: Config, users: [{{name: me, user: {{}}}}],\n\
                 clusters: [{{name: c, cluster: {{server: 'http://{address}'}}}}],\n\
                 contexts: [{{name: {name}, context: {{cluster: c, user: me}}}}]}}\n"
            );
            std::fs::write(&kubeconfig, text).expect("a kubeconfig");
            config.push_str(&format!(
                "[environments.{name}]\nkubeconfig = {kubeconfig:?}\ncontext = {name:?}\n"
            ));
        }
        let git = Git {
            root: yard.folder().to_owned(),
            record: record.clone(),
        };
        let address = serve(Router::new().fallback(git_answer).with_state(Arc::new(git))).await;
        // The yard's own delivery, which is the built-in one, with its repository at another place.
        let delivery = yard.folder().join("delivery.toml");
        let head = format!(
            "delivery = {delivery:?}\nrepository = \"http://{address}/charts.git\"\npractice = true\n"
        );
        for (file, read_only) in [
            ("writes.toml", ""),
            ("read-only.toml", "read_only = true\n"),
        ] {
            let text = format!("{head}{read_only}{config}");
            std::fs::write(folder.path().join(file), text).expect("a configuration");
        }
        Recorder {
            record,
            folder,
            _yard: yard,
        }
    }

    /// A configuration that reaches everything through the recording servers.
    pub fn config(&self, read_only: bool) -> PathBuf {
        let file = if read_only {
            "read-only.toml"
        } else {
            "writes.toml"
        };
        self.folder.path().join(file)
    }
}

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn client(kubeconfig: &Path, context: &str) -> kube::Client {
    let file = Kubeconfig::read_from(kubeconfig).expect("a kubeconfig");
    let options = KubeConfigOptions {
        context: Some(context.to_owned()),
        ..KubeConfigOptions::default()
    };
    let mut config = kube::Config::from_custom_kubeconfig(file, &options)
        .await
        .expect("the context");
    config.default_retry = false;
    // Bytes go through as they are.
    config.disable_compression = true;
    kube::Client::try_from(config).expect("a client")
}

struct Cluster {
    environment: &'static str,
    client: kube::Client,
    record: Record,
}

async fn pass_on(State(cluster): State<Arc<Cluster>>, request: Request) -> Response {
    cluster.record.note(cluster.environment, &request);
    let (parts, body) = request.into_parts();
    let body = whole(body).await;
    let mut onward = http::Request::builder().method(parts.method).uri(parts.uri);
    for (name, value) in through(&parts.headers) {
        onward = onward.header(name, value);
    }
    let onward = onward
        .body(kube::client::Body::from(body.to_vec()))
        .expect("a request");
    match cluster.client.send(onward).await {
        Ok(answer) => {
            let (parts, body) = answer.into_parts();
            let mut response = Response::new(Body::new(body));
            *response.status_mut() = parts.status;
            for (name, value) in through(&parts.headers) {
                response.headers_mut().append(name, value.clone());
            }
            response
        }
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

/// Headers that belong to the message and not to one connection.
fn through(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &axum::http::HeaderValue)> {
    const OWN: [&str; 5] = [
        "host",
        "connection",
        "content-length",
        "transfer-encoding",
        "authorization",
    ];
    headers
        .iter()
        .filter(|(name, _)| !OWN.contains(&name.as_str()))
}

async fn whole(body: Body) -> Bytes {
    to_bytes(body, 64 << 20).await.expect("a whole body")
}

struct Git {
    root: PathBuf,
    record: Record,
}

/// Git's own server program answers, as it would behind any web server.
async fn git_answer(State(git): State<Arc<Git>>, request: Request) -> Response {
    git.record.note("git", &request);
    let (parts, body) = request.into_parts();
    let body = whole(body).await;
    let header = |name: &str| {
        let value = parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let mut command = Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &git.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        // Whoever is known may push, as far as the repository's own hook lets him.
        .env("REMOTE_USER", "operator")
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header("content-type"))
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let output = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().expect("git http-backend");
        let mut stdin = child.stdin.take().expect("its input");
        std::thread::scope(|scope| {
            // Both ways at once: a pipe holds less than a pack.
            scope.spawn(move || stdin.write_all(&body));
            child.wait_with_output().expect("its output")
        })
    })
    .await
    .expect("no panic");
    cgi(&output.stdout)
}

/// The answer of a program behind a web server: headers, an empty line, the body.
fn cgi(output: &[u8]) -> Response {
    let end = output
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("an end of the headers");
    let mut response = Response::new(Body::from(output[end + 4..].to_vec()));
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let (name, value) = line.split_once(": ").expect("a header");
        if name == "Status" {
            let code = value[..3].parse().expect("a status");
            *response.status_mut() = StatusCode::from_u16(code).expect("a status");
        } else {
            let name: HeaderName = name.parse().expect("a name");
            response
                .headers_mut()
                .append(name, value.parse().expect("a value"));
        }
    }
    response
}
