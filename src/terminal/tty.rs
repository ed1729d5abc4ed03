//! Tty: the terminal device, whose it is at the moment, and how it is given back.
//!
//! Every read and write of the device goes through one gate, without ever waiting inside it, so that whoever gives the
//! terminal back (a return, a panic, a signal) waits for nobody and nothing is written or read after it.
//! Deliberately absent: `io::stdout`, whose buffer and lock a stalled terminal would hold for ever.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::termios::{OptionalActions, QueueSelector, Termios};

use super::Error;

/// Alternate screen, hidden cursor, bracketed paste; sent in front of the first frame.
const GREETING: &[u8] = b"\x1b[22;2t\x1b[?1049h\x1b[?25l\x1b[?2004h";
/// Ends a frame that was cut, then undoes the greeting. Starts with an escape, which also ends a cut sequence.
const FAREWELL: &[u8] = b"\x1b[?2026l\x1b[m\x1b[?2004l\x1b[?25h\x1b[?1049l\x1b[23;2t";
/// How long a farewell may wait for a terminal that takes nothing.
const PATIENCE: Duration = Duration::from_millis(150);
/// A terminal that has not answered for so long does not answer, or is so far away that nobody waits for it.
const ANSWER: Duration = Duration::from_secs(1);
/// A signal that came while a command had the terminal is heard of within this time, also on a busy machine.
const SIGNAL_DELAY: Duration = Duration::from_secs(2);

/// Whose the terminal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// The console's: raw mode, frames and keys.
    Console,
    /// Given to a command that runs in the foreground, or to the shell while the console is stopped.
    Other(Loan),
    /// Given back for good.
    Nobody,
}

/// Why the terminal is given away for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loan {
    /// A login command runs.
    Command,
    /// The console is stopped.
    Stop,
}

/// What came of trying to write a part of a frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// So many bytes were taken.
    Some(usize),
    /// The device takes nothing now.
    Full,
    /// The terminal is not the console's; the rest of the frame has no reader.
    NotOurs,
    /// The device is gone.
    Gone,
}

/// What came of trying to read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// So many bytes.
    Some(usize),
    /// Nothing is there.
    Empty,
    /// The terminal is not the console's.
    NotOurs,
    /// End of file or an input error: the device is gone, or about to be.
    Gone,
}

#[derive(Debug)]
struct Gate {
    holder: Holder,
    /// Whether the greeting was sent, so that a farewell is owed.
    greeted: bool,
    /// Since when the terminal owes an answer, which must not reach whoever has it next.
    asked_at: Option<Instant>,
    /// When a command gave it back; none where none had it.
    command_ended: Option<Instant>,
}

/// The terminal device. Shared by the threads of [`super::Session`].
#[derive(Debug)]
pub(super) struct Tty {
    file: File,
    saved: Termios,
    gate: Mutex<Gate>,
    changed: Condvar,
}

