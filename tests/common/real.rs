//! The real etcd and kube-apiserver, one pair for each rig, gone with the test however it ends.
//!
//! Each program runs on a leash: a shell whose standard input is a pipe from this process, and which kills the program when
//! the pipe closes. So nothing outlives a test that panics, is interrupted or is killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::Server;
use super::call::{Caller, until};

/// One program that dies when this value, or the process that holds it, does.
struct Leash(Child);

impl Leash {
    fn run(program: &Path, arguments: &[String], log: &Path) -> Leash {
        let log = std::fs::File::create(log).expect("a log file");
        let script =
            r#""$@" </dev/null & child=$!; cat >/dev/null; kill -KILL $child 2>/dev/null; wait"#;
        let child = Command::new("sh")
            .args(["-c", script, "leash"])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log)
            .spawn()
            .expect("a shell");
        Leash(child)
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

pub struct Rig {
    name: String,
    // in this order: the API server goes first, because without its etcd it waits for ever
    _server: Leash,
    _etcd: Leash,
    folder: tempfile::TempDir,
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .expect("a free port")
        .port()
}

impl Rig {
    /// Starts a server and brings it to what a suite expects; none, with a printed line, where there is no such program.
    pub async fn start(name: &str, namespaces: &[String]) -> Option<Rig> {
        let Some(assets) = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from) else {
            println!("SKIPPED: KUBEBUILDER_ASSETS is not set");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let at = |file: &str| folder.path().join(file).display().to_string();
        let key = rcgen::KeyPair::generate().expect("a key");
        std::fs::write(at("sa.key"), key.serialize_pem()).expect("sa.key");
        std::fs::write(at("sa.pub"), key.public_key_pem()).expect("sa.pub");
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()])
            .expect("a certificate");
        std::fs::write(at("server.crt"), made.cert.pem()).expect("server.crt");
        std::fs::write(at("server.key"), made.signing_key.serialize_pem()).expect("server.key");
        let token = || {
            let random = rcgen::KeyPair::generate().expect("a key");
            random.public_key_raw()[1..17]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        };
        let (admin, viewer) = (token(), token());
        let tokens = format!("{admin},admin,1,\"system:masters\"\n{viewer},viewer,2,\"viewers\"\n");
        std::fs::write(at("tokens.csv"), tokens).expect("tokens.csv");

