//! Fleet: the objects, the repository and the configuration that the figures are taken on, as large as they are in life.
//!
//! Deliberately absent: servers; the same fleet stands on the yard's and on the real one.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub const ENVIRONMENTS: [&str; 3] = ["integration", "staging", "production"];
/// Where Applications live, and where apps and runs do.
pub const NAMESPACES: [&str; 2] = ["cluster-services", "apps"];
/// All of a fleet is older than any word that depends on time.
const THEN: &str = "2026-03-02T10:00:00Z";

/// One app of the fleet.
pub struct App {
    number: usize,
    pub name: String,
}

/// So many apps. The first two are out of sync everywhere and crash in production, so they lead the board; no letter of one
/// stands where it stands in the other, so that the name of the selected one is drawn whole. The second is the last one that
/// any list names: when both are counted, all is read.
pub fn apps(count: usize) -> Vec<App> {
    let name = |number: usize| match number {
        0 => "quarry".to_owned(),
        1 => "timber".to_owned(),
        n => format!("app-{n:04}"),
    };
    (0..count)
        .map(|number| App {
            number,
            name: name(number),
        })
        .collect()
}

impl App {
    /// One in five waits before production.
    pub fn version(&self, environment: &str) -> String {
        let behind = environment == "production" && self.number.is_multiple_of(5);
        format!("v{}", 100 + self.number - usize::from(behind))
    }

    fn crashes(&self, environment: &str) -> bool {
        self.number < 2 && environment == "production"
    }

    /// Everything of it in one cluster: Application, Deployment, three pods, a smoke run.
    pub fn objects(&self, environment: &str) -> Vec<Value> {
        let pods = (0..3).map(|pod| self.pod(environment, pod));
        let mut all: Vec<Value> = pods.collect();
        all.push(self.application(environment));
        all.push(self.deployment(environment));
        all.push(self.run(environment));
        all
    }

    /// An Application as large as they are in life, 28 KB: most of it is the history, which repeats the values.
    pub fn application(&self, environment: &str) -> Value {
        let (n, version) = (self.number, self.version(environment));
        let sync = if n < 2 { "OutOfSync" } else { "Synced" };
        let values: String = (0..40)
            .map(|line| format!("setting{line}: value-{n}-{line}-of-this-app\n"))
            .collect();
        let source = json!({"repoURL": "https://example.test/charts.git", "path": "charts/app", "targetRevision": "HEAD",
            "helm": {"values": values}});
        let history: Vec<Value> = (0..10)
            .map(|id| json!({"id": id, "revision": format!("{id:040x}"), "deployedAt": THEN, "source": source}))
            .collect();
        let resources: Vec<Value> = (0..30)
            .map(|r| {
                json!({"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "apps",
                "name": format!("{}-{r}", self.name), "status": "Synced"})
            })
            .collect();
        json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": self.name, "namespace": NAMESPACES[0],
                "annotations": {"imageTag": version, "repoName": self.name}},
            "spec": {"project": "govuk", "source": source, "destination": {"server": "https://kubernetes.default.svc", "namespace": "apps"},
                "syncPolicy": {"automated": {"prune": true, "selfHeal": true}, "syncOptions": ["ServerSideApply=true"]}},
            "status": {
                "sync": {"status": sync, "revision": format!("{n:040x}"), "comparedTo": {"source": source, "destination": {}}},
                "health": {"status": "Healthy"}, "history": history, "resources": resources,
                "operationState": {"phase": "Succeeded", "startedAt": THEN, "finishedAt": THEN,
                    "operation": {"sync": {"revision": format!("{n:040x}")}},
                    "syncResult": {"revision": format!("{n:040x}"), "source": source}},
            },
        })
    }

    fn labels(&self) -> Value {
        json!({"app.kubernetes.io/instance": self.name, "app.kubernetes.io/component": "app",
            "app.govuk/repository-name": self.name})
    }

    fn containers(&self, environment: &str) -> Value {
        json!([{"name": "app", "image": format!("registry.test/{}:{}", self.name, self.version(environment)),
            "env": (0..20).map(|n| json!({"name": format!("SETTING_{n}"), "value": format!("value {n}")})).collect::<Vec<_>>()}])
    }

    pub fn pod_name(&self, pod: usize) -> String {
        format!("{}-7d4b9c-{pod}", self.name)
    }

    fn pod(&self, environment: &str, pod: usize) -> Value {
        let well = !self.crashes(environment);
        let state = if well {
            json!({"running": {"startedAt": THEN}})
        } else {
            json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}})
        };
        let ready = if well { "True" } else { "False" };
        let conditions = [
            ("PodScheduled", "True"),
            ("Initialized", "True"),
            ("ContainersReady", ready),
            ("Ready", ready),
        ]
        .map(|(kind, status)| json!({"type": kind, "status": status, "lastTransitionTime": THEN}));
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": self.pod_name(pod), "namespace": NAMESPACES[1], "labels": self.labels(), "creationTimestamp": THEN},
            "spec": {"nodeName": "node", "containers": self.containers(environment)},
            "status": {"phase": "Running", "startTime": THEN,
                "conditions": conditions,
                "containerStatuses": [{"name": "app", "ready": well, "restartCount": if well { 0 } else { 9 }, "state": state,
                    "image": format!("registry.test/{}:{}", self.name, self.version(environment)),
                    "imageID": format!("registry.test/{}@sha256:{:064x}", self.name, self.number), "containerID": "containerd://1"}]},
        })
    }

    fn deployment(&self, environment: &str) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": self.name, "namespace": NAMESPACES[1], "labels": self.labels(), "generation": 1},
            "spec": {"replicas": 3, "selector": {"matchLabels": {"app.kubernetes.io/instance": self.name}},
                "template": {"metadata": {"labels": self.labels()}, "spec": {"containers": self.containers(environment)}}},
            "status": {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3},
        })
    }

    fn run(&self, environment: &str) -> Value {
        json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": {"name": format!("post-sync-{}", self.name), "namespace": NAMESPACES[1],
                "labels": {"application": self.name, "repoName": self.name, "imageTag": self.version(environment),
                    "workflows.argoproj.io/workflow-template": "post-sync"}},
            "spec": {"workflowTemplateRef": {"name": "post-sync"}, "arguments": {"parameters": [
                {"name": "application", "value": self.name}, {"name": "imageTag", "value": self.version(environment)}]}},
            "status": {"phase": "Succeeded", "startedAt": THEN, "finishedAt": THEN, "progress": "2/2"},
        })
    }
}

