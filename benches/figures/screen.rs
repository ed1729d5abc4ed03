//! Screen: the first frame, keys and idleness of the real program in a pseudoterminal.

use super::pty::{Console, Start, cpu_of};
use super::{figure, git, ms, quantile};
use std::time::{Duration, Instant};

pub fn run() {
    let Some(clone) = git::real_clone() else {
        println!("SKIPPED: no bundle of the real history beside the project");
        return;
    };
    let path = clone.path().join("clone");
    let path = path.to_str().expect("a path");
    let arguments = ["--delivery", "govuk", "--repository", path];

    let mut first = Vec::new();
    for _ in 0..15 {
        let began = Instant::now();
        let console = Start::new(&arguments).size(80, 24).start();
        console.wait_for("GOV.UK");
        first.push(began.elapsed());
    }
    let mut bare = Vec::new();
    for _ in 0..15 {
        let began = Instant::now();
        let console = Start::command(&["/bin/echo", "GOV.UK"])
            .size(80, 24)
            .start();
        console.wait_for("GOV.UK");
        bare.push(began.elapsed());
    }
    let peer = quantile(&mut bare, 0.5);
    figure(
        "first frame, from exec, no network",
        &format!("p50 {}", ms(quantile(&mut first, 0.5))),
        "30 ms",
        &format!(
            "max {}; /bin/echo in the same harness {}",
            ms(quantile(&mut first, 1.0)),
            ms(peer)
        ),
    );

    let mut console = Start::new(&arguments).size(80, 24).start();
    console.wait_for(" calm");
    let (bytes, mut times) = keys(&mut console, 200, None);
    figure(
        "key to last byte, nothing else going on",
        &format!(
            "p50 {} p99 {}",
            ms(quantile(&mut times, 0.5)),
            ms(quantile(&mut times, 0.99))
        ),
        "1 ms, 8 ms",
        "",
    );
    figure(
        "j on the 80x24 board with its sentence",
        &format!("{bytes} B"),
        "400 B",
        "k9s 839 B (published measurement)",
    );

    let mark = console.mark();
    let before = cpu_of(console.pid());
    let idle = Duration::from_secs(60);
    std::thread::sleep(idle);
    let used = cpu_of(console.pid()).saturating_sub(before);
    let drawn = console.bytes_since(mark).len();
    figure(
        "idle minute",
        &format!(
            "{drawn} B, {:.3} % of a core",
            used.as_secs_f64() / idle.as_secs_f64() * 100.0
        ),
        "a minute's repaint, 0.2 %",
        "",
    );
}

/// Presses j and k in turn; the median bytes of a press, and the time from the key to the last byte of its frame: the one
/// that names what is selected then, `two` in turn; the first one where nothing else is going on.
pub fn keys(
    console: &mut Console,
    presses: usize,
    two: Option<[&str; 2]>,
) -> (usize, Vec<Duration>) {
    let (mut bytes, mut times) = (Vec::new(), Vec::new());
    for n in 0..presses {
        // Not in step with the frames that nobody asked for.
        std::thread::sleep(Duration::from_micros(4_000 + (n as u64 * 7_919) % 29_000));
        let (key, name) = (
            [&b"j"[..], b"k"][n % 2],
            two.map_or("", |two| two[n % 2]).as_bytes(),
        );
        // A frame ends with the end of its synchronised update.
        let end = |seen: &[u8]| {
            let named = memchr::memmem::find(seen, name)?;
            memchr::memmem::find(&seen[named..], b"\x1b[?2026l").map(|at| named + at + 8)
        };
        let mark = console.mark();
        let began = Instant::now();
        console.send(key);
        let seen = console.wait_for_bytes(mark, |seen| end(seen).is_some());
        times.push(began.elapsed());
        let whole = end(&seen).expect("it was waited for");
        let begin = memchr::memmem::rfind(&seen[..whole], b"\x1b[?2026h").unwrap_or(0);
        bytes.push(whole - begin);
    }
    bytes.sort_unstable();
    (bytes[bytes.len() / 2], times)
}
