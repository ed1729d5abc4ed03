//! The console in a pseudoterminal, seen through a terminal emulator that is not ours.
//!
//! Every wait is for a state of the screen or the process, with a time limit that only a failure reaches.

#![allow(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail anywhere, and each uses its part"
)]

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty};
use rustix::process::{Pid, Signal};

/// Only a failure waits this long: the machine may be busy with other tests.
pub const LIMIT: Duration = Duration::from_secs(60);
/// Between looks at a state.
const LOOK: Duration = Duration::from_millis(2);
/// Between keys, as a quick typist leaves it: keys that come together are no confirmation.
const TYPING: Duration = Duration::from_millis(15);
const LOOKING: Duration = Duration::from_millis(300);

/// How to start a console.
pub struct Start {
    command: Vec<String>,
    environment: Vec<(String, String)>,
    size: (u16, u16),
    home: tempfile::TempDir,
    directory: Option<PathBuf>,
    answers: bool,
}

impl Start {
    /// `leverframe` with these arguments, at 80x24, in a home directory of its own.
    pub fn new(arguments: &[&str]) -> Self {
        let program = env!("CARGO_BIN_EXE_leverframe");
        Self::command(&[&[program], arguments].concat())
    }

    /// Another program, such as a shell that starts the console.
    pub fn command(words: &[&str]) -> Self {
        Self {
            command: words.iter().map(|word| (*word).to_owned()).collect(),
            environment: Vec::new(),
            size: (80, 24),
            home: tempfile::tempdir().expect("a home directory"),
            directory: None,
            answers: true,
        }
    }

    /// On a terminal that answers nothing that it is asked.
    pub fn mute(mut self) -> Self {
        self.answers = false;
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Columns and rows.
    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        self.size = (columns, rows);
        self
    }

    pub fn directory(mut self, directory: &Path) -> Self {
        self.directory = Some(directory.to_owned());
        self
    }

    /// The home directory that the console will have.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn start(self) -> Console {
        let (columns, rows) = self.size;
        let pair = portable_pty::native_pty_system()
            .openpty(pty_size(columns, rows))
            .expect("a pseudoterminal");
        let mut command = CommandBuilder::new(&self.command[0]);
        command.args(&self.command[1..]);
        command.env_clear();
        for name in ["PATH", "KUBEBUILDER_ASSETS", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let home = self.home.path();
        command.env("HOME", home);
        for (name, directory) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_RUNTIME_DIR", "run"),
        ] {
            let path = home.join(directory);
            std::fs::create_dir_all(&path).expect("a directory in the home");
            command.env(name, path);
        }
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("TZ", "Europe/London");
        command.env("GIT_CONFIG_NOSYSTEM", "1");
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        command.cwd(self.directory.as_deref().unwrap_or(home));
        let device = pair.master.tty_name().expect("the pseudoterminal's name");
        let mode = mode_of(&device);
        let child = pair
            .slave
            .spawn_command(command)
            .expect("the program starts");
        let writer = pair.master.take_writer().expect("a writer");
        let keyboard: Keyboard = Arc::new(Mutex::new(Some(writer)));
        let mut seen = Received::new(columns, rows);
        seen.answering = self.answers.then(|| Arc::clone(&keyboard));
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let mut output = pair.master.try_clone_reader().expect("a reader");
        let shared = Arc::clone(&seen);
        let reader = std::thread::spawn(move || read(&mut *output, &shared));
        Console {
            keyboard,
            master: Some(pair.master),
            slave: Some(pair.slave),
            child,
            seen,
            reader: Some(reader),
            device,
            mode,
            home: self.home,
            started: Instant::now(),
        }
    }
}

/// What keys, and the terminal's answers, go to; none once the terminal has vanished.
type Keyboard = Arc<Mutex<Option<Box<dyn Write + Send>>>>;

/// A running console.
pub struct Console {
    keyboard: Keyboard,
    master: Option<Box<dyn MasterPty + Send>>,
    slave: Option<Box<dyn SlavePty + Send>>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<(Mutex<Received>, Condvar)>,
    reader: Option<JoinHandle<()>>,
    device: PathBuf,
    mode: String,
    home: tempfile::TempDir,
    pub started: Instant,
}

