use super::*;
use crate::model::{ObjectId, Target};
use crate::plan::mark::{ORIGIN, PLAN};
use crate::plan::{Actor, Guard, Holds, Lever, Origin, PlanId, Reach, Request};
use crate::provider::Writer as _;
use crate::provider::kubernetes::KubeContext;
use crate::provider::kubernetes::faulty::{Asked, Faulty, Reply};
use serde_json::{Value, json};

mod lost;
mod moving;

fn plan(write: Write) -> Plan {
    Plan {
        id: PlanId::new("00ff00ff00ff00ff"),
        request: Request {
            is_of_several: false,
            lever: Lever::Resubmit,
            target: Target::new("staging", "publisher"),
            repository: None,
            version: None,
            run: None,
            reason: None,
            undoes: None,
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
        choices: Vec::new(),
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

/// The run of the plan as a plan of this id made it.
fn made(by: &str) -> Value {
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
        "metadata": {"name": "run-r2", "namespace": "apps", "annotations": {PLAN: by, ORIGIN: "u-1"},
            "uid": "u-2", "resourceVersion": "9", "creationTimestamp": "2026-11-20T03:12:00Z"}})
}

fn create(origin: Option<Origin>) -> Plan {
    let mut object = made("00ff00ff00ff00ff");
    let metadata = object["metadata"].as_object_mut().unwrap();
    for of_the_server in ["uid", "resourceVersion", "creationTimestamp"] {
        metadata.remove(of_the_server);
    }
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

/// What a create sends.
fn create_body() -> Value {
    match create(None).write {
        Write::Create { object, .. } => object,
        _ => Value::Null,
    }
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
        holds: Holds::AsSeen,
    })
}

/// The Application as the plan saw it.
fn application() -> Value {
    json!({"kind": "Application", "metadata": {"name": "publisher", "namespace": "apps", "uid": "u-1", "resourceVersion": "7",
            "creationTimestamp": "2026-11-20T03:12:00Z"},
        "status": {"operationState": {"phase": "Succeeded"}}})
}

/// The Application as the server answers the patch.
fn patched() -> Value {
    let mut object = application();
    object["metadata"]["resourceVersion"] = json!("8");
    object["operation"]["info"] = json!([{"name": "leverframe-plan", "value": "00ff00ff00ff00ff"}]);
    object
}

/// What an API server answers for an object that is not there.
fn absent(name: &str) -> Reply {
    absent_at(name, Some(jiff::Timestamp::now()))
}

/// The same by a clock of the server.
fn absent_at(name: &str, server_time: Option<jiff::Timestamp>) -> Reply {
    let status = json!({"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound",
        "message": "not found", "details": {"name": name, "group": "argoproj.io", "kind": "workflows"}});
    Reply::with(404, &date(server_time), &status.to_string())
}

/// The header that says the server's clock.
fn date(server_time: Option<jiff::Timestamp>) -> String {
    server_time.map_or(String::new(), |at| {
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at);
        format!("date: {}\r\n", date.unwrap())
    })
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

/// With the time limits that the console has.
async fn patient(server: &Faulty, plan: &Plan) -> Outcome {
    let access = Arc::new(server.access());
    let writer = Writer::new(BTreeMap::from([("staging".into(), access)]));
    writer.write(plan, &|_| {}).await
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
        (|| Reply::no(400, "BadRequest", "no"), "failed"),
        (|| Reply::no(401, "Unauthorized", "no"), "failed"),
        (|| Reply::no(403, "Forbidden", "no"), "failed"),
        (|| Reply::no(404, "NotFound", "no"), "failed"),
        (|| Reply::no(409, "Conflict", "moved"), "refused"),
        (|| Reply::no(422, "Invalid", "uid"), "refused"),
        (|| Reply::with(429, "retry-after: 1\r\n", "{}"), "unknown"),
        (|| Reply::with(302, "location: /login\r\n", ""), "unknown"),
        (|| Reply::no(500, "InternalError", "etcd"), "unknown"),
        (|| Reply::json(502, "<html>Bad Gateway</html>"), "unknown"),
        (|| Reply::no(503, "ServiceUnavailable", "busy"), "unknown"),
        (|| Reply::no(504, "Timeout", "too late"), "unknown"),
        (Reply::hang_up, "unknown"),
        (Reply::silence, "unknown"),
        // What was sent, sent back.
        (|| Reply::json(201, &create_body().to_string()), "unknown"),
        // A success that is not the object that was sent: nobody knows what became of the request.
        (|| Reply::json(200, "<html>Sign in</html>"), "unknown"),
        (|| Reply::json(200, "\u{1}\u{2}garbage"), "unknown"),
        (|| Reply::json(201, ""), "unknown"),
        (|| Reply::json(201, "{}"), "unknown"),
        (|| Reply::json(200, "[]"), "unknown"),
        (
            || Reply::until_closed(201, &made("00ff00ff00ff00ff").to_string()[..90]),
            "unknown",
        ),
        (
            || Reply::json(201, &made("1111111111111111").to_string()),
            "unknown",
        ),
        (|| Reply::json(200, &application().to_string()), "unknown"),
        (|| Reply::bytes(&vec![b' '; 5_000_000], true), "unknown"),
        (
            || Reply::with(200, "content-encoding: gzip\r\n", "no gzip"),
            "unknown",
        ),
    ]
}

