//! The log follower. Two promises: whatever containers and bytes come, the same bytes cut elsewhere give the same log; and
//! of a container that prints lines, each is given out once, whole and with its stamp, however often the connection is
//! cut.
#![no_main]

use arbitrary::Arbitrary;
use leverframe::model::log::{ContainerState, Follow, Log, Next, Stretch};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    steps: Vec<Step>,
    printed: Vec<Line>,
    connections: Vec<Connection>,
    pieces: Vec<u8>,
}

#[derive(Arbitrary, Debug)]
enum Step {
    Look {
        id: Option<u8>,
        running: bool,
        previous: Option<u8>,
    },
    Feed(Vec<u8>),
    /// A line as the node sends it.
    Stamped {
        second: u16,
        nanosecond: u32,
        text: Vec<u8>,
    },
    End {
        whole: bool,
    },
    GiveUpPrevious,
}

/// A line of the container that is followed through cuts.
#[derive(Arbitrary, Debug)]
struct Line {
    /// Since the line before.
    milliseconds: i16,
    text: Vec<u8>,
}

/// One connection: how many lines there are by then, and after how many bytes it is cut.
#[derive(Arbitrary, Debug)]
struct Connection {
    lines: u8,
    bytes: u16,
}

/// A clock that is set back while nothing is connected may go back by ten seconds, says the follower. In nanoseconds.
const SET_BACK: i64 = 10_000_000_000;
const BEGIN_S: i64 = 1_795_000_000;

fuzz_target!(|input: Input| {
    let whole = play(&input.steps, &[]);
    assert_stamps_begin_lines(&whole);
    assert_eq!(
        whole,
        play(&input.steps, &input.pieces),
        "cut into {:?}",
        input.pieces
    );
    let mut log = Log::new(64 * 1024);
    log.append(&whole);
    assert_eq!(log.lines_from(0).count(), log.len());
    follow_through_cuts(&input);
});

/// What comes of the steps when the bytes of each are fed in pieces of these sizes.
fn play(steps: &[Step], pieces: &[u8]) -> Stretch {
    let mut follow = Follow::new();
    let mut out = Stretch::default();
    for step in steps {
        match step {
            Step::Look {
                id,
                running,
                previous,
            } => {
                let named = |id: &Option<u8>| id.map(|id| id.to_string());
                let next = follow.next(&ContainerState {
                    id: named(id),
                    running: *running,
                    previous: named(previous),
                });
                // Log and printer end the line that the container left open.
                if next == Next::Restarted && out.bytes.last().is_some_and(|byte| *byte != b'\n') {
                    out.bytes.push(b'\n');
                }
            }
            Step::Feed(bytes) => feed(&mut follow, bytes, pieces, &mut out),
            Step::Stamped {
                second,
                nanosecond,
                text,
            } => {
                let nanoseconds =
                    i64::from(*second) * 1_000_000_000 + i64::from(*nanosecond % 1_000_000_000);
                feed(&mut follow, &as_sent(nanoseconds, text), pieces, &mut out);
            }
            Step::End { whole } => follow.ended(*whole, &mut out),
            Step::GiveUpPrevious => follow.give_up_previous(),
        }
    }
    out
}

fn feed(follow: &mut Follow, mut bytes: &[u8], pieces: &[u8], out: &mut Stretch) {
    for piece in pieces {
        let (now, later) = bytes.split_at(usize::from(*piece).clamp(1, 255).min(bytes.len()));
        follow.feed(now, out);
        bytes = later;
    }
    follow.feed(bytes, out);
}

fn assert_stamps_begin_lines(out: &Stretch) {
    let begins: Vec<u32> = out.starts.iter().map(|(start, _)| *start).collect();
    assert!(begins.is_sorted(), "{begins:?}");
    for start in begins {
        assert!(
            start as usize <= out.bytes.len(),
            "{start} of {}",
            out.bytes.len()
        );
        let before = (start as usize).checked_sub(1).map(|byte| out.bytes[byte]);
        assert!(
            before.is_none_or(|byte| byte == b'\n'),
            "a stamp within a line"
        );
    }
}

/// A line with its stamp, so many nanoseconds after the beginning.
fn as_sent(nanoseconds: i64, text: &[u8]) -> Vec<u8> {
    let since_1970 = i128::from(BEGIN_S) * 1_000_000_000 + i128::from(nanoseconds);
    let stamp = jiff::Timestamp::from_nanosecond(since_1970).expect("a time of this century");
    [format!("{stamp:.9} ").as_bytes(), text, b"\n"].concat()
}

/// Follows one container whose lines the server keeps all, over connections that are cut, to its end.
fn follow_through_cuts(input: &Input) {
    let (mut clock, mut highest) = (0_i64, 0_i64);
    let printed: Vec<(i64, Vec<u8>)> = input
        .printed
        .iter()
        .map(|line| {
            clock += i64::from(line.milliseconds) * 1_000_000;
            highest = highest.max(clock);
            clock = clock.max(highest - SET_BACK);
            let text = line
                .text
                .iter()
                .copied()
                .filter(|byte| *byte != b'\n')
                .collect();
            (clock, text)
        })
        .collect();
    let mut follow = Follow::new();
    let mut out = Stretch::default();
    let mut there = 0;
    let mut cuts = input.connections.iter();
    loop {
        let cut = cuts.next();
        let seen = ContainerState {
            id: Some("one".to_owned()),
            running: cut.is_some(),
            previous: None,
        };
        let request = match follow.next(&seen) {
            Next::Open(request) => request,
            Next::Done => break,
            next => panic!("{next:?} for a container that is still the same"),
        };
        there = cut.map_or(printed.len(), |cut| {
            printed.len().min(there + usize::from(cut.lines))
        });
        // The server leaves out what is stamped before the second that was asked for.
        let since = request
            .since
            .map_or(i64::MIN, |second| (second - BEGIN_S) * 1_000_000_000);
        let sent: Vec<u8> = printed[..there]
            .iter()
            .filter(|(stamp, _)| *stamp >= since)
            .flat_map(|(stamp, text)| as_sent(*stamp, text))
            .collect();
        let end = cut.map_or(sent.len(), |cut| sent.len().min(usize::from(cut.bytes)));
        feed(&mut follow, &sent[..end], &input.pieces, &mut out);
        follow.ended(cut.is_none(), &mut out);
    }
    let mut expected = Stretch::default();
    for (stamp, text) in &printed {
        expected
            .starts
            .push((expected.bytes.len() as u32, BEGIN_S * 1_000_000_000 + stamp));
        expected.bytes.extend_from_slice(text);
        expected.bytes.push(b'\n');
    }
    assert_eq!(out, expected);
}
