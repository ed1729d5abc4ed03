//! Log: what one container has printed, held within a stated number of bytes.
//!
//! Lines live in chunks of bytes with an offset each, not as a `String` each, so a million of them cost little more than
//! their own bytes. A line is named by its number since the beginning, which never changes when old ones fall out; what
//! fell out is counted. Bytes are kept as they came: they become `Safe` when a line becomes visible.
//!
//! Deliberately absent: reading from anywhere (providers send [`Stretch`]es) and writing to files.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Arc;

use jiff::Timestamp;

use super::ObjectId;

mod error_lines;
mod filter;
mod follow;
mod mask;
mod stamp;

pub use error_lines::ErrorLines;
pub use filter::{Filter, Pattern};
pub use follow::{ContainerState, Follow, Next, Request};
pub use mask::masked;

/// Bytes of log kept at most, unless the configuration says otherwise.
pub const CAP: usize = 256 * 1024 * 1024;
/// A longer line is held as several lines, all but the first marked as continued. In bytes.
pub const LINE_LIMIT: usize = 64 * 1024;
/// Bytes in a chunk before the next line starts a new one; what falls out falls out by whole chunks.
const CHUNK: usize = 256 * 1024;

/// Bytes of a log in order, as a provider sends them. They may begin and end anywhere: inside a line, inside a letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    pub bytes: Vec<u8>,
    /// Where stamped lines begin: offset in `bytes`, nanoseconds since 1970. Empty if the source has no stamps.
    pub starts: Vec<(u32, i64)>,
}

/// Where a log comes from.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LogSource {
    /// The pod; its uid tells a recreated one apart.
    pub pod: ObjectId,
    pub container: Arc<str>,
    /// The previous container of a restarted one.
    pub previous: bool,
    /// Stay and follow; else read to the end and stop.
    pub follow: bool,
}

/// One line, without its line end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    pub bytes: &'a [u8],
    /// When the container printed it, to the millisecond; none if the source gives no stamps, or for a continuation.
    pub at: Option<Timestamp>,
    /// It is the rest of the line before, which was longer than [`LINE_LIMIT`].
    pub continued: bool,
    /// It is ours, not the container's.
    pub marker: bool,
}

/// The top bits of an offset hold a line's flags; the remaining bits are far more than a chunk needs.
const CONTINUED: u32 = 1 << 31;
const MARKER: u32 = 1 << 30;
const OFFSET: u32 = MARKER - 1;
/// "No stamp" among the times of a chunk.
const NO_TIME: i32 = i32::MIN;

#[derive(Debug, Default)]
struct Chunk {
    bytes: Vec<u8>,
    /// Where each line begins, with the flags of the line. The line ends where the next begins.
    starts: Vec<u32>,
    /// Milliseconds since `base` for each line, or empty as long as no line has a stamp.
    times: Vec<i32>,
    /// Milliseconds since 1970 of the first stamped line.
    base: i64,
    /// Number of the first line.
    first: u64,
}

impl Chunk {
    fn end_of(&self, nth: usize) -> usize {
        self.starts
            .get(nth + 1)
            .map_or(self.bytes.len(), |next| (next & OFFSET) as usize)
    }
    fn start_of(&self, nth: usize) -> usize {
        self.starts
            .get(nth)
            .map_or(self.bytes.len(), |start| (start & OFFSET) as usize)
    }
    /// The bytes of a line without its end.
    fn line(&self, nth: usize) -> Option<&[u8]> {
        let start = (self.starts.get(nth)? & OFFSET) as usize;
        let bytes = self.bytes.get(start..self.end_of(nth))?;
        Some(bytes.strip_suffix(b"\n").unwrap_or(bytes))
    }
    fn time(&self, nth: usize) -> Option<i64> {
        self.times
            .get(nth)
            .filter(|time| **time != NO_TIME)
            .map(|time| self.base + i64::from(*time))
    }
    fn allocated(&self) -> usize {
        self.bytes.capacity() + self.starts.capacity() * 4 + self.times.capacity() * 4
    }
    /// Gives back what the vectors took ahead, once nothing more comes in.
    fn seal(&mut self) {
        self.bytes.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.times.shrink_to_fit();
    }
}