/// What the terminal has received, and what it does with it.
struct Received {
    emulator: vt100::Parser<Requests>,
    bytes: Vec<u8>,
    /// The terminal reads nothing.
    stalled: bool,
    /// The terminal is about to vanish.
    closing: bool,
    /// Where questions are answered; none: they are not.
    answering: Option<Keyboard>,
}

/// What was asked of the emulator beside the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    pub bells: usize,
    pub titles: Vec<String>,
    /// What was copied, still in base64.
    pub copies: Vec<String>,
    /// Everything that the emulator does not know, and requests to read the clipboard or to resize. The brackets of
    /// synchronised updates are not counted.
    pub strange: Vec<String>,
    /// Where the cursor was each time that this was asked, and has not been answered yet.
    asked: Vec<(u16, u16)>,
    /// What stands until a synchronised update is over, as terminals show it: half a frame is nothing that anybody sees.
    held: Option<Screen>,
}

impl vt100::Callbacks for Requests {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.bells += 1;
    }
    fn resize(&mut self, _: &mut vt100::Screen, request: (u16, u16)) {
        self.strange.push(format!("resize {request:?}"));
    }
    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.titles.push(String::from_utf8_lossy(name).into_owned());
    }
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.titles
            .push(String::from_utf8_lossy(title).into_owned());
    }
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], text: &[u8]) {
        self.copies.push(String::from_utf8_lossy(text).into_owned());
    }
    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.strange.push("reads the clipboard".to_owned());
    }
    fn unhandled_char(&mut self, _: &mut vt100::Screen, character: char) {
        self.strange.push(format!("character {character:?}"));
    }
    fn unhandled_control(&mut self, _: &mut vt100::Screen, byte: u8) {
        self.strange.push(format!("control {byte:#x}"));
    }
    fn unhandled_escape(
        &mut self,
        _: &mut vt100::Screen,
        one: Option<u8>,
        two: Option<u8>,
        byte: u8,
    ) {
        self.strange
            .push(format!("escape {one:?} {two:?} {byte:#x}"));
    }
    fn unhandled_csi(
        &mut self,
        screen: &mut vt100::Screen,
        one: Option<u8>,
        _: Option<u8>,
        params: &[&[u16]],
        end: char,
    ) {
        if one.is_none() && params == [&[6][..]] && end == 'n' {
            self.asked.push(screen.cursor_position());
            return;
        }
        let synchronised = one == Some(b'?') && params == [&[2026][..]] && matches!(end, 'h' | 'l');
        // The terminal keeps its own title and takes it back at the end.
        let title = one.is_none() && matches!(params, [[22 | 23], [2]]) && end == 't';
        if synchronised {
            self.held = (end == 'h').then(|| Screen::of_emulator(screen));
        } else if !title {
            self.strange.push(format!("csi {one:?} {params:?} {end}"));
        }
    }
    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        let params: Vec<_> = params
            .iter()
            .map(|param| String::from_utf8_lossy(param).into_owned())
            .collect();
        self.strange.push(format!("osc {params:?}"));
    }
}

/// The screen at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Rows without the blanks at their ends.
    pub rows: Vec<String>,
    /// The alternate screen is shown.
    pub alternate: bool,
    pub cursor_hidden: bool,
    pub bracketed_paste: bool,
    /// Row and column.
    pub cursor: (u16, u16),
}

impl Screen {
    fn of_emulator(screen: &vt100::Screen) -> Self {
        let (_, columns) = screen.size();
        Screen {
            rows: screen
                .rows(0, columns)
                .map(|row| row.trim_end().to_owned())
                .collect(),
            alternate: screen.alternate_screen(),
            cursor_hidden: screen.hide_cursor(),
            bracketed_paste: screen.bracketed_paste(),
            cursor: screen.cursor_position(),
        }
    }

    pub fn contains(&self, text: &str) -> bool {
        self.rows.iter().any(|row| row.contains(text))
    }

