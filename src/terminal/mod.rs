//! Terminal: raw mode and its restoration, keys in, frames out; what of the tty may stall, hang or vanish stays in here.
//!
//! There are five threads, and the loop waits for none of them: keys, frames, signals, the hang-up watchdog, and the
//! clock that starts when the console is asked to end. Each sleeps until the system has something for it. The loop gets
//! [`Input`] and [`Control`] by channels, and draws by [`Session::draw`], which says when a frame is still on its way.
//!
//! Deliberately absent: the mouse (it is left to the terminal's own selection), and what keys mean.

mod capabilities;
mod colour;
mod input;
mod meaning;
mod screen;
mod sheet;
mod signals;
mod symbol;
mod tty;
mod writer;

use std::sync::Arc;
use std::time::Instant;

use ratatui::Frame;
use tokio::sync::mpsc;

pub use capabilities::{Capabilities, Depth, Relay};
pub use input::{Answer, Decoder, Input, Key};
pub use screen::Screen;

use crate::text::is_hidden;
use signals::Ending;
use tty::{Loan, Tty};
use writer::Writer;

/// How many keys may wait for the loop before the terminal has to keep them.
const KEYS_WAITING: usize = 256;
/// The longest copy, in bytes of its base64: xterm takes no more in one sequence.
const COPY_LIMIT: usize = 100_000;

/// Why the terminal could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Standard input or output is something else.
    #[error(
        "The console needs a terminal, and standard input or output is not one. Nothing was changed. Run it in a \
         terminal, or use a command that prints, such as `leverframe status`."
    )]
    NoTerminal,
    /// The device could not be opened.
    #[error(
        "The terminal could not be opened: {0}. Nothing was changed. Is it yours (`ls -l $(tty)`)?"
    )]
    Open(#[source] std::io::Error),
    /// Its mode could not be changed.
    #[error("The terminal could not be put into raw mode: {0}. Nothing was changed.")]
    Mode(#[source] std::io::Error),
    /// A thread or the signals could not be set up.
    #[error(
        "The threads that serve the terminal could not be started: {0}. The terminal was restored."
    )]
    Threads(#[source] std::io::Error),
}

/// Why the console has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The signal of this number.
    Signal(i32),
    /// The terminal vanished.
    HungUp,
    /// A thread or task panicked.
    Panicked,
}

impl Cause {
    /// What the process ends with: 128 and the signal's number, a vanished terminal being as good as SIGHUP.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Signal(number) => u8::try_from(number).unwrap_or(127) | 128,
            Self::HungUp => 129,
            Self::Panicked => 101,
        }
    }
}

/// What the terminal tells the loop, beside [`Input`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// The terminal has so many columns and rows now.
    Resized((u16, u16)),
    /// The last frame was taken whole by the terminal, at this time; another may be drawn.
    Drained(Instant),
    /// The console was stopped and goes on; the terminal has so many columns and rows.
    Continued((u16, u16)),
    /// The terminal was given back. Return: the process ends within a second in any case.
    Ended(Cause),
}

/// What came of [`Session::draw`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// A frame is on its way, [`Control::Drained`] follows.
    Sent,
    /// The terminal shows this already; nothing was sent.
    Same,
    /// The frame before is still on its way. Nothing was composed; draw again after [`Control::Drained`].
    Busy,
}

/// The channels to the loop.
#[derive(Debug)]
pub struct Channels {
    /// Keys and pastes. While they are not taken, the terminal keeps what is typed.
    pub input: mpsc::Receiver<Input>,
    /// Everything else.
    pub control: mpsc::UnboundedReceiver<Control>,
}

/// The terminal, while it is the console's. Dropping it gives the terminal back as it was.
pub struct Session {
    tty: Arc<Tty>,
    writer: Writer,
    screen: Screen,
    /// What goes with the next frame and is no part of a screen: a copy, a bell.
    beside: Vec<u8>,
}

/// Why a text was not put on the clipboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCopied {
    #[error("Too long for a terminal's clipboard; nothing was copied. Save it to a file instead.")]
    TooLong,
    #[error(
        "It holds control or invisible characters, which act on whatever it is pasted into; nothing was copied."
    )]
    Hidden,
}

/// A text as OSC 52 takes it. Line ends are the only controls that it may hold.
fn clipboard(text: &str) -> Result<String, NotCopied> {
    if text.contains(|letter| is_hidden(letter) && letter != '\n') {
        return Err(NotCopied::Hidden);
    }
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    if encoded.len() > COPY_LIMIT {
        return Err(NotCopied::TooLong);
    }
    Ok(encoded)
}

