use super::super::faulty::{Asked, Faulty, Reply};
use super::*;
use crate::model::ObjectId;
use crate::model::log::ContainerState;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::json;
use std::sync::Arc;

fn pace() -> Pace {
    Pace {
        answer: Duration::from_secs(5),
        idle: Duration::from_secs(5),
        first: Duration::from_millis(1),
        longest: Duration::from_millis(5),
        look: Duration::from_millis(2),
        tries: 3,
        patience: None,
    }
}

fn source(follow: bool) -> LogSource {
    LogSource {
        pod: ObjectId {
            environment: "staging".into(),
            namespace: "apps".into(),
            name: "e2e-1".into(),
            uid: "u1".into(),
        },
        container: "main".into(),
        previous: false,
        follow,
    }
}

/// The pod with its one container: which it is, whether it runs, and the one before it.
fn pod(id: &str, running: bool, before: Option<&str>) -> Reply {
    let state = if running {
        json!({"running": {"startedAt": "2026-08-21T02:30:00Z"}})
    } else {
        json!({"terminated": {"containerID": id, "exitCode": 1}})
    };
    let last = before.map_or(
        json!({}),
        |id| json!({"terminated": {"containerID": id, "exitCode": 1}}),
    );
    let status = json!({"phase": "Running", "containerStatuses": [{"name": "main", "containerID": id, "state": state, "lastState": last}]});
    Reply::json(
        200,
        &json!({"metadata": {"uid": "u1"}, "spec": {"restartPolicy": if running || before.is_some() { "Always" } else { "Never" }}, "status": status})
            .to_string(),
    )
}

/// Lines as the node keeps them; several share a stamp.
struct Printed(Vec<(i64, String)>);

impl Printed {
    fn new(name: &str, count: usize) -> Printed {
        let line = |nth: usize| {
            let at = 1_787_279_441_000_000_000 + (nth as i64 / 4) * 333_333_333;
            (
                at,
                format!(
                    "{name} {nth} \u{2713} publishes a draft \u{4e16}\u{754c} {}\n",
                    "x".repeat(nth % 90)
                ),
            )
        };
        Printed((0..count).map(line).collect())
    }
    fn text(&self) -> String {
        self.0.iter().map(|(_, line)| line.as_str()).collect()
    }
    fn answer(&self, lines: usize, asked: &Asked) -> Vec<u8> {
        assert!(
            asked.path.contains("timestamps=true") && asked.path.contains("container=main"),
            "{}",
            asked.path
        );
        let since = asked.path.split_once("sinceTime=").map(|(_, rest)| {
            let value = rest.split('&').next().unwrap().replace("%3A", ":");
            value.parse::<Timestamp>().unwrap().as_nanosecond()
        });
        let kept = self.0[..lines]
            .iter()
            .filter(|(at, _)| since.is_none_or(|since| i128::from(*at) >= since));
        kept.map(|(at, line)| {
            format!(
                "{} {line}",
                Timestamp::from_nanosecond(i128::from(*at)).unwrap()
            )
        })
        .collect::<String>()
        .into_bytes()
    }
}

/// What a listener makes of it: the text, with words of ours where something else than bytes came.
async fn listen(server: &Faulty, source: LogSource, pace: Pace) -> (String, LogPiece) {
    let (send, mut pieces) = mpsc::channel(2);
    let access = server.access();
    let reader = tokio::spawn(async move {
        let reader = Reader {
            access: &access,
            source: &source,
            pace,
            calls: None,
            number: 7,
            pieces: &send,
        };
        reader.read().await;
    });
    let (mut text, mut last) = (Vec::new(), LogPiece::Ended);
    let all = async {
        while let Some((number, piece)) = pieces.recv().await {
            assert_eq!(number, 7);
            match &piece {
                LogPiece::Bytes(stretch) => text.extend_from_slice(&stretch.bytes),
                LogPiece::Restarted => text.extend_from_slice(b"-- restarted\n"),
                LogPiece::Cut(_) => {}
                LogPiece::Ended | LogPiece::Failed(_) => last = piece,
            }
        }
    };
    timeout(Duration::from_secs(30), all).await.unwrap();
    reader.await.unwrap();
    (String::from_utf8(text).unwrap(), last)
}

