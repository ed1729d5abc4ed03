//! The git *program*: everything that touches a network or runs hooks is done by it, never by a library, so that the
//! user's ssh configuration, credential helpers, proxies and hooks hold.
//!
//! Every call is non-interactive, has a time limit, and takes its whole process group along when it runs out. Nothing
//! that git prints leaves this file with a credential or a control character in it. Deliberately absent: retries; and
//! any reading of objects, which git2 does.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::secret;
use regex::Regex;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// How much of each output stream is kept; the rest is read and dropped, so that git never blocks on a full pipe.
const KEPT_BYTES: usize = 4 << 20;
/// What is said on so many lines, and with so many letters on each, is passed on: nobody reads more on a screen, and it goes
/// into the journal.
const SAID_LINES: usize = 40;
const SAID_LETTERS: usize = 1_000;
/// How long output is awaited after git itself has ended: an ssh master connection may keep the pipe open for hours.
const DRAIN: Duration = Duration::from_millis(300);

/// How long calls that are still running have for ending by themselves when this process ends.
const LEAVING: Duration = Duration::from_millis(250);

/// How the variables of git begin that a call inherits: they say how the far side is reached and logged in to. All others
/// that begin with `GIT_` (`GIT_DIR`, `GIT_CONFIG_COUNT`, `GIT_TRACE`) point git at another repository or another configuration
/// than the one that is read here, or have it print secrets.
const INHERITED: [&str; 6] = [
    "GIT_ASKPASS",
    "GIT_EXEC_PATH",
    "GIT_HTTP_",
    "GIT_PROXY_",
    "GIT_SSH",
    "GIT_SSL_",
];

/// What no configuration changes: the words of git are read here, so they come without colours.
const FIXED: [&str; 5] = [
    "color.ui=false",
    "color.advice=false",
    "color.push=false",
    "color.remote=false",
    "color.transport=false",
];

/// One finished call.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The exit code; none when a signal ended git.
    pub code: Option<i32>,
    pub stdout: String,
    /// What git and the far side said, already without credentials and control characters.
    pub stderr: String,
}

impl Ended {
    /// Whether git itself reports success.
    pub fn success(&self) -> bool {
        self.code == Some(0)
    }
}

/// Why a call has no end to report.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unfinished {
    #[error("the git program could not be started: {0}. Is git installed and on PATH?")]
    NotStarted(String),
    #[error("git {verb} did not end within {seconds} s and was stopped")]
    TimedOut {
        verb: String,
        seconds: u64,
        /// What it had said until then.
        stderr: String,
    },
}

/// A call of the git program that is being put together.
#[derive(Debug)]
pub struct Call {
    command: Command,
    verb: String,
    limit: Duration,
    writes: bool,
}

