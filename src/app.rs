//! App: the loop. It owns the state, takes each message, starts its effects, and draws when there is something new.
//!
//! Keys come first, then outcomes of writes, then news from outside, all of which is taken in before a frame is drawn; between
//! two turns of keys the others have one.
//! The loop waits for nobody: the terminal reports when it has taken a frame, and everything outside answers by
//! messages. Deliberately absent: what messages mean ([`crate::update`]), and how the outside is reached ([`Outside`]).

mod file;
#[cfg(debug_assertions)]
mod panic_point;
mod proof;
mod time;

use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ratatui::crossterm::event::KeyCode;
use tokio::sync::mpsc;
use tokio::time::sleep_until;

use crate::effect::Effect;
use crate::keymap::Chord;
use crate::message::{Message, Press};
use crate::plan::PlanId;
use crate::provider::{Call, LogPiece};
use crate::state::State;
use crate::store::{Delta, Source};
use crate::terminal::{Cause, Channels, Control, Drawn, Input, Session};
use crate::update::{derive_for_key, derive_state, update};
use crate::view::view;
use proof::Proof;

/// Frames that nobody pressed a key for are at least this far apart.
const FRAME: Duration = Duration::from_millis(33);
/// How many pieces of news are taken in before keys are looked at again.
const BATCH: usize = 256;

/// Carries out the effects that reach outside this process.
pub trait Outside {
    /// Begins what an effect asks for, without waiting. Answers come over [`Wires`].
    fn begin(&mut self, effect: Effect);

    /// The command that logs in to a source, to be run on the terminal; none where none is configured.
    fn login(&self, source: &Source) -> Option<std::process::Command>;
}

/// What comes in from outside.
pub struct Wires {
    /// Outcomes, journal entries, sentences: few, and never made to wait.
    pub messages: mpsc::UnboundedReceiver<Message>,
    pub deltas: mpsc::Receiver<Delta>,
    /// Pieces of followed logs, by the number of their subscription.
    pub logs: mpsc::Receiver<(u64, LogPiece)>,
    pub calls: mpsc::Receiver<Call>,
}

/// How the console came to its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Farewell {
    /// Its user left; the line is for the normal screen.
    Left { parting: Option<String> },
    /// It was made to end.
    Ended(Cause),
}

/// The loop's own: everything but the channels that it waits on.
struct App<O> {
    state: State,
    outside: O,
    session: Session,
    own: mpsc::UnboundedSender<Own>,
    /// Something may look different since the last frame.
    dirty: bool,
    /// A key was pressed since: the next frame does not wait for its turn.
    urgent: bool,
    /// The last turn took in keys.
    typed: bool,
    /// The terminal belongs to a login command.
    lent: bool,
    drawn_at: Option<Instant>,
    /// Facts came in since the state was derived last. Deriving does not wait for the terminal.
    must_derive: bool,
    derived_at: Option<Instant>,
    /// The overlay that a frame has shown last.
    drawn_overlay: u64,
    proof: Proof,
    clock: time::Clock,
    farewell: Option<Farewell>,
}

/// What tasks that the loop started itself report back.
enum Own {
    Notice(String),
    LoggedIn(Source, String),
}