#[tokio::test]
async fn cut_at_random_bytes_the_log_comes_whole() {
    for seed in 0..20 {
        let printed = Arc::new(Printed::new("line", 240));
        let log = printed.clone();
        let server = Faulty::start(move |nth, asked| {
            let mut random = StdRng::seed_from_u64(seed * 1_000 + nth as u64);
            let over = nth > 40;
            if !asked.path.contains("/log?") {
                return pod("c1", !over, None);
            }
            let answer = log.answer(if over { 240 } else { (nth * 7).min(240) }, asked);
            if over {
                return Reply::bytes(&answer, true);
            }
            assert!(asked.path.contains("follow=true"), "{}", asked.path);
            let cut = random.random_range(0..=answer.len());
            // Servers also end an answer well in the middle of nowhere, when they restart.
            Reply::bytes(&answer[..cut], random.random_bool(0.3))
        })
        .await;
        let (text, last) = listen(&server, source(true), pace()).await;
        assert_eq!(text, printed.text(), "seed {seed}");
        assert!(matches!(last, LogPiece::Ended), "{last:?}");
    }
}

#[tokio::test]
async fn a_restart_shows_the_end_of_the_old_container_and_all_of_the_new() {
    let (old, new) = (
        Arc::new(Printed::new("old", 40)),
        Arc::new(Printed::new("new", 30)),
    );
    let logs = (old.clone(), new.clone());
    let server = Faulty::start(move |nth, asked| {
        let first = nth < 6;
        if !asked.path.contains("/log?") {
            return match nth {
                0..6 => pod("c1", true, None),
                6..30 => pod("c2", true, Some("c1")),
                _ => Reply::json(404, "{}"),
            };
        }
        let previous = asked.path.contains("previous=true");
        match (first, previous) {
            (true, _) => Reply::bytes(&logs.0.answer(20, asked)[..], false),
            (false, true) => Reply::bytes(&logs.0.answer(40, asked), true),
            (false, false) => Reply::bytes(&logs.1.answer(30, asked), false),
        }
    })
    .await;
    let (text, last) = listen(&server, source(true), pace()).await;
    assert_eq!(text, format!("{}-- restarted\n{}", old.text(), new.text()));
    let LogPiece::Failed(fault) = last else {
        panic!("{last:?}")
    };
    assert!(
        fault
            .detail
            .starts_with("The pod apps/e2e-1 @ staging is gone"),
        "{fault}"
    );
}