    /// The first row that holds the text.
    pub fn row(&self, text: &str) -> Option<&str> {
        self.rows
            .iter()
            .map(String::as_str)
            .find(|row| row.contains(text))
    }
}

impl std::fmt::Display for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for row in &self.rows {
            writeln!(f, "|{row}")?;
        }
        Ok(())
    }
}

impl Console {
    /// Starts `leverframe` with these arguments at 80x24.
    pub fn start(arguments: &[&str]) -> Self {
        Start::new(arguments).start()
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn screen(&self) -> Screen {
        self.lock().screen()
    }

    /// What was asked of the terminal beside the screen, so far.
    pub fn requests(&self) -> Requests {
        self.lock().emulator.callbacks().clone()
    }

    /// Waits until a row of the screen holds the text.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> Screen {
        self.wait_for_fn(text, |screen| screen.contains(text))
    }

    /// Waits until the screen is as wished; `what` is said where it never is.
    #[track_caller]
    pub fn wait_for_fn(&self, what: &str, wished: impl Fn(&Screen) -> bool) -> Screen {
        self.wait_at_most(LIMIT, what, wished)
    }

    /// The same with a limit of its own, for what takes long where nothing fails.
    #[track_caller]
    pub fn wait_at_most(
        &self,
        limit: Duration,
        what: &str,
        wished: impl Fn(&Screen) -> bool,
    ) -> Screen {
        match self.look_for(limit, wished) {
            Ok(screen) => screen,
            Err(screen) => {
                panic!("waited {limit:?} in vain for {what:?}; the screen is\n{screen}")
            }
        }
    }

    /// The screen as it was wished, or as it was when the limit was over.
    pub fn look_for(
        &self,
        limit: Duration,
        wished: impl Fn(&Screen) -> bool,
    ) -> Result<Screen, Screen> {
        let deadline = Instant::now() + limit;
        let mut seen = self.lock();
        loop {
            let screen = seen.screen();
            if wished(&screen) {
                return Ok(screen);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(screen);
            }
            seen = self
                .seen
                .1
                .wait_timeout(seen, left)
                .expect("the reader lives")
                .0;
        }
    }

    /// Waits until something that is no matter of the screen is so.
    #[track_caller]
    pub fn wait_until(&self, what: &str, mut so: impl FnMut() -> bool) {
        let deadline = Instant::now() + LIMIT;
        while !so() {
            assert!(
                Instant::now() < deadline,
                "waited {LIMIT:?} in vain until {what}; the screen is\n{}",
                self.screen()
            );
            std::thread::sleep(LOOK);
        }
    }

