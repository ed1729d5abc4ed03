//! The terminal stops reading: nothing but frames waits for it.

use leverframe::journal::file::{JournalFile, JournalPaths};
use leverframe::journal::{Entry, What};
use leverframe::model::Target;
use leverframe::plan::{Lever, Outcome, Plan, Request};
use rustix::process::Signal;

use super::console::{Console, Start};
use super::{READ, READY, started};
use crate::pty::LIMIT;

/// Fills what the device holds for a terminal that does not read.
fn fill(console: &Console) {
    console.stall(true);
    let frames = thread_of(console, "frames");
    let mut columns = 200;
    console.wait_until("a frame waits for the terminal", || {
        columns ^= 1;
        console.resize(columns, 50);
        waits_in_poll(&frames)
    });
}

/// The directory of a thread in the process table.
fn thread_of(console: &Console, name: &str) -> std::path::PathBuf {
    let tasks = format!("/proc/{}/task", console.pid().as_raw_nonzero());
    std::fs::read_dir(tasks)
        .expect("its threads")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            std::fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm.trim_end() == name)
        })
        .unwrap_or_else(|| panic!("no thread {name}"))
}

/// Whether the thread waits for a device rather than for work. The numbers of poll and ppoll are those of x86 and ARM.
fn waits_in_poll(thread: &std::path::Path) -> bool {
    let call = std::fs::read_to_string(thread.join("syscall")).unwrap_or_default();
    let poll: &[&str] = if cfg!(target_arch = "x86_64") {
        &["7", "271"]
    } else {
        &["73"]
    };
    call.split(' ')
        .next()
        .is_some_and(|number| poll.contains(&number))
}

#[test]
fn keys_are_taken_in_meanwhile_and_the_newest_frame_comes_first_when_it_reads_again() {
    let (_repository, mut console) = started();
    console.press("j");
    fill(&console);
    // More than the console and its channel hold, unless the loop goes on.
    for _ in 0..40 {
        console.send(&b"jk".repeat(64));
        console.press("k");
    }
    console.resize(80, 24);
    let mark = console.mark();
    console.stall(false);
    console.wait_for_fn("a whole frame", |screen| {
        screen.rows.len() == 24 && screen.rows[23].contains(READY)
    });
    // What the device held, the frame that was on its way, and the newest: not one for each key.
    let bytes = console.bytes_since(mark).len();
    assert!(bytes < 64 * 1024, "{bytes} bytes");
}

#[test]
fn the_first_key_is_about_the_board_that_the_terminal_has() {
    let (repository, mut console) = started();
    let path = repository.path().to_str().expect("a path in UTF-8");
    let other = Start::new(&["--delivery", "govuk", "--repository", path]).start();
    other.wait_for(READ);
    fill(&console);
    // Its row stands before publisher's, which is the only one in sight, as soon as this is read.
    repository.declare("integration", "account-api", "v300");
    repository.commit("Update account-api image tag to v300 in integration");
    other.wait_for("4 calm: one version everywhere");
    // Both look at one pace: when the other has looked once more, this one has looked, too.
    repository.declare("integration", "router", "v300");
    repository.commit("Update router image tag to v300 in integration");
    other.wait_for("3 calm: one version everywhere");
    console.press("a");
    console.stall(false);
    console.wait_for("levers of publisher @ staging");
}

#[test]
fn signals_end_the_console_all_the_same_and_the_terminal_is_restored() {
    let (_repository, mut console) = started();
    fill(&console);
    console.signal(Signal::TERM);
    assert_eq!(console.wait_exit(), 143);
    assert_eq!(console.mode(), console.mode_at_start());
    console.stall(false);
    console.assert_restored();
}

#[test]
fn a_panic_ends_the_console_all_the_same() {
    let (_repository, start) = super::small();
    let now = start.home().join("now");
    let fault = format!("panic-when:{}", now.to_str().expect("a path in UTF-8"));
    let mut console = start.env("LEVERFRAME_TEST_FAULT", &fault).start();
    console.wait_for(READY);
    fill(&console);
    std::fs::write(now, "").expect("a file");
    assert_eq!(console.wait_exit(), 101);
    assert_eq!(console.mode(), console.mode_at_start());
    console.stall(false);
    console.assert_restored();
}