impl Session {
    /// Puts the terminal of standard input into raw mode and starts the threads that serve it.
    ///
    /// From here on a panic in any thread, SIGTERM, SIGINT, SIGQUIT and SIGHUP restore the terminal and end the console
    /// with [`Control::Ended`], and within a second in any case. Takes the process's panic hook and signal dispositions,
    /// so one session at a time.
    pub fn start(capabilities: Capabilities) -> Result<(Self, Channels), Error> {
        let tty = Arc::new(Tty::claim()?);
        let (send_control, control) = mpsc::unbounded_channel();
        let (send_input, input) = mpsc::channel(KEYS_WAITING);
        let ending = Ending::new(Arc::clone(&tty), send_control.clone());
        signals::restore_on_panic(ending.clone());
        let threads = || -> std::io::Result<Writer> {
            signals::listen(ending.clone())?;
            signals::watch(ending)?;
            let keyboard = Arc::clone(&tty);
            std::thread::Builder::new()
                .name("keys".to_owned())
                .spawn(move || input::read_keys(&keyboard, &send_input))?;
            Writer::start(Arc::clone(&tty), send_control)
        };
        match threads() {
            Ok(writer) => {
                let screen = Screen::new(tty.size(), capabilities);
                let beside = Vec::new();
                Ok((
                    Self {
                        tty,
                        writer,
                        screen,
                        beside,
                    },
                    Channels { input, control },
                ))
            }
            Err(error) => {
                tty.give_back();
                Err(Error::Threads(error))
            }
        }
    }

    /// Columns and rows, as the next frame will have them.
    pub fn size(&self) -> (u16, u16) {
        self.screen.size()
    }

    /// Whether a frame is on its way, so that drawing now would do nothing.
    pub fn is_busy(&self) -> bool {
        self.writer.is_busy()
    }

    /// Draws a frame, unless one is on its way. Never waits.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> Drawn {
        if self.writer.is_busy() {
            return Drawn::Busy;
        }
        let mut bytes = self.screen.compose(render);
        bytes.append(&mut self.beside);
        if bytes.is_empty() {
            return Drawn::Same;
        }
        self.writer.hand_over(bytes);
        Drawn::Sent
    }

    /// Puts a text on the clipboard of the terminal's user by OSC 52, with the next frame. Whether the terminal obeys
    /// cannot be known: many ask first, tmux wants `set-clipboard on`.
    ///
    /// # Errors
    /// Nothing is copied that a shell or an editor would obey when it is pasted, and nothing longer than terminals take.
    pub fn copy(&mut self, text: &str) -> Result<(), NotCopied> {
        let encoded = clipboard(text)?;
        self.beside
            .extend_from_slice(format!("\x1b]52;c;{encoded}\x07").as_bytes());
        Ok(())
    }

    /// Asks the terminal, right behind the next frame, where its cursor is, having put it to this row and column. The
    /// answer comes as [`Input::Answer`]: the terminal has read everything before the question by then.
    pub fn ask(&mut self, (row, column): (u16, u16)) {
        self.tty.expect_answer();
        self.beside
            .extend_from_slice(format!("\x1b7\x1b[{row};{column}H\x1b[6n\x1b8").as_bytes());
    }

    /// Rings the terminal's bell with the next frame.
    pub fn bell(&mut self) {
        self.beside.push(0x07);
    }

    /// Puts a text into the terminal's title with the next frame; the title of before comes back at the end, where the
    /// terminal keeps one.
    pub fn title(&mut self, text: &str) {
        let title = symbol::title(text);
        self.beside
            .extend_from_slice(format!("\x1b]2;{title}\x07").as_bytes());
    }

    /// Takes a new size, from [`Control::Resized`] or [`Control::Continued`]; the next frame is a whole one.
    pub fn resize(&mut self, size: (u16, u16)) {
        self.screen.resize(size);
    }

    /// Makes the next frame a whole one.
    pub fn repaint(&mut self) {
        self.screen.repaint();
    }

    /// Gives the terminal to a command, such as a login, until [`Session::take_back`]. Frames drawn meanwhile are lost,
    /// keys are the command's, and so are SIGINT and SIGQUIT from the keyboard.
    pub fn lend(&mut self) {
        self.tty.lend(Loan::Command);
    }

    /// Takes the terminal back from a command; the next frame is a whole one.
    pub fn take_back(&mut self) {
        self.tty.reclaim();
        self.screen.resize(self.tty.size());
    }

    /// Runs `command` on the terminal as it was before the console.
    pub fn suspended<T>(&mut self, command: impl FnOnce() -> T) -> T {
        self.lend();
        let outcome = command();
        self.take_back();
        outcome
    }

    /// Stops the console as Ctrl-z stops any other program; [`Control::Continued`] follows when it goes on.
    ///
    /// Refuses, returning `false`, where no shell waits that could continue it (`ssh -t host leverframe`).
    pub fn stop(&self) -> bool {
        let own = rustix::process::getpid();
        if rustix::process::getsid(None).is_ok_and(|session| session == own) {
            return false;
        }
        // To the whole group, as the keyboard would: a script that started the console stops with it.
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP).is_ok()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.tty.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_copied_that_acts_when_it_is_pasted() {
        for hidden in [
            "v1\u{1b}[201~",
            "a\rb",
            "\u{15}",
            "a\tb",
            "\u{7f}",
            "\u{9b}31m",
            "\u{202e}",
            "\u{378}",
        ] {
            assert_eq!(clipboard(hidden), Err(NotCopied::Hidden), "{hidden:?}");
        }
        assert_eq!(
            clipboard("one\ntwo \u{e9}\n").as_deref(),
            Ok("b25lCnR3byDDqQo=")
        );
        assert_eq!(clipboard(&"x".repeat(COPY_LIMIT)), Err(NotCopied::TooLong));
    }
}
