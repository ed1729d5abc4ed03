//! One cluster: the row that refuses what would be done to the objects of two environments at once.

use super::checks::Checks;
use super::subject::{Draft, Subject, list};
use super::{CheckName, Verdict, Write};
use crate::belongs::clusters;
use crate::model::Environment;
use std::collections::BTreeSet;

/// Two environments may lead to the same objects of one cluster; then a change in one is a change in the other.
pub(super) fn check(subject: &Subject<'_>, draft: &Draft, checks: &mut Checks) {
    let mut moved: BTreeSet<&Environment> = draft.reach.environments.iter().collect();
    moved.insert(subject.environment());
    moved.extend(written_in(&draft.write));
    let app = &subject.request.target.app;
    let same: Vec<String> = moved
        .into_iter()
        .filter_map(|environment| {
            let same = clusters::same_as(subject.store(), subject.delivery(), environment, app);
            (!same.is_empty())
                .then(|| format!("{environment} is the same cluster as {}", list(&same)))
        })
        .collect();
    if same.is_empty() {
        let unknown = clusters::unknown(subject.store());
        let evidence = match unknown.as_slice() {
            [] => "every environment has a cluster of its own".to_owned(),
            unknown => format!(
                "no other environment is known to be the same cluster; which cluster {} is read from is not known",
                list(unknown)
            ),
        };
        checks.pass(CheckName::OneCluster, evidence);
        return;
    }
    checks.add(
        CheckName::OneCluster,
        Verdict::Failed,
        format!(
            "{}: what is done in one is done in the other",
            same.join("; ")
        ),
        "Give each environment the context of its own cluster in the configuration.",
    );
}

/// The cluster that is written to.
fn written_in(write: &Write) -> Option<&Environment> {
    match write {
        Write::Commit { .. } => None,
        Write::Create { environment, .. } => Some(environment),
        Write::Patch { id, .. } => Some(&id.environment),
    }
}
