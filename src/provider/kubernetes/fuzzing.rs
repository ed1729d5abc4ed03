//! Fuzzing: what the fuzz targets reach of this module's insides. Built for them alone.
//!
//! Deliberately absent: any opinion; the targets assert.

use super::page::Splitter;

/// The items of a list that comes in pieces of at most so many bytes.
///
/// # Errors
/// When it is no list, or is cut.
pub fn split(body: &[u8], size: usize) -> Result<Vec<Vec<u8>>, &'static str> {
    let mut splitter = Splitter::default();
    let mut items = Vec::new();
    for piece in body.chunks(size) {
        splitter.feed(piece, |item| items.push(item.to_vec()))?;
    }
    splitter.finish()?;
    Ok(items)
}
