//! Update: the one writer of the state.
//!
//! Deliberately absent: clocks, IO, waiting and randomness. What time it is and what a plan is called come with the message.

mod announce;
mod board;
mod bulk;
mod confirm;
mod copy;
mod counts;
mod derive;
mod levers;
mod list;
mod log;
mod look;
mod mute;
mod open;
mod order;
mod press;
mod prompt;
mod run;
#[cfg(test)]
mod tests;
mod warn;

pub use derive::{derive_for_key, derive_state};

use crate::effect::Effect;
use crate::journal::What;
use crate::message::Message;
use crate::model::span;
use crate::plan::{Outcome, PlanId, Remedy, Way};
use crate::state::{Complaint, Cure, Notice, Overlay, State};
use crate::store::Source;
use jiff::{SignedDuration, Timestamp};

/// Calls kept for the `@` view.
const CALLS: usize = 1_000;

/// Changes the state by one message, and returns the effects to begin.
pub fn update(state: &mut State, message: Message) -> Vec<Effect> {
    let mut effects = Vec::new();
    match message {
        Message::Pressed(press) => press::pressed(state, &press, &mut effects),
        Message::Pasted(text) => prompt::pasted(state, &text),
        Message::Resized(columns, rows) => {
            state.size = (columns, rows);
            board::keep_visible(state);
            // What was seen of an overlay was another screen.
            state.show_overlay_anew();
        }
        Message::Ticked(now) => state.now = now,
        Message::ClockSetBack { by, now } => clock_set_back(state, by, now),
        Message::Delta(delta) => {
            state.now = state.now.max(delta.seen_at);
            let about = state.store.source(&delta.source);
            let absence = about.and_then(|about| Some((delta.source.clone(), about.away_since?)));
            state.store.apply(delta);
            if let Some((source, since)) = absence {
                say_return(state, &source, since);
            }
        }
        Message::Logged { follow, piece } => log::logged(state, follow, piece),
        Message::Outcome { plan, outcome } => ended(state, plan, outcome),
        Message::Recorded(entry) => {
            let plan = entry.plan.clone();
            announce::note_before(state, &plan);
            state.journal.add_entry(*entry);
            know_taken_back(state, &plan);
        }
        Message::JournalRead(journal) => {
            announce::replace_journal(state, *journal);
            state.store.know_taken_back(state.journal.taken_back());
        }
        Message::JournalUnreadable(lines) => state.journal.unreadable = lines,
        Message::JournalFault(fault) => state.journal_fault = fault,
        Message::MutesRead(mutes) => mute::read(state, *mutes),
        Message::Called(call) => {
            if state.calls.len() == CALLS {
                state.calls.pop_front();
            }
            state.calls.push_back(call);
        }
        Message::Notice(text) => state.tell(text),
        Message::Warned(text) => state.warn(text),
        Message::Resumed => {}
        Message::Drawn => {
            order::note_drawn(state);
            warn::note_drawn(state);
        }
        Message::Shown(at) => {
            order::note_shown(state, at);
            warn::note_shown(state, at);
        }
        Message::TerminalAnswered => state.ui.terminal.answers = true,
        Message::Painted { overlay, at } => {
            if state.ui.overlay_number == overlay && state.ui.overlay_painted.is_none() {
                state.ui.overlay_painted = Some(at);
            }
        }
    }
    // The rows that a filter finds stand still from the moment at which it was typed.
    order::hold_found(state);
    effects
}

/// Ages go on as if nothing had happened, and what is open must be seen again, because keys are told by their times.
fn clock_set_back(state: &mut State, by: SignedDuration, now: Timestamp) {
    state.now = now;
    state.store.clock_set_back(by);
    state.show_overlay_anew();
    warn::clock_set_back(state, by);
    state.warn(format!(
        "This machine's clock was set back by {}. Ages of sources go on; what the journal noted before seems to be later by as \
         much, and so are hops overdue.",
        span(by.as_secs())
    ));
}

/// The board shows roll backs from the journal, so they are updated after an entry about one.
fn know_taken_back(state: &mut State, plan: &PlanId) {
    let record = state.journal.get(plan);
    if record.is_some_and(|record| record.plan.request.lever == crate::plan::Lever::RollBack) {
        state.store.know_taken_back(state.journal.taken_back());
    }
}

/// A write ended: the overlay that sent it closes, and what comes next is offered with the same reason.
fn ended(state: &mut State, plan: PlanId, outcome: Outcome) {
    let made = state.journal.get(&plan).map(|record| record.plan.clone());
    if let (None, Outcome::Refused { because }) = (&made, &outcome) {
        return unsent(state, &plan, because);
    }
    let mut sentence = outcome_in_words(state, &plan, &outcome);
    if made.is_none() {
        // The lines of the journal come by themselves; the plan's own could not be read.
        sentence +=
            " What the journal says of it was not read yet: look at it before you send this again.";
    }
    let is_shown = is_open(state, &plan);
    if is_shown {
        state.close_overlay();
    }
    let is_accepted = matches!(outcome, Outcome::Applied { .. });
    let is_one_of_several = bulk::answered(state, &plan, is_accepted);
    let made = match made {
        Some(made) if is_accepted => made,
        _ if is_one_of_several => return bulk::stop(state, &sentence),
        _ => return state.warn_about(&plan, sentence),
    };
    state.forget_warnings_about(&plan);
    state.tell(sentence);
    if let Some(notice) = &mut state.ui.notice {
        notice.accepts = Some(plan.clone());
    }
    if is_one_of_several {
        bulk::open_next(state);
    } else if is_shown && made.next.is_some() {
        state.open_overlay(Overlay::Levers {
            target: made.request.target.clone(),
            selected: None,
            after: Some(plan),
        });
    }
}

