//! Screen: the frame that was last sent to the terminal, and the bytes that turn it into the next one.

use ratatui::layout::{Rect, Size};
use ratatui::{Frame, Terminal};

use super::capabilities::Capabilities;
use super::sheet::Sheet;
use super::symbol;

/// A terminal that says it is larger than any screen is not believed: its cells would fill the memory.
const LARGEST: Size = Size {
    width: 1000,
    height: 500,
};
/// The brackets of a synchronised update: terminals that know them show the frame at once, others ignore them.
const OPEN: &[u8] = b"\x1b[?2026h";
const CLOSE: &[u8] = b"\x1b[?2026l";

/// The composed screen.
pub struct Screen {
    terminal: Option<Terminal<Sheet>>,
    size: Size,
    capabilities: Capabilities,
}

impl Screen {
    /// A screen of so many columns and rows whose content is not known.
    pub fn new(size: (u16, u16), capabilities: Capabilities) -> Self {
        let mut screen = Self {
            terminal: None,
            size: Size::default(),
            capabilities,
        };
        screen.resize(size);
        screen
    }

    /// Columns and rows. Either is zero where the terminal has none.
    pub fn size(&self) -> (u16, u16) {
        (self.size.width, self.size.height)
    }

    /// Takes the terminal's new size; the next frame is a whole one.
    pub fn resize(&mut self, (width, height): (u16, u16)) {
        self.size = Size {
            width: width.min(LARGEST.width),
            height: height.min(LARGEST.height),
        };
        self.repaint();
    }

    /// Makes the next frame a whole one: somebody else may have used the terminal.
    pub fn repaint(&mut self) {
        let area = Rect::from(self.size);
        match &mut self.terminal {
            Some(terminal) => {
                terminal.backend_mut().set_size(self.size);
                terminal.backend_mut().forget();
                let Ok(()) = terminal.resize(area);
            }
            None => {
                let Ok(mut terminal) = Terminal::new(Sheet::new(self.size, self.capabilities));
                let Ok(()) = terminal.resize(area);
                self.terminal = Some(terminal);
            }
        }
    }

    /// The bytes that make the terminal show what `render` draws; none when it shows that already.
    pub fn compose(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> Vec<u8> {
        // A terminal without cells shows nothing, and not every widget can live without them.
        let Some(terminal) = self
            .terminal
            .as_mut()
            .filter(|_| self.size.width > 0 && self.size.height > 0)
        else {
            return Vec::new();
        };
        let unicode = self.capabilities.unicode;
        let Ok(_) = terminal.draw(|frame| {
            render(frame);
            symbol::make_symbols_safe(frame.buffer_mut(), unicode);
        });
        let drawn = terminal.backend_mut().take_bytes();
        if drawn.is_empty() {
            drawn
        } else {
            [OPEN, &drawn, CLOSE].concat()
        }
    }
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
