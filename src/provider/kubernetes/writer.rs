//! Writer: sends the one write of a plan to a cluster, once, and says what became of it.
//!
//! Just before sending it looks at the object again: what differs from the plan refuses. Afterwards there are four words:
//! applied, refused (409, 422, a precondition), failed (the server said no), unknown (no answer, 5xx). An unknown is settled by
//! looking for the plan in the world. Deliberately absent: a second send, whatever happens.

mod judge;
mod look;

use super::call::Failure;
use super::connect::{Access, Writing};
use super::wire;
use crate::model::{Environment, Fault};
use crate::plan::{Outcome, Plan, Write};
use crate::provider;
use crate::store::Kind;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The look before.
    pub look: Duration,
    /// The write; after this its outcome is unknown.
    pub write: Duration,
    /// An API server works on a request for a minute at the most, so what was not there by this time after sending it never
    /// will be.
    pub quiet: Duration,
    /// What was created is still there for this long after its plan was made: nobody removes a run sooner.
    pub recent: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(15),
            write: Duration::from_secs(30),
            quiet: Duration::from_secs(75),
            recent: Duration::from_secs(600),
        }
    }
}

/// Writes to the clusters of all environments. Read-only mode constructs none.
pub struct Writer {
    clusters: BTreeMap<Environment, Arc<Access>>,
    limits: Limits,
    /// When each plan was sent by this process. Of what an earlier process sent, no more is known than that it was before.
    sent: Mutex<HashMap<String, Instant>>,
    began: Instant,
}

impl Writer {
    pub fn new(clusters: BTreeMap<Environment, Arc<Access>>) -> Self {
        Self::with(clusters, Limits::default())
    }

    pub fn with(clusters: BTreeMap<Environment, Arc<Access>>, limits: Limits) -> Self {
        Self {
            clusters,
            limits,
            sent: Mutex::default(),
            began: Instant::now(),
        }
    }

    async fn send(&self, plan: &Plan) -> Outcome {
        match &plan.write {
            Write::Commit { .. } => failed("A commit is not for a cluster. Nothing was sent.", ""),
            Write::Create {
                environment,
                namespace,
                plural,
                name,
                object,
                origin,
            } => {
                let path = match path(plural, namespace, name) {
                    Ok(path) => path,
                    Err(outcome) => return outcome,
                };
                let (access, writing) = match self.writing(environment).await {
                    Ok(both) => both,
                    Err(outcome) => return outcome,
                };
                if let Some(origin) = origin
                    && let Err(outcome) =
                        self.look_at_origin(access, &writing, plural, origin).await
                {
                    return outcome;
                }
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                self.note(plan);
                let answer = writing.create(folder, object, self.limits.write).await;
                match answer {
                    Ok(_) => Outcome::Applied {
                        evidence: format!("{plural} {namespace}/{name} created in {environment}"),
                    },
                    Err(failure) if failure.reason == "AlreadyExists" => {
                        self.taken(&writing, &path, plan, origin.as_ref()).await
                    }
                    Err(failure) => self.answered(access, &writing, failure).await,
                }
            }
            Write::Patch {
                id,
                plural,
                resource_version,
                patch,
                guards,
            } => {
                let path = match path(plural, &id.namespace, &id.name) {
                    Ok(path) => path,
                    Err(outcome) => return outcome,
                };
                let (access, writing) = match self.writing(&id.environment).await {
                    Ok(both) => both,
                    Err(outcome) => return outcome,
                };
                let object = match self.look(access, &writing, &path).await {
                    Ok(Some(object)) => object,
                    Ok(None) => return refused(format!("{id} is not there any more.")),
                    Err(outcome) => return outcome,
                };
                if let Some(because) = judge::changed(&object, id, resource_version, guards) {
                    return refused(because);
                }
                let mut body = patch.clone();
                body["metadata"]["resourceVersion"] = json!(resource_version);
                body["metadata"]["uid"] = json!(id.uid);
                self.note(plan);
                match writing.merge(&path, &body, self.limits.write).await {
                    Ok(_) => Outcome::Applied {
                        evidence: format!("{plural} {id} patched"),
                    },
                    Err(failure) => self.answered(access, &writing, failure).await,
                }
            }
        }
    }

    async fn writing(&self, environment: &Environment) -> Result<(&Access, Writing), Outcome> {
        let Some(access) = self.clusters.get(environment) else {
            let because = format!("No cluster is configured for {environment}. Nothing was sent.");
            return Err(failed(
                because,
                "Name its kubeconfig and context in the configuration.",
            ));
        };
        match access.writing().await {
            Ok(writing) => Ok((access, writing)),
            Err(fault) => Err(unsent(&fault)),
        }
    }

    /// When a plan was sent: exactly, if by this process; else at the latest when this process began.
    fn note(&self, plan: &Plan) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.insert(plan.id.as_str().to_owned(), Instant::now());
    }

    fn is_quiet(&self, plan: &Plan) -> bool {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let at = sent.get(plan.id.as_str()).unwrap_or(&self.began);
        at.elapsed() >= self.limits.quiet
    }

    /// Whether what a plan created can not have been removed again yet.
    fn is_recent(&self, plan: &Plan) -> bool {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let age = match sent.get(plan.id.as_str()) {
            Some(at) => at.elapsed(),
            None => Timestamp::now().duration_since(plan.made_at).unsigned_abs(),
        };
        age < self.limits.recent
    }

    /// What an answer that is no success means for the write.
    async fn answered(&self, access: &Access, writing: &Writing, failure: Failure) -> Outcome {
        if failure.code == Some(401) {
            access.refused(writing.generation).await;
        }
        judge::outcome(failure)
    }
}

impl provider::Writer for Writer {
    fn write<'a>(
        &'a self,
        plan: &'a Plan,
        _tried: &'a (dyn Fn(&str) + Send + Sync),
    ) -> BoxFuture<'a, Outcome> {
        self.send(plan).boxed()
    }

    fn settle<'a>(&'a self, plan: &'a Plan) -> BoxFuture<'a, Option<Outcome>> {
        self.find(plan).boxed()
    }
}

/// The path of an object. Names meet the rules of names before they touch a path.
fn path(plural: &str, namespace: &str, name: &str) -> Result<String, Outcome> {
    let kind = match plural {
        "applications" => Kind::Applications,
        "workflows" => Kind::Runs,
        other => {
            return Err(failed(
                format!("{other} are not written here. Nothing was sent."),
                "",
            ));
        }
    };
    let is_name = |text: &str| {
        let inner =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
        let end = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let bytes = text.as_bytes();
        bytes.len() <= 253
            && bytes.iter().copied().all(inner)
            && end(bytes.first())
            && end(bytes.last())
    };
    if !is_name(namespace) || !is_name(name) {
        let because = format!("{namespace}/{name} is no name of an object. Nothing was sent.");
        return Err(failed(because, ""));
    }
    Ok(format!("{}/{name}", wire::path(kind, namespace)))
}

fn refused(because: impl Into<String>) -> Outcome {
    let because: String = because.into();
    Outcome::Refused {
        because: format!("{because} Nothing was changed."),
    }
}

fn failed(because: impl Into<String>, remedy: impl Into<String>) -> Outcome {
    Outcome::Failed {
        because: because.into(),
        remedy: remedy.into(),
    }
}

/// The look before, or the way there, did not work: nothing was sent.
fn unsent(fault: &Fault) -> Outcome {
    failed(
        format!("{} Nothing was sent.", fault.detail),
        fault.hint.clone(),
    )
}

fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["annotations"][key].as_str()
}

#[cfg(test)]
mod tests;
