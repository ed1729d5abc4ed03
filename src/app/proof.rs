//! Proof: that the terminal has an overlay on it before keys count there.
//!
//! A frame that was written may still wait somewhere between here and the operator's eyes. So right behind the frame
//! the terminal is asked where its cursor is (DSR 6). It answers in the order in which it reads, so keys that come
//! after its answer were pressed on a terminal that had the frame. The cursor is put to a place of its own for each
//! question, which tells the answers apart. A terminal that has never answered counts as having the frame after a
//! second in which nothing is typed.
//!
//! Deliberately absent: proving that somebody looks. Under tmux, screen or mosh those programs answer in the terminal's
//! place.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long nothing may be typed before a terminal that never answers is believed to show what was written.
const SILENCE: Duration = Duration::from_secs(1);

/// A row and a column, counted from 1.
pub(super) type Position = (u16, u16);

/// What the terminal was asked and has not answered.
struct Question {
    position: Position,
    overlay: Option<u64>,
}

/// An overlay that keys do not count in yet.
struct Waiting {
    overlay: u64,
    /// Since when its frame is written and nothing was typed; none: it is not written yet.
    quiet_since: Option<Instant>,
}

#[derive(Default)]
pub(super) struct Proof {
    /// Oldest first: answers come in that order.
    asked: VecDeque<Question>,
    number: u32,
    /// The terminal has answered once, so it will again.
    has_answered: bool,
    waiting: Option<Waiting>,
}

impl Proof {
    /// Where the cursor is to be put for the next question. `overlay`: what the frame before it shows for the first time.
    pub(super) fn ask(&mut self, overlay: Option<u64>, (columns, rows): (u16, u16)) -> Position {
        self.number = self.number.wrapping_add(1);
        // In the first row an answer would look like a function key.
        let columns = u32::from(columns.max(1));
        let rows = u32::from(rows.saturating_sub(1).max(1));
        let column = self.number % columns + 1;
        let row = self.number / columns % rows + 2;
        let position = (row as u16, column as u16);
        self.asked.push_back(Question { position, overlay });
        if let Some(overlay) = overlay {
            self.waiting = Some(Waiting {
                overlay,
                quiet_since: None,
            });
        }
        position
    }

    /// The terminal answered. Gives the overlay in which keys count from now on, if the answer is about one.
    pub(super) fn answered(&mut self, position: Position) -> Option<u64> {
        // An answer that fits no question comes from a terminal that is smaller than it says; it belongs to the oldest
        // question.
        let number = self
            .asked
            .iter()
            .position(|asked| asked.position == position);
        let question = self
            .asked
            .drain(..=number.unwrap_or(0).min(self.asked.len().checked_sub(1)?))
            .next_back()?;
        self.has_answered = true;
        self.shown(question.overlay?)
    }

    /// The device has taken the last frame.
    pub(super) fn written(&mut self, at: Instant) {
        if let Some(waiting) = &mut self.waiting {
            waiting.quiet_since.get_or_insert(at);
        }
    }

    /// Something was typed.
    pub(super) fn typed(&mut self, at: Instant) {
        if let Some(since) = self.waiting.as_mut().and_then(|w| w.quiet_since.as_mut()) {
            *since = at.max(*since);
        }
    }

    /// When the overlay counts as shown without an answer; none where an answer is awaited, or nothing.
    pub(super) fn due(&self) -> Option<Instant> {
        if self.has_answered {
            return None;
        }
        Some(self.waiting.as_ref()?.quiet_since? + SILENCE)
    }

    /// The overlay that counts as shown by now without an answer.
    pub(super) fn believed(&mut self, now: Instant) -> Option<u64> {
        self.due().filter(|due| *due <= now)?;
        let overlay = self.waiting.as_ref()?.overlay;
        self.shown(overlay)
    }

    /// Another program had the terminal and may have had the answers. True: the terminal has to be asked about the
    /// overlay again.
    pub(super) fn forget(&mut self) -> bool {
        self.asked.clear();
        self.waiting.take().is_some()
    }

    fn shown(&mut self, overlay: u64) -> Option<u64> {
        let waiting = self.waiting.take_if(|waiting| waiting.overlay == overlay)?;
        Some(waiting.overlay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (u16, u16) = (80, 24);

    #[test]
    fn an_answer_counts_for_what_was_asked_and_only_once() {
        let mut proof = Proof::default();
        let first = proof.ask(Some(1), SIZE);
        let second = proof.ask(Some(2), SIZE);
        assert_ne!(first, second);
        assert_eq!(
            proof.answered(first),
            None,
            "another overlay is open by now"
        );
        assert_eq!(proof.answered(second), Some(2));
        assert_eq!(proof.answered(second), None);
        assert_eq!(proof.answered((9, 9)), None, "nothing was asked");
    }

    #[test]
    fn a_lost_answer_costs_its_own_overlay_only() {
        let mut proof = Proof::default();
        proof.ask(Some(1), SIZE);
        let second = proof.ask(Some(2), SIZE);
        assert_eq!(proof.answered(second), Some(2));
        assert_eq!(proof.asked.len(), 0);
    }

    #[test]
    fn a_terminal_that_has_answered_is_waited_for_however_long() {
        let start = Instant::now();
        let mut proof = Proof::default();
        let position = proof.ask(None, SIZE);
        assert_eq!(proof.answered(position), None);
        proof.ask(Some(1), SIZE);
        proof.written(start);
        assert_eq!(proof.due(), None);
        assert_eq!(proof.believed(start + Duration::from_secs(3600)), None);
    }

    #[test]
    fn one_that_never_answers_is_believed_after_a_second_without_a_key() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut proof = Proof::default();
        proof.ask(None, SIZE);
        proof.ask(Some(1), SIZE);
        assert_eq!(proof.believed(after(5_000)), None, "it is not written");
        proof.written(start);
        for ms in [300, 600, 900, 1_200] {
            proof.typed(after(ms));
        }
        assert_eq!(proof.believed(after(2_199)), None);
        assert_eq!(proof.due(), Some(after(2_200)));
        assert_eq!(proof.believed(after(2_200)), Some(1));
        assert_eq!(proof.due(), None);
    }

    #[test]
    fn no_question_is_asked_in_the_first_row_or_beyond_the_screen() {
        for size in [(80, 24), (2, 2), (1, 1), (300, 100)] {
            let mut proof = Proof::default();
            for _ in 0..5_000 {
                let (row, column) = proof.ask(None, size);
                assert!(row >= 2 && row <= size.1.max(2), "{row} of {size:?}");
                assert!(column >= 1 && column <= size.0, "{column} of {size:?}");
            }
        }
    }

    #[test]
    fn who_had_the_terminal_meanwhile_may_have_had_the_answer() {
        let mut proof = Proof::default();
        proof.ask(Some(1), SIZE);
        assert!(proof.forget());
        assert!(!proof.forget());
    }
}
