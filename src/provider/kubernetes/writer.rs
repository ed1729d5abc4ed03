//! Writer: sends the one write of a plan to a cluster, once, and reports its outcome.
//!
//! Just before sending it looks at the object again: what differs from the plan refuses. Afterwards there are four words:
//! applied (the answer is the planned object with the plan's mark on it), refused (409, 422, a precondition), failed (the
//! server said no), unknown (everything else). After an unknown the cluster is asked at once whether the write is there.
//! Deliberately absent: a second send, but of a patch that holds however its object moves, after a conflict, which says that
//! it wrote nothing.

mod judge;
mod look;
mod patch;

use super::call::Failure;
use super::connect::{Access, Writing};
use super::wire;
use crate::model::{Environment, Fault, is_object_name};
use crate::plan::{Outcome, Plan, PlanId, Write};
use crate::provider;
use crate::store::Kind;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The look before.
    pub look: Duration,
    /// The write; after this its outcome is unknown.
    pub write: Duration,
    /// An API server works on a request for a minute at the most, and what stands before it lets go of one in about the same
    /// time, so what is not there by this time after it was sent is called lost. Nothing proves that it cannot arrive.
    pub quiet: Duration,
    /// What was created is taken to be still there for this long, unless the object itself asks to be removed sooner.
    pub kept: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(15),
            write: Duration::from_secs(30),
            quiet: Duration::from_secs(120),
            kept: Duration::from_secs(24 * 3600),
        }
    }
}

/// Writes to the clusters of all environments. Read-only mode constructs none.
pub struct Writer {
    clusters: BTreeMap<Environment, Arc<Access>>,
    limits: Limits,
    /// When this process stopped sending each plan, by a clock that nobody sets.
    sent: Mutex<BTreeMap<PlanId, Instant>>,
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
        }
    }

    async fn send(&self, plan: &Plan, tried: &(dyn Fn(&str) + Send + Sync)) -> Outcome {
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
                match writing.create(folder, object, self.limits.write).await {
                    Ok(answer) => judge::acknowledged(
                        &answer.body,
                        plan,
                        format!("{plural} {namespace}/{name} created in {environment}"),
                    ),
                    Err(failure) if failure.reason == "AlreadyExists" => {
                        let create = look::Created {
                            plural,
                            namespace,
                            name,
                            origin: origin.as_ref(),
                        };
                        self.taken(access, &writing, plan, create).await
                    }
                    Err(failure) => self.answered(access, &writing, failure).await,
                }
            }
            Write::Patch { .. } => self.patch(plan, tried).await,
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
        tried: &'a (dyn Fn(&str) + Send + Sync),
    ) -> BoxFuture<'a, Outcome> {
        async move {
            let sent_at = Timestamp::now();
            let outcome = self.send(plan, tried).await;
            self.sent
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(plan.id.clone(), Instant::now());
            if let Outcome::Unknown { .. } = outcome
                && let Some(found) = self.find(plan, sent_at).await
            {
                return found;
            }
            outcome
        }
        .boxed()
    }

    fn look_for<'a>(
        &'a self,
        plan: &'a Plan,
        sent_at: Timestamp,
    ) -> BoxFuture<'a, Option<Outcome>> {
        self.find(plan, sent_at).boxed()
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
    if !is_object_name(namespace) || !is_object_name(name) {
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
        lost: false,
    }
}

/// The look before, or the way there, did not work: nothing was sent.
fn unsent(fault: &Fault) -> Outcome {
    failed(
        format!("{} Nothing was sent.", fault.detail),
        fault.hint.clone(),
    )
}

#[cfg(test)]
mod tests;
