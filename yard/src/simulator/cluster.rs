//! Cluster: one environment's Kubernetes API as the simulator uses it, an ordinary client that reads and writes raw JSON.
//!
//! The yard's own server and a real kube-apiserver are used alike, so that tests can play the simulator on both.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::time::Duration;

use futures::TryStreamExt;
use http::Request;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::WatchEvent;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::kubelet::ContainerLogs;
use super::workload::set_container_ids;
use crate::fleet::{APPS, ARGO_CD};
use crate::kubernetes::kinds::{self, Kind};

/// Why a request failed.
pub type ClusterError = kube::Error;

/// How long any single request may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// One environment.
#[derive(Clone)]
pub struct Cluster {
    /// Its name.
    pub environment: &'static str,
    /// What the containers of its pods print.
    pub logs: ContainerLogs,
    /// The namespace of all objects but Applications.
    namespace: String,
    client: kube::Client,
}

/// A change that a watch reported.
#[derive(Debug, Clone)]
pub enum Watched {
    /// The object was created or changed; this is its present state.
    Present(Value),
    /// The object was deleted; this was its last state.
    Gone(Value),
}

impl Cluster {
    /// Uses a client that never retries, because a write that is sent twice may be done twice.
    pub fn new(environment: &'static str, client: kube::Client, logs: ContainerLogs) -> Cluster {
        Cluster {
            environment,
            logs,
            namespace: APPS.to_owned(),
            client,
        }
    }

    /// The same cluster, for the objects of an app that lives in a namespace of its own.
    pub fn in_namespace(&self, namespace: &str) -> Cluster {
        Cluster {
            namespace: namespace.to_owned(),
            ..self.clone()
        }
    }

    /// Connects by a context of a kubeconfig file; requests are never sent twice.
    ///
    /// # Errors
    /// Where the server is not on loopback: whatever the file names, the yard plays on this machine only. Nothing has been
    /// sent then.
    pub async fn connect(
        environment: &'static str,
        file: &Path,
        context: &str,
        logs: ContainerLogs,
    ) -> io::Result<Cluster> {
        let config = Kubeconfig::read_from(file).map_err(io::Error::other)?;
        let options = KubeConfigOptions {
            context: Some(context.to_owned()),
            ..KubeConfigOptions::default()
        };
        let mut config = kube::Config::from_custom_kubeconfig(config, &options)
            .await
            .map_err(io::Error::other)?;
        config.default_retry = false;
        on_loopback(&config.cluster_url)?;
        let client = kube::Client::try_from(config).map_err(io::Error::other)?;
        Ok(Cluster::new(environment, client, logs))
    }