#[test]
fn it_costs_no_processor_time() {
    let (_repository, console) = started();
    fill(&console);
    let frames = thread_of(&console, "frames");
    let before = console.cpu();
    // Two seconds of the console's clock, during which it has nothing to do.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let used = console.cpu() - before;
    assert!(used.as_millis() < 200, "{used:?} in two seconds");
    assert!(waits_in_poll(&frames));
}

/// The size of the yard's journal; none before the yard is there.
fn journalled(folder: &std::path::Path) -> Option<u64> {
    let yard = std::fs::read_dir(folder).ok()?.find_map(|entry| {
        let path = entry.ok()?.path().join("journal/journal.jsonl");
        path.exists().then_some(path)
    })?;
    Some(yard.metadata().ok()?.len())
}

/// A practice yard whose levers of publisher in staging are ready, and the folder that its journal is below.
fn yard(start: Start) -> (Console, std::path::PathBuf) {
    let folder = start.home().join("run");
    let temporary = folder.to_str().expect("a path in UTF-8").to_owned();
    let mut console = start.env("TMPDIR", &temporary).start();
    console.wait_for("production ok");
    console.press("/");
    console.type_text("publisher");
    console.press("enter g h h l");
    console.wait_for("publisher @ staging");
    console.press("a");
    console.wait_for_fn("hold to be ready", |screen| {
        screen
            .row("h hold")
            .is_some_and(|row| row.ends_with("ready"))
    });
    console.press("esc");
    console.wait_for_fn("the levers to close", |screen| {
        screen.row("h hold").is_none()
    });
    (console, folder)
}

/// Answers the question as somebody does who reads it. Some hours of the week want a reason.
fn hold(console: &mut Console, folder: &std::path::Path) {
    console.press("esc");
    console.wait_for_fn("the plan to close", |screen| screen.row("HOLD").is_none());
    console.press("a h");
    let question = console.wait_for("HOLD");
    if !question.contains("not needed") {
        console.type_into("reason  [", "practice");
        console.press("enter");
    }
    console.look_before_answer();
    console.press("right");
    console.look_before_answer();
    console.press("enter");
    console.wait_until("the intent is journalled", || {
        journalled(folder).is_some_and(|bytes| bytes > 0)
    });
}

#[test]
fn a_question_that_was_never_seen_cannot_be_answered() {
    let (mut console, folder) = yard(Start::new(&["demo"]));
    fill(&console);
    // Levers, hold, from Cancel to the other button, Enter: typed at a screen that shows none of it.
    console.press("a h right enter");
    console.resize(80, 24);
    console.stall(false);
    console.wait_for("HOLD");
    assert!(journalled(&folder).is_none_or(|bytes| bytes == 0));
    // Seen and answered it counts.
    hold(&mut console, &folder);
}

/// The device takes all the frames of a few keys while nobody reads it, so that a frame was written is no proof.
#[test]
fn a_question_that_waits_in_the_device_cannot_be_answered() {
    let (mut console, folder) = yard(Start::new(&["demo"]));
    console.stall(true);
    console.press("a h");
    // From Cancel to the other button, with pauses in which every frame is written.
    for key in ["right", "enter"] {
        std::thread::sleep(std::time::Duration::from_millis(300));
        console.press(key);
    }
    console.stall(false);
    console.wait_for("HOLD");
    console.wait_for("Pressed before the terminal had this plan");
    assert!(journalled(&folder).is_none_or(|bytes| bytes == 0));
    hold(&mut console, &folder);
}

/// A console whose journal has a plan, and what the journal's file says.
fn with_plan(plan: &Plan, outcome: Option<Outcome>) -> (super::repository::Repository, Console) {
    let (repository, start) = super::small();
    let journal = JournalFile::new(JournalPaths::usual(&journal_folder(start.home())));
    let intent = What::Intent {
        plan: Box::new(plan.clone()),
    };
    for what in [intent]
        .into_iter()
        .chain(outcome.map(|outcome| What::Outcome { outcome }))
    {
        let entry = Entry {
            at: plan.made_at,
            plan: plan.id.clone(),
            what,
        };
        journal.append(&entry).expect("a journal");
    }
    let console = start.start();
    console.wait_for(super::READ);
    (repository, console)
}

