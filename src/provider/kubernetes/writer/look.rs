//! Look: reading the world before a write, and after one whose outcome is not known.

use super::{Writer, annotation, failed, judge, path, refused, unsent};
use crate::plan::mark::{OPERATION_PLAN, ORIGIN, PLAN, STOP};
use crate::plan::{Origin, Outcome, Plan, Write};
use crate::provider::kubernetes::connect::{Access, Writing};
use serde_json::Value;

impl Writer {
    /// The object as it is now; none if there is none.
    pub(super) async fn look(
        &self,
        access: &Access,
        writing: &Writing,
        path: &str,
    ) -> Result<Option<Value>, Outcome> {
        match writing.get(path, self.limits.look).await {
            Ok(answer) => match serde_json::from_slice(&answer.body) {
                Ok(object) => Ok(Some(object)),
                Err(_) => Err(failed(
                    format!("{path} cannot be read. Nothing was sent."),
                    "",
                )),
            },
            Err(failure) if failure.code == Some(404) => Ok(None),
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
        let path = path(plural, &origin.id.namespace, &origin.id.name)?;
        let Some(run) = self.look(access, writing, &path).await? else {
            return Err(refused(format!(
                "The run {} is not there any more.",
                origin.id
            )));
        };
        match judge::other_origin(&run, origin) {
            Some(because) => Err(refused(because)),
            None => Ok(()),
        }
    }

    /// The name was taken already: by this very plan, or by another one.
    pub(super) async fn taken(
        &self,
        writing: &Writing,
        path: &str,
        plan: &Plan,
        origin: Option<&Origin>,
    ) -> Outcome {
        let name = path.rsplit('/').next().unwrap_or(path);
        let found = writing.get(path, self.limits.look).await.ok();
        let found = found.and_then(|answer| serde_json::from_slice::<Value>(&answer.body).ok());
        let Some(found) = found else {
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

    /// Looks for a plan whose outcome is not known. None: it cannot be told (yet).
    pub(super) async fn find(&self, plan: &Plan) -> Option<Outcome> {
        match &plan.write {
            Write::Commit { .. } => None,
            Write::Create {
                environment,
                namespace,
                plural,
                name,
                origin,
                ..
            } => {
                let path = path(plural, namespace, name).ok()?;
                let (access, writing) = self.writing(environment).await.ok()?;
                match self.look(access, &writing, &path).await.ok()? {
                    Some(object) if is_ours(&object, plan, origin.as_ref()) => {
                        Some(Outcome::Applied {
                            evidence: format!("{plural} {namespace}/{name} is there"),
                        })
                    }
                    // What was there before it may have been ours, and what carries no mark may have lost it.
                    Some(object) => {
                        let other =
                            annotation(&object, PLAN).filter(|id| *id != plan.id.as_str())?;
                        self.is_recent(plan).then(|| {
                            failed(
                                format!(
                                    "{namespace}/{name} is there and was made by plan {other}; this plan changed nothing."
                                ),
                                "",
                            )
                        })
                    }
                    // A run is removed some time after its end.
                    None if self.is_recent(plan) => {
                        self.never_came(plan, &format!("{namespace}/{name} was not created."))
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
                let path = path(plural, &id.namespace, &id.name).ok()?;
                let (access, writing) = self.writing(&id.environment).await.ok()?;
                let object = self.look(access, &writing, &path).await.ok()??;
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
                    return self.never_came(plan, &format!("{id} was not changed."));
                }
                // Moved on, and not by this plan as far as it shows: a later writer may have taken its mark away.
                None
            }
        }
    }

    /// What is not there is surely not there once no server can be working on it any more.
    fn never_came(&self, plan: &Plan, what: &str) -> Option<Outcome> {
        self.is_quiet(plan).then(|| {
            failed(
                format!("{what} The request was lost on its way."),
                "Make the plan again.",
            )
        })
    }
}

/// Whether a found object is what this plan makes: its id, and the same origin where there is one.
fn is_ours(object: &Value, plan: &Plan, origin: Option<&Origin>) -> bool {
    annotation(object, PLAN) == Some(plan.id.as_str())
        && origin.is_none_or(|o| annotation(object, ORIGIN).is_none_or(|uid| uid == &*o.id.uid))
}

/// Whether an object names the plan that patched it: in an annotation, or in the information of an operation, requested or done.
fn carries(object: &Value, plan: &Plan) -> bool {
    let in_info = |operation: &Value| {
        operation["info"].as_array().is_some_and(|info| {
            info.iter()
                .any(|entry| entry["name"] == OPERATION_PLAN && entry["value"] == plan.id.as_str())
        })
    };
    [PLAN, STOP]
        .map(|key| annotation(object, key))
        .contains(&Some(plan.id.as_str()))
        || in_info(&object["operation"])
        || in_info(&object["status"]["operationState"]["operation"])
}
