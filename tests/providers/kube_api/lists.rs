//! Reading: pages, selectors, compression, and the answers that hold no list.

use std::collections::BTreeSet;
use std::io::Read as _;

use serde_json::{Value, json};

use super::Scene;
use super::call::until;
use super::fixtures::*;

fn names(list: &Value) -> BTreeSet<String> {
    let items = list["items"]
        .as_array()
        .unwrap_or_else(|| panic!("items: {list}"));
    items
        .iter()
        .map(|item| {
            item["metadata"]["name"]
                .as_str()
                .expect("a name")
                .to_owned()
        })
        .collect()
}

pub async fn pages_are_one_snapshot(scene: Scene) {
    let path = applications(scene.namespace);
    for n in 0..7 {
        scene
            .admin
            .post(&path, &application(&format!("app-{n}")))
            .await
            .done();
    }
    let mut seen = BTreeSet::new();
    let mut versions = BTreeSet::new();
    let mut sizes = Vec::new();
    let mut next = String::new();
    loop {
        let page = scene
            .admin
            .get(&format!("{path}?limit=3{next}"))
            .await
            .done();
        assert_eq!(page["kind"], "ApplicationList");
        assert_eq!(page["apiVersion"], "argoproj.io/v1alpha1");
        sizes.push(page["items"].as_array().expect("items").len());
        seen.extend(names(&page));
        versions.insert(
            page["metadata"]["resourceVersion"]
                .as_str()
                .expect("a version")
                .to_owned(),
        );
        if sizes.len() == 1 {
            // what appears after the first page belongs to a later snapshot
            scene.admin.post(&path, &application("app-2b")).await.done();
        }
        match page["metadata"]["continue"].as_str() {
            Some(token) if !token.is_empty() => next = format!("&continue={token}"),
            _ => break,
        }
    }
    assert_eq!(sizes, [3, 3, 1]);
    assert_eq!(seen, (0..7).map(|n| format!("app-{n}")).collect());
    assert_eq!(
        versions.len(),
        1,
        "every page tells the version of the first: {versions:?}"
    );
}

pub async fn a_list_at_version_zero_holds_everything(scene: Scene) {
    let path = applications(scene.namespace);
    for n in 0..4 {
        scene
            .admin
            .post(&path, &application(&format!("app-{n}")))
            .await
            .done();
    }
    // version 0 is whatever the server has at hand: it may trail by a moment, and it may ignore the limit
    until("all four objects at resourceVersion=0", async || {
        let list = scene
            .admin
            .get(&format!("{path}?resourceVersion=0"))
            .await
            .done();
        (names(&list).len() == 4).then_some(())
    })
    .await;
}

