//! Moving: a patch that holds however its object moves, as a stop does.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

const OURS: &str = "00ff00ff00ff00ff";

fn stop() -> Plan {
    plan(Write::Patch {
        id: id("run"),
        plural: "workflows".into(),
        resource_version: "7".into(),
        patch: json!({"metadata": {"annotations": {"leverframe/stop": OURS}}, "spec": {"shutdown": "Stop"}}),
        guards: vec![Guard::NotOver],
        holds: Holds::WhileGuarded,
    })
}

/// The run at a version of it, changed further.
fn run(version: usize, change: fn(&mut Value)) -> Value {
    let mut run = json!({"kind": "Workflow", "metadata": {"name": "run", "namespace": "apps", "uid": "u-1",
            "resourceVersion": version.to_string(), "creationTimestamp": "2026-11-20T03:12:00Z"},
        "spec": {}, "status": {"phase": "Running"}});
    change(&mut run);
    run
}

fn marked(run: &mut Value) {
    run["metadata"]["annotations"] = json!({"leverframe/stop": OURS});
    run["spec"]["shutdown"] = json!("Stop");
}

fn conflict() -> Reply {
    Reply::no(409, "Conflict", "the object has been modified")
}

/// The run moves before every reading (8, 9, …) and is changed from the reading of that number on; each patch gets its answer.
async fn server(from: usize, change: fn(&mut Value), answer: fn(usize) -> Reply) -> Faulty {
    let (read, sent) = (AtomicUsize::new(0), AtomicUsize::new(0));
    Faulty::start(move |_, asked| match asked.method.as_str() {
        "GET" => {
            let n = read.fetch_add(1, Ordering::SeqCst);
            let change = if n >= from {
                change
            } else {
                |_: &mut Value| {}
            };
            Reply::json(200, &run(8 + n, change).to_string())
        }
        _ => answer(sent.fetch_add(1, Ordering::SeqCst)),
    })
    .await
}

/// The outcome, the versions that were sent, and the tries that were journalled.
async fn pull(server: &Faulty) -> (Outcome, Vec<String>, usize) {
    let tries = AtomicUsize::new(0);
    let count = |_: &str| {
        tries.fetch_add(1, Ordering::SeqCst);
    };
    let outcome = writer(server, NEVER).write(&stop(), &count).await;
    let asked = sent(server);
    let versions = asked.iter().map(|asked| {
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        assert_eq!(body["metadata"]["uid"], "u-1");
        body["metadata"]["resourceVersion"]
            .as_str()
            .unwrap()
            .to_owned()
    });
    let versions = versions.collect();
    (outcome, versions, tries.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_run_that_moves_is_stopped_as_it_was_read_last() {
    let done = |_| Reply::json(200, &run(20, marked).to_string());
    let (outcome, versions, tries) = pull(&server(99, |_| {}, done).await).await;
    assert_eq!((outcome.word(), tries), ("applied", 0), "{outcome:?}");
    assert_eq!(versions, ["8"]);

    let third = |n| match n {
        0 | 1 => conflict(),
        _ => Reply::json(200, &run(20, marked).to_string()),
    };
    let (outcome, versions, tries) = pull(&server(99, |_| {}, third).await).await;
    assert_eq!((outcome.word(), tries), ("applied", 2), "{outcome:?}");
    assert_eq!(versions, ["8", "9", "10"]);
}

#[tokio::test]
async fn a_run_that_moves_on_and_on_is_given_up() {
    let (outcome, versions, tries) = pull(&server(99, |_| {}, |_| conflict()).await).await;
    assert_eq!((outcome.word(), tries), ("refused", 4), "{outcome:?}");
    assert_eq!(versions, ["8", "9", "10", "11", "12"]);
}

#[tokio::test]
async fn what_happened_meanwhile_refuses_a_stop() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 5] = [
        (|run| run["status"]["phase"] = json!("Succeeded"), "is over"),
        (|run| run["metadata"]["uid"] = json!("u-2"), "made anew"),
        (
            |run| run["metadata"]["deletionTimestamp"] = json!("2026-11-20T03:12:00Z"),
            "being deleted",
        ),
        (
            |run| run["spec"]["shutdown"] = json!("Terminate"),
            "asked to shut down already (Terminate)",
        ),
        (
            |run| run["metadata"]["resourceVersion"] = Value::Null,
            "without its resourceVersion",
        ),
    ];
    for (change, told) in cases {
        // Before the first try, and between a conflict and the second.
        for from in [0, 1] {
            let (outcome, versions, tries) =
                pull(&server(from, change, |_| conflict()).await).await;
            assert_eq!((outcome.word(), tries), ("refused", 0), "{outcome:?}");
            assert_eq!(versions.len(), from, "{told}");
            let said = because(&outcome);
            assert!(
                said.contains(told) && said.contains("Nothing was changed."),
                "{said}"
            );
        }
    }
}

