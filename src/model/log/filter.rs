//! Filter: which lines of a log a person asked for, by a word or a regular expression.
//!
//! A word in small letters matches both cases; one with a capital only itself; `~` begins a regular expression; `!` turns
//! the answer round. Words are searched over whole chunks at the speed of memory, expressions line by line, so that none
//! runs across lines. Deliberately absent: ranking; a log has an order of its own.

use std::collections::VecDeque;

use regex::bytes::{Regex, RegexBuilder};

use super::{Chunk, Log};

/// Memory that a person's expression may take when compiled, in bytes; larger ones are refused.
const EXPRESSION_CAP: usize = 4 * 1024 * 1024;

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    /// Never matches across a line end, so that it may run over many lines at once.
    whole: bool,
    invert: bool,
}

impl Pattern {
    /// Reads a pattern as typed. An empty one, or a bare `!` or `~`, is none.
    ///
    /// # Errors
    /// What is wrong with the expression, in one sentence.
    pub fn parse(typed: &str) -> Result<Option<Pattern>, String> {
        let (invert, rest) = typed
            .strip_prefix('!')
            .map_or((false, typed), |rest| (true, rest));
        let (word, source) = match rest.strip_prefix('~') {
            Some(expression) => (false, expression.to_owned()),
            None => (true, regex::escape(rest)),
        };
        if source.is_empty() {
            return Ok(None);
        }
        let regex = RegexBuilder::new(&source)
            .case_insensitive(!rest.chars().any(char::is_uppercase))
            .size_limit(EXPRESSION_CAP)
            .dfa_size_limit(EXPRESSION_CAP)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => "The expression is too large.".to_owned(),
                other => {
                    // The last line of the report is the reason; those before it draw the place.
                    let report = other.to_string();
                    let reason = report.lines().last().unwrap_or_default();
                    format!(
                        "The expression cannot be read: {}.",
                        reason.trim_start_matches("error: ")
                    )
                }
            })?;
        Ok(Some(Pattern {
            regex,
            whole: word && !source.contains('\n'),
            invert,
        }))
    }

    /// A pattern of our own, one that never matches across a line end.
    pub(super) fn whole(source: &str) -> Option<Pattern> {
        let regex = RegexBuilder::new(source).multi_line(true).build().ok()?;
        Some(Pattern {
            regex,
            whole: true,
            invert: false,
        })
    }

    /// Whether one line matches.
    pub fn matches(&self, line: &[u8]) -> bool {
        self.regex.is_match(line) != self.invert
    }

    /// Where in a line it matches: byte ranges, for marking. Empty for an inverted pattern.
    pub fn places(&self, line: &[u8]) -> Vec<(usize, usize)> {
        if self.invert {
            return Vec::new();
        }
        self.regex
            .find_iter(line)
            .map(|found| (found.start(), found.end()))
            .filter(|(from, to)| from < to)
            .collect()
    }

    /// Tells the matching lines of a chunk from its line `from` on, before its line `to`, in order.
    fn scan(&self, chunk: &Chunk, from: usize, to: usize, mut found: impl FnMut(u64)) {
        let to = to.min(chunk.starts.len());
        if !self.whole || self.invert {
            for nth in from..to {
                if chunk.line(nth).is_some_and(|line| self.matches(line)) {
                    found(chunk.first + nth as u64);
                }
            }
            return;
        }
        let Some(end) = to.checked_sub(1).map(|last| chunk.end_of(last)) else {
            return;
        };
        let mut nth = from;
        while nth < to {
            let start = chunk.start_of(nth);
            let Some(at) = self.regex.find_at(&chunk.bytes[..end], start) else {
                return;
            };
            nth += chunk.starts[nth..to]
                .partition_point(|start| (start & super::OFFSET) as usize <= at.start())
                - 1;
            found(chunk.first + nth as u64);
            nth += 1;
        }
    }
}

