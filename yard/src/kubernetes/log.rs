//! Log: `pods/log`, asked of the kubelet that the pod's Node names, as the real server asks it.
//!
//! The server keeps no line itself: whoever wrote the Node answers for the logs.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::Response;
use serde_json::Value;

use super::kinds;
use super::objects::Objects;
use super::route::{Query, Route, text};
use super::status::{Answer, Status};

/// Clients of the kubelets met so far, by address.
#[derive(Default)]
pub struct Kubelets(Mutex<HashMap<String, kube::Client>>);

/// The parameters that go on to the kubelet, under the same names.
const PASSED: [&str; 7] = [
    "follow",
    "previous",
    "timestamps",
    "sinceTime",
    "sinceSeconds",
    "tailLines",
    "limitBytes",
];

/// Streams a container's log.
pub async fn log(objects: &Objects, kubelets: &Kubelets, route: &Route, query: &Query) -> Answer {
    let pod = objects
        .get(route.kind, &route.namespace, &route.name)
        .ok_or_else(|| Status::not_found(route.kind, &route.name))?;
    let container = container(&pod.value, &route.name, text(query, "container"))?;
    let node = pod.value["spec"]["nodeName"].as_str().unwrap_or("");
    if node.is_empty() {
        return Ok(plain(StatusCode::NO_CONTENT, Body::empty()));
    }
    let address = kubelet(objects, node)?;
    let client = kubelets.client(&address)?;
    let mut path = format!(
        "/containerLogs/{}/{}/{container}?",
        route.namespace, route.name
    );
    for name in PASSED {
        if let Some(value) = query.get(name) {
            // Times carry a colon and may carry a plus; nothing else needs escaping.
            path.push_str(&format!(
                "{name}={}&",
                value
                    .replace('%', "%25")
                    .replace('+', "%2B")
                    .replace(' ', "%20")
            ));
        }
    }
    let request = Request::get(path.trim_end_matches(['&', '?']))
        .body(kube::client::Body::empty())
        .map_err(|error| Status::bad_request(error.to_string()))?;
    let dial = |error: kube::Error| {
        Status::other(500, format!("Get \"https://{address}{path}\": {error}"))
    };
    let answered = client.send(request).await.map_err(dial)?;
    let code = answered.status();
    if code.is_success() {
        return Ok(plain(StatusCode::OK, Body::new(answered.into_body())));
    }
    let body = axum::body::to_bytes(Body::new(answered.into_body()), 16 * 1024)
        .await
        .unwrap_or_default();
    let text = String::from_utf8_lossy(&body).trim_end().to_owned();
    Err(match code.as_u16() {
        400 => Status::bad_request(text),
        404 => Status::not_found(route.kind, &route.name),
        code => Status::other(code, text),
    })
}

/// The container asked for, or the only one; 400 in the real server's words.
fn container(pod: &Value, name: &str, asked: &str) -> Result<String, Status> {
    let names = |field: &str| -> Vec<String> {
        let list = pod["spec"][field]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        list.iter()
            .filter_map(|one| one["name"].as_str())
            .map(str::to_owned)
            .collect()
    };
    let (own, init) = (names("containers"), names("initContainers"));
    if asked.is_empty() {
        if let ([only], []) = (own.as_slice(), init.as_slice()) {
            return Ok(only.clone());
        }
        if let Some(default) =
            pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"].as_str()
            && own.iter().any(|one| one == default)
        {
            return Ok(default.to_owned());
        }
        let mut message = format!(
            "a container name must be specified for pod {name}, choose one of: [{}]",
            own.join(" ")
        );
        if !init.is_empty() {
            message.push_str(&format!(
                " or one of the init containers: [{}]",
                init.join(" ")
            ));
        }
        return Err(Status::bad_request(message));
    }
    if own.iter().chain(&init).any(|one| one == asked) {
        return Ok(asked.to_owned());
    }
    Err(Status::bad_request(format!(
        "container {asked} is not valid for pod {name}"
    )))
}

fn kubelet(objects: &Objects, node: &str) -> Result<String, Status> {
    let kind = kinds::find("", "v1", "nodes").ok_or_else(Status::method_not_allowed)?;
    let found = objects
        .get(kind, "", node)
        .ok_or_else(|| Status::not_found(kind, node))?;
    let status = &found.value["status"];
    let address = status["addresses"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["type"] == "InternalIP"))
        .and_then(|one| one["address"].as_str());
    let address = address.ok_or_else(|| {
        Status::other(
            500,
            format!("no preferred addresses found; known addresses: [] of node {node}"),
        )
    })?;
    let port = status["daemonEndpoints"]["kubeletEndpoint"]["Port"]
        .as_u64()
        .unwrap_or(10250);
    Ok(format!("{address}:{port}"))
}

impl Kubelets {
    fn client(&self, address: &str) -> Result<kube::Client, Status> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = known.get(address) {
            return Ok(client.clone());
        }
        let failed = |error: String| {
            Status::other(
                500,
                format!("the kubelet at {address} cannot be asked: {error}"),
            )
        };
        let url = format!("https://{address}/")
            .parse::<axum::http::Uri>()
            .map_err(|error| failed(error.to_string()))?;
        let mut config = kube::Config::new(url);
        // The real server does not verify a kubelet's certificate either unless an authority is configured.
        config.accept_invalid_certs = true;
        config.connect_timeout = Some(Duration::from_secs(5));
        config.read_timeout = None;
        let client = kube::Client::try_from(config).map_err(|error| failed(error.to_string()))?;
        known.insert(address.to_owned(), client.clone());
        Ok(client)
    }
}

fn plain(code: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}
