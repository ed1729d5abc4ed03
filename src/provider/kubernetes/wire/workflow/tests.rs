use super::*;
use crate::provider::kubernetes::wire::read;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use std::io::Write as _;

fn model(object: &Value) -> model::Run {
    let text = object.to_string();
    let read =
        read::<Workflow>(text.as_bytes()).unwrap_or_else(|(name, why)| panic!("{name}: {why}"));
    match read.fact(&"staging".into()) {
        Fact::Run(run) => run,
        other => panic!("{other:?}"),
    }
}

fn object() -> Value {
    json!({
        "metadata": {
            "name": "post-sync-7xk2p", "namespace": "apps", "uid": "u-9", "resourceVersion": "5", "generateName": "post-sync-",
            "labels": {"workflows.argoproj.io/workflow-template": "post-sync", "application": "publisher", "imageTag": "v1362"},
            "ownerReferences": [{"kind": "CronWorkflow", "name": "nightly", "uid": "c-1"}],
            "creationTimestamp": "2026-11-20T02:28:00Z"},
        "spec": {"workflowTemplateRef": {"name": "post-sync"}, "later": [1, 2],
            "arguments": {"parameters": [
                {"name": "imageTag", "value": "v1362"}, {"name": "attempts", "value": 3}, {"name": "promoteDeployment", "value": true},
                {"name": "fromElsewhere", "valueFrom": {"default": "x"}}]}},
        "status": {"phase": "Failed", "startedAt": "2026-11-20T02:28:01Z", "finishedAt": "2026-11-20T02:31:00Z", "progress": "2/3",
            "storedWorkflowTemplateSpec": {"arguments": {"parameters": [{"name": "environment", "value": "staging"}]}, "templates": []},
            "nodes": {"post-sync-7xk2p": {"id": "post-sync-7xk2p", "name": "post-sync-7xk2p", "type": "DAG", "phase": "Failed",
                "children": ["post-sync-7xk2p-1"], "startedAt": "2026-11-20T02:28:01Z", "finishedAt": null},
              "post-sync-7xk2p-1": {"id": "post-sync-7xk2p-1", "name": "post-sync-7xk2p.e2e(0)", "displayName": "e2e(0)", "type": "Pod",
                "phase": "Failed", "boundaryID": "post-sync-7xk2p", "templateRef": {"name": "e2e", "template": "run"},
                "message": "Error (exit code 1)", "outputs": {"exitCode": "1", "parameters": []}, "nodeFlag": {"retried": true}}}},
    })
}

#[test]
fn a_run_is_read_as_the_console_needs_it() {
    let run = model(&object());
    assert_eq!(run.template.as_deref(), Some("post-sync"));
    assert_eq!(run.phase, RunPhase::Failed);
    assert_eq!(run.generate_name.as_deref(), Some("post-sync-"));
    assert_eq!(
        serde_json::from_str::<Value>(&run.spec).unwrap(),
        object()["spec"],
        "the spec is kept whole"
    );
    assert_eq!(
        serde_json::from_str::<Value>(run.owners.as_deref().unwrap()).unwrap(),
        object()["metadata"]["ownerReferences"]
    );
    let parameter = |name: &str| run.parameters.get(name).map(|v| &**v);
    assert_eq!(parameter("imageTag"), Some("v1362"));
    assert_eq!(parameter("attempts"), Some("3"));
    assert_eq!(parameter("promoteDeployment"), Some("true"));
    assert_eq!(
        parameter("environment"),
        Some("staging"),
        "the template's own are in force"
    );
    assert_eq!(parameter("fromElsewhere"), None);
    let nodes = run.nodes.read();
    assert_eq!(nodes.len(), 2);
    let step = nodes.iter().find(|n| &*n.display_name == "e2e(0)").unwrap();
    assert_eq!(
        (step.exit_code.as_deref(), &*step.template),
        (Some("1"), "e2e/run")
    );
    assert!(step.retried && !step.hooked && !run.memoized && !run.suspended);
}

#[test]
fn a_new_run_has_no_phase_and_no_nodes() {
    let run = model(
        &json!({"metadata": {"name": "new"}, "spec": {"suspend": true}, "status": {"phase": "", "nodes": null}}),
    );
    assert_eq!(run.phase, RunPhase::Pending);
    assert!(run.suspended && run.owners.is_none());
    assert_eq!(run.nodes, Nodes::Read(Arc::new(Vec::new())));
}

#[test]
fn a_waiting_suspend_node_and_steps_of_a_memoized_resubmit_are_seen() {
    let mut object = object();
    object["status"]["nodes"]["x"] = json!({"type": "Suspend", "phase": "Running"});
    object["status"]["nodes"]["y"] = json!({"type": "Pod", "phase": "Succeeded", "memoizationStatus": {"hit": true, "key": "k"}});
    let run = model(&object);
    assert!(run.suspended);
    assert!(!run.memoized, "a template's own cache answers a copy, too");
    object["status"]["nodes"]["z"] =
        json!({"type": "Skipped", "phase": "Skipped", "message": "original pod: post-sync-old-7"});
    let run = model(&object);
    assert!(run.memoized);
    assert!(
        run.nodes.read().iter().any(|n| &*n.id == "x"),
        "the key stands in for a missing id"
    );
}