/// The app of apps, which is well.
pub fn parent() -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": "app-config", "namespace": NAMESPACES[0]},
        "spec": {"project": "govuk", "destination": {"server": "https://kubernetes.default.svc", "namespace": "apps"},
            "syncPolicy": {"automated": {"prune": true, "selfHeal": true}}},
        "status": {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}},
    })
}

/// A bare repository that declares these apps in these environments, each file after so many earlier versions, a commit each.
pub fn repository(folder: &Path, apps: &[App], environments: &[&str], moves: usize) -> PathBuf {
    let path = folder.join("charts.git");
    let mut import = String::new();
    for step in 0..moves {
        for environment in environments {
            for app in apps {
                let at = 1_740_000_000 + step * 86_400 + app.number;
                let text = format!(
                    "image_tag: v{}\npromote_deployment: true\nautomatic_deploys_enabled: true\n",
                    step + 1
                );
                import.push_str(&format!(
                    "commit refs/heads/main\ncommitter robot <robot@example.test> {at} +0000\ndata 6\nUpdate\nM 100644 inline charts/app-config/image-tags/{environment}/{}\ndata {}\n{text}\n",
                    app.name, text.len()
                ));
            }
        }
    }
    import.push_str("commit refs/heads/main\ncommitter robot <robot@example.test> 1772445600 +0000\ndata 5\nbegin\n");
    let mut file = |path: String, text: String| {
        import.push_str(&format!(
            "M 100644 inline {path}\ndata {}\n{text}\n",
            text.len()
        ));
    };
    for environment in environments {
        for app in apps {
            file(
                format!("charts/app-config/image-tags/{environment}/{}", app.name),
                format!(
                    "image_tag: {}\npromote_deployment: true\nautomatic_deploys_enabled: true\n",
                    app.version(environment)
                ),
            );
        }
        let list = apps.iter().map(|app| {
            format!(
                "  - name: {0}\n    repoName: {0}\n    postSyncWorkflowEnabled: \"true\"\n",
                app.name
            )
        });
        let list: String = list.collect();
        file(
            format!("charts/app-config/values-{environment}.yaml"),
            format!("govukApplications:\n{list}"),
        );
    }
    let mut importing = import_into(&path);
    let mut input = importing.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut input, import.as_bytes()).expect("it is read");
    drop(input);
    assert!(importing.wait().expect("git ends").success());
    path
}

/// The operator's file: this repository, and a cluster for each environment that is named with its kubeconfig and context.
pub fn config(folder: &Path, repository: &Path, clusters: &[(&str, PathBuf, String)]) -> PathBuf {
    let mut text = format!(
        "delivery = \"govuk\"\nrepository = {:?}\njournal = {:?}\n",
        repository,
        folder.join("journal")
    );
    for (environment, kubeconfig, context) in clusters {
        text.push_str(&format!(
            "[environments.{environment}]\nkubeconfig = {kubeconfig:?}\ncontext = {context:?}\n"
        ));
    }
    let path = folder.join("leverframe.toml");
    std::fs::write(&path, text).expect("a configuration");
    path
}

/// A new bare repository, and the git that takes a stream of commits into it.
pub fn import_into(path: &Path) -> Child {
    let made = Command::new("git")
        .args(["init", "--quiet", "--bare", "--initial-branch=main"])
        .arg(path)
        .status();
    assert!(made.expect("git runs").success());
    let mut importing = Command::new("git");
    importing
        .arg("-C")
        .arg(path)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped());
    importing.spawn().expect("git runs")
}
