//! The practice yard as a console meets it: a repository, three clusters, and what goes on in them.

#[path = "../common/call.rs"]
#[allow(
    dead_code,
    reason = "shared with the suite of API behaviours, which uses more of it"
)]
pub mod call;
#[path = "../common/real.rs"]
#[allow(
    dead_code,
    reason = "shared with the suite of API behaviours, which uses more of it"
)]
mod real;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use http::Request;
use kube::config::{KubeConfigOptions, Kubeconfig};
use leverframe_yard::{Access, Options, Scenario, Yard};
use serde_json::Value;

/// How a real server of the rig is reached.
pub struct Server {
    pub kubeconfig: PathBuf,
    pub admin: String,
    #[allow(dead_code, reason = "the yard's players may do all")]
    pub viewer: String,
}

async fn client(yard: &Yard, environment: &str) -> kube::Client {
    let access = yard
        .access()
        .iter()
        .find(|access| access.environment == environment)
        .expect("an environment");
    let file = Kubeconfig::read_from(&access.kubeconfig).expect("a kubeconfig");
    let options = KubeConfigOptions {
        context: Some(access.context.clone()),
        ..KubeConfigOptions::default()
    };
    let mut config = kube::Config::from_custom_kubeconfig(file, &options)
        .await
        .expect("a configuration");
    config.default_retry = false;
    kube::Client::try_from(config).expect("a client")
}

async fn get(client: &kube::Client, path: &str) -> Value {
    client
        .request(Request::get(path).body(Vec::new()).expect("a request"))
        .await
        .expect("an answer")
}

async fn text(client: &kube::Client, path: &str) -> String {
    client
        .request_text(Request::get(path).body(Vec::new()).expect("a request"))
        .await
        .expect("an answer")
}

const APPLICATIONS: &str = "/apis/argoproj.io/v1alpha1/namespaces/cluster-services/applications";
const WORKFLOWS: &str = "/apis/argoproj.io/v1alpha1/namespaces/apps/workflows";
const PODS: &str = "/api/v1/namespaces/apps/pods";

