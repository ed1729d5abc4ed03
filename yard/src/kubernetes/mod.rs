//! Kubernetes: the part of its API that the console and the simulator call, as a real server on loopback.
//!
//! It passes the same suite as the real kube-apiserver (`tests/providers/kube_api`) and can be taken down, or made to fail one
//! request in any of the ways a network has. Deliberately absent: discovery, admission, server-side apply, controllers.

pub mod kinds;
pub mod log;
pub mod objects;
pub mod patch;
pub mod read;
pub mod rights;
pub mod route;
pub mod rules;
pub mod selector;
pub mod status;
pub mod write;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Query as QueryOf, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::loopback::{Certificate, Connection, LoopbackServer, Reachability};
use objects::Objects;
use read::WatchList;
use rights::Person;
use route::{Query, Route, flag};
use status::{Answer, Status, answer};

/// One API server.
pub struct Server {
    listening: LoopbackServer,
    api: Arc<Api>,
    certificate: Certificate,
}

struct Api {
    objects: Arc<Objects>,
    kubelets: log::Kubelets,
    people: Vec<Person>,
    injected: Mutex<Injected>,
}

struct Injected {
    faults: Vec<Fault>,
    calls: HashMap<(String, String), usize>,
    watch_list: WatchList,
}

/// Something that goes wrong with requests, for tests and scenarios.
#[derive(Debug, Clone)]
pub struct Fault {
    /// get, list, watch, create, update, patch or delete.
    pub verb: &'static str,
    /// As in `workflows` or `pods/log`.
    pub resource: &'static str,
    /// How many requests it still hits.
    pub times: usize,
    /// What happens to them.
    pub failure: Failure,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// This code is answered and nothing done.
    Answer(u16),
    /// It is done, and then this code is answered.
    AnswerAfter(u16),
    /// The connection is cut and nothing done.
    Cut,
    /// It is done, and then the connection is cut without an answer.
    CutAfter,
}

impl Server {
    /// Starts one for these people, empty but for the namespace `default`; `seed` decides uids and generated names.
    pub async fn start(
        certificate: &Certificate,
        people: Vec<Person>,
        seed: u64,
    ) -> io::Result<Server> {
        let objects = Arc::new(Objects::new(seed));
        let default = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "default" }, "status": { "phase": "Active" } });
        objects
            .insert(default)
            .map_err(|status| io::Error::other(status.object().to_string()))?;
        let injected = Injected {
            faults: Vec::new(),
            calls: HashMap::new(),
            watch_list: WatchList::Served,
        };
        let api = Arc::new(Api {
            objects,
            kubelets: log::Kubelets::default(),
            people,
            injected: Mutex::new(injected),
        });
        let router = Router::new().fallback(serve).with_state(api.clone());
        let listening = LoopbackServer::start(certificate, router).await?;
        Ok(Server {
            listening,
            api,
            certificate: certificate.clone(),
        })
    }

    /// What it holds.
    pub fn objects(&self) -> &Arc<Objects> {
        &self.api.objects
    }

    /// Opens it, or takes it down; standing connections are cut when it goes down.
    pub fn set_reachability(&self, reachability: Reachability) {
        self.listening.set_reachability(reachability);
    }

    /// Adds a fault; of several that fit a request the oldest hits.
    pub fn fault(&self, fault: Fault) {
        self.api.injected().faults.push(fault);
    }

    /// How it meets a watch-list from now on.
    pub fn watch_list(&self, mode: WatchList) {
        self.api.injected().watch_list = mode;
    }

    /// How many authenticated requests of this verb and resource have arrived, the failed ones too.
    pub fn calls(&self, verb: &str, resource: &str) -> usize {
        self.api
            .injected()
            .calls
            .get(&(verb.to_owned(), resource.to_owned()))
            .copied()
            .unwrap_or(0)
    }

    /// A kubeconfig with one context per person: the first person's is called `name`, another's `name-person`.
    pub fn kubeconfig(&self, name: &str) -> String {
        let address = self.listening.address();
        let authority = STANDARD.encode(self.certificate.pem());
        let (mut users, mut contexts) = (Vec::new(), Vec::new());
        for (number, person) in self.api.people.iter().enumerate() {
            let context = if number == 0 {
                name.to_owned()
            } else {
                format!("{name}-{}", person.name)
            };
            users.push(json!({ "name": context, "user": { "token": person.token() } }));
            contexts
                .push(json!({ "name": context, "context": { "cluster": name, "user": context } }));
        }
        let cluster = json!({ "server": format!("https://{address}"), "certificate-authority-data": authority });
        // JSON is YAML; kubectl reads it as well.
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": name,
            "clusters": [{ "name": name, "cluster": cluster }], "users": users, "contexts": contexts,
        });
        format!("{config:#}\n")
    }
}

impl Api {
    fn injected(&self) -> std::sync::MutexGuard<'_, Injected> {
        self.injected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn person(&self, headers: &HeaderMap) -> Option<&Person> {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let token = value.strip_prefix("Bearer ")?;
        self.people.iter().find(|person| person.holds(token))
    }

    /// Counts the call and says what goes wrong with it.
    fn count_call(&self, verb: &str, resource: &str) -> Option<Failure> {
        let mut injected = self.injected();
        *injected
            .calls
            .entry((verb.to_owned(), resource.to_owned()))
            .or_insert(0) += 1;
        let at = injected.faults.iter().position(|fault| {
            fault.verb == verb && fault.resource == resource && fault.times > 0
        })?;
        let fault = injected.faults.get_mut(at)?;
        fault.times -= 1;
        Some(fault.failure)
    }
}