fn outcome_in_words(state: &State, plan: &PlanId, outcome: &Outcome) -> String {
    let short = name_plan(state, plan);
    match outcome {
        Outcome::Applied { evidence } => {
            format!("Plan {short}: accepted, {evidence}. Waiting for its effect.")
        }
        Outcome::Refused { because } => {
            format!("Plan {short} was refused; nothing was changed. {because}")
        }
        Outcome::Failed {
            because,
            remedy,
            lost: true,
        } => format!("Plan {short} was called lost: {because} {remedy}"),
        Outcome::Failed {
            because, remedy, ..
        } => {
            format!("Plan {short} failed; nothing was changed. {because} {remedy}")
        }
        Outcome::Unknown { because } => {
            let look = Remedy::by("Look for it, or say what became of it.", Way::Settle);
            let look = crate::screen::keys::remedy(state, &look);
            format!("Plan {short}: outcome unknown, it is not sent again. {because} {look}")
        }
    }
}

/// `7f3a`, and what it moves where the app's name does not say that: `7f3a (roll back licensify-feed of licensify in
/// production)`.
fn name_plan(state: &State, plan: &PlanId) -> String {
    let short = state.journal.short(plan);
    let request = state.journal.get(plan).map(|record| &record.plan.request);
    match request.filter(|request| request.named_file().is_some()) {
        Some(request) => format!("{short} ({})", request.name_movement()),
        None => short.to_owned(),
    }
}

fn is_open(state: &State, plan: &PlanId) -> bool {
    matches!(&state.ui.overlay, Some(Overlay::Confirm(confirm)) if confirm.plan.id == *plan)
}

/// It was refused before its intent was journalled (another console is sending, or the journal takes nothing): the overlay
/// says so and can be confirmed again.
fn unsent(state: &mut State, plan: &PlanId, because: &str) {
    let is_open = is_open(state, plan);
    bulk::unsent(state, plan);
    match &mut state.ui.overlay {
        Some(Overlay::Confirm(confirm)) if is_open => {
            confirm.sent = false;
            confirm.complaint = Some(Complaint {
                text: because.to_owned(),
                until: Cure::Enter,
            });
        }
        _ => state.warn(because),
    }
}

/// Says what was missed, where a source that was away since then is there again.
fn say_return(state: &mut State, source: &Source, since: Timestamp) {
    let about = state.store.source(source);
    if about.is_none_or(|about| about.away_since.is_some()) {
        return;
    }
    let changes = match state.store.history.since(since).len() {
        1 => "1 change".to_owned(),
        count => format!("{count} changes"),
    };
    state.tell(format!("{source} is back; since you left: {changes}."));
    if let Some(notice) = &mut state.ui.notice {
        notice.is_back = Some(source.clone());
    }
}

impl State {
    /// A sentence for the footer.
    pub(crate) fn tell(&mut self, text: impl Into<String>) {
        self.ui.notice = Some(Notice {
            text: text.into(),
            at: self.now,
            fault: false,
            accepts: None,
            is_back: None,
        });
    }

    /// A sentence for the footer that says why something did not happen.
    pub(crate) fn complain(&mut self, text: impl Into<String>) {
        self.ui.notice = Some(Notice {
            text: text.into(),
            at: self.now,
            fault: true,
            accepts: None,
            is_back: None,
        });
    }

    pub(crate) fn open_overlay(&mut self, overlay: Overlay) {
        self.ui.overlay = Some(overlay);
        self.show_overlay_anew();
    }

    /// The overlay shows something else now, so keys count only once the terminal has it.
    pub(crate) fn show_overlay_anew(&mut self) {
        self.ui.overlay_number += 1;
        self.ui.overlay_painted = None;
        self.ui.letters_together = None;
    }

    pub(crate) fn close_overlay(&mut self) {
        self.ui.overlay = None;
        self.ui.overlay_painted = None;
    }

    /// Notes an entry here and has it written.
    pub(crate) fn record(&mut self, plan: &PlanId, what: What, effects: &mut Vec<Effect>) {
        // `now` is the time of the last tick or key and may be behind, but an entry about a plan must not be older than
        // its last one.
        let known = self.journal.get(plan).map(crate::journal::Record::latest);
        let entry = crate::journal::Entry {
            at: known.map_or(self.now, |known| known.max(self.now)),
            plan: plan.clone(),
            what,
        };
        self.journal.add_entry(entry.clone());
        know_taken_back(self, plan);
        effects.push(Effect::Record(Box::new(entry)));
    }
}