fn gzip(json: &str) -> String {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(json.as_bytes()).unwrap();
    base64::engine::general_purpose::STANDARD.encode(packed.finish().unwrap())
}

#[test]
fn packed_nodes_are_unpacked_or_said_to_be_unread() {
    let mut object = object();
    let plain = model(&object).nodes;
    let packed = gzip(&object["status"]["nodes"].take().to_string());
    object["status"]["compressedNodes"] = json!(packed);
    assert_eq!(model(&object).nodes, plain);
    for (packed, told) in [
        (
            base64::engine::general_purpose::STANDARD.encode([0x28, 0xb5, 0x2f, 0xfd, 0]),
            "zstd",
        ),
        (
            base64::engine::general_purpose::STANDARD.encode([0x0b, 0x02]),
            "brotli",
        ),
        (gzip("not json"), "cannot be read"),
        ("!!!".to_owned(), "cannot be read"),
        (
            gzip(&" ".repeat(LARGEST_NODES as usize + 1)),
            "larger than any run",
        ),
    ] {
        object["status"]["compressedNodes"] = json!(packed);
        let Nodes::Unread(why) = model(&object).nodes else {
            panic!("{told}")
        };
        assert!(why.contains(told), "{why}");
    }
    object["status"]["compressedNodes"] = json!("");
    object["status"]["offloadNodeStatusVersion"] = json!("fnv:1");
    let Nodes::Unread(why) = model(&object).nodes else {
        panic!("offloaded")
    };
    assert!(why.contains("offloaded"));
}

/// Every real shape is read, and the packed one equals the plain one.
#[test]
fn real_runs_are_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/workflows");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("SKIPPED: ../shared/data is not here");
        return;
    };
    let mut count = 0;
    for file in files.map(|f| f.unwrap().path()) {
        if file.ends_with("pod-name-vectors.json") {
            continue;
        }
        let object: Value =
            serde_saphyr::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let run = model(&object);
        assert_eq!(
            run.phase.as_str(),
            object["status"]["phase"],
            "{}",
            file.display()
        );
        if let Some(nodes) = object["status"]["nodes"].as_object() {
            assert_eq!(run.nodes.read().len(), nodes.len(), "{}", file.display());
            for node in run.nodes.read() {
                assert!(!matches!(node.kind, NodeKind::Other(_)), "{node:?}");
                assert!(!matches!(node.phase, NodePhase::Other(_)), "{node:?}");
            }
        }
        count += 1;
    }
    assert!(count > 10);
    let of = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        model(&serde_saphyr::from_str(&text).unwrap()).nodes
    };
    assert_eq!(
        of("derived.compressedNodes.gzip.json"),
        of("dag.retry.taskgroup.succeeded-with-failed-attempts.yaml")
    );
    assert!(matches!(
        of("derived.offloadNodeStatus.json"),
        Nodes::Unread(_)
    ));
}

#[test]
fn how_a_run_goes_on_is_read_from_it_and_from_its_template() {
    let mut object = object();
    let plain = model(&object);
    assert_eq!(
        (
            plain.exit_handler,
            plain.retries_all,
            plain.retry_expression
        ),
        (None, false, None)
    );
    object["status"]["nodes"]["post-sync-7xk2p"]["templateName"] = json!("main");
    object["status"]["storedWorkflowTemplateSpec"] = json!({"onExit": "exit-handler",
        "retryStrategy": {"limit": 3, "expression": "asInt(lastRetry.exitCode) > 1"}, "templates": [{"name": "main"}, {}]});
    let run = model(&object);
    assert_eq!(run.exit_handler.as_deref(), Some("exit-handler"));
    assert!(run.retries_all);
    assert_eq!(
        run.retry_expression.as_deref(),
        Some("asInt(lastRetry.exitCode) > 1")
    );
    // A template's own strategy is before the run's; one that stands elsewhere is not known.
    object["status"]["storedWorkflowTemplateSpec"]["templates"] =
        json!([{"name": "main", "retryStrategy": {"limit": 1}}]);
    assert_eq!(model(&object).retry_expression, None);
    object["status"]["storedWorkflowTemplateSpec"]["templates"] = json!([]);
    assert_eq!(model(&object).retry_expression, None);
}

#[test]
fn what_a_run_does_is_said_by_its_reference_and_not_by_a_label() {
    let mut object = object();
    object["metadata"]["labels"]["workflows.argoproj.io/workflow-template"] = json!("nightly");
    assert_eq!(model(&object).template.as_deref(), Some("post-sync"));
    object["spec"]["workflowTemplateRef"] = json!(null);
    assert_eq!(model(&object).template.as_deref(), Some("nightly"));
}
