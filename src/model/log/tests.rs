use super::*;
use crate::cases::cases;
use proptest::prelude::*;

fn lines(log: &Log) -> Vec<String> {
    log.lines_from(0)
        .map(|(_, line)| String::from_utf8_lossy(line.bytes).into_owned())
        .collect()
}

fn pattern(typed: &str) -> Pattern {
    Pattern::parse(typed).unwrap().unwrap()
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn bytes_in_any_pieces_give_the_same_lines(text in "([a-zé]{0,12}\n?){0,20}", pieces in 1usize..20) {
        let mut whole = Log::default();
        whole.push(text.as_bytes());
        let mut cut = Log::default();
        text.as_bytes().chunks(pieces).for_each(|piece| cut.push(piece));
        prop_assert_eq!(lines(&whole), lines(&cut));
        prop_assert_eq!(lines(&whole), text.lines().map(str::to_owned).collect::<Vec<_>>());
    }

    #[test]
    fn a_filter_kept_up_to_date_equals_one_made_anew(
        pieces in proptest::collection::vec("[abc\n]{0,30}", 0..20), invert in any::<bool>(), expression in any::<bool>(),
    ) {
        let typed = format!("{}{}", if invert { "!" } else { "" }, if expression { "~b.?c" } else { "bc" });
        let wanted = pattern(&typed);
        let mut log = Log::default();
        let mut filter = Filter::new(wanted.clone());
        for piece in &pieces {
            log.append(&Stretch { bytes: piece.clone().into_bytes(), starts: Vec::new() });
            filter.refresh(&log);
            let fresh: Vec<u64> = log
                .lines_from(0)
                .filter(|(_, line)| wanted.matches(line.bytes))
                .map(|(number, _)| number)
                .collect();
            prop_assert_eq!(filter.numbers(), &fresh);
        }
    }
}

#[test]
fn a_line_that_is_too_long_is_held_in_parts() {
    let mut log = Log::default();
    log.push(&vec![b'x'; LINE_LIMIT]);
    log.push(b"\nshort\n");
    log.push(&vec![b'y'; 2 * LINE_LIMIT + 5]);
    log.push(b"\nlast");
    let held: Vec<(usize, bool)> = log
        .lines_from(0)
        .map(|(_, line)| (line.bytes.len(), line.continued))
        .collect();
    let limit = LINE_LIMIT;
    assert_eq!(
        held,
        [
            (limit, false),
            (5, false),
            (limit, false),
            (limit, true),
            (5, true),
            (4, false)
        ]
    );
    assert_eq!(log.text().len(), limit + 1 + 6 + 2 * limit + 5 + 1 + 5);
}

#[test]
fn the_cap_is_held_and_what_fell_out_is_counted() {
    let mut log = Log::new(3 * CHUNK);
    for number in 0..40_000 {
        let line = format!("{number:>99}\n");
        log.append(&Stretch {
            bytes: line.into_bytes(),
            starts: Vec::new(),
        });
    }
    assert!(log.allocated() < 5 * CHUNK, "{}", log.allocated());
    assert!(log.first() > 20_000 && log.end() == 40_000);
    assert_eq!(log.first() * 100, log.fallen_bytes());
    assert_eq!(log.line(log.first() - 1), None);
    assert_eq!(
        log.line(log.first()).unwrap().bytes,
        format!("{:>99}", log.first()).as_bytes()
    );
    assert_eq!(
        log.line(39_999).unwrap().bytes,
        format!("{:>99}", 39_999).as_bytes()
    );
    assert_eq!(log.line(40_000), None);
    assert!(
        log.text()
            .starts_with(format!("-- the first {} lines are not here\n", log.first()).as_bytes())
    );
}

#[test]
fn rows_that_fall_out_of_a_filtered_log_are_counted_as_rows() {
    let mut log = Log::new(2 * CHUNK);
    let mut filter = Filter::new(pattern("7"));
    let mut fallen = 0;
    for number in 0..20_000 {
        let line = format!("{:>98}{}\n", "", number % 10);
        log.append(&Stretch {
            bytes: line.into_bytes(),
            starts: Vec::new(),
        });
        fallen += filter.refresh(&log);
    }
    assert!(fallen > 0);
    assert_eq!(fallen + filter.numbers().len(), 2_000);
    assert_eq!(filter.numbers()[0] % 10, 7);
    assert!(filter.numbers()[0] >= log.first());
}

