//! Log: the lines of one container.

/// Held lines (chunks of bytes and offsets).
#[derive(Debug, Default)]
pub struct Log {}
