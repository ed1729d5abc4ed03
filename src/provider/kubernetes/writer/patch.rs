//! Patch: one merge patch of an object, checked against the reading just before it.
//!
//! Deliberately absent: a further try after anything but a conflict, which alone says that this patch wrote nothing.

use super::{Writer, judge, path, refused};
use crate::plan::{Holds, Outcome, Plan, Write};
use crate::provider::kubernetes::call::Failure;
use serde_json::json;
use std::time::{Duration, Instant};

/// How often a patch that holds however its object moves is tried at the most.
const TRIES: u32 = 5;

/// How often, and after which pause, a look after a conflict is repeated that brought no answer.
const LOOKS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// No try begins later than this after the first: all this time no other plan of the same journal can be sent.
const PURSUIT: Duration = Duration::from_secs(40);

impl Writer {
    pub(super) async fn patch(&self, plan: &Plan, tried: &(dyn Fn(&str) + Send + Sync)) -> Outcome {
        let Write::Patch {
            id,
            plural,
            resource_version,
            patch,
            guards,
            holds,
        } = &plan.write
        else {
            return refused("It is no patch.");
        };
        let path = match path(plural, &id.namespace, &id.name) {
            Ok(path) => path,
            Err(outcome) => return outcome,
        };
        let (access, writing) = match self.writing(&id.environment).await {
            Ok(both) => both,
            Err(outcome) => return outcome,
        };
        let (seen, tries) = match holds {
            Holds::AsSeen => (Some(&**resource_version), 1),
            Holds::WhileGuarded => (None, TRIES),
        };
        let began = Instant::now();
        let mut conflict: Option<Failure> = None;
        let (mut n, mut looks) = (1, 0);
        loop {
            let found = self.look(access, &writing, plural, &id.namespace, &id.name);
            let object = match (found.await.map(|looked| looked.object), &conflict) {
                (Ok(Some(object)), _) => object,
                (Ok(None), _) => return refused(format!("{id} is not there any more.")),
                (Err(outcome), None) => return outcome,
                (Err(_), Some(_)) if looks < LOOKS && began.elapsed() < PURSUIT => {
                    looks += 1;
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                // Something on the way may have sent it twice, so that the conflict is with its own first arrival.
                (Err(_), Some(conflict)) => {
                    return Outcome::Unknown {
                        because: format!(
                            "{} It could not be looked at again.",
                            conflict.fault.detail
                        ),
                    };
                }
            };
            if conflict.is_some() && judge::is_done(&object, id, plan) {
                return Outcome::Applied {
                    evidence: format!("{id} carries the plan"),
                };
            }
            if let Some(because) = judge::changed(&object, id, seen, guards) {
                return refused(because);
            }
            if let Some(conflict) = conflict.take_if(|_| n > tries || began.elapsed() > PURSUIT) {
                return self.answered(access, &writing, conflict).await;
            }
            let version = object["metadata"]["resourceVersion"].as_str();
            let Some(version) = version.filter(|version| !version.is_empty()) else {
                return refused(format!("{id} was read without its resourceVersion."));
            };
            if conflict.is_some() {
                tried(&format!("try {n}: {id} had moved, and nothing was written"));
            }
            let mut body = patch.clone();
            // What was judged is what is patched: the server refuses it if the object moves after this reading.
            body["metadata"]["resourceVersion"] = json!(version);
            body["metadata"]["uid"] = json!(id.uid);
            match writing.merge(&path, &body, self.limits.write).await {
                Ok(answer) => {
                    let evidence = format!("{plural} {id} patched");
                    return judge::acknowledged(&answer.body, plan, evidence);
                }
                Err(failure) if tries > 1 && judge::is_conflict(&failure) => {
                    conflict = Some(failure);
                    n += 1;
                }
                Err(failure) => return self.answered(access, &writing, failure).await,
            }
        }
    }
}