/// The first line of what an outcome says.
fn because(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Unknown { because } | Outcome::Refused { because } => because,
        Outcome::Failed { because, .. } => because,
        Outcome::Applied { evidence } => evidence,
    }
}

#[tokio::test]
async fn a_create_arrives_once_whatever_is_answered() {
    let done: (fn() -> Reply, _) = (
        || Reply::json(201, &made("00ff00ff00ff00ff").to_string()),
        "applied",
    );
    for (answer, word) in answers().into_iter().chain([done]) {
        let server = Faulty::start(move |_, asked| match asked.method.as_str() {
            "GET" => absent("run-r2"),
            _ => answer(),
        })
        .await;
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
    let done: (fn() -> Reply, _) = (|| Reply::json(200, &patched().to_string()), "applied");
    for (answer, word) in answers().into_iter().chain([done]) {
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
        json!({"metadata": {"name": "publisher", "namespace": "apps", "uid": "u-1", "resourceVersion": "7"}, "status": {"phase": "Failed"}})
            .to_string();
    let server = Faulty::start(move |_, _| Reply::json(200, &over)).await;
    assert_eq!(
        write(&server, &patch(vec![Guard::NotOver])).await.word(),
        "refused"
    );
    assert!(sent(&server).is_empty());
    let server = Faulty::start(|_, _| absent("publisher")).await;
    assert_eq!(write(&server, &patch(vec![])).await.word(), "refused");
    assert!(sent(&server).is_empty());
}

/// A box on the way says in its refusal what it was sent.
#[tokio::test]
async fn a_token_that_is_answered_is_not_said() {
    for (code, word) in [(403, "failed"), (409, "refused"), (503, "unknown")] {
        let server = Faulty::start(move |_, asked| match asked.method.as_str() {
            "GET" => absent("run-r2"),
            _ => {
                let sent = asked
                    .headers
                    .lines()
                    .find(|line| line.starts_with("authorization"));
                let said = format!("{}{}", " ".repeat(380), sent.unwrap());
                Reply::no(code, sent.unwrap(), &said)
            }
        })
        .await;
        let outcome = write(&server, &create(None)).await;
        assert_eq!(outcome.word(), word);
        let said = because(&outcome);
        assert!(said.contains("bearer [redacted]"), "{said}");
        assert!(!said.contains("faulty"), "{said}");
    }
}

/// Answers that do not say whether the object is there: two are of something before the server, one of a kind that it
/// does not have.
const PROVES_NOTHING: [fn() -> Reply; 4] = [
    || Reply::no(503, "ServiceUnavailable", "busy"),
    || Reply::json(404, "<html>Not Found</html>"),
    || {
        Reply::no(
            404,
            "NotFound",
            "the server could not find the requested resource",
        )
    },
    || Reply::json(200, "<html>Sign in</html>"),
];

#[tokio::test]
async fn a_look_that_fails_sends_nothing() {
    let others: [fn() -> Reply; 3] = [
        || Reply::no(403, "Forbidden", "no"),
        || Reply::json(200, &made("00ff00ff00ff00ff").to_string()),
        Reply::hang_up,
    ];
    for answer in PROVES_NOTHING.into_iter().chain(others) {
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
    let access = Access::new(KubeContext {
        kubeconfig: file,
        context: "x".into(),
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
            json!({"metadata": {"name": "run", "namespace": "apps", "uid": "u-1"}, "status": {"phase": "Failed"}}),
            "applied",
            1,
        ),
        (
            json!({"metadata": {"name": "run", "namespace": "apps", "uid": "u-1"}, "status": {"phase": "Running"}}),
            "refused",
            0,
        ),
        (
            json!({"metadata": {"name": "run", "namespace": "apps", "uid": "u-2"}, "status": {"phase": "Failed"}}),
            "refused",
            0,
        ),
    ] {
        let text = run.to_string();
        let server = Faulty::start(move |_, asked| match asked.method.as_str() {
            "GET" => Reply::json(200, &text),
            _ => Reply::json(201, &made("00ff00ff00ff00ff").to_string()),
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
        let found = made(by).to_string();
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
