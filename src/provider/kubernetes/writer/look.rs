//! Look: reads the object before a write, and after a write whose outcome is not known.

use super::judge::{annotation, carries, is_named, is_ours};
use super::{Writer, failed, judge, path, refused, unsent};
use crate::plan::mark::PLAN;
use crate::plan::{Origin, Outcome, Plan, Write};
use crate::provider::kubernetes::connect::{Access, Writing};
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;

impl Writer {
    /// The object as it is now; none if there is none.
    pub(super) async fn look(
        &self,
        access: &Access,
        writing: &Writing,
        plural: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, Outcome> {
        let path = path(plural, namespace, name)?;
        match writing.get(&path, self.limits.look).await {
            Ok(answer) => match serde_json::from_slice::<Value>(&answer.body) {
                Ok(object) if is_named(&object, namespace, name) => Ok(Some(object)),
                _ => Err(failed(
                    format!(
                        "What was answered for {path} is not that object: a login page or a proxy may have given it. \
                         Nothing was sent."
                    ),
                    "Check that the kubeconfig's server is an API server, and log in where it wants a login.",
                )),
            },
            Err(failure) if failure.is_absence_of(name) => Ok(None),
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
        let Some(run) = run else {
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
        let Ok(Some(found)) = looked else {
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
        let age = Duration::try_from(Timestamp::now().duration_since(sent_at)).unwrap_or_default();
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
                let found = found.await.ok()?;
                // A run is removed some time after its end, after which its absence, or another run of its name, proves
                // nothing.
                let is_kept = age < self.limits.kept.min(time_to_live(object));
                match found {
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
                        self.never_came(age, &format!("{namespace}/{name} was not created."))
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
                let object = found.await.ok()??;
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
                    return self.never_came(age, &format!("{id} was not changed."));
                }
                // The object has changed without this plan's mark, but a later writer may have removed the mark.
                None
            }
        }
    }

    /// What is not there is surely not there once no server can be working on it any more.
    fn never_came(&self, age: Duration, what: &str) -> Option<Outcome> {
        (age >= self.limits.quiet).then(|| {
            failed(
                format!("{what} The request was lost on its way."),
                "Make the plan again.",
            )
        })
    }
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