    /// Presses keys, separated by spaces, as fast as one types: `"j j enter"`. Named: enter esc tab backtab space
    /// backspace up down left right home end page-up page-down, `ctrl-x`, `alt-x`. Each was read by the console before
    /// the next is pressed.
    pub fn press(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            self.send(&bytes_of(key));
            self.wait_until_read();
            std::thread::sleep(TYPING);
        }
    }

    /// Asks for a repaint (ctrl-l) and returns the screen after it: all keys that were pressed before are on it. Text
    /// fields do not know this key.
    #[track_caller]
    pub fn repainted(&mut self) -> Screen {
        let mark = self.mark();
        self.press("ctrl-l");
        self.wait_until("a whole frame comes", || {
            let bytes = self.bytes_since(mark);
            let cleared = bytes.windows(4).rposition(|window| window == b"\x1b[2J");
            let closed = bytes
                .windows(8)
                .rposition(|window| window == b"\x1b[?2026l");
            cleared.is_some() && closed > cleared
        });
        self.screen()
    }

    /// Types a text key by key, blanks too.
    pub fn type_text(&mut self, text: &str) {
        for character in text.chars() {
            self.send(character.to_string().as_bytes());
            self.wait_until_read();
            std::thread::sleep(TYPING);
        }
    }

    /// Types into a field, each letter after the one before was shown: on a busy machine they would come together otherwise,
    /// and count as a burst. What comes in meanwhile may put the plan on the screen anew, which empties the field, and a
    /// letter that was read before it was there does not count: what is missing is typed again.
    #[track_caller]
    pub fn type_into(&mut self, field: &str, text: &str) {
        let shown = |screen: &Screen| {
            let starts = text.char_indices().map(|(start, _)| start);
            let mut starts = starts.chain([text.len()]).rev();
            let is_shown = |end: &usize| screen.contains(&format!("{field}{}", &text[..*end]));
            starts.find(is_shown).unwrap_or_default()
        };
        let deadline = Instant::now() + 2 * LIMIT;
        loop {
            let before = shown(&self.screen());
            let Some(letter) = text[before..].chars().next() else {
                return;
            };
            assert!(
                Instant::now() < deadline,
                "no {field}{text:?}; the screen is\n{}",
                self.screen()
            );
            self.type_text(&letter.to_string());
            if self
                .look_for(LIMIT / 4, |screen| shown(screen) != before)
                .is_err()
            {
                // Whatever else stands there is no start of it.
                self.press("ctrl-u");
            }
            self.pause();
        }
    }

    /// The pause of a quick typist between two keys.
    pub fn pause(&self) {
        std::thread::sleep(TYPING);
    }

    /// The pause in which one looks before one answers. On a busy machine the console may read two letters at once, and then
    /// no answer counts for a fifth of a second.
    pub fn look_before_answer(&self) {
        std::thread::sleep(LOOKING);
    }

    /// Pastes as a terminal does that knows bracketed paste.
    pub fn paste(&mut self, text: &str) {
        self.send(format!("\x1b[200~{text}\x1b[201~").as_bytes());
    }

    /// Sends bytes in one piece.
    pub fn send(&mut self, bytes: &[u8]) {
        let mut keyboard = self.keyboard.lock().expect("the reader lives");
        let writer = keyboard.as_mut().expect("the terminal is there");
        writer.write_all(bytes).expect("the terminal takes keys");
        writer.flush().expect("the terminal takes keys");
    }

    fn wait_until_read(&mut self) {
        let device = open(&self.device);
        let deadline = Instant::now() + LIMIT;
        while rustix::io::ioctl_fionread(&device).is_ok_and(|waiting| waiting > 0) {
            if self.child.try_wait().ok().flatten().is_some() {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "a key was not read in {LIMIT:?}; the screen is\n{}",
                self.screen()
            );
            std::thread::sleep(LOOK);
        }
    }

    /// Changes the terminal's size, the emulator first.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.lock().resize(columns, rows);
        self.master
            .as_ref()
            .expect("the terminal is there")
            .resize(pty_size(columns, rows))
            .expect("a new size");
    }

    /// The terminal stops reading, or reads again.
    pub fn stall(&self, stalled: bool) {
        self.lock().stalled = stalled;
        self.seen.1.notify_all();
    }

    /// How many bytes the terminal has read so far.
    pub fn mark(&self) -> usize {
        self.lock().bytes.len()
    }

    /// The bytes that the terminal has read since a mark.
    pub fn bytes_since(&self, mark: usize) -> Vec<u8> {
        self.lock().bytes[mark..].to_vec()
    }

    /// Waits until the bytes that the terminal has read since a mark are as wished, and returns them.
    #[track_caller]
    pub fn wait_for_bytes(&self, mark: usize, wished: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let deadline = Instant::now() + LIMIT;
        let mut seen = self.lock();
        loop {
            if wished(&seen.bytes[mark..]) {
                return seen.bytes[mark..].to_vec();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "waited {LIMIT:?} in vain; the screen is\n{}",
                seen.screen()
            );
            seen = self
                .seen
                .1
                .wait_timeout(seen, left)
                .expect("the reader lives")
                .0;
        }
    }

    /// Sends a signal to the program that was started.
    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(self.pid(), signal).expect("the process is there");
    }

    pub fn pid(&self) -> Pid {
        let id = self.child.process_id().expect("a process");
        Pid::from_raw(i32::try_from(id).expect("a process id")).expect("a process id")
    }

    /// The state letter of the program in the process table: `S` sleeps, `T` is stopped.
    pub fn process_state(&self) -> char {
        process_stat(self.pid())
            .and_then(|fields| fields.first()?.chars().next())
            .unwrap_or('?')
    }

    /// Processor time that the program has used.
    pub fn cpu(&self) -> Duration {
        cpu_of(self.pid())
    }

    /// Waits for the end of the program, and returns its exit code.
    #[track_caller]
    pub fn wait_exit(&mut self) -> u32 {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().expect("the program is ours") {
                assert_eq!(
                    status.signal(),
                    None,
                    "killed; the screen is\n{}",
                    self.screen()
                );
                return status.exit_code();
            }
            assert!(
                Instant::now() < deadline,
                "it does not end; the screen is\n{}",
                self.screen()
            );
            std::thread::sleep(LOOK);
        }
    }

    pub fn has_ended(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("the program is ours")
            .is_some()
    }

    /// The terminal's mode, to compare with [`Console::mode_at_start`].
    pub fn mode(&self) -> String {
        mode_of(&self.device)
    }

    pub fn mode_at_start(&self) -> &str {
        &self.mode
    }

    /// Waits until the terminal has read all that the program, which waits or has ended, has written.
    #[track_caller]
    pub fn wait_until_drained(&self) {
        // Bytes come out in the order in which they went in, so these come last. The console never sends them.
        const LAST: &[u8] = b"\x1b[0;0;0m";
        let mark = self.mark();
        let device = open(&self.device);
        let mut rest = LAST;
        self.wait_until("the terminal has room", || {
            rest = &rest[rustix::io::write(&device, rest).unwrap_or(0)..];
            rest.is_empty()
        });
        self.wait_until("the terminal has read everything", || {
            self.bytes_since(mark)
                .windows(LAST.len())
                .any(|window| window == LAST)
        });
    }

    /// Asserts that the terminal is as it was before the program: normal screen, cursor, paste, line mode.
    #[track_caller]
    pub fn assert_restored(&self) {
        self.wait_until_drained();
        self.wait_for_fn("the normal screen", |screen| {
            !screen.alternate && !screen.cursor_hidden && !screen.bracketed_paste
        });
        assert_eq!(self.mode(), self.mode, "the terminal's mode");
    }

    /// Takes the terminal away, as a lost connection does.
    pub fn vanish(&mut self) {
        self.lock().closing = true;
        self.seen.1.notify_all();
        // The reader may wait for output: a repaint gives it some, and it ends.
        if let Some(reader) = self.reader.take() {
            while !reader.is_finished() {
                self.send(b"\x0c");
                std::thread::sleep(LOOK);
            }
            reader.join().expect("the reader lived");
        }
        self.unplug();
        self.slave = None;
    }

    /// Closes the terminal's end.
    fn unplug(&mut self) {
        if let Ok(mut keyboard) = self.keyboard.lock() {
            *keyboard = None;
        }
        self.master = None;
    }

    fn lock(&self) -> MutexGuard<'_, Received> {
        self.seen.0.lock().expect("the reader lives")
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // Stopped programs are killed too; the reader ends with the terminal's last holder.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Ok(mut seen) = self.seen.0.lock() {
            seen.closing = true;
            seen.stalled = false;
        }
        self.seen.1.notify_all();
        self.slave = None;
        self.unplug();
    }
}

