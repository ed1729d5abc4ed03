use super::*;
use crate::cases::cases;
use crate::model::log::Log;
use jiff::Timestamp;
use proptest::prelude::*;

/// A container as its node has it: lines with the time each was printed; the last may lack its end.
#[derive(Clone, Debug)]
struct Printed(Vec<(i64, Vec<u8>)>);

impl Printed {
    fn bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(_, line)| line.clone()).collect()
    }
    /// What the node answers once `lines` of them are there: whole seconds, in the order of the file.
    fn answer(&self, lines: usize, since: Option<i64>) -> Vec<u8> {
        let mut out = Vec::new();
        for (at, line) in &self.0[..lines] {
            if since.is_none_or(|since| *at >= since * SECOND) {
                let stamp = Timestamp::from_nanosecond(i128::from(*at)).unwrap();
                out.extend_from_slice(format!("{stamp} ").as_bytes());
                out.extend_from_slice(line);
            }
        }
        out
    }
}

/// Lines of which many share a stamp, some look like stamps, some are empty, long or no UTF-8; the clock stands still,
/// runs, and is set back by 10 s altogether.
fn printed() -> impl Strategy<Value = Printed> {
    let line = prop_oneof![
        4 => "[a-z ]{0,20}".prop_map(String::into_bytes),
        1 => "[é世👍🏽]{1,6}".prop_map(String::into_bytes),
        1 => Just(b"2026-08-21T02:30:41.000000001Z not a stamp".to_vec()),
        1 => Just(Vec::new()),
        1 => Just(vec![b'x'; 300]),
        1 => proptest::collection::vec(any::<u8>().prop_filter("no line end", |byte| *byte != b'\n'), 0..12),
    ];
    let step = prop_oneof![4 => Just(0), 4 => 1..1_000_000_000i64, 2 => 1_000_000_000..40_000_000_000i64, 1 => -1_000_000_000..0i64];
    (
        proptest::collection::vec((line, step), 1..60),
        any::<bool>(),
    )
        .prop_map(|(lines, last_whole)| {
            let mut at = 1_787_279_441 * SECOND;
            let count = lines.len();
            let mut back = 0;
            Printed(
                lines
                    .into_iter()
                    .enumerate()
                    .map(|(nth, (mut line, step))| {
                        // Set back by as much as the follower promises to bear unseen, in all.
                        let step = if step < 0 && back + step < -MARGIN * SECOND {
                            0
                        } else {
                            step
                        };
                        back += step.min(0);
                        at += step;
                        if last_whole || nth + 1 < count {
                            line.push(b'\n');
                        }
                        (at, line)
                    })
                    .collect(),
            )
        })
}

/// Reads containers one after the other through connections that are cut after the given numbers of bytes, while lines
/// go on being printed; then to the end without a cut. Returns what came out, split where a restart was told.
fn read(containers: &[Printed], cuts: &[(usize, usize, usize)], pieces: usize) -> Vec<Stretch> {
    let mut follow = Follow::new();
    let mut outs = vec![Stretch::default()];
    let mut nth = 0;
    let mut lines = 0;
    let mut cuts = cuts.iter();
    for _ in 0..10_000 {
        let cut = cuts.next();
        // Time goes on: lines are printed, and the container may be replaced.
        if let Some((_, more, restart)) = cut {
            lines = (lines + more).min(containers[nth].0.len());
            if *restart == 0 && nth + 1 < containers.len() {
                (nth, lines) = (nth + 1, *more % (containers[nth + 1].0.len() + 1));
            }
        } else if nth + 1 < containers.len() {
            (nth, lines) = (nth + 1, 0);
        } else {
            lines = containers[nth].0.len();
        }
        let running = cut.is_some();
        let seen = ContainerState {
            id: Some(nth.to_string()),
            running,
            previous: nth.checked_sub(1).map(|before| before.to_string()),
        };
        match follow.next(&seen) {
            Next::Open(request) => {
                let answer = if request.previous {
                    containers[nth - 1].answer(containers[nth - 1].0.len(), request.since)
                } else {
                    containers[nth].answer(lines, request.since)
                };
                let out = outs.last_mut().unwrap();
                let whole = cut.is_none_or(|(bytes, ..)| *bytes >= answer.len());
                let got = if whole {
                    &answer[..]
                } else {
                    &answer[..cut.unwrap().0]
                };
                for piece in got.chunks(pieces) {
                    follow.feed(piece, out);
                }
                follow.ended(whole, out);
            }
            Next::Restarted => outs.push(Stretch::default()),
            Next::Wait => panic!("the container has begun"),
            Next::Done => return outs,
        }
    }
    panic!("it never ends");
}

