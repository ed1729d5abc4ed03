//! Pen: puts lines of text into a part of the frame, clipped, cut with `~`, and never anything that is not [`Safe`].

use super::theme::Theme;
use crate::text::{Safe, width};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Stretches of text, each with its style.
pub type Line = crate::screen::line::Line<Style>;

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
        for (text, style) in line.stretches() {
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
    }
}
