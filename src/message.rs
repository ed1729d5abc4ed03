//! Message: what happened, in the past tense; the only thing that changes the state.
//!
//! Deliberately absent: closures and handles. A log of messages replays to the same frames.

use crate::journal::{Entry, Journal, Mutes, Unreadable};
use crate::keymap::Chord;
use crate::model::Fault;
use crate::plan::{Outcome, PlanId};
use crate::provider::{Call, LogPiece};
use crate::store::Delta;
use jiff::{SignedDuration, Timestamp};

#[allow(clippy::large_enum_variant)] // boxing would cost an allocation for each piece of news
#[derive(Clone, Debug)]
pub enum Message {
    /// A key was pressed. `id` is a fresh plan id in case the key decides on a plan, because `update` has no
    /// randomness.
    Pressed(Press),
    /// Text was pasted: never a command, never a confirmation.
    Pasted(String),
    Resized(u16, u16),
    /// Time has passed.
    Ticked(Timestamp),
    /// Somebody set this machine's clock back by so much and it shows `now`, so moments noted before seem to lie ahead.
    ClockSetBack {
        by: SignedDuration,
        now: Timestamp,
    },
    Delta(Delta),
    /// A piece of a followed log arrived; `follow` is the number that the effect gave.
    Logged {
        follow: u64,
        piece: LogPiece,
    },
    /// A write ended.
    Outcome {
        plan: PlanId,
        outcome: Outcome,
    },
    /// An entry reached the journal's file (or was read from it at the start, or written by another console).
    Recorded(Box<Entry>),
    /// The journal was replaced and read again from its beginning: this is all of it.
    JournalRead(Box<Journal>),
    /// These are all lines of the journal that cannot be read.
    JournalUnreadable(Vec<Unreadable>),
    /// The journal cannot be written, with the paths that were tried; none: it can be written again.
    JournalFault(Option<Fault>),
    /// The file of mutes was read.
    MutesRead(Box<Mutes>),
    Called(Call),
    /// A log was saved, a text copied, a login ended: a sentence for the footer.
    Notice(String),
    /// Something that was asked for or noted went another way than usual: a sentence that stands until it was read.
    Warned(String),
    /// The console was suspended and is back, or the whole screen has to be drawn again.
    Resumed,
    /// A frame of the state as it is now is on its way to the terminal.
    Drawn,
    /// The terminal took the last frame whole at this time.
    Shown(Timestamp),
    /// The terminal answered the question where its cursor is, so it will answer again.
    TerminalAnswered,
    /// The terminal had the frame that shows the overlay of this number at this time: only keys read after it count there.
    Painted {
        overlay: u64,
        at: Timestamp,
    },
}

/// One key press.
#[derive(Clone, Debug)]
pub struct Press {
    pub chord: Chord,
    /// When it was read from the terminal.
    pub at: Timestamp,
    /// It came in one burst with others (typed ahead, a held key, a paste without brackets): it never confirms.
    pub queued: bool,
    pub id: PlanId,
}