fn assert_same(printed: &Printed, out: &Stretch) {
    assert_eq!(
        String::from_utf8_lossy(&out.bytes),
        String::from_utf8_lossy(&printed.bytes())
    );
    assert_eq!(out.bytes, printed.bytes());
    let stamps: Vec<i64> = out.starts.iter().map(|(_, at)| *at).collect();
    assert_eq!(
        stamps,
        printed.0.iter().map(|(at, _)| *at).collect::<Vec<_>>()
    );
    let mut log = Log::new(usize::MAX);
    log.append(out);
    for ((_, held), (at, line)) in log.lines_from(0).zip(&printed.0) {
        assert_eq!(held.bytes, line.strip_suffix(b"\n").unwrap_or(line));
        assert_eq!(
            held.at,
            Timestamp::from_millisecond(at.div_euclid(1_000_000)).ok()
        );
    }
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn cut_anywhere_every_byte_comes_once(
        printed in printed(),
        cuts in proptest::collection::vec((0usize..400, 0usize..12, Just(1usize)), 0..30),
        pieces in 1usize..80,
    ) {
        let outs = read(std::slice::from_ref(&printed), &cuts, pieces);
        prop_assert_eq!(outs.len(), 1);
        assert_same(&printed, &outs[0]);
    }

    #[test]
    fn across_restarts_every_byte_of_each_container_comes_once(
        first in printed(), second in printed(),
        cuts in proptest::collection::vec((0usize..400, 0usize..12, 0usize..6), 0..20),
        pieces in 1usize..80,
    ) {
        let containers = [first, second];
        // Without a cut in the first container's time it is replaced before anybody looked.
        let cuts: Vec<_> = std::iter::once((50, 3, 1)).chain(cuts).collect();
        let outs = read(&containers, &cuts, pieces);
        prop_assert_eq!(outs.len(), 2);
        assert_same(&containers[0], &outs[0]);
        assert_same(&containers[1], &outs[1]);
    }
}

fn lines(stamps: &[i64]) -> Printed {
    Printed(
        stamps
            .iter()
            .enumerate()
            .map(|(nth, at)| (*at * SECOND, format!("line {nth}\n").into_bytes()))
            .collect(),
    )
}

#[test]
fn a_clock_set_back_by_an_hour_in_the_first_connection_loses_and_doubles_nothing() {
    let printed = lines(&[5_000, 5_001, 8_600, 8_601, 5_002, 5_003, 5_004, 8_602]);
    let mut follow = Follow::new();
    let mut out = Stretch::default();
    let seen = ContainerState {
        id: Some("a".into()),
        running: true,
        previous: None,
    };
    for lines in [5, 6, 7, 8] {
        let Next::Open(request) = follow.next(&seen) else {
            panic!()
        };
        let answer = printed.answer(lines, request.since);
        follow.feed(&answer, &mut out);
        follow.ended(false, &mut out);
    }
    assert_same(&printed, &out);
}

#[test]
fn lines_that_were_rotated_away_do_not_hide_new_ones() {
    let before = lines(&[100, 101, 101, 102]);
    let mut follow = Follow::new();
    let mut out = Stretch::default();
    let seen = ContainerState {
        id: Some("a".into()),
        running: true,
        previous: None,
    };
    let Next::Open(_) = follow.next(&seen) else {
        panic!()
    };
    follow.feed(&before.answer(4, None), &mut out);
    follow.feed(b"1970-01-01T00:01:43Z torn", &mut out);
    follow.ended(false, &mut out);
    // Rotation took all of it, the torn line too; only new lines are there.
    let Next::Open(request) = follow.next(&seen) else {
        panic!()
    };
    assert_eq!(
        request,
        Request {
            previous: false,
            follow: true,
            since: Some(92)
        }
    );
    follow.feed(
        &Printed(vec![(104 * SECOND, b"new\n".to_vec())]).answer(1, request.since),
        &mut out,
    );
    assert_eq!(
        String::from_utf8_lossy(&out.bytes),
        "line 0\nline 1\nline 2\nline 3\ntorn\nnew\n"
    );
}

#[test]
fn words_of_the_node_come_through_without_a_stamp() {
    let mut follow = Follow::new();
    let mut out = Stretch::default();
    let seen = ContainerState {
        id: Some("a".into()),
        running: false,
        previous: None,
    };
    let Next::Open(_) = follow.next(&seen) else {
        panic!()
    };
    follow.feed(b"1970-01-01T00:00:05Z part", &mut out);
    follow.feed(b"ial\nunable to ret", &mut out);
    follow.feed(
        b"rieve container logs for containerd://abc\nshort",
        &mut out,
    );
    follow.ended(true, &mut out);
    assert_eq!(
        String::from_utf8_lossy(&out.bytes),
        "partial\nunable to retrieve container logs for containerd://abc\nshort"
    );
    assert_eq!(follow.next(&seen), Next::Done);
}

#[test]
fn it_waits_for_a_container_and_gives_up_a_previous_one_that_is_gone() {
    let mut follow = Follow::new();
    assert_eq!(follow.next(&ContainerState::default()), Next::Wait);
    let first = ContainerState {
        id: Some("a".into()),
        running: true,
        previous: None,
    };
    assert_eq!(
        follow.next(&first),
        Next::Open(Request {
            previous: false,
            follow: true,
            since: None
        })
    );
    follow.ended(true, &mut Stretch::default());
    let second = ContainerState {
        id: Some("b".into()),
        running: true,
        previous: Some("a".into()),
    };
    assert_eq!(
        follow.next(&second),
        Next::Open(Request {
            previous: true,
            follow: false,
            since: None
        })
    );
    follow.ended(false, &mut Stretch::default());
    follow.give_up_previous();
    assert_eq!(follow.next(&second), Next::Restarted);
    assert_eq!(
        follow.next(&second),
        Next::Open(Request {
            previous: false,
            follow: true,
            since: None
        })
    );
}
