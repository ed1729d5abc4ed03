//! Pen: puts lines of text into a part of the frame, clipped, cut with `~`, and never anything that is not [`Safe`].
//!
//! Deliberately absent: what to write.

use super::theme::Theme;
use crate::text::{Safe, width};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Stretches of text, each with its look.
#[derive(Clone, Debug, Default)]
pub struct Line(Vec<(Safe, Style)>);

impl Line {
    pub fn new() -> Self {
        Self::default()
    }
    /// A text, from outside or made of such.
    pub fn say(self, text: impl AsRef<str>) -> Self {
        self.look(text, Style::new())
    }
    pub fn look(mut self, text: impl AsRef<str>, style: Style) -> Self {
        if !text.as_ref().is_empty() {
            self.0.push((Safe::line(text.as_ref()), style));
        }
        self
    }
    pub fn safe(mut self, text: Safe, style: Style) -> Self {
        self.0.push((text, style));
        self
    }
    pub fn join(mut self, other: Line) -> Self {
        self.0.extend(other.0);
        self
    }
    /// Fills with spaces up to a column.
    pub fn pad(mut self, cells: usize) -> Self {
        let missing = cells.saturating_sub(self.width());
        if missing > 0 {
            self.0
                .push((Safe::line(&" ".repeat(missing)), Style::new()));
        }
        self
    }
    pub fn width(&self) -> usize {
        self.0.iter().map(|(text, _)| text.width()).sum()
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The line without its first stretch.
    pub fn without_first(mut self) -> Self {
        if !self.0.is_empty() {
            self.0.remove(0);
        }
        self
    }
    pub fn restyle(mut self, style: Style) -> Self {
        for (_, own) in &mut self.0 {
            *own = own.patch(style);
        }
        self
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Line::new().say(text)
    }
}
impl From<String> for Line {
    fn from(text: String) -> Self {
        Line::new().say(text)
    }
}

pub struct Pen<'a> {
    screen: &'a mut Buffer,
    area: Rect,
    pub theme: Theme,
}

impl<'a> Pen<'a> {
    pub fn new(screen: &'a mut Buffer, area: Rect, theme: Theme) -> Self {
        let area = area.intersection(screen.area);
        Self {
            screen,
            area,
            theme,
        }
    }