fn journal_folder(home: &std::path::Path) -> std::path::PathBuf {
    home.join("state/leverframe")
}

fn journal_of(console: &Console) -> String {
    let file = journal_folder(console.home()).join("journal.jsonl");
    std::fs::read_to_string(file).expect("the journal")
}

/// Types the way to an answer into a terminal that reads nothing, all at once and then key by key; then answers as
/// somebody does who reads the question. `way`: from the board to the last key but one.
fn answers_blindly(console: &mut Console, way: &str, asks: &str, entry: &str) {
    let before = journal_of(console);
    console.stall(true);
    console.send(format!("J\r{way}\r").as_bytes());
    for key in way.chars().map(String::from).chain(["enter".to_owned()]) {
        // In the pause every frame is written.
        std::thread::sleep(std::time::Duration::from_millis(300));
        console.press(&key);
    }
    console.stall(false);
    console.wait_for(asks);
    console.wait_for("Pressed before the terminal had this question");
    assert_eq!(journal_of(console), before);
    console.press("esc");
    console.wait_for_fn("the question to close", |screen| !screen.contains(asks));
    console.press("enter");
    console.wait_for(asks);
    for key in way.chars() {
        console.press(&key.to_string());
    }
    // On a busy machine Enter may come together with the keys before, and does not count then.
    for _ in 0..8 {
        console.look_before_answer();
        console.press("enter");
        let soon = std::time::Duration::from_secs(10);
        let answered = console.look_for(soon, |_| journal_of(console).contains(entry));
        // What is only slow has closed the question, and is not answered twice.
        if answered.is_ok() || !console.screen().contains(asks) {
            break;
        }
    }
    if console
        .look_for(LIMIT, |_| journal_of(console).contains(entry))
        .is_ok()
    {
        return;
    }
    panic!("it is never journalled:\n{}", console.screen());
}

#[test]
fn a_question_what_became_of_a_plan_cannot_be_answered_before_it_is_seen() {
    let plan = crate::plans::some_plan("aaaa");
    let (_repository, mut console) = with_plan(&plan, None);
    let not_done = r#""what":"settled","done":false"#;
    answers_blindly(&mut console, "jj", "I looked: it was not done", not_done);
}

#[test]
fn a_debt_cannot_be_closed_before_the_question_is_seen() {
    let plan = Plan {
        request: Request {
            repository: Some("publisher".into()),
            ..Request::new(Lever::Hold, Target::new("production", "publisher"))
        },
        hops: Vec::new(),
        debt: Some("the gate staging -> production of publisher is closed".into()),
        ..crate::plans::some_plan("aaaa")
    };
    let evidence = "pushed".to_owned();
    let (_repository, mut console) = with_plan(&plan, Some(Outcome::Applied { evidence }));
    let asks = "leave it as it is: closes the debt";
    answers_blindly(&mut console, "j", asks, r#""what":"paid""#);
}

#[test]
fn a_terminal_that_never_answers_is_believed_after_a_second_of_silence_and_the_console_says_so() {
    let (mut console, folder) = yard(Start::new(&["demo"]).mute());
    console.press("S");
    console.wait_for("The terminal does not say what it shows");
    console.press("q a h");
    let question = console.wait_for("HOLD");
    let silence = std::time::Duration::from_millis(1_300);
    std::thread::sleep(silence);
    if !question.contains("not needed") {
        console.type_into("reason  [", "practice");
        console.press("enter");
    }
    let is_journalled = || journalled(&folder).is_some_and(|bytes| bytes > 0);
    let deadline = std::time::Instant::now() + LIMIT;
    // A frame may take longer than the silence on a busy machine; then the keys do not count, and a key begins a new one.
    while !is_journalled() {
        assert!(
            std::time::Instant::now() < deadline,
            "the intent is not journalled; the screen is\n{}",
            console.screen()
        );
        console.press("right enter");
        std::thread::sleep(silence);
    }
}
