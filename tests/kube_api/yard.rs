//! The practice yard's API server, under the same cases as the real one.

use leverframe::demo::kubernetes::Server as Served;
use leverframe::demo::kubernetes::rights::{Person, Rights, Rule};
use leverframe::demo::loopback::Certificate;
use serde_json::json;

use crate::{Server, all, namespaces};

#[tokio::test(flavor = "multi_thread")]
async fn the_yards_server_behaves_as_the_real_one() {
    const READ: &[&str] = &["get", "list", "watch"];
    let rule = |group, resource| Rule {
        group,
        resource,
        verbs: READ,
    };
    let rules = vec![rule("", "pods"), rule("apps", "deployments")];
    let people = vec![
        Person::new("admin", Rights::All).expect("a token"),
        Person::new("viewer", Rights::Only(rules)).expect("a token"),
    ];
    let certificate = Certificate::generate().expect("a certificate");
    let served = Served::start(&certificate, people, 1)
        .await
        .expect("a server");
    for name in namespaces() {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        served.objects().seed(namespace).expect("a namespace");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, served.kubeconfig("yard")).expect("the kubeconfig");
    let server = Server {
        kubeconfig,
        admin: "yard".to_owned(),
        viewer: "yard-viewer".to_owned(),
    };
    all(&server).await;
}
