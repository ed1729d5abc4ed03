//! A server that never comes to an end, of a list or of a pause.

use super::notes::*;
use super::*;
use crate::provider::kubernetes::faulty::{Faulty, Reply};

#[tokio::test]
async fn a_list_that_always_names_a_further_page_ends_as_a_fault() {
    let server = Faulty::start(|_, asked| {
        if is_watch_list(asked) {
            return Reply::no(400, "BadRequest", "unknown");
        }
        list(&[("a", 3)], 9, "again")
    })
    .await;
    let pace = Pace {
        pages: 5,
        ..hurried()
    };
    let mut heard = watch_with(&server, pace);
    heard
        .expect(&[
            "begin",
            "+a@3",
            "+a@3",
            "+a@3",
            "+a@3",
            "+a@3",
            "Malformed 1",
        ])
        .await;
    let pages = server
        .asked()
        .iter()
        .filter(|asked| !is_watch(asked))
        .count();
    assert_eq!(pages, 5, "the next try waits");
}

#[tokio::test]
async fn a_server_that_asks_for_days_gets_minutes_and_it_is_said() {
    let failure = Failure {
        retry_after: Some(Duration::from_secs(86_400)),
        ..Failure::malformed("GET /x: 429.".to_owned())
    };
    let (fault, pause) = failure.into_fault_and_pause();
    assert_eq!(pause, Some(LONGEST_PAUSE));
    let said = "It asks to be left alone for 86400 s, and is asked again after 300 s.";
    assert!(fault.hint.ends_with(said), "{fault}");
    let server = Faulty::start(|_, _| {
        let status = r#"{"kind":"Status","code":429,"reason":"TooManyRequests"}"#;
        Reply::with(429, "retry-after: 86400\r\n", status)
    })
    .await;
    watch(&server).expect(&["Throttled 300"]).await;
}