    /// One object; none where there is no such object.
    pub async fn get(&self, resource: &str, name: &str) -> Result<Option<Value>, ClusterError> {
        match self
            .ask("GET", &format!("{}/{name}", self.path(resource)), None)
            .await
        {
            Ok(object) => Ok(Some(object)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The objects that match a label selector; an empty selector matches all.
    pub async fn list(&self, resource: &str, labels: &str) -> Result<Vec<Value>, ClusterError> {
        let list = self
            .ask(
                "GET",
                &format!("{}?labelSelector={}", self.path(resource), escaped(labels)),
                None,
            )
            .await?;
        Ok(list["items"].as_array().cloned().unwrap_or_default())
    }

    /// Creates an object and, where its kind has a status subresource, writes its status too. None where the name is taken.
    pub async fn create(&self, object: &Value) -> Result<Option<Value>, ClusterError> {
        let Some(kind) = kinds::kind_of(object) else {
            return Ok(None);
        };
        let body = Some(("application/json", object.to_string()));
        // The object's own namespace counts, which may be another than this cluster's usual one.
        let own = object["metadata"]["namespace"].as_str();
        let path = path_in(kind.resource, own.unwrap_or(&self.namespace));
        let created = match self.ask("POST", &path, body).await {
            Ok(created) => created,
            Err(kube::Error::Api(status)) if status.code == 409 => return Ok(None),
            Err(error) => return Err(error),
        };
        let status = &object["status"];
        if !kind.status || !status.is_object() {
            return Ok(Some(created));
        }
        let name = created["metadata"]["name"].as_str().unwrap_or("");
        self.in_namespace(own.unwrap_or(&self.namespace))
            .patch_status(kind.resource, name, status)
            .await
            .map(Some)
    }

    /// Merges a patch into an object.
    pub async fn patch(
        &self,
        resource: &str,
        name: &str,
        patch: &Value,
    ) -> Result<Value, ClusterError> {
        let body = Some(("application/merge-patch+json", patch.to_string()));
        self.ask("PATCH", &format!("{}/{name}", self.path(resource)), body)
            .await
    }

    /// Merges into the status of a kind that has a status subresource.
    pub async fn patch_status(
        &self,
        resource: &str,
        name: &str,
        status: &Value,
    ) -> Result<Value, ClusterError> {
        let mut status = status.clone();
        if resource == "pods" {
            set_container_ids(name, &mut status);
        }
        let body = Some((
            "application/merge-patch+json",
            json!({ "status": status }).to_string(),
        ));
        self.ask(
            "PATCH",
            &format!("{}/{name}/status", self.path(resource)),
            body,
        )
        .await
    }

    /// Deletes an object at once; it is no error if the object is gone already.
    pub async fn delete(&self, resource: &str, name: &str) -> Result<(), ClusterError> {
        // A deletion with a grace period waits for a kubelet or a garbage collector, and the yard has neither.
        let body = Some((
            "application/json",
            json!({ "gracePeriodSeconds": 0, "propagationPolicy": "Background" }).to_string(),
        ));
        match self
            .ask("DELETE", &format!("{}/{name}", self.path(resource)), body)
            .await
        {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            other => other.map(drop),
        }
    }

    /// The path of a resource's objects.
    fn path(&self, resource: &str) -> String {
        let namespace = if resource == "applications" {
            ARGO_CD
        } else {
            &self.namespace
        };
        path_in(resource, namespace)
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<(&str, String)>,
    ) -> Result<Value, ClusterError> {
        let mut request = Request::builder().method(method).uri(path);
        let mut bytes = Vec::new();
        if let Some((kind, text)) = body {
            request = request.header(http::header::CONTENT_TYPE, kind);
            bytes = text.into_bytes();
        }
        let request = request.body(bytes).map_err(kube::Error::HttpError)?;
        let late =
            |_| kube::Error::Service(format!("no answer within {} s", PATIENCE.as_secs()).into());
        tokio::time::timeout(PATIENCE, self.client.request::<Value>(request))
            .await
            .map_err(late)?
    }

    /// Every object of a kind as it is now, and then every change, for as long as the receiver lives. After a lost
    /// connection the watch is opened again, and the changes of the time in between follow.
    pub fn watch(&self, resource: &'static str) -> mpsc::Receiver<Watched> {
        let (sender, changes) = mpsc::channel(256);
        let cluster = self.clone();
        tokio::spawn(async move {
            let mut known = HashSet::new();
            while !sender.is_closed() {
                if let Err(error) = cluster.follow(resource, &sender, &mut known).await {
                    tracing::debug!(environment = cluster.environment, resource, %error, "the simulator's watch ended");
                }
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(500)) => {}
                    () = sender.closed() => return,
                }
            }
        });
        changes
    }

    async fn follow(
        &self,
        resource: &str,
        sender: &mpsc::Sender<Watched>,
        known: &mut HashSet<String>,
    ) -> Result<(), ClusterError> {
        let list = self.ask("GET", &self.path(resource), None).await?;
        let mut version = list["metadata"]["resourceVersion"]
            .as_str()
            .unwrap_or("")
            .to_owned();
        let kind = kinds::KINDS.iter().find(|kind| kind.resource == resource);
        let mut gone = std::mem::take(known);
        for item in list["items"].as_array().cloned().unwrap_or_default() {
            let name = name(&item).to_owned();
            gone.remove(&name);
            known.insert(name);
            let _ = sender.send(Watched::Present(typed(kind, item))).await;
        }
        for name in gone {
            let _ = sender
                .send(Watched::Gone(json!({ "metadata": { "name": name } })))
                .await;
        }
        loop {
            let uri = format!(
                "{}?watch=1&allowWatchBookmarks=true&timeoutSeconds=290&resourceVersion={version}",
                self.path(resource)
            );
            let request = Request::get(uri)
                .body(Vec::new())
                .map_err(kube::Error::HttpError)?;
            let stream = self.client.request_events::<Value>(request).await?;
            futures::pin_mut!(stream);
            while let Some(event) = tokio::select! {
                event = stream.try_next() => event?,
                () = sender.closed() => return Ok(()),
            } {
                let (object, is) = match event {
                    WatchEvent::Added(object) | WatchEvent::Modified(object) => (object, true),
                    WatchEvent::Deleted(object) => (object, false),
                    WatchEvent::Bookmark(bookmark) => {
                        version = bookmark.metadata.resource_version;
                        continue;
                    }
                    WatchEvent::Error(status) => return Err(kube::Error::Api(status)),
                };
                version = object["metadata"]["resourceVersion"]
                    .as_str()
                    .unwrap_or(&version)
                    .to_owned();
                if is {
                    known.insert(name(&object).to_owned());
                } else {
                    known.remove(name(&object));
                }
                let _ = sender
                    .send(if is {
                        Watched::Present(object)
                    } else {
                        Watched::Gone(object)
                    })
                    .await;
            }
        }
    }
}

/// Refuses a server that is not on this machine's loopback.
fn on_loopback(server: &http::Uri) -> io::Result<()> {
    let host = server.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = bare
        .parse::<std::net::IpAddr>()
        .is_ok_and(|address| address.is_loopback());
    if is_loopback {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!(
            "{server} is not on loopback, and the yard plays nowhere else; nothing was sent there"
        ),
    ))
}

