//! Rights: what the credential may do in this cluster, asked of the cluster itself.
//!
//! Deliberately absent: guessing. A right that never was answered is not listed, and counts as unknown.

use super::Cluster;
use crate::model::Permission;
use crate::store::News;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Rights change seldom; they are asked for again after this time.
const AGAIN: Duration = Duration::from_secs(600);
/// And after this, where one could not be asked for.
const SOON: Duration = Duration::from_secs(30);

/// Group, resource with its subresource, verbs.
type Row = (&'static str, &'static str, &'static [&'static str]);

const ARGO_CD: &[Row] = &[("argoproj.io", "applications", &["list", "watch", "patch"])];
const RUNS: &[Row] = &[
    (
        "argoproj.io",
        "workflows",
        &["list", "watch", "create", "patch"],
    ),
    ("", "pods", &["list"]),
    ("", "pods/log", &["get"]),
];
const WORKLOADS: &[Row] = &[
    ("apps", "deployments", &["list", "watch"]),
    ("", "pods", &["list", "watch"]),
    ("", "pods/log", &["get"]),
    ("batch", "jobs", &["list", "watch"]),
    ("", "events", &["list", "watch"]),
];

#[derive(Deserialize)]
struct Review {
    status: Verdict,
}

#[derive(Deserialize)]
struct Verdict {
    allowed: bool,
    #[serde(default)]
    reason: Option<String>,
}

/// What came of asking for every right.
struct Round {
    permissions: Vec<Permission>,
    answers: usize,
    /// Each was answered.
    is_whole: bool,
}

impl Cluster {
    /// Asks for every right that the console uses, again and again until nobody listens.
    pub(super) async fn rights(&self) {
        let mut kick = self.kick.subscribe();
        let mut namespaces = self.namespaces.clone();
        let mut known: Vec<Permission> = Vec::new();
        loop {
            namespaces.borrow_and_update();
            let round = self.ask_all(&known).await;
            known = round.permissions;
            // Where nothing was answered there is no news, and no sign of life.
            if round.answers > 0 && !self.feed.send(News::Permissions(known.clone())).await {
                return;
            }
            let pause = if round.is_whole { AGAIN } else { SOON };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                Ok(()) = kick.changed() => {}
                Ok(()) = namespaces.changed() => {}
                () = self.feed.closed() => return,
            }
        }
    }

    /// What was answered before stands where nothing is answered now.
    async fn ask_all(&self, before: &[Permission]) -> Round {
        let scope = &self.scope;
        let own = self.namespaces_of_apps();
        let mut places: Vec<(&Arc<str>, &[Row])> = Vec::new();
        places.extend(scope.applications.iter().map(|n| (n, ARGO_CD)));
        places.extend(scope.runs.iter().map(|n| (n, RUNS)));
        if let Some(workloads) = &scope.workloads {
            let namespaces = std::iter::once(&workloads.namespace).chain(&own);
            places.extend(namespaces.map(|n| (n, WORKLOADS)));
        }
        let mut permissions: Vec<Permission> = Vec::new();
        let (mut answers, mut is_whole) = (0, true);
        for (namespace, rows) in places {
            for (group, resource, verbs) in rows {
                for verb in *verbs {
                    let is_it = |p: &&Permission| {
                        *p.verb == **verb && *p.resource == **resource && p.namespace == *namespace
                    };
                    if permissions.iter().any(|p| is_it(&p)) {
                        continue;
                    }
                    if let Some(permission) = self.ask(verb, group, resource, namespace).await {
                        answers += 1;
                        permissions.push(permission);
                    } else {
                        is_whole = false;
                        permissions.extend(before.iter().find(is_it).cloned());
                    }
                }
            }
        }
        Round {
            permissions,
            answers,
            is_whole,
        }
    }

    async fn ask(
        &self,
        verb: &str,
        group: &str,
        resource: &str,
        namespace: &str,
    ) -> Option<Permission> {
        let (plural, sub) = resource.split_once('/').unwrap_or((resource, ""));
        let question = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "namespace": namespace, "verb": verb, "group": group, "resource": plural, "subresource": sub}},
        });
        let reading = self.access.reading().await.ok()?;
        let answer = reading
            .review_access(&question, self.pace.answer)
            .await
            .ok()?;
        let review: Review = serde_json::from_slice(&answer.body).ok()?;
        Some(Permission {
            verb: Arc::from(verb),
            resource: Arc::from(resource),
            namespace: Arc::from(namespace),
            allowed: review.status.allowed,
            reason: review
                .status
                .reason
                .filter(|r| !r.is_empty())
                .map(Arc::from),
        })
    }
}

#[cfg(test)]
mod tests;