/// The lines of one container, newest last.
#[derive(Debug)]
pub struct Log {
    chunks: VecDeque<Chunk>,
    cap: usize,
    /// Bytes of the sealed chunks as allocated, so that the cap can be held without walking them.
    sealed: usize,
    fallen: u64,
    fallen_bytes: u64,
    /// The newest line has no line end yet; more bytes go into it.
    open: bool,
    /// Changes whenever the content does, so that a view or a filter knows whether it is up to date.
    version: u64,
}

impl Default for Log {
    fn default() -> Log {
        Log::new(CAP)
    }
}

impl Log {
    /// An empty log that keeps at most about `cap` bytes: the newest chunk always stays.
    pub fn new(cap: usize) -> Log {
        Log {
            chunks: VecDeque::new(),
            cap,
            sealed: 0,
            fallen: 0,
            fallen_bytes: 0,
            open: false,
            version: 0,
        }
    }

    /// Takes in what a provider sent.
    pub fn append(&mut self, stretch: &Stretch) {
        let bytes = &stretch.bytes;
        let mut at = 0;
        for (start, nanos) in &stretch.starts {
            let start = (*start as usize).clamp(at, bytes.len());
            self.push(&bytes[at..start]);
            self.end_line();
            self.begin(0, Some(nanos.div_euclid(1_000_000)));
            at = start;
        }
        self.push(&bytes[at..]);
    }

    /// Puts a line of ours behind what is there.
    pub fn mark(&mut self, words: &str) {
        self.end_line();
        self.begin(MARKER, None);
        self.push(words.replace('\n', " ").as_bytes());
        self.end_line();
    }

