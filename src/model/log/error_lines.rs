//! Error lines: the lines of a log where something went wrong, so that one can jump from one to the next.
//!
//! Recognised by what the programs of a release print: Playwright, Rails and Ruby, Java, Node, Python, Go and Rust
//! panics, npm, CI runners, structured logs, exit codes. Lines of one report count once. Deliberately absent: a verdict;
//! whether the run failed is said by its phase, not by its log.

use std::collections::VecDeque;
use std::sync::LazyLock;

use super::filter::{Filter, Pattern};
use super::{Line, Log};

/// An error that begins within so many lines of the last line of another belongs to its report.
const REPORT: u64 = 3;

/// One alternative a line; none may match a line end.
const SIGNS: &str = concat!(
    r"\b[A-Z]?[A-Za-z.:]*(?:Error|Exception|Failure)\b[:) ]",
    r"|\bERROR\b|\bFATAL\b|\bCRITICAL\b",
    r"|^(?:[ \t]|\x1b\[[0-9;]*m)*[0-9]+\) \[?[A-Za-z]",
    r"|^(?:[ \t]|\x1b\[[0-9;]*m)*(?:✘|✖|✗|x|×)(?:\x1b\[[0-9;]*m)* +[0-9]+ ",
    r"|^error(?:\[E[0-9]+\])?: |^Error: |^ERR! |\bnpm ERR!|\bnpm error ",
    r"|##\[error\]|^::error",
    r#"|\blevel=(?:error|fatal|panic)|"(?:level|severity)": ?"(?:error|fatal|critical|ERROR|FATAL|CRITICAL)""#,
    r"|^panic: |' panicked at |^fatal(?: error)?: |^goroutine [0-9]+ \[running\]",
    r"|^Traceback \(most recent call last\)|^rake aborted!|^Caused by: |\bsegmentation fault\b|\bSegmentation fault\b",
    r"|\b(?:exit(?:ed with)?(?: code| status)?:? |exit code:? |exit status )[1-9][0-9]*\b|\bOOMKilled\b|\bKilled$",
    r"|^(?:[ \t]|\x1b\[[0-9;]*m)*[1-9][0-9]* (?:failed|failures?|errors?)\b|, [1-9][0-9]* (?:failures?|errors?)\b",
);

static PATTERN: LazyLock<Option<Pattern>> = LazyLock::new(|| Pattern::whole(SIGNS));

/// Where the reports of errors begin, kept up to date as the log grows.
#[derive(Clone, Debug)]
pub struct ErrorLines {
    filter: Option<Filter>,
    firsts: VecDeque<u64>,
    /// How many of the filter's lines are among the reports already, and the last of them.
    grouped: Option<u64>,
}

impl Default for ErrorLines {
    fn default() -> ErrorLines {
        ErrorLines {
            filter: PATTERN.clone().map(Filter::new),
            firsts: VecDeque::new(),
            grouped: None,
        }
    }
}

impl ErrorLines {
    /// Looks at the lines that are new since the last time.
    pub fn refresh(&mut self, log: &Log) {
        let Some(filter) = &mut self.filter else {
            return;
        };
        filter.refresh(log);
        while self
            .firsts
            .front()
            .is_some_and(|first| *first < log.first())
        {
            self.firsts.pop_front();
        }
        // An unfinished line is left out until it ends, because it might count as an error now and not later.
        let end = log.end() - u64::from(log.is_open());
        let numbers = filter.numbers();
        let from = self
            .grouped
            .map_or(0, |last| numbers.partition_point(|number| *number <= last));
        for number in numbers
            .range(from..)
            .copied()
            .take_while(|number| *number < end)
        {
            if log.line(number).is_some_and(|line: Line<'_>| line.marker) {
                continue;
            }
            if self.grouped.is_none_or(|last| number > last + REPORT) {
                self.firsts.push_back(number);
            }
            self.grouped = Some(number);
        }
    }

    /// Numbers of the lines where a report begins, in order.
    pub fn numbers(&self) -> &VecDeque<u64> {
        &self.firsts
    }
    /// How many there are.
    pub fn len(&self) -> usize {
        self.firsts.len()
    }
    pub fn is_empty(&self) -> bool {
        self.firsts.is_empty()
    }
    /// The line of the first error.
    pub fn first(&self) -> Option<u64> {
        self.firsts.front().copied()
    }
    /// The next error after the line, or before it; none where there is no further one.
    pub fn next(&self, line: u64, forward: bool) -> Option<u64> {
        if forward {
            self.firsts
                .get(self.firsts.partition_point(|first| *first <= line))
                .copied()
        } else {
            self.firsts
                .partition_point(|first| *first < line)
                .checked_sub(1)
                .and_then(|at| self.firsts.get(at))
                .copied()
        }
    }
    /// The number of the error at or before the line, counted from 1; 0 before the first.
    pub fn nth(&self, line: u64) -> usize {
        self.firsts.partition_point(|first| *first <= line)
    }
}
