//! Jobs: PreSync Jobs and those of a CronJob, with their pods, as Argo CD and the Job controller write them.

use serde_json::{Value, json};

use super::{container, owner_reference, random_letters, set_field};
use crate::fleet::{App, CRON_JOB, Hook, TOOLBOX, image, seeded};

/// Argo CD's message about a Job that succeeded.
pub const SUCCEEDED: &str = "Reached expected number of succeeded pods";
/// Argo CD's message about a Job that failed.
pub const FAILED: &str = "Job has reached the specified backoff limit";

/// Seconds that a succeeding Job of a hook takes.
pub const HOOK_LASTS: f64 = 18.0;
/// Seconds that a failing Job of a hook takes, until both of its pods have failed.
pub const FAILED_HOOK_LASTS: f64 = 60.0;
/// Pods that a hook's Job starts before it gives up.
pub const HOOK_PODS: usize = 2;

/// One Job of an app.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    /// The app.
    pub app: &'a App,
    /// Its own name.
    pub name: String,
    /// Its component; the app's name and this make its `app` label.
    pub component: &'a str,
    /// The one container of its pods.
    pub container: &'a str,
    /// Repository and tag of its image.
    pub image: (&'a str, &'a str),
    /// The CronJob that made it; none where Argo CD made it as a hook.
    pub cron_job: Option<String>,
}

impl<'a> Job<'a> {
    /// The Job of a hook that runs before a version is synced.
    pub fn hook(app: &'a App, hook: Hook, version: &'a str) -> Job<'a> {
        Job {
            app,
            name: format!("{}-{}", app.name, hook.name),
            component: hook.name,
            container: hook.name,
            image: if hook.has_own_image {
                (app.repository, version)
            } else {
                TOOLBOX
            },
            cron_job: None,
        }
    }

    /// The Job that the app's CronJob makes in a certain minute, counted from 1970.
    pub fn scheduled(app: &'a App, minute: i64, version: &'a str) -> Job<'a> {
        let cron_job = format!("{}-{CRON_JOB}", app.name);
        Job {
            app,
            name: format!("{cron_job}-{minute}"),
            component: CRON_JOB,
            container: "cron-task",
            image: (app.repository, version),
            cron_job: Some(cron_job),
        }
    }

    fn labels(&self) -> Value {
        let own = format!("{}-{}", self.app.name, self.component);
        json!({
            "app": own, "app.kubernetes.io/name": own, "app.kubernetes.io/instance": self.app.name,
            "app.kubernetes.io/component": self.component, "app.govuk/repository-name": self.app.repository,
        })
    }

    fn containers(&self) -> Value {
        json!([{ "name": self.container, "image": image(self.image.0, self.image.1) }])
    }

    /// The Job; it runs if it has no end yet, which also says whether it succeeded.
    pub fn object(&self, started: &str, ended: Option<(&str, bool)>) -> Value {
        let labels = self.labels();
        let mut metadata =
            json!({ "name": self.name, "namespace": self.app.namespace(), "labels": labels });
        match &self.cron_job {
            Some(cron_job) => {
                set_field(
                    &mut metadata,
                    "ownerReferences",
                    json!([owner_reference("batch/v1", "CronJob", cron_job)]),
                );
                set_field(
                    &mut metadata,
                    "annotations",
                    json!({ "batch.kubernetes.io/cronjob-scheduled-timestamp": started }),
                );
            }
            None => set_field(
                &mut metadata,
                "annotations",
                json!({ "argocd.argoproj.io/hook": "PreSync", "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation" }),
            ),
        }
        json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata,
            "spec": {
                "backoffLimit": 1, "activeDeadlineSeconds": 900,
                "template": { "metadata": { "labels": labels }, "spec": { "restartPolicy": "Never", "containers": self.containers() } },
            },
            "status": Job::status(started, ended),
        })
    }

    /// The status of a Job.
    pub fn status(started: &str, ended: Option<(&str, bool)>) -> Value {
        let Some((at, is_good)) = ended else {
            return json!({ "active": 1, "ready": 1, "startTime": started });
        };
        let conditions = |first: &str, last: &str, reason: &str, message: &str| {
            json!([first, last].map(|word| {
                json!({ "type": word, "status": "True", "reason": reason, "message": message, "lastProbeTime": at, "lastTransitionTime": at })
            }))
        };
        if is_good {
            json!({
                "succeeded": 1, "active": 0, "ready": 0, "startTime": started, "completionTime": at,
                "conditions": conditions("SuccessCriteriaMet", "Complete", "CompletionsReached", SUCCEEDED),
            })
        } else {
            json!({
                "failed": HOOK_PODS, "active": 0, "ready": 0, "startTime": started,
                "conditions": conditions("FailureTarget", "Failed", "BackoffLimitExceeded", FAILED),
            })
        }
    }

    /// The name of one of its pods; `attempt` counts from 0. The start is part of the name, because a Job of the same
    /// name may run again.
    pub fn pod_name(&self, attempt: usize, started: &str) -> String {
        let chance = seeded(
            3,
            &[&self.name, self.image.1, &attempt.to_string(), started],
        );
        format!("{}-{}", self.name, random_letters(chance, 5))
    }

    /// One of its pods.
    pub fn pod(&self, name: &str, node: &str, started: &str, ended: Option<(&str, bool)>) -> Value {
        let mut labels = self.labels();
        set_field(&mut labels, "job-name", json!(self.name));
        set_field(
            &mut labels,
            "batch.kubernetes.io/job-name",
            json!(self.name),
        );
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": name, "namespace": self.app.namespace(), "labels": labels,
                "ownerReferences": [owner_reference("batch/v1", "Job", &self.name)],
            },
            "spec": { "nodeName": node, "restartPolicy": "Never", "containers": self.containers() },
            "status": self.pod_status(started, ended),
        })
    }

    /// The status of one of its pods.
    pub fn pod_status(&self, started: &str, ended: Option<(&str, bool)>) -> Value {
        let (phase, state) = match ended {
            None => ("Running", json!({ "running": { "startedAt": started } })),
            Some((at, true)) => (
                "Succeeded",
                json!({ "terminated": { "exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": at } }),
            ),
            Some((at, false)) => (
                "Failed",
                json!({ "terminated": { "exitCode": 1, "reason": "Error", "startedAt": started, "finishedAt": at } }),
            ),
        };
        let mut own = container(
            self.container,
            self.image.0,
            self.image.1,
            ended.is_none(),
            0,
        );
        set_field(&mut own, "state", state);
        json!({ "phase": phase, "startTime": started, "hostIP": "127.0.0.1", "containerStatuses": [own] })
    }
}

