//! The terminal vanishes: the console ends soon and burns nothing until then.

use std::time::{Duration, Instant};

use super::console::{Start, cpu_of};
use super::{READY, repository::Repository, started};

/// The promise is one second; the rest is for a busy machine.
const SOON: Duration = Duration::from_secs(4);

#[test]
fn with_a_hang_up_signal() {
    let (_repository, mut console) = started();
    console.vanish();
    let since = Instant::now();
    assert_eq!(console.wait_exit(), 129);
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
}

/// The shell leads the session and ignores SIGHUP, so that nothing tells the console but the device.
#[test]
fn without_any_signal() {
    let repository = Repository::small();
    let notes = tempfile::tempdir().expect("a directory");
    let file = notes.path().join("end");
    let script = r#"trap "" HUP; "$@"; echo "$? $(cat /proc/$$/stat | cut -d' ' -f16,17)" >"$NOTE.part"; mv "$NOTE.part" "$NOTE""#;
    let path = repository.path().to_str().expect("a path in UTF-8");
    let program = env!("CARGO_BIN_EXE_leverframe");
    let mut console = Start::command(&[
        "sh",
        "-c",
        script,
        "sh",
        program,
        "--delivery",
        "govuk",
        "--repository",
        path,
    ])
    .env("NOTE", file.to_str().expect("a path in UTF-8"))
    .start();
    console.wait_for(READY);
    let leader = console.pid();
    console.vanish();
    let since = Instant::now();
    console.wait_until("the shell has seen its end", || file.exists());
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    let note = std::fs::read_to_string(&file).expect("a note");
    let numbers: Vec<u64> = note
        .split_whitespace()
        .map(|number| number.parse().expect("a number"))
        .collect();
    let [code, user, system] = numbers.as_slice() else {
        panic!("{note:?}")
    };
    assert_eq!(*code, 129);
    // Ticks of ten milliseconds, of its whole life in a debug build; a spinning thread adds a hundred a second.
    assert!(user + system < 100, "{user} and {system} ticks");
    assert!(cpu_of(leader) < Duration::from_secs(1));
}

#[test]
fn the_practice_yard_leaves_no_folder_behind() {
    let start = Start::new(&["demo"]);
    let folder = start.home().join("run");
    let temporary = folder.to_str().expect("a path in UTF-8").to_owned();
    let mut console = start.env("TMPDIR", &temporary).start();
    console.wait_for("production ok");
    assert_eq!(std::fs::read_dir(&folder).expect("the folder").count(), 1);
    console.vanish();
    assert_eq!(console.wait_exit(), 129);
    assert_eq!(std::fs::read_dir(&folder).expect("the folder").count(), 0);
}