impl Call {
    /// A call of `git VERB` in the repository at `git_dir`, stopped after `limit`.
    pub fn new(git_dir: &Path, verb: &str, limit: Duration) -> Self {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os() {
            let begins = |with: &str| name.as_encoded_bytes().starts_with(with.as_bytes());
            if begins("GIT_") && !INHERITED.iter().any(|with| begins(with)) {
                command.env_remove(name);
            }
        }
        command
            .arg("--git-dir")
            .arg(git_dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("LC_ALL", "C")
            // ssh would ask its questions on the terminal behind our screen.
            .env("SSH_ASKPASS_REQUIRE", "force");
        if std::env::var_os("SSH_ASKPASS").is_none() {
            command.env("SSH_ASKPASS", "/bin/false");
        }
        // An own process group: the terminal's Ctrl-C does not reach git, and a time-out ends ssh and hooks as well.
        command.process_group(0);
        let call = Self {
            command,
            verb: verb.to_owned(),
            limit,
            writes: false,
        };
        FIXED.iter().fold(call, |call, fixed| call.config(fixed))
    }

    /// Where this process ends before this call does, the call goes on: it writes, and stopping it would make its outcome
    /// unknown.
    pub fn left_to_end(mut self) -> Self {
        self.writes = true;
        self
    }

    /// Runs it in this directory.
    pub fn in_directory(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Sets one configuration value for this call only.
    pub fn config(mut self, assignment: &str) -> Self {
        self.command.arg("-c").arg(assignment);
        self
    }

    /// Uses ssh in batch mode. Only for users who have not chosen an ssh command themselves.
    pub fn batch_ssh(mut self) -> Self {
        self.command
            .env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes -oConnectTimeout=15");
        self
    }

    /// Runs the call with these arguments after the verb and waits for its end.
    ///
    /// # Errors
    /// When git cannot be started, or has not ended within the limit (its process group is then killed).
    pub fn run<I, S>(mut self, arguments: I) -> Result<Ended, Unfinished>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<std::ffi::OsStr>,
    {
        self.command.arg(&self.verb).args(arguments);
        let (mut child, running) = Running::start(&mut self.command, self.writes)?;
        let group = running.group;
        let stdout = Stream::reading(child.stdout.take());
        let stderr = Stream::reading(child.stderr.take());
        let until = Instant::now() + self.limit;
        match wait(child, self.limit) {
            Some(status) => Ok(Ended {
                code: status.code(),
                stdout: String::from_utf8_lossy(&stdout.taken(DRAIN)).into_owned(),
                stderr: clean(&stderr.taken(DRAIN)),
            }),
            None => {
                end(&[group], Duration::from_secs(2));
                tracing::warn!(verb = %self.verb, late = ?until.elapsed(), "git stopped at its time limit");
                Err(Unfinished::TimedOut {
                    verb: self.verb,
                    seconds: self.limit.as_secs(),
                    stderr: clean(&stderr.taken(DRAIN)),
                })
            }
        }
    }
}

/// The process groups of calls that are running and may be ended; none once this process is ending.
static RUNNING: Mutex<Option<Vec<Pid>>> = Mutex::new(Some(Vec::new()));

fn running() -> MutexGuard<'static, Option<Vec<Pid>>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A call that is running; it is known until this is dropped.
struct Running {
    group: Pid,
}

impl Running {
    /// Starts a call. Under the lock, so that none is started unseen while this process ends.
    fn start(command: &mut Command, writes: bool) -> Result<(Child, Running), Unfinished> {
        let mut running = running();
        let Some(groups) = running.as_mut() else {
            return Err(Unfinished::NotStarted("leverframe is ending".to_owned()));
        };
        let child = command
            .spawn()
            .map_err(|e| Unfinished::NotStarted(e.to_string()))?;
        let group = Pid::from_child(&child);
        if !writes {
            groups.push(group);
        }
        Ok((child, Running { group }))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(groups) = running().as_mut() {
            groups.retain(|group| *group != self.group);
        }
    }
}

/// Ends every call that only reads, with the ssh and whatever else it started, and lets no other begin: called once, when
/// this process ends, because a git that hangs has nobody left then who would stop it.
pub fn end_all() {
    let groups = running().take().unwrap_or_default();
    end(&groups, LEAVING);
}

/// Ends process groups: git takes its lock files along when it is asked to end, so it is asked first. A group may be gone in
/// any of these moments; then there is nothing to end and nothing to say.
fn end(groups: &[Pid], patience: Duration) {
    for group in groups {
        let _ = kill_process_group(*group, Signal::TERM);
    }
    let until = Instant::now() + patience;
    let is_there = |group: &Pid| test_kill_process_group(*group).is_ok();
    while groups.iter().any(is_there) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    for group in groups {
        let _ = kill_process_group(*group, Signal::KILL);
    }
}

/// Waits for a child on a thread of its own (which also reaps it after a kill); none when the limit passes first.
fn wait(mut child: Child, limit: Duration) -> Option<ExitStatus> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = tell.send(child.wait());
    });
    match told.recv_timeout(limit) {
        Ok(Ok(status)) => Some(status),
        Ok(Err(_)) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
    }
}

/// One output pipe, read on a thread of its own.
struct Stream {
    kept: Arc<Mutex<Vec<u8>>>,
    ended: mpsc::Receiver<()>,
}

