//! Look: reads the object before a write, and after a write whose outcome is not known.

use super::judge::{annotation, carries, is_named, is_ours};
use super::{Writer, failed, judge, path, refused, unsent};
use crate::model::span::span;
use crate::plan::mark::PLAN;
use crate::plan::{Origin, Outcome, Plan, Write};
use crate::provider::kubernetes::call::server_time;
use crate::provider::kubernetes::connect::{Access, Writing};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::PoisonError;
use std::time::Duration;

impl Writer {
    /// The object as it is now.
    pub(super) async fn look(
        &self,
        access: &Access,
        writing: &Writing,
        plural: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Looked, Outcome> {
        let path = path(plural, namespace, name)?;
        match writing.get(&path, self.limits.look).await {
            Ok(answer) => match serde_json::from_slice::<Value>(&answer.body) {
                Ok(object) if is_named(&object, namespace, name) => Ok(Looked {
                    object: Some(object),
                    server_time: server_time(&answer.headers),
                }),
                _ => Err(failed(
                    format!(
                        "What was answered for {path} is not that object: a login page or a proxy may have given it. \
                         Nothing was sent."
                    ),
                    "Check that the kubeconfig's server is an API server, and log in where it wants a login.",
                )),
            },
            Err(failure) if failure.is_absence_of(name) => Ok(Looked {
                object: None,
                server_time: failure.server_time,
            }),
            Err(failure) => {
                if failure.code == Some(401) {
                    access.refused(writing.generation).await;
                }
                Err(unsent(&failure.fault))
            }
        }
    }

    pub(super) async fn look_at_origin(
        &self,
        access: &Access,
        writing: &Writing,
        plural: &str,
        origin: &Origin,
    ) -> Result<(), Outcome> {
        let Origin { id, .. } = origin;
        let run = self
            .look(access, writing, plural, &id.namespace, &id.name)
            .await?;
        let Some(run) = run.object else {
            return Err(refused(format!("The run {id} is not there any more.")));
        };
        match judge::other_origin(&run, origin) {
            Some(because) => Err(refused(because)),
            None => Ok(()),
        }
    }

    /// The name was taken already: by this very plan, or by another one.
    pub(super) async fn taken(
        &self,
        access: &Access,
        writing: &Writing,
        plan: &Plan,
        create: Created<'_>,
    ) -> Outcome {
        let Created {
            plural,
            namespace,
            name,
            origin,
        } = create;
        let looked = self.look(access, writing, plural, namespace, name).await;
        let Ok(Some(found)) = looked.map(|looked| looked.object) else {
            // Something on the way may have sent it twice, so that the one before was ours.
            return Outcome::Unknown {
                because: format!(
                    "{name} is there already, and by whom it was made could not be read."
                ),
            };
        };
        if is_ours(&found, plan, origin) {
            return Outcome::Applied {
                evidence: format!("{name} was there already, made by this plan"),
            };
        }
        let by = match annotation(&found, PLAN) {
            Some(other) => format!(" by plan {other}"),
            None => String::new(),
        };
        refused(format!("{name} was made already{by}."))
    }

    /// Looks for a plan whose outcome is not known and whose intent was journalled at `sent_at`. None: nothing proves
    /// it either way (yet).
    pub(super) async fn find(&self, plan: &Plan, sent_at: Timestamp) -> Option<Outcome> {
        match &plan.write {
            Write::Commit { .. } => None,
            Write::Create {
                environment,
                namespace,
                plural,
                name,
                object,
                origin,
            } => {
                let (access, writing) = self.writing(environment).await.ok()?;
                let found = self.look(access, &writing, plural, namespace, name);
                let looked = found.await.ok()?;
                let age = self.age(plan, sent_at, looked.server_time);
                // A run is removed some time after its end, after which its absence, or another run of its name, proves
                // nothing.
                let is_kept = age.at_most < self.limits.kept.min(time_to_live(object));
                match looked.object {
                    Some(object) if is_ours(&object, plan, origin.as_ref()) => {
                        Some(Outcome::Applied {
                            evidence: format!("{plural} {namespace}/{name} is there"),
                        })
                    }
                    // What carries no mark may be ours and have lost it.
                    Some(object) => {
                        let other =
                            annotation(&object, PLAN).filter(|id| *id != plan.id.as_str())?;
                        is_kept.then(|| {
                            failed(
                                format!(
                                    "{namespace}/{name} is there and was made by plan {other}; this plan changed nothing."
                                ),
                                "",
                            )
                        })
                    }
                    None if is_kept => {
                        self.call_lost(age, &format!("{namespace}/{name} was not created"))
                    }
                    None => None,
                }
            }
            Write::Patch {
                id,
                plural,
                resource_version,
                ..
            } => {
                let (access, writing) = self.writing(&id.environment).await.ok()?;
                let found = self.look(access, &writing, plural, &id.namespace, &id.name);
                let looked = found.await.ok()?;
                let age = self.age(plan, sent_at, looked.server_time);
                let object = looked.object?;
                let meta = &object["metadata"];
                if meta["uid"].as_str() != Some(&id.uid) {
                    return None;
                }
                if carries(&object, plan) {
                    let evidence = format!("{id} carries the plan");
                    return Some(Outcome::Applied { evidence });
                }
                // every write of an object moves its version: one that has not moved was not written
                if meta["resourceVersion"].as_str() == Some(resource_version) {
                    return self.call_lost(age, &format!("{id} was not changed"));
                }
                // The object has changed without this plan's mark, but a later writer may have removed the mark.
                None
            }
        }
    }

    /// How long ago a plan was sent. Of what this process sent its own steady clock knows; for what another one sent the time
    /// in the journal is compared with the server's clock and with ours, because ours may have been set meanwhile.
    fn age(&self, plan: &Plan, sent_at: Timestamp, server_time: Option<Timestamp>) -> Age {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sent) = sent.get(&plan.id) {
            let age = sent.elapsed();
            return Age {
                at_least: age,
                at_most: age,
            };
        }
        let until =
            |now: Timestamp| Duration::try_from(now.duration_since(sent_at)).unwrap_or_default();
        let ours = until(Timestamp::now());
        match server_time.map(until) {
            Some(theirs) => Age {
                at_least: ours.min(theirs),
                at_most: ours.max(theirs),
            },
            None => Age {
                at_least: Duration::ZERO,
                at_most: ours,
            },
        }
    }

