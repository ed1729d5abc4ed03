//! The practice yard's API server, under the same cases as the real one.

use http::Request;
use kube::config::{KubeConfigOptions, Kubeconfig};
use leverframe_yard::kubernetes::rights::{Person, Rights, Rule};
use leverframe_yard::kubernetes::{Failure, Fault, Server as Served};
use leverframe_yard::loopback::{Certificate, Reachability};
use serde_json::{Value, json};

use super::call::until;
use super::{Server, all, namespaces};

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
        served.objects().insert(namespace).expect("a namespace");
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

/// A server with one namespace, and a client that sends nothing twice.
async fn alone() -> (Served, kube::Client) {
    let certificate = Certificate::generate().expect("a certificate");
    let people = vec![Person::new("admin", Rights::All).expect("a token")];
    let served = Served::start(&certificate, people, 1)
        .await
        .expect("a server");
    let file = Kubeconfig::from_yaml(&served.kubeconfig("yard")).expect("a kubeconfig");
    let options = KubeConfigOptions::default();
    let mut config = kube::Config::from_custom_kubeconfig(file, &options)
        .await
        .expect("a configuration");
    config.default_retry = false;
    (served, kube::Client::try_from(config).expect("a client"))
}

const RUNS: &str = "/apis/argoproj.io/v1alpha1/namespaces/default/workflows";

async fn list(client: &kube::Client) -> kube::Result<Value> {
    client
        .request(Request::get(RUNS).body(Vec::new()).expect("a request"))
        .await
}

async fn create(client: &kube::Client, name: &str) -> kube::Result<Value> {
    let run = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": name}, "spec": {}});
    let request = Request::post(RUNS).header("content-type", "application/json");
    client
        .request(
            request
                .body(run.to_string().into_bytes())
                .expect("a request"),
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_down_comes_back_at_the_same_place() {
    let (served, client) = alone().await;
    create(&client, "before").await.expect("created");
    served.set_reachability(Reachability::Refused);
    until("refusal", async || {
        list(&client).await.is_err().then_some(())
    })
    .await;
    served.set_reachability(Reachability::Hanging);
    until("no answer at all", async || {
        let asked =
            tokio::time::timeout(std::time::Duration::from_millis(500), list(&client)).await;
        asked.is_err().then_some(())
    })
    .await;
    served.set_reachability(Reachability::Open);
    let found = until("an answer again", async || list(&client).await.ok()).await;
    assert_eq!(
        found["items"][0]["metadata"]["name"], "before",
        "it kept what it held"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_hit_before_or_after_the_effect_and_every_arrival_is_counted() {
    let (served, client) = alone().await;
    for (name, failure, done) in [
        ("answered-502", Failure::Answer(502), false),
        ("done-then-504", Failure::AnswerAfter(504), true),
        ("cut-before", Failure::Cut, false),
        ("cut-after", Failure::CutAfter, true),
    ] {
        let arrived = served.calls("create", "workflows");
        served.fault(Fault {
            verb: "create",
            resource: "workflows",
            times: 1,
            failure,
        });
        create(&client, name).await.expect_err("a fault");
        assert_eq!(served.calls("create", "workflows"), arrived + 1, "{name}");
        let there = list(&client).await.expect("a list");
        let there = there["items"]
            .as_array()
            .expect("items")
            .iter()
            .any(|run| run["metadata"]["name"] == name);
        assert_eq!(there, done, "{name}");
    }
    create(&client, "well").await.expect("no fault is left");
}