/// Runs the console until its user leaves or it is made to end. The terminal is given back on return.
///
/// `state.size` is set here. Errors: none but those that tests ask for.
pub async fn run(
    mut state: State,
    outside: impl Outside,
    wires: Wires,
    session: Session,
    channels: Channels,
) -> color_eyre::Result<Farewell> {
    let Wires {
        mut messages,
        mut deltas,
        mut logs,
        mut calls,
    } = wires;
    let Channels {
        mut input,
        mut control,
    } = channels;
    let (own, mut errands) = mpsc::unbounded_channel();
    state.size = session.size();
    let mut app = App {
        state,
        outside,
        session,
        own,
        dirty: true,
        urgent: true,
        typed: false,
        lent: false,
        drawn_at: None,
        must_derive: true,
        derived_at: None,
        drawn_overlay: 0,
        proof: Proof::default(),
        clock: time::Clock::new(time::now(), Instant::now()),
        farewell: None,
    };
    let mut news = Vec::with_capacity(BATCH);
    let mut pieces = Vec::with_capacity(BATCH);
    let mut made = Vec::with_capacity(BATCH);
    #[cfg(debug_assertions)]
    let mut fault = panic_point::Point::from_environment();
    loop {
        if app.urgent {
            // Before anything is derived, which can take longer than the whole frame.
            app.draw_if_due();
        }
        app.derive_if_due();
        app.draw_if_due();
        if let Some(farewell) = app.farewell.take() {
            return Ok(farewell);
        }
        let tick_at = time::next_tick(&app.state);
        let draw_at = app.draw_at().into_iter().chain(app.derive_at()).min();
        let silent_at = app.proof.due();
        // Where a frame costs more than the time between two keys, some key always waits: one turn of all else comes between.
        let keys_wait = std::mem::take(&mut app.typed);
        tokio::select! {
            biased;
            Some(control) = control.recv() => {
                app.control(control);
                // What the terminal reports is no turn of theirs: it reports each frame.
                app.typed = keys_wait;
                #[cfg(debug_assertions)]
                if matches!(control, Control::Drained(_)) {
                    fault.strike()?;
                }
            }
            Some(first) = input.recv(), if !keys_wait => {
                app.input(first);
                // All that was typed is taken in before a frame shows it.
                for _ in 0..BATCH {
                    let Ok(next) = input.try_recv() else { break };
                    app.input(next);
                }
                app.typed = true;
            }
            Some(message) = messages.recv() => app.take_message(message),
            Some(errand) = errands.recv() => app.errand(errand),
            _ = deltas.recv_many(&mut news, BATCH), if !deltas.is_closed() || !deltas.is_empty() => {
                // Facts bring the time of the clock as it is now, and so must the age of all others be told by it.
                let now = app.look_at_clock();
                for delta in news.drain(..) {
                    app.take_message(Message::Delta(time::not_ahead(delta, now)));
                }
            }
            _ = logs.recv_many(&mut pieces, BATCH), if !logs.is_closed() || !logs.is_empty() => {
                for (follow, piece) in pieces.drain(..) {
                    app.take_message(Message::Logged { follow, piece });
                }
            }
            _ = calls.recv_many(&mut made, BATCH), if !calls.is_closed() || !calls.is_empty() => {
                for call in made.drain(..) {
                    let (source, what) = (call.source.to_string(), &call.what);
                    tracing::debug!(source, what, call.took_ms, call.answer, "called");
                    app.take_message(Message::Called(call));
                }
            }
            () = sleep_until(draw_at.unwrap_or(tick_at).into()), if draw_at.is_some() => {}
            () = sleep_until(silent_at.unwrap_or(tick_at).into()), if silent_at.is_some() => {
                let now = Instant::now();
                let overlay = app.proof.believed(now);
                app.shown(overlay, now);
            }
            () = sleep_until(tick_at.into()) => app.tick(),
            () = std::future::ready(()), if keys_wait => {}
        }
    }
}

impl<O: Outside> App<O> {
    /// Takes one message in and begins what follows from it.
    fn take_message(&mut self, message: Message) {
        self.dirty = true;
        self.must_derive = true;
        self.note(message);
    }

    /// The same for what became of a frame, which is no reason to draw another one.
    fn note(&mut self, message: Message) {
        for effect in update(&mut self.state, message) {
            self.perform(effect);
        }
    }

    fn tick(&mut self) {
        let now = self.look_at_clock();
        self.take_message(Message::Ticked(now));
    }

    /// What the clock shows. Where it was set back since it was looked at last, the state gets to know that first.
    fn look_at_clock(&mut self) -> Timestamp {
        let now = time::now();
        if let Some(by) = self.clock.set_back_by(now, Instant::now()) {
            tracing::warn!(?by, "the clock was set back");
            self.take_message(Message::ClockSetBack { by, now });
        }
        now
    }

    fn input(&mut self, input: Input) {
        if let Input::Answer(answer) = input {
            let overlay = self.proof.answered(answer.position);
            self.take_message(Message::TerminalAnswered);
            self.shown(overlay, answer.read_at);
            return;
        }
        self.proof.typed(Instant::now());
        self.urgent = true;
        // A decision made by this key must see how old the facts are now, not how old they were at the last full
        // minute.
        self.tick();
        match input {
            Input::Key(key) => {
                let press = Press {
                    chord: Chord {
                        code: key.code,
                        modifiers: key.modifiers,
                    },
                    at: time::stamp(key.read_at),
                    // A held letter is text; a held Enter must not run through one question into the next.
                    queued: key.queued
                        || (key.repeated
                            && !matches!(key.code, KeyCode::Char(_) | KeyCode::Backspace)),
                    id: fresh_id(),
                };
                self.take_message(Message::Pressed(press));
            }
            Input::Paste(text) => self.take_message(Message::Pasted(text)),
            Input::Answer(_) => {}
        }
    }

    /// The terminal has an overlay, so keys that are read from now on count in it.
    fn shown(&mut self, overlay: Option<u64>, at: Instant) {
        if let Some(overlay) = overlay {
            self.take_message(Message::Painted {
                overlay,
                at: time::stamp(at),
            });
        }
    }

    /// Another program had the terminal and may have swallowed the answer that was due.
    fn ask_again(&mut self) {
        if self.proof.forget() {
            self.drawn_overlay = 0;
        }
    }

    fn control(&mut self, control: Control) {
        match control {
            Control::Resized(size) => self.resize(size),
            Control::Continued(size) => {
                self.ask_again();
                self.resize(size);
                self.take_message(Message::Resumed);
            }
            Control::Drained(at) => {
                self.proof.written(at);
                self.note(Message::Shown(time::stamp(at)));
            }
            Control::Ended(cause) => self.farewell = Some(Farewell::Ended(cause)),
        }
    }

    fn resize(&mut self, size: (u16, u16)) {
        self.session.resize(size);
        let (columns, rows) = self.session.size();
        self.take_message(Message::Resized(columns, rows));
    }