        let (etcd_port, api_port) = (free_port(), free_port());
        let etcd = Leash::run(
            &assets.join("etcd"),
            &[
                format!("--data-dir={}", at("etcd")),
                "--log-level=warn".to_owned(),
                "--unsafe-no-fsync".to_owned(),
                format!("--listen-client-urls=http://127.0.0.1:{etcd_port}"),
                format!("--advertise-client-urls=http://127.0.0.1:{etcd_port}"),
                "--listen-peer-urls=http://127.0.0.1:0".to_owned(),
            ],
            &folder.path().join("etcd.log"),
        );
        let server = Leash::run(
            &assets.join("kube-apiserver"),
            &[
                format!("--etcd-servers=http://127.0.0.1:{etcd_port}"),
                "--bind-address=127.0.0.1".to_owned(),
                format!("--secure-port={api_port}"),
                format!("--tls-cert-file={}", at("server.crt")),
                format!("--tls-private-key-file={}", at("server.key")),
                format!("--cert-dir={}", at("certs")),
                format!("--token-auth-file={}", at("tokens.csv")),
                "--authorization-mode=RBAC".to_owned(),
                "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
                format!("--service-account-key-file={}", at("sa.pub")),
                format!("--service-account-signing-key-file={}", at("sa.key")),
                "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
                "--disable-admission-plugins=ServiceAccount".to_owned(),
                "--kubelet-preferred-address-types=InternalIP".to_owned(),
                "--shutdown-delay-duration=0s".to_owned(),
            ],
            &folder.path().join("kube-apiserver.log"),
        );
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": name,
            "clusters": [{"name": name, "cluster": {
                "server": format!("https://127.0.0.1:{api_port}"), "certificate-authority": at("server.crt")}}],
            "users": [{"name": name, "user": {"token": admin}}, {"name": format!("{name}-viewer"), "user": {"token": viewer}}],
            "contexts": [
                {"name": name, "context": {"cluster": name, "user": name}},
                {"name": format!("{name}-viewer"), "context": {"cluster": name, "user": format!("{name}-viewer")}}],
        });
        std::fs::write(at("kubeconfig"), kubeconfig.to_string()).expect("kubeconfig");
        let rig = Rig {
            name: name.to_owned(),
            _server: server,
            _etcd: etcd,
            folder,
        };
        rig.ready(api_port).await;
        rig.furnish(namespaces).await;
        Some(rig)
    }

    pub fn server(&self) -> Server {
        Server {
            kubeconfig: self.folder.path().join("kubeconfig"),
            admin: self.name.clone(),
            viewer: format!("{}-viewer", self.name),
        }
    }

    /// Waits for the port to answer, and then for the server to call itself ready.
    async fn ready(&self, port: u16) {
        let log = self.folder.path().join("kube-apiserver.log");
        let end = tokio::time::Instant::now() + Duration::from_secs(60);
        while tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_err()
        {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            assert!(
                tokio::time::Instant::now() < end,
                "no API server after 60 s:\n{said}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let admin = Caller::connect(&self.server().kubeconfig, &self.name, None).await;
        until("the API server ready", async || {
            (admin.get("/readyz").await.text() == "ok").then_some(())
        })
        .await;
    }

    /// Kinds, namespaces, and what the viewers may do.
    async fn furnish(&self, namespaces: &[String]) {
        let admin = Caller::connect(&self.server().kubeconfig, &self.name, None).await;
        for kind in kinds() {
            let name = kind["metadata"]["name"]
                .as_str()
                .expect("a name")
                .to_owned();
            admin
                .post(
                    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                    &kind,
                )
                .await
                .done();
            let plural = name.split('.').next().expect("a plural").to_owned();
            until(&format!("{name} served"), async || {
                let found = admin
                    .get(&format!("/apis/argoproj.io/v1alpha1/{plural}?limit=1"))
                    .await;
                found.status.is_success().then_some(())
            })
            .await;
        }
        for namespace in namespaces {
            let body =
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
            admin.post("/api/v1/namespaces", &body).await.done();
        }
        let rbac = "/apis/rbac.authorization.k8s.io/v1";
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "viewers"},
            "rules": [{"apiGroups": ["", "apps"], "resources": ["pods", "deployments"], "verbs": ["get", "list", "watch"]}]});
        admin
            .post(&format!("{rbac}/clusterroles"), &role)
            .await
            .done();
        let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "viewers"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "viewers"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "viewers"}]});
        admin
            .post(&format!("{rbac}/clusterrolebindings"), &binding)
            .await
            .done();
        let viewer = Caller::connect(&self.server().kubeconfig, &self.server().viewer, None).await;
        until("the viewers' role in force", async || {
            viewer
                .get("/api/v1/pods?limit=1")
                .await
                .status
                .is_success()
                .then_some(())
        })
        .await;
    }
}

/// The real definitions of Applications and Workflows where they are at hand, and open ones of the same names where not.
fn kinds() -> Vec<Value> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/crds");
    ["applications", "workflows", "workflowtemplates"]
        .map(|plural| read_kind(&shared, plural).unwrap_or_else(|| open_kind(plural)))
        .to_vec()
}

fn read_kind(folder: &Path, plural: &str) -> Option<Value> {
    let file = if plural == "applications" {
        "application-crd.yaml".to_owned()
    } else {
        format!("argoproj.io_{plural}.yaml")
    };
    let text = std::fs::read_to_string(folder.join(file)).ok()?;
    Some(serde_saphyr::from_str(&text).expect("a definition"))
}

fn open_kind(plural: &str) -> Value {
    let (kind, singular) = match plural {
        "applications" => ("Application", "application"),
        "workflows" => ("Workflow", "workflow"),
        _ => ("WorkflowTemplate", "workflowtemplate"),
    };
    println!("SKIPPED: ../shared/data/crds is not here; an open definition of {plural} stands in");
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.argoproj.io"),
            "annotations": {"api-approved.kubernetes.io": "unapproved, for tests"}},
        "spec": {"group": "argoproj.io", "scope": "Namespaced",
            "names": {"kind": kind, "listKind": format!("{kind}List"), "plural": plural, "singular": singular},
            "versions": [{"name": "v1alpha1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}})
}
