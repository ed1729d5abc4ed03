use super::*;
use crate::model::{ObjectId, Target};
use crate::plan::mark::{ORIGIN, PLAN};
use crate::plan::{Actor, Guard, Lever, Origin, PlanId, Reach, Request};
use crate::provider::Writer as _;
use crate::provider::kubernetes::Place;
use crate::provider::kubernetes::faulty::{Asked, Faulty, Reply};

fn plan(write: Write) -> Plan {
    Plan {
        id: PlanId::new("00ff00ff00ff00ff"),
        request: Request {
            lever: Lever::Resubmit,
            target: Target::new("staging", "publisher"),
            repository: None,
            version: None,
            run: None,
            reason: None,
        },
        who: Actor::default(),
        made_at: jiff::Timestamp::now(),
        from: None,
        to: None,
        evidence: String::new(),
        read: String::new(),
        reach: Reach::default(),
        checks: Vec::new(),
        write,
        hops: Vec::new(),
        debt: None,
        warning: None,
        next: None,
    }
}

fn id(name: &str) -> ObjectId {
    ObjectId {
        environment: "staging".into(),
        namespace: "apps".into(),
        name: name.into(),
        uid: "u-1".into(),
    }
}

fn create(origin: Option<Origin>) -> Plan {
    let object = json!({"metadata": {"name": "run-r2", "annotations": {PLAN: "00ff00ff00ff00ff", ORIGIN: "u-1"}}});
    let write = Write::Create {
        environment: "staging".into(),
        namespace: "apps".into(),
        plural: "workflows".into(),
        name: "run-r2".into(),
        object,
        origin,
    };
    plan(write)
}

fn patch(guards: Vec<Guard>) -> Plan {
    let patch = json!({"operation": {"info": [{"name": "leverframe-plan", "value": "00ff00ff00ff00ff"}], "sync": {}}});
    let plural = "applications".into();
    plan(Write::Patch {
        id: id("publisher"),
        plural,
        resource_version: "7".into(),
        patch,
        guards,
    })
}

/// The Application as the plan saw it.
fn application() -> Value {
    json!({"metadata": {"name": "publisher", "uid": "u-1", "resourceVersion": "7"}, "status": {"operationState": {"phase": "Succeeded"}}})
}

fn writer(server: &Faulty, quiet: Duration) -> Writer {
    let limits = Limits {
        look: Duration::from_secs(5),
        write: Duration::from_millis(800),
        quiet,
        ..Limits::default()
    };
    Writer::with(
        BTreeMap::from([("staging".into(), Arc::new(server.access()))]),
        limits,
    )
}

const NEVER: Duration = Duration::from_secs(100_000);

async fn write(server: &Faulty, plan: &Plan) -> Outcome {
    writer(server, NEVER).write(plan, &|_| {}).await
}

fn sent(server: &Faulty) -> Vec<Asked> {
    server
        .asked()
        .into_iter()
        .filter(|a| a.method != "GET")
        .collect()
}

