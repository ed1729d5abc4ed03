//! Panic point: where tests make the console break, to see the terminal restored.
//!
//! Deliberately absent from what is shipped: a release build does not contain this file.

#![allow(clippy::panic, reason = "panicking is what it is for")]

/// The fault that `LEVERFRAME_TEST_FAULT` asks for, once the first frame is on the screen.
pub(super) struct Point(Option<String>);

impl Point {
    pub(super) fn from_environment() -> Self {
        Self(std::env::var("LEVERFRAME_TEST_FAULT").ok())
    }

    /// Breaks as asked, once.
    pub(super) fn strike(&mut self) -> color_eyre::Result<()> {
        match self.0.take().as_deref() {
            Some("error") => return Err(color_eyre::eyre::eyre!("a test asked for this error")),
            Some("panic-loop") => std::panic::panic_any("a test asked the loop to panic"),
            Some("panic-task") => {
                tokio::spawn(async { std::panic::panic_any("a test asked a task to panic") });
            }
            Some("panic-thread") => {
                std::thread::spawn(|| std::panic::panic_any("a test asked a thread to panic"));
            }
            Some(later) => {
                if let Some(path) = later
                    .strip_prefix("panic-when:")
                    .map(std::path::PathBuf::from)
                {
                    std::thread::spawn(move || {
                        while !path.exists() {
                            std::thread::sleep(std::time::Duration::from_millis(5));
                        }
                        std::panic::panic_any("a test asked a thread to panic now");
                    });
                }
            }
            None => {}
        }
        Ok(())
    }
}