/// A box on the way sent it twice: the conflict is with its own first arrival.
#[tokio::test]
async fn a_conflict_with_itself_is_applied() {
    let (outcome, versions, _) = pull(&server(1, marked, |_| conflict()).await).await;
    assert_eq!(outcome.word(), "applied", "{outcome:?}");
    assert_eq!(versions, ["8"]);
    let (outcome, versions, _) = pull(&server(5, marked, |_| conflict()).await).await;
    assert_eq!(outcome.word(), "applied", "{outcome:?}");
    assert_eq!(versions.len(), 5, "after the last try, too");
}

#[tokio::test]
async fn only_a_conflict_is_followed_by_another_try() {
    for (answer, word) in answers() {
        let server = Faulty::start(move |_, asked| match asked.method.as_str() {
            "GET" => Reply::json(200, &run(8, |_| {}).to_string()),
            _ => answer(),
        })
        .await;
        let outcome = write(&server, &stop()).await;
        assert_eq!(outcome.word(), word, "{outcome:?}");
        let tries = sent(&server);
        let is_conflict = because(&outcome).contains("moved");
        assert_eq!(tries.len(), if is_conflict { 5 } else { 1 }, "{outcome:?}");
    }
    let server = server(
        99,
        |_| {},
        |n| match n {
            0 => conflict(),
            _ => Reply::hang_up(),
        },
    );
    let (outcome, versions, _) = pull(&server.await).await;
    assert_eq!(
        (outcome.word(), versions.len()),
        ("unknown", 2),
        "{outcome:?}"
    );
}

/// The look after a conflict fails: a box on the way may have sent it twice, so that it was stopped by its first arrival.
#[tokio::test]
async fn a_conflict_that_cannot_be_looked_at_again_is_unknown() {
    let server = Faulty::start(|n, asked| match (n, asked.method.as_str()) {
        (_, "PATCH") => conflict(),
        (0, _) => Reply::json(200, &run(8, |_| {}).to_string()),
        _ => Reply::no(503, "ServiceUnavailable", "busy"),
    })
    .await;
    let (outcome, versions, _) = pull(&server).await;
    assert_eq!((outcome.word(), versions.len()), ("unknown", 1));
    assert!(
        because(&outcome).contains("could not be looked at again"),
        "{outcome:?}"
    );
    // A server that was busy for a moment leaves no doubt behind.
    let busy = Faulty::start(|n, asked| match (n, asked.method.as_str()) {
        (1, _) => conflict(),
        (2, _) => Reply::no(503, "ServiceUnavailable", "busy"),
        (_, "PATCH") => Reply::json(200, &run(20, marked).to_string()),
        (n, _) => Reply::json(200, &run(8 + n, |_| {}).to_string()),
    })
    .await;
    let (outcome, versions, _) = pull(&busy).await;
    assert_eq!(
        (outcome.word(), versions.len()),
        ("applied", 2),
        "{outcome:?}"
    );
}

/// Plans of versions that did not say how much may have moved mean the version that they saw.
#[test]
fn an_older_plan_holds_as_it_was_seen() {
    let mut old = serde_json::to_value(&stop().write).unwrap();
    assert_eq!(old["holds"], "while_guarded");
    old.as_object_mut().unwrap().remove("holds");
    let old: Write = serde_json::from_value(old).unwrap();
    assert!(matches!(
        old,
        Write::Patch {
            holds: Holds::AsSeen,
            ..
        }
    ));
    let same = serde_json::to_value(&old).unwrap();
    assert_eq!(same.get("holds"), None);
}