/// The numbers of the matching lines, kept up to date as the log grows.
#[derive(Clone, Debug)]
pub struct Filter {
    pattern: Pattern,
    numbers: VecDeque<u64>,
    /// Lines before this number were looked at and cannot change any more.
    done: u64,
}

impl Filter {
    pub fn new(pattern: Pattern) -> Filter {
        Filter {
            pattern,
            numbers: VecDeque::new(),
            done: 0,
        }
    }
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }
    /// Numbers of the matching lines, in order.
    pub fn numbers(&self) -> &VecDeque<u64> {
        &self.numbers
    }

    /// Whether it shows a line.
    pub fn shows(&self, line: u64) -> bool {
        self.numbers.binary_search(&line).is_ok()
    }

    /// The next of its lines at or after `from` that matches another pattern, too, or at or before it; wraps around at
    /// the ends.
    pub fn find(&self, log: &Log, pattern: &Pattern, from: u64, forward: bool) -> Option<u64> {
        let place = |line: u64| self.numbers.partition_point(|number| *number < line);
        let is_found = |number: &u64| {
            let line = log.line(*number);
            line.is_some_and(|line| pattern.matches(line.bytes))
        };
        if forward {
            let onward = self.numbers.range(place(from)..);
            let mut lines = onward.chain(self.numbers.range(..place(from)));
            lines.find(|number| is_found(number)).copied()
        } else {
            let back = self.numbers.range(..place(from + 1)).rev();
            let mut lines = back.chain(self.numbers.range(place(from + 1)..).rev());
            lines.find(|number| is_found(number)).copied()
        }
    }

    /// Looks at the lines that are new since the last time; forgets those that fell out, and says how many those were.
    pub fn refresh(&mut self, log: &Log) -> usize {
        let gone = self.numbers.partition_point(|number| *number < log.first());
        self.numbers.drain(..gone);
        // The newest line was looked at unfinished; it may match now, or no more.
        while self
            .numbers
            .back()
            .is_some_and(|number| *number >= self.done)
        {
            self.numbers.pop_back();
        }
        let from = self.done.max(log.first());
        for (chunk, nth) in log.chunks_from(from) {
            self.pattern.scan(chunk, nth, usize::MAX, |number| {
                self.numbers.push_back(number)
            });
        }
        self.done = log.end() - u64::from(log.is_open());
        gone
    }
}

impl Log {
    /// The next line at or after `from` that matches, or at or before it; wraps around at the ends.
    pub fn find(&self, pattern: &Pattern, from: u64, forward: bool) -> Option<u64> {
        let from = from.clamp(self.first(), self.end());
        if forward {
            self.find_first(pattern, from, self.end())
                .or_else(|| self.find_first(pattern, self.first(), from))
        } else {
            self.find_last(pattern, self.first(), from + 1)
                .or_else(|| self.find_last(pattern, from + 1, self.end()))
        }
    }

    fn find_first(&self, pattern: &Pattern, from: u64, to: u64) -> Option<u64> {
        self.chunks_from(from)
            .take_while(|(chunk, _)| chunk.first < to)
            .find_map(|(chunk, nth)| {
                let to = (to - chunk.first) as usize;
                let mut first = None;
                // Piece by piece, so that a match near the beginning does not scan the whole chunk.
                let mut nth = nth;
                while first.is_none() && nth < to.min(chunk.starts.len()) {
                    let stop = to.min(nth + 256);
                    pattern.scan(chunk, nth, stop, |number| first = first.or(Some(number)));
                    nth = stop;
                }
                first
            })
    }

    fn find_last(&self, pattern: &Pattern, from: u64, to: u64) -> Option<u64> {
        self.chunks_from(from)
            .rev()
            .skip_while(|(chunk, _)| chunk.first >= to)
            .find_map(|(chunk, nth)| {
                let mut last = None;
                pattern.scan(chunk, nth, (to - chunk.first) as usize, |number| {
                    last = Some(number)
                });
                last
            })
    }
}
