//! Lost: what became of a write whose answer did not come.

use super::*;

/// The far side acts and the reply is lost or replaced: found by looking, at once or later.
#[tokio::test]
async fn a_lost_reply_is_looked_for_at_once_and_later() {
    for answer in [
        Reply::hang_up,
        || Reply::json(200, "<html>Sign in</html>"),
        || Reply::with(302, "location: /login\r\n", ""),
        || Reply::with(429, "retry-after: 1\r\n", "{}"),
    ] {
        let server = Faulty::start(move |n, _| match n {
            0 => answer(),
            _ => Reply::json(200, &made("00ff00ff00ff00ff").to_string()),
        })
        .await;
        let outcome = write(&server, &create(None)).await;
        assert_eq!(outcome.word(), "applied", "{outcome:?}");
        assert_eq!(sent(&server).len(), 1);
    }
    let server = Faulty::start(|n, _| match n {
        0 | 1 => Reply::hang_up(),
        _ => Reply::json(200, &made("00ff00ff00ff00ff").to_string()),
    })
    .await;
    let writer = writer(&server, NEVER);
    let plan = create(None);
    assert_eq!(writer.write(&plan, &|_| {}).await.word(), "unknown");
    let found = writer.look_for(&plan, plan.made_at).await;
    assert_eq!(found.unwrap().word(), "applied");
    assert_eq!(sent(&server).len(), 1);
}

/// Four answers that may never be read whole: each is cut off at its cap and nobody runs out of memory.
#[tokio::test]
async fn an_answer_without_an_end_is_cut_off() {
    let endless: fn() -> Reply = || Reply::bytes(&vec![b'x'; 6_000_000], false);
    let server = Faulty::start(move |_, _| endless()).await;
    let outcome = patient(&server, &create(None)).await;
    assert_eq!(outcome.word(), "unknown");
    assert!(
        because(&outcome).contains("longer than 4 MB"),
        "{outcome:?}"
    );
    let outcome = patient(&server, &patch(vec![])).await;
    assert_eq!(outcome.word(), "failed", "the look before: {outcome:?}");
    assert!(
        because(&outcome).contains("Nothing was sent."),
        "{outcome:?}"
    );
    // A megabyte of nothing packs to a kilobyte.
    let server = Faulty::start(|_, _| Reply::packed(&vec![b' '; 64 * 1024 * 1024])).await;
    let outcome = patient(&server, &create(None)).await;
    assert!(
        because(&outcome).contains("longer than 4 MB"),
        "{outcome:?}"
    );
}

/// So long ago was the intent journalled.
fn ago(seconds: i64) -> jiff::Timestamp {
    jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds)
}

/// Of a plan of an earlier process: by the journal's time, the server's clock and ours, whichever says less. A clock that was
/// set after the plan was sent proves nothing.
#[tokio::test]
async fn what_an_earlier_process_sent_is_called_lost_only_where_both_clocks_say_so() {
    for (seconds, server_ahead, word) in [
        (-5, Some(0), None),
        (0, Some(0), None),
        (115, Some(0), None),
        (125, Some(0), Some("failed")),
        (3600, Some(0), Some("failed")),
        (23 * 3600, Some(0), Some("failed")),
        // Ours was set forward since.
        (150, Some(-120), None),
        (3600, Some(-3590), None),
        // Theirs is ahead.
        (30, Some(120), None),
        (125, Some(120), Some("failed")),
        // No clock but ours.
        (3600, None, None),
    ] {
        let answered = move || {
            server_ahead
                .map(|ahead| jiff::Timestamp::now() + jiff::SignedDuration::from_secs(ahead))
        };
        let absent = Faulty::start(move |_, _| absent_at("run-r2", answered())).await;
        let unmoved = Faulty::start(move |_, _| {
            Reply::with(200, &date(answered()), &application().to_string())
        })
        .await;
        for (server, plan) in [(&absent, create(None)), (&unmoved, patch(vec![]))] {
            let writer = Writer::new(BTreeMap::from([(
                "staging".into(),
                Arc::new(server.access()),
            )]));
            let outcome = writer.look_for(&plan, ago(seconds)).await;
            let what = format!("{seconds} s, server {server_ahead:?} s ahead");
            assert_eq!(outcome.as_ref().map(Outcome::word), word, "{what}");
            if let Some(Outcome::Failed {
                because,
                remedy,
                lost,
            }) = outcome
            {
                assert!(lost, "{what}");
                assert!(because.contains("within 2m of sending") && because.contains("held up"));
                assert!(
                    remedy.contains("before you make the plan again"),
                    "{remedy}"
                );
            }
        }
    }
}