#[test]
fn a_million_lines_cost_less_than_1_3_times_their_bytes() {
    let mut log = Log::default();
    let mut bytes = 0;
    for block in 0..1_000i64 {
        for line in 0..1_000 {
            log.begin(0, Some((block * 1_000 + line) * 7));
            // Short lines: the bookkeeping is per line.
            let text = format!("ok {line:>6} spec/models/edition_spec.rb passed\n");
            bytes += text.len();
            log.push(text.as_bytes());
        }
    }
    assert_eq!(log.len(), 1_000_000);
    let ratio = log.allocated() as f64 / bytes as f64;
    assert!(ratio < 1.3, "{ratio}");
}

#[test]
fn stamps_are_kept_whatever_the_clock_does() {
    let day = 86_400_000_000_000i64;
    let times = [0, 5_000_000, 400 * day, 2 * day, -3 * day, 20_000 * day];
    let mut stretch = Stretch::default();
    for at in times {
        stretch.starts.push((stretch.bytes.len() as u32, at));
        stretch.bytes.extend_from_slice(b"x\n");
    }
    let mut log = Log::default();
    log.push(b"before any stamp\n");
    log.append(&stretch);
    log.mark("restarted");
    let held: Vec<Option<i64>> = log
        .lines_from(1)
        .map(|(_, line)| line.at.map(|at| at.as_nanosecond() as i64))
        .collect();
    assert_eq!(
        held,
        times
            .into_iter()
            .map(Some)
            .chain([None])
            .collect::<Vec<_>>()
    );
    assert_eq!(log.line(0).unwrap().at, None);
    assert!(log.line(7).unwrap().marker);
}

#[test]
fn searching_goes_round_in_both_directions() {
    let mut log = Log::default();
    log.push(b"Alpha\nbeta\ngamma alpha\nbeta\n");
    let row = |typed: &str, from, forward| log.find(&pattern(typed), from, forward);
    assert_eq!(row("alpha", 0, true), Some(0));
    assert_eq!(row("alpha", 1, true), Some(2));
    assert_eq!(row("alpha", 3, true), Some(0), "wraps");
    assert_eq!(
        row("Alpha", 1, true),
        Some(0),
        "a capital means only itself"
    );
    assert_eq!(row("beta", 2, false), Some(1));
    assert_eq!(row("beta", 0, false), Some(3), "wraps");
    assert_eq!(row("!beta", 1, true), Some(2));
    assert_eq!(row("~^b.*a$", 0, true), Some(1));
    assert_eq!(row("~a\\s+b", 0, true), None, "never across lines");
    assert_eq!(row("delta", 0, true), None);
    assert_eq!(pattern("a").places(b"banana"), [(1, 2), (3, 4), (5, 6)]);
}

#[test]
fn patterns_that_cannot_be_read_say_why() {
    assert!(Pattern::parse("").unwrap().is_none() && Pattern::parse("!").unwrap().is_none());
    assert_eq!(
        Pattern::parse("~a(").unwrap_err(),
        "The expression cannot be read: unclosed group."
    );
    assert_eq!(
        Pattern::parse("~(a{1000}){1000}").unwrap_err(),
        "The expression is too large."
    );
    assert!(pattern("a(b").matches(b"xa(by"), "a word is no expression");
}

