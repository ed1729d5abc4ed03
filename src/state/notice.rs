//! Notice: what the last lines say: an answer, which gives way to how far a plan has come, and warnings, which do not.
//!
//! Deliberately absent: the lines themselves ([`crate::screen::message`]), and who says what (`update`).

use super::State;
use crate::plan::PlanId;
use crate::store::Source;
use crate::store::source::Reach;
use jiff::{SignedDuration, Timestamp};

/// An answer to a key, or that a plan was accepted.
#[derive(Clone, Debug)]
pub struct Notice {
    pub text: String,
    pub at: Timestamp,
    pub fault: bool,
    /// The plan that it says was accepted: its end takes the place of that.
    pub accepts: Option<PlanId>,
    /// The source that it says is back: once that is away again it would contradict the header.
    pub is_back: Option<Source>,
}

/// What must be known, whatever else is said: it stands until a key is pressed while the terminal has it whole.
#[derive(Clone, Debug)]
pub struct Warning {
    pub text: String,
    /// The plan that it is about: what is said of that plan later takes its place.
    pub about: Option<PlanId>,
    /// The newest frame that the terminal has, or that is on its way there, shows it whole.
    pub is_drawn: bool,
    /// Since when the terminal has it whole.
    pub shown_at: Option<Timestamp>,
}

/// So long the acceptance of a plan stands before how far the plan has come takes its place.
const ACCEPTANCE_STANDS: SignedDuration = SignedDuration::from_secs(5);
/// So long any other answer stands before it.
const ANSWER_STANDS: SignedDuration = SignedDuration::from_secs(20);
/// So long after it was made a plan has something to say in the last line.
const PLAN_SPEAKS: SignedDuration = SignedDuration::from_hours(1);

impl State {
    /// The notice says that a source is back, which is away again.
    pub fn is_notice_overtaken(&self) -> bool {
        let notice = self.ui.notice.as_ref();
        let source = notice.and_then(|notice| notice.is_back.as_ref());
        let about = source.and_then(|source| self.store.source(source));
        about.is_some_and(|about| about.reach(self.now) != Reach::Ok)
    }

    /// When the notice ends by itself, because a plan has something to say; none where only a key ends it.
    pub fn notice_ends_at(&self) -> Option<Timestamp> {
        let notice = self.ui.notice.as_ref()?;
        let newest = self.journal.records.last()?;
        let stands = match &notice.accepts {
            Some(_) => ACCEPTANCE_STANDS,
            None => ANSWER_STANDS,
        };
        let is_new = notice.at.duration_since(newest.plan.made_at) < PLAN_SPEAKS;
        (is_new || notice.accepts.is_some())
            .then(|| notice.at.checked_add(stands).ok())
            .flatten()
    }
}
