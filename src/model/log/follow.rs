//! Follow: reading one container's log to its end although the connection is cut again and again.
//!
//! A state machine without IO: given the state of the container it says what to open next; given the bytes that arrive,
//! stamps included, it gives out each byte of the container once. After a cut it asks for everything since a whole
//! second (the server knows no finer) before the last line, and leaves out the lines that it gave out already: so many
//! of each stamp. That holds when several lines have one stamp, when the cut is inside a stamp or a letter, when lines
//! were rotated away, and when the clock was set back: by up to [`MARGIN`] seconds, or by any amount before the first
//! cut. (The server itself leaves out what is stamped before the second that was asked for, even while it is followed.)
//!
//! Deliberately absent: connections, waiting and time limits (`provider/kubernetes/logs.rs`).

use std::collections::BTreeMap;

use super::Stretch;
use super::stamp::{self, SECOND};

/// Seconds before the last line that are asked for again. The clock may have been set back while nothing was connected;
/// what is stamped earlier than this would be missed. Costs that much log at each cut.
const MARGIN: i64 = 10;
/// Older seconds that are remembered by their number of lines, should the clock be set back into them: a day of them.
const SECONDS: usize = 86_400;

/// What is known of the container now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerState {
    /// Identity of the newest container under this name (`containerID`); none before it started.
    pub id: Option<String>,
    pub running: bool,
    /// Identity of the one before it (`lastState.terminated.containerID`).
    pub previous: Option<String>,
}

/// What to ask the server for. Stamps are always asked for, and bytes of the one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The container before the present one.
    pub previous: bool,
    /// Stay for what is to come.
    pub follow: bool,
    /// Only lines from this second on, since 1970.
    pub since: Option<i64>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    Open(Request),
    /// A new container has begun under the name: say so, then ask again.
    Restarted,
    /// Nothing to read until the container changes.
    Wait,
    /// The container has ended and everything it printed was given out.
    Done,
}

/// Which part of a line is being read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum LineState {
    /// Collecting the stamp.
    Head,
    /// In a line, of which so many bytes were given out before the cut and are left out now.
    Body { skip: usize },
    /// In a line that was given out before.
    Known,
}

/// One container's log being read.
#[derive(Clone, Debug)]
pub struct Follow {
    id: Option<String>,
    head: Vec<u8>,
    place: LineState,
    /// The line being given out: its stamp (none: it has none) and its bytes so far.
    open: Option<(Option<i64>, usize)>,
    given: Given,
    /// What is yet to be left out since the last cut.
    known: Given,
    /// The line that was cut, to be continued when it comes again.
    torn: Option<(i64, usize)>,
    /// The last request was for a container that had ended, and it was answered to the end.
    complete: bool,
    asked: Option<Request>,
    /// The last byte given out was no line end.
    ragged: bool,
}

/// Lines given out: how many of each stamp in the newest seconds, how many of each second before.
#[derive(Clone, Debug, Default)]
struct Given {
    stamps: BTreeMap<i64, u32>,
    seconds: BTreeMap<i64, u32>,
    /// Stamps from this second on are counted one by one.
    floor: i64,
    /// Stamp of the last line.
    last: Option<i64>,
}

impl Given {
    fn add(&mut self, at: i64) {
        self.last = Some(at);
        let second = at.div_euclid(SECOND);
        if second - MARGIN > self.floor || self.floor == 0 {
            self.floor = second - MARGIN;
            let newer = self.stamps.split_off(&(self.floor * SECOND));
            for (old, count) in std::mem::replace(&mut self.stamps, newer) {
                *self.seconds.entry(old.div_euclid(SECOND)).or_default() += count;
            }
            while self.seconds.len() > SECONDS {
                self.seconds.pop_first();
            }
        }
        let count = if second >= self.floor {
            self.stamps.entry(at).or_default()
        } else {
            self.seconds.entry(second).or_default()
        };
        *count += 1;
    }

    /// The lines that come again when asked for those since a second.
    fn since(&self, second: i64) -> Given {
        Given {
            stamps: self
                .stamps
                .range(second * SECOND..)
                .map(|(at, count)| (*at, *count))
                .collect(),
            seconds: self
                .seconds
                .range(second..)
                .map(|(at, count)| (*at, *count))
                .collect(),
            floor: self.floor,
            last: self.last,
        }
    }

    /// Takes out one line of the stamp; false if there is none left.
    fn count_off(&mut self, at: i64) -> bool {
        let second = at.div_euclid(SECOND);
        let (counts, key) = if second >= self.floor {
            (&mut self.stamps, at)
        } else {
            (&mut self.seconds, second)
        };
        let Some(count) = counts.get_mut(&key) else {
            return false;
        };
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
        true
    }
}

impl Default for Follow {
    fn default() -> Follow {
        Follow::new()
    }
}

impl Follow {
    pub fn new() -> Follow {
        Follow {
            id: None,
            head: Vec::new(),
            place: LineState::Head,
            open: None,
            given: Given::default(),
            known: Given::default(),
            torn: None,
            complete: false,
            asked: None,
            ragged: false,
        }
    }