async fn serve(
    State(api): State<Arc<Api>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    QueryOf(query): QueryOf<Query>,
    request: Request,
) -> Response {
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/readyz" | "/livez" | "/healthz" => return "ok".into_response(),
        "/version" => {
            let version = json!({ "major": "1", "minor": "33", "gitVersion": "v1.33.0-leverframe.yard", "platform": "yard/loopback" });
            return answer(StatusCode::OK, version.to_string());
        }
        _ => {}
    }
    let Some(person) = api.person(request.headers()) else {
        return Status::unauthorized().into_response();
    };
    if let Some(answered) = about_self(person, &path, &request) {
        return match answered {
            About::Answer(response) => response,
            About::Review => review(person, request)
                .await
                .unwrap_or_else(IntoResponse::into_response),
        };
    }
    let Some(route) = Route::parse(&path) else {
        return (StatusCode::NOT_FOUND, "404 page not found\n").into_response();
    };
    let Some(verb) = verb(request.method(), &route, &query) else {
        return Status::method_not_allowed().into_response();
    };
    let resource = route.resource();
    let failure = api.count_call(verb, &resource);
    match failure {
        Some(Failure::Answer(code)) => {
            return Status::other(code, "the yard was asked to fail this request").into_response();
        }
        Some(Failure::Cut) => {
            connection.cut();
            return std::future::pending().await;
        }
        _ => {}
    }
    if !person.may(verb, route.kind.group, &resource) {
        return Status::forbidden(
            &person.name,
            verb,
            route.kind,
            &resource,
            &route.namespace,
            &route.name,
        )
        .into_response();
    }
    let answered = execute(&api, verb, &route, &query, request)
        .await
        .unwrap_or_else(IntoResponse::into_response);
    match failure {
        Some(Failure::AnswerAfter(code)) => {
            Status::other(code, "the yard was asked to fail this answer").into_response()
        }
        Some(Failure::CutAfter) => {
            connection.cut();
            std::future::pending().await
        }
        _ => answered,
    }
}

fn verb(method: &Method, route: &Route, query: &Query) -> Option<&'static str> {
    Some(match (method.as_str(), route.name.is_empty()) {
        ("GET", true) if flag(query, "watch") => "watch",
        ("GET", true) => "list",
        ("GET", false) => "get",
        ("POST", true) => "create",
        ("PUT", false) if route.subresource != "log" => "update",
        ("PATCH", false) if route.subresource != "log" => "patch",
        ("DELETE", false) if route.subresource.is_empty() => "delete",
        _ => return None,
    })
}

async fn execute(api: &Api, verb: &str, route: &Route, query: &Query, request: Request) -> Answer {
    let objects = &api.objects;
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    match verb {
        "get" if route.subresource == "log" => {
            return log::log(objects, &api.kubelets, route, query).await;
        }
        "get" => return read::get(objects, route, headers),
        "list" => return read::list(objects, route, query, headers),
        "watch" => {
            let mode = api.injected().watch_list;
            return read::watch(objects, route, query, mode);
        }
        _ => {}
    }
    let body = read_body(body).await?;
    let request = write::Request {
        route,
        query,
        headers,
        body: &body,
    };
    match verb {
        "create" => write::create(objects, &request),
        "update" => write::replace(objects, &request),
        "patch" => write::patch(objects, &request),
        "delete" => write::delete(objects, &request),
        _ => Err(Status::method_not_allowed()),
    }
}

/// The real server's limit on a request's body.
async fn read_body(body: Body) -> Result<axum::body::Bytes, Status> {
    let limit = 3 * 1024 * 1024;
    axum::body::to_bytes(body, limit)
        .await
        .map_err(|_| Status::other(413, format!("Request entity too large: limit is {limit}")))
}

enum About {
    Answer(Response),
    Review,
}

/// The requests about the caller: who am I, may I.
fn about_self(person: &Person, path: &str, request: &Request) -> Option<About> {
    let asked = match path {
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => About::Review,
        "/apis/authentication.k8s.io/v1/selfsubjectreviews" => {
            let user = json!({ "username": person.name, "groups": ["system:authenticated"] });
            let review = json!({
                "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview",
                "metadata": { "creationTimestamp": rules::now() }, "status": { "userInfo": user },
            });
            About::Answer(answer(StatusCode::CREATED, review.to_string()))
        }
        _ => return None,
    };
    let allowed = request.method() == Method::POST;
    Some(if allowed {
        asked
    } else {
        About::Answer(Status::method_not_allowed().into_response())
    })
}

async fn review(person: &Person, request: Request) -> Answer {
    let body = read_body(request.into_body()).await?;
    let mut review: Value = serde_json::from_slice(&body)
        .map_err(|error| Status::bad_request(format!("error decoding the review: {error}")))?;
    let asked = &review["spec"]["resourceAttributes"];
    let read = |field: &str| asked[field].as_str().unwrap_or("");
    let (resource, subresource) = (read("resource"), read("subresource"));
    let resource = if subresource.is_empty() {
        resource.to_owned()
    } else {
        format!("{resource}/{subresource}")
    };
    let allowed = person.may(read("verb"), read("group"), &resource);
    if let Some(map) = review.as_object_mut() {
        map.insert("apiVersion".to_owned(), json!("authorization.k8s.io/v1"));
        map.insert("kind".to_owned(), json!("SelfSubjectAccessReview"));
        map.entry("metadata").or_insert_with(|| json!({}));
        map.insert("status".to_owned(), json!({ "allowed": allowed }));
    }
    Ok(answer(StatusCode::CREATED, review.to_string()))
}