    /// What is not there is called lost once no server can be working on it any more. Something on the way may hold it still.
    fn call_lost(&self, age: Age, what: &str) -> Option<Outcome> {
        let quiet = self.limits.quiet;
        (age.at_least >= quiet).then(|| Outcome::Failed {
            because: format!(
                "{what} within {} of sending: the request was lost, or is held up on its way.",
                span(i64::try_from(quiet.as_secs()).unwrap_or(i64::MAX))
            ),
            remedy: "Look there once more before you make the plan again.".to_owned(),
            lost: true,
        })
    }
}

/// What a look brought.
pub(super) struct Looked {
    /// None if there is no such object.
    pub(super) object: Option<Value>,
    pub(super) server_time: Option<Timestamp>,
}

/// How long ago something was, as far as clocks can be believed.
#[derive(Clone, Copy)]
struct Age {
    at_least: Duration,
    at_most: Duration,
}

/// What a create makes.
pub(super) struct Created<'a> {
    pub(super) plural: &'a str,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) origin: Option<&'a Origin>,
}

/// How long a run stays at the least, by what it says itself; its end comes after its start, so this is never too long.
fn time_to_live(run: &Value) -> Duration {
    let strategy = &run["spec"]["ttlStrategy"];
    [
        "secondsAfterCompletion",
        "secondsAfterSuccess",
        "secondsAfterFailure",
    ]
    .iter()
    .filter_map(|key| strategy[*key].as_u64())
    .min()
    .map_or(Duration::MAX, Duration::from_secs)
}
