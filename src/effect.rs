//! Effect: what the loop shall do, in the imperative; the only thing that `update` gives out.

use crate::journal::{Entry, MuteEntry};
use crate::model::Target;
use crate::model::log::LogSource;
use crate::plan::{Plan, PlanId};
use crate::store::Source;

#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// Journal the intent, send the plan's one write once, journal the outcome, answer with `Message::Outcome`.
    Apply(Box<Plan>),
    /// Look for a plan whose outcome is unknown, and answer with `Message::Outcome` where the look decides it. `asked`:
    /// an operator asked for it, so a look that decides nothing is reported, too.
    LookFor {
        plan: PlanId,
        asked: bool,
    },
    /// Write an entry to the journal: a hop seen or late, a plan settled by hand.
    Record(Box<Entry>),
    /// Write that a cell is muted, or no more.
    Mute(Box<MuteEntry>),
    /// Start following a log under this number.
    Follow {
        follow: u64,
        source: LogSource,
    },
    Unfollow(u64),
    /// Watch the Jobs and Events of this target in place of the one before. With none, stop watching them.
    Open(Option<Target>),
    /// Ask a source again now; none: all.
    Refresh(Option<Source>),
    /// Put a text on the clipboard by OSC 52.
    Copy(String),
    /// Write a text to a new file; the loop chooses a free name beginning with `stem`, 0600.
    Save {
        stem: String,
        bytes: Vec<u8>,
    },
    /// Leave the screen, run the source's login command, come back.
    Login(Source),
    Bell,
    /// Put this into the terminal's title.
    Title(String),
    Suspend,
    Repaint,
    /// Leave; the line stays on the normal screen.
    Quit {
        parting: Option<String>,
    },
}