impl Received {
    fn new(columns: u16, rows: u16) -> Self {
        let (columns, rows) = (columns.max(2), rows.max(2));
        let emulator = vt100::Parser::new_with_callbacks(rows, columns, 0, Requests::default());
        Self {
            emulator,
            bytes: Vec::new(),
            stalled: false,
            closing: false,
            answering: None,
        }
    }

    /// Answers what was asked, before anybody can press a key at what was shown.
    fn answer(&mut self) {
        let asked = std::mem::take(&mut self.emulator.callbacks_mut().asked);
        let Some(keyboard) = &self.answering else {
            return;
        };
        let mut keyboard = keyboard.lock().expect("the reader lives");
        for (row, column) in asked {
            let answer = format!("\x1b[{};{}R", row + 1, column + 1);
            // A console that has ended reads no answers.
            let _ = keyboard.as_mut().map(|to| to.write_all(answer.as_bytes()));
        }
    }

    fn resize(&mut self, columns: u16, rows: u16) {
        // The emulator breaks below two rows or columns; the console gets the true size.
        self.emulator
            .screen_mut()
            .set_size(rows.max(2), columns.max(2));
    }

    fn screen(&self) -> Screen {
        let held = self.emulator.callbacks().held.clone();
        held.unwrap_or_else(|| Screen::of_emulator(self.emulator.screen()))
    }
}