    fn errand(&mut self, errand: Own) {
        match errand {
            Own::Notice(sentence) => self.take_message(Message::Notice(sentence)),
            Own::LoggedIn(source, sentence) => {
                self.session.take_back();
                self.lent = false;
                self.ask_again();
                let (columns, rows) = self.session.size();
                self.take_message(Message::Resized(columns, rows));
                self.take_message(Message::Resumed);
                self.take_message(Message::Notice(sentence));
                self.outside.begin(Effect::Refresh(Some(source)));
            }
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Quit { parting } => self.farewell = Some(Farewell::Left { parting }),
            Effect::Repaint => self.session.repaint(),
            Effect::Bell => self.session.bell(),
            Effect::Title(text) => self.session.title(&text),
            Effect::Suspend => {
                if !self.session.stop() {
                    self.tell("No shell waits here that could bring leverframe back, so it was not suspended.");
                }
            }
            Effect::Copy(text) => {
                // `update` has said already what was copied, so only a failure is said here.
                if let Err(because) = self.session.copy(&text) {
                    self.tell(&because.to_string());
                }
            }
            Effect::Save { stem, bytes } => {
                let own = self.own.clone();
                tokio::task::spawn_blocking(move || {
                    // The loop may have ended; then nobody reads this.
                    let _ = own.send(Own::Notice(file::save(&stem, &bytes)));
                });
            }
            Effect::Login(source) => self.log_in(source),
            other => self.outside.begin(other),
        }
    }

    fn tell(&self, sentence: &str) {
        let _ = self.own.send(Own::Notice(sentence.to_owned()));
    }

    fn log_in(&mut self, source: Source) {
        if self.lent {
            return;
        }
        let Some(command) = self.outside.login(&source) else {
            self.tell(&format!(
                "No login command is configured for {source}; log in by hand, then read it again."
            ));
            return;
        };
        self.session.lend();
        self.lent = true;
        let own = self.own.clone();
        tokio::spawn(async move {
            let name = command.get_program().to_string_lossy().into_owned();
            let ended = match tokio::process::Command::from(command).status().await {
                Ok(status) if status.success() => {
                    format!("{name} is done; {source} is read again.")
                }
                Ok(status) => {
                    format!("{name} ended with {status}; {source} is tried again all the same.")
                }
                Err(error) => format!(
                    "{name} could not be started: {error}. Nothing was changed for {source}."
                ),
            };
            let _ = own.send(Own::LoggedIn(source, ended));
        });
    }

    /// When to derive the state again; none where no fact came in.
    fn derive_at(&self) -> Option<Instant> {
        self.must_derive.then(|| {
            self.derived_at
                .map_or_else(Instant::now, |before| before + FRAME)
        })
    }

    fn derive_if_due(&mut self) {
        if self.derive_at().is_some_and(|at| at <= Instant::now()) {
            self.derive();
            // A key's frame may have been drawn in between, from what was derived before.
            self.dirty = true;
        }
    }

    fn derive(&mut self) {
        if !self.must_derive {
            return;
        }
        self.must_derive = false;
        self.derived_at = Some(Instant::now());
        for effect in derive_state(&mut self.state) {
            self.perform(effect);
        }
    }

    /// When the next frame is due; none while nothing changed or the terminal cannot take one.
    fn draw_at(&self) -> Option<Instant> {
        (self.dirty && !self.lent && !self.session.is_busy()).then(|| self.due(Instant::now()))
    }

    /// The first frame after a while, and one that a key asked for, are due at once.
    fn due(&self, now: Instant) -> Instant {
        match self.drawn_at {
            Some(before) if !self.urgent => (before + FRAME).max(now),
            _ => now,
        }
    }

    fn draw_if_due(&mut self) {
        let now = Instant::now();
        if !self.dirty || self.lent || self.session.is_busy() || self.due(now) > now {
            return;
        }
        if self.urgent && self.derived_at.is_some() {
            derive_for_key(&mut self.state);
        } else {
            self.derive();
        }
        let ui = &self.state.ui;
        let number = ui.overlay_number;
        let overlay = (ui.asks() && number != self.drawn_overlay).then_some(number);
        let size = self.session.size();
        // The first frame asks, too: whether this terminal answers is known before it matters. On a single row an answer
        // would look like a key.
        if (overlay.is_some() || self.drawn_at.is_none()) && size.1 > 1 {
            let position = self.proof.ask(overlay, size);
            self.session.ask(position);
        }
        let state = &self.state;
        let drawn = self.session.draw(|frame| {
            if let Some(cursor) = view(state, frame.buffer_mut()) {
                frame.set_cursor_position(cursor);
            }
        });
        match drawn {
            Drawn::Busy => return,
            Drawn::Sent => self.note(Message::Drawn),
            Drawn::Same => {}
        }
        self.dirty = false;
        self.urgent = false;
        self.drawn_at = Some(now);
        self.drawn_overlay = overlay.unwrap_or(self.drawn_overlay);
    }
}

/// A plan id that no other has: the standard library's hash keys come from the system's random source.
fn fresh_id() -> PlanId {
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_i128(time::now().as_nanosecond());
    PlanId::new(&format!("{:016x}", hasher.finish()))
}