pub async fn labels_select(scene: Scene) {
    let path = workflows(scene.namespace);
    for (name, app, done) in [
        ("run-a", "publisher", "true"),
        ("run-b", "publisher", "false"),
        ("run-c", "frontend", "false"),
    ] {
        let labels = json!({"application": app, "workflows.argoproj.io/completed": done});
        scene
            .admin
            .post(&path, &workflow(name, &labels))
            .await
            .done();
    }
    scene
        .admin
        .post(&path, &workflow("run-d", &json!({"application": "router"})))
        .await
        .done();
    let admin = &scene.admin;
    let select = async |selector: &str| {
        names(
            &admin
                .get(&format!("{path}?labelSelector={selector}"))
                .await
                .done(),
        )
    };
    let set = |names: &[&str]| {
        names
            .iter()
            .map(|n| (*n).to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(
        select("application=publisher").await,
        set(&["run-a", "run-b"])
    );
    assert_eq!(
        select("application%3Dpublisher%2Cworkflows.argoproj.io%2Fcompleted%3Dfalse").await,
        set(&["run-b"])
    );
    // unequal also selects what has no such label at all
    assert_eq!(
        select("workflows.argoproj.io%2Fcompleted%21%3Dtrue").await,
        set(&["run-b", "run-c", "run-d"])
    );
    assert_eq!(
        select("application%20in%20%28frontend%2Crouter%29").await,
        set(&["run-c", "run-d"])
    );
    assert_eq!(select("application%3Dnobody").await, set(&[]));
    assert_eq!(
        admin
            .get(&format!("{path}?labelSelector=%3D%3D%3D"))
            .await
            .status,
        400
    );
}

pub async fn large_lists_are_compressed_when_asked(scene: Scene) {
    let path = applications(scene.namespace);
    let mut large = application("large");
    large["metadata"]["annotations"]["filler"] = json!("0123456789abcdef".repeat(12 * 1024));
    scene.admin.post(&path, &large).await.done();
    let plain = scene.admin.get(&path).await;
    assert!(plain.headers.get("content-encoding").is_none());
    let packed = scene
        .admin
        .get_with(&path, &[("accept-encoding", "gzip")])
        .await;
    assert_eq!(
        packed.headers.get("content-encoding").map(|v| v.as_bytes()),
        Some(&b"gzip"[..])
    );
    assert!(
        packed.body.len() * 4 < plain.body.len(),
        "{} of {} bytes",
        packed.body.len(),
        plain.body.len()
    );
    let mut body = Vec::new();
    flate2::read::GzDecoder::new(&packed.body[..])
        .read_to_end(&mut body)
        .expect("gzip");
    assert_eq!(
        serde_json::from_slice::<Value>(&body).expect("JSON")["items"],
        plain.json()["items"]
    );
}

pub async fn answers_are_not_pretty(scene: Scene) {
    let path = applications(scene.namespace);
    scene
        .admin
        .post(&path, &application("compact"))
        .await
        .done();
    for path in [path.clone(), format!("{path}/compact")] {
        let text = scene.admin.get(&path).await.text();
        assert_eq!(text.trim_end().lines().count(), 1, "{text}");
        assert!(!text.contains("\": "), "{text}");
    }
}

pub async fn a_missing_object_is_404(scene: Scene) {
    for path in [
        applications(scene.namespace),
        pods(scene.namespace),
        deployments(scene.namespace),
    ] {
        let answer = scene.admin.get(&format!("{path}/nobody")).await;
        answer.says_no(404, "NotFound");
        assert_eq!(answer.json()["details"]["name"], "nobody");
    }
    assert_eq!(
        scene
            .admin
            .get("/apis/argoproj.io/v1alpha1/nosuchkinds")
            .await
            .status,
        404
    );
}

pub async fn events_are_selected_by_their_object(scene: Scene) {
    let path = events(scene.namespace);
    scene
        .admin
        .post(&path, &event(scene.namespace, "one.1", "one"))
        .await
        .done();
    scene
        .admin
        .post(&path, &event(scene.namespace, "two.1", "two"))
        .await
        .done();
    let selected = scene
        .admin
        .get(&format!("{path}?fieldSelector=involvedObject.name%3Done"))
        .await
        .done();
    assert_eq!(names(&selected), BTreeSet::from(["one.1".to_owned()]));
    let found = &selected["items"][0];
    assert_eq!(found["reason"], "BackOff");
    assert_eq!(found["count"], 7);
    assert_eq!(found["lastTimestamp"], "2026-11-20T03:11:00Z");
    let both = "involvedObject.kind%3DPod%2CinvolvedObject.name%3Dtwo";
    assert_eq!(
        names(
            &scene
                .admin
                .get(&format!("{path}?fieldSelector={both}"))
                .await
                .done()
        ),
        BTreeSet::from(["two.1".to_owned()])
    );
}

pub async fn jobs_are_listed_with_their_conditions(scene: Scene) {
    let path = jobs(scene.namespace);
    scene
        .admin
        .post(&path, &job("publisher-dbmigrate"))
        .await
        .done();
    let status = json!({"status": {
        "startTime": "2026-11-20T02:50:00Z",
        "failed": 1,
        "conditions": [
            {"type": "FailureTarget", "status": "True", "reason": "BackoffLimitExceeded", "message": "Job has reached its limit"},
            {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "Job has reached its limit"}],
    }});
    scene
        .admin
        .merge(&format!("{path}/publisher-dbmigrate/status"), &status)
        .await
        .done();
    let list = scene
        .admin
        .get(&format!("{path}?labelSelector=app%3Dpublisher"))
        .await
        .done();
    let found = &list["items"][0];
    assert_eq!(found["status"]["failed"], 1);
    let failed = found["status"]["conditions"]
        .as_array()
        .expect("conditions")
        .iter()
        .find(|c| c["type"] == "Failed");
    assert_eq!(
        failed.expect("the failure")["reason"],
        "BackoffLimitExceeded"
    );
}

pub async fn version_and_date_are_told(scene: Scene) {
    let answer = scene.admin.get("/version").await;
    let date = answer
        .headers
        .get("date")
        .expect("a Date header")
        .to_str()
        .expect("text")
        .to_owned();
    let date = jiff::fmt::rfc2822::parse(&date)
        .expect("an HTTP date")
        .timestamp();
    let off = jiff::Timestamp::now().duration_since(date);
    assert!(
        off.abs() < jiff::SignedDuration::from_secs(120),
        "the server's clock is this machine's: {off:?}"
    );
    let version = answer.done();
    assert!(
        version["gitVersion"]
            .as_str()
            .is_some_and(|v| v.starts_with("v1.")),
        "{version}"
    );
}