fn read(output: &mut dyn Read, shared: &(Mutex<Received>, Condvar)) {
    let mut bytes = [0; 16 * 1024];
    loop {
        if reading(shared).is_none() {
            return;
        }
        let Ok(count @ 1..) = output.read(&mut bytes) else {
            return;
        };
        // What came while it began to stall is not shown either.
        let Some(mut seen) = reading(shared) else {
            return;
        };
        seen.bytes.extend_from_slice(&bytes[..count]);
        seen.emulator.process(&bytes[..count]);
        seen.answer();
        shared.1.notify_all();
    }
}

/// Waits while the terminal stalls; none once it is about to vanish, or where a failed assertion has poisoned the lock.
fn reading(shared: &(Mutex<Received>, Condvar)) -> Option<MutexGuard<'_, Received>> {
    let seen = shared.0.lock().ok()?;
    let stalls = |seen: &mut Received| seen.stalled && !seen.closing;
    let seen = shared.1.wait_while(seen, stalls).ok()?;
    (!seen.closing).then_some(seen)
}

fn bytes_of(key: &str) -> Vec<u8> {
    if let Some(rest) = key.strip_prefix("ctrl-").filter(|rest| rest.len() == 1) {
        return vec![rest.as_bytes()[0] & 0x1f];
    }
    if let Some(rest) = key.strip_prefix("alt-") {
        return [vec![0x1b], bytes_of(rest)].concat();
    }
    let named: &[u8] = match key {
        "enter" => b"\r",
        "esc" => b"\x1b",
        "tab" => b"\t",
        "backtab" => b"\x1b[Z",
        "space" => b" ",
        "backspace" => b"\x7f",
        "up" => b"\x1b[A",
        "down" => b"\x1b[B",
        "right" => b"\x1b[C",
        "left" => b"\x1b[D",
        "home" => b"\x1b[H",
        "end" => b"\x1b[F",
        "page-up" => b"\x1b[5~",
        "page-down" => b"\x1b[6~",
        _ => {
            assert_eq!(key.chars().count(), 1, "{key:?} is no key");
            key.as_bytes()
        }
    };
    named.to_vec()
}

fn pty_size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn open(device: &Path) -> File {
    let flags = (rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::NONBLOCK)
        .bits()
        .cast_signed();
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(flags)
        .open(device)
        .expect("the device opens")
}

fn mode_of(device: &Path) -> String {
    let mode = rustix::termios::tcgetattr(open(device)).expect("the device has a mode");
    format!(
        "{:?} {:?} {:?} {:?}",
        mode.input_modes, mode.output_modes, mode.control_modes, mode.local_modes
    )
}

/// The fields after the name in a process's line of the process table; none where it is gone.
pub fn process_stat(pid: Pid) -> Option<Vec<String>> {
    let line = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    let (_, fields) = line.rsplit_once(") ")?;
    Some(fields.split(' ').map(str::to_owned).collect())
}

/// Processor time of a process; zero where it is gone.
pub fn cpu_of(pid: Pid) -> Duration {
    let ticks: u64 = process_stat(pid)
        .map(|fields| {
            fields
                .iter()
                .skip(11)
                .take(2)
                .filter_map(|field| field.parse::<u64>().ok())
                .sum()
        })
        .unwrap_or(0);
    // A tick is a hundredth of a second on every Linux.
    Duration::from_millis(ticks * 10)
}
