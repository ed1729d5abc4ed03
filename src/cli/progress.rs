//! Progress: how far a command that reads for long has come, on standard error where somebody looks at it.

use crate::store::Store;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// What is over sooner needs no word.
const QUIET: Duration = Duration::from_millis(500);
/// Between two lines.
const PAUSE: Duration = Duration::from_millis(200);

pub(super) struct Progress {
    next: Option<Instant>,
    is_shown: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            next: std::io::stderr()
                .is_terminal()
                .then(|| Instant::now() + QUIET),
            is_shown: false,
        }
    }

    /// One line, written over the one before.
    pub(super) fn tell(&mut self, store: &Store) {
        let now = Instant::now();
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        let Some(since) = store.history.known_since() else {
            return;
        };
        self.next = Some(now + PAUSE);
        self.is_shown = true;
        let day = since.strftime("%Y-%m-%d");
        write(&format!("\rgit: history read back to {day}"));
    }

    /// Takes the line away, so that what the command prints stands alone.
    pub(super) fn clear(&mut self) {
        if self.is_shown {
            write("\r\x1b[K");
        }
        self.next = None;
    }
}

/// A terminal that does not take it loses nothing.
fn write(text: &str) {
    let mut stderr = std::io::stderr();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}