type Answers = Vec<(fn() -> Reply, &'static str)>;

/// What can come back, and what it means.
fn answers() -> Answers {
    vec![
        (|| Reply::json(201, "{}"), "applied"),
        (|| Reply::no(400, "BadRequest", "no"), "failed"),
        (|| Reply::no(401, "Unauthorized", "no"), "failed"),
        (|| Reply::no(403, "Forbidden", "no"), "failed"),
        (|| Reply::no(404, "NotFound", "no"), "failed"),
        (|| Reply::no(409, "Conflict", "moved"), "refused"),
        (|| Reply::no(422, "Invalid", "uid"), "refused"),
        (|| Reply::with(429, "retry-after: 1\r\n", "{}"), "failed"),
        (|| Reply::with(302, "location: /login\r\n", ""), "failed"),
        (|| Reply::no(500, "InternalError", "etcd"), "unknown"),
        (|| Reply::json(502, "<html>Bad Gateway</html>"), "unknown"),
        (|| Reply::no(503, "ServiceUnavailable", "busy"), "unknown"),
        (|| Reply::no(504, "Timeout", "too late"), "unknown"),
        (Reply::hang_up, "unknown"),
        (Reply::silence, "unknown"),
    ]
}

#[tokio::test]
async fn a_create_arrives_once_whatever_is_answered() {
    for (answer, word) in answers() {
        let server = Faulty::start(move |_, _| answer()).await;
        let outcome = write(&server, &create(None)).await;
        assert_eq!(outcome.word(), word, "{outcome:?}");
        let sent = sent(&server);
        assert_eq!(sent.len(), 1, "{word}: {sent:?}");
        assert_eq!(
            (sent[0].method.as_str(), sent[0].path.as_str()),
            (
                "POST",
                "/apis/argoproj.io/v1alpha1/namespaces/apps/workflows"
            )
        );
        assert_eq!(
            serde_json::from_str::<Value>(&sent[0].body).unwrap()["metadata"]["name"],
            "run-r2"
        );
    }
}

#[tokio::test]
async fn a_patch_arrives_once_whatever_is_answered() {
    for (answer, word) in answers() {
        let server = Faulty::start(move |_, asked| match asked.method.as_str() {
            "GET" => Reply::json(200, &application().to_string()),
            _ => answer(),
        })
        .await;
        let outcome = write(&server, &patch(vec![Guard::NoOperation])).await;
        assert_eq!(outcome.word(), word, "{outcome:?}");
        let sent = sent(&server);
        assert_eq!(sent.len(), 1, "{word}: {sent:?}");
        assert_eq!(sent[0].method, "PATCH");
        assert!(
            sent[0]
                .headers
                .contains("content-type: application/merge-patch+json")
        );
        let body: Value = serde_json::from_str(&sent[0].body).unwrap();
        assert_eq!(
            body["metadata"],
            json!({"resourceVersion": "7", "uid": "u-1"})
        );
        assert_eq!(body["operation"]["info"][0]["value"], "00ff00ff00ff00ff");
    }
}

#[tokio::test]
async fn what_is_not_as_planned_is_refused_before_anything_is_sent() {
    let object = |change: fn(&mut Value)| {
        let mut object = application();
        change(&mut object);
        object
    };
    for (object, told) in [
        (object(|o| o["metadata"]["uid"] = json!("u-2")), "made anew"),
        (
            object(|o| o["metadata"]["resourceVersion"] = json!("8")),
            "has changed",
        ),
        (
            object(|o| o["metadata"]["deletionTimestamp"] = json!("2026-11-20T03:12:00Z")),
            "being deleted",
        ),
        (
            object(|o| o["operation"] = json!({"sync": {}})),
            "Another operation",
        ),
        (
            object(|o| o["status"]["operationState"]["phase"] = json!("Running")),
            "Another operation",
        ),
    ] {
        let text = object.to_string();
        let server = Faulty::start(move |_, _| Reply::json(200, &text)).await;
        let Outcome::Refused { because } = write(&server, &patch(vec![Guard::NoOperation])).await
        else {
            panic!("{told}")
        };
        assert!(
            because.contains(told) && because.contains("Nothing was changed."),
            "{because}"
        );
        assert!(sent(&server).is_empty());
    }
    let over =
        json!({"metadata": {"uid": "u-1", "resourceVersion": "7"}, "status": {"phase": "Failed"}})
            .to_string();
    let server = Faulty::start(move |_, _| Reply::json(200, &over)).await;
    assert_eq!(
        write(&server, &patch(vec![Guard::NotOver])).await.word(),
        "refused"
    );
    assert!(sent(&server).is_empty());
    let server = Faulty::start(|_, _| Reply::no(404, "NotFound", "gone")).await;
    assert_eq!(write(&server, &patch(vec![])).await.word(), "refused");
    assert!(sent(&server).is_empty());
}

#[tokio::test]
async fn a_look_that_fails_sends_nothing() {
    for answer in [
        || Reply::no(503, "ServiceUnavailable", "busy"),
        || Reply::no(403, "Forbidden", "no"),
        Reply::hang_up,
    ] {
        let server = Faulty::start(move |_, _| answer()).await;
        let Outcome::Failed { because, .. } = write(&server, &patch(vec![])).await else {
            panic!("not failed")
        };
        assert!(because.contains("Nothing was sent."), "{because}");
        assert!(sent(&server).is_empty());
    }
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let config = format!(
        "clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{gone}'}}}}]\ncontexts: [{{name: x, context: {{cluster: c, user: u}}}}]\n"
    );
    std::fs::write(&file, config).unwrap();
    let access = Access::new(Place {
        kubeconfig: Some(file),
        context: Some("x".into()),
    });
    let writer = Writer::new(BTreeMap::from([("staging".into(), Arc::new(access))]));
    let Outcome::Failed { because, .. } = writer.write(&create(None), &|_| {}).await else {
        panic!("not failed")
    };
    assert!(
        because.contains("Connection refused") && because.contains("Nothing was sent."),
        "{because}"
    );
    let Outcome::Failed { because, .. } = Writer::new(BTreeMap::new())
        .write(&create(None), &|_| {})
        .await
    else {
        panic!()
    };
    assert!(
        because.contains("No cluster is configured for staging"),
        "{because}"
    );
}

#[tokio::test]
async fn a_run_is_repeated_only_as_it_was_seen() {
    let origin = Origin {
        id: id("run"),
        attempt: 2,
        phase: "Failed".into(),
    };
    for (run, word, posts) in [
        (
            json!({"metadata": {"uid": "u-1"}, "status": {"phase": "Failed"}}),
            "applied",
            1,
        ),
        (
            json!({"metadata": {"uid": "u-1"}, "status": {"phase": "Running"}}),
            "refused",
            0,
        ),
        (
            json!({"metadata": {"uid": "u-2"}, "status": {"phase": "Failed"}}),
            "refused",
            0,
        ),
    ] {
        let text = run.to_string();
        let server = Faulty::start(move |_, asked| match asked.method.as_str() {
            "GET" => Reply::json(200, &text),
            _ => Reply::json(201, "{}"),
        })
        .await;
        assert_eq!(
            write(&server, &create(Some(origin.clone()))).await.word(),
            word,
            "{run}"
        );
        assert_eq!(sent(&server).len(), posts);
    }
}

#[tokio::test]
async fn a_name_that_is_taken_is_ours_only_by_the_plan() {
    for (by, word) in [
        ("00ff00ff00ff00ff", "applied"),
        ("1111111111111111", "refused"),
    ] {
        let found = json!({"metadata": {"annotations": {PLAN: by, ORIGIN: "u-1"}}}).to_string();
        let server = Faulty::start(move |_, asked| match asked.method.as_str() {
            "GET" => Reply::json(200, &found),
            _ => Reply::no(409, "AlreadyExists", "workflows \"run-r2\" already exists"),
        })
        .await;
        let outcome = write(&server, &create(None)).await;
        assert_eq!(outcome.word(), word, "{outcome:?}");
        assert_eq!(sent(&server).len(), 1);
    }
}

#[tokio::test]
async fn a_name_that_is_none_touches_no_path() {
    let mut plan = create(None);
    let Write::Create { name, .. } = &mut plan.write else {
        unreachable!()
    };
    *name = "../../secrets/x".into();
    let server = Faulty::start(|_, _| Reply::json(201, "{}")).await;
    assert_eq!(write(&server, &plan).await.word(), "failed");
    assert!(server.asked().is_empty());
}

/// The far side acts and the reply is lost: found by looking.
#[tokio::test]
async fn a_lost_reply_is_settled_by_looking() {
    let server = Faulty::start(|n, _| match n {
        0 => Reply::hang_up(),
        _ => Reply::json(
            200,
            &json!({"metadata": {"annotations": {PLAN: "00ff00ff00ff00ff", ORIGIN: "u-1"}}})
                .to_string(),
        ),
    })
    .await;
    let writer = writer(&server, NEVER);
    let plan = create(None);
    assert_eq!(writer.write(&plan, &|_| {}).await.word(), "unknown");
    assert_eq!(writer.settle(&plan).await.unwrap().word(), "applied");
    assert_eq!(sent(&server).len(), 1);
}

#[tokio::test]
async fn what_is_not_there_is_not_done_only_after_the_quiet_time() {
    for (quiet, word) in [(NEVER, None), (Duration::ZERO, Some("failed"))] {
        let server = Faulty::start(|_, _| Reply::no(404, "NotFound", "no such run")).await;
        let outcome = writer(&server, quiet).settle(&create(None)).await;
        assert_eq!(outcome.as_ref().map(Outcome::word), word);
        let server = Faulty::start(|_, _| Reply::json(200, &application().to_string())).await;
        let outcome = writer(&server, quiet).settle(&patch(vec![])).await;
        assert_eq!(
            outcome.as_ref().map(Outcome::word),
            word,
            "an object that has not moved was not written"
        );
    }
    // and where nobody answers, nothing can be told at all
    let server = Faulty::start(|_, _| Reply::no(503, "ServiceUnavailable", "busy")).await;
    assert_eq!(
        writer(&server, Duration::ZERO).settle(&create(None)).await,
        None
    );
}

#[tokio::test]
async fn what_is_not_there_any_more_may_have_been() {
    let mut old = create(None);
    old.made_at -= jiff::SignedDuration::from_hours(73);
    let server = Faulty::start(|_, _| Reply::no(404, "NotFound", "no such run")).await;
    assert_eq!(writer(&server, Duration::ZERO).settle(&old).await, None);
    // Another plan's under the same name tells nothing of ours once ours may have been removed, and one without a mark never.
    for (by, plan, word) in [
        (json!("1111111111111111"), create(None), Some("failed")),
        (json!("1111111111111111"), old.clone(), None),
        (json!("00ff00ff00ff00ff"), old.clone(), Some("applied")),
        (Value::Null, create(None), None),
    ] {
        let found = json!({"metadata": {"annotations": {PLAN: by}}}).to_string();
        let server = Faulty::start(move |_, _| Reply::json(200, &found)).await;
        let outcome = writer(&server, Duration::ZERO).settle(&plan).await;
        assert_eq!(outcome.as_ref().map(Outcome::word), word, "{by}");
    }
}

#[tokio::test]
async fn a_name_that_is_taken_by_nobody_knows_whom_is_unknown() {
    let server = Faulty::start(|_, asked| match asked.method.as_str() {
        "GET" => Reply::no(503, "ServiceUnavailable", "busy"),
        _ => Reply::no(409, "AlreadyExists", "workflows \"run-r2\" already exists"),
    })
    .await;
    assert_eq!(write(&server, &create(None)).await.word(), "unknown");
}

#[tokio::test]
async fn a_patch_is_found_by_its_mark_and_not_by_what_somebody_left() {
    let marked = |at: &str| {
        let info = json!([{"name": "leverframe-plan", "value": "00ff00ff00ff00ff"}]);
        let mut object = json!({"metadata": {"uid": "u-1", "resourceVersion": "9"}});
        match at {
            "operation" => object["operation"]["info"] = info,
            "stop" => {
                object["metadata"]["annotations"]["leverframe/stop"] = json!("00ff00ff00ff00ff");
                object["metadata"]["annotations"]["leverframe/plan"] = json!("1111111111111111");
            }
            "annotation" => {
                object["metadata"]["annotations"]["leverframe/plan"] = json!("00ff00ff00ff00ff");
            }
            "state" => object["status"]["operationState"]["operation"]["info"] = info,
            _ => {}
        }
        object.to_string()
    };
    for (at, word) in [
        ("annotation", Some("applied")),
        ("stop", Some("applied")),
        ("operation", Some("applied")),
        ("state", Some("applied")),
        ("nowhere", None),
    ] {
        let object = marked(at);
        let server = Faulty::start(move |_, _| Reply::json(200, &object)).await;
        let outcome = writer(&server, Duration::ZERO).settle(&patch(vec![])).await;
        assert_eq!(outcome.as_ref().map(Outcome::word), word, "{at}");
    }
    let stop = plan(Write::Patch {
        id: id("run"),
        plural: "workflows".into(),
        resource_version: "7".into(),
        patch: json!({"spec": {"shutdown": "Stop"}}),
        guards: vec![Guard::NotOver],
    });
    let server = Faulty::start(|_, _| {
        Reply::json(200, &json!({"metadata": {"uid": "u-1", "resourceVersion": "9"}, "spec": {"shutdown": "Stop"}}).to_string())
    })
    .await;
    // Stopped, by whomever.
    assert_eq!(writer(&server, NEVER).settle(&stop).await, None);
}