#[tokio::test]
async fn an_old_container_that_nobody_has_any_more_is_given_up() {
    let new = Arc::new(Printed::new("new", 5));
    let log = new.clone();
    let server = Faulty::start(
        move |nth, asked| match (asked.path.contains("/log?"), nth) {
            (false, 0) => pod("c1", true, None),
            (false, _) => pod("c2", false, Some("c1")),
            (true, 1) => Reply::hang_up(),
            (true, _) if asked.path.contains("previous=true") => Reply::no(
                400,
                "BadRequest",
                "previous terminated container \"main\" in pod \"e2e-1\" not found",
            ),
            (true, _) => Reply::bytes(&log.answer(5, asked), true),
        },
    )
    .await;
    let (send, mut pieces) = mpsc::channel(4);
    let (access, source) = (server.access(), source(true));
    let reader = tokio::spawn(async move {
        Reader {
            access: &access,
            source: &source,
            pace: pace(),
            calls: None,
            number: 1,
            pieces: &send,
        }
        .read()
        .await;
    });
    let mut text = String::new();
    while !text.ends_with(&new.text()) {
        let (_, piece) = timeout(Duration::from_secs(10), pieces.recv())
            .await
            .unwrap()
            .unwrap();
        match piece {
            LogPiece::Bytes(stretch) => text.push_str(&String::from_utf8(stretch.bytes).unwrap()),
            LogPiece::Restarted => text.push_str("-- restarted\n"),
            _ => {}
        }
    }
    assert_eq!(text, format!("-- restarted\n{}", new.text()));
    // A container that is always restarted has no end; leaving ends the reader.
    drop(pieces);
    timeout(Duration::from_secs(10), reader)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_silent_link_is_asked_for_again() {
    let printed = Arc::new(Printed::new("line", 8));
    let log = printed.clone();
    let server = Faulty::start(
        move |nth, asked| match (asked.path.contains("/log?"), nth) {
            (false, 0..4) => pod("c1", true, None),
            (false, _) => pod("c1", false, None),
            (true, 0..4) => Reply::open(&[String::from_utf8(log.answer(4, asked)).unwrap()]),
            (true, _) => Reply::bytes(&log.answer(8, asked), true),
        },
    )
    .await;
    let quick = Pace {
        idle: Duration::from_millis(50),
        ..pace()
    };
    let (text, last) = listen(&server, source(true), quick).await;
    assert_eq!(text, printed.text());
    assert!(matches!(last, LogPiece::Ended));
}

#[tokio::test]
async fn a_listener_that_does_not_listen_makes_the_server_wait() {
    let flood = "2026-08-21T02:30:41Z flood of words\n".repeat(400_000);
    let server = Faulty::start(move |_, asked| match asked.path.contains("/log?") {
        false => pod("c1", true, None),
        true => Reply::bytes(flood.as_bytes(), true),
    })
    .await;
    let (send, mut pieces) = mpsc::channel(1);
    let (access, source) = (server.access(), source(true));
    let reader = tokio::spawn(async move {
        Reader {
            access: &access,
            source: &source,
            pace: pace(),
            calls: None,
            number: 1,
            pieces: &send,
        }
        .read()
        .await;
    });
    // Some pieces arrive; all others wait in the socket, not in memory here: the channel holds one.
    for _ in 0..5 {
        timeout(Duration::from_secs(10), pieces.recv())
            .await
            .unwrap()
            .unwrap();
    }
    assert!(pieces.len() <= 1);
    assert_eq!(server.asked().len(), 2);
    drop(pieces);
    timeout(Duration::from_secs(10), reader)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn what_cannot_be_had_is_said_and_not_asked_for_again() {
    type Row = (fn(usize, &Asked) -> Reply, FaultKind, &'static str, usize);
    let rows: [Row; 4] = [
        (
            |_, _| Reply::no(403, "Forbidden", "pods is forbidden"),
            FaultKind::Forbidden,
            "pods is forbidden",
            1,
        ),
        (
            |_, _| Reply::no(404, "NotFound", "gone"),
            FaultKind::NotFound,
            "is gone",
            1,
        ),
        (
            |_, _| Reply::json(200, r#"{"metadata": {"uid": "another"}}"#),
            FaultKind::NotFound,
            "is gone",
            1,
        ),
        (
            |_, asked| match asked.path.contains("/log?") {
                true => Reply::no(403, "Forbidden", "pods/log is forbidden"),
                false => pod("c1", true, None),
            },
            FaultKind::Forbidden,
            "pods/log is forbidden",
            2,
        ),
    ];
    for (answer, kind, words, requests) in rows {
        let server = Faulty::start(answer).await;
        let (text, last) = listen(&server, source(true), pace()).await;
        let LogPiece::Failed(fault) = last else {
            panic!("{last:?}")
        };
        assert_eq!((fault.kind, text.as_str()), (kind, ""));
        assert!(fault.detail.contains(words), "{fault}");
        assert_eq!(server.asked().len(), requests);
    }
}

#[tokio::test]
async fn a_container_that_never_began_says_why() {
    let waiting = json!({"metadata": {"uid": "u1"}, "status": {"phase": "Pending", "containerStatuses": [
        {"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}]}});
    let text = waiting.to_string();
    let server = Faulty::start(move |_, _| Reply::json(200, &text)).await;
    let (_, last) = listen(&server, source(false), pace()).await;
    let LogPiece::Failed(fault) = last else {
        panic!("{last:?}")
    };
    assert_eq!(
        fault.detail,
        "The container main of e2e-1 has printed nothing yet: ImagePullBackOff (no such image)."
    );
}

#[tokio::test]
async fn the_previous_container_is_asked_for_by_name_and_read_once() {
    let printed = Arc::new(Printed::new("before", 6));
    let log = printed.clone();
    let server = Faulty::start(move |_, asked| match asked.path.contains("/log?") {
        false => pod("c2", true, Some("c1")),
        true => {
            assert!(
                asked.path.contains("previous=true") && !asked.path.contains("follow"),
                "{}",
                asked.path
            );
            Reply::bytes(&log.answer(6, asked), true)
        }
    })
    .await;
    let (text, last) = listen(
        &server,
        LogSource {
            previous: true,
            ..source(false)
        },
        pace(),
    )
    .await;
    assert_eq!(text, printed.text());
    assert!(matches!(last, LogPiece::Ended));
}

#[test]
fn the_container_is_the_one_that_the_kubelet_would_read() {
    let seen = |status: serde_json::Value, previous| {
        serde_json::from_value::<Container>(status)
            .unwrap()
            .seen(previous)
    };
    let is = |id: Option<&str>, running, before: Option<&str>| ContainerState {
        id: id.map(str::to_owned),
        running,
        previous: before.map(str::to_owned),
    };
    let running = json!({"name": "main", "containerID": "b", "state": {"running": {}}, "lastState": {"terminated": {"containerID": "a"}}});
    assert_eq!(seen(running.clone(), false), is(Some("b"), true, Some("a")));
    assert_eq!(seen(running, true), is(Some("a"), false, None));
    let crashed = json!({"name": "main", "containerID": "b", "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"containerID": "b"}}});
    assert_eq!(seen(crashed, false), is(Some("b"), false, None));
    let ended = json!({"name": "main", "containerID": "b", "state": {"terminated": {"containerID": "b"}}, "lastState": {}});
    assert_eq!(seen(ended, false), is(Some("b"), false, None));
    let new = json!({"name": "main", "state": {"waiting": {"reason": "PodInitializing"}}});
    assert_eq!(seen(new.clone(), false), ContainerState::default());
    assert_eq!(seen(new, true), ContainerState::default());
}

/// Answers of the log endpoint of a pod that is there.
async fn without_a_log(follow: bool, phase: &'static str, code: u16) -> (LogPiece, usize) {
    let server = Faulty::start(move |_, asked| match asked.path.contains("/log?") {
        true => Reply::no(code, "NoLog", "the node has none"),
        false => {
            let status = json!({"phase": phase, "containerStatuses": [{"name": "main", "state": {"terminated": {"exitCode": 1}}}]});
            Reply::json(200, &json!({"metadata": {"uid": "u1"}, "status": status}).to_string())
        }
    })
    .await;
    let (text, last) = listen(&server, source(follow), pace()).await;
    assert_eq!(text, "");
    let asked = server.asked();
    (
        last,
        asked
            .iter()
            .filter(|asked| asked.path.contains("/log?"))
            .count(),
    )
}

#[tokio::test]
async fn a_log_that_cannot_be_had_ends_where_nothing_more_is_to_come() {
    for (follow, phase, code, times) in [
        (false, "Failed", 404, 1),
        (true, "Failed", 404, 1),
        (false, "Running", 404, 1),
        (false, "Failed", 500, 4),
        (true, "Succeeded", 500, 4),
    ] {
        let (last, asked) = without_a_log(follow, phase, code).await;
        let LogPiece::Failed(fault) = last else {
            panic!("{last:?}")
        };
        assert!(fault.detail.contains("the node has none"), "{fault}");
        assert_eq!(asked, times, "{follow} {phase} {code}");
    }
}

#[tokio::test]
async fn a_command_gives_a_server_up_that_does_not_answer() {
    let server = Faulty::start(|_, _| Reply::hang_up()).await;
    let patient = Pace {
        patience: Some(2),
        ..pace()
    };
    let (_, last) = listen(&server, source(false), patient).await;
    assert!(matches!(last, LogPiece::Failed(_)), "{last:?}");
}
