use super::notes::*;
use super::*;
use crate::provider::kubernetes::faulty::{Faulty, Reply};
use serde_json::json;

#[tokio::test]
async fn a_watch_list_brings_the_state_and_goes_on_from_where_it_was() {
    let server = Faulty::start(|n, _| match n {
        0 => Reply::lines(&[
            event("ADDED", "a", 3),
            event("ADDED", "b", 5),
            bookmark(9, true),
            event("MODIFIED", "a", 11),
        ]),
        1 => Reply::lines(&[bookmark(14, false), event("DELETED", "b", 15)]),
        _ => Reply::open(&[event("ADDED", "c", 17)]),
    })
    .await;
    let mut heard = watch(&server);
    heard
        .expect(&["begin", "+a@3", "+b@5", "end", "+a@11", "-b@15", "+c@17"])
        .await;
    let asked = server.asked();
    assert!(is_watch_list(&asked[0]), "{}", asked[0].path);
    assert!(
        asked[0]
            .path
            .starts_with("/api/v1/namespaces/apps/pods?watch=1&")
    );
    assert!(asked[0].path.contains("labelSelector=app%3Dpublisher"));
    assert!(asked[0].path.contains("resourceVersionMatch=NotOlderThan"));
    assert!(
        asked[0].headers.contains("accept-encoding: identity"),
        "a watch is asked for as it is"
    );
    assert!(asked[0].headers.contains(concat!(
        "user-agent: leverframe/",
        env!("CARGO_PKG_VERSION")
    )));
    assert_eq!((from(&asked[1]), from(&asked[2])), ("11", "15"));
    assert!(!is_watch_list(&asked[1]));
    assert!(asked.iter().all(|a| a.path.contains("timeoutSeconds=")));
}

#[tokio::test]
async fn both_ways_of_refusing_a_watch_list_lead_to_pages_at_once() {
    for refusal in 0..3 {
        let server = Faulty::start(move |_, asked| {
            if is_watch_list(asked) {
                return match refusal {
                    0 => Reply::lines(&[error(
                        500,
                        "the required storage feature RequestWatchProgress is disabled",
                    )]),
                    1 => Reply::no(
                        422,
                        "Invalid",
                        "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch",
                    ),
                    _ => Reply::no(400, "BadRequest", "unknown"),
                };
            }
            match (is_watch(asked), asked.path.contains("continue=next%2Bpage")) {
                (true, _) => Reply::open(&[event("ADDED", "d", 21)]),
                (false, false) => list(&[("a", 3), ("b", 5)], 20, "next+page"),
                (false, true) => list(&[("c", 7)], 20, ""),
            }
        })
        .await;
        let mut heard = watch(&server);
        if refusal == 0 {
            // what the stream began is begun anew by the pages
            heard.expect(&["begin"]).await;
        }
        heard
            .expect(&["begin", "+a@3", "+b@5", "+c@7", "end", "+d@21"])
            .await;
        let asked = server.asked();
        assert!(asked[1].path.contains("limit=2"), "{}", asked[1].path);
        assert!(
            asked[1].headers.contains("accept-encoding: gzip"),
            "{}",
            asked[1].headers
        );
        assert_eq!(from(&asked[3]), "20");
    }
}

#[tokio::test]
async fn an_odd_object_spoils_neither_page_nor_stream() {
    let odd = json!({"metadata": {"name": "odd", "resourceVersion": "8", "labels": [1]}});
    let server = Faulty::start(move |_, asked| {
        if is_watch_list(asked) {
            return Reply::no(422, "Invalid", "no");
        }
        if is_watch(asked) {
            let line = format!("{}\n", json!({"type": "MODIFIED", "object": odd}));
            return match from(asked) {
                "9" => Reply::lines(&[line, "{\"type\":\"NOVELTY\",\"object\":{}}\n".to_owned()]),
                version => Reply::open(&[event("ADDED", &format!("after-{version}"), 12)]),
            };
        }
        let list = json!({"kind": "PodList", "metadata": {"resourceVersion": "9"}, "items": [object("a", 1), odd, null, object("b", 2)]});
        Reply::json(200, &list.to_string())
    })
    .await;
    let mut heard = watch(&server);
    // and its version counts for going on
    heard
        .expect(&[
            "begin",
            "+a@1",
            "?odd",
            "??",
            "+b@2",
            "end",
            "?odd",
            "+after-8@12",
        ])
        .await;
}

