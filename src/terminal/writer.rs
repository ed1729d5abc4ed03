//! Writer: the one thread that writes frames to the terminal.
//!
//! At most one frame is on its way. While it is, nothing is composed; when it has drained, the loop composes the newest
//! state. So a terminal that reads slowly gets fewer frames and never old ones, and one that stops reading stops this
//! thread alone. Deliberately absent: a queue.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;

use super::Control;
use super::tty::{Tty, Written};

/// The way to the writing thread.
#[derive(Debug)]
pub(super) struct Writer {
    frames: mpsc::SyncSender<Vec<u8>>,
    busy: Arc<AtomicBool>,
}

impl Writer {
    /// Starts the thread. It says [`Control::Drained`] after each frame.
    pub(super) fn start(
        tty: Arc<Tty>,
        control: tokio::sync::mpsc::UnboundedSender<Control>,
    ) -> std::io::Result<Self> {
        let (frames, handed_over) = mpsc::sync_channel::<Vec<u8>>(1);
        let busy = Arc::new(AtomicBool::new(false));
        let writing = Arc::clone(&busy);
        std::thread::Builder::new()
            .name("frames".to_owned())
            .spawn(move || {
                for frame in handed_over {
                    if !write_frame(&tty, &frame) {
                        return;
                    }
                    writing.store(false, Ordering::Release);
                    if control.send(Control::Drained(Instant::now())).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self { frames, busy })
    }

    /// Whether a frame is on its way, so that none may be composed.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Hands a frame over. The caller has asked [`Writer::is_busy`]; a frame handed over all the same is lost.
    pub(super) fn hand_over(&self, frame: Vec<u8>) {
        if !self.busy.swap(true, Ordering::AcqRel) {
            // It fails only when the thread has ended with the terminal: then nobody sees frames any more.
            let _ = self.frames.try_send(frame);
        }
    }
}

/// Writes one frame, waiting for the terminal as long as it takes; `false` when the terminal is gone.
///
/// A frame that was cut by giving the terminal away is not continued: whoever takes it back repaints everything.
fn write_frame(tty: &Tty, frame: &[u8]) -> bool {
    let mut rest = frame;
    while !rest.is_empty() {
        match tty.write_some(rest) {
            Written::Some(count) => rest = rest.get(count..).unwrap_or_default(),
            Written::Full => tty.wait_writable(),
            Written::NotOurs => return true,
            Written::Gone => return false,
        }
    }
    true
}