impl Tty {
    /// Opens the terminal that standard input is, and puts it into raw mode.
    ///
    /// It is opened anew, because non-blocking mode belongs to the open file, and that of standard input is shared
    /// with the shell.
    pub(super) fn claim() -> Result<Self, Error> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(Error::NoTerminal);
        }
        let own_name = rustix::termios::ttyname(io::stdin(), Vec::new())
            .map(|name| std::path::PathBuf::from(std::ffi::OsString::from_vec(name.into_bytes())));
        let open = |path: &std::path::Path| {
            let flags = OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
            OpenOptions::new()
                .read(true)
                .write(true)
                .custom_flags(flags.bits().cast_signed())
                .open(path)
        };
        // After `su` the device belongs to somebody else; /dev/tty is open to its own session whoever owns it.
        let file = match own_name
            .map_err(io::Error::from)
            .and_then(|path| open(&path))
        {
            Ok(file) => file,
            Err(_) => open(std::path::Path::new("/dev/tty")).map_err(Error::Open)?,
        };
        Self::claim_file(file)
    }

    /// As [`Tty::claim`], for a device that is open already, in non-blocking mode.
    pub(super) fn claim_file(file: File) -> Result<Self, Error> {
        let saved = rustix::termios::tcgetattr(&file).map_err(|errno| Error::Mode(errno.into()))?;
        let tty = Self {
            file,
            saved,
            gate: Mutex::new(Gate {
                holder: Holder::Console,
                greeted: false,
                asked_at: None,
                command_ended: None,
            }),
            changed: Condvar::new(),
        };
        tty.set_raw().map_err(Error::Mode)?;
        Ok(tty)
    }

    /// Columns and rows as the device says them; both may be zero.
    pub(super) fn size(&self) -> (u16, u16) {
        rustix::termios::tcgetwinsize(&self.file)
            .map(|size| (size.ws_col, size.ws_row))
            .unwrap_or((0, 0))
    }

    /// Writes what the device takes at once.
    pub(super) fn write_some(&self, bytes: &[u8]) -> Written {
        let mut gate = self.lock();
        if gate.holder != Holder::Console {
            return Written::NotOurs;
        }
        if !gate.greeted {
            // The greeting is so short that a device that takes any byte takes all of it.
            match rustix::io::write(&self.file, GREETING) {
                Ok(_) => gate.greeted = true,
                Err(Errno::AGAIN | Errno::INTR) => return Written::Full,
                Err(_) => return Written::Gone,
            }
        }
        match rustix::io::write(&self.file, bytes) {
            Ok(count) => Written::Some(count),
            Err(Errno::AGAIN | Errno::INTR) => Written::Full,
            Err(_) => Written::Gone,
        }
    }

    /// Reads what is there.
    pub(super) fn read_some(&self, into: &mut [u8]) -> Read {
        let gate = self.lock();
        if gate.holder != Holder::Console {
            return Read::NotOurs;
        }
        match rustix::io::read(&self.file, into) {
            Ok(0) => Read::Gone,
            Ok(count) => Read::Some(count),
            Err(Errno::AGAIN | Errno::INTR) => Read::Empty,
            Err(_) => Read::Gone,
        }
    }

    /// The terminal is about to be asked something.
    pub(super) fn expect_answer(&self) {
        self.lock().asked_at = Some(Instant::now());
    }

    /// The terminal has answered.
    pub(super) fn was_answered(&self) {
        self.lock().asked_at = None;
    }

    /// Waits until the device takes bytes, or is gone.
    pub(super) fn wait_writable(&self) {
        let _ = poll(&mut [PollFd::new(&self.file, PollFlags::OUT)], None);
    }

    /// Waits until bytes or a hang-up are there; `false` when the time was over before.
    pub(super) fn wait_readable(&self, limit: Option<Duration>) -> bool {
        let limit = limit.map(timespec);
        match poll(
            &mut [PollFd::new(&self.file, PollFlags::IN)],
            limit.as_ref(),
        ) {
            Ok(count) => count > 0,
            Err(_) => false,
        }
    }

    /// Waits until the device has hung up; `false` where waiting itself failed.
    pub(super) fn wait_hung_up(&self) -> bool {
        loop {
            // No flag is asked for: a hang-up is reported all the same, and typing does not wake this thread.
            let mut ends = [PollFd::new(&self.file, PollFlags::empty())];
            match poll(&mut ends, None) {
                Ok(_)
                    if ends[0]
                        .revents()
                        .intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) =>
                {
                    return true;
                }
                Ok(_) | Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => return false,
            }
        }
    }

    /// Waits while the terminal is given away; `false` once it is given back for good.
    pub(super) fn wait_ours(&self) -> bool {
        let mut gate = self.lock();
        while matches!(gate.holder, Holder::Other(_)) {
            gate = self
                .changed
                .wait(gate)
                .unwrap_or_else(PoisonError::into_inner);
        }
        gate.holder == Holder::Console
    }

    /// Whose the terminal is now.
    pub(super) fn holder(&self) -> Holder {
        self.lock().holder
    }

    /// Gives the terminal away for a while.
    pub(super) fn lend(&self, loan: Loan) {
        let mut gate = self.lock();
        if gate.holder == Holder::Console {
            self.restore(&mut gate);
            gate.holder = Holder::Other(loan);
        }
    }

    /// Whether what the keyboard signals is meant for a command: while it has the terminal, and until what was signalled
    /// then has surely come to this process, too. The command may have died of it long before this thread hears of it.
    pub(super) fn is_keyboard_of_command(&self) -> bool {
        let gate = self.lock();
        gate.holder == Holder::Other(Loan::Command)
            || gate
                .command_ended
                .is_some_and(|at| at.elapsed() < SIGNAL_DELAY)
    }

    /// Takes the terminal again; `false` where it was given back for good, or where the shell keeps it in the
    /// foreground for somebody else (taking it then would stop the process).
    pub(super) fn reclaim(&self) -> bool {
        let mut gate = self.lock();
        if gate.holder == Holder::Nobody || !self.in_foreground() {
            return false;
        }
        // Right after a shell's `fg` the device may still refuse for a moment.
        for _ in 0..10 {
            if self.set_raw().is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        if gate.holder == Holder::Other(Loan::Command) {
            gate.command_ended = Some(Instant::now());
        }
        gate.holder = Holder::Console;
        gate.greeted = false;
        self.changed.notify_all();
        true
    }

    /// Gives the terminal back for good. Never waits longer than [`PATIENCE`] for a stalled device; may be called
    /// again and from any thread.
    pub(super) fn give_back(&self) {
        let mut gate = self.lock();
        if gate.holder == Holder::Console {
            self.restore(&mut gate);
            // Keys that were meant for the console must not become commands of the shell.
            let _ = rustix::termios::tcflush(&self.file, QueueSelector::IFlush);
        }
        gate.holder = Holder::Nobody;
        self.changed.notify_all();
    }

    fn restore(&self, gate: &mut Gate) {
        // Changing the mode from the background would stop this process instead.
        if !self.in_foreground() {
            return;
        }
        if gate.greeted && !self.write_within(FAREWELL, PATIENCE) {
            // Nobody reads: what waits in the device is frames that nobody has seen. Without them there is room.
            let _ = rustix::termios::tcflush(&self.file, QueueSelector::OFlush);
            let _ = self.write_within(FAREWELL, Duration::ZERO);
        }
        gate.greeted = false;
        if gate.asked_at.take().is_some_and(|at| at.elapsed() < ANSWER) {
            // An answer that is on its way must not become a command of whoever reads next.
            let limit = timespec(PATIENCE);
            let _ = poll(&mut [PollFd::new(&self.file, PollFlags::IN)], Some(&limit));
            let _ = rustix::termios::tcflush(&self.file, QueueSelector::IFlush);
        }
        let _ = rustix::termios::tcsetattr(&self.file, OptionalActions::Now, &self.saved);
    }

    fn write_within(&self, mut bytes: &[u8], limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while !bytes.is_empty() {
            match rustix::io::write(&self.file, bytes) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(Errno::AGAIN | Errno::INTR) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return false;
                    }
                    let _ = poll(
                        &mut [PollFd::new(&self.file, PollFlags::OUT)],
                        Some(&timespec(left)),
                    );
                }
                // Gone: there is nobody to say farewell to.
                Err(_) => return true,
            }
        }
        true
    }

    fn set_raw(&self) -> io::Result<()> {
        let mut raw = self.saved.clone();
        raw.make_raw();
        Ok(rustix::termios::tcsetattr(
            &self.file,
            OptionalActions::Now,
            &raw,
        )?)
    }

    /// Whether this process group has the terminal. A device that is not our controlling one stops nobody.
    fn in_foreground(&self) -> bool {
        match rustix::termios::tcgetpgrp(&self.file) {
            Ok(group) => group == rustix::process::getpgrp(),
            Err(_) => true,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsFd for Tty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}

#[cfg(test)]
#[path = "tty_tests.rs"]
mod tests;