#[tokio::test]
async fn an_expired_version_is_listed_again_without_a_fault() {
    for way in 0..3 {
        let server = Faulty::start(move |n, asked| match n {
            0 => Reply::lines(&[event("ADDED", "a", 3), bookmark(4, true)]),
            1 => {
                assert_eq!(from(asked), "4");
                match way {
                    0 => Reply::no(410, "Expired", "too old resource version: 4 (77)"),
                    1 => Reply::lines(&[error(410, "too old resource version: 4 (77)")]),
                    _ => Reply::no(
                        504,
                        "Timeout",
                        "Timeout: Too large resource version: 4, current: 1",
                    ),
                }
            }
            _ => Reply::open(&[event("ADDED", "b", 80), bookmark(81, true)]),
        })
        .await;
        let mut heard = watch(&server);
        heard
            .expect(&["begin", "+a@3", "end", "begin", "+b@80", "end"])
            .await;
        assert!(is_watch_list(&server.asked()[2]));
    }
}

#[tokio::test]
async fn versions_that_always_expire_are_backed_off_from() {
    let server = Faulty::start(|_, asked| {
        if is_watch_list(asked) {
            Reply::lines(&[event("ADDED", "a", 3), bookmark(4, true)])
        } else {
            Reply::no(410, "Expired", "too old")
        }
    })
    .await;
    let mut heard = watch(&server);
    let mut faults = 0;
    for _ in 0..40 {
        faults += usize::from(heard.next().await.starts_with("Broken"));
    }
    assert!(faults > 3, "{faults} pauses");
}

#[tokio::test]
async fn pages_that_expire_half_way_become_one_list() {
    let server = Faulty::start(|_, asked| {
        if is_watch_list(asked) {
            Reply::no(422, "Invalid", "no")
        } else if is_watch(asked) {
            Reply::open(&[])
        } else if asked.path.contains("continue=") {
            Reply::no(410, "Expired", "The provided continue parameter is too old")
        } else if asked.path.contains("limit=2") {
            list(&[("a", 1), ("b", 2)], 9, "token")
        } else {
            list(&[("a", 1), ("c", 3), ("d", 4)], 12, "")
        }
    })
    .await;
    let mut heard = watch(&server);
    heard
        .expect(&[
            "begin", "+a@1", "+b@2", "begin", "+a@1", "+c@3", "+d@4", "end",
        ])
        .await;
}

#[tokio::test]
async fn a_broken_stream_is_resumed_and_nothing_is_sent_twice() {
    let server = Faulty::start(|n, _| match n {
        0 => Reply::lines(&[event("ADDED", "a", 3), bookmark(4, true)]),
        // cut within an object
        1 => Reply::cut(&[
            event("MODIFIED", "a", 6),
            r#"{"type":"MODIFIED","object":{"metadata":{"na"#.to_owned(),
        ]),
        _ => Reply::open(&[event("MODIFIED", "a", 7)]),
    })
    .await;
    let mut heard = watch(&server);
    heard
        .expect(&["begin", "+a@3", "end", "+a@6", "+a@7"])
        .await;
    assert_eq!(from(&server.asked()[2]), "6");
}

#[tokio::test]
async fn a_first_part_that_breaks_twice_is_read_by_pages() {
    let server = Faulty::start(|_, asked| {
        if is_watch_list(asked) {
            // an old server takes it for a plain watch, and never ends the first part
            Reply::lines(&[event("ADDED", "a", 3)])
        } else if is_watch(asked) {
            Reply::open(&[])
        } else {
            list(&[("a", 3)], 9, "")
        }
    })
    .await;
    let mut heard = watch(&server);
    heard
        .expect(&[
            "begin",
            "+a@3",
            "Malformed 1",
            "begin",
            "+a@3",
            "begin",
            "+a@3",
            "end",
        ])
        .await;
}

#[tokio::test]
async fn a_fault_is_sent_with_its_next_try_and_so_is_its_recovery() {
    let server = Faulty::start(|n, asked| match n {
        0 => Reply::lines(&[event("ADDED", "a", 3), bookmark(4, true)]),
        1 => Reply::no(503, "ServiceUnavailable", "apiserver is starting"),
        2 => Reply::hang_up(),
        3 => Reply::json(200, "<html>log in</html>"),
        4 => Reply::with(302, "location: https://login.test/\r\n", ""),
        _ => {
            assert_eq!(
                from(asked),
                "4",
                "nothing was lost meanwhile, so nothing is listed again"
            );
            Reply::open(&[event("MODIFIED", "a", 6)])
        }
    })
    .await;
    let mut heard = watch(&server);
    heard
        .expect(&["begin", "+a@3", "end", "Broken 1", "Unreachable 1", "well"])
        .await;
    // what is no watch at all: the state is listed again
    assert_eq!(heard.next().await, "Malformed 1");
    let next = heard.next().await;
    assert_eq!(next, "Malformed 1", "a redirection to a login page");
}