#[tokio::test(flavor = "multi_thread")]
async fn the_yard_opens_privately_and_leaves_nothing() {
    let began = Instant::now();
    let yard = Yard::start(Options::default()).await.expect("a yard");
    println!("the yard opened in {:?}", began.elapsed());
    let folder = yard.folder().to_owned();
    let mode = |path: &std::path::Path| {
        std::fs::metadata(path)
            .expect("metadata")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(&folder), 0o700);
    for access in yard.access() {
        assert_eq!(mode(&access.kubeconfig), 0o600);
        let client = client(&yard, access.environment).await;
        let apps = get(&client, APPLICATIONS).await;
        assert!(apps["items"].as_array().expect("items").len() > 55);
        let pods = get(&client, PODS).await;
        for pod in pods["items"].as_array().expect("items") {
            for owner in pod["metadata"]["ownerReferences"]
                .as_array()
                .expect("owners")
            {
                assert_eq!(owner["uid"].as_str().expect("a uid").len(), 36);
            }
        }
    }
    drop(yard);
    assert!(!folder.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_scenario_opens_with_its_trouble_in_view() {
    let yard = Yard::start(Options {
        scenario: Scenario::FLAKY_SMOKE,
        ..Options::default()
    })
    .await
    .expect("a yard");
    let staging = client(&yard, "staging").await;
    let failed = get(
        &staging,
        &format!("{WORKFLOWS}?labelSelector=application%3Dpublisher,imageTag%3Dv1362"),
    )
    .await;
    let run = &failed["items"][0];
    assert_eq!(run["status"]["phase"], "Failed");
    let name = run["metadata"]["name"].as_str().expect("a name");
    let pods = get(
        &staging,
        &format!("{PODS}?labelSelector=workflows.argoproj.io/workflow%3D{name}"),
    )
    .await;
    let tests = pods["items"]
        .as_array()
        .expect("pods")
        .iter()
        .filter(|pod| {
            pod["metadata"]["annotations"]["workflows.argoproj.io/node-name"]
                .as_str()
                .expect("a node")
                .contains("e2e")
        });
    let names: Vec<&str> = tests
        .map(|pod| pod["metadata"]["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names.len(), 3);
    let log = text(
        &staging,
        &format!("{PODS}/{}/log?container=main&timestamps=true", names[2]),
    )
    .await;
    assert!(
        log.lines().count() > 200 && log.contains("Error: expect(locator)"),
        "{log}"
    );

    let yard = Yard::start(Options {
        scenario: Scenario::CRASH_LOOP,
        ..Options::default()
    })
    .await
    .expect("a yard");
    let production = client(&yard, "production").await;
    let pods = get(
        &production,
        &format!("{PODS}?labelSelector=app.kubernetes.io/instance%3Dwhitehall-admin"),
    )
    .await;
    let crashed = pods["items"]
        .as_array()
        .expect("pods")
        .iter()
        .find(|pod| pod["status"]["containerStatuses"][0]["restartCount"] == 8);
    let crashed = crashed.expect("a crashed pod")["metadata"]["name"]
        .as_str()
        .expect("a name")
        .to_owned();
    let log = text(
        &production,
        &format!("{PODS}/{crashed}/log?container=app&previous=true"),
    )
    .await;
    assert!(log.contains("ASSET_HOST_SIGNING_KEY"), "{log}");

    let yard = Yard::start(Options {
        scenario: Scenario::MIGRATION_FAILED,
        ..Options::default()
    })
    .await
    .expect("a yard");
    let production = client(&yard, "production").await;
    let app = get(&production, &format!("{APPLICATIONS}/places-manager")).await;
    assert_eq!(app["status"]["operationState"]["phase"], "Failed");
    assert_eq!(app["metadata"]["annotations"]["imageTag"], "v412");

    let yard = Yard::start(Options {
        scenario: Scenario::ENVIRONMENT_DOWN,
        ..Options::default()
    })
    .await
    .expect("a yard");
    let integration = client(&yard, "integration").await;
    let refused = integration
        .request::<Value>(
            Request::get(APPLICATIONS)
                .body(Vec::new())
                .expect("a request"),
        )
        .await;
    assert!(refused.is_err());
    get(&client(&yard, "staging").await, APPLICATIONS).await;
}

/// Asks again until there is an answer, for as long as a minute.
async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < end, "never seen: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn declared(yard: &Yard, environment: &str, repository: &str) -> String {
    let raw = git2::Repository::open_bare(yard.repository().path()).expect("the repository");
    let head = raw
        .find_reference("refs/heads/main")
        .and_then(|main| main.peel_to_tree())
        .expect("main");
    let path = format!("charts/app-config/image-tags/{environment}/{repository}");
    let entry = head.get_path(std::path::Path::new(&path)).expect("a file");
    String::from_utf8(
        raw.find_blob(entry.id())
            .expect("a blob")
            .content()
            .to_vec(),
    )
    .expect("text")
}

async fn create(client: &kube::Client, path: &str, object: &Value) -> Value {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .body(object.to_string().into_bytes());
    client
        .request(request.expect("a request"))
        .await
        .expect("created")
}

async fn merge(client: &kube::Client, path: &str, patch: &Value) -> Value {
    let request = Request::patch(path)
        .header("content-type", "application/merge-patch+json")
        .body(patch.to_string().into_bytes());
    client
        .request(request.expect("a request"))
        .await
        .expect("patched")
}

/// The new object as a console forms it: the old one's spec and labels under a new name.
fn resubmitted(run: &Value) -> Value {
    let old = run["metadata"]["name"].as_str().expect("a name");
    let mut labels = run["metadata"]["labels"]
        .as_object()
        .expect("labels")
        .clone();
    labels.retain(|key, _| {
        !key.ends_with("/phase") && !key.ends_with("/completed") && !key.ends_with("/creator")
    });
    labels.insert(
        "workflows.argoproj.io/resubmitted-from-workflow".to_owned(),
        old.into(),
    );
    serde_json::json!({
        "apiVersion": run["apiVersion"], "kind": run["kind"], "spec": run["spec"],
        "metadata": { "name": format!("{old}-again"), "namespace": "apps", "labels": labels },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resubmitted_flake_passes_and_is_promoted_to_production() {
    let options = Options {
        scenario: Scenario::FLAKY_SMOKE,
        speed: 150.0,
        ..Options::default()
    };
    let yard = Yard::start(options).await.expect("a yard");
    the_flake_is_resubmitted_and_promoted(&yard).await;
}

/// The same simulator as a client of real API servers, one for each environment.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_simulator_plays_on_real_api_servers() {
    let mut rigs = Vec::new();
    for environment in ["integration", "staging", "production"] {
        let Some(rig) = real::Rig::start(environment, &[]).await else {
            return;
        };
        rigs.push((environment, rig));
    }
    let access = |(environment, rig): &(&'static str, real::Rig)| {
        let server = rig.server();
        Access {
            environment,
            kubeconfig: server.kubeconfig,
            context: server.admin,
        }
    };
    let access = rigs.iter().map(access).collect();
    let options = Options {
        scenario: Scenario::FLAKY_SMOKE,
        speed: 60.0,
        ..Options::default()
    };
    let yard = Yard::on_servers(options, access).await.expect("a yard");
    the_flake_is_resubmitted_and_promoted(&yard).await;
}

async fn the_flake_is_resubmitted_and_promoted(yard: &Yard) {
    let (staging, production) = (
        client(yard, "staging").await,
        client(yard, "production").await,
    );
    let failed = get(
        &staging,
        &format!("{WORKFLOWS}?labelSelector=application%3Dpublisher,imageTag%3Dv1362"),
    )
    .await;
    assert!(declared(yard, "production", "publisher").starts_with("image_tag: v1361"));

    let again = create(&staging, WORKFLOWS, &resubmitted(&failed["items"][0])).await;
    let path = format!(
        "{WORKFLOWS}/{}",
        again["metadata"]["name"].as_str().expect("a name")
    );
    let run = until("the run succeeded", async || {
        let run = get(&staging, &path).await;
        (run["status"]["phase"] == "Succeeded").then_some(run)
    })
    .await;
    let promoted = run["status"]["nodes"]
        .as_object()
        .expect("nodes")
        .values()
        .find(|node| node["displayName"] == "promote-release");
    assert_eq!(promoted.expect("the promotion")["phase"], "Succeeded");
    until("the version on main", async || {
        declared(yard, "production", "publisher")
            .starts_with("image_tag: v1362")
            .then_some(())
    })
    .await;
    // The parent is hurried as an operator hurries it; the annotation goes when it has looked.
    let refresh = serde_json::json!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": "normal" } } });
    merge(&production, &format!("{APPLICATIONS}/app-config"), &refresh).await;
    until("the version running in production", async || {
        let pods = get(
            &production,
            &format!("{PODS}?labelSelector=app%3Dpublisher"),
        )
        .await;
        let pods = pods["items"].as_array().expect("pods").clone();
        let new = pods.iter().filter(|pod| {
            pod["status"]["containerStatuses"][0]["image"]
                .as_str()
                .is_some_and(|image| image.ends_with("publisher:v1362"))
                && pod["status"]["containerStatuses"][0]["ready"] == true
        });
        (pods.len() == 2 && new.count() == 2).then_some(())
    })
    .await;
    let app = until("a healthy publisher", async || {
        let app = get(&production, &format!("{APPLICATIONS}/publisher")).await;
        (app["status"]["health"]["status"] == "Healthy").then_some(app)
    })
    .await;
    assert_eq!(app["metadata"]["annotations"]["imageTag"], "v1362");
    assert_eq!(app["status"]["operationState"]["phase"], "Succeeded");
    let parent = get(&production, &format!("{APPLICATIONS}/app-config")).await;
    assert_eq!(
        parent["metadata"]["annotations"].get("argocd.argoproj.io/refresh"),
        None
    );
    until("a smoke run in production", async || {
        let runs = get(
            &production,
            &format!("{WORKFLOWS}?labelSelector=application%3Dpublisher,imageTag%3Dv1362"),
        )
        .await;
        runs["items"]
            .as_array()
            .expect("runs")
            .iter()
            .any(|run| run["status"]["phase"] == "Succeeded")
            .then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_loop_ends_with_the_version_before_it() {
    let options = Options {
        scenario: Scenario::CRASH_LOOP,
        speed: 150.0,
        ..Options::default()
    };
    let yard = Yard::start(options).await.expect("a yard");
    let production = client(&yard, "production").await;
    let parameter = |name: &str, value: &str| serde_json::json!({ "name": name, "value": value });
    let parameters = [
        parameter("environment", "production"),
        parameter("repoName", "whitehall"),
        parameter("imageTag", "v3083"),
        parameter("promoteDeployment", "false"),
    ];
    let back = serde_json::json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
        "metadata": { "name": "deploy-image-by-hand", "labels": { "workflows.argoproj.io/workflow-template": "deploy-image" } },
        "spec": { "workflowTemplateRef": { "name": "deploy-image" }, "arguments": { "parameters": parameters } },
    });
    create(&production, WORKFLOWS, &back).await;
    until("six ready pods of v3083 and a healthy app", async || {
        let pods = get(
            &production,
            &format!("{PODS}?labelSelector=app%3Dwhitehall-admin"),
        )
        .await;
        let pods = pods["items"].as_array().expect("pods").clone();
        let good = pods.iter().filter(|pod| {
            let app = &pod["status"]["containerStatuses"][0];
            app["ready"] == true
                && app["image"]
                    .as_str()
                    .is_some_and(|image| image.ends_with(":v3083"))
        });
        let app = get(&production, &format!("{APPLICATIONS}/whitehall-admin")).await;
        (pods.len() == 6 && good.count() == 6 && app["status"]["health"]["status"] == "Healthy")
            .then_some(())
    })
    .await;
    let run = get(&production, &format!("{WORKFLOWS}/deploy-image-by-hand")).await;
    assert_eq!(
        run["metadata"]["labels"]["repoName"], "whitehall",
        "the template's own labels are added"
    );
    let deployment = get(
        &production,
        "/apis/apps/v1/namespaces/apps/deployments/whitehall-admin",
    )
    .await;
    assert_eq!(
        deployment["status"]["observedGeneration"],
        deployment["metadata"]["generation"]
    );
    assert_eq!(deployment["status"]["updatedReplicas"], 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_migration_goes_through_at_the_next_sync() {
    let options = Options {
        scenario: Scenario::MIGRATION_FAILED,
        speed: 150.0,
        ..Options::default()
    };
    let yard = Yard::start(options).await.expect("a yard");
    let production = client(&yard, "production").await;
    let path = format!("{APPLICATIONS}/places-manager");
    let app = get(&production, &path).await;
    assert_eq!(app["status"]["operationState"]["phase"], "Failed");
    let sync = serde_json::json!({
        "metadata": { "resourceVersion": app["metadata"]["resourceVersion"], "uid": app["metadata"]["uid"] },
        "operation": { "initiatedBy": { "username": "ops-2" }, "sync": { "syncStrategy": { "hook": {} } } },
        "status": { "operationState": null },
    });
    merge(&production, &path, &sync).await;
    let app = until("a healthy app after the sync", async || {
        let app = get(&production, &path).await;
        let done = app["status"]["operationState"]["phase"] == "Succeeded"
            && app["status"]["health"]["status"] == "Healthy";
        done.then_some(app)
    })
    .await;
    assert_eq!(
        app.get("operation"),
        None,
        "the controller removes what it has done"
    );
    assert_eq!(
        app["status"]["operationState"]["operation"]["initiatedBy"]["username"],
        "ops-2"
    );
    assert!(app["status"].get("conditions").is_none());
    until("pods of v412", async || {
        let pods = get(
            &production,
            &format!("{PODS}?labelSelector=app%3Dplaces-manager"),
        )
        .await;
        let pods = pods["items"].as_array().expect("pods").clone();
        let all = pods.iter().all(|pod| {
            pod["status"]["containerStatuses"][0]["image"]
                .as_str()
                .is_some_and(|image| image.ends_with(":v412"))
        });
        (pods.len() == 2 && all).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_fails_and_its_log_ends() {
    let options = Options {
        scenario: Scenario::FLAKY_SMOKE,
        speed: 2.0,
        ..Options::default()
    };
    let yard = Yard::start(options).await.expect("a yard");
    let staging = client(&yard, "staging").await;
    let failed = get(
        &staging,
        &format!("{WORKFLOWS}?labelSelector=application%3Dpublisher,imageTag%3Dv1362"),
    )
    .await;
    let again = create(&staging, WORKFLOWS, &resubmitted(&failed["items"][0])).await;
    let name = again["metadata"]["name"]
        .as_str()
        .expect("a name")
        .to_owned();
    let pod = until("a running pod of the tests", async || {
        let pods = get(
            &staging,
            &format!("{PODS}?labelSelector=workflows.argoproj.io/workflow%3D{name}"),
        )
        .await;
        let pod = pods["items"].as_array().expect("pods").first()?.clone();
        (pod["status"]["phase"] == "Running").then_some(pod)
    })
    .await;
    let log = format!(
        "{PODS}/{}/log?container=main&follow=true",
        pod["metadata"]["name"].as_str().expect("a name")
    );
    let followed = {
        let staging = staging.clone();
        tokio::spawn(async move { text(&staging, &log).await })
    };
    let path = format!("{WORKFLOWS}/{name}");
    merge(
        &staging,
        &path,
        &serde_json::json!({ "spec": { "shutdown": "Terminate" } }),
    )
    .await;
    let run = until("the end of the run", async || {
        let run = get(&staging, &path).await;
        (run["status"]["phase"] == "Failed").then_some(run)
    })
    .await;
    assert_eq!(
        run["status"]["message"],
        "Stopped with strategy 'Terminate'"
    );
    let nodes = run["status"]["nodes"].as_object().expect("nodes");
    // The engine looks at the retry above and no more at its try, which stays as it was.
    let running: Vec<&Value> = nodes
        .values()
        .filter(|node| node["phase"] == "Running" || node["phase"] == "Pending")
        .map(|node| &node["name"])
        .collect();
    assert_eq!(running, [&Value::from(format!("{name}(0)"))]);
    let said = tokio::time::timeout(Duration::from_secs(30), followed)
        .await
        .expect("the log ended")
        .expect("a log");
    assert!(
        !said.contains("passed"),
        "what had not been said is not said: {said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewed_branch_is_merged_by_somebody_else() {
    let yard = Yard::start(Options {
        speed: 300.0,
        ..Options::default()
    })
    .await
    .expect("a yard");
    let raw = git2::Repository::open_bare(yard.repository().path()).expect("the repository");
    let head = raw
        .find_reference("refs/heads/main")
        .and_then(|main| main.peel_to_commit())
        .expect("main");
    let path = "charts/app-config/image-tags/staging/signon";
    let old = declared(&yard, "staging", "signon");
    let new = raw
        .blob(old.replace("enabled: true", "enabled: false").as_bytes())
        .expect("a blob");
    let mut index = git2::Index::new().expect("an index");
    index
        .read_tree(&head.tree().expect("a tree"))
        .expect("a tree");
    let entry = index
        .get_path(std::path::Path::new(path), 0)
        .expect("an entry");
    index
        .add(&git2::IndexEntry { id: new, ..entry })
        .expect("added");
    let tree = index.write_tree_to(&raw).expect("a tree");
    let who = git2::Signature::now("A Person", "person@example.org").expect("a name");
    let tree = raw.find_tree(tree).expect("a tree");
    raw.commit(
        Some("refs/heads/leverframe/7f3a"),
        &who,
        &who,
        "Hold signon",
        &tree,
        &[&head],
    )
    .expect("a commit");
    until("the merge on main", async || {
        declared(&yard, "staging", "signon")
            .contains("enabled: false")
            .then_some(())
    })
    .await;
    until("the branch deleted", async || {
        raw.find_reference("refs/heads/leverframe/7f3a")
            .is_err()
            .then_some(())
    })
    .await;
}

#[test]
fn the_written_configuration_is_one_that_the_console_loads() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let yard = runtime
        .block_on(Yard::start(Options::default()))
        .expect("a yard");
    let home = yard.folder().to_owned().into_os_string();
    let variables = |name: &str| (name == "HOME").then(|| home.clone());
    let config = leverframe::config::load(yard.config(), &variables).expect("a configuration");
    assert_eq!(&*config.delivery.name, "Practice yard");
    assert_eq!(config.clusters.len(), 3);
}