impl Stream {
    fn reading<R: Read + Send + 'static>(pipe: Option<R>) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (tell, ended) = mpsc::channel();
        if let Some(mut pipe) = pipe {
            let into = Arc::clone(&kept);
            std::thread::spawn(move || {
                let mut chunk = [0u8; 8192];
                while let Ok(n) = pipe.read(&mut chunk) {
                    if n == 0 {
                        break;
                    }
                    let mut into = into.lock().unwrap_or_else(PoisonError::into_inner);
                    let room = KEPT_BYTES.saturating_sub(into.len());
                    into.extend_from_slice(&chunk[..n.min(room)]);
                }
                let _ = tell.send(());
            });
        }
        Self { kept, ended }
    }

    /// What has been read by the end of the pipe, or by the end of the grace time.
    fn taken(&self, grace: Duration) -> Vec<u8> {
        let _ = self.ended.recv_timeout(grace);
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Text from git made fit for a journal and a screen: credentials out, control characters out, of a bearable length.
pub fn clean(bytes: &[u8]) -> String {
    let text = secret::redact(&String::from_utf8_lossy(bytes));
    let mut lines = Vec::new();
    for line in text.split(['\n', '\r']) {
        let line: String = line
            .chars()
            .filter(|c| !c.is_control() && !is_direction(*c))
            .collect();
        let line = line.trim_end();
        if !line.is_empty() {
            lines.push(cut(redact(line)));
        }
        if lines.len() == SAID_LINES {
            break;
        }
    }
    lines.join("\n")
}

/// What was cut off a line shows as a final `~`.
fn cut(mut line: String) -> String {
    if let Some((end, _)) = line.char_indices().nth(SAID_LETTERS) {
        line.truncate(end);
        line.push('~');
    }
    line
}

/// Characters that turn the reading direction around and so can make a sentence read as another one.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Replaces the userinfo of every URL in a text.
pub fn redact(text: &str) -> String {
    static USERINFO: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/@\s]+@").ok());
    match USERINFO.as_ref() {
        Some(userinfo) => userinfo.replace_all(text, "$1***@").into_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn userinfo_never_leaves() {
        assert_eq!(
            redact("fatal: unable to access 'https://x-token:ghp_abc@github.com/a/b.git/'"),
            "fatal: unable to access 'https://***@github.com/a/b.git/'"
        );
        assert_eq!(
            redact("see https://docs/x?mail=a@b"),
            "see https://docs/x?mail=a@b"
        );
    }

    #[test]
    fn sequences_from_the_far_side_are_taken_out() {
        let said = clean(b"remote: \x1b]0;owned\x07hello\r\nremote: a\xc2\x9bb\xe2\x80\xaec");
        assert_eq!(said, "remote: ]0;ownedhello\nremote: abc");
    }

    #[test]
    fn what_the_far_side_says_is_cut_where_it_is_read() {
        let long = "\u{e9}".repeat(4 << 20);
        assert_eq!(clean(long.as_bytes()), "\u{e9}".repeat(SAID_LETTERS) + "~");
        let whole = "x".repeat(SAID_LETTERS);
        assert_eq!(clean(whole.as_bytes()), whole);
        let many = "line\n".repeat(1_000_000);
        assert_eq!(clean(many.as_bytes()).lines().count(), SAID_LINES);
    }

    #[test]
    fn a_call_that_hangs_is_stopped_with_everything_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let repository = git2::Repository::init_bare(dir.path()).unwrap();
        let pid = dir.path().join("pid");
        let call = Call::new(repository.path(), "hang", Duration::from_millis(400)).config(
            &format!("alias.hang=!echo $$ > '{}'; sleep 600", pid.display()),
        );
        let ended = call.run(std::iter::empty::<&str>());
        assert!(
            matches!(ended, Err(Unfinished::TimedOut { .. })),
            "{ended:?}"
        );
        let started: i32 = std::fs::read_to_string(&pid)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        while Path::new(&format!("/proc/{started}/stat")).exists() && !is_zombie(started) {
            assert!(Instant::now() < until, "process {started} is still there");
            std::thread::yield_now();
        }
    }

    fn is_zombie(pid: i32) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    }

    #[test]
    fn git_asks_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let repository = git2::Repository::init_bare(dir.path()).unwrap();
        let ended = Call::new(repository.path(), "v", Duration::from_secs(20))
            .config("alias.v=!cat; printenv GIT_TERMINAL_PROMPT SSH_ASKPASS_REQUIRE")
            .run(std::iter::empty::<&str>())
            .unwrap();
        assert_eq!(ended.stdout, "0\nforce\n");
    }
}