    /// A pen for a part, given in the coordinates of the screen.
    pub fn within(&mut self, area: Rect) -> Pen<'_> {
        let area = area.intersection(self.area);
        Pen {
            screen: self.screen,
            area,
            theme: self.theme,
        }
    }

    pub fn area(&self) -> Rect {
        self.area
    }
    pub fn columns(&self) -> usize {
        usize::from(self.area.width)
    }
    pub fn rows(&self) -> usize {
        usize::from(self.area.height)
    }
    /// A cell of this part in the coordinates of the screen; none outside.
    pub fn place(&self, x: usize, y: usize) -> Option<(u16, u16)> {
        (x < self.columns() && y < self.rows())
            .then(|| (self.area.x + x as u16, self.area.y + y as u16))
    }

    /// Writes a text; what does not fit into `cells` columns is cut, with `~` at its end. Returns the column behind it.
    pub fn put(&mut self, x: usize, y: usize, text: &Safe, cells: usize, style: Style) -> usize {
        let room = cells.min(self.columns().saturating_sub(x));
        let Some((column, row)) = self.place(x, y).filter(|_| room > 0) else {
            return x;
        };
        let narrow;
        let text = if self.theme.ascii && !text.is_ascii() {
            narrow = text.ascii();
            &narrow
        } else {
            text
        };
        let shown = crate::text::cut(text, room);
        self.screen
            .set_stringn(column, row, shown.as_ref(), room, style);
        x + width(&shown)
    }

    /// Writes a line from a column on.
    pub fn line_at(&mut self, x: usize, y: usize, line: &Line) -> usize {
        let total = line.width();
        let room = self.columns().saturating_sub(x);
        let mut at = x;
        for (text, style) in &line.0 {
            let left = (x + room).saturating_sub(at);
            let wide = text.width();
            // A stretch that fits exactly while more follows must still show that something is missing.
            let cells = if wide == left && total > room {
                left.saturating_sub(1)
            } else {
                left
            };
            if cells == 0 && wide > 0 {
                if left > 0 {
                    self.put(at, y, &Safe::own("~"), 1, *style);
                }
                return x + room;
            }
            if wide == left && total > room {
                // One letter more than there is room for, so that the cut shows where more was to come.
                return self.put(at, y, &Safe::line(&format!("{text}~")), left, *style);
            }
            at = self.put(at, y, text, cells, *style);
            if wide > left {
                return at;
            }
        }
        at
    }

    pub fn line(&mut self, y: usize, line: &Line) {
        self.line_at(0, y, line);
    }

    /// A line at the left and one at the right end; the left one gives way.
    pub fn both(&mut self, y: usize, left: &Line, right: &Line) {
        let columns = self.columns();
        let wide = right.width().min(columns);
        let room = columns.saturating_sub(wide + usize::from(wide > 0));
        let area = self.area;
        let mut part = self.within(Rect {
            width: room as u16,
            ..area
        });
        part.line(y, left);
        self.line_at(columns - wide, y, right);
    }

    /// A rule with a title in it: `-- last hour -----`.
    pub fn rule(&mut self, y: usize, title: &str, style: Style) {
        let title = Safe::line(title);
        let columns = self.columns();
        let mut text = String::with_capacity(columns);
        if title.is_empty() {
            text.push_str(&"-".repeat(columns));
        } else {
            text.push_str("-- ");
            text.push_str(&crate::text::cut(&title, columns.saturating_sub(3)));
            let used = width(&text);
            if used + 1 < columns {
                text.push(' ');
                text.push_str(&"-".repeat(columns - used - 1));
            }
        }
        self.put(0, y, &Safe::line(&text), columns, style);
    }

    /// A vertical line between panes.
    pub fn bar(&mut self, style: Style) {
        for y in 0..self.rows() {
            self.put(0, y, &Safe::own("|"), 1, style);
        }
    }

    /// Empties the part, for what is drawn over something.
    pub fn clear(&mut self) {
        for y in self.area.top()..self.area.bottom() {
            for x in self.area.left()..self.area.right() {
                if let Some(cell) = self.screen.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }

    /// Changes the look of cells that are drawn already.
    pub fn tint(&mut self, x: usize, y: usize, cells: usize, style: Style) {
        for at in x..x + cells {
            if let Some(cell) = self
                .place(at, y)
                .and_then(|place| self.screen.cell_mut(place))
            {
                cell.set_style(style);
            }
        }
    }
}

/// Breaks a text into lines of at most `cells` columns, at spaces where there are any; the first may be shorter.
pub fn wrap(text: &str, first: usize, cells: usize) -> Vec<Safe> {
    let text = Safe::line(text);
    let mut lines: Vec<String> = vec![String::new()];
    let mut room = first;
    let mut used = 0;
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let wide = width(word);
        let gap = usize::from(used > 0);
        if used + gap + wide <= room {
            if let Some(line) = lines.last_mut() {
                if gap == 1 {
                    line.push(' ');
                }
                line.push_str(word);
            }
            used += gap + wide;
            continue;
        }
        if wide <= cells {
            lines.push(word.to_owned());
            (room, used) = (cells, wide);
            continue;
        }
        // A word longer than a line is broken where the line ends: what must not be cut is broken instead.
        if used > 0 {
            if used + gap < room
                && let Some(line) = lines.last_mut()
            {
                line.push(' ');
                used += gap;
            } else {
                lines.push(String::new());
                (room, used) = (cells, 0);
            }
        }
        use unicode_segmentation::UnicodeSegmentation;
        for shape in word.graphemes(true) {
            let wide = width(shape);
            if used + wide > room && (used > 0 || room < cells) {
                lines.push(String::new());
                (room, used) = (cells, 0);
            }
            if let Some(line) = lines.last_mut() {
                line.push_str(shape);
            }
            used += wide;
            if cells == 0 {
                break;
            }
        }
    }
    lines.iter().map(|line| Safe::line(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(line: &Line, columns: u16) -> String {
        let area = Rect::new(0, 0, columns, 1);
        let mut screen = Buffer::empty(area);
        Pen::new(&mut screen, area, Theme::default()).line(0, line);
        screen.content.iter().map(|cell| cell.symbol()).collect()
    }

    #[test]
    fn what_does_not_fit_ends_in_a_tilde_wherever_the_stretches_meet() {
        let line = Line::new().say("abc").say("def");
        for (columns, text) in [
            (8, "abcdef  "),
            (6, "abcdef"),
            (5, "abcd~"),
            (4, "abc~"),
            (3, "ab~"),
            (2, "a~"),
            (1, "~"),
        ] {
            assert_eq!(drawn(&line, columns), text, "{columns}");
        }
    }

    #[test]
    fn words_are_wrapped_and_words_longer_than_a_line_are_broken() {
        let lines = |text, first, cells| -> Vec<String> {
            wrap(text, first, cells)
                .iter()
                .map(|l| l.to_string())
                .collect()
        };
        assert_eq!(lines("one two three", 8, 8), ["one two", "three"]);
        assert_eq!(lines("one two", 2, 8), ["", "one two"]);
        assert_eq!(lines("abcdefghij", 4, 4), ["abcd", "efgh", "ij"]);
        assert_eq!(lines("x abcdefghij", 4, 4), ["x ab", "cdef", "ghij"]);
        assert_eq!(lines("", 4, 4), [""]);
    }

    #[test]
    fn nothing_is_drawn_outside_and_nothing_panics() {
        for (w, h) in [(0, 0), (1, 1), (3, 0), (0, 3)] {
            let area = Rect::new(0, 0, w, h);
            let mut screen = Buffer::empty(area);
            let mut pen = Pen::new(&mut screen, Rect::new(0, 0, 80, 24), Theme::default());
            pen.rule(1, "title", Style::new());
            pen.both(0, &"left".into(), &"right".into());
            pen.bar(Style::new());
            pen.tint(0, 0, 9, Style::new());
            assert_eq!(pen.columns(), usize::from(w));
        }
        assert!(!wrap("abc", 0, 0).is_empty());
    }
}