/// Whatever the clocks say that people set.
#[tokio::test]
async fn what_this_process_sent_is_called_lost_only_by_its_own_steady_clock() {
    let later = || jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let server = Faulty::start(move |_, asked| match asked.method.as_str() {
        "GET" => absent_at("run-r2", Some(later())),
        _ => Reply::hang_up(),
    })
    .await;
    let mut writer = writer(&server, Duration::from_secs(120));
    let plan = create(None);
    assert_eq!(writer.write(&plan, &|_| {}).await.word(), "unknown");
    assert_eq!(writer.look_for(&plan, ago(3600)).await, None);
    writer.limits.quiet = Duration::ZERO;
    let outcome = writer.look_for(&plan, ago(-3600)).await;
    assert_eq!(outcome.as_ref().map(Outcome::word), Some("failed"));
    assert_eq!(sent(&server).len(), 1);
}

#[tokio::test]
async fn where_nobody_answers_or_somebody_else_does_nothing_is_proven() {
    for answer in PROVES_NOTHING {
        let server = Faulty::start(move |_, _| answer()).await;
        let writer = writer(&server, Duration::ZERO);
        assert_eq!(writer.look_for(&create(None), ago(100)).await, None);
    }
}

#[tokio::test]
async fn what_is_not_there_any_more_may_have_been() {
    let mut short = create(None);
    let Write::Create { object, .. } = &mut short.write else {
        unreachable!()
    };
    object["spec"]["ttlStrategy"] =
        json!({"secondsAfterCompletion": 86400, "secondsAfterSuccess": 600});
    let server = Faulty::start(|_, _| absent("run-r2")).await;
    for (plan, seconds, word) in [
        (&create(None), 73 * 3600, None),
        (&short, 601, None),
        (&short, 599, Some("failed")),
    ] {
        let outcome = writer(&server, Duration::ZERO)
            .look_for(plan, ago(seconds))
            .await;
        assert_eq!(outcome.as_ref().map(Outcome::word), word, "{seconds} s");
    }
    // Another plan's under the same name tells nothing of ours once ours may have been removed, and one without a mark never.
    for (by, seconds, word) in [
        (json!("1111111111111111"), 60, Some("failed")),
        (json!("1111111111111111"), 73 * 3600, None),
        (json!("00ff00ff00ff00ff"), 73 * 3600, Some("applied")),
        (Value::Null, 60, None),
    ] {
        let mut found = made("");
        found["metadata"]["annotations"] = json!({PLAN: by});
        let found = found.to_string();
        let server = Faulty::start(move |_, _| Reply::json(200, &found)).await;
        let looked = writer(&server, Duration::ZERO);
        let outcome = looked.look_for(&create(None), ago(seconds)).await;
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
        let mut object = json!({"metadata": {"name": "publisher", "namespace": "apps", "uid": "u-1", "resourceVersion": "9"}});
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
        let outcome = writer(&server, Duration::ZERO)
            .look_for(&patch(vec![]), ago(100))
            .await;
        assert_eq!(outcome.as_ref().map(Outcome::word), word, "{at}");
    }
    let stop = plan(Write::Patch {
        id: id("run"),
        plural: "workflows".into(),
        resource_version: "7".into(),
        patch: json!({"spec": {"shutdown": "Stop"}}),
        guards: vec![Guard::NotOver],
        holds: Holds::WhileGuarded,
    });
    let server = Faulty::start(|_, _| {
        Reply::json(200, &json!({"metadata": {"name": "run", "namespace": "apps", "uid": "u-1", "resourceVersion": "9"}, "spec": {"shutdown": "Stop"}}).to_string())
    })
    .await;
    // Stopped, by whomever.
    assert_eq!(writer(&server, NEVER).look_for(&stop, ago(100)).await, None);
}