/// The CronJob of an app.
pub fn cron_job(app: &App, version: &str) -> Value {
    let job = Job::scheduled(app, 0, version);
    let labels = job.labels();
    let template = json!({ "metadata": { "labels": labels }, "spec": { "restartPolicy": "Never", "containers": job.containers() } });
    json!({
        "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": { "name": job.cron_job, "namespace": app.namespace(), "labels": labels },
        "spec": {
            "schedule": "*/5 * * * *", "successfulJobsHistoryLimit": KEPT_JOBS,
            "jobTemplate": { "metadata": { "labels": labels }, "spec": { "template": template } },
        },
    })
}

/// How many finished Jobs of a CronJob are kept.
pub const KEPT_JOBS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet;

    /// The expected shapes are written by hand from objects of a real Job controller.
    #[test]
    fn jobs_and_their_pods_say_whose_they_are() {
        let apps = fleet::apps();
        let app = apps.iter().find(|app| app.has_cron_job()).unwrap();
        let job = Job::scheduled(app, 29_921_340, "v7");
        let object = job.object("2026-11-21T17:00:00Z", Some(("2026-11-21T17:00:05Z", true)));
        let name = format!("{}-mail-fetcher-29921340", app.name);
        assert_eq!(object["metadata"]["name"], name);
        let owner = &object["metadata"]["ownerReferences"][0];
        assert_eq!(
            (&owner["kind"], &owner["controller"]),
            (&json!("CronJob"), &json!(true))
        );
        assert_eq!(owner["name"], format!("{}-mail-fetcher", app.name));
        assert_eq!(object["status"]["conditions"][1]["type"], "Complete");
        assert_eq!(object["status"]["conditions"][1]["message"], SUCCEEDED);
        let pod = job.pod("p", "n", "2026-11-21T17:00:00Z", None);
        let owner = &pod["metadata"]["ownerReferences"][0];
        assert_eq!(
            (&owner["kind"], &owner["name"]),
            (&json!("Job"), &json!(name))
        );
        let labels = &pod["metadata"]["labels"];
        assert_eq!(labels["app.kubernetes.io/instance"], app.name);
        assert_eq!(labels["batch.kubernetes.io/job-name"], name);
        assert_eq!(pod["spec"]["containers"][0]["name"], "cron-task");

        let asset_manager = apps.iter().find(|app| app.name == "asset-manager").unwrap();
        let hook = asset_manager.hooks().next().unwrap();
        let job = Job::hook(asset_manager, hook, "v862");
        let object = job.object("s", Some(("e", false)));
        assert_eq!(
            object["metadata"]["annotations"]["argocd.argoproj.io/hook"],
            "PreSync"
        );
        assert!(
            object["metadata"].get("ownerReferences").is_none(),
            "Argo CD owns no Job"
        );
        assert_eq!(object["status"]["conditions"][1]["message"], FAILED);
        let pods = [0, 1].map(|attempt| job.pod_name(attempt, "s"));
        assert_ne!(pods[0], pods[1]);
        assert_ne!(pods[0], job.pod_name(0, "later"));
    }
}