    /// What to do next, when nothing is open.
    pub fn next(&mut self, seen: &ContainerState) -> Next {
        let Some(id) = &seen.id else {
            return Next::Wait;
        };
        let Some(own) = &self.id else {
            self.id = Some(id.clone());
            return self.ask(false, seen.running);
        };
        if own == id {
            if self.complete && !seen.running {
                return Next::Done;
            }
            self.complete = false;
            return self.ask(false, seen.running);
        }
        if seen.previous.as_ref() == Some(own) && !self.complete {
            return self.ask(true, false);
        }
        *self = Follow {
            id: Some(id.clone()),
            ..Follow::new()
        };
        Next::Restarted
    }

    fn ask(&mut self, previous: bool, follow: bool) -> Next {
        let last = self.torn.map(|(at, _)| at).or(self.given.last);
        // The torn line comes after the last whole one, but the clock may say otherwise.
        let since =
            last.map(|at| at.min(self.given.last.unwrap_or(at)).div_euclid(SECOND) - MARGIN);
        self.known = since.map_or_else(Given::default, |second| self.given.since(second));
        let request = Request {
            previous,
            follow,
            since,
        };
        self.asked = Some(request.clone());
        Next::Open(request)
    }

    /// What was asked for is over. `whole`: the server ended it (else the connection was cut, or nothing came of it).
    pub fn ended(&mut self, whole: bool, out: &mut Stretch) {
        // A follower's end says nothing: the server ends it the same way when the node restarts.
        let whole = whole && self.asked.as_ref().is_some_and(|asked| !asked.follow);
        let head = std::mem::take(&mut self.head);
        if whole && head.first().is_some_and(|first| !first.is_ascii_digit()) {
            self.begin(&head, false, out);
        }
        if let Some((Some(at), bytes)) = self.open.take() {
            self.torn = Some((at, bytes));
        }
        self.place = LineState::Head;
        self.complete = whole;
    }

    /// There is nothing of the previous container any more: go on with the new one.
    pub fn give_up_previous(&mut self) {
        self.complete = true;
    }

    /// Takes in bytes as they came, cut anywhere, and adds what is new to `out`.
    pub fn feed(&mut self, mut bytes: &[u8], out: &mut Stretch) {
        while !bytes.is_empty() {
            let (line, ends) = match memchr::memchr(b'\n', bytes) {
                Some(end) => (&bytes[..=end], true),
                None => (bytes, false),
            };
            bytes = &bytes[line.len()..];
            if self.place != LineState::Head {
                self.body(line, ends, out);
                continue;
            }
            let room = stamp::LONGEST.saturating_sub(self.head.len());
            let (begin, rest) = line.split_at(line.len().min(room));
            if self.head.is_empty() && (ends || !rest.is_empty()) {
                self.begin(line, ends, out);
                continue;
            }
            self.head.extend_from_slice(begin);
            if ends || !rest.is_empty() || stamp::read(&self.head).is_some() {
                let head = std::mem::take(&mut self.head);
                self.begin(&head, ends && rest.is_empty(), out);
                if !rest.is_empty() {
                    self.body(rest, ends, out);
                }
            }
        }
    }

    /// A line begins, with its stamp whole or surely without one.
    fn begin(&mut self, line: &[u8], ends: bool, out: &mut Stretch) {
        match stamp::read(line) {
            Some((at, length)) => {
                let rest = &line[length..];
                if self.known.count_off(at) {
                    self.place = LineState::Known;
                } else if self.torn.is_some_and(|(torn, _)| torn == at) {
                    let skip = self.torn.take().map_or(0, |(_, bytes)| bytes);
                    self.open = Some((Some(at), skip));
                    self.place = LineState::Body { skip };
                } else {
                    // The torn line will not come again: it was the first of what was rotated away.
                    if let Some((torn, _)) = self.torn.take() {
                        self.given.add(torn);
                    }
                    self.level(out);
                    out.starts.push((out.bytes.len() as u32, at));
                    self.open = Some((Some(at), 0));
                    self.place = LineState::Body { skip: 0 };
                    self.ragged = true;
                }
                self.body(rest, ends, out);
            }
            None => {
                self.level(out);
                self.open = Some((None, 0));
                self.place = LineState::Body { skip: 0 };
                self.body(line, ends, out);
            }
        }
    }

    /// Ends a line that was cut and will not come again, before another begins.
    fn level(&mut self, out: &mut Stretch) {
        if std::mem::take(&mut self.ragged) {
            out.bytes.push(b'\n');
        }
    }

    fn body(&mut self, line: &[u8], ends: bool, out: &mut Stretch) {
        if let LineState::Body { skip } = &mut self.place {
            let left_out = line.len().min(*skip);
            *skip -= left_out;
            out.bytes.extend_from_slice(&line[left_out..]);
            if let Some(last) = line[left_out..].last() {
                self.ragged = *last != b'\n';
            }
            if let Some((_, bytes)) = &mut self.open {
                *bytes += line.len() - left_out;
            }
            if ends && let Some((Some(at), _)) = self.open.take() {
                self.given.add(at);
            }
        }
        if ends {
            self.open = None;
            self.place = LineState::Head;
        }
    }
}

#[cfg(test)]
mod tests;