#[test]
fn faults_are_found_once_a_report_and_counted() {
    let text = "\
Running 240 tests using 4 workers
  \u{2713}  11 home.spec.js:3 > home (1.2s)
  x  12 publisher.spec.js:41 > publish a draft (30.1s)
  \u{2713}  13 router.spec.js:9 > routes (0.8s)
  \u{2713}  14 a
  \u{2713}  15 b

  1) [chromium] > publisher.spec.js:41:5 > publish a draft @app-publisher

    Error: expect(locator).toBeVisible() failed

    Call log:
      - waiting for getByText('Published')
   40 | test('publish', async () => {
 > 41 |   await expect(x).toBeVisible()
      |                   ^
  1 failed
  239 passed
ok 1
ok 2
ok 3
npm ERR! code ELIFECYCLE
ok 4
ok 5
ok 6
0 errors, 0 failures, ERROR_LEVEL=info, no exit code 0
ok 7
java.lang.IllegalStateException: bad
\tat com.example.Main.run(Main.java:5)
";
    let mut log = Log::default();
    let mut faults = ErrorLines::default();
    for piece in text.as_bytes().chunks(7) {
        log.append(&Stretch {
            bytes: piece.to_vec(),
            starts: Vec::new(),
        });
        faults.refresh(&log);
    }
    let firsts: Vec<String> = faults
        .numbers()
        .iter()
        .map(|n| {
            String::from_utf8_lossy(log.line(*n).unwrap().bytes)
                .trim()
                .to_owned()
        })
        .collect();
    assert_eq!(
        firsts,
        [
            "x  12 publisher.spec.js:41 > publish a draft (30.1s)",
            "1) [chromium] > publisher.spec.js:41:5 > publish a draft @app-publisher",
            "1 failed",
            "npm ERR! code ELIFECYCLE",
            "java.lang.IllegalStateException: bad",
        ]
    );
    assert_eq!(faults.first(), Some(2));
    assert_eq!(faults.next(2, true), Some(7));
    assert_eq!(faults.next(2, false), None);
    assert_eq!(faults.next(0, true), Some(2));
    assert_eq!(
        (faults.nth(0), faults.nth(2), faults.nth(8), faults.len()),
        (0, 1, 2, 5)
    );
}

#[test]
fn each_kind_of_fault_is_known() {
    for line in [
        "Error: timeout",
        "ActiveRecord::StatementInvalid (PG::UndefinedColumn: ERROR:  column)",
        "E, [2026-08-21] ERROR -- : x",
        "rake aborted!",
        "\u{1b}[31m  \u{2718}\u{1b}[39m  12 publisher.spec.js:41",
        "\u{1b}[31m  1) [chromium] > publisher.spec.js:41\u{1b}[39m",
        "RuntimeError (could not connect)",
        "NoMethodError: undefined method",
        "Exception in thread \"main\" java.lang.Exception: x",
        "Caused by: java.io.IOException: x",
        "##[error]Process completed with exit code 1.",
        "level=error msg=x",
        "level=fatal",
        "{\"level\":\"error\",\"msg\":\"x\"}",
        "panic: runtime error",
        "thread 'main' panicked at src/main.rs:1",
        "npm ERR! x",
        "npm error x",
        "Error (exit code 1)",
        "command exited with code 2",
        "exit status 137",
        "Traceback (most recent call last):",
        "TypeError: x is undefined",
        "error[E0308]: mismatched types",
        "error: could not compile",
        "12 examples, 3 failures",
        "fatal: repository not found",
        "OOMKilled",
    ] {
        let mut log = Log::default();
        log.append(&Stretch {
            bytes: format!("{line}\n").into_bytes(),
            starts: Vec::new(),
        });
        let mut faults = ErrorLines::default();
        faults.refresh(&log);
        assert_eq!(faults.len(), 1, "{line}");
    }
    for line in [
        "0 errors",
        "no error",
        "exit code 0",
        "errors: []",
        "level=info msg=\"error budget\"",
        "Succeeded",
        "12 examples, 0 failures",
    ] {
        let mut log = Log::default();
        log.append(&Stretch {
            bytes: format!("{line}\n").into_bytes(),
            starts: Vec::new(),
        });
        let mut faults = ErrorLines::default();
        faults.refresh(&log);
        assert_eq!(faults.len(), 0, "{line}");
    }
}

#[test]
fn a_saved_log_has_stamps_markers_no_colours_and_no_credentials() {
    let mut log = Log::default();
    let bytes = b"\x1b[31mred\x1b[0m --token=abc\nesc \x1b[2J\n".to_vec();
    log.append(&Stretch {
        bytes,
        starts: vec![(0, 1_500_000_000)],
    });
    log.mark("container restarted");
    assert_eq!(
        String::from_utf8(log.text()).unwrap(),
        "1970-01-01T00:00:01.500Z red --token=<masked>\nesc ␛[2J\n-- container restarted\n"
    );
}