#[tokio::test]
async fn a_server_that_asks_for_time_gets_it() {
    let server = Faulty::start(|_, _| {
        Reply::with(
            429,
            "retry-after: 77\r\n",
            r#"{"kind":"Status","code":429,"reason":"TooManyRequests"}"#,
        )
    })
    .await;
    let mut heard = watch(&server);
    heard.expect(&["Throttled 77"]).await;
    assert_eq!(server.asked().len(), 1);
    // unless somebody wants to know now
    heard.kick.send_modify(|n| *n += 1);
    heard.expect(&["Throttled 77"]).await;
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn what_is_forbidden_is_not_asked_for_again_and_again() {
    let server = Faulty::start(|n, _| match n {
        0 => Reply::no(
            403,
            "Forbidden",
            "pods is forbidden: User \"viewer\" cannot watch",
        ),
        _ => Reply::open(&[event("ADDED", "a", 3), bookmark(4, true)]),
    })
    .await;
    let mut heard = watch(&server);
    heard.expect(&["Forbidden 300"]).await;
    heard.kick.send_modify(|n| *n += 1);
    heard.expect(&["begin", "+a@3", "end"]).await;
}

#[tokio::test]
async fn a_refused_credential_is_got_anew() {
    let server = Faulty::start(|_, asked| {
        if asked.headers.contains("authorization: bearer t2") {
            Reply::open(&[event("ADDED", "a", 3), bookmark(4, true)])
        } else {
            Reply::no(401, "Unauthorized", "Unauthorized")
        }
    })
    .await;
    let mut heard = watch(&server);
    heard.expect(&["Unauthorized 1"]).await;
    // somebody has logged in again
    let file = server.place().kubeconfig;
    let text = std::fs::read_to_string(&file)
        .unwrap()
        .replace("token: faulty-token}", "token: t2}");
    std::fs::write(&file, text).unwrap();
    loop {
        match heard.next().await.as_str() {
            "Unauthorized 1" => {}
            other => break assert_eq!(other, "begin"),
        }
    }
    heard.expect(&["+a@3", "end"]).await;
}

#[tokio::test]
async fn a_silent_link_is_left() {
    let server = Faulty::start(|n, _| match n {
        0 => Reply::lines(&[event("ADDED", "a", 3), bookmark(4, true)]),
        1 => Reply::open(&[]),
        2 => Reply::silence(),
        _ => Reply::open(&[event("MODIFIED", "a", 6)]),
    })
    .await;
    let second = Duration::from_secs(1);
    let pace = Pace {
        watch: (second, second),
        answer: Duration::from_millis(200),
        ..hurried()
    };
    let mut heard = watch_with(&server, pace);
    heard
        .expect(&["begin", "+a@3", "end", "Unreachable 1", "well", "+a@6"])
        .await;
}

#[tokio::test]
async fn a_watch_that_nobody_hears_ends() {
    let server =
        Faulty::start(|_, _| Reply::open(&[event("ADDED", "a", 3), bookmark(4, true)])).await;
    let mut heard = watch(&server);
    heard.expect(&["begin", "+a@3", "end"]).await;
    heard.notes.close();
    let task = &mut heard.task;
    tokio::time::timeout(Duration::from_secs(20), task)
        .await
        .expect("an end")
        .unwrap();
}

#[tokio::test]
async fn a_doubted_link_is_renewed_on_demand() {
    let server = Faulty::start(|n, _| match n {
        0 => Reply::open(&[event("ADDED", "a", 3), bookmark(4, true)]),
        _ => Reply::open(&[event("MODIFIED", "a", 6)]),
    })
    .await;
    let mut heard = watch(&server);
    heard.expect(&["begin", "+a@3", "end"]).await;
    heard.kick.send_modify(|n| *n += 1);
    heard.expect(&["+a@6"]).await;
    assert_eq!(from(&server.asked()[1]), "4");
}