/// An object's name.
pub fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or("")
}

/// Adds what an item of a list leaves out because the list says it once: its kind and API version.
fn typed(kind: Option<&Kind>, mut object: Value) -> Value {
    if let (Some(kind), Some(map)) = (kind, object.as_object_mut()) {
        map.entry("kind").or_insert_with(|| json!(kind.kind));
        map.entry("apiVersion")
            .or_insert_with(|| json!(kind.api_version()));
    }
    object
}

fn path_in(resource: &str, namespace: &str) -> String {
    let Some(kind) = kinds::KINDS.iter().find(|kind| kind.resource == resource) else {
        return "/".to_owned();
    };
    let root = if kind.group.is_empty() {
        "/api/v1".to_owned()
    } else {
        format!("/apis/{}/{}", kind.group, kind.version)
    };
    if kind.namespaced {
        format!("{root}/namespaces/{namespace}/{resource}")
    } else {
        format!("{root}/{resource}")
    }
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25")
        .replace('=', "%3D")
        .replace(',', "%2C")
        .replace('/', "%2F")
        .replace('!', "%21")
        .replace(' ', "%20")
}

#[cfg(test)]
mod tests {
    use super::on_loopback;

    #[test]
    fn the_yard_plays_on_loopback_only() {
        for server in [
            "https://127.0.0.1:6443",
            "http://127.8.9.1",
            "https://[::1]:6443/",
        ] {
            assert!(on_loopback(&server.parse().unwrap()).is_ok(), "{server}");
        }
        for server in [
            "https://10.0.0.1:6443",
            "https://production.example.org",
            "https://localhost.example.org",
            "https://localhost:6443",
            "https://[2001:db8::1]",
            "/apis",
        ] {
            let error = on_loopback(&server.parse().unwrap()).unwrap_err();
            assert!(error.to_string().contains("nothing was sent"), "{error}");
        }
    }
}