    /// The whole log as text for a file: stamps, no colours, credentials masked, what fell out said at the beginning.
    pub fn text(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.sealed + CHUNK);
        if self.fallen > 0 {
            let _ = writeln!(out, "-- the first {} lines are not here", self.fallen);
        }
        for (number, line) in self.lines_from(self.first()) {
            if line.continued && number > self.first() {
                out.pop();
            } else if let Some(at) = line.at {
                let _ = write!(out, "{at:.3} ");
            } else if line.marker {
                out.extend_from_slice(b"-- ");
            }
            for (text, _) in crate::text::styled(&masked(line.bytes)) {
                out.extend_from_slice(text.as_bytes());
            }
            out.push(b'\n');
        }
        out
    }

    /// Takes in bytes without stamps, cut anywhere.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while let Some(next) = bytes.first() {
            let long = self.open && self.open_bytes() >= LINE_LIMIT && *next != b'\n';
            if !self.open || long {
                self.begin(if long { CONTINUED } else { 0 }, None);
            }
            let room = LINE_LIMIT.saturating_sub(self.open_bytes()).max(1);
            let window = &bytes[..bytes.len().min(room)];
            let Some(chunk) = self.chunks.back_mut() else {
                return;
            };
            let taken = match memchr::memchr(b'\n', window) {
                Some(end) => {
                    self.open = false;
                    &window[..=end]
                }
                None => window,
            };
            chunk.bytes.extend_from_slice(taken);
            bytes = &bytes[taken.len()..];
            self.version += 1;
        }
    }

    /// Bytes that the newest line has so far.
    fn open_bytes(&self) -> usize {
        self.chunks.back().map_or(0, |chunk| {
            let start = chunk
                .starts
                .last()
                .map_or(0, |start| (start & OFFSET) as usize);
            chunk.bytes.len() - start
        })
    }

    fn end_line(&mut self) {
        if self.open {
            if let Some(chunk) = self.chunks.back_mut() {
                chunk.bytes.push(b'\n');
            }
            self.open = false;
            self.version += 1;
        }
    }

    /// Starts a line, in a new chunk if the newest is full or too far away in time.
    fn begin(&mut self, flags: u32, millis: Option<i64>) {
        let next = self.end();
        let full = self.chunks.back().is_none_or(|chunk| {
            let far = millis.is_some_and(|at| {
                !chunk.times.is_empty()
                    && i32::try_from(at - chunk.base).map_or(true, |time| time == NO_TIME)
            });
            chunk.bytes.len() >= CHUNK || far
        });
        if full {
            if let Some(chunk) = self.chunks.back_mut() {
                chunk.seal();
                self.sealed += chunk.allocated();
            }
            self.chunks.push_back(Chunk {
                first: next,
                ..Chunk::default()
            });
            self.shed();
        }
        let Some(chunk) = self.chunks.back_mut() else {
            return;
        };
        if let (Some(at), true) = (millis, chunk.times.is_empty()) {
            chunk.base = at;
            chunk.times.resize(chunk.starts.len(), NO_TIME);
        }
        chunk.starts.push(chunk.bytes.len() as u32 | flags);
        if let Some(at) = millis {
            chunk
                .times
                .push(i32::try_from(at - chunk.base).unwrap_or(NO_TIME));
        } else if !chunk.times.is_empty() {
            chunk.times.push(NO_TIME);
        }
        self.open = true;
        self.version += 1;
    }

    /// Lets the oldest chunks fall out until the cap is held.
    fn shed(&mut self) {
        while self.sealed > self.cap && self.chunks.len() > 1 {
            let Some(oldest) = self.chunks.pop_front() else {
                return;
            };
            self.sealed -= oldest.allocated();
            self.fallen += oldest.starts.len() as u64;
            self.fallen_bytes += oldest.bytes.len() as u64;
        }
    }

    /// Number of the first line that is still held; as many have fallen out.
    pub fn first(&self) -> u64 {
        self.fallen
    }
    /// One more than the number of the newest line.
    pub fn end(&self) -> u64 {
        self.chunks
            .back()
            .map_or(self.fallen, |chunk| chunk.first + chunk.starts.len() as u64)
    }
    /// Lines held.
    pub fn len(&self) -> usize {
        (self.end() - self.first()) as usize
    }
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
    /// Whether a line that is held has a time.
    pub fn is_stamped(&self) -> bool {
        self.chunks.iter().any(|chunk| !chunk.times.is_empty())
    }
    /// Whether the newest line has no line end yet.
    pub fn is_open(&self) -> bool {
        self.open
    }
    /// Changes whenever the content does.
    pub fn version(&self) -> u64 {
        self.version
    }
    /// Bytes that fell out, with their line ends.
    pub fn fallen_bytes(&self) -> u64 {
        self.fallen_bytes
    }
    /// Bytes that are kept at most.
    pub fn cap(&self) -> usize {
        self.cap
    }
    /// Bytes that this log has allocated, with all its bookkeeping.
    pub fn allocated(&self) -> usize {
        self.sealed
            + self.chunks.back().map_or(0, Chunk::allocated)
            + self.chunks.capacity() * size_of::<Chunk>()
            + size_of::<Log>()
    }

    /// A line by its number since the beginning; none if it has fallen out or does not exist yet.
    pub fn line(&self, number: u64) -> Option<Line<'_>> {
        let (chunk, nth) = self.place(number)?;
        let flags = chunk.starts.get(nth)?;
        Some(Line {
            bytes: chunk.line(nth)?,
            at: chunk
                .time(nth)
                .and_then(|millis| Timestamp::from_millisecond(millis).ok()),
            continued: flags & CONTINUED != 0,
            marker: flags & MARKER != 0,
        })
    }

    /// The lines from `number` on, as many as there are.
    pub fn lines_from(&self, number: u64) -> impl Iterator<Item = (u64, Line<'_>)> {
        (number.max(self.first())..self.end())
            .map_while(|number| Some((number, self.line(number)?)))
    }

    fn place(&self, number: u64) -> Option<(&Chunk, usize)> {
        let nth = self
            .chunks
            .partition_point(|chunk| chunk.first <= number)
            .checked_sub(1)?;
        let chunk = self.chunks.get(nth)?;
        let within = (number - chunk.first) as usize;
        (within < chunk.starts.len()).then_some((chunk, within))
    }

    /// The chunks that hold lines from `number` on, each with the index of its first such line.
    fn chunks_from(&self, number: u64) -> impl DoubleEndedIterator<Item = (&Chunk, usize)> {
        let skip = self
            .chunks
            .partition_point(|chunk| chunk.first + chunk.starts.len() as u64 <= number);
        self.chunks
            .range(skip..)
            .map(move |chunk| (chunk, number.saturating_sub(chunk.first) as usize))
    }
}

#[cfg(test)]
mod tests;
