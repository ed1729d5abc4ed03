//! Theme: which look a word, a gate or a mark has. Colour only repeats what a word or a glyph says already.
//!
//! Deliberately absent: how a colour is sent; the terminal rounds it to what it can show.

use crate::board::status::GateState;
use crate::model::{Gravity, NodePhase, Word};
use crate::screen::line::{Line, Tone};
use crate::state::ThemeSettings;
use crate::store::source::Reach;
use ratatui::style::{Color, Modifier, Style};

#[derive(Clone, Copy, Debug, Default)]
pub struct Theme {
    pub no_colour: bool,
    /// Outside texts are drawn in ASCII; our own are ASCII anyway.
    pub ascii: bool,
}

impl Theme {
    pub fn new(settings: ThemeSettings) -> Self {
        Self {
            no_colour: settings.no_colour,
            ascii: settings.ascii,
        }
    }

    fn ink(self, colour: Color) -> Style {
        if self.no_colour {
            Style::new()
        } else {
            Style::new().fg(colour)
        }
    }

    pub fn plain(self) -> Style {
        Style::new()
    }
    /// What matters less: ages, refused levers, rules.
    pub fn dim(self) -> Style {
        // The faint attribute is missing or illegible on too many terminals; dark grey is not.
        self.ink(Color::DarkGray)
    }
    pub fn bold(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }
    /// Harm that happens.
    pub fn bad(self) -> Style {
        self.ink(Color::LightRed).add_modifier(Modifier::BOLD)
    }
    /// Harm that may come.
    pub fn warning(self) -> Style {
        self.ink(Color::Yellow)
    }
    /// Somebody meant it.
    pub fn meant(self) -> Style {
        self.ink(Color::Cyan)
    }
    pub fn good(self) -> Style {
        self.ink(Color::Green)
    }
    /// What must not be overlooked: the mode in the header, a focused button.
    pub fn reverse(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }
    /// The mode in the header and the reach of a plan: red where production can be changed.
    pub fn danger(self) -> Style {
        self.ink(Color::LightRed)
            .add_modifier(Modifier::REVERSED | Modifier::BOLD)
    }
    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }
    pub fn title(self, focused: bool) -> Style {
        if focused { self.bold() } else { self.dim() }
    }

    pub fn tone(self, tone: Tone) -> Style {
        match tone {
            Tone::Plain => self.plain(),
            Tone::Dim => self.dim(),
            Tone::Bold => self.bold(),
            Tone::Bad => self.bad(),
            Tone::Warning => self.warning(),
            Tone::Danger => self.danger(),
            Tone::Button => self.reverse().patch(self.bold()),
            Tone::Word(word) => self.word(word),
        }
    }

    /// A line in this theme.
    pub fn styled(self, line: Line) -> Line<Style> {
        line.map(|tone| self.tone(tone))
    }

    pub fn word(self, word: Word) -> Style {
        match word.gravity() {
            Gravity::Harm => self.bad(),
            Gravity::Risk => self.warning(),
            Gravity::Meant => self.meant(),
            Gravity::Strange => self.ink(Color::Magenta),
            Gravity::Unknown => self.dim(),
        }
    }

    /// The glyph between two environments: open, closed lately, closed for longer.
    pub fn gate(self, state: GateState) -> (char, Style) {
        match state {
            GateState::Open => ('>', self.dim()),
            GateState::Held => ('#', self.meant().add_modifier(Modifier::BOLD)),
            GateState::Manual => ('-', self.dim()),
            GateState::None => (' ', self.plain()),
        }
    }

    pub fn reach(self, reach: Reach) -> (&'static str, Style) {
        match reach {
            Reach::Ok => ("ok", self.plain()),
            Reach::Stale => ("STALE", self.warning()),
            Reach::Failed => ("FAILED", self.bad()),
            Reach::Unread => ("unread", self.warning()),
        }
    }

    /// The glyph of a step.
    pub fn step(self, phase: &NodePhase) -> (char, Style) {
        match phase {
            NodePhase::Failed | NodePhase::Error => ('x', self.bad()),
            NodePhase::Succeeded => ('.', self.plain()),
            NodePhase::Running => ('>', self.meant()),
            NodePhase::Pending => ('o', self.plain()),
            NodePhase::Skipped | NodePhase::Omitted => ('-', self.dim()),
            NodePhase::Other(_) => ('?', self.warning()),
        }
    }
}
