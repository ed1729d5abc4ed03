//! Sentence: what is to be said of the selected target, in words, below the board.

use super::pen::{Line, Pen};
use crate::screen::layout::Panes;
use crate::screen::sentence::{lines, notes};
use crate::state::State;

/// The rule, which says what is on (a filter, marks, an order that would change), and the lines that there is room for. One
/// row alone, below which a long message stands, is the sentence's.
pub fn draw(state: &State, pen: &mut Pen<'_>, panes: &Panes) {
    if pen.rows() == 0 {
        return;
    }
    // It may stand over what is drawn there otherwise.
    pen.clear();
    let rule = usize::from(pen.rows() > 1);
    if rule > 0 {
        let look = pen.theme.dim();
        pen.rule(0, &notes(state, panes), look);
    }
    let room = pen.rows() - rule;
    let lines = lines(state, pen.columns());
    // What does not fit is cut visibly, not dropped.
    let cut = lines.len() > room;
    let mut rows = lines.into_iter();
    for y in 0..room {
        let Some(mut line) = rows.next() else { break };
        if cut && y + 1 == room {
            line = rows
                .by_ref()
                .fold(line, |line, next| line.say(" ").join(next));
        }
        let line: Line = pen.theme.styled(line);
        pen.line(rule + y, &line);
    }
}
