//! Sheet: the surface on which a frame is composed: terminal bytes in memory, as few as serve.
//!
//! Deliberately absent: the terminal itself, sequences beyond cursor position, colours, modes and clearing, and doubt
//! about what a cell holds, which [`super::symbol`] has made safe.

use std::convert::Infallible;
use std::io::Write;

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::capabilities::Capabilities;
use super::colour;

/// A surface of bytes.
#[derive(Debug)]
pub(super) struct Sheet {
    bytes: Vec<u8>,
    size: Size,
    capabilities: Capabilities,
    /// Where the terminal's cursor stands, where that is beyond doubt.
    cursor: Option<Position>,
    cursor_shown: bool,
    pen: Option<Pen>,
}

/// How the next character will look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pen {
    foreground: Color,
    background: Color,
    modifier: Modifier,
}

const PLAIN: Pen = Pen {
    foreground: Color::Reset,
    background: Color::Reset,
    modifier: Modifier::empty(),
};

/// The modifiers that are sent, with their codes. Blinking and hidden text are not.
const MODIFIERS: [(Modifier, &str); 6] = [
    (Modifier::BOLD, "1"),
    (Modifier::DIM, "2"),
    (Modifier::ITALIC, "3"),
    (Modifier::UNDERLINED, "4"),
    (Modifier::REVERSED, "7"),
    (Modifier::CROSSED_OUT, "9"),
];

impl Sheet {
    pub(super) fn new(size: Size, capabilities: Capabilities) -> Self {
        Self {
            bytes: Vec::new(),
            size,
            capabilities,
            cursor: None,
            cursor_shown: false,
            pen: None,
        }
    }

    pub(super) fn set_size(&mut self, size: Size) {
        self.size = size;
    }

    /// Takes the bytes that were composed since the last call; none when nothing changed.
    pub(super) fn take_bytes(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// Forgets the terminal's cursor and pen, because another program may have used it.
    pub(super) fn forget(&mut self) {
        self.bytes.clear();
        self.cursor = None;
        self.cursor_shown = false;
        self.pen = None;
    }

    fn push(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing into memory does not fail.
        let _ = self.bytes.write_fmt(arguments);
    }

    fn move_to(&mut self, to: Position) {
        match self.cursor {
            Some(from) if from == to => return,
            Some(from) if from.y == to.y && from.x < to.x => match to.x - from.x {
                1 => self.push(format_args!("\x1b[C")),
                by => self.push(format_args!("\x1b[{by}C")),
            },
            Some(from) if to.x == 0 && to.y == from.y + 1 => self.push(format_args!("\r\n")),
            _ if to.x == 0 => self.push(format_args!("\x1b[{}H", to.y + 1)),
            _ => self.push(format_args!("\x1b[{};{}H", to.y + 1, to.x + 1)),
        }
        self.cursor = Some(to);
    }

    fn dip(&mut self, pen: Pen) {
        if self.pen == Some(pen) {
            return;
        }
        let mut codes: Vec<String> = Vec::new();
        // Switching one modifier off would switch off bold and dim together, so it starts from plain.
        let from = match self.pen {
            Some(from) if pen.modifier.contains(from.modifier) && pen != PLAIN => from,
            _ => {
                codes.push(if pen == PLAIN {
                    String::new()
                } else {
                    "0".to_owned()
                });
                PLAIN
            }
        };
        for (modifier, code) in MODIFIERS {
            if pen.modifier.contains(modifier) && !from.modifier.contains(modifier) {
                codes.push(code.to_owned());
            }
        }
        if pen.foreground != from.foreground {
            codes.push(colour::foreground(pen.foreground));
        }
        if pen.background != from.background {
            codes.push(colour::background(pen.background));
        }
        self.push(format_args!("\x1b[{}m", codes.join(";")));
        self.pen = Some(pen);
    }

    fn pen_of(&self, cell: &Cell) -> Pen {
        let depth = self.capabilities.depth;
        let sent = MODIFIERS
            .iter()
            .fold(Modifier::empty(), |all, (modifier, _)| all | *modifier);
        Pen {
            foreground: colour::within(cell.fg, depth),
            background: colour::within(cell.bg, depth),
            modifier: cell.modifier & sent,
        }
    }

    /// Writes one cell's symbol where the cursor stands.
    fn symbol(&mut self, symbol: &str) {
        self.bytes.extend_from_slice(symbol.as_bytes());
        let simple = symbol.len() == 1 || (symbol.chars().count() == 1 && symbol.width() == 1);
        self.cursor = match self.cursor {
            // In the last column the cursor waits at the edge, and terminals disagree on the width of what is not one
            // simple character: then its place is sent again.
            Some(at) if simple && at.x + 1 < self.size.width => Some(Position {
                x: at.x + 1,
                y: at.y,
            }),
            _ => None,
        };
    }
}

impl Backend for Sheet {
    type Error = Infallible;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Infallible>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        for (x, y, cell) in content {
            self.move_to(Position { x, y });
            self.dip(self.pen_of(cell));
            self.symbol(cell.symbol());
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> Result<(), Infallible> {
        if std::mem::take(&mut self.cursor_shown) {
            self.push(format_args!("\x1b[?25l"));
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> Result<(), Infallible> {
        if !std::mem::replace(&mut self.cursor_shown, true) {
            self.push(format_args!("\x1b[?25h"));
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> Result<Position, Infallible> {
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Infallible> {
        self.move_to(position.into());
        Ok(())
    }

    fn clear(&mut self) -> Result<(), Infallible> {
        // Some terminals clear with the colour of the pen.
        self.pen = None;
        self.dip(PLAIN);
        self.push(format_args!("\x1b[2J"));
        Ok(())
    }

    fn clear_region(&mut self, _region: ClearType) -> Result<(), Infallible> {
        // The whole screen is the only region that is ever drawn on.
        self.clear()
    }

    fn size(&self) -> Result<Size, Infallible> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> Result<WindowSize, Infallible> {
        Ok(WindowSize {
            columns_rows: self.size,
            pixels: Size::default(),
        })
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
